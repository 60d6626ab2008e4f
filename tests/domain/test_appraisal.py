from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from domain.ballot import PollStep, Rating
from domain.case import Role, Step
from domain.cases.supervision.appraisal import (
    SELF_REVIEW,
    Appraisal,
    AppraisalDeliberated,
    AppraisalInvestigationConducted,
    AppraisalKind,
    AppraisalPlanMade,
    AppraisalPublicSurveyed,
    AppraisalReportHeard,
    AppraisalSelfReviewSubmitted,
    AppraisalTargetChosen,
    AppraisalTargetNotified,
    SpecialAppraisalOpinionsAdopted,
    SpecialAppraisalPollHeld,
)
from domain.matter import (
    ApprovedByPartyCommittee,
    Closed,
    DepartmentsNotified,
    PartyGroupDeliberated,
    ReportedToPartyCommittee,
    SubmittedToPartyCommittee,
)
from domain.rectification import (
    HAND_OVER,
    REPORT,
    ListedProblemRectified,
    OpinionsHandedOver,
    PlanSubmitted,
    PollHeld,
    ProblemToList,
    ProblemVerified,
    ReportedAgain,
    ReportSubmitted,
    ReRectificationOrdered,
    SecondPollHeld,
)
from domain.refusal import Refused
from tests.domain.support import Desk

Stage = Appraisal.Stage
ORGAN, STRANGER = "scj", "jtj"
DEPUTIES = ("d-001", "d-002", "d-003")
MEETING = date(2026, 6, 25)


@pytest.fixture
def desk() -> Desk:
    desk = Desk()
    desk.open(
        AppraisalTargetChosen(jurisdiction="cn-999900", title="市市场监督管理局工作评议", unit=ORGAN), date(2026, 2, 2)
    )
    return desk


def state(desk: Desk) -> Appraisal:
    case = desk.live
    assert isinstance(case, Appraisal)
    return case


def notified(desk: Desk) -> Desk:
    desk.take(AppraisalPlanMade(summary="分三组调查，六月评议"), date(2026, 2, 10))
    desk.take(AppraisalTargetNotified(unit=ORGAN, due_on=date(2026, 4, 10)), date(2026, 3, 2))
    return desk


def heard(desk: Desk) -> Desk:
    notified(desk)
    desk.take(AppraisalSelfReviewSubmitted(summary="自查问题五项"), date(2026, 4, 8))
    desk.take(AppraisalInvestigationConducted(summary="走访企业二十家", invited=DEPUTIES), date(2026, 4, 20))
    desk.take(AppraisalReportHeard(reporter="甲局长", sitting_in=("d-001",)), MEETING)
    return desk


def tallies(satisfied: int, basically: int, dissatisfied: int) -> dict[str, Any]:
    return {
        "voters": "常委会组成人员",
        "present": 29,
        "satisfied": satisfied,
        "basically_satisfied": basically,
        "dissatisfied": dissatisfied,
    }


def rectifying(desk: Desk) -> Desk:
    heard(desk)
    desk.take(SpecialAppraisalPollHeld(**tallies(10, 15, 4)), MEETING)
    desk.take(SpecialAppraisalOpinionsAdopted(text="加强食品安全抽检"), date(2026, 6, 29))
    problems = (ProblemToList(problem="1", text="抽检批次不足", unit=ORGAN),)
    desk.take(OpinionsHandedOver(unit=ORGAN, important=True, in_person=True, problems=problems), date(2026, 7, 2))
    return desk


def awaited(desk: Desk) -> list[tuple[str, str, date | None]]:
    return [(one.who, one.step.split(".")[1], one.due_on) for one in state(desk).awaited()]


def refusal_of(desk: Desk, step: Step, on: date, role: Role | None = None, **more: Any) -> tuple[str, str | None]:
    before = desk.ledger.head()
    with pytest.raises(Refused) as refused:
        desk.take(step, on, role, **more)
    assert desk.ledger.head() == before
    return refused.value.message_id, refused.value.field


