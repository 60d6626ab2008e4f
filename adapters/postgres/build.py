"""One build of a projection: its table, how far it has read a ledger, and the rows that follow from what it reads."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from datetime import datetime
from functools import cached_property, partial
from typing import Any, Final, LiteralString, NamedTuple

import psycopg
from psycopg import sql

from adapters.postgres import pool
from adapters.postgres.migrate import read_schema
from adapters.postgres.sums import BLOCK, COMPANIONS, WORTH, Blocks
from domain.case import Recorded
from domain.docket import read_step
from projections.case_list import CaseList
from projections.figures import Figures
from projections.projection import Changes, Histories, Projection

_BEAT_SECONDS = 2.0
_FEW = 50
_COLUMNS = "case_id, version, wire, state, position, recorded_at"
_POSITION: Final = 4

BESIDE: Final[Mapping[str, Sequence[str]]] = {Figures.name: COMPANIONS, CaseList.name: ("case_shares",)}
"""The tables that a projection has beside its rows."""

_Row = tuple[str, int, str, bytes, int, datetime]
"""A stored step, as `read_step` takes it."""


def connect(conninfo: str, schema: str, patience: float | None = None) -> psycopg.Connection[Any]:
    """A connection with the projector's rights; it waits for a statement as long as `patience` says, in seconds."""
    conn = pool.connect(conninfo, name="duban-projector", patience=patience)
    conn.execute(
        sql.SQL(
            "SET ROLE duban_projector; SET search_path TO {}; SET lock_timeout TO '10s'; SET timezone TO 'UTC'"
        ).format(sql.Identifier(schema))
    )
    return conn


def table_of(schema: str, name: str, build: int) -> sql.Identifier:
    """The table of a projection's build."""
    return sql.Identifier(read_schema(schema), f"{name}_{build}")


def tables_of(schema: str, name: str, build: int) -> dict[str, sql.Identifier]:
    """The tables of a projection's build, as its files name them: `table`, and those beside it by their own names."""
    beside = {one: table_of(schema, one, build) for one in BESIDE.get(name, ())}
    return {"table": table_of(schema, name, build), **beside}


def own_columns(conn: psycopg.Connection[Any], table: sql.Identifier) -> list[tuple[str, int]]:
    """The columns that are written, with their types: the database makes the others of them."""
    return conn.execute(
        "SELECT attname, atttypid FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0"
        " AND NOT attisdropped AND attgenerated = '' ORDER BY attnum",
        [table.as_string(conn)],
    ).fetchall()


class ProjectorError(RuntimeError):
    """A projection that cannot be built or swapped; the message says why."""


class PoisonError(RuntimeError):
    """A record that a projection could not take: the projection stops before it, and says so."""

    def __init__(self, position: int, cause: str) -> None:
        super().__init__(f"record {position}: {cause}")
        self.position = position
        self.cause = cause


class Cases(NamedTuple):
    """The cases of a ledger whose ids come after one id and not after another; None leaves an end open."""

    ledger_id: str
    after: str | None
    until: str | None


