"""What the templates are given: cases, clocks, steps and moments as words, links and plain values."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from itertools import groupby
from typing import Any, Literal
from urllib.parse import quote, urlencode
from zoneinfo import ZoneInfo

from babel.dates import format_date
from markupsafe import Markup
from pydantic import BaseModel

from api.web.flowchart import Progress, chart_of
from api.web.naming import Cases
from api.words import Words
from domain import amendment, clock, fold, procedure
from domain.calendar import load_calendar
from domain.case import (
    CASE_TYPES,
    STEPS,
    AmendmentDeclined,
    Attachment,
    Case,
    Corrected,
    Correction,
    DeadlineRecalculated,
    Recorded,
    Role,
    RunningClock,
    Step,
    Voided,
    Voiding,
)
from domain.clock import Deadline, Extension, SkippedDay
from domain.moment import Moment, day_of, end_of_day
from domain.office import Jurisdiction
from domain.part import Part
from domain.personal import Kept, Personal
from domain.registry import PREFIX
from domain.rulebook import ClockRule, RulebookError, load_rulebook
from projections.metrics import metrics
from projections.reading import SOON_DAYS

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_ROUND = re.compile(r"round-(\d+)")
_LONG = 40
_MOST_COLUMNS = 5
_LOCALES = {"zh": "zh_CN", "en": "en_GB"}
_OF_EVERY_CASE = frozenset(field.name for field in dataclasses.fields(Case)) - {"persons", "measures"}
_MOMENT = ("as_of", "known_at", "position")
OF_UNITS = frozenset(
    {
        "unit",
        "units",
        "lead_unit",
        "co_units",
        "separate_units",
        "proposed_unit",
        "to_unit",
        "reassigned_to",
        "absorbed_by",
        "applicant_unit",
        "inspected_units",
        "parent",
    }
)
OF_DEPUTIES = frozenset(
    {
        "attended",
        "co_signers",
        "co_signers_confirmed",
        "deputies",
        "deputy",
        "dissenters",
        "group_deputies",
        "invited",
        "lead_deputy",
        "sitting_in",
    }
)
OF_OUTCOMES = frozenset({"outcome", "old", "new"})
OF_CASES: Mapping[str, tuple[str, ...]] = {
    "amended_by": ("legislation",),
    "appointment": ("appointment",),
    "case_id": (),
    "inspection": ("inspection",),
    "interpretation": ("interpretation",),
    "investigation": ("investigation",),
    "into": (),
    "meeting": ("meeting",),
    "merged_into": (),
    "other": (),
    "plan": ("plan",),
    "regulation": ("legislation",),
    "repealed_by": ("legislation",),
}
"""The fields that name another case, and of which kinds that is; none where it may be of any."""
_OF_SIZES = frozenset({"size"})
_TABLES = frozenset({"role", "stage"})
_THOUSAND = 1_000


class Here:
    """The address of the page, and what it would be with other parameters."""

    def __init__(self, path: str, params: Mapping[str, str]) -> None:
        self.path = path
        self.params = {name: text for name, text in params.items() if text and name != "lang"}

    def __call__(self, **changes: str | int | None) -> str:
        """The same address with other parameters; None leaves one out."""
        return link(self.path, {**self.params, **changes})

    @property
    def moment(self) -> dict[str, str]:
        """The part of the address that says from which moment one looks."""
        return {name: text for name, text in self.params.items() if name in _MOMENT}


def link(path: str, params: Mapping[str, str | int | None]) -> str:
    """An address of this service, without the parameters that are empty."""
    query = urlencode({name: value for name, value in params.items() if value not in {None, ""}})
    return f"{path}?{query}" if query else path


def person_path(case_id: str, key: str) -> str:
    """Where a person's data are read."""
    return f"{case_path(case_id)}/persons/{quote(key, safe='')}"


def procedure_path(kind: str) -> str:
    """Where the procedure of a case type is read."""
    return f"/procedures/{quote(kind, safe='')}"


def case_path(case_id: str) -> str:
    """Where a case is read."""
    return f"/cases/{quote(case_id, safe='')}"


@dataclass(frozen=True)
class Shown:
    """A value as text; `long` if it wants a paragraph of its own."""

    text: str
    url: str | None = None

    @property
    def empty(self) -> bool:
        """Whether nothing is known."""
        return not self.text

    @property
    def day(self) -> bool:
        """Whether it is a date, which never breaks."""
        return _DAY.fullmatch(self.text) is not None

    @property
    def long(self) -> bool:
        """Whether it wants a paragraph of its own."""
        return len(self.text) > _LONG or "\n" in self.text


@dataclass(frozen=True)
class Fact:
    """A named value."""

    label: str
    value: Shown


@dataclass(frozen=True)
class Item:
    """A part of a case, such as an assignment or a round, with what is in it."""

    heading: str
    stage: str | None
    facts: tuple[Fact, ...]
    groups: tuple[Group, ...]

    @property
    def told(self) -> tuple[Fact, ...]:
        """The facts that are known."""
        return tuple(fact for fact in self.facts if not fact.value.empty)


@dataclass(frozen=True)
class Group:
    """Parts of the same kind."""

    title: str
    items: tuple[Item, ...]

    @property
    def columns(self) -> list[str]:
        """The headings of a table of them, without those under which nothing would stand."""
        return list(dict.fromkeys(fact.label for item in self.items for fact in item.told))

    @property
    def rows(self) -> list[tuple[Item, list[Shown]]]:
        """A table of them: each with its values in the order of the columns."""
        told = [(item, {fact.label: fact.value for fact in item.facts}) for item in self.items]
        return [(item, [values.get(label, Shown("")) for label in self.columns]) for item, values in told]

    @property
    def tabular(self) -> bool:
        """Whether a table can show them: few columns, nothing inside, nothing long."""
        simple = not any(item.groups or any(fact.value.long for fact in item.facts) for item in self.items)
        return simple and len(self.columns) <= _MOST_COLUMNS

    @property
    def staged(self) -> bool:
        """Whether these parts have stages."""
        return any(item.stage for item in self.items)


