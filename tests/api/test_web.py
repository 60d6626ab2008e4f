"""The pages: what they say of cases at a moment, in both languages, and that nothing in them breaks or runs."""

import re
from datetime import date, datetime, timedelta
from html import unescape
from html.parser import HTMLParser
from itertools import product
from zoneinfo import ZoneInfo

import pytest

from adapters.exchange.sample import load_sample
from api.web import listing
from api.words import LANGUAGES
from domain.case import Voided
from domain.cases.suggestion import Relation, SimilarLinked
from tests.api.conftest import Office
from tests.api.story import ENDLESS, HOSTILE, Story


class Links(HTMLParser):
    """Every link of a page with its text, and every tag and attribute that it has."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: dict[str, str] = {}
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self._open: str | None = None
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        if tag == "a":
            self._open = dict(attrs)["href"]
            self.found[self._open or ""] = ""

    def handle_data(self, data: str) -> None:
        if self._open is not None:
            self.found[self._open] += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "a":
            self._open = None

    def to(self, path: str) -> list[str]:
        """The addresses that begin so."""
        return [url for url in self.found if url.startswith(path)]


def read(office: Office, url: str, status: int = 200, accepts: str = "zh-CN") -> str:
    """The text of a page."""
    answer = office.client.get(url, headers={"Accept-Language": accepts})
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"].startswith("text/html")
    return answer.text


def leads(text: str, mark: str) -> str:
    """Where the link with that attribute leads."""
    return unescape(text.partition(f'{mark} href="')[2].partition('"')[0])


def rows(office: Office, url: str) -> list[str]:
    """The cases of a list, over all its pages."""
    found: list[str] = []
    while True:
        text = read(office, url)
        table = text.partition("<tbody>")[2].partition("</tbody>")[0]
        found += [href.partition("?")[0] for href in Links(table).to("/cases/")]
        url = leads(text, 'rel="next"')
        if not url:
            return found


@pytest.fixture
def story(office: Office) -> Story:
    return Story(office.services.docket)


@pytest.fixture
def told(office: Office, story: Story) -> str:
    """An office with cases of every kind; the id of the one with everything."""
    case_id = story.everything()
    story.each_state()
    story.hostile()
    office.catch_up()
    return case_id


pytestmark = pytest.mark.database


def test_an_empty_ledger_says_so_and_what_to_do(office: Office) -> None:
    text = read(office, "/cases")
    assert "没有符合的案件" in text
    assert "导入" in text


@pytest.mark.usefixtures("told")
def test_every_count_is_the_length_of_the_list_behind_it(office: Office) -> None:
    moments = ("as_of=2026-12-31", "as_of=2026-06-30", "as_of=2026-11-10", "as_of=2026-03-20")
    narrowed = (
        "",
        "&state=waiting",
        "&stage=evaluated",
        "&state=waiting&stage=handed_over",
        "&state=answered&unit=jtj",
    )
    offered: dict[tuple[str, str], int] = {}
    for moment, of in product(moments, narrowed):
        text = read(office, f"/cases?{moment}{of}")
        counts = re.findall(r'<a href="([^"]+)"[^>]*><strong class="num">(\d+)</strong>', text)
        stages = re.findall(r'<a href="([^"]+)">[^<]+ <span class="num">(\d+)</span></a>', text)
        assert len(counts) == 5
        for url, number in counts + stages:
            assert len(rows(office, unescape(url))) == int(number), url
        listed = len(rows(office, f"/cases?{moment}{of}"))
        shown = re.findall(r'class="shown" role="status">\D*(\d+)', text)
        assert shown == [str(listed)] * bool(listed)
        offered[moment, of] = len(stages)
    assert all(offered[moment, "&stage=evaluated"] >= offered[moment, ""] - 1 for moment in moments)


@pytest.mark.usefixtures("told")
def test_counts_by_state_ignore_the_chosen_state(office: Office) -> None:
    everything = re.findall(r'<strong class="num">(\d+)', read(office, "/cases?jurisdiction=cn-999900"))
    overdue = re.findall(r'<strong class="num">(\d+)', read(office, "/cases?jurisdiction=cn-999900&state=overdue"))
    assert everything == overdue


@pytest.mark.usefixtures("told")
def test_a_filter_in_the_address_finds_its_case(office: Office) -> None:
    for query, number in (
        ("text=幼儿园", "2026-029"),
        ("text=2026-029", "2026-029"),
        ("unit=jyj", "2026-029"),
        ("deputy=丁一", "2026-017"),
        ("deputy=d-007", "2026-017"),
        ("session=市十届人大五次会议", "2026-001"),
        ("state=overdue&as_of=2026-11-20", "2026-017"),
        ("stage=evaluated", "2026-001"),
        ("jurisdiction=cn-999900&state=unassigned&text=电梯", "2026-041"),
    ):
        text = read(office, f"/cases?{query}")
        assert text.count('<th scope="row">') == 1, query
        assert f"<bdi>{number}</bdi>" in text


def test_a_list_of_one_kind_speaks_of_it_in_its_own_words_and_a_mixed_one_in_general_ones(
    office: Office,
) -> None:
    office.submit()
    office.catch_up()
    mixed, own = read(office, "/cases"), read(office, "/cases?kind=suggestion")
    assert all(text in own for text in ("领衔代表", "答复期限", "未交办", "待答复"))
    assert not any(text in mixed for text in ("领衔代表", "答复期限", "</svg>未交办", "</svg>待答复"))
    assert "制定机关" in read(office, "/cases?kind=filing_review")
    assert read(office, "/cases?kind=nothing", status=404)


@pytest.mark.usefixtures("told")
def test_due_dates_have_a_light_that_also_speaks(office: Office) -> None:
    text = read(office, "/cases?as_of=2026-11-22")
    for kind, words_of_it in (("overdue", "已逾期102日"), ("soon", "还有5日"), ("done", "按期答复")):
        assert re.search(rf'<span class="light light-{kind}"><svg.*?</svg><span>{words_of_it}</span>', text), kind


def test_pages_before_and_after_freeze_the_moment(office: Office, story: Story) -> None:
    for n in range(120):
        story.open(f"2026-0{1 + n % 6}-10", f"第{n}件", number=f"{n:03}")
    office.catch_up()
    first = read(office, "/cases?sort=number")
    onward = leads(first, 'rel="next"')
    story.open("2026-01-01", "后来的一件", number="000a")
    office.catch_up()
    assert f"position={office.began + 120}" in onward
    assert 'rel="prev"' not in first
    second = read(office, onward)
    assert "<bdi>050</bdi>" in second
    assert "<bdi>099</bdi>" in second
    back = leads(second, 'rel="prev"')
    assert re.findall(r"<bdi>(\d{3})</bdi>", read(office, back)) == [f"{n:03}" for n in range(50)]
    assert len(rows(office, onward)) == 70


@pytest.mark.usefixtures("told")
def test_every_order_leads_back_to_the_page_before(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    for sort in ("number", "-number", "title", "due_on", "-due_on", "opened_on", "-opened_on"):
        monkeypatch.setattr(listing, "PAGE_SIZE", 50)
        whole = rows(office, f"/cases?sort={sort}")
        monkeypatch.setattr(listing, "PAGE_SIZE", 4)
        assert rows(office, f"/cases?sort={sort}") == whole
        second = leads(read(office, f"/cases?sort={sort}"), 'rel="next"')
        first = read(office, leads(read(office, second), 'rel="prev"')).partition("<tbody>")[2]
        assert [url.partition("?")[0] for url in Links(first.partition("</tbody>")[0]).to("/cases/")] == whole[:4]


@pytest.mark.usefixtures("told")
def test_a_past_moment_is_said_and_shows_what_was(office: Office) -> None:
    text = read(office, "/cases?as_of=2026-03-31&known_at=2026-03-31")
    assert "您正在看 2026年3月31日24时 的情况（按当时已知）" in text
    assert "没有符合的案件" in text, "on that day nothing had been recorded"
    text = read(office, "/cases?as_of=2026-03-31")
    assert "（按现在已知）" in text
    assert "关于增开夜间公交线路" in text
    assert "扩大公办幼儿园" not in text
    assert "回到现在" in text


@pytest.mark.usefixtures("told")
def test_a_fixed_link_shows_the_same_for_ever(office: Office, story: Story) -> None:
    before = read(office, "/cases")
    fixed = leads(before, 'class="quiet"')
    assert "position=" in fixed
    assert "as_of=" in fixed
    seen = rows(office, fixed)
    story.open("2026-03-03", "补来的一件")
    office.catch_up()
    assert rows(office, fixed) == seen
    assert len(rows(office, "/cases")) == len(seen) + 1
    assert 'id="frozen-link" type="text" readonly value="https://testserver/cases?as_of=' in read(office, fixed)


def picked(text: str) -> dict[str, str]:
    """The quick picks of a page's moment bar, with where they lead."""
    picks = re.search(r'<ul class="picks".*?</ul>', text, re.DOTALL)
    assert picks is not None
    found = re.findall(r'<li><a (?:id="freeze" class="quiet" )?href="([^"]*)"[^>]*>([^<]*)</a>', picks[0])
    return {name: unescape(url) for url, name in found}


