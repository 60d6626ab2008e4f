"""The written questions (質問主意書) of Japan's House of Councillors, read as suggestions."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import NamedTuple

from pydantic import ValidationError

from adapters.exchange.layout import Layout
from adapters.exchange.source import Row, SourceCase, SourceStep
from domain.case import SourceDocument, Step
from domain.casefile import CaseFile
from domain.cases.suggestion import ExtensionNotified, HandedOver, ReplyIssued, SuggestionSubmitted
from domain.moment import UnreadableTimeError, parse_occurred, start_of_day
from domain.refusal import Refused, refused_by

SESSION, NUMBER, TITLE, SUBMITTER, SUBMITTERS = "提出回次", "提出番号", "件名", "提出者", "提出人数"
SUBMITTED, FORWARDED, ANSWERED, REMARK = "提出日", "転送日", "答弁書受領日", "備考"
PAGES = ("質問本文（html）", "答弁本文（html）", "質問本文（PDF）", "答弁本文（PDF）", "明細URL")
"""Addresses on the House's site that follow from session and number; they are not taken over."""

CABINET_UNIT = "naikaku"
HOUSE, CABINET = "参議院", "内閣"
ZONE = "Asia/Tokyo"

_ROUND = 1
"""A question is answered once."""
_FORWARDED, _ANSWERED = HandedOver(lead_unit=CABINET_UNIT), ReplyIssued(unit=CABINET_UNIT, round=_ROUND)

_KEY = re.compile(r"[^\W_]{1,20}-[^\W_]{1,20}")
_NOTICE = re.compile(
    r"(\d{1,2})月(\d{1,2})日内閣から通知書受領(?:（(\d{1,2})月(\d{1,2})日まで答弁延期）)?(.*)", re.DOTALL
)
_LINE_BREAKS = re.compile(r"[\r\n]+")


class Notice(NamedTuple):
    """The Cabinet's notice that its answer will be late: when it came, until when, and whether all of it was read."""

    received_on: date
    due_on: date | None
    whole: bool


class SangiinQuestions:
    """One row is one question: submitted, forwarded to the Cabinet, perhaps extended by a notice, answered."""

    name = "sangiin-questions"
    jurisdiction = "jp-sangiin"
    columns: Sequence[str] = (
        SESSION, NUMBER, TITLE, SUBMITTER, SUBMITTERS, *PAGES, SUBMITTED, FORWARDED, ANSWERED, REMARK,
    )  # fmt: skip
    layout = Layout.exactly(columns)
    fields: Mapping[str, str] = {
        "title": TITLE,
        "lead_deputy": SUBMITTER,
        "number": NUMBER,
        "session": SESSION,
        "reason": REMARK,
        "due_on": REMARK,
        "source.title": REMARK,
    }

    def key(self, row: Row) -> str:
        """Session and number, such as `001-120`; text, also where it reads like a number or like nothing (`NA`)."""
        key = f"{row.values[SESSION].strip()}-{row.values[NUMBER].strip()}"
        if not row.values[NUMBER].strip() or _KEY.fullmatch(key) is None:
            raise Refused("import-unreadable-number", field=NUMBER, text=key[:100])
        return key

    def case(self, row: Row, key: str) -> SourceCase:
        """The row's steps in the order of its columns, with its dates, wrong ones included; nothing is added."""
        values = row.values
        submitted_on = day_in(values, SUBMITTED)
        if submitted_on is None:
            raise Refused("import-missing", field=SUBMITTED)
        forwarded_on, answered_on = day_in(values, FORWARDED), day_in(values, ANSWERED)
        remark = values[REMARK].strip()
        notice = read_notice(remark, forwarded_on or submitted_on)
        kept = remark and notice is None
        steps = [
            self._step(
                SuggestionSubmitted(
                    jurisdiction=self.jurisdiction,
                    time_zone=ZONE,
                    title=_LINE_BREAKS.sub("", values[TITLE]),
                    lead_deputy=without_blanks(values[SUBMITTER]),
                    number=key,
                    session=values[SESSION],
                ),
                submitted_on,
                SUBMITTED,
                _submitters(values),
                _kept(remark) if kept else None,
            )
        ]
        if forwarded_on is not None:
            steps.append(self._step(_FORWARDED, forwarded_on, FORWARDED, HOUSE))
        if notice is not None:
            noticed = ExtensionNotified(round=_ROUND, due_on=notice.due_on, reason=remark)
            steps.append(self._step(noticed, notice.received_on, REMARK, CABINET))
        if answered_on is not None:
            steps.append(self._step(_ANSWERED, answered_on, ANSWERED, CABINET))
        return SourceCase(steps, list(_remarks(values, notice)))

    def figures(self, case_file: CaseFile) -> Iterator[str]:
        """What a report on the questions tells beside the number of steps."""
        records = {type(record.step): record for record in case_file.history}
        forwarded, noticed, answered = (records.get(step) for step in (HandedOver, ExtensionNotified, ReplyIssued))
        clock = case_file.case and case_file.case.clocks.get(("suggestion.reply", None))
        if noticed and isinstance(noticed.step, ExtensionNotified) and noticed.step.due_on is not None:
            yield "extensions_that_name_a_date"
        if clock and clock.late:
            yield "answered_after_the_due_date_in_force"
        if forwarded and not answered:
            yield "forwarded_and_never_answered"
        if not forwarded:
            yield "without_a_forwarding_date"
            if answered:
                yield "without_a_forwarding_date_but_answered"
        days = [record.occurred_at for record in case_file.history]
        if days != sorted(days):
            three = [record.occurred_at for record in case_file.history if record is not noticed]
            by = "the_date_of_the_notice" if three == sorted(three) else "the_three_dates"
            yield f"dates_out_of_order_by_{by}"

    def _step(
        self, step: Step, day: date, column: str, on_behalf_of: str, source: SourceDocument | None = None
    ) -> SourceStep:
        return SourceStep(step, start_of_day(day, ZONE), "day", column, on_behalf_of, source)


