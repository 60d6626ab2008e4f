"""Task ledger (责任分解): what an adopted document asks for, as tasks: who does each, until when, with what proof."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from enum import auto
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from domain import clock
from domain.case import Act, Awaited, ClockKey, Role, Step
from domain.clock import Deadline
from domain.comments import Commented
from domain.matter import CHAIRMEN, ENDED, KEEPERS, UNITS, MatterOpening, require_not_before, require_units
from domain.office import Office
from domain.part import Part
from domain.refusal import Refused
from domain.values import Code, Line, Text, UnitCode, Word

TASK = "task"


@dataclass
class Task(Part):
    """One task (任务): who leads, who helps, until when, and how far it is."""

    class Stage(Word):
        TASK_GIVEN = auto()
        EVIDENCE_SUBMITTED = auto()
        TASK_ACCEPTED = auto()
        TASK_RETURNED = auto()
        TASK_TAKEN_BACK = auto()

    text: str = ""
    unit: str = ""
    co_units: tuple[str, ...] = ()
    due_on: date | None = None
    evidence: str | None = None
    evidence_on: date | None = None
    accepted_on: date | None = None
    returned: int = 0
    """How often the evidence did not do."""


class TaskToGive(BaseModel):
    """A task as the document states it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    task: Code
    """Its key in the case."""
    text: Text
    unit: UnitCode
    """Who leads."""
    co_units: tuple[UnitCode, ...] = Field(default=(), max_length=50)
    due_on: date | None = None


@dataclass
class TaskLedger(Commented, kind="task_ledger", zh="责任分解"):
    """责任分解: the tasks of an adopted document, each with a lead, evidence and acceptance."""

    class Stage(Word):
        TASKS_GIVEN = auto()
        CLOSED = auto()
        DROPPED = auto()

    document_number: str | None = None
    tasks: dict[str, Task] = field(default_factory=dict)

    def units_concerned(self) -> Iterator[str]:
        yield from super().units_concerned()
        for task in self.tasks.values():
            if task.stage is not Task.Stage.TASK_TAKEN_BACK:
                yield from (task.unit, *task.co_units)

    def awaited(self) -> Iterator[Awaited]:
        """Evidence of each task, then its acceptance."""
        yield from super().awaited()
        if self.has_ended:
            return
        for task in self.tasks.values():
            due_on = self.due_by(TASK, task.key)
            if task.stage in TO_DO:
                yield Awaited(f"{Role.HANDLING_UNIT}:{task.unit}", EvidenceSubmitted.declared.wire, due_on, task.key)
            elif task.stage is Task.Stage.EVIDENCE_SUBMITTED:
                yield Awaited(Role.DEPUTY_AFFAIRS, TaskAccepted.declared.wire, due_on, task.key)

    @property
    def done(self) -> list[Task]:
        """The tasks whose evidence was accepted."""
        return [task for task in self.tasks.values() if task.stage is Task.Stage.TASK_ACCEPTED]

    def give(self, tasks: tuple[TaskToGive, ...]) -> None:
        """Put tasks on the ledger."""
        for one in tasks:
            self.tasks[one.task] = Task(one.task, Task.Stage.TASK_GIVEN, one.text, one.unit, one.co_units, one.due_on)


TO_DO = frozenset({Task.Stage.TASK_GIVEN, Task.Stage.TASK_RETURNED})
NOT_ACCEPTED = TO_DO | {Task.Stage.EVIDENCE_SUBMITTED}


def _require_givable(case: TaskLedger | None, tasks: tuple[TaskToGive, ...], office: Office) -> None:
    keys = set() if case is None else set(case.tasks)
    for i, one in enumerate(tasks):
        if one.task in keys:
            raise Refused("task-exists", field=f"tasks.{i}.task", task=one.task)
        keys.add(one.task)
        office.require_unit(one.unit, f"tasks.{i}.unit")
        require_units(one.co_units, office, f"tasks.{i}.co_units")
        if one.unit in one.co_units:
            raise Refused("unit-helps-itself", field=f"tasks.{i}.co_units", unit=one.unit)
        if one.due_on is not None:
            require_not_before(one.due_on, office, f"tasks.{i}.due_on")


def _deadlines_of(tasks: tuple[TaskToGive, ...], on: date) -> Iterator[Deadline]:
    for one in tasks:
        if one.due_on is not None:
            yield clock.agreed(TASK, on, one.due_on, one.task)


class TasksGiven(
    MatterOpening,
    of=TaskLedger,
    wire="task_ledger.opened.v1",
    zh="任务分解",
    opens=True,
    leads_to=TaskLedger.Stage.TASKS_GIVEN,
    by=KEEPERS | {Role.PARTY_GROUP},
):
    """An adopted document is broken down into tasks."""

    document_number: Line | None = None
    tasks: tuple[TaskToGive, ...] = Field(default=(), max_length=1000)

    def check(self, case: Any, office: Office) -> None:
        super().check(case, office)
        _require_givable(case, self.tasks, office)

    def agreed_deadlines(self, act: Act) -> Iterator[Deadline]:
        yield from _deadlines_of(self.tasks, act.occurred_on)

    def apply(self, case: TaskLedger, act: Act) -> None:
        super().apply(case, act)
        case.document_number = self.document_number
        case.give(self.tasks)


