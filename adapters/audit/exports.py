"""What is handed to an auditor: a case's bundle, the step from one checkpoint to a later one, the log, a year of it.

docs/audit-format.md says how each file is read and checked.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import date, datetime, timedelta
from itertools import chain
from typing import Any, LiteralString

import orjson
from psycopg import sql

from adapters.audit.anchor import HEADS, folder_of
from adapters.audit.checkpoint import Checkpoint
from adapters.audit.fork import as_file, told_of
from adapters.audit.merkle import Hashes, consistency_proof, edge_of, inclusion_proof
from adapters.audit.record import BUNDLE, COLUMNS, CONSISTENCY, LOG, SHARD, Record
from adapters.audit.tiles import KEY, TileError, Tiles
from adapters.postgres.pool import Pool, translated
from domain.moment import day_of, start_of_day
from domain.refusal import Refused
from projections.reading import LogFork, LogStatus, LogYear, SignedCheckpoint

_ROWS_AT_ONCE = 5_000
_MICROSECOND = timedelta(microseconds=1)


class AuditExports:
    """Writes the files for auditors from the ledger and the tiles of its log."""

    def __init__(self, pool: Pool, ledger_id: str, tiles: Tiles) -> None:
        self._pool = pool
        self._ledger_id = ledger_id
        self._tiles = tiles

    def key(self) -> str:
        """The public key of the log, as it is published."""
        try:
            return (self._tiles.folder / KEY).read_text(encoding="ascii").strip()
        except FileNotFoundError:
            raise Refused("nothing-sealed") from None

    def status(self) -> LogStatus:
        """How far the log is signed, and since when something waits for it."""
        row = self._first(
            "SELECT c.size, c.note, c.signed_at, h.position,"
            " (SELECT extract(epoch FROM clock_timestamp() - l.recorded_at) FROM ledger l"
            "   WHERE l.ledger_id = h.ledger_id AND l.position = coalesce(c.size, 0) + 1)"
            " FROM ledger_head h LEFT JOIN LATERAL"
            " (SELECT * FROM current_checkpoint WHERE ledger_id = h.ledger_id ORDER BY size DESC LIMIT 1) c ON true"
            " WHERE h.ledger_id = %s"
        )
        size, note, signed_at, head, waits = row or (None, None, None, 0, None)
        return LogStatus(size or 0, note, signed_at, head, float(waits or 0))

    def newest(self) -> SignedCheckpoint | None:
        """The checkpoint that was signed last."""
        row = self._first(
            "SELECT c.size, c.note, c.signed_at, a.token IS NOT NULL FROM checkpoint c"
            " LEFT JOIN anchor a USING (ledger_id, origin, size)"
            " WHERE c.ledger_id = %s ORDER BY c.signed_at DESC LIMIT 1"
        )
        return None if row is None else SignedCheckpoint(*row)

    def checkpoint(self, size: int | None = None) -> str:
        """The newest checkpoint as a signed note, or the one of a size."""
        row = self._first(
            "SELECT note FROM current_checkpoint WHERE ledger_id = %s AND size = coalesce(%s, size)"
            " ORDER BY size DESC LIMIT 1",
            size,
        )
        if row is None:
            raise Refused("nothing-sealed") if size is None else Refused("no-such-checkpoint", size=size)
        return str(row[0])

    def time_stamp(self, size: int) -> bytes:
        """The time-stamp of the checkpoint of a size."""
        row = self._first("SELECT token FROM anchor WHERE ledger_id = %s AND size = %s ORDER BY anchored_at DESC", size)
        if row is None or row[0] is None:
            raise Refused("no-such-checkpoint", size=size)
        return bytes(row[0])

    def forks(self) -> list[LogFork]:
        """When the log was begun anew, and why; the last one first."""
        return [told for note in self._firsts() if (told := told_of(note)) is not None]

    def fork(self) -> dict[str, Any]:
        """The file that shows what the log has in common with the one before it (`duban-fork/1`)."""
        for note in self._firsts():
            if told_of(note) is not None:
                with _from_tiles():
                    return as_file(self._tiles, note)
        raise Refused("never-forked")

    def _firsts(self) -> list[str]:
        """The first checkpoint of every log that the ledger had, the last log first."""
        query = """
            WITH RECURSIVE log (origin) AS (
                SELECT min(origin) FROM checkpoint WHERE ledger_id = %(ledger)s
                UNION ALL
                SELECT (SELECT min(c.origin) FROM checkpoint c WHERE c.ledger_id = %(ledger)s AND c.origin > log.origin)
                FROM log WHERE log.origin IS NOT NULL
            )
            SELECT c.note FROM log, LATERAL (
                SELECT note, signed_at FROM checkpoint WHERE ledger_id = %(ledger)s AND origin = log.origin
                ORDER BY size LIMIT 1
            ) c ORDER BY c.signed_at DESC
        """
        with translated(), self._pool.connection() as conn:
            return [note for (note,) in conn.execute(query, {"ledger": self._ledger_id})]

    def daily(self, days: int) -> list[SignedCheckpoint]:
        """Of each day on which there was a checkpoint the one that was anchored, or the last; the newest day first."""
        query = (
            "SELECT DISTINCT ON (date_trunc('day', c.signed_at)) c.size, c.note, c.signed_at, a.token IS NOT NULL"
            " FROM current_checkpoint c LEFT JOIN anchor a USING (ledger_id, origin, size)"
            " WHERE c.ledger_id = %s AND c.signed_at > clock_timestamp() - make_interval(days => %s)"
            " ORDER BY date_trunc('day', c.signed_at) DESC, a.size IS NULL, c.size DESC"
        )
        with translated(), self._pool.connection() as conn:
            return [SignedCheckpoint(*row) for row in conn.execute(query, (self._ledger_id, days))]

    def bundle(self, case_id: str, since: int | None = None) -> dict[str, Any]:
        """All that is recorded of a case and sealed, each step with its proof.

        `since` is the size of a checkpoint held before: then the file proves that the log continues it.
        """
        found, size = self._head(BUNDLE, since)
        rows = self._rows("WHERE ledger_id = %s AND case_id = %s AND position <= %s ORDER BY version", case_id, size)
        if not rows:
            raise Refused("nothing-sealed")
        with _from_tiles():
            hash_at = self._tiles.reader()
            records = [
                record.said() | {"proof": _hashes(inclusion_proof(record.position - 1, size, hash_at))}
                for record in rows
            ]
        return found | {"ledger_id": self._ledger_id, "case_id": case_id, "records": records}

    def consistency(self, since: int) -> dict[str, Any]:
        """The newest checkpoint, and the proof that the log of an older one is its beginning."""
        return self._head(CONSISTENCY, since)[0]

    def whole(self) -> Iterator[bytes]:
        """The whole log up to the newest checkpoint: a line that says so, then a line for each record."""
        found, size = self._head(LOG, None)
        return self._with_records(found | {"ledger_id": self._ledger_id}, 0, size)

    def years(self, zone: str) -> list[LogYear]:
        """The calendar years of the time zone in which the signed steps were recorded."""
        if (newest := self.newest()) is None:
            return []
        query = (
            "SELECT min(recorded_at), max(recorded_at) FROM ledger"
            " WHERE ledger_id = %s AND position IN (1, %s) HAVING max(position) = %s"
        )
        size = newest.size
        if (times := self._first(query, size, size)) is None:
            return []
        first, last = (day_of(at, zone).year for at in times)
        found, before = [], 0
        for year in range(first, last + 1):
            until = size if year == last else self._position_before(_border(year + 1, zone))
            if until > before:
                found.append(LogYear(year, before + 1, until, closed=year < last))
            before = until
        return found

    def year(self, year: int, zone: str) -> Iterator[bytes]:
        """What was recorded in a year, as a file that is checked by itself (年度分卷).

        A line that says what the log was before and which checkpoint covers it, then a line for each record.
        """
        found = next((one for one in self.years(zone) if one.year == year), None)
        if found is None:
            raise Refused("no-such-year", year=year)
        with _from_tiles():
            hash_at = self._tiles.reader()
            said = {
                "format": SHARD,
                "ledger_id": self._ledger_id,
                "begins": _border(year, zone).isoformat(),
                "ends": _border(year + 1, zone).isoformat(),
                "opening": self._opening(found, hash_at),
                "closing": self._closing(found, hash_at),
            }
        return self._with_records(said, found.first - 1, found.last)

    def _opening(self, year: LogYear, hash_at: Hashes) -> dict[str, Any]:
        """The log before a year: its size and edge, that its last record is an earlier year's, and what was signed."""
        size = year.first - 1
        said: dict[str, Any] = {"size": size, "frontier": _hashes(edge_of(size, hash_at))}
        if not size:
            return said
        said["before"] = self._neighbour(size, size, hash_at)
        query = (
            "SELECT size, note FROM current_checkpoint WHERE ledger_id = %s AND size <= %s ORDER BY size DESC LIMIT 1"
        )
        if (signed := self._first(query, size)) is not None:
            said |= {"checkpoint": signed[1], "proof": _hashes(consistency_proof(signed[0], size, hash_at))}
        return said

    def _closing(self, year: LogYear, hash_at: Hashes) -> dict[str, Any]:
        """The checkpoint that covers a year, an anchored one if there is any; of a closed one, what comes next."""
        query = (
            "SELECT c.size, c.note, a.day, a.token FROM current_checkpoint c"
            " LEFT JOIN anchor a USING (ledger_id, origin, size)"
            " WHERE c.ledger_id = %s AND CASE WHEN %s THEN c.size > %s ELSE c.size = %s END"
            " ORDER BY a.day IS NULL, c.size LIMIT 1"
        )
        signed = self._first(query, year.closed, year.last, year.last)
        assert signed is not None  # noqa: S101 - the year is told from what is signed
        size, note, day, token = signed
        proof = _hashes(consistency_proof(year.last, size, hash_at))
        said = {"size": year.last, "checkpoint": note, "proof": proof}
        if year.closed:
            said["after"] = self._neighbour(year.last + 1, size, hash_at)
        if token is not None:
            said["time_stamp"] = _base64(token)
        if day is not None:
            with suppress(FileNotFoundError):
                said["case_heads"] = _base64((self._tiles.folder / folder_of(day) / HEADS).read_bytes())
        return said

    def _neighbour(self, position: int, size: int, hash_at: Hashes) -> dict[str, Any]:
        """The entry of a record, and its proof in the log of a size."""
        (record,) = self._rows("WHERE ledger_id = %s AND position = %s", position)
        proof = _hashes(inclusion_proof(position - 1, size, hash_at))
        return {"entry": _base64(record.entry(self._ledger_id)), "proof": proof}

    def _position_before(self, instant: datetime) -> int:
        """The last position that was recorded before an instant."""
        row = self._first("SELECT ledger_position_at(%s, %s)", instant - _MICROSECOND)
        return int(row[0]) if row else 0

    def _with_records(self, said: dict[str, Any], before: int, until: int) -> Iterator[bytes]:
        """A line that says what a file is, then a line for each record after a position and up to another."""
        condition: LiteralString = "WHERE ledger_id = %s AND position > %s AND position <= %s ORDER BY position"
        portions = (
            self._rows(condition, first, min(first + _ROWS_AT_ONCE, until))
            for first in range(before, until, _ROWS_AT_ONCE)
        )
        lines = (orjson.dumps(record.said()) + b"\n" for records in portions for record in records)
        return chain([orjson.dumps(said) + b"\n"], lines)

    def _head(self, format: str, since: int | None) -> tuple[dict[str, Any], int]:
        """How a file begins, and the size of the log that it speaks of."""
        note = self.checkpoint()
        size = Checkpoint.unchecked(note).size
        found: dict[str, Any] = {"format": format, "checkpoint": note}
        if since is not None:
            older = self.checkpoint(since)
            with _from_tiles():
                proof = _hashes(consistency_proof(since, size, self._tiles.reader()))
            found |= {"since": older, "consistency": proof}
        return found, size

    def _rows(self, condition: LiteralString, *params: object) -> list[Record]:
        query = sql.SQL("SELECT {} FROM ledger {}").format(sql.SQL(COLUMNS), sql.SQL(condition))
        with translated(), self._pool.connection() as conn:
            return [Record(*row) for row in conn.cursor(binary=True).execute(query, (self._ledger_id, *params))]

    def _first(self, query: LiteralString, *params: object) -> tuple[Any, ...] | None:
        with translated(), self._pool.connection() as conn:
            return conn.execute(query, (self._ledger_id, *params)).fetchone()


@contextmanager
def _from_tiles() -> Iterator[None]:
    """A tile that is missing is told as what it is to whoever asks for a proof; the sealer makes it anew."""
    try:
        yield
    except TileError as error:
        raise Refused("log-files-lost", reason=str(error)) from error


def _border(year: int, zone: str) -> datetime:
    """Where a year begins in the zone."""
    return start_of_day(date(year, 1, 1), zone)


def _hashes(proof: Sequence[bytes]) -> list[str]:
    return [_base64(one) for one in proof]


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()
