"""What the access log is told of requests to the API and to pages alike: who was refused, after he was answered."""

from __future__ import annotations

from collections.abc import Iterable

import structlog
from fastapi import Request
from fastapi.concurrency import run_in_threadpool

from api.problems import FORBIDDEN, status_of
from api.services import services_of
from api.v1.finding import case_file_of
from domain.casefile import CaseFile
from domain.docket import CaseNotFoundError
from domain.principal import Principal

_log: structlog.stdlib.BoundLogger = structlog.get_logger("duban.access")


def route_of(request: Request) -> str:
    """The template of the route, with none of what the address names."""
    return str(getattr(request.scope.get("route"), "path", "-"))


def asked_for(request: Request) -> str:
    """What was asked for, as the access log says it."""
    return f"{request.method} {route_of(request)}"


def also_refused(request: Request, cases: Iterable[tuple[str, str]]) -> None:
    """Say which cases of a request were refused, by message id and case, where its answer as a whole is no refusal."""
    request.state.also_refused = list(cases)


async def note_refusals(request: Request) -> None:
    """Note what somebody who is known was refused. The answer was given before, so that it tells nothing of this."""
    principal: Principal | None = getattr(request.state, "principal", None)
    refusals = list(getattr(request.state, "also_refused", ()))
    if (problem := getattr(request.state, "problem", None)) is not None:
        refusals.append((problem, request.path_params.get("case_id")))
    if principal is None or not refusals:
        return
    try:
        await run_in_threadpool(_note, request, principal, refusals)
    except Exception:  # noqa: BLE001 - the answer is given, and the log of the requests has the refusal
        _log.exception("refusal not noted", request_id=request.state.request_id)


def _note(request: Request, principal: Principal, refusals: Iterable[tuple[str, str | None]]) -> None:
    for message_id, case_id in refusals:
        case_file = None if case_id is None else _case_file(request, case_id)
        if status_of(message_id) == FORBIDDEN or _is_there(request, principal, message_id, case_file):
            id = None if case_file is None else case_file.id
            services_of(request).access.refused(principal, asked_for(request), message_id, id)


def _case_file(request: Request, case_id: str) -> CaseFile | None:
    """The case of that id, whoever may read it; None where there is none, since the id may be anything."""
    try:
        return services_of(request).docket.case_file(case_id)
    except CaseNotFoundError:
        return None


def _is_there(request: Request, principal: Principal, message_id: str, case_file: CaseFile | None) -> bool:
    """Whether there is what was not found, and was kept from whoever asked."""
    if message_id == "case-not-found":
        return case_file is not None
    if message_id == "no-such-attachment" and case_file is not None:
        shown, sha256 = case_file_of(services_of(request), principal, case_file.id), request.path_params["sha256"]
        return _has(case_file, sha256) and not _has(shown, sha256)
    if message_id == "no-such-draft" and principal.account is not None:
        id = request.path_params.get("id") or request.query_params.get("draft", "")
        return services_of(request).drafts.of_another(principal.account, id)
    return False


def _has(case_file: CaseFile, sha256: str) -> bool:
    return case_file.case is not None and case_file.case.attachment(sha256) is not None
