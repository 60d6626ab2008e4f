from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from domain.ballot import BallotMode
from domain.case import Role, Step
from domain.cases.supervision.inspection import (
    EXECUTION,
    NOTICE,
    SETTLED,
    FoundProblem,
    GroupCapacity,
    GroupMember,
    Inspection,
    InspectionConducted,
    InspectionEnded,
    InspectionExecutionReported,
    InspectionForm,
    InspectionGroupFormed,
    InspectionOpinionsAdopted,
    InspectionPlanMade,
    InspectionPlanned,
    InspectionPlanNotified,
    InspectionProblemDismissed,
    InspectionProblemFound,
    InspectionProblemPutRight,
    InspectionProposed,
    InspectionReportDeliberated,
    InspectionReportDrafted,
    InspectionReportTabled,
    InspectionResolutionAdopted,
    InspectionResultSentUp,
    InspectionSelfReported,
    InspectionVoteHeld,
    LawKind,
)
from domain.matter import Closed, Linked, LinkKind, PartyGroupDeliberated, TopicSource
from domain.rectification import (
    FollowUpHeld,
    ListedProblemRectified,
    OpinionsHandedOver,
    ProblemToList,
    ProblemVerified,
    ReportSentForComment,
    ReportSubmitted,
)
from domain.refusal import Refused
from tests.domain.support import Desk

Stage = Inspection.Stage
ORGAN, OTHER = "cgj", "zjj"
DEPUTIES = ("d-001", "d-002", "d-003")
REPORTED = date(2026, 7, 30)


def proposed(**fields: Any) -> InspectionProposed:
    given = {
        "jurisdiction": "cn-999900",
        "title": "生活垃圾分类管理条例执法检查",
        "unit": ORGAN,
        "law": "云江市生活垃圾分类管理条例",
        "law_kind": LawKind.LOCAL_REGULATION,
        "in_force_since": date(2023, 1, 1),
        "sources": (TopicSource.SOCIAL_CONCERN,),
    }
    return InspectionProposed(**{**given, **fields})


@pytest.fixture
def desk() -> Desk:
    desk = Desk()
    desk.open(proposed(), date(2026, 1, 8))
    return desk


def state(desk: Desk) -> Inspection:
    case = desk.live
    assert isinstance(case, Inspection)
    return case


def group(**fields: Any) -> InspectionGroupFormed:
    return InspectionGroupFormed(**{"leader": "甲三", "invited": DEPUTIES, **fields})


def formed(desk: Desk) -> Desk:
    """Deliberated by the Party group, in the plan, with a group that goes out on 1 June."""
    desk.take(PartyGroupDeliberated(), date(2026, 1, 10))
    desk.take(InspectionPlanned(), date(2026, 1, 20))
    desk.take(group(), date(2026, 4, 8))
    desk.take(InspectionPlanMade(starts_on=date(2026, 6, 1), ends_on=date(2026, 6, 12)), date(2026, 4, 10))
    return desk


def inspecting(desk: Desk) -> Desk:
    formed(desk)
    desk.take(InspectionPlanNotified(units=(ORGAN, OTHER)), date(2026, 4, 20))
    desk.take(InspectionConducted(form=InspectionForm.ON_SITE, place="城东街道"), date(2026, 6, 2))
    return desk


def deliberated(desk: Desk) -> Desk:
    inspecting(desk)
    desk.take(InspectionEnded(), date(2026, 6, 12))
    desk.take(InspectionReportTabled(assessment="总体良好", amendments="修改第十二条"), date(2026, 7, 15))
    desk.take(InspectionReportDeliberated(speakers=("乙三",)), REPORTED)
    return desk


def awaited(desk: Desk) -> list[tuple[str, str, date | None]]:
    return [(one.who, one.step.split(".")[1], one.due_on) for one in state(desk).awaited()]


def refusal_of(desk: Desk, step: Step, on: date, role: Role | None = None, **more: Any) -> tuple[str, str | None]:
    before = desk.ledger.head()
    with pytest.raises(Refused) as refused:
        desk.take(step, on, role, **more)
    assert desk.ledger.head() == before
    return refused.value.message_id, refused.value.field


