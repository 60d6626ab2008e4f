"""Clocks (办理时限) at a moment, for the API, the pages and the command line alike."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from api.looking import require_reached
from api.services import Lists, Services
from domain import policy
from domain.case import ClockKey, RunningClock
from domain.moment import Moment, day_of
from domain.office import Jurisdiction
from domain.policy import Scope
from domain.refusal import Refused
from projections import reading
from projections.clocks import numbered
from projections.reading import ClockCounts, ClockFilter, ClockRow


@dataclass(frozen=True)
class Told:
    """A clock in the list, and the deadline itself, which explains its date."""

    row: ClockRow
    running: RunningClock


class Clocks:
    """The clocks of what somebody may read in a jurisdiction, at one moment."""

    def __init__(
        self, services: Services, lists: Lists, scope: Scope, jurisdiction: Jurisdiction, moment: Moment
    ) -> None:
        self._services = services
        self._clocks = lists.clocks
        self._scope = scope
        self.moment = moment
        self.day = day_of(moment.as_of, jurisdiction.time_zone)
        require_reached(self._clocks.reached, moment.known)

    def page(
        self, wanted: ClockFilter, *, after: reading.ClockKey | None = None, backwards: bool = False, limit: int = 50
    ) -> list[Told]:
        """A page of clocks with their explanations, by due date."""
        require_days_in_order(wanted)
        rows = self._clocks.page(wanted, self.moment, self.day, after=after, backwards=backwards, limit=limit)
        return list(self._told(rows))

    def counts(self, wanted: ClockFilter) -> ClockCounts:
        """How many clocks there are, by state and by rule."""
        return self._clocks.counts(wanted, self.moment, self.day)

    def _told(self, rows: Sequence[ClockRow]) -> Iterator[Told]:
        """Each with its deadline, as the case told of it at the moment."""
        docket, now = self._services.docket, datetime.now(UTC)
        found: dict[tuple[str, ClockKey, int], RunningClock] = {}
        for case_file in docket.case_files(list(dict.fromkeys(row.case_id for row in rows)), docket.head()):
            shown = policy.as_shown(case_file, self._scope, now, self._services.keys)
            if (case := shown.at(self.moment.known, self.moment.as_of)) is not None:
                found |= {(shown.id, key, nth): running for key, nth, running in numbered(case)}
        for row in rows:
            yield Told(row, found[row.case_id, (row.clock, row.part or None), row.nth])


def require_days_in_order(wanted: ClockFilter) -> None:
    """Refuse days of which the last comes before the first."""
    if wanted.due_from is not None and wanted.due_to is not None and wanted.due_to < wanted.due_from:
        raise Refused(
            "due-ends-before-it-begins",
            field="due_to",
            since=wanted.due_from.isoformat(),
            until=wanted.due_to.isoformat(),
        )
