"""Major-matter decision (重大事项决定): what the standing committee discusses and decides, and how it is carried out.

Also the government's own major decisions, which it reports before it issues them: that none was reported shows.
Sources: the eighteen articles, 7 to 10; the magazine's opinion, point 8; 监督法 (2024) art. 17; 地方组织法 art. 51.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from enum import auto

from pydantic import Field

from domain import clock
from domain.ballot import Vote, VoteStep
from domain.case import Act, Awaited, ClockKey, Role, Step
from domain.clock import Deadline
from domain.matter import (
    CHAIRMEN,
    COMMITTEE,
    UNITS,
    Gate,
    Matter,
    MatterOpening,
    PlanningStep,
    require_not_before,
    require_once,
    require_units,
)
from domain.office import Office
from domain.part import Part
from domain.refusal import Refused
from domain.values import Line, Text, UnitCode, Word

BILL, PRIOR_REPORT, DELIBERATE = "decision.bill", "decision.prior_report", "decision.deliberate"
COMMENT, EXECUTION = "decision.public_comment", "decision.execution"


class DecisionKind(Word):
    """What is done with it: the committee decides (讨论决定), or hears of a government's decision (出台前报告)."""

    COMMITTEE_DECIDES = auto()
    GOVERNMENT_DECIDES = auto()


class DecisionForm(Word):
    """What is adopted: 决议, 决定."""

    RESOLUTION = auto()
    DECISION = auto()


class MatterSource(Word):
    """Who proposed it: 市委, 主任会议, 一府一委两院, 专门委员会, 常委会组成人员, 代表议案建议."""

    PARTY_COMMITTEE = auto()
    CHAIRMEN_MEETING = auto()
    REPORTING_ORGAN = auto()
    SPECIAL_COMMITTEE = auto()
    MEMBERS = auto()
    DEPUTIES = auto()


@dataclass
class Execution(Part):
    """What one organ has to carry out, and what it reported (执行情况)."""

    class Stage(Word):
        TO_REPORT = auto()
        EXECUTION_REPORTED = auto()

    due_on: date | None = None
    reported_on: date | None = None
    summary: str | None = None
    major_problems: str | None = None


@dataclass(frozen=True)
class MatterConsultation:
    """A joint meeting of the offices of the Party committee, the standing committee and the government (联席会议)."""

    held_on: date
    organs: tuple[str, ...]
    summary: str


