"""Integrity signals (诚信提示): questions about how evaluations came about, each with its evidence and base rate.

A pure function of suggestions as they were looked at. A signal is never a finding: it says how often it is so among
all, and which steps, recorded by whom and when, one may ask about. What is sealed is not asked about before its window
closes.
"""

from __future__ import annotations

import tomllib
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from importlib import resources
from typing import Literal, get_args

from pydantic import Field

from domain.case import Recorded
from domain.cases.suggestion import (
    CheckKind,
    ContactMade,
    Evaluation,
    EvaluationAmended,
    EvaluationRecordedByProxy,
    EvaluationSubmitted,
    OutcomeReclassified,
    Phase,
    ReplyIssued,
    Suggestion,
)
from domain.moment import day_of
from domain.rulebook import Outcome
from projections.compliance import Looked
from projections.counting import counted
from projections.metrics import FEW, Data, Figure, Told

SignalId = Literal["quick", "burst", "device", "improved", "contacted", "not_done", "proxy", "perfect"]
Said = EvaluationSubmitted | EvaluationRecordedByProxy | EvaluationAmended
FIRST_SAID = (EvaluationSubmitted, EvaluationRecordedByProxy)
VERIFIED = (CheckKind.LOOK_BACK, CheckKind.THIRD_PARTY, CheckKind.CONGRESS)
"""Who looked again, of those who count as somebody else than the unit and the deputy."""


class Signal(Data):
    """How a signal is asked, and from which threshold on."""

    zh: str
    en: str
    question: Told
    base: Told
    caution: Told | None = None
    source: str
    metric: str | None = None
    """The metric that counts the same."""
    minutes: int | None = Field(None, ge=1)
    evaluations: int | None = Field(None, ge=2)
    deputies: int | None = Field(None, ge=2)
    resolved_at_most: float | None = Field(None, gt=0, lt=1)


@dataclass(frozen=True)
class Rules:
    """A version of the signals."""

    version: str
    signals: Mapping[SignalId, Signal]


@dataclass(frozen=True)
class Suspect:
    """A suggestion that one may ask about, and the steps that are the reason."""

    looked: Looked
    steps: tuple[Recorded, ...]
    minutes: float | None = None
    """Between reply and evaluation, or between the first and the last of a burst."""


@dataclass(frozen=True)
class UnitSuspect:
    """A unit that one may ask about."""

    unit: str
    satisfied: Figure
    resolved: Figure


@dataclass(frozen=True)
class Asked:
    """A signal with what it is about; `base` is of how many it could have been so."""

    id: SignalId
    signal: Signal
    base: int
    suspects: Sequence[Suspect] = ()
    units: Sequence[UnitSuspect] = ()

    @property
    def count(self) -> int:
        """Of how many it is so."""
        return len({one.looked.case.id for one in self.suspects}) + len(self.units)

    @property
    def rate(self) -> float | None:
        """How often it is so among all; None where there is nothing of which it could be."""
        return self.count / self.base if self.base else None


@dataclass(frozen=True)
class Verified:
    """Of what a unit, or all of them, declared resolved: who looked again, and what they found."""

    unit: str | None
    replied: int
    declared: int
    checks: Mapping[CheckKind, tuple[int, int, int]]
    """Found done, found not done, and nothing stated, by who looked last."""
    solved: int
    """The deputy says that it is."""
    not_solved: int


@cache
def integrity_rules() -> Rules:
    """The version in force."""
    data = tomllib.loads(resources.files("projections").joinpath("integrity.toml").read_text("utf-8"))
    return Rules(data["version"], {id: Signal.model_validate(data[id]) for id in get_args(SignalId)})


def asked_of(rules: Rules, cases: Iterable[Looked], day: date) -> list[Asked]:
    """Every signal about suggestions, as they stand on a day; `perfect` is about units and is not among them."""
    evaluated = [one for looked in cases if (one := _Counted.of(looked, day)).counts.get("evaluated")]
    base = len(evaluated)
    asked = []
    for id, find in _FOUND.items():
        signal = rules.signals[id]
        suspects = sorted(find(signal, evaluated), key=_when, reverse=True)
        asked.append(Asked(id, signal, _BASES[id](evaluated) if id in _BASES else base, tuple(suspects)))
    return asked


def perfect_units(rules: Rules, satisfied: Mapping[str, Figure], resolved: Mapping[str, Figure]) -> Asked:
    """The units of which every share that was evaluated satisfied, while few were resolved."""
    signal = rules.signals["perfect"]
    least = signal.resolved_at_most or 0.0
    known = {unit: figure for unit, figure in satisfied.items() if (figure.denominator or 0) >= FEW}
    found = [
        UnitSuspect(unit, figure, resolved[unit])
        for unit, figure in known.items()
        if figure.value == 1 and unit in resolved and (value := resolved[unit].value) is not None and value <= least
    ]
    return Asked("perfect", signal, len(known), units=tuple(found))


