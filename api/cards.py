"""Cards (卡片) of units, deputies, committees and districts at a moment, for the API, the pages and the commands."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date

from api.figures import Figures, Told
from api.looking import as_known, looked_at, rows_of
from api.services import Lists, Services
from domain.calendar import add_months
from domain.case import Role
from domain.moment import Moment
from domain.office import Jurisdiction
from domain.policy import Scope, keys_of
from domain.refusal import Refused
from domain.rulebook import Outcome, Target
from projections.asked import Asked
from projections.compliance import Looked, look_at
from projections.counting import counted
from projections.duty import DutyDone, DutyRules, done_by, duty_rules
from projections.hands import OF_UNIT, Span, Stay, Way, span_of, stays_of
from projections.metrics import Figure, Metric, Rank, rank_of
from projections.reading import CaseRow, CountedRow, Filter, Sought, Sums

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

BROUGHT = (
    *("handed_over", "reply_rate", "evaluation_coverage", "satisfied_rate", "basically_satisfied_rate"),
    *("dissatisfied_rate", "conversion_rate", "resolution_rate", "resolution_rate_broad", "accomplishment_rate"),
    *("repeat_rate", "met_rate", "lapsed_rate"),
)
"""What is told of the suggestions that a deputy brought."""
SUPERVISED = (
    *("cases_opened", "open_cases", "rectification_rate", "rectification_on_time_rate", "poll_satisfied_rate"),
    *("handed_over", "key_rate", "on_time_rate", "satisfied_rate", "resolution_rate", "accomplishment_rate"),
    "commitment_rate",
)
"""What is told of a committee's and of a district's supervision."""
OUTCOMES = tuple(f"outcome_{outcome}" for outcome in Outcome)
GRADES = ("satisfied", "basically_satisfied", "dissatisfied", "grade_not_stated", "grade_sealed")

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


@dataclass(frozen=True)
class Brought:
    """A suggestion that a deputy leads or co-signed, with what it counts: sealed as long as what was said is."""

    row: CaseRow
    leads: bool
    counts: Sums

    @property
    def outcome(self) -> str | None:
        """The outcome that holds, by the name of its measure."""
        return next((name for name in OUTCOMES if self.counts.get(name)), None)

    @property
    def grade(self) -> str | None:
        """What was last said, or that it is sealed, by the name of its measure."""
        return next((name for name in GRADES if self.counts.get(name)), None)


@dataclass(frozen=True)
class DeputyCard:
    """A deputy's duty archive (履职档案): suggestions, and what was done in a year with the points for it."""

    lines: Sequence[Line]
    brought: Sequence[Brought]
    year: int
    rules: DutyRules
    done: Sequence[DutyDone]
    readable: frozenset[str]
    """The cases of the acts that the reader may open."""

    @property
    def points(self) -> int:
        """All the points of the year."""
        return sum(one.points for one in self.done)


@dataclass(frozen=True)
class KindOf:
    """The supervision items of one kind: how many were opened and go on, and in which stages they are."""

    kind: str
    opened: Figure
    going_on: Figure
    stages: Sequence[tuple[str, Figure]]


@dataclass(frozen=True)
class CommitteeCard:
    """What is told of a committee."""

    lines: Sequence[Line]
    kinds: Sequence[KindOf]
    problems: Sequence[CountedRow]
    """Every problem that was handed over in its items."""


@dataclass(frozen=True)
class Place:
    """A jurisdiction of a district."""

    jurisdiction: Jurisdiction
    lines: Sequence[Line]
    readable: bool
    """Whether the reader may open the cases behind the figures."""


@dataclass(frozen=True)
class DistrictCard:
    """A district with the jurisdictions in it whose figures the reader is told, and all of them together."""

    division: str
    together: Sequence[Line]
    places: Sequence[Place]
    not_told: Sequence[Jurisdiction]
    """Those in it that are neither the reader's nor below his own."""

    @property
    def readable(self) -> bool:
        """Whether what they are together is a list that the reader may open: they are one place, and his."""
        return len(self.places) == 1 and self.places[0].readable


