"""The drill: what was lost comes back up to a point that one chooses, and is measured by what was signed."""

from __future__ import annotations

import json
import shutil
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from adapters.audit.checkpoint import Checkpoint
from adapters.audit.exports import AuditExports
from adapters.audit.note import Signer
from adapters.audit.sealer import ForkError, Sealer
from adapters.audit.tiles import CHECKPOINT, Tiles
from adapters.backup import BackupError, archiving, back_up, mark, measured, read, restore
from adapters.embedded import EmbeddedPostgres
from adapters.postgres.ledger import PostgresLedger
from adapters.postgres.migrate import migrate
from adapters.postgres.pool import open_pool
from tests.adapters.test_serve import Service, free_port, until
from tests.api.test_cli import Run, run
from tests.faults.support import command, connect, note, opening

__all__ = ["run"]

pytestmark = [pytest.mark.database, pytest.mark.faults, pytest.mark.slow]

KEY = Signer.fresh("duban.example/main")


class Installation:
    """A data directory with a database of its own, its ledger, and its log."""

    def __init__(self, data_dir: Path, archive: Path | None = None) -> None:
        self.data_dir = data_dir
        self.server = EmbeddedPostgres(data_dir)
        self.server.start()
        self.url = self.server.url()
        migrate(self.url)
        self.archiver = None if archive is None else archiving(self.url, archive)
        self.tiles = Tiles(data_dir / "log" / "main")

    def record(self, case: str, steps: int) -> None:
        """Record so many steps of a new case."""
        with closing(open_pool(self.url, schema="duban", role="duban_app", size=1, name="test")) as pool:
            PostgresLedger(pool, "main").append([command(case, 0, opening(), *[note()] * (steps - 1))])

    def seal(self) -> int:
        """Sign what there is."""
        return Sealer(self.url, KEY, self.tiles).once().size

    def cases(self) -> set[str]:
        """The cases of the ledger."""
        with connect(self.url) as owner:
            return {case for (case,) in owner.execute("SELECT DISTINCT case_id FROM ledger")}

    def end(self) -> None:
        """Stop the server, and what it has written since is in the archive."""
        self.server.stop()
        if self.archiver is not None:
            self.archiver.wait(20)


@pytest.fixture
def lost(tmp_path: Path) -> tuple[Path, Path, datetime]:
    """A backup, an archive, and when somebody with the owner's password deleted a case and ended the service."""
    place = Installation(tmp_path / "old", tmp_path / "wal")
    try:
        (place.data_dir / "files").mkdir()
        (place.data_dir / "files" / "letter").write_bytes(b"letter")
        (place.data_dir / "log.key").write_text(KEY.secret())
        place.record("before", 3)
        place.seal()
        back_up(place.url, "duban", place.data_dir, tmp_path / "backup")
        place.record("after", 4)
        place.seal()
        mark(place.url, "all-is-well")
        before = datetime.now(UTC)
        with connect(place.url) as owner:
            owner.execute("ALTER TABLE ledger DISABLE TRIGGER USER")
            owner.execute("DELETE FROM ledger WHERE case_id = 'before'")
    finally:
        place.end()
    return tmp_path / "backup", tmp_path / "wal", before


@pytest.mark.parametrize("by_name", [True, False])
def test_what_was_deleted_comes_back_up_to_a_point_and_the_log_goes_on(
    lost: tuple[Path, Path, datetime],
    tmp_path: Path,
    by_name: bool,  # noqa: FBT001
) -> None:
    backup, archive, before = lost
    new = tmp_path / "new"
    shutil.copytree(tmp_path / "old" / "log", new / "log")
    restore(backup, new, archive=archive, until="all-is-well" if by_name else before)
    place = Installation(new)
    try:
        assert place.cases() == {"before", "after"}
        (found,) = measured(place.url, "duban", new)
        assert (found.head, found.published, found.continues) == (7, 7, True)
        assert (new / "files" / "letter").read_bytes() == b"letter"
        place.record("later", 2)
        assert place.seal() == 9
        with closing(open_pool(place.url, schema="duban", role="duban_app", size=1, name="test")) as pool:
            assert Checkpoint.unchecked(AuditExports(pool, "main", place.tiles).checkpoint()).size == 9
    finally:
        place.end()


def test_a_backup_that_ends_before_what_was_signed_is_told_apart_and_never_signed(
    lost: tuple[Path, Path, datetime], tmp_path: Path
) -> None:
    backup, _, _ = lost
    new = tmp_path / "new"
    shutil.copytree(tmp_path / "old" / "log", new / "log")
    restore(backup, new)
    place = Installation(new)
    try:
        assert place.cases() == {"before"}
        (found,) = measured(place.url, "duban", new)
        assert (found.head, found.published, found.continues) == (3, 7, False)
        with pytest.raises(ForkError):
            place.seal()
        place.record("another", 4)
        with pytest.raises(ForkError):
            place.seal()
        assert Checkpoint.unchecked((place.tiles.folder / CHECKPOINT).read_text()).size == 7
    finally:
        place.end()


