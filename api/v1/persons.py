"""Persons' data, read for an occasion."""

from __future__ import annotations

from fastapi import Request, Response
from pydantic import BaseModel, ConfigDict, Field

from api.persons import read_person
from api.principal import Asker
from api.problems import words_for
from api.services import services_of
from api.v1.body import Body, parse
from api.v1.finding import answer
from api.v1.operations import operations
from api.v1.recording import body_of, ref, validated
from domain.attachment import MediaType
from domain.person import Occasion
from domain.personal import Capacity, Kept, Purpose
from domain.values import Code

router = operations(400, 401, 403, 404, 413, 415, 422, 500, 503, tag="persons")


class ReadingGiven(BaseModel):
    """What a person's data are read for, and which of them."""

    model_config = ConfigDict(extra="forbid")

    occasion: Occasion
    purposes: tuple[Purpose, ...] = Field(default=tuple(Purpose), min_length=1, max_length=len(Purpose))


class FieldAnswer(BaseModel):
    """What a field says; the text only while it is held."""

    kept: Kept
    text: str | None


class FileAnswer(BaseModel):
    """An attachment with the person's data."""

    sha256: str
    media_type: MediaType
    size: int
    href: str = Field(description="Where it is downloaded, for the same occasion")


class PersonAnswer(BaseModel):
    """A person's data as they stand, as far as they were asked for."""

    case_id: str
    person: Code
    capacity: Capacity
    fields: dict[str, FieldAnswer]
    files: list[FileAnswer]


@router.post(
    "/cases/{case_id}/persons/{person}/readings",
    operation_id="read_person",
    summary="查看个人信息 · Read a person's data",
    response_model=PersonAnswer,
    openapi_extra={"requestBody": body_of(ref(ReadingGiven))},
)
def read(case_id: str, person: str, request: Request, asker: Asker, body: Body) -> Response:
    """A person's data, for the congress's office, whoever added the person, and a unit to which they are disclosed.

    That they were read, by whom and for which occasion, stands in the access log before the answer is given. They are
    told as they stand, never as they were.
    """
    services, given = services_of(request), validated(ReadingGiven, parse(body), words_for(request))
    found = read_person(services, asker, case_id, person, given.purposes, given.occasion, request)
    here = f"/api/v1/cases/{case_id}/attachments"
    return answer(
        PersonAnswer(
            case_id=case_id,
            person=person,
            capacity=found.person.capacity,
            fields={one.name: FieldAnswer(kept=one.kept, text=one.text) for one in found.fields},
            files=[
                FileAnswer(
                    sha256=one.sha256,
                    media_type=one.media_type,
                    size=one.size,
                    href=f"{here}/{one.sha256}?occasion={given.occasion}",
                )
                for one in found.files
            ],
        ),
        {},
    )
