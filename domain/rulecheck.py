"""Whether a rulebook and the declared steps fit: no clock that nobody starts or ends, no rule about nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from domain.ballot import PollStep
from domain.case import CASE_TYPES, STEPS, Step
from domain.matter import Matter
from domain.rulebook import TABLES, OrderRule, Rulebook, Stated


@dataclass(frozen=True)
class Gap:
    """Something of a rulebook that does not fit: a message id, the rule, and what is at fault in it."""

    message_id: str
    rule: str
    what: str = ""


def gaps(book: Rulebook) -> Iterator[Gap]:
    """What does not fit, rule by rule."""
    yield from _gaps_of_clocks(book)
    polled = {step.rule for step in STEPS.values() if issubclass(step, PollStep)}
    yield from (Gap("poll-never-held", id) for id in sorted(book.polls.keys() - polled))
    for order in (*book.gates.values(), *book.orders.values()):
        named = (*order.before, *(wire for steps in order.requires for wire in steps), *order.since)
        unknown = list(_unknown_steps(order.id, named))
        yield from unknown or _never_asked(order)
    for article in book.articles.values():
        for duty in article.duties:
            yield from _unknown_steps(article.id, (*duty.steps, *duty.others))


def unmeasured(book: Rulebook) -> list[Stated]:
    """The rules that no step measures yet, because their case type or step is still to come."""
    clocks = [rule for rule in book.clocks.values() if not rule.measured]
    return [*clocks, *(rule for rule in book.minimums.values() if not rule.measured)]


def unmentioned(book: Rulebook) -> list[type[Step]]:
    """The steps of the case types that the office handles of which no rule says anything, in order of their names."""
    orders = (*book.gates.values(), *book.orders.values())
    mentioned = {wire for order in orders for steps in (order.before, *order.requires) for wire in steps}
    mentioned |= {
        wire for article in book.articles.values() for duty in article.duties for wire in (*duty.steps, *duty.others)
    }
    return [
        step
        for wire, step in sorted(STEPS.items())
        if wire not in mentioned and not any((step.declared.starts, step.declared.stops, step.declared.limits))
    ]


@dataclass(frozen=True)
class Difference:
    """How a rule is in one book and in another; None where the book has no such rule."""

    table: str
    rule: str
    old: Stated | None
    new: Stated | None

    @property
    def fields(self) -> list[tuple[str, object, object]]:
        """The fields of which they say something else."""
        if self.old is None or self.new is None:
            return []
        before, after = self.old.model_dump(mode="json"), self.new.model_dump(mode="json")
        names = dict.fromkeys((*before, *after))
        return [
            (name, before.get(name), after.get(name))
            for name in names
            if name != "stated_in" and before.get(name) != after.get(name)
        ]


def differences(old: Rulebook, new: Rulebook) -> list[Difference]:
    """What changes when a book is adopted in place of another: rules that come, that go, that say something else."""
    found = []
    for table in TABLES:
        before, after = getattr(old, table), getattr(new, table)
        for id in sorted(before.keys() | after.keys()):
            one = Difference(table, id, before.get(id), after.get(id))
            if one.old is None or one.new is None or one.fields:
                found.append(one)
    return found


def _gaps_of_clocks(book: Rulebook) -> Iterator[Gap]:
    started, stopped, limiting = _clocks_started(), _of_steps("stops"), _of_steps("limits")
    for id, clock in sorted(book.clocks.items()):
        used = id in started | limiting
        if not clock.measured:
            if used:
                yield Gap("measured-already", id)
        elif not used:
            yield Gap("clock-never-starts", id)
        elif id in started and id not in stopped:
            yield Gap("clock-never-ends", id)


def _never_asked(order: OrderRule) -> Iterator[Gap]:
    """Steps that no case type has together with those that the rule wants before them."""
    for wire in order.before:
        having = [case_type for case_type in CASE_TYPES.values() if STEPS[wire].declared.of(case_type)]
        for steps in order.requires:
            if not any(STEPS[one].declared.of(case_type) for one in steps for case_type in having):
                yield Gap("order-of-no-case", order.id, wire)


def _unknown_steps(rule: str, wires: Iterable[str]) -> Iterator[Gap]:
    yield from (Gap("unknown-step-in-rule", rule, wire) for wire in wires if wire not in STEPS)


def _of_steps(what: str) -> frozenset[str]:
    return frozenset(rule for step in STEPS.values() for rule in getattr(step.declared, what))


def _clocks_started() -> frozenset[str]:
    before = (case_type.before_meeting for case_type in CASE_TYPES.values() if issubclass(case_type, Matter))
    return _of_steps("starts") | {rule for rules in before for rule in rules}