def _kept(remark: str) -> SourceDocument:
    try:
        return SourceDocument(title=f"{REMARK}：{remark}")
    except ValidationError as error:
        raise refused_by(error, within=("source",)) from None


def _remarks(values: Mapping[str, str], notice: Notice | None) -> Iterator[Refused]:
    if _LINE_BREAKS.search(values[TITLE].strip()):
        yield Refused("import-lines-joined", field=TITLE)
    remark = values[REMARK].strip()
    if remark and (notice is None or not notice.whole):
        yield Refused("import-remark-not-understood", field=REMARK, text=remark[:500])


def read_notice(remark: str, near: date) -> Notice | None:
    """The notice that a remark tells of, or None. Its days bear no year: those nearest to a date count."""
    if (found := _NOTICE.match(remark)) is None:
        return None
    month, day, due_month, due_day, rest = found.groups()
    received_on = nearest(int(month), int(day), near)
    due_on = nearest(int(due_month), int(due_day), near) if due_month else None
    if received_on is None:
        return None
    return Notice(received_on, due_on, whole=not rest and (due_on is not None or due_month is None))


def nearest(month: int, day: int, near: date) -> date | None:
    """The day of that month nearest to a date, in its year or one beside it; None if there is none (29 February)."""
    found = []
    for year in (near.year - 1, near.year, near.year + 1):
        try:
            found.append(date(year, month, day))
        except ValueError:
            continue
    return min(found, key=lambda d: abs(d - near), default=None)


def without_blanks(name: str) -> str:
    """A name as an identifier: the source writes the same person with a full-width space, and without."""
    return "".join(name.split())


def _submitters(values: Mapping[str, str]) -> str:
    """The submitter, and how many others: 市来 乙彦 外2名."""
    name, how_many = " ".join(values[SUBMITTER].split()), values[SUBMITTERS].strip()
    if how_many in ("", "1"):
        return name
    if not how_many.isdecimal() or int(how_many) < 1:
        raise Refused("import-unreadable-number", field=SUBMITTERS, text=how_many[:100])
    return f"{name} 外{int(how_many) - 1}名"


def day_in(values: Mapping[str, str], column: str) -> date | None:
    """The day that stands in a column, if one does; text that is no day is refused."""
    text = values[column].strip()
    if not text:
        return None
    try:
        when, precision = parse_occurred(text, "UTC")
    except UnreadableTimeError:
        raise Refused("import-unreadable-date", field=column, text=text[:100]) from None
    if precision != "day":
        raise Refused("import-unreadable-date", field=column, text=text)
    return when.date()
