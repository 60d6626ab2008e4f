"""The pages in a browser: nothing fails, nothing leaves the machine, everybody can use them."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import quote, urlsplit
from zoneinfo import ZoneInfo

import pytest
import uvicorn
from playwright.sync_api import Browser, Page, sync_playwright

from domain.attachment import AttachmentKind
from domain.case import AttachmentAdded, CorrectionRequested, Role
from domain.cases.suggestion import HandedOver
from domain.principal import Principal
from tests.adapters.papers import pdf
from tests.api.conftest import JURISDICTION, LEAD_UNIT, PASSWORD, Office
from tests.api.story import Story
from tests.api.test_published import publish

CHROMIUM = shutil.which("chromium-headless-shell") or shutil.which("chromium")
"""Without the parts for a window it takes two thirds of the time."""
NEEDS_CHROMIUM = pytest.mark.skipif(CHROMIUM is None, reason="no browser: apt-get install chromium-headless-shell")
AXE = Path(__file__).parent / "data" / "axe.min.js"
QUIET = ("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync")  # fmt: skip
WIDTHS = (1280, 640, 360)
"""A desk, the same at 200 % zoom, a telephone."""

OUTSIDE = """() => [...document.querySelectorAll('.flow-box')].flatMap(box => {
  const rect = box.querySelector('rect').getBBox();
  return [...box.querySelectorAll('text')].filter(text => {
    const own = text.getBBox();
    return own.x < rect.x + 2 || own.x + own.width > rect.x + rect.width - 2
      || own.y < rect.y || own.y + own.height > rect.y + rect.height;
  }).map(text => text.textContent);
})"""
"""The texts of the charts on a page that leave their box."""

BROKEN = """async ([part, rules]) => {
  const options = {resultTypes: ['violations'], preload: false, selectors: false, rules};
  const {violations} = await axe.run(part, options);
  return violations.map(one => [one.id, ...one.nodes.map(node => node.html.slice(0, 200))]);
}"""
"""The rules that a part of a page breaks, each with where."""

LETTER = "第二次答复函（云交函〔2026〕31号）.pdf"

pytestmark = [
    pytest.mark.browser,
    pytest.mark.database,
    NEEDS_CHROMIUM,
]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield chromium
        chromium.close()


@dataclass
class Site:
    """The pages at an address of this machine, and what went wrong while they were read."""

    base: str
    browser: Browser
    case_id: str
    office: Office
    wrong: list[str]
    base_also: str = "about:"

    def page(self, *, login: str | None = "clerk", width: int = 1280, height: int = 900, **options: Any) -> Page:
        """A new browser window that notes every message, breach and stray request; `login` is signed in there."""
        context = self.browser.new_context(viewport={"width": width, "height": height}, locale="zh-CN", **options)
        if login is not None:
            context.add_cookies([{"name": "duban", "value": self.office.secret(login), "url": self.base}])
        page = context.new_page()
        page.on("console", lambda message: self._note(message.text))
        page.on("pageerror", lambda error: self._note(str(error)))
        page.on("request", lambda request: self._leaving(request.url))
        return page

    def _note(self, text: str) -> None:
        if "the server responded with a status of 4" not in text:
            self.wrong.append(text)

    def _leaving(self, url: str) -> None:
        if not url.startswith((self.base, self.base_also)):
            self.wrong.append(f"request to {urlsplit(url).netloc}")

    @property
    def paths(self) -> list[str]:
        """One address of every kind of page."""
        case = f"/cases/{self.case_id}"
        [document] = self.office.get("/api/v1/published-figures").json()["publications"]
        published = f"/published-figures/{document['case_id']}"
        return [
            "/cases",
            "/cases?as_of=2026-06-30&position=20",
            "/cases?text=nothing",
            "/cases?as_of=yesterday",
            "/cases?lang=en",
            "/work",
            "/work?light=overdue&as_of=2026-11-10",
            "/work?text=nothing&lang=en",
            case,
            f"{case}?as_of=2026-05-30&order=oldest",
            f"{case}?as_of=2020-01-01",
            "/cases/nobody",
            "/compliance?year=2026",
            "/chronicle?month=2026-06",
            "/regulations",
            "/clocks",
            "/clocks?state=overdue&as_of=2026-06-30&lang=en",
            "/clocks?clock=nothing",
            "/figures",
            "/figures/satisfied_rate",
            "/figures/reply_rate/cases",
            "/figures/reply_rate/change?from=2026-03-31",
            "/search",
            "/search?q=%E5%85%AC%E4%BA%A4",
            "/search?q=nothing&lang=en",
            "/search?q=%2C",
            f"{case}/similar",
            "/figures/what-if?clock=suggestion.reply&count=1&span=month&metric=reply_rate&target=85",
            "/published-figures",
            published,
            f"{published}/1",
            "/cards",
            "/cards/units/jtj",
            "/cards/units/jtj?as_of=2026-06-30&lang=en",
            "/cards/deputies/d-001",
            "/cards/districts/999900",
            "/integrity",
            "/procedures",
            "/procedures/suggestion",
            "/procedures/opinion?lang=en",
        ]


def attach(office: Office, story: Story, case_id: str, name: str) -> None:
    """A letter that the office adds to a case."""
    given = office.token("deputy_affairs")
    said = office.client.post(f"/api/v1/attachments?name={quote(name)}", content=pdf(name.encode()), headers=given)
    step = AttachmentAdded(**said.json(), kind=AttachmentKind.REPLY_LETTER, about=11)
    story.record(case_id, "2026-08-05", step, actor="u-deputy_affairs")


@contextmanager
def served(office: Office, browser: Browser, case_id: str = "") -> Iterator[Site]:
    """The pages of an office while they are served, in which nothing may have gone wrong at the end."""
    server = uvicorn.Server(uvicorn.Config(office.client.app, port=0, lifespan="off", log_level="error"))
    thread = Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        thread.join(0.02)
    port = server.servers[0].sockets[0].getsockname()[1]
    found = Site(f"http://127.0.0.1:{port}", browser, case_id, office, [])
    yield found
    for context in browser.contexts:
        context.close()
    server.should_exit = True
    thread.join()
    assert found.wrong == []


def told(office: Office) -> str:
    """An office with suggestions in every state, and hostile ones; the id of the one with everything."""
    story = Story(office.services.docket)
    case_id = story.everything()
    for name in (LETTER, f"{'W' * 190}.pdf"):
        attach(office, story, case_id, name)
    story.each_state()
    story.hostile()
    office.catch_up()
    return case_id


@pytest.fixture
def site(office: Office, browser: Browser) -> Iterator[Site]:
    with served(office, browser, told(office)) as found:
        yield found


@pytest.fixture(scope="module")
def shared_site(shared_office: Office, browser: Browser) -> Iterator[Site]:
    """The pages of an office of which the tests of the module only read."""
    with served(shared_office, browser, told(shared_office)) as found:
        yield found


def fits(page: Page) -> bool:
    """Whether the page is no wider than its window, which may take a moment to have the size that it was given."""
    for _ in range(40):
        if page.evaluate("document.documentElement.scrollWidth <= innerWidth"):
            return True
        page.wait_for_timeout(50)
    return False


def is_for_everybody(page: Page, *widths: int, part: str = "html") -> None:
    """The page has no fault that axe knows, with everything on it opened, and is no wider than its window.

    Without `widths` it is looked at in all of `WIDTHS`; between the widest and the narrowest it only has to fit. Of a
    page that was looked at before but for a `part`, axe looks at that part only.
    No stylesheet is fetched for axe again (`preload`): what it would read in them are rules that it does not apply.
    Colours are the same at every width (`test_web_static.py`), so their contrast, two thirds of its work, is looked at
    once; in some widths alone a page is English that is looked at in Chinese too, and has the same.
    """
    widest = max(widths or WIDTHS)
    again = bool(widths) and page.get_attribute("html", "lang") == "en"
    page.locator("details:not([open])").evaluate_all("all => all.forEach(one => { one.open = true })")
    page.evaluate(AXE.read_text("utf-8"))
    for width in widths or WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        assert fits(page), f"{page.url} is wider than {width}"
        if not widths and width not in {min(WIDTHS), max(WIDTHS)}:
            continue
        rules = {"color-contrast": {"enabled": width == widest and not again}}
        assert page.evaluate(BROKEN, [part, rules]) == [], f"{page.url} at {width}"


def test_every_page_passes_axe_and_fits_its_window(shared_site: Site) -> None:
    office = shared_site.office
    assert publish(office, {"metric": "reply_rate"}, {"metric": "overdue", "unit": "jtj"}).status_code == 201
    office.catch_up()
    page = shared_site.page()
    case = f"/cases/{shared_site.case_id}"
    forms = ("/cases/new/suggestion.submitted", f"{case}?step=contact_made")
    asked, unit = "POST /api/v1/cases/{case_id}/steps/evaluation_recorded_by_proxy", Role.HANDLING_UNIT
    office.services.access.refused(Principal("u-1", unit, LEAD_UNIT, JURISDICTION), asked, "case-not-found", case)
    audit = ("/log", "/log?lang=en", "/audit/steps", "/audit/steps?lang=en", "/audit/access", f"{case}/compare?from=1")
    for path in (*shared_site.paths, *forms, *audit):
        page.goto(shared_site.base + path)
        is_for_everybody(page)


@pytest.mark.parametrize(
    "path",
    [
        "/figures?unit=",
        "/figures?year=2026&session=",
        "/figures/reply_rate?unit=",
        "/figures/reply_rate/cases?unit=",
        "/figures/reply_rate/change?from=2026-03-31&unit=",
        "/figures/what-if?clock=suggestion.reply&count=1&span=month&metric=reply_rate&unit=",
        "/cases?text=",
        "/cases?unit=",
        "/search?q=",
        "/work?text=",
    ],
)
def test_a_long_value_that_is_asked_for_widens_no_page(path: str, shared_site: Site) -> None:
    page = shared_site.page(width=360)
    for long, status in (("x" * 60, {200}), ("x" * 190, {200, 404, 422})):
        answer = page.goto(shared_site.base + path + long)
        assert answer is not None
        assert answer.status in status
        said = long in page.inner_text("main") or page.locator(f"main [value='{long}']").count()
        assert said or answer.status != 200
        assert fits(page)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_text_of_a_chart_stays_within_its_boxes(shared_site: Site, language: str) -> None:
    page = shared_site.page()
    for path in ("/procedures/suggestion", "/procedures/opinion", f"/cases/{shared_site.case_id}"):
        page.goto(f"{shared_site.base}{path}?lang={language}")
        page.locator("details:not([open])").evaluate_all("all => all.forEach(one => { one.open = true })")
        outside = page.evaluate(OUTSIDE)
        assert outside == [], path


def test_one_slides_to_a_day_by_keyboard_and_looks(shared_site: Site) -> None:
    page = shared_site.page()
    page.goto(f"{shared_site.base}/cases?as_of=2026-06-30&known_at=2026-06-30")
    slider = page.get_by_label("选择日期")
    assert slider.get_attribute("aria-valuetext") == "2026年6月30日"
    slider.focus()
    page.keyboard.press("ArrowRight")
    assert slider.get_attribute("aria-valuetext") == page.locator("#slide-day").inner_text() == "2026年7月1日"
    assert page.locator("#as_of").input_value() == page.locator("#known_at").input_value() == "2026-07-01"
    page.locator("#as_of").fill("2026-05-31")
    assert slider.get_attribute("aria-valuetext") == "2026年5月31日"
    slider.focus()
    page.keyboard.press("ArrowLeft")
    page.get_by_role("button", name="查看").click()
    assert page.url.endswith("as_of=2026-05-30&known_at=2026-07-01")
    assert "您正在看 2026年5月30日24时 的情况" in page.locator(".banner").inner_text()


def test_the_past_stays_said_however_far_one_scrolls(shared_site: Site) -> None:
    for width in WIDTHS:
        page = shared_site.page(width=width)
        page.goto(f"{shared_site.base}/cases?as_of=2026-06-30")
        page.mouse.wheel(0, 600)
        page.wait_for_function("scrollY > 300")
        assert page.locator(".banner").evaluate("it => it.getBoundingClientRect().top") == 0


def test_a_fixed_link_is_copied_as_it_stands(shared_site: Site) -> None:
    page = shared_site.page(permissions=["clipboard-read", "clipboard-write"])
    page.goto(f"{shared_site.base}/cases?as_of=2026-06-30")
    page.get_by_role("button", name="复制链接").click()
    page.get_by_text("链接已复制。").wait_for()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.startswith(f"{shared_site.base}/cases?as_of=2026-06-30&position=")
    page.goto(copied)
    page.get_by_role("button", name="复制链接").click()
    page.get_by_text("链接已复制。").wait_for()
    assert page.evaluate("navigator.clipboard.readText()") == copied == page.locator("#frozen-link").input_value()


def test_without_scripts_the_fields_and_links_of_the_moment_do_the_same(shared_site: Site) -> None:
    page = shared_site.page(java_script_enabled=False)
    page.goto(f"{shared_site.base}/cases?as_of=2026-06-30")
    assert page.get_by_role("slider").count() == 0
    assert page.get_by_role("button", name="复制链接").count() == 0
    page.locator("#as_of").fill("2026-05-31")
    page.get_by_role("button", name="查看").click()
    assert page.url.endswith("/cases?as_of=2026-05-31&known_at=")
    page.get_by_role("link", name="固定此刻，取得链接").click()
    assert "position=" in page.url
    assert page.locator("#frozen-link").input_value() == page.url


def test_the_pages_of_corrections_and_drafts_pass_axe_and_fit_their_window(site: Site) -> None:
    case, office = f"{site.base}/cases/{site.case_id}", "deputy_affairs"
    asked = CorrectionRequested(corrects=2, changes={"meeting": "W" * 300}, reason="申请更正会议")
    Story(site.office.services.docket).record(site.case_id, "2026-11-01", asked, Role(office), actor="u-1")
    number = site.office.services.docket.case_file(site.case_id).version
    for language in ("zh", "en"):
        page = site.page()
        for path in ("history/2/correct", "history/11/correct", "history/3/void", f"requests/{number}"):
            page.goto(f"{case}/{path}?lang={language}")
            is_for_everybody(page)
        page.goto(f"{case}/history/2/correct?lang={language}")
        page.fill("[name='amend.occurred_on']", "2026-03-19")
        page.fill("[name='amend.reason']", "W" * 300)
        page.click("button[value=preview]")
        is_for_everybody(page)
        page.fill("[name='amend.approved_by']", "主任")
        page.click("button[value=preview]")
        is_for_everybody(page)
        page.goto(f"{case}?step=contact_made&lang={language}")
        page.click("button[value=keep]")
        is_for_everybody(page)
        page.goto(f"{site.base}/drafts")
        is_for_everybody(page)


@pytest.mark.parametrize("scripts", [True, False])
def test_the_office_corrects_yesterdays_wrong_date(site: Site, scripts: bool) -> None:  # noqa: FBT001
    story, today = Story(site.office.services.docket), datetime.now(ZoneInfo("Asia/Shanghai")).date()
    opened, wrong, right = (today - timedelta(days) for days in (20, 11, 1))
    case_id = story.open(opened.isoformat(), "关于夜间公交的建议", lead_deputy="d-002")
    story.record(case_id, wrong.isoformat(), HandedOver(lead_unit="jtj"))
    site.office.catch_up()
    page = site.page(width=360, java_script_enabled=scripts)
    page.goto(f"{site.base}/cases/{case_id}")
    page.locator("#step-2").get_by_role("link", name="更正").click()
    assert page.locator("[name='amend.occurred_on']").input_value() == wrong.isoformat()
    page.fill("[name='amend.occurred_on']", right.isoformat())
    page.fill("[name='amend.reason']", "昨天录入时写错了日期")
    page.fill("[name='amend.approved_by']", "主任")
    page.get_by_role("button", name="预览变化").click()
    until = right - timedelta(1)
    assert page.get_by_role("heading", name=f"{wrong} 至 {until}").count() == 1
    assert page.get_by_text("原计入“待答复”，将计入“未交办”。").count() == 1
    page.get_by_role("button", name="返回修改").click()
    assert page.locator("[name='amend.reason']").input_value() == "昨天录入时写错了日期"
    page.get_by_role("button", name="预览变化").click()
    page.get_by_role("button", name="确认登记").click()
    assert page.url == f"{site.base}/cases/{case_id}#step-3"
    step = page.locator("#step-2 .step-when")
    assert (step.locator("del").inner_text(), step.locator("ins").inner_text()) == (
        wrong.isoformat(),
        right.isoformat(),
    )
    page.locator("#step-3").get_by_role("link", name="针对第2步").click()
    assert page.url.endswith("#step-2")
    site.office.catch_up()
    known = site.office.services.docket.head()
    for position, state in ((known - 1, "waiting"), (known, "unassigned")):
        page.goto(f"{site.base}/cases?as_of={until}&position={position}&state={state}&deputy=d-002")
        assert page.locator(f"a[href*='{case_id}']").count() == 1, state


def test_the_pages_about_people_pass_axe_and_fit_their_window(site: Site) -> None:
    clerk = site.office.services.accounts.named("clerk")
    site.office.account("admin", "administrator")
    site.office.account("shen", "auditor")
    site.office.services.tokens.create_own(clerk, "每周报表" * 20, 90, ["read"], by="clerk")
    office = site.office.account("very.long.login-that-nobody-will-ever-remember", "handling_unit", office="zgj")
    page, visitor = site.page(login="admin"), site.page(login=None)
    for path in ("/account", "/admin/accounts", f"/admin/accounts/{office}", "/admin/log", "/cases"):
        for language in ("zh", "en"):
            page.goto(f"{site.base}{path}?lang={language}")
            is_for_everybody(page)
    office_worker, auditor = site.page(), site.page(login="shen")
    for page, path in (
        (office_worker, "/account"),
        (auditor, "/audit/accounts"),
        (auditor, "/audit/accounts?account=x"),
    ):
        page.goto(f"{site.base}{path}")
        is_for_everybody(page)
    visitor.goto(f"{site.base}/cases?text=x")
    is_for_everybody(visitor)
    visitor.fill("#login", "clerk")
    visitor.fill("#password", "wrong password")
    visitor.click("button.main")
    assert "登录名或密码不对" in visitor.inner_text(".trouble")
    is_for_everybody(visitor)


@pytest.mark.parametrize("scripts", [True, False])
def test_a_deputy_submits_on_a_phone_and_the_office_hands_over(site: Site, scripts: bool) -> None:  # noqa: FBT001
    login = f"d1-{scripts}"
    site.office.account(login, "deputy", deputy="d-001")
    phone = site.page(login=login, width=360, java_script_enabled=scripts)
    phone.goto(f"{site.base}/cases/new")
    phone.click(".actions a")
    phone.fill("#f-title", "关于增设母婴室的建议")
    phone.fill("#f-body", "一、现状\n二、建议")
    phone.click(".step-form button.primary")
    assert "关于增设母婴室的建议" in phone.inner_text("h1")
    office = site.page(width=1200, java_script_enabled=scripts)
    office.goto(phone.url.partition("#")[0] + "?step=handed_over")
    if scripts:
        is_for_everybody(office, 1200)
    office.select_option("#f-lead_unit", "wjw")
    office.check('input[name="co_units"][value="jtj"]')
    office.click('form[action$="/handed_over"] button.primary')
    assert office.locator(".trouble").count() == 0
    assert "市卫生健康委员会" in office.inner_text(".main-column")
    phone.reload()
    assert "已交办" in phone.inner_text(".case-now") or "办理中" in phone.inner_text(".case-now")


@pytest.mark.parametrize("scripts", [True, False])
@pytest.mark.parametrize("width", [1280, 360])
def test_the_office_hands_over_what_it_ticked(site: Site, scripts: bool, width: int) -> None:  # noqa: FBT001
    page = site.page(width=width, java_script_enabled=scripts)
    page.goto(f"{site.base}/")
    assert page.url == f"{site.base}/work"
    for box in page.locator('input[name="case"]').all():
        box.check()
    page.click("text=批量交办")
    for expected in ("#f-lead_unit", 'button[value="take"]', ".pager, .light-done"):
        if expected == 'button[value="take"]':
            page.select_option("#f-lead_unit", "wjw")
            page.click('button[value="check"]')
            assert "市卫生健康委员会" in page.inner_text("main")
        elif expected != "#f-lead_unit":
            page.click('button[value="take"]')
            assert "已登记" in page.inner_text("main")
        assert page.locator(expected).count()
        if scripts:
            is_for_everybody(page, width)


@pytest.mark.parametrize("scripts", [True, False])
def test_somebody_new_signs_in_changes_the_password_reads_and_signs_out(site: Site, scripts: bool) -> None:  # noqa: FBT001
    site.office.account("admin", "administrator")
    admin = site.page(login="admin", java_script_enabled=scripts)
    admin.goto(f"{site.base}/")
    admin.click("details:not([open]) > summary")
    for name, text in (("login", "li"), ("name", "李四"), ("office", "jtj")):
        admin.fill(f"#{name}", text)
    admin.select_option("#role", "handling_unit")
    admin.click("form.grid button")
    password = admin.inner_text(".secret")

    page = site.page(login=None, java_script_enabled=scripts)
    page.goto(f"{site.base}/cases?text=幼儿园")
    page.fill("#login", "li")
    page.fill("#password", password)
    page.click("button.main")
    assert page.url == f"{site.base}/account"
    for name, text in (("old_password", password), ("new_password", PASSWORD), ("repeated", PASSWORD)):
        page.fill(f"#{name}", text)
    page.click("button.main")
    assert "密码已修改" in page.inner_text(".done")
    page.goto(f"{site.base}/cases")
    assert page.inner_text(".me a").startswith("李四")
    (cookie,) = (cookie for cookie in page.context.cookies() if cookie["name"] == "duban")
    assert (cookie["httpOnly"], cookie["sameSite"]) == (True, "Lax")
    page.click(".me button")
    assert "已退出" in page.inner_text(".done")
    page.goto(f"{site.base}/cases")
    assert page.url.startswith(f"{site.base}/login")


@pytest.mark.parametrize("scripts", [True, False])
def test_somebody_makes_a_token_and_revokes_it(site: Site, scripts: bool) -> None:  # noqa: FBT001
    page = site.page(width=360, java_script_enabled=scripts)
    page.goto(f"{site.base}/account")
    page.click("section[aria-labelledby=tokens] summary")
    page.fill("#note", "每周报表")
    page.fill("#password", PASSWORD)
    page.click("section[aria-labelledby=tokens] button.main")
    assert page.inner_text(".secret").startswith("duban_")
    if scripts:
        is_for_everybody(page, 360)
    page.click("a.main")
    page.click("section[aria-labelledby=tokens] td button")
    assert "令牌已撤销" in page.inner_text(".done")
    assert "已撤销" in page.inner_text("section[aria-labelledby=tokens] td")


def test_a_form_on_another_site_does_nothing(site: Site) -> None:
    page = site.page()
    page.goto(site.base + "/account")
    carried = page.get_attribute("input[name=form_token]", "value")
    elsewhere = site.base.replace("127.0.0.1", "localhost")
    form = f'<form method="post" action="{site.base}/logout"><input name="form_token" value="{carried}"></form>'
    site.base_also = elsewhere
    page.route(f"{elsewhere}/", lambda route: route.fulfill(content_type="text/html", body=form))
    page.goto(f"{elsewhere}/")
    page.evaluate("document.forms[0].submit()")
    page.wait_for_url(f"{site.base}/**")
    page.goto(f"{site.base}/account")
    assert page.url == f"{site.base}/account", "still signed in"


def test_a_keyboard_is_enough(shared_site: Site) -> None:
    page = shared_site.page()
    page.goto(f"{shared_site.base}/cases/{shared_site.case_id}")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    assert page.locator(".skip").bounding_box()["width"] > 50  # type: ignore[index]
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    seen = set()
    for _ in range(80):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.tagName") == "SUMMARY":
            page.keyboard.press("Enter")
            break
        focused = page.evaluate("document.activeElement.outerHTML")
        seen.add(focused)
        assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none", focused
    assert page.locator("details[open]").count() == 1
    assert len(seen) > 8


def test_filter_moment_and_page_work_without_scripts(shared_site: Site) -> None:
    page = shared_site.page(java_script_enabled=False)
    page.goto(f"{shared_site.base}/cases")
    page.fill("#text", "幼儿园")
    page.click("button.main")
    assert page.locator("tbody tr").count() == 1
    page.fill("#as_of", "2026-08-01")
    page.click(".moment button")
    assert "2026年8月1日24时" in page.inner_text(".banner")
    assert page.locator("tbody tr").count() == 0
    page.click(".banner a:last-child")
    page.click("tbody th a")
    assert page.inner_text("h1") == "关于扩大公办幼儿园学位供给的建议"
    page.click(".switch a:last-child")
    assert page.url.endswith("order=oldest#timeline")


def test_an_attachment_is_saved_under_its_name(shared_site: Site, tmp_path: Path) -> None:
    page = shared_site.page(java_script_enabled=False)
    page.goto(f"{shared_site.base}/cases/{shared_site.case_id}?as_of=2026-08-05")
    with page.expect_download() as saved:
        page.click(f"text={LETTER}")
    assert saved.value.suggested_filename == LETTER
    saved.value.save_as(tmp_path / "saved")
    assert (tmp_path / "saved").read_bytes() == pdf(LETTER.encode())


def test_an_override_of_the_reading_direction_ends_with_its_text(shared_site: Site) -> None:
    page = shared_site.page()
    page.goto(f"{shared_site.base}/cases?text=script")
    number, title, deputy = (
        page.locator(place).bounding_box() for place in ("td.nowrap", "tbody th", "tbody td >> nth=2")
    )
    assert number["x"] < title["x"] < deputy["x"]  # type: ignore[index]


def test_a_case_prints_without_its_controls(shared_site: Site) -> None:
    page = shared_site.page()
    page.goto(f"{shared_site.base}/cases/{shared_site.case_id}")
    page.emulate_media(media="print")
    assert page.locator("h1").is_visible()
    assert page.locator("#step-2").is_visible()
    assert not page.locator(".moment form").is_visible()
    assert not page.locator(".top nav").first.is_visible()
