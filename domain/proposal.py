"""Joint proposals (联名提出): how many members of the standing committee have to sign what they propose."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from domain.office import Body, Office
from domain.refusal import Refused


def fewer_than_a_fifth(signed: Sequence[str], office: Office) -> Iterator[Refused]:
    """A finding where less than a fifth of all members signed (监督法 art. 56, 61), as far as seats are known."""
    members = len(office.jurisdiction.seats_on(Body.STANDING_COMMITTEE, office.day))
    if len(signed) * 5 < members:
        yield Refused("fewer-than-a-fifth", signed=len(signed), members=members)
