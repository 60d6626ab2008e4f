"""The page of a month's chronicle (大事记), to read and to print."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby
from operator import attrgetter

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

MOST_UNFOLDED = 5
"""More lines of one kind, or more steps of one case, are folded."""

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
    steps: list[str]
    fold: bool
    """Whether the steps are so many that they are folded."""


@dataclass(frozen=True)
class Lines:
    """Cases of one kind: as many as are folded, if they are."""

    kind: str
    lines: list[Line]
    fold: bool


@dataclass(frozen=True)
class Together:
    """What happened at one meeting, under it; or what happened beside meetings."""

    meeting: Line | None
    kinds: list[Lines]


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


def _days(tell: Teller, entries: Sequence[Entry], moment: dict[str, str]) -> Iterator[tuple[str, list[Together]]]:
    """Each day with its meetings, and with a line for each case that something happened in."""
    for day, of_day in groupby(entries, key=attrgetter("on")):
        groups = [
            _together(tell, meeting, list(of_meeting), moment)
            for meeting, of_meeting in groupby(of_day, key=attrgetter("meeting"))
        ]
        yield day.isoformat(), groups


def _together(tell: Teller, meeting: str | None, entries: Sequence[Entry], moment: dict[str, str]) -> Together:
    own = [one for one in entries if one.case_id == meeting]
    others = [one for one in entries if one.case_id != meeting]
    kinds = []
    for kind, of_kind in groupby(others, key=attrgetter("kind")):
        lines = [_line(tell, list(told), moment) for _, told in groupby(of_kind, key=attrgetter("case_id"))]
        kinds.append(Lines(tell.kind(kind), lines, len(lines) > MOST_UNFOLDED))
    return Together(_line(tell, own, moment) if own else None, kinds)


def _line(tell: Teller, told: Sequence[Entry], moment: dict[str, str]) -> Line:
    return Line(
        kind=tell.kind(told[0].kind),
        title=told[0].title,
        url=f"{link(case_path(told[0].case_id), dict(moment))}#step-{told[0].version}",
        steps=[_step(tell, one) for one in told],
        fold=len(told) > MOST_UNFOLDED,
    )


def _step(tell: Teller, one: Entry) -> str:
    name = tell.step(STEPS[one.wire])
    return name if one.detail is None else tell.say("page.pair", label=name, value=one.detail)
