"""Every metric, computed by hand on a small history."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from datetime import date, timedelta

import pytest
from pydantic import ValidationError

from domain.ballot import BallotMode, Vote
from domain.case import Case, Role
from domain.cases import suggestion as s
from domain.cases.appointment import Appointment
from domain.cases.filing_review import (
    DocumentFiled,
    FilingDispatched,
    FilingRegistered,
    ReviewConcluded,
    ReviewOpinionGiven,
)
from domain.moment import end_of_day
from domain.rectification import PollHeld
from domain.refusal import Refused
from projections.counting import SUBJECTS
from projections.figures import cells_of
from projections.metrics import Figure, Metric, Rank, figure_of, metric_named, metrics, rank_of, read_metrics
from tests.domain import test_filing_review as filings
from tests.domain import test_opinion as opinions
from tests.domain.support import LEAD, SECOND, THIRD, TODAY, ZONE, Desk
from tests.golden.metrics import declared, released

SOON, LATER, LATE = date(2026, 5, 6), date(2026, 5, 20), date(2026, 7, 15)


def resolved_at_once() -> Case | None:
    """Met before the reply, co-handled, resolved, satisfied, and the deputy says that it is solved."""
    desk = Desk().handed_over(SECOND)
    desk.take(s.KeySupervisionDesignated(basis="主任会议确定"), date(2026, 3, 10), Role.CHAIRMEN_MEETING)
    desk.take(s.SignedFor(unit=SECOND), date(2026, 3, 10))
    desk.take(s.CoOpinionSubmitted(unit=SECOND, opinion="同意"), date(2026, 3, 20))
    contact = s.ContactMade(
        contact="c1", phase=s.Phase.BEFORE_REPLY, mode=s.ContactMode.VISIT, person_level=s.PersonLevel.UNIT_HEAD
    )
    desk.take(contact, date(2026, 4, 1), Role.DEPUTY_AFFAIRS)
    desk.take(s.ContactConfirmed(contact="c1"), date(2026, 4, 2), Role.DEPUTY)
    promises = tuple(
        s.Promise(commitment=key, text="增开", due_on=due_on)
        for key, due_on in (("p1", LATER), ("p2", LATER), ("p3", date(2027, 3, 1)))
    )
    desk.take(s.ReplyIssued(unit=LEAD, outcome="A", commitments=promises), SOON)
    desk.take(s.CommitmentFulfilled(commitment="p1"), LATER)
    desk.take(s.EvaluationSubmitted(result=s.Grade.SATISFIED, solved=True), LATER, Role.DEPUTY)
    return desk.live


def resolved_the_second_time() -> Case | None:
    """Dissatisfied at first; handled again, resolved, basically satisfied; nobody verified it."""
    desk = Desk().replied("B", SOON)
    desk.take(s.EvaluationSubmitted(result=s.Grade.DISSATISFIED, reason="未解决"), LATER, Role.DEPUTY)
    desk.take(s.ReHandlingOrdered(), LATER)
    desk.take(s.ReplyIssued(unit=LEAD, outcome="A"), date(2026, 6, 10))
    desk.take(s.EvaluationSubmitted(result=s.Grade.BASICALLY_SATISFIED), date(2026, 6, 20), Role.DEPUTY)
    return desk.live


def answered_late_after_an_extension() -> Case | None:
    """Past its first date, within the extended one; found to be resolved later; asked for an evaluation in vain."""
    desk = Desk().handed_over()
    desk.take(s.ExtensionGranted(unit=LEAD, due_on=date(2026, 7, 31)), date(2026, 5, 30))
    desk.take(s.ReplyIssued(unit=LEAD, outcome="B"), LATE)
    desk.take(s.EvaluationInvited(), LATE)
    desk.take(s.EvaluationLapsed(), date(2026, 9, 1))
    desk.take(
        s.OutcomeReclassified(unit=LEAD, old="B", new="A", evidence="已通车", verified_by="选联委"), date(2026, 10, 9)
    )
    return desk.live


def satisfied_for_reference() -> Case | None:
    """Kept for reference, and satisfied all the same, after a call and a second thought."""
    desk = Desk().replied("D", LATE)
    call = s.ContactMade(contact="c1", phase=s.Phase.AFTER_REPLY, mode=s.ContactMode.TELEPHONE)
    desk.take(call, date(2026, 7, 16), Role.DEPUTY_AFFAIRS)
    desk.take(s.EvaluationSubmitted(result=s.Grade.BASICALLY_SATISFIED), date(2026, 7, 18), Role.DEPUTY)
    desk.take(
        s.EvaluationAmended(result=s.Grade.SATISFIED, amended_because="本人重新考虑"), date(2026, 7, 20), Role.DEPUTY
    )
    return desk.live


def never_answered() -> Case | None:
    """Past its date; given from one unit to another; made again."""
    desk = Desk().handed_over()
    desk.take(s.SimilarLinked(other_number="2025-001", relation=s.Relation.REPEAT), date(2026, 3, 10))
    desk.take(s.ReturnRequested(unit=LEAD, reason="职责不符"), date(2026, 3, 11))
    desk.take(s.ReturnApproved(unit=LEAD), date(2026, 3, 12))
    desk.take(s.Reassigned(unit=LEAD, to_unit=THIRD), date(2026, 3, 13))
    return desk.live


def withdrawn() -> Case | None:
    """Withdrawn before it was answered: it is not counted."""
    desk = Desk().handed_over()
    desk.take(s.SuggestionWithdrawn(written_request="撤回函"), date(2026, 3, 20))
    return desk.live


SUGGESTIONS: tuple[Callable[[], Case | None], ...] = (
    resolved_at_once,
    resolved_the_second_time,
    answered_late_after_an_extension,
    satisfied_for_reference,
    never_answered,
    withdrawn,
)

BY_HAND: dict[str, tuple[int, int | None]] = {
    "handed_over": (5, None),
    "waiting": (1, None),
    "overdue": (1, None),
    "reply_rate": (4, 5),
    "on_time_rate": (3, 5),
    "on_time_rate_before_extension": (2, 5),
    "evaluation_coverage": (3, 4),
    "satisfied_rate": (2, 3),
    "basically_satisfied_rate": (1, 3),
    "satisfied_or_basically_rate": (3, 3),
    "dissatisfied_rate": (0, 3),
    "first_satisfied_rate": (2, 3),
    "first_basically_satisfied_rate": (0, 3),
    "first_satisfied_or_basically_rate": (2, 3),
    "first_dissatisfied_rate": (1, 3),
    "conversion_rate": (1, 1),
    "resolution_rate": (3, 4),
    "resolution_rate_broad": (3, 4),
    "accomplishment_rate": (2, 3),
    "turned_resolved_rate": (2, 3),
    "key_rate": (1, 5),
    "key_resolution_rate": (1, 1),
    "re_handling_rate": (1, 4),
    "repeat_rate": (1, 5),
    "met_rate": (1, 4),
    "visited_rate": (1, 4),
    "met_by_leader_rate": (1, 4),
    "lapsed_rate": (1, 4),
    "satisfied_not_done_rate": (1, 2),
    "improved_without_reply_rate": (1, 3),
    "contacted_before_evaluation_rate": (1, 3),
    "assignments": (7, None),
    "unit_on_time_rate": (3, 5),
    "unit_evaluation_coverage": (3, 4),
    "unit_satisfied_rate": (2, 3),
    "unit_basically_satisfied_rate": (1, 3),
    "unit_dissatisfied_rate": (0, 3),
    "unit_resolution_rate": (3, 4),
    "return_rate": (1, 7),
    "co_opinion_on_time_rate": (1, 1),
    "commitment_rate": (1, 2),
}
"""Numerator and denominator over the six histories, as one finds them with a pencil."""


def sums(cases: Iterable[Case | None], day: date = TODAY) -> dict[str, Counter[str]]:
    found = {name: Counter[str]() for name in SUBJECTS}
    for case in cases:
        assert case is not None
        for cell in cells_of(case, end_of_day(day, ZONE)).values():
            found[cell.subject].update(dict(zip(SUBJECTS[cell.subject].measures, cell.counts, strict=True)))
    return found


def figure(metric: Metric, found: dict[str, Counter[str]]) -> Figure:
    return figure_of(metric, found[metric.subject])


@pytest.fixture(scope="module")
def suggestions() -> dict[str, Counter[str]]:
    return sums(history() for history in SUGGESTIONS)


@pytest.mark.parametrize("id", BY_HAND)
def test_metrics_of_suggestions_are_what_one_counts_by_hand(suggestions: dict[str, Counter[str]], id: str) -> None:
    counted = figure(metrics()[id], suggestions)
    assert (counted.numerator, counted.denominator) == BY_HAND[id]


def test_a_rate_says_how_much_it_covers_and_between_what_it_could_lie(suggestions: dict[str, Counter[str]]) -> None:
    rate = figure(metrics()["satisfied_rate"], suggestions)
    assert (rate.value, rate.coverage) == (2 / 3, 3 / 4)
    assert (rate.floor, rate.ceiling) == (2 / 4, 3 / 4)
    assert rate.few


def test_equal_figures_share_a_place_few_are_not_ranked_and_of_some_metrics_the_least_comes_first() -> None:
    best, same, worse, few, none = (Figure(*one, None) for one in ((9, 10), (18, 20), (6, 10), (4, 4), (0, 0)))
    among = [best, same, worse, few, none]
    places = [rank_of(metrics()["satisfied_rate"], one, among) for one in among]
    assert places == [Rank(1, 3), Rank(1, 3), Rank(3, 3), Rank(None, 3), Rank(None, 3)]
    lower = [rank_of(metrics()["dissatisfied_rate"], one, among) for one in among]
    assert [one.place for one in lower] == [2, 2, 1, None, None]
    assert rank_of(metrics()["handed_over"], Figure(2, None, None), [Figure(2, None, None), Figure(7, None, None)]) == (
        Rank(2, 2)
    )


@pytest.mark.parametrize(("days", "on_time", "late"), [(0, 1, 0), (1, 0, 1)])
def test_who_answers_on_the_due_date_is_in_time_and_a_day_later_is_not(days: int, on_time: int, late: int) -> None:
    due_on = Desk().handed_over().due_on()
    counts = sums([Desk().replied(on=due_on + timedelta(days=days)).live])["suggestion"]
    assert (counts["on_time"], counts["late"]) == (on_time, late)


def test_a_suggestion_that_two_units_answer_is_as_far_as_the_one_that_is_less_far() -> None:
    desk = Desk()
    desk.open()
    desk.take(s.HandedOver(separate_units=(LEAD, SECOND)), date(2026, 3, 9))
    for unit, outcome in ((LEAD, "A"), (SECOND, "B")):
        desk.take(s.ReplyIssued(unit=unit, outcome=outcome), date(2026, 5, 6))
    counts = sums([desk.live])["suggestion"]
    assert (counts["outcome_in_progress"], counts["outcome_resolved"]) == (1, 0)


def test_a_rate_of_nothing_is_no_rate() -> None:
    rate = figure_of(metrics()["satisfied_rate"], {})
    assert (rate.value, rate.coverage, rate.floor, rate.ceiling, rate.few) == (None, None, None, None, True)


# The other case types


def test_problems_count_as_listed_once_they_are_handed_over_and_as_verified_in_time() -> None:
    found = sums([opinions.collated().live, opinions.reported().live])
    assert figure(metrics()["rectification_rate"], found) == Figure(1, 2, None)
    assert figure(metrics()["rectification_on_time_rate"], found) == Figure(1, 2, None)
    assert (figure(metrics()["open_cases"], found).numerator, figure(metrics()["cases_opened"], found).numerator) == (
        2,
        2,
    )


def test_ballots_of_polls_are_told_of_valid_ones_and_of_those_present() -> None:
    desk = opinions.reported()
    desk.take(PollHeld(**opinions.poll(satisfied=20, basically=5, dissatisfied=2, invalid=1)), date(2026, 9, 1))
    found = sums([desk.live])
    assert figure(metrics()["poll_satisfied_rate"], found) == Figure(20, 27, None)
    assert figure(metrics()["poll_satisfied_rate_of_present"], found) == Figure(20, 29, None)


def test_of_thirty_six_appointments_of_the_magazine_thirty_five_were_unanimous() -> None:
    def appointed(votes_for: int) -> Appointment:
        case = Appointment("a", time_zone=ZONE)
        case.votes.append(Vote(LATER, BallotMode.ELECTRONIC, 31, 29, votes_for, 29 - votes_for, 0, 0))
        return case

    found = sums([*(appointed(29) for _ in range(35)), appointed(27)])
    assert figure(metrics()["unanimous_rate"], found) == Figure(35, 36, None)
    assert figure(metrics()["approval_rate"], found) == Figure(35 * 29 + 27, 36 * 31, None)
    assert figure(metrics()["approval_rate_of_present"], found) == Figure(35 * 29 + 27, 36 * 29, None)


def test_documents_count_as_filed_in_time_as_reviewed_and_as_corrected() -> None:
    def filed(on: date) -> Desk:
        desk = Desk()
        desk.open(filings.published(), filings.PUBLISHED)
        desk.take(DocumentFiled(), on)
        desk.take(FilingRegistered(number="云备〔2026〕5号"), date(2026, 6, 1))
        desk.take(FilingDispatched(assignment="fz", committee="法制委"), date(2026, 6, 2))
        return desk

    late, wrong, unfiled = filed(date(2026, 5, 20)), filed(filings.FILED), Desk()
    unfiled.open(filings.published(), filings.PUBLISHED)
    wrong.take(ReviewOpinionGiven(assignment="fz", opinion="第八条有问题", problem_seen=True), date(2026, 6, 10))
    wrong.take(filings.problem(), date(2026, 6, 12))
    wrong.take(ReviewConcluded(), date(2026, 6, 12))
    found = sums([late.live, wrong.live, unfiled.live])
    assert figure(metrics()["filing_rate"], found) == Figure(1, 3, None)
    assert figure(metrics()["review_rate"], found) == Figure(1, 2, None)
    assert figure(metrics()["correction_rate"], found) == Figure(0, 1, None)


def test_no_metric_is_without_a_count_by_hand() -> None:
    elsewhere = {
        *("rectification_rate", "rectification_on_time_rate", "open_cases", "cases_opened", "poll_satisfied_rate"),
        *("poll_satisfied_rate_of_present", "unanimous_rate", "approval_rate", "approval_rate_of_present"),
        *("filing_rate", "review_rate", "correction_rate"),
    }
    assert set(metrics()) == BY_HAND.keys() | elsewhere


def test_a_definition_that_counts_what_nobody_counts_is_refused() -> None:
    page = metrics()["reply_rate"].model_dump() | {"numerator": ("answered_twice",)}
    with pytest.raises(ValidationError, match="has no measure"):
        Metric(**page)


def test_what_is_sealed_is_told_as_sealed_until_its_window_closes() -> None:
    desk = Desk().replied("A", SOON)
    desk.take(s.EvaluationInvited(), SOON)
    desk.take(s.EvaluationSubmitted(result=s.Grade.SATISFIED, solved=True), LATER, Role.DEPUTY)
    until = desk.case.sealed_until
    assert until is not None
    within, after = sums([desk.live], until)["suggestion"], sums([desk.live], until + timedelta(days=1))["suggestion"]
    assert (within["grade_sealed"], within["satisfied"], within["evaluated"]) == (1, 0, 0)
    assert (after["grade_sealed"], after["satisfied"], after["evaluated"]) == (0, 1, 1)
    assert (within["accomplished"], after["accomplished"]) == (0, 1)


def test_how_a_released_metric_is_counted_never_changes() -> None:
    known = released()
    assert {ref: said for ref, said in declared().items() if known.get(ref) != said} == {}
    assert known.keys() <= declared().keys()


TWO_VERSIONS = """
[reply_rate]
version = 2
subject = "suggestion"
zh = "答复率"
en = "Reply rate"
numerator = ["on_time"]
denominator = ["counted"]
formula = { zh = "按期答复 ÷ 交办", en = "Answered in time ÷ handed over" }
source = "test"
[[reply_rate.earlier]]
version = 1
subject = "suggestion"
zh = "答复率"
en = "Reply rate"
numerator = ["replied"]
denominator = ["counted"]
formula = { zh = "已答复 ÷ 交办", en = "Answered ÷ handed over" }
source = "test"
"""


def test_an_older_definition_is_kept_and_counts_as_it_did() -> None:
    metric = read_metrics(TWO_VERSIONS)["reply_rate"]
    [before] = metric.earlier
    assert (metric.ref, before.ref) == ("reply_rate@2", "reply_rate@1")
    counts = {"replied": 3, "on_time": 2, "counted": 4}
    assert (figure_of(metric, counts).value, figure_of(before, counts).value) == (0.5, 0.75)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (TWO_VERSIONS.replace("version = 2", "version = 3"), "versions before 3"),
        (TWO_VERSIONS.replace("version = 1", "version = 2"), "versions before 2"),
        (TWO_VERSIONS.partition("[[")[0], "versions before 2"),
        (TWO_VERSIONS.replace('["replied"]', '["happiness"]'), "has no measure"),
    ],
)
def test_an_older_definition_that_is_missing_or_cannot_be_counted_is_an_error(text: str, fault: str) -> None:
    with pytest.raises(ValueError, match=fault):
        read_metrics(text)


def test_a_metric_is_named_by_its_version_too() -> None:
    assert metric_named("reply_rate@1") is metric_named("reply_rate")
    for wrong in ("reply_rate@2", "reply_rate@x"):
        with pytest.raises(Refused, match="unknown-metric-version"):
            metric_named(wrong)
    with pytest.raises(Refused, match="unknown-metric"):
        metric_named("happiness@1")
