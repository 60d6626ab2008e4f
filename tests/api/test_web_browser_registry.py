"""An administrator sets up an office in a browser, and the pages of the registry and the import are for everybody."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.adapters.test_entries import DEPUTIES, whole
from tests.adapters.workbooks import workbook
from tests.api.conftest import PASSWORD
from tests.api.test_web_browser import NEEDS_CHROMIUM, Site, browser, is_for_everybody, site

__all__ = ["browser", "site"]

pytestmark = [
    pytest.mark.browser,
    pytest.mark.database,
    NEEDS_CHROMIUM,
]


def fill(page: Page, **fields: str) -> None:
    """Fill in the form of a step and record it."""
    for name, text in fields.items():
        field = page.locator(f"#f-{name}")
        if field.evaluate("field => field.tagName") == "SELECT":
            field.select_option(text)
        else:
            field.fill(text)
    page.click(".step-form button.primary")
    assert page.locator(".trouble").count() == 0


@pytest.mark.parametrize("scripts", [True, False])
def test_an_administrator_sets_up_an_office_below_and_its_people_keep_it(site: Site, scripts: bool) -> None:  # noqa: FBT001
    site.office.account("admin", "administrator")
    admin = site.page(login="admin", width=1200, java_script_enabled=scripts)
    admin.goto(f"{site.base}/")
    admin.click("text=名册")
    admin.click(".actions >> text=设立行政区域")
    day = {"occurred": "2026-01-01"}
    county = {"jurisdiction": "cn-999988", "zh_name": "青石县", "en_name": "Qingshi", "level": "county"}
    fill(admin, **county, rulebook="cn-national", **day)
    assert admin.url == f"{site.base}/registry#below"
    assert "青石县" in admin.inner_text("section[aria-labelledby=below]")

    admin.click("text=帐号")
    admin.click("details:not([open]) > summary")
    for name, text in (("login", "qingshi"), ("name", "县人大办公室")):
        admin.fill(f"#{name}", text)
    admin.select_option("#role", "general_office")
    admin.select_option("#jurisdiction", "cn-999988")
    admin.click("form.grid button")
    password = admin.inner_text(".secret")

    keeper = site.page(login=None, width=1200, java_script_enabled=scripts)
    keeper.goto(f"{site.base}/registry")
    keeper.fill("#login", "qingshi")
    keeper.fill("#password", password)
    keeper.click("button.main")
    for name, text in (("old_password", password), ("new_password", PASSWORD), ("repeated", PASSWORD)):
        keeper.fill(f"#{name}", text)
    keeper.click("button.main")
    keeper.click("text=名册")
    assert "青石县" in keeper.inner_text("h1")
    for opening, said in (
        ("设立单位", {"code": "jtj", "zh_name": "县交通运输局", "en_name": "Transport", "order": "10"}),
        ("组建代表小组", {"code": "qs-1", "zh_name": "青石第一小组", "en_name": "Group 1"}),
        ("代表登记", {"id": "0101", "name": "午一", "term": "1", "group": "qs-1"}),
    ):
        keeper.click("text=名册")
        keeper.click(f".actions >> text={opening}")
        fill(keeper, **said, **day)
    if scripts:
        is_for_everybody(keeper, 1200)
    keeper.click(".trail a")
    keeper.click(".counts >> text=代表")
    assert "午一" in keeper.inner_text("table")
    assert "青石第一小组" in keeper.inner_text("table")
    admin.goto(f"{site.base}/registry/deputies")
    assert "午一" not in admin.inner_text("main")
    assert "甲一" in admin.inner_text("table")


@pytest.mark.parametrize(("language", "widths"), [("zh", ()), ("en", (360,))])
def test_the_pages_of_the_registry_pass_axe_and_fit_their_window(
    site: Site, tmp_path: Path, language: str, widths: tuple[int, ...]
) -> None:
    site.office.account("admin", "administrator")
    lists = (
        "units",
        "deputies?ended=1",
        "groups",
        "seats",
        "meetings",
        "deputies?text=nobody",
        "units?as_of=2018-01-01",
    )
    page = site.page(login="admin")
    for path in (
        "/registry",
        "/registry?as_of=1950-01-01",
        *(f"/registry/{name}" for name in lists),
        "/cases/new/jurisdiction.opened",
        "/import",
    ):
        joint = "&" if "?" in path else "?"
        page.goto(f"{site.base}{path}{joint}lang={language}")
        is_for_everybody(page, *widths)
    endless = whole(代表编号="9" * 95, 姓名="长" * 120, 选区="区" * 300, 代表小组=None)
    rows = [endless, whole(代表编号="0102", 代表小组="无此小组"), whole(代表编号="d-001")]
    file = workbook(tmp_path / "代表名单.xlsx", [DEPUTIES, *rows])
    page.select_option("#list", "deputies-xlsx")
    page.set_input_files("#file", file)
    page.click("button.primary")
    assert page.locator("tbody tr").count() == 2
    is_for_everybody(page, *widths)
    page.click("button.main")
    assert page.locator(".done").count() == 1
    is_for_everybody(page, *widths)
    page.goto(f"{site.base}/registry/deputies")
    is_for_everybody(page, *widths)
