from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from domain.ballot import BallotMode, Rating
from domain.case import Role, SourceDocument, Step
from domain.cases.supervision.work_report import (
    AGAIN,
    COMMENT,
    DISTRIBUTION,
    DRAFT,
    EXECUTION,
    SUBMISSION,
    Reporter,
    ReportingOrgan,
    ReportVersionKind,
    WorkReport,
    WorkReportCommented,
    WorkReportDeliberated,
    WorkReportDemandedAgain,
    WorkReportDistributed,
    WorkReportExecutionReported,
    WorkReportFollowedUp,
    WorkReportHeard,
    WorkReportInquiryAnswered,
    WorkReportKind,
    WorkReportOpinionsGathered,
    WorkReportPlanMade,
    WorkReportPlanned,
    WorkReportPollHeld,
    WorkReportProposed,
    WorkReportReferred,
    WorkReportResolutionAdopted,
    WorkReportSentForComment,
    WorkReportSubmitted,
    WorkReportSurveyDistributed,
    WorkReportVoteHeld,
)
from domain.matter import Closed, Scheduled, TopicSource
from domain.refusal import Refused
from tests.domain.support import Desk

Stage = WorkReport.Stage
MEETING = date(2026, 5, 28)
ORGAN = "hbj"


def may(day: int) -> date:
    return date(2026, 5, day)


def proposed(**fields: Any) -> WorkReportProposed:
    given = {
        "jurisdiction": "cn-999900",
        "title": "环境状况和环境保护目标完成情况的报告",
        "unit": ORGAN,
        "reporting_organ": ReportingOrgan.GOVERNMENT,
        "kind": WorkReportKind.ENVIRONMENT,
        "sources": (TopicSource.LAW, TopicSource.SUGGESTIONS),
    }
    return WorkReportProposed(**{**given, **fields})


@pytest.fixture
def desk() -> Desk:
    desk = Desk()
    desk.open(proposed(), date(2026, 1, 8))
    return desk


def report(desk: Desk) -> WorkReport:
    case = desk.live
    assert isinstance(case, WorkReport)
    return case


def prepared(desk: Desk) -> Desk:
    """Put into the plan, prepared, on the agenda of the meeting of 28 May."""
    desk.take(WorkReportPlanned(), date(2026, 1, 20))
    desk.take(WorkReportPlanMade(summary="四月下旬分三组调研"), date(2026, 4, 1))
    desk.take(Scheduled(meets_on=MEETING), date(2026, 4, 10))
    return desk


def submitted(desk: Desk) -> Desk:
    prepared(desk)
    desk.take(WorkReportOpinionsGathered(text="对噪声污染意见较集中"), may(6))
    desk.take(WorkReportSentForComment(), may(7))
    desk.take(WorkReportCommented(summary="补充噪声污染防治情况"), may(11))
    desk.take(WorkReportSubmitted(answers_opinions=True), may(18))
    return desk


def deliberated(desk: Desk) -> Desk:
    submitted(desk)
    desk.take(WorkReportDistributed(), may(20))
    desk.take(WorkReportHeard(reporter="甲局长", capacity=Reporter.DELEGATED), MEETING)
    desk.take(WorkReportDeliberated(speakers=("甲三", "乙三")), MEETING)
    return desk


def vote(**tallies: int) -> WorkReportVoteHeld:
    given = {"members": 31, "present": 29, "votes_for": 27, "votes_against": 1, "abstentions": 1}
    return WorkReportVoteHeld(mode=BallotMode.ELECTRONIC, **{**given, **tallies})


def poll(satisfied: int, basically: int, dissatisfied: int) -> WorkReportPollHeld:
    return WorkReportPollHeld(
        voters="常委会组成人员",
        present=29,
        satisfied=satisfied,
        basically_satisfied=basically,
        dissatisfied=dissatisfied,
    )


def refusal_of(desk: Desk, step: Step, on: date, role: Role | None = None, **more: Any) -> tuple[str, str | None]:
    before = desk.ledger.head()
    with pytest.raises(Refused) as refused:
        desk.take(step, on, role, **more)
    assert desk.ledger.head() == before
    return refused.value.message_id, refused.value.field


