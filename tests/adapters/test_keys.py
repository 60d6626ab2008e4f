"""The store of keys: apart from the ledger, safe against crashes, and never again what it was before an erasure."""

from __future__ import annotations

import shutil
import sqlite3
import stat
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from eventsourcing.persistence import Notification

from adapters.keys import KeysError, KeyStore
from domain.docket import LedgerMapper
from domain.person import PersonalDataErased, PersonalDataReleased, PersonalDataRestricted, PersonalMeasureTaken
from domain.personal import Kept, Personal, Place, Purpose
from domain.refusal import Refused
from tests.golden.samples import recorded

CASE, CLEAR = "case-1", "标记甲某某"
NAME = Place(CASE, "p1", Purpose.IDENTITY, "name")
PHONE = Place(CASE, "p1", Purpose.CONTACT, "phone")


class Measures:
    """A ledger with nothing but measures on persons' data."""

    def __init__(self) -> None:
        self.taken: list[Notification] = []

    def take(self, step: type[PersonalMeasureTaken], *purposes: Purpose, person: str = "p1", **more: Any) -> None:
        """A measure is recorded."""
        record = recorded(step(measure_key="1", person=person, purposes=purposes or tuple(Purpose), **more))
        event = LedgerMapper().to_stored_event(record)
        self.taken.append(Notification(CASE, 1, event.topic, event.state, id=len(self.taken) + 1))

    def head(self) -> int:
        """The last position."""
        return len(self.taken)

    def select_notifications(
        self,
        start: int | None,
        limit: int,
        stop: int | None = None,
        topics: Sequence[str] = (),
        *,
        inclusive_of_start: bool = True,
    ) -> Sequence[Notification]:
        """The measures after a position."""
        assert not inclusive_of_start
        return [one for one in self.taken[start or 0 : stop] if one.topic in topics][:limit]


