"""Procedure: what the declared steps say: may this one be taken now, what may follow, what was out of order."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from functools import cache

from domain import fold, policy
from domain.case import (
    CASE_TYPES,
    STEPS,
    Act,
    Case,
    Corrected,
    DeadlineRecalculated,
    Recorded,
    Role,
    Step,
    Voided,
)
from domain.clock import Deadline, beyond_most, extend, recalculate, rule_of
from domain.office import Jurisdiction, Office
from domain.refusal import Contradiction, Refused
from domain.rulebook import Rulebook


def steps_of(case_type: type[Case]) -> list[type[Step]]:
    """Every step of a case type in the order of its declaration, then those that it shares with others."""
    return list(_steps_of(case_type, len(STEPS)))  # type: ignore[arg-type]  # a class has a hash


@cache
def _steps_of(case_type: type[Case], known: int) -> tuple[type[Step], ...]:  # noqa: ARG001 - how many there were
    steps = [step for step in STEPS.values() if step.declared.of(case_type)]
    return tuple(sorted(steps, key=lambda step: (step.declared.shared, step.declared.case_type is None)))


def takers_of(step: type[Step]) -> frozenset[Role]:
    """The roles that may take a step, in whichever case type that has it."""
    having = [case_type for case_type in CASE_TYPES.values() if step.declared.of(case_type)]
    return frozenset().union(*(step.roles(case_type) for case_type in having))


def kinds_having(wires: Collection[str]) -> list[str]:
    """The kinds of the cases that have one of the steps of those stored names."""
    declared = [STEPS[wire].declared for wire in wires if wire in STEPS]
    return sorted(kind for kind, case_type in CASE_TYPES.items() if any(one.of(case_type) for one in declared))


def opening_steps() -> list[type[Step]]:
    """The steps that open a case, of all case types."""
    return [step for step in STEPS.values() if step.declared.opens]


def opening_name(step: type[Step]) -> str:
    """How an opening step is named outside: its stored name without the version, such as `suggestion.submitted`."""
    return step.declared.wire.rpartition(".")[0]


def step_named(case_type: type[Case], name: str) -> type[Step]:
    """The step of that name, such as `handed_over`; refused if the case type has none."""
    for step in steps_of(case_type):
        if step.declared.name == name:
            return step
    raise Refused("unknown-step", step=name, kind=case_type.kind)


def case_type_named(kind: str) -> type[Case]:
    """The case type of that kind, such as `suggestion`; refused if there is none."""
    try:
        return CASE_TYPES[kind]
    except KeyError:
        raise Refused("unknown-case-type", kind=kind) from None


@cache
def stage_names() -> Sequence[str]:
    """The stages of all case types, in the order of the alphabet."""
    return sorted({str(stage) for case_type in CASE_TYPES.values() for stage in case_type.Stage})


def require_stage(stage: str, field: str = "stage") -> None:
    """Refuse a stage that no case type has."""
    if stage not in stage_names():
        raise Refused("unknown-stage", field=field, stage=stage, known=stage_names())


def breach_of_stage(case: Case | None, step: Step) -> Refused | None:  # noqa: PLR0911 - one guard after another
    """Why the step is not open at the stage that the case, or the part that it names, is in."""
    declared = step.declared
    if declared.opens:
        return None if case is None else Refused("case-already-open", step=declared.wire)
    if isinstance(step, (Corrected, Voided)):
        return None
    if case is None:
        return Refused("no-case-then", step=declared.wire)
    if case.stage not in (open_in := declared.open_in(type(case))):
        return Refused("step-not-open", step=declared.wire, stage=case.stage, open_in=sorted(open_in))
    if declared.part is None:
        return None
    part = case.part(declared.part, step.part_key)
    if part is None:
        return Refused("unknown-part", field=declared.names, step=declared.wire, part=step.part_key)
    if declared.after is not None and part.stage not in declared.after:
        return Refused(
            "part-step-not-open",
            step=declared.wire,
            part=step.part_key,
            stage=part.stage,
            open_in=sorted(declared.after),
        )
    return None


def require_role(step: type[Step], case_type: type[Case] | None, role: Role) -> None:
    """Refuse a role that may not take the step in a case of that type; without one, the step opens a case."""
    may = step.declared.by if case_type is None else step.roles(case_type)
    if role not in may:
        raise Refused("role-may-not", step=step.declared.wire, role=role, by=sorted(may))


def authorise(case: Case | None, step: Step, act: Act) -> None:
    """Refuse a step of another case type, and whoever may not take it: by role, by part in the case, by unit, himself.

    Rights are today's: `case` is the case as it stands, also for a late entry. The source of an import has every right.
    """
    declared = step.declared
    if case is not None and not declared.of(type(case)):
        raise Refused("unknown-step", step=declared.name, kind=case.kind)
    require_role(type(step), None if case is None else type(case), act.role)
    if act.imported is not None or (case is None and not declared.opens):
        return
    if case is not None and not policy.may_act(case, act):
        raise Refused("no-part-in-case", who=act.actor if act.role is Role.DEPUTY else act.office)
    if act.role is Role.HANDLING_UNIT and (unit := step.acting_unit(case)) not in {None, act.office}:
        raise Refused("not-your-unit", unit=unit, office=act.office)
    step.check_actor(case, act)


def check(case: Case | None, step: Step, act: Act, office: Office) -> Refused | None:
    """Refuse a wrong stage and impossible data.

    A breach of the stage, or a date that contradicts another, is not refused to the source of an import but returned:
    it is a finding.
    """
    declared = step.declared
    breach = breach_of_stage(case, step)
    if breach is not None and (case is None or act.imported is None or declared.opens):
        raise breach
    if case is None and not declared.opens:
        return breach
    try:
        step.check(case, office)
    except Contradiction as contradiction:
        if act.imported is None:
            raise
        breach = breach or contradiction
    return breach


@dataclass(frozen=True)
class Open:
    """A step and whether it may be taken by a role now; `why` says why not."""

    step: type[Step]
    why: str | None


def open_steps(case: Case, role: Role) -> Iterator[Open]:
    """Every step that the role may ever take, with the reason where the stage does not allow it now."""
    for step in steps_of(type(case)):
        declared = step.declared
        if declared.opens or role not in step.roles(type(case)):
            continue
        why = None
        if case.stage not in declared.open_in(type(case)):
            why = "step-not-open"
        elif declared.part is not None:
            parts = getattr(case, declared.part).values()
            if not any(declared.after is None or part.stage in declared.after for part in parts):
                why = "part-step-not-open"
        yield Open(step, why)


@dataclass(frozen=True)
class Finding:
    """Something recorded that disagrees with the procedure, the order of dates or a rule; never a refusal."""

    message_id: str
    version: int
    params: dict[str, object]


def findings(history: Sequence[Recorded], jurisdiction: Jurisdiction) -> list[Finding]:
    """What disagrees in a history as known now, in procedure order; `jurisdiction` is the case's own."""
    steps = fold.sequence(history)
    opening = next((s for s in steps if s.step.declared.opens), None)
    if opening is None:
        return []
    found: list[Finding] = []
    case: Case | None = None
    latest: date | None = None
    for step in [opening, *(s for s in steps if s is not opening)]:
        found.extend(
            Finding(m, step.version, params) for m, params in _disagreements(case, step, opening, latest, jurisdiction)
        )
        if case is None:
            case = fold.open_case(step)
        else:
            step.enact(case)
        if not isinstance(step.step, DeadlineRecalculated) and not step.step.may_come_before():
            latest = max(latest or step.act.occurred_on, step.act.occurred_on)
    return found