def awaited(desk: Desk) -> list[tuple[str, str, date | None]]:
    return [(one.who, one.step.split(".")[1], one.due_on) for one in report(desk).awaited()]


def test_a_report_that_a_law_wants_every_year_is_proposed_for_the_year(desk: Desk) -> None:
    case = report(desk)
    assert (case.stage, case.report_kind, case.year) == (Stage.PROPOSED, WorkReportKind.ENVIRONMENT, 2026)
    assert case.sources == (TopicSource.LAW, TopicSource.SUGGESTIONS)
    assert case.facts().unit == ORGAN


def test_a_report_is_prepared_heard_and_deliberated_in_the_terms_of_the_law(desk: Desk) -> None:
    prepared(desk)
    desk.take(WorkReportSurveyDistributed(title="环境保护专题调研报告"), may(5))
    desk.take(WorkReportOpinionsGathered(text="对噪声污染意见较集中"), may(6))
    desk.take(WorkReportSentForComment(), may(7), Role.HANDLING_UNIT, office=ORGAN)
    desk.take(WorkReportCommented(summary="补充噪声污染防治情况"), may(11))
    paper = SourceDocument(sha256="a" * 64)
    desk.take(WorkReportSubmitted(answers_opinions=True), may(18), source=paper)
    desk.take(WorkReportDistributed(), may(20))
    desk.take(WorkReportHeard(reporter="甲市长", sitting_in=("d-001",)), MEETING)
    desk.take(WorkReportInquiryAnswered(question="何时达标？", answer="年底前达标。"), MEETING)
    desk.take(WorkReportDeliberated(speakers=("甲三", "乙三"), present=29), MEETING)
    desk.take(WorkReportDeliberated(speakers=("丙三",)), date(2026, 7, 28))
    desk.take(Closed(), date(2026, 8, 1))
    case = report(desk)
    assert case.stage is Stage.CLOSED
    assert case.speakers == ("甲三", "乙三", "丙三")
    assert case.deliberated_on == [MEETING, date(2026, 7, 28)]
    assert [(one.kind, one.sent_on, one.sha256) for one in case.versions] == [
        (ReportVersionKind.FOR_COMMENT, may(7), None),
        (ReportVersionKind.SUBMITTED, may(18), "a" * 64),
    ]
    assert [running.late for running in case.all_clocks] == [False] * 4
    assert desk.found == []
    earlier = desk.at(may(10))
    assert isinstance(earlier, WorkReport)
    assert (earlier.stage, earlier.comment) == (Stage.REPORT_DRAFTED, None)


def test_what_is_due_before_the_meeting_counts_back_from_it_and_moves_with_it(desk: Desk) -> None:
    case = report(prepared(desk))
    due = {rule: case.clocks[rule, None].deadline.due_on for rule in (DRAFT, SUBMISSION, DISTRIBUTION)}
    assert due == {DRAFT: may(8), SUBMISSION: may(18), DISTRIBUTION: may(21)}
    desk.take(WorkReportSentForComment(), may(7))
    desk.take(Scheduled(meets_on=date(2026, 6, 25)), may(8))
    case = report(desk)
    assert case.clocks[DRAFT, None].deadline.due_on == may(8)
    assert case.clocks[SUBMISSION, None].deadline.due_on == date(2026, 6, 15)


def test_what_was_done_before_it_was_put_on_the_agenda_is_not_due_any_more(desk: Desk) -> None:
    desk.take(WorkReportPlanned(), date(2026, 1, 20))
    desk.take(WorkReportSentForComment(), may(7))
    desk.take(Scheduled(meets_on=MEETING), may(8))
    assert {running.deadline.clock for running in report(desk).open_clocks} == {COMMENT, SUBMISSION, DISTRIBUTION}


def test_the_committee_comments_on_the_draft_within_five_days(desk: Desk) -> None:
    prepared(desk)
    desk.take(WorkReportSentForComment(), may(7))
    assert report(desk).clocks[COMMENT, None].deadline.due_on == may(12)
    desk.take(WorkReportCommented(summary="补充噪声污染防治情况"), may(13))
    assert report(desk).clocks[COMMENT, None].late


