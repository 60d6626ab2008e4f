"""The import: a file's rows through the docket, as every other step, in batches, as often as one likes."""

from __future__ import annotations

import csv
import json
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from itertools import islice
from pathlib import Path
from typing import NamedTuple, Protocol
from uuid import UUID, uuid5

from pydantic import ValidationError

from adapters.batch import batch_work
from adapters.exchange.layout import REASONS
from adapters.exchange.profiles import Profile
from adapters.exchange.sheets import write_texts
from adapters.exchange.source import Row, SourceCase, Table
from domain import procedure
from domain.case import Act, Imported, Recorded, Role
from domain.docket import CaseNotFoundError, Docket, Draft, Receipt, Request, Result, StaleError
from domain.refusal import Refused, refused_by
from domain.registry import PREFIX, RegistryOpening

BATCH_EVENTS = 1_000
"""Steps that share one transaction at most."""

_LOOKED_UP = 500
_AHEAD = 3
"""Batches that wait for the ledger while more are checked."""
_NAMESPACE = UUID("3f1e6a52-7c1b-5d0a-9a53-0d9b5c6f2e11")
"""Of every imported case's id, for ever: with another one a second import would store everything again."""

Outcome = Receipt | Refused


class Requests(Protocol):
    """What the import asks of the ledger beside the docket."""

    def answered(self, keys: Sequence[str]) -> dict[str, tuple[bytes, Result]]:
        """The requests among these keys that were answered before."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something of a row that was imported as it stands, and that disagrees with the procedure, the dates or itself."""

    row: int
    number: str
    message_id: str
    params: Mapping[str, object]


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


@dataclass(slots=True)
class _Prepared:
    """A row on its way to be appended: each stage adds to what the row itself says."""

    row: Row
    key: str = field(init=False)
    request: Request = field(init=False)
    case: SourceCase = field(init=False)
    acts: Sequence[Act] = field(init=False)
    draft: Draft = field(init=False)
    findings: Sequence[Finding] = field(init=False)


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
) -> Report:
    """Import a file, or only check it. Run again, it goes on where it was stopped and adds nothing twice.

    Without an office the steps are those of the jurisdiction's own.
    """
    table = Table(path, profile.layout, sheet)
    report = Report(profile.name, path.name, table.sha256, table.columns, dry_run)
    report.workbook, report.sheet = table.is_workbook, table.sheet
    report.header_row, report.ignored = table.header.row, table.ignored
    by = Actor(actor, role, office or profile.jurisdiction)
    run = _Import(docket, ledger, profile, by, report, batch_events, table.header.called)
    with batch_work():
        run.follow(table, progress or (lambda _done, _total: None), should_stop or (lambda: False))
    return report


