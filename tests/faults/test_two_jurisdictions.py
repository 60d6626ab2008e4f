"""Two jurisdictions on one connection: whatever is asked, nobody is told a row of the other one.

DUBAN_REQUESTS says how many requests are asked; 100,000 take about a quarter of an hour.
"""

from __future__ import annotations

import os
import random
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql
from starlette.testclient import TestClient

from adapters.postgres.projector import Projector
from adapters.settings import Settings
from adapters.wiring import Services, build
from api.main import create_app
from domain.case import Act, Role
from domain.cases.suggestion import HandedOver, SuggestionSubmitted
from domain.moment import start_of_day
from tests.api.conftest import SITE
from tests.registry import entered_into

pytestmark = [pytest.mark.database, pytest.mark.faults]

REQUESTS = int(os.environ.get("DUBAN_REQUESTS", "600"))
PLACES = {"cn-999900": ("云江的建议", "d-001", "jtj"), "jp-sangiin": ("参議院の質問", "甲", "naikaku")}
"""Jurisdiction → what every title of it begins with, and a deputy and a unit of it."""
SORTS = ("title", "-due_on", "opened_on", "no such order")
THREADS = 4


@pytest.fixture
def services(database: str, tmp_path: Path) -> Iterator[Services]:
    found = build(Settings(pool_size=1, data_dir=tmp_path), database, name="test")
    entered_into(found.ledger)
    for place, (title, deputy, unit) in PLACES.items():
        for number in range(60):
            at = start_of_day(date(2026, 3, 1 + number % 28), "Asia/Shanghai")
            step = SuggestionSubmitted(jurisdiction=place, title=f"{title}{number}", lead_deputy=deputy)
            act = Act(actor="u-1", role=Role.DEPUTY_AFFAIRS, office=place, occurred_at=at)
            found.docket.open(step, act, case_id=f"{place}-{number}")
        found.docket.record(f"{place}-0", HandedOver(lead_unit=unit), act)
    Projector(database).catch_up()
    yield found
    found.close()


def test_no_answer_tells_of_the_other_jurisdiction(services: Services) -> None:
    app = create_app(services)
    tokens = {
        (place, role): services.tokens.create(deputy if role == "deputy" else "u-1", role, place, place, "test", 1)
        for place, (_, deputy, _) in PLACES.items()
        for role in ("deputy_affairs", "auditor", "deputy", "government_office")
    }
    left, lock, statuses = iter(range(REQUESTS)), threading.Lock(), set()

    def ask(seed: int) -> None:
        chance, client = random.Random(seed), TestClient(app, base_url=SITE)
        while True:
            with lock:
                if next(left, None) is None:
                    return
            (place, role), token = chance.choice(list(tokens.items()))
            other = next(one for one in PLACES if one != place)
            wanted = chance.choice((place, place, other))
            case = f"{wanted}-{chance.randrange(60)}"
            path = chance.choice(
                (
                    f"/cases?limit=100&include_total=true&sort={chance.choice(SORTS)}",
                    f"/cases?as_of=2026-03-{chance.randrange(1, 29):02}&limit=20",
                    f"/cases?text={PLACES[other][0]}",
                    "/counts",
                    f"/cases/{case}",
                    f"/cases/{case}/steps",
                    "/cases/export?format=csv",
                    "/steps",
                )
            )
            answer = client.get(f"/api/v1{path}", headers={"Authorization": f"Bearer {token}"})
            statuses.add(answer.status_code)
            assert answer.status_code in {200, 403, 404, 422}, answer.text
            assert PLACES[other][0] not in answer.text.replace(str(answer.url), ""), (place, role, path)
            if case in path and wanted == other:
                assert answer.status_code == 404
            if path == "/counts" and role in {"deputy_affairs", "auditor"}:
                assert answer.json()["counts"]["total"] == 60

    with ThreadPoolExecutor(THREADS) as threads:
        for done in [threads.submit(ask, seed) for seed in range(THREADS)]:
            done.result()
    assert statuses == {200, 403, 404, 422}


def test_the_database_itself_shows_no_row_without_a_jurisdiction_and_those_of_one_with_it(services: Services) -> None:
    def seen(conn: psycopg.Connection[Any], place: str | None) -> dict[str, int]:
        with conn.transaction():
            if place is not None:
                conn.execute(sql.SQL("SET LOCAL duban.jurisdiction TO {}").format(sql.Literal(place)))
            rows = conn.execute(
                "SELECT jurisdiction, count(DISTINCT case_id) FROM case_list WHERE kind = 'suggestion' GROUP BY 1"
            )
            found = dict(rows.fetchall())
            row = conn.execute("SELECT count(*) FROM case_audience WHERE kind = 'suggestion'").fetchone()
            assert row == (sum(found.values()),)
            shares = conn.execute("SELECT DISTINCT jurisdiction FROM case_shares").fetchall()
            assert {code for (code,) in shares} == found.keys()
            return found

    with services.pool.connection() as conn:
        assert seen(conn, None) == {}
        assert seen(conn, "cn-999900") == {"cn-999900": 60}
        assert seen(conn, None) == {}
        assert seen(conn, "jp-sangiin") == {"jp-sangiin": 60}
        assert seen(conn, "nowhere") == {}
        assert seen(conn, "*") == {"cn-999900": 60, "jp-sangiin": 60}
        table = conn.execute("SELECT 'case_list_1'::regclass").fetchone()
        assert table is not None
        assert conn.execute("SELECT count(*) FROM case_list_1").fetchone() == (0,)
