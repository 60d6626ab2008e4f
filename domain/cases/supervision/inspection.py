"""Law-enforcement inspection (执法检查): how a law or a regulation is carried out, and what is put right after it.

Sources: 监督法 (2024) art. 31-37; the eighteen articles, 5, 6 and 18. Terms are of other places.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from enum import auto
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from domain.ballot import Vote, VoteStep
from domain.calendar import add_months
from domain.case import Act, Awaited, ClockKey, Reference, Role, Step
from domain.matter import (
    CHAIRMEN,
    COMMITTEE,
    KEEPERS,
    UNITS,
    MatterOpening,
    TopicSource,
    require_deputies,
    require_not_before,
    require_once,
    require_units,
    too_few_invited,
)
from domain.office import Office
from domain.part import Part
from domain.rectification import HAND_OVER, HANDED_OVER, Rectified
from domain.refusal import Refused
from domain.resolution import ResolutionStep
from domain.values import CaseId, Code, DeputyId, Line, Text, UnitCode, Word

NOTICE, REPORT, EXECUTION = "inspection.notice", "inspection.report", "inspection.execution"

SETTLED = "local_regulation_in_force_two_years"


class LawKind(Word):
    """What is inspected: 法律, 行政法规, 省地方性法规, 本市地方性法规, 相关法律制度."""

    NATIONAL_LAW = auto()
    ADMINISTRATIVE_REGULATION = auto()
    PROVINCIAL_REGULATION = auto()
    LOCAL_REGULATION = auto()
    LEGAL_REGIME = auto()


class InspectionForm(Word):
    """How it is inspected (监督法 art. 35): 座谈会, 实地检查, 第三方评估, 问卷调查, 抽查."""

    SYMPOSIUM = auto()
    ON_SITE = auto()
    THIRD_PARTY = auto()
    QUESTIONNAIRE = auto()
    SPOT_CHECK = auto()


class GroupCapacity(Word):
    """As what somebody is in the group (监督法 art. 33): 组成人员, 专委会委员, 工作人员, 专家."""

    COMMITTEE_MEMBER = auto()
    SPECIAL_COMMITTEE_MEMBER = auto()
    STAFF = auto()
    EXPERT = auto()


class GroupMember(BaseModel):
    """Somebody in the group; deputies are invited by their ids instead."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Line
    capacity: GroupCapacity = GroupCapacity.COMMITTEE_MEMBER
    unit: UnitCode | None = None
    """The unit where he works, if it is one of those that may be inspected."""


@dataclass
class FoundProblem(Part):
    """A problem that the inspection found (发现问题); with its key it may come on the list that is handed over."""

    class Stage(Word):
        FOUND = auto()
        PUT_RIGHT_AT_ONCE = auto()
        DISMISSED = auto()

    text: str = ""
    unit: str | None = None
    place: str | None = None
    provision: str | None = None
    """The article that is not kept."""
    found_on: date | None = None
    summary: str | None = None
    """What was done at once, or why it is none."""


@dataclass(frozen=True)
class SelfInspection:
    """What an inspected organ says of itself (自查报告)."""

    unit: str | None
    reported_on: date
    summary: str


@dataclass(frozen=True)
class InspectionRound:
    """Where the group went, or whom it asked (检查活动)."""

    form: InspectionForm
    held_on: date
    place: str | None
    invited: tuple[str, ...]
    attended: tuple[str, ...]
    summary: str | None


