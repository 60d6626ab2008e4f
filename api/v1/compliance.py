"""The board of the articles (对照检查), as JSON."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from fastapi import Query, Request, Response
from pydantic import BaseModel, Field

from api.compliance import board_of
from api.looking import as_known, require_whole
from api.moment import Asked, Meta, MomentQuery
from api.principal import Asker
from api.problems import documented, words_for
from api.services import services_of
from api.v1.finding import answer, lists_of, zone_of
from api.v1.operations import operations
from api.v1.reading import MOMENT_HEADERS
from projections.compliance import ArticleState, DutyState, Proof, Status

router = operations(401, 403, 500, 503, tag="compliance")


class ComplianceQuery(MomentQuery):
    """The board of which year, at which moment."""

    year: int | None = Field(None, ge=1949, le=9998, description="By default the year of the moment")


class ProofAnswer(BaseModel):
    """A recorded step that proves something."""

    case_id: str
    kind: str
    title: str
    version: int
    type: str = Field(description="Stored name of the step")
    occurred_on: date
    finding: str | None = Field(None, description="Message id of what disagrees in it")
    params: dict[str, Any] = {}
    href: str


class DutyAnswer(BaseModel):
    """How one duty of an article stands."""

    form: str
    zh: str
    en: str
    status: Status
    asked: int | None
    reached: int
    base: int | None = Field(None, description="Of how many a share is")
    unknown: int = Field(0, description="Of how many nobody has stated what is asked: counted neither way")
    due_on: date | None
    proofs: list[ProofAnswer]
    breaches: list[ProofAnswer]
    awaited: list[ProofAnswer]


class ArticleAnswer(BaseModel):
    """How one article stands in the year."""

    id: str
    set: str
    number: int
    zh: str
    en: str
    status: Status
    confidence: str
    sources: list[str]
    duties: list[DutyAnswer]


class ComplianceAnswer(BaseModel):
    """The board of a year."""

    meta: Meta
    year: int
    rulebook: str
    articles: list[ArticleAnswer]


@router.get(
    "/compliance",
    operation_id="read_compliance",
    summary="对照检查 · Which articles are met, and what proves it",
    response_model=ComplianceAnswer,
    responses=documented(422) | {200: {"headers": MOMENT_HEADERS}},
)
def read_compliance(request: Request, asker: Asker, query: Annotated[ComplianceQuery, Query()]) -> Response:
    """Each article of the jurisdiction's set as it stood for a year, with the steps that prove it.

    For those from whom nothing of the jurisdiction is kept: the congress's organs and offices, and auditors.
    """
    require_whole(asker)
    services = services_of(request)
    asked = Asked(query, zone_of(services, asker), words_for(request))
    moment = asked.of_lists(services)
    jurisdiction = as_known(services, asker.jurisdiction, moment)
    board = board_of(services, lists_of(services, asker), jurisdiction, moment, query.year)
    meta = asked.meta(moment)
    articles = [article_answer(state) for state in board.articles]
    return answer(
        ComplianceAnswer(meta=meta, year=board.year, rulebook=board.rulebook, articles=articles), meta.headers
    )


def article_answer(state: ArticleState) -> ArticleAnswer:
    """An article as the API tells of it."""
    article = state.article
    return ArticleAnswer(
        id=article.id,
        set=article.set,
        number=article.number,
        zh=article.zh,
        en=article.en,
        status=state.status,
        confidence=article.confidence,
        sources=[source.text for source in article.sources],
        duties=[_duty(duty) for duty in state.duties],
    )


def _duty(state: DutyState) -> DutyAnswer:
    return DutyAnswer(
        form=state.duty.form,
        zh=state.duty.zh,
        en=state.duty.en,
        status=state.status,
        asked=state.asked,
        reached=state.reached,
        base=state.base,
        unknown=state.unknown,
        due_on=state.due_on,
        proofs=[_proof(one) for one in state.proofs],
        breaches=[_proof(one) for one in state.breaches],
        awaited=[_proof(one) for one in state.awaited],
    )


def _proof(one: Proof) -> ProofAnswer:
    return ProofAnswer(
        case_id=one.case_id,
        kind=one.kind,
        title=one.title,
        version=one.version,
        type=one.wire,
        occurred_on=one.occurred_on,
        finding=one.finding,
        params=dict(one.params),
        href=f"/api/v1/cases/{one.case_id}/steps",
    )