def test_a_backup_that_is_not_whole_is_refused_and_leaves_nothing(
    lost: tuple[Path, Path, datetime], tmp_path: Path
) -> None:
    backup, archive, _ = lost
    assert read(backup).ledgers == {"main": 3}
    with pytest.raises(BackupError, match="is not empty"):
        back_up("", "duban", tmp_path, backup)
    with pytest.raises(BackupError, match="has a database already"):
        restore(backup, tmp_path / "old")
    with pytest.raises(BackupError, match="without an archive"):
        restore(backup, tmp_path / "new", until="all-is-well")
    with pytest.raises(BackupError, match="is not a backup"):
        restore(archive, tmp_path / "new")
    victim = next(
        place for place in (backup / "database" / "base").rglob("*") if place.is_file() and place.stat().st_size
    )
    victim.write_bytes(victim.read_bytes()[:-1] + b"\xff")
    with pytest.raises(BackupError, match="pg_verifybackup"):
        restore(backup, tmp_path / "new")
    assert not (tmp_path / "new" / "postgres").exists()


def test_the_commands_back_up_restore_and_measure(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    backup = tmp_path / "backup"
    assert run("migrate").code == 0
    made = run("backup", str(backup), "--json")
    assert (made.code, json.loads(made.out)["ledgers"]) == (0, {"main": 0})
    again = run("backup", str(backup))
    assert (again.code, "is not empty" in again.err) == (1, True)
    there = run("restore", str(backup))
    assert (there.code, "has a database already" in there.err) == (1, True)
    monkeypatch.setenv("DUBAN_DATA_DIR", str(tmp_path / "elsewhere"))
    restored = run("restore", str(backup))
    assert (restored.code, "main: 0 steps; no checkpoint is at hand" in restored.out) == (0, True)
    assert run("doctor").code == 0
    assert run("restore", str(backup), "--until", "x", "--point", "y").code == 2
    monkeypatch.setenv("DUBAN_DATABASE_URL", "postgresql://localhost/none")
    assert run("restore", str(backup)).code == 2


def test_what_was_erased_stays_erased_when_an_older_backup_comes_back(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name, who = "canary-name-7f3a", ("--role", "deputy_affairs", "--actor")
    said = {"jurisdiction": "cn-999900", "title": "建议增开夜间公交", "lead_deputy": "d-001"}
    assert run("registry", "enter", "cn-999900").code == 0
    opened = run("case", "open", "suggestion.submitted", *who, "u-1", "--fields", json.dumps(said), "--json")
    case = json.loads(opened.out)["case_id"]

    def record(step: str, actor: str, **fields: str) -> None:
        done = run("case", "record", case, step, *who, actor, "--fields", json.dumps(fields))
        assert done.code == 0, done.err

    record("person_added", "u-1", person="p1", capacity="petitioner", name=name)
    first = run("backup", str(tmp_path / "first"), "--json")
    older = Path(json.loads(first.out)["keys"])
    assert not any(b"keys" in file.name.encode() for file in (tmp_path / "first").iterdir())
    erasing = {"measure_key": "1", "person": "p1", "measure": "erase", "ground": "consent_withdrawn", "reason": "要求"}
    record("personal_measure_proposed", "u-1", **erasing)
    record("personal_data_erased", "u-2", measure_key="1")
    assert json.loads(run("keys", "status", "--json").out)["erased"] == 1
    assert run("keys", "backup", str(tmp_path / "later")).code == 0

    assert run("keys", "restore", str(older)).code == 0
    assert json.loads(run("keys", "status", "--json").out) | {"place": ""} == {
        "place": "", "held": 0, "restricted": 0, "erased": 1,
    }  # fmt: skip

    monkeypatch.setenv("DUBAN_DATA_DIR", str(tmp_path / "elsewhere"))
    assert run("restore", str(tmp_path / "first"), "--keys", str(tmp_path / "later")).code == 0
    steps = json.loads(run("case", "history", case, "--json").out)["steps"]
    assert [step["fields"]["name"] for step in steps[1:]] == [{"kept": "erased"}]
    assert run("doctor").code == 0
    for place in (tmp_path / "data", tmp_path / "elsewhere", tmp_path / "first", tmp_path / "keys", tmp_path / "later"):
        files = [file for file in place.rglob("*") if file.is_file()]
        assert files
        assert not [file for file in files if name.encode() in file.read_bytes()]


def test_a_service_keeps_the_archive(tmp_path: Path) -> None:
    archive = tmp_path / "wal"
    service = Service(tmp_path / "data", free_port(), "--no-sample", DUBAN_WAL_ARCHIVE=str(archive))
    with service.process:
        try:
            service.until_ready()
            until(lambda: any(archive.glob("0*")))
            assert service.child("archiver").is_running()
        finally:
            service.process.terminate()
    assert service.process.returncode == 0
