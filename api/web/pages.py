"""The pages: parse the address, ask the docket or the views once, render."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Coroutine
from datetime import datetime
from functools import cache
from importlib import resources
from typing import Any, TypeVar
from uuid import uuid4

import structlog
from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse, StreamingResponse
from fastapi.routing import APIRoute
from jinja2 import Environment, PackageLoader, StrictUndefined
from pydantic import BaseModel, ValidationError

from api.exporting import MEDIA_TYPES, export, known_at
from api.moment import Asked, MomentQuery
from api.problems import STATUS, ProblemError, refuse_repeated, status_of
from api.services import Services, services_of
from api.web.listing import ExportQuery, ListQuery, listing, wanted_by
from api.web.viewmodels import (
    Here,
    MomentBar,
    Teller,
    Timeline,
    Turn,
    case_page,
    link,
    moment_bar,
    timeline_of,
    why_missing,
)
from api.words import LANGUAGES, Language, Words, language, words
from domain.case import Opening
from domain.docket import CaseNotFoundError
from domain.moment import Moment
from domain.office import jurisdiction_codes, load_jurisdiction
from domain.refusal import Refused

_YEAR = 365 * 24 * 3600
_FAILED = 500
_TITLE = "title."

Query = TypeVar("Query", bound=BaseModel)

_log: structlog.stdlib.BoundLogger = structlog.get_logger("duban.pages")


class PageRoute(APIRoute):
    """A route whose every answer is a page, also when something is wrong."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The handler, with what it raises told on a page."""
        answer = super().get_route_handler()

        async def answered(request: Request) -> Response:
            try:
                await refuse_repeated(request)
                return await answer(request)
            except (Refused, ProblemError) as error:
                return failure_page(request, error.message_id, error.params)
            except CaseNotFoundError as error:
                return failure_page(request, "case-not-found", {"case_id": str(error)})
            except Exception as error:  # noqa: BLE001 - the reader gets a page whatever broke, and the log the rest
                message_id = str(getattr(error, "message_id", "internal-error"))
                if message_id == "internal-error":
                    _log.exception("failed", request_id=_request_id(request))
                return failure_page(request, message_id, {})

        return answered


router = APIRouter(route_class=PageRoute, include_in_schema=False, default_response_class=HTMLResponse)


@router.get("/")
def front() -> Response:
    """The front page is the case list."""
    return RedirectResponse("/cases", status_code=307)


@router.get("/cases")
def cases(request: Request) -> Response:
    """The case list at a moment."""
    here, say, services = _here(request), _say(request), services_of(request)
    query = _query(ListQuery, here)
    tell = Teller(say, load_jurisdiction(query.jurisdiction or jurisdiction_codes()[0]))
    asked = _asked(here, tell)
    moment = asked.of_lists(services)
    page = listing(tell, here, query, services.views, moment)
    bar = moment_bar(
        tell, here, moment, known_at=asked.known_at, recorded_at=_recorded_at(request, asked), page_url=_url(request)
    )
    return _render(request, "cases.html", page=page, bar=bar, sample=page.sample)


@router.get("/cases/export")
def exported_cases(request: Request) -> Response:
    """The whole case list at a moment, as a file."""
    here, say, services = _here(request), _say(request), services_of(request)
    query = _query(ExportQuery, here)
    tell = Teller(say, load_jurisdiction(query.jurisdiction or jurisdiction_codes()[0]))
    asked = _asked(here, tell)
    moment = asked.of_lists(services)
    found = export(
        say,
        services.views,
        wanted_by(query),
        moment,
        sort=query.sort,
        zone=tell.zone,
        known_at=known_at(services, asked),
        format=query.format,
    )
    pieces = services.sheets.write(found.sheet, query.format)
    headers = {"Content-Disposition": found.disposition}
    return StreamingResponse(pieces, headers=headers, media_type=MEDIA_TYPES[query.format])


@router.get("/cases/{case_id}")
def case(request: Request, case_id: str) -> Response:
    """One case at a moment, with every step that was known of it then."""
    here, say, services = _here(request), _say(request), services_of(request)
    case_file = services.docket.case_file(case_id)
    opening = case_file.history[0].step
    assert isinstance(opening, Opening)  # noqa: S101 - the docket opens a case with nothing else
    asked = _asked(here, Teller(say, load_jurisdiction(opening.jurisdiction)))
    moment = asked.of_case(services)
    tell = Teller(say, load_jurisdiction(opening.jurisdiction), case=lambda id: _called(services, id, moment))
    bar = moment_bar(
        tell, here, moment, known_at=asked.known_at, recorded_at=_recorded_at(request, asked), page_url=_url(request)
    )
    found = case_file.at(moment.known, moment.as_of)
    sample = tell.jurisdiction.sample
    order, type_name = here.params.get("order"), here.params.get("type")
    timeline = timeline_of(tell, case_file.history, moment, type_name=type_name, newest_first=order != "oldest")
    if found is None:
        lines, turns = why_missing(tell, here, case_file.history, moment, bar)
        status, title = STATUS["no-case-at-moment"], say("title.no-case-at-moment")
        return _message(request, status, title, lines, turns, bar, sample=sample, timeline=timeline)
    page = case_page(tell, case_file.history, found, moment)
    return _render(request, "case.html", page=page, bar=bar, sample=sample, timeline=timeline)


