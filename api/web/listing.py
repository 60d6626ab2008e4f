"""The case list for its template: rows, counts that are links, choices, columns, neighbouring pages."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from api.services import Lists
from api.web.viewmodels import Here, Light, Teller, case_path, frozen, light_of, link
from domain.case import CASE_TYPES
from domain.moment import Moment, day_of
from domain.office import Jurisdiction
from domain.refusal import Refused
from domain.values import Line
from projections.ocel import LogFormat
from projections.reading import CaseRow, Filter, Tally
from projections.sheet import Format

PAGE_SIZE = 50
FORMATS: tuple[Format, ...] = ("xlsx", "csv")
LOG_FORMATS: tuple[LogFormat, ...] = ("ocel-json", "ocel-sqlite")

State = Literal["unassigned", "waiting", "overdue", "answered"]
Column = Literal["opened_on", "due_on", "number", "title"]
Sort = Literal["opened_on", "-opened_on", "due_on", "-due_on", "number", "-number", "title", "-title"]

_COLUMNS = ("number", "title", "person", "unit", "stage", "opened_on", "due_on", "answered_on", "rounds", "grade")
_SORTED = {"number", "title", "opened_on", "due_on"}
_STATES: tuple[tuple[State | None, str], ...] = (
    (None, ""),
    ("unassigned", "none"),
    ("waiting", "running"),
    ("overdue", "overdue"),
    ("answered", "done"),
)
_FILTERS = ("jurisdiction", "kind", "stage", "state", "unit", "deputy", "session", "text")
_TYPED = {*_FILTERS, "after", "before"} - {"state"}
_FIRST_PAGE: dict[str, str | None] = {"after": None, "before": None}


class ListQuery(BaseModel):
    """What the address of the list asks for."""

    model_config = ConfigDict(frozen=True)

    jurisdiction: Line | None = None
    kind: Line | None = None
    stage: Line | None = None
    state: State | None = None
    unit: Line | None = None
    deputy: Line | None = None
    session: Line | None = None
    text: Line | None = None
    sort: Sort = "-opened_on"
    after: str | None = None
    before: str | None = None


class ExportQuery(ListQuery):
    """What the address of the list as a file asks for."""

    format: Format | LogFormat = "xlsx"


class CountsExportQuery(ListQuery):
    """What the address of the counts as a file asks for."""

    format: Format = "xlsx"


@dataclass(frozen=True)
class Count:
    """How many cases there are, and the list that shows just these."""

    text: str
    number: int
    url: str
    chosen: bool
    kind: str = ""


@dataclass(frozen=True)
class Choice:
    """One value that a filter may take."""

    value: str
    text: str
    chosen: bool


@dataclass(frozen=True)
class Heading:
    """A column, and where its heading leads."""

    text: str
    url: str | None
    order: str | None
    number: bool


@dataclass(frozen=True)
class RowView:
    """A case in the list."""

    case_id: str
    url: str
    number: str | None
    title: str
    deputy: str
    unit: str
    others: str | None
    all_units: str
    stage: str
    opened_on: str
    due_on: str
    estimate: bool
    extended: bool
    light: Light
    answered_on: str
    rounds: int
    grade: str


@dataclass(frozen=True)
class Listing:
    """Everything that the list shows at a moment."""

    wanted: Filter
    filtered: bool
    deputy: str
    rows: list[RowView]
    states: list[Count]
    stages: list[Count]
    columns: list[Heading]
    kind_choices: list[Choice]
    stage_choices: list[Choice]
    units: list[tuple[str, list[Choice]]]
    deputies: list[str]
    kept: list[tuple[str, str]]
    previous: str | None
    next: str | None
    exports: list[tuple[str, str]]
    counts_exports: list[tuple[Format, str]]
    shown: str
    foot: str


def listing(tell: Teller, here: Here, query: ListQuery, lists: Lists, moment: Moment) -> Listing:
    """The list that the address asks for, at a moment, of the reader's own jurisdiction."""
    own = tell.jurisdiction.code
    places = [tell.jurisdiction]
    wanted = wanted_by(query, tell.jurisdiction)
    deputy = wanted.deputy
    found, before, after = _page(lists, wanted, moment, query)
    held = {**_FIRST_PAGE, **frozen(tell, here, moment)}
    tallies = lists.tallies(replace(wanted, state=None, stage=None), moment)
    of_stage = [tally for stage, tally in tallies.items() if wanted.stage in {None, stage}]
    return Listing(
        wanted=wanted,
        filtered=wanted != Filter(jurisdiction=own),
        deputy=tell.person(deputy),
        rows=[_row(tell, here, row, moment) for row in found],
        states=list(_states(tell, here, wanted, of_stage)),
        stages=list(_stages(tell, here, wanted, tallies)),
        columns=[_heading(tell, here, name, query) for name in _COLUMNS],
        kind_choices=[
            Choice(kind, tell.kind(kind), kind == wanted.kind)
            for kind, case_type in CASE_TYPES.items()
            if not case_type.of_registry
        ],
        stage_choices=[
            Choice(stage.value, _stage(tell, stage, wanted.kind), stage.value == wanted.stage)
            for stage in _stages_of(wanted.kind)
        ],
        units=list(unit_choices(tell, places, wanted.unit)),
        deputies=list(dict.fromkeys(deputy.name for place in places for deputy in place.all_deputies())),
        kept=[(name, text) for name, text in here.params.items() if name not in _TYPED],
        previous=here(**{**held, "before": _cursor(found[0], query.sort)}) if before else None,
        next=here(**{**held, "after": _cursor(found[-1], query.sort)}) if after else None,
        exports=[(format, _export_url(tell, here, moment, format)) for format in (*FORMATS, *LOG_FORMATS)],
        counts_exports=[(format, _export_url(tell, here, moment, format, "/counts")) for format in FORMATS],
        shown=tell.say("page.shown", total=_number(of_stage, wanted.state), count=len(found)),
        foot=tell.say("page.foot.list", position=moment.known, zone=tell.zone),
    )


