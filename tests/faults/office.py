"""The service behind HTTP, and clerks who ask again until they are answered, and remember what they were told."""

from __future__ import annotations

import itertools
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import httpx2
import uvicorn

from adapters.logs import configure
from adapters.serve import BACKLOG
from adapters.wiring import Services
from api.main import create_app
from tests.faults.support import connect

JURISDICTION = "cn-999900"
LONGEST = 10.0
"""Seconds in which whoever asks hears something, whatever is broken."""

SOON = 5.0
"""Seconds in which all is well again when nothing is broken any more."""


configure("json", "error")


@contextmanager
def served(services: Services) -> Iterator[str]:
    """The address at which the application answers meanwhile, on these services, which it closes in the end."""
    config = uvicorn.Config(create_app(services), log_config=None, access_log=False, timeout_graceful_shutdown=5)
    server = uvicorn.Server(config)
    with socket.create_server(("127.0.0.1", 0), backlog=BACKLOG) as listening:
        thread = threading.Thread(target=server.run, args=([listening],))
        thread.start()
        try:
            until(lambda: server.started, LONGEST)
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()


def until(condition: Any, seconds: float) -> float:
    """How long it took until it was so."""
    began = time.monotonic()
    while not condition():
        assert time.monotonic() - began < seconds, "it never came to be"
        time.sleep(0.01)
    return time.monotonic() - began


def suggestion(title: str) -> dict[str, Any]:
    """The body by which somebody hands in a suggestion."""
    step = {"jurisdiction": JURISDICTION, "title": title, "lead_deputy": "d-001"}
    return {"opening": "suggestion.submitted", "step": step, "act": {"occurred_at": "2026-03-01"}}


class Heard(NamedTuple):
    """What a clerk heard: the status and the problem of an answer, or that the connection broke."""

    at: float
    seconds: float
    status: int | None
    problem: str
    retry_after: str | None


@dataclass
class Clerk:
    """Hands in one suggestion after another, each under a key of its own until it is acknowledged."""

    name: str
    url: str
    token: str
    asked: list[str] = field(default_factory=list)
    acknowledged: dict[str, int] = field(default_factory=dict)
    heard: list[Heard] = field(default_factory=list)

    def work(self, enough: threading.Event) -> None:
        """Until there is enough; what is not acknowledged by then is left open."""
        with httpx2.Client(base_url=self.url, timeout=60) as client:
            for number in itertools.count():
                title = f"{self.name}-{number}"
                self.asked.append(title)
                while title not in self.acknowledged:
                    if enough.is_set():
                        return
                    self._ask(client, title)

    def _ask(self, client: httpx2.Client, title: str) -> None:
        headers = {"Authorization": f"Bearer {self.token}", "Idempotency-Key": title}
        began = time.monotonic()
        try:
            answer = client.post("/api/v1/cases", json=suggestion(title), headers=headers)
        except httpx2.TransportError as broken:
            self._hear(began, None, type(broken).__name__, None)
            time.sleep(0.05)
            return
        if answer.status_code in {200, 201}:
            self.acknowledged[title] = answer.json()["position"]
            self._hear(began, answer.status_code, "", None)
        else:
            problem = answer.json()["type"].removeprefix("/problems/")
            self._hear(began, answer.status_code, problem, answer.headers.get("retry-after"))
            time.sleep(0.05)

    def _hear(self, began: float, status: int | None, problem: str, retry_after: str | None) -> None:
        at = time.monotonic()
        self.heard.append(Heard(at, at - began, status, problem, retry_after))


class Clerks:
    """Clerks at work."""

    def __init__(self, url: str, token: str, number: int, name: str = "c") -> None:
        self._name = name
        self._url, self._token = url, token
        self.all: list[Clerk] = []
        self._enough = threading.Event()
        self._threads = ThreadPoolExecutor(number + 1)
        self._working: list[Future[None]] = []
        for _ in range(number):
            self.hire()

    def hire(self) -> Clerk:
        """One clerk more."""
        clerk = Clerk(f"{self._name}{len(self.all)}", self._url, self._token)
        self.all.append(clerk)
        self._working.append(self._threads.submit(clerk.work, self._enough))
        return clerk

    def acknowledged(self) -> int:
        """How many suggestions were acknowledged."""
        return sum(len(clerk.acknowledged) for clerk in self.all)

    def each_acknowledged(self, seconds: float) -> float:
        """How long it takes until each clerk has one more acknowledged."""
        had = [len(clerk.acknowledged) for clerk in self.all]
        return until(
            lambda: all(len(clerk.acknowledged) > before for clerk, before in zip(self.all, had, strict=True)), seconds
        )

    def heard(self) -> list[Heard]:
        """What all of them heard, in order of time."""
        return sorted(itertools.chain.from_iterable(clerk.heard for clerk in self.all))

    def problems(self) -> list[Heard]:
        """What they heard beside that it is done."""
        return [heard for heard in self.heard() if heard.problem]

    def go_home(self) -> None:
        """Let each finish what he asks for."""
        self._enough.set()
        self._threads.shutdown()
        for working in self._working:
            working.result()

    def check(self, conninfo: str) -> None:
        """Acknowledged within stored within asked, each once and at its position."""
        check(self.all, stored_on(conninfo))


def stored_on(conninfo: str) -> list[tuple[Any, ...]]:
    """The titles of what was handed in, with their positions."""
    with connect(conninfo) as owner:
        return owner.execute(
            "SELECT convert_from(state, 'UTF8')::jsonb #>> '{step,title}', position FROM ledger"
            " WHERE wire LIKE 'suggestion.submitted.%'"
        ).fetchall()


def check(clerks: Sequence[Clerk], stored: Sequence[tuple[Any, ...]]) -> None:
    """Nothing that was acknowledged is lost, nothing is there twice, nothing is there that nobody asked for."""
    acknowledged = {title: position for clerk in clerks for title, position in clerk.acknowledged.items()}
    asked = {title for clerk in clerks for title in clerk.asked}
    found = dict(stored)
    assert len(found) == len(stored), "something was recorded twice"
    assert set(found) <= asked, "something was recorded that nobody asked for"
    assert acknowledged.items() <= found.items(), "something that was acknowledged is not there"
