"""`python -m benchmarks [name…] [--json]`: measure all figures, or those named."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict
from platform import python_version

from rich.console import Console
from rich.table import Table

from benchmarks import (
    append,
    append16,
    audit,
    board,
    bulk_import,
    figures,
    http,
    lists,
    million,
    moment,
    rebuild,
    search,
)
from benchmarks.measuring import Figure, pulse

BENCHMARKS: dict[str, Callable[[], Iterator[Figure]]] = {
    "append": append.run,
    "append16": append16.run,
    "import": bulk_import.run,
    "rebuild": rebuild.run,
    "moment": moment.run,
    "http": http.run,
    "list": lists.run,
    "board": board.run,
    "figures": figures.run,
    "million": million.run,
    "search": search.run,
    "audit": audit.run,
}


def main() -> None:
    """Print the figures as a table, or as JSON."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="name", help=f"one of {', '.join(BENCHMARKS)}; by default all")
    parser.add_argument("--json", action="store_true", help="print JSON")
    asked = parser.parse_args()
    if unknown := sorted(set(asked.names) - set(BENCHMARKS)):
        parser.error(f"no benchmark is called {', '.join(unknown)}; there are {', '.join(BENCHMARKS)}")
    measured: list[Figure] = []
    pulses: dict[str, float] = {}
    for name in asked.names or BENCHMARKS:
        print(f"{name} …", file=sys.stderr)
        pulses[name] = pulse()
        for figure in BENCHMARKS[name]():
            measured.append(figure)
            print(f"  {figure.what}: {_told(figure.value, figure.least, figure.most)} {figure.unit}", file=sys.stderr)
    if asked.json:
        machine = {
            "cpus": os.cpu_count(),
            "python": python_version(),
            "load": os.getloadavg()[2],
            "million_additions_a_second": pulses,
        }
        told = [asdict(f) | {"ratio": f.ratio, "reached": f.reached} for f in measured]
        print(json.dumps({"machine": machine, "figures": told}, ensure_ascii=False, indent=2))
    else:
        Console(width=None if sys.stdout.isatty() else 150).print(_table(measured))
        load = f"mean load of 15 minutes {os.getloadavg()[2]:.1f}"
        print(f"{os.cpu_count()} processors, {load}, Python {python_version()}")
        beats = ", ".join(f"{name} {beat:.1f}" for name, beat in pulses.items())
        print(f"million additions a second by one processor, just before each: {beats}")


def _table(figures: list[Figure]) -> Table:
    table = Table("", "what", "unit")
    for column in ("measured (least–most)", "raw (least–most)", "of raw", "goal", ""):
        table.add_column(column, justify="left" if column in ("goal", "") else "right")
    for f in figures:
        table.add_row(
            f.name,
            f.what,
            f.unit,
            _told(f.value, f.least, f.most),
            "" if f.raw is None else f"{f.raw_what} {_told(f.raw, f.raw_least, f.raw_most)}",
            "" if f.ratio is None else f"{f.ratio:.0%}",
            "" if f.goal is None else str(f.goal),
            {True: "reached", False: "MISSED", None: ""}[f.reached],
        )
    return table


def _told(value: float, least: float | None, most: float | None) -> str:
    text = _number(value)
    return text if least is None or most is None else f"{text} ({_number(least)}–{_number(most)})"


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:,.2f}"  # noqa: PLR2004 - three digits tell enough


if __name__ == "__main__":
    main()