@pytest.mark.usefixtures("told")
def test_the_picks_lead_to_the_ends_of_periods_and_keep_to_what_was_known_then(office: Office) -> None:
    today = datetime.now(ZoneInfo("Asia/Shanghai")).date()
    ends = {
        "昨天": today - timedelta(days=1),
        "上月末": today.replace(day=1) - timedelta(days=1),
        "上季度末": date(today.year, today.month - (today.month - 1) % 3, 1) - timedelta(days=1),
        "去年末": date(today.year - 1, 12, 31),
    }
    picks = picked(read(office, "/cases"))
    assert list(picks) == ["现在", *ends, "固定此刻，取得链接"]
    assert {name: picks[name] for name in ends} == {name: f"/cases?as_of={day}" for name, day in ends.items()}
    picks = picked(read(office, "/cases?as_of=2026-03-31&state=waiting"))
    assert picks["按当时已知"] == "/cases?as_of=2026-03-31&state=waiting&known_at=2026-03-31"
    then = read(office, picks["按当时已知"])
    assert '" aria-current="true">按当时已知' in then
    assert picked(then)["昨天"] == (f"/cases?as_of={ends['昨天']}&state=waiting&known_at={ends['昨天']}")
    assert picked(then)["按当时已知"] == "/cases?as_of=2026-03-31&state=waiting"
    assert picked(then)["现在"] == "/cases?state=waiting"


