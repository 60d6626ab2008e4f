"""Special inquiry (专题询问): the standing committee asks organs about one great matter, and follows the answers up.

Sources: 监督法 (2024) art. 47-50; the chain of Dantu in the magazine: opinions handed over, handling supervised,
a report on the matter, a second poll (意见交办、跟踪督办、专题报告、二次测评).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from enum import auto
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from domain import clock
from domain.ballot import PollStep
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
    require_once,
    require_units,
)
from domain.office import Office
from domain.part import Part
from domain.rectification import HAND_OVER, Rectified
from domain.refusal import Refused
from domain.values import Code, DeputyId, Line, Text, UnitCode, Word

COMMITMENT = "inquiry.commitment"


class InquiryForm(Word):
    """How the committee sits when it asks (监督法 art. 47): 全体会议, 联组会议, 分组会议."""

    PLENARY = auto()
    JOINT_GROUPS = auto()
    GROUPS = auto()


class Respondent(BaseModel):
    """Somebody who came to hear opinions and answer for an organ (应询人)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    unit: UnitCode
    respondent: Line
    """By name."""
    post: Line | None = None
    in_charge: bool = True
    """Whether that is somebody in charge of the organ (负责人), as the law asks."""


@dataclass(frozen=True)
class InquiryAnswer:
    """What an organ answered to a question (应询)."""

    answered_on: date
    respondent: str
    text: str
    in_writing: bool


@dataclass(frozen=True)
class FollowUpQuestion:
    """What was asked after an answer (追问)."""

    asked_on: date
    speaker: str
    text: str


@dataclass
class InquiryQuestion(Part):
    """A question that was asked, and what was answered to it, as often as it was followed up."""

    class Stage(Word):
        ASKED = auto()
        ANSWERED = auto()
        FOLLOWED_UP = auto()

    unit: str = ""
    speaker: str = ""
    text: str = ""
    asked_on: date | None = None
    answers: list[InquiryAnswer] = field(default_factory=list)
    follow_up_questions: list[FollowUpQuestion] = field(default_factory=list)

    @property
    def is_open(self) -> bool:
        """Whether an answer is owed."""
        return self.stage is not InquiryQuestion.Stage.ANSWERED


@dataclass
class InquiryCommitment(Part):
    """What an organ promised on the spot (当场承诺), and whether it was kept."""

    class Stage(Word):
        MADE = auto()
        REVISED = auto()
        FULFILLED = auto()
        VERIFIED = auto()
        ABANDONED = auto()

    unit: str = ""
    text: str = ""
    respondent: str | None = None
    question: str | None = None
    made_on: date | None = None
    due_on: date | None = None
    fulfilled_on: date | None = None
    summary: str | None = None
    """What the organ says it did."""
    verified_on: date | None = None
    verified_by: str | None = None
    sent_back: int = 0
    abandoned_on: date | None = None
    abandoned_because: str | None = None

    @property
    def is_open(self) -> bool:
        """Whether it is still to be kept."""
        return self.stage in TO_BE_KEPT


TO_BE_KEPT = frozenset({InquiryCommitment.Stage.MADE, InquiryCommitment.Stage.REVISED})


