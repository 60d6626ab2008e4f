"""The years of the audit log: each is a file that is checked by itself, and two of them that nothing is between."""

from __future__ import annotations

import base64
import gzip
import re
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest

from adapters.audit.anchor import read_heads, stamped_by
from adapters.audit.checkpoint import Checkpoint
from adapters.audit.merkle import Frontier
from adapters.audit.note import PublicKey
from adapters.audit.verify import Verdict, VerifyError, verify
from domain.refusal import Refused
from projections.reading import LogYear
from tests.adapters.test_anchor import Authority, authority
from tests.adapters.test_audit_log import KEY, LEAVES, Log, log
from tests.faults.support import command, connect, note

__all__ = ["authority", "log"]

pytestmark = pytest.mark.database

ZONE = "Asia/Shanghai"
NEW_YEAR = datetime(2024, 12, 31, 16, tzinfo=UTC)
"""When 2025 began in Shanghai."""
SECOND, DAY = timedelta(seconds=1), timedelta(days=1)


def recorded(log: Log, *times: datetime) -> None:
    """What is in the ledger was recorded then, one record after another, and the others when they were."""
    with connect(log.conninfo) as owner:
        owner.execute("ALTER TABLE ledger DISABLE TRIGGER USER")
        own = [at for (at,) in owner.execute("SELECT recorded_at FROM ledger ORDER BY position")]
        for position, at in enumerate([*times, *own[len(times) :]], 1):
            owner.execute(
                """
                WITH found AS (
                    SELECT l.*, p.leaf AS before FROM ledger l
                    LEFT JOIN ledger p ON (p.case_id, p.version) = (l.case_id, l.version - 1)
                    WHERE l.position = %(position)s
                )
                UPDATE ledger l SET recorded_at = %(at)s, prev_leaf = f.before, leaf = ledger_leaf(
                    f.format, f.ledger_id, f.position, f.case_id, f.version, f.wire, %(at)s, f.request_key, f.state,
                    f.before)
                FROM found f WHERE l.position = f.position
                """,
                {"position": position, "at": at},
            )
        owner.execute("ALTER TABLE ledger ENABLE TRIGGER USER")


def more(log: Log, case: str, version: int, steps: int) -> None:
    """Steps of a case that has so many."""
    log.ledger.append([command(case, version, *[note()] * steps)])


@pytest.fixture
def years(log: Log) -> Log:
    """Two steps of 2024, four of 2025 and two of this year, in which two cases go on."""
    log.case("a", 2)
    log.case("b", 2)
    more(log, "a", 2, 2)
    more(log, "b", 2, 2)
    recorded(log, *(NEW_YEAR + offset for offset in (-DAY, -timedelta(microseconds=1), 0 * DAY, SECOND, DAY, 2 * DAY)))
    log.sealer.once()
    return log


def shard(log: Log, year: int, name: str | None = None) -> Path:
    """The file of a year."""
    return log.file(b"".join(log.exports.year(year, ZONE)), name or f"{year}.jsonl")


def ids(verdict: Verdict) -> list[str]:
    return [id for id, _ in verdict.proves]


def test_a_step_belongs_to_the_year_in_which_it_was_recorded_in_the_office_s_time_zone(years: Log) -> None:
    this_year = datetime.now(UTC).year
    assert years.exports.years(ZONE) == [
        LogYear(2024, 1, 2, closed=True),
        LogYear(2025, 3, 6, closed=True),
        LogYear(this_year, 7, 8, closed=False),
    ]
    assert years.exports.years("UTC")[0] == LogYear(2024, 1, 4, closed=True)
    with pytest.raises(Refused, match="no-such-year"):
        years.exports.year(2023, ZONE)


def test_a_finished_year_is_checked_by_itself_and_shows_that_nothing_of_it_is_missing(years: Log) -> None:
    verdict = verify(shard(years, 2025), KEY.public)
    assert ids(verdict) == ["audit.signed", "audit.year-whole", "audit.year-closed"]
    assert verdict.proves[1][1] == {
        "year": 2025, "first": 3, "last": 6, "count": 4, "cases": 2,
        "begins": "2024-12-31T16:00:00.000000Z", "ends": "2025-12-31T16:00:00.000000Z",
    }  # fmt: skip
    assert verdict.leaves_open == ["audit.open-nothing-held", "audit.open-years-before", "audit.open-occurred"]
    assert "audit.open-years-before" not in verify(shard(years, 2024), KEY.public).leaves_open


def test_a_year_that_goes_on_is_written_as_far_as_it_is_signed_and_says_so(years: Log) -> None:
    now = datetime.now(UTC).year
    verdict = verify(shard(years, now), KEY.public)
    assert ("audit.year-closed" in ids(verdict), "audit.open-year" in verdict.leaves_open) == (False, True)


