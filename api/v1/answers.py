"""What the API answers: the shapes, and how a case's history becomes them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from functools import cache
from typing import Any, Literal

from pydantic import BaseModel, Field, TypeAdapter

from api.described import Described
from api.moment import Meta, written
from api.words import LANGUAGES, words
from domain import fold, procedure
from domain.calendar import load_calendar
from domain.case import CASE_TYPES, Act, Case, Corrected, Facts, Recorded, RunningClock, Step
from domain.clock import Deadline, overdue_from
from domain.moment import Moment
from domain.office import Jurisdiction
from domain.principal import Principal
from domain.rulebook import ClockRule, load_rulebook
from projections.reading import CaseRow, Counts, WorkCounts, WorkRow


class Said(BaseModel):
    """The same words in Chinese and English."""

    zh: str
    en: str


class Stage(Said):
    """A stage and what it is called."""

    code: str


class CaseListAnswer(BaseModel):
    """A page of the case list."""

    meta: Meta
    cases: list[CaseRow]
    next: str | None = Field(None, description="Cursor of the next page; also in the header `Link`")
    total: int | None = Field(None, description="How many cases the whole list has, where asked for")


class CountsAnswer(BaseModel):
    """How many cases there are."""

    meta: Meta
    counts: Counts


class WorkAnswer(BaseModel):
    """A page of a work list."""

    meta: Meta
    counts: WorkCounts
    work: list[WorkRow]
    next: str | None = Field(None, description="Cursor of the next page; also in the header `Link`")


class SkippedAnswer(Said):
    """A day that did not count, and why."""

    day: date
    reason: str


class RuleAnswer(Said):
    """The rule that a clock runs under, as it was when the clock started."""

    rulebook: str
    version: str
    id: str
    count: int
    unit: str
    force: str
    confidence: str
    explanation: Said
    sources: list[str]


class ClockAnswer(BaseModel):
    """A deadline of the case, explained; one that was started anew stands beside the earlier one."""

    clock: str
    part: str | None
    rule: RuleAnswer | None
    started_on: date
    due_on: date
    original_due_on: date
    estimate: bool = Field(description="Whether it reaches beyond the published calendar (预估)")
    calendar: str | None
    counted_to: date
    skipped: list[SkippedAnswer]
    made_up: list[date]
    extensions: list[dict[str, Any]]
    stopped_at: str | None = Field(None, json_schema_extra={"format": "date-time"})
    overdue: bool = Field(description="At the moment of the answer")
    dropped_by: str | None = Field(
        None, description="Stored name of the step after which nobody awaited it any more; null if it was met, or runs"
    )
    late: bool | None = Field(
        description="Whether it ended after its due date; null while it runs, or if dropped in time"
    )


class FindingAnswer(Said):
    """Something recorded that disagrees with the procedure, the order of dates or a rule."""

    code: str
    version: int


class OpenStepAnswer(Said):
    """A step that the token's role may take."""

    name: str
    wire: str
    open: bool
    why: str | None = Field(description="Why it is not open now: a problem's id")
    href: str


class CaseAnswer(BaseModel):
    """A case at a moment."""

    meta: Meta
    case_id: str
    kind: str
    jurisdiction: str
    version: int = Field(description="Steps known at the moment; the number in the ETag")
    stage: Stage
    facts: Facts
    state: dict[str, Any] = Field(description="The whole state of the case, with its parts")
    clocks: list[ClockAnswer]
    findings: list[FindingAnswer]
    open_steps: list[OpenStepAnswer]


class RightAnswer(BaseModel):
    """What a corrected step should have said."""

    act: dict[str, Any]
    step: dict[str, Any]
    deadlines: list[Deadline]


class StepAnswer(BaseModel):
    """A recorded step: as it was recorded and, where it was corrected, as it is right."""

    number: int
    wire: str
    name: str
    label: Said
    position: int
    recorded_at: str = Field(json_schema_extra={"format": "date-time"})
    occurred_at: str = Field(description="When it happened, as known now: a date where only the day is known")
    late: bool
    act: dict[str, Any]
    step: dict[str, Any]
    deadlines: list[Deadline]
    corrected_by: list[int]
    voided_by: int | None
    right: RightAnswer | None = Field(description="null where nothing was corrected")


class HistoryAnswer(BaseModel):
    """Everything recorded of a case, in the order of the ledger."""

    meta: Meta
    case_id: str
    version: int
    steps: list[StepAnswer]


class RecordedAnswer(BaseModel):
    """What the ledger answered. A step that changed nothing leaves version and position as they were."""

    case_id: str
    version: int
    position: int
    recorded_at: str = Field(json_schema_extra={"format": "date-time"})


class BulkProblem(BaseModel):
    """Why a row was refused; `type` is a page of this service that explains it."""

    type: str = Field(json_schema_extra={"format": "uri-reference"})
    title: str
    status: int
    detail: str
    pointer: str | None = Field(description="The place in the body, where one is at fault")


