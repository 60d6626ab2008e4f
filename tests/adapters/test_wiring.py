"""The composition root: what it wires, and when it refuses to."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import psycopg
import pytest
from psycopg import errors
from psycopg.conninfo import make_conninfo

from adapters.exchange.jurisdictions import enter
from adapters.postgres.migrate import MigrationError
from adapters.postgres.projector import Projector
from adapters.settings import Settings
from adapters.wiring import GuardError, Services, build, installation_id, prepare
from domain.case import Act, Role
from domain.cases.suggestion import SuggestionSubmitted
from domain.moment import parse_occurred
from projections.catalogue import PROJECTIONS

KEY = "k" * 32
Build = Callable[..., Services]


@pytest.fixture
def wire(database: str) -> Iterator[Build]:
    """Builds services on the test's database; they are closed afterwards."""
    with ExitStack() as open_services:

        def begin(**settings: str) -> Services:
            chosen = Settings.model_validate({"secret_key": KEY} | settings)
            return open_services.enter_context(closing(build(chosen, database, name="test")))

        yield begin


def submit(services: Services) -> int:
    at, precision = parse_occurred("2026-03-01", "Asia/Shanghai")
    act = Act(actor="u-1", role=Role.DEPUTY_AFFAIRS, office="rd", occurred_at=at, precision=precision)
    enter(services.docket, "cn-999900", actor="test")
    step = SuggestionSubmitted(jurisdiction="cn-999900", title="增开夜间公交", lead_deputy="d-001")
    return services.docket.open(step, act).position


def test_importing_connects_to_nothing() -> None:
    guarded = (
        "import socket, psycopg\n"
        "def refuse(*_, **__): raise SystemExit('connected')\n"
        "socket.socket.connect = psycopg.connect = psycopg.Connection.connect = refuse\n"
        "import adapters.wiring, api.cli, adapters.serve\n"
    )
    subprocess.run([sys.executable, "-c", guarded], check=True)


@pytest.mark.database
def test_what_was_recorded_can_be_read_once_the_projector_has_seen_it(wire: Build, database: str) -> None:
    services = wire()
    position = submit(services)

    Projector(database).catch_up()

    assert services.views.wait_for(position) >= position
    assert services.views.moment().known == position == services.docket.head()


@pytest.mark.database
def test_an_append_sends_the_projector_a_hint(wire: Build, database: str) -> None:
    services = wire()
    submit(services)
    with psycopg.connect(database, autocommit=True) as listener:
        listener.execute("LISTEN duban_recorded")
        submit(services)
        assert list(listener.notifies(timeout=10, stop_after=1))


@pytest.mark.database
def test_the_first_process_claims_the_database_for_its_installation(wire: Build, database: str) -> None:
    wire()
    wire()
    with psycopg.connect(database) as conn:
        assert conn.execute("SELECT id FROM duban.installation").fetchall() == [(installation_id(KEY.encode()),)]


@pytest.mark.database
def test_another_installation_is_refused(wire: Build) -> None:
    wire()
    with pytest.raises(GuardError, match=r"belongs to installation .* secret keys differ"):
        wire(secret_key="x" * 32)


@pytest.mark.database
@pytest.mark.parametrize("name", ["POSTGRES_ENABLE_DB_FUNCTIONS", "DOCKET_POSTGRES_ENABLE_DB_FUNCTIONS"])
def test_the_librarys_database_functions_are_refused(name: str, wire: Build, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "no")
    wire()
    monkeypatch.setenv(name, "y")
    with pytest.raises(GuardError, match=f"{name}=y .*lose steps"):
        wire()


@pytest.mark.database
def test_a_projection_ahead_of_a_restored_ledger_is_refused_until_it_is_rebuilt(wire: Build, database: str) -> None:
    submit(wire())
    Projector(database).catch_up()
    with psycopg.connect(database) as conn:
        conn.execute("UPDATE duban.projection_position SET position = position + 5")

    with pytest.raises(GuardError, match=r"read up to \d+, but the ledger ends at \d+.*projection rebuild"):
        wire()

    for name in PROJECTIONS:
        Projector(database).rebuild(name)
    wire()


