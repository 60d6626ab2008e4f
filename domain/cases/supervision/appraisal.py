"""Special appraisal (专项评议): a department, a court or a zone is investigated and appraised, and puts things right.

No article of national law is about it: it rests on local rules and the magazine (the eighteen articles, 14 and 16; the
opinion, point 7; 丹阳: every department within five years). Its course — prepare, investigate, appraise, rectify — is
that of other places (昭通).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from enum import auto

from pydantic import Field

from domain import clock
from domain.ballot import Poll, PollStep, Rating
from domain.case import Act, Awaited, Role, Step
from domain.clock import Deadline
from domain.matter import (
    CHAIRMEN,
    COMMITTEE,
    KEEPERS,
    UNITS,
    MatterOpening,
    require_deputies,
    require_not_before,
    too_few_invited,
)
from domain.office import Office
from domain.rectification import HAND_OVER, Rectified
from domain.refusal import Refused
from domain.values import DeputyId, Line, Text, UnitCode, Word

SELF_REVIEW = "appraisal.self_review"


class AppraisalKind(Word):
    """Who or what is appraised: 部门评议, 工作评议, 法院检察院工作评议, 开发区街道评议."""

    DEPARTMENT = auto()
    WORK = auto()
    COURT_OR_PROCURATORATE = auto()
    ZONE_OR_SUBDISTRICT = auto()


@dataclass(frozen=True)
class AppraisalInvestigation:
    """Where the group looked, and what it found (评议调查)."""

    held_on: date
    members: tuple[str, ...]
    invited: tuple[str, ...]
    attended: tuple[str, ...]
    summary: str


@dataclass
class Appraisal(Rectified, kind="appraisal", zh="专项评议"):
    """专项评议: prepared, investigated, appraised by a poll; the opinions are handed over and put right."""

    in_magazine = 6

    class Stage(Word):
        PREPARING = auto()
        INVESTIGATING = auto()
        APPRAISING = auto()
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

    appraisal_kind: AppraisalKind = AppraisalKind.DEPARTMENT
    appraisal_plan: str | None = None
    notified_on: date | None = None
    self_review_on: date | None = None
    self_review: str | None = None
    investigations: list[AppraisalInvestigation] = field(default_factory=list)
    surveys: list[Poll] = field(default_factory=list)
    heard_on: date | None = None
    reporter: str | None = None
    speakers: tuple[str, ...] = ()
    appraisal_poll: Poll | None = None
    opinions: str | None = None

    @property
    def rating(self) -> Rating | None:
        """Of the rectification, once it was polled; before that of the appraisal."""
        return super().rating or (self.appraisal_poll.rating if self.appraisal_poll else None)

    @property
    def polled(self) -> bool:
        """Also by the poll on the organ's work, to which the second one belongs (二次测评)."""
        return self.appraisal_poll is not None or super().polled

    def units_concerned(self) -> Iterator[str]:
        """No unit, as long as it was not told that it is appraised."""
        if self.notified_on is not None or self.handed_over_on is not None:
            yield from super().units_concerned()

    def awaited(self) -> Iterator[Awaited]:
        """The notice, the self-review, the poll and the opinions, then what the rectification asks for."""
        yield from super().awaited()
        if self.stage in BEFORE_APPRAISAL and self.notified_on is None:
            yield Awaited(Role.DEPUTY_AFFAIRS, AppraisalTargetNotified.declared.wire)
        elif self.stage in BEFORE_APPRAISAL and self.self_review_on is None and self.unit is not None:
            who = f"{Role.HANDLING_UNIT}:{self.unit}"
            yield Awaited(who, AppraisalSelfReviewSubmitted.declared.wire, self.due_by(SELF_REVIEW))
        elif self.stage is Stage.APPRAISING:
            step = SpecialAppraisalPollHeld if self.appraisal_poll is None else SpecialAppraisalOpinionsAdopted
            yield Awaited(Role.DEPUTY_AFFAIRS, step.declared.wire)


Stage = Appraisal.Stage
BEFORE_APPRAISAL = frozenset({Stage.PREPARING, Stage.INVESTIGATING})


# Preparing


class AppraisalTargetChosen(
    MatterOpening,
    of=Appraisal,
    wire="appraisal.target_chosen.v1",
    zh="确定评议对象",
    opens=True,
    leads_to=Stage.PREPARING,
    by=CHAIRMEN,
):
    """Whose turn it is, by the plan of the year (eighteen articles, 14)."""

    kind: AppraisalKind = AppraisalKind.DEPARTMENT

    def apply(self, case: Appraisal, act: Act) -> None:
        super().apply(case, act)
        case.appraisal_kind = self.kind


class AppraisalPlanMade(
    Step,
    of=Appraisal,
    wire="appraisal.plan_made.v1",
    zh="制定评议方案",
    while_in={Stage.PREPARING},
    by=CHAIRMEN,
):
    """How it is appraised, by whom, by when; that it is submitted to the Party committee is a step of all matters."""

    summary: Text

    def apply(self, case: Appraisal, act: Act) -> None:
        case.appraisal_plan = self.summary


