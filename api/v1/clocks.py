"""Clocks: every deadline that runs or has ended, at a moment of both clocks, with how its date came about."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import Query, Request, Response
from pydantic import BaseModel, Field

from api.clocks import Clocks, Told
from api.looking import as_known
from api.moment import Asked, Meta, MomentQuery, written
from api.principal import Asker
from api.problems import documented, words_for
from api.services import services_of
from api.v1 import cursor
from api.v1.answers import ClockAnswer, clock_answer
from api.v1.finding import answer, lists_of, zone_of
from api.v1.operations import operations
from api.v1.reading import MOMENT_HEADERS, Kind, refuse_beside_cursor
from domain import policy
from domain.principal import Principal
from domain.values import Code, Line
from projections import clocks
from projections.reading import ClockCounts, ClockFilter, ClockState

router = operations(401, 403, 500, 503, tag="cases")


class ClocksQuery(MomentQuery):
    """A page of clocks; with a cursor, all but the page's size is frozen in it."""

    state: ClockState | None = Field(
        None,
        description="`overdue` and `soon` (within seven days) are parts of `running`; `missed` ended after its due "
        "date, `dropped` is not awaited any more",
    )
    clock: Line | None = Field(None, description="Id of the rule", examples=["suggestion.reply"])
    unit: Code | None = Field(None, description="Whose part of the case it is about, else who leads the case")
    kind: Kind | None = None
    due_from: date | None = Field(None, description="Due no earlier")
    due_to: date | None = Field(None, description="Due no later")
    limit: int = Field(50, ge=1, le=200)
    cursor: str | None = Field(None, max_length=8_000, description="Where the page before ended; excludes all else")

    def wanted(self, asker: Principal) -> ClockFilter:
        """The filter, within the asker's jurisdiction."""
        names = {"state", "clock", "unit", "kind", "due_from", "due_to"}
        return ClockFilter(asker.jurisdiction, **self.model_dump(include=names))


class ListedClockAnswer(BaseModel):
    """A clock and its case."""

    case_id: str
    kind: str
    number: str | None
    title: str
    unit: str | None
    state: ClockState
    clock: ClockAnswer
    href: str


class ClocksAnswer(BaseModel):
    """A page of clocks at a moment, and the versions of what they stand on."""

    meta: Meta
    definition: int = Field(description="Version of what is told as running, met, missed and dropped")
    rulebook: str = Field(description="In force at the moment; each clock names the one that it was counted by")
    calendar: str
    counts: ClockCounts
    clocks: list[ListedClockAnswer]
    next: str | None = Field(None, description="Cursor of the next page; also in the header `Link`")


@router.get(
    "/clocks",
    operation_id="list_clocks",
    summary="办理时限 · Deadlines at a moment",
    response_model=ClocksAnswer,
    responses=documented(422)
    | {200: {"headers": MOMENT_HEADERS | {"Link": {"description": "Next page", "schema": {"type": "string"}}}}},
)
def list_clocks(request: Request, asker: Asker, query: Annotated[ClocksQuery, Query()]) -> Response:
    """Every clock that runs or has ended, nearest due date first, with the rule, its source, and the days that counted.

    Being overdue is a fact about the moment: it is never stored.
    """
    services, tell = services_of(request), words_for(request)
    zone = zone_of(services, asker)
    if query.cursor is None:
        asked = Asked(query, zone, tell)
        moment, wanted, after = asked.of_lists(services), query.wanted(asker), None
        meta = asked.meta(moment)
    else:
        refuse_beside_cursor(query, tell)
        page = cursor.clocks_page(query.cursor, services.secret, tell, asker.jurisdiction)
        moment, wanted, after = page.moment, page.wanted, page.after
        meta = Meta(as_of=written(moment.as_of, zone), known_at=None, position=moment.known)
    jurisdiction = as_known(services, asker.jurisdiction, moment)
    found = Clocks(services, lists_of(services, asker), policy.scope(asker), jurisdiction, moment)
    told = found.page(wanted, after=after, limit=query.limit + 1)
    headers, following = meta.headers, None
    if len(told) > query.limit:
        told = told[: query.limit]
        following = cursor.ClocksPage(wanted, moment, told[-1].row.key).sealed(services.secret)
        headers["Link"] = f'</api/v1/clocks?cursor={following}&limit={query.limit}>; rel="next"'
    body = ClocksAnswer(
        meta=meta,
        definition=clocks.Clocks.version,
        rulebook=jurisdiction.book_on(found.day).ref,
        calendar=jurisdiction.working_calendar.ref,
        counts=found.counts(wanted),
        clocks=[listed_clock(one, found, zone) for one in told],
        next=following,
    )
    return answer(body, headers)


def listed_clock(told: Told, found: Clocks, zone: str) -> ListedClockAnswer:
    """A clock as the API tells of it."""
    row = told.row
    return ListedClockAnswer(
        case_id=row.case_id,
        kind=row.kind,
        number=row.number,
        title=row.title,
        unit=row.unit,
        state=row.state,
        clock=clock_answer(told.running, found.moment.as_of, zone),
        href=f"/api/v1/cases/{row.case_id}",
    )