@dataclass
class Inspection(Rectified, kind="inspection", zh="执法检查"):
    """执法检查: a group is formed, the organs are told, inspected, reported on; what it found is handed over."""

    in_magazine = 7

    class Stage(Word):
        PROPOSED = auto()
        PLANNED = auto()
        GROUP_FORMED = auto()
        NOTIFIED = auto()
        INSPECTING = auto()
        INSPECTED = auto()
        REPORT_DRAFTED = auto()
        REPORT_TABLED = auto()
        DELIBERATED = auto()
        RESOLVED = auto()
        ADOPTED = auto()
        HANDED_OVER = auto()
        PLAN_RECEIVED = auto()
        RECTIFYING = auto()
        REPORT_IN_COMMENT = auto()
        REPORTED = auto()
        DELIBERATED_AGAIN = auto()
        POLLED = auto()
        RE_RECTIFYING = auto()
        FOLLOW_UP = auto()
        CLOSED = auto()
        DROPPED = auto()

    law: str = ""
    law_kind: LawKind = LawKind.NATIONAL_LAW
    regulation: str | None = None
    in_force_since: date | None = None
    sources: tuple[TopicSource, ...] = ()
    entrusted_by: str | None = None
    group_leader: str | None = None
    group_members: tuple[GroupMember, ...] = ()
    group_deputies: tuple[str, ...] = ()
    starts_on: date | None = None
    ends_on: date | None = None
    notified_on: date | None = None
    inspected_units: tuple[str, ...] = ()
    self_inspections: list[SelfInspection] = field(default_factory=list)
    inspection_rounds: list[InspectionRound] = field(default_factory=list)
    found: dict[str, FoundProblem] = field(default_factory=dict)
    assessment: str | None = None
    amendments: str | None = None
    tabled_on: date | None = None
    speakers: tuple[str, ...] = ()
    votes: list[Vote] = field(default_factory=list)
    resolution: str | None = None
    execution_reported_on: date | None = None
    sent_up_on: date | None = None
    opinions: str | None = None

    @property
    def sort(self) -> str | None:
        """The kind of the law; apart from it the city's own that was in force for two years (eighteen articles, 5)."""
        two_years = None if self.in_force_since is None else add_months(self.in_force_since, 24)
        settled = two_years is not None and self.opened_on is not None and two_years <= self.opened_on
        return SETTLED if settled and self.law_kind is LawKind.LOCAL_REGULATION else self.law_kind

    def units_concerned(self) -> Iterator[str]:
        """No unit, as long as it was not told that it is inspected: some checks come without notice."""
        if self.notified_on is not None or self.handed_over_on is not None:
            yield from super().units_concerned()
            yield from self.inspected_units

    def audience(self) -> Iterator[str]:
        """Also the government's office, once the inspected organs were told."""
        yield from super().audience()
        if self.notified_on is not None and self.handed_over_on is None:
            yield Role.GOVERNMENT_OFFICE

    def awaited(self) -> Iterator[Awaited]:
        """What the office and the inspected organs owe, then what the rectification asks for."""
        yield from super().awaited()
        match self.stage:
            case Stage.PLANNED:
                yield self._of_office(InspectionGroupFormed)
            case Stage.GROUP_FORMED:
                yield self._of_office(InspectionPlanNotified, NOTICE)
            case Stage.NOTIFIED | Stage.INSPECTING:
                told = {one.unit for one in self.self_inspections}
                for unit in self.inspected_units:
                    if unit not in told:
                        yield Awaited(f"{Role.HANDLING_UNIT}:{unit}", InspectionSelfReported.declared.wire)
            case Stage.INSPECTED | Stage.REPORT_DRAFTED:
                yield self._of_office(InspectionReportTabled, REPORT)
        if self.stage in AFTER_RESOLUTION and self.due_by(EXECUTION) is not None and self.unit is not None:
            who = f"{Role.HANDLING_UNIT}:{self.unit}"
            yield Awaited(who, InspectionExecutionReported.declared.wire, self.due_by(EXECUTION))

    def _of_office(self, step: type[Step], rule: str | None = None) -> Awaited:
        return Awaited(Role.DEPUTY_AFFAIRS, step.declared.wire, None if rule is None else self.due_by(rule))


Stage = Inspection.Stage
GOING_ON = frozenset({Stage.GROUP_FORMED, Stage.NOTIFIED, Stage.INSPECTING})
BEFORE_TABLING = GOING_ON | {Stage.INSPECTED, Stage.REPORT_DRAFTED}
AFTER_RESOLUTION = HANDED_OVER | {Stage.RESOLVED, Stage.ADOPTED}


