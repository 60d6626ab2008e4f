"""The pages of cards: a unit, a deputy, a committee and a district at the moment of the address."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from urllib.parse import quote

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse
from pydantic import BaseModel, Field

from api.cards import KEPT, LED, SHARES, Cards, DeputyCard, Held, KindOf, below, cards_of, district_card
from api.cards import Line as CardLine
from api.services import services_of
from api.v1.finding import lists_of
from api.web.figures import FigureView, counted_view, figure_view, value_of
from api.web.guard import reader_of
from api.web.pages import Look, PageRoute, look_of, query_of, render
from api.web.viewmodels import Here, Teller, case_path, link, value_name
from domain import policy
from domain.case import CASE_TYPES
from domain.office import Jurisdiction
from domain.principal import Principal
from domain.values import Line
from projections.asked import Asked
from projections.duty import DutyAct
from projections.hands import Span, Stay
from projections.metrics import Figure, Rank, metric_named

CARDS = "/cards"
_SHOWN = 100
"""How many suggestions, problems and acts a page shows; the API tells all of them."""
_WIDE, _HIGH, _EDGE = 90, 22, 3

router = APIRouter(route_class=PageRoute, include_in_schema=False, default_response_class=HTMLResponse)


class CardQuery(BaseModel):
    """Of which suggestions a card tells."""

    session: Line | None = None
    year: int | None = Field(None, ge=1949, le=9998)

    @property
    def asked(self) -> Asked:
        """What is asked for."""
        return Asked(session=self.session, year=self.year)


@dataclass(frozen=True)
class LineView:
    """A metric on a card, in words."""

    figure: FigureView
    rank: str
    trend: list[str]
    path: str
    """The course as the path of a drawing; empty where there is none to draw."""


@dataclass(frozen=True)
class SpanView:
    """Days in hands, in words."""

    title: str
    suggestions: int
    there: int
    days: int
    working_days: int
    median: str
    median_working: str
    estimate: bool


@dataclass(frozen=True)
class HeldView:
    """A suggestion that was in the unit's hands, in words."""

    number: str
    title: str
    url: str
    days: int
    working_days: int
    there: bool
    estimate: bool
    own: list[str]
    others: list[str]


@dataclass(frozen=True)
class BroughtView:
    """A suggestion of the deputy, in words."""

    number: str
    title: str
    url: str
    role: str
    stage: str
    unit: str
    outcome: str
    grade: str


@dataclass(frozen=True)
class DutyView:
    """What was done of one kind, in words."""

    name: str
    count: int
    rule: str
    points: int
    acts: list[tuple[str, str, str | None]]
    """Day, step and case, and where the case is read."""


@dataclass(frozen=True)
class KindView:
    """The items of one kind, in words."""

    name: str
    opened: FigureView
    going_on: FigureView
    stages: list[tuple[str, FigureView]]


def unit_path(unit: str) -> str:
    """Where a unit's card is."""
    return f"{CARDS}/units/{quote(unit, safe='')}"


def deputy_path(deputy: str) -> str:
    """Where a deputy's card is."""
    return f"{CARDS}/deputies/{quote(deputy, safe='')}"


def committee_path(committee: str) -> str:
    """Where a committee's card is."""
    return f"{CARDS}/committees/{quote(committee, safe='')}"


def district_path(division: str) -> str:
    """Where a district's card is."""
    return f"{CARDS}/districts/{quote(division, safe='')}"


@router.get(CARDS)
def show_cards(request: Request) -> Response:
    """The way to every card that the reader may open."""
    asker = reader_of(request)
    look = look_of(request, asker, of_lists=True)
    tell, moment = look.tell, look.here.moment
    cards = _cards(request, look, asker)
    place, whole = tell.jurisdiction, policy.reads_all(asker)
    [told] = cards.figures.told(Asked(), ["cases_opened"], "committee")
    [led] = cards.figures.told(Asked(), ["handed_over"], "committee")
    committees = sorted({key for one in (told, led) for key, _ in one.parts if key is not None})
    deputies = [one for one in place.all_deputies() if one.in_office(cards.day) and (whole or one.id == asker.actor)]
    groups = [
        ("units", [(tell.unit(one.code), unit_path(one.code)) for one in place.units_on(cards.day)]),
        ("committees", [(one, committee_path(one)) for one in committees]),
        ("deputies", [(one.name, deputy_path(one.id)) for one in deputies]),
        ("districts", [*_districts(place, tell), *_below(request, look, asker)]),
    ]
    return render(
        request,
        "cards.html",
        bar=look.bar,
        integrity=link("/integrity", moment) if whole else None,
        groups=[
            (tell.say(f"cards.{name}"), [(text, link(url, moment)) for text, url in rows]) for name, rows in groups
        ],
    )


def _districts(place: Jurisdiction, tell: Teller) -> list[tuple[str, str]]:
    return [] if place.division is None else [(str(getattr(place, tell.lang)), district_path(place.division))]


def _below(request: Request, look: Look, asker: Principal) -> Iterator[tuple[str, str]]:
    """The districts below the reader's own whose figures he is told."""
    if policy.reads_all(asker):
        for one in below(services_of(request), asker.jurisdiction, look.moment):
            yield from _districts(one, look.tell)