class Build:
    """One build of a projection over one ledger, written through the connection of whoever leads it."""

    def __init__(
        self,
        conn: psycopg.Connection[Any],
        schema: str,
        ledger_id: str,
        projection: Projection,
        build: int,
        laid: tuple[int, int] = (BLOCK, WORTH),
    ) -> None:
        self._conn = conn
        self._ledger_id = ledger_id
        self._projection = projection
        self.build = build
        self._position: int | None = None
        self._beaten = 0.0
        tables = tables_of(schema, projection.name, build)
        self._blocks = Blocks(conn, tables, ledger_id, *laid) if projection.name == Figures.name else None
        self._table = tables["table"]
        self._tables = [_Table(conn, table) for table in tables.values()]

    # Following the ledger

    @property
    def position(self) -> int:
        """The last position whose rows are stored; remembered, since only the leader moves it."""
        if self._position is None:
            row = self._conn.execute(
                "SELECT position FROM projection_position WHERE ledger_id = %s AND name = %s AND build = %s",
                (self._ledger_id, self._projection.name, self.build),
            ).fetchone()
            self._position = int(row[0]) if row else 0
        return self._position

    def step(self, limit: int) -> int:
        """Take the next records, rows and position in one transaction. Returns how many; 0 at the head.

        Those that another writer of a build took meanwhile, which was swapped, are not taken twice.
        """
        after = self.position
        rows = self._rows("position > %s", (after,), limit)
        if not rows:
            self._beat()
            return 0
        try:
            batch, changes = self._changes(rows, after)
        except PoisonError as poison:
            self._projection.forget()
            healthy = [row for row in rows if row[_POSITION] < poison.position]
            if not healthy:
                self.stop(poison)
                raise
            batch, changes = self._changes(healthy, after)
        self._position = None
        try:
            few = len(changes.added) + len(changes.closed) <= _FEW
            with self._conn.pipeline() if few else nullcontext(), self._conn.transaction():
                if not self.advance(batch[-1].position, after):
                    self._projection.forget()
                    return max(self.position - after, 0)
                (self._insert if few else self._copy)(changes)
        except BaseException:
            self._projection.forget()
            raise
        self._position = batch[-1].position
        return len(batch)

    def sum_up(self) -> bool:
        """Sum up one block of positions, if one is full and the ledger long; until then readers do without."""
        return self._blocks is not None and self._blocks.close_next(self.position)

    def advance(self, position: int, after: int | None = None) -> bool:
        """All up to a position is stored. Given where it stood before, whether nobody else has moved it meanwhile."""
        moved = self._conn.execute(
            "UPDATE projection_position SET position = %s, moved_at = clock_timestamp(),"
            " heartbeat = clock_timestamp(), error = NULL, error_position = NULL"
            " WHERE ledger_id = %s AND name = %s AND build = %s AND position = coalesce(%s, position) RETURNING build",
            (position, self._ledger_id, self._projection.name, self.build, after),
            prepare=True,
        )
        return moved.fetchone() is not None

    def stop(self, poison: PoisonError) -> None:
        """Say in the status why it goes no further."""
        self._conn.execute(
            "UPDATE projection_position SET error = %s, error_position = %s, heartbeat = clock_timestamp()"
            " WHERE ledger_id = %s AND name = %s AND build = %s",
            (str(poison)[:2000], poison.position, self._ledger_id, self._projection.name, self.build),
        )

    # Filling an empty table

    def take_cases(self, cases: Cases, head: int) -> int:
        """Take whole cases as they stand at a position: every row is written once. Returns how many records."""
        where: LiteralString = "position <= %s"
        params: list[Any] = [head]
        if cases.after is not None:
            where += " AND case_id > %s"
            params.append(cases.after)
        if cases.until is not None:
            where += " AND case_id <= %s"
            params.append(cases.until)
        self._projection.forget()
        try:
            batch = self._decoded(self._rows(where, params, None, "case_id, version"))
            changes = self._taken(batch, _no_histories, lambda _: _no_histories)
        except PoisonError as poison:
            self.stop(poison)
            raise
        self._copy(changes)
        return len(batch)

    # What both do

    def _changes(self, rows: Sequence[_Row], after: int) -> tuple[list[Recorded], Changes]:
        batch = self._decoded(rows)
        changes = self._taken(
            batch, partial(self._histories, until=after), lambda r: partial(self._histories, until=r.position - 1)
        )
        return batch, changes

    def _decoded(self, rows: Sequence[_Row]) -> list[Recorded]:
        batch: list[Recorded] = []
        for row in rows:
            try:
                batch.append(read_step(*row))
            except Exception as error:
                raise PoisonError(row[_POSITION], _told(error)) from error
        return batch

    def _taken(
        self, batch: Sequence[Recorded], histories: Histories, before: Callable[[Recorded], Histories]
    ) -> Changes:
        """The rows of a batch; if they cannot be had, the first record is named with which they cannot."""
        try:
            return self._projection.take(batch, histories)
        except Exception as error:
            self._projection.forget()
            for record in batch:
                try:
                    self._projection.take([record], before(record))
                except Exception as guilty:
                    raise PoisonError(record.position, _told(guilty)) from guilty
            raise PoisonError(batch[0].position, _told(error)) from error

    def _histories(self, cases: Sequence[str], until: int) -> Mapping[str, list[Recorded]]:
        found: dict[str, list[Recorded]] = {}
        for row in self._rows("case_id = ANY(%s) AND position <= %s", (list(cases), until), None, "case_id, version"):
            found.setdefault(row[0], []).append(read_step(*row))
        return found

    def _rows(
        self, where: LiteralString, params: Sequence[Any], limit: int | None, order: LiteralString = "position"
    ) -> list[_Row]:
        query: LiteralString = (
            f"SELECT {_COLUMNS} FROM ledger WHERE ledger_id = %s AND {where} ORDER BY {order} LIMIT %s"  # noqa: S608 - literals only
        )
        return self._conn.cursor(binary=True).execute(query, (self._ledger_id, *params, limit), prepare=True).fetchall()

    @cached_property
    def _end_many(self) -> str:
        """The statement that gives many rows their end. Planned each time: of how many, the plan depends on."""
        key = self._projection.key
        return self._statement(
            "UPDATE {} t SET known_to = c.known_to FROM unnest({}) AS c ({}, known_to) WHERE t.ledger_id = %s AND {}",
            sql.SQL(", ").join(sql.SQL("%b::{}[]").format(sql.SQL(kind)) for kind in [*key.values(), "bigint"]),
            sql.SQL(", ").join(map(sql.Identifier, key)),
            sql.SQL(" AND ").join(sql.SQL("t.{0} = c.{0}").format(sql.Identifier(column)) for column in key),
        )

    @cached_property
    def _end_one(self) -> str:
        """The statement that gives one row its end."""
        key = self._projection.key.items()
        return self._statement(
            "UPDATE {} SET known_to = %s WHERE ledger_id = %s AND {}",
            sql.SQL(" AND ").join(
                sql.SQL("{} = %s::{}").format(sql.Identifier(column), sql.SQL(kind)) for column, kind in key
            ),
        )

    def _statement(self, statement: LiteralString, *parts: sql.Composable) -> str:
        """A statement about the build's table, written out once."""
        return sql.SQL(statement).format(self._table, *parts).as_string(self._conn)

    def _insert(self, changes: Changes) -> None:
        """A few rows, in one round trip with the end of the transaction."""
        for *key, known_to in changes.closed:
            self._conn.execute(self._end_one, (known_to, self._ledger_id, *key), prepare=True)
        for table, rows in self._added(changes):
            for row in rows:
                self._conn.execute(table.insert, (self._ledger_id, *row), prepare=True)

    def _copy(self, changes: Changes) -> None:
        """Many rows, at the speed of COPY."""
        if changes.closed:
            columns = [list(column) for column in zip(*changes.closed, strict=True)]
            self._conn.execute(self._end_many, (*columns, self._ledger_id), prepare=False)
        for table, rows in self._added(changes):
            types = table.types
            with self._conn.cursor().copy(sql.SQL("COPY {} FROM STDIN (FORMAT BINARY)").format(table.name)) as copy:
                copy.set_types(types)
                for row in rows:
                    copy.write_row((self._ledger_id, *row))

    def _added(self, changes: Changes) -> Iterator[tuple[_Table, Sequence[tuple[Any, ...]]]]:
        """The rows to add, by the tables to which they are added; sums are laid beside figures another way."""
        return (
            (table, rows) for table, rows in zip(self._tables, (changes.added, changes.beside), strict=False) if rows
        )

    def _beat(self) -> None:
        if time.monotonic() < self._beaten + _BEAT_SECONDS:
            return
        self._beaten = time.monotonic()
        self._conn.execute(
            "UPDATE projection_position SET heartbeat = clock_timestamp()"
            " WHERE ledger_id = %s AND name = %s AND build = %s",
            (self._ledger_id, self._projection.name, self.build),
        )


class _Table:
    """A table that rows are added to."""

    def __init__(self, conn: psycopg.Connection[Any], name: sql.Identifier) -> None:
        self._conn = conn
        self.name = name

    @cached_property
    def types(self) -> list[int]:
        """Of the columns that are written."""
        return [type_code for _, type_code in own_columns(self._conn, self.name)]

    @cached_property
    def insert(self) -> str:
        """The statement that adds a row."""
        places = sql.SQL(", ").join([sql.Placeholder()] * len(self.types))
        return sql.SQL("INSERT INTO {} VALUES ({})").format(self.name, places).as_string(self._conn)


def _no_histories(cases: Sequence[str]) -> Mapping[str, list[Recorded]]:
    """Whole cases have nothing before them."""
    del cases
    return {}


def _told(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"
