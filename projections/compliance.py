"""Compliance (对照检查): for each article of a jurisdiction's set whether it is met, and which recorded steps prove it.

A pure function of case files at a moment: what is not recorded is not known, and nothing here blocks a step.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from enum import StrEnum, auto
from functools import cached_property
from math import ceil
from threading import Lock
from typing import TypeVar

from domain import fold, procedure
from domain.calendar import WorkingCalendar, add_days, add_months
from domain.case import Case, Recorded
from domain.casefile import CaseFile
from domain.cases.appointment import Appointment, OfficeEntered
from domain.cases.registry.deputy import DeputyRegistered, Mandate
from domain.cases.registry.seat import Incumbency, SeatTaken
from domain.office import Background, Body, Engagement, Jurisdiction, Tenure
from domain.rulebook import Article, Duty, Group, Span
from domain.values import Word
from projections.reading import Sought


class Status(StrEnum):
    """How a duty stands, and an article; `unknown`: what is not recorded decides."""

    BREACHED = auto()
    UNKNOWN = auto()
    DUE_BY = auto()
    ON_THE_WAY = auto()
    MET = auto()
    NOT_YET_APPLICABLE = auto()


@dataclass(frozen=True)
class Proof:
    """A recorded step that proves that a duty is done, or that it is not."""

    case_id: str
    kind: str
    title: str
    version: int
    wire: str
    occurred_on: date
    finding: str | None = None
    """Message id of what disagrees, where something does."""
    params: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class DutyState:
    """How one duty stands: what it asks, how far that is reached, and what proves it."""

    duty: Duty
    status: Status
    asked: int | None = None
    reached: int = 0
    base: int | None = None
    """Of how many a share is."""
    unknown: int = 0
    """Of how many nobody has stated what is asked of them; they are counted neither way."""
    due_on: date | None = None
    proofs: tuple[Proof, ...] = ()
    breaches: tuple[Proof, ...] = ()
    awaited: tuple[Proof, ...] = ()
    """Steps after which something is still to come, or has still to be stated."""


@dataclass(frozen=True)
class ArticleState:
    """How one article stands in a year."""

    article: Article
    year: int
    status: Status
    duties: tuple[DutyState, ...]


@dataclass(frozen=True)
class Term:
    """A term of the congress: the first and the last day that count."""

    starts_on: date
    ends_on: date


@dataclass(frozen=True)
class Looked:
    """A case file as it was at a moment: its standing steps in their order, and what follows from them."""

    steps: Sequence[Recorded]
    jurisdiction: Jurisdiction

    @cached_property
    def kind(self) -> str | None:
        """The kind of the case, which its opening tells."""
        return next(record.step.declared.kind for record in self.steps if record.step.declared.opens)

    @cached_property
    def case(self) -> Case:
        """The case."""
        case = fold.apply_all(self.steps)
        assert case is not None  # noqa: S101 - `look_at` has seen the opening step
        return case

    @cached_property
    def findings(self) -> Mapping[int, Sequence[procedure.Finding]]:
        """What disagrees in the steps, by their numbers."""
        found: dict[int, list[procedure.Finding]] = {}
        for finding in procedure.findings(self.steps, self.jurisdiction):
            found.setdefault(finding.version, []).append(finding)
        return found

    @cached_property
    def _latest(self) -> date:
        return max(record.act.occurred_on for record in self.steps)

    @cached_property
    def _latest_at(self) -> datetime:
        return max(record.occurred_at for record in self.steps)

    def on(self, day: date) -> Case | None:
        """The case as it was on a day."""
        if self._latest <= day:
            return self.case
        return fold.apply_all(record for record in self.steps if record.act.occurred_on <= day)

    def at(self, as_of: datetime, jurisdiction: Jurisdiction) -> Looked | None:
        """The same at an earlier moment, by what the registry said then; None if there was no such case."""
        if self._latest_at <= as_of and jurisdiction is self.jurisdiction:
            return self
        steps = [record for record in self.steps if record.occurred_at <= as_of]
        return Looked(steps, jurisdiction) if any(record.step.declared.opens for record in steps) else None

    def proof(self, record: Recorded, finding: procedure.Finding | None = None) -> Proof:
        """A step of it as a proof."""
        return Proof(
            self.case.id,
            self.case.kind,
            self.case.facts().title,
            record.version,
            record.step.declared.wire,
            record.act.occurred_on,
            finding.message_id if finding else None,
            finding.params if finding else {},
        )


def look_at(
    case_file: CaseFile, jurisdiction: Jurisdiction, known: int | None = None, as_of: datetime | None = None
) -> Looked | None:
    """A case file at a moment; None if there was no such case then."""
    steps = fold.sequence(case_file.history, known)
    if not any(record.step.declared.opens for record in steps):
        return None
    looked = Looked(steps, jurisdiction)
    return looked if as_of is None else looked.at(as_of, jurisdiction)


class Looks:
    """Cases as they were looked at last, so that those in which nothing was recorded since are not read again."""

    def __init__(self, most: int = 2_000) -> None:
        self._most = most
        self._kept: dict[str, tuple[int, Looked]] = {}
        self._lock = Lock()

    def kept(self, case_id: str, version: int) -> Looked | None:
        """The case with all its steps up to that version, if it is kept."""
        kept, looked = self._kept.get(case_id, (0, None))
        return looked if kept == version else None

    def keep(self, case_file: CaseFile, jurisdiction: Jurisdiction) -> Looked | None:
        """Keep a case with all that was read of it, perhaps in the place of the one that was kept first."""
        if (looked := look_at(case_file, jurisdiction)) is None:
            return None
        with self._lock:
            self._kept.pop(case_file.id, None)
            if len(self._kept) >= self._most:
                del self._kept[next(iter(self._kept))]
            self._kept[case_file.id] = case_file.version, looked
        return looked


_GROUPS: Mapping[Group, frozenset[str]] = {
    "deputies": frozenset({DeputyRegistered.declared.wire}),
    "grass_roots_deputies": frozenset({DeputyRegistered.declared.wire, SeatTaken.declared.wire}),
    "standing_committee": frozenset({SeatTaken.declared.wire}),
    "full_time_members": frozenset({SeatTaken.declared.wire}),
    "in_office": frozenset({OfficeEntered.declared.wire}),
}
"""The steps by which one gets into a group."""


def sought(articles: Iterable[Article], year: int, term: Term) -> list[Sought]:
    """What the articles look at for a year: the steps of the year, those of the term, and whoever is in a group."""
    duties = [duty for article in articles for duty in article.duties]
    of_year = frozenset(wire for duty in duties if duty.per == "year" for wire in duty.steps)
    of_term = frozenset(wire for duty in duties if duty.per == "term" for wire in duty.steps)
    groups = {duty.of for duty in duties if duty.of is not None}
    of_registry = frozenset(wire for group in groups - {"in_office"} for wire in _GROUPS[group])
    return [
        Sought(of_year, date(year, 1, 1), date(year, 12, 31)),
        Sought(of_term | (_GROUPS["in_office"] if "in_office" in groups else set()), term.starts_on, term.ends_on),
        Sought(of_registry, date.min, date(year, 12, 31)),
    ]


def board(
    articles: Iterable[Article],
    cases: Sequence[Looked],
    jurisdiction: Jurisdiction,
    year: int,
    day: date,
    term: Term,
) -> list[ArticleState]:
    """Every article in the order of its set and number, as it stands on a day for a year."""
    ordered = sorted(articles, key=lambda article: (article.set, article.number))
    asked = _Asked(cases, jurisdiction, Term(date(year, 1, 1), date(year, 12, 31)), term, day)
    return [_state_of(article, year, asked) for article in ordered]


def _state_of(article: Article, year: int, asked: _Asked) -> ArticleState:
    duties = tuple(asked.state_of(duty) for duty in article.duties)
    return ArticleState(article, year, _together({duty.status for duty in duties}), duties)


def _together(duties: set[Status]) -> Status:
    """What several duties come to: the worst; where a part is done and the rest not due yet, it is on the way."""
    worst = min(duties - {Status.NOT_YET_APPLICABLE}, key=list(Status).index, default=Status.NOT_YET_APPLICABLE)
    begun = worst is Status.DUE_BY and duties & {Status.ON_THE_WAY, Status.MET}
    return Status.ON_THE_WAY if begun else worst


_Kind = TypeVar("_Kind", bound=Case)


@dataclass
class _Asked:
    """What is asked of the cases: a year, a term, and the day on which one looks."""

    cases: Sequence[Looked]
    jurisdiction: Jurisdiction
    year: Term
    term: Term
    day: date

    def state_of(self, duty: Duty) -> DutyState:
        """How a duty stands."""
        forms: Mapping[str, Callable[[Duty], DutyState]] = {
            "count": self._count,
            "without": self._without,
            "then": self._followed,
            "before": self._before,
            "coverage": self._coverage,
            "share": self._share,
            "changes": self._changes,
            "shown": self._shown,
        }
        return forms[duty.form](duty)

    def _period(self, duty: Duty) -> Term:
        return self.year if duty.per == "year" else self.term

    def _taken(self, duty: Duty) -> Iterator[tuple[Looked, Recorded]]:
        """The steps of a duty in its period, in the order of their days."""
        period = self._period(duty)
        of_period = (
            (looked, record)
            for wire in duty.steps
            for looked, record in self._by_wire[wire]
            if period.starts_on <= record.act.occurred_on <= period.ends_on and _is_meant(duty, looked, record)
        )
        yield from sorted(of_period, key=lambda one: (one[1].act.occurred_on, one[1].originator_id, one[1].version))

    @cached_property
    def _by_wire(self) -> Mapping[str, Sequence[tuple[Looked, Recorded]]]:
        """The steps of all cases by their stored names."""
        found = defaultdict[str, list[tuple[Looked, Recorded]]](list)
        for looked in self.cases:
            for record in looked.steps:
                found[record.step.declared.wire].append((looked, record))
        return found

    def _count(self, duty: Duty) -> DutyState:
        proofs = tuple(looked.proof(record) for looked, record in self._taken(duty))
        asked, due_on = duty.at_least or 1, self._period(duty).ends_on
        if len(proofs) >= asked:
            status = Status.MET
        elif self.day > due_on:
            status = Status.BREACHED
        elif self.day < self._period(duty).starts_on:
            status = Status.NOT_YET_APPLICABLE
        else:
            status = Status.ON_THE_WAY if proofs else Status.DUE_BY
        return DutyState(duty, status, asked, len(proofs), due_on=due_on, proofs=proofs)

    def _shown(self, duty: Duty) -> DutyState:
        proofs = tuple(looked.proof(record) for looked, record in self._taken(duty))
        return DutyState(duty, Status.MET if proofs else Status.NOT_YET_APPLICABLE, None, len(proofs), proofs=proofs)

    def _without(self, duty: Duty) -> DutyState:
        proofs, breaches = [], []
        for looked, record in self._taken(duty):
            found = [one for one in looked.findings.get(record.version, ()) if one.message_id in duty.findings]
            breaches += [looked.proof(record, one) for one in found]
            if not found:
                proofs.append(looked.proof(record))
        return self._judged(duty, proofs, breaches)

    def _before(self, duty: Duty) -> DutyState:
        proofs: list[Proof] = []
        breaches: list[Proof] = []
        for looked, record in self._taken(duty):
            at = looked.steps.index(record)
            before = any(one.step.declared.wire in duty.others for one in looked.steps[:at])
            (proofs if before else breaches).append(looked.proof(record))
        return self._judged(duty, proofs, breaches)

    def _followed(self, duty: Duty) -> DutyState:
        proofs, breaches, awaited = [], [], []
        latest: date | None = None
        for looked, record in self._taken(duty):
            owed = list(self._owed(duty, looked, record))
            open_until = [due for due, done in owed if done is None]
            if any((done or self.day) > due for due, done in owed):
                breaches.append(looked.proof(record))
            elif open_until:
                awaited.append(looked.proof(record))
                latest = min(open_until) if latest is None else min(latest, *open_until)
            else:
                proofs.append(looked.proof(record))
        judged = self._judged(duty, proofs, breaches)
        if not awaited:
            return judged
        return replace(
            judged,
            status=judged.status if breaches else Status.ON_THE_WAY,
            asked=len(proofs) + len(breaches) + len(awaited),
            due_on=latest,
            awaited=tuple(awaited),
        )

    def _owed(self, duty: Duty, looked: Looked, record: Recorded) -> Iterator[tuple[date, date | None]]:
        """Until when each of the others has to follow a step, and when it did."""
        later = looked.steps[looked.steps.index(record) + 1 :]
        parts: Iterable[str | None] = getattr(looked.case, duty.each) if duty.each else ()
        for key in parts or [None]:
            running = None if duty.clock is None else looked.case.clocks.get((duty.clock, key))
            if running is not None:
                due = running.deadline.due_on
            elif duty.within is not None:
                due = _after(record.act.occurred_on, duty.within, self.jurisdiction.working_calendar)
            else:
                due = None
            for wire in duty.others:
                done = next(
                    (
                        one.act.occurred_on
                        for one in later
                        if one.step.declared.wire == wire and key in {None, one.step.part_key}
                    ),
                    None,
                )
                yield due or (self.year.ends_on if done is None else date.max), done

    def _coverage(self, duty: Duty) -> DutyState:
        named: dict[str, Proof] = {}
        for looked, record in self._taken(duty):
            for one in _named_by(record, looked):
                named.setdefault(one, looked.proof(record))
        day = min(self.day, self.term.ends_on)
        wanted, unknown = set[str](), set[str]()
        for _, member, is_one in self._group(duty.of, day):
            key = member.code if isinstance(member, Mandate) else member.id
            (wanted if is_one else unknown).add(key)
        covered, unknown = wanted & named.keys(), unknown - named.keys()
        due_on = self._period(duty).ends_on
        if covered < wanted:
            status = Status.BREACHED if self.day > due_on else Status.ON_THE_WAY if covered else Status.DUE_BY
        elif unknown:
            status = Status.UNKNOWN
        else:
            status = Status.MET if wanted else Status.NOT_YET_APPLICABLE
        proofs = {(proof.case_id, proof.version): proof for proof in (named[one] for one in sorted(covered))}
        return DutyState(
            duty,
            status,
            len(wanted),
            len(covered),
            unknown=len(unknown),
            due_on=due_on,
            proofs=tuple(proofs.values()),
        )

    def _share(self, duty: Duty) -> DutyState:
        """How many of a group have an attribute, on the day or at the end of a year that is over."""
        assert duty.having is not None  # noqa: S101 - a duty without it is refused when it is read
        assert duty.least is not None  # noqa: S101 - the same
        day = min(self.day, self.year.ends_on)
        attribute, wanted = _ATTRIBUTES[duty.having]
        having: list[Proof] = []
        unknown: list[Proof] = []
        base = 0
        for looked, member, is_one in self._group(duty.of, day):
            base += 1
            stated = getattr(member, attribute) if is_one else None
            steps = [one for one in looked.steps if one.act.occurred_on <= day and one.step.declared.wire in duty.steps]
            if stated is None:
                unknown.append(looked.proof(looked.steps[0]))
            elif stated == wanted and steps:
                having.append(looked.proof(steps[-1]))
        asked = ceil(duty.least * base)
        if base == 0 or day < self.year.starts_on:
            status = Status.NOT_YET_APPLICABLE
        elif len(having) >= asked:
            status = Status.MET
        else:
            status = Status.UNKNOWN if len(having) + len(unknown) >= asked else Status.BREACHED
        return DutyState(
            duty, status, asked, len(having), base, len(unknown), proofs=tuple(having), awaited=tuple(unknown)
        )

    def _changes(self, duty: Duty) -> DutyState:
        """The steps of the term but those on the first day of it on which somebody got into the group."""
        taken = [(looked, record) for looked, record in self._taken(duty) if _belongs(duty.of, looked.case)]
        first = min((record.act.occurred_on for _, record in taken if record.step.declared.opens), default=date.min)
        proofs = tuple(looked.proof(record) for looked, record in taken if record.act.occurred_on > first)
        status = Status.MET if proofs else Status.NOT_YET_APPLICABLE
        return DutyState(duty, status, None, len(proofs), proofs=proofs)

    def _group(self, group: Group | None, day: date) -> Iterator[tuple[Looked, Case, bool]]:
        """Who is in a group on a day, by name; with False whoever may be in it, as nobody has stated whether."""
        found = sorted(self._members(group, day), key=lambda one: (one[1].facts().title, one[1].id))
        yield from found

    def _members(self, group: Group | None, day: date) -> Iterator[tuple[Looked, Case, bool]]:
        members = [(looked, case) for looked, case in self._then(Incumbency, day) if _sits(case)]
        match group:
            case "standing_committee":
                yield from ((*one, True) for one in members)
            case "full_time_members":
                yield from (
                    (looked, case, case.engagement is not None)
                    for looked, case in members
                    if case.engagement is not Engagement.PART_TIME
                )
            case "in_office":
                yield from ((*one, True) for one in self._then(Appointment, day) if self._holds_office(one[1]))
            case "deputies" | "grass_roots_deputies":
                seated = {case.deputy for _, case in members}
                for looked, case in self._then(Mandate, day):
                    if not self._is_deputy(case):
                        continue
                    if group == "deputies":
                        yield looked, case, True
                    elif case.background is not Background.OTHER and case.code not in seated:
                        yield looked, case, case.background is not None

    def _then(self, case_type: type[_Kind], day: date) -> Iterator[tuple[Looked, _Kind]]:
        """The cases of a type as they were on a day."""
        for looked in self.cases:
            if looked.kind == case_type.kind and isinstance(case := looked.on(day), case_type):
                yield looked, case

    def _holds_office(self, case: Appointment) -> bool:
        """Whether somebody who was appointed within the term is in office."""
        entered = case.entered_on is not None and case.entered_on >= self.term.starts_on
        return entered and case.stage is Appointment.Stage.IN_OFFICE

    def _is_deputy(self, case: Mandate) -> bool:
        """Whether it is a deputy of the jurisdiction's own congress, perhaps suspended."""
        return case.stage is not Mandate.Stage.ENDED and case.level in {None, self.jurisdiction.level}

    @staticmethod
    def _judged(duty: Duty, proofs: Sequence[Proof], breaches: Sequence[Proof]) -> DutyState:
        status = Status.BREACHED if breaches else Status.MET if proofs else Status.NOT_YET_APPLICABLE
        reached = len({(one.case_id, one.version) for one in proofs})
        asked = reached + len({(one.case_id, one.version) for one in breaches})
        return DutyState(duty, status, asked, reached, proofs=tuple(proofs), breaches=tuple(breaches))


