"""Object-centric event logs (OCEL 2.0) as they leave the house: a SQLite database, or JSON that is read out of one."""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from datetime import UTC, datetime
from typing import IO, Any

import orjson

from projections.ocel import CaseLog, EventLog, LogEvent, LogFormat, LogObject, LogType, Value

_TABLES = """
CREATE TABLE "event_map_type" ("ocel_type" TEXT PRIMARY KEY, "ocel_type_map" TEXT);
CREATE TABLE "object_map_type" ("ocel_type" TEXT PRIMARY KEY, "ocel_type_map" TEXT);
CREATE TABLE "event" ("ocel_id" TEXT PRIMARY KEY, "ocel_type" TEXT REFERENCES "event_map_type" ("ocel_type"));
CREATE TABLE "object" ("ocel_id" TEXT PRIMARY KEY, "ocel_type" TEXT REFERENCES "object_map_type" ("ocel_type"));
CREATE TABLE "event_object" (
    "ocel_event_id" TEXT REFERENCES "event" ("ocel_id"),
    "ocel_object_id" TEXT REFERENCES "object" ("ocel_id"),
    "ocel_qualifier" TEXT,
    PRIMARY KEY ("ocel_event_id", "ocel_object_id", "ocel_qualifier")
) WITHOUT ROWID;
CREATE TABLE "object_object" (
    "ocel_source_id" TEXT REFERENCES "object" ("ocel_id"),
    "ocel_target_id" TEXT REFERENCES "object" ("ocel_id"),
    "ocel_qualifier" TEXT,
    PRIMARY KEY ("ocel_source_id", "ocel_target_id", "ocel_qualifier")
) WITHOUT ROWID;
CREATE TEMP TABLE "place" ("time" TEXT, "place" INTEGER PRIMARY KEY, "id" TEXT, "type" TEXT);
"""
_COLUMNS = {"string": "TEXT", "time": "TIMESTAMP", "integer": "INTEGER", "float": "REAL", "boolean": "BOOLEAN"}
_PRUNE = 'DELETE FROM "object_object" WHERE "ocel_target_id" NOT IN (SELECT "ocel_id" FROM "object")'
"""A case that is not in the selection is no object of the log, and nothing is tied to it."""

_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
"""Since when what does not depend on the time is so, as the standard has it."""
_NULL = "null"
_CHUNK = 64 * 1024
_BATCH = 500
_STATEMENTS = 1_000


class EventLogs:
    """Writes a log in the format that is asked for."""

    def write(self, log: EventLog, format: LogFormat) -> Iterator[bytes]:
        """The file, piece by piece; the log is whole before its first piece, so that what fails does so before."""
        file = tempfile.NamedTemporaryFile(prefix="duban-ocel-", suffix=".sqlite")  # noqa: SIM115 - whoever reads it closes it
        try:
            database = _Database(file.name)
        except BaseException:
            file.close()
            raise
        try:
            database.fill(log)
        except BaseException:
            database.close()
            file.close()
            raise
        return _json(database, file) if format == "ocel-json" else _pieces(database, file)


def _pieces(database: _Database, file: IO[bytes]) -> Iterator[bytes]:
    with closing(file):
        database.close()
        file.seek(0)
        while piece := file.read(_CHUNK):
            yield piece


def _json(database: _Database, file: IO[bytes]) -> Iterator[bytes]:
    with closing(file), closing(database):
        yield from database.as_json()


