"""Five years of a country: 1,000,000 suggestions and 15,000,000 steps, read at moments drawn from both clocks.

Steps of a thousand suggestions go through every check; what the projections make of them is copied as if many cities
had done the same in the same weeks, a step here, a step there, and one city in ten had recorded everything weeks late.
Before it the same at a hundredth and a tenth of the size; DUBAN_BENCHMARK_CASES=10000,100000 asks for others.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from http.client import HTTPConnection
from time import perf_counter
from typing import Any, LiteralString
from urllib.parse import quote

import orjson
import psycopg
from psycopg import sql

from adapters import embedded
from adapters.embedded import EmbeddedPostgres
from adapters.exchange.jurisdictions import enter
from adapters.postgres.build import own_columns, tables_of
from adapters.postgres.ledger import PostgresLedger
from adapters.postgres.migrate import migrate
from adapters.postgres.projector import Projector
from adapters.postgres.sums import BLOCK, COMPANIONS, Blocks
from adapters.postgres.views import Views
from adapters.registry import LedgerRegistry
from api.search import LEAST, MOST_SIMILAR, REQUESTS
from benchmarks.http import service
from benchmarks.lists import READERS, got, headers_of
from benchmarks.material import JURISDICTION, act
from benchmarks.measuring import Database, Figure, Goal, data_dir, percentile
from benchmarks.search import COMPARED, FIRST_PAGE, LONGEST, SENTENCE, text_of, words_of
from domain.case import Step
from domain.cases.suggestion import (
    CoOpinionSubmitted,
    EvaluationInvited,
    EvaluationRecordedByProxy,
    Grade,
    HandedOver,
    ProgressReported,
    ReHandlingOrdered,
    ReplyIssued,
    SignedFor,
    SuggestionClosed,
    SuggestionSubmitted,
)
from domain.docket import Docket, Request
from domain.moment import Moment, end_of_day
from projections.case_list import CaseList
from projections.reading import Dimension, FigureFilter, Filter
from projections.wording import subject_of

SIZES = [int(cases) for cases in os.environ.get("DUBAN_BENCHMARK_CASES", "10000,100000,1000000").split(",")]
SEEDS = 1_000
FIRST, DAYS, BATCH, READS = datetime(2022, 2, 7, tzinfo=UTC), 1_650, 500, 40
COPIED = ("case_list", "figures", "search")
UNITS, DEPUTIES, SHIFTS, LATE = 12, 40, 10, 20
"""Of how many units and deputies a copy has one instead of the sample city's; how many days later it may be; and how
many days after they happened the steps of the last of these are recorded, while others are within hours."""
QUICK, THROUGH_HTTP, LISTED = Goal("value", "most", 30), Goal("value", "most", 60), Goal("value", "most", 100)
SERIES = Goal("value", "most", 300)
MEASURES = ("counted", "replied", "evaluated", "satisfied", "outcome_resolved", "overdue")
LISTS = {
    "all": "",
    "closed ones": "stage=closed&",
    "those in handling": "stage=in_handling&",
    "overdue ones": "state=overdue&",
    "waiting ones by due date": "state=waiting&sort=due_on&",
    "those of a unit": "unit={unit}&",
    "those of a deputy": "deputy={deputy}&",
}
SEARCHED = ("充电桩", "电梯", "老旧小区", "电梯 老旧小区", "建议")
"""Words that one in a thousand texts says, up to one that every title does."""
OWN = [
    (who, path, goal)
    for who in ("a unit", "a deputy")
    for path, goal in (
        ("cases?limit=50", LISTED),
        ("counts?", LISTED),
        ("search?q=电梯", FIRST_PAGE),
        ("search?q=老旧小区", FIRST_PAGE),
        ("figures?metrics=reply_rate,overdue", THROUGH_HTTP),
    )
]
"""What those ask who read their own cases alone."""
METRICS = "metrics=reply_rate,satisfied_rate,resolution_rate,overdue"


def run() -> Iterator[Figure]:
    """Milliseconds, for each size."""
    for cases in SIZES:
        yield from _at(cases)


def _at(cases: int) -> Iterator[Figure]:
    with data_dir() as place:
        with EmbeddedPostgres(place) as server:
            migrate(server.url())
            db = Database(server.url())
            with db.pool(2) as pool:
                ledger = PostgresLedger(pool, "main")
                _record(Docket(ledger, LedgerRegistry(ledger)))
                for name in COPIED:
                    Projector(server.url()).rebuild(name)
                head, seconds = _multiply(db, cases // SEEDS)
                yield Figure("million", f"{cases:,} cases: {head:,} steps summed up", "steps/s", head / seconds)
                for what, times, goal in _in_the_database(Views(pool, ledger), head):
                    yield _figure(cases, what, times, goal)
        with service(place, DUBAN_PROJECTOR="false", DUBAN_SEALER="false") as port:
            for what, times, goal in _through_http(Database(embedded.running(place) or ""), port, head):
                yield _figure(cases, what, times, goal)


def _record(docket: Docket) -> None:
    """The suggestions of a city in ten years, of which the last are still being handled."""
    enter(docket, JURISDICTION, actor="benchmark")
    chance = random.Random(15)  # noqa: S311 - the same city in every run
    city, last = docket.registry.jurisdiction(JURISDICTION), (FIRST + timedelta(days=DAYS)).date()
    units = [unit.code for unit in city.units_on(FIRST.date())]
    deputies = [deputy.id for deputy in city.deputies if deputy.on(FIRST.date()) and deputy.on(last)]
    words, drafts = words_of(random.Random(7)), []  # noqa: S311
    for number in range(SEEDS):
        day = FIRST.date() + timedelta(days=number * DAYS // SEEDS)
        draft = docket.draft(Request.fresh())
        for after, step in _story(number, chance, units, deputies, partial(text_of, words, chance)):
            if (on := day + timedelta(days=after)) <= last:
                docket.take(draft, step, act(on))
        drafts.append(draft)
        if len(drafts) == BATCH:
            assert not [result for result in docket.append(drafts) if isinstance(result, Exception)]
            drafts = []


def _story(
    number: int, chance: random.Random, units: Sequence[str], deputies: Sequence[str], said: Callable[[int], str]
) -> Iterator[tuple[int, Step]]:
    """Some fifteen steps and the days after the first: one in ten is answered late, one in seven handled again."""
    lead, co = chance.sample(units, 2)
    title = f"关于{said(5).replace('，', '')}的建议"
    answered = 115 if chance.random() < 0.1 else chance.randrange(40, 85)  # noqa: PLR2004 - one in ten
    good = chance.random() > 1 / 7
    yield (
        0,
        SuggestionSubmitted(
            jurisdiction=JURISDICTION,
            title=title,
            lead_deputy=chance.choice(deputies),
            number=f"{number:05}",
            body=said(chance.randrange(40, LONGEST)),
        ),
    )
    yield 5, HandedOver(lead_unit=lead, co_units=(co,))
    yield 7, SignedFor(unit=lead)
    yield 8, SignedFor(unit=co)
    for day in (12, 20, 28, 36):
        yield day, ProgressReported(unit=lead, summary="已现场勘查")
    yield 30, CoOpinionSubmitted(unit=co, opinion="同意")
    letter = said(chance.randrange(40, LONGEST))
    yield answered, ReplyIssued(unit=lead, outcome=chance.choice("ABC"), letter=letter)
    yield answered + 2, EvaluationInvited()
    yield answered + 9, _evaluated(Grade.SATISFIED if good else Grade.DISSATISFIED)
    if not good:
        yield answered + 12, ReHandlingOrdered()
        yield answered + 50, ReplyIssued(unit=lead, outcome="A")
        yield answered + 52, EvaluationInvited()
        yield answered + 60, _evaluated(Grade.BASICALLY_SATISFIED)
    yield answered + 70, SuggestionClosed()
    for day in (90, 110):
        yield answered + day, ProgressReported(unit=lead, summary="已回访")


def _evaluated(grade: Grade) -> Step:
    return EvaluationRecordedByProxy(result=grade, evidence="表", consent="口头", proxy_reason="出差")


def _multiply(db: Database, times: int) -> tuple[int, float]:
    """Copy every row that many times, in the order of the ledger, and sum up.

    Returns how many steps there are then, and the seconds of summing.
    """
    with _bulk(db) as conn, ThreadPoolExecutor() as threads:
        conn.execute(
            "CREATE UNLOGGED TABLE placed AS SELECT position, shift, at,"
            " (row_number() OVER (ORDER BY at, position) - 1) * %s AS place"
            " FROM generate_series(0, %s) AS shift CROSS JOIN LATERAL (SELECT position, occurred_at"
            " + CASE shift WHEN %s THEN shift + %s ELSE shift END * interval '1 day' + interval '2 hours' AS at"
            " FROM ledger) AS ledger",
            [times // SHIFTS, SHIFTS - 1, SHIFTS - 1, LATE],
        )
        conn.execute("CREATE UNIQUE INDEX ON placed (position, shift); CREATE INDEX ON placed (place); ANALYZE placed")
        row = conn.execute("SELECT max(place) FROM placed").fetchone()
        assert row is not None
        head = int(row[0]) + times // SHIFTS
        for copied in [threads.submit(_copy, db, name, times) for name in COPIED]:
            copied.result()
        seconds = _sum_up(conn, head)
        _time_of_moments(conn, head)
        conn.execute("UPDATE ledger_head SET position = %s", [head])
        conn.execute("UPDATE projection_position SET position = %s", [head])
        conn.execute("DROP TABLE placed")
        return head, seconds


def _time_of_moments(conn: psycopg.Connection[Any], head: int) -> None:
    """Give the ledger the rows that tell when the positions were recorded at which is read."""
    conn.execute(
        "INSERT INTO ledger SELECT ledger_id, known, 'moment', number, wire, state, gen_random_uuid(), occurred_at,"
        " occurred_precision, actor, office, request_key, at, format, NULL,"
        " ledger_leaf(format, ledger_id, known, 'moment', number, wire, at, request_key, state, NULL)"
        " FROM ledger CROSS JOIN (SELECT known, row_number() OVER ()::integer AS number,"
        " (SELECT at FROM placed WHERE place < known ORDER BY place DESC LIMIT 1) AS at"
        " FROM (SELECT DISTINCT unnest(%s::bigint[]) AS known) AS drawn) AS moment"
        " WHERE ledger.position = 1 AND known > (SELECT max(position) FROM ledger)",
        [[moment.known for drawn in _moments(head).values() for moment in drawn]],
    )


@contextmanager
def _bulk(db: Database) -> Iterator[psycopg.Connection[Any]]:
    """A connection for a great many rows."""
    with db.owner() as conn:
        conn.execute("SET session_replication_role TO replica; SET synchronous_commit TO off")
        conn.execute("SET work_mem TO '256MB'; SET maintenance_work_mem TO '1GB'")
        yield conn


def _sum_up(conn: psycopg.Connection[Any], head: int) -> float:
    conn.execute(
        "CREATE TEMP TABLE ledger AS SELECT 'main' AS ledger_id, last AS position, at AS recorded_at"
        " FROM generate_series(%s, %s, %s) AS last CROSS JOIN LATERAL"
        " (SELECT at FROM placed WHERE place < last ORDER BY place DESC LIMIT 1) AS at",
        [BLOCK, head, BLOCK],
    )
    tables = tables_of("duban", "figures", _build(conn, "figures"))
    for companion in COMPANIONS:
        conn.execute(sql.SQL("TRUNCATE {0}; ALTER TABLE {0} SET UNLOGGED").format(tables[companion]))
    started = perf_counter()
    blocks = Blocks(conn, tables, "main", worth=0)
    while blocks.close_next(head):
        pass
    seconds = perf_counter() - started
    for companion in COMPANIONS:
        conn.execute(sql.SQL("VACUUM ANALYZE {}").format(tables[companion]))
    conn.execute("DROP TABLE pg_temp.ledger")
    return seconds


def _build(conn: psycopg.Connection[Any], name: str) -> int:
    row = conn.execute("SELECT build FROM projection_build WHERE name = %s AND state = 'live'", [name]).fetchone()
    assert row is not None
    return int(row[0])


_UNIT: LiteralString = "coalesce(nullif('-' || time %% {units}, '-0'), '')"
_DEPUTY: LiteralString = "coalesce(nullif('-' || time %% {deputies}, '-0'), '')"
"""What is added to a unit and a deputy, so that a copy has another one; one of them has the sample city's own."""
_PLACED: dict[str, LiteralString] = {
    "case_id": "one.case_id || '-' || time",
    "known_from": "since.place + 1 + time / {shifts}",
    "known_to": "coalesce(until.place + 1 + time / {shifts}, one.known_to)",
    "valid_from": "one.valid_from + time %% {shifts} * interval '1 day'",
    "valid_to": "CASE WHEN one.valid_to > '9999-01-01' THEN one.valid_to"
    " ELSE one.valid_to + time %% {shifts} * interval '1 day' END",
    "ahead": "one.valid_from + time %% {shifts} * interval '1 day' > since.at"
    " OR (one.valid_to < '9999-01-01' AND one.valid_to + time %% {shifts} * interval '1 day' > since.at)",
    "unit": f"one.unit || {_UNIT}",
    "units": f"regexp_replace(one.units, '(\\S+)', '\\1' || {_UNIT}, 'g')",
    "person": f"one.person || {_DEPUTY}",
    "audience": f"regexp_replace(regexp_replace(one.audience, '(handling_unit:\\S+)', '\\1' || {_UNIT}, 'g'),"
    f" '(deputy:\\S+)', '\\1' || {_DEPUTY}, 'g')",
    "number": "one.number || '-' || time",
    "text": "one.text || ' 抄' || time",
    "words": "one.words || ' 抄 ' || time",
}
"""What is otherwise in a copy; it is the original of which one of many it is a copy."""


