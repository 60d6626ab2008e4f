"""Cards (画像卡片) of a unit, a deputy, a committee and a district at a moment, for the API, the pages and the commands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from api.figures import Asked, By, Figures, Told
from api.looking import as_known
from api.problems import ProblemError
from api.services import Lists, Services
from domain.calendar import add_months
from domain.moment import Moment
from domain.office import Jurisdiction
from domain.refusal import Refused
from domain.rulebook import Target
from projections.hands import OF_UNIT, Span, Stay, Way, span_of, stays_of
from projections.metrics import Figure, Metric, Rank, rank_of

SHARES = (
    *("assignments", "unit_on_time_rate", "unit_evaluation_coverage", "unit_satisfied_rate"),
    *("unit_basically_satisfied_rate", "unit_dissatisfied_rate", "unit_resolution_rate"),
    *("return_rate", "co_opinion_on_time_rate"),
)
"""What is told of a unit's shares (件次): leading, co- and separate handling."""
LED = (
    *("handed_over", "overdue", "reply_rate", "on_time_rate", "on_time_rate_before_extension", "evaluation_coverage"),
    *("first_satisfied_rate", "satisfied_rate", "basically_satisfied_rate", "dissatisfied_rate", "conversion_rate"),
    *("resolution_rate", "resolution_rate_broad", "accomplishment_rate", "turned_resolved_rate", "re_handling_rate"),
    *("met_rate", "visited_rate", "met_by_leader_rate"),
)
"""What is told of suggestions (件), by the unit that leads."""
KEPT = ("commitment_rate", "rectification_rate", "rectification_on_time_rate")
"""What is told of what was promised, and of what was to be put right."""

MOST = 2_000
"""How many shares of a unit are looked at for its days: beyond them the card wants a year or a session."""
_MONTHS = 6


@dataclass(frozen=True)
class Line:
    """A metric on a card: its figure, its place among the others, and what it was at the ends of the last months."""

    metric: Metric
    figure: Figure
    target: Target | None
    rank: Rank | None
    """None where nobody is ranked."""
    trend: Sequence[tuple[date, Figure]]


@dataclass(frozen=True)
class Held:
    """A suggestion that is or was in a unit's hands, with every stay: its own, and those of others before and after."""

    case_id: str
    number: str | None
    title: str
    own: Sequence[Stay]
    others: Sequence[Stay]

    @property
    def days(self) -> int:
        """Calendar days in the unit's own hands."""
        return sum(stay.days for stay in self.own)

    @property
    def working_days(self) -> int:
        """Working days in the unit's own hands."""
        return sum(stay.working_days for stay in self.own)

    @property
    def there(self) -> bool:
        """Whether it is in them at the moment."""
        return any(stay.lasts for stay in self.own)


@dataclass(frozen=True)
class UnitCard:
    """What is told of a handling unit."""

    lines: Sequence[Line]
    handling: Span
    """Days until its replies, what it waited for a decision on a return included."""
    opinions: Span
    """Days until its opinions as a co-handler."""
    held: Sequence[Held]
    """The suggestions that it holds or held, those with most days first."""


class Cards:
    """Cards of what somebody may read in a jurisdiction, at one moment."""

    def __init__(self, services: Services, lists: Lists, jurisdiction: Jurisdiction, moment: Moment) -> None:
        self._services = services
        self._lists = lists
        self._jurisdiction = jurisdiction
        self.figures = Figures(services, lists, jurisdiction, moment)
        self.moment = moment
        self.day = self.figures.day

    def unit(self, unit: str, asked: Asked, *, ranked: bool) -> UnitCard:
        """A unit's card; it is ranked for whoever reads every case, as of a part of them no place follows."""
        if self._jurisdiction.unit(unit, self.day) is None:
            raise ProblemError("not-found")
        ids = (*SHARES, *LED, *KEPT)
        held = self._held(unit, asked)
        return UnitCard(
            lines=self._lines(asked, ids, "unit", unit) if ranked else self.lines(replace(asked, unit=unit), ids),
            handling=span_of([stay for stay in one.own if stay.way is not Way.OPINION] for one in held),
            opinions=span_of([stay for stay in one.own if stay.way is Way.OPINION] for one in held),
            held=held,
        )

    def lines(self, asked: Asked, ids: Sequence[str]) -> list[Line]:
        """Metrics with their course, nobody ranked."""
        told, courses = self.figures.told(asked, ids), self._courses(asked, ids)
        return [Line(one.metric, one.figure, one.target, None, courses[one.metric.id]) for one in told]

    def _lines(self, asked: Asked, ids: Sequence[str], by: By, key: str) -> list[Line]:
        """Metrics of one value of a dimension, with its place among all of them."""
        courses = self._courses(replace(asked, **{by: key}), ids)
        return [_ranked(one, key, courses[one.metric.id]) for one in self.figures.told(asked, ids, by)]

    def _courses(self, asked: Asked, ids: Sequence[str]) -> dict[str, list[tuple[date, Figure]]]:
        since = add_months(self.day.replace(day=1), 1 - _MONTHS)
        return self.figures.courses(asked, ids, since, self.day, "month")

    def _held(self, unit: str, asked: Asked) -> list[Held]:
        rows = self.figures.counted(replace(asked, unit=unit), "assignments", limit=MOST + 1)
        if len(rows) > MOST:
            raise Refused("card-of-too-many", field="year", most=MOST)
        named = {row.case_id: row for row in rows}
        found = []
        for case_file in self._services.docket.case_files(list(named), self.moment.known):
            calendar = self._jurisdiction.working_calendar
            stays = stays_of(case_file.history, self.moment.known, self.moment.as_of, calendar)
            own = [stay for stay in stays if stay.unit == unit and stay.way in OF_UNIT]
            row = named[case_file.id]
            others = [stay for stay in stays if stay not in own]
            found.append(Held(row.case_id, row.number, row.title, own, others))
        return sorted(found, key=lambda one: (-one.days, one.case_id))


def cards_of(services: Services, lists: Lists, code: str, moment: Moment) -> Cards:
    """The cards of a jurisdiction as it was known at the moment."""
    return Cards(services, lists, as_known(services, code, moment), moment)


def _ranked(told: Told, key: str, trend: Sequence[tuple[date, Figure]]) -> Line:
    figures = {value: figure for value, figure in told.parts if value is not None}
    own = figures.get(key) or Figure(0, 0 if told.metric.is_rate else None, None)
    rank = rank_of(told.metric, own, figures.values()) if key in figures else Rank(None, 0)
    return Line(told.metric, own, told.target, rank, trend)
