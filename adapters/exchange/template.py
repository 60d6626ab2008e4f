"""Templates: a workbook to fill in, with an example that can be imported, and lists to choose from."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from pathlib import Path

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.workbook import Workbook
from xlsxwriter.worksheet import Worksheet

from adapters.exchange.grid import column_letters
from adapters.exchange.office_list import OfficeList
from adapters.exchange.sheets import width_of
from domain.office import Jurisdiction

ROWS = 2_000
"""Rows below the header that are prepared."""

_WIDE, _NARROW, _WIDEST = {"title": 40, "body": 60, "reason": 30}, 12, 60

Tell = Callable[..., str]
"""The words of a message id, with its parameters, in the reader's language."""


def write_template(path: Path, listed: OfficeList, today: date, tell: Tell) -> None:
    """A template for a list of a jurisdiction; the header is in Chinese, as offices write it."""
    options = {"strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(path, options) as book:
        formats = _formats(book)
        empty, shown = book.add_worksheet(tell(listed.title)), book.add_worksheet(tell("template.sheet.example"))
        told, lists = book.add_worksheet(tell("template.sheet.about")), book.add_worksheet(tell("template.sheet.lists"))
        places = _write_lists(lists, listed.place, today, formats["heading"], tell)
        sources = {
            field: f"='{lists.get_name()}'!{places[of]}" for field, of in listed.looked_up.items() if of in places
        }
        for sheet in (empty, shown):
            _write_header(sheet, listed, formats, sources, tell)
        for number, row in enumerate(listed.examples(today), 1):
            for column, field in enumerate(listed.names):
                if isinstance(value := row.get(field), date):
                    shown.write_datetime(number, column, value, formats["date"])
                elif value is not None:
                    shown.write_string(number, column, value, formats["text"])
        _write_about(told, listed, formats["heading"], tell)


def _formats(book: Workbook) -> dict[str, Format]:
    return {
        "text": book.add_format({"num_format": "@", "text_wrap": True, "valign": "top"}),
        "date": book.add_format({"num_format": "yyyy-mm-dd", "valign": "top"}),
        "heading": book.add_format({"bold": True, "bottom": 1, "valign": "top"}),
        "needed": book.add_format({"bold": True, "bottom": 1, "valign": "top", "bg_color": "#FDE9D9"}),
    }


def _write_header(
    sheet: Worksheet, listed: OfficeList, formats: Mapping[str, Format], sources: Mapping[str, str], tell: Tell
) -> None:
    choices: Mapping[str, Sequence[str] | str] = {**listed.choices(), **sources}
    for column, (field, names) in enumerate(listed.names.items()):
        kind = "date" if field in listed.dates else "text"
        sheet.set_column(column, column, _WIDE.get(field, max(_NARROW, width_of(names[0]) + 2)), formats[kind])
        sheet.write_string(0, column, names[0], formats["needed" if field in listed.required else "heading"])
        hint = {"input_title": names[0], "input_message": tell(f"template.{listed.words}.{field}")[:255]}
        rule: dict[str, object] = {"validate": "any"}
        if source := choices.get(field):
            source = source if isinstance(source, str) else list(source)
            rule = {"validate": "list", "source": source, "error_message": tell("template.choose")}
            rule["error_type"] = "warning" if field in sources else "stop"  # a unit may be written by its code
        elif field in listed.dates:
            rule = {
                "validate": "date",
                "criteria": ">=",
                "value": date(1949, 1, 1),
                "error_message": tell("template.day"),
            }
        sheet.data_validation(1, column, ROWS, column, rule | hint)
    sheet.freeze_panes(1, 0)


def _write_lists(sheet: Worksheet, place: Jurisdiction, today: date, heading: Format, tell: Tell) -> dict[str, str]:
    """The units, deputies and groups in being today; returns where their names stand, if there are any."""
    lists = {
        "unit": [(unit.zh, unit.code) for unit in place.units_on(today)],
        "deputy": [(deputy.name, deputy.id) for deputy in place.deputies if deputy.on(today)],
        "group": [(group.zh, group.code) for group in place.groups if group.on(today)],
    }
    places = {}
    for column, (name, rows) in zip(range(0, 2 * len(lists), 2), lists.items(), strict=True):
        sheet.write_string(0, column, tell(f"template.list.{name}"), heading)
        sheet.write_string(0, column + 1, tell(f"template.list.{name}_code"), heading)
        for number, (called, code) in enumerate(rows, 1):
            sheet.write_string(number, column, called)
            sheet.write_string(number, column + 1, code)
        sheet.set_column(column, column, max([_NARROW, *(width_of(called) + 2 for called, _ in rows)]))
        sheet.set_column(column + 1, column + 1, _NARROW)
        if rows:
            letter = column_letters(column)
            places[name] = f"${letter}$2:${letter}${len(rows) + 1}"
    return places


def _write_about(sheet: Worksheet, listed: OfficeList, heading: Format, tell: Tell) -> None:
    lines = [tell(f"template.about.{name}", profile=listed.name) for name in listed.about]
    for number, line in enumerate(lines):
        sheet.write_string(number, 0, line)
    below = len(lines) + 1
    for column, name in enumerate(("header", "needed", "meaning", "names")):
        sheet.write_string(below, column, tell(f"template.about.{name}_column"), heading)
    for number, (field, names) in enumerate(listed.names.items(), below + 1):
        sheet.write_string(number, 0, names[0])
        sheet.write_string(number, 1, tell("template.needed") if field in listed.required else "")
        sheet.write_string(number, 2, tell(f"template.{listed.words}.{field}"))
        sheet.write_string(number, 3, "、".join((*names[1:], field)))
    sheet.set_column(0, 0, 16)
    sheet.set_column(1, 1, 8)
    sheet.set_column(2, 3, _WIDEST)
