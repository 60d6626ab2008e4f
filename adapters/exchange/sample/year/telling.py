"""How the year is told: who takes a step on which day, and by which ids its cases name each other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date

from adapters.exchange.sample.happening import JURISDICTION, Happening, sample_case_id, sample_entry_id
from domain.case import Role, Step
from domain.matter import Audience, DepartmentsNotified, Published, ReportedToPartyCommittee

YEAR = 2026
DAYS_OF_THE_YEAR = date(YEAR, 1, 1), date(YEAR, 12, 31)


@dataclass(frozen=True, slots=True)
class Desk:
    """Who takes steps: as whom he signs in, in which role, for which office."""

    login: str
    role: Role
    office: str = JURISDICTION

    def __call__(self, month: int, day: int, step: Step, year: int = YEAR) -> Happening:
        """A step that he takes on a day."""
        return Happening(date(year, month, day), step, self.login, self.role, self.office)


party_group = Desk("dzu", Role.PARTY_GROUP)
party_committee = Desk("swb", Role.PARTY_COMMITTEE)
chairmen = Desk("zrhy", Role.CHAIRMEN_MEETING)
standing_committee = Desk("cwh", Role.STANDING_COMMITTEE)
committee = Desk("zmwyh", Role.SPECIAL_COMMITTEE)
deputies_office = Desk("dbgw", Role.DEPUTY_AFFAIRS)
general_office = Desk("bgs", Role.GENERAL_OFFICE)
government = Desk("zfbgs", Role.GOVERNMENT_OFFICE)


def unit(code: str) -> Desk:
    """Whoever signs in for a unit."""
    return Desk(f"{code}-1", Role.HANDLING_UNIT, code)


def named(name: str) -> str:
    """The id of the case of the year that has that name."""
    return sample_case_id(f"{YEAR}:{name}")


def meeting(code: str) -> str:
    """The id of the meeting that has that code."""
    return sample_entry_id(f"{YEAR}:{code}")


def told_on(month: int, day: int, *departments: str, public: int | None = None) -> Iterator[Happening]:
    """What came of it goes to the Party committee and the departments on a day; perhaps days later to the public."""
    yield party_group(month, day, ReportedToPartyCommittee(opinion="有关情况书面报告市委。"))
    yield general_office(month, day, DepartmentsNotified(departments=departments))
    if public is not None:
        yield general_office(month, public, Published(audiences=tuple(Audience), place="市人大网站"))


def in_order(*several: Iterable[Happening]) -> list[Happening]:
    """Several strands of one case in the order of their days; what is of one day stays as it is told."""
    return sorted((one for strand in several for one in strand), key=lambda happening: happening.on)
