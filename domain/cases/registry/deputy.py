"""Deputy (人大代表): who sits in the congress of which tier, in which term, for which constituency, in which group."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import auto

from pydantic import Field

from domain.case import Act, Step
from domain.office import Background, Deputy, Level, Office, Tenure
from domain.registry import KEEPERS, RegistryCase, RegistryOpening
from domain.values import Code, DeputyId, Line, Word


class EndReason(Word):
    """Why somebody is a deputy no more (代表资格终止, 代表法 arts 61–63)."""

    TERM_OVER = auto()
    RESIGNED = auto()
    MOVED_AWAY = auto()
    RECALLED = auto()
    ABSENT_TWICE = auto()
    LOST_NATIONALITY = auto()
    LOST_POLITICAL_RIGHTS = auto()
    INCAPACITATED = auto()
    DIED = auto()


@dataclass
class Mandate(RegistryCase, kind="deputy", zh="人大代表"):
    """A deputy: name, tier, term, constituency and group, as long as the office is held."""

    class Stage(Word):
        """A deputy is in office, perhaps suspended, until the qualification ends."""

        IN_OFFICE = auto()
        SUSPENDED = auto()
        ENDED = auto()

    full_name: str = ""
    level: Level | None = None
    term: int | None = None
    constituency: str | None = None
    group: str | None = None
    elected_on: date | None = None
    """Since when in this term."""
    background: Background | None = None
    tenure: Tenure | None = None
    ended_because: EndReason | None = None

    @property
    def name(self) -> str:
        return self.full_name

    def entry(self) -> Deputy | None:
        if self.stage is self.Stage.ENDED:
            return None
        return Deputy(
            id=self.code,
            name=self.full_name,
            term=self.term,
            level=self.level,
            constituency=self.constituency,
            group=self.group,
            suspended=self.stage is self.Stage.SUSPENDED,
        )


class _Elected(Step):
    """In which term and for whom."""

    term: int | None = Field(default=None, ge=1, le=999)
    constituency: Line | None = None
    """The constituency, or the congress that elected (选举单位)."""


class DeputyRegistered(
    RegistryOpening,
    of=Mandate,
    wire="deputy.registered.v1",
    zh="代表登记",
    opens=True,
    leads_to=Mandate.Stage.IN_OFFICE,
    by=KEEPERS,
    fixed={"id"},
):
    """A deputy is entered from the day on which the qualification was confirmed."""

    id: DeputyId
    name: Line
    level: Level | None = None
    """Of which tier's congress; the jurisdiction's own, unless another is named."""
    term: int | None = Field(default=None, ge=1, le=999)
    constituency: Line | None = None
    """The constituency, or the congress that elected (选举单位)."""
    group: Code | None = None

    def check(self, case: Mandate | None, office: Office) -> None:
        if self.group is not None:
            office.require_group(self.group, "group")

    def filled_in(self, case: Mandate | None, office: Office) -> DeputyRegistered:
        filled = super().filled_in(case, office)
        return filled.model_copy(update={"level": self.level or office.jurisdiction.level})

    def apply(self, case: Mandate, act: Act) -> None:
        case.code, case.opened_on = self.id, act.occurred_on
        case.elected_on = act.occurred_on
        case.full_name, case.level, case.term = self.name, self.level, self.term
        case.constituency, case.group = self.constituency, self.group


class DeputyReElected(
    _Elected,
    of=Mandate,
    wire="deputy.re_elected.v1",
    zh="代表连任",
    leads_to=Mandate.Stage.IN_OFFICE,
    by=KEEPERS,
):
    """The deputy is elected again: for the next term, or after a while without office."""

    def apply(self, case: Mandate, act: Act) -> None:
        in_office = case.ended_on is None or case.ended_because is EndReason.TERM_OVER
        follows = case.term is not None and self.term == case.term + 1
        case.tenure = Tenure.RE_ELECTED if in_office and follows else None
        case.term, case.constituency = self.term or case.term, self.constituency or case.constituency
        case.elected_on, case.ended_on, case.ended_because = act.occurred_on, None, None


class GroupJoined(
    Step, of=Mandate, wire="deputy.group_joined.v1", zh="编入代表小组", while_in={Mandate.Stage.IN_OFFICE}, by=KEEPERS
):
    """The deputy belongs to a group from now on."""

    group: Code

    def check(self, case: Mandate, office: Office) -> None:
        office.require_group(self.group, "group")

    def already(self, case: Mandate) -> bool:
        return case.group == self.group

    def apply(self, case: Mandate, act: Act) -> None:
        case.group = self.group


class DeputyDescribed(
    Step,
    of=Mandate,
    wire="deputy.described.v1",
    zh="登记基层和连任情况",
    while_in={Mandate.Stage.IN_OFFICE, Mandate.Stage.SUSPENDED},
    by=KEEPERS,
):
    """Whether the deputy comes from the grass roots, and was re-elected, as far as it is known, from this day on.

    Who of the grass roots sat in is counted from it (eighteen articles, 18), and the share of those re-elected (opinion
    of the Party committee, point 10).
    """

    background: Background | None = None
    """基层 or 其他; left open where it is not known."""
    tenure: Tenure | None = None
    """连任 or 新任; left open where it is not known."""

    def may_come_before(self) -> bool:
        """What was so from the beginning may be stated later."""
        return True

    def already(self, case: Mandate) -> bool:
        return self.background in {None, case.background} and self.tenure in {None, case.tenure}

    def apply(self, case: Mandate, act: Act) -> None:
        case.background = self.background or case.background
        case.tenure = self.tenure or case.tenure


class DutySuspended(
    Step,
    of=Mandate,
    wire="deputy.duty_suspended.v1",
    zh="暂停执行代表职务",
    while_in={Mandate.Stage.IN_OFFICE},
    leads_to=Mandate.Stage.SUSPENDED,
    by=KEEPERS,
):
    """The deputy may not act for the time being (代表法 art. 61)."""

    reason: Line


class DutyResumed(
    Step,
    of=Mandate,
    wire="deputy.duty_resumed.v1",
    zh="恢复执行代表职务",
    while_in={Mandate.Stage.SUSPENDED},
    leads_to=Mandate.Stage.IN_OFFICE,
    by=KEEPERS,
):
    """The deputy may act again."""


class QualificationEnded(
    Step,
    of=Mandate,
    wire="deputy.qualification_ended.v1",
    zh="代表资格终止",
    while_in={Mandate.Stage.IN_OFFICE, Mandate.Stage.SUSPENDED},
    leads_to=Mandate.Stage.ENDED,
    by=KEEPERS,
):
    """The deputy is a deputy no more from this day on."""

    reason: EndReason

    def apply(self, case: Mandate, act: Act) -> None:
        case.ended_because, case.ended_on = self.reason, act.occurred_on