def test_an_inspection_from_the_plan_to_what_was_put_right(desk: Desk) -> None:
    formed(desk)
    desk.take(InspectionPlanNotified(units=(ORGAN, OTHER)), date(2026, 4, 20))
    own = InspectionSelfReported(unit=OTHER, summary="小区投放点已全部改造")
    desk.take(own, date(2026, 5, 20), Role.HANDLING_UNIT, office=OTHER)
    desk.take(
        InspectionConducted(form=InspectionForm.ON_SITE, place="城东街道", attended=DEPUTIES[:2]), date(2026, 6, 2)
    )
    desk.take(
        InspectionProblemFound(problem="1", text="转运车辆混装", unit=ORGAN, provision="第十八条"), date(2026, 6, 2)
    )
    desk.take(InspectionEnded(), date(2026, 6, 12))
    desk.take(InspectionReportDrafted(), date(2026, 7, 1))
    desk.take(InspectionReportTabled(assessment="总体良好", amendments="修改第十二条"), date(2026, 7, 15))
    desk.take(InspectionReportDeliberated(reporter="甲三", speakers=("乙三",), sitting_in=("d-001",)), REPORTED)
    desk.take(InspectionOpinionsAdopted(text="加强转运监管"), date(2026, 8, 4))
    desk.take(
        OpinionsHandedOver(
            unit=ORGAN,
            important=True,
            in_person=True,
            problems=(ProblemToList(problem="1", text="转运车辆混装", unit=ORGAN),),
        ),
        date(2026, 8, 6),
    )
    desk.take(ListedProblemRectified(problem="1", summary="更换车辆十二台"), date(2026, 9, 1))
    desk.take(ProblemVerified(problem="1", verified_by="城建环保工委"), date(2026, 9, 20))
    desk.take(ReportSentForComment(), date(2026, 10, 8))
    desk.take(ReportSubmitted(summary="已整改"), date(2026, 10, 20))
    desk.take(FollowUpHeld(summary="跟踪检查两个街道"), date(2026, 11, 10))
    desk.take(Closed(), date(2026, 11, 20))
    case = state(desk)
    assert case.stage is Stage.CLOSED
    assert set(case.found) == set(case.problems), "what was found keeps its key on the list"
    assert [running.late for running in case.all_clocks] == [False] * 4
    assert desk.found == []
    earlier = desk.at(date(2026, 6, 5))
    assert isinstance(earlier, Inspection)
    assert (earlier.stage, earlier.found["1"].stage) == (Stage.INSPECTING, FoundProblem.Stage.FOUND)
    assert earlier.problems == {}


def test_the_organs_are_told_a_month_before_the_inspection_starts(desk: Desk) -> None:
    formed(desk)
    assert state(desk).due_by(NOTICE) == date(2026, 5, 1)
    assert awaited(desk) == [("deputy_affairs", "plan_notified", date(2026, 5, 1))]
    desk.take(InspectionPlanMade(starts_on=date(2026, 6, 15)), date(2026, 4, 12))
    assert state(desk).due_by(NOTICE) == date(2026, 5, 15)
    desk.take(InspectionPlanNotified(units=(ORGAN,)), date(2026, 5, 20))
    assert state(desk).clocks[NOTICE, None].late
    desk.take(InspectionPlanMade(starts_on=date(2026, 7, 1)), date(2026, 5, 21))
    assert state(desk).due_by(NOTICE) is None, "they know already"


def test_the_group_reports_two_months_after_the_inspection(desk: Desk) -> None:
    inspecting(desk)
    desk.take(InspectionEnded(), date(2026, 6, 12))
    assert awaited(desk) == [("deputy_affairs", "report_tabled", date(2026, 8, 12))]


def test_a_group_with_fewer_than_three_deputies_is_a_finding(desk: Desk) -> None:
    desk.take(PartyGroupDeliberated(), date(2026, 1, 10))
    desk.take(InspectionPlanned(), date(2026, 1, 20))
    desk.take(group(invited=DEPUTIES[:2]), date(2026, 4, 8))
    assert desk.found == [("too-few-deputies-invited", 4)]
    desk.take(group(), date(2026, 4, 9))
    assert state(desk).group_deputies == DEPUTIES


