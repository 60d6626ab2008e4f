"""A tamperer with the database owner's password, and perhaps with the log's private key: he changes what was recorded.

Every change is of something that a checkpoint covers which the auditor holds.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
from psycopg import sql

from adapters.audit.checkpoint import Checkpoint
from adapters.audit.merkle import Frontier, leaf_hash
from adapters.audit.note import Signer
from adapters.audit.record import COLUMNS, Record, entry

Owner = psycopg.Connection[Any]


@dataclass(frozen=True)
class Tampering:
    """What one change may use: the owner's connection, chance, and how many records the auditor's checkpoint covers."""

    owner: Owner
    chance: random.Random
    held: int

    def position(self) -> int:
        """A record that the auditor's checkpoint covers."""
        return self.chance.randint(1, self.held)

    def set(self, position: int, column: str, value: object) -> None:
        """Overwrite a column of a record."""
        statement = sql.SQL("UPDATE ledger SET {} = %s WHERE position = %s").format(sql.Identifier(column))
        self.owner.execute(statement, (value, position))

    def get(self, position: int, column: str) -> Any:
        """A column of a record."""
        statement = sql.SQL("SELECT {} FROM ledger WHERE position = %s").format(sql.Identifier(column))
        return self.owner.execute(statement, (position,)).fetchone()[0]  # type: ignore[index]  # it is there


def a_byte_of_the_state(t: Tampering) -> None:
    place = t.position()
    state = bytearray(t.get(place, "state"))
    state[t.chance.randrange(len(state))] ^= 1 << t.chance.randrange(8)
    t.set(place, "state", bytes(state))


def the_nonce(t: Tampering) -> None:
    place = t.position()
    before, name, after = t.get(place, "state").partition(b'"nonce":"')
    t.set(place, "state", before + name + f"{t.chance.randbytes(16).hex()}".encode() + after[32:])


def the_link(t: Tampering) -> None:
    t.set(t.position(), "prev_leaf", t.chance.choice([None, t.chance.randbytes(32), t.get(t.position(), "leaf")]))


def the_leaf(t: Tampering) -> None:
    t.set(t.position(), "leaf", t.chance.randbytes(32))


def two_records_swapped(t: Tampering) -> None:
    one, other = t.chance.sample(range(1, t.held + 1), 2)
    for place, to in ((one, -1), (other, one), (-1, other)):
        t.set(place, "position", to)


def the_tail_deleted(t: Tampering) -> None:
    keep = t.chance.randint(1, t.held - 1)
    t.owner.execute("DELETE FROM ledger WHERE position > %s", (keep,))
    t.owner.execute("UPDATE ledger_head SET position = %s", (keep,))


def a_case_deleted(t: Tampering) -> None:
    t.owner.execute("DELETE FROM ledger WHERE case_id = %s", (t.get(t.position(), "case_id"),))


def a_record_deleted(t: Tampering) -> None:
    t.owner.execute("DELETE FROM ledger WHERE position = %s", (t.position(),))


def back_dated(t: Tampering) -> None:
    place, column = t.position(), t.chance.choice(["recorded_at", "occurred_at"])
    t.set(place, column, t.get(place, column) - timedelta(microseconds=10 ** t.chance.randint(0, 12)))


def another_actor(t: Tampering) -> None:
    t.set(t.position(), t.chance.choice(["actor", "office"]), "x-1")


def another_name(t: Tampering) -> None:
    column = t.chance.choice(["wire", "request_key", "occurred_precision", "case_id"])
    t.set(t.position(), column, f"x.{t.chance.random()}")


def another_event(t: Tampering) -> None:
    t.set(t.position(), "event_id", uuid4())


def renumbered(t: Tampering) -> None:
    column = t.chance.choice(["version", "position", "format"])
    t.set(t.position(), column, t.chance.choice([0, -7, 9_999]))


def slipped_in(t: Tampering) -> None:
    place = t.position()
    t.owner.execute("UPDATE ledger SET position = -position WHERE position >= %s", (place,))
    t.owner.execute("UPDATE ledger SET position = 1 - position WHERE position < 0")
    columns = COLUMNS.replace("position, case_id", "%s, %s")
    copied = f"SELECT ledger_id, {columns} FROM ledger WHERE position = %s"
    t.owner.execute(f"INSERT INTO ledger (ledger_id, {COLUMNS}) {copied}".encode(), (place, str(uuid4()), place + 1))
    t.owner.execute("UPDATE ledger_head SET position = position + 1")


