"""FormDraft (草稿): a form that its author has begun to fill in. It is no record: nothing of it is in the ledger."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

KEPT = timedelta(days=90)
"""How long a draft is kept after it was changed last."""

MOST = 100
"""Drafts that one account may have."""


@dataclass(frozen=True)
class FormDraft:
    """The form of a step, or of an opening where it names no case, with the texts of its fields."""

    id: str
    case_id: str | None
    step: str
    version: int
    """The version of the case that the form was made for."""
    fields: Mapping[str, Sequence[str]]
    kept_at: datetime

    @property
    def expires_at(self) -> datetime:
        """When it is forgotten."""
        return self.kept_at + KEPT
