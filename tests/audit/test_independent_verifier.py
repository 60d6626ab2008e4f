"""The verifier of others agrees with ours, finds every change, and raises no false alarm."""

from __future__ import annotations

import random
import shutil
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest

from adapters.audit.checkpoint import Checkpoint
from adapters.audit.exports import AuditExports
from adapters.audit.note import Signer
from adapters.audit.sealer import Sealer
from adapters.audit.tiles import Tiles
from adapters.audit.verify import VerifyError, verify
from adapters.postgres.ledger import PostgresLedger
from adapters.postgres.pool import open_pool
from tests.adapters.test_audit_log import FORGERIES, Log, log
from tests.adapters.test_audit_log import KEY as YEARS_KEY
from tests.adapters.test_log_years import shard
from tests.adapters.test_log_years import years as log_of_years
from tests.audit.conftest import Found, Verifier
from tests.audit.tampering import (
    CHANGES,
    HARMLESS_ONCE_SEALED_ANEW,
    Tampering,
    a_file_changed,
    seal_anew,
    stands_as_before,
    take_guards_away,
    undone_afterwards,
)
from tests.conftest import Cluster
from tests.faults.support import command, connect, note, opening

__all__ = ["log", "log_of_years"]

KEY, OTHER = Signer.fresh("duban.example/main"), Signer.fresh("duban.example/main")
SEED = random.SystemRandom().randrange(10**9)
CASES = 12


class Published:
    """A log that grows, and an auditor's folder."""

    def __init__(self, conninfo: str, exports: AuditExports, ledger: PostgresLedger, folder: Path) -> None:
        self.conninfo, self.exports, self.ledger, self.folder = conninfo, exports, ledger, folder
        self.tiles = Tiles(folder / "log")
        self.sealer = Sealer(conninfo, KEY, self.tiles)
        self.chance = random.Random(SEED)
        self.versions: dict[str, int] = {}
        self.sizes: list[int] = []
        (folder / "key").write_text(f"{KEY.public}\n")

    def grow(self, steps: int) -> None:
        """So many steps of any cases, and a checkpoint."""
        for _ in range(steps):
            case = f"00000000-0000-4000-8000-{self.chance.randrange(CASES):012}"
            version = self.versions.get(case, 0)
            step = note(self.chance.choice(["已开工", "“进展”<&>\n", "a" * 300])) if version else opening()
            self.ledger.append([command(case, version, step)])
            self.versions[case] = version + 1
        self.sizes.append(self.sealer.once().size)

    def file(self, content: Any, name: str = "file.json") -> Path:
        """What the auditor is handed."""
        place = self.folder / name
        place.write_bytes(content if isinstance(content, bytes) else orjson.dumps(content))
        return place

    def held(self, size: int) -> Path:
        """A checkpoint that the auditor kept."""
        return self.file(self.exports.checkpoint(size).encode(), f"held-{size}")

    def whole(self, name: str = "log.jsonl") -> Path:
        """The whole log."""
        return self.file(b"".join(self.exports.whole()), name)


@pytest.fixture(scope="module")
def published(
    cluster: Cluster, migrated_template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Published]:
    conninfo, folder = cluster.create(migrated_template), tmp_path_factory.mktemp("auditor")
    with closing(open_pool(conninfo, schema="duban", role="duban_app", size=2, name="test")) as pool:
        exports = AuditExports(pool, "main", Tiles(folder / "log"))
        yield Published(conninfo, exports, PostgresLedger(pool, "main"), folder)
    cluster.drop(conninfo)


def ours(place: Path, *held: Path) -> Found:
    """What our own verifier says."""
    try:
        verify(place, KEY.public, [one.read_text() for one in held])
    except VerifyError as error:
        return Found(verified=False, says=str(error))
    return Found(verified=True, says="")


def test_the_vectors_of_others_all_get_their_verdict(verifier: Verifier, shared_data: Path) -> None:
    assert verifier("vectors", shared_data / "rfc9162" / "testdata").verified


@pytest.mark.database
@pytest.mark.slow
def test_a_thousand_untouched_exports_raise_no_alarm(published: Published, verifier: Verifier) -> None:
    chance, key, files = published.chance, published.folder / "key", 0
    for _ in range(40):
        published.grow(chance.randint(1, 6))
        exports, since = published.exports, chance.choice(published.sizes)
        held = published.held(since)
        handed: list[tuple[Path, list[Path]]] = [(published.whole(), [held]), (published.tiles.folder, [held])]
        handed.append((published.file(exports.consistency(since), "consistency.json"), [held]))
        for case in chance.choices(sorted(published.versions), k=22):
            with_since = chance.random() < 0.5
            bundle = exports.bundle(case, since if with_since else None)
            handed.append((published.file(bundle, f"{len(handed)}.json"), [held] if with_since else []))
        answers = verifier.many([(key, place, *kept) for place, kept in handed])
        for (place, kept), found in zip(handed, answers, strict=True):
            assert found.verified, (SEED, place.name, found.says)
            if place.is_file() and chance.random() < 0.1:
                assert ours(place, *kept).verified, (SEED, place.name)
        files += len(handed)
    assert files == 1_000


@pytest.mark.database
def test_both_verifiers_refuse_every_forgery(published: Published, verifier: Verifier) -> None:
    published.grow(60)
    case = max(published.versions, key=lambda case: published.versions[case])
    said = published.exports.bundle(case)
    for name, forge in FORGERIES.items():
        forged = orjson.loads(orjson.dumps(said))
        forge(forged)
        place = published.file(forged)
        if forged == said:
            continue
        assert not verifier(published.folder / "key", place).verified, name
        assert not ours(place).verified, name