def verified_of(cases: Iterable[Looked], day: date) -> list[Verified]:
    """What was declared beside what was verified: of all suggestions, then by the unit that leads."""
    by_unit = defaultdict[str | None, list[_Counted]](list)
    for looked in cases:
        one = _Counted.of(looked, day)
        if one.counts.get("replied"):
            by_unit[one.case.lead_unit].append(one)
    everything = [one for many in by_unit.values() for one in many]
    of_units = [_verified(unit, many) for unit, many in sorted(by_unit.items(), key=lambda one: one[0] or "") if unit]
    return [_verified(None, everything), *of_units]


@dataclass(frozen=True)
class _Counted:
    """A suggestion with what it counts on the day, by which what is sealed is told as sealed."""

    looked: Looked
    case: Suggestion
    counts: Mapping[str, int]

    @classmethod
    def of(cls, looked: Looked, day: date) -> _Counted:
        case = looked.case
        assert isinstance(case, Suggestion)  # noqa: S101 - no other case is looked at
        return cls(looked, case, next(iter(counted(case, case.facts(), day))).counts)

    @property
    def said(self) -> Iterator[Recorded]:
        """The evaluations, in the order in which they count."""
        yield from (record for record in self.looked.steps if isinstance(record.step, Said))

    def reply_before(self, said: Recorded) -> Recorded | None:
        """The reply that made the evaluated round answered: the last one before the evaluation."""
        found, number = None, getattr(said.step, "round", None)
        for record in self.looked.steps:
            if record.version == said.version:
                break
            if isinstance(record.step, ReplyIssued) and record.step.round == number:
                found = record
        return found


def _quick(signal: Signal, evaluated: Sequence[_Counted]) -> Iterator[Suspect]:
    for one in evaluated:
        for said, reply, minutes in _gaps(one):
            if minutes <= (signal.minutes or 0):
                yield Suspect(one.looked, (reply, said), minutes)


def _gaps(one: _Counted) -> Iterator[tuple[Recorded, Recorded, float]]:
    """Each first evaluation of a round with its reply and the minutes between them, where these are known."""
    for said in one.said:
        if isinstance(said.step, FIRST_SAID) and (reply := one.reply_before(said)) is not None:
            minutes = _minutes(reply, said, one.case.time_zone)
            if minutes is not None and minutes >= 0:
                yield said, reply, minutes


def _minutes(reply: Recorded, said: Recorded, zone: str) -> float | None:
    """Between two steps; None where one of them is known to the day only."""
    if reply.act.precision == said.act.precision == "instant":
        return (said.occurred_at - reply.occurred_at) / timedelta(minutes=1)
    if _recorded_as_it_happened(reply, zone) and _recorded_as_it_happened(said, zone):
        return (said.recorded_at - reply.recorded_at) / timedelta(minutes=1)
    return None


def _instant(record: Recorded, zone: str) -> datetime | None:
    """When a step happened; None where it is known to the day only."""
    if record.act.precision == "instant":
        return record.occurred_at
    return record.recorded_at if _recorded_as_it_happened(record, zone) else None


def _recorded_as_it_happened(record: Recorded, zone: str) -> bool:
    """Whether a step of which the day is known was recorded on it, so that it happened no later than that."""
    act = record.act
    return not act.late and act.imported is None and day_of(record.recorded_at, zone) == act.occurred_on


def _bursts(signal: Signal, evaluated: Sequence[_Counted]) -> Iterator[Suspect]:
    """Runs of evaluations by one person, or one office for deputies, each within the minutes of those before it."""
    within, least = timedelta(minutes=signal.minutes or 0), signal.evaluations or 0
    by_whom = defaultdict[tuple[str, str], list[tuple[datetime, _Counted, Recorded]]](list)
    for one in evaluated:
        for at, said in _timed(one):
            proxy = isinstance(said.step, EvaluationRecordedByProxy)
            whom = ("office", said.act.office) if proxy else ("actor", said.act.actor)
            by_whom[whom].append((at, one, said))
    for line in by_whom.values():
        line.sort(key=lambda entry: (entry[0], entry[2].position))
        taken = dict[int, float]()
        for first in range(len(line)):
            last = first
            while last + 1 < len(line) and line[last + 1][0] - line[first][0] <= within:
                last += 1
            if last - first + 1 >= least:
                lasted = (line[last][0] - line[first][0]) / timedelta(minutes=1)
                for place in range(first, last + 1):
                    taken.setdefault(place, lasted)
        yield from (Suspect(line[place][1].looked, (line[place][2],), lasted) for place, lasted in taken.items())


