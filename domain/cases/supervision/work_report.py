"""Special work report (听取审议专项工作报告): an organ reports on its work, the standing committee deliberates it.

The opinions of the deliberation are a case of their own (审议意见), tied to this one. Source: 监督法 (2024) art. 11-17.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from enum import auto
from typing import Any

from pydantic import Field

from domain import clock
from domain.ballot import Poll, PollStep, Rating, Vote, VoteStep
from domain.case import Act, Awaited, ClockKey, Role, Step
from domain.clock import Deadline
from domain.matter import (
    CHAIRMEN,
    COMMITTEE,
    KEEPERS,
    UNITS,
    Matter,
    MatterOpening,
    TopicSource,
    require_deputies,
    require_not_before,
    require_once,
)
from domain.office import Office
from domain.refusal import Refused
from domain.resolution import ResolutionStep
from domain.values import DeputyId, Line, Text, Word

DRAFT, COMMENT = "work_report.draft", "work_report.comment"
SUBMISSION, DISTRIBUTION = "work_report.submission", "work_report.distribution"
AGAIN, EXECUTION = "work_report.again", "work_report.execution"


class ReportingOrgan(Word):
    """Who reports (一府一委两院)."""

    GOVERNMENT = auto()
    SUPERVISORY_COMMISSION = auto()
    COURT = auto()
    PROCURATORATE = auto()


class WorkReportKind(Word):
    """What is reported on: 专项工作, and every year 环境状况, 备案审查, 代表建议办理情况, 民生实事."""

    SPECIAL_WORK = auto()
    ENVIRONMENT = auto()
    FILING_REVIEW = auto()
    SUGGESTIONS = auto()
    LIVELIHOOD_PROJECTS = auto()


class Reporter(Word):
    """In which capacity somebody reports: 负责人, or 受委托的部门负责人, which only a government may send."""

    HEAD = auto()
    DELEGATED = auto()


class ReportVersionKind(Word):
    """Which version of a report it is: the draft for comment (征求意见稿), or what was submitted (送交稿)."""

    FOR_COMMENT = auto()
    SUBMITTED = auto()


@dataclass(frozen=True)
class ReportVersion:
    """A version of the report, and the hash of its paper."""

    kind: ReportVersionKind
    sent_on: date
    turn: int
    sha256: str | None


@dataclass(frozen=True)
class AnsweredInquiry:
    """What a member asked in the deliberation, and the answer (询问答复)."""

    asked_on: date
    question: str
    answer: str


@dataclass
class WorkReport(Matter, kind="work_report", zh="听取审议专项工作报告"):
    """专项工作报告: chosen, prepared, drafted, submitted, heard, deliberated; perhaps with a resolution to execute."""

    in_magazine = 4

    class Stage(Word):
        PROPOSED = auto()
        PLANNED = auto()
        PREPARING = auto()
        REPORT_DRAFTED = auto()
        REPORT_SUBMITTED = auto()
        HEARD = auto()
        DELIBERATED = auto()
        RESOLVED = auto()
        EXECUTION_REPORTED = auto()
        REPORT_DEMANDED_AGAIN = auto()
        CLOSED = auto()
        DROPPED = auto()

    before_meeting = (DRAFT, SUBMISSION, DISTRIBUTION)

    reporting_organ: ReportingOrgan = ReportingOrgan.GOVERNMENT
    report_kind: WorkReportKind = WorkReportKind.SPECIAL_WORK
    sources: tuple[TopicSource, ...] = ()
    implementation_plan: str | None = None
    survey_reports: list[str] = field(default_factory=list)
    gathered_on: date | None = None
    gathered_opinions: str | None = None
    turn: int = 1
    """Which report it is: 1, and one more each time another one is demanded."""
    versions: list[ReportVersion] = field(default_factory=list)
    comment: str | None = None
    distributed_on: date | None = None
    heard_on: date | None = None
    reporter: str | None = None
    referred_to: str | None = None
    speakers: tuple[str, ...] = ()
    sitting_in: tuple[str, ...] = ()
    deliberated_on: list[date] = field(default_factory=list)
    answered_inquiries: list[AnsweredInquiry] = field(default_factory=list)
    votes: list[Vote] = field(default_factory=list)
    resolution: str | None = None
    resolved_on: date | None = None
    polls: list[Poll] = field(default_factory=list)
    execution_reported_on: date | None = None
    follow_ups: list[date] = field(default_factory=list)

    @property
    def sort(self) -> str | None:
        return self.report_kind

    @property
    def rating(self) -> Rating | None:
        return self.polls[-1].rating if self.polls else None

    @property
    def organ_key(self) -> str:
        """Who is to report, as a key: the unit, else the government; the office for another organ that is no unit."""
        if self.unit is not None:
            return f"{Role.HANDLING_UNIT}:{self.unit}"
        return Role.GOVERNMENT_OFFICE if self.reporting_organ is ReportingOrgan.GOVERNMENT else Role.DEPUTY_AFFAIRS

    def still_due(self, rule: str) -> bool:
        """What was not sent, submitted or distributed of the report that is awaited."""
        sent = {version.kind for version in self.versions if version.turn == self.turn}
        done = {DRAFT: bool(sent), SUBMISSION: ReportVersionKind.SUBMITTED in sent, DISTRIBUTION: self.distributed_on}
        return self.stage in BEFORE_HEARING | {Stage.PROPOSED} and not done[rule]

    def add_version(self, kind: ReportVersionKind, act: Act) -> None:
        """The organ sends or submits a version of its report."""
        paper = None if act.source is None else act.source.sha256
        self.versions.append(ReportVersion(kind, act.occurred_on, self.turn, paper))

    def audience(self) -> Iterator[str]:
        """Also the government's office, where the government reports and it is planned."""
        yield from super().audience()
        if self.reporting_organ is ReportingOrgan.GOVERNMENT and self.stage is not Stage.PROPOSED:
            yield Role.GOVERNMENT_OFFICE

    def awaited(self) -> Iterator[Awaited]:
        """What comes next before the meeting, and after a resolution or a demand."""
        yield from super().awaited()
        match self.stage:
            case Stage.PLANNED:
                yield self._of_office(WorkReportPlanMade)
            case Stage.PREPARING:
                if self.gathered_on is None:
                    yield self._of_office(WorkReportOpinionsGathered)
                yield self._of_organ(WorkReportSentForComment, DRAFT)
            case Stage.REPORT_DRAFTED:
                if self.due_by(COMMENT) is not None:
                    yield self._of_office(WorkReportCommented, COMMENT)
                yield self._submission()
            case Stage.REPORT_SUBMITTED if self.distributed_on is None:
                yield self._of_office(WorkReportDistributed, DISTRIBUTION)
            case Stage.REPORT_DEMANDED_AGAIN:
                if self.due_by(DRAFT) is not None:
                    yield self._of_organ(WorkReportSentForComment, DRAFT)
                yield self._submission()
        if self.stage is Stage.RESOLVED or self.due_by(EXECUTION) is not None:
            yield self._of_organ(WorkReportExecutionReported, EXECUTION)

    def _submission(self) -> Awaited:
        due = [day for rule in (SUBMISSION, AGAIN) if (day := self.due_by(rule)) is not None]
        return Awaited(self.organ_key, WorkReportSubmitted.declared.wire, min(due, default=None))

    def _of_office(self, step: type[Step], rule: str | None = None) -> Awaited:
        return Awaited(Role.DEPUTY_AFFAIRS, step.declared.wire, None if rule is None else self.due_by(rule))

    def _of_organ(self, step: type[Step], rule: str) -> Awaited:
        return Awaited(self.organ_key, step.declared.wire, self.due_by(rule))


