"""The pages of figures: metrics at a moment, one metric with its course, the list behind it, and why it changed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, get_args

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse
from pydantic import BaseModel, ConfigDict, Field

from api.exporting import exported_figures, known_at
from api.figures import Change, Figures, Pace, Told
from api.moment import Asked as AskedMoment
from api.moment import MomentQuery
from api.published import Publications, stated_figure
from api.services import services_of
from api.v1.finding import lists_of
from api.web.guard import reader_of
from api.web.listing import FORMATS, Choice
from api.web.pages import Look, PageRoute, handed_out, look_of, query_of, render
from api.web.viewmodels import Here, Teller, case_path, link, narrowed_to, value_name
from domain import policy
from domain.calendar import add_months
from domain.cases.published_figures import FiguresPublished
from domain.rulebook import Target
from domain.values import Code, Line
from projections.asked import Asked, By
from projections.counting import SUBJECTS
from projections.metrics import Figure, Metric, metric_named
from projections.reading import CountedRow, Sums
from projections.sheet import Format

FIGURES = "/figures"
PUBLISHED = "/published-figures"
WHAT_IF = f"{FIGURES}/what-if"

HEADLINES = (
    *("handed_over", "waiting", "overdue", "reply_rate", "on_time_rate", "on_time_rate_before_extension"),
    *("evaluation_coverage", "first_satisfied_rate", "satisfied_rate", "basically_satisfied_rate"),
    *("dissatisfied_rate", "conversion_rate", "resolution_rate", "resolution_rate_broad", "accomplishment_rate"),
)
"""What is told first; the others stand below."""
COMPARED = (
    *("handed_over", "reply_rate", "on_time_rate", "evaluation_coverage", "satisfied_rate"),
    *("basically_satisfied_rate", "dissatisfied_rate", "resolution_rate", "accomplishment_rate"),
)
"""What is told of each value of the dimension."""
_OF_PAGE = ("by", "pace", "since", "from", "after")
_PAGE = 100

router = APIRouter(route_class=PageRoute, include_in_schema=False, default_response_class=HTMLResponse)


class FiguresQuery(BaseModel):
    """Of what figures are shown."""

    model_config = ConfigDict(populate_by_name=True)

    by: By = "unit"
    unit: Code | None = None
    person: Code | None = None
    group: Code | None = None
    constituency: Line | None = None
    committee: Line | None = None
    kind: Line | None = None
    stage: Line | None = None
    session: Line | None = None
    year: int | None = Field(None, ge=1949, le=9998)
    without: By | None = None

    @property
    def asked(self) -> Asked:
        """What is asked for."""
        return Asked(
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


class FiguresExportQuery(FiguresQuery):
    """The same as a file."""

    format: Format = "xlsx"


class MetricQuery(FiguresQuery):
    """The course of a metric."""

    pace: Pace = "month"
    since: date | None = None


class CountedQuery(FiguresQuery):
    """A page of the list behind a metric."""

    after: str | None = None


class ChangeQuery(FiguresQuery):
    """From which day the change is told."""

    before: date | None = Field(None, alias="from")


@dataclass(frozen=True)
class PublishedView:
    """What a document stated of the same, in words."""

    url: str
    text: str


@dataclass(frozen=True)
class FigureView:
    """A figure in words."""

    name: str
    url: str
    value: str
    fraction: str
    few: bool
    cases: str
    range: str
    coverage: str
    target: str
    reached: bool | None
    published: Sequence[PublishedView] = ()


@dataclass(frozen=True)
class Publishing:
    """What a form carries by which figures of the page are published, and the metrics that it offers."""

    kept: list[tuple[str, str]]
    metrics: list[Choice]


@dataclass(frozen=True)
class RowView:
    """The figures of one value of the dimension."""

    name: str
    url: str
    cells: list[FigureView]


@dataclass(frozen=True)
class CountedView:
    """A case behind a figure, in words."""

    number: str
    title: str
    url: str
    part: str
    unit: str
    stage: str
    counts: str


@dataclass(frozen=True)
class ChangeView:
    """A case that counts otherwise, in words."""

    number: str
    title: str
    url: str
    way: str
    before: str
    after: str
    steps: list[tuple[str, str]]


def metric_path(id: str) -> str:
    """Where a metric is read."""
    return f"{FIGURES}/{id}"


@router.get(FIGURES)
def show_figures(request: Request) -> Response:
    """The metrics at the moment of the address, in whole and by a dimension."""
    look, figures, query = _looked(request, FiguresQuery)
    tell, here = look.tell, look.here
    told = figures.told(query.asked, [], query.by)
    by_id = {one.metric.id: one for one in told}
    stated = _published(request, look, query)
    views = {
        one.metric.id: figure_view(
            tell, here, one.metric, one.figure, target=one.target, published=stated.get(one.metric.id, ())
        )
        for one in told
    }
    compared = [by_id[id] for id in COMPARED]
    rows = _rows(tell, here, query.by, compared)
    return render(
        request,
        "figures.html",
        bar=look.bar,
        narrowed=narrowed_to(tell, query.asked.named),
        query=query,
        kept=list(here.moment.items()),
        dimensions=[Choice(by, tell.say(f"figures.by.{by}"), by == query.by) for by in get_args(By)],
        headlines=[views[id] for id in HEADLINES],
        others=[view for id, view in views.items() if id not in HEADLINES],
        compared=[getattr(one.metric, tell.lang) for one in compared],
        rows=rows,
        chart=_bars(tell, query.by, by_id) if rows else None,
        exports=[
            (format, link(f"{FIGURES}/export", {**here.params, "by": query.by, "format": format})) for format in FORMATS
        ],
        rulebook=tell.jurisdiction.book_on(figures.day).ref,
        calendar=tell.jurisdiction.working_calendar.ref,
        publishing=_publishing(look, figures.day, query, views)
        if reader_of(request).role in FiguresPublished.declared.by
        else None,
        cards=link("/cards", here.moment),
        what_if=link(WHAT_IF, {**query.asked.named, **here.moment}),
    )


@router.get(FIGURES + "/export")
def exported(request: Request) -> Response:
    """The figures of the page as a file."""
    look, figures, query = _looked(request, FiguresExportQuery)
    services = services_of(request)
    known = known_at(services, look.asked)
    return handed_out(
        services, exported_figures(look.tell, figures, query.asked, [], query.by, known, query.format), query.format
    )


@router.get(FIGURES + "/{metric}")
def show_metric(request: Request, metric: str) -> Response:
    """One metric: how it is counted, its figure, its course, and by a dimension."""
    look, figures, query = _looked(request, MetricQuery)
    shown, tell, here = metric_named(metric), look.tell, look.here
    [told] = figures.told(query.asked, [metric], query.by)
    since = query.since or _a_while_before(figures.day, query.pace)
    points = figures.series(query.asked, metric, since, figures.day, query.pace)
    return render(
        request,
        "figure.html",
        bar=look.bar,
        narrowed=narrowed_to(tell, query.asked.named),
        metric=shown,
        words=getattr(shown, tell.lang),
        counts=getattr(SUBJECTS[shown.subject], tell.lang),
        measures=[tell.say(f"figures.measure.{name}") for name in shown.measures],
        formula=getattr(shown.formula, tell.lang),
        caution=getattr(shown.caution, tell.lang) if shown.caution else None,
        query=query,
        since=since.isoformat(),
        kept=[(name, text) for name, text in here.params.items() if name not in {"pace", "since"}],
        kept_change=[(name, text) for name, text in here.params.items() if name not in _OF_PAGE],
        paces=[Choice(pace, tell.say(f"figures.pace.{pace}"), pace == query.pace) for pace in get_args(Pace)],
        dimensions=[Choice(by, tell.say(f"figures.by.{by}"), by == query.by) for by in get_args(By)],
        figure=figure_view(
            tell,
            here,
            shown,
            told.figure,
            target=told.target,
            published=_published(request, look, query).get(shown.id, ()),
        ),
        path=metric_path(metric),
        points=[(day.isoformat(), figure_view(tell, here, shown, figure, as_of=day)) for day, figure in points],
        rows=_rows(tell, here, query.by, [told]),
        chart=_line(getattr(shown, tell.lang), points),
        before=_a_while_before(figures.day, "month").isoformat(),
        all=link(FIGURES, dict(here.moment)),
    )


@router.get(FIGURES + "/{metric}/cases")
def show_counted(request: Request, metric: str) -> Response:
    """The list behind a metric: what it counts adds up to the figure."""
    look, figures, query = _looked(request, CountedQuery)
    shown, tell, here = metric_named(metric), look.tell, look.here
    case_id, _, part = (query.after or "").partition(" ")
    rows = figures.counted(query.asked, metric, after=(case_id, part) if query.after else None, limit=_PAGE + 1)
    following = None
    if len(rows) > _PAGE:
        rows = rows[:_PAGE]
        following = here(after=f"{rows[-1].case_id} {rows[-1].part}")
    [told] = figures.told(query.asked, [metric])
    return render(
        request,
        "figure_cases.html",
        bar=look.bar,
        narrowed=narrowed_to(tell, query.asked.named),
        words=getattr(shown, tell.lang),
        figure=figure_view(tell, here, shown, told.figure, target=told.target),
        rows=[counted_view(tell, row, here.moment) for row in rows],
        next=following,
        back=_metric_url(here, metric),
    )


@router.get(FIGURES + "/{metric}/change")
def show_change(request: Request, metric: str) -> Response:
    """Which cases count otherwise than on an earlier day, and through which steps."""
    look, figures, query = _looked(request, ChangeQuery)
    shown, tell, here = metric_named(metric), look.tell, look.here
    day = query.before or _a_while_before(figures.day, "month")
    services, asker = services_of(request), reader_of(request)
    position = figures.moment.known
    earlier = AskedMoment(MomentQuery(as_of=day.isoformat(), position=position), tell.zone, tell.say)
    then = Figures(services, lists_of(services, asker), tell.jurisdiction, earlier.of_lists(services))
    [now], [before] = figures.told(query.asked, [metric]), then.told(query.asked, [metric])
    return render(
        request,
        "figure_change.html",
        bar=look.bar,
        narrowed=narrowed_to(tell, query.asked.named),
        words=getattr(shown, tell.lang),
        day=day.isoformat(),
        kept=[(name, text) for name, text in here.params.items() if name not in _OF_PAGE],
        before=figure_view(tell, here, shown, before.figure, as_of=day),
        after=figure_view(tell, here, shown, now.figure),
        changes=[
            change_view(tell, change, here.moment) for change in figures.changes(query.asked, metric, then.moment)
        ],
        back=_metric_url(here, metric),
    )


def _publishing(look: Look, day: date, query: FiguresQuery, views: Mapping[str, FigureView]) -> Publishing | None:
    """What of the page can be published: none of what a document cannot name."""
    if query.without is not None:
        return None
    kept = query.asked.named | {"as_of": day.isoformat(), "position": look.moment.known}
    return Publishing(
        [(name, str(value)) for name, value in kept.items()],
        [Choice(id, view.name, chosen=False) for id, view in views.items()],
    )


def _published(request: Request, look: Look, query: FiguresQuery) -> dict[str, list[PublishedView]]:
    """What documents stated of just what the address asks for, by metric."""
    services, asker, tell = services_of(request), reader_of(request), look.tell
    found = Publications(
        services, lists_of(services, asker), asker.jurisdiction, look.moment, whole=policy.reads_all(asker)
    )
    return {
        metric: [
            PublishedView(
                link(f"{PUBLISHED}/{case.id}", dict(look.here.moment)),
                tell.say(
                    "published.mark",
                    day=(case.as_of or look.moment.as_of).isoformat(),
                    value=value_of(stated_figure(case.figures[number - 1])),
                    document=case.document_number or case.title,
                ),
            )
            for case, number in stated
        ]
        for metric, stated in found.of(query.asked).items()
    }


def _looked(request: Request, model: type[Any]) -> tuple[Look, Figures, Any]:
    asker, services = reader_of(request), services_of(request)
    look = look_of(request, asker, of_lists=True)
    figures = Figures(services, lists_of(services, asker), look.tell.jurisdiction, look.moment)
    return look, figures, query_of(request, model)


def _a_while_before(day: date, pace: str) -> date:
    """Where a course begins, if nobody says it."""
    months = {"day": 1, "month": 12, "quarter": 24, "year": 120}[pace]
    return max(add_months(day, -months), date(1949, 1, 1))


def _narrowed(here: Here, **more: str | int | None) -> dict[str, str | int | None]:
    """The dimensions and the moment of an address, and more."""
    return {**{name: text for name, text in here.params.items() if name not in _OF_PAGE}, **more}


def _metric_url(here: Here, id: str) -> str:
    return link(metric_path(id), _narrowed(here))


def figure_view(
    tell: Teller,
    here: Here,
    metric: Metric,
    figure: Figure,
    *,
    target: Target | None = None,
    as_of: date | None = None,
    of: tuple[str, str | None] | None = None,
    published: Sequence[PublishedView] = (),
) -> FigureView:
    """A figure in words, which leads to its metric and to its list; `of` narrows both to a value of a dimension."""
    params = _narrowed(here, **dict([of] if of else []))
    if as_of is not None:
        params["as_of"] = as_of.isoformat()
    path = metric_path(metric.id if metric.in_use else metric.ref)
    return FigureView(
        name=getattr(metric, tell.lang),
        url=link(path, params),
        value=value_of(figure),
        fraction="" if figure.denominator is None else f"{figure.numerator} / {figure.denominator}",
        few=figure.few and bool(figure.denominator),
        cases=link(f"{path}/cases", params),
        range=""
        if figure.floor is None or figure.ceiling is None
        else f"{share_of(figure.floor)}–{share_of(figure.ceiling)}",
        coverage="" if figure.coverage is None else share_of(figure.coverage),
        target="" if target is None else share_of(target.value),
        reached=None if target is None or figure.value is None else figure.value >= target.value,
        published=published,
    )


def value_of(figure: Figure) -> str:
    """A share in per cent with one decimal, or a number; a dash where there is nothing to divide by."""
    if figure.denominator is None:
        return str(figure.numerator)
    return "—" if figure.value is None else share_of(figure.value)


def share_of(value: float) -> str:
    """A share in per cent with one decimal."""
    return f"{value:.1%}"


def _keys(tell: Teller, by: str, told: Iterable[Told]) -> list[str | None]:
    """The values that anything is counted of: units in the office's own order, others by what they are called."""
    keys = dict.fromkeys(key for one in told for key, figure in one.parts if figure.denominator or figure.numerator)
    order = {unit.code: place for place, unit in enumerate(tell.jurisdiction.all_units())}
    return sorted(keys, key=lambda key: (key is None, order.get(key or "", len(order)), value_name(tell, by, key)))


