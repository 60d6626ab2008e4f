"""An object-centric event log (OCEL 2.0) of cases at a moment: their steps as events, and the objects they are about.

`docs/ocel.md` says what becomes of what. Nothing of a person is in it, nor what is sealed for the reader: a case file
comes in as its reader may know it (`policy.as_shown`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime
from enum import Enum
from functools import cache
from itertools import pairwise
from operator import attrgetter
from types import NoneType, UnionType
from typing import Any, Literal, NamedTuple, Union, cast, get_args, get_origin

from pydantic import BaseModel
from pydantic_core import to_json

from domain import fold
from domain.case import (
    CASE_TYPES,
    STEPS,
    Attachment,
    AttachmentAdded,
    Case,
    Corrected,
    Facts,
    Recorded,
    Reference,
    Role,
    Step,
    Voided,
)
from domain.matter import Matter
from domain.moment import Moment
from domain.personal import personal_fields
from domain.registry import RegistryCase
from domain.values import Named, marks

LogFormat = Literal["ocel-json", "ocel-sqlite"]
ValueKind = Literal["string", "time", "integer", "float", "boolean"]
Value = str | int | float | datetime

ENVELOPE: tuple[tuple[str, ValueKind], ...] = (
    ("name_zh", "string"),
    ("occurred_on", "string"),
    ("date_precision", "string"),
    ("recorded_at", "time"),
    ("position", "integer"),
    ("step_number", "integer"),
    ("place_in_case", "integer"),
    ("acting_role", "string"),
    ("acting_office", "string"),
    ("late", "boolean"),
    ("corrected", "boolean"),
    ("counted_under", "string"),
    ("paper_number", "string"),
    ("paper_title", "string"),
    ("paper_sha256", "string"),
)
"""What every event says beside the fields of its step."""

_OF_CASE: tuple[tuple[str, ValueKind], ...] = (("jurisdiction", "string"), ("stage", "string"))
_OF_FILE: tuple[tuple[str, ValueKind], ...] = (
    ("name", "string"),
    ("media_type", "string"),
    ("size", "integer"),
    ("kind", "string"),
    ("sha256", "string"),
)
_OWN = {"part", "attachment"}
"""How an event is about what belongs to its case, which is there only while the case has it."""
_NOT_PARTS = {"clocks", "persons", "measures"}
"""Fields of a case that hold no parts of the procedure, or tell of persons."""
_NOT_TOLD = {"time_zone", "changes"}
"""Fields of steps that are left out: a correction shows in what it corrects."""
_KINDS: dict[str, ValueKind] = {"bool": "boolean", "int": "integer", "float": "float"}
_TOLD_AS: dict[ValueKind, Any] = {"boolean": bool, "integer": int, "float": (int, float), "time": datetime}
_MANY = re.compile(r"(?:list|tuple|dict|set|frozenset|Sequence|Mapping)\[")


@dataclass(frozen=True, slots=True)
class LogType:
    """A type of events or objects, and the attributes that its own may have."""

    name: str
    attributes: tuple[tuple[str, ValueKind], ...]


@dataclass(frozen=True, slots=True)
class LogEvent:
    """A step that stands, as an event; with each object that it is about, in which way."""

    id: str
    type: LogType
    time: datetime
    attributes: Mapping[str, Value]
    objects: Mapping[str, str]


class Change(NamedTuple):
    """An attribute of an object has another value from a time on; None where it has none any more."""

    time: datetime
    name: str
    value: Value | None


class LogObject:
    """An object: what it was at first, since when, and what changed."""

    __slots__ = ("_now", "attributes", "changes", "id", "since", "type")

    def __init__(self, id: str, kind: LogType, values: Sequence[object], since: datetime | None = None) -> None:
        """`values` are those of the type's attributes; `since` is None of what does not depend on the time."""
        self.id = id
        self.type = kind
        told = ((name, _told(value, of)) for (name, of), value in zip(kind.attributes, values, strict=True))
        self.attributes = {name: value for name, value in told if value is not None}
        self.since = since
        self.changes: list[Change] = []
        self._now = values

    def become(self, time: datetime, values: Sequence[object]) -> None:
        """Note what is otherwise from a time on; what is said of one time last holds, if it is news."""
        if values == self._now:
            return
        for (name, kind), value, before in zip(self.type.attributes, values, self._now, strict=True):
            if value != before:
                self._change(Change(time, name, _told(value, kind)))
        self._now = values

    def _change(self, change: Change) -> None:
        if self.since is None or change.time > self.since:
            self.changes = [c for c in self.changes if (c.time, c.name) != (change.time, change.name)]
            at_first = self.attributes.get(change.name)
            if change.value != next((c.value for c in reversed(self.changes) if c.name == change.name), at_first):
                self.changes.append(change)
        elif change.value is None:
            self.attributes.pop(change.name, None)
        else:
            self.attributes[change.name] = change.value


