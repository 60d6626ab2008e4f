"""Register of regulations (地方性法规目录): which regulations there are, since when, and whether they are in force.

What is made public of each (立法法 art. 62, 63, 65, 88, 89), and nothing of its file. A pure function of cases.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from domain.cases.legislation import Legislation, Validity


@dataclass(frozen=True)
class Amendment:
    """A change of a regulation: when it was made, and since when the new text is in force."""

    changed_on: date
    in_force_on: date


@dataclass(frozen=True)
class Regulation:
    """A regulation as the register has it."""

    case_id: str
    title: str
    document_number: str | None
    """Of the announcement by which it was promulgated (公告)."""
    passed_on: date | None
    approved_on: date | None
    promulgated_on: date | None
    in_force_on: date
    amendments: tuple[Amendment, ...]
    repealed_on: date | None
    validity: Validity


def register(cases: Iterable[Legislation], day: date) -> list[Regulation]:
    """The regulations of some cases on a day, the youngest first; a project that came to nothing yet is none."""
    found = [
        Regulation(
            case.id,
            case.title,
            case.document_number,
            case.passed_on,
            case.approved_on,
            case.promulgated_on,
            case.in_force_on,
            tuple(Amendment(one.changed_on, one.in_force_on) for one in case.amendments),
            case.repealed_on,
            validity,
        )
        for case in cases
        if case.in_force_on is not None and (validity := case.validity(day)) is not None
    ]
    return sorted(found, key=lambda one: (-one.in_force_on.toordinal(), one.title, one.case_id))
