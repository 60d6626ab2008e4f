from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.calendar import WorkingCalendar, days_between, load_calendar
from domain.clock import (
    Deadline,
    SkippedDay,
    agreed,
    beyond_most,
    extend,
    latest,
    overdue_from,
    recalculate,
    start,
)
from domain.rulebook import ClockRule, Rulebook, load_rulebook

BOOK = "cn-321100-zhenjiang-2022"
RULES = sorted(load_rulebook(BOOK).clocks)
AFTER = [rule for rule in RULES if load_rulebook(BOOK).clocks[rule].direction == "after"]
WINDOWS = ["plan_budget.yearly_window", "appointment.renominate"]
"""What the law ties to months of the year, and the day before which something may not be: no rest day moves them."""
days = st.dates(date(2003, 1, 1), date(2027, 12, 31))


@pytest.fixture(scope="module")
def book() -> Rulebook:
    return load_rulebook(BOOK)


@pytest.fixture(scope="module")
def reply(book: Rulebook) -> ClockRule:
    return book.clocks["suggestion.reply"]


@pytest.fixture(scope="module")
def cn() -> WorkingCalendar:
    return load_calendar("cn")


def test_a_reply_is_due_three_months_after_the_hand_over(book: Rulebook, reply: ClockRule, cn: WorkingCalendar) -> None:
    deadline = start(reply, book, cn, date(2026, 3, 10))
    assert deadline.due_on == deadline.counted_to == deadline.original_due_on == date(2026, 6, 10)
    assert deadline.skipped == ()
    assert not deadline.estimate
    assert deadline.rule is not None
    assert (deadline.rule.rulebook, deadline.rule.version) == (book.id, book.version)
    assert (deadline.rule.force, deadline.rule.confidence) == ("statutory", "A")


def test_a_reply_due_at_tomb_sweeping_rolls_to_the_next_working_day_and_says_why(
    book: Rulebook, reply: ClockRule, cn: WorkingCalendar
) -> None:
    deadline = start(reply, book, cn, date(2026, 1, 5))
    assert deadline.counted_to == date(2026, 4, 5)
    assert deadline.due_on == date(2026, 4, 7)
    assert deadline.calendar == "cn@2025-11-04"
    assert deadline.skipped == (
        SkippedDay(date(2026, 4, 5), "tomb_sweeping_day"),
        SkippedDay(date(2026, 4, 6), "tomb_sweeping_day"),
    )


def test_a_reply_due_on_a_make_up_saturday_is_due_on_it(book: Rulebook, reply: ClockRule, cn: WorkingCalendar) -> None:
    deadline = start(reply, book, cn, date(2026, 2, 9))
    assert deadline.due_on == date(2026, 5, 9)
    assert deadline.made_up == (date(2026, 5, 9),)


def test_twenty_working_days_over_spring_festival_explain_every_day(book: Rulebook, cn: WorkingCalendar) -> None:
    deadline = start(book.clocks["suggestion.first_contact"], book, cn, date(2026, 2, 2), part="unit-7")
    assert deadline.part == "unit-7"
    assert deadline.due_on == date(2026, 3, 6)
    assert deadline.made_up == (date(2026, 2, 14), date(2026, 2, 28))
    festival = [skipped.day for skipped in deadline.skipped if skipped.reason == "spring_festival"]
    assert festival == [date(2026, 2, day) for day in range(15, 24)]
    assert (deadline.due_on - deadline.started_on).days == 20 + len(deadline.skipped)


@given(days, st.sampled_from([rule for rule in AFTER if rule not in WINDOWS]))
def test_no_deadline_in_china_falls_on_a_rest_day(started_on: date, rule: str) -> None:
    book, cn = load_rulebook(BOOK), load_calendar("cn")
    deadline = start(book.clocks[rule], book, cn, started_on)
    assert cn.is_working_day(deadline.due_on)
    assert started_on < deadline.counted_to <= deadline.due_on
    assert not any(cn.is_working_day(skipped.day) for skipped in deadline.skipped)
    assert all(started_on < day <= deadline.due_on for day in deadline.made_up)