def _of_inspected(members: Iterable[GroupMember], units: Collection[str | None]) -> Iterator[Refused]:
    """Who of the group works for an inspected organ, and should not be in it (浙江 监督条例 2008 art. 28)."""
    for member in members:
        if member.unit is not None and member.unit in units:
            yield Refused("inspected-organ-in-group", name=member.name, unit=member.unit)


# Choosing and preparing


class InspectionProposed(
    MatterOpening,
    of=Inspection,
    wire="inspection.proposed.v1",
    zh="提出执法检查议题",
    opens=True,
    leads_to=Stage.PROPOSED,
    by=KEEPERS | {Role.CHAIRMEN_MEETING},
):
    """Somebody proposes which law or regulation is inspected (监督法 art. 31)."""

    law: Line
    """Its name."""
    law_kind: LawKind = LawKind.NATIONAL_LAW
    regulation: CaseId | None = None
    """The case in which it was made, if it is kept here."""
    in_force_since: date | None = None
    sources: tuple[TopicSource, ...] = Field(default=(), max_length=8)
    entrusted_by: Line | None = None
    """The standing committee above that entrusts it to this one (art. 34)."""

    def check(self, case: Any, office: Office) -> None:
        super().check(case, office)
        require_once(self.sources, "sources")
        if self.in_force_since is not None and self.in_force_since > office.day:
            raise Refused("law-not-in-force-yet", field="in_force_since", since=self.in_force_since.isoformat())

    def refers_to(self) -> Iterator[Reference]:
        yield from super().refers_to()
        if self.regulation is not None:
            yield Reference("regulation", self.regulation, frozenset({"legislation"}))

    def apply(self, case: Inspection, act: Act) -> None:
        super().apply(case, act)
        case.law, case.law_kind, case.regulation = self.law, self.law_kind, self.regulation
        case.in_force_since, case.sources, case.entrusted_by = self.in_force_since, self.sources, self.entrusted_by


class InspectionPlanned(
    Step,
    of=Inspection,
    wire="inspection.planned.v1",
    zh="列入年度监督计划",
    while_in={Stage.PROPOSED},
    leads_to=Stage.PLANNED,
    by=CHAIRMEN,
):
    """The chairmen's meeting puts it into the plan of the year (监督法 art. 63)."""


class InspectionGroupFormed(
    Step,
    of=Inspection,
    wire="inspection.group_formed.v1",
    zh="检查组成立",
    while_in={Stage.PLANNED, Stage.GROUP_FORMED},
    leads_to=Stage.GROUP_FORMED,
    by=CHAIRMEN,
):
    """A group is formed of members, the committees and their staff; deputies are invited (监督法 art. 33)."""

    leader: Line
    members: tuple[GroupMember, ...] = Field(default=(), max_length=200)
    invited: tuple[DeputyId, ...] = Field(default=(), max_length=1000)
    """The deputies who were invited."""

    def check(self, case: Inspection, office: Office) -> None:
        require_deputies(self.invited, office, "invited")
        for i, member in enumerate(self.members):
            if member.unit is not None:
                office.require_unit(member.unit, f"members.{i}.unit")

    def breaches(self, case: Inspection, office: Office) -> Iterator[Refused]:
        """Fewer deputies than the rule wants; somebody of the inspected organ."""
        yield from too_few_invited(self.invited, office)
        yield from _of_inspected(self.members, {case.unit, *case.inspected_units})

    def apply(self, case: Inspection, act: Act) -> None:
        case.group_leader, case.group_members, case.group_deputies = self.leader, self.members, self.invited


