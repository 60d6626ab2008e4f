"""Lists as offices keep them: one row each, under the headers that offices use, and how their cells are read."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from difflib import get_close_matches
from pathlib import Path
from typing import ClassVar, Protocol, TypeVar

from adapters.exchange.layout import Layout, plain
from adapters.exchange.source import Row, SourceCase, SourceStep
from domain.case import Role, Step
from domain.casefile import CaseFile
from domain.moment import start_of_day
from domain.office import Jurisdiction
from domain.refusal import Refused
from domain.registry import RegistryCase

_LONGEST_KEY = 100
_SHOWN = 100
_CANDIDATES = 10

_DAYS = (
    re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})\Z"),
    re.compile(r"(\d{4})/(\d{1,2})/(\d{1,2})\Z"),
    re.compile(r"(\d{4})\.(\d{1,2})\.(\d{1,2})\Z"),
    re.compile(r"(\d{4})年(\d{1,2})月(\d{1,2})日\Z"),
    re.compile(r"(\d{4})(\d{2})(\d{2})\Z"),
)
_SEVERAL = re.compile(r"[、，,;；\r\n]+")

Value = TypeVar("Value")


class _Named(Protocol):
    """A unit or a deputy: known for a time."""

    def on(self, day: date) -> bool:
        """Whether it is known on a day."""


class OfficeList:
    """What is known of one kind of list: its columns, what they are called, and what a template shows of them."""

    name: ClassVar[str]
    title: ClassVar[str]
    """Message id of what the list is called."""
    words: ClassVar[str]
    """The table of the template's words that explains its columns."""
    about: ClassVar[tuple[str, ...]]
    """What the template says of the whole, line by line."""
    by: ClassVar[frozenset[Role]]
    """Who may import it."""
    names: ClassVar[Mapping[str, tuple[str, ...]]]
    """What offices write above each column; the first is what a template writes. The field's own name counts too."""
    required: ClassVar[tuple[str, ...]]
    dates: ClassVar[tuple[str, ...]]
    said_with: ClassVar[tuple[tuple[str, str], ...]] = ()
    """Of two columns the first means nothing without the second."""
    key_column: ClassVar[str]
    looked_up: ClassVar[Mapping[str, str]] = {}
    """Columns whose values stand in a list of the template: of units or of groups."""
    fields: ClassVar[Mapping[str, str]] = {}
    """From which column a step's field is read."""

    def __init__(self, place: Jurisdiction, mapping: Mapping[str, str], entries: Sequence[RegistryCase] = ()) -> None:
        """`entries` is what the jurisdiction's registry has already."""
        self.jurisdiction = place.code
        self.place = place
        self.entries = entries
        told = {field: names[0] for field, names in self.names.items()} | dict(mapping)
        needed = frozenset((*self.required, *mapping))
        self.layout = Layout(tuple(self.names), needed, self._headers(mapping), others=True, told=told)

    def choices(self) -> Mapping[str, Sequence[str]]:
        """The only values that some columns may have, as offices write them."""
        return {}

    def examples(self, today: date) -> Sequence[Mapping[str, str | date]]:
        """Rows that a template shows, and that can be imported."""
        raise NotImplementedError

    def case(self, row: Row, key: str) -> SourceCase:
        """The steps that the row tells of."""
        raise NotImplementedError

    def figures(self, case_file: CaseFile) -> Iterator[str]:  # noqa: ARG002 - the hook's signature
        """What a report tells beside the number of steps; nothing, unless a list says so."""
        return iter(())

    def key(self, row: Row) -> str:
        """What the office calls the case, which is its own in the jurisdiction."""
        key = row.values[self.key_column].strip()
        if not key:
            raise Refused("import-missing", field=self.key_column)
        if len(key) > _LONGEST_KEY:
            raise Refused("value-not-allowed", field=self.key_column, reason="string_too_long", max_length=_LONGEST_KEY)
        if not key.isprintable():
            raise Refused("value-not-allowed", field=self.key_column, reason="string_pattern_mismatch")
        return key

    def read(self, row: Row) -> tuple[dict[str, str], dict[str, date]]:
        """What the row says, and on which days; one that lacks what it needs is refused."""
        values = {column: text.strip() for column, text in row.values.items()}
        for column in self.required:
            if not values[column]:
                raise Refused("import-missing", field=column)
        for said, needed in self.said_with:
            if values[said] and not values[needed]:
                raise Refused("import-needs-column", field=said, needed=self.names[needed][0])
        return values, {column: day_in(values[column], column) for column in self.dates if values[column]}

    def step(self, step: Step, day: date, column: str, on_behalf_of: str | None = None) -> SourceStep:
        """A step of that day, which stands in that column."""
        return SourceStep(step, start_of_day(day, self.place.time_zone), "day", column, on_behalf_of)

    def unit(self, text: str, day: date, column: str) -> str:
        """The code of the one unit of that code or name on that day."""
        if (unit := self.place.unit(text)) is not None:
            return unit.code
        return found(text, day, column, [(unit.code, (unit.zh, unit.en), unit) for unit in self.place.units])

    def deputy(self, text: str, day: date, column: str) -> str:
        """The id of the one deputy of that id or name on that day; the name, where any name is known."""
        if (deputy := self.place.deputy(text)) is not None:
            return deputy.id
        if self.place.registry == "open":
            return closed_up(text)
        return found(text, day, column, [(deputy.id, (deputy.name,), deputy) for deputy in self.place.deputies])

    def group(self, text: str, day: date, column: str) -> str:
        """The code of the one group of that code or name on that day."""
        if (group := self.place.group(text)) is not None:
            return group.code
        return found(text, day, column, [(group.code, (group.zh, group.en), group) for group in self.place.groups])

    def _headers(self, mapping: Mapping[str, str]) -> dict[str, str]:
        """From header to field; a field that is mapped is known under no other header, and a header means one field."""
        names = self.names
        if unknown := sorted(mapping.keys() - names.keys()):
            raise Refused("import-mapping-unknown-field", field="mapping", fields=unknown, known=list(names))
        mapped = [plain(header) for header in mapping.values()]
        if twice := sorted({header for header in mapping.values() if mapped.count(plain(header)) > 1}):
            raise Refused("import-mapping-twice", field="mapping", headers=twice)
        known = {plain(name): field for field, own in names.items() if field not in mapping for name in (field, *own)}
        return known | {plain(header): field for field, header in mapping.items()}


