from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from domain.ballot import BallotMode
from domain.case import Role, Step
from domain.cases.decision import (
    BILL,
    COMMENT,
    DELIBERATE,
    EXECUTION,
    PRIOR_REPORT,
    AmendmentProposed,
    AmendmentVoted,
    DecisionForm,
    DecisionFulfilled,
    DecisionKind,
    DecisionOpinionsIssued,
    DecisionPromulgated,
    DecisionVoted,
    Execution,
    ExecutionAssigned,
    ExecutionInspected,
    ExecutionReported,
    GovernmentDecisionIssued,
    MajorDecision,
    MatterBillFiled,
    MatterCommentClosed,
    MatterCommentOpened,
    MatterDeliberated,
    MatterDraftAmended,
    MatterJointMeetingHeld,
    MatterPlanned,
    MatterProposed,
    MatterSource,
    PriorReportReceived,
)
from domain.matter import (
    ApprovedByPartyCommittee,
    Closed,
    PartyGroupDeliberated,
    ReportedToPartyCommittee,
    Scheduled,
    SubmittedToPartyCommittee,
)
from domain.refusal import Refused
from tests.domain.support import Desk, Trusting

Stage = MajorDecision.Stage
GOVERNMENT, FINANCE = "jtj", "czj"
TALLY = {"mode": BallotMode.ELECTRONIC, "members": 31, "present": 30, "votes_against": 1, "abstentions": 1}
PASSES, FAILS = {**TALLY, "votes_for": 28}, {**TALLY, "votes_for": 15, "votes_against": 14}


@pytest.fixture
def desk() -> Desk:
    return Desk(docket=Trusting)


def proposed(**fields: Any) -> MatterProposed:
    given = {
        "jurisdiction": "cn-999900",
        "title": "关于加快公共交通发展的决定",
        "kind": DecisionKind.COMMITTEE_DECIDES,
        "unit": GOVERNMENT,
    }
    return MatterProposed(**{**given, **fields})


def voted(**fields: Any) -> DecisionVoted:
    return DecisionVoted(**{**PASSES, "form": DecisionForm.DECISION, **fields})


def case_of(desk: Desk) -> MajorDecision:
    case = desk.live
    assert isinstance(case, MajorDecision)
    return case


def due_on(desk: Desk, rule: str, part: str | None = None) -> date:
    return case_of(desk).clocks[rule, part].deadline.due_on


def refusal_of(desk: Desk, step: Step, on: date, role: Role | None = None) -> tuple[str, str | None]:
    before = desk.ledger.head()
    with pytest.raises(Refused) as refused:
        desk.take(step, on, role)
    assert desk.ledger.head() == before
    return refused.value.message_id, refused.value.field


def awaited(desk: Desk) -> set[tuple[str, str, date | None]]:
    return {(one.who, one.step.split(".")[1], one.due_on) for one in case_of(desk).awaited()}


def adopted(desk: Desk, **fields: Any) -> Desk:
    """A decision that was voted on, after a bill and a deliberation."""
    desk.open(proposed(), date(2026, 1, 12))
    desk.take(MatterPlanned(plan="plan-2026"), date(2026, 2, 9))
    desk.take(MatterBillFiled(unit=GOVERNMENT, text="决定（草案）"), date(2026, 3, 16))
    desk.take(MatterDeliberated(speakers=("甲三", "乙三")), date(2026, 4, 27))
    desk.take(voted(**fields), date(2026, 4, 28))
    return desk


def promulgated(desk: Desk, **fields: Any) -> Desk:
    adopted(desk, **fields)
    desk.take(DecisionPromulgated(document_number="云人常〔2026〕8号"), date(2026, 4, 30))
    return desk


