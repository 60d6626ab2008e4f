"""Many at once: of those who write to one case each is told whether he was first, and no storm is served by halves."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Awaitable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, ExitStack
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import httpx2
import pytest

from adapters.settings import Settings
from adapters.wiring import build
from api.main import MOST_AT_WORK
from tests.faults.office import JURISDICTION, LONGEST, SOON, Clerks, served, stored_on, suggestion, until

pytestmark = [pytest.mark.database, pytest.mark.faults, pytest.mark.slow]

IN_EARNEST = "DUBAN_KILLS" in os.environ
WRITERS, ROUNDS = 50, 20 if IN_EARNEST else 2
STORM, POOL = (1000, 10) if IN_EARNEST else (200, 2)
A_CLIENT = 50
"""So many of a storm ask through one client: with each more it takes longer to find the connection for the next."""
REPEATS = 100
DONE, CREATED, STALE = 200, 201, 412


class Answer(NamedTuple):
    """An answer, and after how many seconds it came."""

    answer: httpx2.Response
    seconds: float


def test_of_fifty_who_write_to_a_case_each_is_told_whether_he_was_first(entered: str, tmp_path: Path) -> None:
    services = build(Settings(data_dir=tmp_path), entered, name="test")
    token = services.tokens.create("u-1", "deputy_affairs", "rd", JURISDICTION, "test", 1)
    with served(services) as url, httpx2.Client(base_url=f"{url}/api/v1", timeout=60) as client:
        client.headers["Authorization"] = f"Bearer {token}"

        def post(path: str, step: dict[str, Any], **headers: str) -> httpx2.Response:
            body = {"step": step, "act": {"occurred_at": "2026-03-05"}}
            return client.post(path, json=body, headers=headers)

        case = client.post("/cases", json=suggestion("建议"), headers={"Idempotency-Key": "open"}).json()["case_id"]
        post(f"/cases/{case}/steps/handed_over", {"lead_unit": "jtj"}, **{"Idempotency-Key": "over", "If-Match": "*"})
        began = client.get(f"/cases/{case}").json()["version"]

        def write(writer: int) -> list[tuple[int, str]]:
            told = []
            for number in range(ROUNDS):
                text = f"{writer}-{number}"
                seen = client.get(f"/cases/{case}").headers["etag"]
                headers = {"Idempotency-Key": text, "If-Match": seen}
                answer = post(f"/cases/{case}/steps/progress_reported", {"unit": "jtj", "summary": text}, **headers)
                told.append((answer.status_code, text))
            return told

        with ThreadPoolExecutor(WRITERS) as threads:
            told = [one for found in threads.map(write, range(WRITERS)) for one in found]
        steps = client.get(f"/cases/{case}/steps").json()["steps"]
        ended = client.get(f"/cases/{case}").json()["version"]
    first = [text for status, text in told if status == DONE]
    assert {status for status, _ in told} == {DONE, STALE}
    assert len(first) == ended - began
    assert sorted(step["step"]["summary"] for step in steps[began:]) == sorted(first)


def test_a_request_that_is_made_a_hundred_times_at_once_is_done_once(entered: str, tmp_path: Path) -> None:
    services = build(Settings(data_dir=tmp_path), entered, name="test")
    token = services.tokens.create("u-1", "deputy_affairs", "rd", JURISDICTION, "test", 1)
    with served(services) as url, httpx2.Client(base_url=f"{url}/api/v1", timeout=60) as client:
        client.headers |= {"Authorization": f"Bearer {token}", "Idempotency-Key": "once"}

        def ask(title: str) -> httpx2.Response:
            return client.post("/cases", json=suggestion(title))

        with ThreadPoolExecutor(REPEATS) as threads:
            answers = list(threads.map(ask, ["建议"] * REPEATS))
        other = ask("另一件建议")
        stored = stored_on(entered)
    assert {answer.status_code for answer in answers} == {CREATED}
    assert {(answer.json()["case_id"], answer.json()["position"]) for answer in answers} == {
        (answers[0].json()["case_id"], stored[0][1])
    }
    assert [title for title, _ in stored] == ["建议"]
    assert other.status_code == 422


class Storm:
    """Many who each hand in a suggestion at the same moment, and one who asks meanwhile how the service is."""

    def __init__(self, url: str, token: str) -> None:
        self.answers: dict[str, Answer] = {}
        self.healths: list[Answer] = []
        self._client = partial(
            httpx2.AsyncClient,
            base_url=url,
            headers={"Authorization": f"Bearer {token}"},
            timeout=60,
            limits=httpx2.Limits(max_connections=None),
        )

    def refused(self) -> int:
        """How many were sent away."""
        return sum(answer.status_code != CREATED for answer, _ in list(self.answers.values()))

    async def rage(self) -> None:
        """Until everybody is answered."""
        async with AsyncExitStack() as clients:
            watcher, *askers = [await clients.enter_async_context(self._client()) for _ in range(1 + STORM // A_CLIENT)]
            watching = asyncio.create_task(self._watch(watcher))
            await asyncio.gather(*(self._ask(askers[n // A_CLIENT], f"storm-{n}") for n in range(STORM)))
            watching.cancel()

    async def _ask(self, client: httpx2.AsyncClient, title: str) -> None:
        asked = client.post("/api/v1/cases", json=suggestion(title), headers={"Idempotency-Key": title})
        self.answers[title] = await timed(asked)

    async def _watch(self, client: httpx2.AsyncClient) -> None:
        while True:
            self.healths.append(await timed(client.get("/healthz")))


async def timed(asked: Awaitable[httpx2.Response]) -> Answer:
    began = time.monotonic()
    answer = await asked
    return Answer(answer, time.monotonic() - began)


def test_of_a_storm_as_many_wait_as_may_and_the_others_are_sent_away_at_once(entered: str, tmp_path: Path) -> None:
    services = build(Settings(data_dir=tmp_path, pool_size=POOL), entered, name="test")
    token = services.tokens.create("u-1", "deputy_affairs", "rd", JURISDICTION, "test", 1)
    with served(services) as url, ThreadPoolExecutor(1) as threads:
        storm = Storm(url, token)
        with ExitStack() as busy:
            for _ in range(POOL):
                busy.enter_context(services.pool.connection())
            raging = threads.submit(asyncio.run, storm.rage())
            until(lambda: raging.done() or storm.refused() >= STORM - 2 * MOST_AT_WORK * POOL, LONGEST)
        raging.result()
        clerks = Clerks(url, token, 1)
        clerks.each_acknowledged(SOON)
        clerks.go_home()
        stored = [title for title, _ in stored_on(entered) if title.startswith("storm")]
    assert sorted(stored) == sorted(t for t, (answer, _) in storm.answers.items() if answer.status_code == CREATED)
    problems = set()
    for answer, seconds in storm.answers.values():
        assert seconds < LONGEST
        if answer.status_code != CREATED:
            assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
            problems.add(answer.json()["type"])
    assert "/problems/service-busy" in problems
    assert problems <= {"/problems/service-busy", "/problems/database-unavailable"}
    assert {answer.status_code for answer, _ in storm.healths} == {200}
