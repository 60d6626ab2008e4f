"""Plan and budget review (计划预算审查): plans, budgets, accounts, assets, debt, audit, approved or reported on.

Sources: 监督法 (2024) art. 18-30; 预算法 (2018) art. 14, 22, 44, 49, 69, 78, 86; the magazine's opinion, point 7.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from enum import auto
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from domain import clock
from domain.ballot import Poll, PollStep, Rating, Vote, VoteStep
from domain.case import Act, Awaited, ClockKey, Role, Step
from domain.clock import Deadline
from domain.matter import (
    CHAIRMEN,
    COMMITTEE,
    ENDED,
    KEEPERS,
    UNITS,
    Matter,
    MatterOpening,
    require_deputies,
    require_not_before,
)
from domain.office import Office
from domain.part import Part
from domain.refusal import Refused
from domain.resolution import ResolutionStep
from domain.values import Code, DeputyId, Line, Text, UnitCode, Word

BUDGET_DRAFT, ADJUSTMENT = "plan_budget.budget_draft", "plan_budget.adjustment"
FINAL_ACCOUNTS, YEARLY_WINDOW = "plan_budget.final_accounts", "plan_budget.yearly_window"
PUBLICATION, AUDIT_RECTIFICATION = "plan_budget.publication", "plan_budget.audit_rectification"
FINDING, ALERT, EXECUTION = "plan_budget.finding", "plan_budget.alert", "plan_budget.execution"
_MOST = 10**15
"""More yuan than any budget has."""


class PlanBudgetKind(Word):
    """What is reviewed; zones and subdistricts have budgets, but no congress of their own."""

    BUDGET_DRAFT = auto()
    BUDGET_ADJUSTMENT = auto()
    FINAL_ACCOUNTS = auto()
    BUDGET_EXECUTION = auto()
    PLAN_DRAFT = auto()
    PLAN_EXECUTION = auto()
    PLAN_ADJUSTMENT = auto()
    FIVE_YEAR_MIDTERM = auto()
    FIVE_YEAR_ADJUSTMENT = auto()
    STATE_ASSETS = auto()
    GOVERNMENT_DEBT = auto()
    FINANCIAL_WORK = auto()
    AUDIT_REPORT = auto()
    AUDIT_RECTIFICATION = auto()
    FISCAL_POLICY = auto()
    SPECIAL_FUNDS = auto()
    INVESTMENT_PROJECTS = auto()
    TRANSFERS = auto()
    PERFORMANCE = auto()
    ZONE_BUDGET = auto()
    SUBDISTRICT_BUDGET = auto()


LEAD_TIMES = {
    PlanBudgetKind.BUDGET_DRAFT: BUDGET_DRAFT,
    PlanBudgetKind.BUDGET_ADJUSTMENT: ADJUSTMENT,
    PlanBudgetKind.FINAL_ACCOUNTS: FINAL_ACCOUNTS,
}
"""What is due before the meeting: a first draft, which is reviewed before it is submitted."""
IN_JUNE_TO_SEPTEMBER = frozenset(
    {PlanBudgetKind.FINAL_ACCOUNTS, PlanBudgetKind.BUDGET_EXECUTION, PlanBudgetKind.PLAN_EXECUTION}
)
"""What a government submits or reports between June and September (监督法 art. 19, 20)."""
TO_BE_PUBLISHED = frozenset(
    {
        PlanBudgetKind.BUDGET_DRAFT,
        PlanBudgetKind.BUDGET_ADJUSTMENT,
        PlanBudgetKind.FINAL_ACCOUNTS,
        PlanBudgetKind.BUDGET_EXECUTION,
    }
)
"""What is made public once it is approved (预算法 art. 14)."""
_JUNE_TO_SEPTEMBER = range(6, 10)


@dataclass
class AuditFinding(Part):
    """A problem that an audit found (审计查出问题), and what was done about it."""

    class Stage(Word):
        REGISTERED = auto()
        RECTIFIED = auto()
        VERIFIED = auto()

    text: str = ""
    unit: str = ""
    amount: int | None = None
    registered_on: date | None = None
    due_on: date | None = None
    rectified_on: date | None = None
    rectified_amount: int | None = None
    summary: str | None = None
    """What the unit did."""
    verified_on: date | None = None
    verified_by: str | None = None
    sent_back: int = 0
    """How often it was sent back as not yet put right."""


@dataclass
class OnLineAlert(Part):
    """Something that on-line supervision noticed (联网监督预警), and how it was explained."""

    class Stage(Word):
        RAISED = auto()
        EXPLAINED = auto()
        SETTLED = auto()

    text: str = ""
    unit: str = ""
    raised_on: date | None = None
    due_on: date | None = None
    explanation: str | None = None
    settled_on: date | None = None


class FindingToRegister(BaseModel):
    """A problem as the audit report states it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    finding: Code
    """Its key in the case."""
    text: Text
    unit: UnitCode
    """Who is to put it right."""
    amount: int | None = Field(default=None, ge=0, le=_MOST)
    """How much money it concerns, in yuan."""
    due_on: date | None = None


