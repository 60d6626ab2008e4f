"""What is supposed reaches a step wherever it was said, and nothing else of the history."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from domain.case import DeadlineRecalculated, Role
from domain.cases import suggestion as s
from domain.moment import Moment
from domain.refusal import Refused
from domain.rulebook import Outcome, Span
from projections.supposition import LONGEST, Supposed, Supposition, simulated, supposed
from tests.domain.support import HANDED_OVER_ON, LEAD, Desk
from tests.registry import shipped_registry

PLACE = shipped_registry().jurisdiction("cn-999900")
NOW = Moment(datetime(2026, 11, 22, 9, tzinfo=UTC), 10_000)
REPLIED_ON = date(2026, 5, 6)


def rules(**said: object) -> Supposed:
    return supposed(Supposition.model_validate(said), PLACE, HANDED_OVER_ON, 2026)


def whole(desk: Desk, rule: Supposed, at: Moment = NOW) -> tuple[dict[str, int], dict[str, int]]:
    """What the suggestion adds, as it is and as it would be."""
    [one] = simulated([desk.docket.case_file(desk.case_id)], at, rule)
    item = ("suggestion", "")
    return one.was[item].measured, one.would_be[item].measured


def test_a_letter_means_what_is_supposed_also_where_it_was_corrected_or_found_to_be_another() -> None:
    desk = Desk().replied("C", REPLIED_ON)
    desk.correct(len(desk.history), outcome="B")
    was, would_be = whole(desk, rules(letters={"B": "planned"}))
    assert (was["outcome_in_progress"], would_be["outcome_planned"]) == (1, 1)
    assert "outcome_in_progress" not in would_be
    desk.take(
        s.OutcomeReclassified(unit=LEAD, old="B", new="A", evidence="现场核实", verified_by="人大代表工委"),
        date(2026, 6, 1),
    )
    was, would_be = whole(desk, rules(letters={"A": "reference_only", "B": "planned"}))
    assert (was["outcome_resolved"], would_be["outcome_reference_only"]) == (1, 1)
    rule = rules(letters={"B": "planned"})
    assert not [name for name in whole(desk, rule)[1] if name.startswith("outcome_")]
    assert rule.unread == {"A": 1}


def test_a_limit_is_counted_from_the_day_on_which_its_clock_started_and_rolls_forward() -> None:
    desk = Desk().handed_over()
    one_month = rules(limits={"suggestion.reply": Span(count=1, unit="month")})
    for day, overdue in ((date(2026, 4, 9), 0), (date(2026, 4, 10), 1)):
        at = Moment(datetime(day.year, day.month, day.day, 12, tzinfo=UTC), NOW.known)
        was, would_be = whole(desk, one_month, at)
        assert (was.get("overdue", 0), would_be.get("overdue", 0)) == (0, overdue), day


def test_a_recalculated_limit_is_reached_too() -> None:
    desk = Desk().handed_over()
    desk.take(DeadlineRecalculated(clock="suggestion.reply", reason="新规则"), date(2026, 4, 1), Role.GENERAL_OFFICE)
    at = Moment(datetime(2026, 5, 1, tzinfo=UTC), NOW.known)
    was, would_be = whole(desk, rules(limits={"suggestion.reply": Span(count=10, unit="working_day")}), at)
    assert (was.get("overdue", 0), would_be.get("overdue", 0)) == (0, 1)


def test_nothing_but_what_is_supposed_is_touched() -> None:
    desk = Desk().replied("B", REPLIED_ON)
    history = desk.docket.case_file(desk.case_id).history
    for untouched in (rules(), rules(targets={"reply_rate": 0.9}), rules(letters={"B": Outcome.IN_PROGRESS})):
        assert all(untouched.record(record) is record for record in history)
    reached = rules(limits={"suggestion.sign_for": Span(count=30, unit="calendar_day")})
    assert [record.step.declared.name for record in history if reached.record(record) is not record] == ["handed_over"]


def test_a_limit_of_more_than_ten_years_is_refused() -> None:
    for unit, most in LONGEST.items():
        rules(limits={"suggestion.reply": {"count": most, "unit": unit}})
        with pytest.raises(Refused, match="limit-too-long"):
            rules(limits={"suggestion.reply": {"count": most + 1, "unit": unit}})
