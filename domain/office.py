"""Office: what the registry says on the date of an act: units, deputies, the rulebook and the calendar in force.

Until the registry is made of case types, it is read from one data file per jurisdiction.
"""

from __future__ import annotations

import tomllib
from datetime import date
from functools import cached_property, lru_cache
from importlib import resources
from typing import Literal
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, ValidationError

from domain.calendar import WorkingCalendar, load_calendar
from domain.refusal import Refused
from domain.rulebook import Rulebook, load_rulebook
from domain.values import Code, DeputyId, Line, UnitCode


class JurisdictionError(RuntimeError):
    """A jurisdiction's data file that is missing or cannot be read; the message names file and field."""


class _Dated(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    since: date = date.min
    until: date | None = None
    """The last day."""

    def on(self, day: date) -> bool:
        return self.since <= day and (self.until is None or day <= self.until)


class Unit(_Dated):
    """A handling unit (承办单位), in the office's own order."""

    code: UnitCode
    zh: Line
    en: Line
    parent: UnitCode | None = None


class Deputy(_Dated):
    """A deputy (人大代表) in a term."""

    id: DeputyId
    name: Line
    constituency: Line | None = None
    group: Line | None = None


class Jurisdiction(BaseModel):
    """A jurisdiction with a congress: its time zone, rulebook and registry."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    code: Code
    zh: Line
    en: Line
    time_zone: str
    rulebook: str
    registry: Literal["closed", "open"]
    """Whether only registered deputies are known (closed), or any name is (open: a legislature that is only read)."""
    sample: bool = False
    units: tuple[Unit, ...] = ()
    deputies: tuple[Deputy, ...] = ()

    @cached_property
    def _units(self) -> dict[str, Unit]:
        return {unit.code: unit for unit in self.units}

    @cached_property
    def _deputies(self) -> dict[str, Deputy]:
        return {deputy.id: deputy for deputy in self.deputies}

    @cached_property
    def zone(self) -> ZoneInfo:
        """The zone in which its dates are days."""
        return ZoneInfo(self.time_zone)

    @cached_property
    def book(self) -> Rulebook:
        """The rulebook in force."""
        return load_rulebook(self.rulebook)

    @cached_property
    def working_calendar(self) -> WorkingCalendar:
        """The newest version of the rulebook's calendar."""
        return load_calendar(self.book.calendar)

    def unit(self, code: str) -> Unit | None:
        """The unit of that code, whenever it was in being."""
        return self._units.get(code)

    def deputy(self, deputy_id: str) -> Deputy | None:
        """The deputy of that id, whenever in office."""
        return self._deputies.get(deputy_id)

    def on(self, day: date) -> Office:
        """The office as it was on a day."""
        return Office(self, day)


class Office:
    """The registry on one day; steps are checked against it."""

    __slots__ = ("day", "jurisdiction")

    def __init__(self, jurisdiction: Jurisdiction, day: date) -> None:
        self.jurisdiction = jurisdiction
        self.day = day

    @property
    def rulebook(self) -> Rulebook:
        """The rulebook in force on the day."""
        return self.jurisdiction.book

    @property
    def calendar(self) -> WorkingCalendar:
        """The calendar in force on the day."""
        return self.jurisdiction.working_calendar

    def require_unit(self, code: str, field: str) -> None:
        """Refuse a unit that is not in being on the day."""
        unit = self.jurisdiction.unit(code)
        if unit is None or not unit.on(self.day):
            raise Refused("unknown-unit", field=field, unit=code, day=self.day.isoformat())

    def require_deputy(self, deputy_id: str, field: str) -> None:
        """Refuse a deputy who is not in office on the day, where the registry knows them all."""
        if self.jurisdiction.registry == "open":
            return
        deputy = self.jurisdiction.deputy(deputy_id)
        if deputy is None or not deputy.on(self.day):
            raise Refused("unknown-deputy", field=field, deputy=deputy_id, day=self.day.isoformat())


def _files() -> resources.abc.Traversable:
    return resources.files("domain") / "jurisdictions"


def jurisdiction_codes() -> list[str]:
    """The jurisdictions that this installation knows, in the order of their codes."""
    return sorted(file.name.removesuffix(".toml") for file in _files().iterdir() if file.name.endswith(".toml"))


@lru_cache(maxsize=64)
def load_jurisdiction(code: str) -> Jurisdiction:
    """The jurisdiction of that code; a code that is not known is refused."""
    if code not in jurisdiction_codes():
        raise Refused("unknown-jurisdiction", field="jurisdiction", jurisdiction=code)
    file = _files() / f"{code}.toml"
    try:
        return Jurisdiction.model_validate(tomllib.loads(file.read_text("utf-8")))
    except (tomllib.TOMLDecodeError, ValidationError) as error:
        msg = f"{file.name}: {error}"
        raise JurisdictionError(msg) from None
