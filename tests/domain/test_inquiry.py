"""The special inquiry (专题询问): asked, answered, promised, handed over, put right, polled twice."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from domain.ballot import Rating
from domain.case import Role, Step
from domain.cases.supervision.inquiry import (
    COMMITMENT,
    Inquiry,
    InquiryAnswersPolled,
    InquiryCommitment,
    InquiryCommitmentAbandoned,
    InquiryCommitmentFulfilled,
    InquiryCommitmentMade,
    InquiryCommitmentRevised,
    InquiryCommitmentSentBack,
    InquiryCommitmentVerified,
    InquiryConcluded,
    InquiryForm,
    InquiryMeetingHeld,
    InquiryOpinionsAdopted,
    InquiryOpinionsCollated,
    InquiryPlanned,
    InquiryProposed,
    InquiryQuestion,
    InquiryResearchDistributed,
    QuestionAnswered,
    QuestionAsked,
    QuestionFollowedUp,
    Respondent,
)
from domain.matter import ActivityHeld, ActivityKind, Closed, Scheduled
from domain.rectification import (
    HAND_OVER,
    REPORT,
    OpinionsHandedOver,
    PollHeld,
    ReportSubmitted,
    SecondPollHeld,
)
from domain.refusal import Refused
from tests.domain.support import Desk

Stage = Inquiry.Stage
ASKED_UNIT, OTHER = "hbj", "slj"
PROPOSED, PLANNED, SURVEYED, SENT = date(2026, 3, 2), date(2026, 3, 20), date(2026, 4, 8), date(2026, 5, 18)
MEETING = date(2026, 5, 28)
ADOPTED, HANDED_OVER = date(2026, 6, 5), date(2026, 6, 10)
TALLY: dict[str, Any] = {"voters": "常委会组成人员", "present": 30, "eligible": 38}


def proposed() -> InquiryProposed:
    return InquiryProposed(jurisdiction="cn-999900", title="长江岸线生态修复专题询问", committee="城环资委")


def came(unit: str, *, in_charge: bool = True) -> Respondent:
    return Respondent(unit=unit, respondent="甲局长", post="局长", in_charge=in_charge)


def asked(question: str = "q1", unit: str = ASKED_UNIT) -> QuestionAsked:
    return QuestionAsked(question=question, speaker="乙委员", unit=unit, text="岸线何时复绿？")


def answered(question: str = "q1", **more: Any) -> QuestionAnswered:
    return QuestionAnswered(question=question, respondent="甲局长", text="年底前完成。", **more)


def promised(**more: Any) -> InquiryCommitmentMade:
    given = {"commitment": "c1", "unit": ASKED_UNIT, "text": "拆除三处码头", "due_on": date(2026, 9, 30)}
    return InquiryCommitmentMade(**{**given, **more})


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.fixture
def sitting(desk: Desk) -> Desk:
    desk.open(proposed(), PROPOSED)
    desk.take(InquiryPlanned(form=InquiryForm.JOINT_GROUPS, units=(ASKED_UNIT, OTHER)), PLANNED)
    desk.take(InquiryResearchDistributed(), SENT)
    desk.take(InquiryMeetingHeld(respondents=(came(ASKED_UNIT), came(OTHER)), sitting_in=("d-001",)), MEETING)
    return desk


def inquiry(desk: Desk) -> Inquiry:
    case = desk.live
    assert isinstance(case, Inquiry)
    return case


def refusal_of(desk: Desk, step: Step, on: date, role: Role | None = None, **more: Any) -> tuple[str, str | None]:
    with pytest.raises(Refused) as refused:
        desk.take(step, on, role, **more)
    return refused.value.message_id, refused.value.field


def awaited(desk: Desk) -> list[tuple[str, str, date | None]]:
    return [(one.who, one.step, one.due_on) for one in inquiry(desk).awaited()]


def test_an_inquiry_is_asked_answered_handed_over_put_right_and_polled_twice(sitting: Desk) -> None:
    sitting.take(asked(), MEETING)
    sitting.take(answered(), MEETING)
    sitting.take(QuestionFollowedUp(question="q1", speaker="丙委员", text="资金从何而来？"), MEETING)
    sitting.take(answered(), MEETING)
    sitting.take(promised(question="q1"), MEETING)
    sitting.take(InquiryConcluded(), MEETING)
    sitting.take(InquiryAnswersPolled(satisfied=12, basically_satisfied=10, dissatisfied=8, **TALLY), MEETING)
    sitting.take(InquiryOpinionsCollated(text="加快修复进度。", speakers=("乙委员",)), date(2026, 6, 2))
    sitting.take(InquiryOpinionsAdopted(), ADOPTED)
    sitting.take(OpinionsHandedOver(unit=ASKED_UNIT), HANDED_OVER)
    sitting.take(ReportSubmitted(summary="三处码头已拆除。"), date(2026, 9, 8))
    sitting.take(SecondPollHeld(satisfied=26, basically_satisfied=3, dissatisfied=1, **TALLY), date(2026, 9, 28))
    sitting.take(Closed(), date(2026, 10, 9))
    case = inquiry(sitting)
    question = case.questions["q1"]
    assert (question.stage, len(question.answers), question.follow_up_questions[0].speaker) == (
        InquiryQuestion.Stage.ANSWERED,
        2,
        "丙委员",
    )
    assert [poll.rating for poll in case.polls] == [Rating.BASICALLY_SATISFIED, Rating.SATISFIED]
    assert (case.stage, case.text, case.sitting_in) == (Stage.CLOSED, "加快修复进度。", ("d-001",))
    assert sitting.found == []


def test_at_an_earlier_moment_it_shows_what_was_known_then(sitting: Desk) -> None:
    sitting.take(asked(), MEETING)
    sitting.take(InquiryConcluded(), date(2026, 5, 29))
    then = sitting.at(PLANNED)
    assert isinstance(then, Inquiry)
    assert (then.stage, then.questions, then.units) == (Stage.PREPARED, {}, (ASKED_UNIT, OTHER))


def test_the_opinions_are_handed_over_in_seven_days_and_reported_in_three_months(sitting: Desk) -> None:
    sitting.take(InquiryConcluded(), MEETING)
    sitting.take(InquiryOpinionsCollated(text="意见"), date(2026, 6, 2))
    sitting.take(InquiryOpinionsAdopted(text="修改后的意见"), ADOPTED)
    assert inquiry(sitting).due_by(HAND_OVER) == date(2026, 6, 12)
    sitting.take(OpinionsHandedOver(unit=ASKED_UNIT), HANDED_OVER)
    case = inquiry(sitting)
    assert (case.due_by(HAND_OVER), case.due_by(REPORT), case.text) == (None, date(2026, 9, 10), "修改后的意见")


def test_no_unit_knows_of_an_inquiry_before_it_is_planned(desk: Desk) -> None:
    desk.open(proposed().model_copy(update={"unit": ASKED_UNIT}), PROPOSED)
    assert list(inquiry(desk).audience()) == []
    desk.take(InquiryPlanned(form=InquiryForm.PLENARY, units=(OTHER,)), PLANNED)
    assert set(inquiry(desk).audience()) == {f"handling_unit:{ASKED_UNIT}", f"handling_unit:{OTHER}"}


def test_a_later_plan_replaces_the_earlier_one_and_the_same_plan_changes_nothing(desk: Desk) -> None:
    desk.open(proposed(), PROPOSED)
    plan = InquiryPlanned(form=InquiryForm.PLENARY, units=(OTHER,))
    assert desk.take(plan, PLANNED).changed
    assert not desk.take(plan, PLANNED).changed
    desk.take(InquiryPlanned(form=InquiryForm.GROUPS, units=(ASKED_UNIT,)), SURVEYED)
    case = inquiry(desk)
    assert (case.form, case.units, case.planned_on) == (InquiryForm.GROUPS, (ASKED_UNIT,), PLANNED)


def test_a_unit_answers_for_itself_and_for_no_other(sitting: Desk) -> None:
    sitting.take(asked(), MEETING)
    assert refusal_of(sitting, answered(), MEETING, Role.HANDLING_UNIT, office=OTHER)[0] == "not-your-unit"
    sitting.take(answered(), MEETING, Role.HANDLING_UNIT, office=ASKED_UNIT)
    assert inquiry(sitting).open_questions == []


@pytest.mark.parametrize(
    ("step", "refusal"),
    [
        (asked(), ("question-exists", "question")),
        (asked("q2", "nowhere"), ("unknown-unit", "unit")),
        (answered("q9"), ("unknown-part", "question")),
        (QuestionFollowedUp(question="q1", speaker="丙委员", text="？"), ("part-step-not-open", None)),
        (promised(unit="nowhere"), ("unknown-unit", "unit")),
        (promised(due_on=date(2026, 5, 1)), ("due-before-start", "due_on")),
        (promised(question="q9"), ("unknown-part", "question")),
        (InquiryOpinionsAdopted(), ("step-not-open", None)),
    ],
)
def test_what_cannot_be_is_refused(sitting: Desk, step: Step, refusal: tuple[str, str | None]) -> None:
    sitting.take(asked(), MEETING)
    assert refusal_of(sitting, step, MEETING) == refusal


def test_a_commitment_is_made_once_and_the_answers_are_polled_once(sitting: Desk) -> None:
    sitting.take(promised(), MEETING)
    assert refusal_of(sitting, promised(), MEETING) == ("commitment-exists", "commitment")
    poll = InquiryAnswersPolled(satisfied=30, basically_satisfied=0, dissatisfied=0, **TALLY)
    sitting.take(poll, MEETING)
    assert refusal_of(sitting, poll.model_copy(update={"satisfied": 29}), MEETING)[0] == "polled-before"


def test_after_a_poll_on_the_answers_the_poll_on_the_rectification_is_the_second(sitting: Desk) -> None:
    sitting.take(InquiryAnswersPolled(satisfied=30, basically_satisfied=0, dissatisfied=0, **TALLY), MEETING)
    sitting.take(InquiryConcluded(), MEETING)
    sitting.take(InquiryOpinionsCollated(text="意见"), MEETING)
    sitting.take(InquiryOpinionsAdopted(), ADOPTED)
    sitting.take(OpinionsHandedOver(unit=ASKED_UNIT), HANDED_OVER)
    sitting.take(ReportSubmitted(summary="已办"), date(2026, 9, 8))
    poll = PollHeld(satisfied=30, basically_satisfied=0, dissatisfied=0, **TALLY)
    assert refusal_of(sitting, poll, date(2026, 9, 28))[0] == "polled-before"


# What was promised on the spot


def test_a_commitment_is_due_on_its_date_and_verified_by_the_committee(sitting: Desk) -> None:
    sitting.take(promised(), MEETING)
    assert inquiry(sitting).due_by(COMMITMENT, "c1") == date(2026, 9, 30)
    sitting.take(InquiryCommitmentFulfilled(commitment="c1", summary="已拆除"), date(2026, 9, 1))
    sitting.take(InquiryCommitmentVerified(commitment="c1", verified_by="城环资委"), date(2026, 9, 8))
    promise = inquiry(sitting).commitments["c1"]
    assert (promise.stage, promise.verified_by) == (InquiryCommitment.Stage.VERIFIED, "城环资委")
    assert inquiry(sitting).clocks[COMMITMENT, "c1"].late is False


def test_a_commitment_may_be_revised_sent_back_and_abandoned(sitting: Desk) -> None:
    sitting.take(promised(), MEETING)
    revised = InquiryCommitmentRevised(commitment="c1", due_on=date(2026, 10, 31), text="拆除两处码头", reason="汛期")
    sitting.take(revised, date(2026, 7, 1))
    assert inquiry(sitting).due_by(COMMITMENT, "c1") == date(2026, 10, 31)
    sitting.take(InquiryCommitmentFulfilled(commitment="c1", summary="已拆除"), date(2026, 9, 1))
    sent_back = InquiryCommitmentSentBack(commitment="c1", reason="仍有一处", due_on=date(2026, 12, 1))
    sitting.take(sent_back, date(2026, 9, 8))
    promise = inquiry(sitting).commitments["c1"]
    assert (promise.is_open, promise.sent_back, promise.fulfilled_on) == (True, 1, None)
    assert inquiry(sitting).due_by(COMMITMENT, "c1") == date(2026, 12, 1)
    sitting.take(InquiryCommitmentAbandoned(commitment="c1", reason="规划调整"), date(2026, 10, 8))
    assert (inquiry(sitting).due_by(COMMITMENT, "c1"), inquiry(sitting).open_commitments) == (None, [])


def test_a_commitment_is_not_put_before_today(sitting: Desk) -> None:
    sitting.take(promised(), MEETING)
    early = InquiryCommitmentRevised(commitment="c1", due_on=date(2026, 5, 1), reason="提前")
    assert refusal_of(sitting, early, date(2026, 6, 1)) == ("due-before-start", "due_on")
    sitting.take(InquiryCommitmentFulfilled(commitment="c1", summary="已拆除"), date(2026, 6, 1))
    back = InquiryCommitmentSentBack(commitment="c1", reason="未办", due_on=date(2026, 5, 1))
    assert refusal_of(sitting, back, date(2026, 6, 2)) == ("due-before-start", "due_on")


# What breaks a rule


def test_an_organ_that_stays_away_or_sends_a_clerk_is_a_finding(desk: Desk) -> None:
    desk.open(proposed(), PROPOSED)
    desk.take(InquiryPlanned(form=InquiryForm.PLENARY, units=(ASKED_UNIT, OTHER)), PLANNED)
    desk.take(InquiryMeetingHeld(respondents=(came(OTHER, in_charge=False),)), MEETING)
    assert desk.found == [("organ-did-not-come", 3), ("organ-not-by-its-head", 3)]


def test_surveys_whose_reports_nobody_was_given_are_a_finding(desk: Desk) -> None:
    desk.open(proposed(), PROPOSED)
    desk.take(InquiryPlanned(form=InquiryForm.PLENARY, units=(OTHER,)), PLANNED)
    invited = ("d-001", "d-002", "d-003")
    desk.take(ActivityHeld(kind=ActivityKind.SURVEY, title="岸线调研", invited=invited), SURVEYED)
    desk.take(InquiryMeetingHeld(respondents=(came(OTHER),)), MEETING)
    assert desk.found == [("research-not-distributed", 4)]


def test_a_question_without_an_answer_is_a_finding_and_still_awaited(sitting: Desk) -> None:
    sitting.take(asked(), MEETING)
    sitting.take(InquiryConcluded(), MEETING)
    assert sitting.found == [("question-not-answered", 6)]
    assert (f"handling_unit:{ASKED_UNIT}", "inquiry.question_answered.v1", None) in awaited(sitting)
    sitting.take(answered(in_writing=True), date(2026, 6, 3))
    assert inquiry(sitting).questions["q1"].answers[0].in_writing


# What is awaited


def test_at_each_stage_somebody_is_awaited(desk: Desk) -> None:
    office = "deputy_affairs"
    desk.open(proposed(), PROPOSED)
    assert awaited(desk) == [(office, "inquiry.planned.v1", None)]
    desk.take(InquiryPlanned(form=InquiryForm.PLENARY, units=(OTHER,)), PLANNED)
    desk.take(Scheduled(meets_on=MEETING), PLANNED)
    assert awaited(desk) == [
        (office, "inquiry.research_report_distributed.v1", MEETING),
        (office, "inquiry.meeting_held.v1", None),
    ]
    desk.take(InquiryMeetingHeld(respondents=(came(OTHER),)), MEETING)
    assert awaited(desk) == [(office, "inquiry.concluded.v1", None)]
    desk.take(promised(), MEETING)
    desk.take(InquiryConcluded(), MEETING)
    kept = (f"handling_unit:{ASKED_UNIT}", "inquiry.commitment_fulfilled.v1", date(2026, 9, 30))
    assert awaited(desk) == [(office, "inquiry.opinions_collated.v1", None), kept]
    desk.take(InquiryCommitmentFulfilled(commitment="c1", summary="已办"), date(2026, 6, 1))
    desk.take(InquiryOpinionsCollated(text="意见"), date(2026, 6, 2))
    verified = (office, "inquiry.commitment_verified.v1", None)
    assert awaited(desk) == [(office, "inquiry.opinions_adopted.v1", None), verified]
    desk.take(Closed(), ADOPTED)
    assert awaited(desk) == []