@dataclass
class Inquiry(Rectified, kind="inquiry", zh="专题询问"):
    """专题询问: planned, asked and answered in a meeting; its opinions are handed over, rectified, reported, polled."""

    class Stage(Word):
        PROPOSED = auto()
        PREPARED = auto()
        ASKING = auto()
        ASKED = auto()
        COLLATING = auto()
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

    form: InquiryForm | None = None
    units: tuple[str, ...] = ()
    planned_on: date | None = None
    distributed_on: date | None = None
    """When the members had the reports of the surveys and what was gathered (art. 49)."""
    held_on: date | None = None
    respondents: tuple[Respondent, ...] = ()
    sitting_in: tuple[str, ...] = ()
    questions: dict[str, InquiryQuestion] = field(default_factory=dict)
    commitments: dict[str, InquiryCommitment] = field(default_factory=dict)
    text: str | None = None
    """The opinions."""

    @property
    def open_questions(self) -> list[InquiryQuestion]:
        """What was asked and is not answered."""
        return [one for one in self.questions.values() if one.is_open]

    @property
    def open_commitments(self) -> list[InquiryCommitment]:
        """What was promised and is still to be kept."""
        return [one for one in self.commitments.values() if one.is_open]

    def units_concerned(self) -> Iterator[str]:
        """The organs that are asked, once it is planned; before that nobody outside knows of it."""
        if self.planned_on is None and self.handed_over_on is None:
            return
        yield from super().units_concerned()
        yield from self.units
        yield from (question.unit for question in self.questions.values())
        yield from (promise.unit for promise in self.commitments.values())

    def awaited(self) -> Iterator[Awaited]:
        """Also the plan, the meeting, answers that are owed, the opinions, and what was promised."""
        yield from super().awaited()
        if self.has_ended:
            return
        yield from self._owed_by_committee()
        for question in self.open_questions:
            yield Awaited(f"{Role.HANDLING_UNIT}:{question.unit}", QuestionAnswered.declared.wire, part=question.key)
        for promise in self.commitments.values():
            if promise.is_open:
                who, due_on = f"{Role.HANDLING_UNIT}:{promise.unit}", self.due_by(COMMITMENT, promise.key)
                yield Awaited(who, InquiryCommitmentFulfilled.declared.wire, due_on, promise.key)
            elif promise.stage is InquiryCommitment.Stage.FULFILLED:
                yield Awaited(Role.DEPUTY_AFFAIRS, InquiryCommitmentVerified.declared.wire, part=promise.key)

    def _owed_by_committee(self) -> Iterator[Awaited]:
        """What the committee owes before the opinions are handed over."""
        match self.stage:
            case Stage.PROPOSED:
                yield Awaited(Role.DEPUTY_AFFAIRS, InquiryPlanned.declared.wire)
            case Stage.PREPARED:
                if self.distributed_on is None:
                    yield Awaited(Role.DEPUTY_AFFAIRS, InquiryResearchDistributed.declared.wire, self.meets_on)
                yield Awaited(Role.DEPUTY_AFFAIRS, InquiryMeetingHeld.declared.wire, from_on=self.meets_on)
            case Stage.ASKING:
                yield Awaited(Role.DEPUTY_AFFAIRS, InquiryConcluded.declared.wire)
            case Stage.ASKED:
                yield Awaited(Role.DEPUTY_AFFAIRS, InquiryOpinionsCollated.declared.wire)
            case Stage.COLLATING:
                yield Awaited(Role.DEPUTY_AFFAIRS, InquiryOpinionsAdopted.declared.wire)


Stage = Inquiry.Stage
SINCE_MEETING = frozenset(Stage) - {Stage.PROPOSED, Stage.PREPARED, Stage.CLOSED, Stage.DROPPED}


# Before the meeting


class InquiryProposed(
    MatterOpening,
    of=Inquiry,
    wire="inquiry.proposed.v1",
    zh="提出专题询问议题",
    opens=True,
    leads_to=Stage.PROPOSED,
    by=CHAIRMEN,
):
    """A great matter of reform and stability, of people's own interests or of common concern is proposed (art. 47)."""

    reason: Text | None = None
    """Why it is asked about this year."""


class InquiryPlanned(
    Step,
    of=Inquiry,
    wire="inquiry.planned.v1",
    zh="确定专题询问方案",
    while_in={Stage.PROPOSED, Stage.PREPARED},
    leads_to=Stage.PREPARED,
    by=CHAIRMEN,
):
    """It is settled how the committee sits and which organs are to come and answer; a later plan replaces it."""

    form: InquiryForm
    units: tuple[UnitCode, ...] = Field(min_length=1, max_length=100)
    """The organs whose people in charge are to come."""
    summary: Text | None = None
    """The plan in short."""

    def check(self, case: Inquiry, office: Office) -> None:
        require_units(self.units, office, "units")

    def already(self, case: Inquiry) -> bool:
        return self.summary is None and (case.form, case.units) == (self.form, self.units)

    def apply(self, case: Inquiry, act: Act) -> None:
        case.form, case.units = self.form, self.units
        case.planned_on = case.planned_on or act.occurred_on


class InquiryResearchDistributed(
    Step,
    of=Inquiry,
    wire="inquiry.research_report_distributed.v1",
    zh="印发调研报告和意见汇总",
    while_in={Stage.PROPOSED, Stage.PREPARED},
    by=KEEPERS,
):
    """The members are given the reports of the surveys and what others said of the matter, in good time (art. 49)."""

    summary: Text | None = None

    def apply(self, case: Inquiry, act: Act) -> None:
        case.distributed_on = act.occurred_on


