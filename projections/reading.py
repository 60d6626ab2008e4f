"""What readers ask with, and what they get: filters, rows of lists, counts, how far a projection is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from domain.policy import Desk
from domain.refusal import Refused


class BeingRebuilt(Refused):
    """The rows of a projection are not there yet, or of another version than this code reads, until they are rebuilt.

    So after an upgrade that changes them; what has been recorded stands in the ledger.
    """

    def __init__(self) -> None:
        super().__init__("being-rebuilt")


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
    tied_to: str | None = None
    """Only cases that name this one, by its id."""


@dataclass(frozen=True)
class Sought:
    """Steps by their stored names, from a day to a day: the cases that have one of them are looked for."""

    wires: frozenset[str]
    first: date
    last: date


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
class Tally:
    """How many cases there are, and how many of them in each state."""

    total: int
    unassigned: int
    waiting: int
    overdue: int
    answered: int

    def of(self, state: str | None) -> int:
        """How many there are in a state, or in all."""
        number: int = getattr(self, state or "total")
        return number


@dataclass(frozen=True)
class Counts(Tally):
    """How many cases there are, by state, by stage, and by unit that takes part (件次); the lists are as long."""

    by_stage: dict[str, int]
    by_unit: dict[str, int]


Light = Literal["overdue", "soon", "later", "undated"]
"""How near a date is: past, within the days in which the light turns, later; or there is none."""

SOON_DAYS = 7
"""From how many days before a due date on the light turns."""


@dataclass(frozen=True)
class Work:
    """Whose work is asked for, on which day it is looked at, and of it which step and which light."""

    desk: Desk
    day: date
    step: str | None = None
    """Stored name."""
    light: Light | None = None


WorkKey = tuple[date | None, str | None, str, int]
"""Where something stands in the work list: its due date, the case's number and id, its place among what is awaited."""


@dataclass(frozen=True)
class WorkRow:
    """Something that is awaited of somebody, and the case that waits for it."""

    case_id: str
    kind: str
    number: str | None
    title: str
    stage: str
    session: str | None
    person: str | None
    unit: str | None
    place: int
    """Which of the things that the case waits for."""
    who: str
    step: str
    part: str | None
    due_on: date | None
    from_on: date | None
    """The day from which on it is awaited, if not at once."""
    since: datetime
    """Since when the case waits for it without a break."""

    @property
    def key(self) -> WorkKey:
        """Where it stands in the list."""
        return self.due_on, self.number, self.case_id, self.place


@dataclass(frozen=True)
class WorkCounts:
    """How much there is to do, by light and by step; the lists are as long."""

    total: int
    overdue: int
    soon: int
    later: int
    undated: int
    by_step: dict[str, int]


ClockState = Literal["running", "overdue", "soon", "met", "missed", "dropped"]
"""How a clock stands: it runs, is past its due date or near it; or how it ended (`projections.clocks.End`)."""


@dataclass(frozen=True)
class ClockFilter:
    """Which clocks are asked for; None leaves a dimension open."""

    jurisdiction: str | None = None
    state: ClockState | None = None
    clock: str | None = None
    """Id of the rule."""
    unit: str | None = None
    """Whose part of the case it is about, else who leads the case."""
    kind: str | None = None
    due_from: date | None = None
    due_to: date | None = None


ClockKey = tuple[date, str, str, str, int]
"""Where a clock stands in the list: its due date, the case's id, its rule, its part, its number."""


@dataclass(frozen=True)
class ClockRow:
    """A clock at a moment, and the case, as its list shows it."""

    case_id: str
    clock: str
    part: str
    nth: int
    """How many had been started under the same rule and part before."""
    kind: str
    number: str | None
    title: str
    unit: str | None
    started_on: date
    due_on: date
    estimate: bool
    state: ClockState

    @property
    def key(self) -> ClockKey:
        """Where it stands in the list."""
        return self.due_on, self.case_id, self.clock, self.part, self.nth


@dataclass(frozen=True)
class ClockCounts:
    """How many clocks there are, by state and by rule; the lists are as long. Overdue and soon are parts of running."""

    total: int
    running: int
    overdue: int
    soon: int
    met: int
    missed: int
    dropped: int
    by_clock: dict[str, int]


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


@dataclass(frozen=True)
class LogStatus:
    """How far the audit log of the ledger is signed."""

    size: int
    """Records that the newest checkpoint covers; 0 before there is one."""
    checkpoint: str | None
    """The newest checkpoint, as a signed note."""
    signed_at: datetime | None
    head: int
    waits_seconds: float
    """How long the oldest record that no checkpoint covers has waited; 0 if there is none."""


