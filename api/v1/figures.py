"""Figures: metrics at a moment of both clocks, their course, the list behind each, and why one changed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Annotated, Any

from fastapi import Path, Query, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, Field

from api.exporting import exported_figures, known_at
from api.figures import Change, Figures, Pace, Told
from api.looking import as_known
from api.moment import Asked, Meta, MomentQuery, Position, written
from api.principal import Asker
from api.problems import documented, words_for
from api.services import services_of
from api.v1 import cursor
from api.v1.finding import answer, lists_of, zone_of
from api.v1.operations import operations
from api.v1.reading import EXPORTED, MOMENT_HEADERS, Kind, StageName, handed_out, refuse_beside_cursor
from api.web.viewmodels import Teller
from domain.case import Recorded
from domain.moment import Moment
from domain.principal import Principal
from domain.values import Code, Line
from projections.asked import Asked as Wanted
from projections.asked import By
from projections.counting import SUBJECTS
from projections.metrics import Figure, Metric, metric_named, metrics
from projections.reading import CountedRow
from projections.sheet import Format

router = operations(401, 403, 500, 503, tag="figures")

_ANSWERED = documented(422) | {200: {"headers": MOMENT_HEADERS}}
_NAMED = documented(404, 422) | {200: {"headers": MOMENT_HEADERS}}


class WantedQuery(MomentQuery):
    """Of what, at which moment. It may not lie after today: what is sealed would be told."""

    unit: Code | None = Field(None, description="The unit that leads, or whose share it is", examples=["jtj"])
    person: Code | None = Field(None, description="The deputy who brought it, or whom it is about")
    group: Code | None = Field(None, description="The deputies' group of that deputy, on the day of the moment")
    constituency: Line | None = Field(None, description="The constituency of that deputy, on the day of the moment")
    committee: Line | None = None
    kind: Kind | None = None
    stage: StageName | None = None
    session: Line | None = None
    year: int | None = Field(None, ge=1949, le=9998, description="In which it was brought")
    without: By | None = Field(None, description="A dimension of which there is no value")

    def wanted(self) -> Wanted:
        """What is asked for."""
        return Wanted(
            unit=self.unit,
            person=self.person,
            group=self.group,
            constituency=self.constituency,
            committee=self.committee,
            kind=self.kind,
            stage=self.stage,
            session=self.session,
            year=self.year,
            without=self.without,
        )


class FiguresQuery(WantedQuery):
    """Which metrics, of what, at which moment."""

    metrics: str | None = Field(
        None, max_length=2_000, description="Ids of metrics with commas between; by default all of them",
        examples=["reply_rate,on_time_rate"],
    )  # fmt: skip
    by: By | None = Field(None, description="A dimension for whose values each metric is also told")


class FiguresExportQuery(FiguresQuery):
    """Figures as a file."""

    format: Format = "xlsx"


class SeriesQuery(WantedQuery):
    """The course of a metric."""

    since: date = Field(description="The first day of the course")
    until: date | None = Field(None, description="The last day; by default that of the moment")
    pace: Pace = Field("month", description="At the end of each of which it is told")


class ChangeQuery(WantedQuery):
    """From which earlier moment; what is not given is as in the later one."""

    from_as_of: str | None = Field(None, description="What was true then: a date, or an instant with its offset")
    from_known_at: str | None = Field(None, description="What had been recorded by then")
    from_position: Position | None = Field(None, description="What had been recorded up to this position")


class CountedQuery(WantedQuery):
    """The list behind a figure."""

    limit: int = Field(50, ge=1, le=500)
    cursor: str | None = Field(None, max_length=8_000, description="Where the page before ended; excludes all else")


class WordsAnswer(BaseModel):
    """The same in both languages."""

    zh: str
    en: str


class MetricAnswer(BaseModel):
    """How a metric is defined."""

    id: str
    version: int
    subject: str = Field(description="What is counted")
    counts: WordsAnswer = Field(description="What is counted, in words")
    name: WordsAnswer
    formula: WordsAnswer
    numerator: list[str]
    denominator: list[str]
    without: list[str] = Field(description="Measures that are taken from the denominator")
    population: list[str]
    caution: WordsAnswer | None
    source: str
    earlier: list[MetricAnswer] = Field(description="How it was defined before; `id@version` tells it by that version")


class MetricsAnswer(BaseModel):
    """Every metric."""

    metrics: list[MetricAnswer]


class FigureAnswer(BaseModel):
    """A figure with what is needed to judge it."""

    value: float | None = Field(description="A share of 1, or a number; null where there is nothing to divide by")
    numerator: int
    denominator: int | None
    few: bool = Field(description="Whether it rests on fewer than five")
    population: int | None = Field(description="Of how many it could be known")
    coverage: float | None
    floor: float | None = Field(description="The rate, if all that is not known were bad")
    ceiling: float | None = Field(description="The rate, if all that is not known were good")


class PartAnswer(FigureAnswer):
    """The figure of one value of the dimension."""

    key: str | None = Field(description="Null where there is none, such as suggestions that no unit leads")


class TargetAnswer(BaseModel):
    """What the jurisdiction wants to reach."""

    rule: str
    value: float
    year: int


class ToldAnswer(FigureAnswer):
    """A metric in whole, and by the dimension."""

    metric: str
    version: int
    target: TargetAnswer | None
    by: list[PartAnswer]


class FiguresAnswer(BaseModel):
    """Metrics at a moment, and the versions of what they stand on."""

    meta: Meta
    rulebook: str
    calendar: str
    figures: list[ToldAnswer]


class CoursePointAnswer(FigureAnswer):
    """A metric at the end of a period."""

    day: date


class SeriesAnswer(BaseModel):
    """The course of a metric, all as known at the moment."""

    meta: Meta
    metric: str
    version: int
    points: list[CoursePointAnswer]


class CountedAnswer(BaseModel):
    """Something that adds to the figure."""

    case_id: str
    part: str = Field(description="Which part of the case; empty for the case itself")
    kind: str
    number: str | None
    title: str
    stage: str
    unit: str | None
    person: str | None
    counts: dict[str, int] = Field(description="What it adds to each measure of the metric")
    href: str


class CountedListAnswer(BaseModel):
    """The list behind a figure: its counts add up to it."""

    meta: Meta
    metric: str
    version: int
    figure: FigureAnswer
    rows: list[CountedAnswer]
    next: str | None


class StepBetweenAnswer(BaseModel):
    """A step between two moments."""

    version: int
    type: str
    occurred_at: datetime
    recorded_at: datetime
    position: int
    actor: str
    role: str


class ChangeAnswer(BaseModel):
    """A case that adds otherwise than before, and the steps between."""

    case_id: str
    part: str
    kind: str
    number: str | None
    title: str
    way: str = Field(description="entered, left, or changed")
    before: dict[str, int] | None
    after: dict[str, int] | None
    steps: list[StepBetweenAnswer]
    href: str


class ChangesAnswer(BaseModel):
    """Why a figure is another one than at an earlier moment."""

    meta: Meta
    earlier: Meta
    metric: str
    version: int
    before: FigureAnswer
    after: FigureAnswer
    changes: list[ChangeAnswer]


MetricId = Annotated[str, Path(max_length=100, description="A metric's id", examples=["reply_rate"])]


@router.get(
    "/metrics",
    operation_id="list_metrics",
    summary="指标定义 · How each metric is counted",
    response_model=MetricsAnswer,
)
def list_metrics(asker: Asker) -> Response:
    """Every metric with its formula in words and in measures, what to beware of, and its source."""
    del asker
    return answer(MetricsAnswer(metrics=[_metric(metric) for metric in metrics().values()]), {})


@router.get(
    "/figures",
    operation_id="read_figures",
    summary="统计指标 · Metrics at a moment",
    response_model=FiguresAnswer,
    responses=_ANSWERED,
)
def read_figures(request: Request, asker: Asker, query: Annotated[FiguresQuery, Query()]) -> Response:
    """Each metric at a moment and as known at one, in whole and by a dimension; of what the asker may read."""
    asked, figures = _figures(request, asker, query)
    meta = asked.meta(figures.moment)
    jurisdiction = as_known(services_of(request), asker.jurisdiction, figures.moment)
    body = {
        "meta": meta,
        "rulebook": jurisdiction.book_on(figures.day).ref,
        "calendar": jurisdiction.working_calendar.ref,
        "figures": [told_answer(told) for told in figures.told(query.wanted(), _ids(query.metrics), query.by)],
    }
    return answer(body, meta.headers)


@router.get(
    "/figures/export",
    tags=["export"],
    operation_id="export_figures",
    summary="导出统计指标 · Figures as a file",
    response_class=StreamingResponse,
    responses=documented(422) | EXPORTED,
)
def export_the_figures(request: Request, asker: Asker, query: Annotated[FiguresExportQuery, Query()]) -> Response:
    """The same figures with their definitions, one a row; a workbook says the moment on its cover."""
    services = services_of(request)
    asked, figures = _figures(request, asker, query)
    jurisdiction = as_known(services, asker.jurisdiction, figures.moment)
    tell = Teller(words_for(request), jurisdiction, as_of=figures.moment.as_of)
    exported = exported_figures(
        tell, figures, query.wanted(), _ids(query.metrics), query.by, known_at(services, asked), query.format
    )
    return handed_out(services, exported, query.format, asked.meta(figures.moment))


@router.get(
    "/figures/{metric}/series",
    operation_id="read_series",
    summary="指标走势 · A metric over time",
    response_model=SeriesAnswer,
    responses=_NAMED,
)
def read_series(metric: MetricId, request: Request, asker: Asker, query: Annotated[SeriesQuery, Query()]) -> Response:
    """A metric at the end of each day, month, quarter or year, all as known at one moment."""
    asked, figures = _figures(request, asker, query)
    meta = asked.meta(figures.moment)
    points = figures.series(query.wanted(), metric, query.since, query.until or figures.day, query.pace)
    body = SeriesAnswer(
        meta=meta,
        metric=metric,
        version=metric_named(metric).version,
        points=[CoursePointAnswer(day=day, **figure_answer(figure)) for day, figure in points],
    )
    return answer(body, meta.headers)


@router.get(
    "/figures/{metric}/cases",
    operation_id="list_counted",
    summary="指标明细 · The cases behind a figure",
    response_model=CountedListAnswer,
    responses=_NAMED,
)
def list_counted(metric: MetricId, request: Request, asker: Asker, query: Annotated[CountedQuery, Query()]) -> Response:
    """What adds to a metric at a moment, by case and part; the counts of all pages add up to the figure."""
    services, tell = services_of(request), words_for(request)
    if query.cursor is None:
        asked, figures = _figures(request, asker, query)
        meta, moment, wanted, after = asked.meta(figures.moment), figures.moment, query.wanted(), None
    else:
        refuse_beside_cursor(query, tell)
        page = cursor.counted_page(query.cursor, services.secret, tell, asker.jurisdiction)
        metric, moment, wanted, after = page.metric, page.moment, Wanted(**page.wanted), page.after
        zone = zone_of(services, asker)
        meta = Meta(as_of=written(moment.as_of, zone), known_at=None, position=moment.known)
        figures = _at(request, asker, moment)
    rows = figures.counted(wanted, metric, after=after, limit=query.limit + 1)
    following = None
    if len(rows) > query.limit:
        rows = rows[: query.limit]
        last = rows[-1].case_id, rows[-1].part
        page = cursor.CountedPage(asker.jurisdiction, metric, vars(wanted), moment, last)
        following = page.sealed(services.secret)
    [told] = figures.told(wanted, [metric])
    body = CountedListAnswer(
        meta=meta,
        metric=metric,
        version=told.metric.version,
        figure=FigureAnswer(**figure_answer(told.figure)),
        rows=[_counted(row) for row in rows],
        next=following,
    )
    return answer(body, meta.headers)


@router.get(
    "/figures/{metric}/change",
    operation_id="explain_change",
    summary="变化原因 · Why a figure changed",
    response_model=ChangesAnswer,
    responses=_NAMED,
)
def explain_change(
    metric: MetricId, request: Request, asker: Asker, query: Annotated[ChangeQuery, Query()]
) -> Response:
    """Which cases entered, left, or count otherwise between two moments, through which steps; 200 at most."""
    asked, figures = _figures(request, asker, query)
    services, tell = services_of(request), words_for(request)
    given = MomentQuery(
        as_of=query.from_as_of or query.as_of,
        known_at=query.from_known_at or (None if query.from_position is not None else query.known_at),
        position=query.from_position if query.from_position is not None or query.from_known_at else query.position,
    )
    before = Asked(given, asked.zone, tell)
    earlier = before.of_lists(services)
    wanted = query.wanted()
    [now] = figures.told(wanted, [metric])
    [then] = _at(request, asker, earlier).told(wanted, [metric])
    meta = asked.meta(figures.moment)
    body = ChangesAnswer(
        meta=meta,
        earlier=before.meta(earlier),
        metric=metric,
        version=now.metric.version,
        before=FigureAnswer(**figure_answer(then.figure)),
        after=FigureAnswer(**figure_answer(now.figure)),
        changes=[change_answer(change) for change in figures.changes(wanted, metric, earlier)],
    )
    return answer(body, meta.headers)


def _figures(request: Request, asker: Principal, query: MomentQuery) -> tuple[Asked, Figures]:
    services = services_of(request)
    asked = Asked(query, zone_of(services, asker), words_for(request))
    return asked, _at(request, asker, asked.of_lists(services))


def _at(request: Request, asker: Principal, moment: Moment) -> Figures:
    services = services_of(request)
    return Figures(services, lists_of(services, asker), as_known(services, asker.jurisdiction, moment), moment)


def _ids(text: str | None) -> list[str]:
    return [id for part in (text or "").split(",") if (id := part.strip())]


def figure_answer(figure: Figure) -> dict[str, Any]:
    """A figure as the API tells of it: the fields of `FigureAnswer`."""
    return {
        "value": figure.value,
        "numerator": figure.numerator,
        "denominator": figure.denominator,
        "few": figure.few,
        "population": figure.population,
        "coverage": figure.coverage,
        "floor": figure.floor,
        "ceiling": figure.ceiling,
    }


def told_answer(told: Told) -> dict[str, Any]:
    """A metric with its figures as the API tells of it: the fields of `ToldAnswer`, of which there may be thousands."""
    target = told.target
    return {
        **figure_answer(told.figure),
        "metric": told.metric.id,
        "version": told.metric.version,
        "target": None if target is None else {"rule": target.id, "value": target.value, "year": target.year},
        "by": [{**figure_answer(figure), "key": value} for value, figure in told.parts],
    }


def _metric(metric: Metric) -> MetricAnswer:
    subject, caution = SUBJECTS[metric.subject], metric.caution
    return MetricAnswer(
        id=metric.id,
        version=metric.version,
        subject=metric.subject,
        counts=WordsAnswer(zh=subject.zh, en=subject.en),
        name=WordsAnswer(zh=metric.zh, en=metric.en),
        formula=WordsAnswer(zh=metric.formula.zh, en=metric.formula.en),
        numerator=list(metric.numerator),
        denominator=list(metric.denominator),
        without=list(metric.without),
        population=list(metric.population),
        caution=None if caution is None else WordsAnswer(zh=caution.zh, en=caution.en),
        source=metric.source,
        earlier=[_metric(one) for one in metric.earlier],
    )


def _counted(row: CountedRow) -> CountedAnswer:
    return CountedAnswer(**{**vars(row), "counts": dict(row.counts)}, href=f"/api/v1/cases/{row.case_id}")


def change_answer(change: Change) -> ChangeAnswer:
    """A change as the API tells of it."""
    row = change.row
    return ChangeAnswer(
        case_id=row.case_id,
        part=row.part,
        kind=change.kind,
        number=change.number,
        title=change.title,
        way=change.way,
        before=_plain(row.before),
        after=_plain(row.after),
        steps=[_step(record) for record in change.steps],
        href=f"/api/v1/cases/{row.case_id}",
    )


def _plain(sums: Mapping[str, int] | None) -> dict[str, int] | None:
    return None if sums is None else dict(sums)


def _step(record: Recorded) -> StepBetweenAnswer:
    return StepBetweenAnswer(
        version=record.version,
        type=record.step.declared.wire,
        occurred_at=record.occurred_at,
        recorded_at=record.recorded_at,
        position=record.position,
        actor=record.act.actor,
        role=record.act.role,
    )