@dataclass
class PlanBudget(Matter, kind="plan_budget", zh="计划预算审查"):
    """计划预算审查: reviewed first, submitted, heard, deliberated, approved or not; audit findings put right."""

    in_magazine = 5

    class Stage(Word):
        PLANNED = auto()
        PRELIMINARY_DRAFT_RECEIVED = auto()
        PRELIMINARILY_REVIEWED = auto()
        DRAFT_SUBMITTED = auto()
        HEARD = auto()
        DELIBERATED = auto()
        APPROVED = auto()
        NOT_APPROVED = auto()
        RESOLVED = auto()
        RECTIFICATION_REPORTED = auto()
        RECTIFICATION_HEARD = auto()
        CLOSED = auto()
        DROPPED = auto()

    before_meeting = (BUDGET_DRAFT, ADJUSTMENT, FINAL_ACCOUNTS)

    review_kind: PlanBudgetKind = PlanBudgetKind.BUDGET_EXECUTION
    fiscal_year: int | None = None
    area: str | None = None
    preliminary_draft_on: date | None = None
    reviewed_on: date | None = None
    review_opinions: str | None = None
    feedback: str | None = None
    survey_reports: list[str] = field(default_factory=list)
    draft_submitted_on: list[date] = field(default_factory=list)
    review_result: str | None = None
    heard_on: date | None = None
    speakers: tuple[str, ...] = ()
    deliberated_on: list[date] = field(default_factory=list)
    votes: list[Vote] = field(default_factory=list)
    decided_on: date | None = None
    published_on: date | None = None
    resolution: str | None = None
    execution_reported_on: date | None = None
    findings: dict[str, AuditFinding] = field(default_factory=dict)
    rectification_reported_on: date | None = None
    rectification_heard_on: date | None = None
    alerts: dict[str, OnLineAlert] = field(default_factory=dict)
    polls: list[Poll] = field(default_factory=list)
    follow_ups: list[date] = field(default_factory=list)

    @property
    def sort(self) -> str | None:
        return self.review_kind

    @property
    def rating(self) -> Rating | None:
        return self.polls[-1].rating if self.polls else None

    @property
    def organ_key(self) -> str:
        """Who submits and reports, as a key: the unit, else the government's office."""
        return Role.GOVERNMENT_OFFICE if self.unit is None else f"{Role.HANDLING_UNIT}:{self.unit}"

    def still_due(self, rule: str) -> bool:
        """Only the first draft of its own kind, as long as neither it nor the draft itself is there."""
        missing = self.preliminary_draft_on is None and not self.draft_submitted_on
        return missing and LEAD_TIMES.get(self.review_kind) == rule and super().still_due(rule)

    def units_concerned(self) -> Iterator[str]:
        """Also who has a finding to put right, or an alert to explain."""
        yield from super().units_concerned()
        yield from (finding.unit for finding in self.findings.values())
        yield from (alert.unit for alert in self.alerts.values())

    def audience(self) -> Iterator[str]:
        """Also the government's office: it is the government that submits and reports."""
        yield from super().audience()
        yield Role.GOVERNMENT_OFFICE

    def awaited(self) -> Iterator[Awaited]:
        """What comes next, of the draft, of each finding and of each alert."""
        yield from super().awaited()
        if self.has_ended:
            return
        yield from self._next()
        for rule, step in (
            (PUBLICATION, PlanBudgetPublished),
            (EXECUTION, PlanBudgetExecutionReported),
            (AUDIT_RECTIFICATION, AuditRectificationReported),
        ):
            if self.due_by(rule) is not None and self.stage in step.declared.open_in(PlanBudget):
                yield self._of_organ(step, rule)
        for finding in self.findings.values():
            if finding.stage is AuditFinding.Stage.REGISTERED:
                who, due_on = f"{Role.HANDLING_UNIT}:{finding.unit}", self.due_by(FINDING, finding.key)
                yield Awaited(who, AuditFindingRectified.declared.wire, due_on, finding.key)
            elif finding.stage is AuditFinding.Stage.RECTIFIED:
                yield Awaited(Role.DEPUTY_AFFAIRS, AuditFindingVerified.declared.wire, None, finding.key)
        for alert in self.alerts.values():
            if alert.stage is OnLineAlert.Stage.RAISED:
                who, due_on = f"{Role.HANDLING_UNIT}:{alert.unit}", self.due_by(ALERT, alert.key)
                yield Awaited(who, OnLineAlertExplained.declared.wire, due_on, alert.key)
            elif alert.stage is OnLineAlert.Stage.EXPLAINED:
                yield Awaited(Role.DEPUTY_AFFAIRS, OnLineAlertSettled.declared.wire, None, alert.key)

    def _next(self) -> Iterator[Awaited]:
        match self.stage:
            case Stage.PLANNED if self.review_kind in LEAD_TIMES:
                yield self._of_organ(PlanBudgetPreliminaryDraftSubmitted, LEAD_TIMES[self.review_kind])
            case Stage.PLANNED:
                yield self._of_organ(PlanBudgetDraftSubmitted, YEARLY_WINDOW)
            case Stage.PRELIMINARY_DRAFT_RECEIVED:
                yield self._of_office(PlanBudgetPreliminarilyReviewed)
            case Stage.PRELIMINARILY_REVIEWED:
                if self.feedback is None:
                    yield self._of_organ(PlanBudgetReviewOpinionsReturned)
                yield self._of_organ(PlanBudgetDraftSubmitted, YEARLY_WINDOW)
            case Stage.RECTIFICATION_REPORTED:
                yield self._of_office(AuditRectificationHeard, AUDIT_RECTIFICATION)

    def _of_office(self, step: type[Step], rule: str | None = None) -> Awaited:
        return Awaited(Role.DEPUTY_AFFAIRS, step.declared.wire, None if rule is None else self.due_by(rule))

    def _of_organ(self, step: type[Step], rule: str | None = None) -> Awaited:
        return Awaited(self.organ_key, step.declared.wire, None if rule is None else self.due_by(rule))


