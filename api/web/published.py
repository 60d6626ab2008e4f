"""The pages of published figures: the documents, each counted again, and what has become known since."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from pydantic import BaseModel, Field

from api.published import Publications, Recounted, stated_figure
from api.services import services_of
from api.v1.finding import case_file_of, lists_of
from api.web.figures import PUBLISHED, change_view, metric_path, value_of
from api.web.guard import SEE_OTHER, reader_of
from api.web.pages import Look, PageRoute, look_of, render
from api.web.stepforms import MOST_ROWS
from api.web.viewmodels import Teller, case_path, link, value_name
from domain import policy, procedure
from domain.cases.published_figures import FiguresPublished, PublishedFigures
from domain.figure import StatedFigure
from domain.refusal import Refused
from domain.values import Code, Line
from projections.metrics import Figure, metric_named

_CHOSEN = "metric."
"""How the name of a metric that was chosen begins in an address."""

router = APIRouter(route_class=PageRoute, include_in_schema=False, default_response_class=HTMLResponse)


class PublishingQuery(BaseModel):
    """Which figures are to be published."""

    metrics: list[Code] = Field(min_length=1, max_length=MOST_ROWS)
    as_of: date
    position: int = Field(ge=1)
    unit: Code | None = None
    person: Code | None = None
    group: Code | None = None
    constituency: Line | None = None
    committee: Line | None = None
    kind: Code | None = None
    stage: Code | None = None
    session: Line | None = None
    year: int | None = None


@dataclass(frozen=True)
class DocumentView:
    """A document with what it stated, in words."""

    title: str
    url: str
    number: str
    published_on: str
    as_of: str
    figures: list[tuple[str, str]]
    withdrawn: str


@dataclass(frozen=True)
class RecountedView:
    """A stated figure and what it is when it is counted again, in words."""

    name: str
    of: str
    url: str
    stated: str
    stated_fraction: str
    coverage: str
    again: str
    reproduced: bool
    now: str
    now_fraction: str
    changed: bool
    since: str
    definition: str
    newer: str


@router.get(PUBLISHED)
def show_published(request: Request) -> Response:
    """Every document at the moment of the address, the newest first."""
    look, found = _looked(request)
    return render(
        request,
        "published.html",
        bar=look.bar,
        documents=[_document(look, case) for case in found.all()],
        figures=link("/figures", dict(look.here.moment)),
    )


@router.get(PUBLISHED + "/new")
def publish(request: Request) -> Response:
    """The form by which figures are published, filled in with those that were chosen."""
    procedure.require_role(FiguresPublished, PublishedFigures, reader_of(request).role)
    params = request.query_params
    chosen = [name.removeprefix(_CHOSEN) for name in params if name.startswith(_CHOSEN)]
    try:
        asked = PublishingQuery.model_validate({**params, "metrics": chosen})
    except ValueError:
        raise Refused("page.unfinished-address") from None
    of = asked.model_dump(exclude={"metrics", "as_of", "position"}, exclude_none=True)
    said: dict[str, str | int | None] = {"as_of": asked.as_of.isoformat(), "ledger_position": asked.position}
    for place, metric in enumerate(asked.metrics):
        said |= {f"figures.{place}.{name}": value for name, value in {"metric": metric, **of}.items()}
    return RedirectResponse(link(f"/cases/new/{procedure.opening_name(FiguresPublished)}", said), SEE_OTHER)


@router.get(PUBLISHED + "/{case_id}")
def show_recounted(request: Request, case_id: str) -> Response:
    """A document's figures as stated, counted again, and as they are known now."""
    look, found = _looked(request)
    case = found.one(case_file_of(services_of(request), reader_of(request), case_id))
    whole = policy.reads_all(reader_of(request))
    return render(
        request,
        "published_document.html",
        bar=look.bar,
        document=_document(look, case),
        basis=case.basis,
        position=case.position,
        published_by=case.published_by,
        rows=[_recounted(look, case, one) for one in found.recounted(case)],
        whole=whole,
        case=link(case_path(case.id), dict(look.here.moment)),
        audit=f"{case_path(case.id)}/bundle" if whole else None,
        all=link(PUBLISHED, dict(look.here.moment)),
    )


@router.get(PUBLISHED + "/{case_id}/{number:int}")
def show_since(request: Request, case_id: str, number: int) -> Response:
    """Through which cases a published figure is another one now."""
    look, found = _looked(request)
    case = found.one(case_file_of(services_of(request), reader_of(request), case_id))
    since = found.since(case, number)
    return render(
        request,
        "published_since.html",
        bar=look.bar,
        document=_document(look, case),
        one=_recounted(look, case, since.figure),
        complete=since.complete,
        changes=[change_view(look.tell, change, look.here.moment) for change in since.changes],
    )


def _looked(request: Request) -> tuple[Look, Publications]:
    services, asker = services_of(request), reader_of(request)
    look = look_of(request, asker, of_lists=True)
    whole = policy.reads_all(asker)
    return look, Publications(services, lists_of(services, asker), asker.jurisdiction, look.moment, whole=whole)


def _document(look: Look, case: PublishedFigures) -> DocumentView:
    tell = look.tell
    return DocumentView(
        title=case.title,
        url=link(f"{PUBLISHED}/{case.id}", dict(look.here.moment)),
        number=case.document_number or "",
        published_on=_day(case.published_on),
        as_of=_day(case.as_of),
        figures=[(_name(tell, figure), value_of(stated_figure(figure))) for figure in case.figures],
        withdrawn=""
        if case.withdrawn_on is None
        else tell.say("published.withdrawn", day=_day(case.withdrawn_on), why=case.withdrawn_why or ""),
    )


def _recounted(look: Look, case: PublishedFigures, one: Recounted) -> RecountedView:
    tell, stated, then = look.tell, one.stated, one.then
    moment = {"as_of": _day(case.as_of), "position": str(case.position)}
    return RecountedView(
        name=getattr(one.metric, tell.lang),
        of=_filter(tell, stated),
        url=link(metric_path(stated.ref), {**stated.filter, **moment}),
        stated=value_of(then),
        stated_fraction=_fraction(then),
        coverage="" if then.coverage is None else f"{then.coverage:.1%}",
        again=value_of(one.again),
        reproduced=one.reproduced,
        now="" if one.now is None else value_of(one.now),
        now_fraction="" if one.now is None else _fraction(one.now),
        changed=bool(one.changed),
        since=link(f"{PUBLISHED}/{case.id}/{one.number}", dict(look.here.moment)),
        definition=tell.say("figures.version", n=one.metric.version),
        newer="" if one.newer is None else tell.say("published.newer", n=one.newer.version),
    )


def _fraction(figure: Figure) -> str:
    return "" if figure.denominator is None else f"{figure.numerator} / {figure.denominator}"


def _name(tell: Teller, figure: StatedFigure) -> str:
    name, of = getattr(metric_named(figure.ref), tell.lang), _filter(tell, figure)
    return str(tell.say("page.pair", label=of, value=name)) if of else str(name)


def _filter(tell: Teller, figure: StatedFigure) -> str:
    return str(tell.say("page.comma").join(_told(tell, figure)))


def _told(tell: Teller, figure: StatedFigure) -> Iterator[str]:
    for name, value in figure.filter.items():
        if name in {"unit", "person", "group"}:
            yield value_name(tell, name, str(value))
        else:
            yield tell.say("page.pair", label=tell.say(f"figures.by.{name}"), value=value_name(tell, name, str(value)))


def _day(day: date | None) -> str:
    return "" if day is None else day.isoformat()
