from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from domain.ballot import BallotMode
from domain.case import Role, Step
from domain.cases import appointment as a
from domain.cases.appointment import ActKind, Appointment, Stage
from domain.matter import Audience, Published, Scheduled
from domain.refusal import Refused
from tests.domain.support import Desk, Trusting
from tests.registry import shipped_registry

NOTICE, MOTION, EXAM, MEETING = date(2026, 3, 2), date(2026, 3, 16), date(2026, 3, 20), date(2026, 4, 28)


def notified(**more: Any) -> a.ArrangementNotified:
    given: dict[str, Any] = {
        "jurisdiction": "cn-999900",
        "title": "任命某乙为市教育局局长",
        "candidate": "某乙",
        "post": "市教育局局长",
        "kind": ActKind.DECIDE_APPOINTMENT,
        "unit": "jyj",
    }
    return a.ArrangementNotified(**(given | more))


def vote(**more: Any) -> a.AppointmentVoteHeld:
    tallies: dict[str, Any] = {"members": 31, "present": 29, "votes_for": 28, "votes_against": 0, "abstentions": 1}
    return a.AppointmentVoteHeld(**({"mode": BallotMode.ELECTRONIC} | tallies | more))


def desk(*steps: tuple[Step, date], **more: Any) -> Desk:
    desk = Desk()
    desk.open(notified(**more), NOTICE)
    for step, on in steps:
        desk.take(step, on)
    return desk


UP_TO_SPEECH: list[tuple[Step, date]] = [
    (a.PartyGroupBriefed(), date(2026, 3, 3)),
    (a.MotionSubmitted(proposer="市长"), MOTION),
    (a.FilesReviewed(complete=True), date(2026, 3, 18)),
    (a.LawExamTaken(score=86, pass_mark=60), EXAM),
    (a.Cleared(), date(2026, 4, 20)),
    (a.CandidateIntroduced(), MEETING),
    (a.IntendedOfficeSpeechMade(), MEETING),
]


def of(desk: Desk) -> Appointment:
    case = desk.live
    assert isinstance(case, Appointment)
    return case


def test_from_the_notice_to_the_office_every_step_is_taken_and_nothing_is_found() -> None:
    office = desk(
        *UP_TO_SPEECH,
        (vote(), MEETING),
        (a.AppointmentApproved(), MEETING),
        (a.CertificateAwarded(signed_by="主任"), MEETING),
        (a.OathSworn(form=a.OathForm.SINGLE), MEETING),
        (a.DecisionNotified(organs=("市政府",)), date(2026, 4, 29)),
        (a.OfficeEntered(), date(2026, 4, 30)),
    )
    case = of(office)
    assert case.stage is Stage.IN_OFFICE
    assert case.vote is not None
    assert case.vote.passed
    assert not case.vote.unanimous
    assert office.found == []
    assert case.open_clocks == []
    assert case.facts().person == "某乙"


def test_more_than_half_of_all_members_is_needed_and_not_of_those_present() -> None:
    office = desk(*UP_TO_SPEECH, (vote(present=20, votes_for=15, votes_against=2, abstentions=3), MEETING))
    assert of(office).vote is not None
    assert not of(office).vote.passed  # type: ignore[union-attr]
    office.take(a.AppointmentNotPassed(), MEETING)
    assert of(office).stage is Stage.NOT_PASSED
    assert office.found == []


def test_a_result_that_contradicts_the_tally_is_recorded_and_found() -> None:
    office = desk(*UP_TO_SPEECH, (vote(votes_for=15, votes_against=13), MEETING), (a.AppointmentApproved(), MEETING))
    assert [message for message, _ in office.found] == ["result-contradicts-tally"]


@pytest.mark.parametrize(
    ("tallies", "message_id"),
    [
        ({"votes_for": 30}, "tally-does-not-add-up"),
        ({"present": 32, "votes_for": 31}, "more-present-than-members"),
        ({"members": 32}, "more-members-than-seats"),
    ],
)
def test_tallies_that_cannot_be_are_refused_and_nothing_is_stored(tallies: dict[str, int], message_id: str) -> None:
    office = desk(*UP_TO_SPEECH)
    head = office.ledger.head()
    with pytest.raises(Refused) as refused:
        office.take(vote(**tallies), MEETING)
    assert refused.value.message_id == message_id
    assert office.ledger.head() == head


