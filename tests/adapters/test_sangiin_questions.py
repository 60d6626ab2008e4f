"""What a remark of the written questions says, and when."""

from collections.abc import Mapping
from datetime import date

import pytest

from adapters.exchange.sangiin_questions import SangiinQuestions, nearest, read_notice
from adapters.exchange.source import Row, SourceCase
from domain.cases.suggestion import ExtensionNotified, SuggestionSubmitted
from domain.refusal import Refused

PROFILE = SangiinQuestions()


def row(**changes: str) -> Row:
    values = dict.fromkeys(PROFILE.columns, "") | {
        "提出回次": "901",
        "提出番号": "7",
        "件名": "架空の橋の点検に関する質問主意書",
        "提出者": "架空　花子",
        "提出人数": "1",
        "提出日": "2020-12-14",
        "転送日": "2020-12-16",
        "答弁書受領日": "2021-01-05",
    }
    values |= changes
    return Row(1, list(values.values()), values)


def case(**changes: str) -> SourceCase:
    one = row(**changes)
    return PROFILE.case(one, PROFILE.key(one))


def wires(found: SourceCase) -> list[str]:
    return [step.step.declared.name for step in found.steps]


def days(found: SourceCase) -> list[date]:
    return [step.occurred_at.date() for step in found.steps]


def test_a_question_is_submitted_forwarded_and_answered_on_the_days_of_its_source() -> None:
    found = case()
    assert wires(found) == ["submitted", "handed_over", "reply_issued"]
    assert days(found) == [date(2020, 12, 14), date(2020, 12, 16), date(2021, 1, 5)]
    assert [step.on_behalf_of for step in found.steps] == ["架空 花子", "参議院", "内閣"]
    assert not found.remarks


def test_the_days_of_a_notice_are_those_nearest_to_the_forwarding_across_the_new_year() -> None:
    found = case(備考="12月25日内閣から通知書受領（1月7日まで答弁延期）")
    notice = found.steps[2]
    assert isinstance(notice.step, ExtensionNotified)
    assert (notice.occurred_at.date(), notice.step.due_on) == (date(2020, 12, 25), date(2021, 1, 7))
    assert notice.step.reason == "12月25日内閣から通知書受領（1月7日まで答弁延期）"
    assert wires(found)[-1] == "reply_issued"


def test_a_notice_need_not_name_a_date() -> None:
    found = read_notice("1月15日内閣から通知書受領", date(2021, 1, 13))
    assert found == (date(2021, 1, 15), None, True)


@pytest.mark.parametrize(
    ("near", "day"), [(date(2019, 3, 20), date(2020, 2, 29)), (date(2020, 3, 1), date(2020, 2, 29))]
)
def test_29_february_is_looked_for_in_a_leap_year(near: date, day: date) -> None:
    assert nearest(2, 29, near) == day


def test_where_no_leap_year_is_near_a_notice_of_29_february_is_a_remark_that_was_not_understood() -> None:
    found = case(転送日="2022-02-20", 備考="2月29日内閣から通知書受領")
    assert "extension_notified" not in wires(found)
    assert [remark.message_id for remark in found.remarks] == ["import-remark-not-understood"]


def test_a_remark_that_is_no_notice_is_kept_on_the_opening_step_and_told() -> None:
    found = case(備考="撤回")
    assert found.steps[0].source is not None
    assert found.steps[0].source.title == "備考：撤回"
    assert [remark.params["text"] for remark in found.remarks] == ["撤回"]


def test_what_follows_a_notice_is_kept_in_its_reason_and_told() -> None:
    found = case(備考="12月25日内閣から通知書受領（来月中旬まで）")
    assert isinstance(found.steps[2].step, ExtensionNotified)
    assert found.steps[2].step.reason == "12月25日内閣から通知書受領（来月中旬まで）"
    assert len(found.remarks) == 1


def test_a_name_is_one_person_with_a_full_width_space_and_without() -> None:
    spaced, plain = case(提出者="架空　花子").steps[0].step, case(提出者="架空花子").steps[0].step
    assert isinstance(spaced, SuggestionSubmitted)
    assert isinstance(plain, SuggestionSubmitted)
    assert spaced.lead_deputy == plain.lead_deputy == "架空花子"


def test_a_question_of_several_submitters_says_how_many_others_there_were() -> None:
    assert case(提出人数="3").steps[0].on_behalf_of == "架空 花子 外2名"


def test_a_number_that_reads_like_nothing_is_text() -> None:
    assert PROFILE.key(row(提出回次="NA", 提出番号="NA")) == "NA-NA"


def test_a_title_that_the_source_broke_over_lines_is_joined_and_told() -> None:
    found = case(件名="架空の橋に関\n\nする質問主意書")
    assert isinstance(found.steps[0].step, SuggestionSubmitted)
    assert found.steps[0].step.title == "架空の橋に関する質問主意書"
    assert [remark.message_id for remark in found.remarks] == ["import-lines-joined"]


@pytest.mark.parametrize(
    ("column", "text", "message_id"),
    [
        ("提出日", "", "import-missing"),
        ("提出日", "平成20年1月5日", "import-unreadable-date"),
        ("答弁書受領日", "2021-02-30", "import-unreadable-date"),
        ("転送日", "2021-01-05T00:00:00Z", "import-unreadable-date"),
        ("提出人数", "三", "import-unreadable-number"),
        ("提出番号", "", "import-unreadable-number"),
        ("提出番号", "7/8", "import-unreadable-number"),
        ("提出番号", "7" * 10_000, "import-unreadable-number"),
        ("備考", "長" * 600, "value-not-allowed"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_column(column: str, text: str, message_id: str) -> None:
    with pytest.raises(Refused) as refused:
        case(**{column: text})
    assert refused.value.message_id == message_id
    assert PROFILE.fields.get(str(refused.value.field), refused.value.field) == column


def test_every_field_that_can_be_refused_has_a_column() -> None:
    fields: Mapping[str, str] = PROFILE.fields
    assert set(fields.values()) <= set(PROFILE.columns)
