"""The projector: reads the ledger in its order and keeps the rows that readers ask for, each build by one leader."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import datetime
from importlib import resources
from threading import Event, Thread
from typing import Any

import psycopg
import structlog
from psycopg import sql

from adapters.batch import batch_work
from adapters.postgres.build import BESIDE, Build, PoisonError, ProjectorError, connect, table_of, tables_of
from adapters.postgres.comparing import Difference, compared, summed
from adapters.postgres.ledger import CHANNEL
from adapters.postgres.migrate import read_schema
from adapters.postgres.pool import PATIENCE_OF_PROGRAMS
from adapters.postgres.rebuild import Job, fill
from adapters.postgres.sums import BLOCK, WORTH
from projections.case_list import CaseList
from projections.catalogue import PROJECTIONS

_POLL_SECONDS = 0.5
_RETRY_SECONDS = 1.0
_RELEASED_SECONDS = 1.0
_PACE_SECONDS = 0.1
"""While much is recorded, a projection takes what comes in this time together: that costs far less.

The case list takes each record at once, since who records something looks for it there next.
"""
_POISON_SECONDS = 30.0
"""A record that could not be taken is tried again after that: the cause may be gone."""

_REBUILD_BATCH = 5_000
_STATISTICS = "30"
"""For PostgreSQL's 100, ANALYZE takes as long as a twentieth of the rebuild; the plans hardly differ."""

_LONG = 20_000
"""Over so many steps a projection that is new begins with a rebuild: step by step it would take much longer."""
_SAID_SECONDS = 10.0
"""How often a rebuild that nobody asked for says in the log how far it is."""

log = structlog.get_logger("duban.projector")

Progress = Callable[[int, int], None]
"""Told how many records are done, and of how many."""


class DifferenceError(RuntimeError):
    """A build of the same version says otherwise than the one that is shown; the message says what."""

    def __init__(self, difference: Difference) -> None:
        super().__init__(str(difference))
        self.difference = difference


class NothingToGoBackToError(RuntimeError):
    """There is no build to go back to, or it is of a version that this Duban does not keep."""

    def __init__(self, name: str, version: int | None) -> None:
        super().__init__(f"no build of {name} to go back to: {'none' if version is None else f'version {version}'}")
        self.version = version


@dataclass(frozen=True)
class Rebuilt:
    """What a rebuild did, and what it found in the build that was shown before it."""

    records: int
    rows: int
    before: int | None
    """Rows of the build before; None if there was none."""
    checksum: str | None
    """Of both builds, where both are of the same version and agree."""
    difference: Difference | None
    """Where they do not, and that was accepted."""


@dataclass(frozen=True)
class BuildStatus:
    """A build of a projection, with the rows that belong to one ledger."""

    name: str
    build: int
    version: int
    state: str
    position: int
    rows: int
    bytes: int
    """Of its tables with their indexes, whatever ledgers they hold."""
    created_at: datetime
    live_at: datetime | None
    checked_at: int | None = None
    """The position at which the checksum is taken: the same for every build of the name."""
    checksum: str | None = None


