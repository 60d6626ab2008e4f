"""Integrity signals (诚信提示) at a moment, for the API, the pages and the command line alike."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from api.figures import Figures
from api.services import Lists, Services
from domain.moment import Moment
from domain.office import Jurisdiction
from domain.refusal import Refused
from projections import integrity
from projections.asked import Asked
from projections.compliance import Looked, look_at
from projections.integrity import Verified, asked_of, integrity_rules, perfect_units, verified_of

MOST = 5_000
"""How many answered suggestions are looked at: beyond them a year or a session has to be named."""


@dataclass(frozen=True)
class Integrity:
    """Every signal with what it is about, and what was declared beside what was verified."""

    version: str
    signals: Sequence[integrity.Asked]
    verified: Sequence[Verified]


def integrity_of(
    services: Services, lists: Lists, jurisdiction: Jurisdiction, moment: Moment, asked: Asked
) -> Integrity:
    """The signals about the suggestions asked for, as they were at a moment and as known then."""
    figures, rules = Figures(services, lists, jurisdiction, moment), integrity_rules()
    wanted = asked.of("suggestion", jurisdiction, figures.day)
    rows = lists.figures.counted(wanted, ["replied"], moment, limit=MOST + 1)
    if len(rows) > MOST:
        raise Refused("integrity-of-too-many", field="year", most=MOST)
    looked = list(_looked(services, jurisdiction, moment, [row.case_id for row in rows]))
    rates = figures.told(asked, ["unit_satisfied_rate", "unit_resolution_rate"], "unit")
    satisfied, resolved = ({unit: figure for unit, figure in one.parts if unit is not None} for one in rates)
    return Integrity(
        rules.version,
        [*asked_of(rules, looked, figures.day), perfect_units(rules, satisfied, resolved)],
        verified_of(looked, figures.day),
    )


def _looked(
    services: Services, jurisdiction: Jurisdiction, moment: Moment, case_ids: Sequence[str]
) -> Iterator[Looked]:
    for case_file in services.docket.case_files(case_ids, moment.known):
        if (looked := look_at(case_file, jurisdiction, moment.known, moment.as_of)) is not None:
            yield looked