def _rows(tell: Teller, here: Here, by: str, told: Sequence[Told]) -> list[RowView]:
    rows = []
    for key in _keys(tell, by, told):
        of = ("without", by) if key is None else (by, key)
        cells = []
        for one in told:
            figure = dict(one.parts).get(key) or Figure(0, 0 if one.metric.is_rate else None, None)
            cells.append(figure_view(tell, here, one.metric, figure, of=of))
        rows.append(RowView(value_name(tell, by, key), here(**dict([of])), cells))
    return rows


def _bars(tell: Teller, by: By, told: Mapping[str, Told]) -> dict[str, object]:
    """What the deputies said of each value, as bars; the rest of what was answered was not evaluated."""
    parts = {id: dict(one.parts) for id, one in told.items()}
    coverage = parts["evaluation_coverage"]
    keys = [key for key in _keys(tell, by, told.values()) if key in coverage and coverage[key].denominator]
    said = {grade: [parts[rate][key].numerator for key in keys] for grade, rate in _RATES.items()}
    unevaluated = [(coverage[key].denominator or 0) - coverage[key].numerator for key in keys]
    return {
        "kind": "bars",
        "title": tell.say("figures.chart", by=tell.say(f"figures.by.{by}")),
        "labels": [value_name(tell, by, key) for key in keys],
        "series": [
            *({"name": tell.say(f"figures.measure.{grade}"), "values": values} for grade, values in said.items()),
            {"name": tell.say("figures.unevaluated"), "values": unevaluated},
        ],
    }


