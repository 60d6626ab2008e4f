from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from domain.ballot import BallotMode, Rating
from domain.case import Role, Step
from domain.cases.supervision.plan_budget import (
    ADJUSTMENT,
    ALERT,
    AUDIT_RECTIFICATION,
    BUDGET_DRAFT,
    EXECUTION,
    FINAL_ACCOUNTS,
    FINDING,
    PUBLICATION,
    YEARLY_WINDOW,
    AuditFinding,
    AuditFindingRectified,
    AuditFindingSentBack,
    AuditFindingsRegistered,
    AuditFindingVerified,
    AuditRectificationHeard,
    AuditRectificationPollHeld,
    AuditRectificationReported,
    FindingToRegister,
    OnLineAlert,
    OnLineAlertExplained,
    OnLineAlertRaised,
    OnLineAlertSettled,
    PlanBudget,
    PlanBudgetApproved,
    PlanBudgetDeliberated,
    PlanBudgetDraftSubmitted,
    PlanBudgetExecutionReported,
    PlanBudgetFollowedUp,
    PlanBudgetHeard,
    PlanBudgetKind,
    PlanBudgetListed,
    PlanBudgetNotApproved,
    PlanBudgetPreliminarilyReviewed,
    PlanBudgetPreliminaryDraftSubmitted,
    PlanBudgetPublished,
    PlanBudgetResolutionAdopted,
    PlanBudgetReviewOpinionsReturned,
    PlanBudgetReviewResultReported,
    PlanBudgetSurveyDistributed,
    PlanBudgetVotedByCongress,
    PlanBudgetVoteHeld,
)
from domain.matter import Closed, Scheduled
from domain.refusal import Refused
from tests.domain.support import Desk

Stage = PlanBudget.Stage
MEETING = date(2026, 7, 30)
FINANCE, AUDITED = "czj", "jyj"
TALLIES = {"votes_against": 1, "abstentions": 1}


def listed(kind: PlanBudgetKind, on: date = date(2026, 1, 8), **fields: Any) -> Desk:
    given = {"jurisdiction": "cn-999900", "title": "2025年市级决算", "unit": FINANCE, "kind": kind}
    desk = Desk()
    desk.open(PlanBudgetListed(**{**given, **fields}), on)
    return desk


def state(desk: Desk) -> PlanBudget:
    case = desk.live
    assert isinstance(case, PlanBudget)
    return case


def awaited(desk: Desk) -> list[tuple[str, str, date | None]]:
    return [(one.who, one.step.split(".")[1], one.due_on) for one in state(desk).awaited()]


def finance(desk: Desk, step: Step, on: date) -> None:
    desk.take(step, on, Role.HANDLING_UNIT, office=FINANCE)


def reviewed(desk: Desk) -> Desk:
    """Final accounts on the agenda of 30 July, reviewed and submitted."""
    desk.take(Scheduled(meets_on=MEETING), date(2026, 5, 20))
    finance(desk, PlanBudgetPreliminaryDraftSubmitted(), date(2026, 6, 25))
    desk.take(
        PlanBudgetPreliminarilyReviewed(text="压减一般性支出", invited=("d-001", "d-002"), attended=("d-001",)),
        date(2026, 7, 3),
    )
    finance(desk, PlanBudgetReviewOpinionsReturned(summary="已压减百分之五"), date(2026, 7, 8))
    finance(desk, PlanBudgetDraftSubmitted(), date(2026, 7, 15))
    return desk


def heard(desk: Desk, on: date = MEETING) -> Desk:
    finance(desk, PlanBudgetDraftSubmitted(), date(2026, 7, 15))
    desk.take(PlanBudgetHeard(reporter="甲局长"), on)
    return desk


def vote(votes_for: int, **tallies: int) -> PlanBudgetVoteHeld:
    given = {"members": 31, "present": votes_for + 2, **TALLIES}
    return PlanBudgetVoteHeld(mode=BallotMode.ELECTRONIC, votes_for=votes_for, **{**given, **tallies})


