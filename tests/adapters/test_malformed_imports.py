"""Ten thousand files that are not what they should be: each is refused, or imported whole row by row."""

from __future__ import annotations

import os
import random
import re
import struct
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from adapters.exchange.grid import ImportRefused
from adapters.exchange.importer import Report, run_import
from adapters.exchange.suggestions import SuggestionsSheet
from adapters.memory import MemoryLedger
from api.words import words
from domain.docket import Docket
from tests.adapters.workbooks import by_library, header, inline, members, ods, ods_cell, ods_row, row_of, zipped
from tests.registry import shipped_registry

PLACE = "cn-999900"
YUNJIANG = shipped_registry().jurisdiction(PLACE)
MOST_MEGABYTES = 512
HEADERS = ["编号", "案由", "领衔代表", "提出日期", "主办单位", "交办日期", "答复日期", "办理结果"]
ROWS = [
    ["2026001", "建议修路", "甲一", "2026-01-20", "jtj", "2026-02-01", "2026-04-01", "A"],
    ["2026002", "建议修桥", "乙一", "2026-01-21", "市水利局", "2026-02-01", "", ""],
    ["2026003", "建议植树", "丙一", "2026-01-22", "", "", "", ""],
]
STEPS = {"2026001": 3, "2026002": 2, "2026003": 1}
CSV = "\r\n".join(",".join(row) for row in (HEADERS, *ROWS)) + "\r\n"

Chance = random.Random


def good_xlsx() -> bytes:
    with tempfile.TemporaryDirectory() as folder:

        def build(book: object, sheet: object) -> None:
            day = book.add_format({"num_format": "yyyy-mm-dd"})  # type: ignore[attr-defined]
            for number, row in enumerate((HEADERS, *ROWS)):
                for place, cell in enumerate(row):
                    if re.fullmatch(r"\d{4}-\d\d-\d\d", cell):
                        sheet.write_datetime(number, place, date.fromisoformat(cell), day)  # type: ignore[attr-defined]
                    else:
                        sheet.write_string(number, place, cell)  # type: ignore[attr-defined]

        return by_library(Path(folder) / "a.xlsx", build).read_bytes()


def good_ods() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        rows = "".join(ods_row(*map(ods_cell, row)) for row in (HEADERS, *ROWS))
        return ods(Path(folder) / "a.ods", rows).read_bytes()


XLSX, ODS, TEXT = good_xlsx(), good_ods(), CSV.encode()


# What may happen to a file


def cut(chance: Chance, data: bytes) -> bytes:
    return data[: chance.randrange(len(data))]


def flipped(chance: Chance, data: bytes) -> bytes:
    changed = bytearray(data)
    for _ in range(chance.choice((1, 1, 2, 8, 64))):
        changed[chance.randrange(len(changed))] ^= 1 << chance.randrange(8)
    return bytes(changed)


def swapped(chance: Chance, data: bytes) -> bytes:
    one, two = sorted((chance.randrange(len(data)), chance.randrange(len(data))))
    return data[:one] + data[two:] + data[one:two]


def filled(chance: Chance, data: bytes) -> bytes:
    place = chance.randrange(len(data))
    return data[:place] + chance.randbytes(chance.randrange(1, 200)) + data[place + chance.randrange(50) :]


def encoded(chance: Chance, data: bytes) -> bytes:
    del data
    return CSV.encode(
        chance.choice(("gbk", "gb18030", "utf-16", "utf-16-le", "utf-32", "utf-8-sig", "big5")), "replace"
    )


def recelled(chance: Chance, data: bytes) -> bytes:
    """A workbook by hand in which one cell, or one row, is another."""
    del data
    cells = [
        "<c><f>A1</f></c>", '<c t="e"><v>#REF!</v></c>', '<c t="s"><v>99</v></c>', '<c t="s"><v>-1</v></c>',
        "<c><v>x</v></c>", "<c><v>1e999</v></c>", '<c s="1"><v>99999999999</v></c>', '<c s="x"><v>1</v></c>',
        '<c r="A0"><v>1</v></c>', '<c r="ZZZZ1"><v>1</v></c>', "<c><v>1</v><v>2</v></c>", "<c/>", "<c><c/></c>",
        inline("\t"), inline("=1+1"), inline("9" * 40_000), '<c t="d"><v>2026-13-45</v></c>', "<c><is/></c>",
        '<c t="zz"><v>甲</v></c>', '<c s="1"><v>60</v></c>', '<c s="1"><v>-5</v></c>', "<c><v>NaN</v></c>",
    ]  # fmt: skip
    rows = [[*map(inline, row)] for row in ROWS]
    chance.choice(rows)[chance.randrange(len(HEADERS))] = chance.choice(cells)
    return zipped(members(header(*HEADERS) + "".join(row_of(*row) for row in rows), merged(chance)))


def merged(chance: Chance) -> str:
    """Merged cells, likely and unlikely ones."""

    def place() -> str:
        return f"{chance.choice('ABCDEFGHIZ')}{chance.choice((0, 1, 2, 3, 4, 99, 9999999))}"

    cells = "".join(f'<mergeCell ref="{place()}:{place()}"/>' for _ in range(chance.randrange(3)))
    return f"<mergeCells>{cells}</mergeCells>"


