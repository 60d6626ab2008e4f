"""One suggestion in a browser, from the set-up of the office to the auditor's reading, each at his own window."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Browser, Locator, Page

from api.words import words
from domain.account import CONSOLE, Asked
from domain.case import Role
from tests.adapters.papers import pdf
from tests.api.conftest import JURISDICTION, PASSWORD, Office
from tests.api.test_web_browser import NEEDS_CHROMIUM, Site, browser, is_for_everybody, served

__all__ = ["browser"]

pytestmark = [
    pytest.mark.browser,
    pytest.mark.database,
    pytest.mark.slow,
    NEEDS_CHROMIUM,
]

DESK: dict[str, Any] = {"width": 1200}
PHONE: dict[str, Any] = {"width": 360, "height": 740, "has_touch": True, "is_mobile": True}

MESSAGE_ID = re.compile(rf"\b(?:{'|'.join({name.partition('.')[0] for name in words('zh').entries})})\.[a-z][a-z_.-]+")
"""What stands on a page where the words of a message are missing."""

TITLE = "关于在老城区公交站点增设无障碍候车设施的建议"
BODY = "一、现状\n部分公交站点没有坡道和座椅，老年人候车不便。\n\n二、建议\n分批改造，优先改造医院、学校周边。"
FIRST, OTHER, CO, NEW = "cgj", "jyj", "cl", "zcz"
"""The unit that gets the suggestion first, one that never does, the co-handler, the one that answers."""
DEPUTY, STRANGER = "d-901", "d-002"


@dataclass
class Person:
    """Somebody at a window of his own, which stays open until the end of the story."""

    walk: Walk
    login: str
    page: Page
    width: int

    def go(self, path: str) -> None:
        """Type in an address of the service."""
        self.page.goto(self.walk.site.base + path)

    def press(self, what: Locator | str) -> None:
        """Follow a link or send a form: by a click, or by a tap on a telephone."""
        with self.page.expect_navigation():
            self.touch(what)

    def touch(self, what: Locator | str) -> None:
        """Click, or tap on a telephone, where the page stays."""
        found = self.page.locator(what).first if isinstance(what, str) else what
        if self.width == PHONE["width"]:
            found.tap()
        else:
            found.click()

    def sees(self, place: str, *texts: str, english: bool = False) -> None:
        """These texts are on the page, which is for everybody; also in English where that is asked for."""
        self._looked_at(place)
        for text in texts:
            assert text in self.page.inner_text("main"), (place, text)
        if english:
            there = self.page.url
            self.press(".languages >> text=English")
            self._looked_at(f"{place}-en")
            self.press(".languages >> text=中文")
            self.page.goto(there)

    def takes(self, step: str, day: str, **said: Any) -> None:
        """Fill in the form of a step that is offered to him, and record it."""
        self.press(f'.actions a[href*="step={step}#do"], .actions a[href$="/{step}"]')
        form = self.page.locator(f'form[action$="/{step}"]')
        fill(form, **said, **{"act.occurred_on": day})
        self._looked_at(f"{self.login}-{step}", part=".do")
        self.press(form.locator("button.primary"))
        assert self.page.locator(".trouble").count() == 0, self.page.inner_text(".trouble")

    def attaches(self, kind: str, name: str, media_type: str, content: bytes) -> None:
        """Add a file to the case that is open."""
        self.touch(".attach:not([open]) > summary")
        self.page.select_option("#a-kind", kind)
        self.page.set_input_files("#a-file", {"name": name, "mimeType": media_type, "buffer": content})
        self.press(".attach-form button.primary")
        assert name in self.page.inner_text(".attachments")

    def _looked_at(self, place: str, part: str = "html") -> None:
        if place in self.walk.seen:
            return
        self.walk.seen.add(place)
        is_for_everybody(self.page, self.width, part=part)
        assert MESSAGE_ID.findall(self.page.inner_text("body")) == [], place


@dataclass
class Walk:
    """A service in which nothing has happened yet, and who comes to its pages."""

    site: Site
    today: date = field(default_factory=lambda: datetime.now(ZoneInfo("Asia/Shanghai")).date())
    case: str = ""
    seen: set[str] = field(default_factory=set)
    """The kinds of pages that were looked at, each once."""

    def day(self, ago: int) -> str:
        """The day that was so many days ago."""
        return (self.today - timedelta(ago)).isoformat()

    def comes(self, login: str, one_time: str, **device: Any) -> Person:
        """Somebody signs in with the password that he was given for once, and sets his own."""
        page = self.site.page(login=None, **device)
        person = Person(self, login, page, device["width"])
        person.go("/")
        page.fill("#login", login)
        page.fill("#password", one_time)
        person.press("button.main")
        assert page.url == f"{self.site.base}/account"
        person.sees(f"one-time-{person.width}", "一次性密码")
        for name, text in (("old_password", one_time), ("new_password", PASSWORD), ("repeated", PASSWORD)):
            page.fill(f"#{name}", text)
        person.press("form[action='/account/password'] button.main")
        person.sees(f"own-password-{person.width}", "密码已修改")
        return person

    def open_case(self, person: Person) -> None:
        """He finds the case in his list and opens it."""
        self.site.office.catch_up()
        person.go("/cases")
        person.press(person.page.get_by_role("link", name=TITLE))
        assert person.page.url.startswith(self.site.base + self.case)


def fill(form: Locator, **said: Any) -> None:
    """Fill in fields by their names, each as its kind wants it."""
    for name, value in said.items():
        for one in value if isinstance(value, list) else [value]:
            fields = form.locator(f'[name="{name}"]')
            kind = fields.first.evaluate("field => field.type")
            if kind == "checkbox":
                form.locator(f'[name="{name}"][value="{one}"]').check()
            elif kind == "select-one":
                fields.select_option(one)
            else:
                fields.fill(one)


@pytest.fixture
def walk(office: Office, browser: Browser) -> Iterator[Walk]:
    with served(office, browser) as site:
        yield Walk(site)


def test_one_suggestion_is_walked_through_by_everybody(walk: Walk) -> None:
    admin = the_administrator_comes(walk)
    passwords = he_sets_up_the_office(walk, admin)
    people = {
        login: walk.comes(login, one_time, **(PHONE if login.startswith("deputy") else DESK))
        for login, one_time in passwords.items()
    }
    office, chief, deputy = people["daibiao"], people["bangong"], people["deputy"]
    first, unit, auditor = people["unit-first"], people["unit-new"], people["shenji"]
    the_deputy_submits_it_on_a_telephone(walk, deputy)
    the_office_hands_it_over_and_the_first_unit_returns_it(walk, office, first)
    the_other_unit_replies_late(walk, office, unit)
    the_deputy_is_satisfied_with_the_third_round(walk, office, unit, deputy)
    before = the_office_corrects_a_date_and_the_unit_asks_for_a_correction(walk, office, chief, unit)
    for stranger in (first, people["unit-other"], people["deputy-other"]):
        who_has_no_part_finds_nothing(walk, stranger)
    the_auditor_reads_it_all_and_changes_nothing(walk, auditor, before)


def the_administrator_comes(walk: Walk) -> Person:
    asked = Asked(role=Role.ADMINISTRATOR, jurisdiction=JURISDICTION)
    _, one_time = walk.site.office.services.accounts.create("admin", "系统管理员", asked, by=CONSOLE)
    return walk.comes("admin", one_time, **DESK)


def he_sets_up_the_office(walk: Walk, admin: Person) -> dict[str, str]:
    """A unit and a deputy are entered, and accounts made; the one-time passwords by login."""
    admin.go("/")
    admin.press("text=名册")
    admin.sees("registry", "设立单位", "代表登记", english=True)
    admin.press(".actions >> text=设立单位")
    unit = {"code": NEW, "zh_name": "市综合交通发展中心", "en_name": "Transport Development Centre", "order": "900"}
    admin.takes("unit.opened", walk.day(400), **unit)
    admin.sees("unit", "市综合交通发展中心")
    admin.press("nav >> text=名册")
    deputy = {"id": DEPUTY, "name": "子一", "term": "9", "constituency": "云东区"}
    admin.takes("deputy.registered", walk.day(400), **deputy)
    admin.press(".trail a")
    admin.press(".counts >> text=代表")
    admin.sees("deputies", "子一", "云东区")
    passwords = {}
    for login, name, role, bound in (
        ("daibiao", "代表工委", "deputy_affairs", {}),
        ("bangong", "办公厅", "general_office", {}),
        ("unit-first", "城管局", "handling_unit", {"office": FIRST}),
        ("unit-new", "交通中心", "handling_unit", {"office": NEW}),
        ("unit-other", "教育局", "handling_unit", {"office": OTHER}),
        ("deputy", "子一", "deputy", {"deputy": DEPUTY}),
        ("deputy-other", "甲二", "deputy", {"deputy": STRANGER}),
        ("shenji", "审计员", "auditor", {}),
    ):
        admin.press("nav >> text=帐号")
        if not admin.page.locator("#login").is_visible():
            admin.touch("main details > summary")
        fill(admin.page.locator("form.grid"), login=login, name=name, role=role, **bound)
        admin.press("form.grid button.main")
        passwords[login] = admin.page.inner_text(".secret")
    admin.sees("account-made")
    admin.press("nav >> text=帐号")
    admin.sees("accounts", *passwords)
    return passwords


def the_deputy_submits_it_on_a_telephone(walk: Walk, deputy: Person) -> None:
    deputy.go("/cases")
    deputy.sees("deputy-nothing-yet")
    deputy.press("nav >> text=新建")
    deputy.sees("deputy-new")
    deputy.takes("suggestion.submitted", walk.day(210), title=TITLE, body=BODY, wants_public="true")
    walk.case = deputy.page.url.removeprefix(walk.site.base).partition("#")[0]
    photo = deputy.page.screenshot(type="jpeg", quality=40, clip={"x": 0, "y": 0, "width": 200, "height": 150})
    deputy.attaches("photo", "站台现场.jpg", "image/jpeg", photo)
    deputy.sees("deputy-submitted", TITLE, "无障碍", "站台现场.jpg", "已提出", english=True)


def the_office_hands_it_over_and_the_first_unit_returns_it(walk: Walk, office: Person, first: Person) -> None:
    walk.open_case(office)
    office.sees("office-submitted")
    office.takes("reviewed", walk.day(208), one_matter="true")
    office.takes("handed_over", walk.day(207), lead_unit=FIRST, co_units=[CO], meeting="交办会")
    office.sees("office-handed-over", "市城市管理局", "市残疾人联合会")
    walk.open_case(first)
    first.takes("return_requested", walk.day(200), reason="站点建设不属于本单位职责。", proposed_unit=NEW)
    first.sees("first-return-requested", "退办申请")
    walk.open_case(office)
    office.takes("return_approved", walk.day(199), unit=FIRST)
    office.takes("reassigned", walk.day(198), unit=FIRST, to_unit=NEW)
    office.sees("office-reassigned", "市综合交通发展中心")


def the_other_unit_replies_late(walk: Walk, office: Person, unit: Person) -> None:
    walk.open_case(unit)
    unit.takes("signed_for", walk.day(196), signed_by="办公室")
    unit.takes("extension_requested", walk.day(115), until=walk.day(95), reason="需会同街道逐站踏勘。")
    walk.open_case(office)
    office.sees("office-extension-requested", "延期")
    office.takes("extension_granted", walk.day(114), unit=NEW, due_on=walk.day(95))
    walk.open_case(unit)
    unit.takes(
        "contact_made",
        walk.day(100),
        contact="1",
        phase="before_reply",
        mode="face_to_face",
        unit=NEW,
        summary="现场座谈。",
    )
    promise = {"commitment": "1", "text": "完成12处站点改造", "due_on": walk.day(-60)}
    unit.takes(
        "reply_issued",
        walk.day(90),
        outcome="B",
        document_number="云交函〔2026〕9号",
        letter="子一代表：\n所提建议已列入年度计划。",
        **{f"commitments.0.{name}": text for name, text in promise.items()},
    )
    unit.attaches("reply_letter", "答复函.pdf", "application/pdf", pdf())
    unit.sees("unit-replied", "答复函.pdf", "完成12处站点改造")


def the_deputy_is_satisfied_with_the_third_round(walk: Walk, office: Person, unit: Person, deputy: Person) -> None:
    """Twice he is not; his word is sealed from the unit until the office orders the handling anew."""
    days = ((20, 18, 15), (9, 8, 7), (3, 1, 0))
    for number, (invited, evaluated, ordered) in enumerate(days, start=1):
        if number > 1:
            walk.open_case(unit)
            unit.takes("reply_issued", walk.day(invited + 1), outcome="B", letter=f"第{number}次答复。")
        walk.open_case(office)
        office.takes("evaluation_invited", walk.day(invited), channel="on_line")
        walk.open_case(deputy)
        last = number == len(days)
        said = {"result": "satisfied"} if last else {"result": "dissatisfied", "reason": f"第{number}次：还没有动工。"}
        deputy.takes("evaluation_submitted", walk.day(evaluated), **said)
        deputy.sees("deputy-evaluated", "满意" if last else "不满意")
        walk.open_case(unit)
        unit.sees("unit-sealed", "密封", english=number == 1)
        assert f"第{number}次：还没有动工。" not in unit.page.content()
        walk.open_case(office)
        if not last:
            office.takes("re_handling_ordered", walk.day(ordered), reason="代表不满意，重新办理。")
            walk.open_case(unit)
            assert f"第{number}次：还没有动工。" in unit.page.content()
    office.sees("office-three-rounds", "第1次：还没有动工。", "第2次：还没有动工。", english=True)


def the_office_corrects_a_date_and_the_unit_asks_for_a_correction(
    walk: Walk, office: Person, chief: Person, unit: Person
) -> datetime:
    """The moment before both; what the unit asks for is approved by somebody else of the office."""
    before = datetime.now(UTC)
    walk.open_case(office)
    amends(
        office, 4, walk.day(207), walk.day(205), **{"amend.reason": "录入时写错了交办日期", "amend.approved_by": "主任"}
    )
    office.sees("office-correction-preview", "原计入“待答复”，将计入“未交办”。")
    office.press(office.page.get_by_role("button", name="确认登记"))
    walk.open_case(unit)
    amends(unit, 8, walk.day(196), walk.day(195), **{"amend.reason": "签收单上是次日"})
    unit.sees("unit-correction-preview")
    unit.press(unit.page.get_by_role("button", name="确认登记"))
    unit.sees("unit-correction-requested", "申请更正")
    walk.open_case(chief)
    chief.press(".requests a")
    chief.sees("chief-request", "签收单上是次日")
    chief.press("button[value=approve]")
    chief.sees("chief-approved", "答复第25步的申请")
    return before


def amends(person: Person, version: int, wrong: str, right: str, **said: str) -> None:
    """Ask for the preview of another date of a step."""
    person.press(person.page.locator(f"#step-{version}").get_by_role("link", name="更正"))
    assert person.page.locator("[name='amend.occurred_on']").input_value() == wrong
    person.page.fill("[name='amend.occurred_on']", right)
    fill(person.page.locator(".step-form"), **said)
    person.sees(f"{person.login}-correction")
    person.press("button[value=preview]")


def who_has_no_part_finds_nothing(walk: Walk, stranger: Person) -> None:
    walk.site.office.catch_up()
    stranger.go("/cases")
    assert TITLE not in stranger.page.inner_text("body")
    assert stranger.page.locator("tbody tr").count() == 0
    stranger.sees(f"nothing-{stranger.width}", "没有您可以查看的案件")
    answer = stranger.page.goto(walk.site.base + walk.case)
    assert answer is not None
    assert answer.status == 404
    stranger.sees(f"404-{stranger.width}")
    assert TITLE not in stranger.page.content()


def the_auditor_reads_it_all_and_changes_nothing(walk: Walk, auditor: Person, before: datetime) -> None:
    walk.open_case(auditor)
    auditor.sees("auditor-case", english=True)
    handed, signed = (auditor.page.locator(f"#step-{version} .step-when") for version in (4, 8))
    for step, wrong, right in ((handed, 207, 205), (signed, 196, 195)):
        assert (step.locator("del").inner_text(), step.locator("ins").inner_text()) == (
            walk.day(wrong),
            walk.day(right),
        )
    auditor.page.fill("#as_of", walk.day(206))
    auditor.press(".moment button")
    auditor.sees("auditor-as-of", "已立案", english=True)
    auditor.go(f"{walk.case}?{urlencode({'as_of': walk.day(206), 'known_at': before.isoformat()})}")
    auditor.sees("auditor-known-before", "已交办")
    auditor.go("/audit/accounts")
    auditor.sees("auditor-log", "登录", english=True)
    for path in ("/cases", "/cases/new", "/drafts", "/registry", "/registry/units", "/audit/accounts", walk.case):
        auditor.go(path)
        assert auditor.page.locator("form[method=post]:not([action='/logout'])").count() == 0, path
    stored = walk.site.office.stored()
    token = auditor.page.locator("form[action='/logout'] [name=form_token]").get_attribute("value")
    for path, form in (
        (f"{walk.case}/steps/closed", {"act.occurred_on": walk.day(0), "version": "1", "key": "0" * 32}),
        ("/cases/new/suggestion.submitted", {"title": TITLE, "version": "0", "key": "1" * 32}),
        (f"{walk.case}/history/4/void", {"amend.reason": "x", "version": "1", "amend.base": "1", "key": "2" * 32}),
    ):
        answer = auditor.page.request.post(
            walk.site.base + path, form={"form_token": token or "", **form}, headers={"Sec-Fetch-Site": "same-origin"}
        )
        assert (answer.status, "审计人员只查阅" in answer.text()) == (403, True), path
    assert walk.site.office.stored() == stored