class InspectionPlanMade(
    Step,
    of=Inspection,
    wire="inspection.plan_made.v1",
    zh="制定检查方案",
    while_in={Stage.PLANNED, Stage.GROUP_FORMED, Stage.NOTIFIED},
    by=CHAIRMEN,
    starts=(NOTICE,),
):
    """From when until when is inspected, and how; the organs are to know some time before."""

    starts_on: date
    ends_on: date | None = None
    summary: Text | None = None

    def check(self, case: Inspection, office: Office) -> None:
        require_not_before(self.starts_on, office, "starts_on")
        if self.ends_on is not None and self.ends_on < self.starts_on:
            raise Refused("ends-before-it-starts", field="ends_on", ends_on=self.ends_on.isoformat())

    def clocks_count_from(self, act: Act) -> date:
        return self.starts_on

    def started_clocks(self, case: Inspection) -> Iterator[ClockKey]:
        """None, where the organs were told already."""
        if case.notified_on is None:
            yield NOTICE, None

    def apply(self, case: Inspection, act: Act) -> None:
        case.starts_on, case.ends_on = self.starts_on, self.ends_on


class InspectionPlanNotified(
    Step,
    of=Inspection,
    wire="inspection.plan_notified.v1",
    zh="通知方案",
    while_in=GOING_ON,
    moves={(Stage.GROUP_FORMED, Stage.NOTIFIED)},
    by=KEEPERS,
    stops=(NOTICE,),
):
    """The inspected organs are told what is inspected, and when (浙江 监督条例 2008 art. 29).

    Further organs may be told later, and all of them after spot checks that came without notice (监督法 art. 35).
    """

    units: tuple[UnitCode, ...] = Field(min_length=1, max_length=100)

    def check(self, case: Inspection, office: Office) -> None:
        require_units(self.units, office, "units")

    def breaches(self, case: Inspection, office: Office) -> Iterator[Refused]:
        """Somebody of an inspected organ is in the group."""
        yield from _of_inspected(case.group_members, {*self.units} - {case.unit})

    def apply(self, case: Inspection, act: Act) -> None:
        case.notified_on = case.notified_on or act.occurred_on
        case.inspected_units = tuple(dict.fromkeys((*case.inspected_units, *self.units)))
        if case.stage is Stage.GROUP_FORMED:
            case.stage = Stage.NOTIFIED


class InspectionSelfReported(
    Step,
    of=Inspection,
    wire="inspection.self_inspection_reported.v1",
    zh="自查",
    while_in={Stage.NOTIFIED, Stage.INSPECTING},
    by=UNITS,
):
    """An inspected organ reports how it carries out the law itself."""

    unit: UnitCode
    summary: Text

    def check(self, case: Inspection, office: Office) -> None:
        office.require_unit(self.unit, "unit")

    def apply(self, case: Inspection, act: Act) -> None:
        case.self_inspections.append(SelfInspection(self.unit, act.occurred_on, self.summary))


# Inspecting


class InspectionConducted(
    Step,
    of=Inspection,
    wire="inspection.conducted.v1",
    zh="检查活动",
    while_in=GOING_ON,
    leads_to=Stage.INSPECTING,
    by=COMMITTEE,
):
    """The group goes somewhere or asks somebody (监督法 art. 35); a spot check comes without notice."""

    form: InspectionForm
    place: Line | None = None
    invited: tuple[DeputyId, ...] = Field(default=(), max_length=1000)
    """Deputies who were invited beside those of the group."""
    attended: tuple[DeputyId, ...] = Field(default=(), max_length=1000)
    """The deputies who came."""
    summary: Text | None = None

    def check(self, case: Inspection, office: Office) -> None:
        require_deputies(self.invited, office, "invited")
        require_deputies(self.attended, office, "attended")

    def breaches(self, case: Inspection, office: Office) -> Iterator[Refused]:
        """With those of the group fewer deputies than the rule wants were invited to go along."""
        if self.form in {InspectionForm.ON_SITE, InspectionForm.SPOT_CHECK}:
            yield from too_few_invited({*case.group_deputies, *self.invited}, office)

    def apply(self, case: Inspection, act: Act) -> None:
        case.inspection_rounds.append(
            InspectionRound(self.form, act.occurred_on, self.place, self.invited, self.attended, self.summary)
        )


