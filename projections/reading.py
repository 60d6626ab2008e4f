"""What readers ask with, and what they get: filters, rows of lists, counts, how far a projection is."""

from dataclasses import dataclass
from datetime import date, datetime


@dataclass(frozen=True)
class Filter:
    """Which cases are asked for; None leaves a dimension open."""

    kind: str | None = None
    jurisdiction: str | None = None
    stage: str | None = None
    unit: str | None = None
    deputy: str | None = None
    session: str | None = None
    state: str | None = None
    text: str | None = None


@dataclass(frozen=True)
class CaseRow:
    """A case in a list, as it was at the moment."""

    case_id: str
    kind: str
    jurisdiction: str
    number: str | None
    title: str
    stage: str
    session: str | None
    person: str | None
    unit: str | None
    units: list[str]
    opened_on: date | None
    handed_over_on: date | None
    due_on: date | None
    answered_on: date | None
    extended: bool
    over: bool
    next_clock: str | None
    next_due_on: date | None
    estimate: bool
    rounds: int
    grade: str | None
    overdue: bool


@dataclass(frozen=True)
class Counts:
    """How many cases there are, by state, by stage, and by unit that takes part (件次); the lists are as long."""

    total: int
    unassigned: int
    waiting: int
    overdue: int
    answered: int
    by_stage: dict[str, int]
    by_unit: dict[str, int]


@dataclass(frozen=True)
class ProjectionStatus:
    """How far a projection is, measured against the head of the ledger."""

    name: str
    build: int
    version: int
    position: int
    head: int
    lag: int
    lag_seconds: float
    state: str
    error: str | None
    heartbeat: datetime
