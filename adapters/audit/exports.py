"""What is handed to an auditor: the bundle of a case, the step from one checkpoint to a later one, and the whole log.

docs/audit-format.md says how each file is read and checked.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence
from typing import Any, LiteralString

import orjson
from psycopg import sql

from adapters.audit.checkpoint import Checkpoint
from adapters.audit.merkle import consistency_proof, inclusion_proof
from adapters.audit.record import BUNDLE, COLUMNS, CONSISTENCY, LOG, Record
from adapters.audit.tiles import Tiles
from adapters.postgres.pool import Pool

_ROWS_AT_ONCE = 5_000


class NotSealedError(Exception):
    """There is no checkpoint yet that covers what was asked for."""


class AuditExports:
    """Writes the files for auditors from the ledger and the tiles of its log."""

    def __init__(self, pool: Pool, ledger_id: str, tiles: Tiles) -> None:
        self._pool = pool
        self._ledger_id = ledger_id
        self._tiles = tiles

    def checkpoint(self, at_least: int = 1) -> str:
        """The newest checkpoint, as a signed note."""
        row = self._first(
            "SELECT note FROM checkpoint WHERE ledger_id = %s AND size >= %s ORDER BY size DESC LIMIT 1", at_least
        )
        if row is None:
            raise NotSealedError
        return str(row[0])

    def bundle(self, case_id: str, since: str | None = None) -> dict[str, Any]:
        """All that is recorded of a case and sealed, each step with its proof; `since` is a checkpoint held before."""
        note = self.checkpoint()
        size = Checkpoint.unchecked(note).size
        rows = self._rows("WHERE ledger_id = %s AND case_id = %s AND position <= %s ORDER BY version", case_id, size)
        found: dict[str, Any] = {"format": BUNDLE, "ledger_id": self._ledger_id, "case_id": case_id, "checkpoint": note}
        if since is not None:
            found |= {"since": since, "consistency": self._consistency(since, size)}
        records = [
            record.said() | {"proof": _hashes(inclusion_proof(record.position - 1, size, self._tiles.hash_at))}
            for record in rows
        ]
        if not records:
            raise NotSealedError
        return found | {"records": records}

    def consistency(self, since: str) -> dict[str, Any]:
        """The newest checkpoint, and the proof that the log of an older one is its beginning."""
        note = self.checkpoint()
        proof = self._consistency(since, Checkpoint.unchecked(note).size)
        return {"format": CONSISTENCY, "since": since, "checkpoint": note, "consistency": proof}

    def whole(self) -> Iterator[bytes]:
        """The whole log up to the newest checkpoint: a line that says so, then a line for each record."""
        note = self.checkpoint()
        size = Checkpoint.unchecked(note).size
        yield orjson.dumps({"format": LOG, "ledger_id": self._ledger_id, "checkpoint": note}) + b"\n"
        for first in range(0, size, _ROWS_AT_ONCE):
            until = min(first + _ROWS_AT_ONCE, size)
            condition: LiteralString = "WHERE ledger_id = %s AND position > %s AND position <= %s ORDER BY position"
            for record in self._rows(condition, first, until):
                yield orjson.dumps(record.said()) + b"\n"

    def _consistency(self, since: str, size: int) -> list[str]:
        return _hashes(consistency_proof(Checkpoint.unchecked(since).size, size, self._tiles.hash_at))

    def _rows(self, condition: LiteralString, *params: object) -> list[Record]:
        with self._pool.connection() as conn:
            query = sql.SQL("SELECT {} FROM ledger {}").format(sql.SQL(COLUMNS), sql.SQL(condition))
            return [Record(*row) for row in conn.cursor(binary=True).execute(query, (self._ledger_id, *params))]

    def _first(self, query: LiteralString, *params: object) -> tuple[Any, ...] | None:
        with self._pool.connection() as conn:
            return conn.execute(query, (self._ledger_id, *params)).fetchone()


def _hashes(proof: Sequence[bytes]) -> list[str]:
    return [base64.b64encode(one).decode() for one in proof]