Stage = PlanBudget.Stage
BEFORE_DRAFT = frozenset({Stage.PLANNED, Stage.PRELIMINARY_DRAFT_RECEIVED, Stage.PRELIMINARILY_REVIEWED})
AFTER_HEARING = frozenset({Stage.HEARD, Stage.DELIBERATED, Stage.APPROVED, Stage.RESOLVED})
RECTIFYING = AFTER_HEARING | {Stage.RECTIFICATION_REPORTED, Stage.RECTIFICATION_HEARD}
AFTER_DECISION = RECTIFYING - {Stage.HEARD, Stage.DELIBERATED}


class _OfOrgan(Step):
    """A step of the government, or of its department that the case is about."""

    def acting_unit(self, case: PlanBudget) -> str | None:
        return case.unit


# The first draft


class PlanBudgetListed(
    MatterOpening,
    of=PlanBudget,
    wire="plan_budget.listed.v1",
    zh="列入审查",
    opens=True,
    leads_to=Stage.PLANNED,
    by=KEEPERS | {Role.CHAIRMEN_MEETING},
    starts=(YEARLY_WINDOW,),
):
    """It is put on the list of the year (监督法 art. 18); what a law wants by September is awaited by then."""

    kind: PlanBudgetKind
    fiscal_year: int | None = Field(default=None, ge=1949, le=9999)
    """The year of the budget, the accounts or the plan."""
    area: Line | None = None
    """The zone or subdistrict whose budget it is."""

    def started_clocks(self, case: PlanBudget | None) -> Iterator[ClockKey]:
        if self.kind in IN_JUNE_TO_SEPTEMBER:
            yield YEARLY_WINDOW, None

    def clocks_count_from(self, act: Act) -> date:
        """The last day of the year before."""
        return date((self.year or act.occurred_on.year) - 1, 12, 31)

    def apply(self, case: PlanBudget, act: Act) -> None:
        super().apply(case, act)
        case.review_kind, case.fiscal_year, case.area = self.kind, self.fiscal_year, self.area