class Projector:
    """Runs every projection of the catalogue over one ledger, each in a thread with a connection of its own."""

    def __init__(
        self,
        conninfo: str,
        *,
        schema: str = "duban",
        ledger_id: str = "main",
        batch: int = 2_000,
        laid: tuple[int, int] = (BLOCK, WORTH),
    ) -> None:
        self._conninfo = conninfo
        self._schema = schema
        self._ledger_id = ledger_id
        self._batch = batch
        self._laid = laid
        self._stopping = Event()
        self._hints = {name: Event() for name in PROJECTIONS}

    def run(self, *, tick: Callable[[], None] | None = None) -> None:
        """Run until `stop`; lost connections are made again, a poison record stops only its projection."""
        threads = [
            Thread(target=self._listen, name="projector-ear", daemon=True),
            *(Thread(target=self._keep, args=(name,), name=f"projector-{name}", daemon=True) for name in PROJECTIONS),
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
        with batch_work(), connect(self._conninfo, self._schema) as conn:
            for name in PROJECTIONS:
                if not self._lead(conn, name, wait=True):
                    return
                build = self._live(conn, name)
                while build.step(self._batch) or build.sum_up():
                    pass

    def rebuild(self, name: str, progress: Progress | None = None, *, accept_difference: bool = False) -> Rebuilt:
        """Build a projection anew beside the live rows, compare, then swap in one transaction.

        Of the same version, both have to say the same at the same position: otherwise nothing is swapped and
        `DifferenceError` tells what differs, unless that is accepted beforehand.
        """
        with batch_work(), connect(self._conninfo, self._schema) as conn:
            self._alone(conn, name)
            conn.execute("SET synchronous_commit TO off")
            conn.execute("SELECT set_config('default_statistics_target', %s, false)", [_STATISTICS])
            heads = dict(conn.execute("SELECT ledger_id, position FROM ledger_head ORDER BY ledger_id").fetchall())
            number = self._new_build(conn, name, list(heads))
            builds = self._builds(conn, name, number, list(heads))
            done, total = 0, sum(heads.values())
            job = Job(self._conninfo, self._schema, name, number, heads)
            with closing(fill(conn, job)) as shares:
                for records in shares:
                    done += records
                    if progress is not None:
                        progress(done, max(total, done))
                    if self._stopping.is_set():
                        msg = f"{name} was not rebuilt: the projector is to stop"
                        raise ProjectorError(msg)
            self._run_file(conn, name, number, "indexes")
            conn.execute(sql.SQL("ANALYZE {}").format(table_of(self._schema, name, number)))
            for ledger_id, build in builds.items():
                build.advance(heads[ledger_id])
                while taken := build.step(_REBUILD_BATCH):
                    done += taken
            rebuilt = self._compared(conn, name, number, done)
            if rebuilt.difference is not None and not accept_difference:
                self._discard(conn, name, "building")
                raise DifferenceError(rebuilt.difference)
            self._swap(conn, name, number, list(builds.values()))
            return rebuilt

    def back(self, name: str, progress: Progress | None = None) -> int:
        """Show the build before again, once it has caught up; how many records it took. The other one is kept."""
        with batch_work(), connect(self._conninfo, self._schema) as conn:
            self._alone(conn, name)
            row = conn.execute(
                "SELECT build, version FROM projection_build WHERE name = %s AND state = 'retired'", [name]
            ).fetchone()
            number, version = row or (0, None)
            if version != PROJECTIONS[name]().version:
                raise NothingToGoBackToError(name, version)
            ledgers = conn.execute(
                "INSERT INTO projection_position (ledger_id, name, build) SELECT ledger_id, %s, %s FROM ledger_head"
                " ON CONFLICT (ledger_id, name, build) DO UPDATE SET heartbeat = clock_timestamp() RETURNING ledger_id",
                (name, number),
            ).fetchall()
            builds = self._builds(conn, name, number, [ledger_id for (ledger_id,) in ledgers])
            head = conn.execute("SELECT sum(position) FROM ledger_head").fetchone()
            total = int(head[0]) if head else 0
            missing = total - sum(build.position for build in builds.values())
            done = 0
            for build in builds.values():
                while taken := build.step(_REBUILD_BATCH):
                    done += taken
                    if progress is not None:
                        progress(done, max(missing, done))
            self._swap(conn, name, number, list(builds.values()))
            return done

    def builds(self, *, checksums: bool = False) -> list[BuildStatus]:
        """Every build that there is of every projection, with its rows; with a checksum, if that is asked for."""
        with connect(self._conninfo, self._schema) as conn:
            found = conn.execute(
                "SELECT name, build, version, state, coalesce(p.position, 0), created_at, live_at,"
                " min(p.position) FILTER (WHERE state <> 'building') OVER (PARTITION BY name)"
                " FROM projection_build LEFT JOIN projection_position p USING (name, build)"
                " WHERE coalesce(p.ledger_id, %(ledger)s) = %(ledger)s ORDER BY name, build",
                {"ledger": self._ledger_id},
            ).fetchall()
            told = []
            for name, number, version, state, position, created_at, live_at, common in found:
                rows, size = self._size(conn, name, number)
                built = BuildStatus(name, number, version, state, position, rows, size, created_at, live_at)
                if checksums and state != "building":
                    one = summed(conn, table_of(self._schema, name, number), self._ledger_id, common)
                    built = replace(built, checked_at=common, checksum=one.checksum)
                told.append(built)
            return told

    def _keep(self, name: str) -> None:
        while not self._stopping.is_set():
            try:
                with connect(self._conninfo, self._schema, PATIENCE_OF_PROGRAMS) as conn:
                    if self._lead(conn, name, wait=False):
                        self._follow(conn, name)
            except PoisonError as poison:
                log.error(  # noqa: TRY400 - the record is named, its trace is in the status
                    "projection stopped", projection=name, position=poison.position, error=str(poison)
                )
                self._stopping.wait(_POISON_SECONDS)
            except ProjectorError as error:
                log.warning("projection waits", projection=name, error=str(error))
            except psycopg.Error as error:
                log.warning("projection lost its connection", projection=name, error=str(error).strip())
            except Exception:
                log.exception("projection failed", projection=name)
            self._stopping.wait(_RETRY_SECONDS)

    def _follow(self, conn: psycopg.Connection[Any], name: str) -> None:
        """Lead a projection's live build: batches while there is something, then wait for a hint or a poll.

        A plan that PostgreSQL makes while a table is small may read all of it, and is kept while the table grows.
        """
        conn.execute("SET synchronous_commit TO off; SET enable_seqscan TO off")
        build = self._live(conn, name)
        looked = time.monotonic()
        hint = self._hints[name]
        pace = 0 if name == CaseList.name else _PACE_SECONDS
        while not self._stopping.is_set():
            hint.clear()
            taken = build.step(self._batch)
            if time.monotonic() - looked > _POLL_SECONDS:
                looked = time.monotonic()
                if self._current(conn, name) != build.build:
                    build = self._live(conn, name)
                    continue
            if taken < self._batch and not build.sum_up():
                if taken and pace:
                    self._stopping.wait(pace)
                hint.wait(_POLL_SECONDS)

    def _listen(self) -> None:
        """Pass hints on to every projection; while there is no connection for it, they poll."""
        while not self._stopping.is_set():
            try:
                with connect(self._conninfo, self._schema, PATIENCE_OF_PROGRAMS) as conn:
                    conn.execute(f"LISTEN {CHANNEL}")
                    while not self._stopping.is_set():
                        for _ in conn.notifies(timeout=_POLL_SECONDS, stop_after=1):
                            for hint in self._hints.values():
                                hint.set()
            except psycopg.Error as error:
                log.warning("no hints that something was recorded", error=str(error).strip())
                self._stopping.wait(_RETRY_SECONDS)

    def _alone(self, conn: psycopg.Connection[Any], name: str) -> None:
        """Become the one process that makes or swaps builds; the lock goes with the connection.

        What another process broke off is cleared away. A connection that was closed holds its lock a moment longer.
        """
        until = time.monotonic() + _RELEASED_SECONDS
        while True:
            row = conn.execute(
                "SELECT pg_try_advisory_lock(hashtextextended(%s, 0))", [f"{self._schema}/{name}/rebuild"]
            ).fetchone()
            if row is not None and row[0]:
                break
            if time.monotonic() > until:
                msg = f"{name} is being rebuilt by another process"
                raise ProjectorError(msg)
            time.sleep(0.05)
        self._discard(conn, name, "building")

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
        """The live build; rebuilt first if the code has a newer version of it, or if it is new over a long ledger."""
        projection = PROJECTIONS[name]()
        row = conn.execute(
            "SELECT build, version FROM projection_build WHERE name = %s AND state = 'live'", [name]
        ).fetchone()
        if row is None and self._is_short(conn):
            number = self._new_build(conn, name, [self._ledger_id])
            build = Build(conn, self._schema, self._ledger_id, projection, number, self._laid)
            self._run_file(conn, name, number, "indexes")
            self._swap(conn, name, number, [])
            return build
        if row is None or row[1] != projection.version:
            self.rebuild(name, _said_in_log(name))
            return self._live(conn, name)
        number = row[0]
        conn.execute(
            "INSERT INTO projection_position (ledger_id, name, build) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING",
            (self._ledger_id, name, number),
        )
        return Build(conn, self._schema, self._ledger_id, projection, number, self._laid)

    def _is_short(self, conn: psycopg.Connection[Any]) -> bool:
        row = conn.execute("SELECT coalesce(sum(position), 0) FROM ledger_head").fetchone()
        return row is None or row[0] < _LONG

    def _builds(
        self, conn: psycopg.Connection[Any], name: str, number: int, ledgers: Sequence[str]
    ) -> dict[str, Build]:
        return {
            ledger_id: Build(conn, self._schema, ledger_id, PROJECTIONS[name](), number, self._laid)
            for ledger_id in ledgers
        }

    def _compared(self, conn: psycopg.Connection[Any], name: str, number: int, done: int) -> Rebuilt:
        """What there is of a build beside the one that is shown."""
        rows, _ = self._size(conn, name, number)
        live = conn.execute(
            "SELECT build, version FROM projection_build WHERE name = %s AND state = 'live'", [name]
        ).fetchone()
        if live is None:
            return Rebuilt(done, rows, None, None, None)
        before, _ = self._size(conn, name, live[0])
        if live[1] != PROJECTIONS[name]().version:
            return Rebuilt(done, rows, before, None, None)
        old, new = table_of(self._schema, name, live[0]), table_of(self._schema, name, number)
        shared = conn.execute(
            "SELECT ledger_id, least(o.position, n.position) FROM projection_position o"
            " JOIN projection_position n USING (ledger_id, name)"
            " WHERE name = %s AND o.build = %s AND n.build = %s ORDER BY ledger_id",
            (name, live[0], number),
        ).fetchall()
        sums = []
        for ledger_id, position in shared:
            found = compared(conn, old, new, ledger_id, position)
            if isinstance(found, Difference):
                return Rebuilt(done, rows, before, None, found)
            sums.append(found.checksum)
        return Rebuilt(done, rows, before, " ".join(sums), None)

    def _size(self, conn: psycopg.Connection[Any], name: str, number: int) -> tuple[int, int]:
        """How many rows a build has, and how many bytes it takes with what stands beside them."""
        tables = tables_of(self._schema, name, number)
        row = conn.execute(
            sql.SQL(
                "SELECT count(*), (SELECT sum(pg_total_relation_size(to_regclass(one))) FROM unnest(%s::text[]) AS one)"
                " FROM {}"
            ).format(tables["table"]),
            [[table.as_string(conn) for table in tables.values()]],
        ).fetchone()
        return (int(row[0]), int(row[1])) if row else (0, 0)

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
            for table in tables_of(self._schema, name, number).values():
                conn.execute(sql.SQL("GRANT SELECT ON {} TO duban_app, duban_auditor").format(table))
        return number

    def _swap(self, conn: psycopg.Connection[Any], name: str, number: int, builds: Sequence[Build]) -> None:
        """Show a build to readers instead of the live one, which waits meanwhile and is kept; drop the older."""
        with conn.transaction():
            conn.execute(
                "SELECT 1 FROM projection_position p JOIN projection_build b USING (name, build)"
                " WHERE name = %s AND b.state = 'live' FOR UPDATE OF p",
                [name],
            )
            for build in builds:
                while build.step(_REBUILD_BATCH):
                    pass
            self._discard(conn, name, "retired", but=number)
            conn.execute("UPDATE projection_build SET state = 'retired' WHERE name = %s AND state = 'live'", [name])
            conn.execute(
                "UPDATE projection_build SET state = 'live', live_at = clock_timestamp()"
                " WHERE name = %s AND build = %s",
                (name, number),
            )
            for one in (name, *BESIDE.get(name, ())):
                view = sql.Identifier(read_schema(self._schema), one)
                conn.execute(sql.SQL("DROP VIEW IF EXISTS {}").format(view))
                conn.execute(
                    sql.SQL("CREATE VIEW {} WITH (security_invoker) AS SELECT * FROM {}").format(
                        view, table_of(self._schema, one, number)
                    )
                )
                conn.execute(sql.SQL("GRANT SELECT ON {} TO duban_app, duban_auditor").format(view))
            if name == CaseList.name:
                self._run_file(conn, name, number, "audience")

    def _discard(self, conn: psycopg.Connection[Any], name: str, state: str, but: int = 0) -> None:
        """Nothing is left of the builds in a state: those that were broken off, or that nobody goes back to."""
        found = conn.execute(
            "SELECT build FROM projection_build WHERE name = %s AND state = %s AND build <> %s", (name, state, but)
        )
        for (number,) in found.fetchall():
            with conn.transaction():
                for table in tables_of(self._schema, name, number).values():
                    conn.execute(sql.SQL("DROP TABLE IF EXISTS {}").format(table))
                conn.execute("DELETE FROM projection_position WHERE name = %s AND build = %s", (name, number))
                conn.execute("DELETE FROM projection_build WHERE name = %s AND build = %s", (name, number))

    def _run_file(self, conn: psycopg.Connection[Any], name: str, number: int, kind: str = "") -> None:
        file = resources.files("adapters.postgres") / "tables" / f"{name}{'.' + kind if kind else ''}.sql"
        names = {"read": sql.Identifier(read_schema(self._schema)), **tables_of(self._schema, name, number)}
        conn.execute(sql.SQL(file.read_text("utf-8")).format(**names))


def _said_in_log(name: str) -> Progress:
    """How far a rebuild is, now and then, in the log."""
    began = said = time.monotonic()

    def say(done: int, total: int) -> None:
        nonlocal said
        now = time.monotonic()
        if now - said >= _SAID_SECONDS:
            said = now
            rate = done / (now - began)
            log.info(
                "projection is rebuilt",
                projection=name,
                done=done,
                total=total,
                steps_per_second=round(rate),
                seconds_left=round((total - done) / rate) if rate else None,
            )

    return say
