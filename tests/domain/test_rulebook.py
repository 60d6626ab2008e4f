import csv
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

import domain.cases  # noqa: F401 - every case type declares itself
from api.words import words
from domain.case import STEPS
from domain.rulebook import TABLES, Outcome, RulebookError, Shelf, Span, Stated, load_rulebook, rulebook_ids

NATIONAL, ZHENJIANG, SAMPLE, JAPAN = "cn-national", "cn-321100-zhenjiang-2022", "cn-999900", "jp-sangiin"
CLOCK = """
[clocks."suggestion.reply"]
zh = "答复"
en = "Reply"
count = 3
unit = "month"
force = "statutory"
confidence = "A"
explanation = { zh = "三个月", en = "Three months" }
sources = [{ text = "代表法2025 §51", kind = "L" }]
"""
Publish = Callable[..., None]


@pytest.fixture
def publish(tmp_path: Path) -> Publish:
    def write(name: str, body: str = "", *, version: str = "2026-01-01", extra: str = "") -> None:
        head = f'id = "{name.partition("@")[0]}"\nversion = "{version}"\ntime_zone = "Asia/Shanghai"\ncalendar = "cn"\n'
        names = 'jurisdiction = { code = "X", zh = "某地", en = "Somewhere" }\nnote = { zh = "注", en = "Note" }\n'
        (tmp_path / f"{name}.toml").write_text(head + extra + names + body, encoding="utf-8")

    return write


def everything_stated(id: str) -> list[Stated]:
    book = load_rulebook(id)
    schemes = [book.outcome_scheme] if book.outcome_scheme else []
    return [*(rule for table in TABLES for rule in getattr(book, table).values()), *schemes]


def test_the_books_that_ship() -> None:
    assert set(rulebook_ids()) == {NATIONAL, ZHENJIANG, SAMPLE, JAPAN}


@pytest.mark.parametrize("id", rulebook_ids())
def test_every_rule_says_its_source_its_confidence_and_its_words_in_both_languages(id: str) -> None:
    for rule in everything_stated(id):
        assert rule.sources
        assert rule.confidence in "ABCD"
        assert rule.zh != rule.en
        assert rule.explanation.zh != rule.explanation.en


def test_only_what_was_read_in_national_law_is_sure() -> None:
    sure = [rule for rule in everything_stated(NATIONAL) if rule.confidence == "A" or rule.force == "statutory"]
    for rule in sure:
        assert (rule.confidence, rule.force) == ("A", "statutory"), rule.id
        assert any(source.kind == "L" for source in rule.sources), rule.id
    of_suggestions = ["reply", "yearly_report", "key_supervision", "motion"]
    assert [rule.id.split(".")[1] for rule in sure if rule.id.startswith("suggestion.")] == of_suggestions


@pytest.mark.parametrize(
    ("rule", "count", "unit", "per"),
    [
        ("hand_over", 5, "working_day", "case"),
        ("sign_for", 7, "calendar_day", "part"),
        ("return", 10, "calendar_day", "part"),
        ("reassign", 10, "working_day", "part"),
        ("first_contact", 20, "working_day", "case"),
        ("co_opinion", 1, "month", "part"),
        ("reply", 3, "month", "case"),
        ("unit_reply", 3, "month", "part"),
        ("evaluate", 20, "working_day", "case"),
        ("redo", 1, "month", "case"),
    ],
)
def test_the_national_clocks_of_a_suggestion(rule: str, count: int, unit: str, per: str) -> None:
    clock = load_rulebook(NATIONAL).clocks[f"suggestion.{rule}"]
    assert (clock.count, clock.unit, clock.per) == (count, unit, per)
    assert clock.roll_forward == (unit != "working_day")
    answers = rule in {"reply", "unit_reply"}
    assert (clock.most, clock.consent) == (Span(count=6, unit="month") if answers else None, answers)


def test_the_usual_letters_mean_one_outcome_each() -> None:
    scheme = load_rulebook(SAMPLE).outcome_scheme
    assert scheme is not None
    assert scheme.id == "common"
    assert scheme.letters == {
        "A": Outcome.RESOLVED,
        "B": Outcome.IN_PROGRESS,
        "C": Outcome.NOT_NOW,
        "D": Outcome.REFERENCE_ONLY,
    }