class Tie(NamedTuple):
    """An object has to do with another one, and how."""

    source: str
    target: str
    qualifier: str


@dataclass(slots=True)
class CaseLog:
    """What a log holds of one case."""

    events: list[LogEvent]
    objects: list[LogObject]
    ties: list[Tie]
    rulebooks: frozenset[str]
    calendars: frozenset[str]


class Entered:
    """The units, deputies and meetings that the cases of a log name, each an object of the log by itself."""

    def __init__(self, entries: Callable[[str], Iterable[RegistryCase]]) -> None:
        """`entries` tells what is entered under a jurisdiction, at the moment of the log."""
        self._entries = entries
        self._known: dict[str, dict[tuple[str, str], RegistryCase]] = {}
        self._named: dict[str, LogObject] = {}

    def by_code(self, jurisdiction: str, kind: str, code: str) -> str:
        """The id of the object for a code; of one that the registry does not know, too."""
        if (entry := self._of(jurisdiction).get((kind, code))) is not None:
            return self._note(entry)
        id = f"{kind}:{jurisdiction}:{code}"
        self._named.setdefault(id, _entered(id, kind, jurisdiction, code, code))
        return id

    def by_id(self, jurisdiction: str, case_id: str) -> str | None:
        """The id of the object for an entry; None if the registry has none."""
        entry = self._of(jurisdiction).get(("", case_id))
        return None if entry is None else self._note(entry)

    def objects(self) -> list[LogObject]:
        """Those that were named."""
        return list(self._named.values())

    def _note(self, entry: RegistryCase) -> str:
        if entry.id not in self._named:
            self._named[entry.id] = _entered(entry.id, entry.kind, entry.jurisdiction, entry.code, entry.name)
        return entry.id

    def _of(self, jurisdiction: str) -> dict[tuple[str, str], RegistryCase]:
        if jurisdiction not in self._known:
            known: dict[tuple[str, str], RegistryCase] = {}
            for entry in self._entries(jurisdiction):
                known[entry.kind, entry.code] = entry
                known["", entry.id] = entry
            self._known[jurisdiction] = known
        return self._known[jurisdiction]


def _entered(id: str, kind: str, jurisdiction: str, code: str, name: str) -> LogObject:
    """What is said of something of the registry, whenever that was."""
    said = {"jurisdiction": jurisdiction, "number": code, "title": name or code}
    told = type_of_case(kind)
    return LogObject(id, told, [said.get(attribute) for attribute, _ in told.attributes])


@dataclass
class EventLog:
    """The log of a selection: its cases, read as they are written; what they named; and what the log says of itself."""

    cases: Iterator[CaseLog]
    entered: Entered
    about: Mapping[str, Value]

    def itself(self, rulebooks: Iterable[str], calendars: Iterable[str], **counts: int) -> LogObject:
        """The object that says of which selection and moment the log is, and by which rules its deadlines count."""
        told: dict[str, Value] = {**self.about, **counts}
        told["rulebooks"], told["calendars"] = (", ".join(sorted(names)) for names in (rulebooks, calendars))
        kinds = {str: "string", int: "integer", datetime: "time"}
        attributes: Any = tuple((name, kinds[type(value)]) for name, value in told.items())
        return LogObject("export", LogType("export", attributes), list(told.values()))


# The types


@cache
def type_of_step(step: type[Step]) -> LogType:
    """The type of the events that a step is: its stored name without the version, its fields beside the envelope."""
    own = () if personal_fields(step) else tuple(_own_fields(step))
    return LogType(step.declared.wire.rpartition(".")[0], (*ENVELOPE, *own))


@cache
def type_of_case(kind: str) -> LogType:
    """The type of the objects that cases are: what lists show of them."""
    of_facts = ((one.name, _kind_of_text(str(one.type)) or "string") for one in fields(Facts))
    return LogType(kind, (*_OF_CASE, *of_facts))


@cache
def type_of_part(kind: str, field_name: str, part: Hashable) -> LogType:
    """The type of the objects that parts of a case are, called after the field that holds them."""
    attributes = ((one.name, _kind_of_text(str(one.type))) for one in fields(cast("Any", part)))
    return LogType(f"{kind}.{singular(field_name)}", tuple((name, told) for name, told in attributes if told))


FILE = LogType("file", _OF_FILE)


