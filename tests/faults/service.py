"""What the crash tests start as a process of its own, and kill: `python -m tests.faults.service write|project`."""

from __future__ import annotations

import sys

from adapters.postgres.projector import Projector
from domain.docket import Docket
from tests.domain.support import IMPORTED
from tests.faults.support import act, ledger_on, note, opening, request
from tests.registry import shipped_registry


def write(conninfo: str, prefix: str) -> None:
    """Open cases and record steps for ever; print a receipt's request, case, version and position once it is there."""
    with ledger_on(conninfo) as ledger:
        docket = Docket(ledger, shipped_registry())
        for number in range(1_000_000):
            case_id = f"{prefix}-{number}"
            for version in range(1, 4):
                asked = request(f"{case_id}/{version}")
                if version == 1:
                    receipt = docket.open(opening(), act(), case_id=case_id, request=asked)
                else:
                    receipt = docket.record(case_id, note(str(version)), act(imported=IMPORTED), request=asked)
                print(asked.key, receipt.case_id, receipt.version, receipt.position, flush=True)  # noqa: T201


def project(conninfo: str, batch: str) -> None:
    """Run the projector in small batches."""
    Projector(conninfo, batch=int(batch)).run()


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["write", conninfo, prefix]:
            write(conninfo, prefix)
        case ["project", conninfo, batch]:
            project(conninfo, batch)
        case other:
            sys.exit(f"unknown: {other}")