class InspectionProblemFound(
    Step,
    of=Inspection,
    wire="inspection.problem_found.v1",
    zh="问题发现",
    while_in=BEFORE_TABLING,
    by=COMMITTEE,
):
    """The inspection finds a problem: what, where, against which article, and whose it is."""

    problem: Code
    """Its key in the case, which it keeps on the list that is handed over."""
    text: Text
    unit: UnitCode | None = None
    place: Line | None = None
    provision: Line | None = None

    def check(self, case: Inspection, office: Office) -> None:
        if self.problem in case.found:
            raise Refused("problem-exists", field="problem", problem=self.problem)
        if self.unit is not None:
            office.require_unit(self.unit, "unit")

    def apply(self, case: Inspection, act: Act) -> None:
        case.found[self.problem] = FoundProblem(
            self.problem,
            FoundProblem.Stage.FOUND,
            self.text,
            self.unit,
            self.place,
            self.provision,
            act.occurred_on,
        )


class _OfFound(Step):
    """A step about one problem that was found."""

    problem: Code

    def named(self, case: Any) -> FoundProblem | None:
        """The problem, if it was found."""
        return None if case is None else case.found.get(self.problem)

    def acting_unit(self, case: Any) -> str | None:
        """The unit whose it is."""
        problem = self.named(case)
        return None if problem is None else problem.unit


class InspectionProblemPutRight(
    _OfFound,
    of=Inspection,
    wire="inspection.problem_put_right_at_once.v1",
    zh="立行立改",
    while_in=BEFORE_TABLING,
    part="found",
    names="problem",
    after={FoundProblem.Stage.FOUND},
    leads_to=FoundProblem.Stage.PUT_RIGHT_AT_ONCE,
    by=UNITS,
):
    """The organ puts it right while it is still inspected."""

    summary: Text

    def apply(self, case: Inspection, act: Act) -> None:
        if (problem := self.named(case)) is not None:
            problem.summary = self.summary


class InspectionProblemDismissed(
    _OfFound,
    of=Inspection,
    wire="inspection.problem_dismissed.v1",
    zh="问题核实不成立",
    while_in=BEFORE_TABLING,
    part="found",
    names="problem",
    after={FoundProblem.Stage.FOUND, FoundProblem.Stage.PUT_RIGHT_AT_ONCE},
    leads_to=FoundProblem.Stage.DISMISSED,
    by=CHAIRMEN,
):
    """The group has looked again, and it is none."""

    reason: Text

    def apply(self, case: Inspection, act: Act) -> None:
        if (problem := self.named(case)) is not None:
            problem.summary = self.reason


class InspectionEnded(
    Step,
    of=Inspection,
    wire="inspection.ended.v1",
    zh="检查结束",
    while_in={Stage.INSPECTING},
    leads_to=Stage.INSPECTED,
    by=CHAIRMEN,
    starts=(REPORT,),
):
    """The inspection is over; the group reports soon (监督法 art. 36)."""

    def dropped_clocks(self, case: Inspection) -> Iterator[ClockKey]:
        """Nobody is notified any more."""
        yield NOTICE, None


# The report


class InspectionReportDrafted(
    Step,
    of=Inspection,
    wire="inspection.report_drafted.v1",
    zh="起草执法检查报告",
    while_in={Stage.INSPECTED, Stage.REPORT_DRAFTED},
    leads_to=Stage.REPORT_DRAFTED,
    by=CHAIRMEN,
):
    """The group drafts its report."""

    summary: Text | None = None


class InspectionReportTabled(
    Step,
    of=Inspection,
    wire="inspection.report_tabled.v1",
    zh="提请审议执法检查报告",
    while_in={Stage.INSPECTED, Stage.REPORT_DRAFTED},
    leads_to=Stage.REPORT_TABLED,
    by=CHAIRMEN,
    stops=(REPORT,),
):
    """The chairmen's meeting puts the report before the standing committee; the law says what is in it (art. 36)."""

    assessment: Text | None = None
    """How the law is carried out, which problems there are, how to do better."""
    amendments: Text | None = None
    """How the laws and regulations themselves should be amended."""

    def breaches(self, case: Inspection, office: Office) -> Iterator[Refused]:
        """One of the two parts that the law wants is missing."""
        for name in ("assessment", "amendments"):
            if getattr(self, name) is None:
                yield Refused("inspection-report-incomplete", missing=name)

    def apply(self, case: Inspection, act: Act) -> None:
        case.tabled_on, case.assessment, case.amendments = act.occurred_on, self.assessment, self.amendments


