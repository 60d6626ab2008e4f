"""The registry as the ledger tells it, kept at hand in this process and looked at again every half second."""

from __future__ import annotations

import time
from bisect import bisect_right
from collections.abc import Callable, Sequence
from datetime import datetime
from threading import Lock
from typing import Protocol

from adapters.postgres.pool import LedgerUnavailableError
from domain.casefile import CaseFile
from domain.docket import LedgerEvent, LedgerMapper
from domain.office import Jurisdiction
from domain.refusal import Refused
from domain.registry import JurisdictionCase, RegistryCase, assemble, jurisdiction_of, opens_jurisdiction

BELIEVED_SECONDS = 0.5
"""How long it is believed that nothing was entered by another process."""


class RegistryEvents(Protocol):
    """What is asked of the ledger."""

    def registry_events(self, after: int) -> Sequence[LedgerEvent]:
        """The stored steps of the registry's cases after a position, in their order."""


class LedgerRegistry:
    """What the ledger's registry says of each jurisdiction, now or as known at a position."""

    def __init__(self, ledger: RegistryEvents, clock: Callable[[], float] = time.monotonic) -> None:
        self._ledger = ledger
        self._clock = clock
        self._lock = Lock()
        self._mapper = LedgerMapper()
        self._case_files: dict[str, CaseFile] = {}
        self._positions: list[int] = []
        self._assembled: dict[tuple[str, int], Jurisdiction | None] = {}
        self._due = 0.0

    def jurisdiction(self, code: str, known: int | None = None) -> Jurisdiction:
        """The jurisdiction of that code as known at a position, or now; a code that is not known is refused."""
        self._look()
        found = self._found(code, known)
        if found is None and known is None:
            self.look_again()
            self._look()
            found = self._found(code, known)
        if found is None:
            raise Refused("unknown-jurisdiction", field="jurisdiction", jurisdiction=code)
        return found

    def codes(self, known: int | None = None) -> list[str]:
        """The codes of the jurisdictions known at a position, or now, in their order."""
        self._look()
        with self._lock:
            codes = {jurisdiction_of(case_file) for case_file in self._case_files.values()}
        return sorted(code for code in codes if code is not None and self._found(code, known) is not None)

    def entries(self, code: str, known: int | None = None, as_of: datetime | None = None) -> list[RegistryCase]:
        """What is entered under a jurisdiction as it was at a moment, also what had ended; it is looked for anew."""
        return self._cases(lambda case_file: jurisdiction_of(case_file) == code, known, as_of)

    def below(self, code: str, known: int | None = None, as_of: datetime | None = None) -> list[JurisdictionCase]:
        """The jurisdictions right below one, as they were at a moment; they are looked for anew."""
        found = self._cases(opens_jurisdiction, known, as_of)
        return [case for case in found if isinstance(case, JurisdictionCase) and case.parent == code]

    def look_again(self) -> None:
        """Something was entered: ask the ledger the next time."""
        self._due = 0.0

    def _found(self, code: str, known: int | None) -> Jurisdiction | None:
        with self._lock:
            entered = len(self._positions) if known is None else bisect_right(self._positions, known)
            if (code, entered) not in self._assembled:
                self._assembled[code, entered] = assemble(code, self._case_files.values(), known)
            return self._assembled[code, entered]

    def _cases(
        self, wanted: Callable[[CaseFile], bool], known: int | None, as_of: datetime | None
    ) -> list[RegistryCase]:
        self.look_again()
        self._look()
        with self._lock:
            found = [case_file.at(known, as_of) for case_file in self._case_files.values() if wanted(case_file)]
        return [case for case in found if isinstance(case, RegistryCase)]

    def _look(self) -> None:
        if self._clock() < self._due:
            return
        with self._lock:
            due = self._clock() + BELIEVED_SECONDS
            try:
                events = self._ledger.registry_events(self._positions[-1] if self._positions else 0)
            except LedgerUnavailableError:
                if not self._positions:
                    raise
                return  # what is known is good enough to read by: whoever records needs the database itself
            for event in events:
                case_id = str(event.originator_id)
                case_file = self._case_files.setdefault(case_id, CaseFile(case_id))
                case_file.take(self._mapper.to_domain_event(event))
                self._positions.append(event.position)
            self._due = due
