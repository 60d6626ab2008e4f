"""The audit log: how far it is signed, and what an auditor takes along to check it without us."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Annotated
from urllib.parse import urlencode

from fastapi import Path, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from api.access import AccessQuery
from api.logyears import MEDIA_TYPE, hand_out_year, year_zone
from api.principal import Asker
from api.problems import documented
from api.services import services_of
from api.trail import TrailQuery
from api.v1.finding import answer, case_file_of, lists_of, zone_of
from api.v1.operations import operations
from domain import policy
from domain.access import AccessKind
from domain.case import Role
from domain.principal import Principal
from domain.refusal import Refused

router = operations(401, 500, 503, tag="audit")

TRAIL_PAGE = 200
"""Steps of a page, or lines of the access log."""

_BINARY = {"type": "string", "format": "binary"}
_BUNDLE = {"application/json": {"schema": {"type": "object", "description": "docs/audit-format.md, section 4"}}}


class LogAnswer(BaseModel):
    """How far the log is signed."""

    size: int = Field(description="Records that the newest checkpoint covers; 0 before there is one")
    head: int = Field(description="Records of the ledger")
    waits_seconds: float = Field(description="How long the oldest record that no checkpoint covers has waited")
    signed_at: datetime | None
    checkpoint: str | None = Field(description="The newest checkpoint, a signed note: keep it elsewhere")
    key: str | None = Field(description="The public key of the log, as `name+id+key`")


class LogYearAnswer(BaseModel):
    """The steps that were recorded in a calendar year of the installation's time zone, as far as they are signed."""

    year: int
    first: int = Field(description="Position of the first")
    last: int
    closed: bool = Field(description="Whether a step of a later year is signed, so that there will be no more")
    href: str = Field(description="The file (`duban-shard/1`)")


class LogYearsAnswer(BaseModel):
    """The years of the log."""

    years: list[LogYearAnswer]


class SinceQuery(BaseModel):
    """Which checkpoint the asker holds."""

    model_config = ConfigDict(extra="forbid")

    since: int | None = Field(
        None, ge=1, le=2**62, description="Size of a checkpoint that you hold: proves that the log continues it"
    )


class HeldQuery(BaseModel):
    """Which checkpoint the asker holds."""

    model_config = ConfigDict(extra="forbid")

    since: int = Field(ge=1, le=2**62, description="Size of the checkpoint that you hold")


class TrailRowAnswer(BaseModel):
    """A recorded step of any case."""

    position: int
    case_id: str
    version: int = Field(description="Number of the step in its case")
    kind: str
    number: str | None
    title: str
    wire: str
    recorded_at: datetime
    occurred_at: datetime
    precision: str
    late: bool = Field(description="Whether it was recorded as something that had happened earlier")
    actor: str
    role: str
    office: str
    on_behalf_of: str | None
    document: str | None
    part: str | None
    target: int | None = Field(description="Number of the step that it corrects, voids, or asks to")


class TrailAnswer(BaseModel):
    """Recorded steps, the newest first."""

    steps: list[TrailRowAnswer]
    next: str | None = Field(description="Where the next page is; null on the last")


@router.get(
    "/audit/steps",
    operation_id="trail",
    summary="审计轨迹 · Who recorded what",
    response_model=TrailAnswer,
    responses=documented(403, 422),
)
def trail(request: Request, asker: Asker, query: Annotated[TrailQuery, Query()]) -> Response:
    """The recorded steps of all cases of the jurisdiction, by person, step, case, unit and day of recording.

    For those from whom nothing of the jurisdiction is kept.
    """
    _require_all(asker)
    services = services_of(request)
    rows = lists_of(services, asker).trail(
        query.wanted(zone_of(services, asker)), before=query.before, limit=TRAIL_PAGE + 1
    )
    more = None
    if len(rows) > TRAIL_PAGE:
        more = f"{request.url.path}?{urlencode(_kept(query) | {'before': rows[TRAIL_PAGE - 1].position})}"
    steps = [TrailRowAnswer(**asdict(row)) for row in rows[:TRAIL_PAGE]]
    return answer(TrailAnswer(steps=steps, next=more), {})


class AccessRowAnswer(BaseModel):
    """Somebody was refused, or read what is kept of a person."""

    number: int
    at: datetime = Field(description="When; of `left_out` the minute that begins then")
    kind: AccessKind = Field(description="`left_out`: more refusals in a minute than are told line by line")
    jurisdiction: str
    actor: str
    role: str
    office: str
    account_id: str | None
    token_id: str | None = Field(description="Null of a page")
    what: str | None = Field(
        description="Method and template of the route, or the command", examples=["GET /cases/{case_id}"]
    )
    code: str | None = Field(description="Why it was refused: the problem's message id")
    case_id: str | None
    person: str | None = Field(description="Of whom it was read")
    purposes: list[str] | None
    occasion: str | None
    left_out: int | None = Field(description="How many refusals are not told")


