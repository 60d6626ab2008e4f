"""What the reader may do with a case, the form that is open, and taking the step that it says."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import secrets
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple

from fastapi import Request
from pydantic import ValidationError

from api.problems import FORBIDDEN, ProblemError, status_of
from api.recalculation import Adoption, adoption_of
from api.search import Similar
from api.services import Received, Services
from api.web.alike import alike_to
from api.web.forms import TOKEN, read_pairs
from api.web.guard import refuse_forged
from api.web.stepforms import FieldView, Form, Given, actions, faults
from api.web.viewmodels import Teller, case_path
from domain import amendment, fold, policy, procedure
from domain.attachment import AttachmentKind
from domain.case import (
    Act,
    AttachmentAdded,
    Case,
    Corrected,
    CorrectionRequested,
    Opening,
    Participation,
    Recorded,
    SourceDocument,
    Step,
)
from domain.casefile import CaseFile
from domain.cases.registry.jurisdiction import RulebookAdopted
from domain.docket import Receipt, StaleError
from domain.docket import Request as Asking
from domain.draft import FormDraft
from domain.moment import UnreadableTimeError, day_of, parse_occurred
from domain.person import PersonalAttachmentAdded
from domain.principal import Principal
from domain.refusal import Refused

MOST = 1_000_000
"""Bytes of the form of a step, which may hold whole letters."""

_FIELDS = 2_000
_KEY = re.compile(r"[0-9a-f]{32}\Z")
_VERSION = re.compile(r"\d{1,9}\Z")
_ACT = {"act.occurred_on", "act.late", "act.document", "act.title"}
_BESIDE = {TOKEN, "version", "do", "draft"}
"""What a form carries that says nothing of the step."""
_OWN = {*_BESIDE, "key", "rows"}


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
    draft: str | None = None
    """Id of the draft that it was kept as."""
    note: str | None = None


@dataclass(frozen=True)
class Doing:
    """What may be done, and the form that is open."""

    actions: list[ActionView]
    form: FormView | None = None
    attach: str | None = None
    """Where a file may be sent, if the reader may add one."""
    persons: tuple[str, ...] = ()
    """Keys of those whose data it may have."""

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
    draft: FormDraft | None = None
    """The draft that was opened again, where nothing was posted."""


@dataclass(frozen=True)
class Foreseen:
    """A case as it is, and as a step would leave it that is foreseen before it is taken; nothing was recorded."""

    values: Mapping[str, Sequence[str]]
    before: CaseFile
    after: CaseFile
    meanwhile: tuple[str, ...] = ()
    adoption: Adoption | None = None
    """What else changes, where it adopts a rulebook."""

    @property
    def hidden(self) -> list[tuple[str, str]]:
        """What the form said, to be sent again."""
        return hidden(self.values)


@dataclass(frozen=True)
class Repeated:
    """A suggestion that was not opened yet, because others are like it: the form, and those."""

    values: Mapping[str, Sequence[str]]
    step: Opening
    found: Sequence[Similar]

    @property
    def hidden(self) -> list[tuple[str, str]]:
        """What the form said, to be sent again."""
        return hidden(self.values)


def hidden(values: Mapping[str, Sequence[str]]) -> list[tuple[str, str]]:
    """What a form said, to be sent again; the session's token and the version are the page's own."""
    left_out = {*_BESIDE, "rows"}
    kept = [(name, text) for name, texts in values.items() if name not in left_out for text in texts]
    draft = first(values, "draft")
    return kept if draft is None else [*kept, ("draft", draft)]


async def read_fields(request: Request) -> dict[str, list[str]]:
    """The fields of a step's form, each with everything that was given; refused if it is not a form of the session."""
    fields: dict[str, list[str]] = {}
    for name, text in await read_pairs(request, most=MOST, fields=_FIELDS):
        fields.setdefault(name, []).append(text)
    refuse_forged(request, first(fields, TOKEN))
    return fields


def doing(
    tell: Teller,
    asker: Principal,
    case_file: CaseFile,
    case: Case,
    wanted: str | None,
    posted: Posted | None = None,
    units: Collection[str] = (),
) -> Doing:
    """What may be done with a case as it stands, with the form of one step open where it is wanted.

    `units` are those on whose device that is.
    """
    path = case_path(case_file.id)
    shown, form = [], None
    for action in actions(case, asker):
        name = action.step.declared.name
        chosen = name == wanted
        why = None if action.why is None else tell.say(action.why.message_id, **action.why.params)
        if barred := policy.is_barred(action.step, case, units):
            why = tell.say("device-of-the-unit")
        shown.append(ActionView(name, tell.step(action.step), f"{path}?step={name}#do", why, chosen))
        if chosen and not barred and (why is None or posted is not None):
            form = _form(tell, asker, action.step, f"{path}/steps/{name}", case, case_file.version, posted)
    attach = f"{path}/attachments" if may_take(AttachmentAdded, case, asker) else None
    return Doing(shown, form, attach, tuple(case.persons))


