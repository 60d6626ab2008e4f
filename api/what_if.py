"""What if (假设推演): figures of the same cases under other rules, as a simulation that is kept nowhere."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any

from api.figures import require_not_ahead
from api.looking import as_known
from api.services import Lists, Services
from domain.case import CASE_TYPES, Case
from domain.moment import Moment, day_of
from domain.office import Jurisdiction
from domain.procedure import require_stage
from domain.refusal import Refused
from projections.asked import OF_DEPUTIES, Asked, By
from projections.figures import Cell
from projections.metrics import Figure, Metric, figure_of, metric_named, metrics
from projections.reading import FigureFilter, Filter
from projections.supposition import Simulated, Supposition, counts_in, simulated, supposed

if TYPE_CHECKING:
    from api.web.viewmodels import Teller

MOST_CASES = 2_000
"""Each case is read and folded twice, 2 to 3 ms of a processor with every metric: so many at once."""
MOST_DIFFERING = 100
_PAGE = 500


@dataclass(frozen=True)
class Beside:
    """A figure as it is, and as it would be."""

    real: Figure
    simulated: Figure


@dataclass(frozen=True)
class ToldBeside:
    """A metric as it is beside what it would be, in whole and for each value of the dimension that was asked for."""

    metric: Metric
    figure: Beside
    parts: Sequence[tuple[str | None, Beside]]
    target: float | None
    simulated_target: float | None


@dataclass(frozen=True)
class Differing:
    """Something that would count otherwise, with what it adds to those measures that differ."""

    case: Case
    subject: str
    part: str
    was: dict[str, int]
    would_be: dict[str, int]


@dataclass
class _Sums:
    """The sums of one subject's measures by the values of a dimension."""

    real: dict[str | None, Counter[str]] = field(default_factory=dict)
    simulated: dict[str | None, Counter[str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Simulation:
    """What figures would be."""

    supposition: Supposition
    moment: Moment
    cases: int
    """How many cases were folded."""
    told: Sequence[ToldBeside]
    differing: Sequence[Differing]
    """What would count otherwise; the first of it."""
    differ: int
    """How much of it there is."""
    unread: dict[str, int]
    """Letters that the supposed scheme does not have, and how often they were written."""


def simulate(
    services: Services,
    lists: Lists,
    jurisdiction: str,
    moment: Moment,
    asked: Asked,
    ids: Sequence[str],
    by: By | None,
    supposition: Supposition,
) -> Simulation:
    """Figures at a moment of the cases of a jurisdiction, as they are and as they would be under other rules."""
    place = as_known(services, jurisdiction, moment)
    require_not_ahead(moment, place)
    if asked.stage is not None:
        require_stage(asked.stage)
    chosen = [metric_named(id) for id in ids] or list(metrics().values())
    day = day_of(moment.as_of, place.time_zone)
    year = asked.year or day.year
    rules = supposed(supposition, place, day, year)
    wanted = {metric.subject: asked.of(metric.subject, place, day) for metric in chosen}
    measures = {
        subject: list(dict.fromkeys(m for metric in chosen if metric.subject == subject for m in metric.measures))
        for subject in wanted
    }
    sums, differing, differ, cases = {subject: _Sums() for subject in wanted}, list[Differing](), 0, 0
    case_ids = _cases_of(lists, jurisdiction, moment, asked)
    for one in simulated(services.docket.case_files(case_ids, moment.known), moment, rules):
        cases += 1
        for subject, asked_of in wanted.items():
            _add(sums[subject].real, one.was.values(), asked_of, by, place, day)
            _add(sums[subject].simulated, one.would_be.values(), asked_of, by, place, day)
        for found in _differing(one, wanted, measures):
            differ += 1
            if len(differing) < MOST_DIFFERING:
                differing.append(found)
    real_targets = {one.metric: one.value for one in place.book_on(day).targets_of(place.division or "", year)}
    return Simulation(
        supposition,
        moment,
        cases,
        [
            ToldBeside(
                metric,
                _beside(metric, _total(sums[metric.subject].real), _total(sums[metric.subject].simulated)),
                [] if by is None else _parts(metric, sums[metric.subject]),
                real_targets.get(metric.id),
                rules.targets.get(metric.id),
            )
            for metric in chosen
        ],
        differing,
        differ,
        dict(rules.unread),
    )


def _cases_of(lists: Lists, jurisdiction: str, moment: Moment, asked: Asked) -> list[str]:
    """The cases that may count; refused if they are too many to be folded at once."""
    wanted = Filter(kind=asked.kind, jurisdiction=jurisdiction, session=asked.session)
    found: list[str] = []
    after: tuple[Any, str] | None = None if asked.year is None else (date(asked.year + 1, 1, 1), "")
    while rows := lists.cases(wanted, moment, after=after, limit=_PAGE):
        kept = [row for row in rows if asked.year is None or row.opened_on is None or row.opened_on.year == asked.year]
        found += [row.case_id for row in kept if not CASE_TYPES[row.kind].of_registry]
        if len(found) > MOST_CASES:
            raise Refused("what-if-too-large", most=MOST_CASES)
        if len(rows) < _PAGE or len(kept) < len(rows):
            break
        after = rows[-1].opened_on, rows[-1].case_id
    return found


def _add(
    sums: dict[str | None, Counter[str]],
    cells: Iterable[Cell],
    wanted: FigureFilter,
    by: By | None,
    place: Jurisdiction,
    day: date,
) -> None:
    for cell in cells:
        if counts_in(wanted, cell):
            sums.setdefault(_value(cell, by, place, day), Counter()).update(cell.measured)


def _value(cell: Cell, by: By | None, place: Jurisdiction, day: date) -> str | None:
    if by is None:
        return None
    if by in OF_DEPUTIES:
        deputy = None if cell.person is None else place.deputy(cell.person, day)
        return None if deputy is None else getattr(deputy, by)
    value = getattr(cell, by)
    return None if value is None else str(value)


def _differing(
    one: Simulated, wanted: Mapping[str, FigureFilter], measures: Mapping[str, Sequence[str]]
) -> Iterator[Differing]:
    for (subject, part), before, after in one.differing():
        if subject not in wanted:
            continue
        was, would_be = (
            {} if cell is None or not counts_in(wanted[subject], cell) else _told(cell, measures[subject])
            for cell in (before, after)
        )
        if was != would_be:
            same = was.items() & would_be.items()
            yield Differing(one.case, subject, part, dict(was.items() - same), dict(would_be.items() - same))


def _told(cell: Cell, measures: Sequence[str]) -> dict[str, int]:
    counts = cell.measured
    return {measure: count for measure in measures if (count := counts.get(measure, 0))}


def _total(sums: dict[str | None, Counter[str]]) -> Counter[str]:
    total = Counter[str]()
    for counts in sums.values():
        total.update(counts)
    return total


def _beside(metric: Metric, real: Counter[str], other: Counter[str]) -> Beside:
    return Beside(figure_of(metric, real), figure_of(metric, other))


def _parts(metric: Metric, sums: _Sums) -> list[tuple[str | None, Beside]]:
    nothing = Counter[str]()
    return [
        (value, _beside(metric, sums.real.get(value, nothing), sums.simulated.get(value, nothing)))
        for value in dict.fromkeys((*sums.real, *sums.simulated))
    ]


def words_of(tell: Teller, supposition: Supposition) -> list[tuple[str, str]]:
    """What is supposed to be otherwise, in words: of what, and how it is then."""
    say, clocks = tell.say, tell.jurisdiction.book.clocks
    told = []
    if supposition.rulebook is not None:
        told.append((say("page.field.rulebook"), supposition.rulebook))
    for id, span in supposition.limits.items():
        name = getattr(clocks[id], tell.lang) if id in clocks else id
        length = f"page.span.{span.unit}" + (".one" if span.count == 1 else "")
        told.append((say("what_if.limit", rule=name), say(length, count=span.count)))
    for letter, outcome in supposition.letters.items():
        told.append((say("what_if.letter", letter=letter), tell.word(outcome)))
    for id, value in supposition.targets.items():
        told.append((say("what_if.target", metric=getattr(metric_named(id), tell.lang)), f"{value:.1%}"))
    return told
