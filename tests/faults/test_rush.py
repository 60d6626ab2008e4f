"""Many at once: of those who write to one case each is told whether he was first, and no storm is served by halves."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Awaitable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import httpx2
import pytest

from adapters.settings import Settings
from adapters.wiring import Services, build
from api.main import MOST_WAITING
from tests.faults.office import JURISDICTION, LONGEST, SOON, Clerks, served, stored_on, suggestion

pytestmark = [pytest.mark.database, pytest.mark.faults, pytest.mark.slow]

IN_EARNEST = "DUBAN_KILLS" in os.environ
WRITERS, ROUNDS = 50, 20 if IN_EARNEST else 2
STORM, POOL = (1000, 10) if IN_EARNEST else (300, 3)
DONE, CREATED, STALE = 200, 201, 412


class Answer(NamedTuple):
    """An answer, and after how many seconds it came."""

    answer: httpx2.Response
    seconds: float


@pytest.fixture
def services(entered: str, tmp_path: Path) -> Services:
    return build(Settings(data_dir=tmp_path, pool_size=POOL), entered, name="test")


def test_of_fifty_who_write_to_a_case_each_is_told_whether_he_was_first(services: Services) -> None:
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


async def ask_at_once(url: str, token: str) -> tuple[dict[str, Answer], list[Answer]]:
    """What each of the storm is answered to a suggestion of his own, and what is said of the service's health."""
    headers = {"Authorization": f"Bearer {token}"}
    over = asyncio.Event()
    limits = httpx2.Limits(max_connections=None)
    async with httpx2.AsyncClient(base_url=url, headers=headers, timeout=60, limits=limits) as client:

        async def health() -> list[Answer]:
            found = []
            while not over.is_set():
                found.append(await timed(client.get("/healthz")))
            return found

        async def one(title: str) -> Answer:
            return await timed(client.post("/api/v1/cases", json=suggestion(title), headers={"Idempotency-Key": title}))

        watching = asyncio.create_task(health())
        titles = [f"storm-{number}" for number in range(STORM)]
        answers = await asyncio.gather(*map(one, titles))
        over.set()
        return dict(zip(titles, answers, strict=True)), await watching


async def timed(asked: Awaitable[httpx2.Response]) -> Answer:
    began = time.monotonic()
    answer = await asked
    return Answer(answer, time.monotonic() - began)


def test_of_a_storm_as_many_are_served_as_can_be_and_the_others_are_sent_away_at_once(
    services: Services, entered: str
) -> None:
    token = services.tokens.create("u-1", "deputy_affairs", "rd", JURISDICTION, "test", 1)
    with served(services) as url:
        answers, healths = asyncio.run(ask_at_once(url, token))
        clerks = Clerks(url, token, 1)
        clerks.each_acknowledged(SOON)
        clerks.go_home()
        stored: dict[str, int] = dict(stored_on(entered))
    done = {title for title, (answer, _) in answers.items() if answer.status_code == CREATED}
    assert {title for title in stored if title.startswith("storm")} == done
    assert MOST_WAITING * POOL <= len(done) < STORM
    for answer, seconds in answers.values():
        assert seconds < LONGEST
        if answer.status_code != CREATED:
            assert (answer.status_code, answer.json()["type"]) == (503, "/problems/service-busy")
            assert answer.headers["retry-after"] == "1"
    assert healths
    assert {answer.status_code for answer, _ in healths} == {200}