class PlanBudgetPreliminaryDraftSubmitted(
    _OfOrgan,
    of=PlanBudget,
    wire="plan_budget.preliminary_draft_submitted.v1",
    zh="初步方案提交",
    while_in={Stage.PLANNED, Stage.NOT_APPROVED},
    leads_to=Stage.PRELIMINARY_DRAFT_RECEIVED,
    by=UNITS,
    stops=(BUDGET_DRAFT, ADJUSTMENT, FINAL_ACCOUNTS),
):
    """The finance department submits the first draft, 30 days before the meeting (预算法 art. 44, 69, 78)."""

    summary: Text | None = None

    def apply(self, case: PlanBudget, act: Act) -> None:
        case.preliminary_draft_on = act.occurred_on


class PlanBudgetPreliminarilyReviewed(
    Step,
    of=PlanBudget,
    wire="plan_budget.preliminarily_reviewed.v1",
    zh="初步审查",
    while_in={Stage.PRELIMINARY_DRAFT_RECEIVED},
    leads_to=Stage.PRELIMINARILY_REVIEWED,
    by=COMMITTEE,
):
    """The committee in charge reviews the first draft, and deputies are invited to it (预算法 art. 22)."""

    text: Text
    """Its opinions."""
    invited: tuple[DeputyId, ...] = Field(default=(), max_length=1000)
    """The deputies who were invited."""
    attended: tuple[DeputyId, ...] = Field(default=(), max_length=1000)
    """The deputies who came."""

    def check(self, case: PlanBudget, office: Office) -> None:
        require_deputies(self.invited, office, "invited")
        require_deputies(self.attended, office, "attended")

    def breaches(self, case: PlanBudget, office: Office) -> Iterator[Refused]:
        """No deputy was invited."""
        if not self.invited:
            yield Refused("review-without-deputies")

    def apply(self, case: PlanBudget, act: Act) -> None:
        case.reviewed_on, case.review_opinions = act.occurred_on, self.text


class PlanBudgetReviewOpinionsReturned(
    _OfOrgan,
    of=PlanBudget,
    wire="plan_budget.review_opinions_returned.v1",
    zh="初审意见反馈",
    while_in={Stage.PRELIMINARILY_REVIEWED, Stage.DRAFT_SUBMITTED},
    by=UNITS,
):
    """The finance department says what it did about the opinions; deputies get both in print (预算法 art. 22)."""

    summary: Text

    def apply(self, case: PlanBudget, act: Act) -> None:
        case.feedback = self.summary


class PlanBudgetSurveyDistributed(
    Step,
    of=PlanBudget,
    wire="plan_budget.survey_report_distributed.v1",
    zh="印发专题调研报告",
    while_in=BEFORE_DRAFT | {Stage.DRAFT_SUBMITTED, Stage.HEARD},
    by=KEEPERS,
):
    """The report on a survey is printed for the meeting (监督法 art. 28)."""

    title: Line

    def apply(self, case: PlanBudget, act: Act) -> None:
        case.survey_reports.append(self.title)


# The meeting


class PlanBudgetDraftSubmitted(
    _OfOrgan,
    of=PlanBudget,
    wire="plan_budget.draft_submitted.v1",
    zh="提请审查",
    while_in=BEFORE_DRAFT | {Stage.NOT_APPROVED},
    leads_to=Stage.DRAFT_SUBMITTED,
    by=UNITS,
    stops=(YEARLY_WINDOW,),
):
    """The government submits the draft for review, or its report; an adjustment says why, what and how much."""

    summary: Text | None = None

    def breaches(self, case: PlanBudget, office: Office) -> Iterator[Refused]:
        """What has a first draft is reviewed before; some are submitted in June to September (监督法 art. 19, 20)."""
        if case.review_kind in LEAD_TIMES and case.reviewed_on is None:
            yield Refused("not-preliminarily-reviewed")
        if case.review_kind in IN_JUNE_TO_SEPTEMBER and office.day.month not in _JUNE_TO_SEPTEMBER:
            yield Refused("outside-june-to-september", month=office.day.month)

    def dropped_clocks(self, case: PlanBudget) -> Iterator[ClockKey]:
        """Nobody waits for a first draft any more."""
        yield from ((rule, None) for rule in case.before_meeting)

    def apply(self, case: PlanBudget, act: Act) -> None:
        case.draft_submitted_on.append(act.occurred_on)


