"""The verifier: what a file for auditors proves, from the file and a public key alone. It asks no database and no net.

It shares the record and the tree with the service. `tests/audit/verifier` has one that shares nothing.
"""

from __future__ import annotations

import gzip
import json
import re
import zlib
from collections import deque
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from io import BytesIO
from itertools import chain, islice
from multiprocessing import get_context
from os import SEEK_END
from pathlib import Path
from typing import Any, BinaryIO, Final

import orjson

from adapters.audit.anchor import AnchorError, read_heads, stamped_at
from adapters.audit.checkpoint import Checkpoint
from adapters.audit.fork import told_of
from adapters.audit.merkle import Frontier, ProofError, check_consistency, check_inclusion, leaf_hash
from adapters.audit.note import NoteError, PublicKey, opened
from adapters.audit.record import (
    BUNDLE,
    CONSISTENCY,
    FORK,
    LOG,
    MOST,
    SHARD,
    Checked,
    RecordError,
    checked,
    decoded,
    recorded_in,
    written,
)

_GZIP = b"\x1f\x8b"
_BEGINS = b'{"format":'
_AT_ONCE: Final = 2_000
"""Lines of a packed log that are looked at in one go."""
_MEMBERS = {
    BUNDLE: {"format", "checkpoint", "ledger_id", "case_id", "records"},
    CONSISTENCY: {"format", "checkpoint"},
    LOG: {"format", "checkpoint", "ledger_id"},
    SHARD: {"format", "ledger_id", "begins", "ends", "opening", "closing"},
    FORK: {"format", "checkpoint", "ended"},
}
_SINCE = {"since", "consistency"}
_OF_LINES = {LOG, SHARD}
"""Of these only the first line is about the whole, and each other one is a record."""
_NEW_YEAR = re.compile(r"(\d{4})-01-01T00:00:00[+-]\d\d:\d\d", re.ASCII)
_BYTES_AT_ONCE: Final = 2_000_000
_AHEAD: Final = 8
"""Portions that wait to be looked at."""

Portion = list[bytes] | tuple[Path, int, int]
"""Lines, or where they are in a file."""
Link = tuple[int, str, int, str, str | None, str]
"""Of a record: position, case, version, when it was recorded, and the leaves of the step before it and of itself."""


class VerifyError(Exception):
    """What was handed over is not what was recorded, or proves nothing; the message says where."""


@dataclass
class Verdict:
    """What a file proves, as message ids with parameters; and what it does not."""

    proves: list[tuple[str, dict[str, object]]] = field(default_factory=list)
    leaves_open: list[str] = field(default_factory=list)
    records: list[Checked] = field(default_factory=list)
    """Of a bundle: the steps of the case."""

    def note(self, message_id: str, **params: object) -> None:
        """One more thing is proved."""
        self.proves.append((message_id, params))


def verify(
    place: Path,
    key: PublicKey,
    held: Sequence[str] = (),
    witnesses: Sequence[PublicKey] = (),
    heads: Path | None = None,
    *,
    after: Path | None = None,
    authority: bytes | None = None,
    ended: PublicKey | None = None,
) -> Verdict:
    """Check a file; refused (`VerifyError`) as soon as anything is not as it should be.

    `held` are checkpoints that the auditor has kept: the file's log has to be a continuation of each. Every one of
    the witnesses must have signed the file's checkpoint. `heads` is a file of the heads of all cases: a bundle has to
    reach as far as it. `after` is the year before a year, which has to continue it; by the certificates of an
    `authority` (PEM) the time-stamp of a year is checked. Of a fork, `ended` is the key of the log that ended.
    """
    earlier = None
    if after is not None:
        with _told("the year before"):
            earlier = _looked_at(after, key).end
            if earlier is None:
                raise VerifyError("it is not a year of a log")
    checking = _looked_at(place, key, held, witnesses, heads, earlier, authority, ended)
    if after is not None and checking.end is None:
        raise VerifyError("only a year of a log continues a year")
    return checking.verdict


