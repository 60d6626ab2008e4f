"""Corrections and voids on the pages: their forms, the preview of what they change, and what others ask for."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from pydantic import ValidationError

from api.problems import STATUS, UNPROCESSABLE, ProblemError
from api.services import Services, services_of
from api.v1.finding import case_file_of
from api.web.doing import (
    Foreseen,
    Posted,
    act_of,
    asking_of,
    first,
    key_of,
    may_amend,
    read_fields,
    refuse_strangers,
    since,
    version_of,
)
from api.web.guard import SEE_OTHER, reader_of_case
from api.web.pages import PageRoute, preview_page, render, teller_now
from api.web.previews import PreviewView, preview_of
from api.web.stepforms import CorrectionForm, FieldView, Given, faults
from api.web.viewmodels import Fact, Teller, case_path, changes_of, facts_of_step, request_view
from domain import amendment, fold, procedure
from domain.case import (
    Act,
    AmendmentDeclined,
    Corrected,
    Correction,
    CorrectionRequested,
    Recorded,
    Step,
    Voided,
    VoidRequested,
)
from domain.casefile import CaseFile
from domain.docket import Receipt, StaleError
from domain.moment import Precision, UnreadableTimeError, day_of, parse_occurred
from domain.principal import Principal
from domain.refusal import Refused

Fields = Annotated[dict[str, list[str]], Depends(read_fields)]
Values = Mapping[str, Sequence[str]]

_OWN = {"amend"}
"""How the fields begin that are not those of the step: `amend.reason`, `amend.approved_by`."""

router = APIRouter(route_class=PageRoute, include_in_schema=False, default_response_class=HTMLResponse)


@dataclass(frozen=True)
class AmendForm:
    """The form of a correction or a void."""

    action: str
    title: str
    corrects: bool
    facts: list[Fact]
    fields: list[FieldView]
    fixed: list[str]
    recorded_on: str
    occurred_on: str
    reason: str
    direct: bool
    asks: bool
    approval: str
    approved_by: str
    amended_on: str
    document: str
    document_title: str
    version: int
    base: int
    key: str
    trouble: str | None
    wrong: Mapping[str, str]


class _Amending:
    """A correction or a void of one step of a case, by whoever asks."""

    def __init__(self, request: Request, case_id: str, version: int, what: str) -> None:
        if what not in {"correct", "void"}:
            raise ProblemError("not-found")
        self.services = services_of(request)
        self.asker = reader_of_case(request, case_id)
        self.case_file = case_file_of(self.services, self.asker, case_id)
        self.tell = teller_now(request, self.asker)
        self.version = version
        self.what = what
        self.path = f"{case_path(case_id)}/history/{version}/{what}"
        self.direct, self.asks = may_amend(self.asker, self.case_file.case)
        if not (self.direct or self.asks):
            wanted = Corrected if what == "correct" else Voided
            raise Refused(
                "role-may-not", step=wanted.declared.wire, role=self.asker.role, by=sorted(wanted.declared.by)
            )

    def target(self, base: int) -> Recorded:
        """The step as it stood when the case was at a version; refused if there is none that may be amended."""
        history = self.case_file.history[:base]
        if not 1 <= self.version <= len(history):
            raise Refused("no-such-step", version=self.version, last=self.case_file.version)
        amendment.refuse_asking(history, self.version, self.asker.role)
        recorded = history[self.version - 1]
        if self.what == "void":
            if self.version in fold.voided_versions(history):
                raise Refused("step-is-void", version=self.version)
            return fold.standing(history).get(self.version, recorded)
        if not amendment.may_be_corrected(recorded.step):
            raise Refused("cannot-correct", step=recorded.step.declared.wire)
        if (standing := fold.standing(history).get(self.version)) is None:
            raise Refused("step-is-void", version=self.version)
        return standing

    def title(self, target: Recorded) -> str:
        """What the page is called."""
        name = self.tell.step(type(target.step))
        return self.tell.say(f"page.amend.title.{self.what}", n=self.version, step=name)

    def base(self, values: Values) -> int:
        """The version of the case that the form was filled in with."""
        return min(version_of(values, "amend.base"), self.case_file.version)

    def form(self, target: Recorded) -> CorrectionForm:
        """The form of the step, filled in with what it says."""
        return CorrectionForm(target, self.tell, self.asker, self.case_file.case)

    def view(self, posted: Posted | None = None) -> AmendForm:
        """The form, with what was posted, or else with what was recorded."""
        values = {} if posted is None else posted.values
        wrong = {} if posted is None else posted.wrong
        base = self.case_file.version if posted is None else self.base(values)
        target = self.target(base)
        form = self.form(target)
        corrects = self.what == "correct"
        recorded_on = day_of(target.occurred_at, self.tell.zone).isoformat()
        return AmendForm(
            action=self.path,
            title=self.title(target),
            corrects=corrects,
            facts=[] if corrects else facts_of_step(self.tell, target.step),
            fields=form.fields(Given(form.values if posted is None else values, wrong)) if corrects else [],
            fixed=form.fixed if corrects else [],
            recorded_on=recorded_on,
            occurred_on=first(values, "amend.occurred_on") or recorded_on,
            reason=first(values, "amend.reason") or "",
            direct=self.direct,
            asks=self.asks,
            approval=self.approval(values),
            approved_by=first(values, "amend.approved_by") or "",
            amended_on=first(values, "act.occurred_on") or day_of(datetime.now(UTC), self.tell.zone).isoformat(),
            document=first(values, "act.document") or "",
            document_title=first(values, "act.title") or "",
            version=self.case_file.version,
            base=base,
            key=key_of(posted),
            trouble=posted.trouble if posted else None,
            wrong=wrong,
        )

    def approval(self, values: Values) -> str:
        """How it is approved: on paper, or by somebody else who is asked."""
        asked = first(values, "amend.approval")
        return "paper" if self.direct and (asked == "paper" or not self.asks or asked is None) else "ask"

    def step(self, values: Values) -> Correction | Voided | VoidRequested:
        """The step that the form says: the correction or void itself, or the request for it."""
        on_paper = self.approval(values) == "paper"
        said: dict[str, Any] = {"reason": first(values, "amend.reason")}
        if on_paper:
            said["approved_by"] = first(values, "amend.approved_by")
            if not said["approved_by"]:
                raise Refused("approval-missing", field="approved_by")
        if self.what == "void":
            void = Voided if on_paper else VoidRequested
            return void.model_validate({"voids": self.version, **said})
        target = self.target(self.base(values))
        occurred_at, precision = self._date(target, values)
        changes = self.form(target).changes(values)
        if not changes and occurred_at is None:
            raise Refused("nothing-to-correct")
        corrects = {"corrects": self.version, "occurred_at": occurred_at, "precision": precision, "changes": changes}
        return (Corrected if on_paper else CorrectionRequested).model_validate({**corrects, **said})

    def _date(self, target: Recorded, values: Values) -> tuple[datetime | None, Precision | None]:
        """The right date, if it is another than the recorded one."""
        given = (first(values, "amend.occurred_on") or "").strip()
        if given == day_of(target.occurred_at, self.tell.zone).isoformat():
            return None, None
        try:
            return parse_occurred(given, self.tell.zone)
        except (UnreadableTimeError, OverflowError):
            raise Refused("field.moment-unreadable", field="occurred_at") from None

    def foreseen(self, step: Step, act: Act, values: Values) -> Foreseen:
        """What it would change once it is approved; refused if that is nothing."""
        foresee, asked = self.services.docket.foresee, isinstance(step, amendment.REQUESTS)
        direct = (_approval_of(step, approved_by="—"), _by_the_office(act)) if asked else (step, act)
        after = foresee(self.case_file, *direct)
        if after is None:
            raise Refused("nothing-to-correct")
        if asked and foresee(self.case_file, step, act) is None:
            raise Refused("requested-already")
        return Foreseen(values, self.case_file, after, since(self.tell, self.case_file, version_of(values)))


def _approval_of(request: Step, version: int | None = None, **said: str | None) -> Corrected | Voided:
    """The step that does what a request asks for."""
    if isinstance(request, CorrectionRequested):
        fields = {name: getattr(request, name) for name in ("corrects", "occurred_at", "precision", "reason")}
        return Corrected.model_validate({**fields, "changes": request.right, "request": version, **said})
    assert isinstance(request, VoidRequested)  # noqa: S101 - there are no other requests
    return Voided.model_validate({"voids": request.voids, "reason": request.reason, "request": version, **said})


def _by_the_office(act: Act) -> Act:
    """The act as one of the office, which alone corrects and voids."""
    return act.model_copy(update={"role": min(Corrected.declared.by)})


@router.get("/cases/{case_id}/history/{version:int}/{what}")
def amend_form(request: Request, case_id: str, version: int, what: str) -> Response:
    """The form of a correction, filled in with what was recorded, or of a void."""
    return _form_page(request, _Amending(request, case_id, version, what))


@router.post("/cases/{case_id}/history/{version:int}/{what}")
def amend(request: Request, case_id: str, version: int, what: str, values: Fields) -> Response:
    """Show what the correction or void would change; record it when just that was confirmed."""
    amending = _Amending(request, case_id, version, what)
    target = amending.target(amending.base(values))
    refuse_strangers(_OWN | (amending.form(target).offered if what == "correct" else set()), values)
    if first(values, "do") == "edit" or first(values, "rows"):
        return _form_page(request, amending, Posted(values, {}))
    try:
        outcome = _amended(amending, values)
    except ValidationError as error:
        wrong = _wrong(amending.tell, error, own=error.title != type(target.step).__name__)
        return _form_page(request, amending, Posted(values, wrong, amending.tell.say("page.form.wrong")))
    except Refused as refused:
        return _form_page(request, amending, _refusal(amending.tell, values, refused))
    if isinstance(outcome, Receipt):
        return RedirectResponse(f"{case_path(case_id)}#step-{outcome.version}", SEE_OTHER)
    made = outcome.after.history[-1]
    changes = changes_of(amending.tell, made, outcome.after.history) if isinstance(made.step, Correction) else []
    return preview_page(request, amending.tell, outcome, amending.path, amending.title(target), changes)


def _amended(amending: _Amending, values: Values) -> Receipt | Foreseen:
    """Record what was previewed; or preview it, also anew where the case has moved on."""
    services, case_file = amending.services, amending.case_file
    asking = asking_of(services.secret, amending.asker, values, amending.path)
    if (receipt := services.docket.answered(asking)) is not None:
        return receipt
    step, act = amending.step(values), act_of(amending.asker, amending.tell, values)
    seen = version_of(values)
    if first(values, "do") == "confirm" and seen == case_file.version:
        try:
            return services.docket.record(case_file.id, step, act, expected_version=seen, request=asking, asked=True)
        except StaleError as stale:
            amending.case_file = case_file_of(services, amending.asker, stale.case_id)
    return amending.foreseen(step, act, values)


def _wrong(tell: Teller, error: ValidationError, *, own: bool) -> dict[str, str]:
    """What is wrong by the names of the fields; `own` are those that are not the step's."""
    return {f"amend.{name}" if own else name: why for name, why in faults(tell, error).items()}


