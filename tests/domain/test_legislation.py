from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from domain.attachment import AttachmentKind, MediaType
from domain.ballot import BallotMode
from domain.case import AttachmentAdded, Role, Step
from domain.cases.legislation import (
    APPROVE,
    COMMENT_PERIOD,
    CONSULT_PARTY,
    DISTRIBUTE,
    FILE_UPWARD,
    PARTY_REPLY,
    SEND_TO_PROVINCE,
    SUBMIT,
    TERMINATE,
    ApprovedByProvince,
    ClauseVoted,
    DeliberationEnded,
    DeliberationExtended,
    DeputiesTookPart,
    Division,
    DivisionNoted,
    DraftCommentClosed,
    DraftCommentOpened,
    DraftDistributed,
    DraftingCommissioned,
    DraftingTeamFormed,
    DraftSubmitted,
    DraftVersionKept,
    EarlyInvolved,
    EvaluationAdvice,
    FeasibilityArgued,
    FiledUpward,
    FirstReadingHeld,
    ImplementationReported,
    InspectionScheduled,
    JointLegislationAgreed,
    Legislation,
    LegislationBillFiled,
    LegislationKind,
    LegislationPlanned,
    LegislationProposed,
    LegislationShelved,
    LegislationWithdrawn,
    MembersPaired,
    NotApproved,
    OrgansCoordinated,
    PartyCommitteeConsulted,
    PartyConsultation,
    PartyMemberReplied,
    PartyOpinionsConsidered,
    PostLegislativeEvaluated,
    ProjectSuggestionsCollected,
    RegulationAmended,
    RegulationEntered,
    RegulationInspected,
    RegulationInspection,
    RegulationPromulgated,
    RegulationPublicised,
    RegulationRepealed,
    RegulationVoted,
    RegulationVotedByCongress,
    RegulationVoteDeferred,
    SecondReadingHeld,
    SentToProvince,
    StateOrgan,
    SubmittedForApproval,
    ThirdReadingHeld,
    UnifiedReviewHeld,
    Validity,
    WithdrawalAgreed,
)
from domain.matter import (
    ActivityHeld,
    ActivityKind,
    ApprovedByPartyCommittee,
    Dropped,
    PartyGroupDeliberated,
    Scheduled,
)
from domain.office import Body
from domain.refusal import Refused
from tests.domain.support import Desk, Trusting
from tests.registry import shipped_registry

Stage = Legislation.Stage
UNIT = "jtj"
PARTY_MEMBERS = tuple(f"丑{n}" for n in "一二三四五六七")
TALLY: dict[str, Any] = {
    "mode": BallotMode.ELECTRONIC,
    "members": 31,
    "present": 30,
    "votes_against": 1,
    "abstentions": 1,
}
VOTE = RegulationVoted(**TALLY, votes_for=28)
LOST = RegulationVoted(**{**TALLY, "votes_against": 14}, votes_for=15)
DRAFT, REVISED = "5e" * 32, "6f" * 32
FILED, READ, CONSULTED, VOTED = date(2026, 3, 2), date(2026, 3, 26), date(2026, 4, 20), date(2026, 5, 28)


@pytest.fixture
def desk() -> Desk:
    return Desk(docket=Trusting)


def proposed(**fields: Any) -> LegislationProposed:
    given = {"jurisdiction": "cn-999900", "title": "云江市公共交通条例", "kind": LegislationKind.ENACT, "unit": UNIT}
    return LegislationProposed(**{**given, **fields})


def entered(**fields: Any) -> RegulationEntered:
    given = {"jurisdiction": "cn-999900", "title": "云江市历史文化保护条例", "in_force_on": date(2019, 3, 1)}
    return RegulationEntered(**{**given, **fields})


def attached(sha256: str, name: str = "草案.pdf") -> AttachmentAdded:
    return AttachmentAdded(sha256=sha256, name=name, media_type=MediaType.PDF, size=1, kind=AttachmentKind.OTHER)


def case_of(desk: Desk) -> Legislation:
    case = desk.live
    assert isinstance(case, Legislation)
    return case


def due_on(desk: Desk, rule: str, part: str | None = None) -> date:
    return case_of(desk).clocks[rule, part].deadline.due_on


def refusal_of(desk: Desk, step: Step, on: date, role: Role | None = None) -> tuple[str, str | None]:
    before = desk.ledger.head()
    with pytest.raises(Refused) as refused:
        desk.take(step, on, role)
    assert desk.ledger.head() == before
    return refused.value.message_id, refused.value.field


def awaited(desk: Desk) -> list[tuple[str, str, date | None]]:
    return [(one.who, one.step.split(".")[1], one.due_on) for one in case_of(desk).awaited()]


