from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from domain.case import Role
from domain.cases import task_ledger as t
from domain.cases.task_ledger import Task, TaskLedger, TaskToGive
from domain.refusal import Refused
from tests.domain.support import Desk

ROUTES = TaskToGive(task="1", text="增开三条夜间线路", unit="jtj", co_units=("czj",), due_on=date(2026, 6, 30))
LIFTS = TaskToGive(task="2", text="更新老旧电梯", unit="zjj")


def given(*tasks: TaskToGive) -> Desk:
    desk = Desk()
    opening = t.TasksGiven(jurisdiction="cn-999900", title="市委人大工作会议任务分解", tasks=tasks or (ROUTES, LIFTS))
    desk.open(opening, date(2026, 3, 2))
    return desk


def of(desk: Desk) -> TaskLedger:
    case = desk.live
    assert isinstance(case, TaskLedger)
    return case


def test_a_task_is_given_shown_to_be_done_and_accepted() -> None:
    desk = given()
    assert of(desk).clocks["task", "1"].deadline.due_on == date(2026, 6, 30)
    desk.take(t.EvidenceSubmitted(task="1", evidence="三条线路已开通"), date(2026, 6, 20))
    desk.take(t.TaskAccepted(task="1"), date(2026, 6, 25))
    assert [task.key for task in of(desk).done] == ["1"]
    assert of(desk).clocks["task", "1"].late is False
    earlier = desk.at(date(2026, 6, 24))
    assert isinstance(earlier, TaskLedger)
    assert earlier.done == []


def test_evidence_that_does_not_do_is_returned_and_the_task_goes_on_until_another_date() -> None:
    desk = given()
    desk.take(t.EvidenceSubmitted(task="1", evidence="两条线路"), date(2026, 6, 20))
    desk.take(t.TaskReturned(task="1", reason="少一条", due_on=date(2026, 8, 31)), date(2026, 6, 25))
    assert of(desk).tasks["1"].stage is Task.Stage.TASK_RETURNED
    assert of(desk).clocks["task", "1"].deadline.due_on == date(2026, 8, 31)
    assert [one.who for one in of(desk).awaited()] == ["handling_unit:jtj", "handling_unit:zjj"]


def test_a_unit_shows_evidence_of_its_own_tasks_only() -> None:
    desk = given()
    with pytest.raises(Refused) as refused:
        desk.take(
            t.EvidenceSubmitted(task="1", evidence="-"), date(2026, 6, 20), Role.HANDLING_UNIT, actor="u", office="zjj"
        )
    assert refused.value.message_id == "not-your-unit"


def test_a_task_that_is_taken_back_is_awaited_of_nobody() -> None:
    desk = given(ROUTES)
    desk.take(t.TaskTakenBack(task="1", reason="上级统一实施"), date(2026, 4, 1))
    assert list(of(desk).awaited()) == []
    assert of(desk).open_clocks == []


@pytest.mark.parametrize(
    ("tasks", "message_id"),
    [
        ((ROUTES, ROUTES), "task-exists"),
        ((ROUTES.model_copy(update={"co_units": ("jtj",)}),), "unit-helps-itself"),
        ((ROUTES.model_copy(update={"due_on": date(2026, 3, 1)}),), "due-before-start"),
        ((ROUTES.model_copy(update={"unit": "nowhere"}),), "unknown-unit"),
    ],
)
def test_tasks_that_make_no_sense_are_refused(tasks: tuple[Any, ...], message_id: str) -> None:
    with pytest.raises(Refused) as refused:
        given(*tasks)
    assert refused.value.message_id == message_id


def test_a_task_gets_another_lead() -> None:
    desk = given()
    desk.take(t.TaskChanged(task="2", unit="slj", due_on=date(2026, 9, 30), reason="职能调整"), date(2026, 4, 1))
    assert (of(desk).tasks["2"].unit, of(desk).tasks["2"].due_on) == ("slj", date(2026, 9, 30))
    assert "handling_unit:zjj" not in set(of(desk).audience())
