"""Search among 50,000 suggestions with texts, through HTTP: rare and frequent terms, now and at earlier moments."""

from __future__ import annotations

import random
from collections.abc import Iterator
from functools import partial
from http.client import HTTPConnection
from time import perf_counter
from urllib.parse import quote

from adapters import embedded
from adapters.embedded import EmbeddedPostgres
from adapters.postgres.ledger import PostgresLedger
from adapters.postgres.migrate import migrate
from adapters.postgres.projector import Projector
from adapters.registry import LedgerRegistry
from benchmarks.http import PATIENCE, service
from benchmarks.lists import CASES, fill, got, headers_of
from benchmarks.material import JURISDICTION
from benchmarks.measuring import Database, Figure, Goal, data_dir, percentile
from domain.case import Step
from domain.cases.suggestion import HandedOver, ReplyIssued, SignedFor, SuggestionSubmitted
from domain.docket import Docket

READS = 30
FIRST_PAGE = Goal("value", "most", 200)
COMPARED = Goal("value", "most", 500)
WORDS, LONGEST, SENTENCE = 4_000, 140, 6
SOUGHT = {"电梯": 0.02, "老旧小区": 0.04, "充电桩": 0.001}
"""Words that are sought, and the share of the texts that say them."""
READERS = ("the office", "a unit", "a deputy")


def run() -> Iterator[Figure]:
    """Milliseconds."""
    with data_dir() as place:
        with EmbeddedPostgres(place) as server:
            migrate(server.url())
            with Database(server.url()).pool(2) as pool:
                ledger = PostgresLedger(pool, "main")
                fill(Docket(ledger, LedgerRegistry(ledger)), partial(_steps, words_of(random.Random(7))))  # noqa: S311
                head = ledger.head()
            for name in ("case_list", "search"):
                Projector(server.url()).rebuild(name)
        with service(place, DUBAN_PROJECTOR="false", DUBAN_SEALER="false") as port:
            yield from _measured(Database(embedded.running(place) or ""), port, head)


def words_of(chance: random.Random) -> list[str]:
    """Words of two characters, as many as an office uses, made of frequent characters."""
    chars = [chr(0x4E00 + chance.randrange(20_000)) for _ in range(1_500)]
    return ["".join(chance.sample(chars, 2)) for _ in range(WORDS)]


def text_of(words: list[str], chance: random.Random, length: int) -> str:
    """Words as often as words are used: few of them often, most of them seldom."""
    chosen = [words[int(WORDS * chance.random() ** 3)] for _ in range(length)]
    chosen += [word for word, share in SOUGHT.items() if chance.random() < share]
    chance.shuffle(chosen)
    return "".join(word + ("" if (i + 1) % SENTENCE else "，") for i, word in enumerate(chosen))


def _steps(
    words: list[str], number: int, chance: random.Random, units: list[str], deputies: list[str]
) -> Iterator[tuple[int, Step]]:
    """A suggestion with a text and a reply; the days after its submission."""
    lead, co = chance.sample(units, 2)
    yield (
        0,
        SuggestionSubmitted(
            jurisdiction=JURISDICTION,
            title=f"关于{text_of(words, chance, 5).replace('，', '')}的建议",
            lead_deputy=deputies[chance.randrange(len(deputies))],
            number=f"{number:05}",
            body=text_of(words, chance, chance.randrange(40, LONGEST)),
        ),
    )
    yield 5, HandedOver(lead_unit=lead, co_units=(co,))
    yield 8, SignedFor(unit=lead)
    yield 60, ReplyIssued(unit=lead, outcome="B", letter=text_of(words, chance, chance.randrange(40, LONGEST)))


def _measured(db: Database, port: int, head: int) -> Iterator[Figure]:
    common, day = "建议", "2024-06-30"
    with db.pool(4) as pool, db.owner() as conn:
        headers = {who: headers_of(pool, who) for who in READERS}
        connection = HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
        [title] = conn.execute("SELECT title FROM duban_read.case_list ORDER BY case_id LIMIT 1").fetchone() or [""]
        [text] = conn.execute(
            "SELECT text FROM duban_read.search WHERE step = 1 AND length(text) > 200 ORDER BY case_id LIMIT 1"
        ).fetchone() or [""]
        sought = {
            **{f"{word}, of {who}": (_path(q=word), who, FIRST_PAGE) for word in SOUGHT for who in READERS},
            "梯 (one character), of the office": (_path(q="梯"), "the office", FIRST_PAGE),
            "电梯 老旧小区 (two terms), of the office": (_path(q="电梯 老旧小区"), "the office", FIRST_PAGE),
            f"电梯, on {day}": (_path(q="电梯", as_of=day), "the office", FIRST_PAGE),
            "电梯, as known at half": (_path(q="电梯", position=str(head // 2)), "the office", FIRST_PAGE),
            f"{common} (in every title), of the office": (_path(q=common), "the office", FIRST_PAGE),
            "the page, 电梯": ("/search?q=" + quote("电梯"), "the office", FIRST_PAGE),
            "similar to a title and a text": (
                f"/api/v1/search/similar?title={quote(title)}&text={quote(text)}", "the office", COMPARED,
            ),
        }  # fmt: skip
        for what, (path, who, goal) in sought.items():
            got(connection, path, headers[who])
            times, raw = [], []
            for _ in range(READS):
                started = perf_counter()
                got(connection, path, headers[who])
                times.append((perf_counter() - started) * 1000)
                started = perf_counter()
                conn.execute("SELECT count(*) FROM duban_read.case_list")
                raw.append((perf_counter() - started) * 1000)
            yield Figure(
                "search", f"{what}, {CASES:,} suggestions, p95", "ms", percentile(times, 95), min(times),
                max(times), percentile(raw, 95), min(raw), max(raw), "count(*)", goal,
            )  # fmt: skip


def _path(**params: str) -> str:
    return "/api/v1/search?" + "&".join(f"{name}={quote(value)}" for name, value in params.items())