def test_a_vote_without_exam_introduction_and_speech_by_a_show_of_hands_is_recorded_and_found() -> None:
    office = desk((a.MotionSubmitted(proposer="市长"), MOTION), (vote(mode=BallotMode.SHOW_OF_HANDS), MEETING))
    found = [message for message, _ in office.found]
    assert found == ["vote-not-secret", "exam-not-passed", "not-introduced", "no-speech-made", "step-left-out"]


def test_who_fails_the_exam_takes_it_once_more_within_three_days() -> None:
    office = desk(
        (a.MotionSubmitted(proposer="市长"), MOTION), (a.LawExamTaken(score=51, pass_mark=60), date(2026, 3, 20))
    )
    assert of(office).stage is Stage.EXAM_FAILED
    assert of(office).clocks[a.RESIT, None].deadline.due_on == date(2026, 3, 23)
    office.take(a.ExamResat(score=72, pass_mark=60), date(2026, 3, 23))
    assert of(office).stage is Stage.EXAM_PASSED
    assert of(office).open_clocks == []
    assert office.found == []


EXAM_FIRST: list[tuple[Step, date]] = [(a.LawExamTaken(score=86, pass_mark=60), date(2026, 3, 10))]


def test_the_motion_and_its_files_may_follow_an_exam_that_was_taken_early() -> None:
    office = desk(*EXAM_FIRST, (a.MotionSubmitted(proposer="市长"), MOTION), (a.FilesReviewed(complete=True), EXAM))
    case = of(office)
    assert (case.stage, case.proposer, case.motion_submitted_on) == (Stage.EXAM_PASSED, "市长", MOTION)
    for step in (a.Cleared(), a.CandidateIntroduced(), a.IntendedOfficeSpeechMade(), vote(), a.AppointmentApproved()):
        office.take(step, MEETING)
    assert (of(office).stage, office.found) == (Stage.APPROVED, [])


def test_who_failed_early_takes_the_exam_again_also_after_the_motion() -> None:
    office = desk(
        (a.LawExamTaken(score=51, pass_mark=60), date(2026, 3, 14)),
        (a.MotionSubmitted(proposer="市长"), MOTION),
        (a.ExamResat(score=72, pass_mark=60), MOTION),
    )
    assert (of(office).stage, of(office).open_clocks, office.found) == (Stage.EXAM_PASSED, [], [])


def test_an_exam_is_no_motion_and_what_is_decided_without_one_shows() -> None:
    office = desk(*EXAM_FIRST)
    with pytest.raises(Refused) as refused:
        office.take(a.FilesReviewed(complete=True), EXAM)
    assert refused.value.message_id == "no-motion-yet"
    for step in (a.Cleared(), a.CandidateIntroduced(), a.IntendedOfficeSpeechMade(), vote(), a.AppointmentApproved()):
        office.take(step, MEETING)
    assert office.found == [("decided-without-motion", 3), ("decided-without-motion", 6)]
    unvoted = desk(*EXAM_FIRST, (a.AppointmentApproved(), MEETING))
    assert unvoted.found == [("decided-without-motion", 3)]


def test_who_passed_at_once_owes_no_resit() -> None:
    assert a.RESIT not in {clock for clock, _ in of(desk(*UP_TO_SPEECH)).clocks}


def test_a_second_resit_and_a_mark_below_the_rule_are_found() -> None:
    office = desk(
        (a.MotionSubmitted(proposer="市长"), MOTION),
        (a.LawExamTaken(score=40, pass_mark=50), date(2026, 3, 20)),
        (a.ExamResat(score=41, pass_mark=60), date(2026, 3, 23)),
        (a.ExamResat(score=72, pass_mark=60), date(2026, 3, 26)),
    )
    assert office.found == [("pass-mark-too-low", 3), ("second-resit", 5)]


def test_the_motion_is_due_ten_days_before_the_meeting_at_which_it_is_on_the_agenda() -> None:
    office = desk((Scheduled(meets_on=MEETING), date(2026, 3, 10)))
    assert of(office).clocks[a.MOTION, None].deadline.due_on == date(2026, 4, 18)
    office.take(a.MotionSubmitted(proposer="市长"), MOTION)
    assert of(office).clocks[a.MOTION, None].late is False


def test_a_meeting_on_another_day_moves_what_is_due_before_it_and_keeps_the_old_date() -> None:
    office = desk((Scheduled(meets_on=MEETING), date(2026, 3, 10)), (Scheduled(meets_on=date(2026, 5, 12)), NOTICE))
    assert of(office).clocks[a.MOTION, None].deadline.due_on == date(2026, 5, 2)
    assert [past.deadline.due_on for past in of(office).past_clocks] == [date(2026, 4, 18)]


