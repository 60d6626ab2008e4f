"""Reading: cases, their histories, counts, stored steps and procedures, each at a moment."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated, Any, Literal

import orjson
from fastapi import Query, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic_core import PydanticKnownError

import domain.cases  # noqa: F401 - every case type declares itself
from api.exporting import (
    LOG_MEDIA_TYPES,
    MEDIA_TYPES,
    Exported,
    export,
    export_counts,
    export_history,
    export_log,
    is_of_log,
    known_at,
)
from api.moment import Asked, Meta, MomentQuery, Position, written
from api.principal import Asker
from api.problems import ProblemError, ProblemItem, documented, words_for
from api.services import Services, services_of
from api.v1 import answers, cursor
from api.v1.finding import answer, case_file_of, etag, lists_of, zone_of
from api.v1.operations import operations
from api.web.viewmodels import Teller, timeline_of
from api.words import Words
from domain import fold, policy, procedure
from domain.case import CASE_TYPES, STEPS, Opening
from domain.docket import LedgerEvent
from domain.principal import Principal
from domain.procedure import stage_names
from domain.values import Code, Line
from projections.reading import Filter
from projections.sheet import Format

_BATCH = 500
_REMEMBERED = 100_000
_WITH_CURSOR = {"cursor", "limit", "include_total"}

_KINDS = sorted(CASE_TYPES)

MOMENT_HEADERS = {
    "Duban-As-Of": {"description": "What was true then", "schema": {"type": "string", "format": "date-time"}},
    "Duban-Position": {"description": "The last position that is counted", "schema": {"type": "string"}},
}
EXPORTED: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "All rows at the moment, at most 200,000",
        "content": {kind.partition(";")[0]: {"schema": {"type": "string"}} for kind in MEDIA_TYPES.values()},
        "headers": MOMENT_HEADERS
        | {"Content-Disposition": {"description": "What the file is called", "schema": {"type": "string"}}},
    }
}
"""How an operation that answers with a file is described."""
_CASES_EXPORTED: dict[int | str, dict[str, Any]] = {
    200: {
        **EXPORTED[200],
        "description": "All rows at the moment, at most 200,000; as an event log, the histories of at most 20,000",
        "content": EXPORTED[200]["content"]
        | {kind: {"schema": {"type": "string"}} for kind in LOG_MEDIA_TYPES.values()},
    }
}
_ETAG = {"ETag": {"description": "Version of the case, for `If-Match`", "schema": {"type": "string"}}}

router = operations(401, 403, 500, 503)


def _one_of(known: Sequence[str]) -> AfterValidator:
    def check(value: str) -> str:
        if value not in known:
            raise PydanticKnownError("literal_error", {"expected": ", ".join(f"'{one}'" for one in known)})
        return value

    return AfterValidator(check)


Kind = Annotated[str, _one_of(_KINDS), Field(json_schema_extra={"enum": list(_KINDS)})]
StageName = Annotated[str, _one_of(stage_names()), Field(json_schema_extra={"enum": list(stage_names())})]

StepName = Annotated[str, _one_of(sorted(STEPS))]


class FilterQuery(MomentQuery):
    """Which cases, at which moment."""

    kind: Kind | None = None
    stage: StageName | None = None
    unit: Code | None = Field(None, description="A unit that takes part", examples=["jtj"])
    deputy: Code | None = Field(None, description="Who brought it", examples=["d-001"])
    session: Line | None = None
    state: Literal["unassigned", "waiting", "overdue", "answered"] | None = None
    text: Line | None = Field(None, description="A part of the title or of the number")
    tied_to: Code | None = Field(None, description="Only cases that name this case, by its id")

    def wanted(self, asker: Principal) -> Filter:
        """The filter, within the asker's jurisdiction."""
        return Filter(
            kind=self.kind,
            jurisdiction=asker.jurisdiction,
            stage=self.stage,
            unit=self.unit,
            deputy=self.deputy,
            session=self.session,
            state=self.state,
            text=self.text,
            tied_to=self.tied_to,
        )


class SortedQuery(FilterQuery):
    """Which cases, at which moment, in which order."""

    sort: Literal[
        "opened_on", "-opened_on", "due_on", "-due_on", "number", "-number", "title", "-title"
    ] = Field("-opened_on", description="`-` sorts descending")  # fmt: skip


class ExportQuery(SortedQuery):
    """A whole list of cases, as a file."""

    format: Literal["xlsx", "csv", "ocel-json", "ocel-sqlite"] = Field(
        "xlsx",
        description="A workbook with a cover, CSV for any program, or the histories of the cases as an object-centric "
        "event log (OCEL 2.0)",
    )


