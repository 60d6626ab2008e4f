"""Jurisdictions as files describe them: entered once, lengthened later, those above them first."""

import re
from datetime import date
from pathlib import Path

import pytest

from adapters.exchange.jurisdictions import enter, enter_file
from adapters.memory import MemoryLedger
from adapters.registry import LedgerRegistry
from domain.cases.registry.jurisdiction import Region
from domain.cases.registry.meeting import Meeting
from domain.docket import Docket
from domain.office import Body
from domain.refusal import Refused

ROOT = Path(__file__).parents[2]
SHORT = """
code = "cn-999901"
zh_name = "云山市"
en_name = "Yunshan"
level = "city"
time_zone = "Asia/Shanghai"
rulebook = "cn-national"
since = 1990-01-01
"""
TERM = "terms = [{ number = 9, since = 2022-01-10, sessions = [%s] }]"
FOURTH = '{ number = 4, name = "九届四次", since = 2025-01-07, days = 4 }'
FIFTH = '{ number = 5, name = "九届五次", since = 2026-01-13 }'


@pytest.fixture
def ledger() -> MemoryLedger:
    return MemoryLedger()


@pytest.fixture
def docket(ledger: MemoryLedger) -> Docket:
    return Docket(ledger, LedgerRegistry(ledger))


def entered(docket: Docket, text: str) -> int:
    return enter_file(docket, text.encode(), actor="test")


def test_the_file_that_the_documents_show_can_be_entered(docket: Docket, ledger: MemoryLedger) -> None:
    found = re.search(r"```toml\n(.*?)```", (ROOT / "docs" / "registry.md").read_text("utf-8"), re.DOTALL)
    assert found is not None
    entered(docket, found.group(1))
    place = docket.registry.jurisdiction("cn-999901")
    assert [unit.code for unit in place.units_on(date(2026, 1, 1))] == ["ylj", "cgj"]
    assert [seat.holder for seat in place.seats_on(Body.STANDING_COMMITTEE, date(2026, 1, 1))] == ["甲一"]
    assert place.deputies[0].term == 9
    cases = [docket.case_file(str(event.originator_id)).case for event in ledger.registry_events(0)]
    meeting = next(case for case in cases if isinstance(case, Meeting))
    assert (meeting.starts_on, meeting.held_on, meeting.stage) == (date(2026, 10, 29), date(2026, 10, 29), "held")


def test_a_longer_file_adds_what_is_new_and_the_same_file_nothing(docket: Docket, ledger: MemoryLedger) -> None:
    assert entered(docket, SHORT) == 1
    assert entered(docket, SHORT + TERM % FOURTH) == 2
    assert entered(docket, SHORT + TERM % f"{FOURTH}, {FIFTH}") == 1
    assert entered(docket, SHORT + TERM % f"{FOURTH}, {FIFTH}") == 0
    region = docket.case_file(str(ledger.registry_events(0)[0].originator_id)).case
    assert isinstance(region, Region)
    assert [session.name for session in region.terms["9"].sessions] == ["九届四次", "九届五次"]


def test_what_stands_above_a_county_is_entered_before_it(docket: Docket) -> None:
    enter(docket, "cn-999921", actor="test")
    assert docket.registry.codes() == ["cn-999900", "cn-999921"]
    assert docket.registry.jurisdiction("cn-999921").parent == "cn-999900"


@pytest.mark.parametrize(
    ("more", "message_id"),
    [
        ('parent = "nowhere"', "unknown-jurisdiction"),
        ("congress = false\nterms = [{ number = 1, since = 2022-01-10 }]", "zone-has-no-congress"),
        ('seats = [{ body = "choir", holder = "甲一", post = "委员" }]', "value-not-allowed"),
        ('seats = [{ body = "standing_committee", holder = "甲一", deputy = "d-1", post = "委员" }]', "unknown-deputy"),
        ('meetings = [{ code = "m", kind = "other", title = "会", since = 2026-02-01, starts_on = 2026-01-01 }]',
         "meeting-before-its-call"),
        ("terms = 9", "value-not-allowed"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_with_its_reason(docket: Docket, more: str, message_id: str) -> None:
    with pytest.raises(Refused) as refused:
        entered(docket, SHORT + more)
    assert refused.value.message_id == message_id