@dataclass(frozen=True)
class Light:
    """A traffic light: its kind gives shape and colour, its text says the same."""

    kind: Literal["overdue", "soon", "running", "done", "late", "none"]
    text: str


def _kind_of(stage: StrEnum) -> str:
    """The kind of the case type that has a stage, or a part with it: it is called as its module is."""
    return type(stage).__module__.rpartition(".")[2]


class Teller:
    """Tells a jurisdiction's values in the reader's language."""

    def __init__(
        self,
        say: Words,
        jurisdiction: Jurisdiction,
        cases: Cases | None = None,
        as_of: datetime | None = None,
    ) -> None:
        self.say = say
        self.lang = say.language
        self.jurisdiction = jurisdiction
        self.zone = jurisdiction.time_zone
        self.day = day_of(as_of, self.zone) if as_of else date.max
        """As on which day units and deputies are called."""
        self.cases = cases or Cases()
        """The other cases that pages and forms name."""

    def unit(self, code: str | None) -> str:
        """A unit's name, or its code where the registry has none."""
        unit = self.jurisdiction.unit(code, self.day) if code else None
        return str(getattr(unit, self.lang)) if unit else code or ""

    def part(self, key: str) -> str:
        """A part of a case by its key: a round, a unit, or the key itself."""
        number = _ROUND.fullmatch(key)
        return self.say("page.nth.rounds", n=int(number[1])) if number else self.unit(key)

    def group(self, code: str) -> str:
        """A group's name, or its code where the registry has none."""
        group = self.jurisdiction.group(code, self.day)
        return str(getattr(group, self.lang)) if group else code

    def person(self, person: str | None) -> str:
        """A deputy's name, or what is written instead of an id."""
        deputy = self.jurisdiction.deputy(person, self.day) if person else None
        return deputy.name if deputy else person or ""

    def acting(self, code: str | None) -> str:
        """Who acts, or for whom: a unit, a deputy, the jurisdiction's own office, or what is written instead."""
        if code == self.jurisdiction.code:
            return str(getattr(self.jurisdiction, self.lang))
        named = self.unit(code)
        return self.person(code) if named == code else named

    def word(self, value: StrEnum) -> str:
        """A stage, a role, a way of handling."""
        table = type(value).__name__.lower()
        if table == "stage" and (own := f"stage_of.{_kind_of(value)}.{value}") in self.say:
            return self.say(own)
        return self.say.label(table if table in _TABLES else f"page.{table}", value.value)

    def kind(self, kind: str) -> str:
        """What a case type is called."""
        return self.say.kind(kind)

    def step(self, step: type[Step]) -> str:
        """A step's name."""
        return self.say.step(step.declared.wire)

    def when(self, instant: datetime, precision: str = "instant") -> str:
        """A time as tables show it, to the minute or to the day."""
        local = instant.astimezone(ZoneInfo(self.zone))
        return local.date().isoformat() if precision == "day" else f"{local:%Y-%m-%d %H:%M}"

    def prose(self, instant: datetime) -> str:
        """A moment as sentences say it; the end of a day as the day's 24:00."""
        local = instant.astimezone(ZoneInfo(self.zone))
        day = format_date(local.date(), "long", locale=_LOCALES[self.lang])
        if instant == end_of_day(local.date(), self.zone):
            return self.say("page.moment.whole_day", day=day)
        return self.say("page.moment.instant", day=day, time=f"{local:%H:%M}")

    def value(self, name: str, value: object) -> Shown:  # noqa: C901, PLR0911, PLR0912 - one line for each kind of value
        """A field's value. Units and deputies are told by the name of the field that holds them."""
        match value:
            case None | "" | () | []:
                return Shown("")
            case bool():
                return Shown(self.say("page.yes" if value else "page.no"))
            case StrEnum():
                return Shown(self.word(value))
            case datetime():
                return Shown(self.when(value))
            case date():
                return Shown(value.isoformat())
            case list() | tuple() | set() | frozenset():
                between = "\n" if all(isinstance(one, BaseModel) for one in value) else self.say("page.comma")
                return Shown(between.join(self.value(name, one).text for one in value))
            case BaseModel():
                told = ((key, self.value(key, inner)) for key, inner in value)
                return Shown(self._pairs((self.label(key), shown.text) for key, shown in told if not shown.empty))
            case Personal():
                return Shown(self.word(value.kept or Kept.HELD))
            case Mapping():
                return Shown(self._pairs((str(key), self.value(str(key), inner).text) for key, inner in value.items()))
        text = str(value)
        if name in _OF_SIZES:
            return Shown(self.size(int(text)))
        if name in OF_UNITS:
            return Shown(self.unit(text))
        if name in OF_DEPUTIES or name == "leader":
            return Shown(self.person(text))
        if name == "poll_rule":
            return Shown(self._poll_rule(text))
        if name in OF_OUTCOMES:
            return Shown(self._outcome(text))
        if name == "group":
            return Shown(self.group(text))
        if name == "metric" and text in metrics():
            return Shown(getattr(metrics()[text], self.lang))
        if name == "stage":
            return Shown(value_name(self, name, text))
        if (name in OF_CASES and self.cases.called(text) != text) or text.startswith(PREFIX):
            return Shown(self.cases.called(text), case_path(text))
        return Shown(text)

    def size(self, count: int) -> str:
        """How large a file is, as people say it."""
        if count < _THOUSAND:
            return f"{count} B"
        thousands = count / _THOUSAND
        return f"{thousands:.0f} KB" if thousands < _THOUSAND else f"{thousands / _THOUSAND:.1f} MB"

    def label(self, name: str, kind: str | None = None) -> str:
        """What a field is called, where a case type calls it otherwise than others by what it does."""
        own = f"page.field.{kind}.{name}"
        return self.say(own if own in self.say else f"page.field.{name}")

    def _pairs(self, pairs: Iterable[tuple[str, str]]) -> str:
        return self.say("page.semicolon").join(self.say("page.pair", label=label, value=text) for label, text in pairs)

    def _poll_rule(self, text: str) -> str:
        """A rule of a poll by its name, with the book that states it; as it was written where the shelf has it not."""
        id, _, ref = text.partition(" ")
        book, _, version = ref.partition("@")
        try:
            rule = load_rulebook(book, version).polls.get(id)
        except RulebookError:
            rule = None
        return text if rule is None else self.say("page.rule", rule=getattr(rule, self.lang), book=ref)

    def _outcome(self, letter: str) -> str:
        scheme = self.jurisdiction.book.outcome_scheme
        words = scheme.words.get(letter) if scheme else None
        return f"{letter} {getattr(words, self.lang)}" if words else letter