def _looked_at(
    place: Path,
    key: PublicKey,
    held: Sequence[str] = (),
    witnesses: Sequence[PublicKey] = (),
    heads: Path | None = None,
    earlier: _End | None = None,
    authority: bytes | None = None,
    ended: PublicKey | None = None,
) -> _Checking:
    with _opened(place) as file:
        head = file.readline()
        of_lines = head.startswith(_BEGINS) and any(f'{{"format":"{one}"'.encode() in head for one in _OF_LINES)
        with _told():
            said = read_object(head if of_lines else head + file.read())
            if next(iter(said), None) != "format" or said["format"] not in _MEMBERS:
                raise VerifyError(f"it is none of {', '.join(_MEMBERS)}")
            packed = isinstance(file, gzip.GzipFile)
            if packed and not of_lines:
                raise VerifyError("only a log, or a year of one, may be packed")
            checking = _Checking(said, key, held, witnesses, ended)
            if said["format"] in _OF_LINES:
                portions = _lines_of(file) if packed else _ranges_of(place, file.tell())
                if said["format"] == LOG:
                    checking.whole_log(portions)
                else:
                    checking.year(portions, earlier, authority)
            elif said["format"] == FORK:
                checking.fork()
            else:
                checking.since()
                if said["format"] == BUNDLE:
                    checking.bundle()
                    checking.reaches(heads)
                else:
                    checking.verdict.leaves_open.append("audit.open-contents")
        return checking


@dataclass(frozen=True)
class _End:
    """Where a year of a log ends, which is where the next one begins."""

    year: int
    ends: str
    ledger_id: str
    frontier: Frontier
    order: _Chain
    checkpoint: Checkpoint