def slid(text: str) -> tuple[str, int, int] | None:
    """The first day of a page's slider, how many days it has, and where it stands."""
    found = re.search(r'<input id="slide" type="range" min="0" max="(\d+)" value="(\d+)" data-first="([^"]+)"', text)
    return None if found is None else (found[3], int(found[1]), int(found[2]))


def test_one_slides_over_the_days_since_the_first_case_that_one_may_read(office: Office, story: Story) -> None:
    assert slid(read(office, "/cases")) is None, "nothing is there to look at"
    story.open("2026-02-03", "市级的一件")
    later = story.open("2026-04-01", "再一件")
    office.catch_up()
    days = (datetime.now(ZoneInfo("Asia/Shanghai")).date() - date(2026, 2, 3)).days
    for path in ("/cases", "/work", "/figures", "/compliance", "/chronicle"):
        assert slid(read(office, path)) == ("2026-02-03", days, days), path
    assert slid(read(office, "/cases?as_of=2026-02-13")) == ("2026-02-03", days, 10)
    assert slid(read(office, "/cases?as_of=2026-01-31")) == ("2026-01-31", days + 3, 0)
    assert slid(read(office, f"/cases/{later}?as_of=2026-04-02")) == ("2026-04-01", days - 57, 1)
    office.account("unit", "handling_unit", office="jtj")
    text = office.browser("unit").get("/cases").text
    assert 'id="as_of"' in text
    assert slid(text) is None, "no case is the unit's"
    office.account("admin-1", "administrator")
    registry = office.browser("admin-1").get("/registry")
    assert (registry.status_code, slid(registry.text)) == (200, None), "an administrator sees no case"


