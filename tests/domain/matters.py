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
from domain.matter import Matter
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


@dataclass
class Walk:
    """A walk through a case: what may be taken next is drawn."""

    case_type: type[Case]
    chance: random.Random
    desk: Desk = field(default_factory=lambda: Desk(docket=Trusting))
    day: date = FIRST_DAY
    taken: set[type[Step]] = field(default_factory=set)

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
