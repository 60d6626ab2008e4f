"""Figures that documents stated, counted again to the digit, and what has become known since."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from fastapi import Path, Query, Request, Response
from pydantic import BaseModel, Field

from api.looking import as_known
from api.moment import Asked, Meta, MomentQuery
from api.principal import Asker
from api.problems import documented, words_for
from api.published import Publications, Recounted, stated_figure
from api.services import services_of
from api.v1.figures import ChangeAnswer, FigureAnswer, change_answer, figure_answer
from api.v1.finding import answer, case_file_of, lists_of, zone_of
from api.v1.operations import operations
from api.v1.reading import MOMENT_HEADERS
from domain import policy
from domain.cases.published_figures import PublishedFigures
from domain.figure import FigureBasis, StatedFigure
from domain.moment import day_of
from domain.principal import Principal

router = operations(401, 403, 500, 503, tag="figures")

_ANSWERED = documented(422) | {200: {"headers": MOMENT_HEADERS}}
_NAMED = documented(404, 422) | {200: {"headers": MOMENT_HEADERS}}

Number = Annotated[int, Path(ge=1, le=1_000, description="Which of the document's figures, from 1", examples=[1])]


class StatedAnswer(FigureAnswer):
    """A figure that a document stated: of what, and by which version of the definition."""

    number: int = Field(description="Its place in the document, from 1")
    metric: str
    version: int
    of: dict[str, Any] = Field(description="What the filter says; empty for all that is counted")


class PublicationAnswer(BaseModel):
    """A document with the figures that it stated, as they were counted when it was recorded."""

    case_id: str
    title: str
    document_number: str | None
    published_on: date | None
    published_by: str | None
    as_of: date | None = Field(description="The day of which the figures are, to its end")
    position: int = Field(description="Up to which position of the ledger they were counted")
    basis: FigureBasis | None = Field(description="Rules in force, and the checkpoint that covers the position")
    withdrawn_on: date | None
    withdrawn_why: str | None
    figures: list[StatedAnswer]
    href: str


class PublicationsAnswer(BaseModel):
    """What was published, the newest first."""

    meta: Meta
    rulebook: str
    calendar: str
    publications: list[PublicationAnswer]


class RecountedAnswer(BaseModel):
    """A stated figure, and the same counted again."""

    stated: StatedAnswer
    recounted: FigureAnswer = Field(description="The same moment counted again, by the same definition")
    reproduced: bool = Field(description="Whether it came out to the digit")
    newer_version: int | None = Field(description="Version of the definition in use now, where that is a newer one")
    now: FigureAnswer | None = Field(
        description="The same day as it is known now; null for somebody who does not read every case"
    )
    changed: bool | None = Field(description="Whether something has become known since that makes it another one")


class RecountedPublicationAnswer(BaseModel):
    """A document, with each of its figures counted again."""

    meta: Meta
    publication: PublicationAnswer
    figures: list[RecountedAnswer]


class SinceAnswer(BaseModel):
    """What has become known since a figure was published."""

    meta: Meta
    publication: PublicationAnswer
    figure: RecountedAnswer
    complete: bool = Field(description="Whether the changes below make up the whole difference; 200 are told at most")
    changes: list[ChangeAnswer]


@router.get(
    "/published-figures",
    operation_id="list_published_figures",
    summary="公布数据 · What documents stated",
    response_model=PublicationsAnswer,
    responses=_ANSWERED,
)
def list_published(request: Request, asker: Asker, query: Annotated[MomentQuery, Query()]) -> Response:
    """Every document with its figures, as it stood at a moment and was known then."""
    found, meta = _publications(request, asker, query)
    place = as_known(services_of(request), asker.jurisdiction, found.moment)
    body = PublicationsAnswer(
        meta=meta,
        rulebook=place.book_on(day_of(found.moment.as_of, place.time_zone)).ref,
        calendar=place.working_calendar.ref,
        publications=[publication_answer(case) for case in found.all()],
    )
    return answer(body, meta.headers)


@router.get(
    "/published-figures/{case_id}",
    operation_id="recount_published_figures",
    summary="公布数据复算 · A document's figures counted again",
    response_model=RecountedPublicationAnswer,
    responses=_NAMED,
)
def recount_published(case_id: str, request: Request, asker: Asker, query: Annotated[MomentQuery, Query()]) -> Response:
    """Each figure as stated, counted again from the same position by the same definition, and as it is known now."""
    found, meta = _publications(request, asker, query)
    case = found.one(case_file_of(services_of(request), asker, case_id))
    body = RecountedPublicationAnswer(
        meta=meta,
        publication=publication_answer(case),
        figures=[recounted_answer(one) for one in found.recounted(case)],
    )
    return answer(body, meta.headers)


@router.get(
    "/published-figures/{case_id}/{number}/change",
    operation_id="explain_published_figure",
    summary="公布后变化 · What became known since a figure was published",
    response_model=SinceAnswer,
    responses=_NAMED,
)
def explain_published(
    case_id: str, number: Number, request: Request, asker: Asker, query: Annotated[MomentQuery, Query()]
) -> Response:
    """Which cases make it another figure of the same day now, through which steps; for who reads every case."""
    found, meta = _publications(request, asker, query)
    case = found.one(case_file_of(services_of(request), asker, case_id))
    since = found.since(case, number)
    body = SinceAnswer(
        meta=meta,
        publication=publication_answer(case),
        figure=recounted_answer(since.figure),
        complete=since.complete,
        changes=[change_answer(change) for change in since.changes],
    )
    return answer(body, meta.headers)


def _publications(request: Request, asker: Principal, query: MomentQuery) -> tuple[Publications, Meta]:
    services = services_of(request)
    asked = Asked(query, zone_of(services, asker), words_for(request))
    moment = asked.of_lists(services)
    whole = policy.reads_all(asker)
    found = Publications(services, lists_of(services, asker), asker.jurisdiction, moment, whole=whole)
    return found, asked.meta(moment)


def publication_answer(case: PublishedFigures) -> PublicationAnswer:
    """A document as the API tells of it."""
    return PublicationAnswer(
        case_id=case.id,
        title=case.title,
        document_number=case.document_number,
        published_on=case.published_on,
        published_by=case.published_by,
        as_of=case.as_of,
        position=case.position,
        basis=case.basis,
        withdrawn_on=case.withdrawn_on,
        withdrawn_why=case.withdrawn_why,
        figures=[_stated(number, figure) for number, figure in enumerate(case.figures, 1)],
        href=f"/api/v1/cases/{case.id}",
    )


def recounted_answer(one: Recounted) -> RecountedAnswer:
    """A recounted figure as the API tells of it."""
    return RecountedAnswer(
        stated=_stated(one.number, one.stated),
        recounted=FigureAnswer(**figure_answer(one.again)),
        reproduced=one.reproduced,
        newer_version=one.newer.version if one.newer else None,
        now=None if one.now is None else FigureAnswer(**figure_answer(one.now)),
        changed=one.changed,
    )


def _stated(number: int, figure: StatedFigure) -> StatedAnswer:
    return StatedAnswer(
        number=number,
        metric=figure.metric,
        version=figure.version or 1,
        of=figure.filter,
        **figure_answer(stated_figure(figure)),
    )
