"""Refused: the one exception of the domain. Its words, in both languages, live with the pages."""

from functools import partial

from pydantic import ValidationError


class Refused(Exception):  # noqa: N818 - an outcome of the procedure, not an error of the program
    """A step that makes no sense: a message id, its parameters and, where one is at fault, the field."""

    def __init__(self, message_id: str, *, field: str | None = None, **params: object) -> None:
        super().__init__(message_id, field, params)
        self.message_id = message_id
        self.field = field
        self.params = params

    def __reduce__(self) -> tuple[object, ...]:
        return partial(type(self), self.message_id, field=self.field, **self.params), ()

    def __str__(self) -> str:
        told = ", ".join(f"{name}={value}" for name, value in self.params.items())
        return f"{self.message_id}({told})"


class Contradiction(Refused):
    """What contradicts the case as it stands: refused to a person, who can look again; a finding of a source."""


def refused_by(
    error: ValidationError, *, message_id: str = "value-not-allowed", within: tuple[str, ...] = (), **params: object
) -> Refused:
    """The refusal of a value: at which field, of what kind is its first fault, and the limit that it breaks."""
    first = error.errors(include_url=False, include_input=False)[0]
    field = ".".join((*within, *map(str, first["loc"]))) or None
    limits = {name: limit for name, limit in first.get("ctx", {}).items() if isinstance(limit, (str, int, float))}
    return Refused(message_id, field=field, reason=first["type"], **{**limits, **params})