# Asking and answering


class InquiryMeetingHeld(
    Step,
    of=Inquiry,
    wire="inquiry.meeting_held.v1",
    zh="召开专题询问会议",
    while_in={Stage.PREPARED},
    leads_to=Stage.ASKING,
    by=COMMITTEE,
):
    """The committee sits and asks; the people in charge of the organs hear opinions and answer (art. 47)."""

    respondents: tuple[Respondent, ...] = Field(min_length=1, max_length=200)
    members: tuple[Line, ...] = Field(default=(), max_length=500)
    """Members of the standing committee who are present, by name."""
    sitting_in: tuple[DeputyId, ...] = Field(default=(), max_length=1000)
    """Deputies who sit in."""

    def check(self, case: Inquiry, office: Office) -> None:
        for i, came in enumerate(self.respondents):
            office.require_unit(came.unit, f"respondents.{i}.unit")
        require_once(self.members, "members")
        require_deputies(self.sitting_in, office, "sitting_in")

    def breaches(self, case: Inquiry, office: Office) -> Iterator[Refused]:
        """Every organ that is asked comes, by somebody in charge; the members had the reports before."""
        came = {one.unit for one in self.respondents}
        for unit in case.units:
            if unit not in came:
                yield Refused("organ-did-not-come", unit=unit)
            elif not any(one.in_charge for one in self.respondents if one.unit == unit):
                yield Refused("organ-not-by-its-head", unit=unit)
        if case.activities and case.distributed_on is None:
            yield Refused("research-not-distributed")

    def apply(self, case: Inquiry, act: Act) -> None:
        case.held_on, case.respondents, case.sitting_in = act.occurred_on, self.respondents, self.sitting_in


class QuestionAsked(
    Step, of=Inquiry, wire="inquiry.question_asked.v1", zh="提问", while_in={Stage.ASKING}, by=COMMITTEE
):
    """A member asks an organ."""

    question: Code
    """Its key in the case."""
    speaker: Line
    """Who asks, by name."""
    unit: UnitCode
    text: Text

    def check(self, case: Inquiry, office: Office) -> None:
        office.require_unit(self.unit, "unit")
        if self.question in case.questions:
            raise Refused("question-exists", field="question", question=self.question)

    def apply(self, case: Inquiry, act: Act) -> None:
        case.questions[self.question] = InquiryQuestion(
            self.question, InquiryQuestion.Stage.ASKED, self.unit, self.speaker, self.text, act.occurred_on
        )


class QuestionAnswered(
    Step,
    of=Inquiry,
    wire="inquiry.question_answered.v1",
    zh="应询",
    while_in=SINCE_MEETING,
    part="questions",
    names="question",
    after={InquiryQuestion.Stage.ASKED, InquiryQuestion.Stage.FOLLOWED_UP},
    leads_to=InquiryQuestion.Stage.ANSWERED,
    by=UNITS,
):
    """The organ answers, at the meeting, or afterwards in writing."""

    question: Code
    respondent: Line
    """Who answers, by name."""
    text: Text
    in_writing: bool = False

    def acting_unit(self, case: Any) -> str | None:
        """The organ that was asked."""
        asked = case.questions.get(self.question) if case is not None else None
        return None if asked is None else asked.unit

    def apply(self, case: Inquiry, act: Act) -> None:
        if (asked := case.questions.get(self.question)) is not None:
            asked.answers.append(InquiryAnswer(act.occurred_on, self.respondent, self.text, self.in_writing))


class QuestionFollowedUp(
    Step,
    of=Inquiry,
    wire="inquiry.question_followed_up.v1",
    zh="追问",
    while_in={Stage.ASKING},
    part="questions",
    names="question",
    after={InquiryQuestion.Stage.ANSWERED},
    leads_to=InquiryQuestion.Stage.FOLLOWED_UP,
    by=COMMITTEE,
):
    """A member is not content with the answer, and asks on."""

    question: Code
    speaker: Line
    """Who asks on, by name."""
    text: Text

    def apply(self, case: Inquiry, act: Act) -> None:
        if (asked := case.questions.get(self.question)) is not None:
            asked.follow_up_questions.append(FollowUpQuestion(act.occurred_on, self.speaker, self.text))


