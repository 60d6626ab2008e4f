"""Unit (单位): an organ that handles what the congress hands over, under its names, until it is merged or closed."""

from __future__ import annotations

from dataclasses import dataclass
from enum import auto

from pydantic import Field

from domain.case import Act, Step
from domain.office import Office, Unit
from domain.refusal import Refused
from domain.registry import KEEPERS, RegistryCase, RegistryOpening
from domain.values import Line, UnitCode, Word


@dataclass
class Organ(RegistryCase, kind="unit", zh="单位"):
    """A unit: what it is called, its place in the office's own order, and under which other unit it stands."""

    class Stage(Word):
        """A unit is in being until it is merged or closed."""

        IN_BEING = auto()
        MERGED = auto()
        CLOSED = auto()

    zh_name: str = ""
    en_name: str = ""
    order: int = 0
    parent: str | None = None
    absorbed_by: str | None = None

    @property
    def name(self) -> str:
        return self.zh_name

    def entry(self) -> Unit | None:
        if self.stage is not self.Stage.IN_BEING:
            return None
        return Unit(code=self.code, zh=self.zh_name, en=self.en_name, order=self.order, parent=self.parent)


IN_BEING = {Organ.Stage.IN_BEING}


class UnitOpened(
    RegistryOpening,
    of=Organ,
    wire="unit.opened.v1",
    zh="设立单位",
    opens=True,
    leads_to=Organ.Stage.IN_BEING,
    by=KEEPERS,
    fixed={"code"},
):
    """A unit is entered from the day on which it was set up."""

    code: UnitCode
    zh_name: Line
    en_name: Line
    order: int = Field(default=0, ge=0, le=1_000_000)
    """Its place in the office's own order, the smallest first."""
    parent: UnitCode | None = None

    def check(self, case: Organ | None, office: Office) -> None:
        if self.parent == self.code:
            raise Refused("unit-under-itself", field="parent", unit=self.code)
        if self.parent is not None:
            office.require_unit(self.parent, "parent")

    def apply(self, case: Organ, act: Act) -> None:
        case.code, case.opened_on = self.code, act.occurred_on
        case.zh_name, case.en_name = self.zh_name, self.en_name
        case.order, case.parent = self.order, self.parent


class UnitRenamed(Step, of=Organ, wire="unit.renamed.v1", zh="单位更名", while_in=IN_BEING, by=KEEPERS):
    """The unit has another name from now on; what it did before, it did under the old one."""

    zh_name: Line
    en_name: Line

    def already(self, case: Organ) -> bool:
        return (case.zh_name, case.en_name) == (self.zh_name, self.en_name)

    def apply(self, case: Organ, act: Act) -> None:
        case.zh_name, case.en_name = self.zh_name, self.en_name


class UnitReordered(Step, of=Organ, wire="unit.reordered.v1", zh="调整单位次序", while_in=IN_BEING, by=KEEPERS):
    """The unit has another place in the office's order."""

    order: int = Field(ge=0, le=1_000_000)

    def already(self, case: Organ) -> bool:
        return case.order == self.order

    def apply(self, case: Organ, act: Act) -> None:
        case.order = self.order


class UnitMerged(
    Step,
    of=Organ,
    wire="unit.merged.v1",
    zh="单位合并",
    while_in=IN_BEING,
    leads_to=Organ.Stage.MERGED,
    by=KEEPERS,
):
    """The unit becomes part of another from now on; its cases stay in its name until each is reassigned by a step."""

    into: UnitCode

    def check(self, case: Organ, office: Office) -> None:
        if self.into == case.code:
            raise Refused("unit-into-itself", field="into", unit=self.into)
        office.require_unit(self.into, "into")

    def apply(self, case: Organ, act: Act) -> None:
        case.absorbed_by, case.ended_on = self.into, act.occurred_on


class UnitClosed(
    Step,
    of=Organ,
    wire="unit.closed.v1",
    zh="撤销单位",
    while_in=IN_BEING,
    leads_to=Organ.Stage.CLOSED,
    by=KEEPERS,
):
    """The unit is no more from now on."""

    reason: Line | None = None

    def apply(self, case: Organ, act: Act) -> None:
        case.ended_on = act.occurred_on
