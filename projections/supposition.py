"""Suppositions (假设推演): what figures would be of the same histories under other rules. Nothing of it is ever stored.

A limit is counted anew wherever its clock was started, from the same day by the same calendar; a date that the office
named, such as that of an extension, stays. A letter that the supposed scheme does not have means nothing. What people
did under the rules as they were is not changed: nobody acts earlier or later than he did.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Annotated, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from domain import clock, fold
from domain.calendar import load_calendar
from domain.case import Case, DeadlineRecalculated, Recorded, Step
from domain.casefile import CaseFile
from domain.cases.suggestion import OutcomeReclassified, ReplyIssued
from domain.clock import Deadline
from domain.moment import Moment
from domain.office import Adopted, Jurisdiction
from domain.refusal import Refused, refused_by
from domain.rulebook import ClockRule, Outcome, Rulebook, RulebookError, Span, load_rulebook
from projections.figures import Cell, Cells, Item, cells_of
from projections.metrics import metric_named
from projections.reading import FigureFilter

LONGEST: Mapping[str, int] = {"calendar_day": 3_660, "working_day": 2_500, "month": 120}
"""The longest limit that is supposed: ten years."""

_Name = Annotated[str, Field(min_length=1, max_length=100)]


class Supposition(BaseModel):
    """What is supposed to be otherwise; what is not named is as it was."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    rulebook: _Name | None = None
    """Another rulebook, as `id@version` or by its id: its limits, letters and targets."""
    limits: Annotated[Mapping[_Name, Span], Field(max_length=50)] = {}
    """For the id of a rule about a clock, another length."""
    letters: Annotated[Mapping[_Name, Outcome], Field(max_length=50)] = {}
    """Another scheme: what each letter means. A letter that is not named means nothing then."""
    targets: Annotated[Mapping[_Name, Annotated[float, Field(gt=0, le=1)]], Field(max_length=50)] = {}
    """For the id of a metric, another target, as a share of 1."""


@dataclass(frozen=True)
class Supposed:
    """A supposition with the rules that it means in a jurisdiction, as they were on a day."""

    limits: Mapping[str, tuple[ClockRule, Rulebook]]
    letters: Mapping[str, Outcome] | None
    targets: Mapping[str, float]
    place: Jurisdiction
    unread: Counter[str] = field(default_factory=Counter)
    """How often there was a letter that the supposed scheme does not have."""

    def record(self, record: Recorded) -> Recorded:
        """A recorded step as it would have been."""
        step = self._step(record.step)
        deadlines = tuple(map(self._deadline, record.deadlines))
        if step is record.step and deadlines == record.deadlines:
            return record
        return record._replace(step=step, deadlines=deadlines)

    def _step(self, step: Step) -> Step:
        match step:
            case DeadlineRecalculated(deadline=Deadline() as deadline):
                anew = self._deadline(deadline)
                return step if anew is deadline else step.model_copy(update={"deadline": anew})
            case ReplyIssued(outcome=str() as letter) | OutcomeReclassified(new=letter) if self.letters is not None:
                meaning = self._meaning(letter)
                return step if meaning is step.normalised else step.model_copy(update={"normalised": meaning})
        return step

    def _meaning(self, letter: str) -> Outcome | None:
        assert self.letters is not None  # noqa: S101 - asked for where there are any
        if letter not in self.letters:
            self.unread[letter] += 1
        return self.letters.get(letter)

    def _deadline(self, deadline: Deadline) -> Deadline:
        if deadline.rule is None or (found := self.limits.get(deadline.rule.id)) is None:
            return deadline
        rule, book = found
        if not rule.in_force(deadline.started_on):
            return deadline
        calendar = (
            self.place.working_calendar if deadline.calendar is None else load_calendar(*deadline.calendar.split("@"))
        )
        anew = clock.recalculate(deadline, rule, calendar, book)
        return deadline if anew.model_copy(update={"rule": deadline.rule}) == deadline else anew