class CountsExportQuery(FilterQuery):
    """Counts, as a file."""

    format: Literal["xlsx", "csv"] = Field("xlsx", description="A workbook with a cover, or CSV for any program")


class HistoryExportQuery(MomentQuery):
    """The history of a case, as a file."""

    format: Literal["xlsx", "csv"] = Field("xlsx", description="A workbook with a cover, or CSV for any program")


class CasesQuery(SortedQuery):
    """A page of a list of cases; with a cursor, all but the page's size is frozen in it."""

    limit: int = Field(50, ge=1, le=200)
    cursor: str | None = Field(None, description="Where the page before ended; excludes filters, order and moment")
    include_total: bool = False


class StepsQuery(BaseModel):
    """Which stored steps."""

    model_config = ConfigDict(extra="forbid")

    after: Position = Field(0, description="The last position that you have")
    until: Position | None = Field(None, description="The last position that you want; by default the ledger's head")


@router.get(
    "/cases",
    tags=["cases"],
    operation_id="list_cases",
    summary="案件列表 · Cases at a moment",
    response_model=answers.CaseListAnswer,
    responses=documented(422)
    | {200: {"headers": MOMENT_HEADERS | {"Link": {"description": "Next page", "schema": {"type": "string"}}}}},
)
def list_cases(request: Request, asker: Asker, query: Annotated[CasesQuery, Query()]) -> Response:
    """Cases of the token's jurisdiction. Pages of one cursor agree: moment, filter and order are frozen in it."""
    services, tell = services_of(request), words_for(request)
    if query.cursor is None:
        asked = Asked(query, zone_of(services, asker), tell)
        moment = asked.of_lists(services)
        wanted, sort, after = query.wanted(asker), str(query.sort), None
        meta = asked.meta(moment)
    else:
        page = _page(services, asker, query, request)
        wanted, moment, sort, after = page.wanted, page.moment, page.sort, page.after
        meta = Meta(as_of=written(moment.as_of, zone_of(services, asker)), known_at=None, position=moment.known)
    lists = lists_of(services, asker)
    rows = lists.cases(wanted, moment, sort=sort, after=after, limit=query.limit + 1)
    headers, following = meta.headers, None
    if len(rows) > query.limit:
        rows = rows[: query.limit]
        last = (getattr(rows[-1], sort.removeprefix("-")), rows[-1].case_id)
        following = cursor.Page(wanted, moment, sort, last).sealed(services.secret)
        headers["Link"] = f'</api/v1/cases?cursor={following}&limit={query.limit}>; rel="next"'
    total = lists.counts(wanted, moment).total if query.include_total else None
    return answer({"meta": meta, "cases": rows, "next": following, "total": total}, headers)


@router.get(
    "/cases/export",
    tags=["export"],
    operation_id="export_cases",
    summary="导出清单 · The whole list as a file",
    response_class=StreamingResponse,
    responses=documented(422) | _CASES_EXPORTED,
)
def export_cases(request: Request, asker: Asker, query: Annotated[ExportQuery, Query()]) -> Response:
    """All cases of the filter, in the order and at the moment asked for; a workbook says so on its cover.

    As an object-centric event log (OCEL 2.0, docs/ocel.md), with their steps as they stood at that moment, as far as
    the token's role may know them.
    """
    services, tell = services_of(request), words_for(request)
    asked = Asked(query, zone_of(services, asker), tell)
    moment = asked.of_lists(services)
    if is_of_log(query.format):
        taken = export_log(
            tell,
            services,
            policy.scope(asker),
            query.wanted(asker),
            moment,
            zone=asked.zone,
            known_at=known_at(services, asked),
            format=query.format,
        )
        headers = asked.meta(moment).headers | {"Content-Disposition": taken.disposition}
        pieces = services.event_logs.write(taken.log, query.format)
        return StreamingResponse(pieces, headers=headers, media_type=LOG_MEDIA_TYPES[query.format])
    exported = export(
        tell,
        lists_of(services, asker),
        services.registry,
        query.wanted(asker),
        moment,
        sort=query.sort,
        zone=asked.zone,
        known_at=known_at(services, asked),
        format=query.format,
    )
    return handed_out(services, exported, query.format, asked.meta(moment))


def handed_out(services: Services, exported: Exported, format: Format, meta: Meta) -> Response:
    """A sheet as the file that was asked for, with the moment in its headers."""
    headers = meta.headers | {"Content-Disposition": exported.disposition}
    pieces = services.sheets.write(exported.sheet, format)
    return StreamingResponse(pieces, headers=headers, media_type=MEDIA_TYPES[format])


