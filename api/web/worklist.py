"""The work list for its template: what waits for the reader, counts that are links, choices, neighbouring pages."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from typing import Literal, get_args

from pydantic import BaseModel, ConfigDict

from api.services import Lists
from api.web import viewmodels
from api.web.listing import PAGE_SIZE, Choice, Count, unit_choices
from api.web.viewmodels import Here, Teller, case_path, frozen, light_of, link
from domain import policy
from domain.case import STEPS, Role
from domain.moment import Moment, day_of
from domain.principal import Principal
from domain.procedure import takers_of
from domain.refusal import Refused
from domain.values import Line
from projections.reading import Filter, Light, Work, WorkCounts, WorkKey, WorkRow

_SHAPES: dict[Light, Literal["overdue", "soon", "running", "none"]] = {
    "overdue": "overdue",
    "soon": "soon",
    "later": "running",
    "undated": "none",
}
_FILTERS = {"kind", "session", "unit", "text"}
_TYPED = {*_FILTERS, "step", "after", "before"} - {"kind"}
_FIRST_PAGE: dict[str, str | None] = {"after": None, "before": None}


class WorkQuery(BaseModel):
    """What the address of the work list asks for."""

    model_config = ConfigDict(frozen=True)

    kind: Line | None = None
    step: Line | None = None
    light: Light | None = None
    session: Line | None = None
    unit: Line | None = None
    text: Line | None = None
    after: str | None = None
    before: str | None = None


@dataclass(frozen=True)
class WorkView:
    """Something that waits for the reader."""

    case_id: str
    url: str
    number: str | None
    title: str
    step: str
    part: str | None
    do: str | None
    """Where the form of the step is; none when one looks at the past."""
    due_on: str
    light: viewmodels.Light
    since: str
    unit: str
    deputy: str


@dataclass(frozen=True)
class WorkList:
    """Everything that the work list shows at a moment."""

    wanted: Filter
    rows: list[WorkView]
    lights: list[Count]
    steps: list[Count]
    step_choices: list[Choice]
    units: list[tuple[str, list[Choice]]]
    kept: list[tuple[str, str]]
    filtered: bool
    clear: str
    previous: str | None
    next: str | None
    shown: str
    foot: str


def work_list(tell: Teller, here: Here, query: WorkQuery, lists: Lists, asker: Principal, moment: Moment) -> WorkList:
    """What waits for the reader at a moment, as the address asks for it."""
    if query.step is not None and query.step not in STEPS:
        raise Refused("unknown-step", step=query.step)
    wanted = Filter(jurisdiction=asker.jurisdiction, **query.model_dump(include=_FILTERS))
    day = day_of(moment.as_of, tell.zone)
    work = Work(policy.desk(asker), day, query.step, query.light)
    counts = lists.work_counts(work, wanted, moment)
    any_light = counts if work.light is None else lists.work_counts(replace(work, light=None), wanted, moment)
    any_step = counts if work.step is None else lists.work_counts(replace(work, step=None), wanted, moment)
    rows, before, after = _page(lists, work, wanted, moment, query)
    held = {**_FIRST_PAGE, **frozen(tell, here, moment)}
    steps = sorted({*any_step.by_step, *([query.step] if query.step else [])}, key=list(STEPS).index)
    return WorkList(
        wanted=wanted,
        rows=[_row(tell, here, row, asker, day) for row in rows],
        lights=list(_lights(tell, here, query, any_light)),
        steps=list(_steps(tell, here, query, any_step)),
        step_choices=[Choice(wire, tell.say.step(wire), wire == query.step) for wire in steps],
        units=list(unit_choices(tell, [tell.jurisdiction], wanted.unit)),
        kept=[(name, text) for name, text in here.params.items() if name not in _TYPED],
        filtered=any(value is not None for name, value in query if name not in _FIRST_PAGE),
        clear=link(here.path, here.moment),
        previous=here(**{**held, "before": _cursor(rows[0])}) if before else None,
        next=here(**{**held, "after": _cursor(rows[-1])}) if after else None,
        shown=tell.say("page.work.shown", total=counts.total, count=len(rows)),
        foot=tell.say("page.foot.list", position=moment.known, zone=tell.zone),
    )


def _page(
    lists: Lists, work: Work, wanted: Filter, moment: Moment, query: WorkQuery
) -> tuple[list[WorkRow], bool, bool]:
    """One page, and whether there are pages before and after. A page before is read backwards."""
    if query.before is not None:
        start = _place(query.before)
        rows = lists.work(work, wanted, moment, after=start, backwards=True, limit=PAGE_SIZE + 1)
        return rows[:PAGE_SIZE][::-1], len(rows) > PAGE_SIZE, bool(rows)
    place = None if query.after is None else _place(query.after)
    rows = lists.work(work, wanted, moment, after=place, limit=PAGE_SIZE + 1)
    return rows[:PAGE_SIZE], bool(query.after and rows), len(rows) > PAGE_SIZE


def _row(tell: Teller, here: Here, row: WorkRow, asker: Principal, day: date) -> WorkView:
    path, step = case_path(row.case_id), STEPS[row.step]
    declared = step.declared
    since = day_of(row.since, tell.zone)
    return WorkView(
        case_id=row.case_id,
        url=link(path, here.moment),
        number=row.number,
        title=row.title,
        step=tell.say.step(row.step),
        part=_place_of(tell, row, asker),
        do=None if here.moment or asker.role not in takers_of(step) else f"{path}?step={declared.name}#do",
        due_on="—" if row.due_on is None else row.due_on.isoformat(),
        light=light_of(tell.say, day, row.due_on, None),
        since=max(since, row.from_on or since).isoformat(),
        unit=tell.unit(row.unit),
        deputy=tell.person(row.person),
    )


def _place_of(tell: Teller, row: WorkRow, asker: Principal) -> str | None:
    """The unit of which it is awaited, if the reader is not that, and the part of the case that it is about."""
    role, _, unit = row.who.partition(":")
    whose = [unit] if role == Role.HANDLING_UNIT else []
    named = dict.fromkeys(key for key in (*whose, row.part) if key and key != asker.office)
    return " · ".join(tell.part(key) for key in named) or None


def _lights(tell: Teller, here: Here, query: WorkQuery, counts: WorkCounts) -> Iterator[Count]:
    yield Count(tell.say("page.work.all"), counts.total, here(**_FIRST_PAGE, light=None), query.light is None)
    for light in get_args(Light):
        url = here(**_FIRST_PAGE, light=light)
        number = getattr(counts, light)
        yield Count(tell.say(f"page.work.{light}"), number, url, query.light == light, _SHAPES[light])


def _steps(tell: Teller, here: Here, query: WorkQuery, counts: WorkCounts) -> Iterator[Count]:
    for wire in STEPS:
        if number := counts.by_step.get(wire):
            chosen = query.step == wire
            url = here(**_FIRST_PAGE, step=None if chosen else wire)
            yield Count(tell.say.step(wire), number, url, chosen)


def _cursor(row: WorkRow) -> str:
    """Where a page starts: the key of the row beside it."""
    due_on, *others = row.key
    said = [due_on and due_on.isoformat(), *others]
    return base64.urlsafe_b64encode(json.dumps(said, ensure_ascii=False).encode()).decode().rstrip("=")


def _place(cursor: str) -> WorkKey:
    try:
        due_on, number, case_id, place = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        found = (None if due_on is None else date.fromisoformat(due_on), number, str(case_id), int(place))
    except (binascii.Error, ValueError, TypeError):
        raise Refused("page.unfinished-address") from None
    if not isinstance(number, (str, type(None))) or "\0" in f"{number}{case_id}" or not 0 <= found[3] < 2**31:
        raise Refused("page.unfinished-address")
    return found
