"""The chronicle of a month (大事记), as JSON."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import Query, Request, Response
from pydantic import BaseModel, Field

from api.chronicle import Month, chronicle_of, month_of
from api.looking import as_known, require_whole
from api.moment import Asked, Meta, MomentQuery
from api.principal import Asker
from api.problems import documented, words_for
from api.services import services_of
from api.v1.finding import answer, lists_of, zone_of
from api.v1.operations import operations
from api.v1.reading import MOMENT_HEADERS
from domain.moment import day_of

router = operations(401, 403, 500, 503, tag="compliance")


class ChronicleQuery(MomentQuery):
    """Which month, at which moment."""

    month: Month | None = Field(None, description="By default the month of the moment")


class ChronicleEntryAnswer(BaseModel):
    """Something that happened on a day."""

    on: date
    case_id: str
    kind: str
    title: str
    version: int
    type: str = Field(description="Stored name of the step")
    detail: str | None = None
    meeting: str | None = Field(None, description="The meeting at which it happened, by its case")
    href: str


class ChronicleAnswer(BaseModel):
    """What happened in a month, day by day."""

    meta: Meta
    month: str
    entries: list[ChronicleEntryAnswer]


@router.get(
    "/chronicle",
    operation_id="read_chronicle",
    summary="大事记 · What the standing committee did in a month",
    response_model=ChronicleAnswer,
    responses=documented(422) | {200: {"headers": MOMENT_HEADERS}},
)
def read_chronicle(request: Request, asker: Asker, query: Annotated[ChronicleQuery, Query()]) -> Response:
    """The recorded steps of a month by which matters were opened or went on, its meetings, activities and reports.

    For those from whom nothing of the jurisdiction is kept: the congress's organs and offices, and auditors.
    """
    require_whole(asker)
    services = services_of(request)
    zone = zone_of(services, asker)
    asked = Asked(query, zone, words_for(request))
    moment = asked.of_lists(services)
    month = query.month or month_of(day_of(moment.as_of, zone))
    jurisdiction = as_known(services, asker.jurisdiction, moment)
    found = chronicle_of(services, lists_of(services, asker), jurisdiction, moment, month)
    entries = [
        ChronicleEntryAnswer(
            on=one.on,
            case_id=one.case_id,
            kind=one.kind,
            title=one.title,
            version=one.version,
            type=one.wire,
            detail=one.detail,
            meeting=one.meeting,
            href=f"/api/v1/cases/{one.case_id}/steps",
        )
        for one in found
    ]
    meta = asked.meta(moment)
    return answer(ChronicleAnswer(meta=meta, month=month, entries=entries), meta.headers)