class Clock:
    """A time that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = datetime(2026, 3, 5, 15, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def ledger() -> Measures:
    return Measures()


@pytest.fixture
def forgotten() -> list[str]:
    return []


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def keys(tmp_path: Path, ledger: Measures, forgotten: list[str], clock: Clock) -> KeyStore:
    return store(tmp_path / "keys", ledger, forgotten, clock)


def store(place: Path, ledger: Measures, forgotten: list[str], clock: Clock, key: bytes = bytes(32)) -> KeyStore:
    found = KeyStore(place, key, "main", clock)
    found.follows(ledger, forgotten.append)
    return found


def state_of(keys: KeyStore, value: Personal[Any]) -> Kept:
    return keys.kept([value.key or ""])[value.key or ""]


def test_what_was_sealed_is_opened_in_its_place(keys: KeyStore) -> None:
    value = keys.seal(NAME, CLEAR)
    assert keys.open(NAME, value) == CLEAR
    assert keys.seal(NAME, CLEAR) != value
    assert keys.seal(NAME._replace(field="id_number"), CLEAR).key == value.key


def test_the_store_has_no_clear_text_and_is_its_owners_alone(keys: KeyStore) -> None:
    keys.seal(NAME, CLEAR)
    file = keys.place / "keys.sqlite"
    assert CLEAR.encode() not in file.read_bytes()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(keys.place.stat().st_mode) == 0o700


def test_processes_that_seal_at_once_use_the_same_key(keys: KeyStore) -> None:
    with ThreadPoolExecutor(8) as pool:
        values = list(pool.map(lambda _: keys.seal(NAME, CLEAR), range(24)))
    assert len({value.key for value in values}) == 1
    assert {keys.open(NAME, value) for value in values} == {CLEAR}


def test_a_seal_that_was_altered_is_not_opened(keys: KeyStore) -> None:
    value = keys.seal(NAME, CLEAR)
    stored = value.sealed or ""
    for sealed in ("", "AAAA", "not base64!", ("C" if stored.startswith("B") else "B") + stored[1:]):
        with pytest.raises(Refused, match="personal-data-lost"):
            keys.open(NAME, Personal(key=value.key, sealed=sealed))


def test_what_the_ledger_says_is_carried_out_before_anything_is_read(keys: KeyStore, ledger: Measures) -> None:
    name, phone = keys.seal(NAME, CLEAR), keys.seal(PHONE, "139")
    ledger.take(PersonalDataRestricted, Purpose.IDENTITY)
    with pytest.raises(Refused, match="personal-data-restricted"):
        keys.open(NAME, name)
    assert keys.open(PHONE, phone) == "139"
    ledger.take(PersonalDataReleased, Purpose.IDENTITY)
    assert keys.open(NAME, name) == CLEAR
    ledger.take(PersonalDataErased, Purpose.IDENTITY)
    with pytest.raises(Refused, match="personal-data-erased"):
        keys.open(NAME, name)
    ledger.take(PersonalDataReleased)
    assert state_of(keys, name) is Kept.ERASED
    assert state_of(keys, phone) is Kept.HELD


def test_a_key_that_was_destroyed_is_not_in_the_file_any_more(keys: KeyStore, ledger: Measures) -> None:
    keys.seal(NAME, CLEAR)
    with closing(sqlite3.connect(keys.place / "keys.sqlite")) as db:
        (wrapped,) = db.execute("SELECT wrapped FROM key").fetchone()
    assert wrapped in (keys.place / "keys.sqlite").read_bytes()
    ledger.take(PersonalDataErased)
    assert keys.follow() == 1
    assert wrapped not in (keys.place / "keys.sqlite").read_bytes()
    assert not (keys.place / "keys.sqlite-journal").exists()
    assert keys.follow() == 0


def test_the_files_of_a_person_are_erased_with_the_data(keys: KeyStore, ledger: Measures, forgotten: list[str]) -> None:
    other = keys.of_file("0b" * 32)
    keys.of_file("0a" * 32)
    ledger.take(PersonalDataErased, files=("0a" * 32,))
    assert keys.follow() == 1
    assert forgotten == ["0a" * 32]
    with pytest.raises(Refused, match="attachment-erased"):
        keys.of_file("0a" * 32)
    assert (keys.is_erased("0a" * 32), keys.is_erased("0b" * 32)) == (True, False)
    assert keys.of_file("0b" * 32) == other


def test_drafts_about_persons_of_a_case_are_erased_with_the_data_of_one(keys: KeyStore, ledger: Measures) -> None:
    of_case, of_another = keys.seal_draft(CASE, "d1", CLEAR), keys.seal_draft("case-2", "d2", CLEAR)
    ledger.take(PersonalDataErased)
    with pytest.raises(Refused, match="personal-data-erased"):
        keys.open_draft(CASE, "d1", of_case)
    assert keys.open_draft("case-2", "d2", of_another) == CLEAR


# Put back


def test_an_older_file_of_keys_gives_nothing_back(
    keys: KeyStore, ledger: Measures, forgotten: list[str], clock: Clock, tmp_path: Path
) -> None:
    name, file = keys.seal(NAME, CLEAR), keys.of_file("0a" * 32)
    shutil.copy(keys.place / "keys.sqlite", tmp_path / "old.sqlite")
    ledger.take(PersonalDataErased, files=("0a" * 32,))
    keys.follow()
    shutil.copy(tmp_path / "old.sqlite", keys.place / "keys.sqlite")
    ledger.taken.clear()
    forgotten.clear()
    again = store(keys.place, ledger, forgotten, clock)
    assert state_of(again, name) is Kept.ERASED
    assert forgotten == ["0a" * 32]
    with pytest.raises(Refused, match="attachment-erased"):
        again.of_file("0a" * 32)
    assert file


def test_the_ledger_says_again_what_the_list_has_lost(
    keys: KeyStore, ledger: Measures, forgotten: list[str], clock: Clock, tmp_path: Path
) -> None:
    name = keys.seal(NAME, CLEAR)
    shutil.copytree(keys.place, tmp_path / "old")
    ledger.take(PersonalDataErased)
    keys.follow()
    again = store(tmp_path / "old", ledger, forgotten, clock)
    with pytest.raises(Refused, match="personal-data-erased"):
        again.open(NAME, name)


def test_a_ledger_that_was_restored_to_an_earlier_day_gives_nothing_back(keys: KeyStore, ledger: Measures) -> None:
    name = keys.seal(NAME, CLEAR)
    ledger.take(PersonalDataRestricted)
    ledger.take(PersonalDataErased)
    keys.follow()
    ledger.taken.clear()
    assert state_of(keys, name) is Kept.ERASED
    ledger.take(PersonalDataRestricted, person="p2")
    other = keys.seal(NAME._replace(person="p3"), "乙")
    assert keys.open(NAME._replace(person="p3"), other) == "乙"


def test_a_crash_before_the_file_was_written_destroys_no_less(
    keys: KeyStore, ledger: Measures, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = keys.seal(NAME, CLEAR)
    ledger.take(PersonalDataErased)
    with monkeypatch.context() as patched:
        patched.setattr(KeyStore, "_forget", _crash)
        with pytest.raises(RuntimeError):
            keys.follow()
    assert state_of(keys, name) is Kept.ERASED


def _crash(*_: object) -> None:
    raise RuntimeError


def test_a_line_that_a_crash_cut_off_harms_no_other(keys: KeyStore, ledger: Measures) -> None:
    keys.seal(NAME, CLEAR)
    phone = keys.seal(PHONE, "139")
    (keys.place / "erasures").write_bytes(b"0123abc")
    ledger.take(PersonalDataErased)
    keys.follow()
    lines = (keys.place / "erasures").read_text().splitlines()
    assert len([line for line in lines if len(line.split(" ")[0]) == 64]) == 2
    (keys.place / "keys.sqlite").unlink()
    ledger.taken.clear()
    assert state_of(keys, phone) is Kept.ERASED


# Looked after


def test_copies_are_made_and_old_ones_removed(keys: KeyStore, ledger: Measures, clock: Clock, tmp_path: Path) -> None:
    name, phone = keys.seal(NAME, CLEAR), keys.seal(PHONE, "139")
    clock.now = datetime.now(UTC)
    first = keys.backup(tmp_path / "副本 50%?#", timedelta(days=7))
    clock.now += timedelta(days=8)
    ledger.take(PersonalDataErased, Purpose.CONTACT)
    keys.follow()
    second = keys.backup(tmp_path / "副本 50%?#", timedelta(days=30))
    shutil.rmtree(keys.place)
    assert state_of(keys, name) is Kept.LOST
    shutil.copy(tmp_path / "副本 50%?#" / "erasures", keys.place / "erasures")
    assert keys.restore(first) == {Kept.HELD: 1, Kept.RESTRICTED: 0, Kept.ERASED: 1}
    assert (keys.open(NAME, name), state_of(keys, phone)) == (CLEAR, Kept.ERASED)
    clock.now += timedelta(seconds=1)
    keys.backup(tmp_path / "副本 50%?#", timedelta(days=7))
    assert not first.exists()
    assert stat.S_IMODE(keys.backup(tmp_path / "more", timedelta(days=7)).stat().st_mode) == 0o600
    assert second.name > first.name


def test_something_else_is_no_copy(keys: KeyStore, tmp_path: Path) -> None:
    (tmp_path / "x.sqlite").write_bytes(b"not a database, but long enough to be looked at" * 100)
    with pytest.raises(KeysError, match="no copy of keys"):
        keys.restore(tmp_path / "x.sqlite")
    sqlite3.connect(tmp_path / "y.sqlite").close()
    with pytest.raises(KeysError, match="no copy of keys"):
        keys.restore(tmp_path / "y.sqlite")


def test_every_key_is_wrapped_anew_when_the_installations_key_changes(
    keys: KeyStore, ledger: Measures, forgotten: list[str], clock: Clock
) -> None:
    name = keys.seal(NAME, CLEAR)
    keys.seal(PHONE, "139")
    ledger.take(PersonalDataErased, Purpose.CONTACT)
    keys.follow()
    assert keys.rotate(bytes(range(32))) == 1
    assert keys.open(NAME, name) == CLEAR
    assert store(keys.place, ledger, forgotten, clock, bytes(range(32))).open(NAME, name) == CLEAR
    with pytest.raises(KeysError, match="another key of the installation"):
        store(keys.place, ledger, forgotten, clock).open(NAME, name)


def test_a_store_of_a_newer_version_is_refused(keys: KeyStore) -> None:
    keys.seal(NAME, CLEAR)
    with closing(sqlite3.connect(keys.place / "keys.sqlite")) as db:
        db.execute("PRAGMA user_version = 99")
    with pytest.raises(KeysError, match="newer version"):
        keys.count()


@pytest.mark.faults
def test_a_full_disk_is_told_and_no_key_is_half_there(keys: KeyStore, monkeypatch: pytest.MonkeyPatch) -> None:
    keys.seal(NAME, CLEAR)
    with closing(sqlite3.connect(keys.place / "keys.sqlite")) as db:
        (pages,) = db.execute("PRAGMA page_count").fetchone()
    connect = sqlite3.connect

    def cramped(*arguments: Any, **more: Any) -> sqlite3.Connection:
        db: sqlite3.Connection = connect(*arguments, **more)
        db.execute(f"PRAGMA max_page_count = {pages}")
        return db

    monkeypatch.setattr(sqlite3, "connect", cramped)
    with pytest.raises(Refused, match="storage-full"):
        _fill(keys)
    monkeypatch.undo()
    assert keys.open(NAME, keys.seal(NAME, CLEAR)) == CLEAR
    assert keys.prove()[Kept.HELD] > 1


def _fill(keys: KeyStore) -> None:
    for number in range(10_000):
        keys.seal(NAME._replace(case=f"case-{number}"), CLEAR)
