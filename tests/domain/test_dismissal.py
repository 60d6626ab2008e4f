"""The dismissal (撤职案): proposed with reasons, the official heard, a secret ballot, the result declared."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from domain.ballot import BallotMode
from domain.case import Step
from domain.cases.supervision.dismissal import (
    DefenceDistributed,
    DefenceHeard,
    DefenceSubmitted,
    DefenceWaived,
    Dismissal,
    DismissalDecided,
    DismissalInvestigationProposed,
    DismissalInvestigationReported,
    DismissalInvestigationVoted,
    DismissalProposed,
    DismissalProposer,
    DismissalSubmissionDeclined,
    DismissalSubmitted,
    DismissalVoted,
    DismissalWithdrawn,
)
from domain.cases.supervision.investigation import InvestigationProposed, InvestigationProposer
from domain.matter import Closed, Dropped, Scheduled, SubmittedToPartyCommittee
from domain.refusal import Refused
from tests.domain.support import Desk

Stage = Dismissal.Stage
PROPOSED, SUBMITTED, HEARD, VOTED = date(2026, 4, 7), date(2026, 4, 20), date(2026, 4, 28), date(2026, 4, 29)


def proposed(**more: Any) -> DismissalProposed:
    given = {
        "jurisdiction": "cn-999900",
        "title": "撤销某某职务的议案",
        "unit": "jtj",
        "holder": "某某",
        "post": "市交通运输局局长",
        "reason": "严重失职",
        "proposer": DismissalProposer.GOVERNMENT,
        "materials": ("调查材料",),
    }
    return DismissalProposed(**{**given, **more})


def voted(votes_for: int = 25, **more: Any) -> DismissalVoted:
    given = {"members": 31, "present": 28, "votes_for": votes_for, "votes_against": 28 - votes_for, "abstentions": 0}
    return DismissalVoted(**{**given, **more})


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.fixture
def submitted(desk: Desk) -> Desk:
    desk.open(proposed(), PROPOSED)
    desk.take(DismissalSubmitted(), SUBMITTED)
    return desk


def case_of(desk: Desk) -> Dismissal:
    case = desk.live
    assert isinstance(case, Dismissal)
    return case


def refusal_of(desk: Desk, step: Step, on: date) -> tuple[str, str | None]:
    with pytest.raises(Refused) as refused:
        desk.take(step, on)
    return refused.value.message_id, refused.value.field


def awaited(desk: Desk) -> list[tuple[str, date | None]]:
    return [(one.step, one.due_on) for one in case_of(desk).awaited()]


def test_an_official_is_heard_and_removed_by_secret_ballot(submitted: Desk) -> None:
    submitted.take(DefenceHeard(summary="承认失职"), HEARD)
    submitted.take(voted(), VOTED)
    submitted.take(DismissalDecided(document_number="云人常〔2026〕12号"), VOTED)
    submitted.take(Closed(), VOTED)
    case = case_of(submitted)
    assert (case.stage, case.dismissed, case.decided_on) == (Stage.CLOSED, True, VOTED)
    assert (case.votes[0].mode, case.votes[0].votes_for) == (BallotMode.SECRET, 25)
    assert submitted.found == []


@pytest.mark.parametrize(("votes_for", "stage"), [(16, Stage.REMOVED_FROM_OFFICE), (15, Stage.NOT_REMOVED)])
def test_more_than_half_of_all_members_carry_it_not_of_those_present(
    submitted: Desk, votes_for: int, stage: Dismissal.Stage
) -> None:
    submitted.take(DefenceWaived(), HEARD)
    submitted.take(voted(votes_for), VOTED)
    assert case_of(submitted).stage is Stage.VOTED
    submitted.take(DismissalDecided(), VOTED)
    assert case_of(submitted).stage is stage
    assert submitted.found == []


def test_at_an_earlier_moment_nobody_has_voted(submitted: Desk) -> None:
    submitted.take(DefenceWaived(), HEARD)
    submitted.take(voted(), VOTED)
    then = submitted.at(HEARD)
    assert isinstance(then, Dismissal)
    assert (then.stage, then.votes, then.dismissed) == (Stage.SUBMITTED, [], None)


def test_a_written_defence_is_given_to_the_members_before_the_vote(submitted: Desk) -> None:
    assert refusal_of(submitted, DefenceDistributed(), SUBMITTED)[0] == "no-written-defence"
    submitted.take(DefenceSubmitted(summary="承认失职"), SUBMITTED)
    assert awaited(submitted)[0] == ("dismissal.defence_distributed.v1", None)
    submitted.take(DefenceDistributed(), HEARD)
    assert not submitted.take(DefenceDistributed(), HEARD).changed
    submitted.take(voted(), VOTED)
    assert case_of(submitted).defence_distributed_on == HEARD
    assert submitted.found == []


def test_a_written_defence_that_no_member_had_is_a_finding(submitted: Desk) -> None:
    submitted.take(DefenceSubmitted(summary="承认失职"), SUBMITTED)
    submitted.take(DefenceDistributed(), SUBMITTED)
    submitted.take(DefenceSubmitted(summary="补充申辩"), HEARD)
    submitted.take(voted(), VOTED)
    assert submitted.found == [("written-defence-not-distributed", 6)]


MEMBERS = tuple(f"委员{i}" for i in range(1, 8))


def test_the_chairmen_decide_whether_what_members_propose_is_deliberated(desk: Desk) -> None:
    desk.open(proposed(proposer=DismissalProposer.MEMBERS, proposers=MEMBERS), PROPOSED)
    desk.take(DismissalSubmissionDeclined(reason="事实清楚，情节轻微"), SUBMITTED)
    assert case_of(desk).stage is Stage.NOT_SUBMITTED
    assert awaited(desk) == [("matter.dropped.v1", None)]
    desk.take(Dropped(reason="主任会议决定不提请审议"), SUBMITTED)
    assert desk.found == []


def test_what_an_organ_proposes_and_the_chairmen_keep_from_the_body_is_a_finding(desk: Desk) -> None:
    desk.open(proposed(), PROPOSED)
    desk.take(DismissalSubmissionDeclined(reason="另行处理"), SUBMITTED)
    assert desk.found == [("dismissal-kept-from-the-body", 2)]


def investigation_voted(votes_for: int = 25, **more: Any) -> DismissalInvestigationVoted:
    given = {"members": 31, "present": 28, "votes_for": votes_for, "votes_against": 28 - votes_for, "abstentions": 0}
    return DismissalInvestigationVoted(**{"mode": BallotMode.ELECTRONIC, **given, **more})


def test_the_chairmen_propose_an_investigation_the_plenary_decides_and_a_later_meeting_votes(desk: Desk) -> None:
    desk.open(proposed(proposer=DismissalProposer.MEMBERS, proposers=MEMBERS), PROPOSED)
    assert refusal_of(desk, investigation_voted(), SUBMITTED)[0] == "step-not-open"
    desk.take(DismissalInvestigationProposed(reason="事实不清"), SUBMITTED)
    assert awaited(desk) == [("dismissal.investigation_voted.v1", None)]
    desk.take(investigation_voted(), HEARD)
    assert case_of(desk).dismissed is None
    assert awaited(desk) == [("dismissal.investigation_reported.v1", None)]
    desk.take(DismissalInvestigationReported(summary="失职属实"), date(2026, 7, 20))
    desk.take(DismissalSubmitted(), date(2026, 7, 22))
    desk.take(DefenceWaived(), date(2026, 7, 30))
    desk.take(voted(), date(2026, 7, 30))
    desk.take(DismissalDecided(), date(2026, 7, 30))
    case = case_of(desk)
    assert (case.stage, case.investigation_report) == (Stage.REMOVED_FROM_OFFICE, "失职属实")
    assert [one.held_on for one in (*case.investigation_votes, *case.votes)] == [HEARD, date(2026, 7, 30)]
    assert desk.found == []


def test_where_the_plenary_wants_no_investigation_it_is_put_before_it_as_it_was_proposed(desk: Desk) -> None:
    desk.open(proposed(), PROPOSED)
    desk.take(DismissalInvestigationProposed(), SUBMITTED)
    desk.take(investigation_voted(15), HEARD)
    assert case_of(desk).stage is Stage.PROPOSAL_MADE
    desk.take(DismissalSubmitted(), HEARD)
    assert desk.found == []


def test_what_is_investigated_and_put_before_the_body_without_a_report_is_a_finding(desk: Desk) -> None:
    desk.open(proposed(), PROPOSED)
    desk.take(DismissalInvestigationProposed(), SUBMITTED)
    desk.take(investigation_voted(), HEARD)
    desk.take(DismissalSubmitted(), VOTED)
    assert desk.found == [("dismissal-before-investigation-report", 4)]


def test_an_investigation_that_too_few_members_caused_is_a_finding(desk: Desk) -> None:
    desk.open(proposed(proposer=DismissalProposer.MEMBERS, proposers=MEMBERS[:6]), PROPOSED)
    desk.take(DismissalInvestigationProposed(), SUBMITTED)
    assert desk.found == [("fewer-than-a-fifth", 2)]


def test_it_follows_from_the_case_of_its_investigation(desk: Desk) -> None:
    investigation = desk.open(
        InvestigationProposed(
            jurisdiction="cn-999900", title="调查", reason="事实不清", proposer=InvestigationProposer.CHAIRMEN_MEETING
        ),
        PROPOSED,
    ).case_id
    desk.open(proposed(proposer=DismissalProposer.CHAIRMEN_MEETING), PROPOSED)
    desk.take(DismissalInvestigationProposed(), SUBMITTED)
    desk.take(investigation_voted(investigation=investigation), SUBMITTED)
    assert list(case_of(desk).follows()) == [investigation]


# What breaks a rule


@pytest.mark.parametrize("mode", [BallotMode.ELECTRONIC, BallotMode.SHOW_OF_HANDS, BallotMode.NAMED])
def test_a_ballot_that_is_not_secret_is_a_finding(submitted: Desk, mode: BallotMode) -> None:
    submitted.take(DefenceWaived(), HEARD)
    submitted.take(voted(mode=mode), VOTED)
    assert submitted.found == [("dismissal-not-by-secret-ballot", 4)]


def test_a_vote_before_the_official_could_speak_is_a_finding(submitted: Desk) -> None:
    submitted.take(voted(), VOTED)
    assert submitted.found == [("no-defence-before-vote", 3)]
    assert refusal_of(submitted, DefenceHeard(summary="迟到的申辩"), VOTED)[0] == "step-not-open"


def test_a_meeting_without_a_quorum_is_a_finding(submitted: Desk) -> None:
    submitted.take(DefenceWaived(), HEARD)
    submitted.take(voted(10, present=15, votes_against=5), VOTED)
    assert submitted.found == [("no-quorum", 4)]


def test_too_few_members_and_no_materials_are_findings_of_who_puts_it_before_the_body(desk: Desk) -> None:
    six = tuple(f"委员{i}" for i in range(6))
    desk.open(proposed(proposer=DismissalProposer.MEMBERS, proposers=six, materials=()), PROPOSED)
    desk.take(DismissalSubmitted(), SUBMITTED)
    assert desk.found == [("fewer-than-a-fifth", 2), ("dismissal-without-materials", 2)]


# What cannot be


def test_tallies_that_do_not_add_up_are_refused(submitted: Desk) -> None:
    assert refusal_of(submitted, voted(abstentions=1), VOTED) == ("tally-does-not-add-up", "present")
    assert refusal_of(submitted, voted(members=27), VOTED) == ("more-present-than-members", "present")
    assert refusal_of(submitted, voted(members=40), VOTED) == ("more-members-than-seats", "members")


def test_a_name_that_signs_twice_and_a_unit_that_there_is_not_are_refused(desk: Desk) -> None:
    for wrong, refusal in (({"proposers": ("甲", "甲")}, "named-twice"), ({"unit": "nowhere"}, "unknown-unit")):
        with pytest.raises(Refused) as refused:
            desk.open(proposed(**wrong), PROPOSED)
        assert refused.value.message_id == refusal


def test_no_field_of_a_vote_names_a_voter() -> None:
    tallies = {"mode", "members", "present", "votes_for", "votes_against", "abstentions", "not_voted"}
    assert set(DismissalVoted.model_fields) == tallies


def test_it_may_be_withdrawn_until_the_vote(submitted: Desk) -> None:
    submitted.take(DismissalWithdrawn(reason="本人辞职"), HEARD)
    assert (case_of(submitted).stage, case_of(submitted).withdrawn_on) == (Stage.WITHDRAWN, HEARD)
    submitted.take(Dropped(reason="已撤回"), HEARD)


# Who reads it


def test_before_it_is_decided_only_the_party_committee_reads_it_when_it_is_asked(submitted: Desk) -> None:
    assert list(case_of(submitted).audience()) == []
    submitted.take(SubmittedToPartyCommittee(), SUBMITTED)
    submitted.take(DefenceWaived(), HEARD)
    submitted.take(voted(), VOTED)
    assert list(case_of(submitted).audience()) == ["party_committee"]
    submitted.take(DismissalDecided(), VOTED)
    assert set(case_of(submitted).audience()) == {"party_committee", "handling_unit:jtj"}


def test_at_each_stage_somebody_is_awaited(desk: Desk) -> None:
    desk.open(proposed(), PROPOSED)
    assert awaited(desk) == [("dismissal.submitted.v1", None)]
    desk.take(DismissalSubmitted(), SUBMITTED)
    desk.take(Scheduled(meets_on=VOTED), SUBMITTED)
    assert awaited(desk) == [("dismissal.defence_heard.v1", VOTED), ("dismissal.voted.v1", None)]
    assert desk.take(DefenceWaived(), HEARD).changed
    assert not desk.take(DefenceWaived(), HEARD).changed
    assert awaited(desk) == [("dismissal.voted.v1", None)]
    desk.take(voted(), VOTED)
    assert awaited(desk) == [("dismissal.decided.v1", None)]
    desk.take(DismissalDecided(), VOTED)
    assert awaited(desk) == [("matter.closed.v1", None)]
    withdrawn = Desk()
    withdrawn.open(proposed(), PROPOSED)
    withdrawn.take(DismissalWithdrawn(reason="辞职"), PROPOSED)
    assert awaited(withdrawn) == [("matter.dropped.v1", None)]