def _refusal(tell: Teller, values: Values, refused: Refused) -> Posted:
    field = (refused.field or "").removeprefix("changes.")
    name = {"occurred_at": "amend.occurred_on", "approved_by": "amend.approved_by", "request-key-reused": "key"}
    at = name.get(refused.message_id, name.get(field, field))
    why = tell.say(refused.message_id, **refused.params)
    return Posted(values, {at: why} if at else {}, why)


def _form_page(request: Request, amending: _Amending, posted: Posted | None = None) -> Response:
    form = amending.view(posted)
    status = UNPROCESSABLE if posted is not None and posted.trouble else 200
    case = case_path(amending.case_file.id)
    return render(request, "amend.html", status=status, form=form, case=case, bar=None)


# What others ask for


@dataclass(frozen=True)
class _Decision:
    """A request that waits, what it would change, and who may decide."""

    services: Services
    asker: Principal
    case_file: CaseFile
    tell: Teller
    request: Recorded

    @property
    def may_decide(self) -> bool:
        """Whether the asker's role may approve and decline."""
        return self.asker.role in AmendmentDeclined.declared.by

    def preview(self) -> tuple[PreviewView | None, str | None]:
        """What approving it would change, or why it cannot be approved; of one that is sealed nothing is told."""
        if isinstance(self.request.step, amendment.REQUESTS) and not self.request.step.reason:
            return None, None
        act, approval = (
            _by_the_office(act_of(self.asker, self.tell, {})),
            _approval_of(self.request.step, approved_by="—"),
        )
        try:
            after = self.services.docket.foresee(self.case_file, approval, act)
        except Refused as refused:
            return None, self.tell.say(refused.message_id, **refused.params)
        if after is None:
            return None, self.tell.say("page.request.nothing")
        return preview_of(self.tell, self.case_file.history, after.history, datetime.now(UTC)), None


