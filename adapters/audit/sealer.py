"""The sealer: writes the audit log of a ledger as tiles, and signs how far it is, ten seconds after a step at most."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, date, datetime
from threading import Event
from typing import Any, Final, NamedTuple

import psycopg
import structlog
from psycopg import sql

from adapters.audit.anchor import AnchorError, Stamp, anchor
from adapters.audit.checkpoint import Checkpoint
from adapters.audit.fork import Beginning, Fork, common_of
from adapters.audit.merkle import Frontier, leaf_hash, node_hash
from adapters.audit.note import NoteError, Signer
from adapters.audit.record import RecordError, entry
from adapters.audit.tiles import CHECKPOINT, ENTRIES, KEY, WIDTH, Tiles, pairs
from adapters.postgres.pool import PATIENCE_OF_PROGRAMS, connect

PAUSE_SECONDS = 2.0

_RETRY_SECONDS = 5.0
_ANCHOR_SECONDS = 60.0
_AT_ONCE: Final = 32 * WIDTH
_LEAVES_AT_ONCE = 50_000

log = structlog.get_logger("duban.sealer")


class ForkError(Exception):
    """The ledger is not the one that was signed before: it was restored without its end, or changed."""


class Growing:
    """A log's tree while it grows: its root, and the tiles along its right edge."""

    def __init__(self) -> None:
        self.frontier = Frontier()
        self._edges: list[list[bytes]] = [[]]
        self._full: list[tuple[int, int, list[bytes]]] = []

    def add(self, leaf: bytes) -> None:
        """Append a leaf hash."""
        self.frontier.add(leaf)
        level, number, found = 0, (self.frontier.size - 1) // WIDTH, leaf
        while True:
            edge = self._edges[level]
            edge.append(found)
            if len(edge) < WIDTH:
                return
            self._full.append((level, number, edge))
            self._edges[level] = []
            found = _top(edge)
            level, number = level + 1, number // WIDTH
            if level == len(self._edges):
                self._edges.append([])

    def filled(self) -> Iterator[tuple[int, int, list[bytes]]]:
        """The tiles that were filled since they were last asked for, as level, number and hashes."""
        full, self._full = self._full, []
        yield from full

    def edges(self) -> Iterator[tuple[int, int, list[bytes]]]:
        """The tiles that are not full."""
        number = self.frontier.size
        for level, edge in enumerate(self._edges):
            number //= WIDTH
            if edge:
                yield level, number, edge


class Sealed(NamedTuple):
    """What the sealer signed last."""

    size: int
    note: str | None


