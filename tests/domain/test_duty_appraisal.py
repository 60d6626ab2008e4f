from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from domain.ballot import Rating
from domain.cases import duty_appraisal as d
from domain.cases.duty_appraisal import DutyAppraisal, Stage
from domain.matter import ReportedToPartyCommittee
from domain.rectification import (
    ListedProblemRectified,
    OpinionsHandedOver,
    ProblemToList,
    ProblemVerified,
    ReportSentForComment,
    ReportSubmitted,
    SecondPollHeld,
)
from domain.refusal import Refused
from tests.domain.support import Desk

DAY = date(2026, 5, 6)


def selected(**more: Any) -> d.SelectedForAppraisal:
    given: dict[str, Any] = {
        "jurisdiction": "cn-999900",
        "title": "市教育局局长述职评议",
        "official": "某乙",
        "post": "市教育局局长",
        "unit": "jyj",
        "in_post_since": date(2024, 4, 28),
    }
    return d.SelectedForAppraisal(**(given | more))


def heard() -> Desk:
    desk = Desk()
    desk.open(selected(), DAY)
    desk.take(d.DutyReportSubmitted(), date(2026, 6, 1))
    desk.take(d.InvestigationConducted(summary="走访六所学校"), date(2026, 6, 20))
    desk.take(d.DutyReportHeard(speakers=("甲三",)), date(2026, 6, 30))
    return desk


def poll(satisfied: int, basically: int, dissatisfied: int) -> d.AppraisalPollHeld:
    return d.AppraisalPollHeld(
        voters="组成人员",
        present=29,
        satisfied=satisfied,
        basically_satisfied=basically,
        dissatisfied=dissatisfied,
    )


def of(desk: Desk) -> DutyAppraisal:
    case = desk.live
    assert isinstance(case, DutyAppraisal)
    return case


def test_an_appointee_is_chosen_reports_is_heard_polled_rated_and_puts_things_right() -> None:
    desk = heard()
    desk.take(poll(20, 6, 3), date(2026, 6, 30))
    desk.take(d.RatingDetermined(rated=Rating.SATISFIED), date(2026, 6, 30))
    desk.take(d.AppraisalOpinionsAdopted(text="加强校车管理"), date(2026, 7, 3))
    listed = ProblemToList(problem="1", text="校车超员", unit="jyj", due_on=date(2026, 9, 30))
    desk.take(OpinionsHandedOver(unit="jyj", problems=(listed,)), date(2026, 7, 8))
    case = of(desk)
    assert case.stage is Stage.HANDED_OVER
    assert case.clocks["rectification.hand_over", None].late is False
    assert case.clocks["rectification.report", None].deadline.due_on == date(2026, 10, 8)
    assert case.clocks["rectification.problem", "1"].deadline.due_on == date(2026, 9, 30)
    assert desk.found == []


@pytest.mark.parametrize(
    ("tallies", "rating"),
    [
        ((15, 7, 7), Rating.SATISFIED),
        ((14, 7, 8), Rating.BASICALLY_SATISFIED),
        ((7, 7, 15), Rating.DISSATISFIED),
        ((0, 0, 0), None),
    ],
)
def test_what_follows_from_a_poll_is_said_by_the_rule_in_force(
    tallies: tuple[int, int, int], rating: Rating | None
) -> None:
    desk = heard()
    desk.take(poll(*tallies), date(2026, 6, 30))
    held = of(desk).appraisal_poll
    assert held is not None
    assert held.rating is rating


def test_a_rating_against_the_poll_is_recorded_and_found() -> None:
    desk = heard()
    desk.take(poll(7, 7, 15), date(2026, 6, 30))
    desk.take(d.RatingDetermined(rated=Rating.SATISFIED), date(2026, 6, 30))
    assert desk.found == [("rating-contradicts-poll", 6)]


def test_nobody_is_heard_who_has_not_reported() -> None:
    desk = Desk()
    desk.open(selected(), DAY)
    with pytest.raises(Refused) as refused:
        desk.take(d.DutyReportHeard(), date(2026, 6, 30))
    assert refused.value.message_id == "no-duty-report"