def wanted_by(query: ListQuery, place: Jurisdiction) -> Filter:
    """The filter that an address of the list means to a reader of that jurisdiction."""
    if query.jurisdiction not in {None, place.code}:
        raise Refused("unknown-jurisdiction", field="jurisdiction", jurisdiction=query.jurisdiction)
    asked = query.model_dump(include=set(_FILTERS) - {"deputy", "jurisdiction"})
    return Filter(deputy=_deputy([place], query.deputy), jurisdiction=place.code, **asked)


def _page(lists: Lists, wanted: Filter, moment: Moment, query: ListQuery) -> tuple[list[CaseRow], bool, bool]:
    """One page, and whether there are pages before and after. A page before is read backwards."""
    if query.before is not None:
        opposite = query.sort.removeprefix("-") if query.sort.startswith("-") else f"-{query.sort}"
        start = _place(query.before, query.sort)
        rows = lists.cases(wanted, moment, sort=opposite, after=start, limit=PAGE_SIZE + 1)
        return rows[:PAGE_SIZE][::-1], len(rows) > PAGE_SIZE, bool(rows)
    place = _place(query.after, query.sort) if query.after is not None else None
    rows = lists.cases(wanted, moment, sort=query.sort, after=place, limit=PAGE_SIZE + 1)
    return rows[:PAGE_SIZE], bool(query.after and rows), len(rows) > PAGE_SIZE


def _export_url(tell: Teller, here: Here, moment: Moment, format: str, what: str = "") -> str:
    """Where the list that is shown, at the moment at which it is shown, is taken along."""
    params = {**here.params, **_FIRST_PAGE, **frozen(tell, here, moment)}
    return link(f"/cases/export{what}", {**params, "format": format})


def _cursor(row: CaseRow, sort: Sort) -> str:
    """Where a page starts: the sort value and the id of the row beside it."""
    value = getattr(row, sort.removeprefix("-"))
    told = value.isoformat() if isinstance(value, date) else value
    return base64.urlsafe_b64encode(json.dumps([told, row.case_id], ensure_ascii=False).encode()).decode().rstrip("=")


def _place(cursor: str, sort: Sort) -> tuple[Any, str]:
    try:
        value, case_id = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        if value is not None and sort.removeprefix("-") in {"opened_on", "due_on"}:
            value = date.fromisoformat(value)
    except (binascii.Error, ValueError, TypeError):
        raise Refused("page.unfinished-address") from None
    if not isinstance(value, (date, str, type(None))) or not isinstance(case_id, str) or "\0" in f"{value}{case_id}":
        raise Refused("page.unfinished-address")
    return value, case_id


