"""Personal: what a step says of a person, encrypted before it is stored; and what a case knows of him instead."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum, auto
from functools import cache
from typing import Any, Generic, NamedTuple, Protocol, Self, TypeVar, get_args

from pydantic import BaseModel, GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

from domain.part import Part
from domain.refusal import Refused

T = TypeVar("T")


class Purpose(StrEnum):
    """What a person's data are kept for; what is kept for each purpose has a key of its own (PIPL art. 6, 47)."""

    IDENTITY = auto()
    CONTACT = auto()
    SUBSTANCE = auto()
    FILES = auto()


class Kept(StrEnum):
    """How it is with what a step says of a person. It is the same for every moment that is looked at."""

    HELD = auto()
    """It is kept, and read by whoever may, each time for a reason."""
    RESTRICTED = auto()
    """It is stored, and nobody reads it (PIPL art. 47: 停止除存储和采取必要的安全保护措施之外的处理)."""
    ERASED = auto()
    """Its key is destroyed."""
    LOST = auto()
    """There is no key for it, and no erasure either: the keys of another time were restored."""


class Capacity(StrEnum):
    """In which capacity a person has to do with the case."""

    PETITIONER = auto()
    CONTACT = auto()
    PARTY = auto()
    OTHER = auto()


class Measure(StrEnum):
    """What is done with a person's data."""

    RESTRICT = auto()
    RELEASE = auto()
    ERASE = auto()


class Place(NamedTuple):
    """Whose data, of which purpose, in which field of a case: what a ciphertext is bound to."""

    case: str
    person: str
    purpose: Purpose
    field: str


class Personal(Generic[T]):
    """A value of a person: given in clear, or sealed under a key, or told by how it is kept alone.

    A step stores only what is sealed. Clear values show in no representation.
    """

    __slots__ = ("clear", "kept", "key", "sealed")

    def __init__(
        self, clear: str | None = None, key: str | None = None, sealed: str | None = None, kept: Kept | None = None
    ) -> None:
        """`sealed` is the Base64 of nonce and ciphertext."""
        self.clear = clear
        self.key = key
        self.sealed = sealed
        self.kept = kept

    def __eq__(self, other: object) -> bool:
        """Equal if it says the same in the same way; two seals of one value are not."""
        return isinstance(other, Personal) and self.stored() == other.stored()

    def __hash__(self) -> int:
        return hash((self.clear, self.key, self.sealed, self.kept))

    def __repr__(self) -> str:
        return f"Personal({self.kept or self.key or '…'})"

    def stored(self) -> object:
        """As JSON has it."""
        if self.key is not None:
            return {"key": self.key, "sealed": self.sealed}
        return self.clear if self.kept is None else {"kept": self.kept.value}

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Text that its type allows is a clear value; what was stored, or told, is read as such."""
        (inner,) = get_args(source)
        return core_schema.no_info_wrap_validator_function(
            cls.read,
            handler.generate_schema(inner),
            serialization=core_schema.plain_serializer_function_ser_schema(
                cls.stored, return_schema=core_schema.any_schema(), when_used="json"
            ),
        )

    @classmethod
    def read(cls, value: object, text: Callable[[object], str] = str) -> Self:
        """What JSON, or somebody, says; `text` reads a clear one."""
        match value:
            case Personal():
                return cls(value.clear, value.key, value.sealed, value.kept)
            case {"key": str(key), "sealed": str(sealed), **rest} if not rest:
                return cls(key=key, sealed=sealed)
            case {"kept": str(kept), **rest} if not rest and kept in set(Kept):
                return cls(kept=Kept(kept))
        return cls(clear=text(value))


@cache
def personal_fields(model: type[BaseModel]) -> Mapping[str, Purpose]:
    """The fields of a step that hold what a person's own is, each with the purpose for which it is kept."""
    marked = {
        name: next((mark for mark in info.metadata if isinstance(mark, Purpose)), None)
        for name, info in model.model_fields.items()
    }
    return {name: purpose for name, purpose in marked.items() if purpose is not None}


@dataclass(frozen=True)
class Disclosure:
    """That a unit may read a person's data of some purposes, until a day."""

    unit: str
    purposes: frozenset[Purpose]
    until: date


@dataclass
class Person(Part):
    """A citizen in a case: what is known of him there is in what capacity, and how his data are kept."""

    class Stage(StrEnum):
        """How the data are kept."""

        HELD = "personal_data_held"
        RESTRICTED = "personal_data_restricted"
        ERASED = "personal_data_erased"

    capacity: Capacity
    added_by: str
    added_in: str
    """The role in which he did."""
    disclosures: list[Disclosure] = field(default_factory=list)
    restricted: set[Purpose] = field(default_factory=set)
    erased: set[Purpose] = field(default_factory=set)

    def settle(self) -> None:
        """The stage follows from what was done with the data of each purpose."""
        every = set(Purpose)
        if self.erased == every:
            self.stage = self.Stage.ERASED
        elif self.restricted | self.erased == every:
            self.stage = self.Stage.RESTRICTED
        else:
            self.stage = self.Stage.HELD


@dataclass
class ProposedMeasure(Part):
    """A measure on a person's data that was proposed, and what became of it."""

    class Stage(StrEnum):
        """What became of it."""

        PROPOSED = "measure_proposed"
        TAKEN = "measure_taken"
        DECLINED = "measure_declined"

    person: str
    measure: Measure
    purposes: frozenset[Purpose]
    proposed_by: str


class Keys(Protocol):
    """What the docket and the readers need of the store of keys, which lies apart from the ledger."""

    def seal(self, place: Place, clear: str) -> Personal[Any]:
        """The value under the key of its person and purpose; refused if that was restricted or destroyed."""

    def open(self, place: Place, value: Personal[Any]) -> str:
        """The clear text; refused if it is restricted, erased or lost."""

    def kept(self, keys: Collection[str]) -> Mapping[str, Kept]:
        """How it is with what is sealed under each of these keys."""


class NoKeys:
    """A store without keys: nothing of a person can be recorded, and nothing is read."""

    def seal(self, place: Place, clear: str) -> Personal[Any]:  # noqa: ARG002 - the protocol's
        """Always refused."""
        raise Refused("personal-data-not-kept", field=place.field)

    def open(self, place: Place, value: Personal[Any]) -> str:  # noqa: ARG002 - the protocol's
        """Always refused."""
        raise Refused("personal-data-lost", field=place.field)

    def kept(self, keys: Collection[str]) -> Mapping[str, Kept]:
        """All lost."""
        return dict.fromkeys(keys, Kept.LOST)