def test_a_decision_goes_from_the_proposal_to_its_fulfilment(desk: Desk) -> None:
    desk.open(proposed(source=MatterSource.PARTY_COMMITTEE, deployment="现代化综合交通"), date(2026, 1, 12))
    desk.take(MatterJointMeetingHeld(organs=("市委办", "人大办", "政府办"), summary="同意"), date(2026, 1, 15))
    desk.take(PartyGroupDeliberated(), date(2026, 1, 20))
    desk.take(SubmittedToPartyCommittee(), date(2026, 1, 21))
    desk.take(ApprovedByPartyCommittee(), date(2026, 2, 2))
    desk.take(MatterPlanned(), date(2026, 2, 9))
    desk.take(MatterCommentOpened(due_on=date(2026, 3, 10)), date(2026, 2, 10))
    desk.take(MatterCommentClosed(comments=127), date(2026, 3, 10))
    desk.take(MatterBillFiled(unit=GOVERNMENT, text="决定（草案）"), date(2026, 3, 16))
    desk.take(Scheduled(meets_on=date(2026, 4, 27)), date(2026, 3, 20))
    desk.take(MatterDeliberated(speakers=("甲三",)), date(2026, 4, 27))
    desk.take(voted(units=(GOVERNMENT,), due_on=date(2026, 10, 30)), date(2026, 4, 28))
    assert case_of(desk).stage is Stage.ADOPTED
    desk.take(DecisionPromulgated(document_number="云人常〔2026〕8号"), date(2026, 4, 30))
    desk.take(ExecutionInspected(summary="实地检查", members=("甲三",)), date(2026, 8, 20))
    desk.take(ExecutionReported(unit=GOVERNMENT, summary="已完成"), date(2026, 10, 20))
    desk.take(DecisionFulfilled(), date(2026, 10, 30))
    desk.take(Closed(), date(2026, 11, 2))
    case = case_of(desk)
    assert (case.stage, case.adopted_on, case.promulgated_on, case.inspected_on, case.fulfilled_on) == (
        Stage.CLOSED,
        date(2026, 4, 28),
        date(2026, 4, 30),
        date(2026, 8, 20),
        date(2026, 10, 30),
    )
    assert (case.deployment, case.comments, case.form, case.text) == ("现代化综合交通", 127, "decision", "决定（草案）")
    assert case.executions[GOVERNMENT].reported_on == date(2026, 10, 20)
    assert case.open_clocks == []
    assert desk.findings == []
    then = desk.at(date(2026, 3, 12))
    assert isinstance(then, MajorDecision)
    assert (then.stage, then.filed_on, then.comments) == (Stage.PLANNED, None, 127)


# The plan and the Party's organs


def test_a_matter_is_planned_after_the_partys_organs_or_within_a_plan_that_was(desk: Desk) -> None:
    desk.open(proposed(), date(2026, 1, 12))
    desk.take(PartyGroupDeliberated(), date(2026, 1, 20))
    desk.take(MatterPlanned(), date(2026, 2, 9))
    assert desk.found == [("planned-without-party-organs", 3)]
    desk.open(proposed(), date(2026, 1, 12))
    desk.take(MatterPlanned(plan="plan-2026"), date(2026, 2, 9))
    assert (desk.found, list(case_of(desk).follows())) == ([], ["plan-2026"])


def test_an_organ_consulted_twice_is_refused(desk: Desk) -> None:
    desk.open(proposed(), date(2026, 1, 12))
    step = MatterJointMeetingHeld(organs=("市委办", "市委办"), summary="同意")
    assert refusal_of(desk, step, date(2026, 1, 15)) == ("named-twice", "organs.1")


# Prior report


def test_a_government_decision_that_was_reported_before_it_was_issued_is_as_it_should_be(desk: Desk) -> None:
    desk.open(proposed(kind=DecisionKind.GOVERNMENT_DECIDES), date(2026, 3, 2))
    desk.take(Scheduled(meets_on=date(2026, 4, 27)), date(2026, 3, 5))
    assert due_on(desk, PRIOR_REPORT) == date(2026, 4, 7)
    assert (BILL, None) not in case_of(desk).clocks
    assert (f"handling_unit:{GOVERNMENT}", "prior_report_received", date(2026, 4, 7)) in awaited(desk)
    desk.take(PriorReportReceived(unit=GOVERNMENT, summary="票价调整"), date(2026, 4, 7))
    assert due_on(desk, DELIBERATE) == date(2026, 7, 7)
    assert ("deputy_affairs", "deliberated", date(2026, 7, 7)) in awaited(desk)
    desk.take(MatterDeliberated(), date(2026, 4, 27))
    desk.take(DecisionOpinionsIssued(opinion="听证后再定"), date(2026, 4, 28))
    desk.take(GovernmentDecisionIssued(unit=GOVERNMENT, document_number="云政发〔2026〕3号"), date(2026, 6, 1))
    assert (case_of(desk).stage, case_of(desk).issued_on) == (Stage.GOVERNMENT_ISSUED, date(2026, 6, 1))
    assert case_of(desk).open_clocks == []
    assert desk.findings == []


