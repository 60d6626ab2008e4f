"""Cards of units, deputies, committees and districts, as JSON."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import Path, Query, Request, Response
from pydantic import BaseModel, Field

from api.cards import Cards, CommitteeCard, DeputyCard, DistrictCard, Line, UnitCard, cards_of, district_card
from api.looking import as_known
from api.moment import Asked, Meta, MomentQuery
from api.principal import Asker
from api.problems import documented, words_for
from api.services import services_of
from api.v1.figures import FigureAnswer, TargetAnswer, figure_answer
from api.v1.finding import answer, lists_of, zone_of
from api.v1.operations import operations
from api.v1.reading import MOMENT_HEADERS
from domain import policy
from domain.moment import Moment, day_of
from domain.principal import Principal
from domain.values import Code, DivisionCode
from domain.values import Line as Words
from projections.asked import Asked as Wanted
from projections.hands import Span, Stay
from projections.reading import CountedRow

router = operations(401, 403, 500, 503, tag="cards", under="/cards")

_ANSWERED = documented(404, 422) | {200: {"headers": MOMENT_HEADERS}}


class CardQuery(MomentQuery):
    """At which moment, and of which suggestions."""

    session: Words | None = None
    year: int | None = Field(None, ge=1949, le=9998, description="In which suggestions were brought")

    def wanted(self) -> Wanted:
        """What is asked for."""
        return Wanted(session=self.session, year=self.year)

    @property
    def narrowed(self) -> dict[str, str]:
        """The same as parameters of an address."""
        return {name: str(value) for name in ("session", "year") if (value := getattr(self, name)) is not None}


class TrendPointAnswer(FigureAnswer):
    """A metric at the end of a month."""

    day: date


class RankAnswer(BaseModel):
    """Which place it has; equal figures share one. Null where there is nothing, or too little to be ranked."""

    place: int | None
    of: int = Field(description="How many are ranked")


class LineAnswer(FigureAnswer):
    """A metric on a card."""

    metric: str
    version: int
    target: TargetAnswer | None
    rank: RankAnswer | None = Field(description="Null where nobody is ranked: ranks are for those who read every case")
    trend: list[TrendPointAnswer] = Field(description="At the ends of the last six months, all as known at the moment")
    cases: str | None = Field(
        description="Where its list is read, at the same moment; null where the cases are not the asker's to open"
    )


class StayAnswer(BaseModel):
    """How long a suggestion waited for one thing of one unit without a break."""

    unit: str
    way: str = Field(description="handling, returning, opinion, or reassigning (in the dispatcher's hands)")
    since: date
    until: date = Field(description="The day on which it went, or that of the moment")
    lasts: bool
    days: int
    working_days: int
    estimate: bool = Field(description="Whether a day of it is in no published calendar")


class SpanAnswer(BaseModel):
    """Days of several suggestions in one unit's hands."""

    suggestions: int
    there: int = Field(description="Of them in its hands at the moment")
    days: int
    working_days: int
    median_days: float | None = Field(description="Of those that went from its hands")
    median_working_days: float | None
    estimate: bool


class HeldAnswer(BaseModel):
    """A suggestion that is or was in the unit's hands."""

    case_id: str
    number: str | None
    title: str
    days: int
    working_days: int
    there: bool
    own: list[StayAnswer]
    others: list[StayAnswer] = Field(description="What it waited for of others, before, after and meanwhile")
    href: str


class CardAnswer(BaseModel):
    """What every card says."""

    meta: Meta
    rulebook: str
    calendar: str
    lines: list[LineAnswer]


class UnitCardAnswer(CardAnswer):
    """A unit's card."""

    unit: str
    handling: SpanAnswer
    opinions: SpanAnswer
    held: list[HeldAnswer]


class BroughtAnswer(BaseModel):
    """A suggestion that the deputy leads or co-signed."""

    case_id: str
    leads: bool
    number: str | None
    title: str
    stage: str
    unit: str | None
    outcome: str | None
    grade: str | None = Field(description="What was last said; `grade_sealed` until its window closes")
    href: str


class ActAnswer(BaseModel):
    """A recorded act."""

    type: str
    occurred_on: date
    case_id: str | None = Field(description="Null where the asker may not open the case")
    version: int


class DutyDoneAnswer(BaseModel):
    """What was done of one kind in the year."""

    id: str
    zh: str
    en: str
    count: int
    points: int
    points_each: int
    most: int
    source: str
    acts: list[ActAnswer]


class DeputyCardAnswer(CardAnswer):
    """A deputy's card."""

    deputy: str
    year: int
    points: int
    points_version: str = Field(description="The version of the points, which the standing committee chooses")
    duties: list[DutyDoneAnswer]
    brought: list[BroughtAnswer]


class KindAnswer(BaseModel):
    """Items of one kind."""

    kind: str
    opened: int
    open: int
    stages: dict[str, int]


