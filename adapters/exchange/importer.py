"""The import: a file's rows through the docket, as every other step, in batches, as often as one likes."""

from __future__ import annotations

import csv
import json
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from itertools import islice
from pathlib import Path
from typing import Protocol

from adapters.batch import batch_work
from adapters.exchange.checking import Actor, Answer, Asked, Checked, Checker, Checkers, Finding, Job, Where
from adapters.exchange.layout import REASONS
from adapters.exchange.profiles import Profile
from adapters.exchange.sheets import write_texts
from adapters.exchange.source import Row, Table
from domain.case import Recorded, Role
from domain.docket import CaseNotFoundError, Docket, Receipt, Request, Result, StaleError
from domain.refusal import Refused

BATCH_EVENTS = 1_000
"""Steps that share one transaction at most."""

_LOOKED_UP = 500
_AHEAD = 3
"""Batches that wait for the ledger while more are checked."""
Outcome = Receipt | Refused


class Requests(Protocol):
    """What the import asks of the ledger beside the docket."""

    def answered(self, keys: Sequence[str]) -> dict[str, tuple[bytes, Result]]:
        """The requests among these keys that were answered before."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """A row that was not imported, and why: the words to the message id live with the pages."""

    row: int
    message_id: str
    field: str | None
    params: Mapping[str, object]
    cells: Sequence[str]


@dataclass
class Report:
    """What became of a file. Cases, steps, findings and figures are those of this run; `already` were there before."""

    profile: str
    file: str
    sha256: str
    columns: Sequence[str]
    dry_run: bool
    workbook: bool = False
    sheet: str | None = None
    header_row: int = 1
    ignored: Sequence[str] = ()
    """Columns of the file that the profile does not know."""
    rows: int = 0
    done: int = 0
    cases: int = 0
    changed: int = 0
    """Cases that there were, and that go on."""
    steps: int = 0
    steps_by_wire: Counter[str] = field(default_factory=Counter)
    already: int = 0
    figures: Counter[str] = field(default_factory=Counter)
    findings: list[Finding] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)
    cancelled: bool = False
    seconds: float = 0.0

    def to_json(self) -> str:
        """The report as JSON, without the refused rows' own text, which the error file has."""
        told = {
            **vars(self),
            "findings": [asdict(finding) for finding in self.findings],
            "refusals": [{k: v for k, v in asdict(refusal).items() if k != "cells"} for refusal in self.refusals],
            "seconds": round(self.seconds, 3),
        }
        return json.dumps(told, ensure_ascii=False, indent=2)

    def write_error_file(self, path: Path, words: Callable[[Refusal], str] = lambda r: str(refused_of(r))) -> None:
        """The refused rows as they stood, with row, field and reason beside; corrected, it can be imported itself.

        It is a workbook if the file was one, else a CSV file.
        """
        rows = [[*self.columns, *REASONS]]
        for refusal in self.refusals:
            padding = [""] * (len(self.columns) - len(refusal.cells))
            rows.append([*refusal.cells, *padding, str(refusal.row), refusal.field or "", words(refusal)])
        if self.workbook:
            write_texts(path, self.sheet or "", rows)
            return
        with path.open("w", encoding="utf-8-sig", errors="backslashreplace", newline="") as file:
            csv.writer(file).writerows(rows)


def refused_of(refusal: Refusal) -> Refused:
    """The refusal as the domain raises it."""
    return Refused(refusal.message_id, field=refusal.field, **refusal.params)


