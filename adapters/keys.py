"""Keys of persons' data, in a SQLite file apart from the ledger and its backups: what is erased is read nowhere.

`keys.sqlite` holds a key for each person and purpose, and for each attached file, wrapped by the installation's own;
`erasures` is the list of the keys that were destroyed, by their hashes: it is only ever added to, and what it names is
destroyed again in whatever `keys.sqlite` is put back.
"""

from __future__ import annotations

import os
import secrets
import sqlite3
from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any, Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from eventsourcing.persistence import Notification

from adapters.files import make_folder, room, sync
from adapters.inspection import FileRefused
from adapters.postgres.pool import LedgerUnavailableError
from domain.docket import LedgerMapper
from domain.person import TAKEN_BY, PersonalDataErased, PersonalDataReleased, PersonalDataRestricted
from domain.personal import Kept, Personal, Place, Purpose
from domain.refusal import Refused

_NONCE = 12
_AT_ONCE = 500
_WIRES = [step.declared.wire for step in TAKEN_BY.values()]
_VERSION = 1
_SCHEMA = """
CREATE TABLE key (
    id TEXT PRIMARY KEY,
    ledger TEXT NOT NULL,
    case_id TEXT NOT NULL,
    person TEXT NOT NULL,
    purpose TEXT NOT NULL,
    wrapped BLOB,
    kept TEXT NOT NULL,
    made_at TEXT NOT NULL,
    erased_at TEXT,
    UNIQUE (ledger, case_id, person, purpose),
    CHECK ((wrapped IS NULL) = (kept = 'erased') AND (erased_at IS NULL) = (kept <> 'erased'))
) STRICT;
CREATE TABLE followed (ledger TEXT PRIMARY KEY, position INTEGER NOT NULL) STRICT;
"""
_INSERT = "INSERT INTO key VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING"
_LIST = "erasures"
_FILE = "file"
"""In place of a person: the key of an attached file, whose hash stands in place of the purpose."""
_DRAFT = "draft:"
"""Before the id of a draft in place of a person: what somebody began to write down of one."""


class KeysError(RuntimeError):
    """The keys cannot be used; the message says why and what to do."""


class Followed(Protocol):
    """What is asked of the ledger whose measures are carried out."""

    def head(self) -> int:
        """The last position."""

    def select_notifications(
        self,
        start: int | None,
        limit: int,
        stop: int | None = None,
        topics: Sequence[str] = (),
        *,
        inclusive_of_start: bool = True,
    ) -> Sequence[Notification]:
        """Its steps of some names after a position."""


