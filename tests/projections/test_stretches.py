"""What a case holds, however it is to change by itself, is kept as stretches that say at every moment the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from itertools import accumulate, pairwise
from typing import NamedTuple

from hypothesis import given
from hypothesis import strategies as st

from domain.case import Case, Recorded
from domain.cases.suggestion import UnitUrged
from projections.stretches import Course, Interval, Key, Tracked
from tests.domain.support import HANDED_OVER_ON, LEAD, Desk


class Thing(NamedTuple):
    """Something that a case holds."""

    name: str
    state: str


Held = Mapping[Key, Thing]


def held(states: Mapping[str, str]) -> Held:
    return {(name,): Thing(name, state) for name, state in states.items()}


HELD = st.dictionaries(st.sampled_from("ab"), st.sampled_from("xy")).map(held)
LATER = st.lists(st.tuples(st.integers(1, 9), HELD), max_size=2, unique_by=lambda one: one[0])
PASTS = st.lists(st.tuples(st.integers(0, 4), HELD, LATER), min_size=2, max_size=7)
"""Of each step: how many days after the one before it came, what the case holds from then on, and how many days later
it is to hold something else."""


def urged(gaps: Sequence[int]) -> list[Recorded]:
    """A suggestion that is handed over, and urged again and again."""
    desk = Desk().handed_over()
    for days in accumulate(gaps[2:]):
        desk.take(UnitUrged(unit=LEAD), HANDED_OVER_ON + timedelta(days=days))
    return desk.history


@given(PASTS)
def test_stretches_say_at_every_moment_what_was_expected(past: list[tuple[int, Held, list[tuple[int, Held]]]]) -> None:
    history = urged([gap for gap, _, _ in past])
    courses: list[Course[Thing]] = [
        [(record.occurred_at, now), *((record.occurred_at + timedelta(days), other) for days, other in sorted(later))]
        for record, (_, now, later) in zip(history, past, strict=True)
    ]
    coming = iter(courses)

    def told(_case: Case, _since: datetime, _until: datetime) -> Course[Thing]:
        return next(coming)

    tracked = Tracked[Thing](history[0].originator_id, told)
    every: list[Interval[Thing]] = []
    expected: list[tuple[datetime, Held]] = []
    for record, course in zip(history, courses, strict=True):
        ended, begun = tracked.take(record)
        every += begun
        assert not {_said(one) for one in ended} & {_said(one) for one in begun}, "what goes on was told anew"
        expected = [one for one in expected if one[0] < record.occurred_at] + list(course)
        known = [one for one in every if one.known_from <= record.position < one.known_to]
        assert {_said(one) for one in known} == {_said(one) for of in tracked.intervals.values() for one in of}
        for at, things in expected:
            assert sorted(one.cell for one in known if one.valid_from <= at < one.valid_to) == sorted(things.values())
        assert {one.valid_from for one in known} <= {at for at, _ in expected}
        for name in "ab":
            of = sorted((_said(one) for one in known if one.cell.name == name), key=lambda said: said[0])
            assert not any(one[1] == other[0] and one[2] == other[2] for one, other in pairwise(of))
            assert all(one[0] < one[1] for one in of)


def _said(one: Interval[Thing]) -> tuple[datetime, datetime, Thing]:
    return one.valid_from, one.valid_to, one.cell
