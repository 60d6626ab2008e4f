"""Access log (访问日志): who was refused what, and who read what is kept of a person. It is kept beside the ledger."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class AccessKind(StrEnum):
    """What a line of the access log tells."""

    REFUSED = "refused"
    """Somebody asked for what he may not do or see."""
    READ = "read"
    """Somebody read what is kept of a person."""
    LEFT_OUT = "left_out"
    """Somebody was refused more often in a minute than is told line by line."""


@dataclass(frozen=True)
class AccessFilter:
    """Which lines are wanted; None means all of them."""

    jurisdiction: str | None = None
    """That of whoever asked."""
    actor: str | None = None
    """Who asked."""
    kind: AccessKind | None = None
    case: str | None = None
    person: str | None = None
    """Key of a person in that case."""
    since: datetime | None = None
    until: datetime | None = None
    """Before it."""


@dataclass(frozen=True)
class AccessRow:
    """A line of the access log."""

    number: int
    at: datetime
    """When it was; of what is left out, the minute that begins then."""
    jurisdiction: str
    account_id: str | None
    token_id: str | None
    """None of a page."""
    actor: str
    role: str
    office: str
    kind: str
    what: str | None
    """Method and template of the route, such as `GET /cases/{case_id}`, or the command."""
    code: str | None
    """Message id of the refusal."""
    case_id: str | None
    person: str | None
    """Of whom it was read."""
    purposes: list[str] | None
    occasion: str | None
    left_out: int | None
    """How many refusals are not told."""
