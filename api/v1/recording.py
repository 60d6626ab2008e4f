"""Recording: one typed operation for every declared step, derived from the registry."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from functools import cache
from typing import Any, Literal, TypeVar

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field, ValidationError, create_model
from starlette.routing import BaseRoute, Match
from starlette.types import Receive, Scope, Send

import domain.cases  # noqa: F401 - every case type declares itself
from api.moment import written
from api.principal import Asker
from api.problems import ProblemError, ProblemItem, documented, faults, of_refusal, pointer_to, words_for
from api.services import services_of
from api.v1 import answers
from api.v1.body import Body, canonical, parse
from api.v1.finding import answer, case_file_of, etag, zone_of
from api.v1.operations import operations
from api.words import Words
from domain import procedure
from domain.case import STEPS, Act, Correction, Opening, SourceDocument, Step
from domain.casefile import CaseFile
from domain.docket import Receipt, StaleError
from domain.docket import Request as Asking
from domain.moment import UnreadableTimeError, day_of, parse_occurred
from domain.principal import Principal
from domain.refusal import Refused
from domain.values import Line

_Answer = TypeVar("_Answer")
_Given = TypeVar("_Given", bound=BaseModel)

CREATED = 201
RECORDED = 200

_SHOWN = 100
_KEY = re.compile(r"[\x21-\x7e]{1,200}\Z")
_TAGS = re.compile(r'\s*(?:W/)?"[^"]*"(?:\s*,\s*(?:W/)?"[^"]*")*\s*\Z')
_TAG = re.compile(r'(?:W/)?"[^"]*"')
_STEP_PATH = re.compile(r"/api/v1/cases/[^/]+/steps/([^/]+)\Z")
_VERSION = re.compile(r"-v(\d{1,9})\"\Z")


class ActGiven(BaseModel):
    """What the caller says of the act; who acts, in which role and office, comes from the token."""

    model_config = ConfigDict(extra="forbid")

    occurred_at: str | None = Field(
        None,
        description="When it happened: a date, or an instant with its offset. By default today.",
        examples=["2026-03-05", "2026-03-05T09:30:00+08:00"],
    )
    late: bool = Field(default=False, description="A late entry (补录): it stands before what happened after it")
    on_behalf_of: Line | None = Field(None, description="In whose name, if not the actor's own office")
    source: SourceDocument | None = Field(None, description="The paper behind the act")


class Given(BaseModel):
    """The body of a step: what was decided, and the circumstances of the act."""

    model_config = ConfigDict(extra="forbid", defer_build=True)

    step: Step
    act: ActGiven = ActGiven()


def _given(step: type[Step], **named: Any) -> type[Given]:
    return create_model(f"{step.__name__}Given", __base__=Given, __doc__=step.__doc__, step=(step, ...), **named)


OPENINGS: dict[str, type[Given]] = {
    procedure.opening_name(step): _given(step, opening=(Literal[procedure.opening_name(step)], ...))
    for step in procedure.opening_steps()
}
STEP_BODIES: dict[type[Step], type[Given]] = {step: _given(step) for step in STEPS.values() if not step.declared.opens}


def bodies() -> Iterator[type[BaseModel]]:
    """Every body that the operations of this module take."""
    yield from OPENINGS.values()
    yield from STEP_BODIES.values()


def ref(model: type[BaseModel]) -> dict[str, str]:
    """Where the description tells of a body."""
    return {"$ref": f"#/components/schemas/{model.__name__}"}


def body_of(schema: dict[str, Any]) -> dict[str, Any]:
    """A body as the description of an operation tells of it."""
    return {"required": True, "content": {"application/json": {"schema": schema}}}


IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": True,
    "description": "The caller's own key for this request: sent again, it gets the same answer and nothing is repeated",
    "schema": {"type": "string", "minLength": 1, "maxLength": 200, "pattern": r"^[\x21-\x7e]+$"},
}
_IF_MATCH = {
    "name": "If-Match",
    "in": "header",
    "required": True,
    "description": "The `ETag` of the case as you have seen it; `*` records whatever has happened since",
    "schema": {"type": "string"},
    "example": '"0b6fa4a2-7f51-4c39-9a0e-2d3c1b7e8f60-v3"',
}
_HEADERS = {
    "ETag": {"description": "Version of the case, for `If-Match`", "schema": {"type": "string"}},
    "Duban-Position": {"description": "Position in the ledger, for `min_position`", "schema": {"type": "string"}},
    "Idempotency-Replayed": {"description": "`true` if it was answered before", "schema": {"type": "string"}},
}
_LOCATION = {"Location": {"description": "The case", "schema": {"type": "string", "format": "uri-reference"}}}


def _operations() -> APIRouter:
    return operations(400, 401, 403, 404, 409, 413, 415, 422, 500, 503, tag="steps")


router = _operations()


@router.post(
    "/cases",
    operation_id="open_case",
    summary="立案 · Open a case",
    status_code=CREATED,
    response_model=answers.RecordedAnswer,
    responses={CREATED: {"headers": _HEADERS | _LOCATION}},
    openapi_extra={
        "parameters": [IDEMPOTENCY_KEY],
        "requestBody": body_of(
            {
                "oneOf": [ref(model) for model in OPENINGS.values()],
                "discriminator": {
                    "propertyName": "opening",
                    "mapping": {name: ref(model)["$ref"] for name, model in OPENINGS.items()},
                },
            }
        ),
    },
)
def open_case(request: Request, asker: Asker, body: Body) -> Response:
    """Open a case by its first step; `opening` names which one."""
    services, tell = services_of(request), words_for(request)
    fields = parse(body)
    asking = _asking(request, asker, fields, services.secret)
    with_words = _Refusing(tell, Opening, fields)
    if (receipt := with_words(lambda: services.docket.answered(asking))) is None:
        model = OPENINGS.get(str(fields.get("opening")))
        if model is None:
            raise ProblemError("fields-invalid", count=1, errors=[_unknown_opening(tell)])
        given = validated(model, fields, tell)
        step = given.step
        if not isinstance(step, Opening):
            raise TypeError(type(step))
        if step.opened_from != asker.jurisdiction:
            raise ProblemError("jurisdiction-not-yours", jurisdiction=step.opened_from, yours=asker.jurisdiction)
        with_words = _Refusing(tell, type(step), fields)
        zone = with_words(lambda: step.jurisdiction_in(services.registry)).time_zone
        act = act_of(given.act, asker, tell, zone)
        receipt = with_words(lambda: services.docket.open(step, act, request=asking, asked=True))
    return _receipt_answer(receipt, CREATED)


def _unknown_opening(tell: Words) -> ProblemItem:
    detail = tell("field.literal_error", expected=sorted(OPENINGS))
    return ProblemItem(pointer="#/opening", parameter=None, code="literal_error", detail=detail)


def _operation(name: str, classes: list[type[Step]]) -> Callable[..., Response]:
    """The endpoint of the steps of one name, one for each case type that declares it."""

    def record(case_id: str, request: Request, asker: Asker, body: Body) -> Response:
        services, tell = services_of(request), words_for(request)
        fields = parse(body)
        asking = _asking(request, asker, fields, services.secret)
        step_type = classes[0]
        if (receipt := _Refusing(tell, step_type, fields)(lambda: services.docket.answered(asking))) is None:
            case_file = case_file_of(services, asker, case_id)
            if case_file.case is not None:
                step_type = procedure.step_named(type(case_file.case), name)
                procedure.require_role(step_type, type(case_file.case), asker.role)
            expected = _expected(request, case_file, zone_of(services, asker))
            given = validated(STEP_BODIES[step_type], fields, tell)
            act = act_of(given.act, asker, tell, zone_of(services, asker))
            try:
                receipt = _Refusing(tell, step_type, fields)(
                    lambda: services.docket.record(
                        case_id, given.step, act, expected_version=expected, request=asking, asked=True
                    )
                )
            except StaleError as stale:
                raise _stale(case_file_of(services, asker, case_id), stale.expected, zone_of(services, asker)) from None
        return _receipt_answer(receipt, RECORDED)

    return record


def _by_name() -> dict[str, list[type[Step]]]:
    found: dict[str, list[type[Step]]] = {}
    for step in STEP_BODIES:
        found.setdefault(step.declared.name, []).append(step)
    return found


_BY_NAME = _by_name()


@cache
def _operation_named(name: str) -> BaseRoute:
    classes = _BY_NAME[name]
    first, schemas = classes[0].declared, [ref(STEP_BODIES[step]) for step in classes]
    made = _operations()
    made.add_api_route(
        f"/cases/{{case_id}}/steps/{name}",
        _operation(name, classes),
        methods=["POST"],
        operation_id=f"record_{name}",
        summary=f"{first.zh} · {first.en}",
        description="\n\n".join((step.__doc__ or "").strip() for step in classes)
        + "\n\nBy: "
        + ", ".join(sorted({role for step in classes for role in procedure.takers_of(step)})),
        status_code=RECORDED,
        response_model=answers.RecordedAnswer,
        responses=documented(412, 428) | {RECORDED: {"headers": _HEADERS}},
        openapi_extra={
            "parameters": [IDEMPOTENCY_KEY, _IF_MATCH],
            "requestBody": body_of(schemas[0] if len(schemas) == 1 else {"anyOf": schemas}),
        },
    )
    return made.routes[0]


class StepOperations(BaseRoute):
    """The operations of all steps as one route: each is found by the step's name, and made when it is first needed.

    As hundreds of routes they would be tried, one after another, for every address that comes after them, and a process
    would begin with making them all.
    """

    @property
    def routes(self) -> list[BaseRoute]:
        """Every one of them."""
        return [_operation_named(name) for name in _BY_NAME]

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Whether the address is that of a step that there is."""
        found = _STEP_PATH.search(scope["path"]) if scope["type"] == "http" else None
        if found is None or found[1] not in _BY_NAME:
            return Match.NONE, {}
        return _operation_named(found[1]).matches(scope)

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand the request to the operation that was found."""
        await scope["route"].handle(scope, receive, send)


router.routes.append(StepOperations())


@router.post("/cases/{case_id}/steps/{name}", include_in_schema=False)
def record_unknown(case_id: str, name: str, request: Request, asker: Asker) -> Response:
    """No step of that name."""
    case_file_of(services_of(request), asker, case_id)
    raise Refused("unknown-step", step=name)


class _Refusing:
    """Calls what may refuse, and turns a refusal into a problem that points at the field."""

    def __init__(self, tell: Words, step: type[Step], fields: dict[str, Any]) -> None:
        self._tell = tell
        self._step = step
        given = fields.get("step")
        self._given = given if isinstance(given, dict) else {}

    def __call__(self, ask: Callable[[], _Answer]) -> _Answer:
        try:
            return ask()
        except Refused as refusal:
            if refusal.message_id == "request-key-reused":
                raise of_refusal(refusal, self._tell, parameter="Idempotency-Key") from None
            raise of_refusal(refusal, self._tell, pointer=pointer_of(refusal, self._step, self._given)) from None


def pointer_of(refusal: Refused, step: type[Step], given: Mapping[str, Any]) -> str | None:
    """The place in the body that a refusal is about."""
    field = refusal.field
    if field is None:
        claimed = str(refusal.params.get("claim", "")).partition(":")[0]
        return pointer_to("step", claimed) if claimed in step.model_fields else None
    if field == "occurred_at" and not (issubclass(step, Correction) and given.get(field)):
        return pointer_to("act", field)
    return pointer_to("step", *field.split("."))


def request_key(request: Request) -> str:
    """The caller's own key for the request."""
    key = request.headers.get("idempotency-key")
    if key is None:
        raise ProblemError("request-key-missing")
    if not _KEY.match(key):
        raise ProblemError("request-key-unreadable")
    return key


