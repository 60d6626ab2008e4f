"""The page of suppositions (假设推演): figures as they are beside what they would be under other rules."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, get_args

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse
from pydantic import Field

from api.exporting import exported_what_if, known_at
from api.looking import require_whole
from api.services import services_of
from api.v1.finding import lists_of
from api.web.figures import COMPARED, FIGURES, HEADLINES, WHAT_IF, FiguresQuery, metric_path, sums_told, value_of
from api.web.guard import reader_of
from api.web.listing import FORMATS, Choice
from api.web.pages import Look, PageRoute, handed_out, look_of, query_of, render
from api.web.viewmodels import Teller, case_path, link, narrowed_to, value_name
from api.what_if import MOST_CASES, Beside, Differing, Simulation, simulate, words_of
from domain.moment import day_of
from domain.refusal import Refused
from domain.rulebook import Outcome, RulebookError, Span, Unit, load_rulebook, rulebook_refs
from domain.values import Line
from projections.asked import By
from projections.metrics import Metric, metrics
from projections.sheet import Format
from projections.supposition import Supposition

_LETTER = "letter."
"""How the name of a letter begins in an address."""

router = APIRouter(route_class=PageRoute, include_in_schema=False, default_response_class=HTMLResponse)


class WhatIfQuery(FiguresQuery):
    """Of what, and what is supposed to be otherwise."""

    rulebook: Line | None = None
    clock: Line | None = None
    count: int | None = Field(None, ge=1, le=10_000)
    span: Unit = "month"
    metric: Line | None = None
    target: float | None = Field(None, gt=0, le=100, allow_inf_nan=False)
    """In per cent."""


class WhatIfExportQuery(WhatIfQuery):
    """The same as a file."""

    format: Format = "xlsx"


@dataclass(frozen=True)
class SideView:
    """A figure as it is or would be, in words."""

    value: str
    fraction: str


@dataclass(frozen=True)
class BesideView:
    """A figure as it is beside what it would be."""

    name: str
    url: str
    real: SideView
    simulated: SideView
    differs: bool
    target: str
    simulated_target: str
    reached: bool | None


@dataclass(frozen=True)
class RowView:
    """What one value of the dimension would be."""

    name: str
    cells: list[BesideView]


@dataclass(frozen=True)
class DifferingView:
    """A case that would count otherwise, in words."""

    number: str
    title: str
    url: str
    part: str
    was: str
    would_be: str


@router.get(WHAT_IF)
def show_what_if(request: Request) -> Response:
    """The form, and what follows from what it supposes."""
    require_whole(reader_of(request))
    look = look_of(request, reader_of(request), of_lists=True)
    query = query_of(request, WhatIfQuery)
    letters = _letters(request)
    supposition = _supposition(look, query, letters)
    found = None if supposition == Supposition() else _simulated(request, look, query, supposition)
    tell, here = look.tell, look.here
    book = tell.jurisdiction.book_on(day_of(look.moment.as_of, tell.zone))
    scheme = {} if book.outcome_scheme is None else book.outcome_scheme.letters
    told = [] if found is None else [one for one in found.told if one.metric.id in HEADLINES]
    return render(
        request,
        "what_if.html",
        bar=look.bar,
        narrowed=narrowed_to(tell, query.asked.named),
        query=query,
        most=MOST_CASES,
        kept=list(here.moment.items()),
        dimensions=[Choice(by, tell.say(f"figures.by.{by}"), by == query.by) for by in get_args(By)],
        rulebooks=[Choice(ref, ref, ref == query.rulebook) for ref in rulebook_refs()],
        clocks=[Choice(id, getattr(rule, tell.lang), id == query.clock) for id, rule in book.clocks.items()],
        spans=[Choice(unit, tell.say(f"what_if.span.{unit}"), unit == query.span) for unit in get_args(Unit)],
        rates=[
            Choice(id, getattr(metric, tell.lang), id == query.metric)
            for id, metric in metrics().items()
            if metric.is_rate
        ],
        letters=[
            (letter, [Choice(one, tell.word(one), letters.get(letter) == one) for one in Outcome], tell.word(meaning))
            for letter, meaning in scheme.items()
        ],
        supposed=words_of(tell, supposition),
        found=found,
        views=[
            _beside(tell, here.moment, query, one.metric, one.figure, (one.target, one.simulated_target))
            for one in told
        ],
        compared=[getattr(one.metric, tell.lang) for one in _compared(found)],
        rows=_rows(look, query, found),
        differing=[] if found is None else [_differing(tell, one, here.moment) for one in found.differing],
        unread=[] if found is None else sorted(found.unread.items()),
        exports=[(format, link(f"{WHAT_IF}/export", {**here.params, "format": format})) for format in FORMATS],
        rulebook=book.ref,
        calendar=tell.jurisdiction.working_calendar.ref,
        all=link(FIGURES, dict(here.moment)),
    )


@router.get(WHAT_IF + "/export")
def exported(request: Request) -> Response:
    """The same as a file, which says that it is a simulation."""
    require_whole(reader_of(request))
    look = look_of(request, reader_of(request), of_lists=True)
    query, services = query_of(request, WhatIfExportQuery), services_of(request)
    supposition = _supposition(look, query, _letters(request))
    found = _simulated(request, look, query, supposition)
    known = known_at(services, look.asked)
    return handed_out(
        services, exported_what_if(look.tell, found, query.asked, query.by, known, query.format), query.format
    )


def _letters(request: Request) -> dict[str, str]:
    """The letters that the address gives another meaning."""
    given = request.query_params.items()
    return {name.removeprefix(_LETTER): text for name, text in given if name.startswith(_LETTER) and text}


def _supposition(look: Look, query: WhatIfQuery, letters: dict[str, str]) -> Supposition:
    """What a form supposes; letters are those in force, but for those that it names."""
    book = look.tell.jurisdiction.book_on(day_of(look.moment.as_of, look.tell.zone))
    if query.rulebook is not None:
        try:
            book = load_rulebook(*query.rulebook.split("@", 1))
        except RulebookError:
            raise Refused("unknown-rulebook-named", field="rulebook", rulebook=query.rulebook) from None
    scheme = {} if book.outcome_scheme is None else dict(book.outcome_scheme.letters)
    said: dict[str, Any] = {"rulebook": query.rulebook}
    if letters:
        said["letters"] = scheme | letters
    if query.clock is not None and query.count is not None:
        said["limits"] = {query.clock: Span(count=query.count, unit=query.span)}
    if query.metric is not None and query.target is not None:
        said["targets"] = {query.metric: query.target / 100}
    try:
        return Supposition.model_validate(said)
    except ValueError:
        raise Refused("page.unfinished-address") from None


def _simulated(request: Request, look: Look, query: WhatIfQuery, supposition: Supposition) -> Simulation:
    services, asker = services_of(request), reader_of(request)
    lists = lists_of(services, asker)
    return simulate(services, lists, asker.jurisdiction, look.moment, query.asked, [], query.by, supposition)


def _compared(found: Simulation | None) -> Sequence[Any]:
    told = {} if found is None else {one.metric.id: one for one in found.told}
    return [told[id] for id in COMPARED if id in told]


def _rows(look: Look, query: WhatIfQuery, found: Simulation | None) -> list[RowView]:
    tell, compared = look.tell, _compared(found)
    order = {unit.code: place for place, unit in enumerate(tell.jurisdiction.all_units())}
    keys = dict.fromkeys(key for one in compared for key, _ in one.parts)
    rows = []
    for key in sorted(keys, key=lambda key: (key is None, order.get(key or "", len(order)), key or "")):
        cells = []
        for one in compared:
            part = dict(one.parts).get(key)
            if part is not None:
                cells.append(_beside(tell, look.here.moment, query, one.metric, part, (None, None)))
        rows.append(RowView(value_name(tell, query.by, key), cells))
    return rows


def _beside(
    tell: Teller,
    moment: dict[str, str],
    query: WhatIfQuery,
    metric: Metric,
    one: Beside,
    targets: tuple[float | None, float | None],
) -> BesideView:
    target, simulated_target = ("" if value is None else f"{value:.1%}" for value in targets)
    value, goal = one.simulated.value, targets[1]
    return BesideView(
        name=getattr(metric, tell.lang),
        url=link(metric_path(metric.id), {**query.asked.named, **moment}),
        real=SideView(value_of(one.real), _fraction(one.real)),
        simulated=SideView(value_of(one.simulated), _fraction(one.simulated)),
        differs=one.real != one.simulated,
        target=target,
        simulated_target=simulated_target,
        reached=None if goal is None or value is None else value >= goal,
    )


def _fraction(figure: Any) -> str:
    return "" if figure.denominator is None else f"{figure.numerator} / {figure.denominator}"


def _differing(tell: Teller, one: Differing, moment: dict[str, str]) -> DifferingView:
    facts = one.case.facts()
    return DifferingView(
        number=facts.number or "—",
        title=facts.title,
        url=link(case_path(one.case.id), dict(moment)),
        part=tell.part(one.part) if one.part else "",
        was=sums_told(tell, one.was),
        would_be=sums_told(tell, one.would_be),
    )
