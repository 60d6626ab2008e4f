"""The audit log: verifying a million records offline, proofs and bundles, and what sealing costs those who record."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from threading import Thread
from time import perf_counter
from uuid import UUID

import orjson

from adapters.audit.checkpoint import Checkpoint
from adapters.audit.exports import AuditExports
from adapters.audit.merkle import Frontier, inclusion_proof, leaf_hash
from adapters.audit.note import Signer
from adapters.audit.record import LOG, Record, entry
from adapters.audit.sealer import Sealer
from adapters.audit.tiles import Tiles
from adapters.audit.verify import verify
from adapters.postgres.ledger import PostgresLedger
from benchmarks.material import openings
from benchmarks.measuring import Database, Figure, Goal, data_dir, database, percentile
from domain.cases.suggestion import ProgressReported
from tests.faults.support import command

RECORDS = 1_000_000
STEPS_OF_A_CASE, REPEATS = 100, 40
SLICES, APPENDS = 10, 150
KEY = Signer.fresh("duban.example/main")
_DAY = datetime(2026, 3, 2, tzinfo=UTC)


def run() -> Iterator[Figure]:
    """Seconds and milliseconds."""
    with data_dir() as place:
        log = write_log(place / "log.jsonl", RECORDS)
        yield _once("a log of 1,000,000 records verified offline", "s", _seconds(lambda: verify(log, KEY.public)), 20)
        log.unlink()
        with database() as db:
            yield from _of_a_ledger(db, place)


def _of_a_ledger(db: Database, place: Path) -> Iterator[Figure]:
    tiles = Tiles(place / "log")
    sealer = Sealer(db.conninfo, KEY, tiles)
    with db.pool(4) as pool:
        ledger, exports = PostgresLedger(pool, "main"), AuditExports(pool, "main", tiles)
        opening, *_ = openings(1)
        ledger.append([opening])
        step = ProgressReported(unit="jtj", summary="已开工")
        ledger.append([command(opening.case_id, 1, *[step] * (STEPS_OF_A_CASE - 1))])
        for _ in range(20):
            ledger.append(openings(500))
        size = sealer.once().size

        proofs = [_seconds(lambda i=i: inclusion_proof(i * 97 % size, size, tiles.reader())) for i in range(400)]  # type: ignore[misc]
        yield _once("an inclusion proof from the tiles, p95", "ms", percentile(proofs, 95) * 1000, 1)
        file = place / "case.json"

        def make() -> None:
            file.write_bytes(orjson.dumps(exports.bundle(opening.case_id)))

        made = [_seconds(make) for _ in range(REPEATS)]
        yield _once("the bundle of a case of 100 steps made, p95", "ms", percentile(made, 95) * 1000, 500)
        checked = [_seconds(lambda: verify(file, KEY.public)) for _ in range(REPEATS)]
        yield _once("the same verified, p95", "ms", percentile(checked, 95) * 1000, 200)

        alone, sealed = [], []
        for _ in range(SLICES):
            alone += _appends(ledger)
            beside = Sealer(db.conninfo, KEY, tiles)
            sealing = Thread(target=beside.run)
            sealing.start()
            sealed += _appends(ledger)
            beside.stop()
            sealing.join()
        more = (statistics.median(sealed) - statistics.median(alone)) * 1000
        yield _once("what sealing adds to an append, p50", "ms", more, 1)


def write_log(place: Path, records: int) -> Path:
    """A signed log of so many fictional records, ten to a case."""
    frontier, heads = Frontier(), dict[str, tuple[int, bytes | None]]()
    body = place.with_suffix(".body")
    with body.open("wb") as file:
        for position in range(1, records + 1):
            case, chance = f"00000000-0000-4000-8000-{position // 10:012x}", f"{position:032x}"
            version, prev_leaf = heads.pop(case, (0, None))
            event_id = UUID(chance)
            state = _STATE % (str(event_id).encode(), chance.encode())
            at = _DAY + timedelta(milliseconds=position)
            wire = "suggestion.progress_reported.v1"
            covered = (position, case, version + 1, wire, at, f"k-{position}", 1, prev_leaf)
            leaf = leaf_hash(entry("main", covered, sha256(state).hexdigest()))
            frontier.add(leaf)
            heads[case] = version + 1, leaf
            row = Record(*covered, leaf, state, event_id, _DAY, "day", "u-17", "rd")
            file.write(orjson.dumps(row.said()) + b"\n")
    note = KEY.sign(Checkpoint(KEY.name, records, frontier.root()).text())
    with place.open("wb") as file, body.open("rb") as rows:
        file.write(orjson.dumps({"format": LOG, "ledger_id": "main", "checkpoint": note}) + b"\n")
        while piece := rows.read(1 << 20):
            file.write(piece)
    body.unlink()
    return place


_STATE = (
    '{"act":{"actor":"u-17","role":"handling_unit","office":"rd","occurred_at":"2026-03-02T00:00:00Z",'
    '"precision":"day","late":false},"event_id":"%s","nonce":"%s","step":{"unit":"jtj",'
    '"summary":"已开工，进展顺利，预计年底完成。已与代表当面沟通，代表对进展表示认可，并就停车场的出入口提出两点意见。"}}'
).encode()


def _appends(ledger: PostgresLedger) -> list[float]:
    return [_seconds(lambda one=one: ledger.append([one])) for one in openings(APPENDS)]  # type: ignore[misc]


def _seconds(work: Callable[[], object]) -> float:
    started = perf_counter()
    work()
    return perf_counter() - started


def _once(what: str, unit: str, value: float, most: float) -> Figure:
    return Figure("audit", what, unit, value, goal=Goal("value", "most", most))
