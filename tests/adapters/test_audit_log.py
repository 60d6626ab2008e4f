"""The audit log: what is sealed can be checked by whoever holds a checkpoint, and nothing can be changed unseen."""

from __future__ import annotations

import base64
import gzip
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.audit.checkpoint import Checkpoint
from adapters.audit.exports import AuditExports
from adapters.audit.merkle import (
    Frontier,
    ProofError,
    check_consistency,
    check_inclusion,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    node_hash,
    root_of,
)
from adapters.audit.note import COSIGNATURE, NoteError, PublicKey, Signer, opened
from adapters.audit.sealer import ForkError, Growing, Sealer
from adapters.audit.tiles import TileError, Tiles
from adapters.audit.verify import VerifyError, verify
from adapters.audit.witness import Witness
from adapters.postgres.ledger import PostgresLedger
from adapters.postgres.pool import open_pool
from domain.refusal import Refused
from tests.faults.support import command, connect, note, opening

NOW = int(datetime(2026, 11, 28, tzinfo=UTC).timestamp())
KEY = Signer.fresh("duban.example/main")
OTHER = Signer.fresh("duban.example/main")

LEAVES = [leaf_hash(str(number).encode()) for number in range(300)]


def hash_at(level: int, number: int) -> bytes:
    """The hash of a complete subtree over `LEAVES`."""
    if level == 0:
        return LEAVES[number]
    return node_hash(hash_at(level - 1, 2 * number), hash_at(level - 1, 2 * number + 1))


# The tree


@given(st.data())
def test_every_proof_leads_to_the_root_and_no_other_leaf_has_it(data: st.DataObject) -> None:
    size = data.draw(st.integers(1, len(LEAVES)))
    index, first = data.draw(st.integers(0, size - 1)), data.draw(st.integers(1, size))
    frontier = Frontier()
    for leaf in LEAVES[:size]:
        frontier.add(leaf)
    root = frontier.root()
    assert root == root_of(size, hash_at)
    proof = inclusion_proof(index, size, hash_at)
    check_inclusion(index, size, LEAVES[index], proof, root)
    other = data.draw(st.sampled_from([leaf for leaf in LEAVES if leaf != LEAVES[index]]))
    with pytest.raises(ProofError):
        check_inclusion(index, size, other, proof, root)
    steps = consistency_proof(first, size, hash_at)
    check_consistency(first, size, root_of(first, hash_at), root, steps)
    with pytest.raises(ProofError):
        check_consistency(first, size, other, root, steps)


@pytest.mark.parametrize("kind", ["inclusion", "consistency"])
def test_the_proofs_that_others_published_are_judged_as_they_expect(shared_data: Path, kind: str) -> None:
    places = sorted((shared_data / "rfc9162" / "testdata" / kind).rglob("*.json"))
    assert len(places) == 98
    for place in places:
        said = orjson.loads(place.read_bytes())
        raw = {name: base64.b64decode(said.get(name) or "") for name in ("root", "root1", "root2", "leafHash")}
        proof = [base64.b64decode(one) for one in said["proof"] or ()]
        try:
            if kind == "inclusion":
                check_inclusion(said["leafIdx"], said["treeSize"], raw["leafHash"], proof, raw["root"])
            else:
                check_consistency(said["size1"], said["size2"], raw["root1"], raw["root2"], proof)
            refused = False
        except ProofError:
            refused = True
        assert refused == said["wantErr"], (place, said["desc"])


