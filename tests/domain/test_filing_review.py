"""The filing review (备案审查): what is published is filed, what is filed is reviewed, what is wrong is put right."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from adapters.keys import KeyStore
from domain.ballot import BallotMode
from domain.case import Role, Step
from domain.cases.filing_review import (
    ANSWER_APPLICANT,
    APPLICATION_CHECK,
    COMMITTEE_OPINION,
    CORRECTION,
    DISPATCH,
    FILE,
    FILE_RULE,
    FORMAL_CHECK,
    MAKER_REPLY,
    REPORT,
    REVIEW,
    SUPPLEMENT,
    Applicant,
    ApplicantInformed,
    CorrectionFoundInsufficient,
    CorrectionReported,
    CorrectionWay,
    DocumentAmendedOrRepealed,
    DocumentFiled,
    DocumentKind,
    DocumentPublished,
    FilingDispatched,
    FilingRegistered,
    FilingReturned,
    FilingReview,
    FilingSupplemented,
    FilingSupplementRequested,
    FilingUrged,
    MakerConsulted,
    MakerReplied,
    MakerUrged,
    NonFilingCirculated,
    NotOpenedReason,
    ReportedInYear,
    ReviewApplication,
    ReviewApplicationAccepted,
    ReviewApplicationIncomplete,
    ReviewApplicationTransferred,
    ReviewBasis,
    ReviewConcluded,
    ReviewEnded,
    ReviewExtended,
    ReviewNotOpened,
    ReviewOpened,
    ReviewOpinionExtended,
    ReviewOpinionGiven,
    ReviewOpinionIssued,
    ReviewProblem,
    ReviewProblemIdentified,
    ReviewRequested,
    ReviewStandard,
    ReviewSuggested,
    RevocationProposed,
    RevocationSubmitted,
    RevocationVoted,
)
from domain.docket import Docket
from domain.matter import Closed
from domain.person import PersonAdded
from domain.personal import Capacity
from domain.refusal import Refused
from tests.domain.support import Desk
from tests.registry import shipped_registry

Stage = FilingReview.Stage
MAKER, OTHER = "zjj", "jtj"
PUBLISHED, FILED, REGISTERED, DISPATCHED = date(2026, 3, 2), date(2026, 3, 20), date(2026, 3, 25), date(2026, 3, 27)
REVIEWED, OPINION, REPLIED, CORRECTED = date(2026, 5, 12), date(2026, 5, 20), date(2026, 6, 10), date(2026, 7, 1)


def published(**more: Any) -> DocumentPublished:
    given = {
        "jurisdiction": "cn-999900",
        "title": "云江市房屋租赁管理规定",
        "unit": MAKER,
        "maker": "市住房和城乡建设局",
        "document_kind": DocumentKind.GOVERNMENT_DOCUMENT,
    }
    return DocumentPublished(**{**given, **more})


def problem(key: str = "p1") -> ReviewProblemIdentified:
    return ReviewProblemIdentified(
        problem=key, standard=ReviewStandard.AGAINST_HIGHER_LAW, text="增设许可", provision="第八条"
    )


def suggested(key: str = "a1", **more: Any) -> ReviewSuggested:
    return ReviewSuggested(application=key, applicant=Applicant.CITIZEN, summary="第八条增设许可", **more)


def revocation(votes_for: int = 25) -> RevocationVoted:
    return RevocationVoted(
        text="撤销第八条",
        mode=BallotMode.ELECTRONIC,
        members=31,
        present=28,
        votes_for=votes_for,
        votes_against=28 - votes_for,
        abstentions=0,
    )


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.fixture
def under_review(desk: Desk) -> Desk:
    desk.open(published(), PUBLISHED)
    desk.take(DocumentFiled(), FILED)
    desk.take(FilingRegistered(number="云备〔2026〕5号"), REGISTERED)
    desk.take(FilingDispatched(assignment="fz", committee="法制委"), DISPATCHED)
    return desk


@pytest.fixture
def wrong(under_review: Desk) -> Desk:
    under_review.take(ReviewOpinionGiven(assignment="fz", opinion="第八条有问题", problem_seen=True), date(2026, 4, 24))
    under_review.take(problem(), REVIEWED)
    under_review.take(ReviewConcluded(), REVIEWED)
    return under_review


def case_of(desk: Desk) -> FilingReview:
    case = desk.live
    assert isinstance(case, FilingReview)
    return case


def due(desk: Desk, clock: str, part: str | None = None) -> date | None:
    return case_of(desk).due_by(clock, part)


def refusal_of(desk: Desk, step: Step, on: date, role: Role | None = None, **more: Any) -> tuple[str, str | None]:
    with pytest.raises(Refused) as refused:
        desk.take(step, on, role, **more)
    return refused.value.message_id, refused.value.field


def awaited(desk: Desk) -> list[tuple[str, str, date | None]]:
    return [(one.who, one.step.split(".")[1], one.due_on) for one in case_of(desk).awaited()]


# What the three rates count


def test_a_document_is_filed_reviewed_and_put_right(wrong: Desk) -> None:
    wrong.take(ReviewOpinionIssued(text="建议修改第八条"), OPINION)
    wrong.take(MakerReplied(text="同意修改", maker_agrees=True, due_on=CORRECTED), REPLIED)
    wrong.take(DocumentAmendedOrRepealed(correction_way=CorrectionWay.AMENDED), CORRECTED)
    wrong.take(ReviewEnded(summary="已按审查意见修改"), date(2026, 7, 6))
    wrong.take(CorrectionReported(summary="已删去第八条"), date(2026, 7, 20))
    wrong.take(Closed(), date(2026, 7, 21))
    case = case_of(wrong)
    assert (case.must_be_filed, case.filed_on_time, case.reviewed_on) == (True, True, REVIEWED)
    assert (len(case.problems), case.uncorrected, case.corrected_on) == (1, [], CORRECTED)
    assert case.problems["p1"].stage is ReviewProblem.Stage.PUT_RIGHT
    assert not any(running.late for running in case.all_clocks)
    assert wrong.found == []


def test_a_document_that_is_filed_late_is_not_filed_on_time(desk: Desk) -> None:
    desk.open(published(), PUBLISHED)
    assert case_of(desk).filed_on_time is None
    desk.take(DocumentFiled(), date(2026, 4, 2))
    assert (case_of(desk).filed_on_time, case_of(desk).filed_on) == (False, date(2026, 4, 2))


def test_what_is_out_of_scope_does_not_count_among_what_has_to_be_filed(desk: Desk) -> None:
    desk.open(published(), PUBLISHED)
    desk.take(DocumentFiled(), FILED)
    desk.take(FilingReturned(reason="属于内部管理文件"), REGISTERED)
    assert (case_of(desk).stage, case_of(desk).must_be_filed) == (Stage.OUT_OF_SCOPE, False)


def test_a_document_without_a_problem_is_reviewed_all_the_same(under_review: Desk) -> None:
    under_review.take(ReviewConcluded(summary="未发现问题"), REVIEWED)
    case = case_of(under_review)
    assert (case.stage, case.reviewed_on, case.problems, case.corrected_on) == (Stage.REVIEW_DONE, REVIEWED, {}, None)


def test_at_an_earlier_moment_it_was_not_yet_reviewed(wrong: Desk) -> None:
    then = wrong.at(DISPATCHED)
    assert isinstance(then, FilingReview)
    assert (then.stage, then.reviewed_on, then.problems) == (Stage.UNDER_REVIEW, None, {})


# Terms


def test_a_rule_is_filed_in_thirty_days_by_law_and_other_documents_as_the_province_says(desk: Desk) -> None:
    desk.open(published(), PUBLISHED)
    assert (due(desk, FILE), due(desk, FILE_RULE)) == (date(2026, 4, 1), None)
    desk.open(published(document_kind=DocumentKind.GOVERNMENT_RULE), PUBLISHED)
    assert (due(desk, FILE), due(desk, FILE_RULE)) == (None, date(2026, 4, 1))
    running = case_of(desk).clocks[FILE_RULE, None].deadline.rule
    assert running is not None
    assert (running.confidence, running.force) == ("A", "statutory")


def test_the_terms_of_the_office_follow_each_other(desk: Desk) -> None:
    desk.open(published(), PUBLISHED)
    desk.take(DocumentFiled(), FILED)
    assert (due(desk, FILE), due(desk, FORMAL_CHECK)) == (None, date(2026, 3, 30))
    desk.take(FilingSupplementRequested(reason="缺说明"), REGISTERED)
    assert (due(desk, FORMAL_CHECK), due(desk, SUPPLEMENT)) == (None, date(2026, 4, 7))
    desk.take(FilingSupplemented(materials=("说明",)), date(2026, 3, 30))
    assert (due(desk, SUPPLEMENT), due(desk, FORMAL_CHECK)) == (None, date(2026, 4, 9))
    desk.take(FilingRegistered(), date(2026, 3, 31))
    assert (due(desk, DISPATCH), due(desk, REVIEW)) == (date(2026, 4, 8), date(2026, 6, 30))
    desk.take(FilingDispatched(assignment="fz", committee="法制委"), date(2026, 4, 1))
    assert (due(desk, DISPATCH), due(desk, COMMITTEE_OPINION, "fz")) == (None, date(2026, 5, 6))
    desk.take(ReviewOpinionGiven(assignment="fz", opinion="有问题", problem_seen=True), date(2026, 4, 28))
    assert due(desk, COMMITTEE_OPINION, "fz") is None


def test_the_maker_answers_in_thirty_days_and_reports_thirty_days_after_it_amended(wrong: Desk) -> None:
    wrong.take(ReviewOpinionIssued(text="建议修改"), OPINION)
    assert due(wrong, MAKER_REPLY) == date(2026, 6, 22)
    wrong.take(MakerReplied(text="同意", maker_agrees=True, due_on=date(2026, 8, 1)), REPLIED)
    assert (due(wrong, MAKER_REPLY), due(wrong, CORRECTION)) == (None, date(2026, 8, 1))
    wrong.take(DocumentAmendedOrRepealed(correction_way=CorrectionWay.REPEALED), CORRECTED)
    assert (due(wrong, CORRECTION), due(wrong, REPORT)) == (None, date(2026, 7, 31))


def test_a_review_and_an_opinion_may_take_longer_but_not_beyond_the_most(under_review: Desk) -> None:
    longer = ReviewOpinionExtended(assignment="fz", due_on=date(2026, 5, 26), reason="征求意见")
    under_review.take(longer, DISPATCHED)
    under_review.take(ReviewExtended(due_on=date(2026, 9, 25), reason="情况复杂"), REVIEWED)
    assert (due(under_review, REVIEW), under_review.found) == (date(2026, 9, 25), [])
    under_review.take(longer.model_copy(update={"due_on": date(2026, 6, 30)}), REVIEWED)
    under_review.take(ReviewExtended(due_on=date(2026, 12, 1), reason="仍然复杂"), REVIEWED)
    assert under_review.found == [("extension-beyond-most", 7), ("extension-beyond-most", 8)]


def test_a_concluded_review_waits_for_no_committee(under_review: Desk) -> None:
    under_review.take(ReviewConcluded(), REVIEWED)
    assert case_of(under_review).open_clocks == []


# Makers that did not file


def test_a_maker_that_did_not_file_is_urged_and_that_is_circulated(desk: Desk) -> None:
    desk.open(published(), PUBLISHED)
    desk.take(FilingUrged(summary="请于五日内报送"), date(2026, 4, 7))
    desk.take(NonFilingCirculated(summary="逾期未报"), date(2026, 4, 20))
    assert [one.circulated for one in case_of(desk).notices] == [False, True]
    desk.take(DocumentFiled(), date(2026, 4, 22), Role.HANDLING_UNIT, office=MAKER)
    assert case_of(desk).stage is Stage.DOCUMENT_FILED


def test_a_document_that_was_never_filed_may_be_reviewed_and_filed_meanwhile(desk: Desk) -> None:
    desk.open(published(), PUBLISHED)
    desk.take(ReviewOpened(basis=ReviewBasis.THEMATIC), FILED)
    assert due(desk, REVIEW) == date(2026, 6, 22)
    assert refusal_of(desk, FilingRegistered(), FILED)[0] == "not-filed"
    desk.take(DocumentFiled(), REGISTERED)
    assert refusal_of(desk, DocumentFiled(document_number="1号"), REGISTERED)[0] == "filed-already"
    desk.take(FilingRegistered(number="云备〔2026〕6号"), REGISTERED)
    case = case_of(desk)
    assert (case.stage, case.filed_on, case.registered_on) == (Stage.UNDER_REVIEW, REGISTERED, REGISTERED)
    assert (due(desk, REVIEW), due(desk, DISPATCH)) == (date(2026, 6, 22), None)
    assert not desk.take(FilingRegistered(), DISPATCHED).changed


def test_the_maker_acts_for_itself_and_no_other_unit_reads_the_case(under_review: Desk) -> None:
    assert list(case_of(under_review).audience()) == [f"handling_unit:{MAKER}", "government_office"]
    under_review.take(problem(), REVIEWED)
    amended = DocumentAmendedOrRepealed(correction_way=CorrectionWay.AMENDED)
    assert refusal_of(under_review, amended, REVIEWED, Role.HANDLING_UNIT, office=OTHER)[0] == "no-part-in-case"
    under_review.take(amended, REVIEWED, Role.HANDLING_UNIT, office=MAKER)


# Requests and suggestions


def test_a_request_of_an_organ_opens_a_review_and_the_organ_is_told_the_result(desk: Desk) -> None:
    desk.open(published(), PUBLISHED)
    asked = ReviewRequested(application="a1", organ="市中级人民法院", applicant_unit="fy", summary="第八条")
    desk.take(asked, FILED)
    assert due(desk, APPLICATION_CHECK, "a1") == date(2026, 3, 27)
    desk.take(ReviewApplicationAccepted(application="a1"), REGISTERED)
    desk.take(ReviewOpened(basis=ReviewBasis.ON_REQUEST, application="a1"), REGISTERED)
    desk.take(ReviewConcluded(), REVIEWED)
    desk.take(ApplicantInformed(application="a1", result="未发现问题"), REVIEWED)
    case = case_of(desk)
    assert case.bases == (ReviewBasis.ON_REQUEST,)
    assert (case.applications["a1"].stage, case.applications["a1"].informed_on) == (
        ReviewApplication.Stage.INFORMED,
        REVIEWED,
    )


def test_no_field_of_a_suggestion_names_a_citizen(desk: Desk, tmp_path: Path) -> None:
    keys = KeyStore(tmp_path / "keys", bytes(range(32)), "main", lambda: desk.now)
    desk.docket = Docket(desk.ledger, shipped_registry(), lambda: desk.now, keys=keys)
    desk.open(published(), PUBLISHED)
    assert refusal_of(desk, suggested(person="p1"), FILED) == ("person-not-added", "person")
    person = {"person": "p1", "capacity": Capacity.PETITIONER, "name": "标记张某某"}
    desk.take(PersonAdded.model_validate(person), FILED, Role.GENERAL_OFFICE)
    desk.take(suggested(person="p1"), FILED)
    assert set(ReviewSuggested.model_fields) == {"application", "summary", "applicant", "person"}
    assert (case_of(desk).applications["a1"].person, case_of(desk).applications["a1"].organ) == ("p1", None)
    assert "标记张某某".encode() not in b"".join(event.state for event in desk.ledger.tail(0, 10_000))


def test_what_is_missing_in_a_suggestion_is_told_in_five_working_days(desk: Desk) -> None:
    desk.open(published(), PUBLISHED)
    desk.take(suggested(), FILED)
    desk.take(ReviewApplicationIncomplete(application="a1", reason="没有写明理由"), REGISTERED)
    assert due(desk, APPLICATION_CHECK, "a1") is None
    desk.take(ReviewApplicationAccepted(application="a1"), DISPATCHED)
    assert case_of(desk).applications["a1"].stage is ReviewApplication.Stage.ACCEPTED


def test_whoever_suggests_in_vain_is_told_in_ten_days(desk: Desk) -> None:
    desk.open(published(), PUBLISHED)
    desk.take(suggested(), FILED)
    refused = ReviewNotOpened(application="a1", reason_code=NotOpenedReason.REVIEWED_BEFORE)
    desk.take(refused, REGISTERED)
    assert due(desk, ANSWER_APPLICANT, "a1") == date(2026, 4, 7)
    desk.take(ApplicantInformed(application="a1"), DISPATCHED)
    assert case_of(desk).clocks[ANSWER_APPLICANT, "a1"].late is False


def test_what_another_organ_is_competent_for_is_passed_on(desk: Desk) -> None:
    desk.open(published(), PUBLISHED)
    desk.take(suggested(), FILED)
    desk.take(ReviewApplicationTransferred(application="a1", receiver="省人大常委会"), REGISTERED)
    application = case_of(desk).applications["a1"]
    assert (application.stage, application.receiver) == (
        ReviewApplication.Stage.TRANSFERRED_AWAY,
        "省人大常委会",
    )


def test_a_document_that_was_reviewed_may_be_reviewed_again(under_review: Desk) -> None:
    under_review.take(ReviewConcluded(), REVIEWED)
    under_review.take(ReviewOpened(basis=ReviewBasis.JOINT, organ="省人大常委会"), OPINION)
    case = case_of(under_review)
    assert (case.stage, case.bases) == (Stage.UNDER_REVIEW, (ReviewBasis.ACTIVE, ReviewBasis.JOINT))
    assert due(under_review, REVIEW) == date(2026, 8, 20)


# Putting it right, or revoking it


def test_a_maker_may_agree_in_talks_and_needs_no_written_opinion(wrong: Desk) -> None:
    wrong.take(MakerConsulted(summary="同意修改", agreed=True, due_on=CORRECTED), OPINION)
    assert awaited(wrong) == [(f"handling_unit:{MAKER}", "amended_or_repealed", CORRECTED)]
    wrong.take(DocumentAmendedOrRepealed(correction_way=CorrectionWay.SUSPENDED), REPLIED)
    assert case_of(wrong).clocks[CORRECTION, None].late is False
    assert wrong.found == []


@pytest.mark.parametrize(("votes_for", "revoked"), [(16, True), (15, False)])
def test_what_the_maker_does_not_put_right_is_revoked_by_more_than_half_of_all(
    wrong: Desk, votes_for: int, *, revoked: bool
) -> None:
    wrong.take(ReviewOpinionIssued(text="建议修改"), OPINION)
    wrong.take(MakerUrged(summary="函询"), REPLIED)
    wrong.take(MakerReplied(text="无需修改", maker_agrees=False), REPLIED)
    wrong.take(RevocationProposed(reason="理由不成立"), CORRECTED)
    assert refusal_of(wrong, revocation(votes_for), CORRECTED)[0] == "step-not-open"
    wrong.take(RevocationSubmitted(), date(2026, 7, 20))
    wrong.take(revocation(votes_for), date(2026, 7, 30))
    case = case_of(wrong)
    assert (case.stage is Stage.REVOKED, case.corrected_on == date(2026, 7, 30), case.uncorrected == []) == (
        (revoked,) * 3
    )
    assert wrong.found == []


def test_the_review_ends_when_the_maker_has_followed_the_opinion_and_not_before(wrong: Desk) -> None:
    wrong.take(ReviewOpinionIssued(text="建议修改第八条"), OPINION)
    wrong.take(DocumentAmendedOrRepealed(correction_way=CorrectionWay.AMENDED), REPLIED)
    assert case_of(wrong).problems["p1"].stage is ReviewProblem.Stage.IDENTIFIED
    wrong.take(CorrectionFoundInsufficient(reason="仍保留许可"), date(2026, 6, 16))
    case = case_of(wrong)
    assert (case.stage, case.corrected_on, case.due_by(REPORT)) == (Stage.PROBLEM_FOUND, None, None)
    wrong.take(ReviewOpinionIssued(text="请删去第八条"), date(2026, 6, 17))
    wrong.take(DocumentAmendedOrRepealed(correction_way=CorrectionWay.AMENDED), CORRECTED)
    wrong.take(ReviewEnded(), date(2026, 7, 6))
    case = case_of(wrong)
    assert (case.stage, case.problems["p1"].corrected_on, case.uncorrected) == (Stage.REVIEW_ENDED, CORRECTED, [])
    assert wrong.found == []


def test_a_review_that_the_maker_forestalled_ends_in_its_term(under_review: Desk) -> None:
    under_review.take(DocumentAmendedOrRepealed(correction_way=CorrectionWay.REPEALED), REVIEWED)
    assert due(under_review, REVIEW) == date(2026, 6, 25)
    under_review.take(ReviewEnded(), OPINION)
    case = case_of(under_review)
    assert (case.reviewed_on, case.due_by(REVIEW), case.due_by(COMMITTEE_OPINION, "fz")) == (OPINION, None, None)


def test_a_maker_that_agreed_in_talks_and_does_nothing_is_urged(wrong: Desk) -> None:
    wrong.take(MakerConsulted(summary="同意修改", agreed=True, due_on=CORRECTED), OPINION)
    wrong.take(MakerUrged(summary="逾期未修改，约谈负责人"), date(2026, 7, 8))
    assert case_of(wrong).contacts[-1].urged


def test_a_document_in_which_something_was_found_may_still_be_filed_and_registered(desk: Desk) -> None:
    desk.open(published(), PUBLISHED)
    desk.take(ReviewOpened(basis=ReviewBasis.THEMATIC), date(2026, 4, 2))
    desk.take(problem(), REVIEWED)
    desk.take(ReviewConcluded(), REVIEWED)
    assert (f"handling_unit:{MAKER}", "document_filed", date(2026, 4, 1)) in awaited(desk)
    desk.take(FilingUrged(summary="请于五日内报送"), REVIEWED)
    desk.take(ReviewOpinionIssued(text="建议修改"), OPINION)
    desk.take(DocumentFiled(), date(2026, 5, 22))
    desk.take(FilingRegistered(number="云备〔2026〕9号"), date(2026, 5, 25))
    case = case_of(desk)
    assert (case.stage, case.filed_on_time, case.registered_on) == (Stage.OPINION_ISSUED, False, date(2026, 5, 25))
    assert refusal_of(desk, FilingUrged(), REPLIED)[0] == "filed-already"
    assert desk.found == []


def test_a_revocation_without_a_written_opinion_is_a_finding(wrong: Desk) -> None:
    wrong.take(RevocationProposed(reason="拒不修改"), CORRECTED)
    assert wrong.found == [("revocation-without-opinion", 8)]


def test_it_stands_in_the_yearly_report_also_after_it_was_closed(under_review: Desk) -> None:
    under_review.take(ReviewConcluded(), REVIEWED)
    under_review.take(Closed(), REVIEWED)
    under_review.take(ReportedInYear(year=2026), date(2026, 11, 20))
    assert not under_review.take(ReportedInYear(year=2026), date(2026, 11, 20)).changed
    assert case_of(under_review).reported_years == (2026,)


@pytest.mark.parametrize(
    ("step", "refusal"),
    [
        (FilingDispatched(assignment="fz", committee="财经委"), ("assignment-exists", "assignment")),
        (problem(), ("review-problem-exists", "problem")),
        (suggested(), ("application-exists", "application")),
        (
            ReviewRequested(application="a2", organ="某局", applicant_unit="nowhere", summary="…"),
            ("unknown-unit", "applicant_unit"),
        ),
        (ReviewOpened(basis=ReviewBasis.ON_SUGGESTION, application="a9"), ("unknown-part", "application")),
        (ReviewExtended(due_on=PUBLISHED, reason="…"), ("due-before-start", "due_on")),
        (
            ReviewOpinionExtended(assignment="fz", due_on=PUBLISHED, reason="…"),
            ("due-before-start", "due_on"),
        ),
        (MakerConsulted(summary="…", agreed=True, due_on=PUBLISHED), ("due-before-start", "due_on")),
        (MakerReplied(text="…", maker_agrees=True), ("step-not-open", None)),
    ],
)
def test_what_cannot_be_is_refused(under_review: Desk, step: Step, refusal: tuple[str, str | None]) -> None:
    under_review.take(problem(), DISPATCHED)
    under_review.take(suggested(), DISPATCHED)
    assert refusal_of(under_review, step, DISPATCHED) == refusal


def test_a_reply_names_no_date_that_is_over_and_a_review_that_is_done_is_not_extended(wrong: Desk) -> None:
    wrong.take(ReviewOpinionIssued(text="建议修改"), OPINION)
    early = MakerReplied(text="同意", maker_agrees=True, due_on=PUBLISHED)
    assert refusal_of(wrong, early, REPLIED) == ("due-before-start", "due_on")
    again = Desk()
    again.open(published(), PUBLISHED)
    again.take(DocumentFiled(), FILED)
    again.take(FilingRegistered(), REGISTERED)
    again.take(ReviewOpened(basis=ReviewBasis.ACTIVE), REGISTERED)
    again.take(ReviewConcluded(), REVIEWED)
    longer = ReviewExtended(due_on=CORRECTED, reason="…")
    assert refusal_of(again, longer, REVIEWED)[0] == "step-not-open"


# What is awaited


def test_at_each_stage_somebody_is_awaited(desk: Desk) -> None:
    office, maker = "deputy_affairs", f"handling_unit:{MAKER}"
    desk.open(published(), PUBLISHED)
    assert awaited(desk) == [(maker, "document_filed", date(2026, 4, 1))]
    desk.take(DocumentFiled(), FILED)
    assert awaited(desk) == [(office, "registered", date(2026, 3, 30))]
    desk.take(FilingSupplementRequested(reason="缺说明"), FILED)
    assert awaited(desk) == [(maker, "supplemented", date(2026, 3, 30))]
    desk.take(FilingSupplemented(), FILED)
    desk.take(FilingRegistered(), REGISTERED)
    assert awaited(desk) == [(office, "dispatched", date(2026, 4, 1))]
    desk.take(FilingDispatched(assignment="fz", committee="法制委"), DISPATCHED)
    desk.take(suggested(), DISPATCHED)
    assert awaited(desk) == [
        (office, "committee_opinion_given", date(2026, 4, 27)),
        (office, "review_concluded", date(2026, 6, 25)),
        (office, "application_accepted", date(2026, 4, 3)),
    ]
    desk.take(ReviewApplicationAccepted(application="a1"), DISPATCHED)
    desk.take(problem(), REVIEWED)
    desk.take(ReviewConcluded(), REVIEWED)
    assert awaited(desk) == [(office, "opinion_issued", None)]
    desk.take(ReviewOpinionIssued(text="建议修改"), OPINION)
    assert awaited(desk) == [(maker, "maker_replied", date(2026, 6, 22))]
    desk.take(MakerReplied(text="不改", maker_agrees=False), REPLIED)
    assert awaited(desk) == [(office, "revocation_proposed", None)]
    desk.take(RevocationProposed(reason="理由不成立"), REPLIED)
    assert awaited(desk) == [(office, "revocation_submitted", None)]
    desk.take(RevocationSubmitted(), REPLIED)
    assert awaited(desk) == [(office, "revocation_voted", None)]
    desk.take(DocumentAmendedOrRepealed(correction_way=CorrectionWay.REPEALED), CORRECTED)
    reported = (maker, "correction_reported", date(2026, 7, 31))
    assert awaited(desk) == [reported, (office, "review_ended", None)]
    desk.take(ReviewEnded(), CORRECTED)
    assert awaited(desk) == [reported, (office, "applicant_informed", None)]
    desk.take(ApplicantInformed(application="a1"), CORRECTED)
    desk.take(CorrectionReported(summary="已废止"), CORRECTED)
    assert awaited(desk) == [(office, "closed", None)]
    desk.take(Closed(), CORRECTED)
    assert awaited(desk) == []


def test_a_maker_that_is_no_unit_is_waited_for_by_the_office(desk: Desk) -> None:
    desk.open(published(unit=None, maker="云东区人大常委会", document_kind=DocumentKind.RESOLUTION_BELOW), PUBLISHED)
    assert awaited(desk) == [("deputy_affairs", "document_filed", date(2026, 4, 1))]
    assert list(case_of(desk).audience()) == []


def test_the_office_of_the_government_files_what_the_government_makes(desk: Desk) -> None:
    desk.open(published(unit=None, maker="市人民政府", document_kind=DocumentKind.GOVERNMENT_RULE), PUBLISHED)
    assert awaited(desk) == [("government_office", "document_filed", date(2026, 4, 1))]
    desk.take(DocumentFiled(document_number="云政备〔2026〕1号"), FILED, Role.GOVERNMENT_OFFICE)
    assert case_of(desk).filed_on_time
