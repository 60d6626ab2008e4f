from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest

from domain import clock, procedure
from domain.calendar import load_calendar
from domain.case import (
    _UPCASTS,
    STEPS,
    DeadlineRecalculated,
    Role,
    RunningClock,
    Step,
    UnknownStepError,
    latest,
)
from domain.cases.suggestion import (
    Assignment,
    ContactMade,
    ContactMode,
    EvaluationSubmitted,
    HandedOver,
    Phase,
    ReplyIssued,
    SignedFor,
    Suggestion,
    SuggestionClosed,
    SuggestionSubmitted,
)
from domain.refusal import Refused
from domain.values import Line
from tests.domain.support import IMPORTED, LEAD, Desk
from tests.registry import shipped_registry

MAY = date(2026, 5, 20)


@pytest.fixture
def desk() -> Desk:
    return Desk()


def open_to(case: Suggestion, role: Role) -> dict[str, str | None]:
    return {choice.step.declared.name: choice.why for choice in procedure.open_steps(case, role)}


def test_the_declaration_is_all_there_is_to_know_of_a_step() -> None:
    declared = ReplyIssued.declared
    assert (declared.name, declared.en, declared.zh) == ("reply_issued", "Reply issued", "答复")
    assert (declared.part, declared.names, declared.case_type) == ("assignments", "unit", Suggestion)
    assert procedure.step_named(Suggestion, "reply_issued") is ReplyIssued
    assert procedure.case_type_named("suggestion") is Suggestion
    assert SuggestionSubmitted in procedure.opening_steps()


def test_steps_come_in_the_order_of_the_procedure_and_the_shared_ones_last() -> None:
    names = [step.declared.name for step in procedure.steps_of(Suggestion)]
    own = ["submitted", "reviewed", "handed_over", "signed_for", "reply_issued", "evaluation_submitted", "closed"]
    assert [name for name in names if name in own] == own
    requests = ["correction_requested", "void_requested", "amendment_declined"]
    shared = ["corrected", "voided", *requests, "deadline_recalculated", "attachment_added", "person_added"]
    assert names[names.index("corrected") :][: len(shared)] == shared
    assert names[-3:] == ["personal_data_restricted", "personal_data_released", "personal_data_erased"]


def test_a_role_sees_every_step_it_may_ever_take_and_why_not_now(desk: Desk) -> None:
    desk.handed_over()
    unit = open_to(desk.case, Role.HANDLING_UNIT)
    assert (unit["signed_for"], unit["reply_issued"]) == (None, None)
    assert unit["commitment_fulfilled"] == "part-step-not-open"
    assert "evaluation_submitted" not in unit
    assert "handed_over" not in unit
    deputy = open_to(desk.case, Role.DEPUTY)
    assert deputy["evaluation_submitted"] == "step-not-open"
    assert (deputy["withdrawn"], deputy["contact_confirmed"]) == (None, "part-step-not-open")
    assert "submitted" not in deputy


def test_what_is_offered_is_what_would_be_taken(desk: Desk) -> None:
    desk.replied()
    for role in Role:
        for choice in procedure.open_steps(desk.case, role):
            declared = choice.step.declared
            if declared.while_in is not None and declared.part is None:
                assert (choice.why is None) == (desk.case.stage in declared.while_in)


def test_the_flow_chart_shows_each_stage_and_how_it_is_reached() -> None:
    chart = procedure.flow_chart(Suggestion)
    assert chart.startswith("stateDiagram-v2\n")
    assert "    [*] --> submitted: 提出\n" in chart
    assert "    submitted --> handed_over: 交办\n" in chart
    assert "    in_handling --> replied: 答复\n" in chart
    assert "    replied --> evaluated: 代表评价\n" in chart
    for stage in Suggestion.Stage:
        assert f"--> {stage}:" in chart


def test_a_refusal_says_which_stages_would_do(desk: Desk) -> None:
    desk.open()
    with pytest.raises(Refused) as refusal:
        desk.take(EvaluationSubmitted(result="satisfied"), MAY)  # type: ignore[arg-type]
    assert refusal.value.params["open_in"] == ["closed", "commitment_tracking", "replied"]
    assert "step-not-open" in str(refusal.value)
    desk.take(HandedOver(lead_unit=LEAD), MAY)
    desk.take(SignedFor(unit=LEAD), MAY)
    with pytest.raises(Refused) as refusal:
        desk.take(SignedFor(unit=LEAD), MAY)
    assert refusal.value.params["open_in"] == [Assignment.Stage.ASSIGNED]