class BulkRow(BaseModel):
    """What became of one row."""

    case_id: str
    status: Literal["recorded", "repeated", "unchanged", "refused", "stale"] = Field(
        description="`repeated`: recorded under this key before; `stale`: the case has moved on from the version given"
    )
    version: int | None = Field(description="Of the case, after what was recorded; of a stale one, as it is now")
    position: int | None
    problem: BulkProblem | None = Field(description="Of a refused row")
    steps_since: list[StepAnswer] | None = Field(description="Of a stale row: the steps since the version given")


class BulkAnswer(BaseModel):
    """A report with a row for each case, in the order of the request."""

    rows: list[BulkRow]


class StepDeclared(Said):
    """A declared step of a procedure."""

    name: str
    wire: str
    explanation: str
    opens: bool
    by: list[str]
    while_in: list[str] | None
    part: str | None
    after: list[str] | None
    leads_to: str | None
    starts: list[str]
    stops: list[str]
    extends: str | None
    href: str = Field(description="Where it is recorded")
    fields: dict[str, Any] = Field(description="JSON Schema of its fields")


class Edge(Said):
    """A step that leads to a stage; `sources` are the stages from which it does, none if it opens the case."""

    step: str
    sources: list[str]
    target: str
    by: list[str]


class GraphAnswer(BaseModel):
    """Stages in their order, and the steps that lead from one to another."""

    nodes: list[Stage]
    edges: list[Edge]


class ProcedureAnswer(BaseModel):
    """A case type."""

    kind: str
    zh: str
    explanation: str
    stages: list[Stage]
    steps: list[StepDeclared]
    graph: GraphAnswer
    parts: dict[str, GraphAnswer] = Field(description="The graphs of the parts of such a case, by the kind of part")
    flow_chart: str = Field(description="Mermaid state diagram")


class ProcedureListed(BaseModel):
    """A case type in a list."""

    kind: str
    zh: str
    href: str


class ProceduresAnswer(BaseModel):
    """Every case type."""

    procedures: list[ProcedureListed]


def said(table: str, name: str) -> dict[str, str]:
    """A label in both languages."""
    return {tongue: words(tongue).label(table, name) for tongue in LANGUAGES}


def stage_answer(stage: str) -> Stage:
    """A stage with its labels."""
    return Stage(code=stage, **said("stage", stage))


_TOLD_ELSEWHERE = {"clocks", "past_clocks", "id", "stage", "jurisdiction", "time_zone"}


@cache
def _state_of(kind: str) -> TypeAdapter[Case]:
    return TypeAdapter(CASE_TYPES[kind])


def case_answer(
    meta: Meta, case: Case, records: Sequence[Recorded], moment: Moment, jurisdiction: Jurisdiction, asker: Principal
) -> CaseAnswer:
    """A case at a moment, with its clocks explained and what may be done next."""
    return CaseAnswer(
        meta=meta,
        case_id=case.id,
        kind=case.kind,
        jurisdiction=case.jurisdiction,
        version=len(records),
        stage=stage_answer(str(case.stage)),
        facts=case.facts(),
        state=_state_of(case.kind).dump_python(case, mode="json", exclude=_TOLD_ELSEWHERE),
        clocks=[clock_answer(running, moment.as_of, case.time_zone) for running in case.all_clocks],
        findings=findings_answer(records, moment, jurisdiction),
        open_steps=[
            OpenStepAnswer(
                name=found.step.declared.name,
                wire=found.step.declared.wire,
                zh=found.step.declared.zh,
                en=found.step.declared.en,
                open=found.why is None and not asker.suspended,
                why="duty-suspended" if asker.suspended else found.why,
                href=f"/api/v1/cases/{case.id}/steps/{found.step.declared.name}",
            )
            for found in procedure.open_steps(case, asker.role)
        ],
    )


def findings_answer(records: Sequence[Recorded], moment: Moment, jurisdiction: Jurisdiction) -> list[FindingAnswer]:
    """What disagreed in the steps that had happened by the moment."""
    happened = {record.version for record in fold.sequence(records) if record.occurred_at <= moment.as_of}
    return [
        FindingAnswer(
            code=finding.message_id,
            version=finding.version,
            **{tongue: words(tongue)(finding.message_id, **finding.params) for tongue in LANGUAGES},
        )
        for finding in procedure.findings(records, jurisdiction)
        if finding.version in happened
    ]


def clock_answer(running: RunningClock, as_of: datetime, zone: str) -> ClockAnswer:
    """A clock with its rule in words, the days skipped, and how it stands at the moment."""
    deadline = running.deadline
    reasons = _day_words(deadline.calendar)
    return ClockAnswer(
        clock=deadline.clock,
        part=deadline.part,
        rule=_rule_answer(deadline),
        started_on=deadline.started_on,
        due_on=deadline.due_on,
        original_due_on=deadline.original_due_on,
        estimate=deadline.estimate,
        calendar=deadline.calendar,
        counted_to=deadline.counted_to,
        skipped=[
            SkippedAnswer(day=skipped.day, reason=skipped.reason, **reasons.get(skipped.reason, _same(skipped.reason)))
            for skipped in deadline.skipped
        ],
        made_up=list(deadline.made_up),
        extensions=[extension.model_dump(mode="json") for extension in deadline.extensions],
        stopped_at=None if running.stopped_at is None else written(running.stopped_at, zone),
        overdue=running.stopped_at is None and overdue_from(deadline.due_on, zone) <= as_of,
        dropped_by=running.dropped_by,
        late=running.late,
    )


