from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import psycopg
import pytest
from argon2 import PasswordHasher

from adapters.identity.accounts import Accounts
from adapters.identity.passwords import Passwords
from adapters.identity.sessions import Sessions
from adapters.identity.tokens import MOST, REMEMBERED_SECONDS, Tokens
from adapters.postgres.pool import Pool, open_pool
from domain.account import CONSOLE, Account, Asked, Happening
from domain.case import Role
from domain.principal import Principal, Scope, Standing
from domain.refusal import Refused
from tests.registry import shipped_registry

pytestmark = pytest.mark.database

CITY = "cn-999900"
OFFICE = Asked(role="deputy_affairs", jurisdiction=CITY)
QUICK = Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
CLERK = ("u-1", "deputy_affairs", "rd", "cn-999900", "办公室", 30)


@pytest.fixture
def pool(database: str) -> Iterator[Pool]:
    with closing(open_pool(database, schema="duban", role="duban_app", size=2, name="test")) as pool:
        yield pool


@pytest.fixture
def tokens(pool: Pool) -> Tokens:
    return Tokens(pool, shipped_registry())


@pytest.fixture
def accounts(pool: Pool) -> Accounts:
    registry = shipped_registry()
    return Accounts(pool, QUICK, Sessions(pool, registry), registry, b"k" * 32)


def account_of(accounts: Accounts, login: str = "zhang", asked: Asked = OFFICE) -> Account:
    return accounts.create(login, login, asked, by=CONSOLE)[0]


def own(tokens: Tokens, account: Account, *scopes: str, days: int = 30) -> str:
    return tokens.create_own(account, "报表", days, scopes or ["read", "record"], by=account.login)


def test_a_token_is_known_until_it_is_revoked(tokens: Tokens) -> None:
    token = tokens.create(*CLERK)
    (listed,) = tokens.list()
    assert tokens.principal(token) == Principal("u-1", Role.DEPUTY_AFFAIRS, "rd", "cn-999900", token=listed.id)
    assert (tokens.revoke(listed.id, by="x"), tokens.revoke(listed.id, by="x"), tokens.revoke("nobody", by="x")) == (
        True,
        False,
        False,
    )
    assert tokens.principal(token) is None
    assert tokens.list()[0].revoked_at is not None


def test_a_token_that_has_expired_is_not_known(tokens: Tokens, database: str) -> None:
    token = tokens.create(*CLERK)
    with psycopg.connect(database, autocommit=True) as conn:
        conn.execute("UPDATE duban.token SET expires_at = now() - interval '1 second'")
    assert tokens.principal(token) is None


def test_the_secret_is_nowhere_in_the_database(tokens: Tokens, database: str) -> None:
    secret = tokens.create(*CLERK).rpartition("_")[2]
    with psycopg.connect(database) as conn:
        row = conn.execute("SELECT token::text FROM duban.token").fetchone()
    assert row is not None
    assert secret not in row[0]


@pytest.mark.parametrize("change", ["", "x", "duban_", "duban_0123456789ab_" + "a" * 43, "督办"])
def test_what_is_no_token_belongs_to_nobody(tokens: Tokens, change: str) -> None:
    tokens.create(*CLERK)
    assert tokens.principal(change) is None


def test_another_secret_of_a_known_token_belongs_to_nobody(tokens: Tokens) -> None:
    one, two = tokens.create(*CLERK), tokens.create(*CLERK)
    assert tokens.principal(one[:19] + two[19:]) is None


@pytest.mark.parametrize(
    ("place", "value", "field"),
    [
        (0, "a b", "actor"),
        (1, "king", "role"),
        (1, "administrator", "role"),
        (2, "", "office"),
        (3, "cn-0", "jurisdiction"),
        (4, "\0", "note"),
        (5, 0, "days"),
        (5, 999, "days"),
    ],
)
def test_a_token_for_nobody_that_could_be_is_refused(tokens: Tokens, place: int, value: str | int, field: str) -> None:
    asked: list[str | int] = list(CLERK)
    asked[place] = value
    with pytest.raises(Refused) as refusal:
        tokens.create(*asked)  # type: ignore[arg-type]
    assert refusal.value.field == field
    assert tokens.list() == []


