"""The cases that a projection has at hand between batches, so that their past is not read again for every step."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Any, Generic, Protocol, TypeVar

from domain.case import Recorded
from projections.projection import Histories

_MOST = 20_000


class Tracked(Protocol):
    """A case as a projection follows it."""

    def take(self, record: Recorded) -> Any:
        """Go on with the next record."""


T = TypeVar("T", bound=Tracked)


class Remembered(Generic[T]):
    """Cases by their ids; those that were touched longest ago are forgotten first."""

    def __init__(self, new: Callable[[str], T]) -> None:
        self._new = new
        self._tracked: OrderedDict[str, T] = OrderedDict()

    def __getitem__(self, case_id: str) -> T:
        return self._tracked[case_id]

    def clear(self) -> None:
        """Read every case anew when it is next touched."""
        self._tracked.clear()

    def have(self, batch: Sequence[Recorded], histories: Histories) -> None:
        """Have every case of the batch at hand; those that are not are read anew."""
        missing = {}
        for record in batch:
            case_id = record.originator_id
            if case_id in self._tracked:
                self._tracked.move_to_end(case_id)
            elif case_id not in missing:
                self._tracked[case_id] = self._new(case_id)
                if record.version > 1:
                    missing[case_id] = self._tracked[case_id]
        if missing:
            for case_id, history in histories(list(missing)).items():
                for record in history:
                    missing[case_id].take(record)

    def trim(self) -> None:
        """Forget what is too much."""
        while len(self._tracked) > _MOST:
            self._tracked.popitem(last=False)