# A case and its parts


def facts_of(tell: Teller, case: Case) -> list[Fact]:
    """What is known of a case itself, in the order of its class, long texts last; its title is the page's heading."""
    told = [(name, tell.value(name, value)) for name, value in _fields(case) if name != "title" and not _parts(value)]
    jurisdiction = Fact(tell.label("jurisdiction"), Shown(getattr(tell.jurisdiction, tell.lang)))
    known = [Fact(tell.label(name, case.kind), shown) for name, shown in told if not shown.empty]
    return sorted([*known, jurisdiction], key=lambda fact: fact.value.long)


def groups_of(tell: Teller, whole: object, kind: str) -> tuple[Group, ...]:
    """The parts that a case of some kind, or a part of it, consists of."""
    found = []
    for name, value in _fields(whole):
        if parts := _parts(value):
            items = tuple(_item(tell, kind, name, key, part) for key, part in parts)
            found.append(Group(tell.label(name, kind), items))
    return tuple(found)


def _fields(whole: object) -> Iterator[tuple[str, Any]]:
    """The fields of a case's own type, or of one of its parts."""
    for field in dataclasses.fields(whole):  # type: ignore[arg-type]  # a case and its parts are dataclasses
        if not (isinstance(whole, Case) and field.name in _OF_EVERY_CASE):
            yield field.name, getattr(whole, field.name)


def _parts(value: object) -> list[tuple[object, Any]]:
    """The dataclasses in a field, by key or by number; none in a plain field."""
    if isinstance(value, Mapping):
        pairs = list(value.items())
    elif isinstance(value, (list, tuple)):
        pairs = list(enumerate(value, start=1))
    else:
        pairs = [(1, value)]
    return pairs if pairs and all(dataclasses.is_dataclass(part) for _, part in pairs) else []


def _item(tell: Teller, kind: str, name: str, key: object, part: object) -> Item:
    fields = dict(_fields(part))
    unit = fields.get("unit") if isinstance(key, int) else None
    if isinstance(part, Part):
        heading = tell.unit(part.key)
    elif unit:
        heading = tell.unit(unit)
    elif not isinstance(key, int):
        heading = tell.unit(str(key))
    else:
        numbered = f"page.nth.{name}"
        heading = tell.say(numbered if numbered in tell.say else "page.nth", n=key)
    in_heading = {"key", "stage", "number", *(["unit"] if unit else [])}
    facts = [
        Fact(tell.label(name, kind), tell.value(name, value))
        for name, value in fields.items()
        if name not in in_heading and not _parts(value)
    ]
    stage = tell.word(part.stage) if isinstance(part, Part) else None
    return Item(heading, stage, tuple(facts), groups_of(tell, part, kind))


def value_name(tell: Teller, by: str | None, key: str | None) -> str:
    """What a value of a dimension is called."""
    if key is None:
        return str(tell.say("figures.nobody"))
    if by == "without":
        return str(tell.say(f"figures.by.{key}"))
    if by == "stage":
        stages = (stage for case_type in CASE_TYPES.values() for stage in case_type.Stage)
        return next((tell.word(stage) for stage in stages if str(stage) == key), key)
    named: Mapping[str | None, Callable[[str], str]] = {
        "unit": tell.unit,
        "person": tell.person,
        "group": tell.group,
        "kind": tell.kind,
    }
    return named[by](key) if by in named else key


def narrowed_to(tell: Teller, named: Mapping[str, object]) -> str:
    """Of what figures are, dimension by dimension; empty if they are of all."""
    return str(
        tell.say("page.comma").join(
            tell.say("page.pair", label=tell.say(f"figures.by.{name}"), value=value_name(tell, name, str(value)))
            for name, value in named.items()
        )
    )


@dataclass(frozen=True)
class OpenStep:
    """A step that may be taken, and the roles that may take it."""

    name: str
    roles: str


