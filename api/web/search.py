"""The pages of search: what cases say at a moment, and the suggestions that are like one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse
from pydantic import BaseModel

from api.problems import UNPROCESSABLE, ProblemError
from api.search import Hit, Hits, Search
from api.services import services_of
from api.v1.finding import case_file_of, lists_of
from api.web.alike import alike_of, alike_view, may_link
from api.web.guard import reader_of, reader_of_case
from api.web.listing import Choice, unit_choices
from api.web.pages import PageRoute, look_of, query_of, render
from api.web.viewmodels import Teller, case_path, frozen, link
from domain.case import CASE_TYPES, STEPS
from domain.cases.suggestion import Suggestion
from domain.moment import day_of
from domain.refusal import Refused
from domain.values import Line
from projections.reading import Filter, SearchKey
from projections.wording import Piece, terms_of

SEARCH = "/search"
_PAGE = 20

router = APIRouter(route_class=PageRoute, include_in_schema=False, default_response_class=HTMLResponse)


class SearchQuery(BaseModel):
    """What the address seeks, and where."""

    q: str = ""
    kind: Line | None = None
    unit: Line | None = None
    session: Line | None = None
    after: str | None = None


@dataclass(frozen=True)
class HitView:
    """A case that was found, in words."""

    url: str
    title: Sequence[Piece]
    number: str
    kind: str
    stage: str
    facts: str
    excerpt: Sequence[Piece]
    step: str
    step_url: str


@router.get(SEARCH)
def show_search(request: Request) -> Response:
    """The cases that say what the address seeks, at its moment."""
    asker, services, query = reader_of(request), services_of(request), query_of(request, SearchQuery)
    look = look_of(request, asker, of_lists=True)
    tell, here = look.tell, look.here
    trouble, following = None, None
    found = Hits([], 0, exact=True)
    if query.q.strip():
        wanted = Filter(kind=query.kind, jurisdiction=asker.jurisdiction, unit=query.unit, session=query.session)
        try:
            search, terms = Search(lists_of(services, asker), look.moment), terms_of(query.q)
            found = search.hits(terms, wanted, after=_place(query.after), limit=_PAGE + 1)
        except Refused as refused:
            trouble = tell.say(refused.message_id, **refused.params)
    hits = found.page[:_PAGE]
    if len(found.page) > _PAGE:
        following = here(**{**frozen(tell, here, look.moment), "after": _cursor(hits[-1].row.key)})
    return render(
        request,
        "search.html",
        status=200 if trouble is None else UNPROCESSABLE,
        bar=look.bar,
        query=query,
        kept=list(here.moment.items()),
        kinds=[
            Choice(kind, tell.kind(kind), kind == query.kind)
            for kind, case_type in CASE_TYPES.items()
            if not case_type.of_registry
        ],
        units=list(unit_choices(tell, [tell.jurisdiction], query.unit)),
        trouble=trouble,
        hits=[_hit(tell, hit, here.moment) for hit in hits],
        shown=tell.say("search.total" if found.exact else "search.total.least", total=found.total),
        next=following,
        first=here(after=None) if query.after else None,
        rulebook=tell.jurisdiction.book_on(day_of(look.moment.as_of, tell.zone)).ref,
        calendar=tell.jurisdiction.working_calendar.ref,
    )


@router.get("/cases/{case_id}/similar")
def show_similar(request: Request, case_id: str) -> Response:
    """The suggestions that are like one, at the moment of the address."""
    asker, services = reader_of_case(request, case_id), services_of(request)
    case_file, look = case_file_of(services, asker, case_id), look_of(request, asker, of_lists=True)
    case = case_file.at(look.moment.known, look.moment.as_of)
    if not isinstance(case, Suggestion):
        raise ProblemError("no-case-at-moment", case_id=case_id)
    links = look.bar.now and case_file.case is not None and may_link(case_file.case, asker)
    found = alike_of(services, asker, case, look.moment)
    return render(
        request,
        "alike.html",
        bar=look.bar,
        case=link(case_path(case_id), dict(look.here.moment)),
        heading=case.title,
        alike=alike_view(look.tell, found, look.here.moment, case_file if links else None),
    )


def _hit(tell: Teller, hit: Hit, moment: dict[str, str]) -> HitView:
    row = hit.row
    path = link(case_path(row.case_id), dict(moment))
    opened = row.opened_on.isoformat() if row.opened_on else None
    told = (opened, row.session, tell.person(row.person), tell.unit(row.unit))
    return HitView(
        url=path,
        title=hit.title,
        number=row.number or "",
        kind=tell.kind(row.kind),
        stage=tell.word(CASE_TYPES[row.kind].Stage(row.stage)),
        facts=" · ".join(filter(None, told)),
        excerpt=hit.excerpt,
        step="" if hit.wire is None else tell.step(STEPS[hit.wire]),
        step_url=f"{path}#step-{hit.step}",
    )


def _cursor(key: SearchKey) -> str:
    titled, said_at, case_id = key
    return f"{int(titled)} {said_at.isoformat()} {case_id}"


def _place(cursor: str | None) -> SearchKey | None:
    if cursor is None:
        return None
    try:
        titled, said_at, case_id = cursor.split(" ")
        return bool(int(titled)), datetime.fromisoformat(said_at).astimezone(UTC), case_id.replace("\0", "")
    except (ValueError, OverflowError):
        raise Refused("page.unfinished-address") from None