Stage = WorkReport.Stage
BEFORE_HEARING = frozenset(
    {Stage.PLANNED, Stage.PREPARING, Stage.REPORT_DRAFTED, Stage.REPORT_SUBMITTED, Stage.REPORT_DEMANDED_AGAIN}
)
"""Before a report is heard, the first one or another that was demanded."""
AFTER_DELIBERATION = frozenset({Stage.DELIBERATED, Stage.RESOLVED, Stage.EXECUTION_REPORTED})
MAY_BE_EXECUTED = AFTER_DELIBERATION | {
    Stage.REPORT_DEMANDED_AGAIN,
    Stage.REPORT_DRAFTED,
    Stage.REPORT_SUBMITTED,
    Stage.HEARD,
}
"""Where there may be a resolution, also while another report on the same work is prepared and heard."""


class _OfOrgan(Step):
    """A step of the organ that reports."""

    def acting_unit(self, case: WorkReport) -> str | None:
        return case.unit


# Choosing and preparing


class WorkReportProposed(
    MatterOpening,
    of=WorkReport,
    wire="work_report.topic_proposed.v1",
    zh="议题提出",
    opens=True,
    leads_to=Stage.PROPOSED,
    by=KEEPERS | {Role.CHAIRMEN_MEETING},
):
    """Somebody proposes what is to be reported on (监督法 art. 12); some reports a law wants every year."""

    reporting_organ: ReportingOrgan
    kind: WorkReportKind = WorkReportKind.SPECIAL_WORK
    sources: tuple[TopicSource, ...] = Field(default=(), max_length=8)
    basis: Text | None = None
    """What was found or said that makes it a topic."""

    def check(self, case: Any, office: Office) -> None:
        super().check(case, office)
        require_once(self.sources, "sources")

    def apply(self, case: WorkReport, act: Act) -> None:
        super().apply(case, act)
        case.reporting_organ, case.report_kind, case.sources = self.reporting_organ, self.kind, self.sources