def test_deputies_of_the_group_and_those_invited_beside_count_together(desk: Desk) -> None:
    desk.take(PartyGroupDeliberated(), date(2026, 1, 10))
    desk.take(InspectionPlanned(), date(2026, 1, 20))
    desk.take(group(invited=DEPUTIES[:2]), date(2026, 4, 8))
    desk.take(InspectionConducted(form=InspectionForm.SPOT_CHECK), date(2026, 4, 9))
    desk.take(InspectionConducted(form=InspectionForm.QUESTIONNAIRE), date(2026, 4, 10))
    desk.take(InspectionConducted(form=InspectionForm.SYMPOSIUM, invited=("d-003",)), date(2026, 4, 10))
    assert desk.found == [("too-few-deputies-invited", 4), ("too-few-deputies-invited", 5)]


def test_staff_of_the_inspected_organ_in_the_group_is_a_finding(desk: Desk) -> None:
    desk.take(PartyGroupDeliberated(), date(2026, 1, 10))
    desk.take(InspectionPlanned(), date(2026, 1, 20))
    members = (
        GroupMember(name="乙三"),
        GroupMember(name="丁九", capacity=GroupCapacity.EXPERT, unit=ORGAN),
        GroupMember(name="戊九", capacity=GroupCapacity.EXPERT, unit=OTHER),
    )
    desk.take(group(members=members), date(2026, 4, 8))
    assert desk.found == [("inspected-organ-in-group", 4)]
    desk.take(InspectionPlanNotified(units=(ORGAN, OTHER)), date(2026, 4, 20))
    assert desk.found[1:] == [("inspected-organ-in-group", 5)]


def test_key_steps_go_through_the_party_group_first(desk: Desk) -> None:
    desk.take(InspectionPlanned(), date(2026, 1, 20))
    desk.take(group(), date(2026, 4, 8))
    assert desk.found == [("gate-not-passed", 3)]


def test_a_report_without_the_two_parts_of_the_law_is_a_finding(desk: Desk) -> None:
    inspecting(desk)
    desk.take(InspectionEnded(), date(2026, 6, 12))
    desk.take(InspectionReportTabled(assessment="总体良好"), date(2026, 7, 15))
    assert [(one.message_id, one.params["missing"]) for one in desk.findings] == [
        ("inspection-report-incomplete", "amendments")
    ]


def test_the_organs_know_of_it_once_they_are_told(desk: Desk) -> None:
    formed(desk)
    assert set(state(desk).audience()) == set()
    step = InspectionSelfReported(unit=OTHER, summary="情况良好")
    desk.take(InspectionPlanNotified(units=(ORGAN, OTHER)), date(2026, 4, 20))
    assert set(state(desk).audience()) == {f"handling_unit:{ORGAN}", f"handling_unit:{OTHER}", Role.GOVERNMENT_OFFICE}
    assert awaited(desk) == [
        (f"handling_unit:{ORGAN}", "self_inspection_reported", None),
        (f"handling_unit:{OTHER}", "self_inspection_reported", None),
    ]
    assert refusal_of(desk, step, date(2026, 5, 8), Role.HANDLING_UNIT, office=ORGAN)[0] == "not-your-unit"
    desk.take(step, date(2026, 5, 8), Role.HANDLING_UNIT, office=OTHER)
    assert [who for who, _, _ in awaited(desk)] == [f"handling_unit:{ORGAN}"]


def test_organs_may_be_told_after_a_spot_check_and_further_ones_later(desk: Desk) -> None:
    formed(desk)
    desk.take(InspectionConducted(form=InspectionForm.SPOT_CHECK, place="城东街道"), date(2026, 4, 15))
    desk.take(InspectionPlanNotified(units=(ORGAN,)), date(2026, 4, 20))
    assert state(desk).stage is Stage.INSPECTING
    assert (state(desk).due_by(NOTICE), state(desk).notified_on) == (None, date(2026, 4, 20))
    desk.take(InspectionPlanNotified(units=(OTHER,)), date(2026, 5, 6))
    assert state(desk).inspected_units == (ORGAN, OTHER)
    own = InspectionSelfReported(unit=OTHER, summary="小区投放点已全部改造")
    desk.take(own, date(2026, 5, 20), Role.HANDLING_UNIT, office=OTHER)
    assert desk.found == []