def open_steps_of(tell: Teller, case: Case, *, requests: bool) -> list[OpenStep]:
    """The steps that are open now and for whom, in the order of the case type's declaration.

    `requests` says whether there is a request that could be declined.
    """
    roles = _open_to(case, requests=requests)
    return [OpenStep(tell.step(step), tell.say.told("role", by)) for step, by in roles.items()]


def _open_to(case: Case, *, requests: bool) -> dict[type[Step], list[Role]]:
    roles: dict[type[Step], list[Role]] = {}
    for role in Role:
        for found in procedure.open_steps(case, role):
            if found.why is None:
                roles.setdefault(found.step, []).append(role)
    if not requests:
        roles.pop(AmendmentDeclined, None)
    return {step: roles[step] for step in procedure.steps_of(type(case)) if step in roles}


@dataclass(frozen=True)
class Visit:
    """A stage that a case came to: when, and by which step."""

    stage: str
    entered: str
    by: str
    version: int


@dataclass(frozen=True)
class Flow:
    """The chart of a case with its own way, and that way as a list."""

    chart: Markup
    title: str
    path: list[Visit]
    looks: list[tuple[str, str]]
    """Each look of the chart that is explained below it, and what it means."""
    whole: Turn


def flow_of(tell: Teller, history: Sequence[Recorded], case: Case, moment: Moment, *, past: bool) -> Flow:
    """The way of a case until a moment, and what is open at it."""
    path = procedure.path_of(history, moment.known, moment.as_of)
    entered: dict[StrEnum, list[str]] = {}
    for one in path:
        entered.setdefault(one.stage, []).append(one.record.act.occurred_on.isoformat())
    ways = {(type(one.record.step), one.before, one.stage) for one in path}
    progress = Progress(case.stage, entered, ways, set(_open_to(case, requests=False)), past)
    chart = chart_of(tell.say, type(case), progress)
    kind = tell.say.told("kind", case.kind)
    now = "then" if past else "now"
    looks = (("now", now), ("been", "been"), ("taken", "taken"), ("open", "may"), ("faint", "faint"))
    return Flow(
        chart=chart.svg(),
        title=chart.title,
        path=[
            Visit(
                tell.word(one.stage),
                tell.when(one.record.occurred_at, one.record.act.precision),
                tell.step(type(one.record.step)),
                one.record.version,
            )
            for one in path
        ],
        looks=[(look, tell.say(f"flow.{name}")) for look, name in looks],
        whole=Turn(tell.say("flow.whole", kind=kind), procedure_path(case.kind)),
    )


@dataclass(frozen=True)
class AttachmentView:
    """An attachment of a case, and where it is downloaded."""

    name: str
    url: str
    kind: str
    media_type: str
    size: str
    sha256: str
    about: int | None
    added: str
    who: str
    asks: bool = False
    """Whether the link leads to where it is asked what the file is for."""


def attachments_of(tell: Teller, case: Case, moment: Mapping[str, str]) -> list[AttachmentView]:
    """What is attached to a case; the links name the moment of the page, or the person who is read first."""
    return [
        dataclasses.replace(view, url=person_path(case.id, attached.person), asks=True) if attached.person else view
        for attached, view in zip(
            case.attachments, attachments_as_told(tell, case.id, case.attachments, moment), strict=True
        )
    ]


def attachments_as_told(
    tell: Teller, case_id: str, attachments: Iterable[Attachment], query: Mapping[str, str]
) -> list[AttachmentView]:
    """Attachments of a case; the links have a query."""
    return [
        AttachmentView(
            name=attached.name,
            url=link(f"{case_path(case_id)}/attachments/{attached.sha256}", query),
            kind=tell.word(attached.kind),
            media_type=tell.word(attached.media_type),
            size=tell.size(attached.size),
            sha256=attached.sha256,
            about=attached.about,
            added=attached.added_on.isoformat(),
            who=f"{tell.word(attached.role)} · {tell.acting(attached.office)} · {tell.acting(attached.added_by)}",
        )
        for attached in attachments
    ]


# Clocks


@dataclass(frozen=True)
class ClockView:
    """A clock, how it stands, and how its date came about."""

    name: str
    part: str | None
    light: Light
    due_on: str
    estimate: bool
    account: list[Fact]
    explanation: str | None
    sources: list[tuple[str, str | None]]
    skipped: list[tuple[str, str]]
    made_up: list[str]
    extensions: list[tuple[str, str, str, str]]
    """Each with the date before, the date after, by what and of whom, and why."""


def light_of(
    say: Words, day: date, due_on: date | None, stopped_on: date | None, *, over: bool = False, thing: str = "light"
) -> Light:
    """How a due date stands on a day: awaited, near, overdue, met or missed."""
    if due_on is None or (over and stopped_on is None):
        return Light("none", say("page.light.none"))
    if stopped_on is not None:
        late = (stopped_on - due_on).days
        return (
            Light("late", say(f"page.{thing}.late", days=late))
            if late > 0
            else Light("done", say(f"page.{thing}.done"))
        )
    left = (due_on - day).days
    if left < 0:
        return Light("overdue", say("page.light.overdue", days=-left))
    if left == 0:
        return Light("soon", say("page.light.today"))
    return Light("soon" if left <= SOON_DAYS else "running", say("page.light.left", days=left))


def clocks_of(tell: Teller, case: Case, day: date) -> list[ClockView]:
    """The clocks of a case: those that run by their due date, then those that ended."""
    running = sorted(case.all_clocks, key=lambda c: (not c.runs, c.deadline.due_on))
    return [clock_view(tell, one, day) for one in running]


