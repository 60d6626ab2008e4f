"""Whose turn it is: what a case waits for, and that whoever it waits for may do it now."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.memory import MemoryLedger
from domain import policy, procedure
from domain.case import STEPS, Act, Awaited, Case, Role, Step
from domain.cases import suggestion as s
from domain.docket import CaseNotFoundError, Docket
from domain.moment import start_of_day
from domain.principal import Principal
from domain.refusal import Contradiction
from tests.domain.support import CO_SIGNER, DEPUTY, LEAD, SECOND, THIRD, TODAY, ZONE, Desk, submitted
from tests.domain.test_suggestion_properties import STORIES, Story
from tests.golden.samples import SAMPLES
from tests.projections.support import Move, move_lists, record_all
from tests.registry import shipped_registry

PLACE = "cn-999900"
OFFICE, GOVERNMENT = Role.DEPUTY_AFFAIRS, Role.GOVERNMENT_OFFICE
NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)


def readers_of(who: str) -> list[Principal]:
    """Everybody on whose work list it stands that is awaited of `who`."""
    role, _, name = who.partition(":")
    actor, office = (name, PLACE) if role == Role.DEPUTY else ("u-1", name or PLACE)
    found = [Principal(actor, Role(role), office, PLACE)]
    if role == OFFICE:
        found.append(Principal("u-2", Role.GENERAL_OFFICE, PLACE, PLACE))
    assert all(who in policy.desk(reader).keys for reader in found)
    return found


def as_said(one: Awaited, reader: Principal) -> Step:
    """The step that is awaited, of the part that is meant, as the reader would say it."""
    step = SAMPLES[one.step]
    said: dict[str, Any] = {}
    if step.declared.names is not None:
        said[step.declared.names] = one.part
    elif reader.role is Role.DEPUTY and "deputy" in type(step).model_fields:
        said["deputy"] = reader.actor
    return step.model_copy(update=said)


def check_awaited(case: Case) -> None:
    """Each thing stands once on the lists on which it stands, and may be done."""
    awaited = list(case.awaited())
    assert len({(one.who, one.step, one.part) for one in awaited}) == len(awaited)
    for one in awaited:
        for reader in readers_of(one.who):
            open_now = {found.step for found in procedure.open_steps(case, reader.role) if found.why is None}
            assert STEPS[one.step] in open_now, one
            step = as_said(one, reader)
            assert procedure.breach_of_stage(case, step) is None, one
            at = start_of_day(TODAY, ZONE)
            act = Act(actor=reader.actor, role=reader.role, office=reader.office, occurred_at=at)
            procedure.authorise(case, step, act)


@STORIES
@given(st.data())
def test_whatever_happens_only_what_may_be_done_now_is_awaited(data: st.DataObject) -> None:
    story = Story(data.draw).begin()
    for _ in range(data.draw(st.integers(4, 18))):
        story.go_on()
        if (case := story.desk.live) is not None:
            check_awaited(case)
            for step in case.reminders(story.day):
                assert procedure.breach_of_stage(case, step) is None
                step.check(case, shipped_registry().jurisdiction(PLACE).on(story.day))


@given(moves=move_lists(24))
def test_the_same_holds_for_what_was_imported_and_amended(moves: list[Move]) -> None:
    docket = Docket(MemoryLedger(lambda: NOW), shipped_registry(), lambda: NOW)
    record_all(docket, moves)
    for number in range(3):
        try:
            case = docket.case_file(f"case-{number}").case
        except CaseNotFoundError:
            continue
        if case is not None:
            check_awaited(case)


# What a liaison office expects to see


def told(desk: Desk, who: str, on: date = TODAY) -> list[tuple[str, date | None, str | None]]:
    """What is awaited of somebody on a day: step, date and part."""
    return [
        (STEPS[one.step].declared.name, one.due_on, one.part)
        for one in desk.case.awaited()
        if one.who == who and (one.from_on is None or one.from_on <= on)
    ]


def unit(code: str) -> str:
    return f"{Role.HANDLING_UNIT}:{code}"


def names(desk: Desk, who: str, on: date = TODAY) -> list[str]:
    return [name for name, _, _ in told(desk, who, on)]


def test_a_suggestion_waits_for_the_office_then_for_a_dispatcher_then_for_its_units() -> None:
    desk = Desk()
    desk.open(submitted(co_signers=(CO_SIGNER,)))
    assert names(desk, OFFICE) == ["reviewed"]
    assert names(desk, f"deputy:{CO_SIGNER}") == ["co_sign_confirmed"]
    desk.take(s.SentBack(reason="一事一议"), date(2026, 3, 3))
    assert names(desk, f"deputy:{DEPUTY}") == ["resubmitted"]
    desk.take(s.Resubmitted(title="改"), date(2026, 3, 4), Role.DEPUTY)
    desk.take(s.SuggestionReviewed(), date(2026, 3, 5))
    assert names(desk, OFFICE) == names(desk, GOVERNMENT) == ["handed_over"]
    desk.take(s.HandedOver(lead_unit=LEAD, co_units=(SECOND,)), date(2026, 3, 9))
    assert names(desk, unit(LEAD)) == names(desk, unit(SECOND)) == ["signed_for"]
    for code in (LEAD, SECOND):
        desk.take(s.SignedFor(unit=code), date(2026, 3, 10))
    assert names(desk, unit(LEAD)) == ["reply_issued"]
    assert names(desk, unit(SECOND)) == ["co_opinion_submitted"]
    assert told(desk, unit(LEAD))[0][1] == desk.due_on()


def test_a_merged_suggestion_that_no_unit_has_yet_still_waits_for_its_hand_over() -> None:
    desk = Desk()
    desk.open()
    desk.take(s.SuggestionsMerged(into=desk.another()), date(2026, 3, 9))
    assert names(desk, GOVERNMENT) == ["handed_over"]


def test_a_request_for_more_time_or_for_another_unit_waits_for_both_dispatchers() -> None:
    desk = Desk().handed_over(SECOND)
    desk.take(s.ExtensionRequested(unit=LEAD, until=date(2026, 9, 1), reason="面广"), date(2026, 5, 6))
    desk.take(s.ReturnRequested(unit=SECOND, reason="职责不符"), date(2026, 5, 6))
    for who in (OFFICE, GOVERNMENT):
        assert [(name, part) for name, _, part in told(desk, who, date(2026, 3, 9))] == [
            ("extension_granted", LEAD), ("return_approved", SECOND),
        ]  # fmt: skip
    desk.take(s.ReturnApproved(unit=SECOND), date(2026, 5, 7))
    assert ("reassigned", SECOND) in [(name, part) for name, _, part in told(desk, OFFICE)]
    assert told(desk, unit(SECOND)) == []


def test_a_co_handler_that_gave_its_opinion_waits_for_no_more_time() -> None:
    desk = Desk().handed_over(SECOND)
    desk.take(s.ExtensionRequested(unit=SECOND, until=date(2026, 9, 1), reason="面广"), date(2026, 3, 12))
    desk.take(s.CoOpinionSubmitted(unit=SECOND, opinion="同意"), date(2026, 3, 13))
    assert "extension_granted" not in names(desk, OFFICE)


def test_a_request_of_an_earlier_round_is_not_decided_in_the_next() -> None:
    desk = Desk().handed_over()
    desk.take(s.ExtensionRequested(unit=LEAD, until=date(2026, 9, 1), reason="面广"), date(2026, 5, 6))
    desk.take(s.ReplyIssued(unit=LEAD), date(2026, 5, 7))
    desk.take(s.ReHandlingOrdered(), date(2026, 5, 8))
    assert names(desk, OFFICE, date(2026, 5, 8)) == []
    assert names(desk, unit(LEAD)) == ["reply_issued"]


def test_a_late_unit_is_to_be_urged_from_the_day_after_and_once_for_a_date() -> None:
    desk = Desk().handed_over()
    desk.take(s.SignedFor(unit=LEAD), date(2026, 3, 10))
    due_on = desk.due_on()
    for who in (OFFICE, GOVERNMENT):
        assert told(desk, who, due_on) == []
        assert told(desk, who, due_on + timedelta(days=1)) == [("unit_urged", due_on, LEAD)]
    desk.take(s.UnitUrged(unit=LEAD, channel=s.Channel.TELEPHONE), due_on + timedelta(days=1), OFFICE)
    assert told(desk, OFFICE) == []
    assert desk.case.assignments[LEAD].urged_on == [due_on + timedelta(days=1)]
    assert list(desk.case.reminders(TODAY)) == [s.UnitUrged(unit=LEAD)], "the office may urge again"
    assert desk.runs("suggestion.reply"), "no clock moves"


def test_whoever_owes_nothing_is_not_urged() -> None:
    desk = Desk().replied()
    with pytest.raises(Contradiction, match="nothing-to-urge"):
        desk.take(s.UnitUrged(unit=LEAD), date(2026, 5, 8), OFFICE)
    assert list(desk.case.reminders(TODAY)) == []


def test_the_office_invites_reminds_when_the_window_is_nearly_over_and_notes_that_it_lapsed() -> None:
    desk = Desk().replied()
    assert names(desk, OFFICE) == ["evaluation_invited"]
    desk.take(s.EvaluationInvited(), date(2026, 5, 7))
    window = desk.due_on("suggestion.evaluate", "round-1")
    assert told(desk, f"deputy:{DEPUTY}") == [("evaluation_submitted", window, None)]
    assert list(desk.case.reminders(date(2026, 5, 8))) == [s.EvaluationReminded()]
    assert names(desk, OFFICE, window - timedelta(days=8)) == []
    assert told(desk, OFFICE, window - timedelta(days=7)) == [("evaluation_reminded", window, None)]
    desk.take(s.EvaluationReminded(), window - timedelta(days=7))
    assert names(desk, OFFICE, window) == []
    assert names(desk, OFFICE, window + timedelta(days=1)) == ["evaluation_lapsed"]
    desk.take(s.EvaluationLapsed(), window + timedelta(days=1))
    assert names(desk, OFFICE) == ["closed"]
    desk.take(s.EvaluationInvited(), window + timedelta(days=2))
    assert names(desk, f"deputy:{DEPUTY}") == ["evaluation_submitted"], "invited anew, awaited anew"


def test_a_dissatisfied_deputy_is_answered_again_also_when_he_says_so_after_the_closing() -> None:
    desk = Desk().replied()
    desk.take(s.EvaluationSubmitted(result=s.Grade.DISSATISFIED, reason="未解决"), date(2026, 5, 8), Role.DEPUTY)
    assert names(desk, OFFICE) == ["re_handling_ordered"]
    closed = Desk().replied()
    closed.take(s.SuggestionClosed(), date(2026, 5, 8))
    assert list(closed.case.awaited()) == []
    closed.take(s.EvaluationSubmitted(result=s.Grade.DISSATISFIED, reason="未解决"), date(2026, 5, 9), Role.DEPUTY)
    assert names(closed, OFFICE) == ["re_handling_ordered"]


def test_a_promise_waits_for_its_unit_and_once_broken_for_a_word_to_it() -> None:
    desk = Desk().replied()
    promised = date(2026, 8, 31)
    desk.take(s.CommitmentMade(commitment="c1", unit=LEAD, text="开通", due_on=promised), date(2026, 5, 8))
    assert ("commitment_fulfilled", promised, "c1") in told(desk, unit(LEAD))
    assert ("unit_urged", promised, LEAD) in told(desk, OFFICE, promised + timedelta(days=1))
    desk.take(s.SuggestionClosed(), date(2026, 9, 2))
    assert ("unit_urged", promised, LEAD) in told(desk, OFFICE), "also while only the promise is followed"


def test_what_a_unit_promised_that_has_no_share_any_more_waits_for_the_dispatchers() -> None:
    desk = Desk().handed_over(SECOND)
    desk.take(s.CommitmentMade(commitment="c1", unit=SECOND, text="开通", due_on=TODAY), date(2026, 3, 10))
    desk.take(s.ReturnRequested(unit=SECOND, reason="职责不符"), date(2026, 3, 11))
    desk.take(s.ReturnApproved(unit=SECOND), date(2026, 3, 12))
    desk.take(s.Reassigned(unit=SECOND, to_unit=THIRD), date(2026, 3, 13))
    assert names(desk, unit(SECOND)) == []
    assert ("commitment_fulfilled", TODAY, "c1") in told(desk, GOVERNMENT)


def test_what_is_over_waits_for_nobody() -> None:
    desk = Desk().handed_over()
    desk.take(s.SuggestionWithdrawn(written_request="函"), date(2026, 5, 8))
    assert list(desk.case.awaited()) == []
    assert list(desk.case.reminders(TODAY)) == []


def test_both_who_keep_the_congresss_office_share_one_desk() -> None:
    def desks(role: Role) -> frozenset[str]:
        return policy.desk(Principal("u-1", role, LEAD, PLACE)).keys

    assert desks(Role.GENERAL_OFFICE) == desks(OFFICE) == {OFFICE}
    assert desks(GOVERNMENT) == {GOVERNMENT}
    assert desks(Role.HANDLING_UNIT) == {unit(LEAD)}
    assert desks(Role.DEPUTY) == {"deputy:u-1"}
    party, committee = Role.PARTY_COMMITTEE, Role.SPECIAL_COMMITTEE
    assert desks(party) == {party}
    assert desks(committee) == {OFFICE}
    having = {OFFICE, Role.GENERAL_OFFICE, GOVERNMENT, Role.HANDLING_UNIT, Role.DEPUTY, party, committee}
    for role in set(Role) - having:
        assert desks(role) == frozenset()


def test_what_a_unit_owes_in_a_matter_lies_on_the_desks_of_the_congress_once_it_is_overdue() -> None:
    owed = Awaited(unit(LEAD), "rectification.report_submitted.v1", TODAY)
    day_after = TODAY + timedelta(days=1)
    for role in (OFFICE, Role.GENERAL_OFFICE, Role.SPECIAL_COMMITTEE):
        desk = policy.desk(Principal("u-1", role, PLACE, PLACE))
        assert not desk.has("opinion", owed, TODAY), "until then it is the unit's alone"
        assert desk.has("opinion", owed, day_after)
        assert not desk.has("suggestion", owed, day_after), "there the office urges the unit by a step of its own"
    other = policy.desk(Principal("u-1", Role.HANDLING_UNIT, SECOND, PLACE))
    assert not other.has("opinion", owed, day_after)


def test_a_special_committee_finds_what_a_committee_may_do_in_matters() -> None:
    desk = policy.desk(Principal("u-1", Role.SPECIAL_COMMITTEE, PLACE, PLACE))
    assert desk.has("opinion", Awaited(OFFICE, "rectification.handed_over.v1"), TODAY)
    assert not desk.has("opinion", Awaited(OFFICE, "suggestion.handed_over.v1"), TODAY)
    assert not desk.has("suggestion", Awaited(OFFICE, "suggestion.closed.v1"), TODAY)
