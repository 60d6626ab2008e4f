"""The page of the articles (对照检查): which are met, on the way, due or breached, and which steps prove it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse
from pydantic import BaseModel, Field

from api.compliance import Board, board_of
from api.looking import require_whole
from api.services import services_of
from api.v1.finding import lists_of
from api.web.guard import reader_of
from api.web.pages import PageRoute, look_of, query_of, render
from api.web.viewmodels import Teller, Turn, case_path, finding_text, link
from domain.case import STEPS
from projections.compliance import ArticleState, DutyState, Proof, Status

BOARD = "/compliance"
LIGHTS = {
    Status.BREACHED: "overdue",
    Status.UNKNOWN: "none",
    Status.DUE_BY: "soon",
    Status.ON_THE_WAY: "running",
    Status.MET: "done",
    Status.NOT_YET_APPLICABLE: "none",
}
"""Which light shows a status."""

router = APIRouter(route_class=PageRoute, include_in_schema=False, default_response_class=HTMLResponse)


class BoardQuery(BaseModel):
    """The board of which year; by default that of the moment."""

    year: int | None = Field(None, ge=1949, le=9998)


@dataclass(frozen=True)
class ProofView:
    """A step that proves something, in words."""

    text: str
    day: str
    case: str
    url: str
    finding: str | None


@dataclass(frozen=True)
class DutyView:
    """A duty in words."""

    text: str
    status: str
    light: str
    figure: str
    proofs: list[ProofView]
    breaches: list[ProofView]
    awaited: list[ProofView]
    still: str
    """What is still to come after those awaited."""


@dataclass(frozen=True)
class ArticleView:
    """An article in words."""

    anchor: str
    number: str
    text: str
    explanation: str
    sources: list[str]
    status: str
    light: str
    duties: list[DutyView]


@router.get(BOARD)
def show_board(request: Request) -> Response:
    """The board of a year, at the moment of the address."""
    asker, services = reader_of(request), services_of(request)
    require_whole(asker)
    look = look_of(request, asker, of_lists=True)
    tell, lists = look.tell, lists_of(services, asker)
    board = board_of(services, lists, tell.jurisdiction, look.moment, query_of(request, BoardQuery).year)
    articles = [_article(tell, state, look.here.moment) for state in board.articles]
    counts = [(LIGHTS[one], tell.say(f"compliance.status.{one}"), _count(board, one)) for one in Status]
    years = [Turn(str(year), look.here(year=year)) for year in (board.year - 1, board.year + 1)]
    return render(
        request,
        "compliance.html",
        bar=look.bar,
        year=board.year,
        years=years,
        rulebook=board.rulebook,
        counts=counts,
        articles=articles,
    )


def _count(board: Board, status: Status) -> int:
    return sum(state.status is status for state in board.articles)


def _article(tell: Teller, state: ArticleState, moment: dict[str, str]) -> ArticleView:
    article = state.article
    return ArticleView(
        anchor=f"{article.set}-{article.number}",
        number=tell.say("compliance.nth", set=_set(tell, article.set), n=article.number),
        text=getattr(article, tell.lang),
        explanation=getattr(article.explanation, tell.lang),
        sources=[source.text for source in article.sources],
        status=tell.say(f"compliance.status.{state.status}"),
        light=LIGHTS[state.status],
        duties=[_duty(tell, duty, moment) for duty in state.duties],
    )


def _set(tell: Teller, name: str) -> str:
    known = f"compliance.set.{name}"
    return tell.say(known) if known in tell.say else name


def _duty(tell: Teller, state: DutyState, moment: dict[str, str]) -> DutyView:
    return DutyView(
        text=getattr(state.duty, tell.lang),
        status=tell.say(f"compliance.status.{state.status}"),
        light=LIGHTS[state.status],
        figure=_figure(tell, state),
        proofs=list(_proofs(tell, state.proofs, moment)),
        breaches=list(_proofs(tell, state.breaches, moment)),
        awaited=list(_proofs(tell, state.awaited, moment)),
        still=tell.say("compliance.not_stated" if state.duty.form == "share" else "compliance.awaited"),
    )


def _figure(tell: Teller, state: DutyState) -> str:
    told = str(state.reached) if state.asked is None else f"{state.reached} / {state.asked}"
    if state.base:
        percent = round(100 * state.reached / state.base)
        told = tell.say("compliance.share", reached=state.reached, base=state.base, percent=percent, asked=state.asked)
    if state.unknown:
        told = tell.say("compliance.unknown", figure=told, unknown=state.unknown)
    if state.due_on is not None and state.status in {Status.DUE_BY, Status.ON_THE_WAY}:
        told = tell.say("compliance.until", figure=told, due_on=state.due_on.isoformat())
    return told


def _proofs(tell: Teller, proofs: Iterable[Proof], moment: dict[str, str]) -> Iterable[ProofView]:
    for one in proofs:
        yield ProofView(
            text=tell.step(STEPS[one.wire]),
            day=one.occurred_on.isoformat(),
            case=one.title,
            url=f"{link(case_path(one.case_id), dict(moment))}#step-{one.version}",
            finding=None if one.finding is None else finding_text(tell, one.finding, one.params),
        )