@given(st.lists(st.integers(0, 700), min_size=1, max_size=4).map(sorted))
def test_tiles_that_were_written_in_any_portions_give_every_hash(sizes: list[int]) -> None:
    leaves = [leaf_hash(f"{number}".encode()) for number in range(sizes[-1])]
    growing = Growing()
    tiles: dict[tuple[int, int], list[bytes]] = {}
    for before, size in pairwise([0, *sizes]):
        for leaf in leaves[before:size]:
            growing.add(leaf)
        tiles |= {(level, number): hashes for level, number, hashes in growing.filled()}
        tiles |= {(level, number): list(hashes) for level, number, hashes in growing.edges()}
    for number, leaf in enumerate(leaves):
        assert tiles[0, number // 256][number % 256] == leaf
    for number in range(len(leaves) // 256):
        frontier = Frontier()
        for leaf in leaves[number * 256 : (number + 1) * 256]:
            frontier.add(leaf)
        assert tiles[1, 0][number] == frontier.root()


# Notes


def test_a_note_says_who_signed_what() -> None:
    signed = KEY.sign(Checkpoint(KEY.name, 3, LEAVES[0]).text())
    assert Checkpoint.opened(signed, KEY.public) == Checkpoint(KEY.name, 3, LEAVES[0])
    assert PublicKey.parse(str(KEY.public)) == KEY.public
    assert Signer.parse(KEY.secret()).public == KEY.public
    witness = Signer.fresh("archives.example", COSIGNATURE)
    both = signed + witness.line(opened(signed), NOW)
    assert Checkpoint.opened(both, KEY.public, PublicKey.parse(str(witness.public))).size == 3
    for wrong, keys in (
        (signed, [OTHER.public]),
        (signed, [KEY.public, witness.public]),
        (signed.replace("\n3\n", "\n4\n"), [KEY.public]),
        (signed.replace("\n\n", "\n"), [KEY.public]),
        ("", [KEY.public]),
    ):
        with pytest.raises(NoteError):
            Checkpoint.opened(wrong, *keys)


def test_what_is_no_key_is_said_to_be_none() -> None:
    for text in ("", "a+b", "a+00000000+AQ==", f"{KEY.public}x", str(KEY.public).replace("+", " ", 1)):
        with pytest.raises(NoteError):
            PublicKey.parse(text)


# The log of a ledger


class Log:
    """A ledger with its sealer, and what auditors get of it."""

    def __init__(self, conninfo: str, ledger: PostgresLedger, exports: AuditExports, folder: Path) -> None:
        self.conninfo = conninfo
        self.ledger = ledger
        self.exports = exports
        self.tiles = Tiles(folder / "log")
        self.folder = folder
        self.sealer = Sealer(conninfo, KEY, self.tiles)

    def case(self, name: str, steps: int = 3) -> str:
        """A case of so many steps."""
        self.ledger.append([command(name, 0, opening(), *[note(f"第{n}次") for n in range(1, steps)])])
        return name

    def file(self, said: Any, name: str = "file.json") -> Path:
        """What an auditor is handed."""
        place = self.folder / name
        place.write_bytes(said if isinstance(said, bytes) else orjson.dumps(said))
        return place

    def whole(self) -> Path:
        """The whole log as a file."""
        return self.file(b"".join(self.exports.whole()), "log.jsonl")


@pytest.fixture
def log(database: str, tmp_path: Path) -> Iterator[Log]:
    with closing(open_pool(database, schema="duban", role="duban_app", size=2, name="test")) as pool:
        yield Log(database, PostgresLedger(pool, "main"), AuditExports(pool, "main", Tiles(tmp_path / "log")), tmp_path)


@pytest.mark.database
def test_what_is_sealed_is_proved_to_whoever_holds_an_older_checkpoint(log: Log) -> None:
    with pytest.raises(Refused, match="nothing-sealed"):
        log.exports.checkpoint()
    case = log.case("a", 4)
    log.case("b", 300)
    assert log.sealer.once().size == 304
    held = log.exports.checkpoint()
    log.case("c", 500)
    assert log.sealer.once().size == 804
    assert log.sealer.once().note is None

    bundle = verify(log.file(log.exports.bundle(case, 304)), KEY.public, [held])
    assert [record.version for record in bundle.records] == [1, 2, 3, 4]
    assert [id for id, _ in bundle.proves] == [
        "audit.signed", "audit.continues", "audit.held-continued", "audit.bundle-included",
    ]  # fmt: skip
    assert verify(log.file(log.exports.consistency(304)), KEY.public, [held, log.exports.checkpoint()]).proves
    assert verify(log.whole(), KEY.public, [held]).proves[1] == ("audit.log-whole", {"size": 804, "cases": 3})
    assert list(log.tiles.entries(804))[303].startswith(b"duban-leaf/1\nmain\n304\nb\n300\n")
    assert (log.tiles.folder / "checkpoint").read_text() == log.exports.checkpoint()
    with pytest.raises(VerifyError, match="says nothing of the checkpoint"):
        verify(log.file(log.exports.bundle(case)), KEY.public, [held])


@pytest.mark.database
def test_a_sealer_that_starts_again_goes_on_where_it_was_whatever_became_of_its_files(log: Log) -> None:
    log.case("a", 700)
    log.sealer.once()
    before = {place: place.read_bytes() for place in log.tiles.folder.rglob("*") if place.is_file()}
    for place in before:
        place.unlink()
    again = Sealer(log.conninfo, KEY, log.tiles)
    assert again.once().note is None
    log.case("b", 3)
    assert again.once().size == 703
    for place, content in before.items():
        if place.parent.suffix != ".p" and place.name != "checkpoint":
            assert place.read_bytes() == content
    assert len(list(log.tiles.entries(703))) == 703
    verify(log.whole(), KEY.public)
    for number in range(0, 703, 50):
        inclusion_proof(number, 703, log.tiles.reader())


@pytest.mark.database
def test_nothing_is_signed_that_does_not_continue_what_was_signed(log: Log) -> None:
    log.case("a", 5)
    log.sealer.once()
    log.case("b", 5)
    with connect(log.conninfo) as owner:
        owner.execute("ALTER TABLE ledger DISABLE TRIGGER USER")
        owner.execute("DELETE FROM ledger WHERE case_id = 'b'")
        owner.execute("UPDATE ledger_head SET position = 5")
        assert log.sealer.once().note is None
        owner.execute("DELETE FROM ledger WHERE case_id = 'a' AND version = 5")
        owner.execute("UPDATE ledger_head SET position = 4")
        with pytest.raises(ForkError, match="signed at 5 records"):
            log.sealer.once()
        log.ledger.append([command("c", 0, opening(), note())])
        with pytest.raises(ForkError, match="are not those that were signed"):
            log.sealer.once()
    assert Checkpoint.unchecked(log.exports.checkpoint()).size == 5


@pytest.mark.database
def test_a_database_that_was_restored_without_its_checkpoints_is_measured_by_the_file(log: Log) -> None:
    log.case("a", 5)
    log.sealer.once()
    with connect(log.conninfo) as owner:
        owner.execute("ALTER TABLE checkpoint DISABLE TRIGGER USER")
        owner.execute("DELETE FROM checkpoint")
        owner.execute("ALTER TABLE ledger DISABLE TRIGGER USER")
        owner.execute("DELETE FROM ledger WHERE version = 5")
        owner.execute("UPDATE ledger_head SET position = 4")
    with pytest.raises(ForkError):
        Sealer(log.conninfo, KEY, log.tiles).once()


@pytest.mark.database
def test_only_the_sealer_signs_and_nobody_changes_what_is_signed(log: Log) -> None:
    log.case("a")
    log.sealer.once()
    for role in ("duban_app", "duban_projector"):
        with connect(log.conninfo, role) as conn, pytest.raises(Exception, match="permission denied"):
            conn.execute("INSERT INTO checkpoint (ledger_id, origin, size, note) VALUES ('main', 'x', 9, 'x')")
    with connect(log.conninfo, "duban_sealer") as conn:
        for statement in ("UPDATE checkpoint SET note = 'x'", "DELETE FROM ledger", "TRUNCATE checkpoint"):
            with pytest.raises(Exception, match="permission denied"):
                conn.execute(statement.encode())
    with connect(log.conninfo) as owner, pytest.raises(Exception, match="append-only"):
        owner.execute("UPDATE checkpoint SET note = 'x'")


def changed(**fields: Any) -> Callable[[dict[str, Any]], None]:
    """The second step says something else."""
    return lambda said: said["records"][1].update(fields)


def with_other_state(said: dict[str, Any]) -> None:
    record = said["records"][1]
    record["state"] = base64.b64encode(base64.b64decode(record["state"]).replace("第1次".encode(), b"x")).decode()


FORGERIES: dict[str, Callable[[dict[str, Any]], object]] = {
    "another state": with_other_state,
    "back-dated": changed(recorded_at="2020-01-01T00:00:00.000000Z"),
    "another actor beside the state": changed(actor="d-002"),
    "another day beside the state": changed(occurred_at="2020-01-01T00:00:00.000000Z"),
    "another request": changed(request_key="x"),
    "another step": changed(wire="suggestion.closed.v1"),
    "another position": changed(position=1),
    "another leaf": changed(leaf="00" * 32),
    "another link": changed(prev_leaf="00" * 32),
    "of another case": changed(case_id="b"),
    "a step left out": lambda said: said["records"].pop(1),
    "the first step left out": lambda said: said["records"].pop(0),
    "two steps swapped": lambda said: said["records"].reverse(),
    "a step twice": lambda said: said["records"].insert(1, said["records"][0]),
    "no proof": lambda said: said["records"][1].pop("proof"),
    "a shorter proof": lambda said: said["records"][1]["proof"].pop(),
    "a longer proof": lambda said: said["records"][1]["proof"].append(base64.b64encode(bytes(32)).decode()),
    "a proof of another step": lambda said: said["records"][1].update(proof=said["records"][0]["proof"]),
    "no step": lambda said: said["records"].clear(),
    "no checkpoint": lambda said: said.pop("checkpoint"),
    "an unsigned checkpoint": lambda said: said.update(checkpoint=said["checkpoint"].partition("\n\n")[0] + "\n\n"),
    "another ledger": lambda said: said.update(ledger_id="other"),
    "another format": lambda said: said.update(format="duban-bundle/2"),
    "records that are none": lambda said: said.update(records={"a": 1}),
    "a record that is none": lambda said: said.update(records=[3]),
}


@pytest.mark.database
def test_a_bundle_that_says_anything_else_is_refused_and_says_where(log: Log) -> None:
    case = log.case("a", 4)
    log.case("b", 4)
    log.sealer.once()
    said = log.exports.bundle(case)
    verify(log.file(said), KEY.public)
    for name, forge in FORGERIES.items():
        forged = orjson.loads(orjson.dumps(said))
        forge(forged)
        with pytest.raises(VerifyError) as refused:
            verify(log.file(forged), KEY.public)
        assert str(refused.value), name
    with pytest.raises(VerifyError, match="did not sign"):
        verify(log.file(said), OTHER.public)
    for junk in (b"", b"{", b"[]", b"\x1f\x8b\x00", b"\xff"):
        with pytest.raises(VerifyError):
            verify(log.file(junk), KEY.public)


@pytest.mark.database
def test_two_logs_of_one_name_are_told_apart_by_a_checkpoint_that_was_kept(log: Log, tmp_path: Path) -> None:
    log.case("a", 4)
    log.sealer.once()
    shown_to_others = KEY.sign(Checkpoint(KEY.name, 4, LEAVES[0]).text())
    with pytest.raises(VerifyError, match="two roots"):
        verify(log.file(log.exports.bundle("a")), KEY.public, [shown_to_others])
    with pytest.raises(VerifyError, match="two roots"):
        verify(log.whole(), KEY.public, [shown_to_others])
    longer = KEY.sign(Checkpoint(KEY.name, 9, LEAVES[0]).text())
    with pytest.raises(VerifyError, match="the file only 4"):
        verify(log.whole(), KEY.public, [longer])
    del tmp_path


@pytest.mark.database
def test_a_log_with_a_record_withheld_moved_or_altered_is_refused(log: Log) -> None:
    log.case("a", 4)
    log.case("b", 4)
    log.sealer.once()
    head, *records = b"".join(log.exports.whole()).splitlines(keepends=True)
    for forged in (
        records[:-1],
        records[1:],
        [*records[:3], *records[4:]],
        [records[1], records[0], *records[2:]],
        [*records, records[-1]],
        [records[0].replace(b'"version":1', b'"version":2'), *records[1:]],
        [record for record in records if b'"case_id":"b"' not in record],
        [b"x\n", *records[1:]],
    ):
        with pytest.raises(VerifyError):
            verify(log.file(head + b"".join(forged)), KEY.public)


@pytest.mark.database
def test_a_long_log_is_looked_through_by_every_processor_and_says_where_it_is_wrong(log: Log) -> None:
    for number in range(4):
        log.case(f"case-{number}", 600)
    log.sealer.once()
    place = log.whole()
    assert place.stat().st_size > 2_000_000
    head, *records = place.read_bytes().splitlines(keepends=True)
    for file in (place, log.file(gzip.compress(place.read_bytes()), "log.gz")):
        assert ("audit.log-whole", {"size": 2400, "cases": 4}) in verify(file, KEY.public).proves
    records[2099] = records[2099].replace(b'"actor":"d-001"', b'"actor":"d-002"')
    for content in (head + b"".join(records), gzip.compress(head + b"".join(records))):
        with pytest.raises(VerifyError, match="record 2100: a column beside the state"):
            verify(log.file(content), KEY.public)


@pytest.mark.database
def test_a_witness_signs_only_what_continues_what_it_signed(log: Log) -> None:
    log.case("a", 4)
    log.sealer.once()
    first, memory = log.exports.checkpoint(), log.folder / "witness.json"
    witness = Witness(memory, KEY.public, "archives.example")
    signed = witness.sign({"checkpoint": first}, NOW)
    assert Checkpoint.opened(signed, KEY.public, witness.key).size == 4
    log.case("b", 4)
    log.sealer.once()
    again = Witness(memory, KEY.public)
    with pytest.raises(VerifyError, match="a proof since the checkpoint of 4 records"):
        again.sign({"checkpoint": log.exports.checkpoint()}, NOW)
    assert again.sign(log.exports.consistency(4), NOW).count("\n— ") == 2
    with pytest.raises(VerifyError, match="had 8 when it was signed last"):
        again.sign({"checkpoint": first}, NOW)
    other = KEY.sign(Checkpoint(KEY.name, 8, LEAVES[0]).text())
    with pytest.raises(VerifyError, match="not the log that was signed before"):
        again.sign({"checkpoint": other}, NOW)
    with pytest.raises(VerifyError):
        Witness(memory, OTHER.public)
    with pytest.raises(VerifyError, match="needs a name"):
        Witness(log.folder / "none.json", KEY.public)
    assert memory.stat().st_mode & 0o777 == 0o600


@pytest.mark.database
def test_a_tile_that_is_missing_is_named(log: Log) -> None:
    log.case("a", 3)
    log.sealer.once()
    for place in (log.tiles.folder / "tile" / "0").rglob("*"):
        if place.is_file():
            place.unlink()
    with pytest.raises(TileError, match="is missing"):
        Tiles(log.folder / "log").reader()(0, 2)
    with pytest.raises(Refused, match="log-files-lost"):
        log.exports.bundle("a")