@cache
def singular(field_name: str) -> str:
    """What one of the parts in a field is called."""
    return f"{field_name[:-3]}y" if field_name.endswith("ies") else field_name.removesuffix("s")


def _own_fields(step: type[Step]) -> Iterator[tuple[str, ValueKind]]:
    for name, info in step.model_fields.items():
        if name not in _NOT_TOLD:
            yield name, _kind_of(info.annotation)


def _kind_of(annotation: Any) -> ValueKind:
    while True:
        if get_origin(annotation) in {Union, UnionType}:
            kinds = [kind for kind in get_args(annotation) if kind is not NoneType]
            annotation = kinds[0] if len(kinds) == 1 else str
        elif hasattr(annotation, "__metadata__"):
            annotation = get_args(annotation)[0]
        else:
            break
    if isinstance(annotation, type):
        if issubclass(annotation, datetime):
            return "time"
        return _KINDS.get(annotation.__name__, "string")
    return "string"


def _kind_of_text(annotation: str) -> ValueKind | None:
    """The kind of a dataclass's field by its annotation as it is written; None of what holds several."""
    if _MANY.match(annotation):
        return None
    first, _, rest = annotation.partition(" | ")
    if first == "datetime":
        return "time"
    return _KINDS.get(first, "string") if rest in {"", "None"} else "string"


def _told(value: object, kind: ValueKind) -> Value | None:
    """A value as an attribute of that kind tells it; None where there is nothing to tell."""
    if value is None:
        return None
    if type(value) is str:
        return value or None if kind == "string" else None
    if kind != "string":
        return value if isinstance(value, _TOLD_AS[kind]) and isinstance(value, bool) is (kind == "boolean") else None
    return _as_text(value) or None


def _as_text(value: object) -> str | None:
    match value:
        case () | []:
            return None
        case Enum():
            return str(value.value)
        case str():
            return str(value)
        case date():
            return value.isoformat()
        case BaseModel() | tuple() | list() | dict() | int() | float():
            return to_json(value, exclude_none=True).decode()
    return None


# A case

_Seen = tuple[str, LogType, tuple[object, ...]]
"""The case or a part of it as it is after a step: its id, its type, the values of its attributes."""


def log_of(history: Sequence[Recorded], moment: Moment, entered: Entered) -> CaseLog | None:
    """What a log holds of a case at a moment; None if there was no case then."""
    records = fold.known_by(history, moment.known)
    steps = [step for step in fold.sequence(records) if step.occurred_at <= moment.as_of]
    opening = next((step for step in steps if step.step.declared.opens), None)
    if opening is None:
        return None
    order = [opening, *(step for step in steps if step is not opening)]
    return _Telling(records, order, moment, entered).told()


