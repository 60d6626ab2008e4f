"""A commit whose reply is lost: whoever asks again gets the answer that he missed, and nothing is stored twice."""

from __future__ import annotations

import os

import pytest

from adapters.postgres.pool import LedgerUnavailableError
from domain.cases.suggestion import HandedOver
from domain.docket import Docket
from tests.faults.proxy import Proxy
from tests.faults.support import act, command, ledger_on, note, opening, request
from tests.registry import shipped_registry

pytestmark = [pytest.mark.database, pytest.mark.faults]

ROUNDS = int(os.environ.get("DUBAN_CUTS", "50"))


def test_the_retry_of_the_ledger_gets_the_original_answer(database: str) -> None:
    with Proxy(database) as proxy, ledger_on(proxy.conninfo) as ledger:
        for version in range(ROUNDS):
            proxy.cut()
            result = ledger.append([command("case", version, note(str(version)), request=request(f"r{version}"))])[0]
            assert (result.code, result.position, result.version) == ("seen", version + 1, version + 1)
        assert proxy.done == ROUNDS
        assert ledger.head() == ROUNDS
        assert [e.originator_version for e in ledger.select_events("case")] == list(range(1, ROUNDS + 1))


def test_a_receipt_behind_a_lost_reply_is_that_of_the_step(database: str) -> None:
    with Proxy(database) as proxy, ledger_on(proxy.conninfo) as ledger:
        docket = Docket(ledger, shipped_registry())
        proxy.cut()
        receipt = docket.open(opening(number="2026-001"), act())
        assert (receipt.version, receipt.position) == (1, 1)
        assert docket.case_file(receipt.case_id).version == 1


def test_when_every_reply_is_lost_the_caller_hears_so_and_may_ask_again(database: str) -> None:
    with Proxy(database) as proxy, ledger_on(proxy.conninfo) as ledger, ledger_on(database) as near:
        docket = Docket(ledger, shipped_registry())
        meanwhile = Docket(near, shipped_registry())
        for i in range(ROUNDS):
            asked = request(f"open-{i}")
            proxy.cut(2)
            with pytest.raises(LedgerUnavailableError) as told:
                docket.open(opening(number=f"2026-{i:03}"), act(), case_id=f"case-{i}", request=asked)
            assert told.value.message_id == "database-unavailable"
            stored = near.select_events(f"case-{i}")
            assert [e.originator_version for e in stored] == [1]
            changed = meanwhile.record(f"case-{i}", HandedOver(lead_unit="jtj"), act())
            receipt = docket.open(opening(number=f"2026-{i:03}"), act(), request=asked)
            assert receipt.repeated
            assert (receipt.case_id, receipt.version) == (f"case-{i}", 1)
            assert receipt.position == changed.position - 1
        assert proxy.done == 2 * ROUNDS
        assert near.head() == 2 * ROUNDS
