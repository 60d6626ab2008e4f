"""What is handed to an auditor: the bundle of a case, the step from one checkpoint to a later one, and the whole log.

docs/audit-format.md says how each file is read and checked.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, LiteralString

import orjson
from psycopg import sql

from adapters.audit.checkpoint import Checkpoint
from adapters.audit.merkle import consistency_proof, inclusion_proof
from adapters.audit.record import BUNDLE, COLUMNS, CONSISTENCY, LOG, Record
from adapters.audit.tiles import KEY, TileError, Tiles
from adapters.postgres.pool import Pool, translated
from domain.refusal import Refused
from projections.reading import LogStatus, SignedCheckpoint

_ROWS_AT_ONCE = 5_000


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
        yield orjson.dumps(found | {"ledger_id": self._ledger_id}) + b"\n"
        for first in range(0, size, _ROWS_AT_ONCE):
            until = min(first + _ROWS_AT_ONCE, size)
            condition: LiteralString = "WHERE ledger_id = %s AND position > %s AND position <= %s ORDER BY position"
            for record in self._rows(condition, first, until):
                yield orjson.dumps(record.said()) + b"\n"

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


def _hashes(proof: Sequence[bytes]) -> list[str]:
    return [base64.b64encode(one).decode() for one in proof]
