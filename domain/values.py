"""The kinds of text that steps are made of. None of them lets a control character into the ledger, or says nothing."""

from collections.abc import Iterator
from enum import StrEnum
from typing import Annotated, Any, get_args

from pydantic import StringConstraints


class Word(StrEnum):
    """A word of the field's vocabulary. As a member of a set it is the text that it is, and found as fast as one."""

    __hash__ = str.__hash__


_CONTROLS = r"\x00-\x1f\x7f-\x9f"
_CONTROLS_BUT_LINES = r"\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f"
_LINE_ENDS = r"\u2028\u2029"
_UNSEEN = (
    r"\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\u2800\u3164"
    r"\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb"
)
"""Characters that show nothing of their own: blanks of no width, marks of direction, letters that are blank."""

NEVER_IN_A_NAME = rf"{_CONTROLS}{_LINE_ENDS}{_UNSEEN}/\\"
"""What the name of a file does not have, as the inside of a character class: nor a path."""


def _seen(never: str) -> str:
    """Any text without certain characters in which there is something to see."""
    return rf"^[^{never}]*[^{never}\s{_UNSEEN}][^{never}]*$"


Code = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True, min_length=1, max_length=100, pattern=rf"^[^\s{_CONTROLS}{_LINE_ENDS}{_UNSEEN}/?#]+$"
    ),
]
"""An identifier: of a unit, a person, an office. No blanks, nothing unseen, nothing that a URL would read."""

Mark = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32}$")]
"""By which something is known again and not told: 32 hexadecimal digits that only who made them can make again."""

Line = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=500, pattern=_seen(_CONTROLS + _LINE_ENDS)),
]
"""One line: a title, a name, a document's number. 1 to 500 characters."""

Text = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=100_000, pattern=_seen(_CONTROLS_BUT_LINES)),
]
"""Paragraphs: a body, a reason, an opinion. 1 to 100,000 characters."""


class Named(StrEnum):
    """What a field names by a code: a mark on its type, for whoever has to find what a step is about."""

    UNIT = "unit"
    DEPUTY = "deputy"
    CASE = "case"


def marks(annotation: Any) -> Iterator[Named]:
    """What the fields of a type name."""
    if isinstance(annotation, Named):
        yield annotation
        return
    inner = annotation if isinstance(annotation, tuple) else get_args(annotation)
    for each in (*inner, *getattr(annotation, "__metadata__", ())):
        yield from marks(each)


UnitCode = Annotated[Code, Named.UNIT]
DeputyId = Annotated[Code, Named.DEPUTY]
CaseId = Annotated[Code, Named.CASE]

DivisionCode = Annotated[str, StringConstraints(pattern=r"^\d{6}(\d{3}){0,2}$")]
"""An administrative division by GB/T 2260: six digits; nine or twelve for a town or a village."""
