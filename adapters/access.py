"""The access log in PostgreSQL: lines are only added, of refusals so many a minute, and forgotten after their days."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, LiteralString

from adapters.identity.statements import rows
from adapters.postgres.pool import Pool
from domain.access import AccessFilter, AccessRow
from domain.principal import Principal

MOST = 30
"""How many refusals of one account are told in a minute, line by line; the log of the requests has all of them."""

_REFUSED = """
WITH counted AS (
    INSERT INTO access_minute AS m (who, minute, jurisdiction, account_id, token_id, actor, role, office)
    VALUES (
        coalesce(%(account_id)s, %(token_id)s, %(actor)s), date_trunc('minute', clock_timestamp()),
        %(jurisdiction)s, %(account_id)s, %(token_id)s, %(actor)s, %(role)s, %(office)s
    )
    ON CONFLICT (who, minute) DO UPDATE SET refusals = m.refusals + 1
    RETURNING *
)
INSERT INTO access_log (jurisdiction, account_id, token_id, actor, role, office, kind, what, code, case_id)
SELECT %(jurisdiction)s, %(account_id)s, %(token_id)s, %(actor)s, %(role)s, %(office)s,
    'refused', %(what)s, %(code)s, %(case_id)s
FROM counted WHERE refusals <= %(most)s
RETURNING number
"""

_LEFT_OUT = """
WITH past AS (DELETE FROM access_minute WHERE minute < date_trunc('minute', clock_timestamp()) RETURNING *)
INSERT INTO access_log (at, jurisdiction, account_id, token_id, actor, role, office, kind, left_out)
SELECT minute, jurisdiction, account_id, token_id, actor, role, office, 'left_out', refusals - %(most)s
FROM past WHERE refusals > %(most)s ORDER BY minute, who
RETURNING number
"""

_READ = """
INSERT INTO access_log
    (jurisdiction, account_id, token_id, actor, role, office, kind, what, case_id, person, purposes, occasion)
VALUES (%(jurisdiction)s, %(account_id)s, %(token_id)s, %(actor)s, %(role)s, %(office)s,
    'read', %(what)s, %(case_id)s, %(person)s, %(purposes)s, %(occasion)s)
RETURNING number
"""

_LINES: LiteralString = """
SELECT number, at, jurisdiction, account_id, token_id, actor, role, office,
    kind, what, code, case_id, person, purposes, occasion, left_out
FROM access_log WHERE
"""

_WANTED: dict[str, LiteralString] = {
    "jurisdiction": "jurisdiction = %(jurisdiction)s",
    "actor": "actor = %(actor)s",
    "kind": "kind = %(kind)s",
    "case": "case_id = %(case)s",
    "person": "person = %(person)s",
    "since": "at >= %(since)s",
    "until": "at < %(until)s",
    "before": "number < %(before)s",
}


class AccessLog:
    """The access log of an installation."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    def refused(self, who: Principal, what: str, code: str, case_id: str | None = None) -> None:
        """Note that somebody was refused: what he asked for, as a route's template, and why, as a message id.

        Beyond so many of one account in a minute they are only counted, for all processes together.
        """
        said = {"what": what, "code": code, "case_id": case_id, "most": MOST}
        rows(self._pool, _REFUSED, _known(who) | said)

    def read(
        self,
        who: Principal,
        what: str,
        person: str,
        purposes: Sequence[str],
        *,
        case_id: str | None = None,
        occasion: str | None = None,
    ) -> None:
        """Note that somebody reads what is kept of a person, before he is shown it: if this raises, he is not.

        `what` is a route's template or a command, `person` the key of the person, never a name.
        """
        said = {"what": what, "person": person, "purposes": [*purposes], "case_id": case_id, "occasion": occasion}
        rows(self._pool, _READ, _known(who) | said)

    def lines(self, wanted: AccessFilter, *, before: int | None = None, limit: int = 100) -> list[AccessRow]:
        """The lines wanted, the newest first; `before` is the number of the last line seen."""
        self._tell_left_out()
        given = {**asdict(wanted), "before": before, "limit": limit}
        narrowed = (condition for name, condition in _WANTED.items() if given[name] is not None)
        statement = _LINES + (" AND ".join(narrowed) or "true") + " ORDER BY number DESC LIMIT %(limit)s"
        return [AccessRow(*row) for row in rows(self._pool, statement, given)]

    def forget(self, days: int) -> None:
        """Give up what is older than so many days, at least 180."""
        self._tell_left_out()
        rows(self._pool, "SELECT access_forget(%s)", (days,))

    def _tell_left_out(self) -> None:
        """Tell of the minutes that are over how many refusals were only counted."""
        rows(self._pool, _LEFT_OUT, {"most": MOST})


def _known(who: Principal) -> dict[str, Any]:
    return {
        "jurisdiction": who.jurisdiction,
        "account_id": who.account,
        "token_id": who.token,
        "actor": who.actor,
        "role": who.role,
        "office": who.office,
    }
