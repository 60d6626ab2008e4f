"""Forms as browsers post them: small, in UTF-8, each field once, and no field that the page did not offer."""

from __future__ import annotations

from typing import Annotated, TypeVar
from urllib.parse import parse_qsl

from fastapi import Depends, Request
from pydantic import BaseModel, ConfigDict, ValidationError

from api.problems import ProblemError
from api.web.guard import refuse_forged
from domain.refusal import Refused, refused_by

MOST = 20_000
"""Bytes of a form."""

TOKEN = "form_token"  # noqa: S105 - the name of a field

_FIELDS = 50
_SHOWN = 100


class Posted(BaseModel):
    """The fields of a form; any other is refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Nothing(Posted):
    """A form that is only a button."""


Model = TypeVar("Model", bound=Posted)


async def read_pairs(request: Request, *, most: int, fields: int) -> list[tuple[str, str]]:
    """Name and text of every field of a form, of so many bytes and fields at most."""
    given = request.headers.get("content-type", "")
    if given.partition(";")[0].strip().lower() != "application/x-www-form-urlencoded":
        raise ProblemError("content-type-not-form", given=given[:_SHOWN] or "—")
    read = bytearray()
    async for chunk in request.stream():
        read += chunk
        if len(read) > most:
            raise ProblemError("body-too-large", most=most)
    try:
        return parse_qsl(
            read.decode("ascii"),
            keep_blank_values=True,
            strict_parsing=bool(read),
            errors="strict",
            max_num_fields=fields,
        )
    except (ValueError, UnicodeError):
        raise ProblemError("form-unreadable") from None


async def read_form(request: Request) -> dict[str, str]:
    """The fields of the form; an empty one is none."""
    pairs = await read_pairs(request, most=MOST, fields=_FIELDS)
    names = [name for name, _ in pairs]
    if (twice := next((name for name in names if names.count(name) > 1), None)) is not None:
        raise ProblemError("parameter-repeated", name=twice[:_SHOWN])
    return {name: text for name, text in pairs if text}


Form = Annotated[dict[str, str], Depends(read_form)]


def of_session(request: Request, form: dict[str, str], model: type[Model]) -> Model:
    """What a form of whoever is signed in says; refused if it is not his, or has a field that there is not."""
    refuse_forged(request, form.get(TOKEN))
    return checked({name: text for name, text in form.items() if name != TOKEN}, model)


def checked(fields: dict[str, str], model: type[Model]) -> Model:
    """What the fields say; a value that cannot be is refused by the name of its field."""
    try:
        return model.model_validate(fields)
    except ValidationError as error:
        raise refused_by(error) from None


def field_of(refusal: Refused) -> str:
    """The field at fault as its label is called; nothing where the page has no such field."""
    return (refusal.field or "").partition(".")[0][:_SHOWN]