def clock_name(tell: Teller, rule_id: str) -> str:
    """What a clock is called in the rulebook of the jurisdiction, else by the pages."""
    rule = tell.jurisdiction.book.clocks.get(rule_id)
    return str(getattr(rule, tell.lang)) if rule else tell.say.label("page.clock_name", rule_id)


def clock_view(tell: Teller, running: RunningClock, day: date) -> ClockView:
    """A clock in words."""
    deadline = running.deadline
    rule = _rule(deadline)
    return ClockView(
        name=getattr(rule, tell.lang) if rule else clock_name(tell, deadline.clock),
        part=tell.part(deadline.part) if deadline.part else None,
        light=light_of_clock(tell, running, day),
        due_on=deadline.due_on.isoformat(),
        estimate=deadline.estimate,
        account=[Fact(tell.say(f"page.clock.{name}"), Shown(text)) for name, text in _account(tell, running, rule)],
        explanation=getattr(rule.explanation, tell.lang) if rule else None,
        sources=[(source.text, source.url) for source in rule.sources] if rule else [],
        skipped=list(_skipped(tell, deadline)),
        made_up=[made_up.isoformat() for made_up in deadline.made_up],
        extensions=[
            (moved.from_due_on.isoformat(), moved.due_on.isoformat(), _granted(tell, moved), moved.reason or "")
            for moved in deadline.extensions
        ],
    )


def light_of_clock(tell: Teller, running: RunningClock, day: date) -> Light:
    """How a clock stands; what nobody awaits any more was neither met nor missed, unless it was late by then."""
    if running.dropped_by is not None:
        return Light("late" if running.late else "none", tell.say("page.clock.dropped"))
    return light_of(tell.say, day, running.deadline.due_on, running.stopped_on, thing="clock")


def _granted(tell: Teller, moved: Extension) -> str:
    """By which step a date was moved, of which day and office."""
    told = [_by(tell, moved.by), moved.on.isoformat() if moved.on else "", tell.acting(moved.office)]
    return " ".join(part for part in told if part)


def _account(tell: Teller, running: RunningClock, rule: ClockRule | None) -> Iterator[tuple[str, str]]:
    """How the date was counted, line by line."""
    say, deadline = tell.say, running.deadline
    if deadline.rule is None:
        yield "rule", say("page.clock.agreed")
    else:
        one = ".one" if deadline.rule.count == 1 else ""
        yield "rule", say(f"page.span.{deadline.rule.unit}{one}", count=deadline.rule.count)
        yield "force", say(f"page.force.{deadline.rule.force}")
        yield "confidence", f"{deadline.rule.confidence} {say(f'page.confidence.{deadline.rule.confidence}')}"
    yield "started_on", deadline.started_on.isoformat()
    if deadline.rule is not None:
        yield "counted_to", deadline.counted_to.isoformat()
        yield "original_due_on", deadline.original_due_on.isoformat()
    yield "due_on", deadline.due_on.isoformat()
    if rule is not None and (latest := clock.latest(deadline, rule)) is not None:
        yield "latest", latest.isoformat()
    if running.stopped_at is not None:
        yield (
            "dropped_on" if running.dropped_by else "stopped_on",
            running.stopped_at.astimezone(ZoneInfo(tell.zone)).date().isoformat(),
        )
    if running.dropped_by is not None:
        yield "dropped_by", _by(tell, running.dropped_by)
    if deadline.rule is not None:
        yield "rulebook", f"{deadline.rule.rulebook}@{deadline.rule.version}"
        yield "calendar", deadline.calendar or say("page.clock.no_calendar")


def _rule(deadline: Deadline) -> ClockRule | None:
    """The rule as the rulebook of that version states it, while it is on the shelf."""
    if deadline.rule is None:
        return None
    try:
        return load_rulebook(deadline.rule.rulebook, deadline.rule.version).clocks.get(deadline.rule.id)
    except RulebookError:
        return None


def _skipped(tell: Teller, deadline: Deadline) -> Iterator[tuple[str, str]]:
    """The days that did not count, neighbours of the same name together."""
    words = load_calendar(*deadline.calendar.split("@")).words if deadline.calendar else {}

    def run(numbered: tuple[int, SkippedDay]) -> tuple[int, str]:
        place, skipped = numbered
        return skipped.day.toordinal() - place, skipped.reason

    for (_, reason), days in groupby(enumerate(deadline.skipped), key=run):
        first, *others = [skipped.day for _, skipped in days]
        told = first.isoformat()
        if others:
            told = tell.say("page.from_to", since=told, until=others[-1].isoformat())
        yield told, words.get(reason, {}).get(tell.lang, reason)


def _by(tell: Teller, wire: str | None) -> str:
    step = STEPS.get(wire) if wire else None
    return tell.step(step) if step else wire or ""


# The timeline


@dataclass(frozen=True)
class Change:
    """A field that a correction replaced: what it was and what it is."""

    label: str
    was: Shown
    now: Shown


@dataclass(frozen=True)
class StepView:
    """A recorded step, with what became of it."""

    version: int
    type: str
    name: str
    part: str | None
    occurred: str
    occurred_before: str | None
    """The date that was recorded first, if it was corrected."""
    recorded: str
    actor: str
    role: str
    office: str
    on_behalf_of: str | None
    document: str | None
    sha256: str | None
    imported: str | None
    late: bool
    facts: list[Fact]
    target: int | None
    changes: list[Change]
    corrected_by: list[int]
    voided_by: int | None
    request: int | None
    """Number of the request that it approves or declines."""
    settled: str | None
    """What became of a request."""
    settled_by: int | None
    amends: list[tuple[str, str]]
    """What the reader may do about it: words, and where."""