def test_an_appraisal_from_its_plan_to_the_second_poll(desk: Desk) -> None:
    for gate in (PartyGroupDeliberated(), SubmittedToPartyCommittee(opinion="评议方案"), ApprovedByPartyCommittee()):
        desk.take(gate, date(2026, 2, 9))
    notified(desk)
    own = AppraisalSelfReviewSubmitted(summary="自查问题五项")
    desk.take(own, date(2026, 4, 8), Role.HANDLING_UNIT, office=ORGAN)
    desk.take(
        AppraisalInvestigationConducted(
            summary="走访企业二十家", members=("甲三",), invited=DEPUTIES, attended=DEPUTIES[:2]
        ),
        date(2026, 4, 20),
    )
    desk.take(
        AppraisalPublicSurveyed(
            voters="企业和群众", present=500, satisfied=300, basically_satisfied=120, dissatisfied=60
        ),
        date(2026, 5, 20),
    )
    desk.take(AppraisalReportHeard(reporter="甲局长"), MEETING)
    desk.take(AppraisalDeliberated(speakers=("乙三", "丙三")), MEETING)
    desk.take(SpecialAppraisalPollHeld(**tallies(10, 15, 4)), MEETING)
    assert state(desk).facts().grade == Rating.BASICALLY_SATISFIED
    desk.take(SpecialAppraisalOpinionsAdopted(text="加强食品安全抽检"), date(2026, 6, 29))
    problems = (ProblemToList(problem="1", text="抽检批次不足", unit=ORGAN),)
    desk.take(OpinionsHandedOver(unit=ORGAN, important=True, in_person=True, problems=problems), date(2026, 7, 2))
    desk.take(PlanSubmitted(summary="九月底前补足"), date(2026, 7, 10), Role.HANDLING_UNIT, office=ORGAN)
    desk.take(ListedProblemRectified(problem="1", summary="已补足"), date(2026, 8, 20))
    desk.take(ReportSubmitted(summary="已整改"), date(2026, 9, 1))
    desk.take(PollHeld(**tallies(5, 5, 19)), date(2026, 9, 24))
    desk.take(ReRectificationOrdered(reason="抽检覆盖面不够"), date(2026, 9, 28))
    desk.take(ReportedAgain(summary="新增抽检一百批次"), date(2026, 10, 28))
    desk.take(ProblemVerified(problem="1", verified_by="财经工委"), date(2026, 11, 2))
    desk.take(SecondPollHeld(**tallies(24, 4, 1)), date(2026, 11, 12))
    desk.take(ReportedToPartyCommittee(), date(2026, 11, 16))
    desk.take(DepartmentsNotified(departments=("市委组织部",)), date(2026, 11, 16))
    desk.take(Closed(), date(2026, 11, 20))
    case = state(desk)
    assert case.stage is Stage.CLOSED
    assert [one.rating for one in case.polls] == [Rating.DISSATISFIED, Rating.SATISFIED]
    assert case.appraisal_poll is not None
    assert (case.appraisal_poll.rating, case.appraisal_poll.satisfied) == (Rating.BASICALLY_SATISFIED, 10)
    assert case.facts().grade == Rating.SATISFIED
    assert case.surveys[0].satisfied == 300
    assert not any(running.late for running in case.all_clocks)
    assert desk.found == []
    earlier = desk.at(date(2026, 4, 30))
    assert isinstance(earlier, Appraisal)
    assert (earlier.stage, earlier.surveys, earlier.appraisal_poll) == (Stage.INVESTIGATING, [], None)


def test_the_poll_on_the_rectification_is_the_second_one_under_a_rule_of_its_own(desk: Desk) -> None:
    rectifying(desk)
    desk.take(ReportSubmitted(summary="已整改"), date(2026, 9, 1))
    desk.take(SecondPollHeld(**tallies(24, 4, 1)), date(2026, 9, 24))
    first, second = (record.step for record in desk.history if isinstance(record.step, PollStep))
    rules = [(one.poll_rule or "").partition(" ")[0] for one in (first, second)]
    assert rules == ["poll.appraisal", "poll.rectification"]
    assert (first.rating, second.rating) == (Rating.BASICALLY_SATISFIED, Rating.SATISFIED)
    assert state(desk).facts().grade == Rating.SATISFIED
    assert desk.found == []