def may_take(step: type[Participation], case: Case, asker: Principal) -> bool:
    """Whether the asker takes part in the case, for a step that everybody may take who does."""
    act = Act(actor=asker.actor, role=asker.role, office=asker.office, occurred_at=datetime.now(UTC))
    return asker.role in step.roles(type(case)) and policy.may_act(case, act)


def may_amend(asker: Principal, case: Case | None) -> tuple[bool, bool]:
    """Whether the asker may correct and void on an approval on paper, and whether he may ask for it."""
    return asker.role in Corrected.declared.by, case is not None and may_take(CorrectionRequested, case, asker)


def amends_of(tell: Teller, asker: Principal, case_file: CaseFile) -> Callable[[Recorded], list[tuple[str, str]]]:
    """What the asker may do about a recorded step, and where: correct it, void it, or ask for it."""
    case, standing = case_file.case, fold.standing(case_file.history)
    may = any(may_amend(asker, case))

    def amends(record: Recorded) -> list[tuple[str, str]]:
        names = []
        if not amendment.may_be_asked(case_file.history, record.version, asker.role):
            return []
        if record.version in standing and amendment.may_be_corrected(record.step):
            names.append("correct")
        stands = record.step.declared.stands or (
            record.step.declared.opens and case is not None and case.opening_stands
        )
        if not stands:
            names.append("void")
        path = f"{case_path(case_file.id)}/history/{record.version}"
        return [(tell.say(f"page.amend.{name}"), f"{path}/{name}") for name in names if may]

    return amends


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
    said = {"name": received.name, "kind": AttachmentKind(kind), **received.content._asdict()}
    person = fields.get("person")
    step: Step = PersonalAttachmentAdded(person=person, **said) if person else AttachmentAdded(**said)
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
        key=key_of(posted),
        trouble=posted.trouble if posted else None,
        meanwhile=posted.meanwhile if posted else (),
        wrong=wrong.get("occurred_at"),
        draft=first(values, "draft"),
        note=kept_note(tell, posted.draft) if posted and posted.draft else None,
    )


def key_of(posted: Posted | None) -> str:
    """The request key of a form: the one that it came back with, unless that was used for something else."""
    key = first(posted.values, "key") or "" if posted else ""
    reused = posted is not None and posted.wrong.get("key") is not None
    return key if _KEY.match(key) and not reused else secrets.token_hex(16)


class Sent(NamedTuple):
    """The address to which a form was sent, and the mark of the device from which it was, if that is kept."""

    path: str
    device: str | None = None


def take(
    services: Services,
    tell: Teller,
    asker: Principal,
    account_id: str,
    step: type[Step],
    case_file: CaseFile | None,
    values: Mapping[str, Sequence[str]],
    sent: Sent,
) -> Receipt | Posted | Foreseen | Repeated | FormDraft:
    """Take the step that a form says; the form again, with what is wrong, if it cannot be taken.

    A late entry, the adoption of a rulebook, and a suggestion like others are shown first, and taken when that was
    confirmed. A form may be kept as a draft instead, which is gone when the step is taken.
    """
    case = None if case_file is None else case_file.case
    form = Form(step, tell, asker, case, day_of(datetime.now(UTC), tell.zone))
    refuse_strangers(form.offered, values)
    draft = first(values, "draft")
    if first(values, "do") == "keep":
        name = procedure.opening_name(step) if case_file is None else step.declared.name
        kept = {name: list(texts) for name, texts in values.items() if name not in {*_BESIDE, "rows"}}
        case_id = None if case_file is None else case_file.id
        return services.drafts.keep(account_id, case_id, name, version_of(values), kept, draft)
    if first(values, "rows") or first(values, "do") == "edit":
        return Posted(values, {})
    try:
        asking = asking_of(services.secret, asker, values, sent.path)
        receipt = services.docket.answered(asking)
        act = act_of(asker, tell, values).model_copy(update={"device": sent.device})
        taken = receipt or _taken(services, tell, asker, form.read(values), act, case_file, values, asking)
    except ValidationError as error:
        return Posted(values, faults(tell, error), tell.say("page.form.wrong"))
    except Refused as refused:
        if status_of(refused.message_id) == FORBIDDEN:
            raise
        field = {"request-key-reused": "key"}.get(refused.message_id, refused.field or "")
        why = tell.say(refused.message_id, **refused.params)
        return Posted(values, {field: why} if field else {}, why)
    except StaleError as stale:
        return _stale(tell, services.docket.case_file(stale.case_id), values, stale.expected)
    if draft is not None and isinstance(taken, Receipt):
        services.drafts.discard(account_id, draft)
    return taken