def _asking(request: Request, asker: Principal, fields: dict[str, Any], secret: bytes) -> Asking:
    """The request under the caller's key, with a fingerprint of who asks where for what."""
    key = request_key(request)
    who = [asker.actor, asker.role, asker.office, asker.jurisdiction, request.method, request.url.path]
    asked = json.dumps(who, ensure_ascii=False).encode() + b"\n" + canonical(fields)
    return Asking(key, hmac.digest(secret, b"request\n" + asked, hashlib.sha256))


def validated(model: type[_Given], fields: dict[str, Any], tell: Words) -> _Given:
    """What a body says; refused with everything that is wrong with it."""
    try:
        return model.model_validate_json(canonical(fields), strict=True)
    except ValidationError as error:
        found = faults(tell, error.errors(include_url=False, include_input=False), body=True)
        raise ProblemError("fields-invalid", count=len(found), errors=found) from None


def act_of(given: ActGiven, asker: Principal, tell: Words, zone: str) -> Act:
    """The act of whoever asks, as the body says when it was."""
    when = day_of(datetime.now(UTC), zone).isoformat() if given.occurred_at is None else given.occurred_at
    try:
        occurred_at, precision = parse_occurred(when.strip(), zone)
    except (UnreadableTimeError, OverflowError):
        item = ProblemItem(
            pointer="#/act/occurred_at",
            parameter=None,
            code="moment-unreadable",
            detail=tell("field.moment-unreadable"),
        )
        raise ProblemError("fields-invalid", count=1, errors=[item]) from None
    return Act(
        actor=asker.actor,
        role=asker.role,
        office=asker.office,
        on_behalf_of=given.on_behalf_of,
        occurred_at=occurred_at,
        precision=precision,
        late=given.late,
        source=given.source,
    )