@router.get("/cases/{case_id}/requests/{version:int}")
def request_page(request: Request, case_id: str, version: int) -> Response:
    """What somebody asks for, and what it would change."""
    return _decision_page(request, _decision(request, case_id, version))


@router.post("/cases/{case_id}/requests/{version:int}")
def decide(request: Request, case_id: str, version: int, values: Fields) -> Response:
    """Approve the request just as it is asked, or decline it with a reason."""
    path = f"{case_path(case_id)}/requests/{version}"
    services, asker = services_of(request), reader_of_case(request, case_id)
    if (case := case_file_of(services, asker, case_id).case) is not None:
        procedure.require_role(AmendmentDeclined, type(case), asker.role)
    done = "approve" if first(values, "do") == "approve" else "decline"
    asking = asking_of(services.secret, asker, values, f"{path}/{done}")
    if (receipt := services.docket.answered(asking)) is not None:
        return RedirectResponse(f"{case_path(case_id)}#step-{receipt.version}", SEE_OTHER)
    refuse_strangers(_OWN, values)
    decision = _decision(request, case_id, version)
    seen, reason = version_of(values), first(values, "amend.reason")
    if seen != decision.case_file.version:
        lines = since(decision.tell, decision.case_file, seen)
        return _decision_page(request, decision, Posted(values, {}, decision.tell.say("page.request.stale"), lines))
    try:
        step: Step = (
            _approval_of(decision.request.step, version, **({"reason": reason} if reason else {}))
            if done == "approve"
            else AmendmentDeclined.model_validate({"request": version, "reason": reason})
        )
        act = act_of(asker, decision.tell, values)
        receipt = services.docket.record(case_id, step, act, expected_version=seen, request=asking, asked=True)
    except ValidationError as error:
        posted = Posted(values, _wrong(decision.tell, error, own=True), decision.tell.say("page.form.wrong"))
        return _decision_page(request, decision, posted)
    except Refused as refused:
        return _decision_page(request, decision, _refusal(decision.tell, values, refused))
    except StaleError as stale:
        decision = _decision(request, case_id, version)
        lines = since(decision.tell, decision.case_file, stale.expected)
        return _decision_page(request, decision, Posted(values, {}, decision.tell.say("page.request.stale"), lines))
    return RedirectResponse(f"{case_path(case_id)}#step-{receipt.version}", SEE_OTHER)


