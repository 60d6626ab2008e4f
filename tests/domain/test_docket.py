from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from hashlib import sha256

import pytest
from eventsourcing.persistence import IntegrityError

from adapters.memory import MemoryLedger
from domain.case import Corrected, Opening, Role, Step, UnknownStepError
from domain.cases.suggestion import (
    CommitmentMade,
    EvaluationLapsed,
    HandedOver,
    KeySupervisionDesignated,
    ReHandlingOrdered,
    ReplyIssued,
    SignedFor,
    SimilarLinked,
    Suggestion,
    SuggestionReviewed,
)
from domain.docket import (
    CaseNotFoundError,
    Code,
    Command,
    Docket,
    LedgerEvent,
    LedgerMapper,
    Request,
    Result,
    StaleError,
)
from domain.procedure import case_type_named, step_named
from domain.refusal import Refused
from tests.domain.support import HANDED_OVER_ON, LEAD, SECOND, SUBMITTED_ON, TODAY, Desk, act, submitted
from tests.registry import shipped_registry

MAY, JUNE = date(2026, 5, 20), date(2026, 6, 20)
LINK = SimilarLinked(other_number="2025-7", relation="repeat")  # type: ignore[arg-type]


@pytest.fixture
def desk() -> Desk:
    return Desk()


def refused(call: Callable[[], object]) -> Refused:
    with pytest.raises(Refused) as refusal:
        call()
    return refusal.value


def request(key: str, body: str = "") -> Request:
    return Request(key, sha256(body.encode()).digest())


# Recording


def test_a_step_is_stored_with_its_act_and_read_back_as_it_was(desk: Desk) -> None:
    desk.handed_over(SECOND)
    opened, handed_over = desk.history
    assert (opened.version, handed_over.version, handed_over.position) == (1, 2, 2)
    assert handed_over.step == HandedOver(lead_unit=LEAD, co_units=(SECOND,))
    assert handed_over.act.occurred_on == HANDED_OVER_ON
    assert handed_over.recorded_at > opened.recorded_at
    assert handed_over.deadlines[0].clock == "suggestion.reply"


def test_no_step_is_taken_in_the_future_or_before_there_were_offices(desk: Desk) -> None:
    desk.open()
    for day, message_id in ((TODAY + timedelta(1), "date-in-the-future"), (date(1901, 12, 31), "date-out-of-range")):
        refusal = refused(lambda day=day: desk.take(SuggestionReviewed(), day))  # type: ignore[misc]
        assert (refusal.message_id, refusal.field) == (message_id, "occurred_at")
    assert desk.ledger.head() == 1


def test_the_wrong_role_the_wrong_stage_and_an_open_case_are_refused_and_nothing_is_stored(desk: Desk) -> None:
    desk.open()
    attempts: list[tuple[Step, Role, str]] = [
        (HandedOver(lead_unit=LEAD), Role.HANDLING_UNIT, "role-may-not"),
        (EvaluationLapsed(), Role.DEPUTY_AFFAIRS, "step-not-open"),
        (submitted(), Role.DEPUTY_AFFAIRS, "case-already-open"),
    ]
    for step, role, message_id in attempts:
        assert refused(lambda step=step, role=role: desk.take(step, MAY, role)).message_id == message_id  # type: ignore[misc]
    assert desk.ledger.head() == 1


def test_an_unknown_case_is_not_found(desk: Desk) -> None:
    with pytest.raises(CaseNotFoundError):
        desk.docket.case_file("nobody")
    assert refused(lambda: case_type_named("letter")).message_id == "unknown-case-type"
    assert refused(lambda: step_named(Suggestion, "burnt")).message_id == "unknown-step"


def test_a_case_that_moved_on_is_stale_for_whoever_expected_another_version(desk: Desk) -> None:
    desk.handed_over()
    with pytest.raises(StaleError) as stale:
        desk.take(SignedFor(unit=LEAD), MAY, expected_version=1)
    assert (stale.value.expected, stale.value.actual) == (1, 2)
    assert desk.take(SignedFor(unit=LEAD), MAY, expected_version=2).version == 3


class Interrupted(MemoryLedger):
    """A ledger in which somebody else is faster once."""

    first: Callable[[], object] | None = None

    def append(self, commands: Sequence[Command]) -> list[Result]:
        if (first := self.first) is not None:
            self.first = None
            first()
        return super().append(commands)


