"""Proposes a mapping folder from a sample export: guesses, each with its evidence, for a person to check and edit.

Pure: bytes in, texts out; never raises for what a sample holds but `NoProposal`, which says why there is none.
"""

from gateway.mapping.proposing.proposal import NoProposal, Proposal, propose

__all__ = ["NoProposal", "Proposal", "propose"]
