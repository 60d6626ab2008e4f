"""The log as static files (c2sp.org/tlog-tiles): 256 hashes or entries in each, the last ones perhaps fewer."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path

from adapters.audit.merkle import HASH_BYTES, Hashes, node_hash

WIDTH = 256
"""How many hashes, or entries, a full tile has."""
HEIGHT = 8
"""How many levels of the tree stand between the hashes of one level of tiles and those of the next."""
CHECKPOINT = "checkpoint"
KEY = "key"
ENTRIES = "entries"

_PREFIX_BYTES = 2
_REMEMBERED = 256


class TileError(Exception):
    """A tile that is missing or not as long as it should be; the message names it."""


class Tiles:
    """The folder of a log's tiles."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def at(self, level: int | str, number: int, width: int = WIDTH) -> Path:
        """Where a tile is: level 0, 1, … of hashes, or "entries"."""
        groups = [f"{number % 1000:03}"]
        while number := number // 1000:
            groups.insert(0, f"x{number % 1000:03}")
        place = self.folder.joinpath("tile", str(level), *groups)
        return place if width == WIDTH else place.with_name(f"{place.name}.p") / str(width)

    # Writing

    def write(self, name: Path | str, content: bytes) -> None:
        """Write a file whole or not at all, so that it is there after a crash."""
        place = self.folder / name
        missing = [folder for folder in place.parents if not folder.exists()]
        place.parent.mkdir(parents=True, exist_ok=True)
        new = place.with_name(f".{place.name}.{os.getpid()}")
        with new.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        new.replace(place)
        for folder in {place.parent, *(folder.parent for folder in missing)}:
            _sync(folder)

    def write_hashes(self, level: int, number: int, hashes: list[bytes]) -> None:
        """Write a tile of hashes; when it is full, the narrower ones that it replaces are removed."""
        self._write_tile(level, number, len(hashes), b"".join(hashes))

    def write_entries(self, number: int, entries: Iterable[bytes]) -> None:
        """Write a tile of entries, each with its length in two bytes before it."""
        parts = [len(entry).to_bytes(_PREFIX_BYTES, "big") + entry for entry in entries]
        self._write_tile(ENTRIES, number, len(parts), b"".join(parts))

    def _write_tile(self, level: int | str, number: int, width: int, content: bytes) -> None:
        self.write(self.at(level, number, width), content)
        if width == WIDTH:
            narrow = self.at(level, number, 1).parent
            for old in narrow.glob("*"):
                old.unlink()
            if narrow.is_dir():
                narrow.rmdir()

    # Reading

    def entries(self, size: int) -> Iterator[bytes]:
        """The entries of a log of that size, in order."""
        for number, width in _widths(size):
            place = self._place(ENTRIES, number, width)
            content, done = place.read_bytes(), 0
            for _ in range(width):
                end = done + _PREFIX_BYTES + int.from_bytes(content[done : done + _PREFIX_BYTES], "big")
                if len(content) < end or end == done:
                    raise TileError(f"{place} is too short")
                yield content[done + _PREFIX_BYTES : end]
                done = end

    def reader(self) -> Hashes:
        """The hashes of complete subtrees as a proof asks for them; each tile is looked for once."""
        trees: dict[tuple[int, int], list[list[bytes]]] = {}

        def hash_at(level: int, number: int) -> bytes:
            tile_level, inside = divmod(level, HEIGHT)
            tile, first = divmod(number << inside, WIDTH)
            if (tree := trees.get((tile_level, tile))) is None or len(tree[0]) < first + (1 << inside):
                place = self._tile_with(tile_level, tile, first + (1 << inside))
                tree = _tree(place, place.stat().st_mtime_ns)
                trees[tile_level, tile] = tree
            return tree[inside][first >> inside]

        return hash_at

    def _tile_with(self, level: int, number: int, count: int) -> Path:
        """A tile that has that many hashes: the full one, or the widest there is."""
        full = self.at(level, number)
        if full.is_file():
            return full
        narrow = self.at(level, number, 1).parent
        widest = max((int(place.name) for place in narrow.glob("[0-9]*")), default=0)
        if widest < count:
            raise TileError(f"{full} is missing")
        return narrow / str(widest)

    def _place(self, level: int | str, number: int, width: int) -> Path:
        """Where that many are: in the tile of this width, or in the full one that replaced it."""
        for place in (self.at(level, number, width), self.at(level, number)):
            if place.is_file():
                return place
        raise TileError(f"{self.at(level, number, width)} is missing")


def pairs(hashes: list[bytes]) -> Iterator[tuple[bytes, bytes]]:
    """Neighbours: the first with the second, the third with the fourth, and so on."""
    return zip(hashes[::2], hashes[1::2], strict=True)


@lru_cache(_REMEMBERED)
def _tree(tile: Path, _written: int) -> list[list[bytes]]:
    """The hashes of a tile, and of the complete subtrees over them; it is another one only of a log begun anew."""
    content = tile.read_bytes()
    levels = [[content[i : i + HASH_BYTES] for i in range(0, len(content), HASH_BYTES)]]
    while len(levels[-1]) > 1:
        below = levels[-1]
        levels.append([node_hash(*pair) for pair in pairs(below[: len(below) & ~1])])
    return levels


def _widths(size: int) -> Iterator[tuple[int, int]]:
    full, rest = divmod(size, WIDTH)
    yield from ((number, WIDTH) for number in range(full))
    if rest:
        yield full, rest


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
