"""Golden files: for every stored name ever released, one example as the ledger holds it, and the step it is read as.

`python -m tests.golden` adds the files of new names. It never changes a file that is there: a stored name is a promise.
"""

from __future__ import annotations

import json
from pathlib import Path

import domain.cases  # noqa: F401 - declares every case type
from domain.case import STEPS, Recorded
from domain.docket import LedgerEvent, LedgerMapper
from tests.golden.samples import SAMPLES, WHEN, recorded

FOLDER = Path(__file__).parent


def declared() -> list[str]:
    """The stored names that the domain declares today."""
    return sorted(wire for wire, step in STEPS.items() if step.__module__.split(".")[0] == "domain")


def path_of(wire: str, folder: Path = FOLDER) -> Path:
    """Where a name's example is."""
    return folder / f"{wire}.json"


def read(wire: str, folder: Path = FOLDER) -> Recorded:
    """The example as the ledger's mapper reads it."""
    page = json.loads(path_of(wire, folder).read_text("utf-8"))
    event = LedgerEvent("golden", 1, wire, page["state"].encode(), 1, WHEN)
    record: Recorded = LedgerMapper().to_domain_event(event)
    return record


def difference(wire: str, folder: Path = FOLDER) -> str | None:
    """What is no longer as the file says: the step that is read, or the bytes that are written; None if all is well."""
    page = json.loads(path_of(wire, folder).read_text("utf-8"))
    record = read(wire, folder)
    if json.loads(record.step.model_dump_json(exclude_none=True)) != page["step"]:
        return "the stored state is read as another step"
    if record.step.declared.wire == wire and LedgerMapper().to_stored_event(record).state != page["state"].encode():
        return "the step is written as other bytes"
    return None


def add_new(folder: Path = FOLDER) -> list[str]:
    """Write the files of the names that have none; returns these names."""
    new = [wire for wire in declared() if not path_of(wire, folder).exists()]
    for wire in new:
        record = recorded(SAMPLES[wire])
        page = {
            "state": LedgerMapper().to_stored_event(record).state.decode(),
            "step": json.loads(record.step.model_dump_json(exclude_none=True)),
        }
        with path_of(wire, folder).open("x", encoding="utf-8") as file:
            json.dump(page, file, ensure_ascii=False, indent=1)
            file.write("\n")
    return new
