"""The projector: follows the ledger, stops before what it cannot read, rebuilds beside what is shown."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any, ClassVar
from uuid import uuid4

import psutil
import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from adapters.exchange.jurisdictions import enter
from adapters.postgres import projector, rebuild, views
from adapters.postgres.build import Build, PoisonError, ProjectorError
from adapters.postgres.build import connect as connect_projector
from adapters.postgres.ledger import PostgresLedger
from adapters.postgres.projector import DifferenceError, NothingToGoBackToError, Projector
from adapters.postgres.views import Views
from adapters.wiring import GuardError, build
from domain import case as cases
from domain.cases.suggestion import HandedOver, ReplyIssued, SignedFor
from domain.docket import Docket
from domain.policy import EVERYTHING
from projections import catalogue
from projections.case_list import CaseList
from projections.figures import Figures
from projections.reading import BeingRebuilt, Filter, ProjectionStatus
from tests.conftest import Cluster
from tests.faults.support import act, connect, ledger_on, opening
from tests.registry import shipped_registry

pytestmark = pytest.mark.database


class Office:
    """A database with a docket and its views."""

    def __init__(self, conninfo: str, ledger: PostgresLedger) -> None:
        self.conninfo = conninfo
        self.ledger = ledger
        self.docket = Docket(ledger, shipped_registry())
        self.hinting = Docket(PostgresLedger(ledger._pool, ledger.ledger_id, hints=True), shipped_registry())
        self.views = Views(ledger._pool, ledger)
        self.projector = Projector(conninfo)

    def open(self, title: str = "建议") -> str:
        return self.docket.open(opening().model_copy(update={"title": title}), act()).case_id

    def some(self, number: int, title: str = "建议") -> None:
        """Suggestions that were handed over and answered."""
        for _ in range(number):
            case_id = self.open(title)
            self.docket.record(case_id, HandedOver(lead_unit="jtj"), act())
            self.docket.record(case_id, ReplyIssued(unit="jtj", outcome="B"), act())

    def total(self) -> int:
        return self.views.counts(Filter(), self.views.moment()).total

    def status(self, name: str = "case_list") -> ProjectionStatus:
        return next(s for s in self.views.status() if s.name == name)

    def rows(self, table: str = "case_list") -> list[tuple[Any, ...]]:
        with connect(self.conninfo) as conn:
            return sorted(conn.execute(f"SELECT * FROM {table}".encode()).fetchall(), key=str)

    @contextlib.contextmanager
    def running(self) -> Iterator[Projector]:
        """A projector that runs meanwhile."""
        running = Projector(self.conninfo)
        thread = threading.Thread(target=running.run)
        thread.start()
        try:
            yield running
        finally:
            running.stop()
            thread.join()


@pytest.fixture
def office(database: str) -> Iterator[Office]:
    with ledger_on(database) as ledger:
        yield Office(database, ledger)


def until(holds: Callable[[], bool], seconds: float = 15) -> float:
    """How long it took."""
    began = time.monotonic()
    while not holds():
        assert time.monotonic() - began < seconds
        time.sleep(0.005)
    return time.monotonic() - began


# Following


def test_catching_up_brings_every_projection_to_the_head(office: Office) -> None:
    office.some(5)
    office.projector.catch_up()
    assert {(s.name, s.position, s.lag, s.state, s.error) for s in office.views.status()} == {
        ("case_list", 15, 0, "live", None),
        ("clocks", 15, 0, "live", None),
        ("figures", 15, 0, "live", None),
        ("history", 15, 0, "live", None),
        ("search", 15, 0, "live", None),
    }
    assert office.total() == 5
    assert len(office.rows("history")) == 15
    office.projector.catch_up()
    assert office.total() == 5


def test_a_lag_is_measured_against_the_head_of_the_ledger(office: Office) -> None:
    office.projector.catch_up()
    office.some(2)
    status = office.status()
    assert (status.position, status.head, status.lag) == (0, 6, 6)
    assert status.lag_seconds > 0
    assert office.views.wait_for(6, timeout=0.05) < 6


@pytest.mark.parametrize("batch", [1, 2, 7])
def test_the_rows_are_the_same_however_the_batches_are_cut(batch: int, office: Office) -> None:
    office.some(4)
    Projector(office.conninfo, batch=batch).catch_up()
    cut = office.rows()
    office.projector.rebuild("case_list")
    assert office.rows() == cut


def shown_after(office: Office, docket: Docket, times: int) -> list[float]:
    """In how many seconds the case list showed each of some steps."""
    taken = []
    for _ in range(times):
        position = docket.open(opening(), act()).position
        taken.append(until(lambda position=position: office.views.position() >= position))  # type: ignore[misc]
    return taken


def test_a_running_projector_shows_a_step_within_a_second(office: Office) -> None:
    with office.running():
        office.some(1)
        assert office.views.wait_for(3, timeout=15) >= 3
        polled = shown_after(office, office.docket, 3)
        hinted = shown_after(office, office.hinting, 3)
    assert max(polled) < 1
    assert max(hinted) < 1
    assert min(hinted) < 0.4


def test_hints_arrive_again_after_the_connection_that_they_come_by_was_lost(office: Office) -> None:
    def listening() -> list[int]:
        with connect(office.conninfo) as conn:
            told = "SELECT pid FROM pg_stat_activity WHERE query LIKE 'LISTEN%' AND datname = current_database()"
            return [pid for (pid,) in conn.execute(told)]

    with office.running(), connect(office.conninfo) as conn:
        until(lambda: len(listening()) == 1)
        (lost,) = listening()
        conn.execute("SELECT pg_terminate_backend(%s)", [lost])
        until(lambda: listening() not in ([], [lost]))
        assert max(shown_after(office, office.hinting, 5)) < 0.4


def test_a_row_is_given_its_end_without_reading_the_others_whatever_plan_was_made_for_a_small_table(
    office: Office,
) -> None:
    tables = ["case_list_1", "clocks_1", "figures_1"]

    def followed() -> bool:
        return {s.name: s.lag for s in office.views.status()} == dict.fromkeys(catalogue.PROJECTIONS, 0)

    def ended() -> dict[str, tuple[int, int]]:
        told = "SELECT relname, n_tup_upd, seq_tup_read FROM pg_stat_user_tables WHERE relname = ANY (%s)"
        with connect(office.conninfo) as conn:
            return {name: (rows, read) for name, rows, read in conn.execute(told, [tables])}

    with office.running(), connect(office.conninfo) as conn:
        for number in range(12):
            case_id = office.open()
            until(followed)
            office.docket.record(case_id, HandedOver(lead_unit="jtj"), act())
            until(followed)
            if number == 5:
                conn.execute("ANALYZE")
    until(lambda: {rows for rows, _ in ended().values()} == {12})
    assert ended() == dict.fromkeys(tables, (12, 0))


def leaders(conninfo: str) -> set[int]:
    """The backends that hold an advisory lock in this database."""
    with connect(conninfo) as conn:
        found = conn.execute(
            "SELECT pid FROM pg_locks JOIN pg_database d ON d.oid = database"
            " WHERE locktype = 'advisory' AND datname = current_database() AND granted"
        )
        return {pid for (pid,) in found}


def test_of_two_projectors_one_works_and_the_other_takes_over(office: Office) -> None:
    office.some(1)
    with office.running() as first:
        assert office.views.wait_for(3, timeout=15) >= 3
        until(lambda: len(leaders(office.conninfo)) == len(catalogue.PROJECTIONS))
        working = leaders(office.conninfo)
        with office.running():
            office.some(3)
            assert office.views.wait_for(12, timeout=5) >= 12
            assert leaders(office.conninfo) == working
            first.stop()
            until(lambda: bool(leaders(office.conninfo)) and not leaders(office.conninfo) & working)
            office.some(1)
            assert office.views.wait_for(15, timeout=5) >= 15
            until(lambda: office.status("history").lag == 0)
    assert office.total() == 5
    assert len(office.rows("history")) == 15


def test_a_leader_whose_connection_is_killed_leads_again_and_adds_no_row_twice(office: Office) -> None:
    with office.running(), connect(office.conninfo) as killer:
        for round_ in range(1, 4):
            office.some(8)
            killer.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE application_name = 'duban-projector' AND datname = current_database()"
            )
            assert office.views.wait_for(24 * round_, timeout=15) >= 24 * round_
        until(lambda: office.status("history").lag == 0)
    shown = office.rows(), office.rows("history")
    for name in catalogue.PROJECTIONS:
        office.projector.rebuild(name)
    assert (office.rows(), office.rows("history")) == shown


def test_a_batch_whose_commit_fails_is_taken_again_whole(office: Office) -> None:
    office.some(2)
    office.projector.catch_up()
    before = office.rows()
    with connect(office.conninfo) as owner:
        owner.execute(
            "CREATE FUNCTION refuse_once() RETURNS trigger LANGUAGE plpgsql AS"
            " $$ BEGIN IF NEW.position > OLD.position THEN RAISE 'no' USING ERRCODE = '57P01'; END IF;"
            " RETURN NEW; END $$"
        )
        owner.execute(
            "CREATE TRIGGER refuse_once BEFORE UPDATE ON projection_position"
            " FOR EACH ROW EXECUTE FUNCTION refuse_once()"
        )
        office.some(2)
        with pytest.raises(psycopg.OperationalError):
            office.projector.catch_up()
        assert office.rows() == before
        owner.execute("DROP TRIGGER refuse_once ON projection_position")
    office.projector.catch_up()
    assert office.total() == 4


# Poison


def poison(office: Office, wire: str) -> int:
    """A row of a name that nobody knows, with a right leaf, written by the owner of the tables."""
    with connect(office.conninfo) as owner, owner.transaction():
        row = owner.execute(
            "UPDATE ledger_head SET position = position + 1, recorded_at = clock_timestamp()"
            " RETURNING position, recorded_at"
        ).fetchone()
        assert row is not None
        position, recorded_at = row
        case_id, request_key = f"poisoned-{position}", uuid4().hex
        owner.execute(
            "INSERT INTO ledger (ledger_id, position, case_id, version, wire, state, event_id, occurred_at,"
            " occurred_precision, actor, office, request_key, recorded_at, format, prev_leaf, leaf)"
            " SELECT 'main', %(position)s, %(case)s, 1, %(wire)s, state, event_id, occurred_at, occurred_precision,"
            " actor, office, %(request)s, %(recorded_at)s, 1, NULL, ledger_leaf(1::smallint, 'main', %(position)s,"
            " %(case)s, 1, %(wire)s, %(recorded_at)s, %(request)s, state, NULL) FROM ledger WHERE position = 1",
            {
                "position": position,
                "case": case_id,
                "wire": wire,
                "recorded_at": recorded_at,
                "request": request_key,
            },
        )
    return int(position)


@pytest.fixture
def known_later(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Teaches the registry a stored name, for this test."""

    def teach(wire: str) -> None:
        monkeypatch.setitem(cases._UPCASTS, wire, (cases.STEPS["suggestion.submitted.v1"], lambda fields: fields))

    return teach