def test_what_a_source_did_out_of_turn_is_found_and_never_refused(desk: Desk) -> None:
    desk.open()
    desk.take(SuggestionClosed(), MAY, imported=IMPORTED)
    assert desk.found == [("step-not-open", 2)]


def test_a_tidy_history_has_no_findings_and_a_void_one_none_either(desk: Desk) -> None:
    desk.replied()
    assert desk.found == []
    desk.void(1)
    assert desk.found == []


def test_a_corrected_date_may_bring_the_dates_out_of_order(desk: Desk) -> None:
    desk.replied()
    desk.correct(3, on=date(2026, 3, 5))
    assert desk.found == [("dates-out-of-order", 3)]
    desk.correct(3, on=date(2026, 5, 5))
    assert desk.found == []


def test_a_contact_before_the_submission_does_not_disturb_the_order_of_dates(desk: Desk) -> None:
    desk.handed_over()
    contact = ContactMade(contact="0", phase=Phase.BEFORE_SUBMISSION, mode=ContactMode.VISIT)
    desk.take(contact, MAY)
    desk.take(SignedFor(unit=LEAD), date(2026, 3, 12))
    assert desk.found == []


@pytest.fixture
def renamed() -> Iterator[type[Step]]:
    """A step of a test's own whose field was once called otherwise."""

    class Renamed(
        Step,
        of=Suggestion,
        wire="suggestion.renamed.v3",
        zh="改名",
        upcasts={"suggestion.renamed.v2": lambda data: {"said": data["spoken"]}},
    ):
        """A step."""

        said: Line

    yield Renamed
    del STEPS["suggestion.renamed.v3"], _UPCASTS["suggestion.renamed.v2"]


def test_an_older_stored_name_is_read_as_todays_step(renamed: type[Step]) -> None:
    step_type, fields = latest("suggestion.renamed.v2", {"spoken": "同意"})
    step = step_type.model_validate(fields)
    assert type(step) is renamed
    assert step.model_dump() == {"said": "同意"}
    assert latest("suggestion.renamed.v2", {"spoken": "同意"}) == (renamed, {"said": "同意"})


def test_a_stored_name_is_declared_once(renamed: type[Step]) -> None:
    assert renamed.declared.wire == "suggestion.renamed.v3"
    with pytest.raises(TypeError, match="declared twice"):

        class Again(Step, wire="suggestion.renamed.v3", zh="再来"):
            """A step."""

    with pytest.raises(UnknownStepError):
        latest("suggestion.never.v1", {})


def test_a_new_calendar_moves_a_running_deadline_by_a_recorded_step(desk: Desk) -> None:
    desk.handed_over()
    case, reply = desk.case, ("suggestion.reply", None)
    office = shipped_registry().jurisdiction("cn-999900").on(MAY)
    rule = office.rulebook.clocks["suggestion.reply"]
    before = clock.start(rule, office.rulebook, load_calendar("cn", "2024-11-12"), date(2026, 3, 19))
    case.clocks[reply] = RunningClock(before)
    step = DeadlineRecalculated(clock="suggestion.reply", reason="节假日安排公布")
    step.check(case, office)
    filled = step.filled_in(case, office)
    assert filled.deadline is not None
    assert (before.estimate, filled.deadline.estimate) == (True, False)
    assert (before.due_on, filled.due_before, filled.deadline.due_on) == (
        date(2026, 6, 19),
        date(2026, 6, 19),
        date(2026, 6, 22),
    )
    filled.apply(case, desk.history[0].act)
    assert case.clocks[reply].deadline == filled.deadline
    assert filled.already(case)


def test_a_clock_that_does_not_run_cannot_be_counted_again(desk: Desk) -> None:
    desk.open()
    with pytest.raises(Refused, match="clock-does-not-run"):
        desk.take(DeadlineRecalculated(clock="suggestion.reply", reason="x"), MAY)
