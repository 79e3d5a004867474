"""A stand-in for Jakamo over real sockets. Imports nothing of the rest of the gateway."""

from gateway.simulator.access import OAuthClient
from gateway.simulator.answers import VARIANTS, LineAnswer, Variant
from gateway.simulator.faults import Fault
from gateway.simulator.ledger import DocumentRecord, Ledger, RequestRecord
from gateway.simulator.presets import PRESETS, parse_fault
from gateway.simulator.serve import serve
from gateway.simulator.simulator import Simulator

__all__ = [
    "PRESETS",
    "VARIANTS",
    "DocumentRecord",
    "Fault",
    "Ledger",
    "LineAnswer",
    "OAuthClient",
    "RequestRecord",
    "Simulator",
    "Variant",
    "parse_fault",
    "serve",
]