def test_a_late_draft_is_late_and_stays_recorded(desk: Desk) -> None:
    prepared(desk)
    desk.take(WorkReportSentForComment(), may(15))
    assert report(desk).clocks[DRAFT, None].late


def test_a_report_that_was_not_sent_for_comment_is_a_finding(desk: Desk) -> None:
    prepared(desk)
    desk.take(WorkReportSubmitted(), may(12))
    assert desk.found == [("report-without-comment", 5)]
    assert report(desk).due_by(DRAFT) is None


def test_a_report_that_does_not_answer_what_was_gathered_is_a_finding(desk: Desk) -> None:
    prepared(desk)
    desk.take(WorkReportOpinionsGathered(text="对噪声污染意见较集中"), may(6))
    desk.take(WorkReportSentForComment(), may(7))
    desk.take(WorkReportSubmitted(answers_opinions=False), may(12))
    assert desk.found == [("gathered-opinions-not-answered", 7)]


def test_a_report_that_no_member_had_before_is_a_finding_and_nothing_is_awaited_after_the_meeting(desk: Desk) -> None:
    submitted(desk)
    desk.take(WorkReportHeard(reporter="甲市长"), MEETING)
    assert desk.found == [("report-not-distributed", 9)]
    assert report(desk).clocks[DISTRIBUTION, None].late
    assert report(desk).open_clocks == []


def test_only_a_government_may_send_somebody_else_than_its_head() -> None:
    desk = Desk()
    desk.open(
        proposed(unit="fy", reporting_organ=ReportingOrgan.COURT, kind=WorkReportKind.SPECIAL_WORK), date(2026, 1, 8)
    )
    submitted(desk)
    desk.take(WorkReportDistributed(), may(20))
    desk.take(WorkReportHeard(reporter="甲庭长", capacity=Reporter.DELEGATED), MEETING)
    assert desk.found == [("reporter-not-head", 10)]
    assert Role.GOVERNMENT_OFFICE not in set(report(desk).audience())


def test_the_chairmen_may_have_a_committee_deliberate_it(desk: Desk) -> None:
    submitted(desk)
    desk.take(WorkReportReferred(committee="环境资源城乡建设委员会"), may(22))
    assert report(desk).referred_to == "环境资源城乡建设委员会"


def test_the_report_is_distributed_once(desk: Desk) -> None:
    submitted(desk)
    desk.take(WorkReportDistributed(), may(20))
    head = desk.ledger.head()
    desk.take(WorkReportDistributed(), may(21))
    assert desk.ledger.head() == head


def test_a_resolution_sets_the_term_for_the_report_on_its_execution(desk: Desk) -> None:
    deliberated(desk)
    desk.take(vote(), MEETING)
    desk.take(WorkReportResolutionAdopted(title="关于加强噪声污染防治的决议", due_on=date(2026, 9, 30)), MEETING)
    assert awaited(desk) == [(f"handling_unit:{ORGAN}", "execution_reported", date(2026, 9, 30))]
    desk.take(WorkReportExecutionReported(summary="已全部执行"), date(2026, 9, 20), Role.HANDLING_UNIT, office=ORGAN)
    desk.take(WorkReportFollowedUp(summary="实地检查三处"), date(2026, 10, 20))
    case = report(desk)
    assert (case.stage, case.resolution) == (Stage.EXECUTION_REPORTED, "关于加强噪声污染防治的决议")
    assert case.clocks[EXECUTION, None].late is False
    assert case.follow_ups == [date(2026, 10, 20)]
    assert desk.found == []


def test_a_resolution_that_the_tallies_do_not_carry_is_a_finding(desk: Desk) -> None:
    deliberated(desk)
    desk.take(vote(votes_for=15, votes_against=14, abstentions=0), MEETING)
    desk.take(WorkReportResolutionAdopted(title="关于加强噪声污染防治的决议"), MEETING)
    assert [id for id, _ in desk.found] == ["result-contradicts-tally"]