def test_two_clerks_at_once_are_both_recorded_one_after_the_other(desk: Desk) -> None:
    ledger = Interrupted(lambda: desk.now)
    desk.ledger, desk.docket = ledger, Docket(ledger, shipped_registry(), lambda: desk.now)
    desk.handed_over(SECOND)
    ledger.first = lambda: desk.take(SignedFor(unit=SECOND), MAY)
    assert desk.take(SignedFor(unit=LEAD), MAY).version == 4
    assert [record.step for record in desk.history[2:]] == [SignedFor(unit=SECOND), SignedFor(unit=LEAD)]


# Asked twice


def test_the_same_request_twice_stores_once_also_when_the_case_moved_on(desk: Desk) -> None:
    first = desk.open(request=request("a"))
    assert desk.open(request=request("a")).case_id == first.case_id
    step = HandedOver(lead_unit=LEAD)
    desk.take(step, HANDED_OVER_ON, request=request("b"))
    desk.take(ReplyIssued(unit=LEAD, outcome="A"), MAY)
    again = desk.take(step, HANDED_OVER_ON, request=request("b"), expected_version=1)
    assert (again.repeated, again.version, again.position) == (True, 2, 2)
    assert desk.ledger.head() == 3


def test_a_request_that_changed_nothing_is_remembered_too(desk: Desk) -> None:
    desk.open()
    desk.take(LINK, MAY)
    receipt = desk.take(LINK, MAY, request=request("again"))
    assert (receipt.changed, receipt.version) == (False, 2)
    desk.take(HandedOver(lead_unit=LEAD), HANDED_OVER_ON)
    again = desk.take(LINK, MAY, request=request("again"))
    assert (again.repeated, again.version) == (True, 2)
    assert desk.ledger.head() == 3


def test_a_key_that_was_used_for_something_else_is_refused(desk: Desk) -> None:
    desk.open(request=request("a", "one"))
    refusal = refused(lambda: desk.open(request=request("a", "two")))
    assert refusal.message_id == "request-key-reused"
    command = Command(request("a", "two"), "other", 0, ())
    assert desk.ledger.append([command])[0].code is Code.KEY_REUSED


def test_a_refused_request_may_be_asked_again_when_it_makes_sense(desk: Desk) -> None:
    desk.open()
    step = SignedFor(unit=LEAD)
    refused(lambda: desk.take(step, MAY, request=request("sign")))
    desk.take(HandedOver(lead_unit=LEAD), HANDED_OVER_ON)
    assert not desk.take(step, MAY, request=request("sign")).repeated


# Corrections


def test_a_corrected_date_moves_the_due_date(desk: Desk) -> None:
    desk.handed_over()
    known = desk.ledger.head()
    desk.correct(2, on=date(2026, 3, 30))
    assert desk.due_on() == date(2026, 6, 30)
    assert desk.case.handed_over_on == date(2026, 3, 30)
    before = desk.at(known=known)
    assert isinstance(before, Suggestion)
    assert before.handed_over_on == HANDED_OVER_ON


def test_a_correction_is_typed_by_the_step_that_it_corrects(desk: Desk) -> None:
    desk.handed_over()
    for changes, field in (
        ({"lead_unit": ["jtj"]}, "changes.lead_unit"),
        ({"co_units": [7]}, "changes.co_units.0"),
        ({"leader": "x"}, "changes.leader"),
    ):
        refusal = refused(lambda changes=changes: desk.correct(2, **changes))  # type: ignore[misc]
        assert (refusal.message_id, refusal.field) == ("correction-does-not-fit", field)
    refusal = refused(lambda: desk.correct(2, co_units=[LEAD]))
    assert refusal.message_id == "lead-unit-is-co-handler"
    assert desk.ledger.head() == 2


def test_a_corrected_unit_is_the_one_that_replies(desk: Desk) -> None:
    desk.handed_over()
    desk.correct(2, lead_unit=SECOND)
    assert desk.case.lead_unit == SECOND
    desk.take(ReplyIssued(unit=SECOND, outcome="A"), MAY)
    assert desk.case.facts().answered_on == MAY


def test_a_field_may_be_corrected_to_nothing(desk: Desk) -> None:
    desk.replied("B")
    desk.correct(3, outcome=None, normalised=None)
    reply = desk.case.rounds[1].replies[0]
    assert (reply.outcome, reply.normalised) == (None, None)


def test_two_corrections_of_one_step_both_hold(desk: Desk) -> None:
    desk.handed_over()
    desk.correct(2, on=date(2026, 3, 30))
    desk.correct(2, lead_unit=SECOND)
    assert (desk.case.lead_unit, desk.due_on()) == (SECOND, date(2026, 6, 30))
    refusal = refused(lambda: desk.void(3))
    assert (refusal.message_id, refusal.field) == ("later-correction-stands", "voids")
    desk.void(4)
    assert (desk.case.lead_unit, desk.due_on()) == (LEAD, date(2026, 6, 30))
    desk.void(3)
    assert (desk.case.lead_unit, desk.due_on()) == (LEAD, date(2026, 6, 9))
    desk.correct(2, meeting="交办会")
    assert refused(lambda: desk.void(6)).message_id == "later-correction-stands"


