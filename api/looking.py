"""Case files of a jurisdiction as they were at a moment, for what is told of many of them at once."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from api.problems import ProblemError
from api.services import Lists, Services
from domain import policy
from domain.moment import Moment
from domain.office import Jurisdiction
from domain.principal import Principal
from domain.refusal import Refused
from projections.compliance import Looked
from projections.reading import CaseRow, Filter, Sought

_PAGE = 200
_WAIT_SECONDS = 2.0
_WAIT_STEP = 0.005


def require_whole(asker: Principal) -> None:
    """Refuse somebody who does not read every case: of a part of them it would be said what is not so."""
    if not policy.reads_all(asker):
        raise Refused("not-all-is-yours")


def require_reached(reached: Callable[[], int], position: int) -> None:
    """Wait a little until a projection has read up to a position; refuse if it takes longer."""
    until = time.monotonic() + _WAIT_SECONDS
    while reached() < position:
        if time.monotonic() > until:
            raise ProblemError("not-caught-up", position=position)
        time.sleep(_WAIT_STEP)


def as_known(services: Services, code: str, moment: Moment) -> Jurisdiction:
    """The jurisdiction as it was known at a moment; as it is now, where the moment lies before it."""
    try:
        return services.registry.jurisdiction(code, moment.known)
    except Refused:
        return services.registry.jurisdiction(code)


def looked_at(
    services: Services, lists: Lists, jurisdiction: Jurisdiction, moment: Moment, sought: Sequence[Sought]
) -> Iterator[Looked]:
    """The cases that have steps of those sought, as they were then and as known then."""
    unread = []
    for case_id, version in lists.having(sought, jurisdiction.code, moment.known):
        if (kept := services.looks.kept(case_id, version)) is None:
            unread.append(case_id)
        elif (looked := kept.at(moment.as_of, jurisdiction)) is not None:
            yield looked
    for case_file in services.docket.case_files(unread, moment.known):
        kept = services.looks.keep(case_file, jurisdiction)
        if kept is not None and (looked := kept.at(moment.as_of, jurisdiction)) is not None:
            yield looked


def rows_of(lists: Lists, wanted: Filter, moment: Moment) -> Iterator[CaseRow]:
    """Every case of a filter, however many pages they are."""
    after: tuple[Any, str] | None = None
    while rows := lists.cases(wanted, moment, after=after, limit=_PAGE):
        yield from rows
        if len(rows) < _PAGE:
            break
        after = rows[-1].opened_on, rows[-1].case_id
