"""Duty (履职): what a deputy did in a year by recorded steps, and the points that a standing committee gives for it."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Annotated, Self

from pydantic import Field, model_validator

from domain.case import STEPS, Recorded, Role
from domain.office import Jurisdiction
from projections.compliance import Looked
from projections.metrics import Data, Told


class DutyKind(Data):
    """One kind of act: the steps that tell of it, and how they name the deputy."""

    id: str
    zh: str
    en: str
    steps: Annotated[tuple[str, ...], Field(min_length=1)]
    named: str | None = None
    """The field that names who did it; where there is none, it is the deputy who takes the step himself."""
    points: Annotated[int, Field(ge=0)]
    most: Annotated[int, Field(ge=1)]
    """How many of them give points in a year."""
    source: str

    @model_validator(mode="after")
    def _tells_of_steps_that_there_are(self) -> Self:  # noqa: N804 - of an instance, after it was read
        for wire in self.steps:
            if wire not in STEPS or (self.named is not None and self.named not in STEPS[wire].model_fields):
                raise ValueError(f"{self.id}: no step {wire} names a {self.named}")
        return self

    def is_of(self, called: frozenset[str], record: Recorded) -> bool:
        """Whether a step tells of such an act of a deputy, who is called by his id, or by his name in a seat."""
        if record.step.declared.wire not in self.steps:
            return False
        if self.named is None:
            return record.act.role is Role.DEPUTY and record.act.actor in called
        named = getattr(record.step, self.named)
        return not called.isdisjoint(named if isinstance(named, tuple) else (named,))


class DutyRules(Data):
    """A version of the points."""

    version: str
    note: Told
    acts: tuple[DutyKind, ...]


@dataclass(frozen=True)
class DutyAct:
    """A recorded act of a deputy, and the case in which it was done."""

    looked: Looked
    record: Recorded


@dataclass(frozen=True)
class DutyDone:
    """What a deputy did of one kind in a year."""

    kind: DutyKind
    acts: tuple[DutyAct, ...]

    @property
    def points(self) -> int:
        """The points that it gives."""
        return self.kind.points * min(len(self.acts), self.kind.most)


@cache
def duty_rules() -> DutyRules:
    """The version in force."""
    return DutyRules.model_validate(
        tomllib.loads(resources.files("projections").joinpath("duty.toml").read_text("utf-8"))
    )


def done_by(
    deputy: str, jurisdiction: Jurisdiction, rules: DutyRules, cases: Iterable[Looked], year: int
) -> list[DutyDone]:
    """What a deputy did in a year, by kind in the order of the rules, the acts of each in the order of their days."""
    cases = list(cases)
    called = frozenset({deputy, *(seat.holder for seat in jurisdiction.seats if seat.deputy == deputy)})
    return [DutyDone(kind, tuple(sorted(_acts(called, kind, cases, year), key=_when))) for kind in rules.acts]


def _acts(called: frozenset[str], kind: DutyKind, cases: Iterable[Looked], year: int) -> Iterator[DutyAct]:
    for looked in cases:
        for record in looked.steps:
            if record.act.occurred_on.year == year and kind.is_of(called, record):
                yield DutyAct(looked, record)


def _when(act: DutyAct) -> tuple[str, int]:
    return act.record.act.occurred_on.isoformat(), act.record.position