def filed(desk: Desk, **fields: Any) -> Desk:
    """A bill that the Party group has deliberated and that is filed."""
    desk.open(proposed(**fields), date(2026, 1, 12))
    desk.take(PartyGroupDeliberated(), date(2026, 1, 20))
    desk.take(LegislationPlanned(plan="plan-2026"), date(2026, 2, 2))
    desk.take(LegislationBillFiled(unit=UNIT), FILED)
    return desk


def ready(desk: Desk, *, recipients: tuple[str, ...] = PARTY_MEMBERS, on: date = CONSULTED, **fields: Any) -> Desk:
    """A draft that was read and reviewed, on which the Party's members were asked."""
    filed(desk, **fields)
    desk.take(FirstReadingHeld(), READ)
    desk.take(UnifiedReviewHeld(summary="修改稿"), date(2026, 4, 10))
    if recipients:
        desk.take(PartyCommitteeConsulted(recipients=recipients), on)
    return desk


def passed(desk: Desk) -> Desk:
    ready(desk).take(VOTE, VOTED)
    return desk


def promulgated(desk: Desk) -> Desk:
    passed(desk)
    desk.take(SubmittedForApproval(), date(2026, 6, 3))
    desk.take(ApprovedByProvince(), date(2026, 7, 29))
    desk.take(RegulationPromulgated(in_force_on=date(2026, 10, 1)), date(2026, 8, 10))
    return desk


def test_a_regulation_goes_from_the_proposal_to_its_coming_into_force(desk: Desk) -> None:
    desk.open(proposed(important=True, small=True, proposers=("甲三",)), date(2026, 1, 5))
    desk.take(ProjectSuggestionsCollected(suggestions_received=86), date(2026, 1, 8))
    desk.take(FeasibilityArgued(feasible=True, experts=("周教授",), summary="必要可行"), date(2026, 1, 9))
    desk.take(PartyGroupDeliberated(), date(2026, 1, 12))
    desk.take(ApprovedByPartyCommittee(), date(2026, 1, 15))
    desk.take(LegislationPlanned(), date(2026, 1, 16))
    desk.take(DraftingTeamFormed(congress_lead="甲四", government_lead="丑四", unit=UNIT), date(2026, 1, 19))
    desk.take(EarlyInvolved(members=("乙三",), summary="参加调研"), date(2026, 1, 26))
    desk.take(MembersPaired(members=("甲五", "甲六")), date(2026, 1, 27))
    desk.take(DeputiesTookPart(deputies=("d-001", "d-002")), date(2026, 1, 28))
    desk.take(OrgansCoordinated(coordinated=(StateOrgan.COURT, StateOrgan.CONGRESS), summary="一致"), date(2026, 1, 29))
    desk.take(JointLegislationAgreed(partners=("江北市",)), date(2026, 1, 30))
    desk.take(attached(DRAFT), date(2026, 2, 9))
    desk.take(DraftVersionKept(edition="草案", sha256=DRAFT), date(2026, 2, 9))
    desk.take(Scheduled(meets_on=READ), date(2026, 2, 10))
    desk.take(DraftSubmitted(unit=UNIT, edition="草案"), date(2026, 2, 11))
    desk.take(LegislationBillFiled(unit=UNIT, edition="草案"), FILED)
    desk.take(DraftDistributed(edition="草案"), date(2026, 3, 20))
    desk.take(FirstReadingHeld(edition="草案", speakers=("甲三", "乙三")), READ)
    desk.take(DraftCommentOpened(due_on=date(2026, 4, 27), edition="草案"), date(2026, 3, 27))
    desk.take(DraftCommentClosed(comments=212), date(2026, 4, 27))
    desk.take(attached(REVISED, "修改稿.pdf"), date(2026, 4, 28))
    desk.take(DraftVersionKept(edition="修改稿", sha256=REVISED), date(2026, 4, 28))
    desk.take(UnifiedReviewHeld(edition="修改稿", summary="审议结果报告"), date(2026, 4, 28))
    desk.take(SecondReadingHeld(edition="修改稿"), date(2026, 4, 29))
    desk.take(PartyCommitteeConsulted(recipients=PARTY_MEMBERS, edition="修改稿"), date(2026, 5, 6))
    for name in PARTY_MEMBERS:
        desk.take(PartyMemberReplied(member=name), date(2026, 5, 12))
    desk.take(PartyOpinionsConsidered(summary="采纳三条"), date(2026, 5, 20))
    desk.take(ThirdReadingHeld(edition="修改稿"), date(2026, 6, 24))
    desk.take(RegulationVoted(**TALLY, votes_for=28, edition="修改稿"), date(2026, 6, 25))
    desk.take(SubmittedForApproval(document_number="云人常〔2026〕10号"), date(2026, 6, 30))
    desk.take(ApprovedByProvince(), date(2026, 9, 28))
    desk.take(RegulationPromulgated(document_number="公告第5号", in_force_on=date(2026, 11, 1)), date(2026, 10, 9))
    desk.take(SentToProvince(), date(2026, 10, 16))
    desk.take(RegulationPublicised(summary="新闻发布会"), date(2026, 10, 30))
    desk.take(FiledUpward(), date(2026, 11, 5))
    case = case_of(desk)
    assert desk.findings == []
    assert (case.stage, case.open_clocks) == (Stage.PROMULGATED, [])
    assert [clock.late for clock in case.all_clocks] == [False] * len(case.all_clocks)
    assert [(one.reading, one.held_on, one.edition) for one in case.readings] == [
        (1, READ, "草案"),
        (2, date(2026, 4, 29), "修改稿"),
        (3, date(2026, 6, 24), "修改稿"),
    ]
    assert {name: kept.sha256 for name, kept in case.versions.items()} == {"草案": DRAFT, "修改稿": REVISED}
    assert case.coordinated == (StateOrgan.CONGRESS, StateOrgan.COURT)
    assert (case.congress_lead, case.government_lead, case.members) == ("甲四", "丑四", ("甲五", "甲六"))
    assert (case.validity(date(2026, 10, 31)), case.validity(date(2026, 11, 1))) == (
        Validity.NOT_YET_IN_FORCE,
        Validity.IN_FORCE,
    )
    then = desk.at(date(2026, 5, 10))
    assert isinstance(then, Legislation)
    assert (then.stage, len(then.readings), then.passed_on) == (Stage.SECOND_READ, 2, None)
    assert {one.replied_on for one in then.consulted.values()} == {None}


