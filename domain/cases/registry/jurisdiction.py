"""Jurisdiction (行政区域): a place with a congress, or a zone without one; its rules, terms and sessions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import auto
from typing import Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field

from domain.calendar import CalendarError, add_months, load_calendar
from domain.case import Act, Step
from domain.office import Adopted, Dated, Jurisdiction, Level, Office, TermOfCongress
from domain.part import Part
from domain.refusal import Refused
from domain.registry import KEEPERS, JurisdictionCase, Registry, RegistryOpening
from domain.rulebook import RulebookError, load_rulebook
from domain.values import DivisionCode, Line, Word

TERM_MONTHS = 60
"""How long a term lasts (宪法 art. 98, 地方组织法: five years)."""


@dataclass
class Term(Part):
    """A term of the congress (届), and the sessions that were convened in it."""

    class Stage(Word):
        """A term runs until the next one is opened."""

        RUNNING = auto()
        OVER = auto()

    opened_on: date | None = None
    sessions: list[Session] = field(default_factory=list)


@dataclass
class Session:
    """A session of the congress (会议): its number in the term, its name, and its days."""

    number: int
    name: str
    convened_on: date
    closes_on: date | None


@dataclass
class Region(JurisdictionCase, kind="jurisdiction", zh="行政区域"):
    """A jurisdiction: what it is called, which rules it has adopted, its terms."""

    class Stage(Word):
        """A jurisdiction is in being until it is dissolved."""

        IN_BEING = auto()
        DISSOLVED = auto()

    zh_name: str = ""
    en_name: str = ""
    level: Level = Level.CITY
    division: str | None = None
    congress: bool = True
    registry: Literal["closed", "open"] = "closed"
    sample: bool = False
    rulebooks: list[Adopted] = field(default_factory=list)
    calendars: list[Adopted] = field(default_factory=list)
    terms: dict[str, Term] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return self.zh_name

    def entry(self) -> Dated | None:
        return Dated() if self.stage is self.Stage.IN_BEING else None

    def claims(self) -> frozenset[str]:
        """A code belongs to one jurisdiction."""
        return frozenset({f"jurisdiction:{self.jurisdiction}"})

    def as_jurisdiction(self, **entries: Any) -> Jurisdiction:
        return Jurisdiction(
            code=self.jurisdiction,
            zh=self.zh_name,
            en=self.en_name,
            level=self.level,
            division=self.division,
            parent=self.parent,
            congress=self.congress,
            time_zone=self.time_zone,
            registry=self.registry,
            sample=self.sample,
            rulebooks=tuple(sorted(self.rulebooks, key=lambda adopted: adopted.since)),
            calendars=tuple(sorted(self.calendars, key=lambda adopted: adopted.since)),
            terms=tuple(self._terms()),
            **entries,
        )

    def _terms(self) -> Iterator[TermOfCongress]:
        """Each term until the day before the next one."""
        opened = sorted((term.opened_on, term.key) for term in self.terms.values() if term.opened_on is not None)
        for place, (since, number) in enumerate(opened):
            ends_on = add_months(since, TERM_MONTHS) - timedelta(days=1)
            following = opened[place + 1][0] - timedelta(days=1) if place + 1 < len(opened) else None
            yield TermOfCongress(number=number, since=since, until=following, ends_on=following or ends_on)


IN_BEING = {Region.Stage.IN_BEING}


class JurisdictionOpened(
    RegistryOpening,
    of=Region,
    wire="jurisdiction.opened.v1",
    zh="设立行政区域",
    opens=True,
    leads_to=Region.Stage.IN_BEING,
    by=KEEPERS,
    fixed={"parent"},
):
    """A jurisdiction is entered: its names, its level and place, its time zone, and the rulebook that it follows."""

    under = "parent"

    zh_name: Line
    en_name: Line
    level: Level
    division: DivisionCode | None = None
    parent: Line | None = None
    """Code of the jurisdiction above it."""
    congress: bool = True
    """Whether it has a congress of its own; a zone has not."""
    time_zone: Line
    rulebook: Line
    """The rulebook that it follows: its id, or `id@version`."""
    calendar: Line | None = None
    """The calendar that counts its working days; the newest of the rulebook's, unless one is named."""
    registry: Literal["closed", "open"] = "closed"
    """Whether only registered deputies are known (closed), or any name is (open: a legislature that is only read)."""
    sample: bool = False

    def filled_in(self, case: Region | None, office: Office) -> JurisdictionOpened:
        """As it is: the zone is what it says."""
        return self

    def jurisdiction_in(self, registry: Registry) -> Jurisdiction:
        """The jurisdiction as known, or as it is being opened."""
        above = None if self.parent is None else registry.jurisdiction(self.parent)
        if self.jurisdiction in registry.codes():
            return registry.jurisdiction(self.jurisdiction)
        if above is not None and not self.level.below(above.level):
            raise Refused("level-not-below", field="level", level=self.level, above=above.level)
        _require_zone(self.time_zone)
        _require_rulebook(self.rulebook, "rulebook")
        _require_calendar(self.calendar, "calendar")
        opened = Region("", jurisdiction=self.jurisdiction, time_zone=self.time_zone)
        self._describe(opened, date.min)
        return opened.as_jurisdiction()

    def check(self, case: Region | None, office: Office) -> None:
        _require_zone(self.time_zone)
        _require_rulebook(self.rulebook, "rulebook")
        _require_calendar(self.calendar, "calendar")
        if self.level is Level.ZONE and self.congress:
            raise Refused("zone-has-no-congress", field="congress")

    def apply(self, case: Region, act: Act) -> None:
        self._describe(case, act.occurred_on)

    def _describe(self, case: Region, since: date) -> None:
        case.code, case.opened_on = self.jurisdiction, since
        case.zh_name, case.en_name, case.level = self.zh_name, self.en_name, self.level
        case.division, case.parent, case.congress = self.division, self.parent, self.congress
        case.registry, case.sample = self.registry, self.sample
        case.rulebooks.append(Adopted(ref=self.rulebook, since=since))
        if self.calendar is not None:
            case.calendars.append(Adopted(ref=self.calendar, since=since))


