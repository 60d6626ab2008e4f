"""My drafts: the forms that the reader began and did not record."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from api.services import services_of
from api.v1.finding import case_file_of
from api.web.doing import openings
from api.web.forms import Form, Nothing, of_session
from api.web.guard import SEE_OTHER, reader_of, reader_of_case, session_of
from api.web.pages import PageRoute, draft_path, render, teller_now
from api.web.viewmodels import Teller, case_path
from domain import procedure
from domain.case import Opening
from domain.docket import CaseNotFoundError
from domain.draft import FormDraft
from domain.refusal import Refused

DRAFTS = "/drafts"

router = APIRouter(route_class=PageRoute, include_in_schema=False, default_response_class=HTMLResponse)


@dataclass(frozen=True)
class DraftView:
    """A draft in the list of its author."""

    title: str
    case: str | None
    case_url: str | None
    url: str
    kept: str
    expires: str
    discard: str


@router.get(DRAFTS)
def drafts(request: Request) -> Response:
    """What the reader has begun; a draft of a case that he may not see any more is not shown."""
    tell = teller_now(request, reader_of(request))
    kept = services_of(request).drafts.list(session_of(request).account.id)
    shown = [view for draft in kept for view in _view(request, tell, draft)]
    return render(request, "drafts.html", drafts=shown, bar=None)


@router.post(f"{DRAFTS}/{{id}}/discard")
def discard(request: Request, id: str, form: Form) -> Response:
    """Give up a draft."""
    of_session(request, form, Nothing)
    if not services_of(request).drafts.discard(session_of(request).account.id, id):
        raise Refused("no-such-draft")
    return RedirectResponse(DRAFTS, SEE_OTHER)


def _view(request: Request, tell: Teller, draft: FormDraft) -> Iterator[DraftView]:
    """The draft, if its form can still be opened by the reader."""
    case = None
    if draft.case_id is None:
        step = next((one for one in openings(reader_of(request)) if procedure.opening_name(one) == draft.step), None)
        if step is None:
            return
        name = tell.step(step)
    else:
        services = services_of(request)
        try:
            asker = reader_of_case(request, draft.case_id)
            opening = case_file_of(services, asker, draft.case_id).history[0].step
        except CaseNotFoundError:
            return
        assert isinstance(opening, Opening)  # noqa: S101 - nothing else opens a case
        assert opening.declared.case_type is not None  # noqa: S101 - an opening is of a case type
        name = tell.step(procedure.step_named(opening.declared.case_type, draft.step))
        case = tell.cases.called(draft.case_id)
    yield DraftView(
        title=name,
        case=case,
        case_url=None if draft.case_id is None else case_path(draft.case_id),
        url=draft_path(draft),
        kept=tell.when(draft.kept_at),
        expires=tell.when(draft.expires_at, "day"),
        discard=f"{DRAFTS}/{draft.id}/discard",
    )
