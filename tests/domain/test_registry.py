"""The registry has a history and moments like everything else: who and what was in being on any day, as known then."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.memory import MemoryLedger
from adapters.registry import LedgerRegistry
from domain import fold
from domain.account import Binding
from domain.calendar import add_months
from domain.case import Act, Corrected, Opening, Role, Step, Voided
from domain.cases.registry import deputy, group, jurisdiction, meeting, seat, unit
from domain.cases.suggestion import HandedOver, SuggestionSubmitted
from domain.docket import Docket
from domain.moment import start_of_day
from domain.office import Body, Jurisdiction, Level
from domain.principal import Standing
from domain.procedure import steps_of
from domain.refusal import Refused
from domain.registry import PREFIX, RegistryCase, assemble
from tests.domain.support import Desk
from tests.golden.samples import SAMPLES
from tests.registry import shipped_registry

NOW = datetime(2026, 6, 1, tzinfo=UTC)
PLACE: dict[str, Any] = {"jurisdiction": "cn-999901"}
START = date(2020, 1, 1)
CITY = jurisdiction.JurisdictionOpened(
    **PLACE,
    zh_name="云山市",
    en_name="Yunshan",
    level=Level.CITY,
    time_zone="Asia/Shanghai",
    rulebook="cn-national",
)
PARKS = unit.UnitOpened(**PLACE, code="ylj", zh_name="园林局", en_name="Parks", order=20)
URBAN = unit.UnitOpened(**PLACE, code="cgj", zh_name="城管局", en_name="Urban", order=10)
DEPUTY = deputy.DeputyRegistered(**PLACE, id="d-1", name="甲一", term=9)


class Registrar:
    """Enters things into the registry of a city, and looks at it."""

    def __init__(self) -> None:
        self.ledger = MemoryLedger(lambda: NOW)
        self.registry = LedgerRegistry(self.ledger)
        self.docket = Docket(self.ledger, self.registry, lambda: NOW)

    def open(self, step: Opening, on: date = START, **more: Any) -> str:
        return self.docket.open(step, act(on, **more)).case_id

    def take(self, case_id: str, step: Step, on: date, **more: Any) -> int:
        return self.docket.record(case_id, step, act(on, **more)).version

    @property
    def city(self) -> Jurisdiction:
        return self.registry.jurisdiction("cn-999901")


def act(on: date, role: Role = Role.GENERAL_OFFICE, **more: Any) -> Act:
    return Act(actor="clerk", role=role, office="cn-999901", occurred_at=start_of_day(on, "Asia/Shanghai"), **more)


@pytest.fixture
def registrar() -> Registrar:
    found = Registrar()
    found.open(CITY)
    return found


def names(city: Jurisdiction, day: date) -> list[str]:
    return [entry.zh for entry in city.units_on(day)]


def test_a_unit_that_was_renamed_keeps_the_name_it_had_on_each_day(registrar: Registrar) -> None:
    parks = registrar.open(PARKS)
    registrar.take(parks, unit.UnitRenamed(zh_name="园林绿化局", en_name="Parks and Greening"), date(2023, 5, 1))
    assert names(registrar.city, date(2023, 4, 30)) == ["园林局"]
    assert names(registrar.city, date(2023, 5, 1)) == ["园林绿化局"]
    assert names(registrar.city, date(2019, 12, 31)) == []
    found = registrar.city.unit("ylj", date(2021, 1, 1))
    assert found is not None
    assert (found.zh, found.since, found.until) == ("园林局", START, date(2023, 4, 30))


def test_a_unit_that_is_merged_is_handed_nothing_any_more_and_keeps_what_it_had(registrar: Registrar) -> None:
    parks, _, _ = registrar.open(PARKS), registrar.open(URBAN), registrar.open(DEPUTY)
    before = SuggestionSubmitted(**PLACE, title="关于口袋公园的建议", lead_deputy="d-1")
    case_id = registrar.docket.open(before, act(date(2024, 1, 8), Role.DEPUTY_AFFAIRS)).case_id
    registrar.docket.record(case_id, HandedOver(lead_unit="ylj"), act(date(2024, 1, 9), Role.DEPUTY_AFFAIRS))
    registrar.take(parks, unit.UnitMerged(into="cgj"), date(2024, 3, 1))
    other = registrar.docket.open(before, act(date(2024, 4, 1), Role.DEPUTY_AFFAIRS)).case_id
    with pytest.raises(Refused, match="unknown-unit"):
        registrar.docket.record(other, HandedOver(lead_unit="ylj"), act(date(2024, 4, 2), Role.DEPUTY_AFFAIRS))
    case = registrar.docket.case_file(case_id).case
    assert case is not None
    assert case.facts().unit == "ylj"
    assert names(registrar.city, date(2024, 2, 29)) == ["城管局", "园林局"]
    assert names(registrar.city, date(2024, 3, 1)) == ["城管局"]


def test_units_stand_in_the_offices_own_order(registrar: Registrar) -> None:
    parks, urban = registrar.open(PARKS), registrar.open(URBAN)
    assert names(registrar.city, START) == ["城管局", "园林局"]
    registrar.take(parks, unit.UnitReordered(order=5), date(2025, 1, 1))
    assert names(registrar.city, date(2025, 1, 1)) == ["园林局", "城管局"]
    registrar.take(urban, unit.UnitClosed(reason="机构改革"), date(2025, 2, 1))
    assert [entry.code for entry in registrar.city.all_units()] == ["ylj", "cgj"]


def test_what_was_entered_wrongly_is_known_wrongly_until_it_is_corrected(registrar: Registrar) -> None:
    parks = registrar.open(PARKS)
    entered = registrar.ledger.head()
    registrar.take(
        parks, Corrected(corrects=1, changes={"zh_name": "绿化局"}, reason="笔误", approved_by="主任"), START
    )
    assert names(registrar.registry.jurisdiction("cn-999901", entered), START) == ["园林局"]
    assert names(registrar.city, START) == ["绿化局"]


def test_a_code_belongs_to_one_unit_until_its_entry_is_void(registrar: Registrar) -> None:
    parks = registrar.open(PARKS)
    with pytest.raises(Refused, match="already-taken"):
        registrar.open(PARKS)
    registrar.take(parks, Voided(voids=1, reason="重复登记", approved_by="主任"), START)
    assert names(registrar.city, START) == []
    registrar.open(PARKS)
    assert names(registrar.city, START) == ["园林局"]


def test_a_suspended_deputy_may_not_bring_a_suggestion_until_the_duty_is_resumed(registrar: Registrar) -> None:
    case_id = registrar.open(DEPUTY)
    registrar.take(case_id, deputy.DutySuspended(reason="受侦查"), date(2024, 1, 1))
    asked = SuggestionSubmitted(**PLACE, title="关于路灯的建议", lead_deputy="d-1")
    with pytest.raises(Refused, match="unknown-deputy"):
        registrar.docket.open(asked, act(date(2024, 2, 1), Role.DEPUTY_AFFAIRS))
    registrar.take(case_id, deputy.DutyResumed(), date(2024, 3, 1))
    registrar.docket.open(asked, act(date(2024, 3, 1), Role.DEPUTY_AFFAIRS))
    registrar.take(case_id, deputy.QualificationEnded(reason=deputy.EndReason.TERM_OVER), date(2025, 1, 1))
    registrar.take(case_id, deputy.DeputyReElected(term=10), date(2025, 6, 1))
    terms = [(entry.term, entry.since, entry.until, entry.suspended) for entry in registrar.city.deputies]
    assert terms == [
        (9, START, date(2023, 12, 31), False),
        (9, date(2024, 1, 1), date(2024, 2, 29), True),
        (9, date(2024, 3, 1), date(2024, 12, 31), False),
        (10, date(2025, 6, 1), None, False),
    ]


def test_whom_an_account_is_bound_to_stands_as_the_registry_says_on_the_day(registrar: Registrar) -> None:
    case_id, parks = registrar.open(DEPUTY), registrar.open(PARKS)
    registrar.open(URBAN)
    registrar.take(case_id, deputy.DutySuspended(reason="受侦查"), date(2024, 1, 1))
    registrar.take(case_id, deputy.DutyResumed(), date(2024, 3, 1))
    registrar.take(case_id, deputy.DutySuspended(reason="受侦查"), date(2024, 6, 1))
    registrar.take(case_id, deputy.QualificationEnded(reason=deputy.EndReason.RESIGNED), date(2025, 1, 1))
    registrar.take(parks, unit.UnitMerged(into="cgj"), date(2024, 5, 1))
    code = PLACE["jurisdiction"]

    def standing(bound: Binding, day: date) -> Standing:
        return bound.standing(registrar.registry, start_of_day(day, registrar.city.time_zone))

    for day, expected in (
        (date(2023, 12, 31), Standing.IN_OFFICE),
        (date(2024, 1, 1), Standing.DUTY_SUSPENDED),
        (date(2024, 2, 29), Standing.DUTY_SUSPENDED),
        (date(2024, 3, 1), Standing.IN_OFFICE),
        (date(2024, 12, 31), Standing.DUTY_SUSPENDED),
        (date(2025, 1, 1), Standing.DEPUTY_ENDED),
    ):
        assert standing(Binding(Role.DEPUTY, code, code, "d-1"), day) is expected, day
    assert standing(Binding(Role.DEPUTY, code, code, "d-9"), START) is Standing.DEPUTY_ENDED
    gone = Binding(Role.HANDLING_UNIT, PARKS.code, code)
    assert standing(gone, date(2024, 4, 30)) is Standing.IN_OFFICE
    assert standing(gone, date(2024, 5, 1)) is Standing.UNIT_GONE
    assert standing(Binding(Role.DEPUTY_AFFAIRS, code, code), date(2025, 1, 1)) is Standing.IN_OFFICE


def test_who_sat_on_the_partys_standing_committee_is_told_for_any_day(registrar: Registrar) -> None:
    for holder, since in (("子一", date(2021, 9, 1)), ("丑一", date(2023, 2, 1))):
        taken = seat.SeatTaken(**PLACE, body=Body.PARTY_STANDING_COMMITTEE, holder=holder, post="市委常委")
        first = registrar.open(taken, since)
        if holder == "子一":
            registrar.take(first, seat.SeatLeft(reason=seat.LeaveReason.TRANSFERRED), date(2024, 7, 1))
    on = registrar.city.seats_on
    assert [s.holder for s in on(Body.PARTY_STANDING_COMMITTEE, date(2022, 1, 1))] == ["子一"]
    assert [s.holder for s in on(Body.PARTY_STANDING_COMMITTEE, date(2024, 6, 30))] == ["子一", "丑一"]
    assert [s.holder for s in on(Body.PARTY_STANDING_COMMITTEE, date(2024, 7, 1))] == ["丑一"]
    assert on(Body.STANDING_COMMITTEE, date(2024, 7, 1)) == []


def test_a_rulebook_counts_from_the_day_on_which_it_was_adopted(registrar: Registrar) -> None:
    case_id = registrar.docket.recorder.select_notifications(1, 1)[0].originator_id
    adopted = jurisdiction.RulebookAdopted(rulebook="cn-321100-zhenjiang-2022")
    registrar.take(str(case_id), adopted, date(2022, 7, 1))
    assert registrar.city.book_on(date(2022, 6, 30)).id == "cn-national"
    assert registrar.city.book_on(date(2022, 7, 1)).id == "cn-321100-zhenjiang-2022"
    assert registrar.city.on(date(2019, 1, 1)).rulebook.id == "cn-national"
    with pytest.raises(Refused, match="unknown-rulebook-named"):
        registrar.take(str(case_id), jurisdiction.RulebookAdopted(rulebook="cn-nowhere"), date(2023, 1, 1))


def test_a_moved_meeting_counts_its_materials_anew_and_keeps_the_old_date(registrar: Registrar) -> None:
    called = meeting.MeetingCalled(
        **PLACE,
        code="31",
        kind=meeting.MeetingKind.STANDING_COMMITTEE,
        title="第三十一次会议",
        starts_on=date(2026, 4, 28),
    )
    case_id = registrar.open(called, date(2026, 4, 1))
    registrar.take(case_id, meeting.MeetingMoved(starts_on=date(2026, 4, 30), reason="冲突"), date(2026, 4, 10))
    case = registrar.docket.case_file(case_id).case
    assert isinstance(case, meeting.Meeting)
    assert [(running.deadline.due_on, running.runs) for running in case.all_clocks] == [
        (date(2026, 4, 21), False),
        (date(2026, 4, 23), True),
    ]
    assert case.moved_from == (date(2026, 4, 28),)
    registrar.take(case_id, meeting.MaterialsDistributed(), date(2026, 4, 24))
    case = registrar.docket.case_file(case_id).case
    assert case is not None
    assert case.clocks[meeting.MATERIALS, None].late
    with pytest.raises(Refused, match="meeting-before-its-call"):
        registrar.take(case_id, meeting.MeetingMoved(starts_on=date(2026, 4, 1), reason="-"), date(2026, 4, 25))


def test_a_zone_has_no_congress_and_an_unknown_parent_no_child(registrar: Registrar) -> None:
    zone = CITY.model_copy(update={"jurisdiction": "cn-999902", "level": Level.ZONE, "parent": "cn-999901"})
    with pytest.raises(Refused, match="zone-has-no-congress"):
        registrar.open(zone)
    registrar.open(zone.model_copy(update={"congress": False}))
    assert registrar.registry.codes() == ["cn-999901", "cn-999902"]
    with pytest.raises(Refused, match="unknown-jurisdiction"):
        registrar.open(CITY.model_copy(update={"jurisdiction": "cn-999903", "parent": "cn-000000"}))
    for field, value, why in (
        ("time_zone", "Asia/Nowhere", "unknown-time-zone"),
        ("rulebook", "cn-nowhere", "unknown-rulebook-named"),
        ("calendar", "cn@1999-01-01", "unknown-calendar"),
    ):
        with pytest.raises(Refused, match=why):
            registrar.open(CITY.model_copy(update={"jurisdiction": "cn-999904", field: value}))


def test_a_jurisdiction_lies_below_one_of_a_tier_above_and_stays_there(registrar: Registrar) -> None:
    def place(code: str, level: Level, parent: str) -> jurisdiction.JurisdictionOpened:
        said = {"jurisdiction": code, "level": level, "parent": parent, "congress": level is not Level.ZONE}
        return CITY.model_copy(update=said)

    for level in (Level.NATION, Level.PROVINCE, Level.CITY):
        with pytest.raises(Refused, match="level-not-below"):
            registrar.open(place("cn-999909", level, "cn-999901"))
    county = registrar.open(place("cn-999902", Level.COUNTY, "cn-999901"))
    registrar.open(place("cn-999903", Level.ZONE, "cn-999901"), date(2024, 1, 1))
    for parent in ("cn-999902", "cn-999903"):
        registrar.open(place(f"{parent}001", Level.TOWN, parent))
    with pytest.raises(Refused, match="level-not-below"):
        registrar.open(place("cn-999909", Level.COUNTY, "cn-999903"))
    below = registrar.registry.below
    assert sorted(one.code for one in below("cn-999901")) == ["cn-999902", "cn-999903"]
    assert [one.code for one in below("cn-999901", as_of=start_of_day(date(2023, 1, 1), "Asia/Shanghai"))] == [
        "cn-999902"
    ]
    assert [one.code for one in below("cn-999902")] == ["cn-999902001"]
    moved = Corrected(corrects=1, changes={"parent": "cn-999903"}, reason="-", approved_by="-")
    with pytest.raises(Refused, match="cannot-correct-field"):
        registrar.take(county, moved, START)


def test_what_has_ended_says_since_when(registrar: Registrar) -> None:
    ended = date(2025, 2, 1)
    for opening, ending in (
        (PARKS, unit.UnitClosed()),
        (group.GroupFormed(**PLACE, code="g", zh_name="组", en_name="G"), group.GroupDissolved()),
        (DEPUTY, deputy.QualificationEnded(reason=deputy.EndReason.MOVED_AWAY)),
        (
            seat.SeatTaken(**PLACE, body=Body.STANDING_COMMITTEE, holder="甲一", post="委员"),
            seat.SeatLeft(reason=seat.LeaveReason.RETIRED),
        ),
    ):
        case_id = registrar.open(opening)
        registrar.take(case_id, ending, ended)
        now = {entry.id: entry.ended_on for entry in registrar.registry.entries("cn-999901")}
        then = registrar.registry.entries("cn-999901", as_of=start_of_day(date(2025, 1, 31), "Asia/Shanghai"))
        assert (now[case_id], {entry.id: entry.ended_on for entry in then}[case_id]) == (ended, None)


def test_a_jurisdiction_cannot_be_voided_away_from_under_its_cases(registrar: Registrar) -> None:
    case_id = str(registrar.docket.recorder.select_notifications(1, 1)[0].originator_id)
    with pytest.raises(Refused, match="opening-stands"):
        registrar.take(case_id, Voided(voids=1, reason="-", approved_by="-"), START)
    registrar.take(case_id, jurisdiction.JurisdictionDissolved(reason="区划调整"), date(2026, 1, 1))
    assert registrar.city.zh == "云山市"


def test_a_session_belongs_to_a_term_and_a_new_term_ends_the_one_before(registrar: Registrar) -> None:
    case_id = str(registrar.docket.recorder.select_notifications(1, 1)[0].originator_id)
    for term, day in ((9, date(2022, 1, 8)), (10, date(2026, 1, 8))):
        registrar.take(case_id, jurisdiction.TermOpened(term=term), day)
    session = jurisdiction.SessionConvened(term=9, number=1, name="九届一次", days=4)
    registrar.take(case_id, session, date(2022, 1, 8), late=True)
    case = registrar.docket.case_file(case_id).case
    assert isinstance(case, jurisdiction.Region)
    assert [(term.key, str(term.stage)) for term in case.terms.values()] == [("9", "over"), ("10", "running")]
    assert case.terms["9"].sessions[0].closes_on == date(2022, 1, 11)
    for again, why in ((session, "session-convened-already"), (jurisdiction.TermOpened(term=9), "term-opened-already")):
        with pytest.raises(Refused, match=why):
            registrar.take(case_id, again, date(2026, 2, 1))


def test_another_process_sees_what_was_entered_after_half_a_second(registrar: Registrar) -> None:
    now = [100.0]
    other = LedgerRegistry(registrar.ledger, lambda: now[0])
    assert names(other.jurisdiction("cn-999901"), START) == []
    registrar.open(PARKS)
    assert names(other.jurisdiction("cn-999901"), START) == []
    now[0] += 0.5
    assert names(other.jurisdiction("cn-999901"), START) == ["园林局"]


def test_a_jurisdiction_that_is_not_known_is_asked_for_at_once(registrar: Registrar) -> None:
    other = LedgerRegistry(MemoryLedger(), lambda: 100.0)
    with pytest.raises(Refused, match="unknown-jurisdiction"):
        other.jurisdiction("cn-999901")
    seen = LedgerRegistry(registrar.ledger, lambda: 100.0)
    seen.jurisdiction("cn-999901")
    registrar.open(CITY.model_copy(update={"jurisdiction": "cn-999905"}))
    assert seen.jurisdiction("cn-999905").zh == "云山市"


def test_only_those_who_keep_the_registry_change_it(registrar: Registrar) -> None:
    with pytest.raises(Refused, match="role-may-not"):
        registrar.docket.open(PARKS, act(START, Role.HANDLING_UNIT))


KINDS: dict[type[RegistryCase], list[Step]] = {
    case_type: [SAMPLES[step.declared.wire] for step in steps_of(case_type) if step.declared.case_type]
    for case_type in (
        jurisdiction.Region,
        unit.Organ,
        deputy.Mandate,
        group.DeputyGroup,
        seat.Incumbency,
        meeting.Meeting,
    )
}


@given(st.sampled_from(list(KINDS)), st.data())
def test_any_steps_of_the_registry_in_any_order_make_a_case_and_entries_that_do_not_overlap(
    kind: type[RegistryCase], data: st.DataObject
) -> None:
    registrar = Registrar()
    registrar.open(CITY)
    opening, *steps = KINDS[kind]
    assert isinstance(opening, Opening)
    changes = {"jurisdiction": "cn-999901", "parent": None, "group": None, "deputy": None, "level": Level.CITY}
    fields = {name: value for name, value in changes.items() if name in type(opening).model_fields}
    if kind is jurisdiction.Region:
        fields |= {"jurisdiction": "cn-999906"}
    case_id = registrar.open(opening.model_copy(update=fields), date(2021, 1, 1))
    for step in data.draw(st.lists(st.sampled_from(steps), max_size=8)):
        day = date(2021, data.draw(st.integers(1, 12)), 1)
        try:
            registrar.take(case_id, step, day, late=data.draw(st.booleans()))
        except Refused:
            continue
        if data.draw(st.integers(0, 5)) == 0:
            last = registrar.docket.case_file(case_id).version
            registrar.take(case_id, Voided(voids=last, reason="-", approved_by="-"), day)
    case_file = registrar.docket.case_file(case_id)
    assert case_id.startswith(PREFIX)
    assert case_file.case == fold.case_at(case_file.history, known=registrar.ledger.head())
    known = assemble(str(fields["jurisdiction"]), registrar.registry._case_files.values()) or registrar.city
    for entries in (known.units, known.deputies, known.groups, known.seats):
        for earlier, later in pairwise(entries):
            assert earlier.until is not None
            assert earlier.since <= earlier.until < later.since


class Sitting:
    """A meeting of the sample city's standing committee."""

    def __init__(self) -> None:
        self.desk = Desk()
        opening = meeting.MeetingCalled(
            jurisdiction="cn-999900",
            code="cwh-31",
            kind=meeting.MeetingKind.STANDING_COMMITTEE,
            title="第三十一次会议",
            starts_on=date(2026, 4, 28),
        )
        self.desk.open(opening, date(2026, 4, 1))

    def take(self, step: Step, on: date = date(2026, 4, 28)) -> Sitting:
        self.desk.take(step, on, Role.GENERAL_OFFICE)
        return self

    @property
    def case(self) -> meeting.Meeting:
        case = self.desk.live
        assert isinstance(case, meeting.Meeting)
        return case


