"""The suggestions of the sample that are played under a seed: those of two sessions, and those between them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import islice
from random import Random
from typing import TypeVar

from adapters.exchange.sample.course import Course, Place
from adapters.exchange.sample.happening import JURISDICTION, Story
from adapters.exchange.sample.matters import themes_of, wording
from adapters.exchange.sample.plots import NEED_ANOTHER, ORDINARY, UNDER_WAY, Plot, smooth, split
from domain.office import Jurisdiction

_YEARS = (2025, 2026)
_SESSIONS = {2025: date(2025, 1, 8), 2026: date(2026, 1, 14)}
_SESSIONS_OF_COUNTIES = {2025: date(2025, 1, 2), 2026: date(2026, 1, 6)}
_HAND_OVER_MEETINGS = {2025: date(2025, 2, 10), 2026: date(2026, 2, 4)}
_BETWEEN = {2025: date(2025, 2, 20), 2026: date(2026, 2, 25)}
_DAYS_BETWEEN = 295
_SHARE_UNDER_WAY, _SHARE_OF_SESSIONS = 0.12, 0.7
_ABOUT_THE_SAME_TIME = timedelta(days=60)
_NUMBERS_OF_SESSIONS = 201
"""The first of them; the lower ones belong to what was written by hand."""

Card = TypeVar("Card")


@dataclass(frozen=True, slots=True)
class _Part:
    """A plot that is to be played, and when it begins."""

    opened_on: date
    in_session: bool
    plot: Plot


def played(jurisdiction: Jurisdiction, *, seed: int, count: int) -> list[Story]:
    """So many suggestions of a jurisdiction; the same seed and count tell the same, to the last word."""
    place = Place(jurisdiction, wording(), _HAND_OVER_MEETINGS)
    chance = _chance(seed, jurisdiction.code)
    themes = islice(_dealt(themes_of(jurisdiction), chance), count)
    numbers: dict[str, int] = {}
    played: list[tuple[Plot, Course]] = []
    for part, theme in zip(_parts(jurisdiction, chance, count), themes, strict=True):
        series = f"{part.opened_on.year}-" if part.in_session else f"{part.opened_on.year}-B"
        number = numbers.get(series, _NUMBERS_OF_SESSIONS if part.in_session else 1)
        numbers[series] = number + 1
        name = f"{series}{number:03}"
        own = _chance(seed, jurisdiction.code, name)
        deputies = _deputies(jurisdiction, part.opened_on, own)
        course = Course(place, theme, name, part.opened_on, part.in_session, deputies, own)
        plot = part.plot if part.plot not in NEED_ANOTHER or _found_another(course, part.plot, played) else smooth
        plot(course)
        played.append((plot, course))
    return [course.story for _, course in played]


def _chance(*names: object) -> Random:
    return Random(":".join(map(str, names)))  # noqa: S311 - a story is played; nothing is kept secret


def _parts(jurisdiction: Jurisdiction, chance: Random, count: int) -> list[_Part]:
    """What is played, in the order in which it was submitted."""
    sessions = _SESSIONS if jurisdiction.code == JURISDICTION else _SESSIONS_OF_COUNTIES
    under_way = int(count * _SHARE_UNDER_WAY)
    of_sessions = int((count - under_way) * _SHARE_OF_SESSIONS)
    plots, parts = _dealt(ORDINARY, chance), []
    for which in range(count - under_way):
        year, in_session = _YEARS[which % len(_YEARS)], which < of_sessions
        first, days = (sessions[year], 1) if in_session else (_BETWEEN[year], _DAYS_BETWEEN)
        parts.append(_Part(first + timedelta(days=chance.randint(0, days)), in_session, next(plots)))
    for plot, last in islice(_dealt(UNDER_WAY, chance), under_way):
        parts.append(_Part(last - timedelta(days=chance.randint(0, 5)), in_session=False, plot=plot))
    return sorted(parts, key=lambda part: part.opened_on)


def _dealt(cards: Sequence[Card], chance: Random) -> Iterator[Card]:
    """The cards in an order of chance, and when all are dealt, shuffled anew."""
    while True:
        yield from chance.sample(cards, len(cards))


def _deputies(jurisdiction: Jurisdiction, day: date, chance: Random) -> tuple[str, ...]:
    """Who brings a suggestion on a day: the lead deputy, and often some who sign with him."""
    there = [deputy.id for deputy in jurisdiction.all_deputies() if deputy.on(day) and deputy.until is None]
    return tuple(chance.sample(there, 1 + chance.choice((0, 0, 0, 1, 1, 2, 3, 5))))


def _found_another(course: Course, plot: Plot, played: Sequence[tuple[Plot, Course]]) -> bool:
    """Give the course an earlier suggestion of about the same time to be linked with; whether there was one."""
    since = course.opened_on - _ABOUT_THE_SAME_TIME
    others = [other for its, other in played if its is smooth and other.opened_on >= since]
    if not others:
        return False
    course.linked = other = course.chance.choice(others)
    if plot is split:
        course.deputies = other.deputies
    else:
        alike = [
            t
            for t in themes_of(course.place.jurisdiction)
            if (t.matter, t.place) == (other.theme.matter, other.theme.place)
        ]
        course.theme = course.chance.choice([theme for theme in alike if theme != other.theme])
    return True