@dataclass(frozen=True)
class Timeline:
    """The steps of a case that had happened and were known, and how many were not yet."""

    steps: list[StepView]
    types: list[tuple[str, str, int]]
    later: int
    order: str
    type: str | None


def timeline_of(
    tell: Teller,
    history: Sequence[Recorded],
    moment: Moment,
    *,
    type_name: str | None,
    newest_first: bool,
    amends: Callable[[Recorded], list[tuple[str, str]]] = lambda _: [],
) -> Timeline:
    """Every step known at the moment, also the corrected and the voided ones, in the order in which they happened.

    `amends` says what the reader may do about a step, and where.
    """
    known = fold.known_by(history, moment.known)
    standing = {record.version: record for record in fold.sequence(known)}
    past = _Past(known, standing, fold.voided_versions(known), amendment.settlements(known))
    seen = [r for r in known if standing.get(r.version, r).occurred_at <= moment.as_of or _amends(r)]
    seen.sort(key=lambda r: ((standing.get(r.version) or r).act.occurred_on, r.version), reverse=newest_first)
    counted: dict[str, int] = {}
    for record in seen:
        counted[record.step.declared.name] = counted.get(record.step.declared.name, 0) + 1
    names = {r.step.declared.name: tell.step(type(r.step)) for r in sorted(known, key=lambda r: r.version)}
    return Timeline(
        steps=[
            _step(tell, record, past, amends(record) if record.version not in past.voided else [])
            for record in seen
            if type_name is None or record.step.declared.name == type_name
        ],
        types=[(name, words, counted[name]) for name, words in names.items() if name in counted],
        later=len(history) - len(seen),
        order="newest" if newest_first else "oldest",
        type=type_name,
    )


@dataclass(frozen=True)
class _Past:
    """What is known of a history: the records, the steps as they stand, the voids, what became of the requests."""

    known: Sequence[Recorded]
    standing: Mapping[int, Recorded]
    voided: Mapping[int, Recorded]
    settled: Mapping[int, Recorded]


def _amends(record: Recorded) -> bool:
    return isinstance(record.step, (Corrected, Voided))


def _step(tell: Teller, record: Recorded, past: _Past, amends: list[tuple[str, str]]) -> StepView:
    now = past.standing.get(record.version, record)
    act, step, declared = now.act, now.step, now.step.declared
    void = past.voided.get(record.version)
    source, imported = act.source, act.imported
    occurred = tell.when(act.occurred_at, act.precision)
    before = tell.when(record.occurred_at, record.act.precision)
    settled_by = past.settled.get(record.version)
    return StepView(
        version=record.version,
        type=declared.name,
        name=tell.step(type(step)),
        part=tell.unit(step.part_key) if step.part_key else None,
        occurred=occurred,
        occurred_before=before if before != occurred else None,
        recorded=tell.when(record.recorded_at),
        actor=tell.acting(act.actor),
        role=tell.word(act.role),
        office=tell.acting(act.office),
        on_behalf_of=tell.acting(act.on_behalf_of) or None,
        document=" ".join(part for part in (source.number, source.title) if part) if source else None,
        sha256=source.sha256 if source else None,
        imported=tell.say("page.step.imported", profile=imported.profile, row=imported.row) if imported else None,
        late=act.late,
        facts=facts_of_step(tell, step),
        target=_target(step),
        changes=changes_of(tell, record, past.known) if isinstance(step, Correction) else changes(tell, record, now),
        corrected_by=[
            r.version
            for r in past.known
            if isinstance(r.step, Corrected) and r.step.corrects == record.version and r.version not in past.voided
        ],
        voided_by=void.version if void else None,
        request=step.request if isinstance(step, (Corrected, Voided, AmendmentDeclined)) else None,
        settled=_settled(tell, record, settled_by),
        settled_by=settled_by.version if settled_by else None,
        amends=amends,
    )


def _settled(tell: Teller, record: Recorded, by: Recorded | None) -> str | None:
    if not isinstance(record.step, amendment.REQUESTS):
        return None
    if by is None:
        return tell.say("page.request.pending")
    declined = isinstance(by.step, AmendmentDeclined)
    return tell.say("page.request.declined" if declined else "page.request.approved", n=by.version)


def _target(step: Step) -> int | None:
    match step:
        case Correction():
            return step.corrects
        case Voiding():
            return step.voids
    return None


def facts_of_step(tell: Teller, step: Step) -> list[Fact]:
    """What a step says, field by field, without what it leaves open."""
    hidden = {
        "jurisdiction", "corrects", "voids", "of", "precision", "changes", "deadline", "request", step.declared.names
    }  # fmt: skip
    if isinstance(step, Correction):
        hidden.add("occurred_at")
    told = [(name, tell.value(name, value)) for name, value in step if name not in hidden]
    if isinstance(step, DeadlineRecalculated) and step.deadline is not None:
        told.append(("due_on", tell.value("due_on", step.deadline.due_on)))
    return [Fact(tell.label(name, step.declared.kind), shown) for name, shown in told if not shown.empty]


def changes_of(tell: Teller, correction: Recorded, known: Sequence[Recorded]) -> list[Change]:
    """What a correction, or a request for one, makes of the step as it stood before."""
    step = correction.step
    assert isinstance(step, Correction)  # noqa: S101 - nothing else corrects
    earlier = [record for record in known if record.version < correction.version]
    void = fold.voided_versions(known)
    was = earlier[step.corrects - 1]
    for record in earlier:
        if isinstance(record.step, Corrected) and record.step.corrects == step.corrects and record.version not in void:
            was = fold.corrected(was, record, record.step)
    return changes(tell, was, fold.corrected(was, correction, step))


