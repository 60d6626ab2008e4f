"""The chronicle of a month (大事记) at a moment, for the API, the pages and the command line alike."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Sequence
from datetime import date
from typing import Annotated

from pydantic import Field

from api.looking import looked_at
from api.services import Lists, Services
from domain.case import STEPS
from domain.moment import Moment
from domain.office import Jurisdiction
from projections.chronicle import Entry, chronicle, is_told
from projections.reading import Sought

Month = Annotated[str, Field(pattern=r"^(19|2\d)\d{2}-(0[1-9]|1[0-2])$", examples=["2026-06"])]
"""A month of the calendar."""


def days_of(month: str) -> tuple[date, date]:
    """The first and the last day of a month that is written as 2026-06."""
    year, number = (int(part) for part in month.split("-"))
    return date(year, number, 1), date(year, number, monthrange(year, number)[1])


def month_of(day: date) -> str:
    """The month of a day."""
    return f"{day.year:04}-{day.month:02}"


def chronicle_of(
    services: Services, lists: Lists, jurisdiction: Jurisdiction, moment: Moment, month: str
) -> Sequence[Entry]:
    """What the standing committee did in a month, as it was known at the moment."""
    first, last = days_of(month)
    told = frozenset(wire for wire, step in STEPS.items() if is_told(step))
    return chronicle(looked_at(services, lists, jurisdiction, moment, [Sought(told, first, last)]), first, last)