def test_a_government_decision_issued_without_prior_report_shows(desk: Desk) -> None:
    desk.open(proposed(kind=DecisionKind.GOVERNMENT_DECIDES), date(2026, 3, 2))
    desk.take(GovernmentDecisionIssued(unit=GOVERNMENT), date(2026, 3, 9))
    desk.take(PriorReportReceived(unit=GOVERNMENT, summary="补报"), date(2026, 3, 20))
    assert desk.found == [("issued-without-prior-report", 2), ("reported-after-issue", 3)]
    assert case_of(desk).stage is Stage.PRIOR_REPORTED


def test_a_prior_report_that_is_recorded_late_clears_the_government(desk: Desk) -> None:
    desk.open(proposed(kind=DecisionKind.GOVERNMENT_DECIDES), date(2026, 3, 2))
    desk.take(GovernmentDecisionIssued(unit=GOVERNMENT), date(2026, 3, 20))
    desk.take(PriorReportReceived(unit=GOVERNMENT, summary="事前报告"), date(2026, 3, 9), late=True)
    assert desk.found == []
    assert case_of(desk).stage is Stage.GOVERNMENT_ISSUED


def test_what_the_committee_decided_stays_decided_when_the_government_issues_its_own(desk: Desk) -> None:
    promulgated(desk)
    desk.take(GovernmentDecisionIssued(unit=GOVERNMENT), date(2026, 5, 11))
    assert (case_of(desk).stage, case_of(desk).issued_on) == (Stage.PROMULGATED, date(2026, 5, 11))


# The bill


def test_the_bill_is_due_thirty_days_before_the_meeting_and_counted_anew_when_it_moves(desk: Desk) -> None:
    desk.open(proposed(), date(2026, 3, 2))
    desk.take(Scheduled(meets_on=date(2026, 4, 27)), date(2026, 3, 5))
    assert due_on(desk, BILL) == date(2026, 3, 28)
    desk.take(Scheduled(meets_on=date(2026, 5, 6)), date(2026, 3, 10))
    assert due_on(desk, BILL) == date(2026, 4, 6)
    desk.take(MatterBillFiled(unit=GOVERNMENT, text="草案"), date(2026, 4, 8))
    assert case_of(desk).clocks[BILL, None].late is True
    assert due_on(desk, DELIBERATE) == date(2026, 7, 8)


def test_a_bill_that_was_filed_is_not_awaited_when_the_meeting_is_set(desk: Desk) -> None:
    desk.open(proposed(), date(2026, 3, 2))
    desk.take(MatterBillFiled(proposers=("甲三", "乙三"), text="草案"), date(2026, 3, 3))
    desk.take(Scheduled(meets_on=date(2026, 4, 27)), date(2026, 3, 5))
    assert (BILL, None) not in case_of(desk).clocks


@pytest.mark.parametrize(
    ("step", "message_id", "field"),
    [
        (MatterBillFiled(unit="nowhere", text="草案"), "unknown-unit", "unit"),
        (MatterBillFiled(proposers=("甲三", "甲三"), text="草案"), "named-twice", "proposers.1"),
        (PriorReportReceived(unit="nowhere", summary="报告"), "unknown-unit", "unit"),
        (GovernmentDecisionIssued(unit="nowhere"), "unknown-unit", "unit"),
        (MatterCommentOpened(due_on=date(2026, 3, 1)), "due-before-start", "due_on"),
        (MatterCommentClosed(comments=1), "no-comment-period", None),
        (voted(), "step-not-open", None),
    ],
)
def test_what_cannot_be_is_refused_before_the_deliberation(
    desk: Desk, step: Step, message_id: str, field: str | None
) -> None:
    desk.open(proposed(), date(2026, 3, 2))
    assert refusal_of(desk, step, date(2026, 3, 3)) == (message_id, field)


def test_another_unit_files_no_bill_in_the_name_of_the_organ(desk: Desk) -> None:
    desk.open(proposed(), date(2026, 3, 2))
    step = MatterBillFiled(unit=FINANCE, text="草案")
    with pytest.raises(Refused) as refused:
        desk.take(step, date(2026, 3, 3), Role.HANDLING_UNIT, office=GOVERNMENT)
    assert refused.value.message_id == "not-your-unit"


