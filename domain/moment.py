"""Times as the office writes them: dates, instants, and the whole day that a date means as a moment."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Literal
from zoneinfo import ZoneInfo

Precision = Literal["day", "instant"]

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}\Z")
_MICROSECOND = timedelta(microseconds=1)
_FIRST = datetime(1, 1, 3, tzinfo=UTC)
_LAST = datetime(9999, 12, 29, tzinfo=UTC)
"""Between these, every zone knows every instant. What is asked beyond them is as it was, or will be, at them."""


class UnreadableTimeError(ValueError):
    """A time that is neither a date (2022-05-31) nor an instant with its offset (2022-05-31T09:30:00+08:00)."""


@lru_cache(maxsize=65536)
def start_of_day(day: date, zone: str) -> datetime:
    """00:00 of that day in the zone, with the offset in force there on that day."""
    return datetime.combine(day, time.min, ZoneInfo(zone))


def end_of_day(day: date, zone: str) -> datetime:
    """The last microsecond of that day in the zone: what a date means as a moment."""
    if day == date.max:
        return datetime.max.replace(tzinfo=UTC)
    return start_of_day(day + timedelta(days=1), zone).astimezone(UTC) - _MICROSECOND


def day_of(instant: datetime, zone: str) -> date:
    """The calendar day of an instant in the zone."""
    return instant.astimezone(ZoneInfo(zone)).date()


def _parsed(text: str) -> date | datetime:
    try:
        if _DAY.match(text):
            return date.fromisoformat(text)
        instant = datetime.fromisoformat(text)
        if instant.tzinfo is not None and len(text) > len("2022-05-31"):
            return instant.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise UnreadableTimeError(text)


def parse_occurred(text: str, zone: str) -> tuple[datetime, Precision]:
    """When something happened: a date is the start of its day in the zone and stays marked as a date."""
    when = _parsed(text)
    if isinstance(when, datetime):
        return when.astimezone(ZoneInfo(zone)), "instant"
    return start_of_day(when, zone), "day"


def parse_moment(text: str, zone: str) -> datetime:
    """A moment to look from: a date is the whole of its day, an instant itself (both inclusive)."""
    when = _parsed(text)
    instant = when if isinstance(when, datetime) else end_of_day(when, zone)
    return min(max(instant, _FIRST), _LAST)


@dataclass(frozen=True, slots=True)
class Moment:
    """What was true at `as_of`, as known at ledger position `known`; both inclusive."""

    as_of: datetime
    known: int