class InquiryConcluded(
    Step,
    of=Inquiry,
    wire="inquiry.concluded.v1",
    zh="询问结束",
    while_in={Stage.ASKING},
    leads_to=Stage.ASKED,
    by=COMMITTEE,
):
    """The asking is over; what was not answered is answered in writing."""

    summary: Text | None = None

    def breaches(self, case: Inquiry, office: Office) -> Iterator[Refused]:
        """Each question is answered at the meeting (art. 47)."""
        for question in case.open_questions:
            yield Refused("question-not-answered", question=question.key, unit=question.unit)


class InquiryAnswersPolled(
    PollStep,
    of=Inquiry,
    wire="inquiry.answers_polled.v1",
    zh="应询满意度测评",
    while_in={Stage.ASKING, Stage.ASKED},
    by=COMMITTEE,
):
    """How satisfied the members are with the answers; a poll on the rectification is then the second one (丹徒)."""

    rule = "poll.inquiry"

    def check(self, case: Inquiry, office: Office) -> None:
        super().check(case, office)
        if case.polls:
            raise Refused("polled-before")

    def apply(self, case: Inquiry, act: Act) -> None:
        case.polls.append(self.counted(act.occurred_on))


# What was promised on the spot


class InquiryCommitmentMade(
    Step, of=Inquiry, wire="inquiry.commitment_made.v1", zh="当场承诺", while_in=SINCE_MEETING, by=COMMITTEE | UNITS
):
    """An organ promises on the spot to do something by a date."""

    commitment: Code
    """Its key in the case."""
    unit: UnitCode
    text: Text
    due_on: date
    respondent: Line | None = None
    """Who promises, by name."""
    question: Code | None = None
    """The question to which it was promised."""

    def check(self, case: Inquiry, office: Office) -> None:
        office.require_unit(self.unit, "unit")
        require_not_before(self.due_on, office)
        if self.commitment in case.commitments:
            raise Refused("commitment-exists", field="commitment", commitment=self.commitment)
        if self.question is not None and self.question not in case.questions:
            raise Refused("unknown-part", field="question", step=self.declared.wire, part=self.question)

    def agreed_deadlines(self, act: Act) -> Iterator[Deadline]:
        yield clock.agreed(COMMITMENT, act.occurred_on, self.due_on, self.commitment)

    def apply(self, case: Inquiry, act: Act) -> None:
        case.commitments[self.commitment] = InquiryCommitment(
            self.commitment,
            InquiryCommitment.Stage.MADE,
            self.unit,
            self.text,
            self.respondent,
            self.question,
            act.occurred_on,
            self.due_on,
        )


class _OfCommitment(Step):
    """A step about something that was promised."""

    commitment: Code

    def acting_unit(self, case: Any) -> str | None:
        """The organ that promised it."""
        promise = case.commitments.get(self.commitment) if case is not None else None
        return None if promise is None else promise.unit

    def named(self, case: Inquiry) -> InquiryCommitment | None:
        """The commitment, if there is one."""
        return case.commitments.get(self.commitment)


class InquiryCommitmentRevised(
    _OfCommitment,
    of=Inquiry,
    wire="inquiry.commitment_revised.v1",
    zh="调整承诺事项",
    while_in=SINCE_MEETING,
    part="commitments",
    names="commitment",
    after=TO_BE_KEPT,
    leads_to=InquiryCommitment.Stage.REVISED,
    by=UNITS,
    extends=COMMITMENT,
):
    """What was promised is given another date or other words, and why."""

    due_on: date | None = None
    text: Text | None = None
    reason: Text

    def check(self, case: Inquiry, office: Office) -> None:
        if self.due_on is not None:
            require_not_before(self.due_on, office)

    def apply(self, case: Inquiry, act: Act) -> None:
        if (promise := self.named(case)) is not None:
            promise.due_on, promise.text = self.due_on or promise.due_on, self.text or promise.text