class Cards:
    """Cards of what somebody may read in a jurisdiction, at one moment."""

    def __init__(self, services: Services, lists: Lists, jurisdiction: Jurisdiction, moment: Moment) -> None:
        self._services = services
        self._jurisdiction = jurisdiction
        self.figures = Figures(services, lists, jurisdiction, moment)
        self.moment = moment
        self.day = self.figures.day

    def unit(self, unit: str, asked: Asked, *, ranked: bool) -> UnitCard:
        """A unit's card; it is ranked for whoever reads every case, as of a part of them no place follows."""
        if self._jurisdiction.unit(unit, self.day) is None:
            raise Refused("no-such-card", field="unit", of=unit)
        ids = (*SHARES, *LED, *KEPT)
        held = self._held(unit, asked)
        return UnitCard(
            lines=self._ranked(asked, ids, unit) if ranked else self.lines(replace(asked, unit=unit), ids),
            handling=span_of([stay for stay in one.own if stay.way is not Way.OPINION] for one in held),
            opinions=span_of([stay for stay in one.own if stay.way is Way.OPINION] for one in held),
            held=held,
        )

    def deputy(self, deputy: str, asked: Asked, reader: Scope) -> DeputyCard:
        """A deputy's card, for those who read every case, and for himself."""
        known = self._jurisdiction.deputy(deputy, self.day)
        own = keys_of(Role.DEPUTY, deputy)
        if reader.keys not in {None, own}:
            raise Refused("card-of-another-deputy")
        if known is None:
            raise Refused("no-such-card", field="deputy", of=deputy)
        wanted = replace(asked, person=deputy)
        year = asked.year or self.day.year
        named = Filter(kind="suggestion", jurisdiction=self._jurisdiction.code, session=asked.session)
        lists = self._services.views.within(Scope(self._jurisdiction.code, frozenset({f"{Role.DEPUTY}:{deputy}"})))
        rows = {row.case_id: row for row in rows_of(lists, named, self.moment)}
        suggestions = {looked.case.id: looked for looked in self._suggestions(list(rows))}
        rules = duty_rules()
        done = done_by(deputy, self._jurisdiction, rules, [*suggestions.values(), *self._matters(rules, year)], year)
        return DeputyCard(
            lines=self.lines(wanted, BROUGHT),
            brought=[
                Brought(
                    rows[id],
                    rows[id].person == deputy,
                    next(iter(counted(looked.case, looked.case.facts(), self.day))).counts,
                )
                for id, looked in sorted(suggestions.items(), key=lambda one: (rows[one[0]].person != deputy, one[0]))
                if asked.year in {None, _year_of(rows[id])}
            ],
            year=year,
            rules=rules,
            done=done,
            readable=frozenset(self._readable(done, reader)),
        )

    def _suggestions(self, case_ids: Sequence[str]) -> Iterator[Looked]:
        for case_file in self._services.docket.case_files(case_ids, self.moment.known):
            looked = look_at(case_file, self._jurisdiction, self.moment.known, self.moment.as_of)
            if looked is not None:
                yield looked

    def _matters(self, rules: DutyRules, year: int) -> Iterator[Looked]:
        """The other cases in which deputies did something in a year: what he did himself is told to whoever it is."""
        wires = {wire for kind in rules.acts for wire in kind.steps if not wire.startswith("suggestion.")}
        sought = [Sought(frozenset(wires), date(year, 1, 1), date(year, 12, 31))]
        everything = self._services.views.within(Scope(self._jurisdiction.code))
        yield from looked_at(self._services, everything, self._jurisdiction, self.moment, sought)

    def _readable(self, done: Iterable[DutyDone], reader: Scope) -> Iterator[str]:
        named = {act.looked.case.id for kind in done for act in kind.acts}
        if reader.keys is None:
            yield from named
            return
        docket = self._services.docket
        yield from (case_file.id for case_file in docket.case_files(named, docket.head()) if reader.covers(case_file))

    def committee(self, committee: str, asked: Asked) -> CommitteeCard:
        """A committee's card: its items by kind and stage, its problem lists, and the suggestions in its care."""
        wanted = replace(asked, committee=committee)
        opened, going_on = (
            dict(one.parts) for one in self.figures.told(wanted, ["cases_opened", "open_cases"], "kind")
        )
        kinds = []
        for kind in sorted(filter(None, opened)):
            [stages] = self.figures.told(replace(wanted, kind=kind), ["cases_opened"], "stage")
            of_kind = [(stage, figure) for stage, figure in stages.parts if stage is not None]
            kinds.append(KindOf(kind, opened[kind], going_on[kind], of_kind))
        problems = self.figures.counted(wanted, "rectification_rate", limit=MOST)
        lines = self.lines(wanted, SUPERVISED)
        if not kinds and not any(line.figure.numerator or line.figure.denominator for line in lines):
            raise Refused("no-such-card", field="committee", of=committee)
        return CommitteeCard(lines, kinds, problems)

    def lines(self, asked: Asked, ids: Sequence[str]) -> list[Line]:
        """Metrics with their course, nobody ranked."""
        told, courses = self.figures.told(asked, ids), self._courses(asked, ids)
        return [Line(one.metric, one.figure, one.target, None, courses[one.metric.id]) for one in told]

    def _ranked(self, asked: Asked, ids: Sequence[str], unit: str) -> list[Line]:
        """Metrics of a unit, with its place among all units."""
        courses = self._courses(replace(asked, unit=unit), ids)
        return [_ranked(one, unit, courses[one.metric.id]) for one in self.figures.told(asked, ids, "unit")]

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
            if own:
                found.append(Held(row.case_id, row.number, row.title, own, others))
        return sorted(found, key=lambda one: (-one.days, one.case_id))


