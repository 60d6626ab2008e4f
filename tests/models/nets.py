"""Models of case types: nets written by hand from the regulations, one file `<kind>.net` a case type.

A file has a net for the case, and for those of its parts that go through stages of their own, line by line:

    object suggestion.assignment            the objects that the lines below it are about
    start -> assigned : handed_over         an event, and from which place to which it goes
    a | b -> c : one, two                   from either of them, either event
    a + b -> c : both                       from both at once
    a | b : aside                           an event that may come there and changes nothing
    anywhere : case.person_added            the same in every place but the start
    ongoing : matter.scheduled              the same while something is left to do: not in the ends either
    ongoing -> closed : matter.closed       from every such place
    include matter                          the lines of `matter.lines`, which several case types share
    before signed_for, replied : handed_over    the one event without which those named first cannot be
    ends closed, withdrawn                  the stages after which nothing is left to do

A name of an event without a full stop is one of the kind's own, and the name of an object that begins with one is that
of a part (`.problem`). A place is called as the stage in which the object then is: a history fits if it leads from
`start` to the stage that the object is exported with.

A net says what may be recorded, which is more than what is lawful: what happened is recorded as it happened, and that
it was out of order is a finding. Lines for that say so: `# recorded:` with the finding, or that there is none. What is
lawful but cannot be recorded is in the net too: `# refused:`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from xml.sax.saxutils import quoteattr

FOLDER = Path(__file__).parent
START, ONGOING = "start", "ongoing"


@dataclass(frozen=True)
class Arrow:
    """An event that takes tokens from some places and puts them into others."""

    sources: tuple[str, ...]
    targets: tuple[str, ...]
    event: str


@dataclass
class Net:
    """What may happen to the objects of a type."""

    object: str
    arrows: list[Arrow] = field(default_factory=list)
    before: list[tuple[str, str]] = field(default_factory=list)
    """Pairs of events: the first one is there once, and precedes the second one."""
    ends: list[str] = field(default_factory=list)

    @property
    def places(self) -> list[str]:
        """The start, and the stages."""
        found = [START, *(place for arrow in self.arrows for place in (*arrow.sources, *arrow.targets))]
        return list(dict.fromkeys(found))

    @property
    def events(self) -> set[str]:
        """The events that it knows."""
        return {arrow.event for arrow in self.arrows}

    @property
    def openings(self) -> set[str]:
        """The events that begin a history."""
        return {arrow.event for arrow in self.arrows if START in arrow.sources}

    def as_pnml(self, stage: str) -> str:
        """The net in the exchange format of Petri nets, with that stage as its end."""
        numbers = count()
        lines = [
            '<?xml version="1.0" encoding="UTF-8"?>',
            '<pnml><net id="net" type="http://www.pnml.org/version-2009/grammar/pnmlcoremodel"><page id="page">',
        ]
        for place in self.places:
            marked = "<initialMarking><text>1</text></initialMarking>" if place == START else ""
            lines.append(f"<place id={quoteattr(place)}><name><text>{place}</text></name>{marked}</place>")
        for i, arrow in enumerate(self.arrows):
            lines.append(f'<transition id="t{i}"><name><text>{arrow.event}</text></name></transition>')
            ends = [(source, f"t{i}") for source in arrow.sources] + [(f"t{i}", target) for target in arrow.targets]
            lines += [
                f'<arc id="a{next(numbers)}" source={quoteattr(source)} target={quoteattr(target)}>'
                "<inscription><text>1</text></inscription></arc>"
                for source, target in ends
            ]
        lines.append(
            f"</page><finalmarkings><marking><place idref={quoteattr(stage)}><text>1</text></place></marking>"
            "</finalmarkings></net></pnml>"
        )
        return "\n".join(lines)


def kinds() -> list[str]:
    """The case types that have a model."""
    return sorted(path.stem for path in FOLDER.glob("*.net"))


def nets_of(kind: str) -> list[Net]:
    """The nets of a case type: that of the case first."""
    return list(read((FOLDER / f"{kind}.net").read_text("utf-8"), kind))


def read(text: str, kind: str) -> Iterator[Net]:
    """The nets of a file."""
    net: Net | None = None
    anywhere: list[str] = []
    for line in _lines(text):
        if line.startswith("object "):
            if net is not None:
                yield _whole(net, anywhere)
            name = line.removeprefix("object ").strip()
            net, anywhere = Net(f"{kind}{name}" if name.startswith(".") else name), []
            continue
        assert net is not None, line
        if line.startswith("ends "):
            net.ends += _names(line.removeprefix("ends "), ",")
            continue
        left, _, right = line.rpartition(" : ")
        events = _events(right, kind)
        if left == "anywhere":
            anywhere += events
        elif left.startswith("before "):
            net.before += [(event, other) for event in events for other in _events(left.removeprefix("before "), kind)]
        else:
            net.arrows += [arrow for event in events for arrow in _arrows(left, event)]
    if net is not None:
        yield _whole(net, anywhere)


def _lines(text: str) -> Iterator[str]:
    """The lines that say something, with those that are included."""
    for line in (raw.partition("#")[0].strip() for raw in text.splitlines()):
        if line.startswith("include "):
            yield from _lines((FOLDER / f"{line.removeprefix('include ')}.lines").read_text("utf-8"))
        elif line:
            yield line


def _events(text: str, kind: str) -> list[str]:
    return [event if "." in event else f"{kind}.{event}" for event in _names(text, ",")]


def _whole(net: Net, anywhere: list[str]) -> Net:
    """With an arrow for each place that `anywhere` and `ongoing` mean."""
    places = [place for place in net.places if place not in {START, ONGOING}]
    ongoing = [arrow for arrow in net.arrows if ONGOING in arrow.sources]
    net.arrows = [arrow for arrow in net.arrows if ONGOING not in arrow.sources]
    for arrow in ongoing:
        for place in places:
            if place not in net.ends:
                target = tuple(place if one == ONGOING else one for one in arrow.targets)
                net.arrows.append(Arrow((place,), target, arrow.event))
    net.arrows += [Arrow((place,), (place,), event) for event in anywhere for place in places]
    return net


def _arrows(left: str, event: str) -> Iterator[Arrow]:
    sources, arrow, targets = left.partition("->")
    for source in _names(sources, "|"):
        taken = tuple(_names(source, "+"))
        for target in _names(targets, "|") if arrow else [source]:
            yield Arrow(taken, tuple(_names(target, "+")), event)


def _names(text: str, mark: str) -> list[str]:
    return [name.strip() for name in text.split(mark) if name.strip()]
