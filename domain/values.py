"""The kinds of text that steps are made of. None of them lets a control character into the ledger."""

from typing import Annotated

from pydantic import StringConstraints

_NO_CONTROLS = r"^[^\x00-\x1f\x7f-\x9f]*$"
_NO_CONTROLS_BUT_LINES = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]*$"

Code = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100, pattern=r"^[^\x00-\x20\x7f-\x9f/?#]+$")
]
"""An identifier: of a unit, a person, an office. No blanks, no controls, nothing that a URL would read."""

Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500, pattern=_NO_CONTROLS)]
"""One line: a title, a name, a document's number. 1 to 500 characters."""

Text = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=100_000, pattern=_NO_CONTROLS_BUT_LINES),
]
"""Paragraphs: a body, a reason, an opinion. 1 to 100,000 characters."""

UnitCode = Code
DeputyId = Code
CaseId = Code
