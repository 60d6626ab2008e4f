"""The page of the access log: who was refused what, and who read what is kept of a person."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse

from api.access import AccessExportQuery, AccessQuery, why
from api.exporting import export_access
from api.services import services_of
from api.web.guard import auditor
from api.web.log import Choice, teller
from api.web.naming import CasesOfReader
from api.web.pages import PageRoute, handed_out, query_of, render
from api.web.trail import PAGE
from api.web.viewmodels import Teller, case_path, link
from domain.access import AccessKind, AccessRow

ACCESS = "/audit/access"

router = APIRouter(route_class=PageRoute, include_in_schema=False, default_response_class=HTMLResponse)


@dataclass(frozen=True)
class Told:
    """A line of the access log in words."""

    number: int
    at: str
    kind: str
    who: str
    role: str
    office: str
    what: str | None
    why: str | None
    left_out: int | None
    person: str | None
    purposes: str
    occasion: str | None
    case: str | None
    url: str | None
    """None where the reader has no case of that id."""


@router.get(ACCESS)
def access(request: Request) -> Response:
    """The lines, the newest first, for auditors."""
    asker, services = auditor(request).account.principal, services_of(request)
    tell, query = teller(request, asker.jurisdiction), query_of(request, AccessQuery)
    given = {name: text for name, text in request.query_params.items() if text}
    rows = services.access.lines(query.wanted(asker.jurisdiction, tell.zone), before=query.before, limit=PAGE + 1)
    kept = {name: text for name, text in given.items() if name not in {"before", "lang"}}
    return render(
        request,
        "access.html",
        rows=list(told_of(tell, rows[:PAGE], cache(CasesOfReader.now(services, asker).called))),
        given=given,
        kinds=[Choice(kind, tell.say(f"access.kind.{kind}")) for kind in AccessKind],
        older=link(ACCESS, {**kept, "before": rows[PAGE - 1].number}) if len(rows) > PAGE else None,
        exports=[(format, link(f"{ACCESS}/export", {**kept, "format": format})) for format in ("xlsx", "csv")],
    )


@router.get(f"{ACCESS}/export")
def exported_access(request: Request) -> Response:
    """All that the page's filter names, as a file."""
    asker, services = auditor(request).account.principal, services_of(request)
    tell, query = teller(request, asker.jurisdiction), query_of(request, AccessExportQuery)
    wanted = query.wanted(asker.jurisdiction, tell.zone)
    found = export_access(tell, lambda before, limit: services.access.lines(wanted, before=before, limit=limit), query)
    return handed_out(services, found, query.format)


def told_of(tell: Teller, rows: Iterable[AccessRow], call: Callable[[str], str]) -> Iterator[Told]:
    """The rows in words; `call` says what a case is its id where the reader has none."""
    for row in rows:
        case = None if row.case_id is None else call(row.case_id)
        yield Told(
            number=row.number,
            at=tell.when(row.at),
            kind=tell.say(f"access.kind.{row.kind}"),
            who=tell.acting(row.actor),
            role=tell.say.label("role", row.role),
            office=tell.acting(row.office),
            what=row.what,
            why=why(tell.say, row.code),
            left_out=row.left_out,
            person=row.person,
            purposes=tell.say("page.comma").join(row.purposes or ()),
            occasion=row.occasion,
            case=case,
            url=None if row.case_id is None or case == row.case_id else case_path(row.case_id),
        )