class JurisdictionRenamed(
    Step, of=Region, wire="jurisdiction.renamed.v1", zh="行政区域更名", while_in=IN_BEING, by=KEEPERS
):
    """The jurisdiction has another name from now on."""

    zh_name: Line
    en_name: Line

    def already(self, case: Region) -> bool:
        return (case.zh_name, case.en_name) == (self.zh_name, self.en_name)

    def apply(self, case: Region, act: Act) -> None:
        case.zh_name, case.en_name = self.zh_name, self.en_name


class RulebookAdopted(
    Step, of=Region, wire="jurisdiction.rulebook_adopted.v1", zh="采用规则集", while_in=IN_BEING, by=KEEPERS
):
    """Another rulebook, or another version of it, counts for what happens from now on; clocks that run keep theirs."""

    rulebook: Line

    def check(self, case: Region, office: Office) -> None:
        _require_rulebook(self.rulebook, "rulebook")

    def already(self, case: Region) -> bool:
        return bool(case.rulebooks) and case.rulebooks[-1].ref == self.rulebook

    def apply(self, case: Region, act: Act) -> None:
        case.rulebooks.append(Adopted(ref=self.rulebook, since=act.occurred_on))


class CalendarAdopted(
    Step, of=Region, wire="jurisdiction.calendar_adopted.v1", zh="采用工作日历", while_in=IN_BEING, by=KEEPERS
):
    """A calendar with a newer notice counts working days from now on; deadlines that run are moved by a step only."""

    calendar: Line

    def check(self, case: Region, office: Office) -> None:
        _require_calendar(self.calendar, "calendar")

    def already(self, case: Region) -> bool:
        return bool(case.calendars) and case.calendars[-1].ref == self.calendar

    def apply(self, case: Region, act: Act) -> None:
        case.calendars.append(Adopted(ref=self.calendar, since=act.occurred_on))


class TermOpened(Step, of=Region, wire="jurisdiction.term_opened.v1", zh="换届", while_in=IN_BEING, by=KEEPERS):
    """A new term of the congress begins; the one before is over."""

    term: int = Field(ge=1, le=999)

    def check(self, case: Region, office: Office) -> None:
        if not case.congress:
            raise Refused("zone-has-no-congress", field="term")
        if str(self.term) in case.terms:
            raise Refused("term-opened-already", field="term", term=self.term)

    def apply(self, case: Region, act: Act) -> None:
        for earlier in case.terms.values():
            earlier.stage = Term.Stage.OVER
        case.terms[str(self.term)] = Term(str(self.term), Term.Stage.RUNNING, act.occurred_on)


class SessionConvened(
    Step,
    of=Region,
    wire="jurisdiction.session_convened.v1",
    zh="召开代表大会会议",
    while_in=IN_BEING,
    part="terms",
    names="term",
    by=KEEPERS,
):
    """A session of the congress is convened in a term."""

    term: int = Field(ge=1, le=999)
    number: int = Field(ge=1, le=99)
    name: Line
    """Such as 九届五次."""
    days: int | None = Field(default=None, ge=1, le=60)

    def check(self, case: Region, office: Office) -> None:
        if any(session.number == self.number for session in case.terms[str(self.term)].sessions):
            raise Refused("session-convened-already", field="number", term=self.term, number=self.number)

    def apply(self, case: Region, act: Act) -> None:
        if (term := case.terms.get(str(self.term))) is not None:
            closes_on = act.occurred_on + timedelta(days=self.days - 1) if self.days else None
            term.sessions.append(Session(self.number, self.name, act.occurred_on, closes_on))


class JurisdictionDissolved(
    Step,
    of=Region,
    wire="jurisdiction.dissolved.v1",
    zh="撤销行政区域",
    while_in=IN_BEING,
    leads_to=Region.Stage.DISSOLVED,
    by=KEEPERS,
):
    """The jurisdiction is no more; what was recorded of it stays."""

    reason: Line

    def apply(self, case: Region, act: Act) -> None:
        case.ended_on = act.occurred_on


def _require_zone(name: str) -> None:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise Refused("unknown-time-zone", field="time_zone", zone=name) from None


def _require_rulebook(ref: str, field: str) -> None:
    try:
        load_rulebook(*Adopted(ref=ref).id_and_version)
    except RulebookError:
        raise Refused("unknown-rulebook-named", field=field, rulebook=ref) from None


def _require_calendar(ref: str | None, field: str) -> None:
    try:
        if ref is not None:
            load_calendar(*Adopted(ref=ref).id_and_version)
    except CalendarError:
        raise Refused("unknown-calendar", field=field, calendar=ref) from None
