"""Every case type of the four powers by forms alone: opened, gone on with, read in both languages, closed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import pytest

from api.web.stepforms import CorrectionForm
from api.web.viewmodels import Teller
from api.words import words
from domain import procedure
from domain.case import Case, Opening, Recorded, Role, Step
from domain.matter import Ending, Matter
from domain.principal import Principal
from tests.api.conftest import JURISDICTION, Office
from tests.api.test_web_steps import case_of, filled, post
from tests.domain.matters import matters
from tests.golden.examples import variants_of
from tests.golden.samples import recorded
from tests.permissions import opened_alone
from tests.registry import shipped_registry

pytestmark = [pytest.mark.database, pytest.mark.slow]

CLERK = Principal("clerk", Role.DEPUTY_AFFAIRS, JURISDICTION, JURISDICTION)
STEPS_TAKEN = 8


def texts_of(step: Step, case: Case | None) -> dict[str, Any]:
    """What somebody would write into the form of a step to say it."""
    tell = Teller(words("zh"), shipped_registry().jurisdiction(JURISDICTION))
    as_recorded: Recorded = recorded(step)
    values: Mapping[str, Any] = CorrectionForm(as_recorded, tell, CLERK, case).values
    return {name: list(texts) for name, texts in values.items()}


def alone(step: Step) -> bool:
    """Whether it names no other case, no other step and no file, so that it can be said here."""
    return not any((*step.refers_to(), *step.refers_to_steps(), *step.contents()))


@pytest.mark.parametrize("case_type", matters(), ids=lambda case_type: case_type.kind)
def test_a_case_is_opened_and_gone_on_with_by_forms_and_read_in_both_languages(
    shared_office: Office, case_type: type[Matter]
) -> None:
    office = shared_office
    opening = opened_alone(
        next(
            step
            for step in procedure.steps_of(case_type)
            if issubclass(step, Opening) and Role.DEPUTY_AFFAIRS in step.declared.by
        )
    )
    page = case_of(
        post(office.client, f"/cases/new/{procedure.opening_name(type(opening))}", **texts_of(opening, None))
    )
    taken = go_on(office, page)
    assert len(taken) >= STEPS_TAKEN
    for language in ("en", "zh"):
        shown = office.client.get(f"{page}?lang={language}")
        assert shown.status_code == 200
        for name in taken:
            label = words(language).step(procedure.step_named(case_type, name).declared.wire)
            assert label in shown.text, (language, name)
    case_of(post(office.client, f"{page}?step=closed"))
    assert case_at(office, page).stage == Ending.CLOSED


def case_at(office: Office, page: str) -> Case:
    case = office.services.docket.case_file(page.rpartition("/")[2]).case
    assert case is not None
    return case


def go_on(office: Office, page: str) -> list[str]:
    """Take steps that are open, each once, those that lead on first; what is refused is shown and changes nothing."""
    taken: list[str] = []
    refused: set[str] = set()
    while len(taken) < STEPS_TAKEN:
        case = case_at(office, page)
        choices = [
            found.step
            for found in procedure.open_steps(case, Role.DEPUTY_AFFAIRS)
            if found.why is None
            and found.step.declared.case_type is not None
            and found.step.declared.leads_to not in set(Ending)
            and found.step.declared.name not in {*taken, *refused}
        ]
        if not choices:
            break
        step = min(choices, key=lambda one: one.declared.leads_to is None)
        name = step.declared.name
        for example in variants_of(step):
            if alone(example) and says(office, page, name, texts_of(example, case)):
                taken.append(name)
                refused.clear()
                break
        else:
            refused.add(name)
    return taken


def says(office: Office, page: str, name: str, texts: Mapping[str, Any]) -> bool:
    action, data = filled(office.client, f"{page}?step={name}", **texts)
    before = len(office.services.docket.case_file(page.rpartition("/")[2]).history)
    answer = office.client.post(
        action, data=data | {"act.occurred_on": date(2026, 3, 2).isoformat()}, follow_redirects=False
    )
    assert answer.status_code in {303, 409, 422}, answer.text
    after = len(office.services.docket.case_file(page.rpartition("/")[2]).history)
    assert (after > before) is (answer.status_code == 303), answer.text
    return answer.status_code == 303