class InquiryCommitmentFulfilled(
    _OfCommitment,
    of=Inquiry,
    wire="inquiry.commitment_fulfilled.v1",
    zh="承诺事项完成",
    while_in=SINCE_MEETING,
    part="commitments",
    names="commitment",
    after=TO_BE_KEPT,
    leads_to=InquiryCommitment.Stage.FULFILLED,
    by=UNITS,
    stops=(COMMITMENT,),
):
    """The organ says that it did what it promised, and how."""

    summary: Text

    def apply(self, case: Inquiry, act: Act) -> None:
        if (promise := self.named(case)) is not None:
            promise.fulfilled_on, promise.summary = act.occurred_on, self.summary


class InquiryCommitmentVerified(
    _OfCommitment,
    of=Inquiry,
    wire="inquiry.commitment_verified.v1",
    zh="承诺事项核实",
    while_in=SINCE_MEETING,
    part="commitments",
    names="commitment",
    after={InquiryCommitment.Stage.FULFILLED},
    leads_to=InquiryCommitment.Stage.VERIFIED,
    by=CHAIRMEN,
):
    """The committee has looked, and it was done."""

    verified_by: Line
    note: Text | None = None

    def apply(self, case: Inquiry, act: Act) -> None:
        if (promise := self.named(case)) is not None:
            promise.verified_on, promise.verified_by = act.occurred_on, self.verified_by


class InquiryCommitmentSentBack(
    _OfCommitment,
    of=Inquiry,
    wire="inquiry.commitment_sent_back.v1",
    zh="承诺事项退回继续落实",
    while_in=SINCE_MEETING,
    part="commitments",
    names="commitment",
    after={InquiryCommitment.Stage.FULFILLED, InquiryCommitment.Stage.VERIFIED},
    leads_to=InquiryCommitment.Stage.MADE,
    by=CHAIRMEN,
):
    """The committee has looked, and it was not done: it is to be done by a later date."""

    reason: Text
    due_on: date

    def check(self, case: Inquiry, office: Office) -> None:
        require_not_before(self.due_on, office)

    def agreed_deadlines(self, act: Act) -> Iterator[Deadline]:
        yield clock.agreed(COMMITMENT, act.occurred_on, self.due_on, self.commitment)

    def apply(self, case: Inquiry, act: Act) -> None:
        if (promise := self.named(case)) is not None:
            promise.sent_back += 1
            promise.fulfilled_on = promise.verified_on = promise.verified_by = None
            promise.due_on = self.due_on


class InquiryCommitmentAbandoned(
    _OfCommitment,
    of=Inquiry,
    wire="inquiry.commitment_abandoned.v1",
    zh="承诺事项终止",
    while_in=SINCE_MEETING,
    part="commitments",
    names="commitment",
    after=TO_BE_KEPT,
    leads_to=InquiryCommitment.Stage.ABANDONED,
    by=CHAIRMEN,
):
    """What was promised will not be done, and why."""

    reason: Text

    def dropped_clocks(self, case: Inquiry) -> Iterator[tuple[str, str | None]]:
        yield COMMITMENT, self.commitment

    def apply(self, case: Inquiry, act: Act) -> None:
        if (promise := self.named(case)) is not None:
            promise.abandoned_on, promise.abandoned_because = act.occurred_on, self.reason


# The opinions


class InquiryOpinionsCollated(
    Step,
    of=Inquiry,
    wire="inquiry.opinions_collated.v1",
    zh="归纳整理询问意见",
    while_in={Stage.ASKED, Stage.COLLATING},
    leads_to=Stage.COLLATING,
    by=CHAIRMEN,
):
    """The opinions given in the inquiry are collated, so that the organs can deal with them (art. 50)."""

    text: Text
    speakers: tuple[Line, ...] = Field(default=(), max_length=500)
    """Who gave them, by name."""

    def already(self, case: Inquiry) -> bool:
        return case.stage is Stage.COLLATING and case.text == self.text

    def apply(self, case: Inquiry, act: Act) -> None:
        case.text = self.text


class InquiryOpinionsAdopted(
    Step,
    of=Inquiry,
    wire="inquiry.opinions_adopted.v1",
    zh="主任会议讨论通过询问意见",
    while_in={Stage.COLLATING},
    leads_to=Stage.ADOPTED,
    by=CHAIRMEN,
    starts=(HAND_OVER,),
):
    """The chairmen's meeting adopts the opinions; the organs deal with them and report in good time (art. 50)."""

    text: Text | None = None
    """As they were adopted, where that differs from the draft."""

    def apply(self, case: Inquiry, act: Act) -> None:
        case.text = self.text or case.text
