"""The registry that tests check cases against: every jurisdiction that ships as a file."""

from functools import cache

from adapters.exchange.jurisdictions import enter, entered_in_memory, shipped
from adapters.memory import MemoryLedger
from adapters.postgres.ledger import PostgresLedger
from adapters.registry import LedgerRegistry
from domain.casefile import CaseFile
from domain.docket import Docket
from domain.registry import jurisdiction_of


@cache
def shipped_registry() -> LedgerRegistry:
    """The same for all tests of a process, in no database."""
    return entered_in_memory()


@cache
def shipped_files(code: str) -> list[CaseFile]:
    """The case files of what is entered in a jurisdiction."""
    ledger = MemoryLedger()
    docket = Docket(ledger, LedgerRegistry(ledger))
    enter(docket, code, actor="test")
    ids = dict.fromkeys(str(event.originator_id) for event in ledger.registry_events(0))
    files = map(docket.case_file, ids)
    return [file for file in files if jurisdiction_of(file) == code]


def steps_entered() -> int:
    """How many steps that is: what a test records comes after them."""
    ledger = MemoryLedger()
    registry = LedgerRegistry(ledger)
    for code in shipped():
        enter(Docket(ledger, registry), code, actor="test")
    return ledger.head()


def entered_into(ledger: PostgresLedger) -> None:
    """Enter them into a ledger on PostgreSQL."""
    docket = Docket(ledger, LedgerRegistry(ledger))
    for code in shipped():
        enter(docket, code, actor="test")