def run_import(  # noqa: PLR0913 - each of them is a decision of the caller
    docket: Docket,
    ledger: Requests,
    profile: Profile,
    path: Path,
    *,
    actor: str,
    role: Role = Role.DEPUTY_AFFAIRS,
    office: str | None = None,
    sheet: str | None = None,
    dry_run: bool = False,
    progress: Callable[[int, int], None] | None = None,
    should_stop: Callable[[], bool] | None = None,
    batch_events: int = BATCH_EVENTS,
    sharing: tuple[Checkers, Where] | None = None,
) -> Report:
    """Import a file, or only check it. Run again, it goes on where it was stopped and adds nothing twice.

    Without an office the steps are those of the jurisdiction's own. The check is shared out among processes, if there
    are any, that find what the docket knows in a ledger; the profile is one whose columns are fixed.
    """
    table = Table(path, profile.layout, sheet)
    report = Report(profile.name, path.name, table.sha256, table.columns, dry_run)
    report.workbook, report.sheet = table.is_workbook, table.sheet
    report.header_row, report.ignored = table.header.row, table.ignored
    by = Actor(actor, role, office or profile.jurisdiction)
    run = _Import(docket, ledger, profile, by, report, batch_events, table.header.called, sharing)
    with batch_work():
        run.follow(table, progress or (lambda _done, _total: None), should_stop or (lambda: False))
    return report


_Ready = tuple[Asked, Checked]