@dataclass
class MajorDecision(Matter, kind="decision", zh="重大事项决定"):
    """重大事项决定: proposed, planned, deliberated, adopted or answered by opinions, promulgated, carried out."""

    in_magazine = 2

    class Stage(Word):
        PROPOSED = auto()
        PLANNED = auto()
        PRIOR_REPORTED = auto()
        BILL_FILED = auto()
        DELIBERATED = auto()
        OPINIONS_ISSUED = auto()
        NOT_ADOPTED = auto()
        ADOPTED = auto()
        PROMULGATED = auto()
        GOVERNMENT_ISSUED = auto()
        EXECUTION_INSPECTED = auto()
        AMENDMENT_PROPOSED = auto()
        FULFILLED = auto()
        CLOSED = auto()
        DROPPED = auto()

    before_meeting = (BILL, PRIOR_REPORT)

    decision_kind: DecisionKind = DecisionKind.COMMITTEE_DECIDES
    source: MatterSource | None = None
    deployment: str | None = None
    """Which deployment of the Party committee it carries out."""
    consultations: list[MatterConsultation] = field(default_factory=list)
    prior_reported_on: date | None = None
    filed_on: date | None = None
    comment_until: date | None = None
    comments: int | None = None
    deliberated_on: list[date] = field(default_factory=list)
    text: str | None = None
    form: DecisionForm | None = None
    votes: list[Vote] = field(default_factory=list)
    adopted_on: date | None = None
    promulgated_on: date | None = None
    document_number: str | None = None
    issued_on: date | None = None
    """When the government issued its decision."""
    executions: dict[str, Execution] = field(default_factory=dict)
    inspected_on: date | None = None
    fulfilled_on: date | None = None

    @property
    def handed_to_units_on(self) -> date | None:
        return self.adopted_on if self.executions else None

    @property
    def answered_by_units_on(self) -> date | None:
        reported = [one.reported_on for one in self.executions.values()]
        return None if None in reported else max((day for day in reported if day is not None), default=None)

    @property
    def in_force(self) -> bool:
        """Whether a decision was adopted and is to be carried out."""
        return self.adopted_on is not None and not self.has_ended

    def still_due(self, rule: str) -> bool:
        """The government reports what it decides itself, and files what the committee is to decide."""
        done = self.prior_reported_on if rule == PRIOR_REPORT else self.filed_on
        asked = DecisionKind.GOVERNMENT_DECIDES if rule == PRIOR_REPORT else DecisionKind.COMMITTEE_DECIDES
        return done is None and self.decision_kind is asked and super().still_due(rule)

    def units_concerned(self) -> Iterator[str]:
        """The organ that files or reports, and who carries it out."""
        yield from super().units_concerned()
        yield from self.executions

    def audience(self) -> Iterator[str]:
        """Also the government's office: of what the government decides, and of the rest once it is planned."""
        yield from super().audience()
        if self.decision_kind is DecisionKind.GOVERNMENT_DECIDES or self.stage != self.Stage.PROPOSED:
            yield Role.GOVERNMENT_OFFICE

    def awaited(self) -> Iterator[Awaited]:
        """The report or bill, the committee's next step, and the reports on how it is carried out."""
        yield from super().awaited()
        if self.has_ended:
            return
        yield from self._awaited_before_it_is_decided()
        for execution in self.executions.values():
            if execution.stage is Execution.Stage.TO_REPORT and self.stage != self.Stage.FULFILLED:
                due_on = self.due_by(EXECUTION, execution.key)
                yield Awaited(
                    f"{Role.HANDLING_UNIT}:{execution.key}", ExecutionReported.declared.wire, due_on, execution.key
                )
        told_on = self.passed(Gate.RESULT_REPORTED)
        for execution in self.executions.values():
            if execution.major_problems and (told_on is None or told_on < (execution.reported_on or told_on)):
                yield Awaited(Role.DEPUTY_AFFAIRS, "matter.reported_to_party_committee.v1")
                break

    def _awaited_before_it_is_decided(self) -> Iterator[Awaited]:
        if self.stage in {self.Stage.PROPOSED, self.Stage.PLANNED} and self.unit is not None:
            of_government = self.decision_kind is DecisionKind.GOVERNMENT_DECIDES
            step: type[Step] = PriorReportReceived if of_government else MatterBillFiled
            due_on = self.due_by(PRIOR_REPORT if of_government else BILL)
            yield Awaited(f"{Role.HANDLING_UNIT}:{self.unit}", step.declared.wire, due_on)
        if (until := self.due_by(COMMENT)) is not None:
            yield Awaited(Role.DEPUTY_AFFAIRS, MatterCommentClosed.declared.wire, until)
        following: dict[str | None, type[Step]] = {
            self.Stage.PRIOR_REPORTED: MatterDeliberated,
            self.Stage.BILL_FILED: MatterDeliberated,
            self.Stage.ADOPTED: DecisionPromulgated,
            self.Stage.AMENDMENT_PROPOSED: AmendmentVoted,
        }
        if self.stage == self.Stage.PROPOSED and self.unit is None:
            yield Awaited(Role.DEPUTY_AFFAIRS, MatterPlanned.declared.wire)
        elif (step_next := following.get(self.stage)) is not None:
            due_on = self.due_by(DELIBERATE) if step_next is MatterDeliberated else None
            yield Awaited(Role.DEPUTY_AFFAIRS, step_next.declared.wire, due_on)


Stage = MajorDecision.Stage
NOT_YET_FILED = {Stage.PROPOSED, Stage.PLANNED, Stage.PRIOR_REPORTED}
CARRIED_OUT = {Stage.PROMULGATED, Stage.EXECUTION_INSPECTED}
ISSUED_EARLY = {
    Stage.PROPOSED,
    Stage.PLANNED,
    Stage.PRIOR_REPORTED,
    Stage.BILL_FILED,
    Stage.DELIBERATED,
    Stage.OPINIONS_ISSUED,
    Stage.NOT_ADOPTED,
}