def test_without_a_first_poll_there_is_no_second_one(desk: Desk) -> None:
    heard(desk)
    desk.take(SpecialAppraisalOpinionsAdopted(text="加强食品安全抽检"), date(2026, 6, 29))
    desk.take(OpinionsHandedOver(unit=ORGAN), date(2026, 7, 2))
    desk.take(ReportSubmitted(summary="已整改"), date(2026, 9, 1))
    assert refusal_of(desk, SecondPollHeld(**tallies(24, 4, 1)), date(2026, 9, 24))[0] == "not-polled-before"


def test_the_organ_knows_of_it_once_it_is_told(desk: Desk) -> None:
    assert set(state(desk).audience()) == set()
    assert awaited(desk) == [("deputy_affairs", "target_notified", None)]
    step = AppraisalSelfReviewSubmitted(summary="自查问题五项")
    refused = refusal_of(desk, step, date(2026, 2, 20), Role.HANDLING_UNIT, office=ORGAN)
    assert refused[0] == "no-part-in-case"
    notified(desk)
    assert set(state(desk).audience()) == {f"handling_unit:{ORGAN}"}
    assert awaited(desk) == [(f"handling_unit:{ORGAN}", "self_review_submitted", date(2026, 4, 10))]
    assert refusal_of(desk, step, date(2026, 4, 8), Role.HANDLING_UNIT, office=STRANGER)[0] == "no-part-in-case"


def test_a_self_review_after_the_date_that_was_named_is_late(desk: Desk) -> None:
    notified(desk)
    desk.take(AppraisalSelfReviewSubmitted(summary="自查问题五项"), date(2026, 4, 13))
    assert state(desk).clocks[SELF_REVIEW, None].late


def test_an_investigation_with_fewer_than_three_deputies_is_a_finding(desk: Desk) -> None:
    notified(desk)
    desk.take(AppraisalInvestigationConducted(summary="座谈", invited=DEPUTIES[:2]), date(2026, 4, 20))
    assert desk.found == [("too-few-deputies-invited", 4)]


def test_after_the_hearing_the_poll_and_then_the_opinions_are_awaited(desk: Desk) -> None:
    heard(desk)
    assert awaited(desk) == [("deputy_affairs", "appraisal_poll_held", None)]
    desk.take(SpecialAppraisalPollHeld(**tallies(25, 3, 1)), MEETING)
    assert awaited(desk) == [("deputy_affairs", "opinions_adopted", None)]


def test_the_opinions_are_handed_over_within_seven_days_and_reported_on_in_three_months(desk: Desk) -> None:
    heard(desk)
    desk.take(SpecialAppraisalOpinionsAdopted(text="加强食品安全抽检"), date(2026, 6, 29))
    assert state(desk).due_by(HAND_OVER) == date(2026, 7, 6)
    assert awaited(desk) == [("deputy_affairs", "handed_over", None)]
    desk.take(OpinionsHandedOver(unit=ORGAN), date(2026, 7, 2))
    assert state(desk).due_by(REPORT) == date(2026, 10, 8), "2 October 2026 is in the holiday"


def test_important_opinions_come_with_a_problem_list_in_person(desk: Desk) -> None:
    assert state(rectifying(desk)).open_problems[0].text == "抽检批次不足"
    assert desk.found == []


@pytest.mark.parametrize("kind", list(AppraisalKind))
def test_departments_courts_zones_and_fields_of_work_are_appraised(kind: AppraisalKind) -> None:
    desk = Desk()
    desk.open(AppraisalTargetChosen(jurisdiction="cn-999900", title="评议", kind=kind), date(2026, 2, 2))
    assert state(desk).appraisal_kind is kind


def test_what_makes_no_sense_is_refused(desk: Desk) -> None:
    past = AppraisalTargetNotified(unit=ORGAN, due_on=date(2026, 3, 1))
    assert refusal_of(desk, past, date(2026, 3, 2)) == ("due-before-start", "due_on")
    assert refusal_of(desk, AppraisalTargetNotified(unit="nowhere"), date(2026, 3, 2)) == ("unknown-unit", "unit")
    heard(desk)
    many = SpecialAppraisalPollHeld(**tallies(20, 8, 2))
    assert refusal_of(desk, many, MEETING) == ("more-ballots-than-voters", "present")
