from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from domain import rectification as r
from domain.ballot import Rating
from domain.case import Role, Step
from domain.cases.supervision import opinion as o
from domain.cases.supervision.opinion import Opinion, OpinionKind, Stage
from domain.matter import Closed, Linked, LinkKind
from domain.rectification import ListedProblem, ProblemToList, Referral
from domain.refusal import Refused
from tests.domain.support import TODAY, Desk, submitted

ADOPTED, HANDED_OVER, REPORTED = date(2026, 5, 8), date(2026, 5, 12), date(2026, 8, 10)
STOPS = ProblemToList(problem="1", text="站台没有遮雨设施", unit="jtj", due_on=date(2026, 7, 31))
LIFTS = ProblemToList(problem="2", text="电梯维保记录不全", unit="zjj")


def collated(**more: Any) -> Desk:
    desk = Desk()
    given: dict[str, Any] = {
        "jurisdiction": "cn-999900",
        "title": "关于公共交通工作的审议意见",
        "kind": OpinionKind.DELIBERATION,
        "text": "一、改善站台。二、规范维保。",
        "speakers": ("甲三", "甲四"),
    }
    desk.open(o.OpinionsCollated(**(given | more)), date(2026, 5, 6))
    return desk


def handed_over(**more: Any) -> Desk:
    desk = collated()
    desk.take(o.OpinionsAdopted(), ADOPTED)
    given: dict[str, Any] = {"unit": "jtj", "important": True, "in_person": True, "problems": (STOPS, LIFTS)}
    desk.take(r.OpinionsHandedOver(**(given | more)), HANDED_OVER)
    return desk


def reported(desk: Desk | None = None) -> Desk:
    desk = desk or handed_over()
    desk.take(r.PlanSubmitted(summary="分两批整改"), date(2026, 5, 26))
    desk.take(r.ListedProblemRectified(problem="1", summary="已加装"), date(2026, 7, 20))
    desk.take(r.ProblemVerified(problem="1", verified_by="环资城建委"), date(2026, 7, 24))
    desk.take(r.ReportSentForComment(), date(2026, 8, 1))
    desk.take(r.ReportCommented(summary="补充电梯数据"), date(2026, 8, 5))
    desk.take(r.ReportSubmitted(summary="一项已办结"), REPORTED)
    return desk


def poll(satisfied: int, basically: int, dissatisfied: int, invalid: int = 0) -> dict[str, Any]:
    return {
        "voters": "组成人员",
        "present": 29,
        "satisfied": satisfied,
        "basically_satisfied": basically,
        "dissatisfied": dissatisfied,
        "invalid": invalid,
    }


def of(desk: Desk) -> Opinion:
    case = desk.live
    assert isinstance(case, Opinion)
    return case


def test_opinions_are_handed_over_within_seven_days_and_reported_within_three_months() -> None:
    desk = handed_over()
    clocks = of(desk).clocks
    assert clocks["rectification.hand_over", None].deadline.due_on == date(2026, 5, 15)
    assert clocks["rectification.hand_over", None].late is False
    assert clocks["rectification.report", None].deadline.due_on == date(2026, 8, 12)
    reported(desk)
    assert of(desk).stage is Stage.REPORTED
    assert of(desk).clocks["rectification.report", None].late is False
    assert desk.found == []


def test_a_date_that_the_hand_over_names_goes_before_the_rule() -> None:
    deadline = of(handed_over(due_on=date(2026, 7, 1))).clocks["rectification.report", None].deadline
    assert (deadline.due_on, deadline.rule) == (date(2026, 7, 1), None)


def test_important_opinions_without_a_list_or_not_in_person_are_recorded_and_found() -> None:
    assert [message for message, _ in handed_over(in_person=False).found] == ["important-opinion-not-in-person"]
    assert [message for message, _ in handed_over(problems=()).found] == ["important-opinion-not-in-person"]
    assert handed_over(important=False, in_person=None, problems=()).found == []