# Plan and drafting


def test_a_project_is_planned_after_the_partys_organs_or_within_a_plan_that_was(desk: Desk) -> None:
    desk.open(proposed(), date(2026, 1, 12))
    desk.take(LegislationPlanned(), date(2026, 1, 20))
    assert desk.found == [("planned-without-party-organs", 2)]
    filed(desk)
    assert desk.found == []


@pytest.mark.parametrize("submitted", [False, True])
def test_a_project_may_be_put_into_the_yearly_plan_while_it_is_drafted_and_stays_where_it_is(
    desk: Desk, *, submitted: bool
) -> None:
    desk.open(proposed(), date(2026, 1, 12))
    desk.take(DraftingTeamFormed(unit=UNIT), date(2026, 1, 20))
    if submitted:
        desk.take(DraftSubmitted(unit=UNIT), date(2026, 1, 28))
    desk.take(LegislationPlanned(plan="plan-2026"), date(2026, 2, 2))
    case = case_of(desk)
    assert case.stage is (Stage.DRAFT_SUBMITTED if submitted else Stage.DRAFTING)
    assert (case.planned_on, case.plan, desk.found) == (date(2026, 2, 2), "plan-2026", [])
    assert Role.GOVERNMENT_OFFICE in set(case.audience())


@pytest.mark.parametrize(("important", "found"), [(True, [("team-without-co-leads", 2)]), (False, [])])
def test_the_team_of_an_important_regulation_has_two_leads(
    desk: Desk, *, important: bool, found: list[tuple[str, int]]
) -> None:
    desk.open(proposed(important=important), date(2026, 1, 12))
    desk.take(DraftingTeamFormed(congress_lead="甲四"), date(2026, 1, 20))
    assert desk.found == found


def test_a_draft_may_be_commissioned(desk: Desk) -> None:
    desk.open(proposed(), date(2026, 1, 12))
    desk.take(DraftingCommissioned(third_party="云江大学法学院", reason="专业性强"), date(2026, 1, 20))
    assert (case_of(desk).stage, case_of(desk).third_party) == (Stage.DRAFTING, "云江大学法学院")


@pytest.mark.parametrize(
    ("step", "message_id", "field"),
    [
        (DraftingTeamFormed(unit="nowhere"), "unknown-unit", "unit"),
        (DeputiesTookPart(deputies=("d-999",)), "unknown-deputy", "deputies.0"),
        (DeputiesTookPart(deputies=("d-001", "d-001")), "named-twice", "deputies.1"),
        (MembersPaired(members=("甲五", "甲五")), "named-twice", "members.1"),
        (OrgansCoordinated(coordinated=(StateOrgan.COURT,) * 2, summary="一致"), "named-twice", "coordinated.1"),
        (JointLegislationAgreed(partners=("江北市", "江北市")), "named-twice", "partners.1"),
        (PartyCommitteeConsulted(recipients=("丑一", "丑一")), "named-twice", "recipients.1"),
        (PartyOpinionsConsidered(summary="采纳"), "nobody-consulted", None),
        (DraftCommentOpened(due_on=date(2026, 1, 1)), "due-before-start", "due_on"),
        (DraftCommentClosed(comments=1), "no-comment-period", None),
        (DraftVersionKept(edition="草案", sha256=DRAFT), "version-not-attached", "sha256"),
        (DraftCommentOpened(due_on=date(2026, 3, 1), edition="草案"), "version-not-kept", "edition"),
        (PartyMemberReplied(member="丑一"), "unknown-part", "member"),
        (VOTE, "step-not-open", None),
    ],
)
def test_what_cannot_be_is_refused_before_the_bill_is_filed(
    desk: Desk, step: Step, message_id: str, field: str | None
) -> None:
    desk.open(proposed(), date(2026, 1, 12))
    assert refusal_of(desk, step, date(2026, 1, 20)) == (message_id, field)