class ProblemAnswer(BaseModel):
    """A problem of a list."""

    case_id: str
    part: str
    kind: str
    number: str | None
    title: str
    unit: str | None
    counts: dict[str, int]
    href: str


class CommitteeCardAnswer(CardAnswer):
    """A committee's card."""

    committee: str
    kinds: list[KindAnswer]
    problems: list[ProblemAnswer]


class PlaceAnswer(BaseModel):
    """A jurisdiction of the district."""

    jurisdiction: str
    division: str | None
    zh: str
    en: str
    lines: list[LineAnswer]


class DistrictCardAnswer(CardAnswer):
    """A district's card: `lines` are all its places together."""

    division: str
    places: list[PlaceAnswer]
    not_told: list[str] = Field(description="Jurisdictions in it that are neither the asker's nor below his")


@router.get(
    "/units/{unit}",
    operation_id="read_unit_card",
    summary="承办单位卡片 · A unit's card",
    response_model=UnitCardAnswer,
    responses=_ANSWERED,
)
def read_unit_card(
    unit: Annotated[Code, Path(examples=["jtj"])],
    request: Request,
    asker: Asker,
    query: Annotated[CardQuery, Query()],
) -> Response:
    """All indicators of a handling unit with rank and course, and the days that suggestions were in its hands.

    Of the cases that the asker may read; ranks are told to those who read all of them.
    """
    asked, cards = _cards(request, asker, query)
    card = cards.unit(unit, query.wanted(), ranked=policy.reads_all(asker))
    meta = asked.meta(cards.moment)
    return answer(
        UnitCardAnswer(
            unit=unit,
            **_common(request, asker, meta, cards.moment),
            **unit_told(card, cards.moment, {"unit": unit, **query.narrowed}),
        ),
        meta.headers,
    )


@router.get(
    "/deputies/{deputy}",
    operation_id="read_deputy_card",
    summary="代表履职档案 · A deputy's card",
    response_model=DeputyCardAnswer,
    responses=_ANSWERED,
)
def read_deputy_card(
    deputy: Annotated[Code, Path(examples=["d-001"])],
    request: Request,
    asker: Asker,
    query: Annotated[CardQuery, Query()],
) -> Response:
    """A deputy's suggestions with what became of them, and what the deputy did in the year, with points.

    For those who read every case, and for the deputy himself.
    """
    asked, cards = _cards(request, asker, query)
    card = cards.deputy(deputy, query.wanted(), policy.scope(asker))
    meta = asked.meta(cards.moment)
    return answer(
        DeputyCardAnswer(
            deputy=deputy,
            **_common(request, asker, meta, cards.moment),
            **deputy_told(card, cards.moment, {"person": deputy, **query.narrowed}),
        ),
        meta.headers,
    )


@router.get(
    "/committees/{committee}",
    operation_id="read_committee_card",
    summary="委员会卡片 · A committee's card",
    response_model=CommitteeCardAnswer,
    responses=_ANSWERED,
)
def read_committee_card(
    committee: Annotated[Words, Path(examples=["财经委"])],
    request: Request,
    asker: Asker,
    query: Annotated[CardQuery, Query()],
) -> Response:
    """A committee's supervision items by kind and stage, its problem lists, and the suggestions in its care."""
    asked, cards = _cards(request, asker, query)
    card = cards.committee(committee, query.wanted())
    meta = asked.meta(cards.moment)
    return answer(
        CommitteeCardAnswer(
            committee=committee,
            **_common(request, asker, meta, cards.moment),
            **committee_told(card, cards.moment, {"committee": committee, **query.narrowed}),
        ),
        meta.headers,
    )


@router.get(
    "/districts/{division}",
    operation_id="read_district_card",
    summary="区划卡片 · A district's card",
    response_model=DistrictCardAnswer,
    responses=_ANSWERED,
)
def read_district_card(
    division: Annotated[DivisionCode, Path(examples=["999900"])],
    request: Request,
    asker: Asker,
    query: Annotated[CardQuery, Query()],
) -> Response:
    """The supervision of a district's jurisdictions, each and together: the asker's own, and those below it.

    Of those below, whoever reads every case of his own jurisdiction is told the figures, and opens none of the cases.
    """
    services = services_of(request)
    asked = Asked(query, zone_of(services, asker), words_for(request))
    moment = asked.of_lists(services)
    card = district_card(services, policy.scope(asker), division, moment, query.wanted())
    meta = asked.meta(moment)
    return answer(
        DistrictCardAnswer(**_common(request, asker, meta, moment), **district_told(card, moment, query.narrowed)),
        meta.headers,
    )


def _cards(request: Request, asker: Principal, query: MomentQuery) -> tuple[Asked, Cards]:
    services = services_of(request)
    asked = Asked(query, zone_of(services, asker), words_for(request))
    return asked, cards_of(services, lists_of(services, asker), asker.jurisdiction, asked.of_lists(services))