@pytest.mark.parametrize(
    "query",
    [
        "as_of=yesterday",
        "as_of=2026-02-30",
        "known_at=%00",
        "position=1000000",
        "as_of=<script>",
        "position=1&known_at=2026-01-01",
    ],
)
def test_a_moment_that_cannot_be_read_is_said_above_the_form(office: Office, query: str) -> None:
    text = read(office, f"/cases?{query}", 422)
    assert "日期写作 2026-03-31" in text
    assert 'name="as_of"' in text
    assert "<script>" not in text


@pytest.mark.parametrize(
    "query",
    [
        "sort=colour",
        "state=lost",
        "after=%25%25",
        "after=WzEsMl0",
        "before=W10",
        "position=x",
        "text=%00",
        "jurisdiction=xx",
    ],
)
def test_an_address_that_was_cut_is_answered_in_words(office: Office, query: str) -> None:
    text = read(office, f"/cases?{query}", 422)
    assert "请求编号" in text


def test_a_case_shows_every_round_and_what_was_promised(office: Office, told: str) -> None:
    text = read(office, f"/cases/{told}")
    for words_of_it in (
        "第1轮",
        "第2轮",
        "云交函〔2026〕18号",
        "云交函〔2026〕31号",
        "不满意",
        "末班车时间没有答复",
        "夜间线路",
        "2026-12-31",
    ):
        assert words_of_it in text
    assert "市财政局" in text
    assert "运营补贴可列入年中调整。" in text


def test_a_clock_explains_itself(office: Office, told: str) -> None:
    text = read(office, f"/cases/{told}?as_of=2026-04-30")
    assert "期限怎么算的" in text
    for words_of_it in (
        "代表法 (Deputies Law) 2025",
        "3 个月",
        "国家法律",
        "读自国家法律原文",
        "cn@2025-11-04",
        "cn-999900@2026-11-29",
    ):
        assert words_of_it in text
    assert "2026-02-28" in text, "the make-up Saturday that counted"
    assert re.search(r'<span class="date">2026-03-01</span> 周末', text), "the Sunday that did not"


def test_an_extension_is_told_with_both_dates(office: Office, told: str) -> None:
    text = read(office, f"/cases/{told}")
    assert re.search(r'<span class="date">2026-06-08</span> → <span class="date">2026-06-30</span> 同意延期', text)


def test_a_date_beyond_the_published_calendar_is_an_estimate(office: Office, story: Story) -> None:
    story.each_state()
    office.catch_up()
    case_id = rows(office, "/cases?text=2026-038")[0]
    text = read(office, case_id)
    assert "2027-02-08" in text
    assert "预估" in text
    assert "超出国务院办公厅已公布放假安排" in text


def test_the_timeline_shows_what_was_and_what_is(office: Office, told: str) -> None:
    text = read(office, f"/cases/{told}")
    handed_over = text.partition('id="step-2"')[2].partition("</li>")[0]
    assert "已由第13步更正" in handed_over
    assert '<del><span class="date">2026-03-05</span></del>' in handed_over
    assert '<ins><span class="date">2026-03-06</span></ins>' in handed_over
    assert "云人办〔2026〕3号" in handed_over
    assert f"SHA-256 {'a5' * 32}" in handed_over
    voided = text.partition('id="step-14"')[2].partition("</li>")[0]
    assert "<s>重新办理</s>" in voided
    assert "已由第15步作废" in voided
    assert "补录" in text.partition('id="step-12"')[2].partition("</li>")[0]
    assert "代 <bdi>市交通运输局</bdi>" in text


def test_the_timeline_turns_round_and_filters(office: Office, told: str) -> None:
    def steps(query: str) -> list[str]:
        return re.findall(r'<li id="step-(\d+)"', read(office, f"/cases/{told}?{query}"))

    assert steps("order=oldest") == steps("order=newest")[::-1]
    assert steps("order=oldest")[:3] == ["1", "2", "3"]
    assert steps("type=reply_issued&order=oldest") == ["7", "10"]
    assert "12" in steps("order=oldest&as_of=2026-04-30")
    assert "7" not in steps("as_of=2026-04-30")