class _Telling:
    """Folds a case step by step, and notes what each step is about and what it changes."""

    def __init__(
        self, records: Sequence[Recorded], order: Sequence[Recorded], moment: Moment, entered: Entered
    ) -> None:
        self.records, self.order, self.moment, self.entered = records, order, moment, entered
        self.objects: dict[str, LogObject] = {}
        self.places: list[dict[str, str]] = []
        self.ties: dict[tuple[str, str, str], None] = {}
        self.case = self._folded()

    def told(self) -> CaseLog:
        void = fold.voided_versions(self.records)
        amendments = [
            record
            for record in self.records
            if isinstance(record.step, (Corrected, Voided))
            and record.version not in void
            and record.occurred_at <= self.moment.as_of
        ]
        corrected = {
            record.step.corrects
            for record in self.records
            if isinstance(record.step, Corrected) and record.version not in void
        }
        for record in self.order:
            self._refer(record.step)
        self._tie_case()
        events = [
            self._event(record, about, place, corrected=record.version in corrected)
            for place, (record, about) in enumerate(zip(self.order, self.places, strict=True), 1)
        ]
        events += [self._event(record, {self.case.id: "amends"}, None, corrected=False) for record in amendments]
        deadlines = [deadline for record in self.order for deadline in record.deadlines]
        return CaseLog(
            events,
            list(self.objects.values()),
            [Tie(*key) for key in self.ties],
            frozenset(f"{d.rule.rulebook}@{d.rule.version}" for d in deadlines if d.rule is not None),
            frozenset(d.calendar for d in deadlines if d.calendar is not None),
        )

    def _folded(self) -> Case:
        """The case after its last step; with it what every step named, created and changed."""
        orderly = all(one.occurred_at <= other.occurred_at for one, other in pairwise(self.order))
        case = fold.open_case(self.order[0])
        before: dict[str, tuple[object, ...]] = {}
        for number, record in enumerate(self.order):
            if number:
                record.enact(case)
            parts = list(_parts_of(case))
            after = {id: values for id, _, values in parts}
            about = {case.id: "case"} | {id: "part" for id, values in after.items() if before.get(id) != values}
            about |= dict.fromkeys((id for id in _parts_named(case, record.step) if id in after), "part")
            self.places.append(about | self._of_registry(case, record) | _file_of(case, record.step))
            before = after
            if orderly:
                self._note(record.occurred_at, case, parts)
        if not orderly:
            for since, then in fold.timeline(self.records):
                if then is not None and since <= self.moment.as_of:
                    self._note(since, then, _parts_of(then))
        for attached in case.attachments:
            if attached.person is None:
                self._attach(case, attached)
        return case

    def _note(self, since: datetime, case: Case, parts: Iterable[_Seen]) -> None:
        for id, kind, values in (_seen(case), *parts):
            if id in self.objects:
                self.objects[id].become(since, values)
            else:
                self.objects[id] = LogObject(id, kind, values, since)

    def _attach(self, case: Case, attached: Attachment) -> None:
        id = _file_id(case, attached.sha256)
        self.objects[id] = LogObject(id, FILE, _reader(FILE)(attached))
        self.ties[id, case.id, "attached to"] = None

    def _of_registry(self, case: Case, record: Recorded) -> dict[str, str]:
        """The units, deputies and meetings that a step names, and for whom it was taken."""
        place, act = case.jurisdiction, record.act
        about: dict[str, str] = {}
        if act.role is Role.HANDLING_UNIT:
            about[self.entered.by_code(place, Named.UNIT, act.office)] = "acting unit"
        elif act.role is Role.DEPUTY:
            about[self.entered.by_code(place, Named.DEPUTY, act.actor)] = "acting deputy"
        for named, code in _named_in(record.step):
            about[self.entered.by_code(place, named, code)] = str(named)
        for reference in record.step.refers_to():
            if _of_registry(reference) and (id := self.entered.by_id(place, reference.case_id)) is not None:
                about[id] = next(iter(reference.kinds or ()))
        return about

    def _refer(self, step: Step) -> None:
        """The other cases that a step names."""
        for reference in step.refers_to():
            if _of_registry(reference):
                continue
            how = getattr(step, "link", None) or getattr(step, "relation", None) or reference.field.partition(".")[0]
            self.ties[self.case.id, reference.case_id, str(how)] = None

    def _tie_case(self) -> None:
        """What the case and its parts have to do with each other, with units and with the deputy, as it is now."""
        case, facts = self.case, self.case.facts()
        for other in case.follows():
            self.ties[case.id, other, "follows"] = None
        if facts.person is not None and not isinstance(case, Matter):  # there, the person is whom it is about
            self._tie(case.id, Named.DEPUTY, facts.person, "brought by")
        for unit in facts.units:
            self._tie(case.id, Named.UNIT, unit, "led by" if unit == facts.unit else "handled by")
        by_unit = _keyed_by_unit(case.kind)
        for name, key, part in _parts(case):
            id = _part_id(case, name, key)
            self.ties[id, case.id, "part of"] = None
            for unit in (key,) if name in by_unit else _units_of(part):
                self._tie(id, Named.UNIT, unit, "of")

    def _tie(self, source: str, named: Named, code: str, qualifier: str) -> None:
        self.ties[source, self.entered.by_code(self.case.jurisdiction, named, code), qualifier] = None

    def _event(self, record: Recorded, about: Mapping[str, str], place: int | None, *, corrected: bool) -> LogEvent:
        step, act = record.step, record.act
        event_type = type_of_step(STEPS[step.declared.wire])
        paper = act.source
        said: dict[str, object] = {
            "name_zh": step.declared.zh,
            "occurred_on": act.occurred_on,
            "date_precision": act.precision,
            "recorded_at": record.recorded_at if record.position else None,
            "position": record.position or None,
            "step_number": record.version,
            "place_in_case": place,
            "acting_role": act.role,
            "acting_office": act.office,
            "late": act.late,
            "corrected": corrected,
            "counted_under": next((f"{d.rule.rulebook}@{d.rule.version}" for d in record.deadlines if d.rule), None),
            "paper_number": None if paper is None else paper.number,
            "paper_title": None if paper is None else paper.title,
            "paper_sha256": None if paper is None else paper.sha256,
        }
        told = {
            name: _told(said[name] if name in said else step.__dict__.get(name), kind)
            for name, kind in event_type.attributes
        }
        known = {id: how for id, how in about.items() if how not in _OWN or id in self.objects}
        attributes = {name: value for name, value in told.items() if value is not None}
        return LogEvent(record.event_id, event_type, record.occurred_at, attributes, known)