# Choosing it


class MatterProposed(
    MatterOpening,
    of=MajorDecision,
    wire="decision.proposed.v1",
    zh="提出重大事项议题",
    opens=True,
    leads_to=Stage.PROPOSED,
    by=CHAIRMEN | {Role.PARTY_GROUP},
):
    """A matter is proposed for discussion and decision, or a decision of the government becomes known."""

    kind: DecisionKind
    source: MatterSource | None = None
    deployment: Line | None = None
    """Which deployment of the Party committee it carries out (eighteen articles, 8: two decisions a year do)."""
    basis: Text | None = None

    def apply(self, case: MajorDecision, act: Act) -> None:
        super().apply(case, act)
        case.decision_kind, case.source, case.deployment = self.kind, self.source, self.deployment


class MatterJointMeetingHeld(
    Step,
    of=MajorDecision,
    wire="decision.joint_meeting_held.v1",
    zh="联席会议协商议题",
    while_in=NOT_YET_FILED,
    by=CHAIRMEN,
):
    """The offices of the Party committee, the standing committee and the government consult (opinion, point 8)."""

    organs: tuple[Line, ...] = Field(min_length=1, max_length=50)
    summary: Text

    def check(self, case: MajorDecision, office: Office) -> None:
        require_once(self.organs, "organs")

    def apply(self, case: MajorDecision, act: Act) -> None:
        case.consultations.append(MatterConsultation(act.occurred_on, self.organs, self.summary))


class MatterPlanned(
    PlanningStep,
    of=MajorDecision,
    wire="decision.planned.v1",
    zh="列入年度工作计划",
    while_in={Stage.PROPOSED},
    leads_to=Stage.PLANNED,
    by=CHAIRMEN,
):
    """It is put into the yearly plan, which the Party group and then the Party committee approve (articles, 7)."""


# Reporting and filing it


class PriorReportReceived(
    Step,
    of=MajorDecision,
    wire="decision.prior_report_received.v1",
    zh="重大决策出台前报告",
    while_in=NOT_YET_FILED | {Stage.GOVERNMENT_ISSUED},
    leads_to=Stage.PRIOR_REPORTED,
    by=UNITS,
    starts=(DELIBERATE,),
    stops=(PRIOR_REPORT,),
):
    """The government reports a major decision before it issues it (eighteen articles, 9)."""

    unit: UnitCode
    summary: Text

    def check(self, case: MajorDecision, office: Office) -> None:
        office.require_unit(self.unit, "unit")

    def breaches(self, case: MajorDecision, office: Office) -> Iterator[Refused]:
        """It was issued before."""
        if case.issued_on is not None:
            yield Refused("reported-after-issue", issued_on=case.issued_on.isoformat())

    def apply(self, case: MajorDecision, act: Act) -> None:
        case.unit = case.unit or self.unit
        case.prior_reported_on = case.prior_reported_on or act.occurred_on


class MatterBillFiled(
    Step,
    of=MajorDecision,
    wire="decision.bill_filed.v1",
    zh="提请审议",
    while_in=NOT_YET_FILED | {Stage.NOT_ADOPTED, Stage.GOVERNMENT_ISSUED},
    leads_to=Stage.BILL_FILED,
    by=UNITS | {Role.CHAIRMEN_MEETING},
    starts=(DELIBERATE,),
    stops=(BILL,),
):
    """The bill for a decision is filed with the standing committee: by an organ, or by members jointly."""

    unit: UnitCode | None = None
    proposers: tuple[Line, ...] = Field(default=(), max_length=200)
    """Members who file it jointly, by name."""
    text: Text

    def check(self, case: MajorDecision, office: Office) -> None:
        if self.unit is not None:
            office.require_unit(self.unit, "unit")
        require_once(self.proposers, "proposers")

    def acting_unit(self, case: MajorDecision) -> str | None:
        return self.unit or case.unit

    def apply(self, case: MajorDecision, act: Act) -> None:
        case.unit, case.text, case.filed_on = case.unit or self.unit, self.text, act.occurred_on


