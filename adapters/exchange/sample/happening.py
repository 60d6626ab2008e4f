"""What a sample is made of: steps with their days, each with who took it, told of one case after the other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from itertools import takewhile
from uuid import UUID, uuid5

from domain.case import Act, Role, Step
from domain.moment import start_of_day
from domain.registry import PREFIX

JURISDICTION = "cn-999900"
ZONE = "Asia/Shanghai"

_TOGETHER = {"d-006": "d-003"}
_NAMESPACE = UUID("6f0a3c1e-9d5b-5c53-8a47-2f1f8d7b4c90")


@dataclass(frozen=True, slots=True)
class Happening:
    """A step of the sample: on which day, who took it, in which role, for which office."""

    on: date
    step: Step
    actor: str
    role: Role
    office: str
    late: bool = False

    @property
    def act(self) -> Act:
        """The act of the step, of which the day is known and not the hour."""
        return Act(
            actor=self.actor,
            role=self.role,
            office=self.office,
            occurred_at=start_of_day(self.on, ZONE),
            late=self.late,
            device=self._device if self.step.declared.own_word else None,
        )

    @property
    def _device(self) -> str:
        """The mark of the deputy's own device in that year; two deputies have one together."""
        whose = _TOGETHER.get(self.actor, self.actor)
        return sha256(f"{whose} {self.on.year}".encode()).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class Story:
    """A case of the sample: its number or name, and its steps in the order in which they were recorded."""

    jurisdiction: str
    number: str
    happenings: Sequence[Happening]
    of_registry: bool = False
    """Whether it is something that the registry keeps: a meeting."""

    @property
    def case_id(self) -> str:
        """The id of the case."""
        return (sample_entry_id if self.of_registry else sample_case_id)(self.number, self.jurisdiction)

    def until(self, today: date) -> Iterator[Happening]:
        """What had been recorded by a day."""
        return takewhile(lambda happening: happening.on <= today, self.happenings)


def sample_case_id(number: str, jurisdiction: str = JURISDICTION) -> str:
    """The id of the sample's case of that number or name, the same wherever it is loaded."""
    return str(uuid5(_NAMESPACE, number if jurisdiction == JURISDICTION else f"{jurisdiction}:{number}"))


def sample_entry_id(name: str, jurisdiction: str = JURISDICTION) -> str:
    """The id of what the sample enters into the registry under that name."""
    return f"{PREFIX}{sample_case_id(name, jurisdiction)}"