def test_two_years_together_show_that_the_second_continues_the_first(years: Log) -> None:
    first, second, now = shard(years, 2024), shard(years, 2025), shard(years, datetime.now(UTC).year)
    verdict = verify(second, KEY.public, after=first)
    assert ("audit.year-continues", {"year": 2025, "earlier": 2024}) in verdict.proves
    assert "audit.open-years-before" not in verdict.leaves_open
    verify(now, KEY.public, after=second)
    for earlier, wrong in ((second, first), (first, first), (first, now)):
        with pytest.raises(VerifyError, match="does not begin where"):
            verify(wrong, KEY.public, after=earlier)
    with pytest.raises(VerifyError, match="only a year of a log continues"):
        verify(years.whole(), KEY.public, after=first)
    with pytest.raises(VerifyError, match="it is not a year"):
        verify(second, KEY.public, after=years.whole())


def test_of_two_years_a_case_that_does_not_go_on_from_its_last_step_is_refused(years: Log) -> None:
    with connect(years.conninfo) as owner:
        owner.execute("ALTER TABLE checkpoint DISABLE TRIGGER USER")
        owner.execute("DELETE FROM checkpoint")
        owner.execute("ALTER TABLE ledger DISABLE TRIGGER USER")
        owner.execute(
            """UPDATE ledger SET prev_leaf = sha256('other'), leaf = ledger_leaf(format, ledger_id, position, case_id,
               version, wire, recorded_at, request_key, state, sha256('other')) WHERE position = 5"""
        )
        owner.execute(
            """UPDATE ledger l SET prev_leaf = p.leaf, leaf = ledger_leaf(l.format, l.ledger_id, l.position, l.case_id,
               l.version, l.wire, l.recorded_at, l.request_key, l.state, p.leaf)
               FROM ledger p WHERE l.position = 6 AND p.position = 5"""
        )
    (years.tiles.folder / "checkpoint").unlink()
    years.sealer.once()
    verify(shard(years, 2025), KEY.public)
    with pytest.raises(VerifyError, match="the step before it that it names is another one"):
        verify(shard(years, 2025), KEY.public, after=shard(years, 2024))


def test_a_year_needs_no_checkpoint_at_its_border_and_tells_what_was_signed_before_it(log: Log) -> None:
    log.case("a", 300)
    recorded(log, *(NEW_YEAR - DAY + SECOND * number for number in range(300)))
    log.sealer.once()
    held = log.exports.checkpoint()
    log.case("b", 400)
    recorded(log, *(NEW_YEAR - DAY + (DAY if number >= 500 else 0 * DAY) + SECOND * number for number in range(700)))
    log.sealer.once()
    in_the_year = log.exports.checkpoint()
    log.case("c", 3)
    log.sealer.once()
    first, second = shard(log, 2024), shard(log, 2025)
    said = orjson.loads(second.read_bytes().splitlines()[0])
    assert (said["opening"]["size"], Checkpoint.unchecked(said["opening"]["checkpoint"]).size) == (500, 300)
    assert Checkpoint.unchecked(orjson.loads(first.read_bytes().splitlines()[0])["closing"]["checkpoint"]).size == 700
    verdict = verify(second, KEY.public, [held, log.exports.checkpoint()], after=first)
    assert ("audit.continues", {"size": 300, "later": 703}) in verdict.proves
    assert ids(verify(second, KEY.public, [in_the_year])).count("audit.held-continued") == 1
    forked = KEY.sign(Checkpoint(KEY.name, 700, LEAVES[0]).text())
    with pytest.raises(VerifyError, match="of 700 records there are two roots"):
        verify(second, KEY.public, [forked])
    with pytest.raises(VerifyError, match="says nothing of the checkpoint of 300"):
        verify(shard(log, datetime.now(UTC).year), KEY.public, [held])


def test_a_packed_year_is_as_good(years: Log) -> None:
    packed = years.file(gzip.compress(shard(years, 2025).read_bytes()), "2025.jsonl.gz")
    assert verify(packed, KEY.public, after=shard(years, 2024)).proves