@router.get(CARDS + "/units/{unit}")
def show_unit(request: Request, unit: str) -> Response:
    """A unit's indicators with rank and course, and the days in its hands."""
    asker = reader_of(request)
    look, query = look_of(request, asker, of_lists=True), query_of(request, CardQuery)
    tell, here = look.tell, look.here
    card = _cards(request, look, asker).unit(unit, query.asked, ranked=policy.reads_all(asker))
    lines = {line.metric.id: _line(tell, here, line, ("unit", unit)) for line in card.lines}
    groups = [(name, [lines[id] for id in ids]) for name, ids in (("shares", SHARES), ("led", LED), ("kept", KEPT))]
    return _render(
        request,
        look,
        query,
        title=tell.unit(unit),
        kind="unit",
        groups=[(tell.say(f"cards.group.{name}"), told) for name, told in groups],
        months=_months(card.lines),
        ranked=policy.reads_all(asker),
        spans=[_span(tell, "handling", card.handling), _span(tell, "opinions", card.opinions)],
        held=[_held(tell, here, one) for one in card.held[:_SHOWN]],
        more=max(0, len(card.held) - _SHOWN),
    )


@router.get(CARDS + "/deputies/{deputy}")
def show_deputy(request: Request, deputy: str) -> Response:
    """A deputy's suggestions, and what the deputy did in the year."""
    asker = reader_of(request)
    look, query = look_of(request, asker, of_lists=True), query_of(request, CardQuery)
    tell, here = look.tell, look.here
    card = _cards(request, look, asker).deputy(deputy, query.asked, policy.scope(asker))
    return _render(
        request,
        look,
        query,
        title=tell.person(deputy),
        kind="deputy",
        groups=[(tell.say("cards.group.brought"), [_line(tell, here, one, ("person", deputy)) for one in card.lines])],
        months=_months(card.lines),
        year=card.year,
        points=card.points,
        points_note=getattr(card.rules.note, tell.lang),
        points_version=card.rules.version,
        duties=[
            DutyView(
                name=getattr(one.kind, tell.lang),
                count=len(one.acts),
                rule=tell.say("cards.duty.rule", points=one.kind.points, most=one.kind.most, source=one.kind.source),
                points=one.points,
                acts=[_act(tell, here, act, card) for act in one.acts[:_SHOWN]],
            )
            for one in card.done
        ],
        brought=list(_brought(tell, here, card)),
    )


@router.get(CARDS + "/committees/{committee}")
def show_committee(request: Request, committee: str) -> Response:
    """A committee's items by kind and stage, and its problem lists."""
    asker = reader_of(request)
    look, query = look_of(request, asker, of_lists=True), query_of(request, CardQuery)
    tell, here = look.tell, look.here
    card = _cards(request, look, asker).committee(committee, query.asked)
    of = ("committee", committee)
    return _render(
        request,
        look,
        query,
        title=committee,
        kind="committee",
        groups=[(tell.say("cards.group.supervised"), [_line(tell, here, one, of) for one in card.lines])],
        months=_months(card.lines),
        kinds=[_kind(tell, here, one, committee) for one in card.kinds],
        problems=[counted_view(tell, row, here.moment) for row in card.problems[:_SHOWN]],
        more=max(0, len(card.problems) - _SHOWN),
    )


@router.get(CARDS + "/districts/{division}")
def show_district(request: Request, division: str) -> Response:
    """A district's jurisdictions, each and together."""
    asker, services = reader_of(request), services_of(request)
    look, query = look_of(request, asker, of_lists=True), query_of(request, CardQuery)
    tell, here = look.tell, look.here
    card = district_card(services, policy.scope(asker), division, look.moment, query.asked)
    places = [(tell.say("cards.together"), card.together, False)] if len(card.places) > 1 else []
    places += [(str(getattr(one.jurisdiction, tell.lang)), one.lines, one.readable) for one in card.places]
    return _render(
        request,
        look,
        query,
        title=str(getattr(card.places[0].jurisdiction, tell.lang)),
        kind="district",
        groups=[
            (name, [_line(tell, here, one, None, linked=readable) for one in lines]) for name, lines, readable in places
        ],
        only_figures=[str(getattr(one.jurisdiction, tell.lang)) for one in card.places if not one.readable],
        months=_months(card.together),
        not_told=[str(getattr(one, tell.lang)) for one in card.not_told],
    )


def _cards(request: Request, look: Look, asker: Principal) -> Cards:
    services = services_of(request)
    return cards_of(services, lists_of(services, asker), asker.jurisdiction, look.moment)


def _render(request: Request, look: Look, query: CardQuery, **context: object) -> Response:
    """A card; what another card shows is left out."""
    tell, day = look.tell, look.tell.day
    nothing = dict.fromkeys(
        ("spans", "held", "duties", "brought", "kinds", "problems", "not_told", "only_figures", "ranked")
    )
    return render(
        request,
        "card.html",
        bar=look.bar,
        query=query,
        path=look.here.path,
        kept=list(look.here.moment.items()),
        all=link(CARDS, look.here.moment),
        rulebook=tell.jurisdiction.book_on(day).ref,
        calendar=tell.jurisdiction.working_calendar.ref,
        **(nothing | {"more": 0} | context),  # type: ignore[arg-type]  # none of them is a parameter of render
    )