class Sealer:
    """Seals one ledger; of several, one works and the others wait."""

    def __init__(
        self,
        conninfo: str,
        signer: Signer,
        tiles: Tiles,
        *,
        schema: str = "duban",
        ledger_id: str = "main",
        stamp: Stamp | None = None,
        beginning: Beginning | None = None,
    ) -> None:
        self._beginning = beginning
        self._conninfo = conninfo
        self.signer = signer
        self._tiles = tiles
        self._schema = schema
        self._ledger_id = ledger_id
        self._stamp = stamp
        self._anchor_due = 0.0
        self._stopping = Event()
        self._growing: Growing | None = None

    def run(self) -> None:
        """Run until `stop`; whatever goes wrong is logged and tried again, and nothing is signed meanwhile."""
        while not self._stopping.is_set():
            try:
                with self._connected() as conn:
                    if self._lead(conn):
                        while not self._stopping.is_set():
                            self.seal(conn)
                            self._anchor(conn)
                            self._stopping.wait(PAUSE_SECONDS)
            except psycopg.Error as error:
                log.warning("sealer lost its connection", error=str(error).strip())
            except (ForkError, RecordError, NoteError) as error:
                log.error("nothing is signed", why=str(error))  # noqa: TRY400 - the message says all
            except Exception:
                log.exception("sealing failed")
            self._growing = None
            self._stopping.wait(_RETRY_SECONDS)

    def anchor(self, conn: psycopg.Connection[Any], day: date) -> int | None:
        """Lay down the newest checkpoint of a day, if there is one to lay down; the size that it has."""
        return anchor(conn, self._ledger_id, self._tiles, self.signer, self._stamp, day)

    def _anchor(self, conn: psycopg.Connection[Any]) -> None:
        """Lay down the day's checkpoint; an authority that does not answer is asked again later."""
        if time.monotonic() < self._anchor_due:
            return
        self._anchor_due = time.monotonic() + _ANCHOR_SECONDS
        try:
            if (size := self.anchor(conn, datetime.now(UTC).date())) is not None:
                log.info("anchored", size=size)
        except AnchorError as error:
            log.warning("not anchored", why=str(error))

    def stop(self) -> None:
        """Let it finish what it is writing."""
        self._stopping.set()

    def once(self) -> Sealed:
        """Seal what there is."""
        with self._connected() as conn:
            self._growing = None
            return self.seal(conn)

    def seal(self, conn: psycopg.Connection[Any]) -> Sealed:
        """Take what was recorded since into the log, and sign how far it is; what was signed, or stands signed."""
        if self._growing is None:
            self._growing = self._resumed(conn)
        growing = self._growing
        before, head = growing.frontier.size, self._head(conn)
        if head < before:
            raise ForkError(f"the log was signed at {before} records, and the ledger has {head}")
        try:
            while growing.frontier.size < head:
                self._extend(conn, growing, head)
            if head == before:
                return Sealed(head, None)
            return Sealed(head, self._sign(conn, growing))
        except BaseException:
            self._growing = None
            raise

    def _resumed(self, conn: psycopg.Connection[Any]) -> Growing:
        """The tree as it was signed last, from the ledger's leaves; refused if they are not those that were signed."""
        growing = Growing()
        found = self.signed(conn)
        self._tiles.write(KEY, f"{self.signer.public}\n".encode())
        if found is None:
            return growing
        last, note = found
        for leaf in self._leaves(conn, last.size):
            growing.add(leaf)
            for tile in growing.filled():
                self._restore(*tile)
        if growing.frontier.size < last.size:
            raise ForkError(f"the log was signed at {last.size} records, and the ledger has {growing.frontier.size}")
        if growing.frontier.root() != last.root:
            raise ForkError(f"the ledger's first {last.size} records are not those that were signed")
        self._write_edges(growing)
        for first in range(0, last.size, WIDTH):
            until = min(first + WIDTH, last.size)
            if not self._tiles.at(ENTRIES, first // WIDTH, until - first).is_file():
                self._write_entries(first, [found for found, _ in self._taken(conn, first, until)])
        self._tiles.write(CHECKPOINT, note.encode())
        return growing

    def fork(self, conn: psycopg.Connection[Any]) -> Fork:
        """How the ledger departs from what was signed; refused (`ForkError`) if it does not, or has nothing to sign."""
        found, head = self.signed(conn), self._head(conn)
        if found is None or head == 0:
            raise ForkError("nothing was signed, or nothing is there to sign")
        last, frontier = found[0], Frontier()
        leaves = list(self._leaves(conn, min(last.size, head)))
        for leaf in leaves:
            frontier.add(leaf)
        if frontier.size == last.size and frontier.root() == last.root:
            raise ForkError("the ledger continues what was signed: the log goes on as it is")
        return Fork(last, head, common_of(last, self._tiles, leaves))

    def signed(self, conn: psycopg.Connection[Any]) -> tuple[Checkpoint, str] | None:
        """What was signed last."""
        known = [(Checkpoint.opened(note, self.signer.public), note) for note in self._signed(conn)]
        return max(known, key=lambda one: one[0].size, default=None)

    def _extend(self, conn: psycopg.Connection[Any], growing: Growing, head: int) -> None:
        """Take the next records; their tiles are on the disk before anything is signed."""
        size = growing.frontier.size
        first = size // WIDTH * WIDTH
        taken = self._taken(conn, first, min(first + _AT_ONCE, head))
        for _, leaf in taken[size - first :]:
            growing.add(leaf)
        self._write_entries(first, [found for found, _ in taken])
        for tile in growing.filled():
            self._tiles.write_hashes(*tile)

    def _taken(self, conn: psycopg.Connection[Any], first: int, until: int) -> list[tuple[bytes, bytes]]:
        """The entries and leaves after a position and up to another; refused where a leaf does not cover its row."""
        rows = conn.execute(
            "SELECT position, case_id, version, wire, recorded_at, request_key, format, prev_leaf,"
            " encode(sha256(state), 'hex'), leaf FROM ledger"
            " WHERE ledger_id = %s AND position > %s AND position <= %s ORDER BY position",
            (self._ledger_id, first, until),
            binary=True,
        )
        taken = []
        for place, (*covered, state_digest, leaf) in enumerate(rows, first + 1):
            found = entry(self._ledger_id, tuple(covered), state_digest)
            if covered[0] != place or leaf_hash(found) != leaf:
                raise RecordError(f"record {place} is not what its leaf says, or there is none")
            taken.append((found, leaf))
        return taken

    def _write_entries(self, first: int, entries: list[bytes]) -> None:
        for start in range(0, len(entries), WIDTH):
            self._tiles.write_entries((first + start) // WIDTH, entries[start : start + WIDTH])

    def _write_edges(self, growing: Growing) -> None:
        for level, number, hashes in growing.edges():
            self._restore(level, number, hashes)

    def _restore(self, level: int, number: int, hashes: list[bytes]) -> None:
        """Write a tile unless it is there as it should be."""
        place = self._tiles.at(level, number, len(hashes))
        if not place.is_file():
            self._tiles.write_hashes(level, number, hashes)
        elif place.read_bytes() != b"".join(hashes):
            log.error("a tile was changed; it is written anew", tile=str(place))
            self._tiles.write_hashes(level, number, hashes)

    def _sign(self, conn: psycopg.Connection[Any], growing: Growing) -> str:
        self._write_edges(growing)
        signed = Checkpoint(self.signer.name, growing.frontier.size, growing.frontier.root())
        if self._beginning is None:
            note = self.signer.sign(signed.text())
        else:
            note, self._beginning = self._beginning.sign(signed.text(), self.signer), None
        conn.execute(
            "INSERT INTO checkpoint (ledger_id, origin, size, note) VALUES (%s, %s, %s, %s)",
            (self._ledger_id, signed.origin, signed.size, note),
        )
        self._tiles.write(CHECKPOINT, note.encode())
        return note

    def _signed(self, conn: psycopg.Connection[Any]) -> Iterator[str]:
        """What was signed last, as the database has it and as the folder has it: a restore may lose either."""
        row = conn.execute(
            "SELECT note FROM checkpoint WHERE ledger_id = %s AND origin = %s ORDER BY size DESC LIMIT 1",
            (self._ledger_id, self.signer.name),
        ).fetchone()
        if row is not None:
            yield row[0]
        with suppress(FileNotFoundError):
            yield (self._tiles.folder / CHECKPOINT).read_text(encoding="utf-8")

    def _head(self, conn: psycopg.Connection[Any]) -> int:
        row = conn.execute(
            "SELECT position FROM ledger_head WHERE ledger_id = %s", (self._ledger_id,), prepare=True
        ).fetchone()
        return int(row[0]) if row else 0

    def _leaves(self, conn: psycopg.Connection[Any], size: int) -> Iterator[bytes]:
        for first in range(0, size, _LEAVES_AT_ONCE):
            rows = conn.execute(
                "SELECT leaf FROM ledger WHERE ledger_id = %s AND position > %s AND position <= %s ORDER BY position",
                (self._ledger_id, first, min(first + _LEAVES_AT_ONCE, size)),
                binary=True,
            )
            for (leaf,) in rows:
                yield leaf

    @contextmanager
    def alone(self) -> Iterator[psycopg.Connection[Any]]:
        """A connection while no other sealer of the ledger works; refused (`ForkError`) if one does."""
        with self._connected() as conn:
            if not self._lead(conn):
                raise ForkError("a sealer works: end the service first")
            yield conn

    def _connected(self) -> psycopg.Connection[Any]:
        conn = connect(self._conninfo, name="duban-sealer", patience=PATIENCE_OF_PROGRAMS)
        conn.execute(
            sql.SQL("SET ROLE duban_sealer; SET search_path TO {}; SET timezone TO 'UTC'").format(
                sql.Identifier(self._schema)
            )
        )
        return conn

    def _lead(self, conn: psycopg.Connection[Any]) -> bool:
        """Become the one sealer of the ledger; the lock goes with the connection."""
        key = f"{self._schema}/{self._ledger_id}/sealer"
        row = conn.execute("SELECT pg_try_advisory_lock(hashtextextended(%s, 0))", [key]).fetchone()
        return row is not None and bool(row[0])


def _top(hashes: list[bytes]) -> bytes:
    """The hash over a full tile."""
    while len(hashes) > 1:
        hashes = [node_hash(left, right) for left, right in pairs(hashes)]
    return hashes[0]