def test_a_version_of_the_draft_never_changes(desk: Desk) -> None:
    desk.open(proposed(), date(2026, 1, 12))
    for sha256 in (DRAFT, REVISED):
        desk.take(attached(sha256), date(2026, 1, 20))
    desk.take(DraftVersionKept(edition="草案", sha256=DRAFT), date(2026, 1, 21))
    changed = DraftVersionKept(edition="草案", sha256=REVISED)
    assert refusal_of(desk, changed, date(2026, 1, 22)) == ("version-kept-already", "edition")
    assert not desk.take(DraftVersionKept(edition="草案", sha256=DRAFT), date(2026, 1, 22)).changed


# Before the meeting


def test_the_draft_is_due_thirty_days_and_its_copies_five_days_before_the_meeting(desk: Desk) -> None:
    desk.open(proposed(), date(2026, 1, 12))
    desk.take(LegislationPlanned(plan="plan-2026"), date(2026, 1, 20))
    desk.take(Scheduled(meets_on=READ), date(2026, 2, 2))
    assert (due_on(desk, SUBMIT), due_on(desk, DISTRIBUTE)) == (date(2026, 2, 24), date(2026, 3, 21))
    assert awaited(desk) == [(f"handling_unit:{UNIT}", "draft_submitted", date(2026, 2, 24))]
    desk.take(LegislationBillFiled(unit=UNIT), FILED)
    assert case_of(desk).clocks[SUBMIT, None].late is True
    desk.take(DraftDistributed(), date(2026, 3, 20))
    assert case_of(desk).clocks[DISTRIBUTE, None].late is False


def test_each_reading_has_its_own_copies(desk: Desk) -> None:
    filed(desk)
    desk.take(Scheduled(meets_on=READ), date(2026, 3, 3))
    desk.take(DraftDistributed(), date(2026, 3, 20))
    desk.take(FirstReadingHeld(), READ)
    desk.take(Scheduled(meets_on=VOTED), date(2026, 5, 6))
    assert due_on(desk, DISTRIBUTE) == date(2026, 5, 23)
    assert (SUBMIT, None) not in case_of(desk).clocks
    desk.take(SecondReadingHeld(), VOTED)
    assert case_of(desk).clocks[DISTRIBUTE, None].dropped_by == "legislation.second_reading_held.v1"


def test_the_partys_members_are_asked_thirty_days_before_the_meeting_that_votes(desk: Desk) -> None:
    filed(desk)
    desk.take(Scheduled(meets_on=READ), date(2026, 3, 3))
    assert (CONSULT_PARTY, None) not in case_of(desk).clocks
    desk.take(FirstReadingHeld(), READ)
    desk.take(Scheduled(meets_on=VOTED), date(2026, 4, 1))
    assert due_on(desk, CONSULT_PARTY) == date(2026, 4, 28)
    assert awaited(desk) == [("deputy_affairs", "unified_review_held", None)]
    desk.take(UnifiedReviewHeld(summary="修改稿"), date(2026, 4, 10))
    assert awaited(desk) == [("deputy_affairs", "party_committee_consulted", date(2026, 4, 28))]
    desk.take(PartyCommitteeConsulted(recipients=PARTY_MEMBERS), date(2026, 4, 28))
    assert case_of(desk).clocks[CONSULT_PARTY, None].late is False


# Comments of the public


@pytest.mark.parametrize(
    ("closed_on", "found"),
    [(date(2026, 4, 1), [("comment-period-too-short", 6)]), (date(2026, 4, 2), [])],
)
def test_comments_are_taken_for_thirty_days_at_least(desk: Desk, closed_on: date, found: list[tuple[str, int]]) -> None:
    filed(desk)
    desk.take(DraftCommentOpened(due_on=date(2026, 4, 2)), date(2026, 3, 3))
    assert due_on(desk, COMMENT_PERIOD) == date(2026, 4, 2)
    assert ("deputy_affairs", "public_comment_closed", date(2026, 4, 2)) in awaited(desk)
    desk.take(DraftCommentClosed(comments=3), closed_on)
    assert desk.found == found
    assert [finding.params for finding in desk.findings] == [{"days": 29, "least": 30}][: len(found)]