def test_whatever_else_is_counted_rolls_forward() -> None:
    clocks = load_rulebook(BOOK).clocks
    assert [rule for rule in AFTER if clocks[rule].unit != "working_day" and not clocks[rule].roll_forward] == sorted(
        WINDOWS, key=AFTER.index
    )


@given(days)
def test_a_lead_time_counts_calendar_days_back_from_the_meeting(meets_on: date) -> None:
    book = load_rulebook(BOOK)
    deadline = start(book.clocks["meeting.materials"], book, load_calendar("cn"), meets_on)
    assert deadline.due_on == meets_on - timedelta(days=7)
    assert deadline.rule is not None
    assert deadline.rule.before


@given(days, st.sampled_from(RULES), st.dates(date(2003, 1, 1), date(2030, 1, 1)))
def test_a_stored_deadline_reads_back_as_it_was(started_on: date, rule: str, moved_to: date) -> None:
    book = load_rulebook(BOOK)
    deadline = extend(start(book.clocks[rule], book, load_calendar("cn"), started_on, part="u1"), moved_to, by="x.v1")
    assert Deadline.model_validate_json(deadline.model_dump_json()) == deadline
    assert Deadline.model_validate(deadline.model_dump(mode="json")) == deadline


def test_a_stored_reply_deadline_is_small(book: Rulebook, reply: ClockRule, cn: WorkingCalendar) -> None:
    stored = start(reply, book, cn, date(2026, 3, 10)).model_dump_json()
    assert len(stored) < 350
    assert "null" not in stored
    assert "[]" not in stored


@pytest.mark.parametrize(
    ("version", "started_on", "estimate"),
    [
        ("2025-11-04", date(2026, 9, 30), False),
        ("2025-11-04", date(2026, 10, 8), True),
        ("2024-11-12", date(2025, 11, 3), True),
        ("2025-11-04", date(1999, 11, 3), True),
    ],
)
def test_a_date_beyond_the_published_calendar_is_an_estimate(
    book: Rulebook, reply: ClockRule, version: str, started_on: date, *, estimate: bool
) -> None:
    assert start(reply, book, load_calendar("cn", version), started_on).estimate is estimate


def test_working_days_that_reach_into_an_unpublished_year_are_an_estimate(book: Rulebook, cn: WorkingCalendar) -> None:
    rule = book.clocks["suggestion.first_contact"]
    assert start(rule, book, cn, date(2026, 12, 10)).estimate
    assert not start(rule, book, cn, date(2026, 11, 22)).estimate


def test_an_estimate_is_recalculated_when_the_notice_is_published(book: Rulebook, reply: ClockRule) -> None:
    estimated = start(reply, book, load_calendar("cn", "2024-11-12"), date(2025, 11, 17))
    assert (estimated.due_on, estimated.estimate) == (date(2026, 2, 17), True)
    known = recalculate(estimated, reply, load_calendar("cn", "2025-11-04"))
    assert (known.due_on, known.estimate, known.calendar) == (date(2026, 2, 24), False, "cn@2025-11-04")
    assert known.rule == estimated.rule


def test_recalculating_under_the_same_rule_and_calendar_changes_nothing(
    book: Rulebook, reply: ClockRule, cn: WorkingCalendar
) -> None:
    deadline = start(reply, book, cn, date(2026, 1, 5), part="u1")
    assert recalculate(deadline, reply, cn) == deadline
    extended = extend(deadline, date(2026, 5, 29))
    assert recalculate(extended, reply, cn) == extended


def test_a_new_rule_moves_a_deadline_only_together_with_its_book(
    book: Rulebook, reply: ClockRule, cn: WorkingCalendar
) -> None:
    shorter = reply.model_copy(update={"count": 2})
    newer = book.model_copy(update={"version": "2027-01-01", "clocks": {**book.clocks, reply.id: shorter}})
    deadline = start(reply, book, cn, date(2026, 3, 10))
    with pytest.raises(ValueError, match="name the book that states it"):
        recalculate(deadline, shorter, cn)
    moved = recalculate(deadline, shorter, cn, newer)
    assert moved.due_on == date(2026, 5, 11)
    assert moved.rule is not None
    assert (moved.rule.version, moved.rule.count) == ("2027-01-01", 2)