def _seen(case: Case) -> _Seen:
    told = type_of_case(case.kind)
    return case.id, told, (case.jurisdiction, case.stage, *_OF_FACTS(case.facts()))


_OF_FACTS: Callable[[Facts], tuple[object, ...]] = attrgetter(*(one.name for one in fields(Facts)))


@cache
def _reader(told: LogType) -> Callable[[object], tuple[object, ...]]:
    """Reads the values of the attributes of a part."""
    names = [name for name, _ in told.attributes]
    if len(names) == 1:
        return lambda part: (getattr(part, names[0]),)
    return attrgetter(*names)


def _parts(case: Case) -> Iterator[tuple[str, str, Any]]:
    """The parts of a case, each with the field that holds it and its key."""
    for name in _part_fields(case.kind):
        for key, part in getattr(case, name).items():
            if hasattr(part, "__dataclass_fields__"):
                yield name, str(key), part


@cache
def _part_fields(kind: str) -> tuple[str, ...]:
    """The fields of a case that hold parts by their keys: `dict[…, SomePart]`, where the part is no plain value."""
    found = (one.name for one in fields(CASE_TYPES[kind]) if str(one.type).startswith("dict["))
    return tuple(name for name in found if name not in _NOT_PARTS)


def _parts_of(case: Case) -> Iterator[_Seen]:
    for name, key, part in _parts(case):
        kind = type_of_part(case.kind, name, cast("Hashable", type(part)))
        yield _part_id(case, name, key), kind, _reader(kind)(part)


def _part_id(case: Case, name: str, key: str) -> str:
    return f"{case.id}/{singular(name)}/{key}"


def _parts_named(case: Case, step: Step) -> Iterator[str]:
    """The parts that a step names: the one that it is about, and others by a field that is called after them."""
    if step.declared.part is not None and step.part_key is not None:
        yield _part_id(case, step.declared.part, step.part_key)
    for name in _part_fields(case.kind):
        if (key := step.__dict__.get(singular(name))) is not None:
            yield _part_id(case, name, str(key))


def _file_id(case: Case, sha256: str) -> str:
    return f"{case.id}/file/{sha256}"


def _file_of(case: Case, step: Step) -> dict[str, str]:
    """The file that a step adds, unless that is a person's or is not told."""
    if not isinstance(step, AttachmentAdded) or personal_fields(type(step)) or not step.sha256:
        return {}
    return {_file_id(case, step.sha256): "attachment"}


def _of_registry(reference: Reference) -> bool:
    """Whether it is a case of the registry that is named."""
    kinds = [CASE_TYPES[kind] for kind in reference.kinds or () if kind in CASE_TYPES]
    return bool(kinds) and all(case_type.of_registry for case_type in kinds)


def _units_of(part: object) -> tuple[str, ...]:
    """The units of which a part tells."""
    unit, others = getattr(part, "unit", None), getattr(part, "co_units", ())
    return (*((unit,) if unit else ()), *others)


@cache
def _keyed_by_unit(kind: str) -> frozenset[str]:
    """The fields that hold parts by the unit whose they are."""
    return frozenset(
        step.declared.part
        for step in STEPS.values()
        if step.declared.of(CASE_TYPES[kind])
        and step.declared.part is not None
        and (Named.UNIT in marks(type_of_field(step, step.declared.names)))
    )


def type_of_field(step: type[Step], name: str | None) -> Any:
    """The annotation of a field with its marks."""
    info = step.model_fields[name or ""]
    return (info.annotation, *info.metadata)


@cache
def _naming(model: type[BaseModel]) -> tuple[tuple[str, Named | None], ...]:
    """The fields of a step, or of what it lists, each with what it names; None of those that list something."""
    found: list[tuple[str, Named | None]] = []
    for name, info in model.model_fields.items():
        named = (mark for mark in marks((info.annotation, *info.metadata)) if mark is not Named.CASE)
        if (mark := next(named, None)) is not None:
            found.append((name, mark))
        elif any(isinstance(each, type) and issubclass(each, BaseModel) for each in get_args(info.annotation)):
            found.append((name, None))
    return tuple(found)


def _named_in(said: BaseModel) -> Iterator[tuple[Named, str]]:
    """The units and deputies that a step names, also in what it lists."""
    for name, mark in _naming(type(said)):
        value = said.__dict__.get(name)
        for each in value if isinstance(value, tuple) else (value,):
            if isinstance(each, BaseModel):
                yield from _named_in(each)
            elif mark is not None and isinstance(each, str):
                yield mark, each
