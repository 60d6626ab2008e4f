"""What is printed says how it can be checked: at its foot stands the checkpoint that was signed last."""

from __future__ import annotations

import gzip
import re
from time import perf_counter

import pytest

from tests.api.conftest import Office
from tests.api.test_web_browser import NEEDS_CHROMIUM, Site, browser, served, site

__all__ = ["browser", "served", "site"]

pytestmark = pytest.mark.database


def foot(text: str) -> str:
    """The part of a page that only paper shows."""
    found = re.search(r'<aside class="paper".*?</aside>', text, re.DOTALL)
    return "" if found is None else found[0]


def test_lists_cases_and_the_trail_carry_the_checkpoint_that_was_signed_last(office: Office) -> None:
    case = office.handed_over().json()["case_id"]
    office.catch_up()
    paths = ("/cases", "/work", f"/cases/{case}", f"/cases/{case}/compare", "/audit/steps", "/registry/units")
    assert not any(foot(office.client.get(path).text) for path in paths)
    office.seal()
    origin, size, root = office.client.get("/log/checkpoint").text.split("\n")[:3]
    for path in paths:
        said = foot(office.client.get(path, headers={"Accept-Language": "zh"}).text).replace("&#43;", "+")
        assert origin in said, path
        assert root in said, path
        assert (f"前 {size} 条记录" in said, "duban audit verify" in said) == (True, True), path
        assert f'src="/log/checkpoint.svg?size={size}"' in said, path
    for path in ("/account", "/log", "/drafts", "/cases/nobody"):
        assert foot(office.client.get(path).text) == "", path


def test_the_code_is_that_of_the_checkpoint_and_everybody_s_to_see(office: Office) -> None:
    anybody = office.browser()
    assert anybody.get("/log/checkpoint.svg").status_code == 404
    office.submit()
    office.seal()
    first = anybody.get("/log/checkpoint.svg")
    size = anybody.get("/log/checkpoint").text.split("\n")[1]
    assert (first.headers["content-type"], first.text.startswith("<svg xmlns=")) == ("image/svg+xml", True)
    office.submit()
    office.seal()
    assert anybody.get("/log/checkpoint.svg").text != first.text
    assert anybody.get(f"/log/checkpoint.svg?size={size}").text == first.text


def test_it_costs_a_list_next_to_nothing(office: Office) -> None:
    office.submit()
    office.catch_up()
    before = len(gzip.compress(office.client.get("/cases").content))
    office.seal()
    newest = office.services.audit.newest
    took = []
    for _ in range(50):
        started = perf_counter()
        assert newest() is not None
        took.append(perf_counter() - started)
    assert len(gzip.compress(office.client.get("/cases").content)) - before < 600
    assert sorted(took)[25] < 0.01


@pytest.mark.browser
@NEEDS_CHROMIUM
def test_the_screen_shows_nothing_of_it_and_the_code_is_there_when_it_is_printed(site: Site) -> None:
    site.office.seal()
    page = site.page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{site.base}/cases", wait_until="networkidle")
    paper = page.locator("aside.paper")
    assert not paper.is_visible()
    assert [url for url in asked if "checkpoint.svg" in url] != []
    printed = page.pdf()
    assert printed.startswith(b"%PDF")
    drawn = paper.locator("img")
    assert drawn.evaluate("image => image.complete && image.naturalWidth > 0")
    page.emulate_media(media="print")
    assert paper.is_visible()
