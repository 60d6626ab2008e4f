"""The stages of every case type and the steps between them; the way that a case took through them."""

from __future__ import annotations

from datetime import date

import pytest

import domain.cases  # noqa: F401 - every case type declares itself
from domain import procedure
from domain.case import CASE_TYPES, Case, Role
from domain.cases.suggestion import (
    Assignment,
    EvaluationSubmitted,
    Grade,
    HandedOver,
    ReHandlingOrdered,
    ReplyIssued,
    SignedFor,
    Suggestion,
)
from domain.cases.supervision.opinion import Opinion
from domain.moment import end_of_day
from domain.rectification import ListedProblem
from tests.domain.support import LEAD, Desk

every_case_type = pytest.mark.parametrize("case_type", CASE_TYPES.values(), ids=list(CASE_TYPES))


@pytest.fixture
def desk() -> Desk:
    return Desk()


def at_end_of(day: date) -> dict[str, object]:
    return {"as_of": end_of_day(day, "Asia/Shanghai")}


def told(path: list[procedure.Entered]) -> list[tuple[str, str, str]]:
    return [(str(one.stage), one.record.act.occurred_on.isoformat(), one.record.step.declared.name) for one in path]


@every_case_type
def test_every_case_type_begins_somewhere_and_reaches_each_of_its_stages(case_type: type[Case]) -> None:
    graph = procedure.graph_of(case_type)
    assert graph.stages == tuple(case_type.Stage)
    assert any(move.sources == () and move.step.declared.opens for move in graph.moves)
    assert {move.target for move in graph.moves} == set(case_type.Stage)


@every_case_type
def test_every_step_that_moves_a_case_is_in_its_graph(case_type: type[Case]) -> None:
    drawn = {move.step for move in procedure.graph_of(case_type).moves}
    for step in procedure.steps_of(case_type):
        declared = step.declared
        assert (step in drawn) == bool(declared.moves or (declared.leads_to and declared.part is None)), declared.wire


@every_case_type
def test_whoever_may_take_a_step_is_named_at_it(case_type: type[Case]) -> None:
    for move in procedure.graph_of(case_type).moves:
        assert move.by == move.step.roles(case_type)
        assert move.by


@every_case_type
def test_the_mermaid_text_says_what_the_graph_says(case_type: type[Case]) -> None:
    chart = procedure.flow_chart(case_type)
    for move in procedure.graph_of(case_type).moves:
        for source in move.sources or ("[*]",):
            assert f"    {source} --> {move.target}: {move.step.declared.zh}\n" in chart


def test_a_shared_step_leads_to_the_stage_as_the_case_type_calls_it() -> None:
    closing = [move for move in procedure.graph_of(Opinion).moves if move.target is Opinion.Stage.CLOSED]
    assert [move.step.declared.wire for move in closing] == ["matter.closed.v1"]
    assert closing[0].sources == tuple(
        stage for stage in Opinion.Stage if stage not in {Opinion.Stage.CLOSED, Opinion.Stage.DROPPED}
    )


def test_a_step_that_leads_to_two_stages_stands_at_both() -> None:
    replies = [move for move in procedure.graph_of(Suggestion).moves if move.step is ReplyIssued]
    assert {move.target for move in replies} == {Suggestion.Stage.IN_HANDLING, Suggestion.Stage.REPLIED}


def test_parts_have_a_graph_of_their_own_and_what_every_case_has_is_none_of_them() -> None:
    parts = procedure.graphs_of_parts(Suggestion)
    assert list(parts) == ["assignments", "contacts", "commitments", "problems"]
    assert parts["assignments"].stages == tuple(Assignment.Stage)
    problems = procedure.graphs_of_parts(Opinion)["problems"]
    assert problems.stages == tuple(ListedProblem.Stage)
    again = next(move for move in problems.moves if move.target is ListedProblem.Stage.OPEN)
    assert ListedProblem.Stage.VERIFIED in again.sources


def test_the_way_of_a_case_is_that_of_its_history(desk: Desk) -> None:
    desk.open()
    desk.take(HandedOver(lead_unit=LEAD), date(2026, 3, 5))
    desk.take(SignedFor(unit=LEAD), date(2026, 3, 9))
    desk.take(ReplyIssued(unit=LEAD, outcome="B", letter="已办理。"), date(2026, 5, 20))
    desk.take(EvaluationSubmitted(result=Grade.DISSATISFIED, reason="没有办"), date(2026, 6, 1), role=Role.DEPUTY)
    desk.take(ReHandlingOrdered(reason="代表不满意"), date(2026, 6, 5))
    desk.take(ReplyIssued(unit=LEAD, outcome="A", letter="已办结。"), date(2026, 7, 1))
    path = procedure.path_of(desk.history)
    assert told(path)[1:] == [
        ("handed_over", "2026-03-05", "handed_over"),
        ("in_handling", "2026-03-09", "signed_for"),
        ("replied", "2026-05-20", "reply_issued"),
        ("evaluated", "2026-06-01", "evaluation_submitted"),
        ("re_handling", "2026-06-05", "re_handling_ordered"),
        ("replied", "2026-07-01", "reply_issued"),
    ]
    assert [one.before for one in path[1:]] == [one.stage for one in path[:-1]]
    assert path[-1].stage == desk.case.stage
    early = procedure.path_of(desk.history, **at_end_of(date(2026, 5, 31)))  # type: ignore[arg-type]
    assert told(early) == told(path)[:4]


def test_a_corrected_date_and_a_void_change_the_way_and_what_was_known_before_stays(desk: Desk) -> None:
    desk.replied()
    known, before = desk.history[-1].position, told(procedure.path_of(desk.history))
    desk.correct(2, on=date(2026, 3, 6))
    assert ("handed_over", "2026-03-06", "handed_over") in told(procedure.path_of(desk.history))
    desk.void(3)
    assert [stage for stage, _, _ in told(procedure.path_of(desk.history))] == ["submitted", "handed_over"]
    assert told(procedure.path_of(desk.history, known)) == before
    assert before[-1] == ("replied", "2026-05-06", "reply_issued")


def test_without_an_opening_there_is_no_way(desk: Desk) -> None:
    desk.open()
    desk.void(1)
    assert procedure.path_of(desk.history) == []
