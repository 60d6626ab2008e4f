"""Drafts in PostgreSQL: each is read, changed and discarded by the account that keeps it, and by nobody else."""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Mapping, Sequence
from typing import LiteralString

from adapters.identity.statements import rows, transaction
from adapters.postgres.pool import Pool
from domain.draft import KEPT, MOST, FormDraft
from domain.refusal import Refused

_COLUMNS: LiteralString = "id, case_id, step, version, fields, kept_at"
_OWN: LiteralString = "account_id = %(account)s AND kept_at > clock_timestamp() - %(kept)s"
_ID = re.compile(r"[0-9a-f]{24}\Z")


class Drafts:
    """The drafts of an installation."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

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
        own = {"account": account_id, "kept": KEPT, "most": MOST, "id": _known(id), "new": secrets.token_hex(12)}
        said = {"case": case_id, "step": step, "version": version, "fields": json.dumps(fields)}
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
                    own | said,
                ).fetchone()
            )
        if kept is None:
            raise Refused("too-many-drafts", most=MOST)
        return FormDraft(*kept)

    def list(self, account_id: str) -> list[FormDraft]:
        """The drafts of an account, the newest first."""
        own = {"account": account_id, "kept": KEPT}
        statement: LiteralString = f"SELECT {_COLUMNS} FROM draft WHERE {_OWN} ORDER BY kept_at DESC, id"
        return [FormDraft(*row) for row in rows(self._pool, statement, own)]

    def find(self, account_id: str, id: str) -> FormDraft:
        """A draft of the account; refused if it has none of that id."""
        own = {"account": account_id, "kept": KEPT, "id": _known(id)}
        found = rows(self._pool, f"SELECT {_COLUMNS} FROM draft WHERE {_OWN} AND id = %(id)s", own)
        if not found:
            raise Refused("no-such-draft")
        return FormDraft(*found[0])

    def of_another(self, account_id: str, id: str) -> bool:
        """Whether another account has a draft of that id."""
        statement = "SELECT 1 FROM draft WHERE id = %s AND account_id <> %s AND kept_at > clock_timestamp() - %s"
        return bool(rows(self._pool, statement, (_known(id), account_id, KEPT)))

    def discard(self, account_id: str, id: str) -> bool:
        """Whether the account had a draft of that id, and has it no more."""
        statement = "DELETE FROM draft WHERE account_id = %s AND id = %s RETURNING id"
        return bool(rows(self._pool, statement, (account_id, _known(id))))

    def forget_old(self) -> None:
        """Give up what was not changed for long."""
        rows(self._pool, "DELETE FROM draft WHERE kept_at <= clock_timestamp() - %s RETURNING id", (KEPT,))


def _known(id: str | None) -> str | None:
    """The id, if it can be one of ours."""
    return id if id and _ID.match(id) else None
