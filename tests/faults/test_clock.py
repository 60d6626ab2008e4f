"""A machine whose clock is wrong: the ledger keeps its order, deadlines stay, and no session lives longer."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from psycopg.conninfo import make_conninfo

from adapters.identity.sessions import LONGEST_HOURS, Sessions
from adapters.registry import LedgerRegistry
from adapters.settings import Settings
from adapters.wiring import GuardError, build
from domain.account import CONSOLE, Asked
from domain.case import Role
from domain.cases.suggestion import HandedOver
from domain.docket import Docket
from domain.moment import day_of
from domain.refusal import Refused
from tests.domain.support import ZONE
from tests.faults.support import act, connect, ledger_on, opening
from tests.faults.visitor import accounts_of
from tests.registry import shipped_registry

pytestmark = [pytest.mark.database, pytest.mark.faults]

ROOT = Path(__file__).parents[2]
DAY = timedelta(days=1)
PASSWORD = "correct horse battery"  # noqa: S105 - of the test's account
FAKETIME = next(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"), None)
ROUNDS = 200 if "DUBAN_KILLS" in os.environ else 20

needs_faketime = pytest.mark.skipif(FAKETIME is None, reason="libfaketime is not installed (Debian: faketime)")


def stepping() -> datetime:
    """A clock that jumps with each look at it."""
    return datetime.now(UTC) + random.SystemRandom().uniform(-1, 1) * DAY


def test_services_whose_clocks_are_wrong_record_in_the_order_and_at_the_times_of_the_database(database: str) -> None:
    wrong = (lambda: datetime.now(UTC) - DAY, lambda: datetime.now(UTC) + DAY, stepping)
    with ledger_on(database) as ledger, connect(database) as owner:
        began = owner.execute("SELECT clock_timestamp()").fetchone()
        right = Docket(ledger, shipped_registry())
        due = right.record(right.open(opening(), act()).case_id, HandedOver(lead_unit="jtj"), act()).case_id
        deadlines = right.case_file(due).history[-1].deadlines
        for _ in range(ROUNDS):
            for docket in (Docket(ledger, shipped_registry(), now) for now in wrong):
                case_id = docket.open(opening(), act()).case_id
                docket.record(case_id, HandedOver(lead_unit="jtj"), act())
                assert docket.case_file(case_id).history[-1].deadlines == deadlines
        ended = owner.execute("SELECT clock_timestamp()").fetchone()
        times = [event.recorded_at for event in ledger.tail(0, 10_000)]
    assert began is not None
    assert ended is not None
    assert len(times) == 2 + 6 * ROUNDS
    assert deadlines
    assert all(earlier < later for earlier, later in pairwise([*began, *times, *ended]))


def test_a_service_that_is_a_day_behind_refuses_what_happened_today(database: str) -> None:
    with ledger_on(database) as ledger:
        behind = Docket(ledger, shipped_registry(), lambda: datetime.now(UTC) - DAY)
        with pytest.raises(Refused, match="date-in-the-future"):
            behind.open(opening(), act(on=day_of(datetime.now(UTC), ZONE)))
        assert ledger.head() == 0


@pytest.mark.parametrize("wrong_by", ["-1 day", "1 day", "20 minutes"])
def test_a_service_whose_clock_is_not_that_of_the_database_does_not_start(
    wrong_by: str, entered: str, tmp_path: Path
) -> None:
    with connect(entered) as owner:
        owner.execute("CREATE SCHEMA wrong")
        owner.execute(
            "CREATE FUNCTION wrong.clock_timestamp() RETURNS timestamptz LANGUAGE sql"
            f" RETURN pg_catalog.clock_timestamp() + interval '{wrong_by}'"
        )
    elsewhere = make_conninfo(entered, options="-c search_path=wrong,pg_catalog")
    with pytest.raises(GuardError, match="clock of this machine says"):
        build(Settings(data_dir=tmp_path), elsewhere, name="test")


def at(clock: str, *command: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """A program that ends, run by a clock that is wrong by so much."""
    wrong = {"LD_PRELOAD": str(FAKETIME), "FAKETIME": clock, "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
    environment = os.environ | wrong | settings
    return subprocess.run(
        [sys.executable, "-m", *command], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )


@needs_faketime
@pytest.mark.parametrize("clock", ["-1d", "+1d"])
def test_a_session_ends_by_the_clock_of_the_database_whatever_that_of_the_service_says(
    clock: str, entered: str
) -> None:
    with ledger_on(entered) as ledger, connect(entered) as owner:
        asked = Asked(role=Role.DEPUTY_AFFAIRS, jurisdiction="cn-999900")
        accounts_of(ledger).create("zhang", "张三", asked, by=CONSOLE, password=PASSWORD, must_change=False)
        secret = at(clock, "tests.faults.visitor", "sign-in", entered, "zhang", PASSWORD).stdout.strip()
        assert Sessions(ledger._pool, LedgerRegistry(ledger)).in_force(secret) is not None
        said = at(clock, "tests.faults.visitor", "session", entered, secret).stdout
        state, _, now = said.strip().rpartition(" ")
        assert state == "in force"
        assert abs(datetime.fromisoformat(now) - datetime.now(UTC)) > DAY / 2
        owner.execute(f"UPDATE session SET created_at = clock_timestamp() - interval '{LONGEST_HOURS} hours'")
        assert at(clock, "tests.faults.visitor", "session", entered, secret).stdout.startswith("ended")
        assert Sessions(ledger._pool, LedgerRegistry(ledger)).in_force(secret) is None


@needs_faketime
@pytest.mark.parametrize("clock", ["-1d", "+1d"])
def test_a_service_whose_clock_is_a_day_wrong_does_not_start_and_says_so(
    clock: str, entered: str, tmp_path: Path
) -> None:
    settings = {"DUBAN_DATABASE_URL": entered, "DUBAN_DATA_DIR": str(tmp_path)}
    with closing(build(Settings(data_dir=tmp_path), entered, name="test")):
        pass
    found = at(clock, "api.cli", "doctor", **settings)
    assert (found.returncode, "The clock of this machine says" in found.stdout) == (1, True), found