class WorkReportPlanned(
    Step,
    of=WorkReport,
    wire="work_report.planned.v1",
    zh="列入年度监督计划",
    while_in={Stage.PROPOSED},
    leads_to=Stage.PLANNED,
    by=CHAIRMEN,
):
    """The chairmen's meeting puts it into the plan of the year (监督法 art. 63)."""


class WorkReportPlanMade(
    Step,
    of=WorkReport,
    wire="work_report.implementation_plan_made.v1",
    zh="制定实施方案",
    while_in={Stage.PLANNED},
    leads_to=Stage.PREPARING,
    by=CHAIRMEN,
):
    """The committee in charge says how the report is prepared: surveys, who goes where, by when."""

    summary: Text

    def apply(self, case: WorkReport, act: Act) -> None:
        case.implementation_plan = self.summary


class WorkReportSurveyDistributed(
    Step,
    of=WorkReport,
    wire="work_report.survey_report_distributed.v1",
    zh="印发专题调研报告",
    while_in=BEFORE_HEARING,
    by=KEEPERS,
):
    """The committee's report on its survey is printed for the meeting (监督法 art. 13)."""

    title: Line

    def apply(self, case: WorkReport, act: Act) -> None:
        case.survey_reports.append(self.title)


class WorkReportOpinionsGathered(
    Step,
    of=WorkReport,
    wire="work_report.opinions_gathered.v1",
    zh="意见汇总交报告机关",
    while_in=BEFORE_HEARING,
    by=KEEPERS,
):
    """The office gathers what is said of that work and hands it to the organ, which answers in its report (art. 14)."""

    text: Text

    def apply(self, case: WorkReport, act: Act) -> None:
        case.gathered_on, case.gathered_opinions = act.occurred_on, self.text


# The report


class WorkReportSentForComment(
    _OfOrgan,
    of=WorkReport,
    wire="work_report.draft_sent_for_comment.v1",
    zh="报告征求意见",
    while_in={Stage.PLANNED, Stage.PREPARING, Stage.REPORT_DRAFTED, Stage.REPORT_DEMANDED_AGAIN},
    leads_to=Stage.REPORT_DRAFTED,
    by=UNITS,
    starts=(COMMENT,),
    stops=(DRAFT,),
):
    """The organ sends the draft to the committee in charge, 20 days before the meeting (监督法 art. 15).

    So it does with the draft of another report that was demanded.
    """

    summary: Text | None = None

    def apply(self, case: WorkReport, act: Act) -> None:
        case.add_version(ReportVersionKind.FOR_COMMENT, act)


class WorkReportCommented(
    Step,
    of=WorkReport,
    wire="work_report.draft_commented.v1",
    zh="专工委反馈意见",
    while_in={Stage.REPORT_DRAFTED},
    by=CHAIRMEN,
    stops=(COMMENT,),
):
    """The committee in charge says what it thinks of the draft."""

    summary: Text

    def apply(self, case: WorkReport, act: Act) -> None:
        case.comment = self.summary