def test_the_same_post_is_proposed_again_after_six_months_and_earlier_is_found() -> None:
    failed = [*UP_TO_SPEECH, (vote(votes_for=10, votes_against=18), MEETING), (a.AppointmentNotPassed(), MEETING)]
    early = desk(*failed, (a.MotionSubmitted(proposer="市长"), date(2026, 6, 1)))
    assert [message for message, _ in early.found] == ["proposed-again-too-soon"]
    in_time = desk(*failed, (a.MotionSubmitted(proposer="市长"), date(2026, 10, 28)))
    assert in_time.found == []


def test_a_removal_needs_no_exam_no_speech_and_no_oath() -> None:
    office = desk(
        (a.MotionSubmitted(proposer="市长"), MOTION),
        (a.Cleared(), date(2026, 4, 20)),
        (vote(), MEETING),
        (a.AppointmentApproved(), MEETING),
        (a.DecisionNotified(), MEETING),
        kind=ActKind.REMOVE,
    )
    assert office.found == []
    assert of(office).open_clocks == []
    for step in (a.CertificateAwarded(), a.OathSworn(form=a.OathForm.SINGLE), a.OfficeEntered()):
        with pytest.raises(Refused):
            office.take(step, MEETING)
    office.take(a.OfficeLeft(left_because=a.LeftBecause.REMOVED), MEETING)
    assert of(office).stage is Stage.LEFT_OFFICE


def test_the_oath_is_due_fifteen_working_days_after_the_notice_and_may_be_postponed() -> None:
    office = desk(
        *UP_TO_SPEECH,
        (vote(), MEETING),
        (a.AppointmentApproved(), MEETING),
        (a.DecisionNotified(), date(2026, 5, 6)),
    )
    assert of(office).clocks[a.OATH, None].deadline.due_on == date(2026, 5, 26)
    office.take(a.OathPostponed(due_on=date(2026, 6, 30), reason="在外学习"), date(2026, 5, 7))
    assert of(office).clocks[a.OATH, None].deadline.due_on == date(2026, 6, 30)
    office.take(a.OathSworn(form=a.OathForm.COLLECTIVE, leader="主任"), date(2026, 6, 30))
    assert of(office).clocks[a.OATH, None].late is False


def test_the_file_of_a_person_is_read_by_the_congress_and_the_party_committee_also_once_the_decision_is_public() -> (
    None
):
    office = desk(*UP_TO_SPEECH)
    assert set(of(office).audience()) == {Role.PARTY_COMMITTEE}
    office.take(vote(), MEETING)
    office.take(a.AppointmentApproved(), MEETING)
    office.take(Published(audiences=(Audience.DEPUTIES, Audience.PUBLIC)), MEETING)
    assert set(of(office).audience()) == {"handling_unit:jyj", Role.PARTY_COMMITTEE}


def test_a_deputy_and_a_unit_take_no_step_of_an_appointment() -> None:
    for step in (a.AppointmentVoteHeld, a.MotionSubmitted, a.OathSworn):
        assert not step.declared.by & {Role.DEPUTY, Role.HANDLING_UNIT}


def test_at_an_earlier_moment_the_vote_had_not_been_held() -> None:
    office = desk(*UP_TO_SPEECH, (vote(), MEETING), (a.AppointmentApproved(), MEETING))
    earlier = office.at(date(2026, 4, 20))
    assert isinstance(earlier, Appointment)
    assert (earlier.stage, earlier.votes) == (Stage.CLEARED, [])


# Elections, acting appointments, and the order of votes


CONGRESS: dict[str, Any] = {"members": 350, "present": 342, "votes_for": 330, "votes_against": 8, "abstentions": 4}


def elected(**more: Any) -> a.AppointmentVotedByCongress:
    return a.AppointmentVotedByCongress(**({"mode": BallotMode.SECRET} | CONGRESS | more))


def test_the_congress_elects_by_more_than_half_of_all_its_deputies() -> None:
    office = desk(
        (a.MotionSubmitted(proposer="大会主席团"), MOTION),
        (elected(), MEETING),
        (a.AppointmentApproved(), MEETING),
        (a.OathSworn(form=a.OathForm.SINGLE), MEETING),
        (a.OfficeEntered(), MEETING),
        kind=ActKind.ELECT,
    )
    assert (of(office).stage, office.found) == (Stage.IN_OFFICE, [])
    assert of(office).vote is not None
    narrow = desk(
        (a.MotionSubmitted(proposer="大会主席团"), MOTION),
        (elected(votes_for=175, votes_against=163), MEETING),
        (a.AppointmentApproved(), MEETING),
        kind=ActKind.ELECT,
    )
    assert narrow.found == [("result-contradicts-tally", 4)]


