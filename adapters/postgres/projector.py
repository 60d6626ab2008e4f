"""The projector: reads the ledger in its order and keeps the rows that readers ask for, each build by one leader."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import closing
from importlib import resources
from threading import Event, Thread
from typing import Any

import psycopg
import structlog
from psycopg import sql

from adapters.batch import batch_work
from adapters.postgres.build import BESIDE, Build, PoisonError, ProjectorError, connect, table_of, tables_of
from adapters.postgres.migrate import read_schema
from adapters.postgres.pool import PATIENCE_OF_PROGRAMS
from adapters.postgres.rebuild import Job, fill
from adapters.postgres.sums import BLOCK
from projections.catalogue import PROJECTIONS

CHANNEL = "duban_recorded"
"""The hint that something was recorded; losing one costs at most a poll."""

_POLL_SECONDS = 0.5
_RETRY_SECONDS = 1.0
_POISON_SECONDS = 30.0
"""A record that could not be taken is tried again after that: the cause may be gone."""

_REBUILD_BATCH = 5_000
_STATISTICS = "30"
"""For PostgreSQL's 100, ANALYZE takes as long as a twentieth of the rebuild; the plans hardly differ."""

log = structlog.get_logger("duban.projector")


class Projector:
    """Runs every projection of the catalogue over one ledger, each in a thread with a connection of its own."""

    def __init__(
        self, conninfo: str, *, schema: str = "duban", ledger_id: str = "main", batch: int = 2_000, block: int = BLOCK
    ) -> None:
        self._conninfo = conninfo
        self._schema = schema
        self._ledger_id = ledger_id
        self._batch = batch
        self._block = block
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
            with batch_work(), connect(self._conninfo, self._schema) as conn:
                if not self._lead(conn, name, wait=True):
                    return
                build = self._live(conn, name)
                while build.step(self._batch):
                    pass

    def rebuild(self, name: str, progress: Callable[[int, int], None] | None = None) -> int:
        """Build a projection anew beside the live rows, then swap in one transaction; how many records it read."""
        with batch_work(), connect(self._conninfo, self._schema) as conn:
            if not self._lead(conn, f"{name}/rebuild", wait=False):
                msg = f"{name} is being rebuilt by another process"
                raise ProjectorError(msg)
            conn.execute("SET synchronous_commit TO off")
            conn.execute("SELECT set_config('default_statistics_target', %s, false)", [_STATISTICS])
            heads = dict(conn.execute("SELECT ledger_id, position FROM ledger_head ORDER BY ledger_id").fetchall())
            number = self._new_build(conn, name, list(heads))
            builds = {
                ledger_id: Build(conn, self._schema, ledger_id, PROJECTIONS[name](), number, self._block)
                for ledger_id in heads
            }
            done, total = 0, sum(heads.values())
            job = Job(self._conninfo, self._schema, name, number, heads)
            with closing(fill(conn, job)) as shares:
                for records in shares:
                    done += records
                    if progress is not None:
                        progress(done, max(total, done))
                    if self._stopping.is_set():
                        return done
            self._run_file(conn, name, number, "indexes")
            conn.execute(sql.SQL("ANALYZE {}").format(table_of(self._schema, name, number)))
            for ledger_id, build in builds.items():
                build.advance(heads[ledger_id])
                while taken := build.step(_REBUILD_BATCH):
                    done += taken
            self._swap(conn, name, number, list(builds.values()))
            return done

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
            except psycopg.Error as error:
                log.warning("projection lost its connection", projection=name, error=str(error).strip())
            except Exception:
                log.exception("projection failed", projection=name)
            self._stopping.wait(_RETRY_SECONDS)

    def _follow(self, conn: psycopg.Connection[Any], name: str) -> None:
        """Lead a projection's live build: batches while there is something, then wait for a hint or a poll."""
        conn.execute("SET synchronous_commit TO off")
        with connect(self._conninfo, self._schema, PATIENCE_OF_PROGRAMS) as listener:
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
            build = Build(conn, self._schema, self._ledger_id, projection, number, self._block)
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
        return Build(conn, self._schema, self._ledger_id, projection, number, self._block)

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
            for one in (name, *BESIDE.get(name, ())):
                view = sql.Identifier(read_schema(self._schema), one)
                conn.execute(sql.SQL("DROP VIEW IF EXISTS {}").format(view))
                conn.execute(
                    sql.SQL("CREATE VIEW {} WITH (security_invoker) AS SELECT * FROM {}").format(
                        view, table_of(self._schema, one, number)
                    )
                )
                conn.execute(sql.SQL("GRANT SELECT ON {} TO duban_app, duban_auditor").format(view))
            for (old,) in stale:
                for table in tables_of(self._schema, name, old).values():
                    conn.execute(sql.SQL("DROP TABLE IF EXISTS {}").format(table))
                conn.execute("DELETE FROM projection_position WHERE name = %s AND build = %s", (name, old))
                conn.execute("DELETE FROM projection_build WHERE name = %s AND build = %s", (name, old))

    def _run_file(self, conn: psycopg.Connection[Any], name: str, number: int, kind: str = "") -> None:
        file = resources.files("adapters.postgres") / "tables" / f"{name}{'.' + kind if kind else ''}.sql"
        conn.execute(sql.SQL(file.read_text("utf-8")).format(**tables_of(self._schema, name, number)))
