"""What the tests of all matters share: their case types and steps, found and not named, and walks through them."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cache
from typing import Any

from domain.attachment import AttachmentKind, MediaType
from domain.case import CASE_TYPES, AttachmentAdded, Case, Corrected, Opening, Role, Step, Voided
from domain.matter import Ending, Matter
from domain.part import Part
from domain.procedure import breach_of_stage, steps_of
from domain.refusal import Refused
from tests.domain.support import TODAY, Desk, Trusting, act
from tests.golden.examples import variants_of

FIRST_DAY = date(2026, 1, 5)
DRAFT = AttachmentAdded(sha256="5e" * 32, name="草案.pdf", media_type=MediaType.PDF, size=1, kind=AttachmentKind.OTHER)
"""The attachment that examples name."""


def matters() -> list[type[Matter]]:
    """Every case type of the standing committee's own powers."""
    return [
        case_type
        for case_type in CASE_TYPES.values()
        if issubclass(case_type, Matter) and case_type.__module__.startswith("domain.")
    ]


def openings_of(case_type: type[Case]) -> list[Opening]:
    """Examples of the steps that open one."""
    return _openings_of(case_type.kind)


@cache
def _openings_of(kind: str) -> list[Opening]:
    case_type = CASE_TYPES[kind]
    return [
        example
        for step in steps_of(case_type)
        if step.declared.opens
        for example in variants_of(step)
        if isinstance(example, Opening)
    ]


def steps_onward(case_type: type[Case]) -> list[Step]:
    """Examples of all its own steps and of those that matters share."""
    return _steps_onward(case_type.kind)


@cache
def _steps_onward(kind: str) -> list[Step]:
    case_type = CASE_TYPES[kind]
    return [
        example
        for step in steps_of(case_type)
        if not step.declared.opens and step.declared.case_type is not None
        for example in variants_of(step)
    ]


def role_of(step: Step) -> Role:
    """A role that may take the step."""
    return min(step.declared.by, key=lambda role: (role is Role.HANDLING_UNIT, role is Role.DEPUTY, role))


def leads_to(step: Step | type[Step], stage: str) -> list[str]:
    """To which stages a step may lead from one."""
    declared = step.declared
    if declared.part is None and declared.leads_to is not None:
        return [str(declared.leads_to)] if declared.leads_to != stage else []
    return [str(target) for source, target in declared.moves if source == stage]


@cache
def _stages_away(kind: str, goal: type[Step]) -> dict[str, int]:
    """How many steps each stage is away from one in which a step is open."""
    case_type = CASE_TYPES[kind]
    ways = {
        (str(stage), target)
        for step in steps_of(case_type)
        if not step.declared.opens
        for stage in step.declared.open_in(case_type)
        for target in leads_to(step, str(stage))
    }
    away = {str(stage): 0 for stage in goal.declared.open_in(case_type)}
    for distance in range(len(case_type.Stage)):
        away |= {source: distance + 1 for source, target in ways if away.get(target) == distance and source not in away}
    return away


@dataclass
class Walk:
    """A walk through a case: what may be taken next is drawn."""

    case_type: type[Case]
    chance: random.Random
    desk: Desk = field(default_factory=lambda: Desk(docket=Trusting))
    day: date = FIRST_DAY
    taken: set[type[Step]] = field(default_factory=set)
    goal: type[Step] | None = None

    def begin(self) -> Walk:
        """Open a case that has an attachment."""
        opening = self.chance.choice(openings_of(self.case_type))
        self.desk.case_id = self.desk.docket.open(opening, act(self.day, role_of(opening))).case_id
        self.desk.take(DRAFT, self.day, Role.GENERAL_OFFICE)
        self.taken.add(type(opening))
        return self

    @property
    def case(self) -> Case | None:
        """The case as it stands."""
        return self.desk.live

    def open_now(self) -> list[Step]:
        """The examples whose stage is right."""
        case = self.case
        return [] if case is None else [s for s in steps_onward(self.case_type) if breach_of_stage(case, s) is None]

    def go_on(self, among: list[Step] | None = None) -> Step | None:
        """Take a step that is open; None if it was refused, and then nothing is stored."""
        choices = self.open_now() if among is None else among
        if not choices:
            return None
        step = self.chance.choice(choices)
        self.day = min(self.day + timedelta(self.chance.randint(0, 4)), TODAY)
        return self.take(step)

    def towards(self, wanted: set[type[Step]]) -> list[Step]:
        """Examples to choose from: new ones, else such as lead to where one that is wanted may be taken."""
        choices, case, endings = self.open_now(), self.case, set(Ending)
        going_on = [step for step in choices if step.declared.leads_to not in endings]
        if fresh := [step for step in going_on if type(step) in wanted]:
            return fresh if self.chance.random() < 0.9 else going_on
        if case is None or not wanted or not going_on or self.chance.random() < 0.2:
            return choices
        if self.goal not in wanted:
            self.goal = self.chance.choice(sorted(wanted, key=lambda step: step.__name__))
        part, stage = self.goal.declared.part, str(case.stage)
        if part is not None and (kin := [step for step in going_on if step.declared.part == part]):
            return kin if self.chance.random() < 0.6 else going_on
        if part is not None:
            onward = [step for step in going_on if leads_to(step, stage)]
            return onward if onward and self.chance.random() < 0.5 else going_on
        far = _stages_away(self.case_type.kind, self.goal)
        nearer = [
            step for step in going_on if any(far.get(to, 99) < far.get(stage, 99) for to in leads_to(step, stage))
        ]
        return nearer or going_on

    def take(self, step: Step, **more: Any) -> Step | None:
        """Take a step."""
        head = self.desk.ledger.head()
        try:
            self.desk.take(step, more.pop("on", self.day), role_of(step), **more)
        except Refused:
            assert self.desk.ledger.head() == head
            return None
        if self.desk.ledger.head() > head:
            self.taken.add(type(step))
        return step

    def disturb(self) -> None:
        """A correction, a void, a late entry."""
        head, version = self.desk.ledger.head(), self.chance.randint(1, len(self.desk.history))
        on = self.day - timedelta(self.chance.randint(0, 60))
        try:
            match self.chance.choice(["void", "correct", "late"]):
                case "void":
                    self.desk.void(version)
                case "correct":
                    self.desk.correct(version, on=on)
                case _:
                    self.take(self.chance.choice(steps_onward(self.case_type)), on=on, late=True)
        except Refused:
            assert self.desk.ledger.head() == head


def parts_of(case: Case) -> Iterator[Part]:
    """Every part of a case."""
    for value in vars(case).values():
        if isinstance(value, dict):
            yield from (part for part in value.values() if isinstance(part, Part))


def is_amendment(step: Step) -> bool:
    """Whether it corrects or voids another."""
    return isinstance(step, (Corrected, Voided))
