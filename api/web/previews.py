"""What a step about the past, or a rulebook, would change, as the preview tells it before it is recorded."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from api.recalculation import Adoption
from api.web.viewmodels import Change, Light, Shown, Teller, case_path, clock_name, finding_text, light_of_clock
from domain.case import CASE_TYPES, Recorded, RunningClock
from domain.clock import Deadline
from domain.moment import day_of, start_of_day
from domain.rulecheck import Difference
from projections.case_list import FOREVER, Row
from projections.comparison import ClockChange, Span, StageChange, Standing, compare

_MICROSECOND = timedelta(microseconds=1)
NOT_TOLD = {"kind", "jurisdiction", "audience", "sealed_until", "awaited", "overdue_from", "tied_to"}
"""What the list keeps of a case without showing it."""


@dataclass(frozen=True)
class ClockSide:
    """A clock on one side of the comparison."""

    due_on: str
    light: Light
    account: str


@dataclass(frozen=True)
class ClockRow:
    """A clock before and after; nothing where it is not started."""

    name: str
    was: ClockSide | None
    now: ClockSide | None


@dataclass(frozen=True)
class SpanRow:
    """From when until when lists show another thing of the case, and count it elsewhere."""

    when: str
    counted: Change | None
    shown: list[Change]


@dataclass(frozen=True)
class PreviewView:
    """Everything that a step would change."""

    stages: list[Change]
    clocks: list[ClockRow]
    gone: list[str]
    come: list[str]
    spans: list[SpanRow]
    ahead: bool
    """Whether some of it lies ahead, where it holds only if nothing else happens."""

    @property
    def nothing(self) -> bool:
        """Whether neither stages nor clocks nor findings nor lists change."""
        return not (self.stages or self.clocks or self.gone or self.come or self.spans)


@dataclass(frozen=True)
class RuleRow:
    """A rule that comes, goes or changes."""

    change: str
    name: str
    says: str
    fields: list[Change]


@dataclass(frozen=True)
class MovedRow:
    """A running deadline that would move."""

    case: str
    url: str
    clock: str
    was: str
    now: str


@dataclass(frozen=True)
class AdoptionView:
    """What changes when a rulebook is adopted."""

    title: str
    rules: list[RuleRow]
    moved: list[MovedRow] | None


def adoption_view(tell: Teller, adoption: Adoption) -> AdoptionView:
    """What changes when a rulebook is adopted, in words."""
    return AdoptionView(
        title=tell.say("page.preview.adopt", old=adoption.old.ref, new=adoption.new.ref),
        rules=[_rule(tell, one) for one in adoption.rules],
        moved=None
        if adoption.moved is None
        else [
            MovedRow(
                case=one.number or one.title,
                url=case_path(one.case_id),
                clock=clock_name(tell, one.was.clock),
                was=one.was.due_on.isoformat(),
                now=one.now.due_on.isoformat(),
            )
            for one in adoption.moved
        ],
    )


def _rule(tell: Teller, one: Difference) -> RuleRow:
    change = "added" if one.old is None else "removed" if one.new is None else "changed"
    stated = one.new or one.old
    return RuleRow(
        change=tell.say(f"page.preview.rule.{change}"),
        name=str(getattr(stated, tell.lang)),
        says=str(getattr(stated and stated.explanation, tell.lang)),
        fields=[
            Change(tell.label(name), Shown(_plain(tell, was)), Shown(_plain(tell, now)))
            for name, was, now in one.fields
        ],
    )


def _plain(tell: Teller, value: object) -> str:
    """A field of a rule in words: of what stands in both languages, the reader's."""
    match value:
        case None:
            return "—"
        case {"zh": str(zh), "en": str(en)}:
            return zh if tell.lang == "zh" else en
        case {"text": text}:
            return str(text)
        case dict():
            return tell.say("page.comma").join(f"{name} {_plain(tell, one)}" for name, one in value.items())
        case list() | tuple():
            return tell.say("page.semicolon").join(_plain(tell, one) for one in value)
        case _:
            return str(value)


def preview_of(tell: Teller, before: Sequence[Recorded], after: Sequence[Recorded], now: datetime) -> PreviewView:
    """What differs between a case as recorded and as it would be."""
    found = compare(before, after, tell.jurisdiction)
    case_type = next(record.step.declared.case_type for record in before if record.step.declared.opens)
    day = day_of(now, tell.zone)
    return PreviewView(
        stages=[_stage(tell, stage) for stage in found.stages],
        clocks=[_clock(tell, change, day) for change in found.clocks],
        gone=[finding_text(tell, finding) for finding in found.gone],
        come=[finding_text(tell, finding) for finding in found.come],
        spans=_spans(tell, found.spans, listed=case_type is not None and not case_type.of_registry),
        ahead=any(span.since > now for span in found.spans),
    )