class _Database:
    """A log in SQLite, as the standard lays it out in tables."""

    def __init__(self, path: str) -> None:
        self._sql = sqlite3.connect(path, isolation_level=None, check_same_thread=False, cached_statements=_STATEMENTS)
        self._sql.executescript(f"PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; {_TABLES} BEGIN;")
        self._tables: dict[tuple[str, str], tuple[LogType, str]] = {}
        self._inserts: dict[tuple[str, str], str] = {}
        self._objects = 0
        self._events = 0

    def close(self) -> None:
        self._sql.close()

    def fill(self, log: EventLog) -> None:
        """Write everything: the cases one by one, then what they named, then what the log says of itself."""
        rulebooks, calendars, cases = set[str](), set[str](), 0
        for cases, case in enumerate(log.cases, 1):  # noqa: B007 - how many there were
            self._write_case(case)
            rulebooks |= case.rulebooks
            calendars |= case.calendars
        for entered in log.entered.objects():
            self._write_object(entered)
        self._write_object(
            log.itself(rulebooks, calendars, cases=cases, events=self._events, objects=self._objects + 1)
        )
        self._sql.execute(_PRUNE)
        self._sql.execute("COMMIT")

    def _write_case(self, case: CaseLog) -> None:
        for one in case.objects:
            self._write_object(one)
        for event in case.events:
            self._write_event(event)
        self._sql.executemany('INSERT OR IGNORE INTO "object_object" VALUES (?, ?, ?)', case.ties)

    def _write_object(self, one: LogObject) -> None:
        added = self._sql.execute('INSERT OR IGNORE INTO "object" VALUES (?, ?)', (one.id, one.type.name))
        if added.rowcount == 0:
            return
        self._objects += 1
        since = _written(one.since or _BEGINNING)
        rows = [(one.id, since, None, *_row(one.type, one.attributes))]
        rows += [
            (one.id, _written(change.time), change.name, *_row(one.type, {change.name: change.value}))
            for change in sorted(one.changes)
        ]
        self._sql.executemany(self._insert("object", one.type), rows)

    def _write_event(self, event: LogEvent) -> None:
        self._events += 1
        time = _written(event.time)
        self._sql.execute('INSERT INTO "event" VALUES (?, ?)', (event.id, event.type.name))
        row = (event.id, time, *_row(event.type, event.attributes))
        self._sql.execute(self._insert("event", event.type), row)
        self._sql.execute(
            'INSERT INTO "place" ("time", "id", "type") VALUES (?, ?, ?)', (time, event.id, event.type.name)
        )
        ties = [(event.id, object_id, qualifier) for object_id, qualifier in event.objects.items()]
        self._sql.executemany('INSERT INTO "event_object" VALUES (?, ?, ?)', ties)

    def _insert(self, what: str, log_type: LogType) -> str:
        """The statement that adds a row to the table of a type, which is made when the first of it comes."""
        key = what, log_type.name
        if key not in self._inserts:
            self._make_table(what, log_type)
            marks = ", ".join("?" * (len(log_type.attributes) + (3 if what == "object" else 2)))
            self._inserts[key] = f"INSERT INTO {self._tables[key][1]} VALUES ({marks})"
        return self._inserts[key]

    def _make_table(self, what: str, log_type: LogType) -> None:
        mapped = _mapped(log_type.name)
        table = _quoted(f"{what}_{mapped}")
        columns = [f"{_quoted(name)} {_COLUMNS[kind]}" for name, kind in log_type.attributes]
        changed = ['"ocel_changed_field" TEXT'] if what == "object" else []
        primary = " PRIMARY KEY" if what == "event" else ""
        identity = f'"ocel_id" TEXT{primary} REFERENCES {_quoted(what)} ("ocel_id")'
        told = ", ".join([identity, '"ocel_time" TIMESTAMP', *changed, *columns])
        self._sql.execute(f"CREATE TABLE {table} ({told})")
        if what == "object":
            self._sql.execute(f'CREATE INDEX {_quoted(f"of_{mapped}")} ON {table} ("ocel_id")')
        self._sql.execute(f'INSERT INTO "{what}_map_type" VALUES (?, ?)', (log_type.name, mapped))
        self._tables[what, log_type.name] = log_type, table

    # The same as JSON

    def as_json(self) -> Iterator[bytes]:
        """The same log in the JSON format: events in the order of their times, those of a case in its own order."""
        yield b'{"objectTypes":' + orjson.dumps(self._types("object"))
        yield b',"eventTypes":' + orjson.dumps(self._types("event"))
        yield b',"objects":['
        yield from _listed(self._objects_as_json())
        yield b'],"events":['
        yield from _listed(self._events_as_json())
        yield b"]}\n"

    def _types(self, what: str) -> list[dict[str, Any]]:
        return [
            {"name": log_type.name, "attributes": [{"name": name, "type": kind} for name, kind in log_type.attributes]}
            for (which, _), (log_type, _) in sorted(self._tables.items())
            if which == what
        ]

    def _objects_as_json(self) -> Iterator[dict[str, Any]]:
        for id, name in self._sql.execute('SELECT "ocel_id", "ocel_type" FROM "object" ORDER BY rowid'):
            log_type, table = self._tables["object", name]
            attributes: list[dict[str, str]] = []
            for _, time, changed, *values in self._sql.execute(
                f'SELECT * FROM {table} WHERE "ocel_id" = ? ORDER BY rowid', (id,)
            ):
                attributes += (
                    {"name": attribute, "value": _text(value, kind), "time": _json_time(time)}
                    for (attribute, kind), value in zip(log_type.attributes, values, strict=True)
                    if attribute == changed or (changed is None and value is not None)
                )
            ties = self._sql.execute(
                'SELECT "ocel_target_id", "ocel_qualifier" FROM "object_object" WHERE "ocel_source_id" = ?', (id,)
            )
            yield {"id": id, "type": name, "attributes": attributes, "relationships": _ties(ties)}

    def _events_as_json(self) -> Iterator[dict[str, Any]]:
        for id, name in self._sql.execute('SELECT "id", "type" FROM "place" ORDER BY "time", "place"'):
            log_type, table = self._tables["event", name]
            _, time, *values = self._sql.execute(f'SELECT * FROM {table} WHERE "ocel_id" = ?', (id,)).fetchone()
            attributes = [
                {"name": attribute, "value": _text(value, kind)}
                for (attribute, kind), value in zip(log_type.attributes, values, strict=True)
                if value is not None
            ]
            ties = self._sql.execute(
                'SELECT "ocel_object_id", "ocel_qualifier" FROM "event_object" WHERE "ocel_event_id" = ?', (id,)
            )
            yield {
                "id": id,
                "type": name,
                "time": _json_time(time),
                "attributes": attributes,
                "relationships": _ties(ties),
            }