def test_each_problem_has_a_state_of_its_own_and_is_signed_off_alone() -> None:
    desk = reported()
    assert {key: one.stage for key, one in of(desk).problems.items()} == {
        "1": ListedProblem.Stage.VERIFIED,
        "2": ListedProblem.Stage.OPEN,
    }
    desk.take(r.ProblemSentBack(problem="1", reason="又漏雨", due_on=date(2026, 10, 31)), date(2026, 9, 1))
    assert (of(desk).problems["1"].stage, of(desk).problems["1"].sent_back) == (ListedProblem.Stage.OPEN, 1)
    assert of(desk).clocks["rectification.problem", "1"].deadline.due_on == date(2026, 10, 31)
    desk.take(r.ProblemDeferred(problem="2", due_on=date(2027, 6, 30), reason="跨年度项目"), date(2026, 9, 2))
    assert of(desk).problems["2"].stage is ListedProblem.Stage.LONG_TERM


def test_a_unit_rectifies_what_is_its_own_and_nobody_elses() -> None:
    desk = handed_over()
    with pytest.raises(Refused) as refused:
        desk.take(
            r.ListedProblemRectified(problem="1", summary="-"), TODAY, Role.HANDLING_UNIT, actor="u", office="zjj"
        )
    assert refused.value.message_id == "not-your-unit"


def test_a_second_poll_stands_beside_the_first_and_erases_nothing() -> None:
    desk = reported()
    desk.take(r.PollHeld(**poll(5, 6, 16, invalid=2)), date(2026, 8, 28))
    assert of(desk).rating is Rating.DISSATISFIED
    assert [one.step for one in of(desk).awaited()][-1] == "rectification.re_rectification_ordered.v1"
    desk.take(r.ReRectificationOrdered(reason="多数不满意"), date(2026, 8, 28))
    assert of(desk).clocks["rectification.report", None].deadline.due_on == date(2026, 11, 30)
    desk.take(r.ReportedAgain(summary="两项均已办结"), date(2026, 10, 26))
    desk.take(r.SecondPollHeld(**poll(25, 3, 1)), date(2026, 10, 30))
    assert [one.rating for one in of(desk).polls] == [Rating.DISSATISFIED, Rating.SATISFIED]
    assert (of(desk).facts().rounds, of(desk).facts().grade) == (2, Rating.SATISFIED)
    before = desk.at(date(2026, 9, 1))
    assert isinstance(before, Opinion)
    assert before.rating is Rating.DISSATISFIED


def test_the_organ_reports_again_also_after_a_new_plan_and_a_problem_that_was_put_right() -> None:
    desk = reported()
    desk.take(r.PollHeld(**poll(5, 6, 16)), date(2026, 8, 28))
    desk.take(r.ReRectificationOrdered(reason="多数不满意"), date(2026, 8, 28))
    desk.take(r.PlanSubmitted(summary="再次整改方案"), date(2026, 9, 7))
    desk.take(r.ListedProblemRectified(problem="2", summary="已补录"), date(2026, 9, 21))
    assert of(desk).stage is Stage.RECTIFYING
    desk.take(r.ReportedAgain(summary="两项均已办结"), date(2026, 10, 26))
    assert (of(desk).stage, [report.turn for report in of(desk).reports]) == (Stage.REPORTED, [1, 2])


@pytest.mark.parametrize(
    ("step", "message_id"),
    [
        (r.SecondPollHeld(**poll(25, 3, 1)), "not-polled-before"),
        (r.PollHeld(**poll(25, 3, 2)), "more-ballots-than-voters"),
        (r.PollHeld(**poll(25, 3, 1), eligible=20), "more-present-than-members"),
    ],
)
def test_polls_that_cannot_be_are_refused(step: Step, message_id: str) -> None:
    desk = reported()
    with pytest.raises(Refused) as refused:
        desk.take(step, TODAY)
    assert refused.value.message_id == message_id


