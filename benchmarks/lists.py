"""The case list and the work list of a city with 50,000 suggestions, through HTTP, for the office, a unit and a deputy.

And what a browser loads that was never here: the page with all its static files, compressed.
"""

from __future__ import annotations

import gzip
import random
import re
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from http.client import HTTPConnection
from time import perf_counter

from adapters import embedded
from adapters.embedded import EmbeddedPostgres
from adapters.exchange.jurisdictions import enter
from adapters.identity.accounts import Accounts
from adapters.identity.passwords import Passwords
from adapters.identity.sessions import Sessions
from adapters.identity.tokens import Tokens
from adapters.postgres.ledger import PostgresLedger
from adapters.postgres.migrate import migrate
from adapters.postgres.pool import Pool
from adapters.postgres.projector import Projector
from adapters.registry import LedgerRegistry
from benchmarks.http import PATIENCE, service
from benchmarks.material import JURISDICTION, act
from benchmarks.measuring import Database, Figure, Goal, data_dir, percentile
from domain.account import CONSOLE, Asked, Whence
from domain.case import Role, Step
from domain.cases.suggestion import (
    EvaluationInvited,
    EvaluationRecordedByProxy,
    Grade,
    HandedOver,
    ReplyIssued,
    SignedFor,
    SuggestionClosed,
    SuggestionSubmitted,
)
from domain.docket import Docket, Draft, Request

CASES, OPEN, READS, BATCH = 50_000, 5_000, 40, 1_000
SLOWEST = Goal("value", "most", 300)
HEAVIEST = Goal("value", "most", 350)
FIRST, DAYS = date(2022, 2, 7), 1_650
PASSWORD = "correct horse battery"  # noqa: S105 - of a database that goes with the benchmark
READERS: dict[str, tuple[Role, dict[str, str]]] = {
    "the office": (Role.DEPUTY_AFFAIRS, {}),
    "a unit": (Role.HANDLING_UNIT, {"office": "jtj"}),
    "a deputy": (Role.DEPUTY, {"deputy": "d-001"}),
}
Steps = Callable[[int, random.Random, list[str], list[str]], Iterator[tuple[int, Step]]]
"""The steps of a suggestion by its number, each with the days after its submission."""
PATHS = ("/cases", "/work", "/api/v1/cases", "/api/v1/work")


def run() -> Iterator[Figure]:
    """Milliseconds, and kilobytes."""
    with data_dir() as place:
        with EmbeddedPostgres(place) as server:
            migrate(server.url())
            with Database(server.url()).pool(2) as pool:
                ledger = PostgresLedger(pool, "main")
                fill(Docket(ledger, LedgerRegistry(ledger)))
            Projector(server.url()).rebuild("case_list")
        with service(place, DUBAN_PROJECTOR="false", DUBAN_SEALER="false") as port:
            yield from _measured(Database(embedded.running(place) or ""), port)


def _measured(db: Database, port: int) -> Iterator[Figure]:
    """Each list of each reader, the first page, as it is now."""
    with db.pool(4) as pool, db.owner() as conn:
        headers = {who: headers_of(pool, who) for who in READERS}
        connection = HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
        for path in PATHS:
            for who in READERS:
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
                    "list", f"{path} of {who}, {CASES:,} cases, p95", "ms", percentile(times, 95), min(times),
                    max(times), percentile(raw, 95), min(raw), max(raw), "count(*)", SLOWEST,
                )  # fmt: skip
        for path in ("/cases", "/work"):
            yield Figure(
                "list", f"first load of {path} and its static files, gzip", "KB",
                _weight(connection, path, headers["the office"]) / 1000, goal=HEAVIEST,
            )  # fmt: skip


def fill(docket: Docket, steps: Steps | None = None) -> None:
    """Suggestions of five years: most of them closed, the last ones open in every stage; or with other steps."""
    enter(docket, JURISDICTION, actor="benchmark")
    chance = random.Random(50)  # noqa: S311 - the same city in every run
    city, last = docket.registry.jurisdiction(JURISDICTION), FIRST + timedelta(days=DAYS)
    units = [unit.code for unit in city.units_on(FIRST)]
    deputies = [deputy.id for deputy in city.deputies if deputy.on(FIRST) and deputy.on(last)]
    drafts: list[Draft] = []
    for number in range(CASES):
        day = FIRST + timedelta(days=number * DAYS // CASES)
        draft = docket.draft(Request.fresh())
        for after, step in (steps or _steps)(number, chance, units, deputies):
            docket.take(draft, step, act(day + timedelta(days=after)))
        drafts.append(draft)
        if len(drafts) == BATCH:
            assert not any(isinstance(result, Exception) for result in docket.append(drafts))
            drafts = []


def _steps(number: int, chance: random.Random, units: list[str], deputies: list[str]) -> Iterator[tuple[int, Step]]:
    """How far a suggestion has come; the days after its submission."""
    lead, co = chance.sample(units, 2)
    title = f"关于改善第{number}号社区公共服务设施的建议"
    deputy = deputies[chance.randrange(len(deputies))]
    yield (
        0,
        SuggestionSubmitted(
            jurisdiction=JURISDICTION,
            title=title,
            lead_deputy=deputy,
            number=f"{number:05}",
        ),
    )
    come = 6 if number < CASES - OPEN else chance.randrange(7)
    story = (
        (5, HandedOver(lead_unit=lead, co_units=(co,))),
        (8, SignedFor(unit=lead)),
        (60, ReplyIssued(unit=lead, outcome="B")),
        (62, EvaluationInvited()),
        (70, EvaluationRecordedByProxy(result=Grade.SATISFIED, evidence="表", consent="口头", proxy_reason="出差")),
        (75, SuggestionClosed()),
    )
    yield from story[:come]


def headers_of(pool: Pool, who: str) -> dict[str, str]:
    """What the requests of a reader carry: a session for the pages, a token for the API."""
    role, bound = READERS[who]
    registry, login = LedgerRegistry(PostgresLedger(pool, "main")), who.replace(" ", "-")
    accounts = Accounts(pool, Passwords(), Sessions(pool, registry), registry, b"benchmark")
    asked = Asked(role=role, jurisdiction=JURISDICTION, **bound)
    accounts.create(login, login, asked, by=CONSOLE, password=PASSWORD, must_change=False)
    session = accounts.sign_in(login, PASSWORD, Whence("127.0.0.1", "benchmark")).secret
    actor, office = bound.get("deputy", "u-1"), bound.get("office", JURISDICTION)
    token = Tokens(pool, registry).create(actor, role, office, JURISDICTION, "benchmark", 1)
    return {"Cookie": f"duban={session}", "Authorization": f"Bearer {token}"}


def got(connection: HTTPConnection, path: str, headers: dict[str, str]) -> bytes:
    """The body of an answer, which must be a good one."""
    connection.request("GET", path, headers=headers)
    answer = connection.getresponse()
    body = answer.read()
    if answer.status != 200:  # noqa: PLR2004 - HTTP's word for good
        raise AssertionError(f"{path}: {answer.status} {body.decode()}")
    return body


def _weight(connection: HTTPConnection, path: str, headers: dict[str, str]) -> int:
    """Bytes of a page and of every file that it loads, each compressed."""
    page = got(connection, path, headers)
    files = set(re.findall(r'(?:href|src)="(/static/[^"]+)"', page.decode()))
    return sum(len(gzip.compress(body)) for body in (page, *(got(connection, file, headers) for file in files)))