def _named_by(record: Recorded, looked: Looked) -> Iterator[str]:
    """Whom a step covers: the deputies that it names, or the appointment that its case is about."""
    for name in ("sitting_in", "deputies", "deputy"):
        value = getattr(record.step, name, None)
        yield from (value if isinstance(value, tuple) else [value] if value else [])
    if (appointment := getattr(looked.case, "appointment", None)) is not None:
        yield appointment


def _is_meant(duty: Duty, looked: Looked, record: Recorded) -> bool:
    """Whether a duty is about a step of such a case, with what the step and the case say."""
    if (duty.kinds and looked.kind not in duty.kinds) or (duty.sorts and looked.case.sort not in duty.sorts):
        return False
    for name, values in duty.where.items():
        said = getattr(record.step, name, None) or getattr(looked.case, name, None)
        if said is None or (values and str(said) not in values):
            return False
    return True


def _belongs(group: Group | None, case: Case) -> bool:
    """Whether a case is one of a group's, whatever became of it."""
    if isinstance(case, Incumbency):
        return group == "standing_committee" and case.body is Body.STANDING_COMMITTEE
    return group == "deputies" and isinstance(case, Mandate)


def _sits(case: Incumbency) -> bool:
    """Whether somebody sits on the standing committee."""
    return case.body is Body.STANDING_COMMITTEE and case.stage is Incumbency.Stage.IN_POST


_ATTRIBUTES: Mapping[str, tuple[str, Word]] = {
    "full_time": ("engagement", Engagement.FULL_TIME),
    "re_elected": ("tenure", Tenure.RE_ELECTED),
}
"""Which field states an attribute, and by which value."""


def _after(day: date, span: Span, calendar: WorkingCalendar) -> date:
    """The last day of a span after a day."""
    match span.unit:
        case "month":
            return add_months(day, span.count)
        case "calendar_day":
            return add_days(day, span.count)
        case "working_day":
            return calendar.add_working_days(day, span.count)
