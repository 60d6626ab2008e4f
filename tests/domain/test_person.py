"""Persons: what is theirs is stored under keys alone, read by few, and erased for every moment at once."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.keys import KeyStore
from domain import fold, person, policy
from domain.case import Corrected, CorrectionRequested, Recorded, Role, Step, Voided
from domain.casefile import CaseFile
from domain.cases.suggestion import HandedOver
from domain.docket import ClearPersonalDataError, Docket, LedgerMapper
from domain.person import (
    LegalGround,
    PersonAdded,
    PersonalDataDisclosed,
    PersonalDataErased,
    PersonalDataReleased,
    PersonalDataRestricted,
    PersonalMeasureDeclined,
    PersonalMeasureProposed,
    readable,
)
from domain.personal import Capacity, Kept, Measure, Person, Personal, Place, Purpose
from domain.principal import Principal
from domain.refusal import Refused
from tests.domain.support import DEPUTY, LEAD, Desk
from tests.registry import shipped_registry

ON = date(2026, 3, 10)
NAME, PHONE = "标记甲某某", "139-0000-4711"
OFFICE = Principal("u-17", Role.DEPUTY_AFFAIRS, "rd", "cn-999900")
UNIT = Principal("jtj-1", Role.HANDLING_UNIT, LEAD, "cn-999900")


class Office(Desk):
    """A desk with a store of keys, which does what the ledger says."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.keys = KeyStore(folder, bytes(range(32)), "main", lambda: self.now)
        self.keys.follows(self.ledger, lambda _: None)
        self.docket = Docket(self.ledger, shipped_registry(), lambda: self.now, keys=self.keys)

    def does(self, step: Step, actor: str = "u-17", role: Role = Role.DEPUTY_AFFAIRS, **more: Any) -> None:
        """Somebody of the office takes a step."""
        self.take(step, ON, role, actor=actor, **more)

    def erases(self, measure: Measure = Measure.ERASE, purposes: tuple[Purpose, ...] = tuple(Purpose)) -> None:
        """One of the office proposes a measure, another takes it."""
        key = str(len(self.case.measures) + 1)
        ground = LegalGround.CONSENT_WITHDRAWN
        self.does(
            PersonalMeasureProposed(
                measure_key=key, person="p1", measure=measure, purposes=purposes, ground=ground, reason="本人要求"
            )
        )
        self.does(person.TAKEN_BY[measure](measure_key=key), actor="u-18")

    @property
    def file(self) -> CaseFile:
        return self.docket.case_file(self.case_id)

    @property
    def case(self) -> Any:
        case = self.file.case
        assert case is not None
        return case

    @property
    def stored(self) -> bytes:
        """Every byte that the ledger has."""
        return b"\n".join(event.state for event in self.ledger.tail(0, 10_000))

    def told(self) -> CaseFile:
        """The case file as it is shown."""
        return policy.as_shown(self.file, policy.scope(OFFICE), self.now, self.keys)

    def opened(self, name: str, version: int = 3) -> str:
        """What a field of a step says in clear."""
        step = fold.standing(self.file.history)[version].step
        place = Place(self.case_id, "p1", person.purpose_of(step, name), name)
        return self.keys.open(place, getattr(step, name))


def added(**more: Any) -> PersonAdded:
    """A citizen of whom the deputy heard."""
    said = {"person": "p1", "capacity": Capacity.PETITIONER, "name": NAME, "phone": PHONE}
    return PersonAdded.model_validate(said | more)


@pytest.fixture
def office(tmp_path: Path) -> Office:
    office = Office(tmp_path / "keys")
    office.open()
    office.take(HandedOver(lead_unit=LEAD), date(2026, 3, 9))
    office.does(added())
    return office


# Stored


def test_the_ledger_has_nothing_of_a_person_in_clear(office: Office) -> None:
    assert NAME.encode() not in office.stored
    assert PHONE.encode() not in office.stored
    assert office.opened("name") == NAME
    assert office.opened("phone") == PHONE


def test_what_is_kept_for_another_purpose_has_another_key(office: Office) -> None:
    step = office.file.history[2].step
    assert isinstance(step, PersonAdded)
    assert step.phone is not None
    assert step.name.key != step.phone.key


