"""How a figure is measured: in small slices that alternate with the raw thing, because a machine's speed drifts."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any, Literal

import psycopg

from adapters.embedded import EmbeddedPostgres
from adapters.postgres.migrate import migrate
from adapters.postgres.pool import Pool, open_pool

WORK = Path("build")
"""On the disk that the data directory is on too; a temporary folder may be in memory."""


@dataclass(frozen=True)
class Goal:
    """What a figure is to reach: its value, or its ratio to the raw figure."""

    of: Literal["value", "ratio"]
    bound: Literal["least", "most"]
    number: float

    def __str__(self) -> str:
        sign = "≥" if self.bound == "least" else "≤"
        return f"{sign} {self.number:.0%} of raw" if self.of == "ratio" else f"{sign} {self.number:,.0f}"

    def reached(self, number: float) -> bool:
        """Whether a number is good enough."""
        return number >= self.number if self.bound == "least" else number <= self.number


@dataclass(frozen=True)
class Figure:
    """A measured figure beside the raw one: medians with the least and the most, or a percentile over all."""

    name: str
    what: str
    unit: str
    value: float
    least: float | None = None
    most: float | None = None
    raw: float | None = None
    raw_least: float | None = None
    raw_most: float | None = None
    raw_what: str = ""
    goal: Goal | None = None

    @property
    def ratio(self) -> float | None:
        """The figure as a part of the raw one."""
        return self.value / self.raw if self.raw else None

    @property
    def reached(self) -> bool | None:
        """Whether the goal is reached; None without one."""
        number = self.value if self.goal is None or self.goal.of == "value" else self.ratio
        return None if self.goal is None or number is None else self.goal.reached(number)


def rate(count: int, work: Callable[[], object]) -> float:
    """How many a second, where the work does that many."""
    started = perf_counter()
    work()
    return count / (perf_counter() - started)


def pulse() -> float:
    """How many million additions a second Python does now: how fast a shared processor is at this moment."""
    numbers = range(2_000_000)
    return rate(len(numbers), lambda: sum(number + 1 for number in numbers)) / 1_000_000


def alternately(
    slices: int, ours: Callable[[int], float], raw: Callable[[int], float]
) -> tuple[list[float], list[float]]:
    """The rates of both over that many slices each, taken in turn."""
    rates = [(ours(number), raw(number)) for number in range(slices)]
    return [a for a, _ in rates], [b for _, b in rates]


def compared(
    name: str,
    what: str,
    unit: str,
    ours: Sequence[float],
    raw: Sequence[float],
    raw_what: str,
    goal: Goal | None = None,
) -> Figure:
    """The figure of two series of rates."""
    return Figure(
        name, what, unit, statistics.median(ours), min(ours), max(ours),
        statistics.median(raw), min(raw), max(raw), raw_what, goal,
    )  # fmt: skip


def percentile(values: Sequence[float], percent: int) -> float:
    """The value that so many percent do not exceed."""
    return sorted(values)[min(len(values) - 1, len(values) * percent // 100)]


@dataclass(frozen=True)
class Database:
    """A migrated database on a server of its own, with fsync on."""

    conninfo: str

    @contextmanager
    def pool(self, size: int) -> Iterator[Pool]:
        """The pool of a process of the service."""
        pool = open_pool(self.conninfo, schema="duban", role="duban_app", size=size, name="benchmark")
        try:
            yield pool
        finally:
            pool.close()

    def owner(self) -> psycopg.Connection[tuple[Any, ...]]:
        """A connection that may do everything, as the raw measure's."""
        return psycopg.connect(self.conninfo, autocommit=True, options="-c search_path=duban")


@contextmanager
def data_dir() -> Iterator[Path]:
    """A data directory that goes with the benchmark."""
    WORK.mkdir(exist_ok=True)
    with TemporaryDirectory(prefix="benchmark-", dir=WORK) as place:
        yield Path(place).absolute()


@contextmanager
def database() -> Iterator[Database]:
    """A database that goes with the benchmark."""
    with data_dir() as place, EmbeddedPostgres(place) as server:
        conninfo = server.url()
        migrate(conninfo)
        with psycopg.connect(conninfo) as conn:
            assert conn.execute("SHOW fsync").fetchone() == ("on",)
        yield Database(conninfo)