class _Checking:
    """One file while it is checked."""

    def __init__(
        self,
        said: Mapping[str, Any],
        key: PublicKey,
        held: Sequence[str],
        witnesses: Sequence[PublicKey],
        ended: PublicKey | None,
    ) -> None:
        self.verdict = Verdict()
        self._said = said
        self._key = key
        self._ended = ended
        self.end: _End | None = None
        more = set()
        if said["format"] in {BUNDLE, CONSISTENCY} and not _SINCE.isdisjoint(said):
            more = _SINCE
        elif said["format"] == FORK:
            more = said.keys() & {"common"}
        if said.keys() != _MEMBERS[said["format"]] | more:
            raise VerifyError("the file has not the members that its format has")
        signed = _object(said, "closing") if said["format"] == SHARD else said
        self._checkpoint = Checkpoint.opened(_text(signed["checkpoint"]), key, *witnesses)
        self._held = [self._own(note) for note in held]
        self._refuse_fork(self._checkpoint, *self._held)
        self.verdict.note(
            "audit.signed",
            origin=self._checkpoint.origin,
            size=self._checkpoint.size,
            root=self._checkpoint.root.hex(),
        )
        for witness in witnesses:
            self.verdict.note("audit.witnessed", witness=witness.name)
        if not held:
            self.verdict.leaves_open.append("audit.open-nothing-held")

    def _own(self, note: str) -> Checkpoint:
        """A checkpoint that the auditor holds; of a fork it may be one of the log that ended."""
        origin = Checkpoint.unchecked(note).origin
        for key in filter(None, (self._key, self._ended)):
            if key.name == origin:
                return Checkpoint.opened(note, key)
        raise VerifyError(
            f"you hold a checkpoint of {origin}, and this is {self._key.name}: if that was begun in its place, "
            "ask for the file of the fork"
        )

    def fork(self) -> None:
        """That both logs' keys signed that one was begun in place of the other, and what the two have in common."""
        if self._ended is None:
            raise VerifyError("of a fork the key of the log that ended is needed too")
        note, newest = _text(self._said["checkpoint"]), self._checkpoint
        opened(note, self._ended)
        old, told = Checkpoint.opened(_text(self._said["ended"]), self._ended), told_of(note)
        if told is None or (told.ended, told.ended_size, decoded(told.ended_root)) != (old.origin, old.size, old.root):
            raise VerifyError("the new log does not say that it was begun in place of that one")
        if told.ended == newest.origin or self._ended.raw == self._key.raw:
            raise VerifyError("both logs have the same name or the same key")
        if len(set(told.approved_by)) < len(told.approved_by):
            raise VerifyError("somebody approved it twice")
        if not all(text.strip() for text in (told.reason, *told.approved_by)):
            raise VerifyError("a reason or a name says nothing")
        self.verdict.note(
            "audit.forked",
            origin=newest.origin,
            size=newest.size,
            ended=old.origin,
            ended_size=old.size,
            at=written(told.begun_at),
            reason=told.reason,
            approved=", ".join(told.approved_by),
        )
        if told.common > 0:
            common = _object(self._said, "common")
            if common.keys() != {"root", "proof", "ended_proof"}:
                raise VerifyError("common has not the members that it should have")
            root = decoded(_text(common["root"]))
            with _told("common"):
                check_consistency(told.common, newest.size, root, newest.root, proof_of(common, "proof"))
                check_consistency(told.common, old.size, root, old.root, proof_of(common, "ended_proof"))
            self.verdict.note("audit.fork-common", common=told.common)
        elif "common" in self._said:
            raise VerifyError("the two logs have nothing in common")
        self._reaches_held([newest, old])
        self.verdict.leaves_open += ["audit.open-ended", "audit.open-contents"]

    def since(self) -> None:
        """That the log continues an older checkpoint, and those that the auditor holds."""
        newest, since = self._checkpoint, None
        if "since" in self._said:
            since = Checkpoint.opened(_text(self._said["since"]), self._key)
            proof = proof_of(self._said, "consistency")
            check_consistency(since.size, newest.size, since.root, newest.root, proof)
            self.verdict.note("audit.continues", size=since.size, later=newest.size)
        elif self._said["format"] == CONSISTENCY:
            raise VerifyError("the file has only one checkpoint")
        self._reaches_held([newest] if since is None else [since, newest])

    def bundle(self) -> None:
        """That the steps are in the log, are those of the case, and follow each other."""
        case_id, newest = _text(self._said["case_id"]), self._checkpoint
        ledger_id, order, records = _text(self._said["ledger_id"]), _Chain(), self.verdict.records
        for number, one in enumerate(_list(self._said, "records"), 1):
            with _told(f"step {number}"):
                record = checked({name: value for name, value in one.items() if name != "proof"}, ledger_id)
                if record.case_id != case_id:
                    raise VerifyError("it is of another case")
                order.take(*link_of(record))
                leaf = bytes.fromhex(record.leaf)
                check_inclusion(record.position - 1, newest.size, leaf, proof_of(one, "proof"), newest.root)
                records.append(record)
        if not records:
            raise VerifyError("the bundle has no step")
        self.verdict.note("audit.bundle-included", case=case_id, count=len(records), size=newest.size)
        self.verdict.leaves_open.append("audit.open-occurred")

    def reaches(self, heads: Path | None) -> None:
        """That the case had no more steps than the bundle when its heads were laid down."""
        if heads is None:
            self.verdict.leaves_open.append("audit.open-later-steps")
            return
        case_id, records = _text(self._said["case_id"]), self.verdict.records
        with _opened(heads) as file, _told("the case heads"):
            checkpoint, found = read_heads(iter(file), self._key)
            self._refuse_fork(checkpoint, self._checkpoint, *self._held)
            if checkpoint.size > self._checkpoint.size:
                raise VerifyError("they are of a later day than the bundle: ask for a new bundle")
            version, leaf = found.get(case_id, (0, ""))
            if version > len(records) or (version and records[version - 1].leaf != leaf):
                raise VerifyError(f"the case had {version} steps then, and the bundle has other ones, or fewer")
        self.verdict.note("audit.heads-reached", size=checkpoint.size, version=version)
        self.verdict.leaves_open.append("audit.open-later-than-heads")

    def whole_log(self, portions: Iterable[Portion]) -> None:
        """That the records are all those that were signed, and stand as they were recorded."""
        newest, frontier, order = self._checkpoint, Frontier(), _Chain()
        kept = {own.size: own for own in self._held}
        if kept and max(kept) > newest.size:
            raise VerifyError(f"a checkpoint that you hold has {max(kept)} records, the file only {newest.size}")
        for number, _ in self._taken(portions, frontier, order):
            if number in kept:
                self._refuse_fork(kept[number], Checkpoint(newest.origin, number, frontier.root()))
        if frontier.size != newest.size:
            raise VerifyError(f"the file has {frontier.size} records, its checkpoint {newest.size}")
        if frontier.root() != newest.root:
            raise VerifyError("the records have another root than the checkpoint")
        self.verdict.note("audit.log-whole", size=newest.size, cases=len(order.heads))
        for size in sorted(kept):
            self.verdict.note("audit.held-continued", size=size)
        self.verdict.leaves_open.append("audit.open-occurred")

    def year(self, portions: Iterable[Portion], earlier: _End | None, authority: bytes | None) -> None:
        """That the records are those that were recorded in the year, and that the log was signed with them."""
        ledger_id, year, begins, ends = _text(self._said["ledger_id"]), *self._borders()
        opening, closing = _object(self._said, "opening"), _object(self._said, "closing")
        frontier, known = self._opened(opening, ledger_id, begins)
        before, last, newest = frontier.size, _number(closing, "size"), self._checkpoint
        order = _Chain(begun=before > 0)
        compared = list(self._held)
        if earlier is not None:
            order = self._continues(earlier, year, begins, ledger_id, frontier)
            compared.append(earlier.checkpoint)
        kept = {own.size: own for own in compared}
        self._refuse_fork(*known, *compared)
        self._reaches_held(known, range(before + 1, last + 1))
        cases = set()
        for number, (_, case_id, _, recorded_at, *_) in self._taken(portions, frontier, order):
            cases.add(case_id)
            if not begins <= recorded_at < ends:
                raise VerifyError(f"record {number}: it was recorded at {recorded_at}, not in {year}")
            if number in kept:
                self._refuse_fork(kept[number], Checkpoint(newest.origin, number, frontier.root()))
        if not before < frontier.size == last:
            raise VerifyError(f"the file ends with record {frontier.size}, and begins after {before}")
        with _told("closing"):
            check_consistency(last, newest.size, frontier.root(), newest.root, proof_of(closing, "proof"))
        span = {"year": year, "first": before + 1, "last": last, "begins": begins, "ends": ends}
        self.verdict.note("audit.year-whole", **span, count=last - before, cases=len(cases))
        self._closed(closing, year, ledger_id, last, ends)
        self._heads_of(closing, {case: order.heads[case] for case in cases}, last)
        self._stamped(closing, authority)
        if before and earlier is None:
            self.verdict.leaves_open.append("audit.open-years-before")
        self.verdict.leaves_open.append("audit.open-occurred")
        self.end = _End(year, ends, ledger_id, frontier, order, newest)

    def _borders(self) -> tuple[int, str, str]:
        """The year, where it begins and where the next one does, as records say times."""
        texts = [_text(self._said[name]) for name in ("begins", "ends")]
        years = [int(found[1]) for found in map(_NEW_YEAR.fullmatch, texts) if found]
        if len(years) < len(texts) or years[0] + 1 != years[1]:
            raise VerifyError("begins and ends are not New Year's Days, one a year after the other")
        begins, ends = (written(datetime.fromisoformat(text)) for text in texts)
        return years[0], begins, ends

    def _opened(self, opening: Mapping[str, Any], ledger_id: str, begins: str) -> tuple[Frontier, list[Checkpoint]]:
        """The tree before the year, and the checkpoints of which the file proves that the log continues them."""
        with _told("opening"):
            size = _number(opening, "size")
            frontier = Frontier(size, proof_of(opening, "frontier"))
            known = [self._checkpoint]
            perhaps = {"checkpoint", "proof"} if size and "checkpoint" in opening else set()
            if opening.keys() != {"size", "frontier"} | perhaps | ({"before"} if size else set()):
                raise VerifyError("it has not the members that it should have")
            if size:
                root = frontier.root()
                if _neighbour(opening, "before", ledger_id, size, size, root) >= begins:
                    raise VerifyError("the record before the first one is of the same year, or of a later one")
                known.append(Checkpoint(self._checkpoint.origin, size, root))
            if perhaps:
                signed = Checkpoint.opened(_text(opening["checkpoint"]), self._key)
                check_consistency(signed.size, size, signed.root, root, proof_of(opening, "proof"))
                known.append(signed)
                self.verdict.note("audit.continues", size=signed.size, later=self._checkpoint.size)
        return frontier, known

    def _continues(self, earlier: _End, year: int, begins: str, ledger_id: str, frontier: Frontier) -> _Chain:
        """That the year begins where an earlier one ended; the steps of cases go on from there."""
        if (ledger_id, frontier.size, frontier.edge) != (
            earlier.ledger_id,
            earlier.frontier.size,
            earlier.frontier.edge,
        ):
            raise VerifyError(f"it does not begin where {earlier.year} ended, with record {earlier.frontier.size}")
        if earlier.year >= year:
            raise VerifyError(f"{year} is no later than {earlier.year}")
        if earlier.year + 1 == year and earlier.ends != begins:
            raise VerifyError(f"{year} begins at {begins}, and {earlier.year} ended at {earlier.ends}")
        self.verdict.note("audit.year-continues", year=year, earlier=earlier.year)
        return earlier.order

    def _closed(self, closing: Mapping[str, Any], year: int, ledger_id: str, last: int, ends: str) -> None:
        """That no further record is the year's, if the file says so; else the log ends with the file."""
        newest = self._checkpoint
        with _told("closing"):
            if not {"size", "checkpoint", "proof"} <= closing.keys() <= {
                "size", "checkpoint", "proof", "after", "time_stamp", "case_heads",
            }:  # fmt: skip
                raise VerifyError("it has not the members that it should have")
            if "after" not in closing:
                if newest.size != last:
                    raise VerifyError("it does not show whether the next record is of the year too")
                self.verdict.leaves_open.append("audit.open-year")
                return
            if _neighbour(closing, "after", ledger_id, last + 1, newest.size, newest.root) < ends:
                raise VerifyError("the record after the last one is of the same year")
        self.verdict.note("audit.year-closed", year=year)

    def _heads_of(self, closing: Mapping[str, Any], heads: Mapping[str, tuple[int, str | None]], last: int) -> None:
        """That the heads of all cases, if the file has them, agree with the year's records."""
        if "case_heads" not in closing:
            return
        newest = self._checkpoint
        with _told("case_heads"), gzip.open(BytesIO(decoded(_text(closing["case_heads"])))) as packed:
            try:
                checkpoint, found = read_heads(iter(packed), self._key)
            except (OSError, EOFError, zlib.error) as error:
                raise VerifyError(f"it cannot be unpacked: {error}") from None
            if checkpoint != newest:
                raise VerifyError("they are of another checkpoint")
            for case, head in heads.items():
                later = found.get(case, (0, ""))
                if head != later and (newest.size == last or later[0] <= head[0]):
                    raise VerifyError(f"case {case} has {head[0]} steps, and they say otherwise")
        self.verdict.note("audit.year-heads", size=newest.size, cases=len(found))

    def _stamped(self, closing: Mapping[str, Any], authority: bytes | None) -> None:
        """When an authority saw the checkpoint, if its certificates are there to check that."""
        if "time_stamp" not in closing:
            if authority is not None:
                raise VerifyError("the checkpoint has no time-stamp")
            return
        with _told("time_stamp"):
            token = decoded(_text(closing["time_stamp"]))
            if authority is None:
                self.verdict.leaves_open.append("audit.open-stamp")
            else:
                at = stamped_at(token, _text(closing["checkpoint"]).encode(), authority)
                self.verdict.note("audit.year-stamped", at=written(at))

    def _taken(self, portions: Iterable[Portion], frontier: Frontier, order: _Chain) -> Iterator[tuple[int, Link]]:
        """The records, each after it was seen to follow those before it, and is in the tree."""
        for links, fault in _looked_through(portions, _text(self._said["ledger_id"])):
            for link in links:
                number = frontier.size + 1
                if link[0] != number:
                    raise VerifyError(f"record {number}: its position is {link[0]}")
                order.take(*link)
                frontier.add(bytes.fromhex(link[-1]))
                yield number, link
            if fault is not None:
                raise VerifyError(f"record {frontier.size + 1}: {fault}")

    def _reaches_held(self, known: Sequence[Checkpoint], records: Collection[int] = ()) -> None:
        """That the log continues each checkpoint that the auditor holds: it is known, or among the file's records."""
        self._refuse_fork(*known, *self._held)
        for own in self._held:
            if own not in known and own.size not in records:
                raise VerifyError(
                    f"the file says nothing of the checkpoint of {own.size} records that you hold: "
                    "ask for one made since that checkpoint"
                )
            self.verdict.note("audit.held-continued", size=own.size)

    @staticmethod
    def _refuse_fork(*checkpoints: Checkpoint) -> None:
        roots: dict[tuple[str, int], bytes] = {}
        for one in checkpoints:
            if roots.setdefault((one.origin, one.size), one.root) != one.root:
                raise VerifyError(
                    f"of {one.size} records there are two roots: there are two logs, or they were changed"
                )


