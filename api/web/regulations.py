"""The page of the register of regulations (地方性法规目录), for whoever signs in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse

from api.regulations import regulations_of
from api.services import services_of
from api.web.guard import reader_of_registry
from api.web.pages import REGISTRY, PageRoute, look_of, render
from api.web.viewmodels import Teller, case_path, link
from domain import policy
from domain.cases.legislation import Validity
from projections.regulations import Regulation

REGULATIONS = "/regulations"
LIGHTS = {Validity.NOT_YET_IN_FORCE: "soon", Validity.IN_FORCE: "done", Validity.REPEALED: "none"}
"""Which light shows whether it is in force."""
DATES = ("passed_on", "approved_on", "promulgated_on", "in_force_on")

router = APIRouter(route_class=PageRoute, include_in_schema=False, default_response_class=HTMLResponse)


@dataclass(frozen=True)
class RegulationView:
    """A regulation in words."""

    title: str
    url: str | None
    """Its file, for those who read every case."""
    number: str
    dates: list[tuple[str, str]]
    amendments: str
    repealed_on: str
    light: str
    validity: str


@router.get(REGULATIONS)
def show_regulations(request: Request) -> Response:
    """The register at the moment of the address."""
    asker, services = reader_of_registry(request), services_of(request)
    look = look_of(request, asker, of_lists=True)
    tell, moment = look.tell, look.here.moment
    found = regulations_of(services, tell.jurisdiction, look.moment)
    whole = policy.reads_all(asker)
    return render(
        request,
        "regulations.html",
        bar=look.bar,
        back=link(REGISTRY, dict(moment)),
        counts=[
            (LIGHTS[one], tell.say(f"page.validity.{one}"), sum(other.validity is one for other in found))
            for one in Validity
        ],
        columns=[tell.label(name, "legislation") for name in DATES],
        regulations=[_view(tell, one, link(case_path(one.case_id), dict(moment)) if whole else None) for one in found],
    )


def _view(tell: Teller, one: Regulation, url: str | None) -> RegulationView:
    return RegulationView(
        title=one.title,
        url=url,
        number=one.document_number or "",
        dates=[(tell.label(name, "legislation"), _day(getattr(one, name))) for name in DATES],
        amendments=tell.say("page.semicolon").join(
            tell.say("regulations.amended", changed_on=_day(change.changed_on), in_force_on=_day(change.in_force_on))
            for change in one.amendments
        ),
        repealed_on=_day(one.repealed_on),
        light=LIGHTS[one.validity],
        validity=tell.say(f"page.validity.{one.validity}"),
    )


def _day(day: date | None) -> str:
    return "" if day is None else day.isoformat()