def finding(key: str, **more: Any) -> FindingToRegister:
    return FindingToRegister(finding=key, text="专项资金结存两年以上", unit=AUDITED, **more)


def refusal_of(desk: Desk, step: Step, on: date, role: Role | None = None, **more: Any) -> tuple[str, str | None]:
    before = desk.ledger.head()
    with pytest.raises(Refused) as refused:
        desk.take(step, on, role, **more)
    assert desk.ledger.head() == before
    return refused.value.message_id, refused.value.field


def test_final_accounts_are_reviewed_approved_and_made_public_in_the_terms_of_the_law() -> None:
    desk = listed(PlanBudgetKind.FINAL_ACCOUNTS, fiscal_year=2025)
    desk.take(PlanBudgetSurveyDistributed(title="部门决算专题调研报告"), date(2026, 3, 1))
    reviewed(desk)
    desk.take(PlanBudgetReviewResultReported(summary="建议批准"), date(2026, 7, 28))
    desk.take(PlanBudgetHeard(reporter="甲局长", sitting_in=("d-001",)), MEETING)
    desk.take(PlanBudgetDeliberated(speakers=("甲三",)), MEETING)
    desk.take(vote(27), MEETING)
    desk.take(PlanBudgetApproved(title="关于批准2025年市级决算的决议"), MEETING)
    assert awaited(desk) == [(f"handling_unit:{FINANCE}", "made_public", date(2026, 8, 19))]
    finance(desk, PlanBudgetPublished(place="市政府网站"), date(2026, 8, 12))
    desk.take(PlanBudgetFollowedUp(summary="抽查三个部门"), date(2026, 10, 1))
    desk.take(Closed(), date(2026, 10, 8))
    case = state(desk)
    assert (case.stage, case.resolution) == (Stage.CLOSED, "关于批准2025年市级决算的决议")
    assert {running.deadline.clock: running.late for running in case.all_clocks} == {
        YEARLY_WINDOW: False,
        FINAL_ACCOUNTS: False,
        PUBLICATION: False,
    }
    assert desk.found == []
    earlier = desk.at(date(2026, 7, 5))
    assert isinstance(earlier, PlanBudget)
    assert (earlier.stage, earlier.feedback) == (Stage.PRELIMINARILY_REVIEWED, None)


@pytest.mark.parametrize(
    ("kind", "rule"),
    [
        (PlanBudgetKind.BUDGET_DRAFT, BUDGET_DRAFT),
        (PlanBudgetKind.BUDGET_ADJUSTMENT, ADJUSTMENT),
        (PlanBudgetKind.FINAL_ACCOUNTS, FINAL_ACCOUNTS),
        (PlanBudgetKind.STATE_ASSETS, None),
    ],
)
def test_what_has_a_first_draft_gives_it_thirty_days_before_the_meeting(kind: PlanBudgetKind, rule: str | None) -> None:
    desk = listed(kind)
    desk.take(Scheduled(meets_on=MEETING), date(2026, 2, 1))
    due = {clock: running.deadline.due_on for (clock, _), running in state(desk).clocks.items()}
    due.pop(YEARLY_WINDOW, None)
    assert due == ({rule: date(2026, 6, 30)} if rule else {})


def test_a_first_draft_that_is_there_already_is_not_due_any_more() -> None:
    desk = listed(PlanBudgetKind.BUDGET_ADJUSTMENT)
    finance(desk, PlanBudgetPreliminaryDraftSubmitted(), date(2026, 6, 25))
    desk.take(Scheduled(meets_on=MEETING), date(2026, 6, 26))
    assert state(desk).all_clocks == []


@pytest.mark.parametrize(
    "kind", [PlanBudgetKind.FINAL_ACCOUNTS, PlanBudgetKind.BUDGET_EXECUTION, PlanBudgetKind.PLAN_EXECUTION]
)
def test_some_are_submitted_by_the_end_of_september_of_the_year(kind: PlanBudgetKind) -> None:
    deadline = state(listed(kind)).clocks[YEARLY_WINDOW, None].deadline
    assert (deadline.started_on, deadline.due_on) == (date(2025, 12, 31), date(2026, 9, 30))


