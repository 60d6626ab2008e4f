"""Other cases as forms and pages name them: by number or title, and never by an id."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime

from api.services import Services
from api.v1.finding import case_file_of, lists_of
from domain.case import CASE_TYPES
from domain.docket import CaseNotFoundError
from domain.moment import Moment
from domain.principal import Principal
from domain.refusal import Refused
from projections.reading import CaseRow, Filter

MOST_OFFERED = 200
"""Cases that a form offers for a field; any other is found by its number or title."""


class Cases:
    """Cases by their ids, where nobody looks anything up."""

    def called(self, case_id: str) -> str:
        """What people call a case."""
        return case_id

    def offered(self, kinds: Collection[str]) -> list[str]:
        """What cases of some kinds are called that may be named, the newest first."""
        del kinds
        return []

    def found(self, text: str, kinds: Collection[str], field: str) -> str:
        """The id of the one case of these kinds that is meant by its id, its number, its title or both."""
        del kinds, field
        return text


@dataclass(frozen=True)
class CasesOfReader(Cases):
    """The cases that somebody may read, as they are at a moment."""

    services: Services
    asker: Principal
    moment: Moment

    @classmethod
    def now(cls, services: Services, asker: Principal) -> CasesOfReader:
        """As they are now."""
        return cls(services, asker, Moment(datetime.now(UTC), services.docket.head()))

    def called(self, case_id: str) -> str:
        """Its number or else its title; its id where there is none for the reader."""
        try:
            found = case_file_of(self.services, self.asker, case_id).at(self.moment.known, self.moment.as_of)
        except CaseNotFoundError:
            found = None
        if found is None:
            return case_id
        facts = found.facts()
        return facts.title if found.of_registry else facts.number or facts.title

    def offered(self, kinds: Collection[str]) -> list[str]:
        """The newest of them, so many of a kind as a form can show."""
        return [named(row) for row in self._rows(kinds)]

    def found(self, text: str, kinds: Collection[str], field: str) -> str:
        """The one that is called just so, else whose number or title holds the text; refused if that is not one."""
        if self.called(text) != text:
            return text
        holding = self._rows(kinds, text)
        rows = {row.case_id: row for row in (*holding, *self._rows(kinds, text.partition(" ")[0]))}
        exact = [id for id, row in rows.items() if text in {row.number, row.title, named(row)}]
        ids = exact or [row.case_id for row in holding]
        if len(ids) != 1:
            raise Refused("several-cases-named" if ids else "no-case-named", field=field, text=text)
        return ids[0]

    def _rows(self, kinds: Collection[str], text: str | None = None) -> list[CaseRow]:
        """Cases of these kinds, or of any that the office handles, the newest first."""
        lists, rows = lists_of(self.services, self.asker), []
        for kind in kinds or (None,):
            wanted = Filter(kind=kind, jurisdiction=self.asker.jurisdiction, text=text)
            rows += lists.cases(wanted, self.moment, limit=MOST_OFFERED)
        return rows


def named(row: CaseRow) -> str:
    """What people call a case: number and title, of an entry of the registry the title."""
    return row.title if CASE_TYPES[row.kind].of_registry else " ".join(filter(None, (row.number, row.title)))
