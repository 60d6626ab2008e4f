"""The page of the clocks (督办时限): every deadline at a moment, how it stands, and how its date came about."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse
from pydantic import BaseModel, ConfigDict

from api.clocks import Clocks, Told
from api.services import services_of
from api.v1.finding import lists_of
from api.web.guard import reader_of
from api.web.listing import PAGE_SIZE, Choice, Count, unit_choices
from api.web.pages import PageRoute, look_of, query_of, render
from api.web.viewmodels import ClockView, Here, Teller, case_path, clock_name, clock_view, frozen, link
from domain import policy
from domain.case import CASE_TYPES
from domain.refusal import Refused
from domain.values import Code, Line
from projections.reading import ClockCounts, ClockFilter, ClockKey, ClockState

CLOCKS = "/clocks"
_STATES: tuple[tuple[ClockState | None, str], ...] = (
    (None, ""),
    ("running", "running"),
    ("overdue", "overdue"),
    ("soon", "soon"),
    ("met", "done"),
    ("missed", "late"),
    ("dropped", "none"),
)
"""Each with its shape."""
_FILTERS = ("state", "clock", "unit", "kind", "due_from", "due_to")
_TYPED = {*_FILTERS, "after", "before"} - {"state"}
_FIRST_PAGE: dict[str, str | None] = {"after": None, "before": None}

router = APIRouter(route_class=PageRoute, include_in_schema=False, default_response_class=HTMLResponse)


class ClocksQuery(BaseModel):
    """What the address of the page asks for."""

    model_config = ConfigDict(frozen=True)

    state: ClockState | None = None
    clock: Line | None = None
    unit: Code | None = None
    kind: Line | None = None
    due_from: date | None = None
    due_to: date | None = None
    after: str | None = None
    before: str | None = None


@dataclass(frozen=True)
class ClockRowView:
    """A clock in the list."""

    number: str | None
    title: str
    url: str
    unit: str
    started_on: str
    clock: ClockView


@dataclass(frozen=True)
class ClockList:
    """Everything that the page shows at a moment."""

    rows: list[ClockRowView]
    states: list[Count]
    clock_choices: list[Choice]
    kind_choices: list[Choice]
    units: list[tuple[str, list[Choice]]]
    due_from: str
    due_to: str
    kept: list[tuple[str, str]]
    filtered: bool
    clear: str
    previous: str | None
    next: str | None
    shown: str
    foot: str


@router.get(CLOCKS)
def show_clocks(request: Request) -> Response:
    """The clocks of the cases that the reader may read, at the moment of the address."""
    asker, services = reader_of(request), services_of(request)
    look, query = look_of(request, asker, of_lists=True), query_of(request, ClocksQuery)
    if query.kind is not None and query.kind not in CASE_TYPES:
        raise Refused("unknown-case-type", field="kind", kind=query.kind)
    found = Clocks(services, lists_of(services, asker), policy.scope(asker), look.tell.jurisdiction, look.moment)
    page = _listed(look.tell, look.here, query, found)
    book = look.tell.jurisdiction.book_on(found.day).ref
    return render(request, "clocks.html", bar=look.bar, page=page, query=query, rulebook=book)


def _listed(tell: Teller, here: Here, query: ClocksQuery, found: Clocks) -> ClockList:
    wanted = ClockFilter(tell.jurisdiction.code, **query.model_dump(include=set(_FILTERS)))
    told, before, after = _page(found, wanted, query)
    counts = found.counts(wanted)
    any_state = counts if query.state is None else found.counts(replace(wanted, state=None))
    any_clock = counts if query.clock is None else found.counts(replace(wanted, clock=None))
    held = {**_FIRST_PAGE, **frozen(tell, here, found.moment)}
    return ClockList(
        rows=[_row(tell, here, one, found) for one in told],
        states=list(_states(tell, here, query, any_state)),
        clock_choices=sorted(
            (
                Choice(clock, clock_name(tell, clock), clock == query.clock)
                for clock in {*any_clock.by_clock, *([query.clock] if query.clock else [])}
            ),
            key=lambda choice: choice.text,
        ),
        kind_choices=[
            Choice(kind, tell.kind(kind), kind == query.kind)
            for kind, case_type in CASE_TYPES.items()
            if not case_type.of_registry
        ],
        units=list(unit_choices(tell, [tell.jurisdiction], query.unit)),
        due_from="" if query.due_from is None else query.due_from.isoformat(),
        due_to="" if query.due_to is None else query.due_to.isoformat(),
        kept=[(name, text) for name, text in here.params.items() if name not in _TYPED],
        filtered=any(getattr(query, name) is not None for name in _FILTERS),
        clear=link(here.path, here.moment),
        previous=here(**{**held, "before": _cursor(told[0])}) if before else None,
        next=here(**{**held, "after": _cursor(told[-1])}) if after else None,
        shown=tell.say("clocks.shown", total=counts.total, count=len(told)),
        foot=tell.say("page.foot.list", position=found.moment.known, zone=tell.zone),
    )


def _page(found: Clocks, wanted: ClockFilter, query: ClocksQuery) -> tuple[list[Told], bool, bool]:
    """One page, and whether there are pages before and after. A page before is read backwards."""
    if query.before is not None:
        told = found.page(wanted, after=_place(query.before), backwards=True, limit=PAGE_SIZE + 1)
        return told[:PAGE_SIZE][::-1], len(told) > PAGE_SIZE, bool(told)
    place = None if query.after is None else _place(query.after)
    told = found.page(wanted, after=place, limit=PAGE_SIZE + 1)
    return told[:PAGE_SIZE], bool(query.after and told), len(told) > PAGE_SIZE


def _row(tell: Teller, here: Here, told: Told, found: Clocks) -> ClockRowView:
    row = told.row
    return ClockRowView(
        number=row.number,
        title=row.title,
        url=f"{link(case_path(row.case_id), here.moment)}#clocks",
        unit=tell.unit(row.unit),
        started_on=row.started_on.isoformat(),
        clock=clock_view(tell, told.running, found.day),
    )


def _states(tell: Teller, here: Here, query: ClocksQuery, counts: ClockCounts) -> Iterator[Count]:
    for state, shape in _STATES:
        number = counts.total if state is None else getattr(counts, state)
        url = here(**_FIRST_PAGE, state=state)
        yield Count(tell.say(f"clocks.state.{state or 'all'}"), number, url, query.state == state, shape)


def _cursor(told: Told) -> str:
    """Where a page starts: the key of the row beside it."""
    due_on, *others = told.row.key
    said = json.dumps([due_on.isoformat(), *others], ensure_ascii=False)
    return base64.urlsafe_b64encode(said.encode()).decode().rstrip("=")


def _place(cursor: str) -> ClockKey:
    try:
        due_on, case_id, clock, part, nth = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        found = (date.fromisoformat(due_on), str(case_id), str(clock), str(part), int(nth))
    except (binascii.Error, ValueError, TypeError):
        raise Refused("page.unfinished-address") from None
    if "\0" in f"{case_id}{clock}{part}" or not 0 <= found[4] < 2**31:
        raise Refused("page.unfinished-address")
    return found