MEMBERS = tuple(
    one.holder
    for one in shipped_registry().jurisdiction("cn-999900").seats_on(Body.STANDING_COMMITTEE, date(2026, 4, 28))
)


def test_a_meeting_has_an_agenda_members_who_came_deputies_who_sat_in_and_speakers() -> None:
    reports = meeting.ItemForAgenda(item="1", title="听取公共交通专项工作报告")
    votes = meeting.ItemForAgenda(item="2", title="审议人事任免案")
    sitting = Sitting().take(meeting.AgendaSet(items=(reports, votes)), date(2026, 4, 20)).take(meeting.MeetingHeld())
    sitting.take(meeting.AttendanceRecorded(present=MEMBERS[:25], on_leave=MEMBERS[25:]))
    sitting.take(meeting.DeputiesSatIn(sitting_in=("d-001", "d-002")))
    sitting.take(meeting.MemberSpoke(speaker=MEMBERS[0], speech=meeting.Speech.KEY, item="1"))
    sitting.take(meeting.AgendaItemDealtWith(item="1"))
    sitting.take(meeting.AgendaItemTakenOff(item="2", reason="材料不齐"))
    sitting.take(meeting.MinutesIssued(minutes_number="云人常〔2026〕4号"), date(2026, 5, 6))
    case = sitting.case
    assert [item.stage for item in case.agenda.values()] == [
        meeting.AgendaItem.Stage.DEALT_WITH,
        meeting.AgendaItem.Stage.TAKEN_OFF,
    ]
    assert (len(case.present), case.sitting_in) == (25, ("d-001", "d-002"))
    assert case.spoken == [meeting.Spoken(MEMBERS[0], meeting.Speech.KEY, "1")]
    assert sitting.desk.found == []