class MatterCommentOpened(
    Step,
    of=MajorDecision,
    wire="decision.public_comment_opened.v1",
    zh="公开征求意见",
    while_in=NOT_YET_FILED | {Stage.BILL_FILED},
    by=CHAIRMEN,
):
    """The draft is published for comments until a day; hearings and expert arguments are activities."""

    due_on: date
    place: Line | None = None

    def check(self, case: MajorDecision, office: Office) -> None:
        require_not_before(self.due_on, office)

    def agreed_deadlines(self, act: Act) -> Iterator[Deadline]:
        yield clock.agreed(COMMENT, act.occurred_on, self.due_on)

    def apply(self, case: MajorDecision, act: Act) -> None:
        case.comment_until = self.due_on


class MatterCommentClosed(
    Step,
    of=MajorDecision,
    wire="decision.public_comment_closed.v1",
    zh="汇总公众意见",
    while_in=NOT_YET_FILED | {Stage.BILL_FILED, Stage.DELIBERATED},
    by=CHAIRMEN,
    stops=(COMMENT,),
):
    """What the public said is put together."""

    comments: int = Field(ge=0, le=10_000_000)
    summary: Text | None = None

    def check(self, case: MajorDecision, office: Office) -> None:
        if case.comment_until is None:
            raise Refused("no-comment-period")

    def apply(self, case: MajorDecision, act: Act) -> None:
        case.comments = self.comments


# Deciding it


class MatterDeliberated(
    Step,
    of=MajorDecision,
    wire="decision.deliberated.v1",
    zh="审议重大事项",
    while_in={Stage.PRIOR_REPORTED, Stage.BILL_FILED, Stage.DELIBERATED},
    leads_to=Stage.DELIBERATED,
    by=COMMITTEE,
    stops=(DELIBERATE,),
):
    """The standing committee deliberates the bill or the report, at a further meeting again (再次审议).

    What is not put to the vote yet goes on as the chairmen's meeting proposes (地方组织法 art. 54).
    """

    speakers: tuple[Line, ...] = Field(default=(), max_length=500)
    summary: Text | None = None

    def apply(self, case: MajorDecision, act: Act) -> None:
        case.deliberated_on.append(act.occurred_on)


class MatterDraftAmended(
    Step,
    of=MajorDecision,
    wire="decision.draft_amended.v1",
    zh="修改决议决定草案",
    while_in={Stage.BILL_FILED, Stage.DELIBERATED},
    by=CHAIRMEN,
):
    """The draft is amended after what was said of it, and comes before the standing committee as amended.

    A committee looks further into it and reports (全国人大常委会议事规则 2009 art. 20, by analogy).
    """

    text: Text
    """The draft as amended."""
    summary: Text | None = None
    """What was changed, and why."""

    def already(self, case: MajorDecision) -> bool:
        return case.text == self.text

    def apply(self, case: MajorDecision, act: Act) -> None:
        case.text = self.text