@router.get("/problems")
def problems(request: Request) -> Response:
    """Every problem that an answer of the API may name as its type."""
    say = _say(request)
    ids = sorted(name.removeprefix(_TITLE) for name in say.entries if name.startswith(_TITLE))
    return _render(request, "problems.html", problems=[(id, status_of(id), say(_TITLE + id)) for id in ids])


@router.get("/problems/{id}")
def problem(request: Request, id: str) -> Response:
    """What a problem is; `…` stands for what the answer itself says."""
    say = _say(request)
    if _TITLE + id not in say:
        raise ProblemError("unknown-problem", id=id)
    page = {
        "status": status_of(id),
        "title": say(_TITLE + id),
        "lines": [say(id), id],
        "turns": [Turn(say("problem.all"), "/problems")],
    }
    return _render(request, "message.html", page=page, bar=None)


def _called(services: Services, case_id: str, moment: Moment) -> str:
    """What people call a case: its number at a moment, or else its title; its id where there is none."""
    try:
        found = services.docket.case_file(case_id).at(moment.known, moment.as_of)
    except CaseNotFoundError:
        found = None
    return case_id if found is None else found.facts().number or found.facts().title


def failure_page(request: Request, message_id: str, params: dict[str, object]) -> Response:
    """The page that says in words what is wrong with a request, and what to do next."""
    say, here = _say(request), _here(request)
    status = status_of(message_id)
    lines = [say(message_id, **{"request_id": _request_id(request), **params})]
    turns = [Turn(say("page.to_cases"), "/cases")]
    bar = None
    if message_id in {"moment-unreadable", "moment-excludes", "position-not-reached", "position-ahead"}:
        lines.append(say("page.moment-example"))
        turns.insert(
            0, Turn(say("page.moment.back"), Here(here.path, {**here.params, **dict.fromkeys(here.moment, "")})())
        )
        bar = MomentBar.to_correct(here)
    elif status >= _FAILED:
        turns.insert(0, Turn(say("page.again"), here()))
    title = say(f"title.{message_id}") if f"title.{message_id}" in say else say("page.unreadable")
    request.state.problem = message_id
    return _message(request, status, title, lines, turns, bar)


def _message(
    request: Request,
    status: int,
    title: str,
    lines: list[str],
    turns: list[Turn],
    bar: MomentBar | None,
    *,
    sample: bool = False,
    timeline: Timeline | None = None,
) -> Response:
    page = {"status": status, "title": title, "lines": lines, "turns": turns}
    return _render(request, "message.html", status=status, page=page, bar=bar, sample=sample, timeline=timeline)


def _render(request: Request, template: str, *, status: int = 200, **context: object) -> Response:
    here, say = _here(request), _say(request)
    text = (
        _templates()
        .get_template(template)
        .render(
            t=say,
            lang=say.language,
            here=here,
            home=link("/cases", here.moment),
            static=_static,
            request_id=_request_id(request),
            **{"sample": False, "timeline": None, **context},
        )
    )
    response = HTMLResponse(text, status, {"Content-Language": say.language, "Vary": "Accept-Language, Cookie"})
    if (chosen := request.query_params.get("lang")) in LANGUAGES:
        response.set_cookie("lang", str(chosen), max_age=_YEAR, httponly=True, samesite="lax")
    return response


@cache
def _templates() -> Environment:
    return Environment(
        loader=PackageLoader("api.web"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )


@cache
def _static(name: str) -> str:
    """Where a static file is; the address changes with the content."""
    content = (resources.files("api.web") / "static" / name).read_bytes()
    return f"/static/{name}?v={hashlib.sha256(content).hexdigest()[:12]}"


def _language(request: Request) -> Language:
    """The language that the address asks for, else the one chosen before, else the browser's."""
    for asked in (request.query_params.get("lang"), request.cookies.get("lang")):
        for known in LANGUAGES:
            if asked == known:
                return known
    return language(request.headers.get("accept-language"))


def _say(request: Request) -> Words:
    return words(_language(request))


def _here(request: Request) -> Here:
    return Here(request.scope["path"], dict(request.query_params))


def _asked(here: Here, tell: Teller) -> Asked:
    return Asked(_query(MomentQuery, Here(here.path, here.moment)), tell.zone, tell.say)


def _query(model: type[Query], here: Here) -> Query:
    try:
        return model.model_validate(here.params)
    except ValidationError:
        raise Refused("page.unfinished-address") from None


def _recorded_at(request: Request, asked: Asked) -> datetime | None:
    """When the step at the position that the address names was taken in."""
    if not asked.position:
        return None
    steps = services_of(request).views.steps(after=asked.position - 1, until=asked.position, limit=1)
    return steps[0].recorded_at if steps else None


def _url(request: Request) -> str:
    return str(request.base_url).rstrip("/") + _here(request)()


def _request_id(request: Request) -> str:
    """The id of the request that log and page share."""
    if not getattr(request.state, "request_id", ""):
        request.state.request_id = uuid4().hex
    return str(request.state.request_id)