def _copy(db: Database, name: str, times: int) -> None:
    with _bulk(db) as conn:
        _copied(conn, name, times)
        if name == CaseList.name:
            _shares_copied(conn, times)


def _shares_copied(conn: psycopg.Connection[Any], times: int) -> None:
    table = tables_of("duban", CaseList.name, _build(conn, CaseList.name))["case_shares"]
    columns = [column for column, _ in own_columns(conn, table)]
    conn.execute(sql.SQL("CREATE TEMP TABLE shares AS SELECT * FROM {0}; TRUNCATE {0}").format(table))
    conn.execute(
        sql.SQL("INSERT INTO {} SELECT {} FROM generate_series(0, %s) AS time CROSS JOIN shares AS one").format(
            table, _told(columns)
        ),
        [times - 1],
    )
    conn.execute(sql.SQL("VACUUM ANALYZE {}").format(table))


def _told(columns: Sequence[str]) -> sql.Composed:
    """The columns of a copy."""
    return sql.SQL(", ").join(
        sql.SQL(_PLACED[column]).format(units=UNITS, deputies=DEPUTIES, shifts=SHIFTS)
        if column in _PLACED
        else sql.Identifier("one", column)
        for column in columns
    )


def _copied(conn: psycopg.Connection[Any], name: str, times: int) -> None:
    table = tables_of("duban", name, _build(conn, name))["table"]
    where = {"table": table.as_string(conn)}
    columns = [column for column, _ in own_columns(conn, table)]
    indexes = conn.execute(
        "SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index"
        " WHERE indrelid = %(table)s::regclass",
        where,
    ).fetchall()
    conn.execute(sql.SQL("CREATE TEMP TABLE originals AS SELECT * FROM {}").format(table))
    conn.execute(sql.SQL("ALTER TABLE {} DROP CONSTRAINT {}").format(table, sql.Identifier(f"{name}_1_pkey")))
    for index, _ in indexes:
        conn.execute(f"DROP INDEX IF EXISTS {index}".encode())
    conn.execute(sql.SQL("TRUNCATE {0}; ALTER TABLE {0} SET UNLOGGED").format(table))
    conn.execute(
        sql.SQL(
            "INSERT INTO {} SELECT {} FROM generate_series(0, %s) AS time CROSS JOIN originals AS one"
            " JOIN placed AS since ON since.position = one.known_from AND since.shift = time %% {shifts}"
            " LEFT JOIN placed AS until ON until.position = one.known_to AND until.shift = time %% {shifts}"
            " ORDER BY since.place + time / {shifts}"
        ).format(table, _told(columns), shifts=SHIFTS),
        [times - 1],
    )
    for _, definition in indexes:
        conn.execute(definition.encode())
    conn.execute(sql.SQL("VACUUM ANALYZE {}").format(table))


