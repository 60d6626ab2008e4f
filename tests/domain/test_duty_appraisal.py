from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from domain.ballot import Rating
from domain.cases import duty_appraisal as d
from domain.cases.duty_appraisal import DutyAppraisal, Stage
from domain.rectification import OpinionsHandedOver, ProblemToList
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
