"""Steps through the whole service, posted at a fixed rate whether it keeps up or not, until the case list shows them.

Latencies count from the moment at which a step was due, so that a slow answer cannot hide those that waited behind it.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from http.client import HTTPConnection
from io import BufferedRWPair
from itertools import count
from pathlib import Path
from queue import Queue
from threading import local
from time import perf_counter, sleep
from urllib.parse import urlencode
from uuid import uuid4

import psycopg

from adapters import embedded
from adapters.exchange.jurisdictions import entered_in_memory
from adapters.identity.tokens import Tokens
from benchmarks.material import JURISDICTION, RAW_INSERT, RAW_TABLE, openings, raw_rows
from benchmarks.measuring import Database, Figure, Goal, data_dir, percentile
from domain.case import Role

RATE, WARM_UP, STEPS, CLIENTS = 100, 300, 1_500, 12
PATIENCE = 60.0
GOALS = {50: Goal("value", "most", 10), 99: Goal("value", "most", 50)}
ON = date(2026, 3, 2)


@dataclass(frozen=True)
class Taken:
    """Milliseconds of one step, from when it was due: until it was sent, answered, visible."""

    sent: float
    answered: float
    visible: float


class Client:
    """A person's program: keeps one connection for each thread.

    It does as little as HTTP allows, since what it costs is taken from the service's processors and measured with it.
    """

    def __init__(self, port: int, token: str) -> None:
        self._port = port
        self._headers = {"Host": "127.0.0.1", "Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        self._mine = local()

    def ask(self, method: str, path: str, body: object = None, **headers: str) -> dict[str, str]:
        """The headers of an answer, which is read to its end."""
        content = b"" if body is None else json.dumps(body).encode()
        sent = self._headers | {name.replace("_", "-"): value for name, value in headers.items()}
        lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in sent.items())]
        stream = self._stream()
        stream.write("\r\n".join([*lines, f"Content-Length: {len(content)}", "", ""]).encode() + content)
        stream.flush()
        status = stream.readline()
        pairs = (line.decode().partition(":") for line in iter(stream.readline, b"\r\n"))
        told = {name.lower(): value.strip() for name, _, value in pairs}
        text = stream.read(int(told["content-length"]))
        if not status.startswith(b"HTTP/1.1 2"):
            raise AssertionError(f"{method} {path}: {status.decode()} {text.decode()}")
        return told

    def _stream(self) -> BufferedRWPair:
        if not hasattr(self._mine, "stream"):
            connection = socket.create_connection(("127.0.0.1", self._port), timeout=PATIENCE)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._mine.stream = connection.makefile("rwb")
        stream: BufferedRWPair = self._mine.stream
        return stream


def run() -> Iterator[Figure]:
    """Milliseconds."""
    with data_dir() as place, service(place) as port:
        db = Database(embedded.running(place) or "")
        with db.pool(2) as pool, db.owner() as conn:
            token = Tokens(pool, entered_in_memory()).create(
                "clerk-1", Role.DEPUTY_AFFAIRS, JURISDICTION, JURISDICTION, "benchmark", 1
            )
            taken, inserts = _load(Client(port, token), conn)
    for percent, goal in GOALS.items():
        raw = percentile(inserts, percent)
        for what, values, reach in (
            ("POST of a step", [t.answered for t in taken], None),
            ("POST until it is in the case list", [t.visible for t in taken], goal),
        ):
            yield Figure(
                "http", f"{what}, {RATE}/s, p{percent}", "ms", percentile(values, percent), min(values), max(values),
                raw, min(inserts), max(inserts), "INSERT", reach,
            )  # fmt: skip
    late = [t.sent for t in taken]
    yield Figure("http", "lateness of the load itself, p99", "ms", percentile(late, 99), min(late), max(late))


def _load(client: Client, conn: psycopg.Connection[tuple[object, ...]]) -> tuple[list[Taken], list[float]]:
    """Open a case, hand over an earlier one, and so on, each when it is due; beside it now and then a raw INSERT."""
    opened: Queue[tuple[str, str]] = Queue()
    began = perf_counter() + 0.5

    def step(number: int) -> Taken:
        due = began + number / RATE
        sleep(max(0.0, due - perf_counter()))
        sent = perf_counter()
        if number % 2 == 0 or opened.empty():
            told = client.ask("POST", "/api/v1/cases", _opening(number), Idempotency_Key=str(uuid4()))
            opened.put((told["location"], told["etag"]))
        else:
            case, etag = opened.get()
            body = {"step": {"lead_unit": "jtj"}, "act": {"occurred_at": ON.isoformat()}}
            told = client.ask("POST", f"{case}/steps/handed_over", body, Idempotency_Key=str(uuid4()), If_Match=etag)
        answered = perf_counter()
        client.ask("GET", f"/api/v1/cases?{urlencode({'limit': 1, 'min_position': told['duban-position']})}")
        return Taken(*((at - due) * 1000 for at in (sent, answered, perf_counter())))

    conn.execute(RAW_TABLE)
    inserts = []
    with ThreadPoolExecutor(CLIENTS) as threads:
        load = [threads.submit(step, number) for number in range(WARM_UP + STEPS)]
        for row in raw_rows(openings(STEPS // 5), 1):
            started = perf_counter()
            conn.execute(RAW_INSERT, row, prepare=True)
            inserts.append((perf_counter() - started) * 1000)
            sleep(5 / RATE)
        return [done.result() for done in load][WARM_UP:], inserts


def _opening(number: int) -> dict[str, object]:
    step = {"jurisdiction": JURISDICTION, "title": f"建议第{number}条线路增开夜间公交", "lead_deputy": "d-001"}
    return {"opening": "suggestion.submitted", "step": step, "act": {"occurred_at": ON.isoformat()}}


@contextmanager
def service(place: Path, **settings: str) -> Iterator[int]:
    """The port of `duban serve` with a database of its own, and with other settings if need be."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    environment = {name: value for name, value in os.environ.items() if not name.startswith("DUBAN_")}
    environment |= {"DUBAN_DATA_DIR": str(place), "DUBAN_PORT": str(port), "DUBAN_LOG_LEVEL": "error"}
    environment |= {"DUBAN_JURISDICTION": "cn-999900", **settings}
    command = [sys.executable, "-P", "-m", "api.cli", "serve", "--no-sample"]
    with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL) as service:  # noqa: S603 - our own
        try:
            _wait_for(port, service)
            yield port
        finally:
            service.terminate()


def _wait_for(port: int, service: subprocess.Popen[bytes]) -> None:
    for _ in count():
        try:
            connection = HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
            connection.request("GET", "/readyz")
            if connection.getresponse().status == 200:  # noqa: PLR2004 - HTTP's word for ready
                return
        except ConnectionError:
            pass
        assert service.poll() is None
        sleep(0.1)