class KeyStore:
    """The keys of one installation. Any number of processes may use them at once; making one touches nothing."""

    def __init__(
        self,
        place: Path,
        installation_key: bytes,
        ledger_id: str,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """`installation_key` (32 bytes) wraps every key."""
        self.place = place
        self._file = place / "keys.sqlite"
        self._listed = place / _LIST
        self._wrapping = AESGCM(installation_key)
        self._ledger_id = ledger_id
        self._now = now
        self._ledger: Followed | None = None
        self._forget_file: Callable[[str], None] = lambda _: None

    def follows(self, ledger: Followed, forget_file: Callable[[str], None]) -> None:
        """From now on, carry out what that ledger says, and remove the files whose keys are destroyed."""
        self._ledger, self._forget_file = ledger, forget_file

    # What the docket and the readers ask

    def seal(self, place: Place, clear: str) -> Personal[Any]:
        """The value under the key of its person and purpose, which is made when it is first needed."""
        with self._open() as db:
            id, key = self._key(db, place.case, place.person, place.purpose)
        nonce = secrets.token_bytes(_NONCE)
        sealed = nonce + AESGCM(key).encrypt(nonce, clear.encode(), self._bound(place))
        return Personal(key=id, sealed=b64encode(sealed).decode())

    def open(self, place: Place, value: Personal[Any]) -> str:
        """The clear text, after whatever the ledger says of the key was carried out."""
        self.follow()
        with self._open() as db:
            row = db.execute("SELECT id, wrapped, kept FROM key WHERE id = ?", (value.key,)).fetchone()
        kept = self.kept([value.key or ""])[value.key or ""]
        if row is None or kept is not Kept.HELD:
            raise Refused(f"personal-data-{kept}", field=place.field)
        try:
            sealed = b64decode(value.sealed or "", validate=True)
            return (
                AESGCM(self._unwrapped(*row[:2])).decrypt(sealed[:_NONCE], sealed[_NONCE:], self._bound(place)).decode()
            )
        except (InvalidTag, Base64Error, ValueError):
            raise Refused("personal-data-lost", field=place.field) from None

    def kept(self, keys: Collection[str]) -> Mapping[str, Kept]:
        """How it is with what is sealed under each of these keys, after whatever the ledger says was carried out."""
        self.follow()
        with self._open() as db:
            marks = ",".join("?" * len(keys))
            rows = db.execute(f"SELECT id, kept FROM key WHERE id IN ({marks})", list(keys)).fetchall()  # noqa: S608
        found = {id: Kept(kept) for id, kept in rows}
        erased = self._erasures() if len(found) < len(set(keys)) else set()
        return {key: found.get(key, Kept.ERASED if _digest(key) in erased else Kept.LOST) for key in keys}

    def of_file(self, content: str) -> bytes:
        """The key of an attached file, which is made when it is first needed; refused if it was destroyed."""
        try:
            with self._open() as db:
                return self._key(db, "", _FILE, content)[1]
        except Refused:
            raise Refused("attachment-erased", sha256=content) from None

    def seal_draft(self, case_id: str | None, id: str, clear: str) -> Personal[Any]:
        """What a draft says of a person, under a key of its own."""
        return self.seal(_of_draft(case_id, id), clear)

    def open_draft(self, case_id: str | None, id: str, value: Personal[Any]) -> str:
        """The same in clear; refused if it was erased with the data of a person of the case, or discarded."""
        return self.open(_of_draft(case_id, id), value)

    def discard_draft(self, case_id: str | None, id: str) -> None:
        """Destroy the key of a draft."""
        place = (self._ledger_id, case_id or "", f"{_DRAFT}{id}")
        with self._open() as db:
            find = "SELECT id FROM key WHERE ledger = ? AND case_id = ? AND person = ? AND kept <> 'erased'"
            self._destroy(db, [key for (key,) in db.execute(find, place).fetchall()])

    def is_erased(self, content: str) -> bool:
        """Whether the key of an attached file was destroyed."""
        with self._open() as db:
            find = "SELECT 1 FROM key WHERE ledger = ? AND person = ? AND purpose = ? AND kept = 'erased'"
            return db.execute(find, (self._ledger_id, _FILE, content)).fetchone() is not None

    # What the ledger says is carried out

    def follow(self) -> int:
        """Carry out the measures that the ledger has since; how many keys were destroyed.

        A ledger that is shorter than what was read of it was restored: it is read anew, which changes nothing that was
        done already.
        """
        if self._ledger is None:
            return 0
        head = self._ledger.head()
        with self._open() as db:
            row = db.execute("SELECT position FROM followed WHERE ledger = ?", (self._ledger_id,)).fetchone()
        after = row[0] if row else 0
        if after == head:
            return 0
        after = 0 if after > head else after
        erased = 0
        while True:
            found = self._ledger.select_notifications(after, _AT_ONCE, head, _WIRES, inclusive_of_start=False)
            after = found[-1].id if len(found) == _AT_ONCE else head
            with self._open() as db:
                erased += sum(self._carry_out(db, one) for one in found)
                db.execute("INSERT OR REPLACE INTO followed VALUES (?, ?)", (self._ledger_id, after))
            if after == head:
                return erased

    def _carry_out(self, db: sqlite3.Connection, event: Notification) -> int:
        record = LedgerMapper().to_domain_event(event)
        step = record.step
        if not isinstance(step, (PersonalDataRestricted, PersonalDataReleased, PersonalDataErased)):
            raise TypeError(type(step))
        of_person = (
            "ledger = ? AND case_id = ? AND person = ? AND kept <> 'erased'"
            f" AND purpose IN ({','.join('?' * len(step.purposes))})"
        )
        given = (self._ledger_id, record.originator_id, step.person, *step.purposes)
        if not isinstance(step, PersonalDataErased):
            kept = Kept.RESTRICTED if isinstance(step, PersonalDataRestricted) else Kept.HELD
            db.execute(f"UPDATE key SET kept = ? WHERE {of_person}", (kept, *given))  # noqa: S608
            return 0
        rows = db.execute(f"SELECT id FROM key WHERE {of_person}", given).fetchall()  # noqa: S608
        rows += db.execute(
            "SELECT id FROM key WHERE ledger = ? AND case_id = ? AND person GLOB ? AND kept <> 'erased'",
            (self._ledger_id, record.originator_id, f"{_DRAFT}*"),
        ).fetchall()
        for content in step.files:
            rows += db.execute(
                "SELECT id FROM key WHERE ledger = ? AND person = ? AND purpose = ? AND kept <> 'erased'",
                (self._ledger_id, _FILE, content),
            ).fetchall()
            self._forget_file(content)
        self._destroy(db, [id for (id,) in rows])
        return len(rows)

    def _destroy(self, db: sqlite3.Connection, ids: Sequence[str]) -> None:
        """First the list says that they are destroyed, so that no later state of the file brings them back."""
        if not ids:
            return
        when = self._now().isoformat()
        self._append(f"{_digest(id)} {when}" for id in ids)
        self._forget(db, ids)

    def _append(self, lines: Iterable[str]) -> None:
        """Add to the list; a line that a crash cut off harms none of them."""
        with room(), self._listed.open("ab+", buffering=0) as listed:
            end = listed.seek(0, os.SEEK_END)
            listed.seek(max(0, end - 1))
            torn = b"\n" if end and listed.read(1) != b"\n" else b""
            listed.write(torn + "".join(f"{line}\n" for line in lines).encode())
            os.fsync(listed.fileno())
        sync(self.place)

    def _forget(self, db: sqlite3.Connection, ids: Iterable[str]) -> None:
        when = self._now().isoformat()
        db.executemany(
            "UPDATE key SET wrapped = NULL, kept = 'erased', erased_at = ? WHERE id = ?", [(when, id) for id in ids]
        )
        db.execute("INSERT OR REPLACE INTO followed VALUES (?, ?)", (_LIST, self._listed_bytes()))

    def _destroy_again(self, db: sqlite3.Connection) -> None:
        """Destroy whatever the list names and the file has nonetheless, as after an older one was put back."""
        row = db.execute("SELECT position FROM followed WHERE ledger = ?", (_LIST,)).fetchone()
        if (row[0] if row else 0) == self._listed_bytes():
            return
        listed = self._erasures()
        rows = db.execute("SELECT id FROM key WHERE kept <> 'erased'").fetchall()
        self._forget(db, [id for (id,) in rows if _digest(id) in listed])
        files = db.execute("SELECT purpose FROM key WHERE person = ? AND kept = 'erased'", (_FILE,)).fetchall()
        for (content,) in files:
            self._forget_file(content)

    # Looking after them

    def count(self) -> Mapping[Kept, int]:
        """How many keys there are of each kind."""
        with self._open() as db:
            found = dict(db.execute("SELECT kept, count(*) FROM key GROUP BY kept").fetchall())
        return {kept: found.get(kept.value, 0) for kept in (Kept.HELD, Kept.RESTRICTED, Kept.ERASED)}

    def prove(self) -> Mapping[Kept, int]:
        """The same, after every key that is there was unwrapped."""
        with self._open() as db:
            for id, wrapped in db.execute("SELECT id, wrapped FROM key WHERE wrapped IS NOT NULL"):
                self._unwrapped(id, wrapped)
        return self.count()

    def backup(self, folder: Path, keep: timedelta) -> Path:
        """A copy of the keys and of the list, under the time; copies that are older than `keep` are removed."""
        make_folder(folder)
        now = self._now()
        copy = folder / f"keys-{now:%Y%m%dT%H%M%SZ}.sqlite"
        if copy.exists():
            raise KeysError(f"{copy} exists already")
        new = folder / f".{copy.name}"
        new.unlink(missing_ok=True)
        new.touch(mode=0o600)
        self.count()
        with closing(sqlite3.connect(self._file)) as db, closing(sqlite3.connect(new)) as target:
            db.backup(target)
        new.replace(copy)
        if self._listed.exists():
            new = folder / f".{_LIST}"
            new.write_bytes(self._listed.read_bytes())
            new.replace(folder / _LIST)
        sync(folder)
        for old in folder.glob("keys-*.sqlite"):
            if old != copy and now.timestamp() - old.stat().st_mtime > keep.total_seconds():
                old.unlink()
        return copy

    def restore(self, copy: Path) -> Mapping[Kept, int]:
        """Put the keys of a copy back, and destroy what was erased since; how many keys there are of each kind."""
        with closing(sqlite3.connect(f"{copy.absolute().as_uri()}?mode=ro", uri=True)) as db:
            try:
                (version,) = db.execute("PRAGMA user_version").fetchone()
            except sqlite3.DatabaseError as error:
                raise KeysError(f"{copy} is no copy of keys: {error}") from None
        if version != _VERSION:
            raise KeysError(f"{copy} is no copy of keys of this version")
        with self._open() as db, closing(sqlite3.connect(f"{copy.absolute().as_uri()}?mode=ro", uri=True)) as source:
            self._merge(db, source.execute("SELECT * FROM key").fetchall())
            db.execute("DELETE FROM followed")
            self._add_to_list(copy.parent / _LIST)
        self.follow()
        return self.count()

    def _add_to_list(self, other: Path) -> None:
        """What the list beside a copy names is destroyed too."""
        if other.exists():
            known = self._erasures()
            lines = other.read_text("ascii", errors="replace").splitlines()
            self._append(line for line in lines if line.partition(" ")[0] not in known)

    @staticmethod
    def _merge(db: sqlite3.Connection, rows: Iterable[tuple[Any, ...]]) -> None:
        """Keys that are missing come back; one that is there stays as it is."""
        db.executemany(_INSERT, rows)

    def rotate(self, installation_key: bytes) -> int:
        """Wrap every key by another key of the installation, in one transaction; how many keys that were."""
        new = AESGCM(installation_key)
        with self._open() as db:
            rows = db.execute("SELECT id, wrapped FROM key WHERE wrapped IS NOT NULL").fetchall()
            db.executemany(
                "UPDATE key SET wrapped = ? WHERE id = ?",
                [(_wrapped(new, id, self._unwrapped(id, wrapped)), id) for id, wrapped in rows],
            )
        self._wrapping = new
        return len(rows)

    # The file

    def _key(self, db: sqlite3.Connection, case: str, person: str, purpose: str) -> tuple[str, bytes]:
        find = "SELECT id, wrapped, kept FROM key WHERE ledger = ? AND case_id = ? AND person = ? AND purpose = ?"
        place = (self._ledger_id, case, person, str(purpose))
        row = db.execute(find, place).fetchone()
        if row is None:
            id, key = secrets.token_hex(16), AESGCM.generate_key(256)
            made = (id, *place, _wrapped(self._wrapping, id, key), Kept.HELD.value, self._now().isoformat(), None)
            self._merge(db, [made])
            row = db.execute(find, place).fetchone()
        if row[2] != Kept.HELD:
            raise Refused("personal-data-closed", field="person", person=person)
        return row[0], self._unwrapped(row[0], row[1])

    def _unwrapped(self, id: str, wrapped: bytes) -> bytes:
        try:
            return self._wrapping.decrypt(wrapped[:_NONCE], wrapped[_NONCE:], id.encode())
        except InvalidTag:
            raise KeysError(
                f"The keys in {self.place} were wrapped by another key of the installation. "
                "Give DUBAN_PERSONAL_KEY or personal.key the one that they were made with."
            ) from None

    def _bound(self, place: Place) -> bytes:
        return "\n".join((self._ledger_id, *map(str, place))).encode()

    def _erasures(self) -> set[str]:
        """The hashes of the keys that were destroyed; a line that a crash cut off is none."""
        try:
            lines = self._listed.read_text("ascii", errors="replace").splitlines()
        except FileNotFoundError:
            return set()
        return {digest for line in lines if len(digest := line.partition(" ")[0]) == sha256().digest_size * 2}

    def _listed_bytes(self) -> int:
        return self._listed.stat().st_size if self._listed.exists() else 0

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        """A transaction, which is on the disk when it ends, and in which what is overwritten is overwritten indeed."""
        make_folder(self.place)
        if new := not self._file.exists():
            self._file.touch(mode=0o600)
        try:
            with closing(sqlite3.connect(self._file, timeout=10, isolation_level=None)) as db:
                db.execute("PRAGMA synchronous = FULL")
                db.execute("PRAGMA secure_delete = ON")
                db.execute("BEGIN IMMEDIATE")
                _prepare(db, self._file)
                self._destroy_again(db)
                yield db
                db.execute("COMMIT")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode == sqlite3.SQLITE_FULL:
                raise FileRefused("storage-full") from None
            raise LedgerUnavailableError("keys-unavailable", str(error)) from None
        except sqlite3.DatabaseError as error:
            raise KeysError(f"The keys in {self._file} cannot be used: {error}") from None
        if new:
            sync(self.place)


def _prepare(db: sqlite3.Connection, file: Path) -> None:
    (version,) = db.execute("PRAGMA user_version").fetchone()
    if version > _VERSION:
        raise KeysError(f"{file} was made by a newer version of Duban")
    if version < _VERSION:
        for statement in _SCHEMA.split(";"):
            db.execute(statement)
        db.execute(f"PRAGMA user_version = {_VERSION}")


def _of_draft(case_id: str | None, id: str) -> Place:
    return Place(case_id or "", f"{_DRAFT}{id}", Purpose.SUBSTANCE, "fields")


def _wrapped(by: AESGCM, id: str, key: bytes) -> bytes:
    nonce = secrets.token_bytes(_NONCE)
    return nonce + by.encrypt(nonce, key, id.encode())


def _digest(id: str) -> str:
    return sha256(id.encode()).hexdigest()