def changes(tell: Teller, record: Recorded, now: Recorded) -> list[Change]:
    """What differs between a step and the same step corrected: its date, then its fields."""
    was, then = tell.when(record.occurred_at, record.act.precision), tell.when(now.occurred_at, now.act.precision)
    found = [Change(tell.label("occurred_at"), Shown(was), Shown(then))] if was != then else []
    for (name, before), (_, after) in zip(record.step, now.step, strict=False):
        if before != after:
            label = tell.label(name, record.step.declared.kind)
            found.append(Change(label, tell.value(name, before), tell.value(name, after)))
    return found


@dataclass(frozen=True)
class FindingView:
    """Something recorded that disagrees, and the step where it shows."""

    text: str
    version: int


def findings_of(tell: Teller, history: Sequence[Recorded], moment: Moment) -> list[FindingView]:
    """What disagreed in the history as it was known, in the steps that had happened by then."""
    known = fold.known_by(history, moment.known)
    happened = {r.version for r in fold.sequence(known) if r.occurred_at <= moment.as_of}
    return [
        FindingView(finding_text(tell, found.message_id, found.params), found.version)
        for found in procedure.findings(known, tell.jurisdiction)
        if found.version in happened
    ]


def finding_text(tell: Teller, message_id: str, params: Mapping[str, object]) -> str:
    """A finding in words."""
    return tell.say(message_id, **_told(tell, params))


def _told(tell: Teller, params: Mapping[str, object]) -> dict[str, object]:
    """A finding's parameters with the names of parts, clocks, units and deputies instead of their codes."""
    named = OF_UNITS | OF_DEPUTIES
    told = {name: tell.value(name, value).text if name in named else value for name, value in params.items()}
    if "part" in told:
        told["part"] = tell.part(str(told["part"]))
    if "clock" in told:
        told["clock"] = clock_name(tell, str(told["clock"]))
    book = tell.jurisdiction.book
    if (rule := {**book.gates, **book.orders}.get(str(told.get("rule")))) is not None:
        told["rule"] = getattr(rule, tell.lang)
    return told


@dataclass(frozen=True)
class RequestView:
    """A correction or a void that somebody asks for, and where it is approved or declined."""

    version: int
    title: str
    reason: str
    who: str
    when: str
    changes: list[Change]
    target: int
    url: str


def requests_of(tell: Teller, history: Sequence[Recorded], moment: Moment) -> list[RequestView]:
    """The requests that were made by then and that were not settled as far as was known."""
    known = fold.known_by(history, moment.known)
    waiting = [record for record in amendment.pending(known) if record.occurred_at <= moment.as_of]
    return [request_view(tell, record, known) for record in waiting]


def request_view(tell: Teller, record: Recorded, known: Sequence[Recorded]) -> RequestView:
    """What somebody asks for."""
    act, step, target = record.act, record.step, _target(record.step) or 0
    about = tell.step(type(known[target - 1].step))
    return RequestView(
        version=record.version,
        title=tell.say("page.request.title", what=tell.step(type(step)), n=target, step=about),
        reason=step.reason if isinstance(step, amendment.REQUESTS) else "",
        who=f"{tell.word(act.role)} · {tell.acting(act.office)} · {tell.acting(act.actor)}",
        when=tell.when(act.occurred_at, act.precision),
        changes=changes_of(tell, record, known) if isinstance(step, Correction) else [],
        target=target,
        url=f"{case_path(record.originator_id)}/requests/{record.version}",
    )


@dataclass(frozen=True)
class CasePage:
    """Everything that the page of a case shows at a moment."""

    kind: str
    number: str | None
    title: str
    stage: str
    facts: list[Fact]
    groups: tuple[Group, ...]
    clocks: list[ClockView]
    open: list[OpenStep]
    findings: list[FindingView]
    requests: list[RequestView]
    persons: list[Turn]
    flow: Flow
    foot: str


def case_page(tell: Teller, history: Sequence[Recorded], case: Case, moment: Moment, *, past: bool = False) -> CasePage:
    """The page of a case as it was at a moment, without its steps; `past` if that is not now."""
    facts = case.facts()
    known = fold.known_by(history, moment.known)
    requests = requests_of(tell, history, moment)
    return CasePage(
        kind=tell.say.told("kind", case.kind),
        number=facts.number,
        title=facts.title,
        stage=tell.word(case.stage) if case.stage else "—",
        facts=facts_of(tell, case),
        groups=groups_of(tell, case, case.kind),
        clocks=clocks_of(tell, case, day_of(moment.as_of, tell.zone)),
        open=open_steps_of(tell, case, requests=bool(requests)),
        findings=findings_of(tell, history, moment),
        requests=requests,
        persons=[Turn(tell.say("page.person", key=key), person_path(case.id, key)) for key in case.persons],
        flow=flow_of(tell, history, case, moment, past=past),
        foot=tell.say("page.foot.case", case_id=case.id, version=len(known), zone=tell.zone),
    )


# The moment


@dataclass(frozen=True)
class Turn:
    """A link to the same page at another moment."""

    text: str
    url: str
    chosen: bool = False


@dataclass(frozen=True)
class Slider:
    """The days between which one may slide, and the one that is looked at."""

    first: date
    last: date
    day: date

    @classmethod
    def around(cls, day: date, first: date, today: date) -> Slider:
        """From the first day to today, or further where one looks from beyond."""
        return cls(min(first, day), max(today, day), day)

    @property
    def days(self) -> int:
        """How many days the last lies after the first."""
        return (self.last - self.first).days

    @property
    def place(self) -> int:
        """How many days the one that is looked at lies after the first."""
        return (self.day - self.first).days


