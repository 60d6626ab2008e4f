from __future__ import annotations

from datetime import date, datetime

import pytest

from domain import fold
from domain.case import Case, Corrected, Recorded, Role, Step, Voided
from domain.casefile import CaseFile, HoleInHistoryError, file_of
from domain.cases.suggestion import HandedOver, ReplyIssued, SignedFor, Suggestion
from domain.moment import end_of_day, start_of_day
from tests.domain.support import LEAD, SECOND, ZONE, act, submitted

JAN, FEB, MAR, APR, MAY = (date(2026, month, 10) for month in range(1, 6))


def records(*steps: tuple[Step, date] | tuple[Step, date, bool]) -> list[Recorded]:
    """Recorded steps, numbered and placed in the ledger as they come; True marks a late entry."""
    return [
        Recorded(
            originator_id="c",
            originator_version=number,
            timestamp=start_of_day(MAY, ZONE),
            step=step,
            act=act(on, Role.DEPUTY_AFFAIRS, late=bool(late)),
            event_id="",
            nonce="",
            position=10 * number,
        )
        for number, (step, on, *late) in enumerate(steps, 1)
    ]


def void(version: int) -> Voided:
    return Voided(voids=version, reason="错", approved_by="主任")


def dated(version: int, on: date) -> Corrected:
    occurred_at: datetime = start_of_day(on, ZONE)
    return Corrected(corrects=version, occurred_at=occurred_at, precision="day", reason="错", approved_by="主任")


def suggestion_at(history: list[Recorded], known: int | None = None, day: date | None = None) -> Suggestion:
    case = fold.case_at(history, known, None if day is None else end_of_day(day, ZONE))
    assert isinstance(case, Suggestion)
    return case


@pytest.fixture
def history() -> list[Recorded]:
    return records((submitted(), JAN), (HandedOver(lead_unit=LEAD), FEB), (ReplyIssued(unit=LEAD), APR))


def test_a_day_as_a_moment_is_the_whole_day(history: list[Recorded]) -> None:
    assert suggestion_at(history, day=FEB).stage is Suggestion.Stage.HANDED_OVER
    assert suggestion_at(history, day=date(2026, 2, 9)).stage is Suggestion.Stage.SUBMITTED


def test_before_its_opening_there_is_no_case(history: list[Recorded]) -> None:
    assert fold.case_at(history, as_of=end_of_day(date(2026, 1, 9), ZONE)) is None
    assert fold.case_at(history, known=9) is None
    assert fold.case_at([]) is None
    assert fold.apply_all(history[1:]) is None


def test_what_is_known_is_what_the_ledger_held_by_a_position(history: list[Recorded]) -> None:
    assert suggestion_at(history, known=29).stage is Suggestion.Stage.HANDED_OVER
    assert suggestion_at(history, known=30).stage is Suggestion.Stage.REPLIED


def test_ledger_order_is_procedure_order_whatever_the_dates_say() -> None:
    history = records((submitted(), MAR), (HandedOver(lead_unit=LEAD), FEB), (ReplyIssued(unit=LEAD), JAN))
    assert [step.version for step in fold.sequence(history)] == [1, 2, 3]
    assert suggestion_at(history).stage is Suggestion.Stage.REPLIED


def test_a_late_entry_stands_before_the_first_step_that_happened_after_it(history: list[Recorded]) -> None:
    late = records(*[(r.step, r.act.occurred_on) for r in history], (SignedFor(unit=LEAD), MAR, True))
    assert [step.version for step in fold.sequence(late)] == [1, 2, 4, 3]
    assert fold.case_at(late) == fold.apply_all([late[0], late[1], late[3], late[2]])


def test_among_steps_out_of_order_a_late_entry_stands_before_the_first_later_one() -> None:
    history = records(
        (submitted(), JAN),
        (HandedOver(lead_unit=LEAD), APR),
        (SignedFor(unit=LEAD), FEB),
        (ReplyIssued(unit=LEAD), MAY),
        (HandedOver(lead_unit=SECOND), MAR, True),
    )
    assert [step.version for step in fold.sequence(history)] == [1, 5, 2, 3, 4]


def test_a_late_entry_after_everything_stands_last_and_on_the_same_day_after_what_was_there() -> None:
    history = records((submitted(), JAN), (HandedOver(lead_unit=LEAD), FEB), (SignedFor(unit=LEAD), FEB, True))
    assert [step.version for step in fold.sequence(history)] == [1, 2, 3]