def test_a_correction_of_a_persons_data_is_sealed_too(office: Office) -> None:
    office.does(Corrected(corrects=3, changes={"phone": "138-标记-0815"}, reason="号码变更", approved_by="主任"))
    assert "0815" not in office.stored.decode()
    assert office.opened("phone") == "138-标记-0815"
    assert office.opened("name") == NAME


def test_a_correction_that_is_asked_for_is_approved_as_it_was_asked(office: Office) -> None:
    office.does(
        CorrectionRequested(corrects=3, changes={"phone": "138-0815"}, reason="号码变更"),
        actor=DEPUTY,
        role=Role.DEPUTY,
    )
    asked = office.told().history[3].step
    assert isinstance(asked, CorrectionRequested)
    assert asked.changes == {"phone": {"kept": "held"}}
    office.does(Corrected(corrects=3, changes=asked.changes, reason="号码变更", request=4), actor="u-18")
    assert office.opened("phone") == "138-0815"


def test_only_who_asked_says_what_is_told_of_a_person(office: Office) -> None:
    for changes in ({"phone": {"kept": "held"}}, {"phone": {"key": "k", "sealed": "AAAA"}}):
        with pytest.raises(Refused, match="personal-data-not-given"):
            office.does(Corrected(corrects=3, changes=changes, reason="—", approved_by="主任"))
    for name in ({"kept": "held"}, {"key": "k", "sealed": "AAAA"}):
        with pytest.raises(Refused, match="personal-data-not-given"):
            office.does(added(person="p2", name=name))


def test_a_seal_is_worth_nothing_in_another_place(office: Office) -> None:
    step = office.file.history[2].step
    assert isinstance(step, PersonAdded)
    for place in (
        Place(office.case_id, "p1", Purpose.IDENTITY, "id_number"),
        Place(office.case_id, "p2", Purpose.IDENTITY, "name"),
        Place("another", "p1", Purpose.IDENTITY, "name"),
    ):
        with pytest.raises(Refused, match="personal-data-lost"):
            office.keys.open(place, step.name)


def test_nothing_of_a_person_is_recorded_without_a_store_of_keys(office: Office) -> None:
    office.docket = Docket(office.ledger, shipped_registry(), lambda: office.now)
    with pytest.raises(Refused, match="personal-data-not-kept"):
        office.does(added(person="p2"))


def test_the_ledgers_mapper_never_writes_a_clear_value(office: Office) -> None:
    record = office.file.history[2]
    for step in (
        added(),
        Corrected(corrects=3, of=PersonAdded.declared.wire, changes={"phone": PHONE}, reason="—"),
        Corrected(corrects=3, of=PersonAdded.declared.wire, changes={"phone": {"kept": "held"}}, reason="—"),
    ):
        with pytest.raises(ClearPersonalDataError):
            LedgerMapper().to_stored_event(record._replace(step=step))


def test_no_representation_tells_a_clear_value() -> None:
    step = added()
    assert NAME not in repr(step)
    assert NAME not in str(step)
    assert PHONE not in repr(step.phone)


# Shown


def test_a_case_tells_of_a_person_how_the_data_are_kept(office: Office) -> None:
    step = office.told().history[2].step
    assert json.loads(step.model_dump_json(exclude_none=True)) == {
        "person": "p1",
        "capacity": "petitioner",
        "name": {"kept": "held"},
        "phone": {"kept": "held"},
    }
    assert office.told().case == office.case


def test_who_may_read_a_persons_data(office: Office) -> None:
    case, purposes, now = office.case, [Purpose.CONTACT], office.now
    deputy = Principal(DEPUTY, Role.DEPUTY, "rd", "cn-999900")
    assert readable(case, "p1", purposes, OFFICE, now).capacity is Capacity.PETITIONER
    for reader in (
        UNIT,
        deputy,
        Principal("sj-1", Role.AUDITOR, "rd", "cn-999900"),
        Principal("zr-1", Role.CHAIRMEN_MEETING, "rd", "cn-999900"),
        Principal("u-17", Role.HANDLING_UNIT, "czj", "cn-999900"),
    ):
        with pytest.raises(Refused, match="personal-data-not-for-you"):
            readable(case, "p1", purposes, reader, now)
    with pytest.raises(Refused, match="unknown-part"):
        readable(case, "p9", purposes, OFFICE, now)