class _Chain:
    """What holds between records in the order of their positions, or of one case's versions."""

    def __init__(self, *, begun: bool = False) -> None:
        """Of one that was `begun`, the first steps of a case may be missing."""
        self.heads: dict[str, tuple[int, str | None]] = {}
        self._begun = begun
        self._last = 0, ""

    def take(
        self, position: int, case_id: str, version: int, recorded_at: str, prev_leaf: str | None, leaf: str
    ) -> None:
        """Refuse a record that does not follow those before it."""
        where = f"record {position}"
        last_version, last_leaf = self.heads.get(case_id, (0, None))
        if not last_version and self._begun and version > 1 and prev_leaf is not None:
            last_version, last_leaf = version - 1, prev_leaf
        if version != last_version + 1:
            raise VerifyError(f"{where}: it is version {version} of its case, and follows version {last_version}")
        if prev_leaf != last_leaf:
            raise VerifyError(f"{where}: the step before it that it names is another one")
        last_position, last_time = self._last
        if position <= last_position or recorded_at <= last_time:
            raise VerifyError(f"{where}: it was recorded at {recorded_at}, not after {last_time} and {last_position}")
        self.heads[case_id] = (version, leaf)
        self._last = position, recorded_at


def link_of(record: Checked) -> Link:
    """What a record has to do with others."""
    return record.position, record.case_id, record.version, record.recorded_at, record.prev_leaf, record.leaf