class WorkReportSubmitted(
    _OfOrgan,
    of=WorkReport,
    wire="work_report.submitted.v1",
    zh="报告送交常委会",
    while_in={Stage.PREPARING, Stage.REPORT_DRAFTED, Stage.REPORT_DEMANDED_AGAIN},
    leads_to=Stage.REPORT_SUBMITTED,
    by=UNITS,
    stops=(SUBMISSION, AGAIN),
):
    """The organ submits the revised report to the standing committee, 10 days before the meeting (监督法 art. 15)."""

    answers_opinions: bool | None = None
    """Whether it answers the opinions that were gathered (art. 14)."""

    def breaches(self, case: WorkReport, office: Office) -> Iterator[Refused]:
        """The draft goes to the committee in charge first; the report answers what was gathered."""
        if case.heard_on is None and not any(one.kind is ReportVersionKind.FOR_COMMENT for one in case.versions):
            yield Refused("report-without-comment")
        if case.gathered_on is not None and self.answers_opinions is False:
            yield Refused("gathered-opinions-not-answered")

    def dropped_clocks(self, case: WorkReport) -> Iterator[ClockKey]:
        """Nobody comments on the draft any more."""
        yield from ((DRAFT, None), (COMMENT, None))

    def apply(self, case: WorkReport, act: Act) -> None:
        case.add_version(ReportVersionKind.SUBMITTED, act)


class WorkReportDistributed(
    Step,
    of=WorkReport,
    wire="work_report.distributed.v1",
    zh="印发组成人员",
    while_in={Stage.REPORT_SUBMITTED},
    by=KEEPERS,
    stops=(DISTRIBUTION,),
):
    """The office distributes the report to the members, 7 days before the meeting (监督法 art. 15)."""

    def already(self, case: WorkReport) -> bool:
        return case.distributed_on is not None

    def apply(self, case: WorkReport, act: Act) -> None:
        case.distributed_on = act.occurred_on


# The meeting


class WorkReportHeard(
    Step,
    of=WorkReport,
    wire="work_report.heard.v1",
    zh="听取报告",
    while_in={Stage.REPORT_DRAFTED, Stage.REPORT_SUBMITTED},
    leads_to=Stage.HEARD,
    by=COMMITTEE,
):
    """The head of the organ reports; a government may send the head of a department (监督法 art. 16)."""

    reporter: Line
    capacity: Reporter = Reporter.HEAD
    sitting_in: tuple[DeputyId, ...] = Field(default=(), max_length=1000)
    """Deputies who sit in, such as those who took part in the survey (art. 13)."""

    def check(self, case: WorkReport, office: Office) -> None:
        require_deputies(self.sitting_in, office, "sitting_in")

    def breaches(self, case: WorkReport, office: Office) -> Iterator[Refused]:
        """Courts, procuratorates and supervisory commissions report by their head; members have the report before."""
        if self.capacity is Reporter.DELEGATED and case.reporting_organ is not ReportingOrgan.GOVERNMENT:
            yield Refused("reporter-not-head", reporter=self.reporter)
        if case.distributed_on is None:
            yield Refused("report-not-distributed")

    def dropped_clocks(self, case: WorkReport) -> Iterator[ClockKey]:
        """What was due before the meeting."""
        yield from ((rule, None) for rule in (DRAFT, COMMENT, SUBMISSION, DISTRIBUTION, AGAIN))

    def apply(self, case: WorkReport, act: Act) -> None:
        case.heard_on, case.reporter = act.occurred_on, self.reporter
        case.sitting_in = tuple(dict.fromkeys((*case.sitting_in, *self.sitting_in)))


class WorkReportReferred(
    Step,
    of=WorkReport,
    wire="work_report.referred_to_committee.v1",
    zh="交专门委员会审议",
    while_in=BEFORE_HEARING | {Stage.HEARD},
    by=CHAIRMEN,
):
    """The chairmen's meeting has a special committee deliberate the report (监督法 art. 16)."""

    committee: Line

    def apply(self, case: WorkReport, act: Act) -> None:
        case.referred_to = self.committee


class WorkReportDeliberated(
    Step,
    of=WorkReport,
    wire="work_report.deliberated.v1",
    zh="审议",
    while_in={Stage.HEARD, Stage.DELIBERATED},
    leads_to=Stage.DELIBERATED,
    by=COMMITTEE,
):
    """The standing committee deliberates the report; it may go on at a later meeting (再审、续审)."""

    speakers: tuple[Line, ...] = Field(default=(), max_length=500)
    """Members who spoke, by name."""
    present: int | None = Field(default=None, ge=1, le=100_000)
    """How many members were present."""
    summary: Text | None = None

    def apply(self, case: WorkReport, act: Act) -> None:
        case.deliberated_on.append(act.occurred_on)
        case.speakers = tuple(dict.fromkeys((*case.speakers, *self.speakers)))