def _expected(request: Request, case_file: CaseFile, zone: str) -> int | None:
    """The version that the caller has seen, which must be the present one; None for `*`."""
    current = etag(case_file.id, case_file.version)
    given = request.headers.get("if-match")
    if given is None:
        raise ProblemError("if-match-missing", etag=current.strip('"'), headers={"ETag": current})
    if given.strip() == "*":
        return None
    if not _TAGS.match(given):
        raise ProblemError("if-match-unreadable", etag=current.strip('"'))
    tags = _TAG.findall(given)
    if current in tags:
        return case_file.version
    versions = [int(match[1]) for tag in tags if (match := _VERSION.search(tag)) is not None]
    seen = max((v for v in versions if etag(case_file.id, v) in tags), default=None)
    raise _stale(case_file, seen, zone, given)


def _stale(case_file: CaseFile, seen: int | None, zone: str, given: str = "") -> ProblemError:
    """The case has moved on from the version that was seen; of one that it never had, nothing can be said since."""
    since = [
        step.model_dump(mode="json")
        for step in answers.history_answer(case_file.history, None, zone)
        if seen is not None and step.number > seen
    ]
    return ProblemError(
        "stale-version",
        expected=given[:_SHOWN] if seen is None else seen,
        actual=case_file.version,
        headers={"ETag": etag(case_file.id, case_file.version)},
        extra={"current_version": case_file.version, "steps_since": since},
    )


def _receipt_answer(receipt: Receipt, status: int) -> Response:
    recorded_at = receipt.recorded_at or datetime.now(UTC)
    body = answers.RecordedAnswer(
        case_id=receipt.case_id,
        version=receipt.version,
        position=receipt.position,
        recorded_at=written(recorded_at, "UTC"),
    )
    headers = {"ETag": etag(receipt.case_id, receipt.version), "Duban-Position": str(receipt.position)}
    if receipt.repeated:
        headers["Idempotency-Replayed"] = "true"
    if status == CREATED:
        headers["Location"] = f"/api/v1/cases/{receipt.case_id}"
    return answer(body, headers, status)