# The Party's standing committee


def test_all_members_asked_in_time_is_as_it_should_be(desk: Desk) -> None:
    ready(desk, on=date(2026, 4, 28)).take(VOTE, VOTED)
    assert desk.found == []


def test_a_vote_without_any_consultation_shows(desk: Desk) -> None:
    ready(desk, recipients=()).take(VOTE, VOTED)
    assert desk.found == [("party-committee-not-consulted", 7)]


def test_a_member_who_was_left_out_shows_at_the_vote(desk: Desk) -> None:
    ready(desk, recipients=PARTY_MEMBERS[:-2]).take(VOTE, VOTED)
    assert [(one.message_id, one.params) for one in desk.findings] == [
        ("party-members-left-out", {"members": ["丑六", "丑七"]})
    ]


def test_a_member_who_was_asked_fewer_than_thirty_days_before_shows_at_the_vote(desk: Desk) -> None:
    ready(desk, recipients=PARTY_MEMBERS[:-1])
    desk.take(PartyCommitteeConsulted(recipients=PARTY_MEMBERS[-1:]), date(2026, 4, 29))
    desk.take(VOTE, VOTED)
    assert [(one.message_id, one.params) for one in desk.findings] == [
        ("party-members-asked-late", {"members": ["丑七"], "least": 30})
    ]


def test_who_is_asked_again_counts_from_the_first_time(desk: Desk) -> None:
    ready(desk)
    desk.take(PartyMemberReplied(member="丑一"), date(2026, 4, 25))
    desk.take(PartyCommitteeConsulted(recipients=("丑一",)), date(2026, 5, 20))
    asked = case_of(desk).consulted["丑一"]
    assert (asked.asked_on, asked.replied_on, asked.stage) == (
        CONSULTED,
        None,
        PartyConsultation.Stage.PARTY_ASKED,
    )
    desk.take(VOTE, VOTED)
    assert desk.found == []


def test_the_members_are_those_who_sat_there_when_they_were_asked(desk: Desk) -> None:
    seats = shipped_registry().jurisdiction("cn-999900").seats_on(Body.PARTY_STANDING_COMMITTEE, date(2021, 10, 14))
    assert seats == []
    desk.open(proposed(), date(2021, 3, 1))
    for step, on in (
        (PartyGroupDeliberated(), date(2021, 3, 2)),
        (LegislationPlanned(plan="plan-2021"), date(2021, 3, 3)),
        (LegislationBillFiled(), date(2021, 6, 1)),
        (FirstReadingHeld(), date(2021, 8, 26)),
        (UnifiedReviewHeld(summary="修改稿"), date(2021, 9, 1)),
        (PartyCommitteeConsulted(recipients=("寅一", "寅二")), date(2021, 10, 1)),
        (VOTE, date(2021, 12, 1)),
    ):
        desk.take(step, on)
    assert desk.found == []


def test_the_replies_come_in_member_by_member(desk: Desk) -> None:
    ready(desk, recipients=())
    step = PartyCommitteeConsulted(recipients=PARTY_MEMBERS, due_on=date(2026, 5, 8))
    desk.take(step, CONSULTED)
    assert due_on(desk, PARTY_REPLY, "丑三") == date(2026, 5, 8)
    assert len([who for who, _, _ in awaited(desk) if who == "party_committee"]) == 7
    desk.take(PartyMemberReplied(member="丑三"), date(2026, 5, 7))
    assert case_of(desk).consulted["丑三"].replied_on == date(2026, 5, 7)
    assert case_of(desk).clocks[PARTY_REPLY, "丑三"].late is False
    assert Role.PARTY_COMMITTEE in set(case_of(desk).audience())
    again = PartyMemberReplied(member="丑三")
    assert refusal_of(desk, again, date(2026, 5, 8))[0] == "part-step-not-open"
    desk.take(VOTE, VOTED)
    assert case_of(desk).open_clocks == []


# The vote


def test_a_vote_without_party_group_or_unified_review_shows(desk: Desk) -> None:
    desk.open(proposed(plan="plan-2026"), date(2026, 1, 12))
    desk.take(LegislationPlanned(), date(2026, 2, 2))
    desk.take(LegislationBillFiled(unit=UNIT), FILED)
    desk.take(FirstReadingHeld(), READ)
    desk.take(PartyCommitteeConsulted(recipients=PARTY_MEMBERS), CONSULTED)
    desk.take(VOTE, VOTED)
    assert desk.found == [("voted-without-party-group", 6), ("voted-without-unified-review", 6)]


