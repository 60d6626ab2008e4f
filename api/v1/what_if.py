"""What if: figures under other rules, as a simulation. A question with a body: nothing is recorded."""

from __future__ import annotations

from typing import Any, Literal

from fastapi import Request, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, Field

from api.exporting import exported_what_if, known_at
from api.looking import as_known, require_whole
from api.moment import Asked, Meta
from api.principal import Asker
from api.problems import words_for
from api.services import Services, services_of
from api.v1.body import Body, parse
from api.v1.figures import FigureAnswer, WantedQuery, figure_answer
from api.v1.finding import answer, lists_of, zone_of
from api.v1.operations import operations
from api.v1.reading import EXPORTED, handed_out
from api.v1.recording import body_of, ref, validated
from api.web.viewmodels import Teller
from api.what_if import Beside, Differing, Simulation, simulate
from domain.moment import day_of
from domain.principal import Principal
from projections.asked import By
from projections.sheet import Format
from projections.supposition import Supposition

router = operations(400, 401, 403, 404, 413, 415, 422, 500, 503, tag="figures")


class WhatIfGiven(WantedQuery):
    """Which metrics, of what, at which moment, and what is supposed to be otherwise."""

    metrics: list[str] = Field([], max_length=100, description="Ids of metrics; by default all of them")
    by: By | None = Field(None, description="A dimension for whose values each metric is also told")
    suppose: Supposition = Supposition()


class WhatIfExportGiven(WhatIfGiven):
    """The same as a file."""

    format: Format = "xlsx"


class BesideAnswer(BaseModel):
    """A figure as it is, and as it would be."""

    real: FigureAnswer
    simulated: FigureAnswer


class PartBesideAnswer(BesideAnswer):
    """The figure of one value of the dimension."""

    key: str | None


class ToldBesideAnswer(BesideAnswer):
    """A metric in whole, and by the dimension."""

    metric: str
    version: int
    target: float | None
    simulated_target: float | None
    by: list[PartBesideAnswer]


class DifferingAnswer(BaseModel):
    """Something that would count otherwise."""

    case_id: str
    subject: str
    part: str
    number: str | None
    title: str
    real: dict[str, int] = Field(description="What it adds to the measures that differ; what is left out is nothing")
    simulated: dict[str, int]
    href: str


class WhatIfAnswer(BaseModel):
    """Figures under other rules, beside those that are so. A simulation: it says nothing of what is or was."""

    simulation: Literal[True] = True
    note: str = Field(description="That it is a simulation, in the reader's language")
    meta: Meta
    rulebook: str = Field(description="The rulebook in force, which the real figures stand on")
    calendar: str
    suppose: Supposition = Field(description="What is supposed to be otherwise")
    cases: int = Field(description="How many cases were folded")
    figures: list[ToldBesideAnswer]
    differ: int = Field(description="How much would count otherwise")
    differing: list[DifferingAnswer] = Field(description="What would count otherwise; 100 at most")
    unread_letters: dict[str, int] = Field(
        description="Letters that the supposed scheme does not have, and how often they were written"
    )


@router.post(
    "/figures/what-if",
    operation_id="simulate_figures",
    summary="假设推演 · Figures under other rules",
    response_model=WhatIfAnswer,
    openapi_extra={"requestBody": body_of(ref(WhatIfGiven))},
)
def what_if(request: Request, asker: Asker, body: Body) -> Response:
    """The same histories under another rulebook, limit, letter scheme or target; nothing is recorded. 2,000 cases."""
    services, tell = services_of(request), words_for(request)
    given = validated(WhatIfGiven, parse(body), tell)
    asked, found = _simulated(services, request, asker, given)
    meta = asked.meta(found.moment)
    place = as_known(services, asker.jurisdiction, found.moment)
    told = WhatIfAnswer(
        note=tell("what_if.simulation"),
        meta=meta,
        rulebook=place.book_on(day_of(found.moment.as_of, place.time_zone)).ref,
        calendar=place.working_calendar.ref,
        **what_if_answer(found),
    )
    return answer(told, meta.headers)


@router.post(
    "/figures/what-if/export",
    tags=["export"],
    operation_id="export_simulated_figures",
    summary="导出假设推演 · Figures under other rules as a file",
    response_class=StreamingResponse,
    responses=EXPORTED,
    openapi_extra={"requestBody": body_of(ref(WhatIfExportGiven))},
)
def export_what_if(request: Request, asker: Asker, body: Body) -> Response:
    """The same as a file, whose cover says that it is a simulation and what is supposed."""
    services, say = services_of(request), words_for(request)
    given = validated(WhatIfExportGiven, parse(body), say)
    asked, found = _simulated(services, request, asker, given)
    place = as_known(services, asker.jurisdiction, found.moment)
    tell = Teller(say, place, as_of=found.moment.as_of)
    exported = exported_what_if(tell, found, given.wanted(), given.by, known_at(services, asked), given.format)
    return handed_out(services, exported, given.format, asked.meta(found.moment))


def _simulated(services: Services, request: Request, asker: Principal, given: WhatIfGiven) -> tuple[Asked, Simulation]:
    require_whole(asker)
    asked = Asked(given, zone_of(services, asker), words_for(request))
    moment = asked.of_lists(services)
    lists = lists_of(services, asker)
    found = simulate(
        services, lists, asker.jurisdiction, moment, given.wanted(), given.metrics, given.by, given.suppose
    )
    return asked, found


def what_if_answer(found: Simulation) -> dict[str, Any]:
    """A simulation as the API tells of it."""
    return {
        "suppose": found.supposition,
        "cases": found.cases,
        "figures": [
            ToldBesideAnswer(
                metric=one.metric.id,
                version=one.metric.version,
                target=one.target,
                simulated_target=one.simulated_target,
                by=[PartBesideAnswer(key=key, **_beside(part)) for key, part in one.parts],
                **_beside(one.figure),
            )
            for one in found.told
        ],
        "differ": found.differ,
        "differing": [_differing(one) for one in found.differing],
        "unread_letters": found.unread,
    }


def _beside(one: Beside) -> dict[str, FigureAnswer]:
    return {
        "real": FigureAnswer(**figure_answer(one.real)),
        "simulated": FigureAnswer(**figure_answer(one.simulated)),
    }


def _differing(one: Differing) -> DifferingAnswer:
    facts = one.case.facts()
    return DifferingAnswer(
        case_id=one.case.id,
        subject=one.subject,
        part=one.part,
        number=facts.number,
        title=facts.title,
        real=one.was,
        simulated=one.would_be,
        href=f"/api/v1/cases/{one.case.id}",
    )
