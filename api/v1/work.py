"""Work: what waits for whoever asks, at a moment, by nearest deadline."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query, Request, Response
from pydantic import Field

from api.moment import Asked, Meta, MomentQuery, written
from api.principal import Asker
from api.problems import documented, words_for
from api.services import services_of
from api.v1 import answers, cursor
from api.v1.finding import answer, lists_of, zone_of
from api.v1.operations import operations
from api.v1.reading import MOMENT_HEADERS, Kind, StepName, refuse_beside_cursor
from domain import policy
from domain.moment import day_of
from domain.principal import Principal
from domain.values import Code, Line
from projections.reading import Filter, Light, Work

router = operations(401, 403, 500, 503, tag="cases")


class WorkQuery(MomentQuery):
    """A page of a work list; with a cursor, all but the page's size is frozen in it."""

    kind: Kind | None = None
    step: StepName | None = Field(
        None, description="Stored name of the step that is awaited", examples=["suggestion.reply_issued.v1"]
    )
    light: Light | None = Field(None, description="How near the due date is: `soon` is within seven days")
    unit: Code | None = Field(None, description="A unit that takes part", examples=["jtj"])
    session: Line | None = None
    text: Line | None = Field(None, description="A part of the title or of the number")
    limit: int = Field(50, ge=1, le=200)
    cursor: str | None = Field(None, description="Where the page before ended; excludes filters and moment")

    def wanted(self, asker: Principal) -> Filter:
        """The filter, within the asker's jurisdiction."""
        return Filter(
            kind=self.kind, jurisdiction=asker.jurisdiction, unit=self.unit, session=self.session, text=self.text
        )


@router.get(
    "/work",
    operation_id="list_work",
    summary="待办 · What waits for the token's holder",
    response_model=answers.WorkAnswer,
    responses=documented(422)
    | {200: {"headers": MOMENT_HEADERS | {"Link": {"description": "Next page", "schema": {"type": "string"}}}}},
)
def list_work(request: Request, asker: Asker, query: Annotated[WorkQuery, Query()]) -> Response:
    """What is awaited of the token's unit, deputy or office, nearest due date first, without a date last.

    A step stands here only where the holder may take it as the case stands; one that is awaited later comes on its day.
    """
    services, tell = services_of(request), words_for(request)
    zone = zone_of(services, asker)
    if query.cursor is None:
        asked = Asked(query, zone, tell)
        moment = asked.of_lists(services)
        wanted, step, light, after = query.wanted(asker), query.step, query.light, None
        meta = asked.meta(moment)
    else:
        refuse_beside_cursor(query, tell)
        page = cursor.work_page(query.cursor, services.secret, tell, asker.jurisdiction)
        wanted, moment, step, light, after = page.wanted, page.moment, page.step, page.light, page.after
        meta = Meta(as_of=written(moment.as_of, zone), known_at=None, position=moment.known)
    work = Work(policy.desk(asker), day_of(moment.as_of, zone), step, light)
    lists = lists_of(services, asker)
    rows = lists.work(work, wanted, moment, after=after, limit=query.limit + 1)
    headers, following = meta.headers, None
    if len(rows) > query.limit:
        rows = rows[: query.limit]
        following = cursor.WorkPage(wanted, moment, step, light, rows[-1].key).sealed(services.secret)
        headers["Link"] = f'</api/v1/work?cursor={following}&limit={query.limit}>; rel="next"'
    counts = lists.work_counts(work, wanted, moment)
    return answer({"meta": meta, "counts": counts, "work": rows, "next": following}, headers)