def test_a_year_has_the_heads_of_its_cases_and_the_time_stamp_of_its_checkpoint(
    years: Log, authority: Authority
) -> None:
    years.sealer._stamp = stamped_by(authority.url)
    with connect(years.conninfo, "duban_sealer") as conn:
        assert years.sealer.anchor(conn, date(2026, 1, 2)) == 8
    place = shard(years, 2025)
    said = orjson.loads(place.read_bytes().splitlines()[0])["closing"]
    heads = gzip.decompress(base64.b64decode(said["case_heads"])).splitlines(keepends=True)
    assert [version for version, _ in read_heads(iter(heads), KEY.public)[1].values()] == [4, 4]
    verdict = verify(place, KEY.public, authority=authority.roots)
    assert ids(verdict)[-2:] == ["audit.year-heads", "audit.year-stamped"]
    assert "audit.open-stamp" in verify(place, KEY.public).leaves_open
    more(years, "a", 4, 1)
    years.sealer.once()
    assert orjson.loads(shard(years, 2025).read_bytes().splitlines()[0])["closing"]["checkpoint"] == said["checkpoint"]
    with pytest.raises(VerifyError, match="has no time-stamp"):
        verify(shard(years, datetime.now(UTC).year), KEY.public, authority=authority.roots)


def test_the_example_of_the_format_is_a_good_year(tmp_path: Path) -> None:
    text = (Path(__file__).parents[2] / "docs" / "audit-format.md").read_text("utf-8")
    place = tmp_path / "example.jsonl"
    place.write_text(text.partition("```json\n")[2].partition("```")[0], "utf-8")
    (key,) = re.findall(r"log\.example\+[0-9a-f]{8}\+[\w/+=]{44}", text)
    assert ids(verify(place, PublicKey.parse(key))) == [
        "audit.signed", "audit.continues", "audit.year-whole", "audit.year-closed",
    ]  # fmt: skip


Forge = Callable[[dict[str, Any], list[bytes]], object]

FORGERIES: dict[str, Forge] = {
    "its last record left off": lambda said, records: (records.pop(), said["closing"].update(size=5)),
    "its first record left off": lambda said, records: (records.pop(0), said["opening"].update(size=3)),
    "a record left out": lambda _, records: records.pop(1),
    "two records swapped": lambda _, records: records.reverse(),
    "no record": lambda _, records: records.clear(),
    "a line that is none": lambda _, records: records.append(b"x\n"),
    "another year": lambda said, _: said.update(begins="2026-01-01T00:00:00+08:00", ends="2027-01-01T00:00:00+08:00"),
    "another border": lambda said, _: said.update(begins="2025-01-01T00:00:00+07:00"),
    "a longer year": lambda said, _: said.update(ends="2027-01-01T00:00:00+08:00"),
    "a border that is no New Year": lambda said, _: said.update(begins="2025-02-01T00:00:00+08:00"),
    "another frontier": lambda said, _: said["opening"].update(frontier=said["opening"]["frontier"] * 2),
    "no frontier": lambda said, _: said["opening"].pop("frontier"),
    "nothing before": lambda said, _: said["opening"].pop("before"),
    "another record before": lambda said, _: said["opening"].update(before=said["closing"]["after"]),
    "nothing after": lambda said, _: said["closing"].pop("after"),
    "another record after": lambda said, _: said["closing"].update(after=said["opening"]["before"]),
    "no proof to the checkpoint": lambda said, _: said["closing"].update(proof=[]),
    "a member too many": lambda said, _: said["closing"].update(more=1),
    "a size that is a text": lambda said, _: said["closing"].update(size="6"),
    "half an opening checkpoint": lambda said, _: said["opening"].update(proof=[]),
    "no closing": lambda said, _: said.pop("closing"),
    "heads that are none": lambda said, _: said["closing"].update(case_heads="AAAA"),
    "another ledger": lambda said, _: said.update(ledger_id="other"),
}


def test_a_year_that_says_anything_else_is_refused(years: Log) -> None:
    head, *records = shard(years, 2025).read_bytes().splitlines(keepends=True)
    for name, forge in FORGERIES.items():
        said, lines = orjson.loads(head), list(records)
        forge(said, lines)
        with pytest.raises(VerifyError) as refused:
            verify(years.file(orjson.dumps(said) + b"\n" + b"".join(lines)), KEY.public)
        assert str(refused.value), name


def test_a_year_that_was_shortened_with_its_edge_recomputed_is_still_refused(years: Log) -> None:
    head, *records = shard(years, 2025).read_bytes().splitlines(keepends=True)
    _, *whole = years.whole().read_bytes().splitlines(keepends=True)
    said = orjson.loads(head)
    said["opening"] |= {"size": 3, "frontier": edge(whole[:3])}
    with pytest.raises(VerifyError, match="opening"):
        verify(years.file(orjson.dumps(said) + b"\n" + b"".join(records[1:])), KEY.public)


def edge(lines: Sequence[bytes]) -> list[str]:
    """The frontier over the records of a log."""
    frontier = Frontier()
    for line in lines:
        frontier.add(bytes.fromhex(orjson.loads(line)["leaf"]))
    return [base64.b64encode(one).decode() for one in frontier.edge]