def test_zhenjiang_inherits_the_national_clocks_and_knows_where_they_come_from() -> None:
    national, zhenjiang = load_rulebook(NATIONAL), load_rulebook(ZHENJIANG)
    assert zhenjiang.inherits == national.ref
    assert zhenjiang.clocks == national.clocks
    assert zhenjiang.clocks["suggestion.reply"].stated_in == "cn-national@2026-11-22"
    assert zhenjiang.practices["jurong.three_inquiries_three_ratings"].stated_in == zhenjiang.ref
    assert (zhenjiang.time_zone, zhenjiang.calendar) == ("Asia/Shanghai", "cn")


def test_the_accomplishment_target_belongs_to_jingkou_and_not_to_zhenjiang() -> None:
    zhenjiang = load_rulebook(ZHENJIANG)
    assert [target.value for target in zhenjiang.targets_of("321102", 2022)] == [0.8]
    assert zhenjiang.targets_of("321100", 2022) == ()
    assert zhenjiang.targets_of("321102", 2023) == ()


def test_the_sample_city_inherits_over_two_steps_and_has_its_own_name() -> None:
    sample = load_rulebook(SAMPLE)
    assert (sample.jurisdiction.zh, sample.jurisdiction.en) == ("云江市", "Yunjiang")
    assert sample.clocks["suggestion.reply"].stated_in.startswith(NATIONAL)


def test_japan_counts_seven_days_and_never_rolls_forward() -> None:
    japan = load_rulebook(JAPAN)
    rule = japan.clocks["suggestion.reply"]
    assert (japan.time_zone, rule.count, rule.unit, rule.roll_forward) == ("Asia/Tokyo", 7, "calendar_day", False)
    assert rule.most is None
    assert list(japan.clocks) == ["suggestion.reply"]


CATALOGUE = Path(__file__).parent / "data" / "catalogue.csv"
"""Every row of the deadline catalogue (domain.md 1.5) and of what the magazine fixes (0.2), with its rules."""


def catalogue() -> list[tuple[str, list[str]]]:
    with CATALOGUE.open(encoding="utf-8", newline="") as file:
        return [(row["row"], row["rules"].split()) for row in csv.DictReader(file)]


@pytest.mark.parametrize(("row", "rules"), catalogue())
def test_each_row_of_the_catalogue_is_a_rule_or_what_a_step_finds(row: str, rules: list[str]) -> None:
    book = load_rulebook(ZHENJIANG)
    known = {f"{table}:{id}" for table in TABLES for id in getattr(book, table)}
    known |= {f"step:{wire}" for wire in STEPS} | {f"finding:{message_id}" for message_id in words("en").entries}
    assert rules, row
    assert [rule for rule in rules if rule not in known] == []


def test_the_catalogue_is_whole() -> None:
    numbers = {"S": 28, "SR": 10, "BU": 4, "LE": 3, "IN": 2, "IV": 1, "SP": 1, "FU": 1, "AP": 8, "SG": 15, "MM": 3}
    numbers |= {"LG": 8, "FR": 8, "DM": 2, "DR": 4}
    rows = [f"{group}-{n}" for group, most in numbers.items() for n in range(1, most + 1)]
    assert [row for row, _ in catalogue()] == [*rows, "SG-6x"]


ALTERNATIVES = [
    ("suggestion.return", "qingdao", 5, "working_day", False),
    ("suggestion.return", "zhejiang", 10, "calendar_day", True),
    ("suggestion.return", "shanghai", 7, "working_day", False),
    ("suggestion.redo", "lianyungang", 15, "calendar_day", True),
    ("appointment.motion", "chongqing", 7, "calendar_day", False),
    ("rectification.report", "chongqing", 6, "month", True),
    ("filing_review.maker_reply", "npc", 2, "month", True),
]


