"""Office: what the registry says on the date of an act: units, deputies, the rulebook and the calendar in force."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from enum import auto
from functools import cached_property
from typing import Literal, TypeVar
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict

from domain.calendar import WorkingCalendar, load_calendar
from domain.refusal import Refused
from domain.rulebook import Rulebook, load_rulebook
from domain.values import Code, DeputyId, DivisionCode, Line, UnitCode, Word


class Level(Word):
    """Of which tier a jurisdiction, its congress and its deputies are."""

    NATION = auto()
    PROVINCE = auto()
    CITY = auto()
    COUNTY = auto()
    TOWN = auto()
    ZONE = auto()
    """A development zone (开发区、新区): a working committee, no congress, no votes."""

    def below(self, other: Level) -> bool:
        """Whether a place of this tier may lie in one of the other; a zone lies above the towns in it."""
        return _FROM_ABOVE.index(self) > _FROM_ABOVE.index(other)


_FROM_ABOVE = (Level.NATION, Level.PROVINCE, Level.CITY, Level.COUNTY, Level.ZONE, Level.TOWN)


class Body(Word):
    """What a seat is on."""

    STANDING_COMMITTEE = auto()
    CHAIRMEN_MEETING = auto()
    SPECIAL_COMMITTEE = auto()
    WORKING_ORGAN = auto()
    PARTY_STANDING_COMMITTEE = auto()


class Engagement(Word):
    """Whether a member of a standing committee does nothing else (专职), or has another occupation (兼职)."""

    FULL_TIME = auto()
    PART_TIME = auto()


class Tenure(Word):
    """Whether somebody held the office in the term before (连任) or not (新任)."""

    RE_ELECTED = auto()
    NEWLY_ELECTED = auto()


class Background(Word):
    """Whether a deputy comes from the grass roots (基层代表: 一线工人、农民、专业技术人员; 选举法 art. 7) or not."""

    GRASS_ROOTS = auto()
    OTHER = auto()


class Dated(BaseModel):
    """What is so from a day on, and perhaps up to a day, which is its last."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    since: date = date.min
    until: date | None = None

    def on(self, day: date) -> bool:
        """Whether it is so on a day."""
        return self.since <= day and (self.until is None or day <= self.until)


class Unit(Dated):
    """A handling unit (承办单位) under one name, in the office's own order."""

    code: UnitCode
    zh: Line
    en: Line
    order: int = 0
    parent: UnitCode | None = None


class Deputy(Dated):
    """A deputy (人大代表) in one term, constituency and group."""

    id: DeputyId
    name: Line
    term: int | None = None
    level: Level | None = None
    constituency: Line | None = None
    group: Code | None = None
    suspended: bool = False
    """Whether the duties are suspended (暂停执行代表职务)."""

    def in_office(self, day: date) -> bool:
        """Whether the deputy is in office on a day, perhaps suspended."""
        return super().on(day)

    def on(self, day: date) -> bool:
        """Whether the deputy is in office on a day, and may act."""
        return self.in_office(day) and not self.suspended


class Group(Dated):
    """A group of deputies (代表小组) under one name."""

    code: Code
    zh: Line
    en: Line


class Seat(Dated):
    """Who holds a post on a body (组成人员), by name, and as which deputy."""

    body: Body
    holder: Line
    post: Line
    deputy: DeputyId | None = None
    organ: Line | None = None
    """Which committee or organ, where there are several."""


class Adopted(Dated):
    """A rulebook or a calendar that was adopted: `id@version`, or an id for its newest version."""

    ref: Line

    @property
    def id_and_version(self) -> tuple[str, str | None]:
        """The two parts of the reference."""
        id, _, version = self.ref.partition("@")
        return id, version or None


class TermOfCongress(Dated):
    """A term of the congress (届): its number, and the last day that it can last (地方组织法: five years)."""

    number: str
    ends_on: date


_Entry = TypeVar("_Entry", bound=Dated)