class PlanBudgetReviewResultReported(
    Step,
    of=PlanBudget,
    wire="plan_budget.review_result_reported.v1",
    zh="提出审查结果报告",
    while_in={Stage.DRAFT_SUBMITTED, Stage.HEARD, Stage.DELIBERATED},
    by=COMMITTEE,
):
    """The committee in charge reports the result of its review to the meeting (预算法 art. 49, 78)."""

    summary: Text

    def apply(self, case: PlanBudget, act: Act) -> None:
        case.review_result = self.summary


class PlanBudgetHeard(
    Step,
    of=PlanBudget,
    wire="plan_budget.heard.v1",
    zh="听取报告",
    while_in={Stage.DRAFT_SUBMITTED},
    leads_to=Stage.HEARD,
    by=COMMITTEE,
    starts=(AUDIT_RECTIFICATION,),
):
    """The meeting hears the report; after an audit report, what was put right is heard within six months (art. 27)."""

    reporter: Line
    sitting_in: tuple[DeputyId, ...] = Field(default=(), max_length=1000)

    def check(self, case: PlanBudget, office: Office) -> None:
        require_deputies(self.sitting_in, office, "sitting_in")

    def started_clocks(self, case: PlanBudget) -> Iterator[ClockKey]:
        if case.review_kind is PlanBudgetKind.AUDIT_REPORT:
            yield AUDIT_RECTIFICATION, None

    def apply(self, case: PlanBudget, act: Act) -> None:
        case.heard_on = act.occurred_on


class PlanBudgetDeliberated(
    Step,
    of=PlanBudget,
    wire="plan_budget.deliberated.v1",
    zh="审议",
    while_in={Stage.HEARD, Stage.DELIBERATED},
    leads_to=Stage.DELIBERATED,
    by=COMMITTEE,
):
    """The meeting deliberates it; the opinions are a case of their own (监督法 art. 29)."""

    speakers: tuple[Line, ...] = Field(default=(), max_length=500)
    """Members who spoke, by name."""
    summary: Text | None = None

    def apply(self, case: PlanBudget, act: Act) -> None:
        case.deliberated_on.append(act.occurred_on)
        case.speakers = tuple(dict.fromkeys((*case.speakers, *self.speakers)))


def _without_result(case: PlanBudget) -> Iterator[Refused]:
    if case.review_kind in {PlanBudgetKind.BUDGET_DRAFT, PlanBudgetKind.FINAL_ACCOUNTS} and case.review_result is None:
        yield Refused("no-review-result")


class PlanBudgetVoteHeld(
    VoteStep,
    of=PlanBudget,
    wire="plan_budget.vote_held.v1",
    zh="常委会表决",
    while_in={Stage.HEARD, Stage.DELIBERATED},
    by=COMMITTEE,
):
    """The standing committee votes on it; only the tallies are kept."""

    def breaches(self, case: PlanBudget, office: Office) -> Iterator[Refused]:
        """No quorum; no result of the review is there (预算法 art. 78)."""
        yield from super().breaches(case, office)
        yield from _without_result(case)

    def apply(self, case: PlanBudget, act: Act) -> None:
        case.votes.append(self.counted(act.occurred_on))


class PlanBudgetVotedByCongress(
    VoteStep,
    of=PlanBudget,
    wire="plan_budget.voted_by_congress.v1",
    zh="代表大会表决",
    while_in={Stage.HEARD, Stage.DELIBERATED},
    by=COMMITTEE,
):
    """The congress votes on a budget or a plan (预算法 art. 43); `members` are all its deputies."""

    body = None

    def breaches(self, case: PlanBudget, office: Office) -> Iterator[Refused]:
        """Fewer than two thirds are there (地方组织法 art. 14); no result of the review is there (预算法 art. 49)."""
        if self.present * 3 < self.members * 2:
            yield Refused("no-quorum-of-congress", present=self.present, members=self.members)
        yield from _without_result(case)

    def apply(self, case: PlanBudget, act: Act) -> None:
        case.votes.append(self.counted(act.occurred_on))