@pytest.mark.parametrize("wire", ["suggestion.unheard_of.v1", "os:system", "antigravity"])
def test_a_projection_stops_before_a_name_that_nobody_knows_and_goes_on_when_it_is_known(
    wire: str, office: Office, known_later: Callable[[str], None]
) -> None:
    office.some(2)
    at = poison(office, wire)
    office.some(1)
    with pytest.raises(PoisonError) as told:
        office.projector.catch_up()
    assert told.value.position == at == 7
    status = office.status()
    assert (status.position, status.state, status.lag) == (6, "stopped", 4)
    assert wire in str(status.error)
    assert office.total() == 2
    with pytest.raises(PoisonError):
        office.projector.catch_up()
    assert office.status().position == 6
    known_later(wire)
    office.projector.catch_up()
    assert (office.status().state, office.status().error, office.status().lag) == ("live", None, 0)
    assert office.total() == 4


def test_a_rebuild_that_meets_poison_leaves_what_is_shown(office: Office) -> None:
    office.some(2)
    office.projector.catch_up()
    shown = office.rows()
    at = poison(office, "suggestion.unheard_of.v1")
    with pytest.raises(PoisonError) as told:
        office.projector.rebuild("case_list")
    assert told.value.position == at
    assert office.rows() == shown
    assert office.status().state == "live"