@dataclass(frozen=True)
class LogYear:
    """The steps of the audit log that were recorded in a calendar year, as far as they are signed (年度分卷)."""

    year: int
    first: int
    """Position of the first."""
    last: int
    closed: bool
    """Whether one of a later year is signed, so that there will be no more."""


@dataclass(frozen=True)
class LogFork:
    """A log that was begun in place of one that could not go on."""

    origin: str
    size: int
    """Records of its first checkpoint."""
    ended: str
    """Origin of the log that ended."""
    ended_size: int
    ended_root: str
    """In base64."""
    common: int
    """How many of the first records are in both."""
    begun_at: datetime
    reason: str
    approved_by: tuple[str, ...]


@dataclass(frozen=True)
class SignedCheckpoint:
    """A checkpoint of the audit log, as a signed note."""

    size: int
    checkpoint: str
    signed_at: datetime
    stamped: bool
    """Whether an authority time-stamped it."""


@dataclass(frozen=True)
class TrailFilter:
    """Which recorded steps are asked for; None leaves a dimension open."""

    actor: str | None = None
    step: str | None = None
    """Stored name."""
    case: str | None = None
    """Id or number of the case."""
    unit: str | None = None
    """The unit that the step is about, or for which it was recorded."""
    since: datetime | None = None
    """Recorded no earlier."""
    until: datetime | None = None
    """Recorded before."""
    late: bool = False
    """Only what was recorded as something that had happened earlier."""


@dataclass(frozen=True)
class TrailRow:
    """A recorded step of any case: who did what, when, in which role, for whom."""

    position: int
    case_id: str
    version: int
    wire: str
    recorded_at: datetime
    occurred_at: datetime
    precision: str
    late: bool
    actor: str
    role: str
    office: str
    on_behalf_of: str | None
    document: str | None
    part: str | None
    target: int | None
    """Number of the step that it corrects, voids, or asks to."""
    kind: str
    number: str | None
    title: str


Dimension = Literal["jurisdiction", "unit", "person", "committee", "kind", "stage", "session", "year"]
"""By what figures are told apart."""


@dataclass(frozen=True)
class FigureFilter:
    """What is counted, and of which of it; None leaves a dimension open."""

    subject: str
    jurisdiction: str | None = None
    unit: str | None = None
    person: str | None = None
    persons: frozenset[str] | None = None
    """Brought by one of these deputies: those of a group."""
    but_persons: frozenset[str] | None = None
    """Brought by none of these deputies, or by nobody."""
    committee: str | None = None
    kind: str | None = None
    stage: str | None = None
    session: str | None = None
    year: int | None = None
    without: Dimension | None = None
    """A dimension of which there is no value."""


Sums = Mapping[str, int]
"""The sums of measures, by their names."""


@dataclass(frozen=True)
class CountedRow:
    """Something that adds to a figure at a moment: the case, as its list shows it, and which part of it."""

    case_id: str
    part: str
    kind: str
    number: str | None
    title: str
    stage: str
    unit: str | None
    person: str | None
    counts: Sums


@dataclass(frozen=True)
class ChangedRow:
    """Something that adds otherwise at one moment than at another; None where it did not count at all."""

    case_id: str
    part: str
    before: Sums | None
    after: Sums | None


SearchKey = tuple[bool, datetime, str]
"""Where a case stands among those that are found: whether its title says all, when that was said, its id."""


@dataclass(frozen=True)
class FoundRow:
    """A case that says everything that is sought, as it was at the moment."""

    case_id: str
    kind: str
    number: str | None
    title: str
    stage: str
    session: str | None
    person: str | None
    unit: str | None
    opened_on: date | None
    answered_on: date | None
    titled: bool
    """Whether a title or number of it says every term."""
    said_at: datetime
    """When that was said; else when it last said one of the terms."""

    @property
    def key(self) -> SearchKey:
        """Where it stands among those that are found."""
        return self.titled, self.said_at, self.case_id


@dataclass(frozen=True)
class Found:
    """A page of the cases that say what is sought, and how many there are."""

    rows: Sequence[FoundRow]
    total: int
    exact: bool
    """Whether there are just so many; else there are so many at least, and nobody counted them."""


@dataclass(frozen=True)
class SaidRow:
    """A text of a step that says something of what is sought."""

    case_id: str
    step: int
    wire: str
    text: str


@dataclass(frozen=True)
class SimilarRow:
    """A suggestion that is like a text: how much of it, as a share of 1, and by which lexemes, each with its weight."""

    case_id: str
    score: float
    shared: Mapping[str, float]
