"""The lists of the registry at a moment, as JSON and as files."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from fastapi import Query, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, Field

from api.entries import LISTS, EntriesQuery, EntryList, entries_of, wanted_of
from api.exporting import export_entries, known_at
from api.moment import Asked, Meta, MomentQuery
from api.principal import Asker
from api.problems import documented, words_for
from api.services import services_of
from api.v1.finding import answer, zone_of
from api.v1.operations import operations
from api.v1.reading import EXPORTED, MOMENT_HEADERS, handed_out
from api.web.viewmodels import Teller
from domain.moment import Moment
from domain.principal import Principal
from domain.registry import RegistryCase

router = operations(401, 403, 500, 503)

ListName = Literal["units", "deputies", "groups", "seats", "meetings"]


class ListQuery(MomentQuery, EntriesQuery):
    """Which entries of a list, at which moment."""


class ExportQuery(ListQuery):
    """Which entries of a list, as a file."""

    format: Literal["xlsx", "csv"] = Field("xlsx", description="A workbook with a cover, or CSV for any program")


class EntryAnswer(BaseModel):
    """An entry: the case that it is, and what its columns say; which columns depends on the list."""

    case_id: str
    said: dict[str, str | int | date | None]


class EntriesAnswer(BaseModel):
    """A list of the registry at a moment, in its own order."""

    meta: Meta
    name: ListName
    entries: list[EntryAnswer]


@router.get(
    "/registry/{name}",
    tags=["registry"],
    operation_id="list_entries",
    summary="名册 · Units, deputies, groups, seats or meetings at a moment",
    response_model=EntriesAnswer,
    responses=documented(422) | {200: {"headers": MOMENT_HEADERS}},
)
def list_entries(name: ListName, request: Request, asker: Asker, query: Annotated[ListQuery, Query()]) -> Response:
    """What is entered in the registry of the token's jurisdiction; `ended=true` adds what is no more."""
    asked, moment, found = _found(request, asker, LISTS[name], query)
    meta = asked.meta(moment)
    entries = [
        EntryAnswer(case_id=entry.id, said={column: getattr(entry, column) for column, _ in LISTS[name].columns})
        for entry in found
    ]
    return answer(EntriesAnswer(meta=meta, name=name, entries=entries), meta.headers)


@router.get(
    "/registry/{name}/export",
    tags=["export"],
    operation_id="export_entries",
    summary="导出名册 · A list of the registry as a file",
    response_class=StreamingResponse,
    responses=documented(422) | EXPORTED,
)
def export_list(name: ListName, request: Request, asker: Asker, query: Annotated[ExportQuery, Query()]) -> Response:
    """The same entries as the list of the same address; a workbook says filter and moment on its cover."""
    services, listed = services_of(request), LISTS[name]
    asked, moment, found = _found(request, asker, listed, query)
    place = services.registry.jurisdiction(asker.jurisdiction)
    tell = Teller(words_for(request), place, as_of=moment.as_of)
    exported = export_entries(
        tell, listed, query, found, moment, known_at=known_at(services, asked), format=query.format
    )
    return handed_out(services, exported, query.format, asked.meta(moment))


def _found(
    request: Request, asker: Principal, listed: EntryList, query: ListQuery
) -> tuple[Asked, Moment, list[RegistryCase]]:
    services = services_of(request)
    asked = Asked(query, zone_of(services, asker), words_for(request))
    moment = asked.of_case(services)
    place = services.registry.jurisdiction(asker.jurisdiction)
    return asked, moment, wanted_of(listed, query, entries_of(services, listed, place, moment))