def test_divided_opinions_ask_for_an_evaluation_and_a_hearing(desk: Desk) -> None:
    ready(desk)
    for kind in Division:
        desk.take(DivisionNoted(kind=kind, reason="补贴标准"), date(2026, 4, 21))
    desk.take(VOTE, VOTED)
    assert desk.found == [("disputed-without-evaluation", 10), ("divided-without-hearing", 10)]
    for activity in (ActivityKind.THIRD_PARTY, ActivityKind.HEARING):
        desk.take(ActivityHeld(kind=activity, title="补贴标准"), date(2026, 5, 6), late=True)
    assert desk.found == []


def test_what_the_congress_should_pass_is_not_passed_by_its_committee(desk: Desk) -> None:
    ready(desk, to_congress=True).take(VOTE, VOTED)
    assert desk.found == [("congress-should-vote", 8)]
    ready(desk, to_congress=True)
    tally = {**TALLY, "members": 350, "present": 340, "votes_against": 10, "abstentions": 20}
    desk.take(RegulationVotedByCongress(**tally, votes_for=310), VOTED)
    assert (desk.found, case_of(desk).stage) == ([], Stage.PASSED)


def test_a_bill_that_was_not_passed_may_be_filed_again(desk: Desk) -> None:
    ready(desk).take(LOST, VOTED)
    assert (case_of(desk).stage, case_of(desk).passed_on) == (Stage.NOT_PASSED, None)
    desk.take(LegislationBillFiled(unit=UNIT), date(2026, 8, 3))
    assert case_of(desk).stage is Stage.BILL_FILED


def test_a_clause_may_be_voted_on_before_the_whole(desk: Desk) -> None:
    ready(desk).take(ClauseVoted(**TALLY, votes_for=28, clause="第二十条"), VOTED)
    case = case_of(desk)
    assert [(one.clause, one.vote.passed) for one in case.clause_votes] == [("第二十条", True)]
    assert (case.stage, case.votes) == (Stage.FIRST_READ, [])


@pytest.mark.parametrize("step", [RegulationVoteDeferred(reason="分歧"), LegislationShelved(reason="必要性分歧")])
def test_what_is_put_off_may_be_ended_after_two_years(desk: Desk, step: Step) -> None:
    desk.open(proposed(plan="plan-2024"), date(2024, 1, 8))
    desk.take(LegislationPlanned(), date(2024, 1, 15))
    desk.take(LegislationBillFiled(unit=UNIT), date(2024, 3, 4))
    desk.take(FirstReadingHeld(), date(2024, 4, 25))
    desk.take(step, date(2024, 4, 26))
    assert due_on(desk, TERMINATE) == date(2026, 4, 27)
    assert [one.from_on for one in case_of(desk).awaited()] == [date(2026, 4, 27)]
    desk.take(DeliberationEnded(), date(2026, 4, 26))
    desk.take(Dropped(reason="终止审议"), date(2026, 4, 28))
    assert (desk.found, case_of(desk).stage, case_of(desk).open_clocks) == ([], Stage.DROPPED, [])


def test_what_is_ended_before_two_years_shows(desk: Desk) -> None:
    filed(desk)
    desk.take(LegislationShelved(reason="分歧"), READ)
    desk.take(DeliberationEnded(), date(2026, 9, 1))
    assert [(one.message_id, one.params) for one in desk.findings] == [
        ("ended-before-two-years", {"due_on": "2028-03-26"})
    ]


def test_what_is_taken_up_again_does_not_end(desk: Desk) -> None:
    ready(desk).take(RegulationVoteDeferred(reason="分歧"), VOTED)
    desk.take(SecondReadingHeld(), date(2026, 8, 27))
    assert (case_of(desk).stage, case_of(desk).open_clocks) == (Stage.SECOND_READ, [])


def put_off_for_two_years(desk: Desk) -> Desk:
    """A bill that was shelved on 26 April 2024, and not listed again."""
    desk.open(proposed(plan="plan-2024"), date(2024, 1, 8))
    desk.take(LegislationPlanned(), date(2024, 1, 15))
    desk.take(LegislationBillFiled(unit=UNIT), date(2024, 3, 4))
    desk.take(FirstReadingHeld(), date(2024, 4, 25))
    desk.take(LegislationShelved(reason="必要性分歧"), date(2024, 4, 26))
    return desk


@pytest.mark.parametrize(
    ("until", "may_be_ended_from"), [(date(2026, 12, 31), date(2026, 12, 31)), (None, date(2028, 4, 28))]
)
def test_what_was_put_off_for_two_years_may_be_extended_instead_of_ended(
    desk: Desk, until: date | None, may_be_ended_from: date
) -> None:
    put_off_for_two_years(desk)
    desk.take(DeliberationExtended(due_on=until, reason="等待上位法修改"), date(2026, 4, 28))
    assert (case_of(desk).stage, due_on(desk, TERMINATE)) == (Stage.SHELVED, may_be_ended_from)
    assert [one.from_on for one in case_of(desk).awaited()] == [may_be_ended_from]
    desk.take(SecondReadingHeld(), date(2026, 8, 27))
    assert (case_of(desk).stage, case_of(desk).open_clocks, desk.found) == (Stage.SECOND_READ, [], [])


