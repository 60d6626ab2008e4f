"""What cases say, for whoever searches: the open texts of their steps, as they stand and stood, on both clocks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any, ClassVar, LiteralString, get_args

from pydantic import BaseModel, StringConstraints

from domain import fold
from domain.attachment import FileName
from domain.case import Corrected, Recorded, Step, Voided
from domain.personal import personal_fields
from domain.values import Line, Text
from projections.case_list import STILL_KNOWN
from projections.projection import Changes, Histories
from projections.wording import lexemes_of, runs_of

_KINDS = {mark for kind in (Line, Text, FileName) for mark in get_args(kind) if isinstance(mark, StringConstraints)}
"""Of the fields that people write in: not codes, keys and hashes."""
_NOT_SAID = {"time_zone", "clock", "part", "deadline", "poll_rule", "outcome", "old", "new"}
"""Lines that name what a rulebook, a scheme or the program has, and say nothing of the matter."""
_LONGEST = 20_000
"""Characters of short texts that stand in one row."""
_HEADING = ("title", "number")
"""What a case is called by, or an activity in it."""


def open_texts(step: Step, *, heading: bool | None = None) -> list[str]:
    """What a step says in words to everybody who may read its case; of title and number alone, or without them.

    Nothing of a deputy's evaluation, which may be sealed, nor of a step that is about another and is sealed with it;
    nothing of a person.
    """
    if type(step).sealed is not Step.sealed or step.subject is not None:
        return []
    names = (name for name in _open_fields(type(step)) if heading in {None, name in _HEADING})
    return [text for name in names for text in _texts_in(getattr(step, name))]


def _texts(said: BaseModel) -> Iterator[str]:
    for name in _open_fields(type(said)):
        yield from _texts_in(getattr(said, name))


def _texts_in(value: object) -> Iterator[str]:
    match value:
        case str():
            yield value
        case BaseModel():
            yield from _texts(value)
        case tuple():
            for one in value:
                yield from _texts_in(one)


@cache
def _open_fields(model: type[BaseModel]) -> tuple[str, ...]:
    """The fields that may hold what people wrote."""
    never = personal_fields(model).keys() | _NOT_SAID
    return tuple(
        name
        for name, info in model.model_fields.items()
        if name not in never and _is_open((info.annotation, *info.metadata))
    )


def _is_open(annotation: Any) -> bool:
    if isinstance(annotation, StringConstraints):
        return annotation in _KINDS
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return True
    inner = annotation if isinstance(annotation, tuple) else get_args(annotation)
    return any(map(_is_open, (*inner, *getattr(annotation, "__metadata__", ()))))


def _packed(texts: Iterable[str]) -> list[str]:
    """Short texts together, a line each; a long one by itself."""
    packed: list[str] = []
    for text in texts:
        if packed and len(packed[-1]) + len(text) <= _LONGEST:
            packed[-1] += "\n" + text
        else:
            packed.append(text)
    return packed


class Said:
    """A text of a step, since when it was said, and the positions since which it is known, and up to which.

    Title and number stand in place 0, and nothing else does.
    """

    __slots__ = ("known_from", "known_to", "place", "record", "text")

    def __init__(self, record: Recorded, place: int, text: str, known_from: int) -> None:
        self.record = record
        self.place = place
        self.text = text
        self.known_from = known_from
        self.known_to = STILL_KNOWN

    @property
    def key(self) -> tuple[Any, ...]:
        """By what its row is found."""
        return self.record.originator_id, self.record.version, self.place, self.known_from

    @property
    def row(self) -> tuple[Any, ...]:
        """Its row."""
        case_id, version, place, known_from = self.key
        return (
            case_id,
            version,
            place,
            self.record.step.declared.wire,
            self.record.occurred_at,
            known_from,
            self.known_to,
            self.text,
            " ".join(lexemes_of(self.text)),
        )

    def says(self, other: Said) -> bool:
        """Whether both say the same of the same day."""
        return (self.text, self.record.occurred_at) == (other.text, other.record.occurred_at)


def _said(record: Recorded, known_from: int) -> list[Said]:
    heading, others = (
        _packed(text for text in open_texts(record.step, heading=one) if any(runs_of(text))) for one in (True, False)
    )
    texts = [*((0, text) for text in heading), *enumerate(others, 1)]
    return [Said(record, place, text, known_from) for place, text in texts]


class _Amended:
    """A case of which steps are corrected and voided: what it says as known now."""

    def __init__(self) -> None:
        self._history: list[Recorded] = []
        self._said: dict[tuple[int, int], Said] = {}

    def take(self, record: Recorded) -> tuple[list[Said], list[Said]]:
        """What is said no longer with a record, and what is said from it on."""
        self._history.append(record)
        if not isinstance(record.step, (Corrected, Voided)):
            begun = _said(record, record.position)
            self._said |= {(record.version, one.place): one for one in begun}
            return [], begun
        now = {
            (version, one.place): one
            for version, standing in fold.standing(self._history).items()
            for one in _said(standing, record.position)
        }
        for place, one in now.items():
            if (before := self._said.get(place)) is not None and before.says(one):
                now[place] = before
        ended = [one for place, one in self._said.items() if now.get(place) is not one]
        begun = [one for place, one in now.items() if self._said.get(place) is not one]
        self._said = now
        for one in ended:
            one.known_to = record.position
        return ended, begun


class Search:
    """Rows (case, step, known from–to) with what a step says: what a case says is said by its steps, none is folded.

    Only a correction or a void asks for the past of its case.
    """

    name: ClassVar[str] = "search"
    version: ClassVar[int] = 2
    key: ClassVar[Mapping[str, LiteralString]] = {
        "case_id": "text",
        "step": "integer",
        "place": "integer",
        "known_from": "bigint",
    }

    def take(self, batch: Sequence[Recorded], histories: Histories) -> Changes:
        """Rows of a batch; one that begins and ends in it is added with its end."""
        amends = (record.originator_id for record in batch if isinstance(record.step, (Corrected, Voided)))
        amended = {case_id: _Amended() for case_id in amends}
        if amended:
            for case_id, history in histories(list(amended)).items():
                for record in history:
                    amended[case_id].take(record)
        first = min((record.position for record in batch), default=0)
        added: list[Said] = []
        closed: list[tuple[Any, ...]] = []
        for record in batch:
            if (case := amended.get(record.originator_id)) is None:
                added += _said(record, record.position)
                continue
            ended, begun = case.take(record)
            closed += [(*one.key, one.known_to) for one in ended if one.known_from < first]
            added += begun
        return Changes([one.row for one in added], closed)

    def forget(self) -> None:
        """Nothing is remembered."""