def test_a_report_outside_june_to_september_is_a_finding_and_one_of_october_late() -> None:
    early = listed(PlanBudgetKind.BUDGET_EXECUTION)
    finance(early, PlanBudgetDraftSubmitted(), date(2026, 5, 31))
    assert early.found == [("outside-june-to-september", 2)]
    late = listed(PlanBudgetKind.BUDGET_EXECUTION)
    finance(late, PlanBudgetDraftSubmitted(), date(2026, 10, 9))
    assert state(late).clocks[YEARLY_WINDOW, None].late


def test_a_review_without_deputies_and_a_draft_without_a_review_are_findings() -> None:
    desk = listed(PlanBudgetKind.BUDGET_ADJUSTMENT)
    finance(desk, PlanBudgetPreliminaryDraftSubmitted(), date(2026, 6, 25))
    desk.take(PlanBudgetPreliminarilyReviewed(text="同意"), date(2026, 7, 3))
    assert desk.found == [("review-without-deputies", 3)]
    unreviewed = listed(PlanBudgetKind.BUDGET_ADJUSTMENT)
    finance(unreviewed, PlanBudgetDraftSubmitted(), date(2026, 7, 15))
    assert unreviewed.found == [("not-preliminarily-reviewed", 2)]


def test_a_vote_without_the_result_of_the_review_is_a_finding() -> None:
    desk = reviewed(listed(PlanBudgetKind.FINAL_ACCOUNTS))
    desk.take(PlanBudgetHeard(reporter="甲局长"), MEETING)
    desk.take(vote(14), MEETING)
    desk.take(PlanBudgetApproved(), MEETING)
    assert [id for id, _ in desk.found] == ["no-review-result", "result-contradicts-tally"]


def test_what_is_not_approved_may_be_submitted_again() -> None:
    desk = heard(listed(PlanBudgetKind.PLAN_ADJUSTMENT))
    desk.take(vote(15, present=29, votes_against=13), MEETING)
    desk.take(PlanBudgetNotApproved(reason="理由不充分"), MEETING)
    assert state(desk).stage is Stage.NOT_APPROVED
    finance(desk, PlanBudgetDraftSubmitted(), date(2026, 9, 1))
    desk.take(PlanBudgetHeard(reporter="甲局长"), date(2026, 9, 24))
    desk.take(vote(28), date(2026, 9, 24))
    desk.take(PlanBudgetApproved(), date(2026, 9, 24))
    case = state(desk)
    assert [one.passed for one in case.votes] == [False, True]
    assert case.due_by(PUBLICATION) is None, "an adjustment of the plan is no budget"
    assert desk.found == []


def test_what_passed_is_not_recorded_as_not_approved_without_a_finding() -> None:
    desk = heard(listed(PlanBudgetKind.PLAN_ADJUSTMENT))
    desk.take(vote(28), MEETING)
    desk.take(PlanBudgetNotApproved(), MEETING)
    assert [id for id, _ in desk.found] == ["result-contradicts-tally"]


def test_the_congress_approves_the_budget_with_its_own_quorum() -> None:
    desk = reviewed(listed(PlanBudgetKind.BUDGET_DRAFT))
    desk.take(PlanBudgetReviewResultReported(summary="建议批准"), date(2026, 7, 28))
    desk.take(PlanBudgetHeard(reporter="甲局长"), MEETING)
    tallies = {"members": 360, "votes_for": 220, "votes_against": 2, "abstentions": 8}
    desk.take(PlanBudgetVotedByCongress(mode=BallotMode.ELECTRONIC, present=230, **tallies), MEETING)
    desk.take(PlanBudgetApproved(), MEETING)
    assert [id for id, _ in desk.found] == ["no-quorum-of-congress"]
    assert state(desk).due_by(PUBLICATION) == date(2026, 8, 19)


