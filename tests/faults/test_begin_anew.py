"""A ledger that came back without its end: its log is begun anew, openly, and both logs say what still holds."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from io import StringIO
from pathlib import Path

import orjson
import pytest

from adapters.audit.checkpoint import Checkpoint
from adapters.audit.exports import AuditExports
from adapters.audit.note import Signer
from adapters.audit.sealer import ForkError, Sealer
from adapters.audit.tiles import Tiles
from adapters.audit.verify import VerifyError, verify
from adapters.backup import restore
from adapters.postgres.pool import open_pool
from tests.api.test_cli import Run, run
from tests.audit.conftest import Verifier, verifier
from tests.faults.test_restore import KEY, Installation, lost

__all__ = ["lost", "run", "verifier"]

pytestmark = [pytest.mark.database, pytest.mark.faults, pytest.mark.slow]

NEW = "duban.example/main-2"
GRANTED = ("--reason", "磁盘损坏，备份之后的登记已丢失", "--approved-by", "甲主任", "--approved-by", "乙主任", "--yes")


class Forked:
    """An installation that was restored behind what was signed, and what was handed out of the old log."""

    def __init__(self, place: Installation, bundle: Path, held: Path) -> None:
        self.place, self.bundle, self.held = place, bundle, held
        self.key = place.data_dir / "log.key"

    def file(self, name: str, said: object) -> Path:
        place = self.place.data_dir / name
        place.write_bytes(said if isinstance(said, bytes) else orjson.dumps(said))
        return place

    def new_key(self) -> Signer:
        return Signer.parse(self.key.read_text())


@pytest.fixture
def forked(
    lost: tuple[Path, Path, datetime], run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Forked]:
    """Three records are as they were, four that were signed are gone, and another case was recorded since."""
    del run
    new = tmp_path / "new"
    shutil.copytree(tmp_path / "old" / "log", new / "log")
    held = tmp_path / "held"
    shutil.copy(new / "log" / "main" / "checkpoint", held)
    restore(lost[0], new)
    place = Installation(new)
    try:
        place.record("another", 2)
        monkeypatch.setenv("DUBAN_DATA_DIR", str(new))
        monkeypatch.setenv("DUBAN_DATABASE_URL", place.url)
        with closing(open_pool(place.url, schema="duban", role="duban_app", size=1, name="test")) as pool:
            bundle = tmp_path / "old.json"
            bundle.write_bytes(orjson.dumps(AuditExports(pool, "main", place.tiles).bundle("before")))
        yield Forked(place, bundle, held)
    finally:
        place.end()


def test_a_log_is_begun_anew_with_its_reason_and_two_names_and_says_what_both_have_in_common(
    forked: Forked, run: Run, verifier: Verifier
) -> None:
    begun = run("audit", "begin", "--name", NEW, *GRANTED)
    assert begun.code == 0, begun.err
    assert "signed up to 7 records; the ledger has 5, of which the first 3" in begun.err
    key = forked.new_key()
    assert Checkpoint.opened(begun.out, key.public, KEY.public) == Checkpoint.unchecked(begun.out)
    assert forked.place.tiles.folder.joinpath("checkpoint").read_text() == begun.out

    sealer = Sealer(forked.place.url, key, forked.place.tiles)
    assert sealer.once().note is None
    forked.place.record("later", 2)
    assert sealer.once().size == 7
    with closing(open_pool(forked.place.url, schema="duban", role="duban_app", size=1, name="test")) as pool:
        exports = AuditExports(pool, "main", forked.place.tiles)
        (told,) = exports.forks()
        assert (told.origin, told.size, told.ended, told.ended_size, told.common) == (NEW, 5, KEY.name, 7, 3)
        assert (told.reason, told.approved_by) == (GRANTED[1], ("甲主任", "乙主任"))
        log, bundle = forked.file("log.jsonl", b"".join(exports.whole())), exports.bundle("before", 5)

    file = forked.place.data_dir / "fork.json"
    assert run("audit", "fork", "-o", str(file)).code == 0
    verdict = verify(file, key.public, [forked.held.read_text(), begun.out], ended=KEY.public)
    new_key, old_key = (
        forked.file(f"{name}-key", f"{one.public}\n".encode()) for name, one in (("new", key), ("ended", KEY))
    )
    held = forked.file("begun", begun.out.encode())
    assert verifier(new_key, file, "-ended", old_key, forked.held, held).verified
    assert not verifier(old_key, file, "-ended", new_key).verified
    assert not verifier(new_key, file, "-ended", new_key).verified
    assert verifier(new_key, log, held).verified
    assert verifier(old_key, forked.bundle).verified
    assert [id for id, _ in verdict.proves] == [
        "audit.signed", "audit.forked", "audit.fork-common", "audit.held-continued", "audit.held-continued",
    ]  # fmt: skip
    assert verdict.leaves_open == ["audit.open-ended", "audit.open-contents"]
    assert verify(log, key.public, [begun.out]).proves
    assert verify(forked.file("new.json", bundle), key.public, [begun.out]).proves
    assert verify(forked.bundle, KEY.public).proves
    with pytest.raises(VerifyError, match=f"you hold a checkpoint of {KEY.name}"):
        verify(log, key.public, [forked.held.read_text()])


def test_the_old_log_stays_where_it_can_be_read(forked: Forked, run: Run) -> None:
    before = {
        place.relative_to(forked.place.tiles.folder): place.read_bytes()
        for place in forked.place.tiles.folder.rglob("*")
        if place.is_file()
    }
    assert run("audit", "begin", "--name", NEW, *GRANTED).code == 0
    old = forked.place.tiles.folder / "before" / "1"
    assert before == {place.relative_to(old): place.read_bytes() for place in old.rglob("*") if place.is_file()}
    assert len(list(Tiles(old).entries(7))) == 7
    assert Signer.parse((forked.place.data_dir / "log.key.before-1").read_text()).public == KEY.public
    with pytest.raises(ForkError):
        Sealer(forked.place.url, KEY, Tiles(old)).once()


def test_it_shows_what_is_lost_and_asks_why_and_who_approves(
    forked: Forked, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", StringIO("disk lost\nfirst\nsecond\nn\n"))
    assert run("audit", "begin", "--name", NEW).code != 0
    assert Signer.parse(forked.key.read_text()).public == KEY.public
    monkeypatch.setattr("sys.stdin", StringIO("disk lost\nfirst\nsecond\ny\n"))
    begun = run("audit", "begin", "--name", NEW)
    assert (begun.code, "reason disk lost\napproved first\napproved second\n" in begun.out) == (0, True)


def test_nothing_is_begun_without_need_or_without_two_who_approve(forked: Forked, run: Run) -> None:
    asked = ("audit", "begin", "--name", NEW, "--reason", "x", "--yes")
    for wrong in (("甲",), ("甲", "甲"), ("甲", "乙", "丙"), ("甲\n", "乙")):
        given = [part for name in wrong for part in ("--approved-by", name)]
        assert run(*asked, *given).code in {1, 2}, wrong
    same = run("audit", "begin", "--name", KEY.name, *GRANTED)
    assert (same.code, "needs a name of its own" in same.err) == (1, True)
    blank = run("audit", "begin", "--name", "a b", *GRANTED)
    assert (blank.code, "NOT BEGUN" in blank.err) == (1, True)
    assert Signer.parse(forked.key.read_text()).public == KEY.public
    assert run("audit", "begin", "--name", NEW, *GRANTED).code == 0
    again = run("audit", "begin", "--name", "duban.example/main-3", *GRANTED)
    assert (again.code, "the log goes on as it is" in again.err) == (1, True)


def test_a_fork_that_is_told_otherwise_is_refused(forked: Forked, run: Run) -> None:
    assert run("audit", "begin", "--name", NEW, *GRANTED).code == 0
    file, key = forked.place.data_dir / "fork.json", forked.new_key().public
    assert run("audit", "fork", "-o", str(file)).code == 0
    told = run("audit", "verify", str(file), "--key", str(key), "--ended", str(KEY.public))
    assert (told.code, "The first 3 records are the same" in told.out) == (0, True)
    said = orjson.loads(file.read_bytes())
    other = Signer.fresh(KEY.name)
    forged = [
        said | {"ended": said["checkpoint"]},
        said | {"ended": other.sign(Checkpoint.unchecked(said["ended"]).text())},
        said | {"ended": KEY.sign(Checkpoint(KEY.name, 7, b"\0" * 32).text())},
        said | {"common": said["common"] | {"proof": []}},
        said | {"common": said["common"] | {"root": said["common"]["proof"][0]}},
        {name: value for name, value in said.items() if name != "common"},
        said | {"more": 1},
        said | {"checkpoint": said["checkpoint"].replace("甲主任", "丙主任")},
    ]
    for one in forged:
        with pytest.raises(VerifyError):
            verify(forked.file("forged.json", one), key, ended=KEY.public)
    with pytest.raises(VerifyError, match="the key of the log that ended is needed"):
        verify(file, key)