def _same(text: str) -> dict[str, str]:
    return {"zh": text, "en": text}


@cache
def _day_words(calendar: str | None) -> dict[str, dict[str, str]]:
    if calendar is None:
        return {}
    return {reason: dict(told) for reason, told in load_calendar(*calendar.split("@")).words.items()}


def _rule_answer(deadline: Deadline) -> RuleAnswer | None:
    if deadline.rule is None:
        return None
    rule = _rule(deadline.rule.rulebook, deadline.rule.version, deadline.rule.id)
    return RuleAnswer(
        rulebook=deadline.rule.rulebook,
        version=deadline.rule.version,
        id=deadline.rule.id,
        count=deadline.rule.count,
        unit=deadline.rule.unit,
        force=deadline.rule.force,
        confidence=deadline.rule.confidence,
        zh=rule.zh,
        en=rule.en,
        explanation=Said(zh=rule.explanation.zh, en=rule.explanation.en),
        sources=[source.text for source in rule.sources],
    )


def _rule(rulebook: str, version: str, id: str) -> ClockRule:
    return load_rulebook(rulebook, version).clocks[id]


def history_answer(records: Sequence[Recorded], as_of: datetime | None, zone: str) -> list[StepAnswer]:
    """The records in the order of the ledger, each with what became of it; without those dated after the moment."""
    standing = {record.version: record for record in fold.sequence(records)}
    voided = fold.voided_versions(records)
    corrections: dict[int, list[int]] = {}
    for record in records:
        if isinstance(record.step, Corrected) and record.version not in voided:
            corrections.setdefault(record.step.corrects, []).append(record.version)
    answers = []
    for record in records:
        right = standing.get(record.version, record)
        if as_of is not None and right.occurred_at > as_of:
            continue
        changed = record.version in corrections and right is not record
        answers.append(
            StepAnswer(
                number=record.version,
                wire=record.step.declared.wire,
                name=record.step.declared.name,
                label=Said(zh=record.step.declared.zh, en=record.step.declared.en),
                position=record.position,
                recorded_at=written(record.recorded_at, "UTC"),
                occurred_at=_occurred(right.act, zone),
                late=record.act.late,
                act=record.act.model_dump(mode="json", exclude_none=True),
                step=record.step.model_dump(mode="json", exclude_none=True),
                deadlines=list(record.deadlines),
                corrected_by=corrections.get(record.version, []),
                voided_by=None if (void := voided.get(record.version)) is None else void.version,
                right=_right(right) if changed else None,
            )
        )
    return answers


def _right(record: Recorded) -> RightAnswer:
    return RightAnswer(
        act=record.act.model_dump(mode="json", exclude_none=True),
        step=record.step.model_dump(mode="json", exclude_none=True),
        deadlines=list(record.deadlines),
    )


def _occurred(act: Act, zone: str) -> str:
    return act.occurred_on.isoformat() if act.precision == "day" else written(act.occurred_at, zone)


def procedure_answer(case_type: type[Case]) -> ProcedureAnswer:
    """A case type with its stages and steps, as declared."""
    return ProcedureAnswer(
        kind=case_type.kind,
        zh=case_type.zh,
        explanation=(case_type.__doc__ or "").strip(),
        stages=[stage_answer(str(stage)) for stage in case_type.Stage],
        steps=[_declared(step, case_type) for step in procedure.steps_of(case_type)],
        graph=_graph(procedure.graph_of(case_type)),
        parts={part: _graph(graph) for part, graph in procedure.graphs_of_parts(case_type).items()},
        flow_chart=procedure.flow_chart(case_type),
    )


def _graph(graph: procedure.Graph) -> GraphAnswer:
    return GraphAnswer(
        nodes=[stage_answer(str(stage)) for stage in graph.stages],
        edges=[
            Edge(
                step=move.step.declared.name,
                zh=move.step.declared.zh,
                en=move.step.declared.en,
                sources=[str(stage) for stage in move.sources],
                target=str(move.target),
                by=sorted(move.by),
            )
            for move in graph.moves
        ],
    )


def _declared(step: type[Step], case_type: type[Case]) -> StepDeclared:
    declared = step.declared
    return StepDeclared(
        name=declared.name,
        wire=declared.wire,
        zh=declared.zh,
        en=declared.en,
        explanation=(step.__doc__ or "").strip(),
        opens=declared.opens,
        by=sorted(step.roles(case_type)),
        while_in=None if declared.while_in is None else sorted(declared.while_in),
        part=declared.part,
        after=None if declared.after is None else sorted(declared.after),
        leads_to=declared.leads_to,
        starts=list(declared.starts),
        stops=list(declared.stops),
        extends=declared.extends,
        href="/api/v1/cases" if declared.opens else f"/api/v1/cases/{{case_id}}/steps/{declared.name}",
        fields=step.model_json_schema(schema_generator=Described),
    )