class TasksAdded(
    Step,
    of=TaskLedger,
    wire="task_ledger.tasks_added.v1",
    zh="补充任务",
    not_in=ENDED,
    by=KEEPERS | {Role.PARTY_GROUP},
):
    """Further tasks are found in the document, or follow from it."""

    tasks: tuple[TaskToGive, ...] = Field(min_length=1, max_length=1000)

    def check(self, case: TaskLedger, office: Office) -> None:
        _require_givable(case, self.tasks, office)

    def agreed_deadlines(self, act: Act) -> Iterator[Deadline]:
        yield from _deadlines_of(self.tasks, act.occurred_on)

    def apply(self, case: TaskLedger, act: Act) -> None:
        case.give(self.tasks)


class _OfTask(Step):
    """A step about one task."""

    task: Code

    def acting_unit(self, case: Any) -> str | None:
        """Who leads the task."""
        task = case.tasks.get(self.task) if case is not None else None
        return None if task is None else task.unit

    def named(self, case: TaskLedger) -> Task | None:
        """The task, if it is on the ledger."""
        return case.tasks.get(self.task)


class EvidenceSubmitted(
    _OfTask,
    of=TaskLedger,
    wire="task_ledger.evidence_submitted.v1",
    zh="提交完成证明",
    not_in=ENDED,
    part="tasks",
    names="task",
    after=NOT_ACCEPTED,
    leads_to=Task.Stage.EVIDENCE_SUBMITTED,
    by=UNITS,
    stops=(TASK,),
):
    """Who leads a task says that it is done, and shows how one can tell."""

    evidence: Text

    def apply(self, case: TaskLedger, act: Act) -> None:
        if (task := self.named(case)) is not None:
            task.evidence, task.evidence_on = self.evidence, act.occurred_on


class TaskAccepted(
    _OfTask,
    of=TaskLedger,
    wire="task_ledger.task_accepted.v1",
    zh="验收通过",
    not_in=ENDED,
    part="tasks",
    names="task",
    after={Task.Stage.EVIDENCE_SUBMITTED},
    leads_to=Task.Stage.TASK_ACCEPTED,
    by=CHAIRMEN | {Role.PARTY_GROUP},
):
    """The evidence does: the task is done."""

    note: Text | None = None

    def apply(self, case: TaskLedger, act: Act) -> None:
        if (task := self.named(case)) is not None:
            task.accepted_on = act.occurred_on


class TaskReturned(
    _OfTask,
    of=TaskLedger,
    wire="task_ledger.task_returned.v1",
    zh="退回继续办理",
    not_in=ENDED,
    part="tasks",
    names="task",
    after={Task.Stage.EVIDENCE_SUBMITTED, Task.Stage.TASK_ACCEPTED},
    leads_to=Task.Stage.TASK_RETURNED,
    by=CHAIRMEN | {Role.PARTY_GROUP},
):
    """The evidence does not do: the task goes on, perhaps until another date."""

    reason: Text
    due_on: date | None = None

    def check(self, case: TaskLedger, office: Office) -> None:
        if self.due_on is not None:
            require_not_before(self.due_on, office)

    def agreed_deadlines(self, act: Act) -> Iterator[Deadline]:
        if self.due_on is not None:
            yield clock.agreed(TASK, act.occurred_on, self.due_on, self.task)

    def apply(self, case: TaskLedger, act: Act) -> None:
        if (task := self.named(case)) is not None:
            task.returned += 1
            task.accepted_on, task.due_on = None, self.due_on or task.due_on


class TaskChanged(
    _OfTask,
    of=TaskLedger,
    wire="task_ledger.task_changed.v1",
    zh="调整任务",
    not_in=ENDED,
    part="tasks",
    names="task",
    after=NOT_ACCEPTED,
    by=CHAIRMEN | {Role.PARTY_GROUP},
):
    """A task gets another lead, other helpers or another date, and why."""

    unit: UnitCode | None = None
    co_units: tuple[UnitCode, ...] | None = Field(default=None, max_length=50)
    due_on: date | None = None
    reason: Text

    def acting_unit(self, case: Any) -> str | None:
        """The congress changes it, not a unit."""
        return None

    def check(self, case: TaskLedger, office: Office) -> None:
        if self.unit is not None:
            office.require_unit(self.unit, "unit")
        require_units(self.co_units or (), office, "co_units")
        if self.due_on is not None:
            require_not_before(self.due_on, office)

    def agreed_deadlines(self, act: Act) -> Iterator[Deadline]:
        if self.due_on is not None:
            yield clock.agreed(TASK, act.occurred_on, self.due_on, self.task)

    def apply(self, case: TaskLedger, act: Act) -> None:
        if (task := self.named(case)) is not None:
            task.unit, task.due_on = self.unit or task.unit, self.due_on or task.due_on
            task.co_units = task.co_units if self.co_units is None else self.co_units


class TaskTakenBack(
    _OfTask,
    of=TaskLedger,
    wire="task_ledger.task_taken_back.v1",
    zh="取消任务",
    not_in=ENDED,
    part="tasks",
    names="task",
    after=NOT_ACCEPTED,
    leads_to=Task.Stage.TASK_TAKEN_BACK,
    by=CHAIRMEN | {Role.PARTY_GROUP},
):
    """A task is not wanted any more, and why."""

    reason: Text

    def dropped_clocks(self, case: TaskLedger) -> Iterator[ClockKey]:
        yield TASK, self.task