def test_a_case_before_it_was_known_says_since_when(office: Office, told: str) -> None:
    early = read(office, f"/cases/{told}?as_of=2026-01-31", 404)
    assert "它自 2026年2月26日 起存在" in early
    assert f"/cases/{told}?as_of=2026-02-26" in early
    unknown = read(office, f"/cases/{told}?known_at=2026-03-31", 404)
    assert "才录入账本" in unknown


def test_a_case_that_nobody_knows_is_a_page_too(office: Office) -> None:
    assert "没有编号为“nope”的案件" in read(office, "/cases/nope", 404)
    assert "<script>" not in read(office, "/cases/%3Cscript%3E", 404)


def test_a_case_whose_opening_is_void_still_shows_what_was_recorded(office: Office, story: Story) -> None:
    case_id = story.open("2026-03-01", "录错的一件", number="2026-090")
    story.record(case_id, "2026-03-02", Voided(voids=1, reason="重复登记", approved_by="主任"))
    office.catch_up()
    text = read(office, f"/cases/{case_id}", 404)
    assert "提出这一步已经作废" in text
    assert "重复登记" in text
    assert "看现在的情况" not in text
    assert "看现在的情况" in read(office, f"/cases/{case_id}?as_of=2026-04-01", 404)


def test_another_case_is_named_as_people_name_it(office: Office, story: Story) -> None:
    one = story.open("2026-03-01", "关于夜间公交的建议", number="2026-071")
    other = story.open("2026-03-02", "关于增开夜班车的建议", number="2026-072")
    story.record(one, "2026-03-03", SimilarLinked(other=other, relation=Relation.SIMILAR))
    text = read(office, f"/cases/{one}")
    assert re.search(rf'<a href="/cases/{other}"><bdi>2026-072</bdi></a>', text)


def test_who_acted_is_named(office: Office, told: str) -> None:
    text = read(office, f"/cases/{told}")
    assert "d-001" not in text.partition('class="timeline"')[2]
    assert "市交通运输局" in text


def test_a_parameter_given_twice_is_refused(office: Office) -> None:
    assert "参数“stage”只能给一次" in read(office, "/cases?stage=submitted&stage=closed", 422)
    answer = office.get("/api/v1/cases?stage=submitted&stage=closed")
    assert (answer.status_code, answer.json()["errors"][0]["parameter"]) == (422, "stage")


def test_a_filter_that_there_is_not_is_refused(office: Office) -> None:
    assert "没有“lost”这个阶段" in read(office, "/cases?stage=lost", 422)


@pytest.mark.parametrize("moment", ["as_of=9999-12-31", "known_at=9999-12-31", "as_of=0001-01-01"])
def test_the_ends_of_time_are_moments_too(office: Office, told: str, moment: str) -> None:
    for path in ("/cases", f"/cases/{told}"):
        assert office.client.get(f"{path}?{moment}").status_code in {200, 404}


def test_an_address_where_nothing_is_shows_a_browser_a_page(office: Office) -> None:
    for path in ("/nothing", "/static/nothing.css", "/cases/a%00b"):
        answer = office.client.get(path, headers={"Accept": "text/html,*/*"})
        assert (answer.status_code, "<main" in answer.text) == (404, True), path
    assert office.client.get("/nothing").headers["content-type"] == "application/problem+json"


def test_findings_lead_to_their_step(office: Office, story: Story) -> None:
    story.each_state()
    office.catch_up()
    text = read(office, rows(office, "/cases?text=2026-006")[0])
    finding = text.partition('class="findings"')[2].partition("</section>")[0]
    assert "早于前一步骤的日期" in finding
    assert 'href="#step-' in finding


def test_open_steps_are_named_with_their_roles(office: Office, told: str) -> None:
    text = read(office, f"/cases/{told}")
    open_now = text.partition('id="open"')[2].partition("</section>")[0]
    assert re.search(r"<strong>办结</strong> <span>[^<]*代表工作机构", open_now)
    assert "<strong>交办</strong>" not in open_now


def without_own_scripts(text: str) -> str:
    """A page without the files of the service that it loads when it has been read."""
    return re.sub(r'<script src="/static/[\w.]+\?v=\w+" defer></script>', "", text)


