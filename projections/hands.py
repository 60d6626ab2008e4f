"""Days in hands (在手天数): who held a suggestion from when to when, between its hand-over and its reply.

A pure function of a history at a moment of both clocks. The day on which a suggestion comes into somebody's hands is
not counted, that on which it goes is (by analogy with the Civil Code, art. 201): what several held one after another
adds up to the whole.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum, auto
from statistics import median

from domain import fold
from domain.calendar import WorkingCalendar, days_between
from domain.case import Case, Recorded
from domain.cases.suggestion import GIVEN_AWAY, IN_HAND, TO_GIVE_OPINION, TO_REPLY, Assignment, Handling, Suggestion
from domain.moment import day_of


class Way(StrEnum):
    """What a suggestion waits for in somebody's hands."""

    HANDLING = auto()
    """The reply of a unit that leads or handles it separately."""
    RETURNING = auto()
    """A decision on the unit's request to give its share back; until then it is the unit's."""
    OPINION = auto()
    """The opinion of a co-handler."""
    REASSIGNING = auto()
    """Another unit, after the share was given back: it is in the dispatcher's hands."""


OF_UNIT = frozenset({Way.HANDLING, Way.RETURNING, Way.OPINION})
"""What counts as in the hands of the unit whose share it is."""
ANSWERING = frozenset({Way.HANDLING, Way.RETURNING, Way.REASSIGNING})
"""What lies between the hand-over and the reply; opinions are asked for meanwhile."""
_OPINION_OWED = TO_GIVE_OPINION | {Assignment.Stage.ASSIGNED, Assignment.Stage.RETURN_REQUESTED}


@dataclass(frozen=True)
class Stay:
    """How long a suggestion waited for one thing of one unit without a break."""

    unit: str
    way: Way
    since: date
    until: date
    """The day on which it went, or that of the moment."""
    lasts: bool
    """Whether it is still there at the moment."""
    working_days: int
    estimate: bool
    """Whether no published notice says of each of its days whether it is a working day."""

    @property
    def days(self) -> int:
        """Calendar days."""
        return (self.until - self.since).days


@dataclass(frozen=True)
class Span:
    """Days of several suggestions in one unit's hands: those that went from it, and those that are there."""

    suggestions: int
    days: int
    working_days: int
    median_days: float | None
    """Of the suggestions that went."""
    median_working_days: float | None
    there: int
    estimate: bool


def stays_of(history: Sequence[Recorded], known: int | None, as_of: datetime, calendar: WorkingCalendar) -> list[Stay]:
    """Every stay that had begun by a moment, in the order of their beginning."""
    last: date | None = None
    begun: dict[tuple[str, Way], date] = {}
    ended: list[Stay] = []
    for instant, case in fold.timeline(history, known):
        if instant > as_of:
            break
        zone = "UTC" if case is None else case.time_zone
        day, held = day_of(instant, zone), set(_held(case))
        gone = [key for key in begun if key not in held]
        ended += [_stay(key, begun.pop(key), day, calendar, lasts=False) for key in gone]
        for key in held:
            begun.setdefault(key, day)
        last = day_of(as_of, zone)
    ended += [_stay(key, since, last, calendar, lasts=True) for key, since in begun.items() if last is not None]
    return sorted(ended, key=lambda stay: (stay.since, stay.until, stay.unit, stay.way))


def span_of(suggestions: Iterable[Sequence[Stay]]) -> Span:
    """The days of some suggestions, each with its stays in the same hands."""
    held = [stays for stays in suggestions if stays]
    gone = [stays for stays in held if not any(stay.lasts for stay in stays)]
    days, working_days = [_days(stays) for stays in held], [_working_days(stays) for stays in held]
    return Span(
        suggestions=len(held),
        days=sum(days),
        working_days=sum(working_days),
        median_days=median(map(_days, gone)) if gone else None,
        median_working_days=median(map(_working_days, gone)) if gone else None,
        there=len(held) - len(gone),
        estimate=any(stay.estimate for stays in held for stay in stays),
    )


def _days(stays: Iterable[Stay]) -> int:
    return sum(stay.days for stay in stays)


def _working_days(stays: Iterable[Stay]) -> int:
    return sum(stay.working_days for stay in stays)


def _stay(key: tuple[str, Way], since: date, until: date, calendar: WorkingCalendar, *, lasts: bool) -> Stay:
    days = list(days_between(since, until))
    working = sum(map(calendar.is_working_day, days))
    return Stay(*key, since, until, lasts, working, not all(map(calendar.covers, days)))


def _held(case: Case | None) -> Iterator[tuple[str, Way]]:
    """Who holds a suggestion, and what it waits for."""
    if not isinstance(case, Suggestion) or case.stage not in IN_HAND:
        return
    for share in case.assignments.values():
        if share.stage in GIVEN_AWAY:
            continue
        if share.handling is Handling.CO:
            if share.stage in _OPINION_OWED:
                yield share.key, Way.OPINION
        elif share.stage in TO_REPLY:
            yield share.key, Way.HANDLING
        elif share.stage is Assignment.Stage.RETURN_REQUESTED:
            yield share.key, Way.RETURNING
        elif share.stage is Assignment.Stage.RETURNED:
            yield share.key, Way.REASSIGNING
