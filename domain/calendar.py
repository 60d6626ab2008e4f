"""Working days with the make-up days (调休) of the State Council's yearly notices, and statutory counting."""

import calendar as months_of_a_year
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from types import MappingProxyType

FOLDER = Path(__file__).parent / "rulebooks" / "calendars"
WEEKEND = "weekend"
_DAY = timedelta(days=1)
_SATURDAY = 5


class CalendarError(ValueError):
    """A calendar that is not there, or whose file cannot be read; the message names the file."""


@dataclass(frozen=True, slots=True)
class WorkingCalendar:
    """What was published by the date of a version's newest notice; on other days only weekends are known."""

    id: str
    version: str
    covered_from: date
    published_until: date
    holidays: Mapping[date, str]
    make_up_days: frozenset[date]
    words: Mapping[str, Mapping[str, str]]

    @property
    def ref(self) -> str:
        """How a deadline names this calendar: `cn@2025-11-04`."""
        return f"{self.id}@{self.version}"

    def covers(self, day: date) -> bool:
        """Whether a published notice says what this day is; if not, every answer about it is an estimate (预估)."""
        return self.covered_from <= day <= self.published_until

    def name_of(self, day: date) -> str | None:
        """Why nobody works on this day: `weekend` or a holiday's id, told by `words`; None on a working day."""
        if day in self.make_up_days:
            return None
        return self.holidays.get(day) or (WEEKEND if day.weekday() >= _SATURDAY else None)

    def is_working_day(self, day: date) -> bool:
        """Whether offices work on this day: no weekend, no holiday, or a make-up day."""
        return self.name_of(day) is None

    def add_working_days(self, start: date, count: int) -> date:
        """The `count`-th working day after `start`, which is not counted itself; `start` for 0."""
        day = start
        while count > 0:
            day += _DAY
            count -= self.is_working_day(day)
        return day

    def roll_forward(self, day: date) -> date:
        """The day itself if it is a working day, else the next working day (顺延, Civil Code art. 203)."""
        while not self.is_working_day(day):
            day += _DAY
        return day


def add_days(start: date, days: int) -> date:
    """`days` calendar days after `start`, which is not counted itself (Civil Code art. 201); before it, if negative."""
    return start + timedelta(days=days)


def add_months(start: date, months: int) -> date:
    """The corresponding day of the last month, else its end; `start` is not counted (Civil Code arts 201 and 202).

    Months may be negative: then it lies before.
    """
    years, month = divmod(start.month - 1 + months, 12)
    year = start.year + years
    return date(year, month + 1, min(start.day, months_of_a_year.monthrange(year, month + 1)[1]))


def days_between(after: date, until: date) -> Iterator[date]:
    """Every day later than `after`, up to and including `until`."""
    return (after + timedelta(days=n) for n in range(1, (until - after).days + 1))


def calendar_versions(id: str) -> tuple[str, ...]:
    """The versions there are of a calendar, oldest first."""
    return tuple(sorted(file.stem[-10:] for file in FOLDER.glob("*-????-??-??.toml") if file.stem[:-11] == id))


@cache
def load_calendar(id: str, version: str | None = None) -> WorkingCalendar:
    """A calendar as one version published it (None: the newest)."""
    versions = calendar_versions(id)
    if not versions or (version is not None and version not in versions):
        wanted = id if version is None else f"{id}@{version}"
        raise CalendarError(f"there is no calendar {wanted}; versions of {id}: {', '.join(versions) or 'none'}")
    if version is None:
        return load_calendar(id, versions[-1])
    return _read(FOLDER / f"{id}-{version}.toml")


def _read(file: Path) -> WorkingCalendar:
    try:
        data = tomllib.loads(file.read_text(encoding="utf-8"))
        years = data.get("years", {}).values()
        holidays = {day: name for year in years for name, days in year["holidays"].items() for day in days}
        return WorkingCalendar(
            id=data["id"],
            version=data["version"],
            covered_from=data["covered_from"],
            published_until=data["published_until"],
            holidays=MappingProxyType(holidays),
            make_up_days=frozenset(day for year in years for day in year["make_up_days"]),
            words=MappingProxyType(data["words"]),
        )
    except (tomllib.TOMLDecodeError, KeyError) as error:
        raise CalendarError(f"{file.name}: {error}") from error