def _deputy(places: list[Jurisdiction], asked: str | None) -> str | None:
    """The id of the one deputy of that name, else what was asked for."""
    ids = {deputy.id for place in places for deputy in place.all_deputies() if deputy.name == asked}
    return ids.pop() if len(ids) == 1 else asked


def unit_choices(tell: Teller, places: list[Jurisdiction], chosen: str | None) -> Iterator[tuple[str, list[Choice]]]:
    """The units of each place, of which one may be chosen."""
    for place in places:
        choices = [Choice(unit.code, getattr(unit, tell.lang), unit.code == chosen) for unit in place.all_units()]
        if choices:
            yield getattr(place, tell.lang), choices


def _row(tell: Teller, here: Here, row: CaseRow, moment: Moment) -> RowView:
    stage = CASE_TYPES[row.kind].Stage(row.stage)
    day = day_of(moment.as_of, tell.zone)
    others = [unit for unit in row.units if unit != row.unit]
    return RowView(
        case_id=row.case_id,
        url=link(case_path(row.case_id), here.moment),
        number=row.number,
        title=row.title,
        deputy=tell.person(row.person),
        unit=tell.unit(row.unit),
        others=tell.say("page.others", n=len(others)) if others else None,
        all_units=tell.say("page.comma").join(map(tell.unit, row.units)),
        stage=tell.word(stage),
        opened_on=_day(row.opened_on),
        due_on=_day(row.due_on),
        estimate=row.estimate,
        extended=row.extended,
        light=light_of(
            tell.say,
            day,
            row.due_on,
            row.answered_on,
            over=row.over,
            thing="light" if row.kind == "suggestion" else "clock",
        ),
        answered_on=_day(row.answered_on),
        rounds=row.rounds,
        grade=tell.say.label("page.grade", row.grade) if row.grade else "—",
    )


def _day(day: date | None) -> str:
    return "—" if day is None else day.isoformat()


def _number(tallies: Sequence[Tally], state: str | None) -> int:
    """How many cases there are in a state, or in all."""
    return sum(tally.of(state) for tally in tallies)


def _states(tell: Teller, here: Here, wanted: Filter, tallies: Sequence[Tally]) -> Iterator[Count]:
    for state, kind in _STATES:
        name = state or "all"
        number = _number(tallies, state)
        url = here(**_FIRST_PAGE, state=state)
        text = tell.say.of_kind(wanted.kind, "state", name, f"page.state.{name}")
        yield Count(text, number, url, wanted.state == state, kind)


def _stages(tell: Teller, here: Here, wanted: Filter, tallies: Mapping[str, Tally]) -> Iterator[Count]:
    for stage in _stages_of(wanted.kind):
        tally = tallies.get(stage.value)
        if tally is not None and (number := tally.of(wanted.state)):
            chosen = wanted.stage == stage.value
            url = here(**_FIRST_PAGE, stage=None if chosen else stage.value)
            yield Count(_stage(tell, stage, wanted.kind), number, url, chosen)


def _stages_of(kind: str | None) -> Iterator[StrEnum]:
    """The stages of a kind, or of all that the office handles, each name once."""
    case_types = [one for name, one in CASE_TYPES.items() if name == kind or (kind is None and not one.of_registry)]
    yield from dict.fromkeys(stage for case_type in case_types for stage in case_type.Stage)


def _stage(tell: Teller, stage: StrEnum, kind: str | None) -> str:
    """A stage as its kind calls it, or as most do."""
    return tell.say.label("stage", stage.value) if kind is None else tell.word(stage)


def _heading(tell: Teller, here: Here, name: str, query: ListQuery) -> Heading:
    sort = query.sort
    order = None
    if sort.removeprefix("-") == name:
        order = "descending" if sort.startswith("-") else "ascending"
    url = None
    if name in _SORTED:
        url = here(**_FIRST_PAGE, sort=f"-{name}" if order == "ascending" else name)
    text = tell.say.of_kind(query.kind, "column", name, f"page.column.{name}")
    return Heading(text, url, order, name == "rounds")
