"""What the reader may do with a case, the form that is open, and taking the step that it says."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from fastapi import Request
from pydantic import ValidationError

from api.problems import FORBIDDEN, ProblemError, status_of
from api.services import Received, Services
from api.web.forms import TOKEN, read_pairs
from api.web.guard import refuse_forged
from api.web.stepforms import FieldView, Form, Given, actions
from api.web.viewmodels import Teller, case_path
from domain import policy, procedure
from domain.attachment import AttachmentKind
from domain.case import Act, AttachmentAdded, Case, Opening, SourceDocument, Step
from domain.casefile import CaseFile
from domain.docket import Receipt, StaleError
from domain.docket import Request as Asking
from domain.moment import UnreadableTimeError, day_of, parse_occurred
from domain.principal import Principal
from domain.refusal import Refused

MOST = 1_000_000
"""Bytes of the form of a step, which may hold whole letters."""

_FIELDS = 2_000
_KEY = re.compile(r"[0-9a-f]{32}\Z")
_VERSION = re.compile(r"\d{1,9}\Z")
_ACT = {"act.occurred_on", "act.late", "act.document", "act.title"}
_OWN = {TOKEN, "version", "key", "rows"}


@dataclass(frozen=True)
class ActionView:
    """A step that the reader's role may take: open, or why not now."""

    name: str
    text: str
    url: str
    why: str | None
    chosen: bool


@dataclass(frozen=True)
class FormView:
    """The form of one step."""

    action: str
    title: str
    help: str
    fields: list[FieldView]
    occurred_on: str
    late: bool
    opens: bool
    document: str
    document_title: str
    version: int
    key: str
    trouble: str | None = None
    meanwhile: tuple[str, ...] = ()
    wrong: str | None = None
    """What is wrong with the day."""


@dataclass(frozen=True)
class Doing:
    """What may be done, and the form that is open."""

    actions: list[ActionView]
    form: FormView | None = None
    attach: str | None = None
    """Where a file may be sent, if the reader may add one."""

    @property
    def open(self) -> list[ActionView]:
        """What may be done now."""
        return [one for one in self.actions if one.why is None]

    @property
    def closed(self) -> list[ActionView]:
        """What may not be done now, with the reason."""
        return [one for one in self.actions if one.why is not None]

    @property
    def closed_is_wanted(self) -> bool:
        """Whether the reader asked for something that may not be done now."""
        return any(one.chosen for one in self.closed)


@dataclass(frozen=True)
class Posted:
    """A form as it came back, and what was wrong with it."""

    values: Mapping[str, Sequence[str]]
    wrong: Mapping[str, str]
    trouble: str | None = None
    meanwhile: tuple[str, ...] = ()


async def read_fields(request: Request) -> dict[str, list[str]]:
    """The fields of a step's form, each with everything that was given; refused if it is not a form of the session."""
    fields: dict[str, list[str]] = {}
    for name, text in await read_pairs(request, most=MOST, fields=_FIELDS):
        fields.setdefault(name, []).append(text)
    refuse_forged(request, first(fields, TOKEN))
    return fields


def doing(
    tell: Teller, asker: Principal, case_file: CaseFile, case: Case, wanted: str | None, posted: Posted | None = None
) -> Doing:
    """What may be done with a case as it stands, with the form of one step open where it is wanted."""
    path = case_path(case_file.id)
    shown, form = [], None
    for action in actions(case, asker):
        name = action.step.declared.name
        chosen = name == wanted
        why = None if action.why is None else tell.say(action.why.message_id, **action.why.params)
        shown.append(ActionView(name, tell.step(action.step), f"{path}?step={name}#do", why, chosen))
        if chosen and (why is None or posted is not None):
            form = _form(tell, asker, action.step, f"{path}/steps/{name}", case, case_file.version, posted)
    attach = f"{path}/attachments" if _may_attach(case, asker) else None
    return Doing(shown, form, attach)


def _may_attach(case: Case, asker: Principal) -> bool:
    act = Act(actor=asker.actor, role=asker.role, office=asker.office, occurred_at=datetime.now(UTC))
    return asker.role in AttachmentAdded.roles(type(case)) and policy.may_act(case, act)


def attach(
    services: Services,
    tell: Teller,
    asker: Principal,
    case_file: CaseFile,
    received: Received,
    fields: Mapping[str, str],
) -> Receipt:
    """Name a file that was taken in by a step of the case."""
    if (kind := fields.get("kind", "")) not in set(AttachmentKind):
        raise Refused("value-not-allowed", field="kind", reason="enum")
    step = AttachmentAdded(name=received.name, kind=AttachmentKind(kind), **received.content._asdict())
    return services.docket.record(case_file.id, step, act_of(asker, tell, {}))


def opening_form(tell: Teller, asker: Principal, step: type[Opening], posted: Posted | None = None) -> FormView:
    """The form of a step that opens a case."""
    return _form(tell, asker, step, f"/cases/new/{procedure.opening_name(step)}", None, 0, posted)


def openings(asker: Principal) -> list[type[Opening]]:
    """The opening steps that the asker's role may take."""
    steps = procedure.opening_steps()
    return [step for step in steps if issubclass(step, Opening) and asker.role in step.declared.by]


