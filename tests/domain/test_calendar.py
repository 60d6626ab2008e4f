from datetime import date, timedelta

import chinese_calendar  # type: ignore[import-untyped]
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.calendar import (
    CalendarError,
    WorkingCalendar,
    add_days,
    add_months,
    calendar_versions,
    days_between,
    load_calendar,
)

BEFORE_2026, WITH_2026 = "2024-11-12", "2025-11-04"
days = st.dates(date(2003, 1, 1), date(2027, 12, 31))
counts = st.integers(0, 60)
MAKE_UP_2026 = [
    date(2026, 1, 4),
    date(2026, 2, 14),
    date(2026, 2, 28),
    date(2026, 5, 9),
    date(2026, 9, 20),
    date(2026, 10, 10),
]


@pytest.fixture(scope="module")
def cn() -> WorkingCalendar:
    return load_calendar("cn")


def test_the_newest_version_is_taken_unless_one_is_named() -> None:
    assert calendar_versions("cn") == (BEFORE_2026, WITH_2026)
    assert load_calendar("cn") is load_calendar("cn", WITH_2026)
    assert load_calendar("cn").ref == "cn@2025-11-04"


@pytest.mark.parametrize("version", [BEFORE_2026, WITH_2026])
def test_every_published_day_is_what_the_library_says(version: str) -> None:
    calendar = load_calendar("cn", version)
    published = [calendar.covered_from, *days_between(calendar.covered_from, calendar.published_until)]
    assert published[0] == date(2004, 1, 1)
    assert published[-1] == {BEFORE_2026: date(2025, 12, 31), WITH_2026: date(2026, 12, 31)}[version]
    for day in published:
        assert calendar.covers(day)
        assert calendar.is_working_day(day) == chinese_calendar.is_workday(day), day
        holiday = chinese_calendar.get_holiday_detail(day)[1]
        if holiday and not calendar.is_working_day(day):
            assert calendar.words[calendar.name_of(day) or ""]["en"] == holiday


@pytest.mark.parametrize("day", MAKE_UP_2026)
def test_a_make_up_day_of_2026_is_a_working_day_at_a_weekend(cn: WorkingCalendar, day: date) -> None:
    assert day.weekday() >= 5
    assert cn.is_working_day(day)
    assert cn.name_of(day) is None


def test_2026_has_no_other_make_up_days(cn: WorkingCalendar) -> None:
    assert sorted(day for day in cn.make_up_days if day.year == 2026) == MAKE_UP_2026


def test_a_holiday_on_a_weekday_is_no_working_day_and_says_its_name(cn: WorkingCalendar) -> None:
    assert cn.name_of(date(2026, 2, 17)) == "spring_festival"
    assert cn.words["spring_festival"] == {"zh": "春节", "en": "Spring Festival"}
    assert cn.name_of(date(2026, 10, 1)) == "national_day"
    assert cn.name_of(date(2026, 11, 22)) == "weekend"


def test_the_calendar_of_before_the_notice_knows_only_the_weekends_of_2026() -> None:
    earlier = load_calendar("cn", BEFORE_2026)
    assert not earlier.covers(date(2026, 2, 17))
    assert earlier.is_working_day(date(2026, 2, 17))
    assert not earlier.is_working_day(date(2026, 2, 14))


@pytest.mark.parametrize("version", [BEFORE_2026, WITH_2026])
def test_every_reason_has_words_in_both_languages(version: str) -> None:
    calendar = load_calendar("cn", version)
    assert {*calendar.holidays.values(), "weekend"} <= calendar.words.keys()
    assert all(words["zh"] and words["en"] for words in calendar.words.values())


def test_the_plain_calendar_knows_weekends_and_covers_no_day() -> None:
    plain = load_calendar("plain")
    assert not plain.is_working_day(date(2026, 11, 22))
    assert plain.is_working_day(date(2026, 1, 1))
    assert not any(plain.covers(day) for day in (date.min, date(2026, 1, 1), date.max))


def test_a_calendar_that_is_not_there_is_named() -> None:
    with pytest.raises(CalendarError, match=r"no calendar cn@1999-01-01; versions of cn: 2024-11-12, 2025-11-04"):
        load_calendar("cn", "1999-01-01")
    with pytest.raises(CalendarError, match="versions of atlantis: none"):
        load_calendar("atlantis")


def test_twenty_working_days_over_spring_festival_2026(cn: WorkingCalendar) -> None:
    """Counted by hand: 3-6 (4), 9-14 with the make-up Saturday (10), 24-28 with it (15), 2-6 March (20)."""
    assert cn.add_working_days(date(2026, 2, 2), 20) == date(2026, 3, 6)


@given(days, st.integers(1, 60))
def test_counting_working_days_never_ends_on_a_rest_day(start: date, count: int) -> None:
    cn = load_calendar("cn")
    end = cn.add_working_days(start, count)
    assert cn.is_working_day(end)
    assert sum(map(cn.is_working_day, days_between(start, end))) == count


@given(days, counts, counts)
def test_counting_on_from_a_working_day_is_counting_both_at_once(start: date, first: int, second: int) -> None:
    cn = load_calendar("cn")
    assert cn.add_working_days(cn.add_working_days(start, first), second) == cn.add_working_days(start, first + second)


@given(days)
def test_rolling_forward_passes_rest_days_only(day: date) -> None:
    cn = load_calendar("cn")
    rolled = cn.roll_forward(day)
    assert cn.is_working_day(rolled)
    assert not any(map(cn.is_working_day, days_between(day - timedelta(days=1), rolled - timedelta(days=1))))


@given(st.dates(date(1900, 1, 1), date(2200, 1, 1)), st.integers(0, 120))
def test_a_month_later_is_the_same_day_of_the_month_or_its_end(start: date, months: int) -> None:
    year, month = start.year, start.month
    for _ in range(months):
        year, month = (year + 1, 1) if month == 12 else (year, month + 1)
    first_of_next = date(year + 1, 1, 1) if month == 12 else date(year, month + 1, 1)
    end_of_month = first_of_next - timedelta(days=1)
    expected = end_of_month if start.day > end_of_month.day else date(year, month, start.day)
    assert add_months(start, months) == expected


@pytest.mark.parametrize(
    ("start", "months", "end"),
    [
        (date(2023, 11, 29), 3, date(2024, 2, 29)),
        (date(2023, 11, 30), 3, date(2024, 2, 29)),
        (date(2022, 11, 30), 3, date(2023, 2, 28)),
        (date(2024, 2, 29), 12, date(2025, 2, 28)),
        (date(2024, 2, 29), 1, date(2024, 3, 29)),
        (date(2026, 1, 31), 1, date(2026, 2, 28)),
        (date(2026, 8, 31), 3, date(2026, 11, 30)),
        (date(2026, 10, 15), 3, date(2027, 1, 15)),
    ],
)
def test_month_ends_and_leap_days(start: date, months: int, end: date) -> None:
    assert add_months(start, months) == end


def test_calendar_days_do_not_count_the_first_day() -> None:
    assert add_days(date(2026, 12, 28), 7) == date(2027, 1, 4)
