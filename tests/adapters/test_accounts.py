"""Accounts: who may sign in, how often one may guess, and that the log tells everything that was done."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from datetime import timedelta
from typing import Any, Literal

import psycopg
import pytest
from argon2 import PasswordHasher
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg import errors

from adapters.identity.accounts import ONE_TIME, Accounts
from adapters.identity.attempts import MINUTES, OF_ACCOUNT, OF_ADDRESS, Attempts
from adapters.identity.passwords import AT_ONCE, Passwords, one_time, refuse_weak
from adapters.identity.sessions import REMEMBERED_SECONDS, Sessions
from adapters.postgres.pool import Pool, open_pool
from domain.account import CONSOLE, Account, Asked, Binding, Entry, Happening, LogFilter, Session, SignedIn, Whence
from domain.case import Role
from domain.refusal import Refused
from tests.conftest import Cluster
from tests.registry import shipped_registry

pytestmark = pytest.mark.database

KEY = b"k" * 32
CITY = "cn-999900"
HERE, ELSEWHERE = Whence("192.0.2.7", "Firefox"), Whence("192.0.2.8", "curl")
OFFICE = Asked(role="deputy_affairs", jurisdiction=CITY)
UNIT = Asked(role="handling_unit", jurisdiction=CITY, office="jtj")
DEPUTY = Asked(role="deputy", jurisdiction=CITY, deputy="d-001")
ADMINISTRATOR = Asked(role="administrator", jurisdiction=CITY)
AUDITOR = Asked(role="auditor", jurisdiction=CITY)
GOOD = "correct horse battery"


def quick() -> Passwords:
    """Passwords whose hashes cost next to nothing."""
    return Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


def accounts_on(pool: Pool, passwords: Passwords | None = None) -> Accounts:
    return Accounts(pool, passwords or quick(), Sessions(pool, shipped_registry()), shipped_registry(), KEY)


@pytest.fixture
def pool(database: str) -> Iterator[Pool]:
    with closing(open_pool(database, schema="duban", role="duban_app", size=8, name="test")) as pool:
        yield pool


@pytest.fixture
def accounts(pool: Pool) -> Accounts:
    return accounts_on(pool)


@pytest.fixture
def owner(database: str) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(database, autocommit=True, options="-c search_path=duban") as conn:
        yield conn


def made(accounts: Accounts, login: str = "zhang", asked: Asked = OFFICE, password: str = GOOD) -> Account:
    return accounts.create(login, login, asked, by=CONSOLE, password=password, must_change=False)[0]


def session_of(accounts: Accounts, signed_in: SignedIn) -> Session:
    return next(session for session in accounts.sessions(signed_in.account_id) if session.id == signed_in.session_id)


def told(accounts: Accounts) -> list[tuple[str, str | None]]:
    """What was logged and who did it, the oldest first."""
    return [(entry.what.value, entry.done_by) for entry in reversed(accounts.log())]


def works(accounts: Accounts, login: str, password: str = GOOD, whence: Whence = HERE) -> bool:
    """Whether one can sign in."""
    signed_in = accounts.sign_in(login, password, whence)
    return signed_in.session_id in {session.id for session in accounts.sessions(signed_in.account_id)}


def refused(what: Any, *arguments: Any, **named: Any) -> Refused:
    with pytest.raises(Refused) as refusal:
        what(*arguments, **named)
    return refusal.value


# Accounts


def test_a_new_account_signs_in_with_its_one_time_password_and_has_to_change_it(accounts: Accounts) -> None:
    account, password = accounts.create("zhang", "张三", UNIT, by=CONSOLE)
    signed_in = accounts.sign_in("zhang", password, HERE)
    session = session_of(accounts, signed_in)
    assert session.account == account
    assert account.must_change
    assert account.binding == Binding(Role.HANDLING_UNIT, "jtj", CITY)
    renewed = accounts.change_password(session, password, GOOD)
    assert not session_of(accounts, renewed).account.must_change
    assert [s.id for s in accounts.sessions(account.id)] == [renewed.session_id]
    assert told(accounts) == [("created", CONSOLE), ("signed_in", "zhang"), ("password_changed", "zhang")]


def test_a_deputy_acts_under_his_id_and_anybody_else_under_the_login(accounts: Accounts) -> None:
    assert made(accounts, "jia", DEPUTY).principal.actor == "d-001"
    clerk = made(accounts).principal
    assert (clerk.actor, clerk.role, clerk.office, clerk.jurisdiction) == ("zhang", Role.DEPUTY_AFFAIRS, CITY, CITY)


@pytest.mark.parametrize(
    ("login", "asked", "field", "message"),
    [
        ("a b", OFFICE, "login", "value-not-allowed"),
        ("x" * 65, OFFICE, "login", "value-not-allowed"),
        ("d-002", OFFICE, "login", "login-is-a-deputy"),
        ("d-002", DEPUTY, "login", "login-is-a-deputy"),
        ("li", Asked(role="king", jurisdiction=CITY), "role", "unknown-role"),
        ("li", Asked(role="auditor", jurisdiction="cn-0"), "jurisdiction", "unknown-jurisdiction"),
        ("li", Asked(role="handling_unit", jurisdiction=CITY), "office", "value-not-allowed"),
        ("li", Asked(role="handling_unit", jurisdiction=CITY, office="nowhere"), "office", "unknown-unit"),
        ("li", Asked(role="handling_unit", jurisdiction=CITY, office="lyj"), "office", "unknown-unit"),
        ("li", Asked(role="deputy", jurisdiction=CITY), "deputy", "value-not-allowed"),
        ("li", Asked(role="deputy", jurisdiction=CITY, deputy="d-999"), "deputy", "unknown-deputy"),
        ("li", Asked(role="deputy", jurisdiction=CITY, deputy="d-008"), "deputy", "unknown-deputy"),
        ("li", Asked(role="auditor", jurisdiction=CITY, deputy="d-001"), "deputy", "deputy-not-wanted"),
    ],
)
def test_an_account_for_nobody_that_could_be_is_refused(
    accounts: Accounts, login: str, asked: Asked, field: str, message: str
) -> None:
    refusal = refused(accounts.create, login, "李四", asked, by=CONSOLE)
    assert (refusal.message_id, refusal.field) == (message, field)
    assert accounts.list() == []
    assert accounts.log() == []


@pytest.mark.parametrize("again", ["zhang", "ZHANG", "Ｚhang", " zhang "])
def test_a_login_is_taken_however_it_is_written(accounts: Accounts, again: str) -> None:
    made(accounts)
    assert refused(accounts.create, again, "另一人", OFFICE, by=CONSOLE).message_id == "login-taken"
    assert accounts.named(again).login == "zhang"


def test_a_disabled_account_is_out_at_once_and_stays_out(accounts: Accounts, pool: Pool) -> None:
    account = made(accounts)
    signed_in = accounts.sign_in("zhang", GOOD, HERE)
    here, there = Sessions(pool, shipped_registry()), Sessions(pool, shipped_registry())
    assert here.in_force(signed_in.secret) == there.in_force(signed_in.secret)
    assert accounts.disable(account.id, by="admin")
    assert here.in_force(signed_in.secret) is None
    until = time.monotonic() + 1
    while there.remembered(signed_in.secret) is not None:
        assert time.monotonic() < until, "another process notices within a second"
    assert refused(accounts.sign_in, "zhang", GOOD, HERE).message_id == "account-disabled"
    assert refused(accounts.sign_in, "zhang", "wrong password", HERE).message_id == "sign-in-refused"
    assert not accounts.disable(account.id, by="admin")
    assert accounts.enable(account.id, by="admin")
    assert not accounts.enable(account.id, by="admin")
    assert here.in_force(signed_in.secret) is None
    assert accounts.sign_in("zhang", GOOD, HERE).account_id == account.id


def test_a_reset_ends_every_session_and_unlocks(accounts: Accounts) -> None:
    account = made(accounts)
    accounts.sign_in("zhang", GOOD, HERE)
    for _ in range(OF_ACCOUNT):
        refused(accounts.sign_in, "zhang", "wrong password", HERE)
    assert accounts.find(account.id).locked_until is not None
    password = accounts.reset_password(account.id, by="admin")
    assert accounts.sessions(account.id) == []
    assert accounts.find(account.id).locked_until is None
    assert refused(accounts.sign_in, "zhang", GOOD, HERE).message_id == "sign-in-refused"
    assert session_of(accounts, accounts.sign_in("zhang", password, HERE)).account.must_change


def test_who_was_auditor_is_never_administrator_and_the_other_way_round(accounts: Accounts) -> None:
    made(accounts, "root", ADMINISTRATOR)
    for first, never in ((AUDITOR, ADMINISTRATOR), (ADMINISTRATOR, AUDITOR)):
        account = made(accounts, f"was-{first.role}", first)
        assert refused(accounts.rebind, account.id, never, by="root").message_id == "roles-apart"
        assert accounts.rebind(account.id, OFFICE, by="root")
        assert refused(accounts.rebind, account.id, never, by="root").message_id == "roles-apart"
        assert accounts.rebind(account.id, first, by="root")


def test_a_rebound_account_signs_in_anew_and_acts_as_something_else(accounts: Accounts) -> None:
    account = made(accounts)
    accounts.sign_in("zhang", GOOD, HERE)
    assert accounts.rebind(account.id, UNIT, by="admin")
    assert not accounts.rebind(account.id, UNIT, by="admin")
    assert accounts.sessions(account.id) == []
    assert accounts.find(account.id).principal.office == "jtj"
    entry = accounts.log(LogFilter(account.id))[0]
    assert (entry.what, entry.detail["role"], entry.detail["before"]["role"]) == (
        Happening.REBOUND,
        "handling_unit",
        "deputy_affairs",
    )


def test_the_last_administrator_stays(accounts: Accounts) -> None:
    one, two = made(accounts, "one", ADMINISTRATOR), made(accounts, "two", ADMINISTRATOR)
    assert accounts.disable(one.id, by="two")
    assert refused(accounts.disable, two.id, by="two").message_id == "last-administrator"
    assert refused(accounts.rebind, two.id, OFFICE, by="two").message_id == "last-administrator"


def test_two_administrators_who_disable_each_other_leave_one(accounts: Accounts) -> None:
    pair = [made(accounts, name, ADMINISTRATOR) for name in ("one", "two")]
    for _ in range(10):
        with ThreadPoolExecutor(2) as both:
            done = [both.submit(accounts.disable, account.id, by="x") for account in pair]
        said = [getattr(future.exception(), "message_id", None) for future in done]
        assert sorted(map(str, said)) == ["None", "last-administrator"]
        for account in pair:
            accounts.enable(account.id, by="x")


def test_an_account_that_there_is_not_is_said_so(accounts: Accounts) -> None:
    for what in (accounts.find, accounts.named):
        assert refused(what, "nobody").message_id == "account-not-found"
    for operation in (accounts.disable, accounts.enable, accounts.reset_password):
        assert refused(operation, "nobody", by="x").message_id == "account-not-found"
    assert refused(accounts.rebind, "nobody", OFFICE, by="x").message_id == "account-not-found"


def test_two_accounts_of_one_name_are_never_administrator_and_auditor(accounts: Accounts) -> None:
    accounts.create("root", "张 三", ADMINISTRATOR, by=CONSOLE)
    clerk = accounts.create("zhang", "张三", OFFICE, by=CONSOLE)[0]
    for refusal in (
        refused(accounts.create, "shen", "张三", AUDITOR, by=CONSOLE),
        refused(accounts.create, "shen", " 张　三", AUDITOR, by=CONSOLE),
        refused(accounts.rebind, clerk.id, AUDITOR, by="root"),
    ):
        assert (refusal.message_id, refusal.field, refusal.params["login"]) == ("roles-apart-by-name", "role", "root")
    accounts.create("shen", "张三（审计）", AUDITOR, by=CONSOLE)
    assert accounts.rebind(clerk.id, ADMINISTRATOR, by="root")


def test_administrator_and_auditor_of_one_name_made_at_once_leave_one(accounts: Accounts) -> None:
    for n in range(5):
        with ThreadPoolExecutor(2) as both:
            done = [
                both.submit(accounts.create, f"{asked.role}-{n}", f"某人{n}", asked, by="x")
                for asked in (ADMINISTRATOR, AUDITOR)
            ]
        said = [getattr(future.exception(), "message_id", None) for future in done]
        assert sorted(map(str, said)) == ["None", "roles-apart-by-name"]


def test_an_account_that_was_rebound_meanwhile_is_not_rebound_unseen(accounts: Accounts) -> None:
    account = made(accounts)
    seen = account.binding.written
    assert accounts.rebind(account.id, UNIT, by="one", seen=seen)
    assert refused(accounts.rebind, account.id, DEPUTY, by="two", seen=seen).message_id == "account-changed"
    assert not accounts.rebind(account.id, UNIT, by="two", seen=seen), "both wanted the same"
    assert accounts.find(account.id).binding.role is Role.HANDLING_UNIT
    assert accounts.rebind(account.id, DEPUTY, by="two", seen=accounts.find(account.id).binding.written)


# Bound to whom the registry does not know any more


def test_who_acts_as_nobody_any_more_does_not_sign_in_and_is_told_why(
    accounts: Accounts, pool: Pool, owner: psycopg.Connection[Any]
) -> None:
    made(accounts, "jia", DEPUTY)
    made(accounts, "jtj-1", UNIT)
    for login, column, gone, why in (
        ("jia", "deputy", "d-008", "deputy-ended"),
        ("jtj-1", "office", "lyj", "unit-gone"),
    ):
        secret = accounts.sign_in(login, GOOD, HERE).secret
        owner.execute(f"UPDATE account SET {column} = '{gone}' WHERE login = '{login}'")
        assert refused(accounts.sign_in, login, GOOD, HERE).message_id == why
        assert refused(accounts.sign_in, login, "wrong password", HERE).message_id == "sign-in-refused"
        line = next(entry for entry in accounts.log() if entry.login == login and entry.done_by == login)
        assert (line.what, line.detail["reason"]) == (Happening.SIGN_IN_REFUSED, why)
        session = Sessions(pool, shipped_registry()).in_force(secret)
        assert session is not None
        assert str(session.account.standing) == why
        assert str(accounts.named(login).standing) == why


# One-time passwords


def test_a_one_time_password_expires_after_three_days(accounts: Accounts, owner: psycopg.Connection[Any]) -> None:
    account, password = accounts.create("zhang", "张三", OFFICE, by=CONSOLE)
    assert account.one_time_until(ONE_TIME) == account.password_at + ONE_TIME
    owner.execute("UPDATE account SET password_at = password_at - interval '71 hours'")
    begun = session_of(accounts, accounts.sign_in("zhang", password, HERE))
    owner.execute("UPDATE account SET password_at = password_at - interval '1 hour'")
    assert refused(accounts.sign_in, "zhang", "wrong password", HERE).message_id == "sign-in-refused"
    assert refused(accounts.sign_in, "zhang", password, HERE).message_id == "one-time-expired"
    assert accounts.log()[0].detail["reason"] == "one-time-expired"
    accounts.change_password(begun, password, GOOD)
    assert accounts.named("zhang").one_time_until(ONE_TIME) is None
    owner.execute("UPDATE account SET password_at = password_at - interval '10 years'")
    assert works(accounts, "zhang"), "a password of one's own does not expire"
    again = accounts.reset_password(account.id, by="admin")
    assert works(accounts, "zhang", again)


def test_how_long_a_one_time_password_lasts_is_a_setting(pool: Pool, owner: psycopg.Connection[Any]) -> None:
    sessions = Sessions(pool, shipped_registry())
    accounts = Accounts(pool, quick(), sessions, shipped_registry(), KEY, one_time=timedelta(hours=1))
    _, password = accounts.create("zhang", "张三", OFFICE, by=CONSOLE)
    owner.execute("UPDATE account SET password_at = password_at - interval '61 minutes'")
    assert refused(accounts.sign_in, "zhang", password, HERE).message_id == "one-time-expired"


# Passwords


@pytest.mark.parametrize(
    ("password", "reason"),
    [
        ("", "string_too_short"),
        ("1234567", "string_too_short"),
        ("督" * 7, "string_too_short"),
        ("x" * 129, "string_too_long"),
        ("12345678", "password_common"),
        ("PassWord123", "password_common"),
        ("１２３４５６７８", "password_common"),
        ("woaini520", "password_common"),
        ("qwertyuiop", "password_common"),
        ("zhang-wei", "password_is_login"),
        ("ZHANG-WEI", "password_is_login"),
    ],
)
def test_a_password_that_anybody_would_guess_is_refused(password: str, reason: str) -> None:
    refusal = refused(refuse_weak, password, "Zhang-Wei", "new")
    assert (refusal.params["reason"], refusal.field) == (reason, "new")


@pytest.mark.parametrize(
    "password", ["x" * 7 + "y", "全是小写的一句话。", "aaaabbbbccccdddd", "z" * 127 + "y", " " * 7 + "x"]
)
def test_no_password_needs_capitals_or_digits(password: str) -> None:
    refuse_weak(password, "zhang", "new")


def test_a_one_time_password_is_long_and_never_the_same() -> None:
    found = {one_time() for _ in range(100)}
    assert len(found) == 100
    assert all(len(password) == 19 for password in found)


def test_full_width_and_half_width_are_one_password(accounts: Accounts) -> None:
    made(accounts, "zhang", OFFICE, "Ｃorrect horse１")
    assert works(accounts, "zhang", "Correct horse1")


def test_a_hash_is_that_of_the_second_profile_of_rfc_9106() -> None:
    assert Passwords().hash(GOOD).startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert AT_ONCE == 2


def test_a_hash_of_old_parameters_is_made_anew_when_its_owner_signs_in(
    pool: Pool, owner: psycopg.Connection[Any]
) -> None:
    made(accounts_on(pool))
    stronger = accounts_on(pool, Passwords(PasswordHasher(time_cost=2, memory_cost=16, parallelism=1)))
    refused(stronger.sign_in, "zhang", "wrong password", HERE)
    assert _hash(owner).startswith("$argon2id$v=19$m=8,t=1,p=1$")
    stronger.sign_in("zhang", GOOD, HERE)
    assert _hash(owner).startswith("$argon2id$v=19$m=16,t=2,p=1$")
    assert works(stronger, "zhang")


def _hash(owner: psycopg.Connection[Any]) -> str:
    row = owner.execute("SELECT password_hash FROM account").fetchone()
    assert row is not None
    return str(row[0])


def test_an_unknown_login_costs_the_same_check_as_a_wrong_password(pool: Pool) -> None:
    class Counting(PasswordHasher):
        """Notes which hashes it was asked to check."""

        checked: list[str | bytes]

        def verify(self, hash: str | bytes, password: str | bytes) -> Literal[True]:  # noqa: A002
            self.checked.append(hash)
            return super().verify(hash, password)

    hasher = Counting(time_cost=1, memory_cost=8, parallelism=1)
    hasher.checked = []
    accounts = accounts_on(pool, Passwords(hasher))
    made(accounts)
    for login in ("zhang", "nobody"):
        assert refused(accounts.sign_in, login, "wrong password", HERE).message_id == "sign-in-refused"
    known, decoy = hasher.checked
    assert str(decoy).rpartition("$")[0].rpartition("$")[0] == str(known).rpartition("$")[0].rpartition("$")[0]
    assert decoy != known


def test_a_wrong_old_password_changes_nothing_and_counts(accounts: Accounts) -> None:
    made(accounts)
    session = session_of(accounts, accounts.sign_in("zhang", GOOD, HERE))
    for _ in range(OF_ACCOUNT):
        assert refused(accounts.change_password, session, "wrong", "another sentence").message_id == "password-wrong"
    assert refused(accounts.change_password, session, GOOD, "another sentence").message_id == "too-many-attempts"
    assert refused(accounts.sign_in, "zhang", GOOD, HERE).message_id == "too-many-attempts"


def test_a_new_password_is_another_one(accounts: Accounts) -> None:
    made(accounts)
    session = session_of(accounts, accounts.sign_in("zhang", GOOD, HERE))
    assert refused(accounts.change_password, session, GOOD, GOOD).params["reason"] == "password_same"
    assert refused(accounts.change_password, session, GOOD, "12345678").field == "new_password"


# Floods


def test_the_fifth_failure_locks_an_account_in_every_process_for_fifteen_minutes(
    pool: Pool, database: str, owner: psycopg.Connection[Any]
) -> None:
    one = accounts_on(pool)
    made(one)
    with closing(open_pool(database, schema="duban", role="duban_app", size=1, name="other")) as other_pool:
        two = accounts_on(other_pool)
        for n in range(OF_ACCOUNT):
            process = (one, two)[n % 2]
            assert refused(process.sign_in, "zhang", "wrong password", HERE).message_id == "sign-in-refused"
        for process in (one, two):
            for whence in (HERE, ELSEWHERE):
                refusal = refused(process.sign_in, "Zhang", GOOD, whence)
                assert refusal.message_id == "too-many-attempts"
                assert refusal.params["minutes"] == MINUTES
                assert 0 < int(str(refusal.params["seconds"])) <= 60 * MINUTES
        assert told(one)[-1] == ("locked", None)
        owner.execute("UPDATE sign_in_failure SET locked_until = now() - interval '1 second'")
        assert works(two, "zhang")


def test_whether_there_is_an_account_cannot_be_told_from_its_lock(accounts: Accounts) -> None:
    for _ in range(OF_ACCOUNT):
        assert refused(accounts.sign_in, "nobody", "wrong password", HERE).message_id == "sign-in-refused"
    assert refused(accounts.sign_in, "nobody", "wrong password", HERE).message_id == "too-many-attempts"


def test_a_success_forgives_the_failures_before_it(accounts: Accounts) -> None:
    made(accounts)
    for _ in range(3):
        for _ in range(OF_ACCOUNT - 1):
            refused(accounts.sign_in, "zhang", "wrong password", HERE)
        assert works(accounts, "zhang")


def test_failures_that_are_long_ago_do_not_count(accounts: Accounts, owner: psycopg.Connection[Any]) -> None:
    made(accounts)
    for _ in range(3):
        for _ in range(OF_ACCOUNT - 1):
            refused(accounts.sign_in, "zhang", "wrong password", HERE)
        owner.execute("UPDATE sign_in_failure SET since = since - interval '16 minutes'")
    assert accounts.find(accounts.named("zhang").id).locked_until is None


def test_an_address_may_fail_thirty_times_whomever_it_tries(accounts: Accounts) -> None:
    made(accounts)
    for n in range(OF_ADDRESS - 1):
        assert refused(accounts.sign_in, f"nobody-{n}", "wrong password", HERE).message_id == "sign-in-refused"
    assert works(accounts, "zhang"), "a success is no failure"
    assert refused(accounts.sign_in, "somebody", "wrong password", HERE).message_id == "sign-in-refused"
    assert refused(accounts.sign_in, "zhang", GOOD, HERE).message_id == "too-many-attempts"
    assert works(accounts, "zhang", whence=ELSEWHERE)


def test_all_addresses_of_a_home_network_are_one(accounts: Accounts) -> None:
    for n in range(OF_ADDRESS):
        refused(accounts.sign_in, f"nobody-{n}", "wrong", Whence(f"2001:db8:0:1::{n}", ""))
    assert refused(accounts.sign_in, "x", "y", Whence("2001:db8:0:1:ffff::1", "")).message_id == "too-many-attempts"
    assert refused(accounts.sign_in, "x", "y", Whence("2001:db8:0:2::1", "")).message_id == "sign-in-refused"
    assert refused(accounts.sign_in, "x", "y", Whence("::ffff:192.0.2.7", "")).message_id == "sign-in-refused"


def test_many_guesses_at_once_are_no_way_round(accounts: Accounts) -> None:
    made(accounts)
    with ThreadPoolExecutor(8) as guessing:
        done = [guessing.submit(accounts.sign_in, "zhang", "wrong password", HERE) for _ in range(40)]
    said = [getattr(future.exception(), "message_id", None) for future in done]
    assert said.count("sign-in-refused") == OF_ACCOUNT
    assert said.count("too-many-attempts") == 40 - OF_ACCOUNT
    assert [what for what, _ in told(accounts)].count("locked") == 1


def test_a_password_typed_as_a_login_is_kept_nowhere(accounts: Accounts, owner: psycopg.Connection[Any]) -> None:
    refused(accounts.sign_in, "my secret sentence", "x", HERE)
    for table in ("account", "session", "account_log", "sign_in_failure"):
        for (row,) in owner.execute(f"SELECT {table}::text FROM {table}"):
            assert "my secret" not in row
            assert b"my secret".hex() not in row


def test_what_does_not_count_any_more_is_given_up(
    accounts: Accounts, pool: Pool, owner: psycopg.Connection[Any]
) -> None:
    made(accounts)
    accounts.sign_in("zhang", GOOD, HERE)
    refused(accounts.sign_in, "zhang", "wrong password", HERE)
    accounts.forget_old()
    assert owner.execute("SELECT count(*) FROM sign_in_failure").fetchone() == (2,)
    owner.execute("UPDATE sign_in_failure SET since = since - interval '16 minutes'")
    owner.execute("UPDATE session SET created_at = created_at - interval '31 days'")
    accounts.forget_old()
    assert owner.execute("SELECT count(*) FROM sign_in_failure").fetchone() == (0,)
    assert owner.execute("SELECT count(*) FROM session").fetchone() == (0,)
    assert len(accounts.log()) == 3
    assert Attempts(pool, KEY).key("Zhang") == Attempts(pool, KEY).key("zhang")


# Sessions


@pytest.mark.parametrize(
    "aged",
    ["last_seen_at = last_seen_at - interval '31 minutes'", "created_at = created_at - interval '8 hours 1 second'"],
)
def test_a_session_ends_after_half_an_hour_without_use_and_after_eight_hours(
    accounts: Accounts, pool: Pool, owner: psycopg.Connection[Any], aged: str
) -> None:
    made(accounts)
    signed_in = accounts.sign_in("zhang", GOOD, HERE)
    assert Sessions(pool, shipped_registry()).in_force(signed_in.secret)
    owner.execute(f"UPDATE session SET {aged}")
    assert Sessions(pool, shipped_registry()).in_force(signed_in.secret) is None
    assert accounts.sessions(signed_in.account_id) == []


def test_a_session_that_is_used_goes_on(accounts: Accounts, pool: Pool, owner: psycopg.Connection[Any]) -> None:
    made(accounts)
    signed_in = accounts.sign_in("zhang", GOOD, HERE)
    for _ in range(3):
        owner.execute("UPDATE session SET last_seen_at = last_seen_at - interval '29 minutes'")
        assert Sessions(pool, shipped_registry()).in_force(signed_in.secret)


@pytest.mark.parametrize("stolen", ["", "x", "\0", "\ud800", "督办", "a" * 43])
def test_what_is_no_secret_opens_no_session(accounts: Accounts, pool: Pool, stolen: str) -> None:
    made(accounts)
    accounts.sign_in("zhang", GOOD, HERE)
    assert Sessions(pool, shipped_registry()).in_force(stolen) is None


def test_the_secret_of_a_session_is_nowhere_in_the_database(accounts: Accounts, owner: psycopg.Connection[Any]) -> None:
    made(accounts)
    secret = accounts.sign_in("zhang", GOOD, HERE).secret
    for table in ("account", "session", "account_log"):
        for (row,) in owner.execute(f"SELECT {table}::text FROM {table}"):
            assert secret not in row
            assert secret.encode().hex() not in row
            assert GOOD not in row


def test_a_session_is_listed_and_can_be_revoked_by_its_id(accounts: Accounts, pool: Pool) -> None:
    account, other = made(accounts), made(accounts, "li")
    first, second = (accounts.sign_in("zhang", GOOD, whence) for whence in (HERE, ELSEWHERE))
    assert [(s.id, s.whence) for s in accounts.sessions(account.id)] == [
        (second.session_id, ELSEWHERE),
        (first.session_id, HERE),
    ]
    assert not accounts.revoke_session(other.id, first.session_id, by="li"), "it is another's"
    assert accounts.revoke_session(account.id, first.session_id, by="admin")
    assert not accounts.revoke_session(account.id, first.session_id, by="admin")
    assert Sessions(pool, shipped_registry()).in_force(first.secret) is None
    assert Sessions(pool, shipped_registry()).in_force(second.secret)


def test_signing_out_ends_one_session(accounts: Accounts, pool: Pool) -> None:
    made(accounts)
    first, second = (accounts.sign_in("zhang", GOOD, HERE) for _ in range(2))
    accounts.sign_out(session_of(accounts, first))
    assert Sessions(pool, shipped_registry()).in_force(first.secret) is None
    assert Sessions(pool, shipped_registry()).in_force(second.secret)
    assert told(accounts)[-1] == ("signed_out", "zhang")


def test_an_ended_session_is_forgotten_here_at_once(pool: Pool) -> None:
    sessions = Sessions(pool, shipped_registry())
    accounts = Accounts(pool, quick(), sessions, shipped_registry(), KEY)
    account = made(accounts)
    signed_in = accounts.sign_in("zhang", GOOD, HERE)
    assert sessions.remembered(signed_in.secret) is None
    assert sessions.in_force(signed_in.secret) == sessions.remembered(signed_in.secret)
    accounts.revoke_session(account.id, signed_in.session_id, by="admin")
    assert sessions.remembered(signed_in.secret) is None
    assert REMEMBERED_SECONDS <= 1


# The log


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE account_log SET done_by = 'x'",
        "DELETE FROM account_log",
        "TRUNCATE account_log",
        "DELETE FROM account",
        "UPDATE account SET login = 'x'",
        "UPDATE session SET account_id = 'x'",
    ],
)
def test_the_service_itself_may_not_rewrite_what_was_done(accounts: Accounts, pool: Pool, statement: str) -> None:
    made(accounts)
    with pytest.raises(errors.InsufficientPrivilege), pool.connection() as conn:
        conn.execute(statement)


@pytest.mark.parametrize(
    "statement", ["UPDATE account_log SET done_by = 'x'", "DELETE FROM account_log", "TRUNCATE account_log"]
)
def test_not_even_the_owner_rewrites_the_log_by_mistake(
    accounts: Accounts, owner: psycopg.Connection[Any], statement: str
) -> None:
    made(accounts)
    with pytest.raises(errors.InsufficientPrivilege, match="append-only"):
        owner.execute(statement)


def test_the_log_is_read_page_by_page(accounts: Accounts) -> None:
    for n in range(5):
        made(accounts, f"clerk-{n}")
    first = accounts.log(limit=2)
    rest = accounts.log(before=first[-1].number)
    assert [entry.login for entry in [*first, *rest]] == [f"clerk-{n}" for n in range(4, -1, -1)]


def test_the_log_is_filtered_by_what_happened_when_and_where(
    accounts: Accounts, owner: psycopg.Connection[Any]
) -> None:
    made(accounts)
    made(accounts, "abroad", Asked(role="deputy_affairs", jurisdiction="jp-sangiin"))
    refused(accounts.sign_in, "nobody", "x", HERE)
    accounts.sign_in("zhang", GOOD, HERE)

    def lines(**wanted: Any) -> list[tuple[str, str | None]]:
        return [(entry.what.value, entry.login) for entry in accounts.log(LogFilter(**wanted))]

    assert lines(what=Happening.CREATED) == [("created", "abroad"), ("created", "zhang")]
    assert lines(jurisdiction=CITY) == [("signed_in", "zhang"), ("sign_in_refused", None), ("created", "zhang")]
    assert lines(jurisdiction="jp-sangiin") == [("sign_in_refused", None), ("created", "abroad")]
    (now,) = owner.execute("SELECT clock_timestamp()").fetchone() or (None,)
    assert lines(since=now) == []
    assert len(lines(until=now)) == 4


BINDINGS = [OFFICE, UNIT, DEPUTY, ADMINISTRATOR, AUDITOR]
OPERATIONS = st.one_of(
    st.tuples(st.just("create"), st.integers(0, 2), st.integers(0, 4)),
    st.tuples(st.just("rebind"), st.integers(0, 2), st.integers(0, 4)),
    st.tuples(
        st.sampled_from(["disable", "enable", "reset", "sign_in", "fail", "sign_out", "revoke", "change"]),
        st.integers(0, 2),
        st.just(0),
    ),
)


class Room:
    """People who do to their accounts whatever comes to mind."""

    def __init__(self, accounts: Accounts) -> None:
        self.accounts = accounts
        self.passwords: dict[str, str] = {}
        self.changes = 0

    def do(self, what: str, who: int, binding: int) -> None:  # noqa: C901 - one line for each operation
        """One operation, which may be refused."""
        login = f"p-{who}"
        if what == "create":
            _, self.passwords[login] = self.accounts.create(login, login, BINDINGS[binding], by=CONSOLE)
            return
        account = self.accounts.named(login)
        sessions = self.accounts.sessions(account.id)
        match what:
            case "rebind":
                self.accounts.rebind(account.id, BINDINGS[binding], by="admin")
            case "disable":
                self.accounts.disable(account.id, by="admin")
            case "enable":
                self.accounts.enable(account.id, by="admin")
            case "reset":
                self.passwords[login] = self.accounts.reset_password(account.id, by="admin")
            case "sign_in":
                self.accounts.sign_in(login, self.passwords[login], HERE)
            case "fail":
                self.accounts.sign_in(login, "wrong password", HERE)
            case "sign_out" if sessions:
                self.accounts.sign_out(sessions[0])
            case "revoke" if sessions:
                self.accounts.revoke_session(account.id, sessions[-1].id, by="admin")
            case "change" if sessions:
                self.changes += 1
                new = f"sentence number {self.changes}"
                self.accounts.change_password(sessions[0], self.passwords[login], new)
                self.passwords[login] = new


def replayed(entries: Sequence[Entry]) -> dict[str, tuple[Any, ...]]:
    """Binding, duty to change the password, whether disabled and the sessions of every login, as the log tells them."""
    state: dict[str, tuple[Any, ...]] = {}
    for entry in entries:
        login, detail = str(entry.login), entry.detail
        binding, must_change, disabled, sessions = state.get(login, (None, True, False, frozenset()))
        match entry.what:
            case Happening.CREATED | Happening.REBOUND:
                binding = tuple(detail.get(name) for name in ("role", "office", "jurisdiction", "deputy"))
                must_change = detail.get("must_change", must_change)
                sessions = frozenset()
            case Happening.DISABLED | Happening.ENABLED:
                disabled = entry.what is Happening.DISABLED
                sessions = frozenset() if disabled else sessions
            case Happening.PASSWORD_RESET:
                must_change, sessions = detail["must_change"], frozenset()
            case Happening.PASSWORD_CHANGED:
                must_change, sessions = False, frozenset({detail["session"]})
            case Happening.SIGNED_IN:
                sessions |= {detail["session"]}
            case Happening.SIGNED_OUT | Happening.SESSION_REVOKED:
                sessions -= {detail["session"]}
        state[login] = binding, must_change, disabled, sessions
    return state


@pytest.mark.slow
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(OPERATIONS, max_size=30))
def test_whatever_is_done_the_log_tells_how_the_accounts_are(
    cluster: Cluster, migrated_template: str, operations: list[tuple[str, int, int]]
) -> None:
    database = cluster.create(migrated_template)
    with closing(open_pool(database, schema="duban", role="duban_app", size=2, name="test")) as pool:
        accounts = accounts_on(pool)
        room = Room(accounts)
        for operation in operations:
            with suppress(Refused):
                room.do(*operation)
        found = {}
        for account in accounts.list():
            bound = account.binding
            binding = (bound.role, bound.office, bound.jurisdiction, bound.deputy)
            sessions = frozenset(session.id for session in accounts.sessions(account.id))
            found[account.login] = binding, account.must_change, account.disabled_at is not None, sessions
        assert replayed(accounts.log(limit=1_000)[::-1]) == found
    cluster.drop(database)
