"""A world in one thread, in which everything fails that may fail, as a seed says; the same seed is the same world.

Clerks ask for steps under a request key and ask again when they hear nothing, over a docket that restarts, a ledger
that refuses or loses its answer, clocks that jump, and projectors that die before or after they store their rows.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any

from adapters.memory import MemoryLedger
from adapters.postgres.pool import LedgerUnavailableError
from domain import fold
from domain.case import Corrected, Recorded, Role, Step, Voided
from domain.cases.suggestion import ProgressReported, SuggestionSubmitted
from domain.docket import Command, Docket, LedgerMapper, Request, Result, StaleError
from domain.refusal import Refused
from projections.case_list import STILL_KNOWN, CaseList, stretches_of
from tests.domain.support import DEPUTY, act
from tests.registry import shipped_registry

REGISTRY = shipped_registry()
START = datetime(2026, 6, 1, 1, tzinfo=UTC)
CLERKS, OPERATIONS = 3, 8
Row = tuple[Any, ...]


class Unsteady(MemoryLedger):
    """Refuses before it records, or records and loses the answer, as chance has it."""

    def __init__(self, world: World) -> None:
        super().__init__(world.now)
        self._world = world

    def append(self, commands: Sequence[Command]) -> list[Result]:
        """Append, perhaps."""
        if self._world.happens(0.15):
            raise LedgerUnavailableError("database-unavailable", "before it was recorded")
        results = super().append(commands)
        if self._world.happens(0.15):
            raise LedgerUnavailableError("database-unavailable", "after it was recorded")
        return results


@dataclass
class Told:
    """What a clerk asked for and what he heard: nothing, a position, or that it is refused."""

    text: str
    heard: int | None = None
    refused: bool = False


@dataclass
class Reader:
    """A projector and the rows that it has stored, with the position, in one transaction."""

    position: int = 0
    rows: dict[tuple[str, datetime, int], Row] = field(default_factory=dict)
    case_list: CaseList = field(default_factory=CaseList)


class World:
    """Everything that follows from a seed."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.chance = random.Random(seed)
        self._clock = START
        self.ledger = Unsteady(self)
        self.docket = self._docket()
        self.told: list[Told] = []
        self.cases: list[str] = []
        self.readers = [Reader(), Reader()]
        self._mapper = LedgerMapper()

    def happens(self, probability: float) -> bool:
        """Whether something happens now."""
        return self.chance.random() < probability

    def now(self) -> datetime:
        """A clock that runs, and sometimes jumps, also back."""
        self._clock += timedelta(microseconds=self.chance.randint(0, 10**6))
        if self.happens(0.02):
            self._clock += timedelta(hours=self.chance.randint(-24, 24))
        return self._clock

    def run(self) -> None:
        """Let clerks and projectors take turns in any order until nobody has anything to do; then check."""
        waiting = [self._clerk(number) for number in range(CLERKS)]
        while waiting:
            turn = self.chance.choice(waiting)
            if next(turn, None) is None:
                waiting.remove(turn)
            if self.happens(0.3):
                self._read(self.chance.choice(self.readers))
            if self.happens(0.05):
                self.docket = self._docket()
        for reader in self.readers:
            while reader.position < self.ledger.head():
                self._read(reader)
        self.check()

    # Who works

    def _clerk(self, number: int) -> Iterator[bool]:
        """Asks for one step after another, each until it is answered; between reading and writing others act."""
        for operation in range(OPERATIONS):
            told = Told(f"{self.seed}-{number}-{operation}")
            self.told.append(told)
            request = Request(told.text, told.text.encode().ljust(32, b"."))
            opening = not self.cases or self.happens(0.3)
            case_id = f"case-{told.text}" if opening else self.chance.choice(self.cases)
            step, late = (_opening(told.text), False) if opening else self._step(case_id, told.text)
            on = date(2026, 3, self.chance.randint(1, 28))
            seen = None if opening or self.happens(0.5) else self.docket.case_file(case_id).version
            yield True
            for _ in range(40):
                try:
                    done = act(on, Role.DEPUTY_AFFAIRS, late=late)
                    if isinstance(step, SuggestionSubmitted):
                        receipt = self.docket.open(step, done, case_id=case_id, request=request)
                    else:
                        answered = self.docket.answered(request)
                        receipt = answered or self.docket.record(
                            case_id, step, done, expected_version=seen, request=request, asked=True
                        )
                    told.heard = receipt.position
                    if opening:
                        self.cases.append(case_id)
                    break
                except LedgerUnavailableError:
                    yield True
                except StaleError as stale:
                    seen = stale.actual
                    yield True
                except Refused:
                    told.refused = True
                    break
            yield True

    def _step(self, case_id: str, text: str) -> tuple[Step, bool]:
        """A step of a case: a report, perhaps late, or a correction or void of an earlier one."""
        history = self.docket.case_file(case_id).history
        kind = self.chance.random()
        if kind < 0.2:
            number = self.chance.randint(1, len(history))
            said: dict[str, Any] = {"reason": text, "approved_by": "主任"}
            return Corrected(
                corrects=number, occurred_at=act(date(2026, 3, 1), Role.DEPUTY_AFFAIRS).occurred_at, **said
            ), False
        if kind < 0.3:
            return Voided(voids=self.chance.randint(1, len(history)), reason=text, approved_by="主任"), False
        return ProgressReported(unit="jtj", summary=text), kind > 0.8

    def _read(self, reader: Reader) -> None:
        """A projector takes the next records; it may die before it stores them, or right after."""
        until = min(self.ledger.head(), reader.position + self.chance.randint(1, 7))
        batch = self.recorded(reader.position, until)
        changes = reader.case_list.take(batch, lambda ids: self._histories(ids, reader.position))
        if self.happens(0.2):
            reader.case_list = CaseList()
            return
        for row in changes.added:
            reader.rows[row[0], row[1], row[3]] = row
        for case_id, valid_from, known_from, known_to in changes.closed:
            old = reader.rows[case_id, valid_from, known_from]
            assert old[4] == STILL_KNOWN
            reader.rows[case_id, valid_from, known_from] = (*old[:4], known_to, *old[5:])
        reader.position = until
        if self.happens(0.1):
            reader.case_list = CaseList()

    # What must hold

    def check(self) -> None:
        """Acknowledged within stored within asked; versions and order without a hole; rows as if read at once."""
        records = self.recorded(0, self.ledger.head())
        stored = [_text(record) for record in records]
        asked = {told.text for told in self.told}
        assert len(stored) == len(set(stored)), "something was recorded twice"
        assert set(stored) <= asked, "something was recorded that nobody asked for"
        for told in self.told:
            if told.heard is not None and told.text in stored:
                assert stored[told.heard - 1] == told.text, f"{told.text} is not where it was said to be"
            assert not (told.refused and told.text in stored), f"{told.text} was refused, and is recorded"
            if told.heard is not None and told.text not in stored:
                assert told.text in self.ledger.answered([told.text]), f"{told.text} was lost"
        assert [record.position for record in records] == list(range(1, len(records) + 1))
        assert all(a.timestamp < b.timestamp for a, b in pairwise(records)), "the times of recording do not increase"
        for case_id, history in self._histories({record.originator_id for record in records}, len(records)).items():
            assert [record.originator_version for record in history] == list(range(1, len(history) + 1)), case_id
        whole = CaseList().take(records, lambda _: {})
        replayed = {(row[0], row[1], row[3]): row for row in whole.added}
        for reader in self.readers:
            assert reader.rows == replayed, "a projector that died shows something else than one that did not"
        known = [row for row in replayed.values() if row[4] == STILL_KNOWN]
        for case_id in {record.originator_id for record in records}:
            history = [record for record in records if record.originator_id == case_id]
            shown = sorted((row[1], row[5:-1]) for row in known if row[0] == case_id)
            assert shown == [(since, tuple(row)) for since, row in stretches_of(history)], "the list is not the fold"
            assert fold.case_at(history) == self.docket.case_file(case_id).case

    def recorded(self, after: int, until: int) -> list[Recorded]:
        """The records after a position, up to another."""
        return [self._mapper.to_domain_event(event) for event in self.ledger.tail(after, until - after, until)]

    def _histories(self, ids: Sequence[str] | set[str], until: int) -> Mapping[str, list[Recorded]]:
        found: dict[str, list[Recorded]] = {id: [] for id in sorted(ids)}
        for record in self.recorded(0, until):
            if record.originator_id in found:
                found[record.originator_id].append(record)
        return found

    def _docket(self) -> Docket:
        return Docket(self.ledger, REGISTRY, lambda: START + timedelta(days=2))


def _opening(text: str) -> SuggestionSubmitted:
    return SuggestionSubmitted(jurisdiction="cn-999900", title=text, lead_deputy=DEPUTY)


def _text(record: Recorded) -> str:
    """Which operation a record is of."""
    step = record.step
    if isinstance(step, (Corrected, Voided)):
        return step.reason
    return step.title if isinstance(step, SuggestionSubmitted) else str(step.summary)  # type: ignore[attr-defined]