def _lines_of(file: BinaryIO) -> Iterator[Portion]:
    """The lines of a file, some at a time."""
    return iter(lambda: list(islice(file, _AT_ONCE)), [])


def _ranges_of(place: Path, first: int) -> Iterator[Portion]:
    """The parts of a file from a byte on, each of whole lines, for whoever looks at one to read it himself."""
    with place.open("rb") as file:
        size = file.seek(0, SEEK_END)
        while first < size:
            file.seek(min(first + _BYTES_AT_ONCE, size))
            file.readline()
            yield place, first, file.tell()
            first = file.tell()


def _looked_through(portions: Iterable[Portion], ledger_id: str) -> Iterator[tuple[list[Link], str | None]]:
    """What the records of each portion have to do with others; of a long log every processor looks at a part."""
    begun = iter(portions)
    first = list(islice(begun, 2))
    if len(first) < 2:  # noqa: PLR2004 - one portion is not worth a second process
        yield from (_look_through(portion, ledger_id) for portion in first)
        return
    with ProcessPoolExecutor(mp_context=get_context("forkserver")) as pool:
        waiting: deque[Future[tuple[list[Link], str | None]]] = deque()
        for portion in chain(first, begun):
            waiting.append(pool.submit(_look_through, portion, ledger_id))
            if len(waiting) > _AHEAD:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def _look_through(portion: Portion, ledger_id: str) -> tuple[list[Link], str | None]:
    """The records of a portion up to the first that is not as it should be, and what is the matter with that one."""
    links: list[Link] = []
    try:
        with _told():
            # What was found before a fault stays in the list.
            links.extend(link_of(checked(read_object(_ended(line)), ledger_id)) for line in _read(portion))
    except VerifyError as error:
        return links, str(error)
    return links, None


