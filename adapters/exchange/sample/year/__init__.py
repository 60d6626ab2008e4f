"""A year of the sample city's four powers, told by hand: what was played in 2026, and what came of it.

Where a rule is broken it is meant to be: a plan adopted before it was approved, two deputies invited instead of three,
a regulation consulted 28 days before its vote, a decision of the government issued without a report.
"""

from __future__ import annotations

from collections.abc import Iterator

from adapters.exchange.sample.happening import JURISDICTION, Happening, Story
from adapters.exchange.sample.year.decisions import decisions
from adapters.exchange.sample.year.facts import facts
from adapters.exchange.sample.year.filings import filings
from adapters.exchange.sample.year.meetings import SITTINGS, chairmens_meetings, conference
from adapters.exchange.sample.year.money import money
from adapters.exchange.sample.year.persons import persons
from adapters.exchange.sample.year.plans import plans
from adapters.exchange.sample.year.regulations import regulations
from adapters.exchange.sample.year.reports import reports
from adapters.exchange.sample.year.scrutiny import scrutiny
from adapters.exchange.sample.year.tasks import tasks
from adapters.exchange.sample.year.telling import YEAR, named

__all__ = ["YEAR", "named", "year"]


def year() -> list[Story]:
    """Its cases, each with its steps in the order in which they were recorded, and its meetings."""
    return [
        *(Story(JURISDICTION, f"{YEAR}:{name}", tuple(told)) for name, told in _cases()),
        *(Story(JURISDICTION, f"{YEAR}:{code}", tuple(told), of_registry=True) for code, told in _meetings()),
    ]


def _cases() -> Iterator[tuple[str, list[Happening]]]:
    yield from plans()
    yield from reports()
    yield from scrutiny()
    yield from facts()
    yield from money()
    yield from decisions()
    yield from regulations()
    yield from filings()
    yield from persons()
    yield from tasks()


def _meetings() -> Iterator[tuple[str, Iterator[Happening]]]:
    for sitting in SITTINGS:
        yield sitting.code, sitting.told()
    yield from chairmens_meetings()
    yield "dwhy-2026", conference()
