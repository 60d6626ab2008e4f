"""The case list at any moment: for each case the stretches of its facts, on both clocks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, ClassVar, LiteralString, NamedTuple

from domain import fold
from domain.case import Awaited, Case, Corrected, Recorded, Voided
from domain.casefile import CaseFile
from domain.clock import overdue_from
from projections.projection import Changes, Histories
from projections.remembered import Remembered

FOREVER = datetime.max.replace(tzinfo=UTC)
"""The end of a stretch that has none."""
_DAY = timedelta(days=1)
STILL_KNOWN = 2**63 - 1
"""The end, on the second clock, of what is known now."""


class Row(NamedTuple):
    """What the list shows of a case during one stretch."""

    kind: str
    jurisdiction: str
    number: str | None
    title: str
    stage: str
    session: str | None
    person: str | None
    unit: str | None
    units: str
    """Codes with a blank between them: codes have none."""
    opened_on: date | None
    handed_over_on: date | None
    due_on: date | None
    overdue_from: datetime | None
    """The first instant after the due date, while the case waits for its answer."""
    answered_on: date | None
    extended: bool
    over: bool
    next_clock: str | None
    next_due_on: date | None
    estimate: bool
    rounds: int
    grade: str | None
    audience: str
    """Who beside the congress may read it: keys with a blank between them."""
    sealed_until: datetime | None
    """Until when the grade is told to few."""
    tied_to: str
    """The other cases that it names: ids with a blank between them."""
    awaited: str
    """What it waits for, a line each: who, the stored name of the step, due date, since which day, key of the part."""


Stretch = tuple[datetime, Row]
"""Since when the case has been so; until the next stretch."""


def row_of(case: Case) -> Row:
    """The row of a case as it is."""
    facts = case.facts()
    deadline, sealed_until = case.next_deadline, case.sealed_until
    waits = facts.handed_over_on is not None and facts.answered_on is None and not facts.over
    return Row(
        case.kind,
        case.jurisdiction,
        facts.number,
        facts.title,
        str(case.stage),
        facts.session,
        facts.person,
        facts.unit,
        " ".join(facts.units),
        facts.opened_on,
        facts.handed_over_on,
        facts.due_on,
        overdue_from(facts.due_on, case.time_zone) if waits and facts.due_on is not None else None,
        facts.answered_on,
        facts.extended,
        facts.over,
        deadline.clock if deadline else None,
        deadline.due_on if deadline else None,
        facts.estimate,
        facts.rounds,
        facts.grade,
        " ".join(case.audience()),
        overdue_from(sealed_until, case.time_zone) if sealed_until is not None else None,
        " ".join(dict.fromkeys(case.tied_to())),
        "\n".join(map(_line, case.awaited())),
    )


def _line(one: Awaited) -> str:
    """Five words, a dash for what there is not: codes have no blanks."""
    who, step, due_on, part, from_on = one
    return f"{who} {step} {due_on or '-'} {from_on or '-'} {part or '-'}"


def stretches_of(history: Iterable[Recorded], known: int | None = None) -> list[Stretch]:
    """The stretches of a case as known at a position, in the order of their dates."""
    found: list[Stretch] = []
    for since, case in fold.timeline(history, known):
        if case is not None:
            row = row_of(case)
            if not found or found[-1][1] != row:
                found.append((since, row))
    return found


class Interval:
    """A stretch with both its ends, and the positions since which it is known, and up to which."""

    __slots__ = ("dated_ahead", "known_from", "known_to", "row", "valid_from", "valid_to")

    def __init__(self, valid_from: datetime, valid_to: datetime, row: Row, known_from: int) -> None:
        self.valid_from = valid_from
        self.valid_to = valid_to
        self.row = row
        self.known_from = known_from
        self.known_to = STILL_KNOWN
        self.dated_ahead = False


class Share(NamedTuple):
    """A unit that a case had at some time, or was said to have, and when the case was opened then."""

    unit: str
    dated_ahead: bool
    opened_on: date


def _stands(added: tuple[str, Interval]) -> bool:
    """Whether that is how the case stands: such rows are written side by side, as they are read."""
    return added[1].known_to == STILL_KNOWN and added[1].valid_to == FOREVER


class Tracked:
    """A case file with its intervals as known now, and the shares that there ever were."""

    __slots__ = ("case_file", "intervals", "latest", "shares")

    def __init__(self, case_id: str) -> None:
        self.case_file = CaseFile(case_id)
        self.intervals: list[Interval] = []
        self.latest: datetime | None = None
        self.shares: set[Share] = set()

    def take(self, record: Recorded) -> tuple[list[Interval], list[Interval], list[Share]]:
        """The intervals that a record ends, those that it begins, and the shares that there had not been."""
        self.case_file.take(record)
        case, occurred_at, position = self.case_file.case, record.occurred_at, record.position
        usual = (
            self.latest is not None
            and occurred_at >= self.latest
            and not record.act.late
            and not isinstance(record.step, (Corrected, Voided))
        )
        if usual and self.intervals and case is not None:
            self.latest = occurred_at
            ended, begun = self._go_on(occurred_at, row_of(case), position)
        elif record.version == 1 and case is not None:
            self.latest = occurred_at
            ended, begun = [], [Interval(occurred_at, FOREVER, row_of(case), position)]
            self.intervals = list(begun)
        else:
            self.latest = max((s.occurred_at for s in fold.sequence(self.case_file.history)), default=None)
            ended, begun = self._compare(position)
        for interval in ended:
            interval.known_to = position
        return ended, begun, list(self._new_shares(begun, record.recorded_at))

    def _new_shares(self, begun: Iterable[Interval], recorded_at: datetime) -> Iterator[Share]:
        for interval in begun:
            interval.dated_ahead = _dated_ahead(interval, recorded_at)
            for unit in interval.row.units.split():
                share = Share(unit, interval.dated_ahead, interval.row.opened_on or date.max)
                if share not in self.shares:
                    self.shares.add(share)
                    yield share

    def _go_on(self, since: datetime, row: Row, position: int) -> tuple[list[Interval], list[Interval]]:
        """The latest step on both clocks changes the case only from its own time on."""
        last = self.intervals[-1]
        if row == last.row:
            return [], []
        ended = [self.intervals.pop()]
        if since > last.valid_from:
            begun = [Interval(last.valid_from, since, last.row, position), Interval(since, FOREVER, row, position)]
        elif self.intervals and self.intervals[-1].row == row:
            before = self.intervals.pop()
            ended.append(before)
            begun = [Interval(before.valid_from, FOREVER, row, position)]
        else:
            begun = [Interval(since, FOREVER, row, position)]
        self.intervals += begun
        return ended, begun

    def _compare(self, position: int) -> tuple[list[Interval], list[Interval]]:
        """A late entry, a correction or a void may change any stretch: compare all of them."""
        stretches = stretches_of(self.case_file.history)
        ends = [since for since, _ in stretches[1:]] + [FOREVER]
        known = {(i.valid_from, i.valid_to): i for i in self.intervals}
        intervals = []
        for (since, row), until in zip(stretches, ends, strict=False):
            old = known.get((since, until))
            same = old is not None and old.row == row
            intervals.append(old if same and old is not None else Interval(since, until, row, position))
        kept = set(map(id, intervals))
        ended = [i for i in self.intervals if id(i) not in kept]
        begun = [i for i in intervals if i.known_from == position]
        self.intervals = intervals
        return ended, begun


class CaseList:
    """Interval rows (case, valid from–to, known from–to) with the case's facts, and beside them its shares."""

    name: ClassVar[str] = "case_list"
    version: ClassVar[int] = 11
    key: ClassVar[Mapping[str, LiteralString]] = {
        "case_id": "text",
        "valid_from": "timestamptz",
        "known_from": "bigint",
    }

    def __init__(self) -> None:
        self._tracked = Remembered(Tracked)

    def forget(self) -> None:
        """Read every case anew when it is next touched."""
        self._tracked.clear()

    def take(self, batch: Sequence[Recorded], histories: Histories) -> Changes:
        """Rows of a batch; an interval that begins and ends in it is added with its end."""
        self._tracked.have(batch, histories)
        first = min((record.position for record in batch), default=0)
        added: list[tuple[str, Interval]] = []
        closed: list[tuple[Any, ...]] = []
        beside: list[tuple[Any, ...]] = []
        for record in batch:
            case_id = record.originator_id
            ended, begun, shares = self._tracked[case_id].take(record)
            closed += [(case_id, i.valid_from, i.known_from, i.known_to) for i in ended if i.known_from < first]
            added += [(case_id, interval) for interval in begun]
            beside += [(case_id, begun[0].row.jurisdiction, *share) for share in shares]
        self._tracked.trim()
        added.sort(key=_stands)
        rows = [
            (case_id, i.valid_from, i.valid_to, i.known_from, i.known_to, *i.row, i.dated_ahead) for case_id, i in added
        ]
        return Changes(rows, closed, beside)


def _dated_ahead(interval: Interval, recorded_at: datetime) -> bool:
    """Whether the day on which the case was opened lies after that on which it was so, or was recorded.

    In Greenwich, and a day is let pass for the clocks east of it. Of all others a list of a moment begins with what had
    been opened by then.
    """
    opened_on = interval.row.opened_on
    return opened_on is None or opened_on > (min(interval.valid_from, recorded_at).astimezone(UTC) + _DAY).date()
