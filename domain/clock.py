"""Deadlines that explain themselves: which rule and calendar counted, what was skipped, who extended."""

from datetime import UTC, date, datetime, timedelta
from functools import lru_cache, partial
from operator import not_
from typing import Annotated, NamedTuple

from pydantic import BaseModel, ConfigDict, Field

from domain.calendar import WorkingCalendar, add_days, add_months, days_between, load_calendar
from domain.moment import start_of_day
from domain.rulebook import ClockRule, Confidence, Force, Rulebook, Span, Unit, load_rulebook

_Absent = partial(Field, exclude_if=not_)


class _Stored(BaseModel):
    """Part of a stored event: what is empty is left out of its JSON."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class SkippedDay(NamedTuple):
    """A day that did not count, and why: `weekend` or the holiday's id in its calendar."""

    day: date
    reason: str


class RuleRef(_Stored):
    """The rule as it was when the clock started, and the rulebook in force then."""

    rulebook: str
    version: str
    id: str
    count: int
    unit: Unit
    force: Force
    confidence: Confidence
    before: Annotated[bool, _Absent()] = False
    """Whether it counts back from a day that lies ahead."""


class Extension(_Stored):
    """One change of the due date by an act of the office (延期): by which step, of which day and office, and why."""

    from_due_on: date
    due_on: date
    by: Annotated[str | None, _Absent()] = None
    on: Annotated[date | None, _Absent()] = None
    office: Annotated[str | None, _Absent()] = None
    reason: Annotated[str | None, _Absent()] = None


class Deadline(_Stored):
    """Until when something is to be done (期限): computed when the clock starts, stored in the step that starts it."""

    clock: str
    part: Annotated[str | None, _Absent()] = None
    started_on: date
    due_on: date
    estimate: Annotated[bool, _Absent()] = False
    rule: Annotated[RuleRef | None, _Absent()] = None
    calendar: Annotated[str | None, _Absent()] = None
    counted_to: date
    skipped: Annotated[tuple[SkippedDay, ...], _Absent()] = ()
    made_up: Annotated[tuple[date, ...], _Absent()] = ()
    extensions: Annotated[tuple[Extension, ...], _Absent()] = ()

    @property
    def original_due_on(self) -> date:
        """Due before the first extension."""
        return self.extensions[0].from_due_on if self.extensions else self.due_on


def start(
    rule: ClockRule, book: Rulebook, calendar: WorkingCalendar, started_on: date, part: str | None = None
) -> Deadline:
    """The deadline of a clock that starts on a day, which is not counted itself, under the rulebook in force."""
    return _counted(rule, _reference(rule, book), calendar, started_on, part)


def agreed(clock: str, started_on: date, due_on: date, part: str | None = None) -> Deadline:
    """A deadline with a date of its own, named by those who promised it (承诺事项), by no rule."""
    return Deadline(clock=clock, part=part, started_on=started_on, due_on=due_on, counted_to=due_on)


def extend(
    deadline: Deadline,
    due_on: date,
    by: str | None = None,
    on: date | None = None,
    office: str | None = None,
    reason: str | None = None,
) -> Deadline:
    """The deadline moved to the date that the office named, its history kept; the same if it is due then already."""
    if due_on == deadline.due_on:
        return deadline
    moved = Extension(from_due_on=deadline.due_on, due_on=due_on, by=by, on=on, office=office, reason=reason)
    return deadline.model_copy(
        update={"due_on": due_on, "estimate": False, "extensions": (*deadline.extensions, moved)}
    )


def latest(deadline: Deadline, rule: ClockRule, calendar: WorkingCalendar | None = None) -> date | None:
    """The last day that the rule allows, by the deadline's own calendar unless given one; None without limit."""
    if rule.most is None:
        return None
    calendar = calendar or _calendar_of(deadline)
    counted_to = _count(rule.most, calendar, deadline.started_on)
    return calendar.roll_forward(counted_to) if rule.roll_forward else counted_to


