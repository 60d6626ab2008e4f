"""Figures (统计指标) at a moment, for the API, the pages and the command line alike."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Literal, cast

from api.looking import require_reached
from api.services import Lists, Services
from domain.calendar import add_months
from domain.case import Recorded
from domain.moment import Moment, day_of, end_of_day
from domain.office import Jurisdiction
from domain.refusal import Refused
from domain.rulebook import Target
from projections.asked import OF_DEPUTIES, Asked, By
from projections.figures import steps_that_count
from projections.metrics import Figure, Metric, figure_of, metric_named, metrics
from projections.reading import ChangedRow, CountedRow, Dimension, Sums

Pace = Literal["day", "month", "quarter", "year"]

MOST_POINTS = 400
"""How many points a series may have."""
_MOST_CHANGES = 200
_MONTHS: Mapping[str, int] = {"month": 1, "quarter": 3, "year": 12}


@dataclass(frozen=True)
class Told:
    """A metric with its figure, in whole and for each value of the dimension that was asked for."""

    metric: Metric
    figure: Figure
    parts: Sequence[tuple[str | None, Figure]]
    target: Target | None


@dataclass(frozen=True)
class Change:
    """A case that adds otherwise to a figure at the later moment, and the steps between the two."""

    row: ChangedRow
    title: str
    number: str | None
    kind: str
    steps: Sequence[Recorded]

    @property
    def way(self) -> Literal["entered", "left", "changed"]:
        """Whether it came in, went out, or counts otherwise."""
        return "entered" if self.row.before is None else "left" if self.row.after is None else "changed"


class Figures:
    """Figures of what somebody may read in a jurisdiction, at one moment."""

    def __init__(self, services: Services, lists: Lists, jurisdiction: Jurisdiction, moment: Moment) -> None:
        self._services = services
        self._figures = lists.figures
        self._lists = lists
        self._jurisdiction = jurisdiction
        self.moment = moment
        self.day = day_of(moment.as_of, jurisdiction.time_zone)
        require_not_ahead(moment, jurisdiction)
        require_reached(self._figures.reached, moment.known)

    def told(self, asked: Asked, ids: Sequence[str], by: By | None = None) -> list[Told]:
        """Metrics in the order of their ids as given, or all of them; those of one subject are counted at once."""
        chosen = [metric_named(id) for id in ids] or list(metrics().values())
        found: dict[str, dict[str | None, Sums]] = {}
        totals: dict[str, Sums] = {}
        for subject in dict.fromkeys(metric.subject for metric in chosen):
            measures = _measures(metric for metric in chosen if metric.subject == subject)
            found[subject] = self._sums(asked, subject, measures, by)
            totals[subject] = _total(found[subject].values())
        targets = self._targets(asked)
        return [
            Told(
                metric,
                figure_of(metric, totals[metric.subject]),
                []
                if by is None
                else [(value, figure_of(metric, sums)) for value, sums in found[metric.subject].items()],
                targets.get(metric.id),
            )
            for metric in chosen
        ]

    def series(self, asked: Asked, id: str, since: date, until: date, pace: Pace) -> list[tuple[date, Figure]]:
        """A metric at the end of each day, month, quarter or year, all as known at the moment."""
        return self.courses(asked, [id], since, until, pace)[id]

    def courses(
        self, asked: Asked, ids: Sequence[str], since: date, until: date, pace: Pace
    ) -> dict[str, list[tuple[date, Figure]]]:
        """The same of several metrics; those of one subject are counted at once."""
        chosen = [metric_named(id) for id in ids]
        days = list(days_of(since, min(until, self.day), pace))
        zone = self._jurisdiction.time_zone
        instants = [min(end_of_day(day, zone), self.moment.as_of) for day in days]
        found: dict[str, list[Sums]] = {}
        for subject in dict.fromkeys(metric.subject for metric in chosen):
            measures = _measures(metric for metric in chosen if metric.subject == subject)
            wanted = asked.of(subject, self._jurisdiction, self.day)
            course = self._figures.series(wanted, measures, instants, self.moment.known)
            found[subject] = [sums for _, sums in course]
        return {
            metric.id: [(day, figure_of(metric, sums)) for day, sums in zip(days, found[metric.subject], strict=True)]
            for metric in chosen
        }

    def counted(
        self, asked: Asked, id: str, *, after: tuple[str, str] | None = None, limit: int = 50
    ) -> list[CountedRow]:
        """A page of what adds to a metric."""
        metric = metric_named(id)
        wanted = asked.of(metric.subject, self._jurisdiction, self.day)
        return self._figures.counted(wanted, metric.measures, self.moment, after=after, limit=limit)

    def changes(self, asked: Asked, id: str, earlier: Moment) -> list[Change]:
        """Which cases add otherwise to a metric than at an earlier moment, and the steps between."""
        require_not_ahead(earlier, self._jurisdiction)
        metric = metric_named(id)
        wanted = asked.of(metric.subject, self._jurisdiction, self.day)
        rows = self._figures.changed(wanted, metric.measures, earlier, self.moment, _MOST_CHANGES)
        return [self._change(row, metric, earlier) for row in rows]

    def _change(self, row: ChangedRow, metric: Metric, earlier: Moment) -> Change:
        case_file = self._services.docket.case_file(row.case_id)
        case = case_file.at(self.moment.known, self.moment.as_of) or case_file.case
        facts = case.facts() if case is not None else None
        item = (metric.subject, row.part)
        return Change(
            row,
            facts.title if facts else "",
            facts.number if facts else None,
            case.kind if case else "",
            list(steps_that_count(case_file, item, metric.measures, earlier, self.moment)),
        )

    def _sums(self, asked: Asked, subject: str, measures: Sequence[str], by: By | None) -> dict[str | None, Sums]:
        wanted = asked.of(subject, self._jurisdiction, self.day)
        if by not in OF_DEPUTIES:
            return self._figures.sums(wanted, measures, self.moment, cast("Dimension | None", by))
        found: dict[str | None, Counter[str]] = {}
        for person, sums in self._figures.sums(wanted, measures, self.moment, "person").items():
            deputy = None if person is None else self._jurisdiction.deputy(person, self.day)
            found.setdefault(None if deputy is None else getattr(deputy, str(by)), Counter()).update(sums)
        return dict(found)

    def _targets(self, asked: Asked) -> Mapping[str, Target]:
        year = asked.year or self.day.year
        book = self._jurisdiction.book_on(self.day)
        division = self._jurisdiction.division
        return {} if division is None else {one.metric: one for one in book.targets_of(division, year)}


def require_not_ahead(moment: Moment, jurisdiction: Jurisdiction) -> None:
    """Refuse a moment after today: what is sealed until then would be told."""
    today = day_of(datetime.now(UTC), jurisdiction.time_zone)
    if moment.as_of > end_of_day(today, jurisdiction.time_zone):
        raise Refused("figures-ahead", field="as_of", today=today.isoformat())


def days_of(since: date, until: date, pace: Pace) -> Iterator[date]:
    """The last day of each period that begins in a stretch of days, the last of them cut at its end."""
    if since > until:
        raise Refused("series-ends-before-it-begins", field="until", since=since.isoformat(), until=until.isoformat())
    count, day = 0, _start(since, pace)
    while day <= until:
        following = day + timedelta(days=1) if pace == "day" else add_months(day, _MONTHS[pace])
        if (count := count + 1) > MOST_POINTS:
            raise Refused("series-too-long", field="since", most=MOST_POINTS)
        yield min(following - timedelta(days=1), until)
        day = following


def _start(day: date, pace: Pace) -> date:
    match pace:
        case "day":
            return day
        case "month":
            return day.replace(day=1)
        case "quarter":
            return date(day.year, day.month - (day.month - 1) % 3, 1)
        case "year":
            return date(day.year, 1, 1)


def _measures(chosen: Iterable[Metric]) -> list[str]:
    return list(dict.fromkeys(measure for metric in chosen for measure in metric.measures))


def _total(parts: Iterable[Sums]) -> Sums:
    total: Counter[str] = Counter()
    for sums in parts:
        total.update(sums)
    return total