def test_what_one_projection_cannot_take_stops_only_that_one(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    class Fastidious(CaseList):
        def take(self, batch: Any, histories: Any) -> Any:
            if any(record.position == 4 for record in batch):
                msg = "not this one"
                raise ValueError(msg)
            return super().take(batch, histories)

    monkeypatch.setitem(catalogue.PROJECTIONS, "case_list", Fastidious)
    office.some(3)
    with office.running():
        reached = {(name, 9, "live") for name in catalogue.PROJECTIONS if name != "case_list"}
        reached |= {("case_list", 3, "stopped")}
        until(lambda: {(s.name, s.position, s.state) for s in office.views.status()} == reached)
    assert office.status().position == 3
    assert "record 4" in str(office.status().error)
    assert office.total() == 1
    monkeypatch.setitem(catalogue.PROJECTIONS, "case_list", CaseList)
    office.projector.catch_up()
    shown = office.rows()
    office.projector.rebuild("case_list")
    assert office.rows() == shown
    assert office.total() == 3


# Rebuilding


def builds(office: Office) -> list[tuple[int, int, str]]:
    with connect(office.conninfo) as conn:
        return conn.execute(
            "SELECT build, version, state FROM projection_build WHERE name = 'case_list' ORDER BY build"
        ).fetchall()


def test_readers_are_served_while_a_projection_is_rebuilt_and_writers_write(office: Office) -> None:
    office.some(40)
    with office.running():
        assert office.views.wait_for(120, timeout=15) >= 120
        seen: list[int] = []
        stop = threading.Event()

        def read() -> None:
            while not stop.is_set():
                seen.append(office.total())

        def write() -> None:
            while not stop.is_set():
                office.some(1)

        threads = [threading.Thread(target=read), threading.Thread(target=write)]
        for thread in threads:
            thread.start()
        told: list[tuple[int, int]] = []
        try:
            for _ in range(3):
                assert office.projector.rebuild("case_list", lambda *done: told.append(done)).records >= 120
        finally:
            stop.set()
            for thread in threads:
                thread.join()
        assert office.views.wait_for(office.docket.head(), timeout=10) >= office.docket.head()
    assert seen == sorted(seen)
    assert seen[0] >= 40
    assert all(done <= total for done, total in told)
    shown = office.rows()
    assert office.projector.rebuild("case_list").records == office.docket.head()
    assert office.rows() == shown
    assert office.total() == 40 + (office.docket.head() - 120) // 3


@pytest.fixture
def shared_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """Makes a few steps worth two processes."""
    monkeypatch.setattr(rebuild, "_WORTH", 1)
    monkeypatch.setattr(rebuild, "_SHARE", 7)
    monkeypatch.setattr(os, "cpu_count", lambda: 2)


@pytest.mark.usefixtures("shared_out")
def test_processes_that_share_a_rebuild_write_what_the_ledger_in_its_order_gives(office: Office) -> None:
    office.some(20)
    office.projector.catch_up()
    shown = office.rows(), office.rows("history")
    told: list[tuple[int, int]] = []
    for name in catalogue.PROJECTIONS:
        assert office.projector.rebuild(name, lambda *done: told.append(done)).records == 60
    assert (office.rows(), office.rows("history")) == shown
    assert len(told) > 10
    assert told[-1] == (60, 60)


@pytest.mark.usefixtures("shared_out")
def test_poison_that_a_process_meets_is_named_and_what_is_shown_stays(office: Office) -> None:
    office.some(5)
    office.projector.catch_up()
    shown = office.rows()
    at = poison(office, "suggestion.unheard_of.v1")
    with pytest.raises(PoisonError, match="UnknownStepError") as told:
        office.projector.rebuild("case_list")
    assert told.value.position == at
    assert office.rows() == shown


@pytest.mark.usefixtures("shared_out")
def test_a_rebuild_whose_process_is_killed_says_so_and_the_next_one_does_it(office: Office) -> None:
    office.some(20)
    office.projector.catch_up()
    shown = office.rows()

    def kill(done: int, total: int) -> None:
        del done, total
        for process in psutil.Process().children():
            with contextlib.suppress(psutil.ZombieProcess, psutil.NoSuchProcess):
                if "adapters.postgres.rebuild" in process.cmdline():
                    process.kill()

    with pytest.raises(ProjectorError, match="ended early"):
        office.projector.rebuild("case_list", kill)
    assert office.rows() == shown
    assert office.projector.rebuild("case_list").records == 60
    assert office.rows() == shown


def test_the_build_before_is_kept_for_one_generation(office: Office) -> None:
    office.some(1)
    office.projector.catch_up()
    version = CaseList.version
    assert builds(office) == [(1, version, "live")]
    office.projector.rebuild("case_list")
    assert builds(office) == [(1, version, "retired"), (2, version, "live")]
    assert len(office.rows("case_list_1")) == len(office.rows("case_list_2")) == len(office.rows()) > 0
    office.projector.rebuild("case_list")
    assert builds(office) == [(2, version, "retired"), (3, version, "live")]
    with pytest.raises(psycopg.errors.UndefinedTable):
        office.rows("case_list_1")


def test_a_rebuild_that_was_broken_off_is_cleared_away_by_the_next(office: Office) -> None:
    office.some(2)
    office.projector.catch_up()

    def break_off(done: int, total: int) -> None:
        raise KeyboardInterrupt(done, total)

    with pytest.raises(KeyboardInterrupt):
        office.projector.rebuild("case_list", break_off)
    assert office.total() == 2
    office.projector.rebuild("case_list")
    assert [state for _, _, state in builds(office)] == ["retired", "live"]
    assert office.total() == 2


def test_a_newer_version_of_a_projection_is_rebuilt_by_itself(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    class Newer(CaseList):
        version: ClassVar[int] = CaseList.version + 1

    office.some(3)
    office.projector.catch_up()
    shown = office.rows()
    monkeypatch.setitem(catalogue.PROJECTIONS, "case_list", Newer)
    monkeypatch.setattr(views, "CaseList", Newer)
    with office.running():
        until(lambda: office.status().version == Newer.version)
        office.some(1)
        assert office.views.wait_for(12, timeout=10) >= 12
    assert builds(office) == [(1, CaseList.version, "retired"), (2, Newer.version, "live")]
    assert set(shown) <= set(office.rows())
    assert office.total() == 4


def test_every_ledger_of_the_schema_is_rebuilt(office: Office) -> None:
    office.some(1)
    with connect(office.conninfo) as owner:
        owner.execute("SELECT ledger_open('east')")
    with ledger_on(office.conninfo, "east") as ledger:
        east = Docket(ledger, shipped_registry())
        case_id = east.open(opening(), act()).case_id
        office.projector.catch_up()
        Projector(office.conninfo, ledger_id="east").catch_up()
        views = Views(ledger._pool, ledger)
        assert (views.counts(Filter(), views.moment()).total, office.total()) == (1, 1)
        east.record(case_id, HandedOver(lead_unit="jtj"), act())
        assert office.projector.rebuild("case_list").records == 5
        assert views.position() == 2
        assert views.cases(Filter(), views.moment())[0].stage == "handed_over"
        east.record(case_id, SignedFor(unit="jtj"), act())
        Projector(office.conninfo, ledger_id="east").catch_up()
        assert views.position() == 3


# Comparing and going back


def test_a_build_of_the_same_version_is_compared_before_it_is_shown(office: Office) -> None:
    office.some(4)
    office.projector.catch_up()
    for name in catalogue.PROJECTIONS:
        rebuilt = office.projector.rebuild(name)
        assert rebuilt.checksum
        assert (rebuilt.before, rebuilt.difference) == (rebuilt.rows, None)
    told = {(one.name, one.state): one for one in office.projector.builds(checksums=True)}
    for name in catalogue.PROJECTIONS:
        live, retired = told[name, "live"], told[name, "retired"]
        assert (live.rows, live.checksum, live.checked_at) == (retired.rows, retired.checksum, 12)
        assert live.bytes > 0


@pytest.mark.parametrize("name", list(catalogue.PROJECTIONS))
def test_two_builds_are_compared_at_the_same_position_though_one_is_ahead(name: str, office: Office) -> None:
    office.some(2)
    office.projector.catch_up()
    office.projector.rebuild(name)
    behind = {one.state: one for one in office.projector.builds(checksums=True) if one.name == name}
    office.some(3)
    office.projector.catch_up()
    ahead = {one.state: one for one in office.projector.builds(checksums=True) if one.name == name}
    assert (ahead["live"].position, ahead["retired"].position) == (15, 6)
    assert ahead["live"].rows > behind["live"].rows
    assert ahead["live"].checksum == ahead["retired"].checksum == behind["live"].checksum
    assert ahead["live"].checked_at == 6


@pytest.mark.parametrize(
    ("table", "spoiled"),
    [
        ("case_list", "title = title || '!'"),
        ("case_list", "rounds = rounds + 1"),
        ("case_list", "due_on = NULL"),
        ("case_list", "known_to = known_from"),
        ("clocks", "due_on = due_on + 1"),
        ("figures", "counts = counts || ' 40'"),
        ("history", "late = NOT late"),
    ],
)
def test_rows_that_differ_are_told_and_nothing_is_swapped_unless_that_is_accepted(
    table: str, spoiled: str, office: Office
) -> None:
    office.some(3)
    office.projector.catch_up()
    with connect(office.conninfo) as owner:
        guilty = owner.execute("SELECT min(case_id) FROM case_list").fetchone()
        assert guilty is not None
        owner.execute(f"UPDATE duban_read.{table}_1 SET {spoiled} WHERE case_id = %s".encode(), guilty)
    shown = office.rows(table)
    with pytest.raises(DifferenceError) as told:
        office.projector.rebuild(table)
    difference = told.value.difference
    assert (difference.cases, [one.case_id for one in difference.first]) == (1, [guilty[0]])
    assert difference.before.rows == difference.after.rows
    assert office.rows(table) == shown
    assert [one.state for one in office.projector.builds() if one.name == table] == ["live"]
    accepted = office.projector.rebuild(table, accept_difference=True)
    assert accepted.difference is not None
    assert office.rows(table) != shown
    assert office.projector.rebuild(table).difference is None


def test_a_row_that_stands_twice_and_one_that_is_missing_are_both_noticed(office: Office) -> None:
    office.some(3)
    office.projector.catch_up()
    with connect(office.conninfo) as owner:
        owner.execute("ALTER TABLE duban_read.history_1 DROP CONSTRAINT history_1_pkey")
        owner.execute("INSERT INTO duban_read.history_1 SELECT * FROM duban_read.history_1 WHERE position = 2")
        with pytest.raises(DifferenceError) as told:
            office.projector.rebuild("history")
        assert (told.value.difference.before.rows, told.value.difference.after.rows) == (10, 9)
        owner.execute("DELETE FROM duban_read.history_1 WHERE position = 2")
    with pytest.raises(DifferenceError) as told:
        office.projector.rebuild("history")
    assert [(one.before, one.after) for one in told.value.difference.first] == [(2, 3)]


def test_of_another_version_the_rows_may_differ_and_are_counted(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Newer(CaseList):
        version: ClassVar[int] = CaseList.version + 1

        def take(self, batch: Any, histories: Any) -> Any:
            changes = super().take(batch, histories)
            changes.added = [row for row in changes.added if row[5] != "suggestion"]
            return changes

    office.some(2)
    office.projector.catch_up()
    rows = len(office.rows())
    monkeypatch.setitem(catalogue.PROJECTIONS, "case_list", Newer)
    rebuilt = office.projector.rebuild("case_list")
    assert (rebuilt.before, rebuilt.rows, rebuilt.checksum, rebuilt.difference) == (rows, 0, None, None)
    with pytest.raises(NothingToGoBackToError) as told:
        office.projector.back("case_list")
    assert told.value.version == CaseList.version
    with pytest.raises(BeingRebuilt):
        office.total()
    monkeypatch.setattr(views, "CaseList", Newer)
    assert office.total() == 0


def test_a_build_of_an_older_version_may_lack_what_stands_beside_the_rows_now(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Newer(Figures):
        version: ClassVar[int] = Figures.version + 1

    office.some(2)
    office.projector.catch_up()
    with connect(office.conninfo) as owner:
        owner.execute("DROP VIEW duban_read.figure_sums")
        owner.execute("DROP TABLE duban_read.figure_sums_1")
    monkeypatch.setitem(catalogue.PROJECTIONS, "figures", Newer)
    assert {one.state for one in office.projector.builds() if one.name == "figures"} == {"live"}
    office.projector.catch_up()
    assert [one.state for one in office.projector.builds() if one.name == "figures"] == ["retired", "live"]


def test_one_goes_back_to_the_build_before_which_has_caught_up_and_forth_again(office: Office) -> None:
    office.some(2)
    office.projector.catch_up()
    with pytest.raises(NothingToGoBackToError) as told:
        office.projector.back("case_list")
    assert told.value.version is None
    office.projector.rebuild("case_list")
    office.some(3)
    office.projector.catch_up()
    shown = office.rows()
    assert office.projector.back("case_list") == 9
    version = CaseList.version
    assert builds(office) == [(1, version, "live"), (2, version, "retired")]
    assert office.rows() == shown
    assert office.projector.back("case_list") == 0
    assert builds(office) == [(1, version, "retired"), (2, version, "live")]


def test_readers_are_served_while_one_goes_to_and_fro_under_a_running_projector(office: Office) -> None:
    office.some(10)
    with office.running():
        assert office.views.wait_for(30, timeout=15) >= 30
        office.projector.rebuild("case_list")
        seen: list[int] = []
        stop = threading.Event()

        def read() -> None:
            while not stop.is_set():
                seen.append(office.total())

        reader = threading.Thread(target=read)
        reader.start()
        try:
            for _ in range(6):
                office.some(1)
                office.projector.back("case_list")
        finally:
            stop.set()
            reader.join()
        assert office.views.wait_for(48, timeout=10) >= 48
    assert seen == sorted(seen)
    assert (seen[0], office.total()) == (10, 16)
    assert office.projector.rebuild("case_list").difference is None


def test_what_another_writer_of_a_build_took_meanwhile_is_not_taken_twice(office: Office) -> None:
    office.some(1)
    office.projector.catch_up()
    with connect_projector(office.conninfo, "duban") as one, connect_projector(office.conninfo, "duban") as other:
        leading, late = (Build(conn, "duban", "main", CaseList(), 1) for conn in (one, other))
        assert leading.position == late.position == 3
        office.some(2)
        assert leading.step(100) == 6
        assert late.step(2) == 6
        assert late.step(2) == 0
    assert office.projector.rebuild("case_list").difference is None


def test_a_projection_that_is_new_over_a_long_ledger_begins_with_a_rebuild(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    office.some(5)
    before = {name: one for name, one in catalogue.PROJECTIONS.items() if name != "figures"}
    with monkeypatch.context() as older:
        older.setattr(catalogue, "PROJECTIONS", before)
        older.setattr(projector, "PROJECTIONS", before)
        office.projector.catch_up()
    with pytest.raises(BeingRebuilt):
        office.views.within(EVERYTHING).figures.reached()
    monkeypatch.setattr(projector, "_LONG", 10)
    monkeypatch.setattr(Build, "step", lambda *_: 0)
    office.projector.catch_up()
    assert (office.status("figures").position, office.status("figures").lag) == (15, 0)
    assert len(office.rows("figures")) > 0


def test_a_projector_that_is_to_stop_breaks_a_rebuild_off(office: Office) -> None:
    office.some(2)
    office.projector.catch_up()
    stopped = Projector(office.conninfo)
    stopped.stop()
    with pytest.raises(ProjectorError, match="is to stop"):
        stopped.rebuild("case_list")
    assert office.total() == 2
    office.projector.rebuild("case_list")
    assert [one.state for one in office.projector.builds() if one.name == "case_list"] == ["retired", "live"]


# After a restore


def test_nothing_starts_over_a_ledger_that_was_restored_without_its_projections(
    cluster: Cluster, database: str, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A copy of the database has the projections of now and the ledger of before."""
    from adapters.settings import Settings  # noqa: PLC0415 - only this test starts an installation

    monkeypatch.setenv("DUBAN_DATA_DIR", str(tmp_path))
    settings = Settings()
    services = build(settings, database, name="test")
    enter(services.docket, "cn-999900", actor="test")
    case_id = services.docket.open(opening(), act()).case_id
    Projector(database).catch_up()
    services.close()
    restored = cluster.create(str(conninfo_to_dict(database)["dbname"]))
    try:
        services = build(settings, restored, name="test")
        before = services.docket.head()
        services.docket.record(case_id, HandedOver(lead_unit="jtj"), act())
        Projector(restored).catch_up()
        ahead = services.views.position()
        services.close()
        assert ahead == before + 1
        with connect(restored) as later, connect(database) as earlier:
            state = later.execute("SELECT name, build, position FROM projection_position").fetchall()
            for name, number, position in state:
                earlier.execute(
                    "UPDATE projection_position SET position = %s WHERE name = %s AND build = %s",
                    (position, name, number),
                )
    finally:
        cluster.drop(restored)
    with pytest.raises(GuardError, match=r"read up to \d+, but the ledger ends at \d+"):
        build(settings, database, name="test")
    for name in catalogue.PROJECTIONS:
        Projector(database).rebuild(name)
    services = build(settings, database, name="test")
    try:
        assert services.views.position() == before
        services.docket.record(case_id, HandedOver(lead_unit="jtj"), act())
        Projector(database).catch_up()
        assert services.views.cases(Filter(), services.views.moment())[0].stage == "handed_over"
    finally:
        services.close()


def test_a_schema_of_another_name_is_projected_beside(blank_database: str) -> None:
    from adapters.postgres.migrate import migrate  # noqa: PLC0415 - the other tests copy a migrated database
    from adapters.postgres.pool import open_pool  # noqa: PLC0415 - as above

    for schema in ("duban", "Other One"):
        migrate(blank_database, schema)
        pool = open_pool(blank_database, schema=schema, role="duban_app", size=1, name="test")
        try:
            ledger = PostgresLedger(pool, "main")
            Docket(ledger, shipped_registry()).open(opening(), act())
            Projector(blank_database, schema=schema).catch_up()
            views = Views(pool, ledger)
            assert views.counts(Filter(), views.moment()).total == 1
        finally:
            pool.close()
    with connect(blank_database) as conn:
        query = sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier("Other One_read", "case_list"))
        assert conn.execute(query).fetchone() == (1,)
