"""The check of an import's rows, here or shared out among processes: from what a row says to what the ledger takes.

A row is checked by itself: what other rows of the same file say is not recorded yet, and changes nothing.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from queue import SimpleQueue
from typing import NamedTuple, Self
from uuid import UUID, uuid5

from pydantic import ValidationError

from adapters.batch import batch_work
from adapters.exchange.profiles import Profile, profile_named
from adapters.exchange.source import Row, SourceCase
from adapters.postgres.ledger import PostgresLedger
from adapters.postgres.pool import open_pool
from adapters.registry import LedgerRegistry
from domain import procedure
from domain.case import Act, Imported, Role
from domain.docket import Command, Docket, Draft, Request
from domain.refusal import Refused, refused_by
from domain.registry import PREFIX, RegistryOpening

_NAMESPACE = UUID("3f1e6a52-7c1b-5d0a-9a53-0d9b5c6f2e11")
"""Of every imported case's id, for ever: with another one a second import would store everything again."""


class Actor(NamedTuple):
    """Who imports, in which role and for which office."""

    name: str
    role: Role
    office: str


@dataclass(frozen=True, slots=True)
class Finding:
    """Something of a row that was imported as it stands, and that disagrees with the procedure, the dates or itself."""

    row: int
    number: str
    message_id: str
    params: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Asked:
    """A row, the natural key of its case, and the request under which it is appended."""

    row: Row
    key: str
    request: Request


@dataclass(frozen=True, slots=True)
class Checked:
    """A row that can be recorded: what is appended, what is found of it, and the figures under which it counts."""

    command: Command
    findings: Sequence[Finding]
    figures: Sequence[str]


Answer = Checked | Refused | None
"""What became of a row; None if there is nothing to record, because the case is as the row says."""


@dataclass(slots=True)
class _Prepared:
    """A row on its way to be appended: each stage adds to what the row itself says."""

    asked: Asked
    case: SourceCase = field(init=False)
    acts: Sequence[Act] = field(init=False)
    draft: Draft = field(init=False)
    findings: Sequence[Finding] = field(init=False)
    answer: Answer = None


class Checker:
    """Checks the rows of a file of which the checksum is given, step by step, and records nothing."""

    def __init__(self, docket: Docket, profile: Profile, by: Actor, sha256: str) -> None:
        self._docket = docket
        self._profile = profile
        self._by = by
        self._sha256 = sha256

    def check(self, rows: Sequence[Asked]) -> list[Answer]:
        """What becomes of each.

        One thing is done for all of them before the next is: a processor that keeps to one kind of work takes a fifth
        less time than one that does everything for each row in turn.
        """
        every = [_Prepared(asked) for asked in rows]
        going = [one for one in self._each(every, self._read) if one.case.steps]
        for stage in (self._open, self._act, self._take, self._seal):
            going = self._each(going, stage)
        return [one.answer for one in every]

    def _each(self, these: Sequence[_Prepared], stage: Callable[[_Prepared], None]) -> list[_Prepared]:
        """Those that passed a stage; what is refused refuses its row, and no other."""
        passed = []
        for one in these:
            try:
                stage(one)
                passed.append(one)
            except Refused as refused:
                one.answer = refused
            except ValidationError as error:
                one.answer = refused_by(error)
        return passed

    def _read(self, one: _Prepared) -> None:
        one.case = self._profile.case(one.asked.row, one.asked.key)

    def _open(self, one: _Prepared) -> None:
        if one.case.goes_on is not None:
            one.draft = Draft(self._docket.case_file(one.case.goes_on), one.asked.request)
            return
        case_id = str(uuid5(_NAMESPACE, f"{self._profile.jurisdiction}:{self._profile.name}:{one.asked.key}"))
        of_registry = isinstance(one.case.steps[0].step, RegistryOpening)
        one.draft = self._docket.draft(one.asked.request, f"{PREFIX}{case_id}" if of_registry else case_id)

    def _act(self, one: _Prepared) -> None:
        imported = Imported(profile=self._profile.name, sha256=self._sha256, row=one.asked.row.number)
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
        row, key = one.asked.row.number, one.asked.key
        for remark in one.case.remarks:
            yield Finding(row, key, remark.message_id, remark.params)
        if not one.draft.orderly:
            jurisdiction = self._docket.registry.jurisdiction(self._profile.jurisdiction)
            for found in procedure.findings(one.draft.case_file.history, jurisdiction):
                if found.version <= one.draft.expected:
                    continue
                yield Finding(row, key, found.message_id, {"step": found.version, **found.params})

    def _seal(self, one: _Prepared) -> None:
        figures = list(self._profile.figures(one.draft.case_file))
        one.answer = Checked(self._docket.seal(one.draft), one.findings, figures)


class Where(NamedTuple):
    """The ledger upon which rows are checked."""

    conninfo: str
    schema: str
    ledger_id: str


class Job(NamedTuple):
    """Which file is checked, of a profile whose columns are fixed."""

    where: Where
    profile: str
    by: Actor
    sha256: str


class Checkers:
    """Processes that check rows, each a job's at a time. They end with whoever made them, however that ends.

    They are copies of this process (fork), so that they start at once: make them before it has threads.
    """

    def __init__(self, number: int) -> None:
        self._pipes: list[Connection] = []
        self._processes = []
        self._idle: SimpleQueue[Connection | None] = SimpleQueue()
        copies = multiprocessing.get_context("fork")
        for _ in range(number):
            ours, theirs = copies.Pipe()
            self._pipes.append(ours)
            self._idle.put(ours)
            process = copies.Process(target=_serve, args=(theirs, self._pipes), name="duban-import", daemon=True)
            process.start()
            theirs.close()
            self._processes.append(process)

    def __len__(self) -> int:
        return len(self._processes)

    @classmethod
    def for_work(cls, *, worth: bool) -> Self:
        """As many as there are processors, if there are several and the work is worth it; else none."""
        processors = os.cpu_count() or 1
        return cls(processors if worth and processors > 1 else 0)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for pipe in self._pipes:
            pipe.close()
        for process in self._processes:
            process.join()

    def check(self, job: Job, rows: Sequence[Asked]) -> list[Answer] | None:
        """What becomes of each row, once a process has time for them; None if that process has ended."""
        process = self._idle.get()
        try:
            if process is not None:
                process.send((job, rows))
                answers: list[Answer] = process.recv()
                return answers
        except (EOFError, OSError):
            process = None
        finally:
            self._idle.put(process)
        return None


def _serve(pipe: Connection, others: Sequence[Connection]) -> None:
    """Check what comes through a pipe until its other end is closed, of which this process keeps no copy.

    Whatever it cannot check, whoever asked checks by himself, and is told there what the matter is.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    for other in others:
        other.close()
    mine: Job | None = None
    with suppress(Exception), batch_work(), ExitStack() as stack:
        while True:
            job, rows = pipe.recv()
            if job != mine:
                stack.close()
                checker, mine = stack.enter_context(_checker(job)), job
            pipe.send(checker.check(rows))


@contextmanager
def _checker(job: Job) -> Iterator[Checker]:
    conninfo, schema, ledger_id = job.where
    with open_pool(conninfo, schema=schema, role="duban_app", size=1, name="duban-import") as pool:
        ledger = PostgresLedger(pool, ledger_id)
        yield Checker(Docket(ledger, LedgerRegistry(ledger)), profile_named(job.profile), job.by, job.sha256)