class AccessAnswer(BaseModel):
    """Lines of the access log, the newest first."""

    lines: list[AccessRowAnswer]
    next: str | None = Field(description="Where the next page is; null on the last")


@router.get(
    "/audit/access",
    operation_id="access",
    summary="访问日志 · Who was refused what, and who read of whom",
    response_model=AccessAnswer,
    responses=documented(403, 422),
)
def access(request: Request, asker: Asker, query: Annotated[AccessQuery, Query()]) -> Response:
    """The access log of the jurisdiction's people and programs, by person, kind, case and day.

    For auditors. A case that is not the asker's is a refusal here and does not exist for him; a case that there is not
    is no line.
    """
    if asker.role is not Role.AUDITOR:
        raise Refused("for-auditors")
    services = services_of(request)
    wanted = query.wanted(asker.jurisdiction, zone_of(services, asker))
    rows = services.access.lines(wanted, before=query.before, limit=TRAIL_PAGE + 1)
    more = None
    if len(rows) > TRAIL_PAGE:
        more = f"{request.url.path}?{urlencode(_kept(query) | {'before': rows[TRAIL_PAGE - 1].number})}"
    lines = [AccessRowAnswer.model_validate(asdict(row)) for row in rows[:TRAIL_PAGE]]
    return answer(AccessAnswer(lines=lines, next=more), {})


def _require_all(asker: Principal) -> None:
    """Refuse whoever does not read everything of the jurisdiction."""
    if not policy.reads_all(asker):
        raise Refused("not-all-is-yours")


def _kept(query: TrailQuery | AccessQuery) -> dict[str, object]:
    return query.model_dump(mode="json", exclude_defaults=True, exclude={"before"})


@router.get("/log", operation_id="read_log", summary="审计日志 · How far the log is signed", response_model=LogAnswer)
def read_log(request: Request, asker: Asker) -> Response:
    """The newest checkpoint and the key: whoever keeps them can later tell whether anything before was changed."""
    del asker
    audit = services_of(request).audit
    status = audit.status()
    return answer(
        LogAnswer(
            size=status.size,
            head=status.head,
            waits_seconds=status.waits_seconds,
            signed_at=status.signed_at,
            checkpoint=status.checkpoint,
            key=audit.key() if status.checkpoint else None,
        ),
        {},
    )


@router.get(
    "/log/consistency",
    operation_id="prove_consistency",
    summary="检查点之间 · The proof from a checkpoint to the newest",
    responses=documented(404, 422) | {200: {"content": _BUNDLE}},
)
def prove_consistency(request: Request, asker: Asker, query: Annotated[HeldQuery, Query()]) -> Response:
    """The newest checkpoint, and the proof that its log continues the one of that size (`duban-consistency/1`)."""
    del asker
    return answer(services_of(request).audit.consistency(query.since), {})


@router.get(
    "/log/years",
    operation_id="list_log_years",
    summary="年度分卷 · The years of the log",
    response_model=LogYearsAnswer,
)
def list_log_years(request: Request, asker: Asker) -> Response:
    """Which positions were recorded in which year, and whether more may come."""
    del asker
    services = services_of(request)
    years = [
        LogYearAnswer(**asdict(one), href=f"{request.url.path}/{one.year}")
        for one in services.audit.years(year_zone(services))
    ]
    return answer(LogYearsAnswer(years=years), {})


@router.get(
    "/log/years/{year}",
    operation_id="read_log_year",
    summary="年度分卷 · A year of the log as a file",
    response_class=Response,
    responses=documented(403, 404, 422) | {200: {"content": {MEDIA_TYPE: {"schema": _BINARY}}}},
)
def read_log_year(year: Annotated[int, Path(ge=1970, le=9998)], request: Request, asker: Asker) -> Response:
    """All that was recorded in the year and is signed, checked by itself (`duban-shard/1`, packed by gzip).

    For those from whom nothing of the jurisdiction is kept, if the ledger has no other one.
    """
    return hand_out_year(services_of(request), asker, year)


@router.get(
    "/cases/{case_id}/bundle",
    operation_id="bundle_case",
    summary="核验案卷包 · A case with its proofs",
    responses=documented(403, 404, 422) | {200: {"content": _BUNDLE}},
)
def bundle_case(case_id: str, request: Request, asker: Asker, query: Annotated[SinceQuery, Query()]) -> Response:
    """All that is recorded of the case and signed, each step with its proof (`duban-bundle/1`).

    For those from whom nothing of the jurisdiction is kept: a proof is over the step as it is stored.
    """
    services = services_of(request)
    case_file_of(services, asker, case_id)
    _require_all(asker)
    return answer(services.audit.bundle(case_id, query.since), {})
