"""Write the working-day calendars of China from the PyPI package chinesecalendar: `python tools/seed_calendar.py`."""

import sys
from collections import defaultdict
from collections.abc import Iterator
from datetime import date
from pathlib import Path

from chinese_calendar.constants import Holiday, holidays, workdays  # type: ignore[import-untyped]

FOLDER = Path(__file__).parents[1] / "domain" / "rulebooks" / "calendars"
NEWEST_NOTICE = {"2024-11-12": 2025, "2025-11-04": 2026}
"""Date of the State Council's notice → the year that it regulates: the last one that its calendar covers."""
COVERED_FROM = date(2004, 1, 1)
IDS = {holiday.value: holiday.name for holiday in Holiday}


def calendar_as_toml(version: str, last_year: int) -> str:
    """The file of the calendar whose newest notice is of that date."""
    return "\n".join(_lines(version, last_year)) + "\n"


def _lines(version: str, last_year: int) -> Iterator[str]:
    yield "# Written by tools/seed_calendar.py from the PyPI package chinesecalendar (MIT); not edited by hand."
    yield 'id = "cn"'
    yield f'version = "{version}"'
    yield f"covered_from = {COVERED_FROM}"
    yield f"published_until = {date(last_year, 12, 31)}"
    yield ""
    yield "[words]"
    yield 'weekend = { zh = "周末", en = "Weekend" }'
    for holiday in Holiday:
        yield f'{holiday.name} = {{ zh = "{holiday.chinese}", en = "{holiday.value}" }}'
    for year in range(COVERED_FROM.year, last_year + 1):
        yield ""
        yield f"[years.{year}]"
        yield f"make_up_days = {_days(day for day in workdays if day.year == year)}"
        yield f"[years.{year}.holidays]"
        named = defaultdict(list)
        for day in sorted(day for day in holidays if day.year == year):
            named[IDS[holidays[day]]].append(day)
        yield from (f"{name} = {_days(iter(days))}" for name, days in named.items())


def _days(days: Iterator[date]) -> str:
    return f"[{', '.join(str(day) for day in sorted(days))}]"


def main() -> None:
    """Write one file per version; refuse if the installed package knows a year that no notice here regulates."""
    if unknown := {day.year for day in holidays} - set(range(COVERED_FROM.year, max(NEWEST_NOTICE.values()) + 1)):
        sys.exit(f"chinesecalendar knows {sorted(unknown)}: add the date of that year's notice to NEWEST_NOTICE first")
    for version, last_year in NEWEST_NOTICE.items():
        file = FOLDER / f"cn-{version}.toml"
        file.write_text(calendar_as_toml(version, last_year), encoding="utf-8")
        sys.stdout.write(f"{file.name}: {COVERED_FROM} to {last_year}-12-31\n")


if __name__ == "__main__":
    main()
