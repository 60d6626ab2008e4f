"""Drafts in PostgreSQL: each is read, changed and discarded by the account that keeps it, and by nobody else.

The draft of a form that asks for a person's data is sealed under a key of its own, and erased with those data.
"""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import cache
from typing import Any, LiteralString, Protocol

from adapters.identity.statements import rows, transaction
from adapters.postgres.pool import Pool
from domain.case import STEPS
from domain.draft import KEPT, MOST, FormDraft
from domain.personal import Personal, personal_fields
from domain.procedure import opening_name
from domain.refusal import Refused

_COLUMNS: LiteralString = "id, case_id, step, version, fields, kept_at"
_OWN: LiteralString = "account_id = %(account)s AND kept_at > clock_timestamp() - %(kept)s"
_ID = re.compile(r"[0-9a-f]{24}\Z")


class DraftKeys(Protocol):
    """What drafts need of the store of keys."""

    def seal_draft(self, case_id: str | None, id: str, clear: str) -> Personal[Any]:
        """What a draft says of a person, under a key of its own."""

    def open_draft(self, case_id: str | None, id: str, value: Personal[Any]) -> str:
        """The same in clear; refused if it was erased."""

    def discard_draft(self, case_id: str | None, id: str) -> None:
        """Destroy the key of a draft."""


class Drafts:
    """The drafts of an installation."""

    def __init__(self, pool: Pool, keys: DraftKeys) -> None:
        self._pool = pool
        self._keys = keys

    def keep(
        self,
        account_id: str,
        case_id: str | None,
        step: str,
        version: int,
        fields: Mapping[str, Sequence[str]],
        id: str | None = None,
    ) -> FormDraft:
        """Keep a form; under the id of a draft of the same form, that is changed. Too many drafts are refused."""
        new = secrets.token_hex(12)
        own = {"account": account_id, "kept": KEPT, "most": MOST, "id": _known(id), "new": new}
        said = {"case": case_id, "step": step, "version": version}
        said |= {"fields": self._written(case_id, step, _known(id) or new, fields)}
        with transaction(self._pool) as conn:
            kept = conn.execute(
                "UPDATE draft SET version = %(version)s, fields = %(fields)s, kept_at = clock_timestamp()"
                f" WHERE {_OWN} AND id = %(id)s AND case_id IS NOT DISTINCT FROM %(case)s AND step = %(step)s"
                f" RETURNING {_COLUMNS}",
                own | said,
            ).fetchone()
            kept = (
                kept
                or conn.execute(
                    "INSERT INTO draft (id, account_id, case_id, step, version, fields)"
                    " SELECT %(new)s, %(account)s, %(case)s, %(step)s, %(version)s, %(fields)s"
                    f" WHERE (SELECT count(*) FROM draft WHERE {_OWN}) < %(most)s RETURNING {_COLUMNS}",
                    own | said | {"fields": self._written(case_id, step, new, fields)},
                ).fetchone()
            )
        if kept is None:
            raise Refused("too-many-drafts", most=MOST)
        return self._read(kept)

    def list(self, account_id: str) -> list[FormDraft]:
        """The drafts of an account, the newest first."""
        own = {"account": account_id, "kept": KEPT}
        statement: LiteralString = f"SELECT {_COLUMNS} FROM draft WHERE {_OWN} ORDER BY kept_at DESC, id"
        drafts = []
        for row in rows(self._pool, statement, own):
            with suppress(Refused):
                drafts.append(self._read(row))
        return drafts

    def find(self, account_id: str, id: str) -> FormDraft:
        """A draft of the account; refused if it has none of that id."""
        own = {"account": account_id, "kept": KEPT, "id": _known(id)}
        found = rows(self._pool, f"SELECT {_COLUMNS} FROM draft WHERE {_OWN} AND id = %(id)s", own)
        if not found:
            raise Refused("no-such-draft")
        try:
            return self._read(found[0])
        except Refused:
            raise Refused("no-such-draft") from None

    def of_another(self, account_id: str, id: str) -> bool:
        """Whether another account has a draft of that id."""
        statement = "SELECT 1 FROM draft WHERE id = %s AND account_id <> %s AND kept_at > clock_timestamp() - %s"
        return bool(rows(self._pool, statement, (_known(id), account_id, KEPT)))

    def discard(self, account_id: str, id: str) -> bool:
        """Whether the account had a draft of that id, and has it no more."""
        statement = "DELETE FROM draft WHERE account_id = %s AND id = %s RETURNING case_id, step"
        gone = rows(self._pool, statement, (account_id, _known(id)))
        for case_id, step in gone:
            if _asks_for_a_person(step):
                self._keys.discard_draft(case_id, id)
        return bool(gone)

    def forget_old(self) -> None:
        """Give up what was not changed for long."""
        rows(self._pool, "DELETE FROM draft WHERE kept_at <= clock_timestamp() - %s RETURNING id", (KEPT,))

    def _written(self, case_id: str | None, step: str, id: str, fields: Mapping[str, Sequence[str]]) -> str:
        """The fields as they are stored."""
        text = json.dumps(fields)
        return json.dumps(self._keys.seal_draft(case_id, id, text).stored()) if _asks_for_a_person(step) else text

    def _read(self, row: tuple[Any, ...]) -> FormDraft:
        draft = FormDraft(*row)
        if not _asks_for_a_person(draft.step):
            return draft
        sealed: Personal[Any] = Personal.read(draft.fields)
        return replace(draft, fields=json.loads(self._keys.open_draft(draft.case_id, draft.id, sealed)))


@cache
def _asks_for_a_person(step: str) -> bool:
    """Whether a form asks for a person's data."""
    return any(step in {one.declared.name, opening_name(one)} and personal_fields(one) for one in STEPS.values())


def _known(id: str | None) -> str | None:
    """The id, if it can be one of ours."""
    return id if id and _ID.match(id) else None
