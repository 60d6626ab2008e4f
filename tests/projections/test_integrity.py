"""Each signal by hand on a small history: what it asks about, of how many, and what it does not ask about."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from domain.case import Act, Role
from domain.cases import suggestion as s
from domain.moment import end_of_day
from projections.compliance import Looked, look_at
from projections.integrity import Asked, asked_of, integrity_rules, perfect_units, verified_of
from projections.metrics import Figure, metrics
from tests.domain.support import DEPUTY, IMPORTED, LEAD, TODAY, ZONE, Desk, act, submitted
from tests.registry import shipped_registry

REPLIED_ON, SAID_ON = date(2026, 5, 6), date(2026, 5, 20)
SATISFIED = s.EvaluationSubmitted(result=s.Grade.SATISFIED)


def looked(desk: Desk, day: date = TODAY) -> Looked:
    found = look_at(desk.docket.case_file(desk.case_id), shipped_registry().jurisdiction("cn-999900"), None,
                    end_of_day(day, ZONE))  # fmt: skip
    assert found is not None
    return found


def asked(*desks: Desk, day: date = TODAY) -> dict[str, Asked]:
    return {one.id: one for one in asked_of(integrity_rules(), [looked(desk, day) for desk in desks], day)}


def evaluated(outcome: str = "B", step: s.EvaluationSubmitted = SATISFIED) -> Desk:
    desk = Desk().replied(outcome, REPLIED_ON)
    desk.take(step, SAID_ON, Role.DEPUTY)
    return desk


def at(desk: Desk, step: Any, day: date, time: str, role: Role, **more: Any) -> None:
    """Record a step of which the instant is known."""
    instant = datetime.fromisoformat(f"{day}T{time}").replace(tzinfo=ZoneInfo(ZONE))
    more = {"office": "rd", "precision": "instant"} | more
    desk.docket.record(desk.case_id, step, Act(actor=DEPUTY, role=role, occurred_at=instant, **more))


def answered_and_evaluated(replied: str, said: str) -> Desk:
    desk = Desk().handed_over()
    at(desk, s.ReplyIssued(unit=LEAD, outcome="A"), REPLIED_ON, replied, Role.DEPUTY_AFFAIRS)
    at(desk, SATISFIED, REPLIED_ON, said, Role.DEPUTY)
    return desk


def test_an_evaluation_soon_after_the_reply_is_asked_about_where_both_instants_are_known() -> None:
    soon, later = answered_and_evaluated("10:00", "10:12"), answered_and_evaluated("10:00", "11:00")
    quick = asked(soon, later, evaluated())["quick"]
    assert (quick.count, quick.base) == (1, 2)
    [suspect] = quick.suspects
    assert suspect.minutes == 12
    assert [type(record.step) for record in suspect.steps] == [s.ReplyIssued, s.EvaluationSubmitted]


def test_where_only_the_day_is_known_it_goes_by_the_recording_if_both_were_recorded_on_that_very_day() -> None:
    desk = Desk().handed_over()
    desk.take(s.ReplyIssued(unit=LEAD, outcome="A"), TODAY)
    desk.now += timedelta(minutes=7)
    desk.take(SATISFIED, TODAY, Role.DEPUTY)
    quick = asked(desk, evaluated())["quick"]
    assert (quick.count, quick.base, round(quick.suspects[0].minutes or 0)) == (1, 1, 7)


def test_what_was_entered_late_or_imported_says_nothing_about_minutes() -> None:
    late, imported = Desk().handed_over(), Desk().handed_over()
    late.take(s.ReplyIssued(unit=LEAD, outcome="A"), TODAY, late=True)
    imported.take(s.ReplyIssued(unit=LEAD, outcome="A"), TODAY, imported=IMPORTED)
    for desk in (late, imported):
        desk.take(SATISFIED, TODAY, Role.DEPUTY)
    assert (asked(late, imported)["quick"].count, asked(late, imported)["quick"].base) == (0, 0)


def test_five_evaluations_by_one_person_within_a_quarter_of_an_hour_are_a_burst_and_four_are_none() -> None:
    def in_a_row(number: int, minutes: int) -> list[Desk]:
        desks = []
        for nth in range(number):
            desk = Desk().replied("A", REPLIED_ON)
            desk.now += timedelta(minutes=minutes * nth)
            desk.take(SATISFIED, TODAY, Role.DEPUTY)
            desks.append(desk)
        return desks

    burst = asked(*in_a_row(5, 3))["burst"]
    assert (burst.count, burst.base) == (5, 5)
    assert {round(one.minutes or 0) for one in burst.suspects} == {12}
    assert asked(*in_a_row(4, 3))["burst"].count == 0
    assert asked(*in_a_row(5, 4))["burst"].count == 0
    assert (asked(*(evaluated() for _ in range(5)))["burst"].base) == 0


def sent_from(device: str | None, deputy: str) -> Desk:
    """An evaluation that a deputy sent from a device."""
    desk = Desk().replied("A", REPLIED_ON, opening=submitted(lead_deputy=deputy))
    desk.take(SATISFIED, SAID_ON, Role.DEPUTY, actor=deputy, device=device)
    return desk


def test_what_several_deputies_sent_from_one_device_is_asked_about_and_what_one_sent_often_is_not() -> None:
    tablet, phone, other = ("a" * 32, "b" * 32, "c" * 32)
    shared = [sent_from(tablet, "d-001"), sent_from(tablet, "d-002"), sent_from(tablet, "d-001")]
    own = [sent_from(phone, "d-001"), sent_from(phone, "d-001"), sent_from(other, "d-002")]
    device = asked(*shared, *own, sent_from(None, "d-001"), sent_from(None, "d-002"))["device"]
    assert (device.count, device.base, device.rate) == (3, 6, 0.5)
    assert {one.looked.case.id for one in device.suspects} == {desk.case_id for desk in shared}
    assert {step.act.device for one in device.suspects for step in one.steps} == {tablet}
    assert asked(*own)["device"].count == 0


def test_evaluations_of_several_deputies_that_one_office_writes_down_together_are_a_burst() -> None:
    desks = []
    for nth in range(5):
        desk = Desk().replied("A", REPLIED_ON)
        proxy = s.EvaluationRecordedByProxy(
            result=s.Grade.SATISFIED, evidence="电话记录", consent="本人同意", proxy_reason="出差"
        )
        desk.docket.record(
            desk.case_id,
            proxy,
            act(TODAY, Role.DEPUTY_AFFAIRS, actor=f"clerk-{nth}"),
        )
        desks.append(desk)
    found = asked(*desks)
    assert (found["burst"].count, found["proxy"].count, found["proxy"].base) == (5, 5, 5)


def test_a_grade_that_improved_a_contact_and_satisfaction_without_result_are_asked_about_as_the_metrics_count() -> None:
    desk = Desk().replied("D", REPLIED_ON)
    call = s.ContactMade(contact="c1", phase=s.Phase.AFTER_REPLY, mode=s.ContactMode.TELEPHONE)
    desk.take(call, date(2026, 5, 8), Role.DEPUTY_AFFAIRS)
    desk.take(s.EvaluationSubmitted(result=s.Grade.DISSATISFIED, reason="没有办"), SAID_ON, Role.DEPUTY)
    desk.take(s.EvaluationAmended(result=s.Grade.SATISFIED, amended_because="再想想"), date(2026, 5, 22), Role.DEPUTY)
    found = asked(desk, evaluated(), evaluated("A"))
    told = {id: (found[id].count, found[id].base) for id in ("improved", "contacted", "not_done", "proxy")}
    assert told == {"improved": (1, 3), "contacted": (1, 3), "not_done": (1, 3), "proxy": (0, 3)}
    kinds = {id: [type(one.step) for one in found[id].suspects[0].steps] for id in ("improved", "contacted")}
    assert kinds["improved"] == [s.EvaluationSubmitted, s.EvaluationAmended]
    assert kinds["contacted"] == [s.ReplyIssued, s.ContactMade, s.EvaluationSubmitted, s.EvaluationAmended]
    assert asked(desk, day=date(2026, 5, 21))["improved"].count == 0


def test_what_is_sealed_is_not_asked_about_until_its_window_closes() -> None:
    desk = Desk().replied("D", REPLIED_ON)
    desk.take(s.EvaluationInvited(), REPLIED_ON)
    desk.take(SATISFIED, SAID_ON, Role.DEPUTY)
    until = desk.case.sealed_until
    assert until is not None
    within, after = asked(desk, day=until)["not_done"], asked(desk, day=until + timedelta(days=1))["not_done"]
    assert ((within.count, within.base), (after.count, after.base)) == ((0, 0), (1, 1))


def test_a_unit_of_which_everybody_is_satisfied_while_little_is_resolved_is_asked_about_from_five_on() -> None:
    full, few, some = Figure(6, 6, 6), Figure(4, 4, 4), Figure(5, 6, 6)
    satisfied = {"a": full, "b": full, "c": few, "d": some}
    resolved = {"a": Figure(2, 6, None), "b": Figure(5, 6, None), "c": Figure(0, 4, None), "d": Figure(0, 6, None)}
    found = perfect_units(integrity_rules(), satisfied, resolved)
    assert ([one.unit for one in found.units], found.base) == (["a"], 3)


def test_what_was_declared_stands_beside_who_looked_again_and_what_they_found() -> None:
    done, not_done, unchecked, told = evaluated("A"), evaluated("A"), evaluated("A"), evaluated("B")
    seen = s.LookBackChecked(checked_by="选联委", summary="已通车", fulfilled=True)
    done.take(seen, date(2026, 9, 1))
    not_done.take(seen, date(2026, 9, 1))
    not_done.take(s.LookBackChecked(checked_by="选联委", summary="未通车", fulfilled=False), date(2026, 10, 1))
    not_done.take(s.ThirdPartyEvaluated(checked_by="评估机构", summary="说法不一"), date(2026, 10, 9))
    everything, unit = verified_of([looked(one) for one in (done, not_done, unchecked, told)], TODAY)
    assert (everything.unit, unit.unit) == (None, LEAD)
    assert (everything.replied, everything.declared) == (4, 3)
    checks = everything.checks
    assert (checks[s.CheckKind.LOOK_BACK], checks[s.CheckKind.THIRD_PARTY]) == ((1, 1, 0), (0, 0, 1))
    assert checks == unit.checks


def test_every_signal_that_a_metric_counts_names_one_that_there_is() -> None:
    named = {one.metric for one in integrity_rules().signals.values() if one.metric is not None}
    assert named == {"improved_without_reply_rate", "contacted_before_evaluation_rate", "satisfied_not_done_rate"}
    assert named <= metrics().keys()