class WorkReportInquiryAnswered(
    Step,
    of=WorkReport,
    wire="work_report.inquiry_answered.v1",
    zh="询问答复",
    while_in={Stage.HEARD, Stage.DELIBERATED},
    by=COMMITTEE,
):
    """Somebody of the organ, who is there for that, answers what a member asks in the deliberation (监督法 art. 46)."""

    question: Text
    answer: Text

    def apply(self, case: WorkReport, act: Act) -> None:
        case.answered_inquiries.append(AnsweredInquiry(act.occurred_on, self.question, self.answer))


class WorkReportVoteHeld(
    VoteStep,
    of=WorkReport,
    wire="work_report.vote_held.v1",
    zh="表决决议",
    while_in={Stage.DELIBERATED},
    by=COMMITTEE,
):
    """The standing committee votes on a resolution on the report; only the tallies are kept."""

    def apply(self, case: WorkReport, act: Act) -> None:
        case.votes.append(self.counted(act.occurred_on))


class WorkReportResolutionAdopted(
    ResolutionStep,
    of=WorkReport,
    wire="work_report.resolution_adopted.v1",
    zh="作出决议",
    while_in={Stage.DELIBERATED},
    leads_to=Stage.RESOLVED,
    by=COMMITTEE,
):
    """The standing committee resolves on the report; in the term that it sets its execution is reported (art. 17)."""

    execution = EXECUTION

    def apply(self, case: WorkReport, act: Act) -> None:
        case.resolution, case.resolved_on = self.title, act.occurred_on


class WorkReportPollHeld(
    PollStep,
    of=WorkReport,
    wire="work_report.poll_held.v1",
    zh="满意度测评",
    while_in=AFTER_DELIBERATION,
    by=COMMITTEE,
):
    """How satisfied the members are with the work reported on; each further poll stands beside the earlier ones."""

    rule = "poll.work_report"

    def apply(self, case: WorkReport, act: Act) -> None:
        case.polls.append(self.counted(act.occurred_on))


class WorkReportDemandedAgain(
    Step,
    of=WorkReport,
    wire="work_report.demanded_again.v1",
    zh="要求再次报告",
    while_in=AFTER_DELIBERATION,
    leads_to=Stage.REPORT_DEMANDED_AGAIN,
    by=COMMITTEE,
):
    """The standing committee is not satisfied and wants another report (浙江议事规则 2020 art. 29)."""

    reason: Text
    due_on: date | None = None

    def check(self, case: WorkReport, office: Office) -> None:
        if self.due_on is not None:
            require_not_before(self.due_on, office)

    def agreed_deadlines(self, act: Act) -> Iterator[Deadline]:
        if self.due_on is not None:
            yield clock.agreed(AGAIN, act.occurred_on, self.due_on)

    def apply(self, case: WorkReport, act: Act) -> None:
        case.turn, case.distributed_on = case.turn + 1, None


# After the meeting


class WorkReportExecutionReported(
    _OfOrgan,
    of=WorkReport,
    wire="work_report.execution_reported.v1",
    zh="报告执行决议情况",
    while_in=MAY_BE_EXECUTED,
    moves={(Stage.RESOLVED, Stage.EXECUTION_REPORTED)},
    by=UNITS,
    stops=(EXECUTION,),
):
    """The organ reports how the resolution is executed, in the term that it set (监督法 art. 17).

    It may report more than once, and on an earlier resolution while another report is prepared.
    """

    summary: Text

    def check(self, case: WorkReport, office: Office) -> None:
        if case.resolved_on is None:
            raise Refused("no-resolution-to-execute")

    def apply(self, case: WorkReport, act: Act) -> None:
        case.execution_reported_on = act.occurred_on
        if case.stage is Stage.RESOLVED:
            case.stage = Stage.EXECUTION_REPORTED


class WorkReportFollowedUp(
    Step,
    of=WorkReport,
    wire="work_report.followed_up.v1",
    zh="跟踪监督",
    while_in=AFTER_DELIBERATION,
    by=COMMITTEE,
):
    """The standing committee looks again at what was reported, or deliberates the report on the execution (art. 17)."""

    summary: Text

    def apply(self, case: WorkReport, act: Act) -> None:
        case.follow_ups.append(act.occurred_on)