def test_tallies_that_do_not_add_up_are_refused(desk: Desk) -> None:
    deliberated(desk)
    assert refusal_of(desk, vote(votes_for=26), MEETING) == ("tally-does-not-add-up", "present")
    assert refusal_of(desk, vote(members=32), MEETING) == ("more-members-than-seats", "members")


def test_whoever_is_not_satisfied_may_demand_another_report(desk: Desk) -> None:
    deliberated(desk)
    desk.take(poll(10, 4, 15), MEETING)
    assert report(desk).facts().grade == Rating.DISSATISFIED
    assert report(desk).polls[-1].satisfied == 10
    desk.take(WorkReportDemandedAgain(reason="整改措施不具体", due_on=date(2026, 8, 31)), date(2026, 6, 1))
    assert awaited(desk) == [(f"handling_unit:{ORGAN}", "submitted", date(2026, 8, 31))]
    desk.take(WorkReportSubmitted(), date(2026, 8, 20))
    assert report(desk).due_by(AGAIN) is None
    desk.take(WorkReportDistributed(), date(2026, 8, 21))
    desk.take(WorkReportHeard(reporter="甲市长"), date(2026, 9, 24))
    desk.take(WorkReportDeliberated(), date(2026, 9, 24))
    desk.take(poll(25, 3, 1), date(2026, 9, 24))
    assert [one.rating for one in report(desk).polls] == [Rating.DISSATISFIED, Rating.SATISFIED]
    assert desk.found == []


def test_what_is_awaited_is_whose_turn_it_is(desk: Desk) -> None:
    desk.take(WorkReportPlanned(), date(2026, 1, 20))
    assert awaited(desk) == [("deputy_affairs", "implementation_plan_made", None)]
    desk.take(WorkReportPlanMade(summary="四月下旬分三组调研"), date(2026, 4, 1))
    desk.take(Scheduled(meets_on=MEETING), date(2026, 4, 10))
    organ = f"handling_unit:{ORGAN}"
    assert awaited(desk) == [
        ("deputy_affairs", "opinions_gathered", None),
        (organ, "draft_sent_for_comment", may(8)),
    ]
    desk.take(WorkReportSentForComment(), may(7))
    assert awaited(desk) == [("deputy_affairs", "draft_commented", may(12)), (organ, "submitted", may(18))]
    desk.take(WorkReportSubmitted(), may(12))
    assert awaited(desk) == [("deputy_affairs", "distributed", may(21))]


def test_without_a_unit_the_governments_office_is_awaited() -> None:
    desk = Desk()
    desk.open(proposed(unit=None), date(2026, 1, 8))
    assert Role.GOVERNMENT_OFFICE not in set(report(desk).audience())
    prepared(desk)
    assert (Role.GOVERNMENT_OFFICE, "draft_sent_for_comment", may(8)) in awaited(desk)
    desk.take(WorkReportSentForComment(), may(7), Role.GOVERNMENT_OFFICE)
    assert report(desk).stage is Stage.REPORT_DRAFTED


def test_another_unit_sends_no_report(desk: Desk) -> None:
    prepared(desk)
    step = WorkReportSentForComment()
    assert refusal_of(desk, step, may(7), Role.HANDLING_UNIT, office="jtj")[0] == "no-part-in-case"


def test_a_source_is_named_once_and_terms_do_not_lie_in_the_past(desk: Desk) -> None:
    with pytest.raises(Refused) as refused:
        Desk().open(proposed(sources=(TopicSource.LAW, TopicSource.LAW)), date(2026, 1, 8))
    assert (refused.value.message_id, refused.value.field) == ("named-twice", "sources.1")
    deliberated(desk)
    past = date(2026, 1, 1)
    for step in (
        WorkReportResolutionAdopted(title="决议", due_on=past),
        WorkReportDemandedAgain(reason="措施不具体", due_on=past),
    ):
        assert refusal_of(desk, step, MEETING) == ("due-before-start", "due_on")


def test_who_sits_in_is_a_deputy(desk: Desk) -> None:
    submitted(desk)
    step = WorkReportHeard(reporter="甲市长", sitting_in=("nobody",))
    assert refusal_of(desk, step, MEETING) == ("unknown-deputy", "sitting_in.0")


