"""A case of every type in a browser: opened by its form, gone on with, read in both languages, for everybody."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import unquote

import pytest
from playwright.sync_api import Browser, Page

from api.words import words
from domain import procedure
from domain.case import STEPS, Case, Opening, Role, Step
from domain.cases.registry.meeting import Meeting
from domain.cases.supervision.opinion import OpinionsCollated
from domain.matter import Ending
from tests.api.conftest import Office
from tests.api.test_web_browser import NEEDS_CHROMIUM, OUTSIDE, Site, browser, is_for_everybody, served
from tests.api.test_web_matters import alone, case_at, texts_of
from tests.api.test_web_walk import MESSAGE_ID
from tests.domain.matters import matters
from tests.golden.examples import variants_of
from tests.permissions import opened_alone

__all__ = ["browser"]

pytestmark = [
    pytest.mark.browser,
    pytest.mark.database,
    pytest.mark.slow,
    NEEDS_CHROMIUM,
]

STEPS_TAKEN = 2
WALKED = [*matters(), Meeting]


@pytest.fixture(scope="module")
def site(shared_office: Office, browser: Browser) -> Iterator[Site]:
    with served(shared_office, browser) as found:
        yield found


@pytest.fixture(scope="module")
def page(site: Site) -> Page:
    """The window of the office in which everything is done."""
    return site.page()


def record(page: Page, step: Step, case: Case | None) -> bool:
    """Fill in the form that is open as somebody would who says the step; whether it was recorded."""
    form = page.locator(".step-form").filter(has=page.locator("[name='act.occurred_on']"))
    fixed = {name: [str(getattr(step, name))] for name in step.declared.fixed}
    for name, texts in (texts_of(step, case) | fixed).items():
        fields = form.locator(f'[name="{name}"]')
        match fields.first.evaluate("field => field.type") if fields.count() else "none":
            case "none":
                continue
            case "checkbox":
                for text in texts:
                    form.locator(f'[name="{name}"][value="{text}"]').check()
            case "select-one":
                fields.select_option(texts)
            case _:
                fields.fill("\n".join(texts))
    form.locator("[name='act.occurred_on']").fill("2026-03-02")
    form.locator("button.primary").evaluate("button => button.form.noValidate = true")
    with page.expect_navigation():
        form.locator("button.primary").click()
    return page.locator(".trouble").count() == 0


def choices(case: Case) -> list[type[Step]]:
    """The steps that are open and do not end it, those that lead on first."""
    found = [
        one.step
        for one in procedure.open_steps(case, Role.DEPUTY_AFFAIRS)
        if one.why is None and one.step.declared.case_type is not None
        and one.step.declared.leads_to not in {*Ending, Meeting.Stage.CANCELLED}
    ]  # fmt: skip
    return sorted(found, key=lambda step: step.declared.leads_to is None)


def go_on(site: Site, page: Page, path: str) -> list[str]:
    """Take steps of the case, each once and by its link; their stored names."""
    taken: list[str] = []
    tried: set[str] = set()
    while len(taken) < STEPS_TAKEN:
        case = case_at(site.office, unquote(path))
        step = next((one for one in choices(case) if one.declared.name not in tried), None)
        if step is None:
            break
        tried.add(step.declared.name)
        example = next((one for one in variants_of(step) if alone(one)), None)
        if example is None:
            continue
        page.goto(f"{site.base}{path}?step={step.declared.name}&lang=zh")
        if record(page, example, case):
            taken.append(step.declared.wire)
            tried = {STEPS[wire].declared.name for wire in taken}
    return taken


@pytest.mark.parametrize("case_type", WALKED, ids=lambda case_type: case_type.kind)
def test_a_case_is_walked_through_and_its_page_is_right_in_both_languages(
    site: Site, page: Page, case_type: type[Case]
) -> None:
    opening = opened_alone(
        next(
            step
            for step in procedure.steps_of(case_type)
            if issubclass(step, Opening) and Role.DEPUTY_AFFAIRS in step.declared.by
        )
    )
    page.goto(f"{site.base}/cases/new/{procedure.opening_name(type(opening))}?lang=zh")
    assert record(page, opening, None), page.inner_text(".trouble")
    path = page.url.removeprefix(site.base).partition("#")[0]
    taken = go_on(site, page, path)
    assert len(taken) == STEPS_TAKEN
    for language in ("zh", "en"):
        page.goto(f"{site.base}{path}?lang={language}")
        page.locator("details:not([open])").evaluate_all("all => all.forEach(one => { one.open = true })")
        shown = page.inner_text(".timeline")
        assert [wire for wire in taken if words(language).step(wire) not in shown] == []
        assert words(language).kind(case_type.kind) in page.inner_text(".case-kind")
        assert MESSAGE_ID.findall(page.inner_text("body")) == []
        assert page.evaluate(OUTSIDE) == [], "texts of the chart leave their boxes"
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


@pytest.fixture(scope="module")
def opinion(site: Site, page: Page) -> str:
    """The address of a case with a citizen in it."""
    page.goto(f"{site.base}/cases/new/opinion.collated?lang=zh")
    collated = opened_alone(OpinionsCollated).model_copy(update={"number": "审1"})
    assert record(page, collated, None), page.inner_text(".trouble")
    address = page.url.partition("#")[0]
    page.goto(f"{address}?step=person_added")
    page.select_option("[name=capacity]", "petitioner")
    for name, text in (("person", "p1"), ("name", "子七")):
        page.fill(f".step-form [name={name}]", text)
    page.locator(".do button.primary").click()
    assert page.locator(".trouble").count() == 0, page.inner_text(".trouble")
    site.office.catch_up()
    return address


@pytest.mark.parametrize(("language", "widths"), [("zh", ()), ("en", (360,))])
def test_the_pages_of_the_four_powers_pass_axe_and_fit_their_window(
    site: Site, page: Page, opinion: str, language: str, widths: tuple[int, ...]
) -> None:
    forms = ("appointment.notified", "task_ledger.opened", "work_report.topic_proposed", "meeting.called")
    for path in (
        f"{site.base}/compliance?year=2026",
        f"{site.base}/chronicle?month=2026-03",
        f"{site.base}/cases/new",
        *(f"{site.base}/cases/new/{form}" for form in forms),
        f"{site.base}/cases?kind=opinion",
        f"{opinion}?step=activity_held",
        f"{opinion}?step=linked",
        f"{opinion}/persons/p1",
    ):
        page.goto(f"{path}{'&' if '?' in path else '?'}lang={language}")
        assert page.locator("h1").count() == 1, path
        is_for_everybody(page, *widths)