def test_who_added_a_person_may_read_what_he_said(office: Office) -> None:
    office.does(added(person="p2"), actor=DEPUTY, role=Role.DEPUTY)
    deputy = Principal(DEPUTY, Role.DEPUTY, "rd", "cn-999900")
    assert readable(office.case, "p2", list(Purpose), deputy, office.now).key == "p2"


def test_a_unit_reads_what_is_disclosed_to_it_until_the_day(office: Office) -> None:
    office.does(
        PersonalDataDisclosed(
            person="p1", to_unit=LEAD, purposes=(Purpose.CONTACT,), until=date(2026, 4, 30), reason="须回访"
        )
    )
    last = datetime(2026, 4, 30, 15, 59, tzinfo=UTC)
    assert readable(office.case, "p1", [Purpose.CONTACT], UNIT, last).key == "p1"
    for purposes, when in (
        ([Purpose.CONTACT], datetime(2026, 4, 30, 16, 0, tzinfo=UTC)),
        ([Purpose.IDENTITY], datetime(2026, 4, 1, tzinfo=UTC)),
        ([Purpose.CONTACT, Purpose.IDENTITY], datetime(2026, 4, 1, tzinfo=UTC)),
    ):
        with pytest.raises(Refused, match="personal-data-not-for-you"):
            readable(office.case, "p1", purposes, UNIT, when)
    office.does(Voided(voids=4, reason="不再需要", approved_by="主任"))
    with pytest.raises(Refused, match="personal-data-not-for-you"):
        readable(office.case, "p1", [Purpose.CONTACT], UNIT, datetime(2026, 4, 1, tzinfo=UTC))


@pytest.mark.parametrize(
    ("unit", "until", "why"),
    [("czj", "2026-04-30", "no-part-in-case"), (LEAD, "2026-03-09", "disclosure-over"), ("—", "2026-04-30", "unit")],
)
def test_a_disclosure_that_serves_nothing_is_refused(office: Office, unit: str, until: str, why: str) -> None:
    said = {"person": "p1", "to_unit": unit, "purposes": ["contact"], "until": until, "reason": "须回访"}
    with pytest.raises(Refused, match=why):
        office.does(PersonalDataDisclosed.model_validate(said))


# Measures


def test_erased_data_are_read_nowhere_any_more_and_told_as_erased_at_every_moment(office: Office) -> None:
    office.does(Corrected(corrects=3, changes={"phone": "138-0815"}, reason="号码变更", approved_by="主任"))
    before = office.file.version
    office.erases()
    assert office.case.persons["p1"].stage is Person.Stage.ERASED
    for version in (3, 4):
        record = office.told().history[version - 1]
        assert {value.kept for _, value in person.values_of(record.step)} == {Kept.ERASED}
    then = CaseFile(office.case_id)
    for record in office.file.history[:before]:
        then.take(record)
    assert then.case is not None
    assert then.case.persons["p1"].stage is Person.Stage.HELD
    for _, value in person.values_of(person.as_told(then, office.keys).history[2].step):
        assert value.kept is Kept.ERASED
    with pytest.raises(Refused, match="personal-data-erased"):
        office.opened("name")


def test_erasing_changes_no_stored_byte(office: Office) -> None:
    stored = office.stored
    office.erases()
    assert office.stored.startswith(stored)


def test_restricted_data_are_not_read_until_they_are_released(office: Office) -> None:
    office.erases(Measure.RESTRICT)
    assert office.case.persons["p1"].stage is Person.Stage.RESTRICTED
    with pytest.raises(Refused, match="personal-data-restricted"):
        office.opened("name")
    with pytest.raises(Refused, match="personal-data-closed"):
        office.does(Corrected(corrects=3, changes={"phone": "138-0815"}, reason="—", approved_by="主任"))
    office.erases(Measure.RELEASE)
    assert office.opened("name") == NAME


def test_the_data_of_one_purpose_are_erased_and_the_others_kept(office: Office) -> None:
    office.erases(purposes=(Purpose.CONTACT,))
    assert office.opened("name") == NAME
    with pytest.raises(Refused, match="personal-data-erased"):
        office.opened("phone")
    assert office.case.persons["p1"].stage is Person.Stage.HELD


def test_nothing_more_is_recorded_of_a_person_whose_data_were_erased(office: Office) -> None:
    office.erases()
    with pytest.raises(Refused, match="personal-data-closed"):
        office.does(Corrected(corrects=3, changes={"statement": "—"}, reason="—", approved_by="主任"))
    with pytest.raises(Refused, match="person-exists"):
        office.does(added())


