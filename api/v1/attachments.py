"""Attachments: a file is handed in, then a step names it, then it is read with the case."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date
from typing import Annotated

from fastapi import Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

import domain.cases  # noqa: F401 - every case type declares itself
from api.attachments import hand_out
from api.moment import Asked, Meta, MomentQuery
from api.principal import Asker
from api.problems import ProblemError, documented, words_for
from api.services import Services, services_of
from api.uploading import take_in
from api.v1.finding import answer, case_file_of, zone_of
from api.v1.operations import operations
from api.v1.reading import MOMENT_HEADERS
from domain import fold, procedure
from domain.attachment import AttachmentKind, MediaType
from domain.case import AttachmentAdded, Case, Role
from domain.moment import Moment
from domain.person import Occasion
from domain.principal import Principal
from domain.refusal import Refused

CREATED = 201

_BINARY = {"type": "string", "format": "binary"}
_FILE = {kind.value: {"schema": _BINARY} for kind in MediaType}
_SAVED = {
    "ETag": {"description": "The SHA-256 of the content", "schema": {"type": "string"}},
    "Content-Disposition": {"description": "To be saved, with its name", "schema": {"type": "string"}},
}

router = operations(401, 500, 503, tag="attachments")


class UploadQuery(BaseModel):
    """What the file is called."""

    model_config = ConfigDict(extra="forbid")

    name: str | None = Field(
        None,
        max_length=1_000,
        description="What the file is called; by default what the form says",
        examples=["答复函.pdf"],
    )


class DownloadQuery(MomentQuery):
    """At which moment, and what a person's data are read for."""

    occasion: Occasion | None = Field(None, description="What for, where the attachment has a person's data")


class ReceivedAnswer(BaseModel):
    """A file that was taken in, as a step may name it."""

    sha256: str
    name: str = Field(description="Its base name, without what no name may have")
    media_type: MediaType
    size: int


class AttachmentAnswer(BaseModel):
    """An attachment of a case."""

    sha256: str
    name: str
    media_type: MediaType
    size: int
    kind: AttachmentKind
    about: int | None = Field(description="Number of the step that it belongs to")
    added_on: date
    added_by: str
    role: Role
    office: str
    person: str | None = Field(description="Key of the person whose data it has, if it does")
    href: str = Field(description="Where it is downloaded")


class AttachmentsAnswer(BaseModel):
    """The attachments of a case at a moment, in the order in which they were added."""

    meta: Meta
    case_id: str
    attachments: list[AttachmentAnswer]


@router.post(
    "/attachments",
    operation_id="upload_attachment",
    summary="上传附件 · Hand in a file",
    status_code=CREATED,
    response_model=ReceivedAnswer,
    responses=documented(400, 403, 413, 422, 429, 507),
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                "application/octet-stream": {"schema": _BINARY},
                "multipart/form-data": {
                    "schema": {"type": "object", "properties": {"file": _BINARY}, "required": ["file"]}
                },
            },
        }
    },
)
async def upload_attachment(request: Request, asker: Asker, query: Annotated[UploadQuery, Query()]) -> Response:
    """Keep a file, so that a step of the same actor may name it within seven days. Until then nobody can read it.

    The body is the file, whatever its content type, or a form with one file. The same content is kept once, so this
    may be repeated.
    """
    may = procedure.takers_of(AttachmentAdded)
    if asker.role not in may:
        raise Refused("role-may-not", step=AttachmentAdded.declared.wire, role=asker.role, by=sorted(may))
    received = await take_in(request, services_of(request).files, asker, query.name)
    return answer(ReceivedAnswer(name=received.name, **received.content._asdict()), {}, CREATED)


@router.get(
    "/cases/{case_id}/attachments",
    operation_id="list_attachments",
    summary="附件 · The attachments of a case at a moment",
    response_model=AttachmentsAnswer,
    responses=documented(404, 422) | {200: {"headers": MOMENT_HEADERS}},
)
def list_attachments(case_id: str, request: Request, asker: Asker, query: Annotated[MomentQuery, Query()]) -> Response:
    """What was attached to the case, without what was voided."""
    services = services_of(request)
    asked = Asked(query, zone_of(services, asker), words_for(request))
    moment = asked.of_case(services)
    case = _case_at(services, asker, case_id, moment)
    meta = asked.meta(moment)
    listed = [
        AttachmentAnswer(**asdict(attached), href=f"/api/v1/cases/{case_id}/attachments/{attached.sha256}")
        for attached in case.attachments
    ]
    return answer(AttachmentsAnswer(meta=meta, case_id=case_id, attachments=listed), meta.headers)


@router.get(
    "/cases/{case_id}/attachments/{sha256}",
    operation_id="download_attachment",
    summary="下载附件 · Download an attachment",
    response_class=Response,
    responses=documented(403, 404, 409, 410, 416, 422)
    | {
        200: {"description": "The file; `Range` and `If-None-Match` are heeded", "content": _FILE, "headers": _SAVED},
        206: {"description": "A part of the file", "content": _FILE, "headers": _SAVED},
        304: {"description": "The content is the one that is had already"},
    },
)
def download_attachment(
    case_id: str, sha256: str, request: Request, asker: Asker, query: Annotated[DownloadQuery, Query()]
) -> Response:
    """The content of an attachment that the case has at the moment.

    One with a person's data is told apart by `person`: it needs an occasion, and is handed out to who may read them.
    """
    services = services_of(request)
    moment = Asked(query, zone_of(services, asker), words_for(request)).of_case(services)
    return hand_out(request, services, asker, _case_at(services, asker, case_id, moment), sha256)


def _case_at(services: Services, asker: Principal, case_id: str, moment: Moment) -> Case:
    records = fold.known_by(case_file_of(services, asker, case_id).history, moment.known)
    case = fold.case_at(records, as_of=moment.as_of)
    if case is None:
        raise ProblemError("no-case-at-moment", case_id=case_id)
    return case