def _stage(tell: Teller, stage: StageChange) -> Change:
    name = tell.say("page.stage") if stage.kind is None else f"{tell.label(stage.kind)} · {tell.part(stage.key or '')}"
    was, now = (Shown(tell.say.label("stage", one) if one else "") for one in (stage.was, stage.now))
    return Change(name, was, now)


def _clock(tell: Teller, change: ClockChange, day: date) -> ClockRow:
    deadline = _either(change)
    name = clock_name(tell, deadline.clock)
    part = f" · {tell.part(deadline.part)}" if deadline.part else ""
    was, now = (None if one is None else _side(tell, one, day) for one in change)
    return ClockRow(name + part, was, now)


def _either(change: ClockChange) -> Deadline:
    running = change.now or change.was
    assert running is not None  # noqa: S101 - a change has two sides, of which one may be missing
    return running.deadline


def _side(tell: Teller, running: RunningClock, day: date) -> ClockSide:
    account = tell.say("page.preview.started", day=running.deadline.started_on.isoformat())
    if running.stopped_on is not None:
        account += tell.say("page.preview.stopped", day=running.stopped_on.isoformat())
    return ClockSide(running.deadline.due_on.isoformat(), light_of_clock(tell, running, day), account)


def _spans(tell: Teller, spans: Sequence[Span], *, listed: bool) -> list[SpanRow]:
    """The spans in words; neighbours that say the same are one."""
    told: list[tuple[Span, Change | None, list[Change]]] = []
    for span in spans:
        was, now = _counted(tell, span.was), _counted(tell, span.now)
        counted = Change(tell.say("page.preview.counted"), Shown(was), Shown(now)) if listed and was != now else None
        shown = list(_shown(tell, span))
        if span.was and span.now and not (counted or shown):
            continue
        if told and told[-1][0].until == span.since and told[-1][1:] == (counted, shown):
            told[-1] = (told[-1][0]._replace(until=span.until), counted, shown)
        else:
            told.append((span, counted, shown))
    return [SpanRow(_when(tell, span), counted, shown) for span, counted, shown in told]


def _when(tell: Teller, span: Span) -> str:
    """From the first to the last of its days; to the minute where it does not begin or end with a day."""
    since = _bound(tell, span.since)
    if span.until == FOREVER:
        return tell.say("page.preview.from", since=since)
    if _is_midnight(tell, span.since) and _is_midnight(tell, span.until):
        until = day_of(span.until - _MICROSECOND, tell.zone).isoformat()
    else:
        until = tell.when(span.until)
    return since if since == until else tell.say("page.from_to", since=since, until=until)


def _bound(tell: Teller, instant: datetime) -> str:
    return tell.when(instant, "day" if _is_midnight(tell, instant) else "instant")


def _is_midnight(tell: Teller, instant: datetime) -> bool:
    local = instant.astimezone(ZoneInfo(tell.zone))
    return local == start_of_day(local.date(), tell.zone)


def _counted(tell: Teller, standing: Standing | None) -> str:
    """Among which cases it is counted."""
    if standing is None:
        return tell.say("page.preview.absent")
    return tell.say(f"page.state.{standing.state}") if standing.state else tell.say("page.preview.over")


def _shown(tell: Teller, span: Span) -> Iterator[Change]:
    """The columns of the list that differ; none where it is not in the list at all on one of the sides."""
    if span.was is None or span.now is None:
        return
    for name in Row._fields:
        before, after = getattr(span.was.row, name), getattr(span.now.row, name)
        if before != after and name not in NOT_TOLD:
            label = tell.say(f"page.row.{name}")
            yield Change(label, _value(tell, span.was.row, name), _value(tell, span.now.row, name))


def _value(tell: Teller, row: Row, name: str) -> Shown:  # noqa: PLR0911 - one line for each kind of column
    value = getattr(row, name)
    match name:
        case "stage":
            return Shown(tell.word(CASE_TYPES[row.kind].Stage(value)))
        case "person":
            return Shown(tell.person(value))
        case "unit":
            return Shown(tell.unit(value))
        case "units":
            return Shown(tell.say("page.comma").join(map(tell.unit, value.split())))
        case "next_clock":
            return Shown(clock_name(tell, value) if value else "")
        case "grade":
            return Shown(tell.say.label("page.grade", value) if value else "")
    return tell.value(name, value)