def test_two_of_the_office_decide(office: Office) -> None:
    ground = LegalGround.PURPOSE_ACHIEVED
    proposal = PersonalMeasureProposed(
        measure_key="1", person="p1", measure=Measure.ERASE, ground=ground, reason="已办结"
    )
    office.does(proposal)
    assert [awaited.step for awaited in person.awaited_measures(office.case)] == [PersonalDataErased.declared.wire]
    with pytest.raises(Refused, match="approves-own-proposal"):
        office.does(PersonalDataErased(measure_key="1"))
    with pytest.raises(Refused, match="another-measure-proposed"):
        office.does(PersonalDataRestricted(measure_key="1"), actor="u-18")
    with pytest.raises(Refused, match="role-may-not"):
        office.does(PersonalDataErased(measure_key="1"), actor="jtj-1", role=Role.HANDLING_UNIT)
    with pytest.raises(Refused, match="measure-exists"):
        office.does(proposal)
    office.does(PersonalMeasureDeclined(measure_key="1", reason="尚在保存期限内"), actor="u-18")
    with pytest.raises(Refused, match="part-step-not-open"):
        office.does(PersonalDataErased(measure_key="1"), actor="u-18")
    assert list(person.awaited_measures(office.case)) == []
    assert office.opened("name") == NAME


def test_a_measure_is_taken_as_it_was_proposed(office: Office) -> None:
    office.does(
        PersonalMeasureProposed(
            measure_key="1",
            person="p1",
            measure=Measure.ERASE,
            purposes=(Purpose.CONTACT,),
            ground=LegalGround.PURPOSE_ACHIEVED,
            reason="已回访",
        )
    )
    office.does(PersonalDataErased(measure_key="1", person="p9", purposes=tuple(Purpose)), actor="u-18")
    step = office.file.history[-1].step
    assert isinstance(step, PersonalDataErased)
    assert (step.person, step.purposes) == ("p1", (Purpose.CONTACT,))


@pytest.mark.parametrize("version", [3, 4, 5])
def test_what_was_erased_is_never_undone_by_a_void(office: Office, version: int) -> None:
    office.erases()
    with pytest.raises(Refused, match="step-stands"):
        office.does(Voided(voids=version, reason="—", approved_by="主任"))


_PURPOSES = st.lists(st.sampled_from(Purpose), min_size=1, unique=True).map(tuple)


@given(st.lists(st.tuples(st.sampled_from(Measure), _PURPOSES), max_size=6))
@settings(max_examples=40, deadline=None)
def test_what_the_case_says_of_the_data_is_how_the_keys_are(
    tmp_path_factory: pytest.TempPathFactory, measures: list[tuple[Measure, tuple[Purpose, ...]]]
) -> None:
    office = Office(tmp_path_factory.mktemp("keys"))
    office.open()
    office.take(HandedOver(lead_unit=LEAD), date(2026, 3, 9))
    office.does(added(address="某路 1 号", statement="住在某路"))
    for measure, purposes in measures:
        if office.case.persons["p1"].stage is not Person.Stage.ERASED:
            office.erases(measure, purposes)
    citizen = office.case.persons["p1"]
    step = office.told().history[2].step
    for name, value in person.values_of(step):
        purpose = person.purpose_of(step, name)
        expected = (
            Kept.ERASED
            if purpose in citizen.erased
            else Kept.RESTRICTED
            if purpose in citizen.restricted
            else Kept.HELD
        )
        assert value.kept is expected


def test_releasing_gives_nothing_back_that_was_erased(office: Office) -> None:
    office.erases(purposes=(Purpose.CONTACT,))
    office.erases(Measure.RELEASE)
    with pytest.raises(Refused, match="personal-data-erased"):
        office.opened("phone")


def test_a_value_is_told_as_its_key_is(office: Office) -> None:
    record: Recorded = office.file.history[2]
    assert isinstance(record.step, PersonAdded)
    assert office.keys.kept([record.step.name.key or "", "unknown"]) == {
        record.step.name.key: Kept.HELD,
        "unknown": Kept.LOST,
    }
    assert isinstance(record.step.name, Personal)
    assert PersonalDataReleased.declared.stands