def test_what_was_put_right_is_heard_within_six_months_of_the_audit_report() -> None:
    desk = heard(listed(PlanBudgetKind.AUDIT_REPORT))
    assert state(desk).due_by(AUDIT_RECTIFICATION) == date(2027, 2, 1)  # 30 January 2027 is a Saturday
    desk.take(PlanBudgetDeliberated(), MEETING)
    desk.take(
        AuditFindingsRegistered(findings=(finding("1", amount=3_000_000, due_on=date(2026, 10, 31)), finding("2"))),
        date(2026, 8, 3),
    )
    assert awaited(desk) == [
        (f"handling_unit:{FINANCE}", "audit_rectification_reported", date(2027, 2, 1)),
        (f"handling_unit:{AUDITED}", "audit_finding_rectified", date(2026, 10, 31)),
        (f"handling_unit:{AUDITED}", "audit_finding_rectified", None),
    ]
    step = AuditFindingRectified(finding="1", summary="已收回统筹使用", amount=2_500_000)
    desk.take(step, date(2026, 9, 1), Role.HANDLING_UNIT, office=AUDITED)
    desk.take(AuditFindingVerified(finding="1", verified_by="预算工委"), date(2026, 9, 10))
    finance(desk, AuditRectificationReported(summary="已整改一项"), date(2026, 11, 2))
    desk.take(AuditRectificationHeard(speakers=("甲三",)), date(2026, 11, 12))
    desk.take(
        AuditRectificationPollHeld(
            voters="常委会组成人员", present=29, satisfied=20, basically_satisfied=6, dissatisfied=3
        ),
        date(2026, 11, 12),
    )
    case = state(desk)
    assert case.clocks[AUDIT_RECTIFICATION, None].late is False
    assert case.clocks[FINDING, "1"].late is False
    assert {key: found.stage for key, found in case.findings.items()} == {
        "1": AuditFinding.Stage.VERIFIED,
        "2": AuditFinding.Stage.REGISTERED,
    }
    assert case.findings["1"].rectified_amount == 2_500_000
    assert case.rating is Rating.SATISFIED
    assert desk.found == []


def test_the_rectification_is_polled_also_after_it_was_resolved_on_and_reported_again() -> None:
    desk = heard(listed(PlanBudgetKind.AUDIT_REPORT))
    desk.take(PlanBudgetDeliberated(), MEETING)
    poll = AuditRectificationPollHeld(
        voters="常委会组成人员", present=29, satisfied=9, basically_satisfied=5, dissatisfied=15
    )
    desk.take(PlanBudgetResolutionAdopted(title="关于审计工作报告的决议"), MEETING)
    assert refusal_of(desk, poll, date(2026, 8, 3))[0] == "rectification-not-heard"
    finance(desk, AuditRectificationReported(summary="已整改一项"), date(2026, 9, 2))
    desk.take(AuditRectificationHeard(), date(2026, 9, 24))
    desk.take(PlanBudgetResolutionAdopted(title="关于审计查出问题整改情况报告的决议"), date(2026, 9, 24))
    desk.take(poll, date(2026, 9, 24))
    assert (state(desk).stage, state(desk).rating) == (Stage.RESOLVED, Rating.DISSATISFIED)
    finance(desk, AuditRectificationReported(summary="已全部整改"), date(2026, 11, 2))
    desk.take(AuditRectificationHeard(), date(2026, 11, 12))
    finance(desk, AuditRectificationReported(summary="补充整改台账"), date(2026, 11, 16))
    assert state(desk).stage is Stage.RECTIFICATION_REPORTED
    assert desk.found == []


def test_a_report_that_is_no_audit_report_starts_no_such_term() -> None:
    assert state(heard(listed(PlanBudgetKind.GOVERNMENT_DEBT))).due_by(AUDIT_RECTIFICATION) is None