def test_the_standing_committee_elects_nobody_and_the_congress_decides_no_appointment() -> None:
    office = desk(*UP_TO_SPEECH, (vote(), MEETING), kind=ActKind.ELECT)
    assert office.found == [("congress-elects", 9)]
    by_congress = desk(*UP_TO_SPEECH, (elected(), MEETING))
    assert by_congress.found == [("not-for-the-congress", 9)]


def test_the_congress_accepts_a_resignation_while_it_meets() -> None:
    office = desk(
        (a.MotionSubmitted(proposer="大会主席团"), MOTION),
        (elected(), MEETING),
        (a.AppointmentApproved(), MEETING),
        (a.OfficeLeft(left_because=a.LeftBecause.RESIGNED), MEETING),
        kind=ActKind.ACCEPT_RESIGNATION,
    )
    assert (of(office).stage, office.found) == (Stage.LEFT_OFFICE, [])


def test_an_election_by_a_show_of_hands_is_recorded_and_found() -> None:
    office = desk(
        (a.MotionSubmitted(proposer="大会主席团"), MOTION),
        (elected(mode=BallotMode.SHOW_OF_HANDS), MEETING),
        kind=ActKind.ELECT,
    )
    assert office.found == [("vote-not-secret", 3)]


def test_of_one_post_who_holds_it_is_removed_before_another_is_appointed() -> None:
    before = desk(*UP_TO_SPEECH, (vote(), MEETING), incumbent="某甲")
    assert [(one.message_id, one.params) for one in before.findings] == [
        ("appointed-before-removed", {"incumbent": "某甲", "post": "市教育局局长"})
    ]
    removal = before.case_id
    before.docket = Trusting(before.ledger, shipped_registry(), lambda: before.now)
    before.open(notified(incumbent="某甲"), NOTICE)
    for step, on in (*UP_TO_SPEECH, (vote(voted_after=removal), MEETING)):
        before.take(step, on)
    assert before.found == []
    assert removal in set(of(before).tied_to())


def test_who_takes_another_post_at_the_same_meeting_is_appointed_before_being_removed() -> None:
    leaving: list[tuple[Step, date]] = [(a.MotionSubmitted(proposer="市长"), MOTION), (a.Cleared(), EXAM)]
    office = desk(*leaving, (vote(), MEETING), kind=ActKind.REMOVE, next_post="市科技局局长")
    assert [(one.message_id, one.params) for one in office.findings] == [
        ("removed-before-appointed", {"candidate": "某乙", "post": "市科技局局长"})
    ]
    assert desk(*leaving, (vote(), MEETING), kind=ActKind.REMOVE).found == []


def test_a_vote_does_not_go_before_itself() -> None:
    office = desk(*UP_TO_SPEECH)
    with pytest.raises(Refused) as refused:
        office.take(vote(voted_after=office.case_id), MEETING)
    assert (refused.value.message_id, refused.value.field) == ("link-to-itself", "voted_after")


def test_who_acts_in_a_post_leaves_it_when_it_is_filled() -> None:
    acting = desk(
        *UP_TO_SPEECH,
        (vote(), MEETING),
        (a.AppointmentApproved(), MEETING),
        (a.OathSworn(form=a.OathForm.SINGLE), MEETING),
        (a.OfficeEntered(), MEETING),
        (a.OfficeLeft(left_because=a.LeftBecause.ACTING_ENDED), date(2026, 9, 30)),
        kind=ActKind.ACTING,
        post="代理市长",
    )
    assert (of(acting).stage, of(acting).left_because) == (Stage.LEFT_OFFICE, a.LeftBecause.ACTING_ENDED)
    assert acting.found == []


def test_who_was_appointed_for_good_does_not_leave_as_one_who_acted() -> None:
    office = desk(*UP_TO_SPEECH, (vote(), MEETING), (a.AppointmentApproved(), MEETING))
    with pytest.raises(Refused) as refused:
        office.take(a.OfficeLeft(left_because=a.LeftBecause.ACTING_ENDED), date(2026, 9, 30))
    assert (refused.value.message_id, refused.value.field) == ("not-acting", "left_because")
