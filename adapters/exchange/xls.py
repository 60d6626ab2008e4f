"""Workbooks of the old binary format, read by a process of its own that may take only so much memory and time."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

from adapters.exchange.biff import error_cells
from adapters.exchange.grid import Cell, Collector, Fault, Grid, ImportRefused

MOST_MEMORY = 384 * 1024 * 1024
"""Bytes of memory that the reading process may ask for."""
MOST_SECONDS = 60
"""Of processor time."""

_MACROS = "_VBA_PROJECT".encode("utf-16-le")
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
_BOOK = tuple(name.encode("utf-16-le") for name in ("Workbook", "Book"))
_EXACT = 10**15


def read(path: Path, data: bytes, collector: Collector) -> Grid | None:
    """The first visible sheet that fits; None if none does."""
    if _ENCRYPTED in data:
        raise ImportRefused("import-encrypted", file=path.name)
    if _MACROS in data:
        raise ImportRefused("import-macros", file=path.name)
    if not any(name in data for name in _BOOK):
        raise ImportRefused("import-not-a-table", file=path.name, found="ole")
    command = [sys.executable, "-P", "-m", __name__, str(path.absolute())]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:  # noqa: S603 - our own
        try:
            assert process.stdout is not None  # noqa: S101 - as asked for
            grid = _collected(map(json.loads, process.stdout), collector)
            if grid is not None:
                return grid
            if process.wait():
                raise ImportRefused("import-broken-workbook", file=path.name)
            return None
        finally:
            process.kill()


def _collected(told: Iterator[Any], collector: Collector) -> Grid | None:
    for one in told:
        match one:
            case {"sheet": name}:
                collector.begin(name)
            case {"row": number, "cells": cells}:
                collector.row(number, {place: _cell(cell) for place, cell in cells})
            case {"merged": merges}:
                for first, last in merges:
                    collector.merged((first[0] + 1, first[1]), (last[0] + 1, last[1]))
                if (grid := collector.end()) is not None:
                    return grid
            case "encrypted":
                raise ImportRefused("import-encrypted", file=collector.file)
    return None


def _cell(told: str | float | None) -> Cell:
    if told is None:
        return Fault("import-cell-error")
    return told if isinstance(told, str) else Fault("import-number-too-long", str(told))


def main(path: str) -> None:
    """Tell the visible sheets of a workbook on the standard output, one JSON value a line."""
    import resource  # noqa: PLC0415 - only this process is limited

    from python_calamine import PasswordError, SheetTypeEnum, SheetVisibleEnum, load_workbook  # noqa: PLC0415 - the same

    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (MOST_SECONDS, MOST_SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        book = load_workbook(path)
    except PasswordError:
        _tell("encrypted")
        return
    errors = error_cells(Path(path).read_bytes())
    for i, known in enumerate(book.sheets_metadata):
        if known.visible is not SheetVisibleEnum.Visible or known.typ is not SheetTypeEnum.WorkSheet:
            continue
        _tell({"sheet": known.name})
        sheet = book.get_sheet_by_index(i)
        for number, cells in enumerate(sheet.iter_rows(), 1):
            said: dict[int, object] = {place: _plain(cell) for place, cell in enumerate(cells) if cell != ""}
            said |= dict.fromkeys(errors[i].get(number - 1, ()))
            if said:
                _tell({"row": number, "cells": sorted(said.items())})
        _tell({"merged": sheet.merged_cell_ranges or []})


def _tell(what: object) -> None:
    sys.stdout.write(json.dumps(what) + "\n")


def _plain(value: object) -> str | float:
    """A cell as text; a number that is too long to be exact stays one."""
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, (int, float)):
        if not abs(value) < _EXACT:
            return float(value)
        return str(int(value)) if float(value).is_integer() else repr(value)
    if isinstance(value, datetime):
        return str(value.replace(microsecond=0)).removesuffix(" 00:00:00")
    return value.isoformat() if isinstance(value, (date, time)) else str(value)


if __name__ == "__main__":
    main(sys.argv[1])
