"""The projector: reads the ledger in its order and keeps the rows that readers ask for, each build by one leader."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from importlib import resources
from threading import Event, Thread
from typing import Any, LiteralString

import psycopg
import structlog
from psycopg import sql

from adapters.batch import batch_work
from adapters.postgres.migrate import read_schema
from domain.case import Recorded
from domain.docket import LedgerEvent, LedgerMapper
from projections.catalogue import PROJECTIONS
from projections.projection import Changes, Projection

CHANNEL = "duban_recorded"
"""The hint that something was recorded; losing one costs at most a poll."""

_POLL_SECONDS = 0.5
_BEAT_SECONDS = 2.0
_FEW = 50
_RETRY_SECONDS = 1.0
_REBUILD_BATCH = 5_000
_COLUMNS = "case_id, version, wire, state, position, recorded_at"

log = structlog.get_logger("duban.projector")


class ProjectorError(RuntimeError):
    """A projection that cannot be built or swapped; the message says why."""


class PoisonError(RuntimeError):
    """A record that a projection could not take: the projection stops before it, and says so."""

    def __init__(self, position: int, cause: BaseException) -> None:
        super().__init__(f"record {position}: {type(cause).__name__}: {cause}")
        self.position = position


class Build:
    """One build of a projection over one ledger: its table, its position, and the connection that leads it."""

    def __init__(
        self, conn: psycopg.Connection[Any], schema: str, ledger_id: str, projection: Projection, build: int
    ) -> None:
        self._conn = conn
        self._ledger_id = ledger_id
        self._projection = projection
        self.build = build
        self._mapper = LedgerMapper()
        self._table = sql.Identifier(read_schema(schema), f"{projection.name}_{build}")
        self._close = sql.SQL(
            "UPDATE {} t SET known_to = c.known_to FROM unnest(%b::text[], %b::timestamptz[], %b::bigint[],"
            " %b::bigint[]) AS c (case_id, valid_from, known_from, known_to)"
            " WHERE t.ledger_id = %s AND t.case_id = c.case_id AND t.valid_from = c.valid_from"
            " AND t.known_from = c.known_from"
        ).format(self._table)
        self._copy_types: list[int] | None = None
        self._position: int | None = None
        self._beaten = 0.0

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
        """Take the next records, rows and position in one transaction. Returns how many; 0 at the head."""
        after = self.position
        events = self._events("position > %s", (after,), limit)
        if not events:
            self._beat()
            return 0
        try:
            batch, changes = self._changes(events, after)
        except PoisonError as poison:
            self._projection.forget()
            healthy = [e for e in events if e.position < poison.position]
            if not healthy:
                self._stop(poison)
                raise
            batch, changes = self._changes(healthy, after)
        self._position = None
        try:
            with self._conn.transaction():
                if len(changes.added) > _FEW:
                    self._copy(changes)
                    self._advance(batch[-1].position)
                else:
                    with self._conn.pipeline():
                        self._insert(changes)
                        self._advance(batch[-1].position)
        except BaseException:
            self._projection.forget()
            raise
        self._position = batch[-1].position
        return len(batch)

    def _advance(self, position: int) -> None:
        self._conn.execute(
            "UPDATE projection_position SET position = %s, moved_at = clock_timestamp(),"
            " heartbeat = clock_timestamp(), error = NULL, error_position = NULL"
            " WHERE ledger_id = %s AND name = %s AND build = %s",
            (position, self._ledger_id, self._projection.name, self.build),
            prepare=True,
        )

    def _changes(self, events: Sequence[LedgerEvent], after: int) -> tuple[list[Recorded], Changes]:
        batch: list[Recorded] = []
        for event in events:
            try:
                batch.append(self._mapper.to_domain_event(event))
            except Exception as error:
                raise PoisonError(event.position, error) from error
        try:
            return batch, self._projection.take(batch, partial(self._histories, until=after))
        except Exception as error:
            raise PoisonError(self._guilty(batch, after), error) from error

    def _guilty(self, batch: Sequence[Recorded], after: int) -> int:
        """The position of the first record that the projection cannot take."""
        self._projection.forget()
        for record in batch:
            try:
                self._projection.take([record], partial(self._histories, until=record.position - 1))
            except Exception:  # noqa: BLE001 - whatever it is, this is the record
                return record.position
        return after + 1

    def _histories(self, cases: Sequence[str], until: int) -> Mapping[str, list[Recorded]]:
        found: dict[str, list[Recorded]] = {}
        events = self._events("case_id = ANY(%s) AND position <= %s", (list(cases), until), None, "case_id, version")
        for event in events:
            found.setdefault(str(event.originator_id), []).append(self._mapper.to_domain_event(event))
        return found

    def _events(
        self, where: LiteralString, params: tuple[Any, ...], limit: int | None, order: LiteralString = "position"
    ) -> list[LedgerEvent]:
        query: LiteralString = (
            f"SELECT {_COLUMNS} FROM ledger WHERE ledger_id = %s AND {where} ORDER BY {order} LIMIT %s"  # noqa: S608 - literals only
        )
        cursor = self._conn.cursor(binary=True)
        rows = cursor.execute(query, (self._ledger_id, *params, limit), prepare=True)
        return [LedgerEvent(*row) for row in rows]

    def _end(self, changes: Changes) -> None:
        if changes.closed:
            columns = [list(column) for column in zip(*changes.closed, strict=True)]
            self._conn.execute(self._close, (*columns, self._ledger_id), prepare=True)

    def _insert(self, changes: Changes) -> None:
        """A few rows, in one round trip with all else."""
        self._end(changes)
        for row in changes.added:
            values = sql.SQL(", ").join([sql.Placeholder()] * (1 + len(row)))
            self._conn.execute(
                sql.SQL("INSERT INTO {} VALUES ({})").format(self._table, values),
                (self._ledger_id, *row),
                prepare=True,
            )

    def _copy(self, changes: Changes) -> None:
        """Many rows, at the speed of COPY."""
        self._end(changes)
        if self._copy_types is None:
            described = self._conn.execute(sql.SQL("SELECT * FROM {} LIMIT 0").format(self._table)).description or []
            self._copy_types = [column.type_code for column in described]
        with self._conn.cursor().copy(sql.SQL("COPY {} FROM STDIN (FORMAT BINARY)").format(self._table)) as copy:
            copy.set_types(self._copy_types)
            for row in changes.added:
                copy.write_row((self._ledger_id, *row))

    def _beat(self) -> None:
        if time.monotonic() < self._beaten + _BEAT_SECONDS:
            return
        self._beaten = time.monotonic()
        self._conn.execute(
            "UPDATE projection_position SET heartbeat = clock_timestamp()"
            " WHERE ledger_id = %s AND name = %s AND build = %s",
            (self._ledger_id, self._projection.name, self.build),
        )

    def _stop(self, poison: PoisonError) -> None:
        self._conn.execute(
            "UPDATE projection_position SET error = %s, error_position = %s, heartbeat = clock_timestamp()"
            " WHERE ledger_id = %s AND name = %s AND build = %s",
            (str(poison)[:2000], poison.position, self._ledger_id, self._projection.name, self.build),
        )


class Projector:
    """Runs every projection of the catalogue over one ledger, each in a thread with a connection of its own."""

    def __init__(self, conninfo: str, *, schema: str = "duban", ledger_id: str = "main", batch: int = 2_000) -> None:
        self._conninfo = conninfo
        self._schema = schema
        self._ledger_id = ledger_id
        self._batch = batch
        self._stopping = Event()

    def run(self, *, tick: Callable[[], None] | None = None) -> None:
        """Run until `stop`; lost connections are made again, a poison record stops only its projection."""
        threads = [
            Thread(target=self._keep, args=(name,), name=f"projector-{name}", daemon=True) for name in PROJECTIONS
        ]
        for thread in threads:
            thread.start()
        while not self._stopping.wait(0.2):
            if tick is not None:
                tick()
        for thread in threads:
            thread.join(timeout=10)

    def stop(self) -> None:
        """Let the threads finish the batch they are in."""
        self._stopping.set()

    def catch_up(self) -> None:
        """Bring every live build to the head of the ledger, then return."""
        for name in PROJECTIONS:
            with batch_work(), self._connect() as conn:
                if not self._lead(conn, name, wait=True):
                    return
                build = self._live(conn, name)
                while build.step(self._batch):
                    pass

    def rebuild(self, name: str, progress: Callable[[int, int], None] | None = None) -> int:
        """Build a projection anew beside the live rows, then swap in one transaction; how many records it read."""
        with batch_work(), self._connect() as conn:
            if not self._lead(conn, f"{name}/rebuild", wait=False):
                msg = f"{name} is being rebuilt by another process"
                raise ProjectorError(msg)
            conn.execute("SET synchronous_commit TO off")
            heads = dict(conn.execute("SELECT ledger_id, position FROM ledger_head ORDER BY ledger_id").fetchall())
            number = self._new_build(conn, name, list(heads))
            builds = [Build(conn, self._schema, ledger_id, PROJECTIONS[name](), number) for ledger_id in heads]
            done, total = 0, sum(heads.values())
            for build in builds:
                while taken := build.step(_REBUILD_BATCH):
                    done += taken
                    if progress is not None:
                        progress(done, max(total, done))
                    if self._stopping.is_set():
                        return done
            self._run_file(conn, name, number, "indexes")
            conn.execute(sql.SQL("ANALYZE {}").format(self._identifier(name, number)))
            self._swap(conn, name, number, builds)
            return done

    def _keep(self, name: str) -> None:
        while not self._stopping.is_set():
            try:
                with self._connect() as conn:
                    if self._lead(conn, name, wait=False):
                        self._follow(conn, name)
            except PoisonError as poison:
                log.error(  # noqa: TRY400 - the record is named, its trace is in the status
                    "projection stopped", projection=name, position=poison.position, error=str(poison)
                )
                self._stopping.wait(30)
            except psycopg.Error as error:
                log.warning("projection lost its connection", projection=name, error=str(error).strip())
            except Exception:
                log.exception("projection failed", projection=name)
            self._stopping.wait(_RETRY_SECONDS)

    def _follow(self, conn: psycopg.Connection[Any], name: str) -> None:
        """Lead a projection's live build: batches while there is something, then wait for a hint or a poll."""
        conn.execute("SET synchronous_commit TO off")
        with self._connect() as listener:
            listener.execute(f"LISTEN {CHANNEL}")
            build = self._live(conn, name)
            looked = time.monotonic()
            while not self._stopping.is_set():
                taken = build.step(self._batch)
                if time.monotonic() - looked > _POLL_SECONDS:
                    looked = time.monotonic()
                    if self._current(conn, name) != build.build:
                        build = self._live(conn, name)
                        continue
                if taken < self._batch:
                    for _ in listener.notifies(timeout=_POLL_SECONDS, stop_after=1):
                        pass

    def _connect(self) -> psycopg.Connection[Any]:
        conn = psycopg.connect(self._conninfo, autocommit=True, application_name="duban-projector", connect_timeout=5)
        conn.execute(
            sql.SQL(
                "SET ROLE duban_projector; SET search_path TO {}; SET lock_timeout TO '10s'; SET timezone TO 'UTC'"
            ).format(sql.Identifier(self._schema))
        )
        return conn

    def _lead(self, conn: psycopg.Connection[Any], name: str, *, wait: bool) -> bool:
        """Become the one leader of a projection over a ledger; the lock goes with the connection."""
        key = f"{self._schema}/{self._ledger_id}/{name}"
        until = time.monotonic() + 30
        while True:
            row = conn.execute("SELECT pg_try_advisory_lock(hashtextextended(%s, 0))", [key]).fetchone()
            if row is not None and row[0]:
                return True
            if not wait or time.monotonic() > until or self._stopping.wait(0.05):
                return False

    def _current(self, conn: psycopg.Connection[Any], name: str) -> int | None:
        row = conn.execute(
            "SELECT build FROM projection_build WHERE name = %s AND state = 'live'", [name], prepare=True
        ).fetchone()
        return int(row[0]) if row else None

    def _live(self, conn: psycopg.Connection[Any], name: str) -> Build:
        """The live build; made if there is none, rebuilt first if the code has a newer version of the projection."""
        row = conn.execute(
            "SELECT build, version FROM projection_build WHERE name = %s AND state = 'live'", [name]
        ).fetchone()
        projection = PROJECTIONS[name]()
        if row is None:
            number = self._new_build(conn, name, [self._ledger_id])
            build = Build(conn, self._schema, self._ledger_id, projection, number)
            self._run_file(conn, name, number, "indexes")
            self._swap(conn, name, number, [])
            return build
        number, version = row
        if version != projection.version:
            self.rebuild(name)
            return self._live(conn, name)
        conn.execute(
            "INSERT INTO projection_position (ledger_id, name, build) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING",
            (self._ledger_id, name, number),
        )
        return Build(conn, self._schema, self._ledger_id, projection, number)

    def _new_build(self, conn: psycopg.Connection[Any], name: str, ledgers: Sequence[str]) -> int:
        with conn.transaction():
            row = conn.execute(
                "SELECT coalesce(max(build), 0) + 1 FROM projection_build WHERE name = %s", [name]
            ).fetchone()
            number = int(row[0]) if row else 1
            conn.execute(
                "INSERT INTO projection_build (name, build, version, state) VALUES (%s, %s, %s, 'building')",
                (name, number, PROJECTIONS[name]().version),
            )
            conn.execute(
                "INSERT INTO projection_position (ledger_id, name, build) SELECT unnest(%s::text[]), %s, %s",
                (list(ledgers), name, number),
            )
            self._run_file(conn, name, number)
            conn.execute(sql.SQL("GRANT SELECT ON {} TO duban_app").format(self._identifier(name, number)))
        return number

    def _swap(self, conn: psycopg.Connection[Any], name: str, number: int, builds: Sequence[Build]) -> None:
        """Show a build to readers instead of the live one, which waits meanwhile and is kept; drop the older."""
        view = sql.Identifier(read_schema(self._schema), name)
        with conn.transaction():
            conn.execute(
                "SELECT 1 FROM projection_position p JOIN projection_build b USING (name, build)"
                " WHERE name = %s AND b.state = 'live' FOR UPDATE OF p",
                [name],
            )
            for build in builds:
                while build.step(_REBUILD_BATCH):
                    pass
            stale = conn.execute(
                "SELECT build FROM projection_build WHERE name = %s AND build <> %s AND state <> 'live'",
                (name, number),
            ).fetchall()
            conn.execute("UPDATE projection_build SET state = 'retired' WHERE name = %s AND state = 'live'", [name])
            conn.execute(
                "UPDATE projection_build SET state = 'live', live_at = clock_timestamp()"
                " WHERE name = %s AND build = %s",
                (name, number),
            )
            conn.execute(sql.SQL("DROP VIEW IF EXISTS {}").format(view))
            conn.execute(sql.SQL("CREATE VIEW {} AS SELECT * FROM {}").format(view, self._identifier(name, number)))
            conn.execute(sql.SQL("GRANT SELECT ON {} TO duban_app").format(view))
            for (old,) in stale:
                conn.execute(sql.SQL("DROP TABLE IF EXISTS {}").format(self._identifier(name, old)))
                conn.execute("DELETE FROM projection_position WHERE name = %s AND build = %s", (name, old))
                conn.execute("DELETE FROM projection_build WHERE name = %s AND build = %s", (name, old))

    def _identifier(self, name: str, number: int) -> sql.Identifier:
        return sql.Identifier(read_schema(self._schema), f"{name}_{number}")

    def _run_file(self, conn: psycopg.Connection[Any], name: str, number: int, kind: str = "") -> None:
        file = resources.files("adapters.postgres") / "tables" / f"{name}{'.' + kind if kind else ''}.sql"
        conn.execute(sql.SQL(file.read_text("utf-8")).format(table=self._identifier(name, number)))