def reopened(tell: Teller, draft: FormDraft, case_file: CaseFile | None) -> Posted:
    """A draft as its form was, with what happened to the case since."""
    values = {**draft.fields, "draft": [draft.id]}
    if case_file is None or draft.version >= case_file.version:
        return Posted(values, {}, draft=draft)
    return Posted(values, {}, tell.say("page.draft.stale"), since(tell, case_file, draft.version), draft)


def kept_note(tell: Teller, draft: FormDraft) -> str:
    """Since when a draft is kept, and until when."""
    return tell.say("page.draft.kept", when=tell.when(draft.kept_at), until=tell.when(draft.expires_at, "day"))


def _taken(
    services: Services,
    tell: Teller,
    asker: Principal,
    step: Step,
    act: Act,
    case_file: CaseFile | None,
    values: Mapping[str, Sequence[str]],
    asking: Asking,
) -> Receipt | Foreseen | Repeated:
    if case_file is None:
        assert isinstance(step, Opening)  # noqa: S101 - as its declaration says
        if first(values, "do") != "confirm" and (found := alike_to(services, asker, step)):
            return Repeated(values, step, found)
        return services.docket.open(step, act, request=asking, asked=True)
    seen = version_of(values)
    adopted = step if isinstance(step, RulebookAdopted) else None
    if (act.late or adopted) and not (first(values, "do") == "confirm" and seen == case_file.version):
        after = services.docket.foresee(case_file, step, act)
        if after is not None:
            adoption = _adoption(services, asker, adopted, act, case_file) if adopted else None
            return Foreseen(values, case_file, after, since(tell, case_file, seen), adoption)
    if seen != case_file.version:
        raise StaleError(case_file.id, seen, case_file.version)
    return services.docket.record(case_file.id, step, act, expected_version=seen, request=asking, asked=True)


def _adoption(
    services: Services, asker: Principal, step: RulebookAdopted, act: Act, case_file: CaseFile
) -> Adoption | None:
    """What the rulebook changes; deadlines are told to whoever reads every case of the jurisdiction."""
    if case_file.case is None:
        return None
    place, moment = services.registry.jurisdiction(case_file.case.jurisdiction), services.views.moment()
    whole = policy.reads_all(asker) and asker.jurisdiction == place.code
    lists = services.views.within(policy.scope(asker)) if whole else None
    return adoption_of(services.docket, lists, place, step.rulebook, act.occurred_on, moment)


def refuse_strangers(offered: Collection[str], values: Mapping[str, Sequence[str]]) -> None:
    """Refuse a form with a field that the page did not offer."""
    if any(name not in _ACT and name.partition(".")[0] not in {*offered, *_OWN} for name in values):
        raise ProblemError("form-unreadable")


def _stale(tell: Teller, case_file: CaseFile, values: Mapping[str, Sequence[str]], expected: int) -> Posted:
    """What happened since the form was opened; what was written is kept."""
    return Posted(values, {}, tell.say("page.form.stale"), since(tell, case_file, expected))


def since(tell: Teller, case_file: CaseFile, version: int) -> tuple[str, ...]:
    """The steps of a case after a version, in words."""
    return tuple(
        tell.say("page.form.since", n=r.version, step=tell.step(type(r.step)), when=tell.when(r.recorded_at))
        for r in case_file.history
        if r.version > version
    )


def asking_of(secret: bytes, asker: Principal, values: Mapping[str, Sequence[str]], path: str) -> Asking:
    """The request that a form is, by its key, with a fingerprint of who asks where for what."""
    key = first(values, "key") or ""
    if not _KEY.match(key):
        raise ProblemError("form-unreadable")
    said = {name: list(texts) for name, texts in values.items() if name not in _BESIDE}
    asked = json.dumps([asker.actor, asker.role, asker.office, path, said], ensure_ascii=False, sort_keys=True)
    return Asking(f"form:{key}", hmac.digest(secret, b"form-request\n" + asked.encode(), hashlib.sha256))


def version_of(values: Mapping[str, Sequence[str]], name: str = "version") -> int:
    """The version of the case that a form was made for."""
    version = first(values, name) or ""
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