def supposed(supposition: Supposition, place: Jurisdiction, day: date, year: int) -> Supposed:
    """The rules that a supposition means; what there is not is refused."""
    book = place.book_on(day)
    other = book if supposition.rulebook is None else _rulebook(supposition.rulebook)
    limits = {} if supposition.rulebook is None else {id: (rule, other) for id, rule in other.clocks.items()}
    for id, span in supposition.limits.items():
        if id not in book.clocks and id not in limits:
            raise Refused("unknown-rule", field=f"limits.{id}", rule=id, known=sorted(book.clocks))
        limits[id] = (_of_length(other.clocks.get(id) or book.clocks[id], span), other)
    letters: Mapping[str, Outcome] | None = supposition.letters or None
    if letters is None and supposition.rulebook is not None and other.outcome_scheme is not None:
        letters = other.outcome_scheme.letters
    targets = {one.metric: one.value for one in other.targets_of(place.division or "", year)}
    if other is not book:
        targets = {one.metric: one.value for one in book.targets_of(place.division or "", year)} | targets
    for id in supposition.targets:
        if not metric_named(id).is_rate:
            raise Refused("target-of-a-number", field=f"targets.{id}", metric=id)
    return Supposed(limits, letters, targets | dict(supposition.targets), place)


def _rulebook(ref: str) -> Rulebook:
    try:
        return load_rulebook(*Adopted(ref=ref).id_and_version)
    except RulebookError:
        raise Refused("unknown-rulebook-named", field="rulebook", rulebook=ref) from None


def _of_length(rule: ClockRule, span: Span) -> ClockRule:
    """The rule with another length; in days or months from a day on, it rolls forward, as others' rules do."""
    if span.count > LONGEST[span.unit]:
        raise Refused("limit-too-long", field=f"limits.{rule.id}", unit=span.unit, most=LONGEST[span.unit])
    if (span.count, span.unit) == (rule.count, rule.unit):
        return rule
    rolls = span.unit != "working_day" and (rule.roll_forward or (rule.unit == "working_day"))
    own = {"count": span.count, "unit": span.unit, "roll_forward": rolls and rule.direction == "after"}
    try:
        return ClockRule.model_validate(rule.model_dump() | own)
    except ValidationError as error:
        raise refused_by(error, within=("limits", rule.id)) from None


class Simulated(NamedTuple):
    """What a case adds at a moment: as it was, and as it would be."""

    case: Case
    was: Cells
    would_be: Cells

    def differing(self) -> Iterator[tuple[Item, Cell | None, Cell | None]]:
        """What of it would count otherwise."""
        for item in dict.fromkeys((*self.was, *self.would_be)):
            before, after = self.was.get(item), self.would_be.get(item)
            if before != after:
                yield item, before, after


def simulated(case_files: Iterable[CaseFile], moment: Moment, rules: Supposed) -> Iterator[Simulated]:
    """Each case of those at a moment, folded as it was and, where a rule reaches it, as it would be."""
    for case_file in case_files:
        steps = [step for step in fold.sequence(case_file.history, moment.known) if step.occurred_at <= moment.as_of]
        if (case := fold.apply_all(steps)) is None:
            continue
        was = cells_of(case, moment.as_of)
        others = [rules.record(step) for step in steps]
        if all(other is step for other, step in zip(others, steps, strict=True)):
            yield Simulated(case, was, was)
            continue
        would_be = fold.apply_all(others)
        yield Simulated(case, was, {} if would_be is None else cells_of(would_be, moment.as_of))


def counts_in(wanted: FigureFilter, cell: Cell) -> bool:
    """Whether something is among what is asked for."""
    named = ("jurisdiction", "unit", "person", "committee", "kind", "stage", "session", "year")
    return (
        cell.subject == wanted.subject
        and all(getattr(wanted, name) in (None, getattr(cell, name)) for name in named)
        and (wanted.persons is None or cell.person in wanted.persons)
        and (wanted.but_persons is None or cell.person not in wanted.but_persons)
        and (wanted.without is None or getattr(cell, wanted.without) is None)
    )
