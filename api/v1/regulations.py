"""The register of regulations (地方性法规目录), as JSON."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import Query, Request, Response
from pydantic import BaseModel, Field

from api.looking import as_known
from api.moment import Asked, Meta, MomentQuery
from api.principal import Asker
from api.problems import documented, words_for
from api.regulations import regulations_of
from api.services import services_of
from api.v1.finding import answer, zone_of
from api.v1.operations import operations
from api.v1.reading import MOMENT_HEADERS
from domain.cases.legislation import Validity

router = operations(401, 403, 500, 503, tag="registry")


class AmendmentAnswer(BaseModel):
    """A change of a regulation."""

    changed_on: date
    in_force_on: date = Field(description="Since when the new text is in force")


class RegulationAnswer(BaseModel):
    """A regulation as the register has it."""

    case_id: str
    title: str
    document_number: str | None = Field(description="Of the announcement by which it was promulgated")
    passed_on: date | None
    approved_on: date | None
    promulgated_on: date | None
    in_force_on: date
    amendments: list[AmendmentAnswer]
    repealed_on: date | None
    validity: Validity = Field(description="On the day of the moment")


class RegulationsAnswer(BaseModel):
    """The register at a moment, the youngest regulation first."""

    meta: Meta
    regulations: list[RegulationAnswer]


@router.get(
    "/regulations",
    operation_id="list_regulations",
    summary="地方性法规目录 · Which regulations there are, and which are in force",
    response_model=RegulationsAnswer,
    responses=documented(422) | {200: {"headers": MOMENT_HEADERS}},
)
def list_regulations(request: Request, asker: Asker, query: Annotated[MomentQuery, Query()]) -> Response:
    """What was promulgated, for whoever signs in; the files of the regulations are read by those who may."""
    services = services_of(request)
    asked = Asked(query, zone_of(services, asker), words_for(request))
    moment = asked.of_lists(services)
    found = regulations_of(services, as_known(services, asker.jurisdiction, moment), moment)
    meta = asked.meta(moment)
    regulations = [RegulationAnswer.model_validate(one, from_attributes=True) for one in found]
    return answer(RegulationsAnswer(meta=meta, regulations=regulations), meta.headers)