def test_a_problem_is_put_right_at_once_or_is_none(desk: Desk) -> None:
    inspecting(desk)
    found = InspectionProblemFound(problem="1", text="投放点无人值守", unit=ORGAN, place="城东街道")
    desk.take(found, date(2026, 6, 2))
    desk.take(InspectionProblemFound(problem="2", text="台账缺失"), date(2026, 6, 2))
    step = InspectionProblemPutRight(problem="1", summary="当日安排值守")
    assert refusal_of(desk, step, date(2026, 6, 3), Role.HANDLING_UNIT, office=OTHER)[0] == "not-your-unit"
    desk.take(step, date(2026, 6, 3), Role.HANDLING_UNIT, office=ORGAN)
    desk.take(InspectionProblemDismissed(problem="2", reason="台账存于街道"), date(2026, 6, 4))
    assert {key: one.stage for key, one in state(desk).found.items()} == {
        "1": FoundProblem.Stage.PUT_RIGHT_AT_ONCE,
        "2": FoundProblem.Stage.DISMISSED,
    }
    assert refusal_of(desk, found, date(2026, 6, 5)) == ("problem-exists", "problem")


def test_a_resolution_sets_the_term_for_the_report_on_its_execution(desk: Desk) -> None:
    deliberated(desk)
    tallies = {"members": 31, "present": 29, "votes_for": 15, "votes_against": 14, "abstentions": 0}
    desk.take(InspectionVoteHeld(mode=BallotMode.ELECTRONIC, **tallies), REPORTED)
    desk.take(InspectionResolutionAdopted(title="关于垃圾分类的决议", due_on=date(2026, 10, 31)), REPORTED)
    assert [id for id, _ in desk.found] == ["result-contradicts-tally"]
    assert awaited(desk) == [(f"handling_unit:{ORGAN}", "execution_reported", date(2026, 10, 31))]
    desk.take(InspectionOpinionsAdopted(text="加强转运监管"), date(2026, 8, 4))
    desk.take(OpinionsHandedOver(unit=ORGAN), date(2026, 8, 6))
    step = InspectionExecutionReported(summary="已执行")
    desk.take(step, date(2026, 10, 20), Role.HANDLING_UNIT, office=ORGAN)
    assert state(desk).clocks[EXECUTION, None].late is False


def test_what_was_entrusted_from_above_goes_back_in_writing(desk: Desk) -> None:
    above = Desk()
    above.open(proposed(entrusted_by="省人大常委会", law_kind=LawKind.PROVINCIAL_REGULATION), date(2026, 1, 8))
    deliberated(above)
    above.take(InspectionResultSentUp(), date(2026, 8, 3))
    head = above.ledger.head()
    above.take(InspectionResultSentUp(), date(2026, 8, 4))
    case = state(above)
    assert (above.ledger.head(), case.sent_up_on, case.sort) == (head, date(2026, 8, 3), "provincial_regulation")
    desk.take(Linked(other=desk.another(), link=LinkKind.JOINT), date(2026, 2, 1))
    assert [one.link for one in state(desk).links] == [LinkKind.JOINT]


@pytest.mark.parametrize(
    ("since", "kind", "sort"),
    [
        (date(2024, 1, 8), LawKind.LOCAL_REGULATION, SETTLED),
        (date(2024, 1, 9), LawKind.LOCAL_REGULATION, "local_regulation"),
        (None, LawKind.LOCAL_REGULATION, "local_regulation"),
        (date(2020, 1, 1), LawKind.NATIONAL_LAW, "national_law"),
    ],
)
def test_a_regulation_of_the_city_that_is_in_force_for_two_years_is_told_apart(
    since: date | None, kind: LawKind, sort: str
) -> None:
    desk = Desk()
    desk.open(proposed(in_force_since=since, law_kind=kind), date(2026, 1, 8))
    assert state(desk).sort == sort


def test_what_makes_no_sense_is_refused(desk: Desk) -> None:
    with pytest.raises(Refused) as refused:
        Desk().open(proposed(in_force_since=date(2026, 2, 1)), date(2026, 1, 8))
    assert (refused.value.message_id, refused.value.field) == ("law-not-in-force-yet", "in_force_since")
    desk.take(InspectionPlanned(), date(2026, 1, 20))
    today = date(2026, 4, 8)
    backwards = InspectionPlanMade(starts_on=date(2026, 6, 2), ends_on=date(2026, 6, 1))
    assert refusal_of(desk, backwards, today) == ("ends-before-it-starts", "ends_on")
    past = InspectionPlanMade(starts_on=date(2026, 4, 1))
    assert refusal_of(desk, past, today) == ("due-before-start", "starts_on")
    stranger = group(members=(GroupMember(name="丁九", unit="nowhere"),))
    assert refusal_of(desk, stranger, today) == ("unknown-unit", "members.0.unit")