def _ended(line: bytes) -> bytes:
    if not line.endswith(b"\n"):
        raise VerifyError("the line has no end")
    return line


def _read(portion: Portion) -> list[bytes]:
    if isinstance(portion, list):
        return portion
    place, first, until = portion
    with place.open("rb") as file:
        file.seek(first)
        return BytesIO(file.read(until - first)).readlines()


def proof_of(said: Mapping[str, Any], name: str) -> list[bytes]:
    """The hashes of a proof that a file has under a name."""
    return [decoded(_text(one)) for one in _list(said, name)]


def _neighbour(said: Mapping[str, Any], name: str, ledger_id: str, position: int, size: int, root: bytes) -> str:
    """When the record beside a year was recorded, after its entry was seen to be in the log of that size."""
    found = _object(said, name)
    if found.keys() != {"entry", "proof"}:
        raise VerifyError(f"{name} has not the members that it should have")
    entry = decoded(_text(found["entry"]))
    check_inclusion(position - 1, size, leaf_hash(entry), proof_of(found, "proof"), root)
    return recorded_in(entry, ledger_id, position)


def read_object(text: bytes) -> dict[str, Any]:
    """A JSON object in which no member stands twice."""
    try:
        found = orjson.loads(text)
        if isinstance(found, dict):
            return found if orjson.dumps(found) == text.strip() else dict(json.loads(text, object_pairs_hook=_once))
    except (ValueError, RecursionError):
        raise VerifyError("it is not JSON as the format wants it") from None
    raise VerifyError("it is not a JSON object")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError(pairs)
    return found