def test_a_correction_acts_from_the_day_it_is_known_on_whatever_date_it_carries(history: list[Recorded]) -> None:
    corrected = records(*[(r.step, r.act.occurred_on) for r in history], (dated(2, MAR), MAY))
    assert suggestion_at(corrected, known=30, day=FEB).stage is Suggestion.Stage.HANDED_OVER
    assert suggestion_at(corrected, known=40, day=FEB).stage is Suggestion.Stage.SUBMITTED
    assert suggestion_at(corrected).handed_over_on == MAR


def test_a_corrected_opening_moves_the_day_since_which_there_is_a_case(history: list[Recorded]) -> None:
    corrected = records(*[(r.step, r.act.occurred_on) for r in history], (dated(1, date(2026, 1, 20)), MAY))
    assert fold.case_at(corrected, as_of=end_of_day(JAN, ZONE)) is None


def test_the_last_word_on_a_void_counts(history: list[Recorded]) -> None:
    plain = [(r.step, r.act.occurred_on) for r in history]
    once = records(*plain, (void(1), MAY))
    twice = records(*plain, (void(1), MAY), (void(4), MAY))
    thrice = records(*plain, (void(1), MAY), (void(4), MAY), (void(5), MAY))
    assert fold.case_at(once) is None
    assert suggestion_at(twice).stage is Suggestion.Stage.REPLIED
    assert fold.case_at(thrice) is None
    assert fold.case_at(thrice, known=50) == fold.case_at(twice)


def test_a_voided_correction_corrects_nothing(history: list[Recorded]) -> None:
    plain = [(r.step, r.act.occurred_on) for r in history]
    assert suggestion_at(records(*plain, (dated(2, MAR), MAY), (void(4), MAY))).handed_over_on == FEB


def test_a_correction_of_what_is_void_changes_nothing(history: list[Recorded]) -> None:
    plain = [(r.step, r.act.occurred_on) for r in history]
    assert suggestion_at(records(*plain, (void(2), MAY), (dated(2, MAR), MAY))).handed_over_on is None


def test_the_case_before_a_step_has_its_opening_wherever_that_stands(history: list[Recorded]) -> None:
    before = fold.before(history, 3)
    assert isinstance(before, Suggestion)
    assert before.stage is Suggestion.Stage.HANDED_OVER
    assert fold.before(history, 1) is None
    moved = records((submitted(), APR), (SignedFor(unit=LEAD), MAR, True))
    assert [step.version for step in fold.sequence(moved)] == [2, 1]
    assert isinstance(fold.before(moved, 2), Suggestion)


@pytest.mark.parametrize("straight", [True, False])
def test_the_timeline_is_the_fold_at_each_day_on_which_something_happened(*, straight: bool) -> None:
    history = records(
        (submitted(), JAN),
        (HandedOver(lead_unit=LEAD), JAN if straight else MAR),
        (SignedFor(unit=LEAD), FEB),
        (ReplyIssued(unit=LEAD), APR),
    )
    seen: list[tuple[datetime, Case | None]] = []
    for day, case in fold.timeline(history):
        assert case == fold.case_at(history, as_of=day)
        seen.append((day, case))
    assert [day.date() for day, _ in seen] == ([JAN, FEB, APR] if straight else [JAN, FEB, MAR, APR])


def test_the_timeline_of_a_case_without_opening_has_no_case_in_it(history: list[Recorded]) -> None:
    plain = [(r.step, r.act.occurred_on) for r in history]
    assert [case for _, case in fold.timeline(records(*plain, (void(1), MAY)))] == [None, None]
    assert list(fold.timeline([])) == []


def test_a_case_file_with_a_hole_is_never_read(history: list[Recorded]) -> None:
    assert file_of(None, []) is None
    with pytest.raises(HoleInHistoryError):
        file_of(None, [history[0], history[2]])
    case_file = CaseFile("another")
    with pytest.raises(HoleInHistoryError):
        case_file.take(history[0])


def test_a_case_file_says_which_steps_the_ledger_has_not_taken(history: list[Recorded]) -> None:
    case_file = file_of(None, history)
    assert case_file is not None
    assert case_file.collect_events() == []
    assert case_file.case == fold.case_at(history)
