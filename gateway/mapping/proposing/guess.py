"""What guessing gives: a value, why, and what to check; and why there may be no proposal at all."""

from __future__ import annotations

from dataclasses import dataclass


class NoProposal(ValueError):
    """The sample is nothing that a mapping can be proposed for; the text says what it looks like."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Guess:
    """One thing that was guessed."""

    what: str  # "encoding", "order number"
    value: str  # as it will stand in mapping.toml, or the column or path
    evidence: str  # what in the sample says so
    check: str = ""  # what a person must look at, when the evidence is thin