def _common(request: Request, asker: Principal, meta: Meta, moment: Moment) -> dict[str, Any]:
    jurisdiction = as_known(services_of(request), asker.jurisdiction, moment)
    day = day_of(moment.as_of, jurisdiction.time_zone)
    return {"meta": meta, "rulebook": jurisdiction.book_on(day).ref, "calendar": jurisdiction.working_calendar.ref}


def unit_told(card: UnitCard, moment: Moment, narrowed: Mapping[str, str]) -> dict[str, Any]:
    """A unit's card as the API tells of it."""
    return {
        "lines": _lines(card.lines, moment, narrowed),
        "handling": _span(card.handling),
        "opinions": _span(card.opinions),
        "held": [
            HeldAnswer(
                case_id=one.case_id,
                number=one.number,
                title=one.title,
                days=one.days,
                working_days=one.working_days,
                there=one.there,
                own=_stays(one.own),
                others=_stays(one.others),
                href=_case(one.case_id),
            )
            for one in card.held
        ],
    }


def deputy_told(card: DeputyCard, moment: Moment, narrowed: Mapping[str, str]) -> dict[str, Any]:
    """A deputy's card as the API tells of it."""
    return {
        "lines": _lines(card.lines, moment, narrowed),
        "year": card.year,
        "points": card.points,
        "points_version": card.rules.version,
        "duties": [
            DutyDoneAnswer(
                id=done.kind.id,
                zh=done.kind.zh,
                en=done.kind.en,
                count=len(done.acts),
                points=done.points,
                points_each=done.kind.points,
                most=done.kind.most,
                source=done.kind.source,
                acts=[
                    ActAnswer(
                        type=act.record.step.declared.wire,
                        occurred_on=act.record.act.occurred_on,
                        case_id=act.looked.case.id if act.looked.case.id in card.readable else None,
                        version=act.record.version,
                    )
                    for act in done.acts
                ],
            )
            for done in card.done
        ],
        "brought": [
            BroughtAnswer(
                case_id=one.row.case_id,
                leads=one.leads,
                number=one.row.number,
                title=one.row.title,
                stage=one.row.stage,
                unit=one.row.unit,
                outcome=one.outcome,
                grade=one.grade,
                href=_case(one.row.case_id),
            )
            for one in card.brought
        ],
    }


def committee_told(card: CommitteeCard, moment: Moment, narrowed: Mapping[str, str]) -> dict[str, Any]:
    """A committee's card as the API tells of it."""
    return {
        "lines": _lines(card.lines, moment, narrowed),
        "kinds": [
            KindAnswer(
                kind=one.kind,
                opened=one.opened.numerator,
                open=one.going_on.numerator,
                stages={stage: figure.numerator for stage, figure in one.stages},
            )
            for one in card.kinds
        ],
        "problems": [_problem(row) for row in card.problems],
    }


def district_told(card: DistrictCard, moment: Moment, narrowed: Mapping[str, str]) -> dict[str, Any]:
    """A district's card as the API tells of it."""
    return {
        "division": card.division,
        "lines": _lines(card.together, moment, narrowed, readable=card.readable),
        "places": [
            PlaceAnswer(
                jurisdiction=one.jurisdiction.code,
                division=one.jurisdiction.division,
                zh=one.jurisdiction.zh,
                en=one.jurisdiction.en,
                lines=_lines(one.lines, moment, narrowed, readable=one.readable),
            )
            for one in card.places
        ],
        "not_told": [one.code for one in card.not_told],
    }


def _lines(
    lines: Iterable[Line], moment: Moment, narrowed: Mapping[str, str], *, readable: bool = True
) -> list[LineAnswer]:
    query = urlencode({**narrowed, "as_of": moment.as_of.isoformat(), "position": moment.known})
    return [
        LineAnswer(
            metric=line.metric.id,
            version=line.metric.version,
            target=None
            if line.target is None
            else TargetAnswer(rule=line.target.id, value=line.target.value, year=line.target.year),
            rank=None if line.rank is None else RankAnswer(place=line.rank.place, of=line.rank.of),
            trend=[TrendPointAnswer(day=day, **figure_answer(figure)) for day, figure in line.trend],
            cases=f"/api/v1/figures/{line.metric.id}/cases?{query}" if readable else None,
            **figure_answer(line.figure),
        )
        for line in lines
    ]


def _span(span: Span) -> SpanAnswer:
    return SpanAnswer(**vars(span))


def _stays(stays: Iterable[Stay]) -> list[StayAnswer]:
    return [StayAnswer(days=stay.days, **vars(stay)) for stay in stays]


def _problem(row: CountedRow) -> ProblemAnswer:
    names = ("case_id", "part", "kind", "number", "title", "unit")
    told = {name: getattr(row, name) for name in names}
    return ProblemAnswer(**told, counts=dict(row.counts), href=_case(row.case_id))


def _case(case_id: str) -> str:
    return f"/api/v1/cases/{case_id}"