class Actor(NamedTuple):
    """Who imports, in which role and for which office."""

    name: str
    role: Role
    office: str


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
    ) -> None:
        self._docket = docket
        self._ledger = ledger
        self._profile = profile
        self._by = by
        self._report = report
        self._batch_events = batch_events
        self._called = called
        self._seen: dict[str, int] = {}

    def follow(self, table: Table, progress: Callable[[int, int], None], should_stop: Callable[[], bool]) -> None:
        """Every row of the table, until told to stop."""
        started = time.perf_counter()
        report = self._report
        report.rows = len(table)
        with ThreadPoolExecutor(1, thread_name_prefix="duban-import") as worker:
            under_way: deque[tuple[list[_Prepared], Future[list[Outcome]]]] = deque()
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

    def _batches(self, table: Table) -> Iterator[list[_Prepared]]:
        """The rows that are new, in batches that fit into one transaction each."""
        batch: list[_Prepared] = []
        events = 0
        rows = table.rows()
        while chunk := list(islice(rows, _LOOKED_UP)):
            for prepared in self._new(chunk):
                more = len(prepared.acts)
                if batch and events + more > self._batch_events:
                    yield batch
                    batch, events = [], 0
                batch.append(prepared)
                events += more
        if batch:
            yield batch

    def _new(self, rows: Sequence[Row]) -> list[_Prepared]:
        """The rows that no earlier run recorded, checked step by step.

        One thing is done for all of them before the next is: a processor that keeps to one kind of work takes a fifth
        less time than one that does everything for each row in turn.
        """
        asked = self._each([_Prepared(row) for row in rows], self._ask)
        answered = self._ledger.answered([one.request.key for one in asked]) if asked else {}
        going = [one for one in asked if not self._is_answered(one, answered)]
        going = [one for one in self._each(going, self._read) if not self._is_so(one)]
        for stage in (self._open, self._act, self._take, self._seal):
            going = self._each(going, stage)
        return going

    def _each(self, these: Sequence[_Prepared], stage: Callable[[_Prepared], None]) -> list[_Prepared]:
        """Those that passed a stage; what is refused refuses its row, and no other."""
        passed = []
        for one in these:
            try:
                stage(one)
                passed.append(one)
            except Refused as refused:
                self._refuse(one.row, refused)
            except ValidationError as error:
                self._refuse(one.row, refused_by(error))
        return passed

    def _ask(self, one: _Prepared) -> None:
        """Name the case, and the request under which it is appended."""
        row = one.row
        if row.unreadable is not None:
            raise row.unreadable
        one.key = self._profile.key(row)
        if (first := self._seen.setdefault(one.key, row.number)) != row.number:
            raise Refused("import-twice-in-file", number=one.key, row=first)
        digest = row.digest
        place = f"{self._profile.jurisdiction}:{self._profile.name}"
        one.request = Request(f"import:{place}:{one.key}:{digest.hex()[:16]}", digest)

    def _is_answered(self, one: _Prepared, answered: Mapping[str, tuple[bytes, Result]]) -> bool:
        request = one.request
        if request.key not in answered or answered[request.key][0] != request.fingerprint:
            return False
        self._report.already += 1
        self._report.done += 1
        return True

    def _read(self, one: _Prepared) -> None:
        one.case = self._profile.case(one.row, one.key)

    def _is_so(self, one: _Prepared) -> bool:
        """Whether there is nothing to record, because the case is as the row says."""
        if one.case.steps:
            return False
        self._report.already += 1
        self._report.done += 1
        return True

    def _open(self, one: _Prepared) -> None:
        if one.case.goes_on is not None:
            one.draft = Draft(self._docket.case_file(one.case.goes_on), one.request)
            return
        case_id = str(uuid5(_NAMESPACE, f"{self._profile.jurisdiction}:{self._profile.name}:{one.key}"))
        of_registry = isinstance(one.case.steps[0].step, RegistryOpening)
        one.draft = self._docket.draft(one.request, f"{PREFIX}{case_id}" if of_registry else case_id)

    def _act(self, one: _Prepared) -> None:
        imported = Imported(profile=self._profile.name, sha256=self._report.sha256, row=one.row.number)
        one.acts = [
            Act(
                actor=self._by.name,
                role=self._by.role,
                office=self._by.office,
                on_behalf_of=step.on_behalf_of,
                occurred_at=step.occurred_at,
                precision=step.precision,
                source=step.source,
                imported=imported,
            )
            for step in one.case.steps
        ]

    def _take(self, one: _Prepared) -> None:
        """The row's steps into its draft, all of them or a refusal."""
        for step, act in zip(one.case.steps, one.acts, strict=True):
            try:
                self._docket.take(one.draft, step.step, act)
            except Refused as refused:
                column = step.column if refused.field == "occurred_at" else refused.field
                raise Refused(refused.message_id, field=column, **refused.params) from None
        one.findings = list(self._findings(one))

    def _findings(self, one: _Prepared) -> Iterator[Finding]:
        for remark in one.case.remarks:
            yield Finding(one.row.number, one.key, remark.message_id, remark.params)
        if not one.draft.orderly:
            jurisdiction = self._docket.registry.jurisdiction(self._profile.jurisdiction)
            for found in procedure.findings(one.draft.case_file.history, jurisdiction):
                if found.version <= one.draft.expected:
                    continue
                yield Finding(one.row.number, one.key, found.message_id, {"step": found.version, **found.params})

    def _seal(self, one: _Prepared) -> None:
        """As the ledger takes it, so that whoever appends only sends and waits."""
        self._docket.seal(one.draft)

    def _append(self, batch: Sequence[_Prepared]) -> list[Outcome]:
        if self._report.dry_run:
            return [self._compared(prepared) for prepared in batch]
        outcomes = self._docket.append([prepared.draft for prepared in batch])
        return [
            self._overtaken(prepared) if isinstance(outcome, StaleError) else outcome
            for prepared, outcome in zip(batch, outcomes, strict=True)
        ]

    def _overtaken(self, prepared: _Prepared) -> Outcome:
        """What becomes of a row whose case is not as it was when the row was read."""
        if prepared.draft.expected:
            return Refused("import-changed-meanwhile", number=prepared.key)
        return self._compared(prepared)

    def _compared(self, prepared: _Prepared) -> Outcome:
        """What becomes of a row whose request the ledger does not remember: new, there already, or changed since."""
        draft = prepared.draft.case_file
        if prepared.draft.expected:
            return Receipt(draft.id, draft.version, 0, None)
        try:
            stored = self._docket.case_file(draft.id)
        except CaseNotFoundError:
            return Receipt(draft.id, draft.version, 0, None)
        if _said(stored.history) == _said(draft.history):
            return Receipt(draft.id, stored.version, stored.history[-1].position, None, repeated=True)
        return Refused("import-row-changed", number=prepared.key)

    def _settle(self, batch: Sequence[_Prepared], outcomes: Future[list[Outcome]]) -> None:
        report = self._report
        wires: list[str] = []
        figures: list[str] = []
        for prepared, outcome in zip(batch, outcomes.result(), strict=True):
            match outcome:
                case Refused():
                    self._refuse(prepared.row, outcome)
                case Receipt(repeated=True):
                    report.done += 1
                    report.already += 1
                case Receipt():
                    case_file, before = prepared.draft.case_file, prepared.draft.expected
                    report.done += 1
                    report.changed += bool(before)
                    report.cases += not before
                    report.steps += case_file.version - before
                    wires += [record.step.declared.wire for record in case_file.history[before:]]
                    figures += self._profile.figures(case_file)
                    report.findings.extend(prepared.findings)
        report.steps_by_wire.update(wires)
        report.figures.update(figures)

    def _refuse(self, row: Row, why: Refused) -> None:
        field_name = why.field or ""
        whole, _, _ = field_name.partition(".")
        column = self._profile.fields.get(field_name) or self._profile.fields.get(whole) or why.field
        column = self._called.get(column or "", column)
        self._report.done += 1
        self._report.refusals.append(Refusal(row.number, why.message_id, column, why.params, row.cells))


def _said(history: Sequence[Recorded]) -> list[object]:
    """What a source said of a case, whichever file and row it said it in."""
    return [
        (record.step, record.act.occurred_at, record.act.on_behalf_of, record.act.source)
        for record in history
        if record.act.imported is not None
    ]
