"""Counted: one thing that figures count (计数单位), and the counts of a case that every case type has."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache, singledispatch
from typing import Final

from domain.case import Case, Facts
from domain.matter import Matter

CASES: Final = "case"
OF_EVERY_CASE: Final = ("opened", "open", "over", "handed_over", "waiting", "overdue", "answered")
"""What every case adds to: there is one; it goes on; nothing is awaited of it; it was handed over, and is not yet
answered; its date has passed; it was answered."""
_CLOSED: Final = "closed"


@dataclass(frozen=True)
class Subject:
    """What is counted: suggestions (件), shares of units (件次), commitments, problems; with its measures in order."""

    name: str
    zh: str
    en: str
    measures: tuple[str, ...]


SUBJECTS: dict[str, Subject] = {}


def subject(name: str, zh: str, en: str, *measures: str) -> Subject:
    """Declare what is counted. Another order of measures is another version of the projection."""
    if name in SUBJECTS:
        raise ValueError(f"{name} is declared twice")
    SUBJECTS[name] = declared = Subject(name, zh, en, measures)
    return declared


CASE = subject(CASES, "案件", "cases", *OF_EVERY_CASE)


@dataclass(frozen=True)
class Counted:
    """One thing as it counts on a day. `part` tells the parts of a case apart; it is empty for the case itself."""

    subject: str
    part: str
    unit: str | None
    committee: str | None
    counts: Mapping[str, int]

    def row(self) -> tuple[int, ...]:
        """The counts in the order of the subject's measures."""
        return _in_order(self.subject, tuple(self.counts.items()))


@lru_cache(4_096)
def _in_order(subject: str, counts: tuple[tuple[str, int], ...]) -> tuple[int, ...]:
    """Counts in the order of a subject's measures; remembered, since most things count like many others."""
    measures, counting = SUBJECTS[subject].measures, dict(counts)
    if stranger := counting.keys() - set(measures):
        raise ValueError(f"{subject} has no measure {sorted(stranger)}")
    return tuple(int(counting.get(measure, 0)) for measure in measures)


@singledispatch
def counted(case: Case, facts: Facts, day: date) -> Iterator[Counted]:
    """What a case adds on a day, as it and its facts stand then."""
    yield Counted(CASES, "", facts.unit, committee_of(case), of_every_case(case, facts, day))


def of_every_case(case: Case, facts: Facts, day: date) -> dict[str, int]:
    """The counts that every case type has."""
    handed, answered = facts.handed_over_on is not None, facts.answered_on is not None
    waiting = handed and not answered and not facts.over
    return flags(
        opened=True,
        open=not (case.has_ended if isinstance(case, Matter) else facts.over or str(case.stage) == _CLOSED),
        over=facts.over,
        handed_over=handed,
        waiting=waiting,
        overdue=waiting and is_past(facts.due_on, day),
        answered=answered,
    )


def flags(**said: int) -> dict[str, int]:
    """What is true counts as one, what is not as nothing."""
    return said


def committee_of(case: Case) -> str | None:
    """The committee in charge, where a case type has one."""
    committee: str | None = getattr(case, "committee", None)
    return committee


def is_past(due_on: date | None, day: date) -> bool:
    """Whether a date has passed: it is met until its day ends."""
    return due_on is not None and due_on < day


def turning_days(case: Case, facts: Facts) -> set[date]:
    """The days with whose end the counts of a case may change though nothing happens."""
    deadlines = [running.deadline for running in case.clocks.values()]
    days = {day for deadline in deadlines for day in (deadline.due_on, deadline.original_due_on)}
    return days | {day for day in (facts.due_on, case.sealed_until) if day is not None}