class Jurisdiction(BaseModel):
    """A jurisdiction with its registry: its time zone, and whatever was so there on any day."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    code: Code
    zh: Line
    en: Line
    level: Level
    division: DivisionCode | None = None
    parent: Code | None = None
    congress: bool = True
    """Whether it has a congress of its own; a zone has a working committee instead."""
    time_zone: str
    registry: Literal["closed", "open"]
    """Whether only registered deputies are known (closed), or any name is (open: a legislature that is only read)."""
    sample: bool = False
    rulebooks: tuple[Adopted, ...]
    calendars: tuple[Adopted, ...] = ()
    terms: tuple[TermOfCongress, ...] = ()
    units: tuple[Unit, ...] = ()
    deputies: tuple[Deputy, ...] = ()
    groups: tuple[Group, ...] = ()
    seats: tuple[Seat, ...] = ()

    @cached_property
    def _units(self) -> Mapping[str, list[Unit]]:
        return _by("code", self.units)

    @cached_property
    def _deputies(self) -> Mapping[str, list[Deputy]]:
        return _by("id", self.deputies)

    @cached_property
    def _groups(self) -> Mapping[str, list[Group]]:
        return _by("code", self.groups)

    @cached_property
    def zone(self) -> ZoneInfo:
        """The zone in which its dates are days."""
        return ZoneInfo(self.time_zone)

    @property
    def book(self) -> Rulebook:
        """The rulebook adopted last."""
        return self.book_on(date.max)

    def book_on(self, day: date) -> Rulebook:
        """The rulebook in force on a day: the last one adopted by then, the first one before."""
        for since, book in reversed(self._books):
            if since <= day:
                return book
        return self._books[0][1]

    @cached_property
    def _books(self) -> list[tuple[date, Rulebook]]:
        return [(adopted.since, load_rulebook(*adopted.id_and_version)) for adopted in self.rulebooks]

    def adopting(self, ref: str, since: date) -> Jurisdiction:
        """The jurisdiction as it would be if it adopted a rulebook on a day."""
        adopted = sorted((*self.rulebooks, Adopted(ref=ref, since=since)), key=lambda one: one.since)
        fields = {name: getattr(self, name) for name in type(self).model_fields}
        return type(self).model_construct(**fields | {"rulebooks": tuple(adopted)})

    def term_on(self, day: date) -> TermOfCongress | None:
        """The term of the congress that ran on a day, as far as terms are entered."""
        return next((term for term in reversed(self.terms) if term.on(day)), None)

    @cached_property
    def working_calendar(self) -> WorkingCalendar:
        """The calendar adopted last; where none was, the newest version of the rulebook's.

        A notice says what its days are, whenever it is read: the day of an act does not choose the calendar.
        """
        if not self.calendars:
            return load_calendar(self.book.calendar)
        return load_calendar(*self.calendars[-1].id_and_version)

    def unit(self, code: str, day: date = date.max) -> Unit | None:
        """The unit of that code as it was on a day, or whenever it was in being."""
        return _of(self._units, code, day)

    def deputy(self, deputy_id: str, day: date = date.max) -> Deputy | None:
        """The deputy of that id as on a day, or whenever in office."""
        return _of(self._deputies, deputy_id, day)

    def group(self, code: str, day: date = date.max) -> Group | None:
        """The group of that code as it was on a day, or whenever it was in being."""
        return _of(self._groups, code, day)

    def all_units(self) -> list[Unit]:
        """Every unit under its last name, in the office's own order."""
        return sorted((entries[-1] for entries in self._units.values()), key=lambda unit: (unit.order, unit.code))

    def all_deputies(self) -> list[Deputy]:
        """Every deputy as last in office, in the order of their ids."""
        return [self._deputies[id][-1] for id in sorted(self._deputies)]

    def units_on(self, day: date) -> list[Unit]:
        """The units in being on a day, in the office's own order."""
        return sorted((unit for unit in self.units if unit.on(day)), key=lambda unit: (unit.order, unit.code))

    def seats_on(self, body: Body, day: date) -> list[Seat]:
        """Who holds a seat on a body on a day."""
        return [seat for seat in self.seats if seat.body is body and seat.on(day)]

    def on(self, day: date) -> Office:
        """The office as it was on a day."""
        return Office(self, day)


def _by(name: str, entries: Iterable[_Entry]) -> Mapping[str, list[_Entry]]:
    found = defaultdict(list)
    for entry in sorted(entries, key=lambda one: one.since):
        found[str(getattr(entry, name))].append(entry)
    return found


def _of(entries: Mapping[str, list[_Entry]], key: str, day: date) -> _Entry | None:
    return _at(entries[key], day) if key in entries else None


def _at(entries: Sequence[_Entry], day: date) -> _Entry:
    """The last entry that began by a day; the first one, if none had."""
    for entry in reversed(entries):
        if entry.since <= day:
            return entry
    return entries[0]


class Office:
    """The registry on one day; steps are checked against it."""

    __slots__ = ("day", "jurisdiction", "rulebook")

    def __init__(self, jurisdiction: Jurisdiction, day: date) -> None:
        self.jurisdiction = jurisdiction
        self.day = day
        self.rulebook: Rulebook = jurisdiction.book_on(day)
        """The one in force on the day."""

    @property
    def calendar(self) -> WorkingCalendar:
        """The calendar that counts its working days."""
        return self.jurisdiction.working_calendar

    def require_unit(self, code: str, field: str) -> None:
        """Refuse a unit that is not in being on the day."""
        unit = self.jurisdiction.unit(code, self.day)
        if unit is None or not unit.on(self.day):
            raise Refused("unknown-unit", field=field, unit=code, day=self.day.isoformat())

    def require_deputy(self, deputy_id: str, field: str) -> None:
        """Refuse a deputy who is not in office on the day, where the registry knows them all."""
        if self.jurisdiction.registry == "open":
            return
        deputy = self.jurisdiction.deputy(deputy_id, self.day)
        if deputy is None or not deputy.on(self.day):
            raise Refused("unknown-deputy", field=field, deputy=deputy_id, day=self.day.isoformat())

    def require_group(self, code: str, field: str) -> None:
        """Refuse a group that is not in being on the day."""
        group = self.jurisdiction.group(code, self.day)
        if group is None or not group.on(self.day):
            raise Refused("unknown-group", field=field, group=code, day=self.day.isoformat())
