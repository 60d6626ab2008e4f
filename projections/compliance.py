"""Compliance (对照检查): for each article of a jurisdiction's set whether it is met, and which recorded steps prove it.

A pure function of case files at a moment: what is not recorded is not known, and nothing here blocks a step.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum, auto

from domain import fold, procedure
from domain.calendar import add_days, add_months
from domain.case import Case, Recorded
from domain.casefile import CaseFile
from domain.office import Jurisdiction
from domain.rulebook import Article, Duty, Span


class Status(StrEnum):
    """How an article stands; the worst of its duties is its own."""

    BREACHED = auto()
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
    due_on: date | None = None
    proofs: tuple[Proof, ...] = ()
    breaches: tuple[Proof, ...] = ()
    awaited: tuple[Proof, ...] = ()
    """Steps after which something is still to come."""


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


@dataclass
class Looked:
    """A case file as it was at a moment: the case, its standing steps by their dates, what disagrees in them."""

    case: Case
    steps: Sequence[Recorded]
    findings: Mapping[int, Sequence[procedure.Finding]]

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
    case = case_file.at(known, as_of)
    if case is None:
        return None
    history = [
        record
        for record in case_file.history
        if (known is None or record.position <= known) and (as_of is None or record.occurred_at <= as_of)
    ]
    found: dict[int, list[procedure.Finding]] = {}
    for finding in procedure.findings(history, jurisdiction):
        found.setdefault(finding.version, []).append(finding)
    steps = [
        record for record in fold.sequence(case_file.history, known) if as_of is None or record.occurred_at <= as_of
    ]
    return Looked(case, steps, found)


def wires_of(articles: Iterable[Article]) -> frozenset[str]:
    """The stored names of all steps that some articles look at."""
    return frozenset(wire for article in articles for duty in article.duties for wire in (*duty.steps, *duty.others))


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
    told = [duty.status for duty in duties if duty.status is not Status.NOT_YET_APPLICABLE]
    worst = min(told, key=list(Status).index, default=Status.NOT_YET_APPLICABLE)
    return ArticleState(article, year, worst, duties)


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
            "then": self._then,
            "before": self._before,
            "coverage": self._coverage,
            "shown": self._shown,
        }
        return forms[duty.form](duty)

    def _period(self, duty: Duty) -> Term:
        return self.year if duty.per == "year" else self.term

    def _taken(self, duty: Duty) -> Iterator[tuple[Looked, Recorded]]:
        """The steps of a duty in its period."""
        period = self._period(duty)
        for looked in self.cases:
            if duty.sorts and looked.case.sort not in duty.sorts:
                continue
            for record in looked.steps:
                if (
                    record.step.declared.wire in duty.steps
                    and period.starts_on <= record.act.occurred_on <= period.ends_on
                ):
                    yield looked, record

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
        return DutyState(duty, status, asked, len(proofs), due_on, proofs)

    def _shown(self, duty: Duty) -> DutyState:
        proofs = tuple(looked.proof(record) for looked, record in self._taken(duty))
        return DutyState(duty, Status.MET if proofs else Status.NOT_YET_APPLICABLE, None, len(proofs), None, proofs)

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

    def _then(self, duty: Duty) -> DutyState:
        proofs, breaches, awaited = [], [], []
        latest: date | None = None
        for looked, record in self._taken(duty):
            at = looked.steps.index(record)
            due_on = self.year.ends_on if duty.within is None else _after(record.act.occurred_on, duty.within)
            done = {
                one.step.declared.wire: one.act.occurred_on
                for one in reversed(looked.steps[at + 1 :])
                if one.step.declared.wire in duty.others
            }
            complete = all(wire in done for wire in duty.others)
            if complete and (duty.within is None or max(done.values()) <= due_on):
                proofs.append(looked.proof(record))
            elif complete or self.day > due_on:
                breaches.append(looked.proof(record))
            else:
                awaited.append(looked.proof(record))
                latest = due_on if latest is None else min(latest, due_on)
        judged = self._judged(duty, proofs, breaches)
        if not awaited:
            return judged
        status = judged.status if breaches else Status.ON_THE_WAY
        asked = len(proofs) + len(breaches) + len(awaited)
        return DutyState(duty, status, asked, len(proofs), latest, judged.proofs, judged.breaches, tuple(awaited))

    def _coverage(self, duty: Duty) -> DutyState:
        named: dict[str, Proof] = {}
        for looked, record in self._taken(duty):
            for one in _named_by(record, looked):
                named.setdefault(one, looked.proof(record))
        wanted = self._everybody(duty)
        covered = wanted & named.keys()
        due_on = self._period(duty).ends_on
        if not wanted:
            status = Status.NOT_YET_APPLICABLE
        elif covered == wanted:
            status = Status.MET
        elif self.day > due_on:
            status = Status.BREACHED
        else:
            status = Status.ON_THE_WAY if covered else Status.DUE_BY
        proofs = {(proof.case_id, proof.version): proof for proof in (named[one] for one in sorted(covered))}
        return DutyState(duty, status, len(wanted), len(covered), due_on, tuple(proofs.values()))

    def _everybody(self, duty: Duty) -> set[str]:
        """Who is to be covered on the day."""
        day = min(self.day, self.term.ends_on)
        if duty.of == "deputies":
            return {deputy.id for deputy in self.jurisdiction.deputies if deputy.in_office(day)}
        return {looked.case.id for looked in self.cases if str(looked.case.stage) == "in_office"}

    @staticmethod
    def _judged(duty: Duty, proofs: Sequence[Proof], breaches: Sequence[Proof]) -> DutyState:
        status = Status.BREACHED if breaches else Status.MET if proofs else Status.NOT_YET_APPLICABLE
        reached = len({(one.case_id, one.version) for one in proofs})
        asked = reached + len({(one.case_id, one.version) for one in breaches})
        return DutyState(duty, status, asked, reached, None, tuple(proofs), tuple(breaches))


def _named_by(record: Recorded, looked: Looked) -> Iterator[str]:
    """Whom a step covers: the deputies that it names, or the appointment that its case is about."""
    for name in ("sitting_in", "deputies", "deputy"):
        value = getattr(record.step, name, None)
        yield from (value if isinstance(value, tuple) else [value] if value else [])
    if (appointment := getattr(looked.case, "appointment", None)) is not None:
        yield appointment


def _after(day: date, span: Span) -> date:
    """The last day of a span after a day; working days are counted as calendar days here, on the safe side."""
    return add_months(day, span.count) if span.unit == "month" else add_days(day, span.count)