def test_a_deliberation_is_extended_to_no_day_that_is_over(desk: Desk) -> None:
    put_off_for_two_years(desk)
    over = DeliberationExtended(due_on=date(2026, 4, 27), reason="等待上位法修改")
    assert refusal_of(desk, over, date(2026, 4, 28)) == ("due-before-start", "due_on")


def test_whoever_filed_a_bill_takes_it_back_by_himself_before_it_is_on_an_agenda(desk: Desk) -> None:
    filed(desk).take(LegislationWithdrawn(), date(2026, 3, 9), Role.HANDLING_UNIT, office=UNIT)
    assert (case_of(desk).stage, desk.found) == (Stage.BILL_WITHDRAWN, [])


def test_a_bill_on_the_agenda_that_its_proposer_takes_back_alone_shows(desk: Desk) -> None:
    filed(desk).take(Scheduled(meets_on=READ), date(2026, 3, 5))
    desk.take(LegislationWithdrawn(), date(2026, 3, 9))
    assert [(one.message_id, one.params) for one in desk.findings] == [
        ("withdrawn-without-consent", {"meets_on": "2026-03-26"})
    ]
    assert case_of(desk).open_clocks == []


def test_a_bill_on_the_agenda_is_taken_back_before_the_vote_when_the_chairmens_meeting_agrees(desk: Desk) -> None:
    filed(desk).take(Scheduled(meets_on=READ), date(2026, 3, 5))
    desk.take(FirstReadingHeld(), READ)
    alone = LegislationWithdrawn(reason="上位法修改")
    assert refusal_of(desk, alone, date(2026, 4, 8))[0] == "step-not-open"
    desk.take(WithdrawalAgreed(reason="上位法修改", reported_to="第三十九次会议"), date(2026, 4, 9))
    assert (case_of(desk).stage, case_of(desk).open_clocks, desk.found) == (Stage.DELIBERATION_ENDED, [], [])


def test_a_unit_does_not_agree_to_the_withdrawal_of_its_own_bill(desk: Desk) -> None:
    filed(desk).take(FirstReadingHeld(), READ)
    with pytest.raises(Refused) as refused:
        desk.take(WithdrawalAgreed(reason="上位法修改"), date(2026, 4, 9), Role.HANDLING_UNIT, office=UNIT)
    assert refused.value.message_id == "role-may-not"


# Approval and promulgation


def test_the_province_approves_within_four_months(desk: Desk) -> None:
    passed(desk)
    desk.take(SubmittedForApproval(), date(2026, 6, 3))
    assert due_on(desk, APPROVE) == date(2026, 10, 8)
    desk.take(ApprovedByProvince(modifications="第八条"), date(2026, 7, 29))
    assert (case_of(desk).stage, case_of(desk).open_clocks) == (Stage.PROVINCE_APPROVED, [])


def test_what_the_province_did_not_approve_may_be_revised_and_voted_on_again(desk: Desk) -> None:
    passed(desk)
    desk.take(SubmittedForApproval(), date(2026, 6, 3))
    desk.take(NotApproved(reason="与上位法抵触"), date(2026, 7, 29))
    desk.take(LegislationBillFiled(unit=UNIT), date(2026, 8, 10))
    assert (case_of(desk).stage, case_of(desk).open_clocks) == (Stage.BILL_FILED, [])


def test_a_city_promulgates_nothing_without_the_provinces_approval(desk: Desk) -> None:
    passed(desk).take(RegulationPromulgated(in_force_on=date(2026, 7, 1)), date(2026, 6, 3))
    assert desk.found == [("promulgated-without-approval", 9)]


def test_after_the_promulgation_it_is_filed_upward_and_explained(desk: Desk) -> None:
    promulgated(desk)
    assert (due_on(desk, SEND_TO_PROVINCE), due_on(desk, FILE_UPWARD)) == (date(2026, 8, 25), date(2026, 9, 9))
    assert awaited(desk) == [
        ("deputy_affairs", "sent_to_province", date(2026, 8, 25)),
        ("deputy_affairs", "filed_upward", date(2026, 9, 9)),
        ("deputy_affairs", "publicised", date(2026, 10, 1)),
    ]
    desk.take(SentToProvince(), date(2026, 8, 26))
    desk.take(FiledUpward(), date(2026, 9, 9))
    case = case_of(desk)
    assert [case.clocks[rule, None].late for rule in (SEND_TO_PROVINCE, FILE_UPWARD)] == [True, False]
    desk.take(RegulationPublicised(summary="解读"), date(2026, 10, 2))
    assert desk.found == [("publicised-late", 14)]