def _moments(head: int) -> dict[str, list[Moment]]:
    """Drawn ones: as known now, known on the day itself, and any day as known some time later, or earlier."""
    chance = random.Random(6)  # noqa: S311 - the same moments in every run
    days = [FIRST + timedelta(days=chance.randrange(300, DAYS)) for _ in range(READS)]
    ends = [end_of_day(day.date(), "Asia/Shanghai") for day in days]
    shares = [(day - FIRST) / timedelta(days=DAYS) for day in days]
    return {
        "now": [Moment(end_of_day((FIRST + timedelta(days=DAYS)).date(), "Asia/Shanghai"), head)] * READS,
        "any day, as known now": [Moment(end, head) for end in ends],
        "any day, as known then": [Moment(end, int(share * head)) for end, share in zip(ends, shares, strict=True)],
        "any day, as known later": [
            Moment(end, chance.randrange(int(share * head), head)) for end, share in zip(ends, shares, strict=True)
        ],
        "any day, as known before": [
            Moment(end, chance.randrange(head // 10, int(share * head)))
            for end, share in zip(ends, shares, strict=True)
        ],
    }


Timed = Iterator[tuple[str, list[float], Goal]]


def _in_the_database(views: Views, head: int) -> Timed:
    wanted = FigureFilter("suggestion", jurisdiction=JURISDICTION)
    bys: tuple[Dimension, ...] = ("unit", "stage")
    for by in bys:
        for what, moments in _moments(head).items():
            times = []
            for moment in moments:
                started = perf_counter()
                told = views.figures.sums(wanted, MEASURES, moment, by)
                times.append((perf_counter() - started) * 1000)
                assert told
            yield f"figures by {by}, {what}", times, QUICK
    times = []
    for moment in _moments(head)["any day, as known now"][:10]:
        months = [moment.as_of - timedelta(days=30 * ago) for ago in range(11, -1, -1)]
        started = perf_counter()
        views.figures.series(wanted, MEASURES, months, moment.known)
        times.append((perf_counter() - started) * 1000)
    yield "figures over twelve months, as known now", times, SERIES
    for what, moments in _moments(head).items():
        text = text_of(words_of(random.Random(7)), random.Random(8), LONGEST)  # noqa: S311
        subject, asked, times = subject_of(text[:SENTENCE], text), Filter("suggestion", JURISDICTION), []
        for moment in moments[:10]:
            started = perf_counter()
            views.search.similar(subject, asked, moment, steps=REQUESTS, least=LEAST, limit=MOST_SIMILAR)
            times.append((perf_counter() - started) * 1000)
        yield f"suggestions like a title and a text, {what}", times, COMPARED


def _through_http(db: Database, port: int, head: int) -> Timed:
    moments = _moments(head)
    with db.pool(2) as pool:
        readers = {who: headers_of(pool, who) for who in READERS}
        headers = readers["the office"]
        connection = HTTPConnection("127.0.0.1", port, timeout=600)
        for what, drawn in moments.items():
            paths = [f"/api/v1/figures?{METRICS}&by=unit&{_asked(moment)}" for moment in drawn]
            yield f"GET /figures by unit, {what}", _times(connection, paths, headers), THROUGH_HTTP
        one = orjson.loads(got(connection, "/api/v1/cases?stage=closed&limit=1", headers))["cases"][0]
        for which, narrowed in LISTS.items():
            asked = narrowed.format(unit=one["units"][0], deputy=one["person"])
            for what, drawn in moments.items():
                paths = [f"/api/v1/cases?{asked}limit=50&{_asked(moment)}" for moment in drawn]
                yield f"GET /cases, {which}, {what}", _times(connection, paths[:10], headers), LISTED
        for words in SEARCHED:
            for what, drawn in moments.items():
                paths = [f"/api/v1/search?q={quote(words)}&{_asked(moment)}" for moment in drawn]
                yield f"GET /search, {words}, {what}", _times(connection, paths[:10], headers), FIRST_PAGE
        for who, path, goal in OWN:
            for what, drawn in moments.items():
                paths = [f"/api/v1/{quote(path, safe='?=&,')}&{_asked(moment)}" for moment in drawn]
                yield f"GET /{path} of {who}, {what}", _times(connection, paths[:10], readers[who]), goal


def _asked(moment: Moment) -> str:
    return f"as_of={quote(moment.as_of.isoformat())}&position={moment.known}"


def _times(connection: HTTPConnection, paths: Sequence[str], headers: dict[str, str]) -> list[float]:
    times = []
    for path in paths:
        started = perf_counter()
        got(connection, path, headers)
        times.append((perf_counter() - started) * 1000)
    return times


def _figure(cases: int, what: str, times: Sequence[float], goal: Goal) -> Figure:
    p95 = percentile(times, 95)
    return Figure("million", f"{cases:,} cases: {what}, p95", "ms", p95, min(times), max(times), goal=goal)