def _disagreements(
    case: Case | None, record: Recorded, opening: Recorded, latest: date | None, jurisdiction: Jurisdiction
) -> Iterator[tuple[str, dict[str, object]]]:
    occurred_on = record.act.occurred_on
    office = jurisdiction.on(occurred_on)
    for refused in _refusals(case, record.step, office, is_opening=record is opening):
        yield refused.message_id, dict(refused.params)
    if record.step.may_come_before():
        return
    if occurred_on < opening.act.occurred_on:
        yield (
            "before-opening",
            {"occurred_on": occurred_on.isoformat(), "opened_on": opening.act.occurred_on.isoformat()},
        )
    elif latest is not None and occurred_on < latest:
        yield "dates-out-of-order", {"occurred_on": occurred_on.isoformat(), "after": latest.isoformat()}


def _refusals(case: Case | None, step: Step, office: Office, *, is_opening: bool) -> Iterator[Refused]:
    """Why the step would be refused today where it stands, and which rules it breaks."""
    breach = None if is_opening else breach_of_stage(case, step)
    if breach is not None:
        yield breach
    elif case is not None or is_opening:
        try:
            step.check(case, office)
        except Refused as refused:
            yield refused
    if case is not None:
        yield from breaches(case, step, office)


def breaches(case: Case, step: Step, office: Office) -> Iterator[Refused]:
    """The rules that a step breaks: its own, and those of every step that moves a due date."""
    yield from step.breaches(case, office)
    yield from _left_out(case, step, office.rulebook)
    for key, due_on in step.moved_clocks(case):
        if (running := case.clocks.get(key)) is None:
            continue
        deadline, rule = running.deadline, rule_of(running.deadline)
        if due_on < deadline.due_on:
            yield Refused(
                "extension-shortens", clock=key[0], due_on=due_on.isoformat(), before=deadline.due_on.isoformat()
            )
        if rule is not None and beyond_most(extend(deadline, due_on), rule):
            yield Refused("extension-beyond-most", clock=key[0], due_on=due_on.isoformat())