def test_a_revoked_token_is_forgotten_at_once_here_and_soon_elsewhere(tokens: Tokens) -> None:
    secret = tokens.create("u-1", "deputy_affairs", "rd", "cn-999900", "试用", 1)
    assert tokens.remembered(secret) is None
    assert tokens.principal(secret) == tokens.remembered(secret)
    assert tokens.revoke(secret.split("_")[1], by="x")
    assert (tokens.remembered(secret), tokens.principal(secret)) == (None, None)
    assert REMEMBERED_SECONDS <= 1


def test_a_token_may_do_what_it_was_made_for(tokens: Tokens) -> None:
    for scopes in ([Scope.READ], [Scope.RECORD], [Scope.READ, Scope.RECORD]):
        found = tokens.principal(tokens.create(*CLERK, scopes))
        assert found is not None
        assert found.scopes == set(scopes)
    for scopes in ([], ["read", "delete"]):  # type: ignore[assignment]
        with pytest.raises(Refused) as refusal:
            tokens.create(*CLERK, scopes)
        assert (refusal.value.message_id, refusal.value.field) == ("token-scopes", "scopes")


def test_when_a_token_was_used_is_noted_once_a_minute(tokens: Tokens, database: str) -> None:
    token = tokens.create(*CLERK)
    assert tokens.list()[0].last_used_at is None
    tokens.principal(token)
    first = tokens.list()[0].last_used_at
    assert first is not None
    tokens.principal(token)
    assert tokens.list()[0].last_used_at == first
    with psycopg.connect(database, autocommit=True) as conn:
        conn.execute("UPDATE duban.token SET last_used_at = last_used_at - interval '61 seconds'")
    tokens.principal(token)
    last = tokens.list()[0].last_used_at
    assert last is not None
    assert last > first


# Tokens of accounts


def test_a_token_of_an_account_acts_as_the_account_does_when_it_is_used(tokens: Tokens, accounts: Accounts) -> None:
    account = account_of(accounts)
    token = own(tokens, account)
    id = tokens.list(account.id)[0].id
    assert tokens.principal(token) == Principal("zhang", Role.DEPUTY_AFFAIRS, CITY, CITY, account=account.id, token=id)
    accounts.rebind(account.id, Asked(role="handling_unit", jurisdiction=CITY, office="jtj"), by="admin")
    assert tokens.principal(token) == Principal("zhang", Role.HANDLING_UNIT, "jtj", CITY, account=account.id, token=id)
    accounts.rebind(account.id, Asked(role="deputy", jurisdiction=CITY, deputy="d-001"), by="admin")
    assert tokens.principal(token) == Principal("d-001", Role.DEPUTY, CITY, CITY, account=account.id, token=id)
    (listed,) = tokens.list(account.id)
    assert (listed.account, listed.actor, listed.role) == ("zhang", "d-001", "deputy")


def test_a_token_of_a_disabled_account_is_refused_within_a_second_until_it_is_enabled(
    tokens: Tokens, accounts: Accounts
) -> None:
    account = account_of(accounts)
    token = own(tokens, account)
    assert tokens.principal(token) == tokens.remembered(token)
    accounts.disable(account.id, by="admin")
    assert tokens.principal(token) is None
    until = time.monotonic() + 1
    while tokens.remembered(token) is not None:
        assert time.monotonic() < until, "what is remembered is forgotten within a second"
    with pytest.raises(Refused, match="account-disabled"):
        own(tokens, account)
    accounts.enable(account.id, by="admin")
    assert tokens.principal(token) is not None


