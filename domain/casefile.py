"""CaseFile (案卷): everything ever recorded of a case, and the case as it stands: the library's aggregate."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from domain import fold
from domain.case import Case, Corrected, Recorded, Voided


class HoleInHistoryError(RuntimeError):
    """A case's stored steps are not numbered 1…n: rows are missing or belong to another case."""


class CaseFile:
    """The history of one case in the order of the ledger, and the case at now/now, folded when it is asked for."""

    def __init__(self, case_id: str) -> None:
        self.id = case_id
        self.history: list[Recorded] = []
        self._case: Case | None = None
        self._folded = False

    @property
    def version(self) -> int:
        """The number of the last step; 0 for a case that was never opened."""
        return len(self.history)

    @property
    def case(self) -> Case | None:
        """The case as it stands; None before it is opened, or when its opening is void."""
        if not self._folded:
            self._case, self._folded = fold.case_at(self.history), True
        return self._case

    def take(self, recorded: Recorded) -> None:
        """Add a step: the usual one is applied to what is folded; a late entry, correction or void folds it anew."""
        if recorded.originator_id != self.id or recorded.originator_version != len(self.history) + 1:
            msg = f"case {self.id}: step {recorded.version} of {recorded.originator_id} after step {self.version}"
            raise HoleInHistoryError(msg)
        self.history.append(recorded)
        if not self._folded:
            return
        if recorded.act.late or isinstance(recorded.step, (Corrected, Voided)):
            self._folded = False
        elif self._case is not None:
            recorded.enact(self._case)
        elif recorded.version == 1 and recorded.step.declared.opens:
            self._case = fold.open_case(recorded)
        else:
            self._folded = False

    def at(self, known: int | None = None, as_of: datetime | None = None) -> Case | None:
        """The case at a moment of both clocks; None if there was no case then."""
        return fold.case_at(self.history, known, as_of)

    def collect_events(self) -> list[Recorded]:
        """The steps that the ledger has not taken yet."""
        return [recorded for recorded in self.history if recorded.position == 0]


def file_of(case_file: CaseFile | None, records: Iterable[Recorded]) -> CaseFile | None:
    """The library's projector function: records into a file, None if there is no record."""
    for recorded in records:
        if case_file is None:
            case_file = CaseFile(recorded.originator_id)
        case_file.take(recorded)
    return case_file
