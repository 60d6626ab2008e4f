"""The page of a person in a case: how the data are kept, and the data themselves once it is said what for."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse

from api.persons import PersonRead, person_of, read_person
from api.services import services_of
from api.v1.finding import case_file_of
from api.web.forms import Form, Posted, of_session
from api.web.log import Choice
from api.web.pages import PageRoute, admitted_to, render, teller_now
from api.web.viewmodels import Fact, Shown, Teller, attachments_as_told, case_path
from domain.person import Occasion
from domain.personal import Kept, Purpose

router = APIRouter(route_class=PageRoute, include_in_schema=False, default_response_class=HTMLResponse)


class Reading(Posted):
    """What the data are read for, and which of them; without a purpose, all."""

    occasion: Occasion
    purpose: Purpose | None = None


@router.get("/cases/{case_id}/persons/{person}")
def person(request: Request, case_id: str, person: str) -> Response:
    """How the person's data are kept, and a form that asks what they are to be read for."""
    return _page(request, case_id, person, None, None)


@router.post("/cases/{case_id}/persons/{person}")
def read(request: Request, case_id: str, person: str, form: Form) -> Response:
    """The person's data, after it was logged that they are read."""
    wanted = of_session(request, form, Reading)
    services, asker = services_of(request), admitted_to(request, case_id)
    purposes = list(Purpose) if wanted.purpose is None else [wanted.purpose]
    found = read_person(services, asker, case_id, person, purposes, wanted.occasion, request)
    return _page(request, case_id, person, wanted, found)


def _page(request: Request, case_id: str, key: str, wanted: Reading | None, read: PersonRead | None) -> Response:
    services, asker = services_of(request), admitted_to(request, case_id)
    case_file, tell = case_file_of(services, asker, case_id), teller_now(request, asker)
    found = person_of(case_file.case, key)
    assert case_file.case is not None  # noqa: S101 - the person is of the case
    return render(
        request,
        "person.html",
        case=case_path(case_id),
        title=case_file.case.facts().title,
        key=key,
        stage=tell.word(found.stage),
        capacity=tell.word(found.capacity),
        occasions=_choices(tell, Occasion),
        purposes=_choices(tell, Purpose),
        wanted=wanted,
        facts=None if read is None else [_fact(tell, one.name, one.kept, one.text) for one in read.fields],
        files=[]
        if read is None or wanted is None
        else attachments_as_told(tell, case_id, read.files, {"occasion": wanted.occasion}),
        bar=None,
    )


def _fact(tell: Teller, name: str, kept: Kept, text: str | None) -> Fact:
    return Fact(tell.label(name), tell.value(name, text) if text is not None else Shown(tell.word(kept)))


def _choices(tell: Teller, words: type[Occasion | Purpose]) -> list[Choice]:
    return [Choice(one.value, tell.word(one)) for one in words]
