from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from adapters.identity.tokens import REMEMBERED_SECONDS, Tokens
from adapters.postgres.pool import open_pool
from domain.case import Role
from domain.principal import Principal, Scope
from domain.refusal import Refused
from tests.registry import shipped_registry

pytestmark = pytest.mark.database

CLERK = ("u-1", "deputy_affairs", "rd", "cn-999900", "办公室", 30)


@pytest.fixture
def tokens(database: str) -> Iterator[Tokens]:
    pool = open_pool(database, schema="duban", role="duban_app", size=1, name="test")
    yield Tokens(pool, shipped_registry())
    pool.close()


def test_a_token_is_known_until_it_is_revoked(tokens: Tokens) -> None:
    token = tokens.create(*CLERK)
    assert tokens.principal(token) == Principal("u-1", Role.DEPUTY_AFFAIRS, "rd", "cn-999900")
    (listed,) = tokens.list()
    assert (tokens.revoke(listed.id), tokens.revoke(listed.id), tokens.revoke("nobody")) == (True, False, False)
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
    assert tokens.revoke(secret.split("_")[1])
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