def test_comments_are_awaited_until_the_day_that_was_named(desk: Desk) -> None:
    desk.open(proposed(), date(2026, 3, 2))
    desk.take(MatterCommentOpened(due_on=date(2026, 4, 2)), date(2026, 3, 3))
    assert due_on(desk, COMMENT) == date(2026, 4, 2)
    assert ("deputy_affairs", "public_comment_closed", date(2026, 4, 2)) in awaited(desk)
    desk.take(MatterCommentClosed(comments=0), date(2026, 4, 3))
    assert case_of(desk).clocks[COMMENT, None].late is True


# The vote


@pytest.mark.parametrize(("votes_for", "against", "stage"), [(15, 13, Stage.NOT_ADOPTED), (16, 12, Stage.ADOPTED)])
def test_it_is_adopted_by_more_than_half_of_all_members(desk: Desk, votes_for: int, against: int, stage: Stage) -> None:
    adopted(desk, votes_for=votes_for, votes_against=against, not_voted=1)
    assert case_of(desk).stage is stage


def test_a_decision_that_is_not_adopted_binds_nobody_and_may_be_filed_again(desk: Desk) -> None:
    adopted(desk, **FAILS, units=(GOVERNMENT,), due_on=date(2026, 10, 30))
    case = case_of(desk)
    assert (case.executions, case.adopted_on, case.form, case.open_clocks) == ({}, None, None, [])
    desk.take(MatterBillFiled(unit=GOVERNMENT, text="草案二"), date(2026, 5, 11))
    assert due_on(desk, DELIBERATE) == date(2026, 8, 11)


def test_a_draft_is_amended_and_deliberated_again_at_a_further_meeting(desk: Desk) -> None:
    desk.open(proposed(plan="plan-2026"), date(2026, 1, 12))
    desk.take(MatterBillFiled(unit=GOVERNMENT, text="决定（草案）"), date(2026, 3, 16))
    desk.take(MatterDeliberated(speakers=("甲三",)), date(2026, 4, 27))
    amended = MatterDraftAmended(text="决定（草案修改稿）", summary="增加保障措施")
    desk.take(amended, date(2026, 5, 20))
    assert not desk.take(amended, date(2026, 5, 21)).changed
    desk.take(MatterDeliberated(speakers=("乙三",)), date(2026, 6, 25))
    assert case_of(desk).stage is Stage.DELIBERATED
    desk.take(voted(), date(2026, 6, 26))
    case = case_of(desk)
    assert (case.text, case.deliberated_on) == ("决定（草案修改稿）", [date(2026, 4, 27), date(2026, 6, 25)])
    assert (case.clocks[DELIBERATE, None].stopped_on, case.clocks[DELIBERATE, None].late) == (date(2026, 4, 27), False)
    assert desk.findings == []


def test_nothing_is_amended_that_was_not_filed_or_was_voted_on_already(desk: Desk) -> None:
    desk.open(proposed(), date(2026, 1, 12))
    amended = MatterDraftAmended(text="决定（草案修改稿）")
    assert refusal_of(desk, amended, date(2026, 2, 2))[0] == "step-not-open"
    adopted(desk)
    assert refusal_of(desk, amended, date(2026, 5, 6))[0] == "step-not-open"


@pytest.mark.parametrize(
    ("fields", "message_id"),
    [
        ({"present": 29}, "tally-does-not-add-up"),
        ({"members": 29}, "more-present-than-members"),
        ({"members": 40}, "more-members-than-seats"),
        ({"units": ("nowhere",)}, "unknown-unit"),
        ({"units": (GOVERNMENT, GOVERNMENT)}, "named-twice"),
        ({"due_on": date(2026, 4, 1)}, "due-before-start"),
    ],
)
def test_a_vote_that_cannot_be_is_refused(desk: Desk, fields: dict[str, Any], message_id: str) -> None:
    desk.open(proposed(), date(2026, 3, 2))
    desk.take(MatterBillFiled(unit=GOVERNMENT, text="草案"), date(2026, 3, 3))
    desk.take(MatterDeliberated(), date(2026, 4, 27))
    assert refusal_of(desk, voted(**fields), date(2026, 4, 28))[0] == message_id


def test_a_vote_without_quorum_shows(desk: Desk) -> None:
    adopted(desk, present=15, votes_for=13)
    assert desk.found == [("no-quorum", 5)]


# Carrying it out