def _timed(one: _Counted) -> Iterator[tuple[datetime, Recorded]]:
    """The first evaluations of the rounds of which it is known when they were given."""
    for said in one.said:
        if isinstance(said.step, FIRST_SAID) and (at := _instant(said, one.case.time_zone)) is not None:
            yield at, said


def _devices(signal: Signal, evaluated: Sequence[_Counted]) -> Iterator[Suspect]:
    """What several deputies sent from one device within a year."""
    by_device = defaultdict[str, list[tuple[_Counted, Recorded]]](list)
    for one in evaluated:
        for device, said in _sent(one):
            by_device[device].append((one, said))
    for sent in by_device.values():
        if len({said.act.actor for _, said in sent}) >= (signal.deputies or 0):
            yield from (Suspect(one.looked, (said,)) for one, said in sent)


def _sent(one: _Counted) -> Iterator[tuple[str, Recorded]]:
    """The evaluations of which it is known from which device a deputy sent them."""
    for said in one.said:
        if said.act.device is not None:
            yield said.act.device, said


def _improved(signal: Signal, evaluated: Sequence[_Counted]) -> Iterator[Suspect]:
    del signal
    for one in evaluated:
        if one.counts.get("improved_without_reply"):
            yield Suspect(one.looked, tuple(one.said))


def _contacted(signal: Signal, evaluated: Sequence[_Counted]) -> Iterator[Suspect]:
    del signal
    for one in evaluated:
        if one.counts.get("contacted_before_evaluation"):
            contacts = [
                record
                for record in one.looked.steps
                if isinstance(record.step, ContactMade) and record.step.phase is Phase.AFTER_REPLY
            ]
            yield Suspect(one.looked, _in_order(one, [*_last_replies(one), *contacts, *one.said]))


def _not_done(signal: Signal, evaluated: Sequence[_Counted]) -> Iterator[Suspect]:
    del signal
    for one in evaluated:
        if one.counts.get("satisfied_not_done"):
            changed = [record for record in one.looked.steps if isinstance(record.step, OutcomeReclassified)]
            yield Suspect(one.looked, _in_order(one, [*_last_replies(one), *changed, *one.said]))


def _proxies(signal: Signal, evaluated: Sequence[_Counted]) -> Iterator[Suspect]:
    del signal
    for one in evaluated:
        if steps := tuple(said for said in one.said if isinstance(said.step, EvaluationRecordedByProxy)):
            yield Suspect(one.looked, steps)


def _last_replies(one: _Counted) -> Iterator[Recorded]:
    """The reply before each evaluation."""
    yield from (reply for said in one.said if (reply := one.reply_before(said)) is not None)


def _in_order(one: _Counted, steps: Iterable[Recorded]) -> tuple[Recorded, ...]:
    wanted = {record.version for record in steps}
    return tuple(record for record in one.looked.steps if record.version in wanted)


_FOUND: Mapping[SignalId, Callable[[Signal, Sequence[_Counted]], Iterator[Suspect]]] = {
    "quick": _quick,
    "burst": _bursts,
    "device": _devices,
    "improved": _improved,
    "contacted": _contacted,
    "not_done": _not_done,
    "proxy": _proxies,
}
_BASES: Mapping[SignalId, Callable[[Sequence[_Counted]], int]] = {
    "quick": lambda evaluated: sum(any(_gaps(one)) for one in evaluated),
    "burst": lambda evaluated: sum(any(_timed(one)) for one in evaluated),
    "device": lambda evaluated: sum(any(_sent(one)) for one in evaluated),
    "not_done": lambda evaluated: sum(one.counts.get("satisfied", 0) for one in evaluated),
}


def _when(one: Suspect) -> tuple[datetime, str]:
    return max(record.recorded_at for record in one.steps), one.looked.case.id


def _verified(unit: str | None, replied: Sequence[_Counted]) -> Verified:
    declared = [one for one in replied if one.counts.get(f"outcome_{Outcome.RESOLVED}")]
    said = [one.case.round.evaluation for one in declared if not one.counts.get("grade_sealed")]
    solved = [evaluation.solved for evaluation in said if isinstance(evaluation, Evaluation)]
    checks = {}
    for kind in VERIFIED:
        last = [[check.fulfilled for check in one.case.checks if check.kind is kind][-1:] for one in declared]
        found = [fulfilled for checked in last for fulfilled in checked]
        checks[kind] = (found.count(True), found.count(False), found.count(None))
    return Verified(unit, len(replied), len(declared), checks, solved.count(True), solved.count(False))
