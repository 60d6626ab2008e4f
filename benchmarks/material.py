"""What the benchmarks record: fictional steps, as commands, as rows and as a file of written questions."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

from adapters.exchange.sangiin_questions import (
    ANSWERED,
    FORWARDED,
    NUMBER,
    REMARK,
    SESSION,
    SUBMITTED,
    SUBMITTER,
    SUBMITTERS,
    TITLE,
    SangiinQuestions,
)
from domain.case import Act, Recorded, Role
from domain.cases.suggestion import SuggestionSubmitted
from domain.docket import Command, LedgerMapper, Request
from domain.moment import start_of_day

JURISDICTION = "cn-999900"
ZONE = "Asia/Shanghai"

_EVENT_ID, _NONCE = "00000000-0000-4000-8000-000000000000", "0" * 32
_FIRST_DAY = date(1998, 1, 12)
_TITLES = (
    "離島の航路の維持",
    "学校の給食の費用",
    "古い橋の点検",
    "冬の道路の除雪",
    "農業用水の管理",
    "図書館の開館時間",
)


def act(day: date, role: Role = Role.DEPUTY_AFFAIRS) -> Act:
    """An act of the office on a day."""
    return Act(actor="clerk-1", role=role, office=JURISDICTION, occurred_at=start_of_day(day, ZONE))


def openings(count: int) -> list[Command]:
    """Commands that open a case each, by one step."""
    mapper = LedgerMapper()
    found = []
    for number in range(count):
        case_id = str(uuid4())
        step = SuggestionSubmitted(
            jurisdiction=JURISDICTION, title=f"建议第{number}条线路增开夜间公交", lead_deputy="d-001"
        )
        recorded = Recorded(case_id, 1, datetime.now(UTC), step, act(date(2026, 3, 2)), _EVENT_ID, _NONCE)
        found.append(Command(Request.fresh(), case_id, 0, [mapper.to_stored_event(recorded)]))
    return found


RAW_TABLE = "CREATE TABLE raw (LIKE ledger INCLUDING INDEXES)"
RAW_INSERT = (
    "INSERT INTO raw (ledger_id, position, case_id, version, wire, state, event_id, occurred_at, occurred_precision,"
    " actor, office, request_key, recorded_at, format, prev_leaf, leaf)"
    " VALUES (%s, %s, %s, %s, %s, %b, %s, %s, %s, %s, %s, %s, %s, %s, %b, %b)"
)
"""What a ledger's row is without a ledger: no order, no guard, no leaf, no rights."""


def raw_rows(commands: Iterable[Command], first: int) -> list[tuple[Any, ...]]:
    """The same steps as rows for the raw table, with positions from a first one."""
    now = datetime.now(UTC)
    return [
        (
            "main", position, c.case_id, 1, c.events[0].topic, c.events[0].state, _EVENT_ID, now,
            "day", "clerk-1", JURISDICTION, c.request.key, now, 1, None, bytes(32),
        )
        for position, c in enumerate(commands, first)
    ]  # fmt: skip


def write_questions(path: Path, rows: int, session: int) -> None:
    """A file in the format of the written questions: invented ones, one in six with a notice, some unanswered."""
    blank = dict.fromkeys(SangiinQuestions.columns, "")
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, SangiinQuestions.columns)
        writer.writeheader()
        for number in range(1, rows + 1):
            submitted = _FIRST_DAY + timedelta(days=number % 9_000)
            forwarded, noticed, due = (submitted + timedelta(days=days) for days in (5, 10, 40))
            notice = f"{noticed.month}月{noticed.day}日内閣から通知書受領（{due.month}月{due.day}日まで答弁延期）"
            writer.writerow(
                blank
                | {
                    SESSION: f"{session:03}",
                    NUMBER: str(number),
                    TITLE: f"{_TITLES[number % len(_TITLES)]}に関する質問主意書（架空{number}）",
                    SUBMITTER: f"架空　議員{number % 120}",
                    SUBMITTERS: "1" if number % 20 else "3",
                    SUBMITTED: submitted.isoformat(),
                    FORWARDED: forwarded.isoformat() if number % 50 else "",
                    ANSWERED: (submitted + timedelta(days=20)).isoformat() if number % 40 else "",
                    REMARK: notice if number % 6 == 0 else "",
                }
            )