def _line(tell: Teller, here: Here, line: CardLine, of: tuple[str, str] | None, *, linked: bool = True) -> LineView:
    figure = figure_view(tell, here, line.metric, line.figure, target=line.target, of=of)
    if not linked:
        figure = replace(figure, url="", cases="")
    values = [figure.value for _, figure in line.trend]
    return LineView(figure, _rank(tell, line.rank), [value_of(one) for _, one in line.trend], _path(values))


def _rank(tell: Teller, rank: Rank | None) -> str:
    if rank is None:
        return ""
    if rank.place is None:
        return tell.say("cards.rank.none")
    return tell.say("cards.rank", place=rank.place, of=rank.of)


def _months(lines: Sequence[CardLine]) -> list[str]:
    """The days at which the courses are told."""
    return [day.isoformat() for day, _ in lines[0].trend] if lines else []


def _path(values: Sequence[float | None]) -> str:
    """The course of some values; a gap where there is none."""
    known = [value for value in values if value is not None]
    if len(known) < 2:  # noqa: PLR2004 - a line has two ends
        return ""
    low, high = min(known), max(known)
    told, pen = [], "M"
    for place, value in enumerate(values):
        if value is None:
            pen = "M"
            continue
        x = _EDGE + place * (_WIDE - 2 * _EDGE) / (len(values) - 1)
        y = _HIGH / 2 if high == low else _HIGH - _EDGE - (value - low) / (high - low) * (_HIGH - 2 * _EDGE)
        told.append(f"{pen}{x:.1f} {y:.1f}")
        pen = "L"
    return "".join(told)


def _span(tell: Teller, name: str, span: Span) -> SpanView:
    return SpanView(
        title=tell.say(f"cards.hands.{name}"),
        suggestions=span.suggestions,
        there=span.there,
        days=span.days,
        working_days=span.working_days,
        median=_number(span.median_days),
        median_working=_number(span.median_working_days),
        estimate=span.estimate,
    )


def _number(value: float | None) -> str:
    return "—" if value is None else f"{value:g}"


def _held(tell: Teller, here: Here, held: Held) -> HeldView:
    return HeldView(
        number=held.number or "—",
        title=held.title,
        url=link(case_path(held.case_id), here.moment),
        days=held.days,
        working_days=held.working_days,
        there=held.there,
        estimate=any(stay.estimate for stay in held.own),
        own=[_stay(tell, stay, named=False) for stay in held.own],
        others=[_stay(tell, stay, named=True) for stay in held.others],
    )


def _stay(tell: Teller, stay: Stay, *, named: bool) -> str:
    told = tell.say(
        "cards.stay.there" if stay.lasts else "cards.stay",
        way=tell.say(f"cards.way.{stay.way}"),
        since=stay.since.isoformat(),
        until=stay.until.isoformat(),
        days=stay.days,
        working=stay.working_days,
    )
    return f"{tell.unit(stay.unit)} {told}" if named else told


def _brought(tell: Teller, here: Here, card: DeputyCard) -> Iterable[BroughtView]:
    for one in card.brought:
        row = one.row
        yield BroughtView(
            number=row.number or "—",
            title=row.title,
            url=link(case_path(row.case_id), here.moment),
            role=tell.say("cards.leads" if one.leads else "cards.co_signs"),
            stage=value_name(tell, "stage", row.stage),
            unit=tell.unit(row.unit) or "—",
            outcome="—" if one.outcome is None else tell.say(f"figures.measure.{one.outcome}"),
            grade="—" if one.grade is None else tell.say(f"figures.measure.{one.grade}"),
        )


def _act(tell: Teller, here: Here, act: DutyAct, card: DeputyCard) -> tuple[str, str, str | None]:
    case, record = act.looked.case, act.record
    day, step = record.act.occurred_on.isoformat(), tell.step(type(record.step))
    if case.id not in card.readable:
        return day, step, None
    return day, f"{step} · {case.facts().title}", f"{link(case_path(case.id), here.moment)}#step-{record.version}"


def _kind(tell: Teller, here: Here, one: KindOf, committee: str) -> KindView:
    def view(metric: str, figure: Figure, stage: str | None = None) -> FigureView:
        narrowed = Here(here.path, {**here.params, "committee": committee, "kind": one.kind, "stage": stage or ""})
        return figure_view(tell, narrowed, metric_named(metric), figure)

    stages = {str(stage): tell.word(stage) for stage in CASE_TYPES[one.kind].Stage}
    return KindView(
        name=tell.kind(one.kind),
        opened=view("cases_opened", one.opened),
        going_on=view("open_cases", one.going_on),
        stages=[(stages.get(stage, stage), view("cases_opened", figure, stage)) for stage, figure in one.stages],
    )
