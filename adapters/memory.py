"""The ledger in memory: for tests, and to try a procedure out. Nothing of it is kept."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from threading import Lock
from typing import NoReturn
from uuid import UUID

from eventsourcing.persistence import ApplicationRecorder, IntegrityError, Notification, StoredEvent

from domain.docket import Code, Command, LedgerEvent, Request, Result
from domain.registry import PREFIX

_LATER = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class _Answer:
    """What a request asked, and which event was the last of its case afterwards."""

    fingerprint: bytes
    last: LedgerEvent


class MemoryLedger(ApplicationRecorder):
    """One ledger of this process. It answers as the one on PostgreSQL does."""

    def __init__(self, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._now = now
        self._lock = Lock()
        self._events: list[LedgerEvent] = []
        self._cases: dict[str, list[LedgerEvent]] = {}
        self._answers: dict[str, _Answer] = {}
        self._claims: dict[str, str] = {}

    # What the docket asks

    def append(self, commands: Sequence[Command]) -> list[Result]:
        """Append each command or say why not."""
        with self._lock:
            return [self._append(command) for command in commands]

    def answered(self, keys: Sequence[str]) -> dict[str, tuple[bytes, Result]]:
        """The requests among these keys that were answered: fingerprint, and the result with the case id as detail."""
        found = {key: self._answers[key] for key in keys if key in self._answers}
        return {key: (a.fingerprint, _result(Code.SEEN, a.last, a.last.originator_id)) for key, a in found.items()}

    def position_at(self, known_at: datetime) -> int:
        """The last position recorded by then; 0 if nothing was."""
        return bisect_right(self._events, known_at, key=lambda event: event.recorded_at)

    def head(self) -> int:
        """The last position; 0 for an empty ledger."""
        return len(self._events)

    def tail(self, after: int, limit: int, until: int | None = None) -> list[LedgerEvent]:
        """Stored events after a position, in their order."""
        return self._events[after:until][:limit]

    def events_of(self, case_ids: Sequence[str], until: int) -> list[LedgerEvent]:
        """The stored events of cases up to a position, those of a case in their order and beside each other."""
        cases = (self._cases.get(case_id, []) for case_id in case_ids)
        return [event for events in cases for event in events if event.position <= until]

    def registry_events(self, after: int) -> list[LedgerEvent]:
        """The stored steps of the registry's cases after a position, in their order."""
        return [event for event in self._events[after:] if str(event.originator_id).startswith(PREFIX)]

    # What the library asks

    def insert_events(self, stored_events: Sequence[StoredEvent], **_: object) -> Sequence[int]:
        """Append steps of one case under a request key of our own."""
        first = stored_events[0]
        command = Command(Request.fresh(), str(first.originator_id), first.originator_version - 1, stored_events)
        result = self.append([command])[0]
        if result.code is not Code.RECORDED:
            raise IntegrityError(result.code, result.detail)
        return range(result.position - len(stored_events) + 1, result.position + 1)

    def select_events(
        self,
        originator_id: UUID | str,
        *,
        gt: int | None = None,
        lte: int | None = None,
        desc: bool = False,
        limit: int | None = None,
    ) -> Sequence[StoredEvent]:
        """A case's stored events with their places in the ledger."""
        events = self._cases.get(str(originator_id), [])[gt or 0 : lte]
        return (events[::-1] if desc else events)[:limit]

    def select_notifications(
        self,
        start: int | None,
        limit: int,
        stop: int | None = None,
        topics: Sequence[str] = (),
        *,
        inclusive_of_start: bool = True,
    ) -> Sequence[Notification]:
        """The ledger as the library's notification log: ids are positions, without a gap."""
        after = 0 if start is None else start - inclusive_of_start
        found = [e for e in self._events[after:stop] if not topics or e.topic in topics]
        return [
            Notification(e.originator_id, e.originator_version, e.topic, e.state, id=e.position) for e in found[:limit]
        ]

    def max_notification_id(self) -> int | None:
        """The last position, None for an empty ledger."""
        return self.head() or None

    def subscribe(self, gt: int | None = None, topics: Sequence[str] = ()) -> NoReturn:
        """Not offered: readers poll the head, which loses nothing."""
        raise NotImplementedError(gt, topics)

    # Appending

    def _append(self, command: Command) -> Result:
        request, case_id = command.request, command.case_id
        if (answer := self._answers.get(request.key)) is not None:
            code = Code.SEEN if answer.fingerprint == request.fingerprint else Code.KEY_REUSED
            return _result(code, answer.last, answer.last.originator_id)
        events = self._cases.get(case_id, [])
        last = events[-1] if events else None
        if len(events) != command.expected:
            return _result(Code.STALE, last)
        if taken := next((name for name in command.claims if self._claims.get(name, case_id) != case_id), None):
            return _result(Code.CLAIMED, last, taken)
        self._claims.update(dict.fromkeys(command.claims, case_id))
        for name in command.releases:
            if self._claims.get(name) == case_id:
                del self._claims[name]
        for stored in command.events:
            last = self._recorded(stored)
            self._events.append(last)
            self._cases.setdefault(case_id, []).append(last)
        if last is not None:
            self._answers[request.key] = _Answer(request.fingerprint, last)
        return _result(Code.RECORDED, last)

    def _recorded(self, stored: StoredEvent) -> LedgerEvent:
        now = self._now()
        if self._events:
            now = max(now, self._events[-1].recorded_at + _LATER)
        return LedgerEvent(
            stored.originator_id,
            stored.originator_version,
            stored.topic,
            stored.state,
            position=len(self._events) + 1,
            recorded_at=now,
        )


def _result(code: Code, last: LedgerEvent | None, detail: object = None) -> Result:
    if last is None:
        return Result(code, 0, 0, None, _text(detail))
    return Result(code, last.position, last.originator_version, last.recorded_at, _text(detail))


def _text(detail: object) -> str | None:
    return None if detail is None else str(detail)