def test_hostile_text_neither_runs_nor_turns_the_page_round(office: Office, story: Story) -> None:
    story.hostile()
    office.catch_up()
    listed = read(office, "/cases")
    for path in rows(office, "/cases"):
        page = read(office, path)
        assert "<script" not in without_own_scripts(page)
        assert "<img" not in page
    assert "<script" not in without_own_scripts(listed)
    assert ENDLESS in listed
    title = HOSTILE.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&#34;")
    assert f"<bdi>{title}</bdi>" in listed
    assert not [part for part in re.split(r"<bdi>.*?</bdi>", listed, flags=re.DOTALL) if "\u202e" in part]


def test_pages_hold_no_script_but_files_of_their_own_nor_inline_styles(office: Office, told: str) -> None:
    for path in ("/cases", f"/cases/{told}", f"/cases/{told}?as_of=2000-01-01", "/cases?as_of=x"):
        answer = office.client.get(path)
        page = Links(without_own_scripts(answer.text))
        assert "script" not in page.tags
        assert "style" not in page.tags | page.attributes
        assert not {name for name in page.attributes if name.startswith("on")}
        assert "unsafe" not in answer.headers["content-security-policy"]
        assert answer.headers["cache-control"] == "no-store"


def test_the_language_is_asked_chosen_or_the_browsers(office: Office) -> None:
    assert '<html lang="zh-CN">' in read(office, "/cases")
    assert '<html lang="en">' in read(office, "/cases", accepts="en-GB,zh;q=0.5")
    assert '<html lang="en">' in read(office, "/cases?lang=en")
    assert '<html lang="en">' in read(office, "/cases"), "the choice is kept"
    assert '<html lang="zh-CN">' in read(office, "/cases?lang=zh")


def test_no_page_shows_the_id_of_a_word(office: Office, told: str) -> None:
    paths = ["/cases", *rows(office, "/cases"), f"/cases/{told}?as_of=2026-05-30", f"/cases/{told}?as_of=2000-01-01"]
    for path in paths:
        for language in LANGUAGES:
            text = office.client.get(path, params={**_query(path), "lang": language}).text
            assert re.findall(r"\b(?:page|stage|role)\.\w[\w.]*", re.sub(r"<bdi>.*?</bdi>", "", text)) == []


def _query(path: str) -> dict[str, str]:
    return dict(pair.split("=") for pair in path.partition("?")[2].split("&") if pair)


def test_every_case_of_the_sample_city_has_its_page_at_any_time(office: Office) -> None:
    load_sample(office.services.docket, today=date(2026, 11, 22), seed=1, cases=30)
    office.catch_up()
    for path in rows(office, "/cases"):
        for moment in ("", "?as_of=2026-04-15", "?as_of=2026-09-30"):
            answer = office.client.get(path + moment)
            assert answer.status_code == 200 or "还没有这一件" in answer.text, path


def test_sample_data_is_marked_on_every_page_and_real_data_on_none(office: Office, told: str) -> None:
    office.account("abroad", jurisdiction="jp-sangiin")
    abroad, nobody = office.browser("abroad"), office.browser()
    office.account("keeper", role="administrator")
    keeper = office.browser("keeper")
    case = f"/cases/{told}"
    own = ["/cases", "/cases?as_of=whenever", case, f"{case}?step=handed_over", f"{case}?as_of=2000-01-01"]
    own += ["/cases/new", "/cases/new/suggestion.submitted", "/cases/none", "/account", "/nowhere", "/problems"]
    for client, paths in (
        (office.client, own),
        (keeper, ["/admin/accounts", "/admin/log", "/account", "/cases"]),
        (nobody, ["/login", "/problems", "/problems/not-found", "/nowhere"]),
    ):
        for path in paths:
            answer = client.get(path, params={**_query(path), "lang": "zh"}, headers={"Accept": "text/html"})
            assert "示例数据" in answer.text, path
    for path in ("/cases", "/cases/new", "/account", "/cases/none", "/nowhere", "/problems"):
        assert "示例数据" not in abroad.get(path).text, path


def test_a_page_whose_database_is_away_is_still_a_page(office: Office) -> None:
    office.services.pool.close()
    text = read(office, "/cases", 503)
    assert "数据库暂时无法连接" in text
    assert "再试一次" in text
