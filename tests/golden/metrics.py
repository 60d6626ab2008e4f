"""How each metric that was ever released is counted: a figure of an old report is counted again by it.

`python -m tests.golden` adds the metrics and versions that are new. It never changes what is there: a changed formula
is a new version, and the one before stays under `earlier` in the definition file.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from projections.metrics import Metric, metrics

FILE = Path(__file__).parent / "metrics" / "released.json"


def counting(metric: Metric) -> dict[str, Any]:
    """What makes the figure what it is."""
    told = {"subject", "numerator", "denominator", "without", "population"}
    return {name: value for name, value in metric.model_dump(mode="json", include=told).items() if value}


def declared() -> dict[str, dict[str, Any]]:
    """Every version of every metric that the definition file has, by `id@version`."""
    return {one.ref: counting(one) for metric in metrics().values() for one in (*metric.earlier, metric)}


def released(file: Path = FILE) -> dict[str, dict[str, Any]]:
    """What was released."""
    found: dict[str, dict[str, Any]] = json.loads(file.read_text("utf-8")) if file.exists() else {}
    return found


def add_new_metrics(file: Path = FILE) -> list[str]:
    """Write what is new into the file; returns it."""
    known = released(file)
    new = [ref for ref in declared() if ref not in known]
    if new:
        lines = [f"{json.dumps(ref)}: {json.dumps(said)}" for ref, said in sorted((declared() | known).items())]
        file.parent.mkdir(exist_ok=True)
        file.write_text("{\n" + ",\n".join(lines) + "\n}\n", "utf-8")
    return new