@pytest.mark.database
def test_a_database_that_was_not_prepared_is_refused_with_the_remedy(blank_database: str) -> None:
    settings = Settings.model_validate({"secret_key": KEY})
    with pytest.raises(GuardError, match="Run `duban migrate` first"):
        build(settings, blank_database, name="test")
    prepare(settings, blank_database)
    build(settings, blank_database, name="test").close()


@pytest.mark.database
def test_a_database_of_a_newer_version_is_refused(wire: Build, database: str) -> None:
    with psycopg.connect(database) as conn:
        conn.execute("INSERT INTO duban.migration (number, name, sha256) VALUES (9999, '9999_later.sql', '')")
    with pytest.raises(MigrationError, match="newer Duban"):
        wire()


@pytest.mark.database
def test_a_database_that_was_prepared_by_other_migrations_is_refused(wire: Build, database: str) -> None:
    with psycopg.connect(database) as conn:
        conn.execute("UPDATE duban.migration SET sha256 = 'x' WHERE number = 1")
    with pytest.raises(MigrationError, match="was changed after it had been applied"):
        wire()


@pytest.mark.database
def test_a_login_that_may_not_enter_the_schema_hears_so(database: str) -> None:
    with psycopg.connect(database, autocommit=True) as owner:
        owner.execute("DROP ROLE IF EXISTS duban_test_stranger")
        owner.execute("CREATE ROLE duban_test_stranger LOGIN")
    settings = Settings.model_validate({"secret_key": KEY})
    try:
        with pytest.raises(errors.InsufficientPrivilege, match="permission denied for schema duban"):
            build(settings, make_conninfo(database, user="duban_test_stranger"), name="test")
    finally:
        with psycopg.connect(database, autocommit=True) as owner:
            owner.execute("DROP ROLE duban_test_stranger")


@pytest.mark.database
def test_closing_gives_every_connection_back(database: str) -> None:
    build(Settings.model_validate({"secret_key": KEY}), database, name="test-closing").close()
    left = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'test-closing'"
    with psycopg.connect(database, autocommit=True) as conn:
        for _ in range(1_000):  # the server hears of it a little later
            if conn.execute(left).fetchone() == (0,):
                break
            time.sleep(0.01)
        assert conn.execute(left).fetchone() == (0,)


@pytest.mark.database
def test_requests_past_their_days_are_forgotten_now_and_then(wire: Build, database: str) -> None:
    services = wire()
    with psycopg.connect(database, autocommit=True) as owner:
        for key, days in (("old", 91), ("young", 89)):
            owner.execute(
                "INSERT INTO duban.request VALUES ('main', %s, '', 0, now() - make_interval(days => %s))", (key, days)
            )
        services.look_after()
        assert owner.execute("SELECT request_key FROM duban.request").fetchall() == [("young",)]


@pytest.mark.database
def test_lines_of_the_access_log_past_their_days_are_forgotten_now_and_then(wire: Build, database: str) -> None:
    services = wire(access_retention_days="200")
    with psycopg.connect(database, autocommit=True) as owner:
        for days in (201, 199):
            owner.execute(
                "INSERT INTO duban.access_log (at, jurisdiction, actor, role, office, kind, left_out)"
                " VALUES (now() - make_interval(days => %s), 'x', 'x', 'x', 'x', 'left_out', %s)",
                (days, days),
            )
        services.look_after()
        assert owner.execute("SELECT left_out FROM duban.access_log").fetchall() == [(199,)]


@pytest.mark.database
def test_what_a_broken_upload_left_is_swept_now_and_then(wire: Build, tmp_path: Path) -> None:
    services = wire(data_dir=str(tmp_path))
    part = services.files.place / "incoming" / "1-left"
    part.parent.mkdir(parents=True)
    part.write_bytes(b"%PDF-")
    os.utime(part, (0, 0))
    services.look_after()
    assert not part.exists()


@pytest.mark.database
def test_files_that_cannot_be_swept_stop_nothing(wire: Build, tmp_path: Path) -> None:
    services = wire(data_dir=str(tmp_path))
    services.files.place.mkdir(parents=True)
    (services.files.place / "incoming").write_text("no folder")
    services.look_after()
    assert services.docket.head() == 0