def test_a_correction_that_says_what_stands_already_records_nothing(desk: Desk) -> None:
    desk.handed_over()
    assert not desk.correct(2, lead_unit=LEAD).changed
    assert not desk.correct(2, on=HANDED_OVER_ON, lead_unit=LEAD).changed
    assert desk.correct(2, lead_unit=SECOND).changed
    assert not desk.correct(2, lead_unit=SECOND).changed
    assert desk.correct(2, lead_unit=LEAD).changed
    assert desk.ledger.head() == 4


def test_a_due_date_named_by_mistake_is_corrected_to_that_of_the_rule(desk: Desk) -> None:
    desk.replied()
    desk.take(ReHandlingOrdered(due_on=date(2026, 12, 31)), MAY)
    desk.correct(4, due_on=None)
    assert desk.due_on("suggestion.redo", "round-2") == date(2026, 6, 22)


def test_a_corrected_commitment_has_its_new_date(desk: Desk) -> None:
    desk.replied()
    desk.take(CommitmentMade(commitment="1", unit=LEAD, text="增开线路", due_on=JUNE), MAY)
    desk.correct(4, due_on="2026-07-31")
    assert desk.due_on("commitment", "1") == date(2026, 7, 31)


def test_only_a_step_that_stands_is_corrected_and_only_if_something_is_wrong(desk: Desk) -> None:
    desk.handed_over()
    desk.correct(2, lead_unit=SECOND)
    for version, changes, message_id, field in (
        (9, {"lead_unit": LEAD}, "no-such-step", "corrects"),
        (3, {"lead_unit": LEAD}, "cannot-correct", "corrects"),
        (2, {}, "nothing-to-correct", "changes"),
    ):
        refusal = refused(lambda version=version, changes=changes: desk.correct(version, **changes))  # type: ignore[misc]
        assert (refusal.message_id, refusal.field) == (message_id, field)
    desk.void(2)
    assert refused(lambda: desk.correct(2, lead_unit=LEAD)).message_id == "step-is-void"
    assert refused(lambda: desk.correct(1, on=TODAY + timedelta(1))).message_id == "date-in-the-future"


def test_no_unit_and_no_deputy_corrects_or_voids(desk: Desk) -> None:
    desk.handed_over()
    step = Corrected(corrects=2, changes={"lead_unit": SECOND}, reason="错", approved_by="主任")
    for role in (Role.HANDLING_UNIT, Role.DEPUTY):
        assert refused(lambda role=role: desk.take(step, MAY, role)).message_id == "role-may-not"  # type: ignore[misc]


# Voids


def test_without_its_opening_step_there_is_no_case_then(desk: Desk) -> None:
    desk.handed_over()
    known = desk.ledger.head()
    desk.void(1)
    assert desk.live is None
    assert desk.at(known=known) is not None
    assert refused(lambda: desk.take(SignedFor(unit=LEAD), MAY)).message_id == "no-case-then"


def test_a_void_may_itself_be_void(desk: Desk) -> None:
    desk.replied()
    desk.void(3)
    assert desk.case.facts().answered_on is None
    desk.void(4)
    assert desk.case.facts().answered_on == date(2026, 5, 6)
    desk.void(5)
    assert desk.case.facts().answered_on is None


def test_what_is_void_is_not_voided_again(desk: Desk) -> None:
    desk.handed_over()
    desk.void(2)
    assert not desk.void(2).changed
    assert refused(lambda: desk.void(9)).message_id == "no-such-step"


# Late entries


def test_a_late_entry_stands_where_its_date_puts_it(desk: Desk) -> None:
    desk.replied()
    known = desk.ledger.head()
    desk.take(SignedFor(unit=LEAD), date(2026, 3, 12), late=True)
    assert desk.case.assignments[LEAD].stage == "replied"
    assert desk.case.clocks["suggestion.sign_for", LEAD].late is False
    assert desk.found == []
    then = desk.at(as_of=date(2026, 3, 13))
    assert isinstance(then, Suggestion)
    assert then.stage is Suggestion.Stage.IN_HANDLING
    earlier = desk.at(as_of=date(2026, 3, 13), known=known)
    assert isinstance(earlier, Suggestion)
    assert earlier.stage is Suggestion.Stage.HANDED_OVER