def refuse_beside_cursor(query: BaseModel, tell: Words) -> None:
    """Refuse what is frozen in a cursor already."""
    if excluded := sorted(query.model_fields_set - _WITH_CURSOR):
        items = [
            ProblemItem(
                pointer=None, parameter=name, code="cursor-excludes", detail=tell("cursor-excludes", names=name)
            )
            for name in excluded
        ]
        raise ProblemError("cursor-excludes", errors=items, names=excluded)


def _page(services: Services, asker: Principal, query: CasesQuery, request: Request) -> cursor.Page:
    tell = words_for(request)
    refuse_beside_cursor(query, tell)
    page = cursor.unsealed(query.cursor or "", services.secret, tell)
    if page.wanted.jurisdiction != asker.jurisdiction:
        raise ProblemError("cursor-not-ours")
    return page


@router.get(
    "/counts",
    tags=["cases"],
    operation_id="count_cases",
    summary="件数 · Counts at a moment",
    response_model=answers.CountsAnswer,
    responses=documented(422) | {200: {"headers": MOMENT_HEADERS}},
)
def count_cases(request: Request, asker: Asker, query: Annotated[FilterQuery, Query()]) -> Response:
    """How many cases there are, by state, stage and leading unit; the list of the same filter has as many rows."""
    services = services_of(request)
    asked = Asked(query, zone_of(services, asker), words_for(request))
    moment = asked.of_lists(services)
    meta = asked.meta(moment)
    counts = lists_of(services, asker).counts(query.wanted(asker), moment)
    return answer({"meta": meta, "counts": counts}, meta.headers)


@router.get(
    "/counts/export",
    tags=["export"],
    operation_id="export_counts",
    summary="导出件数 · Counts as a file",
    response_class=StreamingResponse,
    responses=documented(422) | EXPORTED,
)
def export_the_counts(request: Request, asker: Asker, query: Annotated[CountsExportQuery, Query()]) -> Response:
    """The counts of the same filter at the same moment, one a row; a workbook says both on its cover."""
    services, tell = services_of(request), words_for(request)
    asked = Asked(query, zone_of(services, asker), tell)
    moment, wanted = asked.of_lists(services), query.wanted(asker)
    exported = export_counts(
        Teller(tell, services.registry.jurisdiction(asker.jurisdiction), as_of=moment.as_of),
        services.registry,
        wanted,
        lists_of(services, asker).counts(wanted, moment),
        moment,
        known_at=known_at(services, asked),
        format=query.format,
    )
    return handed_out(services, exported, query.format, asked.meta(moment))


@router.get(
    "/cases/{case_id}",
    tags=["cases"],
    operation_id="show_case",
    summary="案件 · A case at a moment",
    response_model=answers.CaseAnswer,
    responses=documented(404, 422) | {200: {"headers": MOMENT_HEADERS | _ETAG}},
)
def show_case(case_id: str, request: Request, asker: Asker, query: Annotated[MomentQuery, Query()]) -> Response:
    """State, parts, clocks with their explanation, findings, and the steps that the token's role may take."""
    services = services_of(request)
    asked = Asked(query, zone_of(services, asker), words_for(request))
    moment = asked.of_case(services)
    records = fold.known_by(case_file_of(services, asker, case_id).history, moment.known)
    case = fold.case_at(records, as_of=moment.as_of)
    if case is None:
        raise ProblemError("no-case-at-moment", case_id=case_id)
    meta = asked.meta(moment)
    jurisdiction = services.registry.jurisdiction(case.jurisdiction, moment.known)
    shown = answers.case_answer(meta, case, records, moment, jurisdiction, asker)
    return answer(shown, meta.headers | {"ETag": etag(case_id, len(records))})


@router.get(
    "/cases/{case_id}/steps",
    tags=["cases"],
    operation_id="show_history",
    summary="办理经过 · The history of a case",
    response_model=answers.HistoryAnswer,
    responses=documented(404, 422) | {200: {"headers": MOMENT_HEADERS | _ETAG}},
)
def show_history(case_id: str, request: Request, asker: Asker, query: Annotated[MomentQuery, Query()]) -> Response:
    """Every step as it was recorded, with what became of it: corrected, voided, late."""
    services = services_of(request)
    asked = Asked(query, zone_of(services, asker), words_for(request))
    moment = asked.of_case(services)
    records = fold.known_by(case_file_of(services, asker, case_id).history, moment.known)
    if not records:
        raise ProblemError("no-case-at-moment", case_id=case_id)
    meta = asked.meta(moment)
    steps = answers.history_answer(records, asked.as_of, asked.zone)
    shown = answers.HistoryAnswer(meta=meta, case_id=case_id, version=len(records), steps=steps)
    return answer(shown, meta.headers | {"ETag": etag(case_id, len(records))})