@pytest.mark.parametrize(("rule", "place", "count", "unit", "rolls"), ALTERNATIVES)
def test_a_book_of_another_region_takes_over_what_a_place_has_by_naming_it(
    rule: str, place: str, count: int, unit: str, rolls: object
) -> None:
    national = load_rulebook(NATIONAL)
    book = national.model_copy(update={"chosen": {rule: place}, "id": "x", "version": "2027-01-01"}).with_chosen()
    clock, told = book.clocks[rule], national.alternatives[rule][place]
    assert (clock.count, clock.unit, clock.roll_forward) == (count, unit, rolls)
    assert (clock.sources, clock.confidence, clock.stated_in) == (told.sources, told.confidence, "x@2027-01-01")
    assert (clock.id, clock.per, clock.zh) == (rule, national.clocks[rule].per, national.clocks[rule].zh)
    assert {id for id in book.clocks if book.clocks[id] != national.clocks[id]} == {rule}


@pytest.mark.parametrize("id", rulebook_ids())
def test_an_alternative_has_its_place_and_its_source(id: str) -> None:
    for places in load_rulebook(id).alternatives.values():
        for one in places.values():
            assert one.jurisdiction.en.partition(" ")[0] in one.sources[0].text or one.jurisdiction.code == "CN"
            assert (one.confidence == "A") == (one.sources[0].kind == "L")


CHOOSING = """
[alternatives."suggestion.reply"]
lakeside.jurisdiction = { code = "1", zh = "湖滨", en = "Lakeside" }
lakeside.count = 9
lakeside.unit = "working_day"
lakeside.confidence = "C"
lakeside.sources = [{ text = "湖滨 (Lakeside) §9", kind = "R" }]
"""


def test_the_chosen_alternative_is_in_force_in_the_book_and_in_those_that_inherit_it(
    tmp_path: Path, publish: Publish
) -> None:
    publish("base", CLOCK + CHOOSING)
    publish("city", '[chosen]\n"suggestion.reply" = "lakeside"\n', extra='inherits = "base@2026-01-01"\n')
    publish("town", extra='inherits = "city@2026-01-01"\n')
    shelf = Shelf(tmp_path)
    for id in ("city", "town"):
        reply = shelf.load(id).clocks["suggestion.reply"]
        assert (reply.count, reply.unit, reply.force, reply.stated_in) == (
            9,
            "working_day",
            "regional",
            "city@2026-01-01",
        )
        assert "Lakeside" in reply.explanation.en
    assert shelf.load("base").clocks["suggestion.reply"].count == 3


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (
            CLOCK + CHOOSING + '[chosen]\n"suggestion.reply" = "mars"\n',
            "there is no alternative mars; there are: lakeside",
        ),
        (CLOCK + CHOOSING.replace("reply", "nothing"), "neither a clock nor a minimum"),
        (CLOCK + CHOOSING.replace('lakeside.unit = "working_day"', ""), "with the wrong unit"),
    ],
)
def test_an_alternative_that_there_is_not_or_that_fits_no_rule_is_refused(
    tmp_path: Path, publish: Publish, body: str, told: str
) -> None:
    publish("base", body)
    with pytest.raises(RulebookError, match=told):
        Shelf(tmp_path).load("base")


def test_a_book_is_read_once() -> None:
    assert load_rulebook(SAMPLE) is load_rulebook(SAMPLE)


def test_a_rule_on_top_replaces_the_inherited_one_of_the_same_id(tmp_path: Path, publish: Publish) -> None:
    publish("base", CLOCK + CLOCK.replace("suggestion.reply", "suggestion.redo"))
    publish("city", CLOCK.replace("count = 3", "count = 2"), extra='inherits = "base@2026-01-01"\n')
    city = Shelf(tmp_path).load("city")
    assert (city.clocks["suggestion.reply"].count, city.clocks["suggestion.reply"].stated_in) == (2, "city@2026-01-01")
    assert city.clocks["suggestion.redo"].stated_in == "base@2026-01-01"


def test_a_newer_base_does_not_change_the_book_that_names_the_older_one(tmp_path: Path, publish: Publish) -> None:
    publish("base@2026-01-01", CLOCK)
    publish("base@2027-01-01", CLOCK.replace("count = 3", "count = 9"), version="2027-01-01")
    publish("city", extra='inherits = "base@2026-01-01"\n')
    shelf = Shelf(tmp_path)
    assert shelf.versions("base") == ("2026-01-01", "2027-01-01")
    assert shelf.load("base").clocks["suggestion.reply"].count == 9
    assert shelf.load("base", "2026-01-01").clocks["suggestion.reply"].count == 3
    assert shelf.load("city").clocks["suggestion.reply"].count == 3