class _Import:
    """One run. While a worker appends a batch, the next ones are checked."""

    def __init__(
        self,
        docket: Docket,
        ledger: Requests,
        profile: Profile,
        by: Actor,
        report: Report,
        batch_events: int,
        called: Mapping[str, str],
        sharing: tuple[Checkers, Where] | None,
    ) -> None:
        self._docket = docket
        self._ledger = ledger
        self._profile = profile
        self._by = by
        self._report = report
        self._batch_events = batch_events
        self._called = called
        self._sharing = sharing
        self._checker = Checker(docket, profile, by, report.sha256)
        self._seen: dict[str, int] = {}

    def follow(self, table: Table, progress: Callable[[int, int], None], should_stop: Callable[[], bool]) -> None:
        """Every row of the table, until told to stop."""
        started = time.perf_counter()
        report = self._report
        report.rows = len(table)
        with ThreadPoolExecutor(1, thread_name_prefix="duban-import") as worker:
            under_way: deque[tuple[list[_Ready], Future[list[Outcome]]]] = deque()
            for batch in self._batches(table):
                if should_stop():
                    report.cancelled = True
                    break
                under_way.append((batch, worker.submit(self._append, batch)))
                if len(under_way) > _AHEAD:
                    self._settle(*under_way.popleft())
                progress(report.done, report.rows)
            for batch, outcomes in under_way:
                self._settle(batch, outcomes)
        progress(report.done, report.rows)
        report.refusals.sort(key=lambda refusal: refusal.row)
        report.seconds = time.perf_counter() - started

    def _batches(self, table: Table) -> Iterator[list[_Ready]]:
        """The rows that are new, in batches that fit into one transaction each."""
        batch: list[_Ready] = []
        events = 0
        for asked, answer in self._answers(self._asked(table.rows())):
            match answer:
                case None:
                    self._is_there()
                case Refused():
                    self._refuse(asked.row, answer)
                case Checked():
                    more = len(answer.command.events)
                    if batch and events + more > self._batch_events:
                        yield batch
                        batch, events = [], 0
                    batch.append((asked, answer))
                    events += more
        if batch:
            yield batch

    def _asked(self, rows: Iterator[Row]) -> Iterator[list[Asked]]:
        """The rows that no earlier run recorded, some at a time."""
        while chunk := list(islice(rows, _LOOKED_UP)):
            asked = []
            for row in chunk:
                try:
                    asked.append(self._ask(row))
                except Refused as refused:
                    self._refuse(row, refused)
            answered = self._ledger.answered([one.request.key for one in asked]) if asked else {}
            new = []
            for one in asked:
                if one.request.key in answered and answered[one.request.key][0] == one.request.fingerprint:
                    self._is_there()
                else:
                    new.append(one)
            yield new

    def _ask(self, row: Row) -> Asked:
        """Name the case, and the request under which it is appended."""
        if row.unreadable is not None:
            raise row.unreadable
        key = self._profile.key(row)
        if (first := self._seen.setdefault(key, row.number)) != row.number:
            raise Refused("import-twice-in-file", number=key, row=first)
        digest = row.digest
        place = f"{self._profile.jurisdiction}:{self._profile.name}"
        return Asked(row, key, Request(f"import:{place}:{key}:{digest.hex()[:16]}", digest))

    def _answers(self, chunks: Iterator[list[Asked]]) -> Iterator[tuple[Asked, Answer]]:
        """What becomes of the rows, in their order, checked here or shared out."""
        if self._sharing is None or not self._sharing[0]:
            for rows in chunks:
                yield from zip(rows, self._checker.check(rows), strict=True)
            return
        checkers, where = self._sharing
        job = Job(where, self._profile.name, self._by, self._report.sha256)
        waiting: deque[tuple[list[Asked], Future[list[Answer] | None]]] = deque()

        def next_answers() -> Iterator[tuple[Asked, Answer]]:
            rows, future = waiting.popleft()
            answers = future.result()
            return zip(rows, self._checker.check(rows) if answers is None else answers, strict=True)

        with ThreadPoolExecutor(len(checkers), thread_name_prefix="duban-checkers") as threads:
            try:
                for rows in chunks:
                    waiting.append((rows, threads.submit(checkers.check, job, rows)))
                    if len(waiting) > len(checkers) + 1:
                        yield from next_answers()
                while waiting:
                    yield from next_answers()
            finally:
                threads.shutdown(cancel_futures=True)

    def _append(self, batch: Sequence[_Ready]) -> list[Outcome]:
        if self._report.dry_run:
            return [self._compared(*ready) for ready in batch]
        outcomes = self._docket.append_sealed([checked.command for _, checked in batch])
        return [
            self._overtaken(*ready) if isinstance(outcome, StaleError) else outcome
            for ready, outcome in zip(batch, outcomes, strict=True)
        ]

    def _overtaken(self, asked: Asked, checked: Checked) -> Outcome:
        """What becomes of a row whose case is not as it was when the row was read."""
        if checked.command.expected:
            return Refused("import-changed-meanwhile", number=asked.key)
        return self._compared(asked, checked)

    def _compared(self, asked: Asked, checked: Checked) -> Outcome:
        """What becomes of a row whose request the ledger does not remember: new, there already, or changed since."""
        command = checked.command
        recorded = Receipt(command.case_id, command.expected + len(command.events), 0, None)
        if command.expected:
            return recorded
        try:
            stored = self._docket.case_file(command.case_id)
        except CaseNotFoundError:
            return recorded
        if _said(stored.history) == _said(map(self._docket.mapper.to_domain_event, command.events)):  # type: ignore[arg-type]  # steps
            return Receipt(stored.id, stored.version, stored.history[-1].position, None, repeated=True)
        return Refused("import-row-changed", number=asked.key)

    def _settle(self, batch: Sequence[_Ready], outcomes: Future[list[Outcome]]) -> None:
        report = self._report
        wires: list[str] = []
        figures: list[str] = []
        for (asked, checked), outcome in zip(batch, outcomes.result(), strict=True):
            match outcome:
                case Refused():
                    self._refuse(asked.row, outcome)
                case Receipt(repeated=True):
                    self._is_there()
                case Receipt():
                    report.done += 1
                    report.changed += bool(checked.command.expected)
                    report.cases += not checked.command.expected
                    report.steps += len(checked.command.events)
                    wires += [event.topic for event in checked.command.events]
                    figures += checked.figures
                    report.findings.extend(checked.findings)
        report.steps_by_wire.update(wires)
        report.figures.update(figures)

    def _is_there(self) -> None:
        self._report.done += 1
        self._report.already += 1

    def _refuse(self, row: Row, why: Refused) -> None:
        field_name = why.field or ""
        whole, _, _ = field_name.partition(".")
        column = self._profile.fields.get(field_name) or self._profile.fields.get(whole) or why.field
        column = self._called.get(column or "", column)
        self._report.done += 1
        self._report.refusals.append(Refusal(row.number, why.message_id, column, why.params, row.cells))


def _said(history: Iterable[Recorded]) -> list[object]:
    """What a source said of a case, whichever file and row it said it in."""
    return [
        (record.step, record.act.occurred_at, record.act.on_behalf_of, record.act.source)
        for record in history
        if record.act.imported is not None
    ]
