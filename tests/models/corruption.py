"""Eight ways in which a history is no longer what happened, each done to an exported log."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from tests.models.nets import Net

Item = dict[str, Any]
MOST = 6
"""Cases of a type that are corrupted in one way."""


@dataclass
class Log:
    """An exported log, with the events of each case in their order."""

    exported: Item
    histories: dict[str, list[Item]] = field(init=False)

    def __post_init__(self) -> None:
        self.histories = {}
        for event in self.exported["events"]:
            if place_of(event) is not None:
                for tie in event["relationships"]:
                    if tie["qualifier"] == "case":
                        self.histories.setdefault(tie["objectId"], []).append(event)
        for history in self.histories.values():
            history.sort(key=lambda event: (event["time"], place_of(event)))

    def cases(self, kind: str) -> list[str]:
        """The cases of a type."""
        return [one["id"] for one in self.exported["objects"] if one["type"] == kind]

    def stage_of(self, case: str) -> str:
        """The stage that a case is exported with."""
        one = next(one for one in self.exported["objects"] if one["id"] == case)
        return str(max((v["time"], v["value"]) for v in one["attributes"] if v["name"] == "stage")[1])

    def only(self, cases: Sequence[str]) -> Log:
        """The same log of some cases alone, with their parts and their events."""
        chosen = set(cases)
        events = [
            _copy(event)
            for event in self.exported["events"]
            if any(
                tie["qualifier"] in {"case", "amends"} and tie["objectId"] in chosen for tie in event["relationships"]
            )
        ]
        needed = {tie["objectId"] for event in events for tie in event["relationships"]} | chosen
        objects = [
            one | {"relationships": [tie for tie in one["relationships"] if tie["objectId"] in needed]}
            for one in self.exported["objects"]
            if one["id"] in needed
        ]
        return Log(self.exported | {"objects": objects, "events": events})


def place_of(event: Item) -> int | None:
    """Which event of its case it is, in the order of the procedure."""
    return next((int(one["value"]) for one in event["attributes"] if one["name"] == "place_in_case"), None)


def _copy(event: Item) -> Item:
    return event | {
        "attributes": [dict(one) for one in event["attributes"]],
        "relationships": [dict(tie) for tie in event["relationships"]],
    }


@dataclass(frozen=True)
class Place:
    """Where a history is corrupted: an event that is there once, one that cannot be without it, and another case."""

    log: Log
    case: str
    other: str
    first: Item
    second: Item

    @property
    def events(self) -> list[Item]:
        """All events of the log."""
        events: list[Item] = self.log.exported["events"]
        return events


def places(log: Log, net: Net) -> Iterator[tuple[str, Item, Item]]:
    """The cases in which the two events are, of which one cannot be without the other."""
    for case in log.cases(net.object):
        history = log.histories[case]
        for first, second in net.before:
            found = [next((event for event in history if event["type"] == name), None) for name in (first, second)]
            if found[0] is not None and found[1] is not None:
                yield case, found[0], found[1]
                break


def drop_an_event(at: Place) -> None:
    at.events.remove(at.first)


def swap_two(at: Place) -> None:
    for name in ("time", "attributes"):
        at.first[name], at.second[name] = at.second[name], at.first[name]


def duplicate(at: Place) -> None:
    at.events.insert(at.events.index(at.first), _copy(at.first) | {"id": f"{at.first['id']}-again"})


def move_a_date_before_the_hand_over(at: Place) -> None:
    earlier = datetime.fromisoformat(at.first["time"]) - timedelta(days=1)
    at.second["time"] = earlier.isoformat().replace("+00:00", "Z")


def replace_an_activity(at: Place) -> None:
    at.first["type"] = at.second["type"]


def relate_to_another_case(at: Place) -> None:
    for tie in at.first["relationships"]:
        if tie["qualifier"] == "case":
            tie["objectId"] = at.other


def remove_the_opening(at: Place) -> None:
    at.events.remove(at.log.histories[at.case][0])


def append_after_the_end(at: Place) -> None:
    last = datetime.fromisoformat(at.log.histories[at.case][-1]["time"]) + timedelta(days=1)
    at.events.append(
        _copy(at.first) | {"id": f"{at.first['id']}-after", "time": last.isoformat().replace("+00:00", "Z")}
    )


CORRUPTIONS: dict[str, Callable[[Place], None]] = {
    corruption.__name__: corruption
    for corruption in (
        drop_an_event,
        swap_two,
        duplicate,
        move_a_date_before_the_hand_over,
        replace_an_activity,
        relate_to_another_case,
        remove_the_opening,
        append_after_the_end,
    )
}


def corrupted(log: Log, nets: Sequence[Net], name: str) -> tuple[Item, dict[str, list[str]]]:
    """A log with some corrupted cases of each type, and which they are; beside each stands one that is as it was."""
    chosen: dict[str, list[str]] = {}
    for net in nets:
        found = [case for case, _, _ in places(log, net)]
        if name == append_after_the_end.__name__:
            found = [case for case in found if log.stage_of(case) in net.ends]
        chosen[net.object] = found[:: max(1, len(found) // MOST)][:MOST]
    whole = {net.object: log.cases(net.object) for net in nets}
    beside = {kind: next(case for case in whole[kind] if case not in cases) for kind, cases in chosen.items()}
    smaller = log.only([case for cases in chosen.values() for case in cases] + list(beside.values()))
    for net in nets:
        where = {case: (first, second) for case, first, second in places(smaller, net)}
        for case in chosen[net.object]:
            CORRUPTIONS[name](Place(smaller, case, beside[net.object], *where[case]))
    return smaller.exported, chosen