def test_nobody_gives_a_token_more_than_he_has_himself(tokens: Tokens, accounts: Accounts) -> None:
    auditor = account_of(accounts, "shen", Asked(role="auditor", jurisdiction=CITY))
    root = account_of(accounts, "root", Asked(role="administrator", jurisdiction=CITY))
    with pytest.raises(Refused, match="token-scopes"):
        own(tokens, auditor, "read", "record")
    assert tokens.principal(own(tokens, auditor, "read")) is not None
    for scopes in (["read"], ["record"], ["read", "record"]):
        with pytest.raises(Refused, match="administrator-sees-no-case"):
            own(tokens, root, *scopes)
    for days in (0, 367, 10**9):
        with pytest.raises(Refused, match="token-days"):
            own(tokens, auditor, "read", days=days)
    assert len(tokens.list()) == 1


def test_an_account_has_only_so_many_tokens_however_many_are_asked_for_at_once(
    tokens: Tokens, accounts: Accounts
) -> None:
    account = account_of(accounts)
    with ThreadPoolExecutor(2) as asking:
        made = [asking.submit(own, tokens, account) for _ in range(MOST + 5)]
    said = [getattr(future.exception(), "message_id", None) for future in made]
    assert said.count("token-too-many") == 5
    assert len(tokens.list(account.id)) == MOST
    assert tokens.revoke(tokens.list(account.id)[0].id, by="zhang", account_id=account.id)
    own(tokens, account)


def test_nobody_revokes_anothers_token(tokens: Tokens, accounts: Accounts) -> None:
    zhang, li = account_of(accounts), account_of(accounts, "li")
    token, program = own(tokens, zhang), tokens.create(*CLERK)
    for id in (token.split("_")[1], program.split("_")[1]):
        assert not tokens.revoke(id, by="li", account_id=li.id)
    assert tokens.principal(token)
    assert tokens.principal(program)
    assert tokens.revoke(token.split("_")[1], by="zhang", account_id=zhang.id)
    assert tokens.principal(token) is None


def test_the_log_tells_of_every_token_and_never_its_secret(tokens: Tokens, accounts: Accounts) -> None:
    account = account_of(accounts)
    made, program = own(tokens, account, "read"), tokens.create(*CLERK)
    tokens.revoke(made.split("_")[1], by="zhang", account_id=account.id)
    tokens.revoke(program.split("_")[1], by=CONSOLE)
    lines = accounts.log()[:4]
    assert [(line.what, line.done_by, line.login) for line in reversed(lines)] == [
        (Happening.TOKEN_CREATED, "zhang", "zhang"),
        (Happening.TOKEN_CREATED, CONSOLE, None),
        (Happening.TOKEN_REVOKED, "zhang", "zhang"),
        (Happening.TOKEN_REVOKED, CONSOLE, None),
    ]
    told = str([line.detail for line in lines])
    assert "read" in told
    assert made.split("_", 2)[2] not in told
    assert program.split("_", 2)[2] not in told


@pytest.mark.parametrize(
    ("role", "actor", "office", "standing"),
    [
        ("deputy", "d-001", CITY, Standing.IN_OFFICE),
        ("deputy", "d-008", CITY, Standing.DEPUTY_ENDED),
        ("deputy", "d-999", CITY, Standing.DEPUTY_ENDED),
        ("handling_unit", "program", "jtj", Standing.IN_OFFICE),
        ("handling_unit", "program", "lyj", Standing.UNIT_GONE),
    ],
)
def test_a_programs_token_stands_as_the_registry_says_too(
    tokens: Tokens, role: str, actor: str, office: str, standing: Standing
) -> None:
    found = tokens.principal(tokens.create(actor, role, office, CITY, "试用", 1))
    assert found is not None
    assert found.standing is standing


def test_a_token_belongs_to_an_account_or_to_a_program(tokens: Tokens, accounts: Accounts, database: str) -> None:
    account = account_of(accounts)
    own(tokens, account)
    tokens.create(*CLERK)
    with psycopg.connect(database, autocommit=True) as conn:
        for change in ("account_id = NULL WHERE account_id IS NOT NULL", "account_id = %s WHERE account_id IS NULL"):
            with pytest.raises(psycopg.errors.CheckViolation):
                conn.execute(f"UPDATE duban.token SET {change}", (account.id,) if "%s" in change else ())