def test_nothing_is_in_force_before_it_is_promulgated(desk: Desk) -> None:
    passed(desk)
    desk.take(SubmittedForApproval(), date(2026, 6, 3))
    desk.take(ApprovedByProvince(), date(2026, 7, 29))
    early = RegulationPromulgated(in_force_on=date(2026, 8, 9))
    assert refusal_of(desk, early, date(2026, 8, 10)) == ("in-force-before-promulgation", "in_force_on")
    with pytest.raises(Refused) as refused:
        desk.open(entered(promulgated_on=date(2019, 3, 2)))
    assert refused.value.message_id == "in-force-before-promulgation"


# The register of regulations in force


def test_a_regulation_older_than_the_system_is_entered_and_followed(desk: Desk) -> None:
    desk.open(entered(number="云条2019-1", passed_on=date(2018, 10, 26)), date(2026, 1, 5))
    case = case_of(desk)
    assert (case.stage, list(case.awaited())) == (Stage.PROMULGATED, [])
    assert (case.validity(date(2019, 2, 28)), case.validity(date(2019, 3, 1))) == (
        Validity.NOT_YET_IN_FORCE,
        Validity.IN_FORCE,
    )
    desk.take(InspectionScheduled(year=2026), date(2026, 2, 9))
    assert awaited(desk) == [("deputy_affairs", "inspected", None)]
    desk.take(InspectionScheduled(year=2026, inspection="case-1"), date(2026, 2, 10))
    desk.take(ImplementationReported(unit=UNIT, summary="实施情况"), date(2026, 5, 6))
    desk.take(RegulationInspected(year=2026, summary="总体良好"), date(2026, 6, 30))
    desk.take(
        PostLegislativeEvaluated(advice=EvaluationAdvice.AMEND, summary="第八条须修改", third_party="云江大学"),
        date(2026, 7, 15),
    )
    desk.take(RegulationAmended(in_force_on=date(2026, 9, 1), amended_by="case-2"), date(2026, 8, 27))
    case = case_of(desk)
    inspection = case.inspections["2026"]
    assert (inspection.stage, inspection.inspection, inspection.inspected_on) == (
        RegulationInspection.Stage.INSPECTED,
        "case-1",
        date(2026, 6, 30),
    )
    assert [one.in_force_on for one in case.amendments] == [date(2026, 9, 1)]
    assert [one.advice for one in case.evaluations] == [EvaluationAdvice.AMEND]
    desk.take(RegulationRepealed(repealed_on=date(2026, 12, 1), reason="已有新条例"), date(2026, 11, 2))
    case = case_of(desk)
    assert case.stage is Stage.REPEALED
    assert (case.validity(date(2026, 11, 30)), case.validity(date(2026, 12, 1))) == (
        Validity.IN_FORCE,
        Validity.REPEALED,
    )
    assert desk.findings == []


def test_what_amends_a_regulation_is_no_regulation_of_its_own(desk: Desk) -> None:
    desk.open(proposed(kind=LegislationKind.AMEND, regulation="case-1"), date(2026, 1, 12))
    case = case_of(desk)
    case.in_force_on = date(2026, 1, 12)
    assert (case.regulation, case.validity(date(2026, 2, 1))) == ("case-1", None)


@pytest.mark.parametrize("name", ["amended_by", "repealed_by"])
def test_a_regulation_is_not_changed_by_itself(desk: Desk, name: str) -> None:
    desk.open(entered(), date(2026, 1, 5))
    step: Step = (
        RegulationAmended(in_force_on=date(2026, 9, 1), amended_by=desk.case_id)
        if name == "amended_by"
        else RegulationRepealed(repealed_on=date(2026, 9, 1), repealed_by=desk.case_id)
    )
    assert refusal_of(desk, step, date(2026, 8, 3)) == ("changed-by-itself", name)


def test_a_unit_that_is_not_there_reports_nothing(desk: Desk) -> None:
    desk.open(entered(), date(2026, 1, 5))
    step = ImplementationReported(unit="nowhere", summary="实施情况")
    assert refusal_of(desk, step, date(2026, 5, 6), Role.GENERAL_OFFICE) == ("unknown-unit", "unit")


def test_no_field_pairs_a_member_with_a_choice(desk: Desk) -> None:
    ready(desk).take(PartyMemberReplied(member="丑一"), date(2026, 4, 25))
    desk.take(VOTE, VOTED)
    assert set(PartyMemberReplied.model_fields) == {"member"}
    assert "丑一" not in repr(case_of(desk).votes)