def beyond_most(deadline: Deadline, rule: ClockRule, calendar: WorkingCalendar | None = None) -> bool:
    """Whether it was extended past the rule's maximum: a finding, never a refusal."""
    limit = latest(deadline, rule, calendar) if deadline.extensions else None
    return limit is not None and deadline.due_on > limit


def rule_of(deadline: Deadline) -> ClockRule | None:
    """The rule that a deadline was counted by, as its book said it then; None for a date of its own."""
    if deadline.rule is None:
        return None
    return load_rulebook(deadline.rule.rulebook, deadline.rule.version).clocks.get(deadline.rule.id)


@lru_cache(maxsize=4096)
def overdue_from(due_on: date, zone: str) -> datetime:
    """The first instant at which it is overdue: 00:00 of the next day in the zone."""
    if due_on == date.max:
        return datetime.max.replace(tzinfo=UTC)
    return start_of_day(due_on + timedelta(days=1), zone)


def recalculate(
    deadline: Deadline, rule: ClockRule, calendar: WorkingCalendar, book: Rulebook | None = None
) -> Deadline:
    """The deadline under a new calendar or, with its book, a new rule; the date that an extension named stays."""
    reference = deadline.rule if book is None else _reference(rule, book)
    if reference is None or (reference.id, reference.count, reference.unit) != (rule.id, rule.count, rule.unit):
        raise ValueError(f"{rule.id} is not the rule this deadline was started under: name the book that states it")
    anew = _counted(rule, reference, calendar, deadline.started_on, deadline.part)
    if not deadline.extensions:
        return anew
    first, *later = deadline.extensions
    extensions = (first.model_copy(update={"from_due_on": anew.due_on}), *later)
    return anew.model_copy(update={"due_on": deadline.due_on, "estimate": False, "extensions": extensions})


def _reference(rule: ClockRule, book: Rulebook) -> RuleRef:
    return _stated(
        book.id,
        book.version,
        rule.id,
        rule.count,
        rule.unit,
        rule.force,
        rule.confidence,
        before=rule.direction == "before",
    )


@lru_cache(maxsize=1024)
def _stated(
    book: str, version: str, id: str, count: int, unit: Unit, force: Force, confidence: Confidence, *, before: bool
) -> RuleRef:
    return RuleRef(
        rulebook=book,
        version=version,
        id=id,
        count=count,
        unit=unit,
        force=force,
        confidence=confidence,
        before=before,
    )


def _counted(
    rule: ClockRule, reference: RuleRef, calendar: WorkingCalendar, started_on: date, part: str | None
) -> Deadline:
    counted_to = _count(rule, calendar, started_on, -1 if rule.direction == "before" else 1)
    if rule.unit == "working_day":
        due_on, looked_at = counted_to, days_between(started_on, counted_to)
    elif rule.roll_forward:
        due_on = calendar.roll_forward(counted_to)
        looked_at = days_between(counted_to - timedelta(days=1), due_on)
    else:
        return Deadline(
            clock=rule.id, part=part, started_on=started_on, due_on=counted_to, rule=reference, counted_to=counted_to
        )
    days = tuple(looked_at)
    return Deadline(
        clock=rule.id,
        part=part,
        started_on=started_on,
        due_on=due_on,
        estimate=not (calendar.covers(days[0]) and calendar.covers(days[-1])),
        rule=reference,
        calendar=calendar.ref,
        counted_to=counted_to,
        skipped=tuple(SkippedDay(day, reason) for day in days if (reason := calendar.name_of(day))),
        made_up=tuple(day for day in days if day in calendar.make_up_days),
    )


def _count(span: Span | ClockRule, calendar: WorkingCalendar, started_on: date, sign: int = 1) -> date:
    match span.unit:
        case "calendar_day":
            return add_days(started_on, sign * span.count)
        case "working_day":
            return calendar.add_working_days(started_on, span.count)
        case "month":
            return add_months(started_on, sign * span.count)


def _calendar_of(deadline: Deadline) -> WorkingCalendar:
    id, _, version = (deadline.calendar or "plain").partition("@")
    return load_calendar(id, version or None)