def test_each_organ_reports_within_the_term_that_the_resolution_sets(desk: Desk) -> None:
    promulgated(desk, units=(GOVERNMENT, FINANCE), due_on=date(2026, 9, 30))
    assert due_on(desk, EXECUTION, FINANCE) == date(2026, 9, 30)
    assert (f"handling_unit:{FINANCE}", "execution_reported", date(2026, 9, 30)) in awaited(desk)
    assert case_of(desk).facts().answered_on is None
    desk.take(ExecutionReported(unit=GOVERNMENT, summary="已完成"), date(2026, 9, 30))
    desk.take(ExecutionReported(unit=FINANCE, summary="已拨付"), date(2026, 10, 8))
    case = case_of(desk)
    assert [case.clocks[EXECUTION, unit].late for unit in (GOVERNMENT, FINANCE)] == [False, True]
    assert (case.facts().handed_over_on, case.facts().answered_on) == (date(2026, 4, 28), date(2026, 10, 8))


def test_a_term_may_be_set_and_set_anew_after_the_vote(desk: Desk) -> None:
    promulgated(desk)
    desk.take(ExecutionAssigned(unit=FINANCE, due_on=date(2026, 8, 31)), date(2026, 5, 6))
    desk.take(ExecutionReported(unit=FINANCE, summary="进展"), date(2026, 8, 20))
    desk.take(ExecutionAssigned(unit=FINANCE, due_on=date(2026, 11, 20)), date(2026, 9, 1))
    assert case_of(desk).executions[FINANCE].stage is Execution.Stage.TO_REPORT
    assert due_on(desk, EXECUTION, FINANCE) == date(2026, 11, 20)
    assert not desk.take(ExecutionAssigned(unit=FINANCE, due_on=date(2026, 11, 20)), date(2026, 9, 2)).changed
    again = ExecutionAssigned(unit=FINANCE, due_on=date(2026, 8, 1))
    assert refusal_of(desk, again, date(2026, 9, 3)) == ("due-before-start", "due_on")


def test_an_organ_that_was_given_nothing_to_carry_out_has_nothing_to_report(desk: Desk) -> None:
    promulgated(desk, units=(GOVERNMENT,))
    step = ExecutionReported(unit=FINANCE, summary="已完成")
    assert refusal_of(desk, step, date(2026, 9, 30), Role.GENERAL_OFFICE) == ("unknown-part", "unit")


def test_major_problems_go_to_the_party_committee(desk: Desk) -> None:
    promulgated(desk, units=(GOVERNMENT,))
    report = ExecutionReported(unit=GOVERNMENT, summary="受阻", major_problems="资金缺口")
    desk.take(report, date(2026, 9, 28))
    assert ("deputy_affairs", "reported_to_party_committee", None) in awaited(desk)
    desk.take(ReportedToPartyCommittee(), date(2026, 9, 30))
    assert awaited(desk) == set()


def test_a_decision_fulfilled_while_an_organ_never_reported_shows(desk: Desk) -> None:
    promulgated(desk, units=(GOVERNMENT, FINANCE), due_on=date(2026, 9, 30))
    desk.take(ExecutionReported(unit=GOVERNMENT, summary="已完成"), date(2026, 9, 30))
    desk.take(DecisionFulfilled(), date(2026, 10, 9))
    assert desk.found == [("fulfilled-without-report", 8)]
    assert desk.findings[0].params == {"units": [FINANCE]}
    assert case_of(desk).open_clocks == []


@pytest.mark.parametrize(
    ("tally", "stage", "text"), [(PASSES, Stage.ADOPTED, "修改后"), (FAILS, Stage.PROMULGATED, "决定（草案）")]
)
def test_a_change_is_voted_on_and_else_the_decision_stands(
    desk: Desk, tally: dict[str, Any], stage: Stage, text: str
) -> None:
    promulgated(desk)
    desk.take(AmendmentProposed(reason="情况变化"), date(2026, 7, 1))
    assert ("deputy_affairs", "amendment_voted", None) in awaited(desk)
    desk.take(AmendmentVoted(**tally, text="修改后"), date(2026, 8, 27))
    case = case_of(desk)
    assert (case.stage, case.text, case.adopted_on, len(case.votes)) == (stage, text, date(2026, 4, 28), 2)


# Who reads it


def test_the_governments_office_reads_a_matter_of_the_committee_once_it_is_planned(desk: Desk) -> None:
    desk.open(proposed(), date(2026, 1, 12))
    assert Role.GOVERNMENT_OFFICE not in set(case_of(desk).audience())
    desk.take(MatterPlanned(plan="plan-2026"), date(2026, 2, 9))
    assert Role.GOVERNMENT_OFFICE in set(case_of(desk).audience())