class PlanBudgetApproved(
    Step,
    of=PlanBudget,
    wire="plan_budget.approved.v1",
    zh="批准",
    while_in={Stage.HEARD, Stage.DELIBERATED},
    leads_to=Stage.APPROVED,
    by=COMMITTEE,
    starts=(PUBLICATION,),
):
    """It is approved; budgets, adjustments, accounts and reports on execution are public within 20 days (art. 14)."""

    title: Line | None = None
    """Of the decision."""

    def started_clocks(self, case: PlanBudget) -> Iterator[ClockKey]:
        if case.review_kind in TO_BE_PUBLISHED:
            yield PUBLICATION, None

    def breaches(self, case: PlanBudget, office: Office) -> Iterator[Refused]:
        """The tallies say otherwise."""
        vote = case.votes[-1] if case.votes else None
        if vote is not None and not vote.passed:
            yield Refused("result-contradicts-tally", votes_for=vote.votes_for, members=vote.members)

    def apply(self, case: PlanBudget, act: Act) -> None:
        case.decided_on, case.resolution = act.occurred_on, self.title or case.resolution


class PlanBudgetNotApproved(
    Step,
    of=PlanBudget,
    wire="plan_budget.not_approved.v1",
    zh="不予批准",
    while_in={Stage.HEARD, Stage.DELIBERATED},
    leads_to=Stage.NOT_APPROVED,
    by=COMMITTEE,
):
    """It is not approved; the government may submit another draft."""

    reason: Text | None = None

    def breaches(self, case: PlanBudget, office: Office) -> Iterator[Refused]:
        """The tallies say otherwise."""
        vote = case.votes[-1] if case.votes else None
        if vote is not None and vote.passed:
            yield Refused("result-contradicts-tally", votes_for=vote.votes_for, members=vote.members)

    def apply(self, case: PlanBudget, act: Act) -> None:
        case.decided_on = act.occurred_on


class PlanBudgetPublished(
    _OfOrgan,
    of=PlanBudget,
    wire="plan_budget.made_public.v1",
    zh="公开预算决算",
    while_in=AFTER_DECISION,
    by=UNITS,
    stops=(PUBLICATION,),
):
    """The finance department makes public what was approved, with transfers and debt explained (预算法 art. 14)."""

    place: Line | None = None
    """Where it can be read."""

    def already(self, case: PlanBudget) -> bool:
        return case.published_on is not None

    def apply(self, case: PlanBudget, act: Act) -> None:
        case.published_on = case.published_on or act.occurred_on


class PlanBudgetResolutionAdopted(
    ResolutionStep,
    of=PlanBudget,
    wire="plan_budget.resolution_adopted.v1",
    zh="作出决议",
    while_in={Stage.HEARD, Stage.DELIBERATED, Stage.RECTIFICATION_HEARD},
    leads_to=Stage.RESOLVED,
    by=COMMITTEE,
):
    """The standing committee resolves on a report, of an audit too, with a term for its execution (art. 27, 29)."""

    execution = EXECUTION

    def apply(self, case: PlanBudget, act: Act) -> None:
        case.decided_on, case.resolution = act.occurred_on, self.title


class PlanBudgetExecutionReported(
    _OfOrgan,
    of=PlanBudget,
    wire="plan_budget.execution_reported.v1",
    zh="报告执行决议情况",
    while_in=AFTER_DECISION,
    by=UNITS,
    stops=(EXECUTION,),
):
    """The government reports how the resolution is executed, in the term that it set (监督法 art. 29)."""

    summary: Text

    def apply(self, case: PlanBudget, act: Act) -> None:
        case.execution_reported_on = act.occurred_on


class PlanBudgetFollowedUp(
    Step,
    of=PlanBudget,
    wire="plan_budget.followed_up.v1",
    zh="跟踪监督",
    while_in=RECTIFYING,
    by=COMMITTEE,
):
    """The standing committee looks again at what was reported (监督法 art. 29)."""

    summary: Text

    def apply(self, case: PlanBudget, act: Act) -> None:
        case.follow_ups.append(act.occurred_on)


# What an audit found