@dataclass(frozen=True)
class MomentBar:
    """From which moment one looks, and how to look from another."""

    now: bool
    sentence: str
    missing: str
    picks: list[Turn]
    """The first is now."""
    slider: Slider | None
    freeze: str | None
    frozen_link: str | None
    kept: list[tuple[str, str]]
    as_of: str
    known_at: str

    @classmethod
    def to_correct(cls, here: Here) -> MomentBar:
        """The form alone, with what was typed, for a moment that cannot be read."""
        asked = here.moment
        kept = [(name, text) for name, text in here.params.items() if name not in asked]
        return cls(
            now=True, sentence="", missing="", picks=[], slider=None, freeze=None, frozen_link=None, kept=kept,
            as_of=asked.get("as_of", ""), known_at=asked.get("known_at", ""),
        )  # fmt: skip

    @property
    def as_of_type(self) -> str:
        """What kind of input shows the first clock."""
        return _input_type(self.as_of)

    @property
    def known_at_type(self) -> str:
        """What kind of input shows the second clock."""
        return _input_type(self.known_at)


def _input_type(text: str) -> str:
    """A date has a calendar to pick from; what else an address may carry is shown as it is."""
    return "date" if not text or _DAY.fullmatch(text) else "text"


def moment_bar(
    tell: Teller,
    here: Here,
    moment: Moment,
    *,
    known_at: datetime | None,
    recorded_at: datetime | None,
    page_url: str,
    first: date | None,
) -> MomentBar:
    """The bar for a moment; `recorded_at` is when the position that the address names was taken in.

    `first` is the day from which on there is something to look at.
    """
    say, asked = tell.say, here.moment
    fixed = "position" in asked
    when = say("page.moment.now_as_of") if "as_of" not in asked else tell.prose(moment.as_of)
    if fixed:
        recorded = tell.when(recorded_at) if recorded_at else "—"
        known = say("page.moment.known_position", position=moment.known, recorded=recorded)
    elif known_at is None:
        known = say("page.moment.known_now")
    elif asked.get("as_of") == asked.get("known_at"):
        known = say("page.moment.known_then")
    else:
        known = say("page.moment.known_by", when=tell.prose(known_at))
    today = day_of(datetime.now(UTC), tell.zone)
    fresh: dict[str, str | None] = {**dict.fromkeys(_MOMENT), "after": None, "before": None}
    then = not fixed and "as_of" in asked and asked.get("known_at") == asked["as_of"]
    picks = [
        Turn(say("page.moment.now"), here(**fresh), not asked),
        *(
            Turn(
                say(f"page.moment.{name}"),
                here(**{**fresh, "as_of": day, "known_at": day if then else None}),
                asked.get("as_of") == day,
            )
            for name, day in _days_picked(today)
        ),
    ]
    if "as_of" in asked and not fixed:
        turned = {**fresh, "as_of": asked["as_of"], "known_at": None if then else asked["as_of"]}
        picks.append(Turn(say("page.moment.as_known_then"), here(**turned), then))
    return MomentBar(
        now=not asked,
        sentence=say("page.moment.sentence", then=when, known=known),
        missing=say("page.missing.then", then=when, known=known),
        picks=picks,
        slider=None if first is None else Slider.around(day_of(moment.as_of, tell.zone), first, today),
        freeze=None if fixed else here(**frozen(tell, here, moment)),
        frozen_link=page_url if fixed else None,
        kept=[(name, text) for name, text in here.params.items() if name not in fresh],
        as_of=asked.get("as_of", ""),
        known_at=asked.get("known_at", ""),
    )


def _days_picked(today: date) -> Iterator[tuple[str, str]]:
    """The days that are looked at most, by the names of their words."""
    quarter = date(today.year, today.month - (today.month - 1) % 3, 1)
    for name, following in (
        ("yesterday", today),
        ("month_end", today.replace(day=1)),
        ("quarter_end", quarter),
        ("year_end", date(today.year, 1, 1)),
    ):
        yield name, (following - timedelta(days=1)).isoformat()


def frozen(tell: Teller, here: Here, moment: Moment) -> dict[str, str | None]:
    """The parameters that fix a moment for ever: the instant or whole day, and the position in the ledger."""
    instant = moment.as_of.astimezone(ZoneInfo(tell.zone)).isoformat()
    return {"as_of": here.moment.get("as_of", instant), "known_at": None, "position": str(moment.known)}


def why_missing(
    tell: Teller, here: Here, history: Sequence[Recorded], moment: Moment, bar: MomentBar
) -> tuple[list[str], list[Turn]]:
    """Why there is no case at a moment, since when there is one as known then, and where to look instead."""
    say = tell.say
    lines = [bar.missing]
    turns = [Turn(say("page.to_cases"), link("/cases", here.moment))]
    if not bar.now:
        turns.insert(0, Turn(say("page.missing.now"), bar.picks[0].url))
    known = fold.known_by(history, moment.known)
    opening = next((r for r in fold.sequence(known) if r.step.declared.opens), None)
    if opening is not None:
        day = day_of(opening.occurred_at, tell.zone)
        lines.append(say("page.missing.since", day=format_date(day, "long", locale=_LOCALES[tell.lang])))
        turns.insert(0, Turn(say("page.missing.see"), here(as_of=day.isoformat())))
    elif known:
        lines = [say("page.missing.void")]
    else:
        lines.append(say("page.missing.recorded", when=tell.prose(history[0].recorded_at)))
    return lines, turns
