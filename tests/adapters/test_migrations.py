"""Migrations: forward only, by any number of processes at once, on PostgreSQL 15 and newer."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import errors, sql
from psycopg.conninfo import make_conninfo

from adapters.access import AccessLog
from adapters.identity.accounts import Accounts
from adapters.identity.passwords import Passwords
from adapters.identity.sessions import Sessions
from adapters.identity.tokens import Tokens
from adapters.postgres import migrate as migrating
from adapters.postgres.migrate import MigrationDenied, MigrationError, migrate, migrations
from adapters.postgres.pool import open_pool
from adapters.postgres.projector import Projector
from adapters.postgres.views import Views
from domain.access import AccessFilter
from domain.case import Role
from domain.cases.suggestion import HandedOver, ReplyIssued
from domain.docket import Docket
from domain.principal import Principal
from domain.refusal import Refused
from projections.reading import Filter
from tests.faults.support import act, connect, ledger_on, opening, request
from tests.registry import shipped_registry

pytestmark = pytest.mark.database

ROOT = Path(__file__).parents[2]
DEBIAN_15 = Path("/usr/lib/postgresql/15/bin")


def works(conninfo: str) -> None:
    """A suggestion is recorded, shown, and refused a second time."""
    with ledger_on(conninfo) as ledger:
        docket = Docket(ledger, shipped_registry())
        asked = request("open")
        case_id = docket.open(opening(number="2026-001"), act(), request=asked).case_id
        docket.record(case_id, HandedOver(lead_unit="jtj", co_units=("czj",)), act())
        docket.record(case_id, ReplyIssued(unit="jtj", outcome="A"), act())
        assert docket.open(opening(number="2026-001"), act(), request=asked).repeated
        with pytest.raises(Refused):
            docket.open(opening(number="2026-001"), act())
        Projector(conninfo).catch_up()
        Projector(conninfo).rebuild("case_list")
        views = Views(ledger._pool, ledger)
        assert [(row.stage, row.units) for row in views.cases(Filter(), views.moment())] == [
            ("replied", ["jtj", "czj"])
        ]
        assert views.counts(Filter(), views.moment()).answered == 1
        assert views.moment(known_at=ledger.tail(1, 1)[0].recorded_at).known == 2


def test_eight_processes_migrate_an_empty_database_at_once(blank_database: str) -> None:
    program = "import sys; from adapters.postgres.migrate import migrate; print(len(migrate(sys.argv[1])))"
    command_line = [sys.executable, "-c", program, blank_database]
    running = [
        subprocess.Popen(command_line, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        for _ in range(8)
    ]
    said = [process.communicate(timeout=60)[0] for process in running]
    assert [process.returncode for process in running] == [0] * 8, said
    assert sorted(map(int, said)) == [0] * 7 + [len(migrations())]
    works(blank_database)


def test_migrating_again_does_nothing_and_keeps_everything(blank_database: str) -> None:
    assert migrate(blank_database) == [name for name, _ in migrations().values()]
    works(blank_database)
    assert migrate(blank_database) == []
    with ledger_on(blank_database) as ledger:
        assert ledger.head() == 3


def test_a_database_of_a_newer_version_is_refused(blank_database: str) -> None:
    migrate(blank_database)
    with connect(blank_database) as owner:
        owner.execute("INSERT INTO migration (number, name, sha256) VALUES (9999, '9999_later.sql', 'x')")
    with pytest.raises(MigrationError, match=r"newer Duban \(migration 9999_later.sql\)"):
        migrate(blank_database)


def test_a_migration_that_was_changed_after_it_was_applied_is_refused(blank_database: str) -> None:
    migrate(blank_database)
    with connect(blank_database) as owner:
        owner.execute("UPDATE migration SET sha256 = 'x' WHERE number = 1")
    with pytest.raises(MigrationError, match=r"0001_ledger.sql was changed"):
        migrate(blank_database)


def test_a_migration_that_fails_leaves_nothing_of_itself(blank_database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    known = migrations()
    broken = known | {len(known) + 1: ("9000_broken.sql", "CREATE TABLE half (id int); SELECT 1 / 0;")}
    monkeypatch.setattr(migrating, "migrations", lambda: broken)
    with pytest.raises(psycopg.errors.DivisionByZero):
        migrate(blank_database)
    with connect(blank_database) as owner:
        assert owner.execute("SELECT to_regclass('half')").fetchone() == (None,)
        assert owner.execute("SELECT count(*) FROM migration").fetchone() == (len(known),)
    monkeypatch.undo()
    assert migrate(blank_database) == []
    works(blank_database)


def test_tokens_and_one_time_passwords_of_the_version_before_work_on(
    blank_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = {number: known for number, known in migrations().items() if number < 7}
    monkeypatch.setattr(migrating, "migrations", lambda: before)
    migrate(blank_database)
    monkeypatch.undo()
    secret = "s" * 43
    with connect(blank_database) as owner:
        owner.execute(
            "INSERT INTO token (id, secret_sha256, actor, role, office, jurisdiction, note, expires_at)"
            " VALUES ('0123456789ab', sha256(%s), 'u-1', 'deputy_affairs', 'rd', 'cn-999900', 'x', now() + '1 day')",
            (secret.encode(),),
        )
        owner.execute(
            "INSERT INTO account"
            " (id, login, login_key, name, role, office, jurisdiction, password_hash, must_change, created_at)"
            " VALUES ('a', 'li', 'li', '李四', 'auditor', 'cn-999900', 'cn-999900', 'x', true, '2020-01-01')"
        )
        owner.execute("INSERT INTO account_log (account_id, what) VALUES ('a', 'sign_in_refused')")
    migrate(blank_database)
    with closing(open_pool(blank_database, schema="duban", role="duban_app", size=2, name="test")) as pool:
        registry = shipped_registry()
        id = "0123456789ab"
        found = Tokens(pool, registry).principal(f"duban_{id}_{secret}")
        assert found == Principal("u-1", Role.DEPUTY_AFFAIRS, "rd", "cn-999900", token=id)
        accounts = Accounts(pool, Passwords(), Sessions(pool, registry), registry, b"k" * 32)
        until = accounts.named("li").one_time_until(accounts.one_time)
        assert until is not None
        assert until > datetime.now(UTC), "the days of an old one-time password are counted from the migration"
        assert [line.what for line in accounts.log()] == ["sign_in_refused"]


def test_a_database_that_cannot_hold_every_character_is_refused(blank_database: str) -> None:
    with connect(blank_database) as owner:
        owner.execute("DROP DATABASE IF EXISTS duban_test_ascii")
        owner.execute("CREATE DATABASE duban_test_ascii ENCODING 'SQL_ASCII' LOCALE 'C' TEMPLATE template0")
    try:
        with pytest.raises(MigrationError, match="encoded in SQL_ASCII, and Duban needs UTF8"):
            migrate(make_conninfo(blank_database, dbname="duban_test_ascii"))
    finally:
        with connect(blank_database) as owner:
            owner.execute("DROP DATABASE duban_test_ascii")


@contextmanager
def login_without_rights(database: str) -> Iterator[str]:
    """The conninfo of a new user of the server."""
    with connect(database) as owner:
        owner.execute("DROP ROLE IF EXISTS duban_test_login")
        owner.execute("CREATE ROLE duban_test_login LOGIN")
    try:
        yield make_conninfo(database, user="duban_test_login")
    finally:
        with connect(database) as owner:
            owner.execute("DROP ROLE duban_test_login")


def test_a_login_that_owns_nothing_may_start_where_there_is_nothing_to_do(blank_database: str) -> None:
    with login_without_rights(blank_database) as web:
        migrate(blank_database)
        with pytest.raises(MigrationDenied):
            migrate(web)
        with connect(blank_database) as owner:
            owner.execute("GRANT duban_app, duban_projector TO duban_test_login")
        assert migrate(web) == []
        with pytest.raises(MigrationDenied):
            migrate(web, ledger="another")


def test_a_user_without_rights_hears_what_is_missing(blank_database: str) -> None:
    with login_without_rights(blank_database) as nobody, pytest.raises(MigrationDenied, match="DUBAN_MIGRATION_URL"):
        migrate(nobody)


def test_an_owner_who_is_no_superuser_migrates_and_the_access_log_forgets(
    blank_database: str, migrated_template: str
) -> None:
    del migrated_template  # the server has the roles
    with login_without_rights(blank_database) as login, connect(blank_database) as superuser:
        name = sql.Identifier(superuser.info.dbname)
        superuser.execute(sql.SQL("GRANT CREATE ON DATABASE {} TO duban_test_login").format(name))
        superuser.execute("GRANT duban_app, duban_projector, duban_sealer, duban_auditor TO duban_test_login")
        try:
            assert len(migrate(login)) == len(migrations())
            works(login)
            with connect(login) as owner:
                owner.execute(
                    "INSERT INTO access_log (at, jurisdiction, actor, role, office, kind, left_out)"
                    " VALUES (now() - interval '200 days', 'x', 'x', 'x', 'x', 'left_out', 1)"
                )
            with closing(open_pool(login, schema="duban", role="duban_app", size=1, name="test")) as pool:
                AccessLog(pool).forget(190)
                assert AccessLog(pool).lines(AccessFilter()) == []
        finally:
            superuser.execute("DROP OWNED BY duban_test_login CASCADE")


@pytest.fixture
def postgres_15() -> Iterator[str]:
    """A server of Debian's oldest supported PostgreSQL, run by an ordinary user."""
    if not (DEBIAN_15 / "postgres").exists():
        pytest.skip(f"no PostgreSQL 15 in {DEBIAN_15}")
    account: dict[str, Any] = {"user": "nobody"} if os.geteuid() == 0 else {}
    place = Path(tempfile.mkdtemp(prefix="duban-15-"))
    if account:
        os.chown(place, pwd.getpwnam("nobody").pw_uid, -1)
    cluster = place / "cluster"
    quiet: dict[str, Any] = {"cwd": place, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL} | account
    server = None
    try:
        subprocess.run(
            [DEBIAN_15 / "initdb", "-D", cluster, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-locale", "-N"],
            check=True,
            **quiet,
        )
        server = subprocess.Popen(
            [DEBIAN_15 / "postgres", "-D", cluster, "-k", place, "-c", "listen_addresses=", "-c", "fsync=off"], **quiet
        )
        conninfo = make_conninfo(host=str(place), user="postgres", dbname="postgres")
        until = time.monotonic() + 60
        while True:
            try:
                psycopg.connect(conninfo).close()
            except psycopg.OperationalError:
                assert server.poll() is None
                assert time.monotonic() < until
                time.sleep(0.05)
            else:
                break
        yield conninfo
    finally:
        if server is not None:
            server.terminate()
            server.wait(60)
        shutil.rmtree(place)


def test_postgresql_15_is_enough(postgres_15: str) -> None:
    with psycopg.connect(postgres_15) as conn:
        assert conn.info.server_version // 10000 == 15
    assert len(migrate(postgres_15)) == len(migrations())
    works(postgres_15)


def test_the_roles_of_a_new_server_are_made_once_for_all_its_databases(postgres_15: str) -> None:
    names = [f"office_{i}" for i in range(4)]
    with psycopg.connect(postgres_15, autocommit=True) as conn:
        for name in names:
            conn.execute(f"CREATE DATABASE {name}".encode())
    with ThreadPoolExecutor(8) as threads:
        applied = list(threads.map(lambda name: migrate(make_conninfo(postgres_15, dbname=name)), names * 2))
    assert sum(map(len, applied)) == 4 * len(migrations())
    works(make_conninfo(postgres_15, dbname=names[-1]))


def test_an_auditor_at_the_database_reads_the_ledger_and_its_logs_and_changes_nothing(database: str) -> None:
    Projector(database).catch_up()
    tables = ("ledger", "checkpoint", "anchor", "account_log", "access_log")
    views = ("history", "case_list")
    with connect(database, "duban_auditor") as auditor:
        auditor.execute("SET search_path TO duban, duban_read")
        for name in (*tables, *views):
            auditor.execute(sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(name)))
        for name in tables:
            for statement in ("DELETE FROM {}", "TRUNCATE {}", "INSERT INTO {} DEFAULT VALUES"):
                with pytest.raises(errors.InsufficientPrivilege):
                    auditor.execute(sql.SQL(statement).format(sql.Identifier(name)))
        for name in ("account", "session", "token", "draft", "request"):
            with pytest.raises(errors.InsufficientPrivilege):
                auditor.execute(sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(name)))
        with pytest.raises(errors.InsufficientPrivilege):
            auditor.execute("SELECT access_forget(180)")
