"""One file a claim: what it says, where it stands on the source's page, and how it is tested.

The tests of the source's claims were fixed after a first look at five seeds, and changed since; docs/protocol.md says
when. Every change is in the history of these files, and changes their hash, which stands in every snapshot and report.
"""

from bench.evidence.claims.book import (
    BEYOND,
    add_claims,
    claim_files,
    claims_beside,
    families,
    find_claim,
    further_claims,
    is_claims,
    load_claims,
    read_claims,
    source_claims,
)
from bench.evidence.claims.fixed import claims_hash, family_hashes
from bench.evidence.claims.model import SOURCE, Claim, Column, Direction, Elsewhere, Part, Place, Rule

__all__ = [
    "BEYOND", "SOURCE", "Claim", "Column", "Direction", "Elsewhere", "Part", "Place", "Rule", "add_claims",
    "claim_files", "claims_beside", "claims_hash", "families", "family_hashes", "find_claim", "further_claims",
    "is_claims", "load_claims", "read_claims", "source_claims",
]  # fmt: skip