_RATES = {
    "satisfied": "satisfied_rate",
    "basically_satisfied": "basically_satisfied_rate",
    "dissatisfied": "dissatisfied_rate",
}


def _line(name: str, points: Sequence[tuple[date, Figure]]) -> dict[str, object]:
    rate = any(figure.denominator is not None for _, figure in points)
    values = [None if figure.value is None else round(figure.value * (100 if rate else 1), 1) for _, figure in points]
    return {
        "kind": "line",
        "title": name,
        "labels": [day.isoformat() for day, _ in points],
        "series": [{"name": name, "values": values}],
        "unit": "%" if rate else "",
    }


def counted_view(tell: Teller, row: CountedRow, moment: Mapping[str, str]) -> CountedView:
    """Something that adds to a figure, in words."""
    return CountedView(
        number=row.number or "—",
        title=row.title,
        url=link(case_path(row.case_id), dict(moment)),
        part=tell.part(row.part) if row.part else "",
        unit=tell.unit(row.unit),
        stage=value_name(tell, "stage", row.stage),
        counts=sums_told(tell, row.counts),
    )


def sums_told(tell: Teller, sums: Sums | None) -> str:
    """The measures that something adds to; a number where it is not one."""
    told = [(tell.say(f"figures.measure.{name}"), count) for name, count in (sums or {}).items() if count]
    return (
        str(tell.say("page.semicolon").join(name if count == 1 else f"{name} {count}" for name, count in told)) or "—"
    )


def change_view(tell: Teller, change: Change, moment: Mapping[str, str]) -> ChangeView:
    """A change in words."""
    path = link(case_path(change.row.case_id), dict(moment))
    return ChangeView(
        number=change.number or "—",
        title=change.title,
        url=path,
        way=tell.say(f"figures.way.{change.way}"),
        before=sums_told(tell, change.row.before),
        after=sums_told(tell, change.row.after),
        steps=[
            (
                f"{path}#step-{record.version}",
                tell.say(
                    "figures.recorded",
                    step=tell.step(type(record.step)),
                    day=record.act.occurred_on.isoformat(),
                    recorded=record.recorded_at.astimezone(tell.jurisdiction.zone).date().isoformat(),
                ),
            )
            for record in change.steps
        ],
    )