def _left_out(case: Case, step: Step, book: Rulebook) -> Iterator[Refused]:
    """The gates and the steps that the rules want before a step, and that the case did not go through."""
    wire = step.declared.wire
    for message_id, rules in (("gate-not-passed", book.gates), ("step-left-out", book.orders)):
        for rule in rules.values():
            if wire in rule.before and rule.asks(wire, case.kind, case.sort):
                yield from (Refused(message_id, step=list(steps), rule=rule.id) for steps in rule.left_out(case.taken))


def outdated_deadlines(case: Case, office: Office) -> Iterator[tuple[Deadline, Deadline]]:
    """Running deadlines whose date, or its being an estimate, would be otherwise under the office's rules and calendar.

    Each as it is and as it would be; `DeadlineRecalculated` makes it so.
    """
    for running in case.open_clocks:
        deadline = running.deadline
        rule = None if deadline.rule is None else office.rulebook.clocks.get(deadline.rule.id)
        if rule is None:
            continue
        anew = recalculate(deadline, rule, office.calendar, office.rulebook)
        if (anew.due_on, anew.estimate) != (deadline.due_on, deadline.estimate):
            yield deadline, anew


@dataclass(frozen=True)
class Move:
    """A step that takes a case, or a part of it, to a stage; from any of `sources`, or from none if it opens a case."""

    step: type[Step]
    sources: tuple[StrEnum, ...]
    target: StrEnum
    by: frozenset[Role]


@dataclass(frozen=True)
class Graph:
    """Stages in their order, and the steps that lead from one to another."""

    stages: tuple[StrEnum, ...]
    moves: tuple[Move, ...]

    def followed_by(self, stage: StrEnum) -> bool:
        """Whether some step leads on from a stage."""
        return any(stage in move.sources and stage != move.target for move in self.moves)


def graph_of(case_type: type[Case]) -> Graph:
    """How a case of that type goes through its stages."""
    moves: list[Move] = []
    for step in steps_of(case_type):
        declared = step.declared
        pairs: dict[StrEnum, set[StrEnum]] = {}
        for source, target in declared.moves:
            pairs.setdefault(target, set()).add(source)
        if declared.part is None and declared.leads_to is not None:
            sources = () if declared.opens else declared.open_in(case_type)
            pairs.setdefault(declared.leads_to, set()).update(sources)
        moves += _moves(step, case_type, case_type.Stage, pairs)
    return Graph(tuple(case_type.Stage), tuple(moves))


def graphs_of_parts(case_type: type[Case]) -> dict[str, Graph]:
    """How the parts of such a case go through theirs, by the kind of part; without what every case has."""
    stages: dict[str, type[StrEnum]] = {}
    moves: dict[str, list[Move]] = {}
    for step in steps_of(case_type):
        declared = step.declared
        if declared.part is None or declared.leads_to is None or declared.case_type is None:
            continue
        own = stages.setdefault(declared.part, type(declared.leads_to))
        sources = set(own) if declared.after is None else set(declared.after)
        moves.setdefault(declared.part, []).extend(_moves(step, case_type, own, {declared.leads_to: sources}))
    return {part: Graph(tuple(own), tuple(moves[part])) for part, own in stages.items()}


def _moves(
    step: type[Step], case_type: type[Case], stages: type[StrEnum], pairs: Mapping[StrEnum, Collection[StrEnum]]
) -> Iterator[Move]:
    """One for each stage that the step leads to, as the case type calls the stages."""
    for target in stages:
        if target in pairs:
            sources = tuple(stage for stage in stages if stage in pairs[target])
            yield Move(step, sources, target, step.roles(case_type))


def flow_chart(case_type: type[Case]) -> str:
    """The case type's stages and steps as a Mermaid state diagram."""
    lines = ["stateDiagram-v2"]
    for move in graph_of(case_type).moves:
        lines += [f"    {source} --> {move.target}: {move.step.declared.zh}" for source in move.sources or ("[*]",)]
    return "\n".join(lines) + "\n"


@dataclass(frozen=True)
class Entered:
    """A case came to a stage, or came to it anew: by which step, and from where."""

    stage: StrEnum
    before: StrEnum | None
    record: Recorded


def path_of(history: Sequence[Recorded], known: int | None = None, as_of: datetime | None = None) -> list[Entered]:
    """The stages that a case went through until `as_of`, as known at a position, in the order of its steps."""
    steps = [s for s in fold.sequence(history, known) if as_of is None or s.occurred_at <= as_of]
    opening = next((s for s in steps if s.step.declared.opens), None)
    if opening is None:
        return []
    case = fold.open_case(opening)
    path = [] if case.stage is None else [Entered(case.stage, None, opening)]
    for record in steps:
        if record is opening:
            continue
        before, declared = case.stage, record.step.declared
        record.enact(case)
        leads = declared.part is None and declared.leads_to is not None
        if case.stage is not None and (leads or case.stage != before):
            path.append(Entered(case.stage, before, record))
    return path
