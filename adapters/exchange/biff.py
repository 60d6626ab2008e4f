"""The cells of an old binary workbook that hold an error value, which its reader leaves empty."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from struct import unpack_from

_NO_SECTOR = 0xFFFFFFFA
_ENTRY = 128
_BOOKS = ("Workbook", "Book")
_BOF, _EOF, _BOUND_SHEET, _BOOLERR, _FORMULA = 0x0809, 0x000A, 0x0085, 0x0205, 0x0006
_ERROR = 2
"""Of a formula: its result is an error."""
_NOT_A_NUMBER = 0xFFFF


def error_cells(data: bytes) -> list[dict[int, list[int]]]:
    """For each sheet in the workbook's order, the columns of each row in which an error value stands, from 0.

    A damaged file raises what reading it raises.
    """
    book = _book(data)
    sheets = [unpack_from("<I", content)[0] for kind, content in _records(book, 0) if kind == _BOUND_SHEET]
    return [_by_row(_errors(book, start)) for start in sheets]


def _by_row(cells: Iterable[tuple[int, int]]) -> dict[int, list[int]]:
    found: dict[int, list[int]] = {}
    for row, column in cells:
        found.setdefault(row, []).append(column)
    return found


def _errors(book: bytes, start: int) -> Iterator[tuple[int, int]]:
    for kind, content in _records(book, start):
        if kind == _BOOLERR:
            row, column, _, _, is_error = unpack_from("<HHHBB", content)
            if is_error:
                yield row, column
        elif kind == _FORMULA:
            row, column, _, what, sign = unpack_from("<HHHB5xH", content)
            if what == _ERROR and sign == _NOT_A_NUMBER:
                yield row, column


def _records(book: bytes, place: int) -> Iterator[tuple[int, bytes]]:
    """The records of a part of the book, up to its end; what is embedded in it is passed over."""
    depth = 0
    while True:
        kind, length = unpack_from("<HH", book, place)
        place += 4
        if kind == _BOF:
            depth += 1
        elif kind == _EOF:
            depth -= 1
            if depth <= 0:
                return
        elif depth == 1:
            yield kind, book[place : place + length]
        place += length


def _book(data: bytes) -> bytes:
    """The workbook's stream in its compound file."""
    size, small = (1 << exponent for exponent in unpack_from("<HH", data, 30))
    first_of_directory, _, least, first_of_small, _, more = unpack_from("<6I", data, 48)

    def sector(number: int) -> bytes:
        return data[(number + 1) * size : (number + 2) * size]

    tables = list(unpack_from("<109I", data, 76))
    for _ in range(len(data) // size):
        if more >= _NO_SECTOR:
            break
        *further, more = _numbers(sector(more))
        tables += further
    fat = [number for table in tables if table < _NO_SECTOR for number in _numbers(sector(table))]
    directory = _chain(first_of_directory, fat, sector)
    entries = dict(_entries(directory))
    start, length = next(entries[name] for name in _BOOKS if name in entries)
    if length >= least:
        return _chain(start, fat, sector)[:length]
    parts = _chain(entries["Root Entry"][0], fat, sector)
    small_fat = _numbers(_chain(first_of_small, fat, sector))
    return _chain(start, small_fat, lambda number: parts[number * small : (number + 1) * small])[:length]


def _numbers(sector: bytes) -> tuple[int, ...]:
    return unpack_from(f"<{len(sector) // 4}I", sector)


def _chain(start: int, fat: Sequence[int], sector: Callable[[int], bytes]) -> bytes:
    found = bytearray()
    for _ in range(len(fat) + 1):
        if start >= _NO_SECTOR:
            return bytes(found)
        found += sector(start)
        start = fat[start]
    raise ValueError("a chain of sectors that leads back into itself")


def _entries(directory: bytes) -> Iterator[tuple[str, tuple[int, int]]]:
    for place in range(0, len(directory) - _ENTRY + 1, _ENTRY):
        length = unpack_from("<H", directory, place + 64)[0]
        name = directory[place : place + max(0, length - 2)].decode("utf-16-le", "replace")
        yield name, unpack_from("<II", directory, place + 116)
