"""The register of regulations (地方性法规目录) at a moment, for the API, the pages and the command line alike.

Whoever signs in reads all of it: it says what was promulgated. The files of the regulations stay closed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from api.looking import rows_of
from api.services import Services
from domain.cases.legislation import Legislation
from domain.moment import Moment, day_of
from domain.office import Jurisdiction
from domain.policy import Scope
from projections.reading import Filter
from projections.regulations import Regulation, register


def regulations_of(services: Services, jurisdiction: Jurisdiction, moment: Moment) -> Sequence[Regulation]:
    """The regulations of a jurisdiction as they were at a moment and as known then."""
    return register(_cases(services, jurisdiction, moment), day_of(moment.as_of, jurisdiction.time_zone))


def _cases(services: Services, jurisdiction: Jurisdiction, moment: Moment) -> Iterator[Legislation]:
    lists = services.views.within(Scope(jurisdiction.code))
    rows = rows_of(lists, Filter(kind=Legislation.kind, jurisdiction=jurisdiction.code), moment)
    for case_file in services.docket.case_files((row.case_id for row in rows), moment.known):
        case = case_file.at(moment.known, moment.as_of)
        if isinstance(case, Legislation):
            yield case