class DecisionVoted(
    VoteStep,
    of=MajorDecision,
    wire="decision.voted.v1",
    zh="表决决议决定",
    while_in={Stage.DELIBERATED},
    moves={(Stage.DELIBERATED, Stage.ADOPTED), (Stage.DELIBERATED, Stage.NOT_ADOPTED)},
    by=COMMITTEE,
):
    """The standing committee votes; adopted by more than half of all members (地方组织法 art. 51)."""

    form: DecisionForm
    text: Text | None = None
    """As it was put to the vote."""
    units: tuple[UnitCode, ...] = Field(default=(), max_length=50)
    """The organs that are to carry it out and to report."""
    due_on: date | None = None
    """The term that the resolution sets for their report (监督法 art. 17)."""

    def acting_unit(self, case: MajorDecision) -> str | None:
        return None

    def check(self, case: MajorDecision, office: Office) -> None:
        super().check(case, office)
        require_units(self.units, office, "units")
        if self.due_on is not None:
            require_not_before(self.due_on, office)

    def agreed_deadlines(self, act: Act) -> Iterator[Deadline]:
        if self.due_on is not None and self.counted(act.occurred_on).passed:
            yield from (clock.agreed(EXECUTION, act.occurred_on, self.due_on, unit) for unit in self.units)

    def apply(self, case: MajorDecision, act: Act) -> None:
        vote = self.counted(act.occurred_on)
        case.votes.append(vote)
        case.stage = Stage.ADOPTED if vote.passed else Stage.NOT_ADOPTED
        if vote.passed:
            case.form, case.text, case.adopted_on = self.form, self.text or case.text, act.occurred_on
            for unit in self.units:
                case.executions[unit] = Execution(unit, Execution.Stage.TO_REPORT, self.due_on)


class DecisionOpinionsIssued(
    Step,
    of=MajorDecision,
    wire="decision.opinions_issued.v1",
    zh="提出意见建议",
    while_in={Stage.DELIBERATED},
    leads_to=Stage.OPINIONS_ISSUED,
    by=COMMITTEE,
):
    """No decision is made; what the members said is given to the organ. Following it up is a case of its own."""

    opinion: Text

    def apply(self, case: MajorDecision, act: Act) -> None:
        case.text = self.opinion


class DecisionPromulgated(
    Step,
    of=MajorDecision,
    wire="decision.promulgated.v1",
    zh="公布决议决定",
    while_in={Stage.ADOPTED},
    leads_to=Stage.PROMULGATED,
    by=CHAIRMEN,
):
    """The decision is promulgated."""

    document_number: Line | None = None
    place: Line | None = None
    """Where it can be read."""

    def apply(self, case: MajorDecision, act: Act) -> None:
        case.promulgated_on = act.occurred_on
        case.document_number = self.document_number or case.document_number


class GovernmentDecisionIssued(
    Step,
    of=MajorDecision,
    wire="decision.government_issued.v1",
    zh="政府重大决策出台",
    not_in={Stage.GOVERNMENT_ISSUED, Stage.CLOSED, Stage.DROPPED},
    moves={(stage, Stage.GOVERNMENT_ISSUED) for stage in ISSUED_EARLY},
    by=UNITS,
):
    """The government issues its decision. Where no report came before, that shows (eighteen articles, 9)."""

    unit: UnitCode
    document_number: Line | None = None

    def check(self, case: MajorDecision, office: Office) -> None:
        office.require_unit(self.unit, "unit")

    def breaches(self, case: MajorDecision, office: Office) -> Iterator[Refused]:
        """It was not reported before."""
        if case.prior_reported_on is None:
            yield Refused("issued-without-prior-report")

    def apply(self, case: MajorDecision, act: Act) -> None:
        case.unit, case.issued_on = case.unit or self.unit, act.occurred_on
        if case.stage in ISSUED_EARLY:
            case.stage = Stage.GOVERNMENT_ISSUED


# Carrying it out


class ExecutionAssigned(
    Step,
    of=MajorDecision,
    wire="decision.execution_assigned.v1",
    zh="明确执行单位",
    while_in={Stage.ADOPTED, Stage.AMENDMENT_PROPOSED} | CARRIED_OUT,
    by=CHAIRMEN,
):
    """Who is to carry it out and to report is said after it was adopted, or the term is set anew."""

    unit: UnitCode
    due_on: date

    def acting_unit(self, case: MajorDecision) -> str | None:
        return None

    def check(self, case: MajorDecision, office: Office) -> None:
        office.require_unit(self.unit, "unit")
        require_not_before(self.due_on, office)

    def already(self, case: MajorDecision) -> bool:
        execution = case.executions.get(self.unit)
        return (
            execution is not None and execution.due_on == self.due_on and execution.stage is Execution.Stage.TO_REPORT
        )

    def agreed_deadlines(self, act: Act) -> Iterator[Deadline]:
        yield clock.agreed(EXECUTION, act.occurred_on, self.due_on, self.unit)

    def apply(self, case: MajorDecision, act: Act) -> None:
        execution = case.executions.setdefault(self.unit, Execution(self.unit, Execution.Stage.TO_REPORT))
        execution.stage, execution.due_on = Execution.Stage.TO_REPORT, self.due_on