def _form(
    tell: Teller,
    asker: Principal,
    step: type[Step],
    action: str,
    case: Case | None,
    version: int,
    posted: Posted | None,
) -> FormView:
    today = day_of(datetime.now(UTC), tell.zone)
    form = Form(step, tell, asker, case, today)
    values = {} if posted is None else posted.values
    wrong = {} if posted is None else posted.wrong
    key = first(values, "key") or ""
    reused = posted is not None and posted.wrong.get("key") is not None
    help_text = (step.__doc__ or "").strip().replace("\n", " ") if tell.lang == "en" else ""
    return FormView(
        action=action,
        title=tell.step(step),
        help=" ".join(help_text.split()),
        fields=form.fields(Given(values, wrong)),
        occurred_on=first(values, "act.occurred_on") or today.isoformat(),
        late=bool(first(values, "act.late")),
        opens=step.declared.opens,
        document=first(values, "act.document") or "",
        document_title=first(values, "act.title") or "",
        version=version,
        key=key if _KEY.match(key) and not reused else secrets.token_hex(16),
        trouble=posted.trouble if posted else None,
        meanwhile=posted.meanwhile if posted else (),
        wrong=wrong.get("occurred_at"),
    )


def take(
    services: Services,
    tell: Teller,
    asker: Principal,
    step: type[Step],
    case_file: CaseFile | None,
    values: Mapping[str, Sequence[str]],
    path: str,
) -> Receipt | Posted:
    """Take the step that a form says; the form again, with what is wrong, if it cannot be taken."""
    case = None if case_file is None else case_file.case
    form = Form(step, tell, asker, case, day_of(datetime.now(UTC), tell.zone))
    _refuse_strangers(form, values)
    if first(values, "rows"):
        return Posted(values, {})
    try:
        asking = _asking(services.secret, asker, values, path)
        if (receipt := services.docket.answered(asking)) is not None:
            return receipt
        return _recorded(services, form, act_of(asker, tell, values), case_file, values, asking)
    except ValidationError as error:
        return Posted(values, form.faults(error), tell.say("page.form.wrong"))
    except Refused as refused:
        if status_of(refused.message_id) == FORBIDDEN:
            raise
        field = {"request-key-reused": "key"}.get(refused.message_id, refused.field or "")
        why = tell.say(refused.message_id, **refused.params)
        return Posted(values, {field: why} if field else {}, why)
    except StaleError as stale:
        return _stale(tell, services.docket.case_file(stale.case_id), values, stale.expected)


def _recorded(
    services: Services,
    form: Form,
    act: Act,
    case_file: CaseFile | None,
    values: Mapping[str, Sequence[str]],
    asking: Asking,
) -> Receipt:
    said = form.read(values)
    if case_file is None:
        assert isinstance(said, Opening)  # noqa: S101 - as its declaration says
        return services.docket.open(said, act, request=asking, asked=True)
    seen = _version(values)
    if seen != case_file.version:
        raise StaleError(case_file.id, seen, case_file.version)
    return services.docket.record(case_file.id, said, act, expected_version=seen, request=asking, asked=True)


def _refuse_strangers(form: Form, values: Mapping[str, Sequence[str]]) -> None:
    """Refuse a form with a field that the page did not offer."""
    offered = {field.name for field in form.fields()} | _OWN
    if any(name not in _ACT and name.partition(".")[0] not in offered for name in values):
        raise ProblemError("form-unreadable")


def _stale(tell: Teller, case_file: CaseFile, values: Mapping[str, Sequence[str]], expected: int) -> Posted:
    """What happened since the form was opened; what was written is kept."""
    since = [record for record in case_file.history if record.version > expected]
    told = tuple(
        tell.say("page.form.since", n=r.version, step=tell.step(type(r.step)), when=tell.when(r.recorded_at))
        for r in since
    )
    return Posted(values, {}, tell.say("page.form.stale"), told)


def _asking(secret: bytes, asker: Principal, values: Mapping[str, Sequence[str]], path: str) -> Asking:
    key = first(values, "key") or ""
    if not _KEY.match(key):
        raise ProblemError("form-unreadable")
    said = {name: list(texts) for name, texts in values.items() if name not in {TOKEN, "version"}}
    asked = json.dumps([asker.actor, asker.role, asker.office, path, said], ensure_ascii=False, sort_keys=True)
    return Asking(f"form:{key}", hmac.digest(secret, b"form-request\n" + asked.encode(), hashlib.sha256))


def _version(values: Mapping[str, Sequence[str]]) -> int:
    version = first(values, "version") or ""
    if not _VERSION.match(version):
        raise ProblemError("form-unreadable")
    return int(version)


def act_of(asker: Principal, tell: Teller, values: Mapping[str, Sequence[str]]) -> Act:
    """The act of whoever asks, with the day and the paper that a form names."""
    given = (first(values, "act.occurred_on") or day_of(datetime.now(UTC), tell.zone).isoformat()).strip()
    try:
        occurred_at, precision = parse_occurred(given, tell.zone)
    except (UnreadableTimeError, OverflowError):
        raise Refused("field.moment-unreadable", field="occurred_at") from None
    number, title = (first(values, name) or None for name in ("act.document", "act.title"))
    return Act(
        actor=asker.actor,
        role=asker.role,
        office=asker.office,
        occurred_at=occurred_at,
        precision=precision,
        late=bool(first(values, "act.late")),
        source=SourceDocument(number=number, title=title) if number or title else None,
    )


def first(values: Mapping[str, Sequence[str]], name: str) -> str | None:
    """The text of a field; of several, the first."""
    found = values.get(name)
    return found[0] if found else None