def test_a_finding_that_is_not_put_right_is_sent_back_with_a_new_date() -> None:
    desk = heard(listed(PlanBudgetKind.AUDIT_REPORT))
    desk.take(AuditFindingsRegistered(findings=(finding("1", due_on=date(2026, 9, 1)),)), date(2026, 8, 3))
    desk.take(AuditFindingRectified(finding="1", summary="已收回", amount=1), date(2026, 8, 20))
    desk.take(AuditFindingSentBack(finding="1", reason="资金仍未拨付", due_on=date(2026, 10, 1)), date(2026, 8, 25))
    found = state(desk).findings["1"]
    assert (found.stage, found.sent_back, found.rectified_on) == (AuditFinding.Stage.REGISTERED, 1, None)
    assert (found.rectified_amount, found.summary) == (None, "已收回")
    assert state(desk).due_by(FINDING, "1") == date(2026, 10, 1)


def test_a_finding_is_registered_once_and_of_units_that_there_are() -> None:
    desk = heard(listed(PlanBudgetKind.AUDIT_REPORT))
    twice = AuditFindingsRegistered(findings=(finding("1"), finding("1")))
    assert refusal_of(desk, twice, date(2026, 8, 3)) == ("finding-exists", "findings.1.finding")
    nowhere = AuditFindingsRegistered(findings=(FindingToRegister(finding="1", text="问题", unit="nowhere"),))
    assert refusal_of(desk, nowhere, date(2026, 8, 3)) == ("unknown-unit", "findings.0.unit")
    past = AuditFindingsRegistered(findings=(finding("1", due_on=date(2026, 8, 1)),))
    assert refusal_of(desk, past, date(2026, 8, 3)) == ("due-before-start", "findings.0.due_on")


def test_another_unit_puts_no_finding_right() -> None:
    desk = heard(listed(PlanBudgetKind.AUDIT_REPORT))
    desk.take(AuditFindingsRegistered(findings=(finding("1"),)), date(2026, 8, 3))
    step = AuditFindingRectified(finding="1", summary="已收回")
    assert refusal_of(desk, step, date(2026, 8, 20), Role.HANDLING_UNIT, office=FINANCE)[0] == "not-your-unit"


def test_a_resolution_sets_the_term_for_the_report_on_its_execution() -> None:
    desk = heard(listed(PlanBudgetKind.STATE_ASSETS))
    desk.take(vote(28), MEETING)
    step = PlanBudgetResolutionAdopted(title="关于加强国有资产管理的决议", due_on=date(2026, 10, 30))
    desk.take(step, MEETING)
    assert awaited(desk) == [(f"handling_unit:{FINANCE}", "execution_reported", date(2026, 10, 30))]
    finance(desk, PlanBudgetExecutionReported(summary="已执行"), date(2026, 11, 2))
    assert state(desk).clocks[EXECUTION, None].late
    assert desk.found == []


def test_on_line_supervision_raises_an_alert_that_the_unit_explains() -> None:
    desk = listed(PlanBudgetKind.BUDGET_EXECUTION)
    alert = OnLineAlertRaised(alert="Y-1", text="三公经费超序时进度", unit=AUDITED, due_on=date(2026, 4, 30))
    desk.take(alert, date(2026, 4, 20))
    assert (f"handling_unit:{AUDITED}", "on_line_alert_explained", date(2026, 4, 30)) in awaited(desk)
    step = OnLineAlertExplained(alert="Y-1", explanation="集中结算上年费用")
    desk.take(step, date(2026, 4, 28), Role.HANDLING_UNIT, office=AUDITED)
    desk.take(OnLineAlertSettled(alert="Y-1"), date(2026, 5, 6))
    case = state(desk)
    assert (case.alerts["Y-1"].stage, case.clocks[ALERT, "Y-1"].late) == (OnLineAlert.Stage.SETTLED, False)
    assert refusal_of(desk, alert, date(2026, 5, 7)) == ("alert-exists", "alert")
    past = alert.model_copy(update={"alert": "Y-2"})
    assert refusal_of(desk, past, date(2026, 5, 7)) == ("due-before-start", "due_on")


def test_the_budget_of_a_zone_is_reviewed_under_its_name() -> None:
    case = state(listed(PlanBudgetKind.ZONE_BUDGET, unit=None, area="云江新区"))
    assert (case.area, case.sort) == ("云江新区", "zone_budget")
    assert [one.who for one in case.awaited()] == [Role.GOVERNMENT_OFFICE]