@pytest.mark.parametrize(
    ("broken", "field"),
    [
        (CLOCK.replace("sources = [", "#"), "sources"),
        (CLOCK.replace('{ text = "代表法2025 §51", kind = "L" }', ""), "sources"),
        (CLOCK.replace("confidence", "#"), "confidence"),
        (CLOCK.replace('confidence = "A"', 'confidence = "sure"'), "confidence"),
        (CLOCK.replace("count = 3", "count = 0"), "count"),
        (CLOCK.replace("count = 3", "counts = 3"), "count"),
        (CLOCK.replace('"month"', '"fortnight"'), "unit"),
        (CLOCK.replace('"month"', '"working_day"\nroll_forward = true'), "roll_forward"),
        (CLOCK.replace(', en = "Three months"', ""), "explanation.en"),
        (CLOCK + 'direction = "aside"', "direction"),
        (CLOCK.replace('"month"', '"working_day"') + 'direction = "before"', "direction"),
    ],
)
def test_a_broken_rule_is_refused_with_its_file_and_field(
    tmp_path: Path, publish: Publish, broken: str, field: str
) -> None:
    publish("city", broken)
    with pytest.raises(RulebookError, match=r"^city\.toml: suggestion\.reply: ") as refused:
        Shelf(tmp_path).load("city")
    assert (refused.value.file, refused.value.rule, refused.value.field) == ("city.toml", "suggestion.reply", field)


@pytest.mark.parametrize(
    ("body", "extra", "said"),
    [
        ("clocks = 3", "", r"city\.toml: clocks: "),
        ("", "surprise = 1\n", r"city\.toml: surprise: "),
        ("", 'inherits = "nobody@2026-01-01"\n', r"city\.toml: there is no nobody@2026-01-01"),
        ("", 'inherits = "city@2026-01-01"\n', r"city\.toml: inherits: city@2026-01-01 inherits itself"),
        ("", "inherits = 7\n", r"city\.toml: inherits: "),
        ("oh no", "", r"city\.toml: is not readable TOML"),
    ],
)
def test_a_broken_book_is_refused_with_its_file(
    tmp_path: Path, publish: Publish, body: str, extra: str, said: str
) -> None:
    publish("city", body, extra=extra)
    with pytest.raises(RulebookError, match=said):
        Shelf(tmp_path).load("city")


@pytest.mark.parametrize(
    ("stated", "instead", "field"),
    [('"Asia/Shanghai"', '"Asia/Atlantis"', "time_zone"), ('calendar = "cn"', 'calendar = "mars"', "calendar")],
)
def test_a_zone_or_calendar_that_does_not_exist_is_refused(
    tmp_path: Path, publish: Publish, stated: str, instead: str, field: str
) -> None:
    publish("city")
    file = tmp_path / "city.toml"
    file.write_text(file.read_text(encoding="utf-8").replace(stated, instead), encoding="utf-8")
    with pytest.raises(RulebookError) as refused:
        Shelf(tmp_path).load("city")
    assert refused.value.field == field


def test_a_file_under_another_name_is_refused(tmp_path: Path, publish: Publish) -> None:
    publish("city")
    (tmp_path / "city.toml").rename(tmp_path / "town.toml")
    with pytest.raises(RulebookError, match=r"town\.toml: id: the file should be named city\.toml"):
        Shelf(tmp_path)


def test_a_book_that_is_not_there_is_refused_with_those_that_are() -> None:
    with pytest.raises(RulebookError, match=r"there is no atlantis@newest; there are cn-321100"):
        load_rulebook("atlantis")
    with pytest.raises(RulebookError, match=r"there is no cn-national@1999-01-01"):
        load_rulebook(NATIONAL, "1999-01-01")


def test_a_rule_knows_when_it_was_valid(tmp_path: Path, publish: Publish) -> None:
    publish("city", CLOCK + "valid_from = 2015-08-29\nvalid_to = 2025-03-11")
    rule = Shelf(tmp_path).load("city").clocks["suggestion.reply"]
    assert rule.in_force(date(2015, 8, 29))
    assert rule.in_force(date(2025, 3, 11))
    assert not rule.in_force(date(2025, 3, 12))
    assert load_rulebook(NATIONAL).clocks["suggestion.reply"].in_force(date.min)