class AppraisalTargetNotified(
    Step,
    of=Appraisal,
    wire="appraisal.target_notified.v1",
    zh="通知评议对象",
    while_in=BEFORE_APPRAISAL,
    by=KEEPERS,
):
    """The organ is told that it is appraised, and until when it reviews itself."""

    unit: UnitCode
    due_on: date | None = None
    """Until when it submits its self-review."""

    def check(self, case: Appraisal, office: Office) -> None:
        office.require_unit(self.unit, "unit")
        if self.due_on is not None:
            require_not_before(self.due_on, office)

    def agreed_deadlines(self, act: Act) -> Iterator[Deadline]:
        if self.due_on is not None:
            yield clock.agreed(SELF_REVIEW, act.occurred_on, self.due_on)

    def apply(self, case: Appraisal, act: Act) -> None:
        case.unit, case.notified_on = self.unit, act.occurred_on


class AppraisalSelfReviewSubmitted(
    Step,
    of=Appraisal,
    wire="appraisal.self_review_submitted.v1",
    zh="提交自查报告",
    while_in=BEFORE_APPRAISAL,
    by=UNITS,
    stops=(SELF_REVIEW,),
):
    """The organ reports on itself."""

    summary: Text

    def acting_unit(self, case: Appraisal) -> str | None:
        return case.unit

    def apply(self, case: Appraisal, act: Act) -> None:
        case.self_review_on, case.self_review = act.occurred_on, self.summary


# Investigating


class AppraisalInvestigationConducted(
    Step,
    of=Appraisal,
    wire="appraisal.investigation_conducted.v1",
    zh="评议调查",
    while_in=BEFORE_APPRAISAL,
    leads_to=Stage.INVESTIGATING,
    by=COMMITTEE,
):
    """The group looks into how the organ does its work, and invites deputies (eighteen articles, 18)."""

    summary: Text
    members: tuple[Line, ...] = Field(default=(), max_length=200)
    """Who of the group took part, by name."""
    invited: tuple[DeputyId, ...] = Field(default=(), max_length=1000)
    """The deputies who were invited."""
    attended: tuple[DeputyId, ...] = Field(default=(), max_length=1000)
    """The deputies who came."""

    def check(self, case: Appraisal, office: Office) -> None:
        require_deputies(self.invited, office, "invited")
        require_deputies(self.attended, office, "attended")

    def breaches(self, case: Appraisal, office: Office) -> Iterator[Refused]:
        """Fewer deputies were invited than the rule wants."""
        yield from too_few_invited(self.invited, office)

    def apply(self, case: Appraisal, act: Act) -> None:
        case.investigations.append(
            AppraisalInvestigation(act.occurred_on, self.members, self.invited, self.attended, self.summary)
        )


class AppraisalPublicSurveyed(
    PollStep,
    of=Appraisal,
    wire="appraisal.public_opinion_surveyed.v1",
    zh="民意测评",
    while_in=BEFORE_APPRAISAL,
    leads_to=Stage.INVESTIGATING,
    by=COMMITTEE,
):
    """The public, deputies or those who deal with the organ are asked how satisfied they are; the tallies are kept."""

    rule = "poll.appraisal"

    def apply(self, case: Appraisal, act: Act) -> None:
        case.surveys.append(self.counted(act.occurred_on))


# Appraising


class AppraisalReportHeard(
    Step,
    of=Appraisal,
    wire="appraisal.report_heard.v1",
    zh="听取评议报告",
    while_in=BEFORE_APPRAISAL,
    leads_to=Stage.APPRAISING,
    by=COMMITTEE,
):
    """The meeting hears the organ's report and what the group found."""

    reporter: Line
    sitting_in: tuple[DeputyId, ...] = Field(default=(), max_length=1000)

    def check(self, case: Appraisal, office: Office) -> None:
        require_deputies(self.sitting_in, office, "sitting_in")

    def apply(self, case: Appraisal, act: Act) -> None:
        case.heard_on, case.reporter = act.occurred_on, self.reporter


class AppraisalDeliberated(
    Step,
    of=Appraisal,
    wire="appraisal.deliberated.v1",
    zh="评议发言",
    while_in={Stage.APPRAISING},
    by=COMMITTEE,
):
    """Members and deputies appraise the organ's work."""

    speakers: tuple[Line, ...] = Field(min_length=1, max_length=500)
    """Who spoke, by name."""
    summary: Text | None = None

    def apply(self, case: Appraisal, act: Act) -> None:
        case.speakers = tuple(dict.fromkeys((*case.speakers, *self.speakers)))


class SpecialAppraisalPollHeld(
    PollStep,
    of=Appraisal,
    wire="appraisal.appraisal_poll_held.v1",
    zh="专项评议测评",
    while_in={Stage.APPRAISING},
    by=COMMITTEE,
):
    """The members are polled on the organ's work; the polls on the rectification stand beside it."""

    rule = "poll.appraisal"

    def apply(self, case: Appraisal, act: Act) -> None:
        case.appraisal_poll = self.counted(act.occurred_on)


class SpecialAppraisalOpinionsAdopted(
    Step,
    of=Appraisal,
    wire="appraisal.opinions_adopted.v1",
    zh="通过专项评议意见",
    while_in={Stage.APPRAISING},
    leads_to=Stage.ADOPTED,
    by=CHAIRMEN,
    starts=(HAND_OVER,),
):
    """The appraisal opinions are adopted; they are handed over by the step that all such cases share."""

    text: Text

    def apply(self, case: Appraisal, act: Act) -> None:
        case.opinions = self.text
