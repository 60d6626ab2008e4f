"""The pages of the procedures: every case type, and one with its chart, its steps and its clocks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse
from markupsafe import Markup

from api.web.flowchart import chart_of, charts_of_parts
from api.web.guard import reader_of_registry
from api.web.pages import PageRoute, render, teller_now
from api.web.viewmodels import Teller, clock_name, procedure_path
from domain import procedure
from domain.case import CASE_TYPES, STEPS, Case, Step
from domain.matter import Matter
from domain.moment import day_of
from domain.rulebook import ClockRule, Rulebook, Span, Stated

PROCEDURES = "/procedures"

router = APIRouter(route_class=PageRoute, include_in_schema=False, default_response_class=HTMLResponse)


@dataclass(frozen=True)
class Listed:
    """A case type in the list."""

    name: str
    url: str
    stages: int
    steps: int


@dataclass(frozen=True)
class Drawn:
    """A chart, and what it is called."""

    title: str
    svg: Markup


@dataclass(frozen=True)
class StepRow:
    """A step: who may take it, when, and what it does."""

    name: str
    who: str
    when: str
    leads_to: str
    clocks: list[str]


@dataclass(frozen=True)
class ClockRow:
    """A clock: how long it is, what it waits for, and by which rule."""

    name: str
    length: list[str]
    starts: str
    stops: str
    standing: str
    explanation: str
    sources: list[tuple[str, str | None]]
    alternatives: list[str]
    """What other places have in its stead."""


@dataclass(frozen=True)
class OrderRow:
    """What a case has to have gone through before a step, and by which rule."""

    name: str
    before: str
    requires: list[str]
    standing: str
    explanation: str
    sources: list[tuple[str, str | None]]


@router.get(PROCEDURES)
def procedures_page(request: Request) -> Response:
    """The case types that the office handles, those of the magazine first; then what the registry is made of."""
    tell = teller_now(request, reader_of_registry(request))
    ordered = sorted(CASE_TYPES.values(), key=lambda one: (one.in_magazine is None, one.in_magazine or 0))
    lists = [
        (name, [_listed(tell, case_type) for case_type in ordered if case_type.of_registry is of_registry])
        for name, of_registry in (("handled", False), ("registered", True))
    ]
    return render(request, "procedures.html", bar=None, lists=lists)


@router.get(f"{PROCEDURES}/{{kind}}")
def procedure_page(request: Request, kind: str) -> Response:
    """One case type."""
    case_type = procedure.case_type_named(kind)
    tell = teller_now(request, reader_of_registry(request))
    book = tell.jurisdiction.book_on(day_of(datetime.now(UTC), tell.zone))
    chart = chart_of(tell.say, case_type)
    steps = procedure.steps_of(case_type)
    return render(
        request,
        "procedure.html",
        bar=None,
        chart=Drawn(chart.title, chart.svg()),
        parts=[
            Drawn(part.title, part.svg(f"flow-{number}"))
            for number, part in enumerate(charts_of_parts(tell.say, case_type), start=1)
        ],
        description=chart.description,
        steps=list(_rows(tell, case_type, (step for step in steps if step.declared.case_type is not None))),
        shared=list(_rows(tell, case_type, (step for step in steps if step.declared.case_type is None))),
        clocks=list(_clocks(tell, case_type, steps, book)),
        orders=list(_orders(tell, case_type, steps, book)),
        book=book.ref,
    )


def _listed(tell: Teller, case_type: type[Case]) -> Listed:
    return Listed(
        tell.say.told("kind", case_type.kind),
        procedure_path(case_type.kind),
        len(case_type.Stage),
        sum(step.declared.case_type is not None for step in procedure.steps_of(case_type)),
    )


def _rows(tell: Teller, case_type: type[Case], steps: Iterable[type[Step]]) -> Iterator[StepRow]:
    targets: dict[type[Step], list[str]] = {}
    for move in procedure.graph_of(case_type).moves:
        targets.setdefault(move.step, []).append(tell.word(move.target))
    for step in steps:
        declared, say = step.declared, tell.say
        leads_to = list(targets.get(step, ()))
        if declared.part is not None and declared.leads_to is not None:
            part = tell.label(declared.part)
            leads_to.insert(0, say("flow.when.part", part=part, stages=tell.word(declared.leads_to)))
        told = (("starts", declared.starts), ("stops", declared.stops), ("extends", (declared.extends,)))
        yield StepRow(
            name=tell.step(step),
            who=say.told("role", sorted(step.roles(case_type))),
            when=_when(tell, case_type, step),
            leads_to=say("page.semicolon").join(leads_to),
            clocks=[
                say(f"flow.clock.{name}", clocks=[clock_name(tell, rule) for rule in rules if rule])
                for name, rules in told
                if any(rules)
            ],
        )


def _when(tell: Teller, case_type: type[Case], step: type[Step]) -> str:
    """At which stages of the case, and of the part that it is about, a step is open."""
    declared, say = step.declared, tell.say
    if declared.opens:
        return say("flow.when.opens")
    open_in = declared.open_in(case_type)
    named = [stage for stage in case_type.Stage if stage in open_in]
    others = [stage for stage in case_type.Stage if stage not in open_in]
    if not others:
        told = say("flow.when.any")
    elif len(others) < len(named):
        told = say("flow.but", stages=say.told("stage", others))
    else:
        told = say.told("stage", named)
    if declared.part is None:
        return told
    part = tell.label(declared.part)
    if declared.after is None:
        return say("page.semicolon").join((told, say("flow.when.part.any", part=part)))
    after = say.told("stage", [stage for stage in type(min(declared.after)) if stage in declared.after])
    return say("page.semicolon").join((told, say("flow.when.part", part=part, stages=after)))


def _clocks(tell: Teller, case_type: type[Case], steps: list[type[Step]], book: Rulebook) -> Iterator[ClockRow]:
    """The clocks that the steps name, and those of the rulebook that are called after the case type."""
    named = [rule for step in steps for rule in (*step.declared.starts, *step.declared.stops)]
    if issubclass(case_type, Matter):
        named += case_type.before_meeting
    named += [rule for rule in book.clocks if rule.startswith(f"{case_type.kind}.")]
    for rule_id in dict.fromkeys(named):
        rule = book.clocks.get(rule_id)
        yield ClockRow(
            name=str(getattr(rule, tell.lang)) if rule else clock_name(tell, rule_id),
            length=[tell.say("flow.clocks.named")] if rule is None else list(_length(tell, rule)),
            starts=_names(tell, (step for step in steps if rule_id in step.declared.starts)),
            stops=_names(tell, (step for step in steps if rule_id in step.declared.stops)),
            standing="" if rule is None else _standing(tell, rule),
            explanation="" if rule is None else str(getattr(rule.explanation, tell.lang)),
            sources=[] if rule is None else _sources(rule),
            alternatives=list(_alternatives(tell, book, rule_id)),
        )


def _alternatives(tell: Teller, book: Rulebook, rule_id: str) -> Iterator[str]:
    for one in book.alternatives.get(rule_id, {}).values():
        span = None if one.unit is None else _span(tell, Span(count=one.count, unit=one.unit))
        yield tell.say("flow.alternative", place=getattr(one.jurisdiction, tell.lang), length=span or one.count)


def _orders(tell: Teller, case_type: type[Case], steps: list[type[Step]], book: Rulebook) -> Iterator[OrderRow]:
    """The gates and the orders that ask for something before one of the steps in cases of that type."""
    own = {step.declared.wire: step for step in steps}
    kinds = CASE_TYPES.keys() - {case_type.kind}
    for rule in (*book.gates.values(), *book.orders.values()):
        before = [own[wire] for wire in rule.before if wire in own]
        if not before or (rule.of and kinds.issuperset(rule.of)):
            continue
        yield OrderRow(
            name=str(getattr(rule, tell.lang)),
            before=_names(tell, before),
            requires=[_names(tell, (STEPS[wire] for wire in wires)) for wires in rule.requires],
            standing=_standing(tell, rule),
            explanation=str(getattr(rule.explanation, tell.lang)),
            sources=_sources(rule),
        )


def _sources(rule: Stated) -> list[tuple[str, str | None]]:
    return [(source.text, source.url) for source in rule.sources]


def _length(tell: Teller, rule: ClockRule) -> Iterator[str]:
    span = _span(tell, Span(count=rule.count, unit=rule.unit))
    yield tell.say("flow.length.before", span=span) if rule.direction == "before" else span
    if rule.most is not None:
        yield tell.say("flow.length.most", span=_span(tell, rule.most))


def _span(tell: Teller, span: Span) -> str:
    return tell.say(f"page.span.{span.unit}{'.one' if span.count == 1 else ''}", count=span.count)


def _standing(tell: Teller, rule: Stated) -> str:
    """How binding the rule is, and how sure it is."""
    force, sure = tell.say(f"page.force.{rule.force}"), tell.say(f"page.confidence.{rule.confidence}")
    return f"{force} · {rule.confidence} {sure}"


def _names(tell: Teller, steps: Iterable[type[Step]]) -> str:
    return tell.say("page.comma").join(tell.step(step) for step in steps)