@router.get(
    "/cases/{case_id}/steps/export",
    tags=["export"],
    operation_id="export_history",
    summary="导出办理经过 · The history of a case as a file",
    response_class=StreamingResponse,
    responses=documented(404, 422) | EXPORTED,
)
def export_the_history(
    case_id: str, request: Request, asker: Asker, query: Annotated[HistoryExportQuery, Query()]
) -> Response:
    """Every step that had happened and was known at the moment, one a row, with what became of it."""
    services = services_of(request)
    asked = Asked(query, zone_of(services, asker), words_for(request))
    moment, case_file = asked.of_case(services), case_file_of(services, asker, case_id)
    case = case_file.at(moment.known, moment.as_of)
    if case is None:
        raise ProblemError("no-case-at-moment", case_id=case_id)
    tell = Teller(
        words_for(request), services.registry.jurisdiction(case.jurisdiction, moment.known), as_of=moment.as_of
    )
    timeline = timeline_of(tell, case_file.history, moment, type_name=None, newest_first=False)
    exported = export_history(tell, case, timeline, moment, known_at=known_at(services, asked), format=query.format)
    return handed_out(services, exported, query.format, asked.meta(moment))


@router.get(
    "/steps",
    tags=["export"],
    operation_id="export_steps",
    summary="导出步骤 · Stored steps as JSON Lines",
    response_class=StreamingResponse,
    responses=documented(422)
    | {
        200: {
            "description": "One stored step a line, in the order of the ledger; `state` is what the audit leaf covers",
            "content": {"application/x-ndjson": {"schema": {"type": "string"}}},
            "headers": {"Duban-Position": MOMENT_HEADERS["Duban-Position"]},
        }
    },
)
def export_steps(request: Request, asker: Asker, query: Annotated[StepsQuery, Query()]) -> Response:
    """Stored steps of the token's jurisdiction after a position, up to one that is frozen when the export starts.

    For those from whom nothing of the jurisdiction is kept: the congress's organs and offices, and auditors.
    """
    services = services_of(request)
    if not policy.reads_all(asker):
        raise ProblemError("not-all-is-yours")
    head = services.docket.head()
    until = head if query.until is None else query.until
    if until > head:
        raise ProblemError("position-ahead", position=until, head=head)
    lines = _lines(services, asker.jurisdiction, query.after, until)
    return StreamingResponse(lines, headers={"Duban-Position": str(until)}, media_type="application/x-ndjson")


def _lines(services: Services, jurisdiction: str, after: int, until: int) -> Iterator[bytes]:
    own: dict[str, bool] = {}
    while after < until and (batch := services.views.steps(after=after, until=until, limit=_BATCH)):
        if len(own) > _REMEMBERED:
            own.clear()
        new = {str(event.originator_id) for event in batch} - own.keys()
        for case_file in services.docket.case_files(new, until):
            opening = case_file.history[0].step
            own[case_file.id] = isinstance(opening, Opening) and opening.jurisdiction == jurisdiction
        yield b"".join(_line(event) for event in batch if own[str(event.originator_id)])
        after = batch[-1].position


def _line(event: LedgerEvent) -> bytes:
    described = {
        "position": event.position,
        "case_id": event.originator_id,
        "version": event.originator_version,
        "wire": event.topic,
        "recorded_at": event.recorded_at,
        "state": orjson.Fragment(event.state),
    }
    return orjson.dumps(described, option=orjson.OPT_APPEND_NEWLINE)


@router.get(
    "/procedures",
    tags=["rules"],
    operation_id="list_procedures",
    summary="程序 · Case types",
    response_model=answers.ProceduresAnswer,
)
def list_procedures(asker: Asker) -> Response:  # noqa: ARG001 - whoever reads must be known
    """Every case type."""
    listed = [
        answers.ProcedureListed(kind=kind, zh=case_type.zh, href=f"/api/v1/procedures/{kind}")
        for kind, case_type in sorted(CASE_TYPES.items())
    ]
    return answer(answers.ProceduresAnswer(procedures=listed), {})


@router.get(
    "/procedures/{kind}",
    tags=["rules"],
    operation_id="show_procedure",
    summary="程序详情 · Stages, steps and flow chart of a case type",
    response_model=answers.ProcedureAnswer,
    responses=documented(404, 422),
)
def show_procedure(kind: str, asker: Asker) -> Response:  # noqa: ARG001 - whoever reads must be known
    """A case type as it is declared: who may take which step, from which stage, and which clocks it starts."""
    return answer(answers.procedure_answer(procedure.case_type_named(kind)), {})
