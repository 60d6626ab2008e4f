"""A refusal is the same for whoever is told of it, also in another process."""

from __future__ import annotations

import pickle

import pytest

from domain.refusal import Contradiction, Refused


@pytest.mark.parametrize("kind", [Refused, Contradiction])
@pytest.mark.parametrize("field", [None, "occurred_at"])
def test_a_refusal_goes_through_a_pipe_as_it_is(kind: type[Refused], field: str | None) -> None:
    refused = kind("date-out-of-range", field=field, earliest="1900-01-01", most=3)
    told = pickle.loads(pickle.dumps(refused))  # noqa: S301 - our own
    assert (type(told), vars(told), str(told)) == (kind, vars(refused), str(refused))
