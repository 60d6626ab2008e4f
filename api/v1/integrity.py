"""Integrity signals, as JSON."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import Query, Request, Response
from pydantic import BaseModel, Field

from api.integrity import Integrity, integrity_of
from api.looking import as_known, require_whole
from api.moment import Asked, Meta, MomentQuery
from api.principal import Asker
from api.problems import documented, words_for
from api.services import services_of
from api.v1.figures import FigureAnswer, WordsAnswer, figure_answer
from api.v1.finding import answer, lists_of, zone_of
from api.v1.operations import operations
from api.v1.reading import MOMENT_HEADERS
from domain.case import Recorded
from domain.moment import day_of
from domain.values import Line
from projections.asked import Asked as Wanted
from projections.integrity import Asked as Signalled
from projections.integrity import Suspect, Verified

router = operations(401, 403, 500, 503, tag="integrity")


class IntegrityQuery(MomentQuery):
    """About which suggestions, at which moment."""

    session: Line | None = None
    year: int | None = Field(None, ge=1949, le=9998, description="In which they were brought")


class EvidenceAnswer(BaseModel):
    """A step that one may ask about: who recorded it, and when."""

    version: int
    type: str = Field(description="Stored name of the step")
    occurred_at: datetime
    precision: str
    recorded_at: datetime
    actor: str
    role: str
    office: str


class SuspectAnswer(BaseModel):
    """A suggestion that one may ask about."""

    case_id: str
    number: str | None
    title: str
    unit: str | None
    minutes: float | None = Field(description="Between reply and evaluation, or of the whole burst")
    steps: list[EvidenceAnswer]
    href: str


class UnitSuspectAnswer(BaseModel):
    """A unit that one may ask about."""

    unit: str
    satisfied: FigureAnswer
    resolved: FigureAnswer


class SignalAnswer(BaseModel):
    """A question, how often it arises among all, and where."""

    id: str
    name: WordsAnswer
    question: WordsAnswer
    count: int
    base: int
    rate: float | None = Field(description="How often it is so among all; null where there is nothing to ask about")
    of: WordsAnswer = Field(description="What the base is")
    caution: WordsAnswer | None
    threshold: dict[str, float] = Field(description="From where on it is asked")
    metric: str | None
    source: str
    suggestions: list[SuspectAnswer]
    units: list[UnitSuspectAnswer]


class ChecksAnswer(BaseModel):
    """What those found who looked again, by the last look at each suggestion."""

    done: int
    not_done: int
    not_stated: int


class VerifiedAnswer(BaseModel):
    """What was declared resolved, beside what was verified."""

    unit: str | None = Field(description="Null for all of them")
    replied: int
    declared_resolved: int
    checks: dict[str, ChecksAnswer] = Field(description="By who looked: look_back, third_party, congress")
    deputy_says_solved: int
    deputy_says_not_solved: int


class IntegrityAnswer(BaseModel):
    """Signals as questions: none of them says that anybody did wrong."""

    meta: Meta
    rulebook: str
    calendar: str
    signals_version: str
    signals: list[SignalAnswer]
    verified: list[VerifiedAnswer]


@router.get(
    "/integrity",
    operation_id="read_integrity",
    summary="诚信提示 · Questions about how evaluations came about",
    response_model=IntegrityAnswer,
    responses=documented(422) | {200: {"headers": MOMENT_HEADERS}},
)
def read_integrity(request: Request, asker: Asker, query: Annotated[IntegrityQuery, Query()]) -> Response:
    """Each signal with its base rate and evidence, and what was declared beside what was verified.

    For those from whom nothing of the jurisdiction is kept: the congress's organs and offices, and auditors. What is
    sealed is not asked about before its window closes.
    """
    require_whole(asker)
    services = services_of(request)
    asked = Asked(query, zone_of(services, asker), words_for(request))
    moment = asked.of_lists(services)
    jurisdiction = as_known(services, asker.jurisdiction, moment)
    wanted = Wanted(session=query.session, year=query.year)
    found = integrity_of(services, lists_of(services, asker), jurisdiction, moment, wanted)
    meta = asked.meta(moment)
    body = IntegrityAnswer(
        meta=meta,
        rulebook=jurisdiction.book_on(day_of(moment.as_of, jurisdiction.time_zone)).ref,
        calendar=jurisdiction.working_calendar.ref,
        **integrity_told(found),
    )
    return answer(body, meta.headers)


def integrity_told(found: Integrity) -> dict[str, Any]:
    """The signals as the API tells of them."""
    return {
        "signals_version": found.version,
        "signals": [_signal(one) for one in found.signals],
        "verified": [_verified(one) for one in found.verified],
    }


def _signal(one: Signalled) -> SignalAnswer:
    signal = one.signal
    thresholds = {name: getattr(signal, name) for name in ("minutes", "evaluations", "deputies", "resolved_at_most")}
    return SignalAnswer(
        id=one.id,
        name=WordsAnswer(zh=signal.zh, en=signal.en),
        question=WordsAnswer(**signal.question.model_dump()),
        count=one.count,
        base=one.base,
        rate=one.rate,
        of=WordsAnswer(**signal.base.model_dump()),
        caution=None if signal.caution is None else WordsAnswer(**signal.caution.model_dump()),
        threshold={name: value for name, value in thresholds.items() if value is not None},
        metric=signal.metric,
        source=signal.source,
        suggestions=[_suspect(suspect) for suspect in one.suspects],
        units=[
            UnitSuspectAnswer(
                unit=unit.unit,
                satisfied=FigureAnswer(**figure_answer(unit.satisfied)),
                resolved=FigureAnswer(**figure_answer(unit.resolved)),
            )
            for unit in one.units
        ],
    )


def _suspect(suspect: Suspect) -> SuspectAnswer:
    case = suspect.looked.case
    facts = case.facts()
    return SuspectAnswer(
        case_id=case.id,
        number=facts.number,
        title=facts.title,
        unit=facts.unit,
        minutes=suspect.minutes,
        steps=[_evidence(record) for record in suspect.steps],
        href=f"/api/v1/cases/{case.id}",
    )


def _evidence(record: Recorded) -> EvidenceAnswer:
    act = record.act
    return EvidenceAnswer(
        version=record.version,
        type=record.step.declared.wire,
        occurred_at=record.occurred_at,
        precision=act.precision,
        recorded_at=record.recorded_at,
        actor=act.actor,
        role=act.role,
        office=act.office,
    )


def _verified(one: Verified) -> VerifiedAnswer:
    return VerifiedAnswer(
        unit=one.unit,
        replied=one.replied,
        declared_resolved=one.declared,
        checks={
            str(kind): ChecksAnswer(done=done, not_done=not_done, not_stated=not_stated)
            for kind, (done, not_done, not_stated) in one.checks.items()
        },
        deputy_says_solved=one.solved,
        deputy_says_not_solved=one.not_solved,
    )