def blown_up(chance: Chance, data: bytes) -> bytes:
    """A workbook with a bomb, an unsafe name, or a directory that lies."""
    content = members(header(*HEADERS) + "".join(header(*row) for row in ROWS))
    name = chance.choice(("xl/x.bin", "../x", "/x", "xl/vbaProject.bin", "a" * 60_000, "xl\\..\\x"))
    packed = bytearray(zipped({**content, name: b"\0" * chance.choice((0, 10, 100_000))}, chance.randrange(10)))
    for _ in range(chance.randrange(3)):
        start = chance.choice([found.start() for found in re.finditer(b"PK\x01\x02", packed)])
        place = start + chance.choice((8, 10, 20, 24, 28, 42))
        packed[place : place + 4] = struct.pack("<I", chance.choice((0, 1, 9_999, 2**31, 2**32 - 1)))
    del data
    return bytes(packed)


def blank(chance: Chance, data: bytes) -> bytes:
    """A workbook with many rows in which nothing stands."""
    del data
    empty = chance.choice(("<row/>", '<row><c s="1"/></row>', "<row><c><v></v></c></row>", header(" ", "\n")))
    rows = [*(header(*row) for row in ROWS)]
    rows.insert(chance.randrange(4), empty * chance.randrange(1, 300))
    above = empty * chance.randrange(15)
    return zipped(members(above + header(*HEADERS) + "".join(rows)))


def reworded(chance: Chance, data: bytes) -> bytes:
    """A workbook one of whose parts has other XML in it."""
    del data
    content = members(header(*HEADERS) + "".join(header(*row) for row in ROWS))
    name = chance.choice([*content])
    text = str(content[name])
    place = chance.randrange(len(text))
    piece = chance.choice(
        ("<", ">", "&", "&#0;", "<!DOCTYPE a>", "<a>", "</row>", "<row>", '"', "<!--", "]]>", "\x01", "甲")
    )
    content[name] = chance.choice((text[:place] + piece + text[place:], text[:place], text[::-1], piece))
    if chance.random() < 0.2:
        del content[name]
    return zipped(content)


ANY: list[Callable[[Chance, bytes], bytes]] = [cut, flipped, flipped, swapped, filled]
HARMS = {
    "xlsx": (XLSX, [*ANY, recelled, recelled, recelled, blown_up, blank, reworded, reworded]),
    "csv": (TEXT, [*ANY, encoded]),
    "ods": (ODS, ANY),
}


def import_all(count: int, seed: int) -> Counter[str]:
    """What became of so many files; anything but a refusal or whole rows ends it."""
    chance = random.Random(seed)
    known = words("zh").entries.keys() & words("en").entries.keys()
    became: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "list"
        for _ in range(count):
            kind = chance.choice(("xlsx", "xlsx", "xlsx", "csv", "ods"))
            good, harms = HARMS[kind]
            path.write_bytes(chance.choice(harms)(chance, good))
            ledger = MemoryLedger()
            docket = Docket(ledger, shipped_registry())
            message_id = ""
            try:
                report: Report | None = run_import(
                    docket, ledger, SuggestionsSheet(YUNJIANG, {}), path, actor="clerk-1"
                )
            except ImportRefused as refused:
                report, message_id = None, refused.message_id
            if report is None:
                assert message_id in known, message_id
                assert ledger.head() == 0
                became[message_id] += 1
                continue
            assert report.done == report.rows
            assert report.cases + len(report.refusals) == report.rows
            assert {refusal.message_id for refusal in report.refusals} <= known
            assert ledger.head() == report.steps
            became["imported" if not report.refusals else "rows refused"] += 1
            for event in {event.originator_id: event for event in ledger.tail(0, 1_000)}.values():
                case_file = docket.case_file(str(event.originator_id))
                number = str(case_file.case and case_file.case.facts().number)
                assert case_file.version <= 3
                became["whole"] += case_file.version == STEPS.get(number)
    return became


def peak_megabytes() -> int:
    """How much memory this process has taken at most."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    assert found is not None
    return int(found[1]) // 1024


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="how much memory a process took at most is asked of Linux")
def test_ten_thousand_malformed_files_are_refused_or_imported_whole_in_little_memory() -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", __name__, "10000", "20260331"],
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).parents[2],
        env={**os.environ, "PYTHONPATH": "."},
        timeout=900,
    )
    assert done.returncode == 0, done.stderr[-3_000:]
    became, megabytes = done.stdout.rsplit(maxsplit=1)
    for kind in ("imported", "rows refused", "import-broken-workbook", "import-wrong-encoding", "import-macros"):
        assert f"'{kind}'" in became
    assert int(megabytes) < MOST_MEGABYTES


def test_some_malformed_files_are_refused_or_imported_whole() -> None:
    became = import_all(100, 7)
    assert became["imported"] > 0
    assert sum(became.values()) - became["whole"] == 100


if __name__ == "__main__":
    print(import_all(int(sys.argv[1]), int(sys.argv[2])), peak_megabytes())  # noqa: T201 - for who started it
