"""Group (代表小组): deputies who work together between the sessions."""

from __future__ import annotations

from dataclasses import dataclass
from enum import auto

from domain.case import Act, Step
from domain.office import Group, Office
from domain.registry import KEEPERS, RegistryCase, RegistryOpening
from domain.values import Code, DeputyId, Line, Word


@dataclass
class DeputyGroup(RegistryCase, kind="group", zh="代表小组"):
    """A group: what it is called and who leads it."""

    class Stage(Word):
        """A group is in being until it is dissolved."""

        IN_BEING = auto()
        DISSOLVED = auto()

    zh_name: str = ""
    en_name: str = ""
    leader: str | None = None

    @property
    def name(self) -> str:
        return self.zh_name

    def entry(self) -> Group | None:
        if self.stage is not self.Stage.IN_BEING:
            return None
        return Group(code=self.code, zh=self.zh_name, en=self.en_name)


IN_BEING = {DeputyGroup.Stage.IN_BEING}


class GroupFormed(
    RegistryOpening,
    of=DeputyGroup,
    wire="group.formed.v1",
    zh="组建代表小组",
    opens=True,
    leads_to=DeputyGroup.Stage.IN_BEING,
    by=KEEPERS,
    fixed={"code"},
):
    """A group of deputies is formed."""

    code: Code
    zh_name: Line
    en_name: Line

    def apply(self, case: DeputyGroup, act: Act) -> None:
        case.code, case.opened_on = self.code, act.occurred_on
        case.zh_name, case.en_name = self.zh_name, self.en_name


class GroupRenamed(Step, of=DeputyGroup, wire="group.renamed.v1", zh="代表小组更名", while_in=IN_BEING, by=KEEPERS):
    """The group has another name from now on."""

    zh_name: Line
    en_name: Line

    def already(self, case: DeputyGroup) -> bool:
        return (case.zh_name, case.en_name) == (self.zh_name, self.en_name)

    def apply(self, case: DeputyGroup, act: Act) -> None:
        case.zh_name, case.en_name = self.zh_name, self.en_name


class GroupLeaderChosen(
    Step, of=DeputyGroup, wire="group.leader_chosen.v1", zh="推选代表小组组长", while_in=IN_BEING, by=KEEPERS
):
    """A deputy leads the group from now on."""

    leader: DeputyId

    def check(self, case: DeputyGroup, office: Office) -> None:
        office.require_deputy(self.leader, "leader")

    def already(self, case: DeputyGroup) -> bool:
        return case.leader == self.leader

    def apply(self, case: DeputyGroup, act: Act) -> None:
        case.leader = self.leader


class GroupDissolved(
    Step,
    of=DeputyGroup,
    wire="group.dissolved.v1",
    zh="撤销代表小组",
    while_in=IN_BEING,
    leads_to=DeputyGroup.Stage.DISSOLVED,
    by=KEEPERS,
):
    """The group is no more from now on."""

    def apply(self, case: DeputyGroup, act: Act) -> None:
        case.ended_on = act.occurred_on
