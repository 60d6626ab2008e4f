"""Two histories under one key, or one history under two: the sealer signs no second one, nor does a witness."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from psycopg.conninfo import conninfo_to_dict

from adapters.audit.checkpoint import Checkpoint
from adapters.audit.exports import AuditExports
from adapters.audit.note import NoteError, Signer
from adapters.audit.sealer import ForkError, Sealer
from adapters.audit.tiles import CHECKPOINT, Tiles
from adapters.audit.verify import VerifyError, verify
from adapters.audit.witness import Witness
from adapters.postgres.ledger import PostgresLedger
from adapters.postgres.pool import open_pool
from tests.adapters.test_audit_log import KEY, OTHER, Log
from tests.conftest import Cluster
from tests.faults.support import connect

pytestmark = [pytest.mark.database, pytest.mark.faults]

NOW = int(datetime(2026, 11, 28, tzinfo=UTC).timestamp())


@contextmanager
def log_of(conninfo: str, folder: Path) -> Iterator[Log]:
    folder.mkdir(exist_ok=True)
    with closing(open_pool(conninfo, schema="duban", role="duban_app", size=1, name="test")) as pool:
        yield Log(conninfo, PostgresLedger(pool, "main"), AuditExports(pool, "main", Tiles(folder / "log")), folder)


@contextmanager
def copied(cluster: Cluster, conninfo: str) -> Iterator[str]:
    """A copy of a database, as somebody makes it who wants to tell two stories."""
    copy = cluster.create(str(conninfo_to_dict(conninfo)["dbname"]))
    try:
        yield copy
    finally:
        cluster.drop(copy)


def test_of_two_branches_each_witness_signs_one_and_together_they_show_both(
    database: str, cluster: Cluster, tmp_path: Path
) -> None:
    with log_of(database, tmp_path / "one") as log:
        log.case("a", 4)
        log.sealer.once()
        begun = {"checkpoint": log.exports.checkpoint()}
    shutil.copytree(tmp_path / "one", tmp_path / "two")
    with ExitStack() as open_logs:
        copy = open_logs.enter_context(copied(cluster, database))
        logs = [
            open_logs.enter_context(log_of(conninfo, tmp_path / name))
            for conninfo, name in ((database, "one"), (copy, "two"))
        ]
        witnesses = [Witness(tmp_path / f"{n}.json", KEY.public, f"{n}.example") for n in ("archives", "inspection")]
        signed = []
        for number, (log, witness) in enumerate(zip(logs, witnesses, strict=True)):
            witness.sign(begun, NOW)
            log.case(f"story-{number}", 4)
            log.sealer.once()
            signed.append(witness.sign(log.exports.consistency(4), NOW))
        for log, witness in zip(logs, reversed(witnesses), strict=True):
            for since in (4, 8):
                with pytest.raises(VerifyError, match="not the log that was signed before"):
                    witness.sign(log.exports.consistency(since), NOW)
            log.case("later", 4)
            log.sealer.once()
            for since in (4, 8):
                with pytest.raises(VerifyError):
                    witness.sign(log.exports.consistency(since), NOW)
        roots = {Checkpoint.opened(note, KEY.public, by.key) for note, by in zip(signed, witnesses, strict=True)}
        assert {checkpoint.size for checkpoint in roots} == {8}
        assert len(roots) == 2
        for log, own, other in zip(logs, signed, reversed(signed), strict=True):
            assert verify(log.whole(), KEY.public, [own]).proves
            with pytest.raises(VerifyError):
                verify(log.whole(), KEY.public, [other])


def test_a_sealer_whose_database_went_back_and_was_written_to_again_signs_nothing(
    database: str, cluster: Cluster, tmp_path: Path
) -> None:
    with log_of(database, tmp_path / "log") as log:
        log.case("a", 4)
        log.sealer.once()
    with copied(cluster, database) as older:
        with log_of(database, tmp_path / "log") as log:
            log.case("b", 4)
            log.sealer.once()
            published = log.exports.checkpoint()
        with log_of(older, tmp_path / "log") as log:
            with pytest.raises(ForkError, match="signed at 8 records, and the ledger has 4"):
                log.sealer.once()
            log.case("c", 9)
            with pytest.raises(ForkError, match="are not those that were signed"):
                log.sealer.once()
            assert (log.tiles.folder / CHECKPOINT).read_text() == published
            assert signed_in(older) == {4}


def signed_in(conninfo: str) -> set[int]:
    with connect(conninfo) as owner:
        return {size for (size,) in owner.execute("SELECT size FROM checkpoint")}


@pytest.mark.parametrize(
    ("key", "kept"),
    [(OTHER, True), (OTHER, False), (Signer.fresh("duban.example/another"), True)],
    ids=["of the same name", "of the same name, without the files", "of another name"],
)
def test_a_sealer_with_a_wrong_key_signs_nothing(key: Signer, kept: object, database: str, tmp_path: Path) -> None:
    with log_of(database, tmp_path / "log") as log:
        log.case("a", 4)
        log.sealer.once()
        published = log.exports.checkpoint()
        log.case("b", 4)
        if not kept:
            shutil.rmtree(log.tiles.folder)
        with pytest.raises(NoteError):
            Sealer(database, key, log.tiles).once()
        assert signed_in(database) == {4}
        assert not kept or (log.tiles.folder / CHECKPOINT).read_text() == published
        assert log.sealer.once().size == 8