def _row(log_type: LogType, values: Mapping[str, Value | None]) -> list[object]:
    row = [values.get(name) for name, _ in log_type.attributes]
    return [_written(value) if isinstance(value, datetime) else value for value in row]


def _written(time: datetime) -> str:
    return time.astimezone(UTC).replace(tzinfo=None).isoformat(" ", "microseconds")


def _json_time(time: str) -> str:
    return f"{time.replace(' ', 'T')}Z"


def _text(value: object, kind: str) -> str:
    """A value as a text, as the standard's schema wants every value."""
    if value is None:
        return _NULL
    if kind == "time":
        return _json_time(str(value))
    return ("true" if value else "false") if kind == "boolean" else str(value)


def _ties(rows: Iterable[tuple[str, str]]) -> list[dict[str, str]]:
    return [{"objectId": id, "qualifier": qualifier} for id, qualifier in rows]


def _listed(items: Iterable[dict[str, Any]]) -> Iterator[bytes]:
    """Items between commas, many to a piece."""
    first, batch = True, list[bytes]()
    for item in items:
        batch.append(orjson.dumps(item))
        if len(batch) == _BATCH:
            yield (b"" if first else b",") + b",".join(batch)
            first, batch = False, []
    if batch:
        yield (b"" if first else b",") + b",".join(batch)


def _mapped(name: str) -> str:
    """A type's name as the end of a table's: `suggestion.handed_over` is `SuggestionHandedOver`."""
    return "".join(word.capitalize() for word in name.replace(".", "_").split("_"))


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