class InspectionReportDeliberated(
    Step,
    of=Inspection,
    wire="inspection.deliberated.v1",
    zh="审议执法检查报告",
    while_in={Stage.REPORT_TABLED, Stage.DELIBERATED},
    leads_to=Stage.DELIBERATED,
    by=COMMITTEE,
):
    """The standing committee hears the report of the group and deliberates it."""

    reporter: Line | None = None
    speakers: tuple[Line, ...] = Field(default=(), max_length=500)
    """Members who spoke, by name."""
    sitting_in: tuple[DeputyId, ...] = Field(default=(), max_length=1000)
    summary: Text | None = None

    def check(self, case: Inspection, office: Office) -> None:
        require_deputies(self.sitting_in, office, "sitting_in")

    def apply(self, case: Inspection, act: Act) -> None:
        case.speakers = tuple(dict.fromkeys((*case.speakers, *self.speakers)))


class InspectionVoteHeld(
    VoteStep,
    of=Inspection,
    wire="inspection.vote_held.v1",
    zh="表决决议",
    while_in={Stage.DELIBERATED},
    by=COMMITTEE,
):
    """The standing committee votes on a resolution on the report; only the tallies are kept."""

    def apply(self, case: Inspection, act: Act) -> None:
        case.votes.append(self.counted(act.occurred_on))


class InspectionResolutionAdopted(
    ResolutionStep,
    of=Inspection,
    wire="inspection.resolution_adopted.v1",
    zh="作出决议",
    while_in={Stage.DELIBERATED},
    leads_to=Stage.RESOLVED,
    by=COMMITTEE,
):
    """The standing committee resolves on the report; in the term that it sets its execution is reported (art. 37)."""

    execution = EXECUTION

    def apply(self, case: Inspection, act: Act) -> None:
        case.resolution = self.title


class InspectionExecutionReported(
    Step,
    of=Inspection,
    wire="inspection.execution_reported.v1",
    zh="报告执行决议情况",
    while_in=AFTER_RESOLUTION,
    by=UNITS,
    stops=(EXECUTION,),
):
    """The organ reports how the resolution is executed, in the term that it set (监督法 art. 37)."""

    summary: Text

    def acting_unit(self, case: Inspection) -> str | None:
        return case.unit

    def apply(self, case: Inspection, act: Act) -> None:
        case.execution_reported_on = act.occurred_on


class InspectionResultSentUp(
    Step,
    of=Inspection,
    wire="inspection.result_sent_up.v1",
    zh="书面报送上级人大常委会",
    while_in={Stage.REPORT_DRAFTED, Stage.REPORT_TABLED, Stage.DELIBERATED} | AFTER_RESOLUTION,
    by=KEEPERS,
):
    """The result goes in writing to the standing committee above that entrusted it (监督法 art. 34)."""

    def already(self, case: Inspection) -> bool:
        return case.sent_up_on is not None

    def apply(self, case: Inspection, act: Act) -> None:
        case.sent_up_on = case.sent_up_on or act.occurred_on


class InspectionOpinionsAdopted(
    Step,
    of=Inspection,
    wire="inspection.opinions_adopted.v1",
    zh="通过执法检查审议意见",
    while_in={Stage.DELIBERATED, Stage.RESOLVED},
    leads_to=Stage.ADOPTED,
    by=CHAIRMEN,
    starts=(HAND_OVER,),
):
    """The opinions on the report are adopted; both are handed over by the step that all such cases share (art. 37)."""

    text: Text

    def apply(self, case: Inspection, act: Act) -> None:
        case.opinions = self.text
