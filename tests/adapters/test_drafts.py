from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from adapters.identity.drafts import Drafts
from adapters.keys import KeyStore
from adapters.postgres.pool import open_pool
from domain.draft import KEPT, MOST
from domain.refusal import Refused

pytestmark = pytest.mark.database

FIELDS = {"title": ["建议\u0000增开"], "co_units": ["czj", "zjj"], "key": ["a" * 32]}


@pytest.fixture
def drafts(database: str, tmp_path: Path) -> Iterator[Drafts]:
    with psycopg.connect(database, autocommit=True) as conn:
        for id in ("a", "b"):
            conn.execute(
                "INSERT INTO duban.account (id, login, login_key, name, role, office, jurisdiction, password_hash,"
                " must_change) VALUES (%s, %s, %s, '-', 'deputy_affairs', 'rd', 'cn-999900', '-', false)",
                (id, id, id),
            )
    pool = open_pool(database, schema="duban", role="duban_app", size=1, name="test")
    yield Drafts(pool, KeyStore(tmp_path, bytes(32), "main"))
    pool.close()


def test_a_draft_is_read_as_it_was_kept_and_by_its_author_alone(drafts: Drafts) -> None:
    kept = drafts.keep("a", "case-1", "handed_over", 3, FIELDS)
    assert drafts.find("a", kept.id) == kept
    assert (kept.case_id, kept.step, kept.version, kept.fields) == ("case-1", "handed_over", 3, FIELDS)
    for account, id in (("b", kept.id), ("a", "0" * 24), ("a", "\0"), ("a", "")):
        with pytest.raises(Refused, match="no-such-draft"):
            drafts.find(account, id)
        assert not drafts.discard(account, id)
    assert (drafts.list("a"), drafts.list("b")) == ([kept], [])
    assert (drafts.discard("a", kept.id), drafts.discard("a", kept.id)) == (True, False)


def test_a_draft_is_changed_under_its_id_by_its_author_for_the_same_form(drafts: Drafts) -> None:
    kept = drafts.keep("a", None, "suggestion.submitted", 0, FIELDS)
    changed = drafts.keep("a", None, "suggestion.submitted", 0, {"title": ["新"]}, kept.id)
    assert (changed.id, changed.fields) == (kept.id, {"title": ["新"]})
    assert changed.kept_at > kept.kept_at
    others = [
        drafts.keep("b", None, "suggestion.submitted", 0, FIELDS, kept.id),
        drafts.keep("a", "case-1", "suggestion.submitted", 0, FIELDS, kept.id),
        drafts.keep("a", None, "unit.opened", 0, FIELDS, kept.id),
        drafts.keep("a", None, "unit.opened", 0, FIELDS, "\0"),
    ]
    assert len({kept.id, *(other.id for other in others)}) == 5
    assert drafts.find("a", kept.id) == changed


def test_a_draft_is_forgotten_after_ninety_days(drafts: Drafts, database: str) -> None:
    kept = drafts.keep("a", "case-1", "handed_over", 3, FIELDS)
    assert kept.expires_at == kept.kept_at + KEPT
    with psycopg.connect(database, autocommit=True) as conn:
        conn.execute("UPDATE duban.draft SET kept_at = kept_at - interval '90 days 1 second'")
        assert drafts.list("a") == []
        with pytest.raises(Refused, match="no-such-draft"):
            drafts.find("a", kept.id)
        anew = drafts.keep("a", "case-1", "handed_over", 3, FIELDS, kept.id)
        drafts.forget_old()
        assert [row[0] for row in conn.execute("SELECT id FROM duban.draft")] == [anew.id]


def test_an_account_has_so_many_drafts_at_most(drafts: Drafts) -> None:
    kept = [drafts.keep("a", "case-1", "handed_over", 3, {}) for _ in range(MOST)]
    with pytest.raises(Refused, match="too-many-drafts"):
        drafts.keep("a", "case-1", "handed_over", 3, {})
    drafts.keep("a", "case-1", "handed_over", 4, {}, kept[0].id)
    drafts.keep("b", "case-1", "handed_over", 3, {})
    drafts.discard("a", kept[0].id)
    drafts.keep("a", "case-1", "handed_over", 3, {})


def test_a_draft_about_a_person_is_sealed_and_gone_with_its_key(drafts: Drafts, database: str, tmp_path: Path) -> None:
    fields = {"person": ["p1"], "name": ["标记甲某某"]}
    kept = drafts.keep("a", "case-1", "person_added", 3, fields)
    assert kept.fields == fields
    changed = drafts.keep("a", "case-1", "person_added", 3, fields | {"phone": ["139-4711"]}, kept.id)
    assert (changed.id, drafts.find("a", kept.id).fields["phone"]) == (kept.id, ["139-4711"])
    with psycopg.connect(database, autocommit=True) as conn:
        stored = str(conn.execute("SELECT fields::text FROM duban.draft").fetchall())
    assert "4711" not in stored
    assert json.dumps("标记甲某某").strip('"') not in stored
    KeyStore(tmp_path, bytes(32), "main").discard_draft("case-1", kept.id)
    assert drafts.list("a") == []
    with pytest.raises(Refused, match="no-such-draft"):
        drafts.find("a", kept.id)
    assert drafts.discard("a", kept.id)