def test_nobody_is_chosen_before_the_post_was_taken() -> None:
    with pytest.raises(Refused) as refused:
        Desk().open(selected(in_post_since=date(2026, 6, 1)), DAY)
    assert refused.value.message_id == "not-in-post-yet"


def test_the_organisation_department_is_told_also_after_the_end() -> None:
    desk = heard()
    desk.take(d.OrganizationDepartmentInformed(), date(2026, 7, 30))
    desk.take(d.OrganizationDepartmentInformed(), date(2026, 8, 30))
    assert of(desk).organization_department_on == date(2026, 7, 30)


def second_poll() -> SecondPollHeld:
    return SecondPollHeld(voters="组成人员", present=29, satisfied=21, basically_satisfied=6, dissatisfied=2)


def test_from_the_choice_to_the_second_poll_and_the_report_of_the_result() -> None:
    desk = Desk()
    desk.open(selected(), DAY)
    desk.take(d.DutyReportSubmitted(summary="履职情况"), date(2026, 6, 1))
    desk.take(d.OpinionsCollected(asked=("市纪委监委", "市人大代表"), summary="校车安全"), date(2026, 6, 10))
    desk.take(d.InvestigationConducted(summary="走访六所学校"), date(2026, 6, 20))
    desk.take(d.DutyReportHeard(speakers=("甲三",)), date(2026, 6, 30))
    desk.take(poll(7, 9, 13), date(2026, 6, 30))
    desk.take(d.RatingDetermined(rated=Rating.BASICALLY_SATISFIED), date(2026, 6, 30))
    desk.take(d.AppraisalOpinionsAdopted(text="加强校车管理"), date(2026, 7, 3))
    listed = ProblemToList(problem="1", text="校车超员", unit="jyj", due_on=date(2026, 9, 30))
    desk.take(OpinionsHandedOver(unit="jyj", important=True, in_person=True, problems=(listed,)), date(2026, 7, 8))
    desk.take(ListedProblemRectified(problem="1", summary="增配校车"), date(2026, 9, 20))
    desk.take(ProblemVerified(problem="1", verified_by="教科文卫委"), date(2026, 9, 24))
    desk.take(ReportSentForComment(), date(2026, 9, 25))
    desk.take(ReportSubmitted(summary="整改完成"), date(2026, 9, 29))
    desk.take(second_poll(), date(2026, 10, 29))
    case = of(desk)
    assert (case.stage, case.rating, case.rated) == (Stage.POLLED, Rating.SATISFIED, Rating.BASICALLY_SATISFIED)
    owed = [one.step for one in case.awaited()]
    assert owed == ["matter.reported_to_party_committee.v1", "duty_appraisal.organization_department_informed.v1"]
    desk.take(ReportedToPartyCommittee(), date(2026, 11, 3))
    desk.take(d.OrganizationDepartmentInformed(), date(2026, 11, 4))
    assert (list(of(desk).awaited()), desk.found, of(desk).open_clocks) == ([], [], [])


def test_both_polls_on_an_official_go_by_the_rule_of_the_appraisal() -> None:
    desk = heard()
    desk.take(poll(7, 9, 13), date(2026, 6, 30))
    desk.take(d.AppraisalOpinionsAdopted(text="加强校车管理"), date(2026, 7, 3))
    desk.take(OpinionsHandedOver(unit="jyj"), date(2026, 7, 8))
    desk.take(ReportSubmitted(summary="整改完成"), date(2026, 9, 29))
    desk.take(second_poll(), date(2026, 10, 29))
    rules = [str(rule).partition(" ")[0] for one in desk.history if (rule := getattr(one.step, "poll_rule", None))]
    assert rules == ["poll.duty_appraisal"] * 2


def test_a_second_poll_without_a_first_one_is_refused() -> None:
    desk = heard()
    desk.take(d.AppraisalOpinionsAdopted(text="加强校车管理"), date(2026, 7, 3))
    desk.take(OpinionsHandedOver(unit="jyj"), date(2026, 7, 8))
    desk.take(ReportSubmitted(summary="整改完成"), date(2026, 9, 29))
    with pytest.raises(Refused) as refused:
        desk.take(second_poll(), date(2026, 10, 29))
    assert refused.value.message_id == "not-polled-before"