@contextmanager
def _opened(place: Path) -> Iterator[BinaryIO]:
    with place.open("rb") as raw:
        packed = raw.read(len(_GZIP)) == _GZIP
        raw.seek(0)
        if not packed:
            yield raw
            return
        with gzip.open(raw) as file:
            try:
                yield file  # type: ignore[misc]  # it reads as any file does
            except (OSError, EOFError, zlib.error) as error:
                raise VerifyError(f"the file cannot be unpacked: {error}") from None


@contextmanager
def _told(where: str = "") -> Iterator[None]:
    """Whatever is found becomes one kind of error that says where."""
    try:
        yield
    except VerifyError as error:
        raise VerifyError(f"{where}: {error}" if where else str(error)) from None
    except (AnchorError, RecordError, ProofError, NoteError, KeyError, ValueError, TypeError, AttributeError) as error:
        what = f"there is no {error}" if isinstance(error, KeyError) else str(error)
        raise VerifyError(f"{where}: {what}" if where else what) from None


def _list(said: Mapping[str, Any], name: str) -> list[Any]:
    found = said[name]
    if not isinstance(found, list):
        raise VerifyError(f"{name} is not a list")
    return found


def _object(said: Mapping[str, Any], name: str) -> dict[str, Any]:
    found = said[name]
    if not isinstance(found, dict):
        raise VerifyError(f"{name} is not an object")
    return found


def _number(said: Mapping[str, Any], name: str) -> int:
    found = said[name]
    if type(found) is not int or not 0 <= found <= MOST:
        raise VerifyError(f"{name} is not a number")
    return found


def _text(text: object) -> str:
    if not isinstance(text, str):
        raise VerifyError("a text is missing")
    return text