def cards_of(services: Services, lists: Lists, code: str, moment: Moment) -> Cards:
    """The cards of a jurisdiction as it was known at the moment."""
    return Cards(services, lists, as_known(services, code, moment), moment)


def district_card(services: Services, reader: Scope, division: str, moment: Moment, asked: Asked) -> DistrictCard:
    """A district's card: the jurisdiction of that division with those below it.

    Who reads every case of a jurisdiction is told the figures of those below it too, though he may not open their
    cases. Whoever reads a part of the cases is told of his own jurisdiction alone.
    """
    known = _known(services, moment)
    root = next((one for one in known if one.division == division), None)
    if root is None:
        raise Refused("no-such-card", field="division", of=division)
    inside = list(_within(root, known))
    own = {one.code for one in known if reader.jurisdiction in {None, one.code}}
    reach = {one.code for of in known if of.code in own for one in _within(of, known)} if reader.keys is None else own
    told = [one for one in inside if one.code in reach]
    if not told:
        raise Refused("card-of-another-place", division=division)
    places = []
    for one in told:
        lists = services.views.within(replace(reader, jurisdiction=one.code))
        places.append(Place(one, Cards(services, lists, one, moment).lines(asked, SUPERVISED), one.code in own))
    return DistrictCard(division, _together(places), places, [one for one in inside if one not in told])


def below(services: Services, code: str, moment: Moment) -> list[Jurisdiction]:
    """The jurisdictions below one, as they were known at the moment."""
    known = _known(services, moment)
    return [inside for one in known if one.code == code for inside in _within(one, known) if inside is not one]


def _known(services: Services, moment: Moment) -> list[Jurisdiction]:
    return [as_known(services, code, moment) for code in services.registry.codes(moment.known)]


def _within(root: Jurisdiction, known: Sequence[Jurisdiction]) -> Iterator[Jurisdiction]:
    """A jurisdiction, and whatever lies below it."""
    yield root
    for one in known:
        if one.parent == root.code:
            yield from _within(one, known)


def _together(places: Sequence[Place]) -> list[Line]:
    """The figures of several places as one, also in the course; a target is a place's own."""
    return [
        Line(
            lines[0].metric,
            _sum(line.figure for line in lines),
            lines[0].target if len(lines) == 1 else None,
            None,
            [
                (days[0][0], _sum(figure for _, figure in days))
                for days in zip(*(line.trend for line in lines), strict=True)
            ],
        )
        for lines in zip(*(place.lines for place in places), strict=True)
    ]


def _sum(figures: Iterable[Figure]) -> Figure:
    """The figure of all of them together."""
    figures = list(figures)

    def total(name: str) -> int | None:
        known = [number for one in figures if (number := getattr(one, name)) is not None]
        return sum(known) if known else None

    return Figure(total("numerator") or 0, total("denominator"), total("population"))


def _year_of(row: CaseRow) -> int | None:
    return row.opened_on.year if row.opened_on else None


def _ranked(told: Told, key: str, trend: Sequence[tuple[date, Figure]]) -> Line:
    figures = {value: figure for value, figure in told.parts if value is not None}
    own = figures.get(key) or Figure(0, 0 if told.metric.is_rate else None, None)
    rank = rank_of(told.metric, own, figures.values()) if key in figures else Rank(None, 0)
    return Line(told.metric, own, told.target, rank, trend)