def test_an_extension_keeps_every_earlier_date(book: Rulebook, reply: ClockRule, cn: WorkingCalendar) -> None:
    deadline = start(reply, book, cn, date(2026, 3, 10))
    twice = extend(extend(deadline, date(2026, 7, 10), reason="跨部门"), date(2026, 8, 10), by="suggestion.extended.v1")
    assert twice.due_on == date(2026, 8, 10)
    assert twice.original_due_on == date(2026, 6, 10)
    assert [(e.from_due_on, e.due_on, e.by, e.reason) for e in twice.extensions] == [
        (date(2026, 6, 10), date(2026, 7, 10), None, "跨部门"),
        (date(2026, 7, 10), date(2026, 8, 10), "suggestion.extended.v1", None),
    ]


def test_an_extension_to_the_same_day_changes_nothing(book: Rulebook, reply: ClockRule, cn: WorkingCalendar) -> None:
    deadline = start(reply, book, cn, date(2026, 3, 10))
    assert extend(deadline, deadline.due_on) is deadline


def test_an_extension_past_six_months_is_recorded_and_found(
    book: Rulebook, reply: ClockRule, cn: WorkingCalendar
) -> None:
    deadline = start(reply, book, cn, date(2026, 3, 10))
    assert latest(deadline, reply) == date(2026, 9, 10)
    assert not beyond_most(deadline, reply)
    assert not beyond_most(extend(deadline, date(2026, 9, 10)), reply)
    assert beyond_most(extend(deadline, date(2026, 9, 11)), reply)


def test_the_longest_term_rolls_over_the_holidays_too(book: Rulebook, reply: ClockRule, cn: WorkingCalendar) -> None:
    deadline = start(reply, book, cn, date(2026, 4, 1))
    assert latest(deadline, reply) == date(2026, 10, 8)
    assert not beyond_most(extend(deadline, date(2026, 10, 8)), reply, cn)


def test_a_promise_has_its_own_date_and_no_rule() -> None:
    deadline = agreed("commitment", date(2026, 3, 1), date(2026, 12, 31), part="c1")
    assert deadline.rule is None
    assert extend(deadline, date(2027, 6, 30)).original_due_on == date(2026, 12, 31)


def test_the_cabinet_answers_in_seven_days_or_on_the_date_that_it_names() -> None:
    book = load_rulebook("jp-sangiin")
    rule = book.clocks["suggestion.reply"]
    deadline = start(rule, book, load_calendar(book.calendar), date(2024, 2, 25))
    assert deadline.due_on == date(2024, 3, 3)
    assert deadline.due_on.weekday() == 6
    assert (deadline.calendar, deadline.estimate, deadline.skipped) == (None, False, ())
    extended = extend(deadline, date(2025, 3, 3))
    assert latest(extended, rule) is None
    assert not beyond_most(extended, rule)


@pytest.mark.parametrize("zone", ["Asia/Shanghai", "Asia/Tokyo"])
@pytest.mark.parametrize("year", [1940, 1948, 1949, 1950, 1951, 1986, 1988, 1991, 2026])
def test_it_is_overdue_from_the_first_instant_of_the_next_day(zone: str, year: int) -> None:
    for due_on in days_between(date(year - 1, 12, 31), date(year, 12, 31)):
        instant = overdue_from(due_on, zone).astimezone(UTC)
        there = instant.astimezone(ZoneInfo(zone))
        before = (instant - timedelta(microseconds=1)).astimezone(ZoneInfo(zone))
        assert there.date() == due_on + timedelta(days=1)
        assert before.date() == due_on


def test_summer_time_moves_midnight() -> None:
    assert overdue_from(date(1988, 7, 1), "Asia/Shanghai") == datetime(1988, 7, 1, 15, tzinfo=UTC)
    assert overdue_from(date(2026, 7, 1), "Asia/Shanghai") == datetime(2026, 7, 1, 16, tzinfo=UTC)
    assert overdue_from(date(1949, 7, 1), "Asia/Tokyo") == datetime(1949, 7, 1, 14, tzinfo=UTC)


def test_a_deadline_at_the_end_of_time_is_never_overdue() -> None:
    assert overdue_from(date.max, "Asia/Tokyo").year == 9999