def test_who_was_no_member_on_that_day_and_a_meeting_without_a_quorum_are_recorded_and_found() -> None:
    sitting = Sitting().take(meeting.MeetingHeld())
    sitting.take(meeting.AttendanceRecorded(present=(*MEMBERS[:14], "某人")))
    assert [message for message, _ in sitting.desk.found] == ["not-a-member-that-day", "no-quorum"]


@pytest.mark.parametrize(
    ("step", "message_id"),
    [
        (meeting.AttendanceRecorded(present=("甲三",), absent=("甲三",)), "named-twice"),
        (meeting.DeputiesSatIn(sitting_in=("nobody",)), "unknown-deputy"),
        (meeting.MemberSpoke(speaker="甲三", speech=meeting.Speech.FREE, item="9"), "no-such-item"),
        (meeting.AgendaItemDealtWith(item="9"), "unknown-part"),
    ],
)
def test_what_cannot_have_been_at_a_meeting_is_refused(step: Step, message_id: str) -> None:
    sitting = Sitting().take(meeting.MeetingHeld())
    with pytest.raises(Refused) as refused:
        sitting.take(step)
    assert refused.value.message_id == message_id


def test_a_term_lasts_five_years_or_until_the_next_one() -> None:
    terms = shipped_registry().jurisdiction("cn-999900").terms
    assert terms
    assert all(term.since < term.ends_on for term in terms)
    last = terms[-1]
    assert last.until is None
    assert last.ends_on == add_months(last.since, 60) - timedelta(days=1)