def test_a_late_entry_is_checked_against_the_case_as_it_stood_then(desk: Desk) -> None:
    desk.replied()
    assert refused(lambda: desk.take(SignedFor(unit=LEAD), TODAY)).message_id == "part-step-not-open"
    refusal = refused(lambda: desk.take(SignedFor(unit=LEAD), date(2026, 3, 5), late=True))
    assert refusal.message_id == "step-not-open"


def test_a_late_entry_from_before_the_opening_is_a_finding_and_not_a_refusal(desk: Desk) -> None:
    desk.replied()
    desk.take(
        KeySupervisionDesignated(leader="主任", committee="环资工委", basis="群众来信集中"), date(2026, 2, 1), late=True
    )
    assert desk.found == [("before-opening", 4)]


def test_a_late_entry_that_disagrees_with_later_steps_is_a_finding(desk: Desk) -> None:
    desk.replied()
    desk.take(ReplyIssued(unit=LEAD, outcome="A"), date(2026, 4, 1), late=True)
    assert desk.found == [("step-not-open", 3)]
    assert [reply.outcome for reply in desk.case.rounds[1].replies] == ["A", "B"]


def test_a_date_before_the_opening_is_a_finding(desk: Desk) -> None:
    desk.open()
    desk.take(HandedOver(lead_unit=LEAD), date(2026, 2, 1))
    assert desk.found == [("before-opening", 2)]


def test_dates_out_of_order_are_a_finding(desk: Desk) -> None:
    desk.handed_over()
    desk.take(ReplyIssued(unit=LEAD, outcome="A"), date(2026, 3, 5))
    assert desk.found == [("dates-out-of-order", 3)]


# Stored rows


def test_a_stored_name_that_nobody_declared_is_an_error_not_a_guess() -> None:
    stored = LedgerEvent("c", 1, "os.system", b'{"step":{}}', 1, Desk().now)
    with pytest.raises(UnknownStepError):
        LedgerMapper().to_domain_event(stored)


def test_no_importable_path_reaches_the_stored_bytes(desk: Desk) -> None:
    desk.replied()
    for event in desk.ledger.tail(0, 10):
        assert b"domain" not in event.state
        assert b"originator" not in event.state


def test_every_opening_step_names_its_jurisdiction() -> None:
    assert issubclass(type(submitted()), Opening)
    assert submitted().jurisdiction == "cn-999900"


# The ledger in memory


def test_the_memory_ledger_answers_as_the_library_asks(desk: Desk) -> None:
    assert desk.ledger.max_notification_id() is None
    desk.replied()
    ledger = desk.ledger
    assert ledger.max_notification_id() == ledger.head() == 3
    assert [n.id for n in ledger.select_notifications(2, 10)] == [2, 3]
    assert [n.id for n in ledger.select_notifications(2, 10, inclusive_of_start=False)] == [3]
    assert [n.id for n in ledger.select_notifications(None, 10, topics=["suggestion.handed_over.v1"])] == [2]
    assert [e.originator_version for e in ledger.select_events(desk.case_id, desc=True, limit=2)] == [3, 2]
    assert [e.originator_version for e in ledger.select_events(desk.case_id, gt=1, lte=2)] == [2]
    with pytest.raises(NotImplementedError):
        ledger.subscribe()


def test_what_was_known_at_a_time_is_a_position(desk: Desk) -> None:
    desk.handed_over()
    first, second = desk.history
    assert desk.docket.position_at(first.recorded_at - timedelta(microseconds=1)) == 0
    assert desk.docket.position_at(first.recorded_at) == 1
    assert desk.docket.position_at(second.recorded_at + timedelta(days=1)) == desk.docket.head() == 2


def test_a_version_is_taken_once(desk: Desk) -> None:
    desk.open()
    stored = desk.ledger.tail(0, 1)[0]
    with pytest.raises(IntegrityError):
        desk.ledger.insert_events([stored])
    again = LedgerEvent("other", 1, stored.topic, stored.state, 0, desk.now)
    assert list(desk.ledger.insert_events([again])) == [2]


def test_drafts_of_an_import_are_appended_together(desk: Desk) -> None:
    drafts = []
    for number in ("1", "2", "1"):
        draft = desk.docket.draft(Request.fresh())
        desk.docket.take(draft, submitted(number=number), act(SUBMITTED_ON, Role.DEPUTY_AFFAIRS))
        desk.docket.take(draft, HandedOver(lead_unit=LEAD), act(HANDED_OVER_ON, Role.DEPUTY_AFFAIRS))
        drafts.append(draft)
    first, second, third = desk.docket.append(drafts)
    assert not isinstance(first, Exception)
    assert not isinstance(second, Exception)
    assert (first.position, second.position) == (2, 4)
    assert isinstance(third, Refused)
    assert desk.ledger.head() == 4
