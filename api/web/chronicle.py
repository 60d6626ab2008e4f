"""The page of a month's chronicle (大事记), to read and to print."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse
from pydantic import BaseModel

from api.chronicle import Month, chronicle_of, days_of, month_of
from api.looking import require_whole
from api.services import services_of
from api.v1.finding import lists_of
from api.web.guard import reader_of
from api.web.pages import PageRoute, look_of, query_of, render
from api.web.viewmodels import Teller, Turn, case_path, link
from domain.case import STEPS
from domain.moment import day_of
from projections.chronicle import Entry

router = APIRouter(route_class=PageRoute, include_in_schema=False, default_response_class=HTMLResponse)


class ChronicleQuery(BaseModel):
    """Which month; by default that of the moment."""

    month: Month | None = None


@dataclass(frozen=True)
class Line:
    """What happened in a case on a day, in words."""

    kind: str
    title: str
    url: str
    steps: str


@router.get("/chronicle")
def show_chronicle(request: Request) -> Response:
    """A month at the moment of the address."""
    asker, services = reader_of(request), services_of(request)
    require_whole(asker)
    look = look_of(request, asker, of_lists=True)
    tell = look.tell
    month = query_of(request, ChronicleQuery).month or month_of(day_of(look.moment.as_of, tell.zone))
    entries = chronicle_of(services, lists_of(services, asker), tell.jurisdiction, look.moment, month)
    first, last = days_of(month)
    beside = [first - timedelta(days=1)] if first > date(1949, 1, 31) else []
    if last < date(9998, 12, 1):
        beside.append(last + timedelta(days=1))
    return render(
        request,
        "chronicle.html",
        bar=look.bar,
        month=month,
        turns=[Turn(month_of(day), look.here(month=month_of(day))) for day in beside],
        days=list(_days(tell, entries, look.here.moment)),
    )


def _days(tell: Teller, entries: Sequence[Entry], moment: dict[str, str]) -> Iterator[tuple[str, list[Line]]]:
    """Each day with a line for each case that something happened in."""
    for day, of_day in groupby(entries, key=lambda one: one.on):
        lines = []
        for case_id, of_case in groupby(of_day, key=lambda one: one.case_id):
            told = list(of_case)
            lines.append(
                Line(
                    kind=tell.kind(told[0].kind),
                    title=told[0].title,
                    url=f"{link(case_path(case_id), dict(moment))}#step-{told[0].version}",
                    steps=tell.say("page.semicolon").join(_step(tell, one) for one in told),
                )
            )
        yield day.isoformat(), lines


def _step(tell: Teller, one: Entry) -> str:
    name = tell.step(STEPS[one.wire])
    return name if one.detail is None else tell.say("page.pair", label=name, value=one.detail)