def read_mapping(path: Path) -> dict[str, str]:
    """A mapping file: our field = the header of the file at hand, one a line (TOML)."""
    try:
        told = tomllib.loads(path.read_text("utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError):
        raise Refused("import-mapping-unreadable", field="mapping", file=path.name) from None
    if wrong := sorted(field for field, header in told.items() if not isinstance(header, str) or not header.strip()):
        raise Refused("import-mapping-unreadable", field="mapping", file=path.name, fields=wrong)
    return told


def day_in(text: str, column: str) -> date:
    """A day, written with the year first in one of the ways that leave no doubt; a time of day is left out."""
    told = unicodedata.normalize("NFKC", text).split(" ")[0]
    for form in _DAYS:
        if (match := form.match(told)) is not None:
            try:
                return date(*map(int, match.groups()))
            except ValueError:
                break
    raise Refused("import-unreadable-date", field=column, text=text[:_SHOWN])


def one_of(known: Mapping[str, Value], text: str, column: str) -> Value:
    """The value that a text means, of those that are known."""
    told = closed_up(text)
    if told not in known:
        raise Refused("import-unknown-value", field=column, text=text[:_SHOWN], known=[name for name in known if name])
    return known[told]


def several(text: str) -> list[str]:
    """The names of a cell that holds several."""
    return [name for part in _SEVERAL.split(text) if (name := part.strip())]


def closed_up(name: str) -> str:
    """A name without blanks: 王　明 is 王明."""
    return "".join(name.split())


def found(text: str, day: date, column: str, known: Sequence[tuple[str, Iterable[str], _Named]]) -> str:
    """The code of the one of that name on a day; none, and several, are refused with those that may be meant."""
    name = closed_up(text)
    named = [(code, names, one) for code, names, one in known if name in map(closed_up, names)]
    codes = [code for code, _, one in named if one.on(day)]
    if len(codes) == 1:
        return codes[0]
    if codes:
        raise Refused("import-name-ambiguous", field=column, text=text[:_SHOWN], day=day.isoformat(), candidates=codes)
    near = {closed_up(n): code for code, names, one in known if one.on(day) for n in names}
    meant = [f"{near[n]} {n}" for n in get_close_matches(name[:_SHOWN], near, _CANDIDATES, 0.5)]
    raise Refused("import-name-unknown", field=column, text=text[:_SHOWN], day=day.isoformat(), candidates=meant)
