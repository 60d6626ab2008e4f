"""The history across cases: who did what, when, in which role, for whom; one row for each record, never changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import ClassVar, LiteralString, NamedTuple

from domain.case import Correction, Recorded, Voiding
from projections.projection import Changes, Histories


class Row(NamedTuple):
    """One record. `target` is the number of the step that a correction, a void, or a request for one is about."""

    position: int
    case_id: str
    version: int
    wire: str
    recorded_at: datetime
    occurred_at: datetime
    precision: str
    late: bool
    actor: str
    role: str
    office: str
    on_behalf_of: str | None
    document: str | None
    part: str | None
    target: int | None


def row_of(record: Recorded) -> Row:
    """The row of a record."""
    act, step = record.act, record.step
    target = None
    if isinstance(step, Correction):
        target = step.corrects
    elif isinstance(step, Voiding):
        target = step.voids
    return Row(
        record.position,
        record.originator_id,
        record.version,
        step.declared.wire,
        record.recorded_at,
        act.occurred_at,
        act.precision,
        act.late,
        act.actor,
        act.role.value,
        act.office,
        act.on_behalf_of,
        act.source.number if act.source else None,
        step.part_key,
        target,
    )


class History:
    """One row for each record, in the order of the ledger."""

    name: ClassVar[str] = "history"
    version: ClassVar[int] = 1
    key: ClassVar[Mapping[str, LiteralString]] = {}

    def take(self, batch: Sequence[Recorded], histories: Histories) -> Changes:  # noqa: ARG002 - needs no past
        """A row for each record."""
        return Changes(added=list(map(row_of, batch)))

    def forget(self) -> None:
        """Nothing is remembered."""
