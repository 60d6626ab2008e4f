"""Templates: a workbook to fill in, with an example that can be imported, and lists to choose from."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.workbook import Workbook
from xlsxwriter.worksheet import Worksheet

from adapters.exchange.sheets import width_of
from adapters.exchange.suggestions import DATES, NAMES, REQUIRED
from domain.office import Jurisdiction

ROWS = 2_000
"""Rows below the header that are prepared."""

_GRADES = ["满意", "基本满意", "不满意", "未表态"]
_IN_SESSION = ["会议期间", "闭会期间"]
_WIDE, _NARROW, _WIDEST = {"title": 40, "body": 60, "reason": 30}, 12, 60

Tell = Callable[[str], str]
"""The words of a message id in the reader's language."""


def write_template(path: Path, place: Jurisdiction, today: date, tell: Tell) -> None:
    """A template for the lists of a jurisdiction; the header is in Chinese, as offices write it."""
    options = {"strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(path, options) as book:
        formats = _formats(book)
        empty, shown = (
            book.add_worksheet(tell("template.sheet.fill")),
            book.add_worksheet(tell("template.sheet.example")),
        )
        told, lists = book.add_worksheet(tell("template.sheet.about")), book.add_worksheet(tell("template.sheet.lists"))
        units = _write_lists(lists, place, today, formats["heading"], tell)
        for sheet in (empty, shown):
            _write_header(sheet, place, formats, f"='{lists.get_name()}'!{units}" if units else None, tell)
        for number, row in enumerate(example_rows(place, today), 1):
            for column, field in enumerate(NAMES):
                if isinstance(value := row.get(field), date):
                    shown.write_datetime(number, column, value, formats["date"])
                elif value is not None:
                    shown.write_string(number, column, value, formats["text"])
        _write_about(told, formats["heading"], tell)


def example_rows(place: Jurisdiction, today: date) -> list[Mapping[str, str | date]]:
    """Two suggestions: one that went all the way, and one that was only just made."""
    submitted = today - timedelta(days=90)
    deputies = [deputy.name for deputy in place.deputies if deputy.on(submitted)] or ["示例代表"]
    units = [unit.zh for unit in place.units if unit.on(submitted)]
    scheme = place.book.outcome_scheme
    whole: dict[str, str | date] = {
        "number": "示例-001",
        "title": "关于增开夜间公交线路的建议（示例）",
        "body": "夜间下班的群众出行不便，建议增开两条夜间公交线路。",
        "lead_deputy": deputies[0],
        "co_signers": "、".join(deputies[1:3]),
        "session": "示例次会议",
        "in_session": _IN_SESSION[1],
        "submitted_on": submitted,
    }
    short = {field: whole[field] for field in ("title", "lead_deputy", "submitted_on")} | {"number": "示例-002"}
    if units:
        whole |= {
            "lead_unit": units[0],
            "co_units": "、".join(units[1:3]),
            "handed_over_on": submitted + timedelta(days=7),
            "replied_on": submitted + timedelta(days=60),
            "document_number": "示例函〔1〕号",
            "evaluated_on": submitted + timedelta(days=70),
            "result": _GRADES[0],
            "attitude": _GRADES[0],
        }
        if scheme is not None:
            whole["outcome"] = min(scheme.letters)
    return [whole, short]


def _formats(book: Workbook) -> dict[str, Format]:
    return {
        "text": book.add_format({"num_format": "@", "text_wrap": True, "valign": "top"}),
        "date": book.add_format({"num_format": "yyyy-mm-dd", "valign": "top"}),
        "heading": book.add_format({"bold": True, "bottom": 1, "valign": "top"}),
        "needed": book.add_format({"bold": True, "bottom": 1, "valign": "top", "bg_color": "#FDE9D9"}),
    }


def _write_header(
    sheet: Worksheet, place: Jurisdiction, formats: Mapping[str, Format], units: str | None, tell: Tell
) -> None:
    scheme = place.book.outcome_scheme
    lists: dict[str, Sequence[str] | str | None] = {
        "result": _GRADES,
        "attitude": _GRADES,
        "in_session": _IN_SESSION,
        "outcome": sorted(scheme.letters) if scheme else None,
        "lead_unit": units,
    }
    for column, (field, names) in enumerate(NAMES.items()):
        kind = "date" if field in DATES else "text"
        sheet.set_column(column, column, _WIDE.get(field, max(_NARROW, width_of(names[0]) + 2)), formats[kind])
        sheet.write_string(0, column, names[0], formats["needed" if field in REQUIRED else "heading"])
        hint = {"input_title": names[0], "input_message": tell(f"template.field.{field}")[:255]}
        rule: dict[str, object] = {"validate": "any"}
        if source := lists.get(field):
            rule = {"validate": "list", "source": source, "error_message": tell("template.choose")}
            rule["error_type"] = "warning" if field == "lead_unit" else "stop"  # a unit may be written by its code
        elif field in DATES:
            rule = {
                "validate": "date",
                "criteria": ">=",
                "value": date(1949, 1, 1),
                "error_message": tell("template.day"),
            }
        sheet.data_validation(1, column, ROWS, column, rule | hint)
    sheet.freeze_panes(1, 0)


def _write_lists(sheet: Worksheet, place: Jurisdiction, today: date, heading: Format, tell: Tell) -> str | None:
    """The units and deputies in being today; returns where the units' names stand."""
    units = [unit for unit in place.units if unit.on(today)]
    deputies = [deputy for deputy in place.deputies if deputy.on(today)]
    for column, name in enumerate(("unit", "unit_code", "deputy", "deputy_code")):
        sheet.write_string(0, column, tell(f"template.list.{name}"), heading)
    for number, unit in enumerate(units, 1):
        sheet.write_string(number, 0, unit.zh)
        sheet.write_string(number, 1, unit.code)
    for number, deputy in enumerate(deputies, 1):
        sheet.write_string(number, 2, deputy.name)
        sheet.write_string(number, 3, deputy.id)
    sheet.set_column(0, 0, max([_NARROW, *(width_of(unit.zh) + 2 for unit in units)]))
    sheet.set_column(1, 3, _NARROW)
    return f"$A$2:$A${len(units) + 1}" if units else None


def _write_about(sheet: Worksheet, heading: Format, tell: Tell) -> None:
    lines = [tell(f"template.about.{n}") for n in ("fill", "names", "dates", "steps", "again")]
    for number, line in enumerate(lines):
        sheet.write_string(number, 0, line)
    below = len(lines) + 1
    for column, name in enumerate(("header", "needed", "meaning", "names")):
        sheet.write_string(below, column, tell(f"template.about.{name}_column"), heading)
    for number, (field, names) in enumerate(NAMES.items(), below + 1):
        sheet.write_string(number, 0, names[0])
        sheet.write_string(number, 1, tell("template.needed") if field in REQUIRED else "")
        sheet.write_string(number, 2, tell(f"template.field.{field}"))
        sheet.write_string(number, 3, "、".join((*names[1:], field)))
    sheet.set_column(0, 0, 16)
    sheet.set_column(1, 1, 8)
    sheet.set_column(2, 3, _WIDEST)