class ExecutionReported(
    Step,
    of=MajorDecision,
    wire="decision.execution_reported.v1",
    zh="报告执行情况",
    while_in={Stage.ADOPTED, Stage.AMENDMENT_PROPOSED, Stage.FULFILLED} | CARRIED_OUT,
    part="executions",
    names="unit",
    leads_to=Execution.Stage.EXECUTION_REPORTED,
    by=UNITS,
    stops=(EXECUTION,),
):
    """An organ reports how the decision is carried out, within the term that it sets (articles, 10; 监督法 art. 17)."""

    unit: UnitCode
    summary: Text
    major_problems: Text | None = None
    """Problems so great that the Party committee is told of them."""

    def check(self, case: MajorDecision, office: Office) -> None:
        office.require_unit(self.unit, "unit")

    def apply(self, case: MajorDecision, act: Act) -> None:
        if (execution := case.executions.get(self.unit)) is not None:
            execution.reported_on, execution.summary = act.occurred_on, self.summary
            execution.major_problems = self.major_problems


class ExecutionInspected(
    Step,
    of=MajorDecision,
    wire="decision.execution_inspected.v1",
    zh="监督检查执行情况",
    while_in=CARRIED_OUT,
    leads_to=Stage.EXECUTION_INSPECTED,
    by=COMMITTEE,
):
    """The committee looks how it is carried out: by deliberation, inquiry, appraisal or on the spot (articles, 10)."""

    members: tuple[Line, ...] = Field(default=(), max_length=200)
    summary: Text

    def apply(self, case: MajorDecision, act: Act) -> None:
        case.inspected_on = act.occurred_on


class AmendmentProposed(
    Step,
    of=MajorDecision,
    wire="decision.amendment_proposed.v1",
    zh="提出修改决议决定",
    while_in=CARRIED_OUT,
    leads_to=Stage.AMENDMENT_PROPOSED,
    by=COMMITTEE,
):
    """Somebody proposes to change the decision, and says why."""

    reason: Text


class AmendmentVoted(
    VoteStep,
    of=MajorDecision,
    wire="decision.amendment_voted.v1",
    zh="表决修改决议决定",
    while_in={Stage.AMENDMENT_PROPOSED},
    moves={(Stage.AMENDMENT_PROPOSED, Stage.ADOPTED), (Stage.AMENDMENT_PROPOSED, Stage.PROMULGATED)},
    by=COMMITTEE,
):
    """The standing committee votes on the change; where it is not adopted, the decision stands as it was."""

    text: Text
    """The decision as changed."""

    def apply(self, case: MajorDecision, act: Act) -> None:
        vote = self.counted(act.occurred_on)
        case.votes.append(vote)
        case.stage = Stage.ADOPTED if vote.passed else Stage.PROMULGATED
        if vote.passed:
            case.text, case.adopted_on = self.text, case.adopted_on or act.occurred_on


class DecisionFulfilled(
    Step,
    of=MajorDecision,
    wire="decision.fulfilled.v1",
    zh="决议决定执行完毕",
    while_in=CARRIED_OUT,
    leads_to=Stage.FULFILLED,
    by=COMMITTEE,
):
    """What the decision asked for is done."""

    note: Text | None = None

    def breaches(self, case: MajorDecision, office: Office) -> Iterator[Refused]:
        """Organs that never reported how they carried it out."""
        if silent := [unit for unit, one in case.executions.items() if one.reported_on is None]:
            yield Refused("fulfilled-without-report", units=silent)

    def dropped_clocks(self, case: MajorDecision) -> Iterator[ClockKey]:
        yield from ((EXECUTION, unit) for unit in case.executions)

    def apply(self, case: MajorDecision, act: Act) -> None:
        case.fulfilled_on = act.occurred_on