def demanded_again(desk: Desk) -> Desk:
    """Resolved on in May, and another report is demanded, which goes before the meeting of 24 September."""
    deliberated(desk)
    desk.take(WorkReportResolutionAdopted(title="关于加强噪声污染防治的决议", due_on=date(2026, 10, 30)), MEETING)
    desk.take(WorkReportDemandedAgain(reason="整改措施不具体", due_on=date(2026, 9, 18)), date(2026, 6, 1))
    desk.take(Scheduled(meets_on=date(2026, 9, 24)), date(2026, 7, 1))
    return desk


def test_another_report_is_sent_for_comment_revised_submitted_and_distributed_like_the_first(desk: Desk) -> None:
    demanded_again(desk)
    organ = f"handling_unit:{ORGAN}"
    assert awaited(desk) == [
        (organ, "draft_sent_for_comment", date(2026, 9, 4)),
        (organ, "submitted", date(2026, 9, 14)),
        (organ, "execution_reported", date(2026, 10, 30)),
    ]
    desk.take(WorkReportSurveyDistributed(title="整改情况专题调研报告"), date(2026, 8, 20))
    desk.take(WorkReportOpinionsGathered(text="夜间施工噪声仍然突出"), date(2026, 8, 24))
    desk.take(WorkReportSentForComment(), date(2026, 9, 1))
    assert report(desk).stage is Stage.REPORT_DRAFTED
    desk.take(WorkReportCommented(summary="逐项写明完成时间"), date(2026, 9, 4))
    desk.take(WorkReportSubmitted(), date(2026, 9, 11))
    assert report(desk).due_by(DISTRIBUTION) == date(2026, 9, 17)
    desk.take(WorkReportDistributed(), date(2026, 9, 15))
    desk.take(WorkReportHeard(reporter="甲市长"), date(2026, 9, 24))
    desk.take(WorkReportDeliberated(), date(2026, 9, 24))
    assert [(one.kind, one.turn) for one in report(desk).versions] == [
        (ReportVersionKind.FOR_COMMENT, 1),
        (ReportVersionKind.SUBMITTED, 1),
        (ReportVersionKind.FOR_COMMENT, 2),
        (ReportVersionKind.SUBMITTED, 2),
    ]
    assert not any(running.late for running in report(desk).all_clocks)
    assert desk.found == []


def test_another_report_that_no_member_had_before_is_a_finding(desk: Desk) -> None:
    demanded_again(desk)
    desk.take(WorkReportSentForComment(), date(2026, 9, 1))
    desk.take(WorkReportHeard(reporter="甲市长"), date(2026, 9, 24))
    assert [id for id, _ in desk.found] == ["report-not-distributed"]


def test_the_execution_of_a_resolution_is_reported_also_while_another_report_is_awaited(desk: Desk) -> None:
    demanded_again(desk)
    desk.take(WorkReportExecutionReported(summary="上半年执行情况"), date(2026, 8, 20))
    assert (report(desk).stage, report(desk).due_by(EXECUTION)) == (Stage.REPORT_DEMANDED_AGAIN, None)
    desk.take(WorkReportSubmitted(), date(2026, 9, 11))
    desk.take(WorkReportExecutionReported(summary="三季度执行情况"), date(2026, 9, 12))
    assert (report(desk).stage, report(desk).execution_reported_on) == (Stage.REPORT_SUBMITTED, date(2026, 9, 12))
    assert desk.found == []


def test_the_execution_of_a_resolution_may_be_reported_twice(desk: Desk) -> None:
    deliberated(desk)
    step = WorkReportExecutionReported(summary="已全部执行")
    assert refusal_of(desk, step, MEETING)[0] == "no-resolution-to-execute"
    desk.take(WorkReportResolutionAdopted(title="关于加强噪声污染防治的决议"), MEETING)
    assert awaited(desk) == [(f"handling_unit:{ORGAN}", "execution_reported", None)]
    desk.take(step, date(2026, 9, 20))
    desk.take(WorkReportExecutionReported(summary="补充报告执法数据"), date(2026, 10, 20))
    assert (report(desk).stage, report(desk).execution_reported_on) == (Stage.EXECUTION_REPORTED, date(2026, 10, 20))