def _decision(request: Request, case_id: str, version: int) -> _Decision:
    """The request of that number; refused if it is none, or is settled."""
    services, asker = services_of(request), reader_of_case(request, case_id)
    case_file = case_file_of(services, asker, case_id)
    if not 1 <= version <= case_file.version:
        raise Refused("no-such-step", version=version, last=case_file.version)
    found = case_file.history[version - 1]
    if not isinstance(found.step, amendment.REQUESTS):
        raise Refused("not-a-request", version=version)
    if found not in amendment.pending(case_file.history):
        raise Refused("request-settled", version=version)
    return _Decision(services, asker, case_file, teller_now(request, asker), found)


def _decision_page(request: Request, decision: _Decision, posted: Posted | None = None) -> Response:
    preview, against = decision.preview()
    own = decision.request.act.actor == decision.asker.actor
    if against is None and own:
        against = decision.tell.say("approves-own-request", version=decision.request.version)
    status = 200 if posted is None else STATUS["request-settled"] if posted.meanwhile else UNPROCESSABLE
    return render(
        request,
        "request.html",
        status=status,
        it=request_view(decision.tell, decision.request, decision.case_file.history),
        case=case_path(decision.case_file.id),
        preview=preview,
        against=against,
        may_decide=decision.may_decide,
        own=own,
        version=decision.case_file.version,
        key=secrets.token_hex(16),
        reason=first(posted.values, "amend.reason") or "" if posted else "",
        fault=posted.wrong.get("amend.reason") if posted else None,
        posted=posted,
        bar=None,
    )