CHANGES: tuple[Callable[[Tampering], None], ...] = (
    a_byte_of_the_state,
    the_nonce,
    the_link,
    the_leaf,
    two_records_swapped,
    the_tail_deleted,
    a_case_deleted,
    a_record_deleted,
    back_dated,
    another_actor,
    another_name,
    another_event,
    renumbered,
    slipped_in,
)

HARMLESS_ONCE_SEALED_ANEW = frozenset({the_link, the_leaf, renumbered})
"""Sealing anew makes the same leaves again."""


@contextmanager
def undone_afterwards(owner: Owner) -> Iterator[None]:
    """A change stands while the block runs; every guard of the database has been taken away before."""
    try:
        yield
    finally:
        owner.execute(
            "TRUNCATE ledger; INSERT INTO ledger SELECT * FROM kept_ledger;"
            " UPDATE ledger_head SET position = (SELECT max(position) FROM kept_ledger);"
            " TRUNCATE checkpoint; INSERT INTO checkpoint SELECT * FROM kept_checkpoint"
        )


def take_guards_away(owner: Owner) -> None:
    """What the owner of a database can do, and a copy of what stands."""
    owner.execute(
        "DROP TABLE anchor; ALTER TABLE ledger DISABLE TRIGGER USER; ALTER TABLE checkpoint DISABLE TRIGGER USER;"
        " ALTER TABLE ledger DROP CONSTRAINT ledger_leaf_of_row, DROP CONSTRAINT ledger_position_once,"
        " DROP CONSTRAINT ledger_pkey;"
        " CREATE TABLE kept_ledger AS TABLE ledger; CREATE TABLE kept_checkpoint AS TABLE checkpoint"
    )


def stands_as_before(owner: Owner) -> bool:
    """Whether a change left everything as it was, so that there is nothing to find."""
    row = owner.execute(
        "SELECT NOT EXISTS (TABLE ledger EXCEPT ALL TABLE kept_ledger)"
        " AND NOT EXISTS (TABLE kept_ledger EXCEPT ALL TABLE ledger)"
    ).fetchone()
    return bool(row and row[0])


def seal_anew(owner: Owner, key: Signer) -> None:
    """Make everything fit again after a change: positions, versions, links, leaves, and a checkpoint that is signed."""
    rows = owner.execute(f"SELECT {COLUMNS} FROM ledger ORDER BY position, version".encode()).fetchall()
    frontier, heads, sealed = Frontier(), dict[str, tuple[int, bytes | None]](), []
    at = datetime.min.replace(tzinfo=UTC)
    for place, row in enumerate(rows, 1):
        record = Record(*row)
        version, prev_leaf = heads.get(record.case_id, (0, None))
        at = max(record.recorded_at, at + timedelta(microseconds=1))
        covered = (place, record.case_id, version + 1, record.wire, at, record.request_key, 1, prev_leaf)
        leaf = leaf_hash(entry("main", covered, sha256(record.state).hexdigest()))
        heads[record.case_id] = version + 1, leaf
        frontier.add(leaf)
        sealed.append(("main", *covered, leaf, *record[9:]))
    owner.execute("TRUNCATE ledger, checkpoint")
    with owner.cursor() as cursor, cursor.copy(f"COPY ledger (ledger_id, {COLUMNS}) FROM STDIN".encode()) as copy:
        for values in sealed:
            copy.write_row(values)
    note = key.sign(Checkpoint(key.name, frontier.size, frontier.root()).text())
    owner.execute("UPDATE ledger_head SET position = %s", (frontier.size,))
    row = ("main", key.name, frontier.size, note)
    owner.execute("INSERT INTO checkpoint (ledger_id, origin, size, note) VALUES (%s, %s, %s, %s)", row)


def a_file_changed(folder: Path, chance: random.Random) -> str:
    """Change a byte, or the length, of any static file that a verifier reads; what was changed."""
    read = [p for p in folder.rglob("*") if p.is_file() and p == max(_widths_of(p), key=_width)]
    place = chance.choice(sorted(read))
    content = bytearray(place.read_bytes())
    if chance.random() < 0.8:
        content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
    else:
        del content[chance.randrange(len(content)) :]
    place.write_bytes(content)
    return str(place.relative_to(folder))


def _widths_of(place: Path) -> list[Path]:
    """A tile in all the widths that lie about; of other files only itself."""
    return list(place.parent.iterdir()) if place.parent.suffix == ".p" else [place]


def _width(place: Path) -> int:
    return int(place.name) if place.parent.suffix == ".p" else 0
