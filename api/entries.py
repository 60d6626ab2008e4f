"""The lists of the registry: what each has of its entries at a moment, in which order, and under which filters."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from pydantic import BaseModel, ConfigDict

from api.services import Services
from api.web.viewmodels import Shown, Teller
from domain.cases.registry.deputy import DeputyRegistered, Mandate
from domain.cases.registry.group import DeputyGroup, GroupFormed
from domain.cases.registry.meeting import Meeting, MeetingCalled
from domain.cases.registry.seat import Incumbency, SeatTaken
from domain.cases.registry.unit import Organ, UnitOpened
from domain.moment import Moment
from domain.office import Body, Jurisdiction
from domain.registry import RegistryCase, RegistryOpening
from domain.values import Line
from projections.sheet import Kind, Value


@dataclass(frozen=True)
class EntryList:
    """A list of the registry: of which cases, what it shows of each, and by what it can be narrowed."""

    name: str
    case_type: type[RegistryCase]
    opening: type[RegistryOpening]
    called: str
    """The column by which people know an entry."""
    columns: tuple[tuple[str, Kind], ...]
    filters: tuple[str, ...]
    order: Callable[[Any], Any]


class EntriesQuery(BaseModel):
    """Which entries of a list: those in being, unless `ended` asks for those that are no more too."""

    model_config = ConfigDict(frozen=True)

    text: Line | None = None
    term: Line | None = None
    level: Line | None = None
    constituency: Line | None = None
    group: Line | None = None
    body: Line | None = None
    meeting_kind: Line | None = None
    ended: bool = False


_BODIES = list(Body)

LISTS: Mapping[str, EntryList] = {
    one.name: one
    for one in (
        EntryList(
            "units",
            Organ,
            UnitOpened,
            "zh_name",
            (
                ("order", "number"), ("code", "text"), ("zh_name", "text"), ("en_name", "text"), ("parent", "text"),
                ("stage", "text"), ("opened_on", "date"), ("ended_on", "date"), ("absorbed_by", "text"),
            ),
            (),
            lambda unit: (unit.order, unit.code),
        ),
        EntryList(
            "deputies",
            Mandate,
            DeputyRegistered,
            "full_name",
            (
                ("code", "text"), ("full_name", "text"), ("term", "number"), ("level", "text"),
                ("constituency", "text"), ("group", "text"), ("background", "text"), ("tenure", "text"),
                ("stage", "text"), ("elected_on", "date"),
                ("opened_on", "date"), ("ended_on", "date"), ("ended_because", "text"),
            ),
            ("term", "level", "constituency", "group"),
            lambda deputy: deputy.code,
        ),
        EntryList(
            "groups",
            DeputyGroup,
            GroupFormed,
            "zh_name",
            (
                ("code", "text"), ("zh_name", "text"), ("en_name", "text"), ("leader", "text"), ("stage", "text"),
                ("opened_on", "date"), ("ended_on", "date"),
            ),
            (),
            lambda group: group.code,
        ),
        EntryList(
            "seats",
            Incumbency,
            SeatTaken,
            "holder",
            (
                ("body", "text"), ("organ", "text"), ("holder", "text"), ("deputy", "text"), ("post", "text"),
                ("engagement", "text"), ("tenure", "text"), ("stage", "text"), ("opened_on", "date"),
                ("ended_on", "date"), ("left_because", "text"),
            ),
            ("body",),
            lambda seat: (_BODIES.index(seat.body), seat.organ or "", seat.opened_on, seat.holder),
        ),
        EntryList(
            "meetings",
            Meeting,
            MeetingCalled,
            "title",
            (
                ("starts_on", "date"), ("meeting_kind", "text"), ("code", "text"), ("title", "text"),
                ("place", "text"), ("stage", "text"), ("materials_on", "date"), ("held_on", "date"),
            ),
            ("meeting_kind",),
            lambda meeting: (meeting.starts_on or date.min, meeting.code),
        ),
    )
}  # fmt: skip


def entries_of(services: Services, listed: EntryList, place: Jurisdiction, moment: Moment) -> list[RegistryCase]:
    """Every entry of a list at a moment, also those that had ended, in the list's own order."""
    found = services.registry.entries(place.code, moment.known, moment.as_of)
    return sorted((entry for entry in found if isinstance(entry, listed.case_type)), key=listed.order)


def wanted_of(listed: EntryList, query: EntriesQuery, entries: Iterable[RegistryCase]) -> list[RegistryCase]:
    """The entries that a query asks for."""
    given = {name: value for name in listed.filters if (value := getattr(query, name)) is not None}
    text = (query.text or "").casefold()
    return [
        entry
        for entry in entries
        if (query.ended or entry.ended_on is None)
        and all(str(getattr(entry, name)) == value for name, value in given.items())
        and text in f"{entry.name}\n{entry.code}".casefold()
    ]


def told_of(tell: Teller, entry: RegistryCase, name: str) -> Shown:
    """What an entry says in a column."""
    value = getattr(entry, name)
    return Shown(tell.person(value)) if name == "leader" else tell.value(name, value)


def value_of(tell: Teller, entry: RegistryCase, name: str) -> Value:
    """The same as a spreadsheet takes it: days and numbers are what they are."""
    value = getattr(entry, name)
    return value if isinstance(value, (date, int)) else told_of(tell, entry, name).text