def test_the_report_may_be_deliberated_at_several_meetings_and_after_one_has_looked_again() -> None:
    desk = reported()
    for on in (date(2026, 8, 27), date(2026, 9, 24)):
        desk.take(r.ReportDeliberated(summary="继续审议"), on)
        assert of(desk).stage is Stage.DELIBERATED_AGAIN
    desk.take(r.FollowUpHeld(summary="实地查看"), date(2026, 10, 12))
    desk.take(r.ReportDeliberated(summary="再次审议"), date(2026, 10, 29))
    assert of(desk).stage is Stage.DELIBERATED_AGAIN
    assert desk.found == []


def test_a_referral_is_followed_to_its_outcome_and_the_deputies_are_told() -> None:
    desk = reported()
    desk.take(r.ReferredForAccountability(referral="1", receiver="市纪委监委", reason="拒不整改"), date(2026, 9, 1))
    desk.take(r.ReferralAccepted(referral="1"), date(2026, 9, 8))
    desk.take(r.ReferralOutcomeReported(referral="1", outcome="诫勉谈话"), date(2026, 10, 20))
    assert r.ReferralTold.declared.wire in {one.step for one in of(desk).awaited()}
    desk.take(r.ReferralTold(referral="1"), date(2026, 10, 30))
    referral = of(desk).referrals["1"]
    assert (referral.stage, referral.told_on) == (Referral.Stage.OUTCOME_REPORTED, date(2026, 10, 30))


def test_a_receiver_who_declines_says_why() -> None:
    desk = reported()
    desk.take(r.ReferredForAccountability(referral="1", receiver="市纪委监委", reason="拒不整改"), date(2026, 9, 1))
    desk.take(r.ReferralDeclined(referral="1", reason="不属于本机关职权"), date(2026, 9, 8))
    with pytest.raises(Refused) as refused:
        desk.take(r.ReferralOutcomeReported(referral="1", outcome="-"), date(2026, 9, 9))
    assert refused.value.message_id == "part-step-not-open"


def test_a_draft_is_read_by_the_congress_and_the_organ_reads_what_was_handed_to_it() -> None:
    desk = collated(unit="jtj")
    assert set(of(desk).audience()) == set()
    assert {"handling_unit:jtj", "handling_unit:zjj"} <= set(of(handed_over()).audience())


def test_an_opinion_is_tied_to_its_report_and_never_in_a_circle() -> None:
    desk = collated()
    other = desk.case_id
    desk.open(
        o.OpinionsCollated(jurisdiction="cn-999900", title="跟踪意见", kind=OpinionKind.DELIBERATION, text="-"), ADOPTED
    )
    desk.take(Linked(other=other, link=LinkKind.RESULTS_FROM), ADOPTED)
    assert set(of(desk).follows()) == {other}
    first, desk.case_id = desk.case_id, other
    with pytest.raises(Refused) as refused:
        desk.take(Linked(other=first, link=LinkKind.PART_OF), ADOPTED)
    assert refused.value.message_id == "cases-follow-in-a-circle"
    desk.take(Linked(other=first, link=LinkKind.RELATED), ADOPTED)


def test_a_link_to_itself_or_to_nothing_is_refused_and_one_to_a_suggestion_is_not() -> None:
    desk = collated()
    own = desk.case_id
    for other, message_id in ((own, "link-to-itself"), ("nothing", "unknown-case")):
        with pytest.raises(Refused) as refused:
            desk.take(Linked(other=other, link=LinkKind.ABOUT), ADOPTED)
        assert refused.value.message_id == message_id
    suggestion = desk.docket.open(submitted(), desk.history[0].act.model_copy(update={"role": Role.DEPUTY_AFFAIRS}))
    desk.take(Linked(other=suggestion.case_id, link=LinkKind.RESULTS_FROM), ADOPTED)


def test_what_is_closed_waits_for_nothing_any_more() -> None:
    desk = reported()
    desk.take(Closed(), date(2026, 9, 30))
    assert (of(desk).stage, of(desk).open_clocks, list(of(desk).awaited())) == (Stage.CLOSED, [], [])
    with pytest.raises(Refused):
        desk.take(Closed(), date(2026, 9, 30))