class AuditFindingsRegistered(
    Step,
    of=PlanBudget,
    wire="plan_budget.audit_findings_registered.v1",
    zh="审计问题登记",
    not_in=ENDED,
    by=KEEPERS,
):
    """Problems that the audit found are registered one by one, each with who puts it right."""

    findings: tuple[FindingToRegister, ...] = Field(min_length=1, max_length=1000)

    def check(self, case: PlanBudget, office: Office) -> None:
        keys = set(case.findings)
        for i, one in enumerate(self.findings):
            if one.finding in keys:
                raise Refused("finding-exists", field=f"findings.{i}.finding", finding=one.finding)
            keys.add(one.finding)
            office.require_unit(one.unit, f"findings.{i}.unit")
            if one.due_on is not None:
                require_not_before(one.due_on, office, f"findings.{i}.due_on")

    def agreed_deadlines(self, act: Act) -> Iterator[Deadline]:
        for one in self.findings:
            if one.due_on is not None:
                yield clock.agreed(FINDING, act.occurred_on, one.due_on, one.finding)

    def apply(self, case: PlanBudget, act: Act) -> None:
        for one in self.findings:
            case.findings[one.finding] = AuditFinding(
                one.finding, AuditFinding.Stage.REGISTERED, one.text, one.unit, one.amount, act.occurred_on, one.due_on
            )


class _OfFinding(Step):
    """A step about one finding."""

    finding: Code

    def named(self, case: Any) -> AuditFinding | None:
        """The finding, if it is registered."""
        return None if case is None else case.findings.get(self.finding)

    def acting_unit(self, case: Any) -> str | None:
        """The unit that is to put it right."""
        finding = self.named(case)
        return None if finding is None else finding.unit


class AuditFindingRectified(
    _OfFinding,
    of=PlanBudget,
    wire="plan_budget.audit_finding_rectified.v1",
    zh="整改到位",
    not_in=ENDED,
    part="findings",
    names="finding",
    after={AuditFinding.Stage.REGISTERED},
    leads_to=AuditFinding.Stage.RECTIFIED,
    by=UNITS,
    stops=(FINDING,),
):
    """A unit says that a finding is put right, and how."""

    summary: Text
    amount: int | None = Field(default=None, ge=0, le=_MOST)
    """How much money was put right, in yuan."""

    def apply(self, case: PlanBudget, act: Act) -> None:
        if (finding := self.named(case)) is not None:
            finding.rectified_on, finding.summary = act.occurred_on, self.summary
            finding.rectified_amount = self.amount


class AuditFindingVerified(
    _OfFinding,
    of=PlanBudget,
    wire="plan_budget.audit_finding_verified.v1",
    zh="核实销号",
    not_in=ENDED,
    part="findings",
    names="finding",
    after={AuditFinding.Stage.RECTIFIED},
    leads_to=AuditFinding.Stage.VERIFIED,
    by=CHAIRMEN,
):
    """The committee or the audit has looked, and signs the finding off."""

    verified_by: Line
    note: Text | None = None

    def apply(self, case: PlanBudget, act: Act) -> None:
        if (finding := self.named(case)) is not None:
            finding.verified_on, finding.verified_by = act.occurred_on, self.verified_by


class AuditFindingSentBack(
    _OfFinding,
    of=PlanBudget,
    wire="plan_budget.audit_finding_sent_back.v1",
    zh="退回继续整改",
    not_in=ENDED,
    part="findings",
    names="finding",
    after={AuditFinding.Stage.RECTIFIED, AuditFinding.Stage.VERIFIED},
    leads_to=AuditFinding.Stage.REGISTERED,
    by=CHAIRMEN,
):
    """Somebody has looked, and the finding is not put right, or is there again."""

    reason: Text
    due_on: date | None = None

    def check(self, case: PlanBudget, office: Office) -> None:
        if self.due_on is not None:
            require_not_before(self.due_on, office)

    def agreed_deadlines(self, act: Act) -> Iterator[Deadline]:
        if self.due_on is not None:
            yield clock.agreed(FINDING, act.occurred_on, self.due_on, self.finding)

    def apply(self, case: PlanBudget, act: Act) -> None:
        if (finding := self.named(case)) is not None:
            finding.sent_back += 1
            finding.rectified_on = finding.verified_on = finding.verified_by = finding.rectified_amount = None
            finding.due_on = self.due_on or finding.due_on


class AuditRectificationReported(
    _OfOrgan,
    of=PlanBudget,
    wire="plan_budget.audit_rectification_reported.v1",
    zh="提交审计查出问题整改情况报告",
    while_in=AFTER_HEARING | {Stage.RECTIFICATION_HEARD},
    leads_to=Stage.RECTIFICATION_REPORTED,
    by=UNITS,
):
    """The government submits its report on how the findings were put right (监督法 art. 27), or another one."""

    summary: Text

    def apply(self, case: PlanBudget, act: Act) -> None:
        case.rectification_reported_on = act.occurred_on


