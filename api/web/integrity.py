"""The page of integrity signals (诚信提示): questions with their evidence and base rates."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse

from api.integrity import integrity_of
from api.looking import require_whole
from api.services import services_of
from api.v1.finding import lists_of
from api.web.cards import CARDS, CardQuery, unit_path
from api.web.figures import metric_path, share_of, value_of
from api.web.guard import reader_of
from api.web.pages import PageRoute, look_of, query_of, render
from api.web.viewmodels import Here, Teller, case_path, link
from domain.case import Recorded
from projections.integrity import Asked, Suspect, Verified
from projections.metrics import Figure

INTEGRITY = "/integrity"
_SHOWN = 50
"""How many suggestions of a signal the page shows; the API tells all of them."""

router = APIRouter(route_class=PageRoute, include_in_schema=False, default_response_class=HTMLResponse)


@dataclass(frozen=True)
class EvidenceView:
    """A step that one may ask about, in words."""

    step: str
    url: str
    happened: str
    recorded: str
    who: str


@dataclass(frozen=True)
class SuspectView:
    """A suggestion that one may ask about, in words."""

    number: str
    title: str
    url: str
    unit: str
    minutes: str
    steps: list[EvidenceView]


@dataclass(frozen=True)
class SignalView:
    """A question in words."""

    id: str
    name: str
    question: str
    base: str
    known: bool
    """Whether there is anything of which it could be told."""
    caution: str | None
    threshold: str
    source: str
    rate: str
    fraction: str
    metric: str | None
    suggestions: list[SuspectView]
    units: list[tuple[str, str, str, str]]
    """Unit, where its card is, the satisfied rate and the resolution rate."""
    more: int


@dataclass(frozen=True)
class VerifiedView:
    """What was declared beside what was verified, in words."""

    name: str
    replied: int
    declared: str
    checks: list[tuple[str, str]]
    deputy: str


@router.get(INTEGRITY)
def show_integrity(request: Request) -> Response:
    """Every signal about the suggestions asked for, at the moment of the address."""
    asker, services = reader_of(request), services_of(request)
    require_whole(asker)
    look, query = look_of(request, asker, of_lists=True), query_of(request, CardQuery)
    tell, here = look.tell, look.here
    found = integrity_of(services, lists_of(services, asker), tell.jurisdiction, look.moment, query.asked)
    return render(
        request,
        "integrity.html",
        bar=look.bar,
        query=query,
        kept=list(here.moment.items()),
        cards=link(CARDS, here.moment),
        version=found.version,
        rulebook=tell.jurisdiction.book_on(tell.day).ref,
        calendar=tell.jurisdiction.working_calendar.ref,
        signals=[_signal(tell, here, one) for one in found.signals],
        verified=[_verified(tell, one) for one in found.verified],
    )


def _signal(tell: Teller, here: Here, one: Asked) -> SignalView:
    signal = one.signal
    return SignalView(
        id=one.id,
        name=getattr(signal, tell.lang),
        question=getattr(signal.question, tell.lang),
        base=getattr(signal.base, tell.lang),
        known=bool(one.base),
        caution=getattr(signal.caution, tell.lang) if signal.caution else None,
        threshold=_threshold(tell, one),
        source=signal.source,
        rate="—" if one.rate is None else share_of(one.rate),
        fraction=f"{one.count} / {one.base}",
        metric=link(f"{metric_path(signal.metric)}/cases", dict(here.params)) if signal.metric else None,
        suggestions=[_suspect(tell, here, suspect) for suspect in one.suspects[:_SHOWN]],
        units=[
            (
                tell.unit(unit.unit),
                link(unit_path(unit.unit), dict(here.params)),
                _rate(unit.satisfied),
                _rate(unit.resolved),
            )
            for unit in one.units
        ],
        more=max(0, len(one.suspects) - _SHOWN),
    )


def _rate(figure: Figure) -> str:
    return f"{value_of(figure)} ({figure.numerator} / {figure.denominator})"


def _threshold(tell: Teller, one: Asked) -> str:
    """From where on it is asked; empty where there is nothing to choose."""
    signal = one.signal
    if signal.evaluations is not None:
        return tell.say("integrity.threshold.burst", minutes=signal.minutes, count=signal.evaluations)
    if signal.minutes is not None:
        return tell.say("integrity.threshold.minutes", minutes=signal.minutes)
    if signal.deputies is not None:
        return tell.say("integrity.threshold.deputies", count=signal.deputies)
    if signal.resolved_at_most is not None:
        return tell.say("integrity.threshold.resolved", share=share_of(signal.resolved_at_most))
    return ""


def _suspect(tell: Teller, here: Here, suspect: Suspect) -> SuspectView:
    case = suspect.looked.case
    facts, url = case.facts(), link(case_path(case.id), here.moment)
    minutes = suspect.minutes
    return SuspectView(
        number=facts.number or "—",
        title=facts.title,
        url=url,
        unit=tell.unit(facts.unit) or "—",
        minutes="" if minutes is None else tell.say("integrity.minutes", minutes=f"{minutes:.0f}"),
        steps=[_evidence(tell, url, record) for record in suspect.steps],
    )


def _evidence(tell: Teller, url: str, record: Recorded) -> EvidenceView:
    act = record.act
    return EvidenceView(
        step=tell.step(type(record.step)),
        url=f"{url}#step-{record.version}",
        happened=tell.when(record.occurred_at, act.precision),
        recorded=tell.when(record.recorded_at),
        who=f"{tell.acting(act.actor)} · {tell.word(act.role)}",
    )


def _verified(tell: Teller, one: Verified) -> VerifiedView:
    return VerifiedView(
        name=tell.say("integrity.all") if one.unit is None else tell.unit(one.unit),
        replied=one.replied,
        declared=f"{share_of(one.declared / one.replied)} ({one.declared} / {one.replied})" if one.replied else "—",
        checks=[
            (tell.word(kind), tell.say("integrity.checked", done=done, not_done=not_done, not_stated=not_stated))
            for kind, (done, not_done, not_stated) in one.checks.items()
        ],
        deputy=tell.say("integrity.deputy", solved=one.solved, not_solved=one.not_solved),
    )
