"""Finding cases for whoever asks: one that he may not read is no case."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime

import orjson
from fastapi import Response
from pydantic import BaseModel

from api.services import Lists, Services
from domain import policy
from domain.casefile import CaseFile
from domain.docket import CaseNotFoundError
from domain.principal import Principal

_CASE_ID = re.compile(r"[^\x00-\x20\x7f-\x9f/?#]{1,100}\Z")


def zone_of(services: Services, asker: Principal) -> str:
    """The time zone of the asker's jurisdiction."""
    return services.registry.jurisdiction(asker.jurisdiction).time_zone


def lists_of(services: Services, asker: Principal) -> Lists:
    """The lists that the asker may read."""
    return services.views.within(policy.scope(asker))


def case_file_of(services: Services, asker: Principal, case_id: str) -> CaseFile:
    """The case's file as the asker may read it; the case is not found by anybody else."""
    if not _CASE_ID.match(case_id):
        raise CaseNotFoundError(case_id)
    case_file, scope = services.docket.case_file(case_id), policy.scope(asker)
    if not scope.covers(case_file):
        raise CaseNotFoundError(case_id)
    return policy.as_shown(case_file, scope, datetime.now(UTC), services.keys)


def etag(case_id: str, version: int) -> str:
    """The tag of a case at a version."""
    return f'"{case_id}-v{version}"'


def answer(body: BaseModel | Mapping[str, object], headers: dict[str, str], status: int = 200) -> Response:
    """The body as JSON; of a mapping, what it holds may be models and dataclasses."""
    text = body.model_dump_json() if isinstance(body, BaseModel) else orjson.dumps(body, default=_plain)
    return Response(text, status, headers, "application/json")


def _plain(value: object) -> object:
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    raise TypeError(type(value))