@pytest.mark.database
@pytest.mark.slow
def test_a_thousand_changes_by_whoever_owns_the_database_are_found(published: Published, verifier: Verifier) -> None:
    published.grow(60)
    size, chance, key = published.sizes[-1], published.chance, published.folder / "key"
    held = published.held(size)
    published.grow(30)
    changed: list[tuple[Path, str]] = []
    with connect(published.conninfo) as owner:
        take_guards_away(owner)
        while len(changed) < 800:
            change = CHANGES[len(changed) % len(CHANGES)]
            with undone_afterwards(owner):
                change(Tampering(owner, chance, size))
                anew = change not in HARMLESS_ONCE_SEALED_ANEW and chance.random() < 0.5
                signer = chance.choice([KEY, KEY, OTHER])
                if anew:
                    seal_anew(owner, signer)
                if stands_as_before(owner):
                    continue
                log = published.whole(f"changed-{len(changed)}.jsonl")
            changed.append((log, f"{change.__name__}, sealed anew: {anew}, by the log's own key: {signer is KEY}"))
            if chance.random() < 0.05:
                assert not ours(log, held).verified, (SEED, *changed[-1])
    while len(changed) < 1_000:
        copy = published.folder / f"changed-{len(changed)}"
        if len(changed) % 2:
            shutil.copytree(published.tiles.folder, copy)
            changed.append((copy, a_file_changed(copy, chance)))
        else:
            copy.mkdir()
            bundle = published.exports.bundle(chance.choice(sorted(published.versions)), size)
            (copy / "bundle.json").write_bytes(orjson.dumps(bundle))
            changed.append((copy / "bundle.json", a_file_changed(copy, chance)))
    answers = verifier.many([(key, place, held) for place, _ in changed])
    assert [how for (_, how), answer in zip(changed, answers, strict=True) if answer.verified] == [], SEED
    assert ours(published.whole(), held).verified
    assert Checkpoint.unchecked(held.read_text()).size == size


# Years and case heads


@pytest.mark.database
def test_both_verifiers_agree_on_years_alone_and_together(log_of_years: Log, verifier: Verifier) -> None:
    now = datetime.now(UTC).year
    first, second, third = (shard(log_of_years, year) for year in (2024, 2025, now))
    key = log_of_years.file(f"{YEARS_KEY.public}\n".encode(), "key")
    for year in (first, second, third):
        assert verifier(key, year).verified
        assert verify(year, YEARS_KEY.public).proves
    for year, earlier in ((second, first), (third, second)):
        assert verifier(key, year, "-after", earlier).verified
        assert verify(year, YEARS_KEY.public, after=earlier).proves
    for year, earlier in ((first, second), (third, first), (first, first)):
        assert not verifier(key, year, "-after", earlier).verified
        with pytest.raises(VerifyError):
            verify(year, YEARS_KEY.public, after=earlier)


@pytest.mark.database
def test_both_verifiers_refuse_whatever_is_changed_in_a_year(log_of_years: Log, verifier: Verifier) -> None:
    key, year = log_of_years.file(f"{YEARS_KEY.public}\n".encode(), "key"), shard(log_of_years, 2025)
    lines = year.read_bytes().splitlines(keepends=True)
    chance, forged = random.Random(SEED), []
    forged += [b"".join([*lines[:at], *lines[at + 1 :]]) for at in range(len(lines))]
    forged += [b"".join([lines[0], *lines[:0:-1]]), b"".join([*lines, lines[-1]])]
    for name, wrong in (
        ("begins", "2025-06-01T00:00:00+08:00"),
        ("ends", "2027-01-01T00:00:00+08:00"),
        ("ledger_id", "x"),
    ):
        forged.append(orjson.dumps(orjson.loads(lines[0]) | {name: wrong}) + b"\n" + b"".join(lines[1:]))
    for _ in range(60):
        whole = bytearray(b"".join(lines))
        at = chance.choice([i for i, byte in enumerate(whole) if chr(byte).isalnum()])
        whole[at] = ord("1" if whole[at] == ord("0") else "0")
        forged.append(bytes(whole))
    places = [log_of_years.file(content, f"forged-{number}.jsonl") for number, content in enumerate(forged)]
    for place, found in zip(places, verifier.many([(key, place) for place in places]), strict=True):
        try:
            verify(place, YEARS_KEY.public)
        except VerifyError:
            agreed = False
        else:
            agreed = True
        assert found.verified == agreed, (SEED, place.name, found.says)
        assert not agreed or place.read_bytes() == year.read_bytes() or b"+0" in place.read_bytes(), place.name


@pytest.mark.database
def test_both_verifiers_refuse_a_bundle_without_the_steps_that_the_heads_name(
    log_of_years: Log, verifier: Verifier
) -> None:
    key = log_of_years.file(f"{YEARS_KEY.public}\n".encode(), "key")
    with log_of_years.sealer._connected() as conn:
        log_of_years.sealer.anchor(conn, datetime.now(UTC).date())
    heads = next(log_of_years.tiles.folder.glob("anchors/*/*heads*"))
    whole = log_of_years.exports.bundle("a")
    cut = whole | {"records": whole["records"][:-1]}
    good, short = log_of_years.file(whole, "whole.json"), log_of_years.file(cut, "cut.json")
    assert verifier(key, good, "-heads", heads).verified
    assert not verifier(key, short, "-heads", heads).verified
