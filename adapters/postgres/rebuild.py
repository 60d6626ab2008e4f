"""A rebuild: the ledger's cases, shared out among processes, into the empty table of a new build.

`python -m adapters.postgres.rebuild` is such a process: it reads the job and then shares, a line each, and answers each
share with a line. It ends with its input, and so with whoever started it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import ExitStack, suppress
from dataclasses import asdict, dataclass
from itertools import pairwise
from queue import SimpleQueue
from typing import Any, Self

import psycopg

import domain.cases  # noqa: F401 - every case type declares itself
from adapters.batch import batch_work
from adapters.postgres.build import Build, Cases, PoisonError, ProjectorError, connect
from projections.catalogue import PROJECTIONS

_SHARE = 2_000
"""Steps that a process reads at a time, or a little more."""
_WORTH = 20_000
"""For so many steps a process is worth its start."""


@dataclass(frozen=True)
class Job:
    """Which build of which projection is filled, from which ledgers, each up to a position."""

    conninfo: str
    schema: str
    name: str
    build: int
    heads: dict[str, int]


class Filler:
    """Fills shares of a job through a connection."""

    def __init__(self, conn: psycopg.Connection[Any], job: Job) -> None:
        self._heads = job.heads
        self._builds = {
            ledger_id: Build(conn, job.schema, ledger_id, PROJECTIONS[job.name](), job.build) for ledger_id in job.heads
        }

    def fill(self, cases: Cases) -> int:
        """How many records a share was."""
        return self._builds[cases.ledger_id].take_cases(cases, self._heads[cases.ledger_id])


def fill(conn: psycopg.Connection[Any], job: Job) -> Generator[int]:
    """Fill a build, by as many processes as there are processors and work; yields how many records each share was.

    This process is one of them, and works while the others start.
    """
    others = min(os.cpu_count() or 1, sum(job.heads.values()) // _WORTH) - 1
    with ExitStack() as stack:
        idle: SimpleQueue[Filler | _Process] = SimpleQueue()
        idle.put(Filler(conn, job))
        for _ in range(others):
            idle.put(stack.enter_context(_Process(job)))
        shares = [cases for ledger_id in job.heads for cases in _shares(conn, ledger_id)]
        threads = stack.enter_context(ThreadPoolExecutor(idle.qsize()))

        def given(cases: Cases) -> int:
            filler = idle.get()
            try:
                return filler.fill(cases)
            finally:
                idle.put(filler)

        waiting = [threads.submit(given, cases) for cases in shares]
        try:
            for done in as_completed(waiting):
                yield done.result()
        finally:
            for future in waiting:
                future.cancel()


def _shares(conn: psycopg.Connection[Any], ledger_id: str) -> list[Cases]:
    """The ledger's cases in shares of about as many steps."""
    ends = conn.execute(
        "SELECT DISTINCT case_id FROM (SELECT case_id, row_number() OVER (ORDER BY case_id, version) AS number"
        " FROM ledger WHERE ledger_id = %s) AS numbered WHERE number %% %s = 0 ORDER BY case_id",
        (ledger_id, _SHARE),
    ).fetchall()
    cuts = [None, *(end for (end,) in ends), None]
    return [Cases(ledger_id, after, until) for after, until in pairwise(cuts)]


class _Process:
    """A process that fills shares of a job."""

    def __init__(self, job: Job) -> None:
        command = [sys.executable, "-P", "-m", __name__]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)  # noqa: S603 - our own
        self._send(asdict(job))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate()

    def fill(self, cases: Cases) -> int:
        """How many records a share was, once the process has filled it."""
        line = ""
        with suppress(BrokenPipeError):
            self._send(cases)
            line = self._process.stdout.readline() if self._process.stdout else ""
        if not line:
            raise ProjectorError(f"a process of the rebuild ended early, with exit code {self._process.wait()}")
        told = json.loads(line)
        if "poison" in told:
            raise PoisonError(told["poison"], told["cause"])
        return int(told["records"])

    def _send(self, value: object) -> None:
        if self._process.stdin is not None:
            print(json.dumps(value), file=self._process.stdin, flush=True)


def main() -> None:
    """Fill what the lines of the standard input say."""
    job = Job(**json.loads(sys.stdin.readline()))
    with batch_work(), connect(job.conninfo, job.schema) as conn:
        conn.execute("SET synchronous_commit TO off")
        filler = Filler(conn, job)
        for line in sys.stdin:
            sys.stdout.write(json.dumps(_answer(filler, Cases(*json.loads(line)))) + "\n")
            sys.stdout.flush()


def _answer(filler: Filler, cases: Cases) -> dict[str, Any]:
    try:
        return {"records": filler.fill(cases)}
    except PoisonError as poison:
        return {"poison": poison.position, "cause": poison.cause}


if __name__ == "__main__":
    main()