class AuditRectificationHeard(
    Step,
    of=PlanBudget,
    wire="plan_budget.audit_rectification_heard.v1",
    zh="听取审议审计查出问题整改情况报告",
    while_in={Stage.RECTIFICATION_REPORTED},
    leads_to=Stage.RECTIFICATION_HEARD,
    by=COMMITTEE,
    stops=(AUDIT_RECTIFICATION,),
):
    """The standing committee hears and deliberates it, within six months of the audit report (监督法 art. 27)."""

    speakers: tuple[Line, ...] = Field(default=(), max_length=500)
    """Members who spoke, by name."""

    def apply(self, case: PlanBudget, act: Act) -> None:
        case.rectification_heard_on = act.occurred_on
        case.speakers = tuple(dict.fromkeys((*case.speakers, *self.speakers)))


class AuditRectificationPollHeld(
    PollStep,
    of=PlanBudget,
    wire="plan_budget.audit_rectification_poll_held.v1",
    zh="整改满意度测评",
    while_in={Stage.RECTIFICATION_HEARD, Stage.RESOLVED},
    by=COMMITTEE,
):
    """How satisfied the members are with the rectification, also after they have resolved on it.

    Each further poll stands beside the earlier ones (整改满意度测评).
    """

    def check(self, case: PlanBudget, office: Office) -> None:
        super().check(case, office)
        if case.rectification_heard_on is None:
            raise Refused("rectification-not-heard")

    def apply(self, case: PlanBudget, act: Act) -> None:
        case.polls.append(self.counted(act.occurred_on))


# On-line supervision


class OnLineAlertRaised(
    Step,
    of=PlanBudget,
    wire="plan_budget.on_line_alert_raised.v1",
    zh="联网监督预警",
    not_in=ENDED,
    by=KEEPERS,
):
    """On-line supervision of the budget notices something, which a unit is to explain (监督法 art. 30)."""

    alert: Code
    """Its key in the case."""
    text: Text
    unit: UnitCode
    due_on: date | None = None

    def check(self, case: PlanBudget, office: Office) -> None:
        office.require_unit(self.unit, "unit")
        if self.alert in case.alerts:
            raise Refused("alert-exists", field="alert", alert=self.alert)
        if self.due_on is not None:
            require_not_before(self.due_on, office)

    def agreed_deadlines(self, act: Act) -> Iterator[Deadline]:
        if self.due_on is not None:
            yield clock.agreed(ALERT, act.occurred_on, self.due_on, self.alert)

    def apply(self, case: PlanBudget, act: Act) -> None:
        case.alerts[self.alert] = OnLineAlert(
            self.alert, OnLineAlert.Stage.RAISED, self.text, self.unit, act.occurred_on, self.due_on
        )


class _OfAlert(Step):
    """A step about one alert."""

    alert: Code

    def named(self, case: Any) -> OnLineAlert | None:
        """The alert, if it was raised."""
        return None if case is None else case.alerts.get(self.alert)

    def acting_unit(self, case: Any) -> str | None:
        """The unit that is to explain it."""
        alert = self.named(case)
        return None if alert is None else alert.unit


class OnLineAlertExplained(
    _OfAlert,
    of=PlanBudget,
    wire="plan_budget.on_line_alert_explained.v1",
    zh="说明预警情况",
    not_in=ENDED,
    part="alerts",
    names="alert",
    after={OnLineAlert.Stage.RAISED},
    leads_to=OnLineAlert.Stage.EXPLAINED,
    by=UNITS,
    stops=(ALERT,),
):
    """The unit explains it, or says what it corrected."""

    explanation: Text

    def apply(self, case: PlanBudget, act: Act) -> None:
        if (alert := self.named(case)) is not None:
            alert.explanation = self.explanation


class OnLineAlertSettled(
    _OfAlert,
    of=PlanBudget,
    wire="plan_budget.on_line_alert_settled.v1",
    zh="预警销号",
    not_in=ENDED,
    part="alerts",
    names="alert",
    after={OnLineAlert.Stage.RAISED, OnLineAlert.Stage.EXPLAINED},
    leads_to=OnLineAlert.Stage.SETTLED,
    by=KEEPERS,
    stops=(ALERT,),
):
    """The committee takes the explanation, or finds that there was nothing to explain."""

    note: Text | None = None

    def apply(self, case: PlanBudget, act: Act) -> None:
        if (alert := self.named(case)) is not None:
            alert.settled_on = act.occurred_on
