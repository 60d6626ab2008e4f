"""The one table message id → HTTP status, and every error as problem details (RFC 9457)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import orjson
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.routing import Match

from api.words import Words, language, words
from domain.docket import CaseNotFoundError, StaleError
from domain.refusal import Refused

MEDIA_TYPE = "application/problem+json"
RETRY_AFTER = 1
"""Seconds after which a busy or absent database may be asked again."""

_BY_STATUS: dict[int, tuple[str, ...]] = {
    400: ("body-not-json", "body-not-utf8", "if-match-unreadable", "malformed-request", "request-key-missing",
          "request-key-unreadable", "upload-incomplete", "upload-unreadable"),
    401: ("token-invalid", "token-missing"),
    403: ("approves-own-proposal", "approves-own-request", "auditor-only-reads", "card-of-another-deputy",
          "card-of-another-place", "deputy-ended", "duty-suspended",
          "for-auditors", "handling-unit-may-not-evaluate", "jurisdiction-not-yours",
          "log-of-several-jurisdictions", "no-part-in-case", "not-all-is-yours",
          "not-the-deputy-himself", "not-your-unit", "not-yours-to-amend", "personal-data-not-for-you",
          "role-may-not", "token-beyond-account",
          "token-may-only-read", "token-may-only-record", "unit-gone"),
    404: ("case-not-found", "no-case-at-moment", "no-such-attachment", "no-such-checkpoint", "no-such-person",
          "never-forked", "no-such-card", "no-such-year",
          "not-found",
          "nothing-sealed", "unknown-case-type",
          "no-such-figure", "unknown-metric", "unknown-metric-version", "unknown-problem", "unknown-rulebook",
          "unknown-step"),
    405: ("method-not-allowed",),
    409: ("already-taken", "another-measure-proposed", "another-round", "cannot-correct", "cannot-correct-field",
          "case-already-open",
          "case-attachments-too-large", "clock-does-not-run", "clock-without-rule", "commitment-exists",
          "contact-exists", "evaluated-already", "figure-is-another", "handed-over-already", "later-correction-stands",
          "lead-unit-assigned-already", "measure-exists", "no-case-then", "no-evaluation-yet", "no-extension-requested",
          "no-reply-in-round", "no-reply-yet", "nobody-left", "not-handed-over", "not-what-was-requested",
          "nothing-to-urge", "opening-stands", "outcome-is-another", "part-step-not-open", "person-exists",
          "personal-data-closed", "personal-data-restricted",
          "position-not-signed", "problem-exists", "request-settled", "session-convened-already", "step-is-void",
          "step-not-open", "step-stands", "term-opened-already", "unit-assigned-already"),
    410: ("attachment-erased",),
    412: ("stale-version",),
    413: ("body-too-large", "file-too-large"),
    415: ("content-type-not-json",),
    416: ("range-not-there",),
    428: ("if-match-missing",),
    429: ("file-quota-used",),
    500: ("attachment-lost", "internal-error", "log-files-lost"),
    503: ("being-rebuilt", "database-full", "database-unavailable", "keys-unavailable", "ledger-busy",
          "no-jurisdiction-yet", "not-caught-up", "service-busy"),
    507: ("storage-full",),
}  # fmt: skip
OF_PAGES: dict[int, tuple[str, ...]] = {
    400: ("form-unreadable",),
    403: ("account-disabled", "administrator-sees-no-case", "device-of-the-unit", "for-administrators",
          "form-token-wrong", "from-another-site", "one-time-expired", "sign-in-needs-https", "sign-in-refused"),
    404: ("account-not-found", "import-not-waiting", "no-such-draft", "session-not-found", "token-not-found"),
    409: ("account-changed", "last-administrator", "login-taken", "requested-already", "roles-apart",
          "roles-apart-by-name", "token-too-many", "too-many-drafts"),
    415: ("content-type-not-form",),
    429: ("too-many-attempts",),
    503: ("import-busy", "sign-in-busy"),
}  # fmt: skip
"""What only a page refuses, so that no operation of the API describes it."""

STATUS: dict[str, int] = {
    message_id: status for table in (_BY_STATUS, OF_PAGES) for status, ids in table.items() for message_id in ids
}
"""HTTP status of every message id that is not simply a value that cannot be (422)."""

FORBIDDEN = 403
UNPROCESSABLE = 422
_UNAVAILABLE = 503
_PLAIN = {404: "not-found", 405: "method-not-allowed", 413: "body-too-large"}


class ProblemItem(BaseModel):
    """One thing that is wrong, and where."""

    pointer: str | None = Field(None, description="JSON Pointer into the body, such as `#/step/lead_unit`")
    parameter: str | None = Field(None, description="Name of the parameter or header at fault")
    code: str = Field(description="What kind of fault")
    detail: str


class Problem(BaseModel):
    """Problem details (RFC 9457). `type` is a page of this service that explains the problem."""

    type: str = Field(json_schema_extra={"format": "uri-reference"}, examples=["/problems/unknown-unit"])
    title: str
    status: int
    detail: str
    instance: str = Field(json_schema_extra={"format": "uri-reference"})
    request_id: str
    errors: list[ProblemItem] | None = None
    current_version: int | None = Field(None, description="412: the version that the case has")
    steps_since: list[dict[str, Any]] | None = Field(None, description="412: the steps since the version that was seen")


class ProblemError(Exception):
    """A request that cannot be answered: a message id, its parameters, and what the answer carries besides."""

    def __init__(
        self,
        message_id: str,
        *,
        errors: Sequence[ProblemItem] = (),
        headers: Mapping[str, str] | None = None,
        extra: Mapping[str, Any] | None = None,
        **params: Any,
    ) -> None:
        super().__init__(message_id, params)
        self.message_id = message_id
        self.params = params
        self.errors = list(errors)
        self.headers = dict(headers or {})
        self.extra = dict(extra or {})


def status_of(message_id: str) -> int:
    """The HTTP status of a message id."""
    return STATUS.get(message_id, UNPROCESSABLE)


def words_for(request: Request) -> Words:
    """The words of the language that the request prefers."""
    return words(language(request.headers.get("accept-language")))


def respond(request: Request, problem: ProblemError) -> Response:
    """The problem as an answer, in the language that the request prefers."""
    tell = words_for(request)
    status = status_of(problem.message_id)
    request_id = getattr(request.state, "request_id", "")
    body: dict[str, Any] = {
        "type": f"/problems/{problem.message_id}",
        "title": tell(f"title.{problem.message_id}"),
        "status": status,
        "detail": tell(problem.message_id, **({"request_id": request_id} | problem.params)),
        "instance": request.scope.get("raw_path", b"").decode("ascii", "replace") or request.url.path,
        "request_id": request_id,
    }
    if problem.errors:
        body["errors"] = [item.model_dump(exclude_none=True) for item in problem.errors]
    headers = {"Content-Language": tell.language, "Vary": "Accept-Language"} | problem.headers
    if status == _UNAVAILABLE:
        headers["Retry-After"] = str(RETRY_AFTER)
    request.state.problem = problem.message_id
    return Response(orjson.dumps(body | problem.extra), status, headers, MEDIA_TYPE)


def of_refusal(
    refusal: Refused, tell: Words, *, pointer: str | None = None, parameter: str | None = None
) -> ProblemError:
    """A refusal of the domain, with the place of the field that it names."""
    items = []
    if pointer is not None or parameter is not None:
        detail = tell(refusal.message_id, **refusal.params)
        items = [ProblemItem(pointer=pointer, parameter=parameter, code=refusal.message_id, detail=detail)]
    problem = ProblemError(refusal.message_id, errors=items)
    problem.params = dict(refusal.params)
    return problem


def faults(tell: Words, errors: Iterable[Mapping[str, Any]], *, body: bool) -> list[ProblemItem]:
    """Pydantic's errors in words, without the values that were given."""
    found = []
    for error in errors:
        kind, place = str(error["type"]), tuple(error["loc"])
        detail = tell.fault(kind, error.get("ctx", {}))
        if body:
            found.append(ProblemItem(pointer=pointer_to(*place), parameter=None, code=kind, detail=detail))
        else:
            found.append(ProblemItem(pointer=None, parameter=str(place[-1]), code=kind, detail=detail))
    return found


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The problems of an operation for its OpenAPI description."""
    return {
        status: {
            "description": "、".join(sorted(_BY_STATUS.get(status, ()))) or "any other problem",
            "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
        for status in statuses
    }


async def refuse_repeated(request: Request) -> None:
    """Refuse an address that gives a parameter twice, which would leave open what is meant.

    It waits for nothing; but FastAPI gives a dependency that cannot wait to a thread.
    """
    names = [name for name, _ in request.query_params.multi_items()]
    if (name := next((name for name in names if names.count(name) > 1), None)) is not None:
        detail = words_for(request)("parameter-repeated", name=name)
        item = ProblemItem(pointer=None, parameter=name[:100], code="parameter-repeated", detail=detail)
        raise ProblemError("parameter-repeated", name=name, errors=[item])


def pointer_to(*place: object) -> str:
    """The JSON Pointer, as a URI fragment, of a place in a body."""
    return "#" + "".join(f"/{str(part)[:100].replace('~', '~0').replace('/', '~1')}" for part in place)


def _methods(request: Request) -> list[str]:
    """Every method of the address; the router itself names those of one route only."""
    here = [route for route in request.app.routes if route.matches(request.scope)[0] is not Match.NONE]
    found = {method for route in here for method in getattr(route, "methods", None) or ()}
    return sorted(found | {"HEAD"} if "GET" in found else found)


def install(
    app: FastAPI,
    unavailable: type[Exception],
    page: Callable[[Request, str, dict[str, object]], Response],
) -> None:
    """Answer every error with problem details; `unavailable` says which id it has.

    A browser that asks for what there is not is shown a `page`.
    """

    def told(request: Request, error: Exception) -> Response:
        assert isinstance(error, ProblemError)  # noqa: S101 - as registered below
        return respond(request, error)

    def refused(request: Request, error: Exception) -> Response:
        assert isinstance(error, Refused)  # noqa: S101 - as registered below
        return respond(request, of_refusal(error, words_for(request), parameter=error.field))

    def not_found(request: Request, error: Exception) -> Response:
        return respond(request, ProblemError("case-not-found", case_id=str(error)))

    def stale(request: Request, error: Exception) -> Response:
        assert isinstance(error, StaleError)  # noqa: S101 - as registered below
        return respond(request, ProblemError("stale-version", expected=error.expected, actual=error.actual))

    def away(request: Request, error: Exception) -> Response:
        return respond(request, ProblemError(str(getattr(error, "message_id", "database-unavailable"))))

    def invalid(request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)  # noqa: S101 - as registered below
        found = faults(words_for(request), error.errors(), body=False)
        return respond(request, ProblemError("parameters-invalid", count=len(found), errors=found))

    def plain(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)  # noqa: S101 - as registered below
        allowed = ", ".join(_methods(request)) if error.headers else ""
        headers = {"Allow": allowed} if allowed else {}
        message_id = _PLAIN.get(error.status_code, "malformed-request")
        problem = ProblemError(message_id, headers=headers, method=request.method, allowed=allowed, reason=error.detail)
        reading = "text/html" in request.headers.get("accept", "") and not request.url.path.startswith("/api/")
        return page(request, message_id, problem.params) if reading else respond(request, problem)

    for kind, handler in (
        (ProblemError, told),
        (Refused, refused),
        (CaseNotFoundError, not_found),
        (StaleError, stale),
        (unavailable, away),
        (RequestValidationError, invalid),
        (HTTPException, plain),
    ):
        app.add_exception_handler(kind, handler)
