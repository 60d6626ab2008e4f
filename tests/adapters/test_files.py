"""The store of attached files: whole or not at all, once, and found again as it was."""

from __future__ import annotations

import hashlib
import os
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from threading import Barrier

import pytest

from adapters import ciphered
from adapters.files import LEAST_COUNTED, REMEMBERED_DAYS, FileStore, Received
from adapters.keys import KeyStore
from domain.attachment import Content, MediaType
from domain.refusal import Refused
from tests.adapters.papers import GOOD, document, pdf

CITY, CLERK = "cn-999900", "u-17"
MOST = 2_000_000
AT_ONCE = timedelta(0)


class Clock:
    """A time that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = datetime(2026, 3, 5, 15, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(tmp_path: Path, clock: Clock) -> FileStore:
    return FileStore(
        tmp_path / "files", keys_in(tmp_path), most=MOST, most_of_case=10 * MOST, most_of_day=3 * MOST, now=clock
    )


def put(store: FileStore, content: bytes, name: str = "答复函.pdf", actor: str = CLERK, piece: int = 1_000) -> Received:
    """Hand a file in, piece by piece."""
    with closing(store.begin(name, CITY, actor)) as upload:
        for i in range(0, len(content), piece):
            upload.write(content[i : i + piece])
        return upload.finish()


def keys_in(folder: Path) -> KeyStore:
    """A store of keys."""
    return KeyStore(folder / "keys", bytes(32), "main")


def place_of(store: FileStore, sha256: str) -> Path:
    """Where a content lies."""
    return store.place / sha256[:2] / sha256[2:4] / sha256


def read(store: FileStore, content: Content) -> bytes:
    """The whole of a content."""
    return b"".join(store.read(content.sha256, content.size))


def files(store: FileStore) -> list[str]:
    """Every file of the store but the notes, by its path."""
    found = (path for path in store.place.rglob("*") if path.is_file())
    return sorted(str(path.relative_to(store.place)) for path in found if "received" not in path.parts)


def filled(size: int) -> bytes:
    """A PDF of that size."""
    empty = len(pdf(b"()"))
    return pdf(b"(" + b"x" * (size - empty) + b")")


def test_a_file_is_kept_under_its_hash_readable_by_its_owner_alone(store: FileStore) -> None:
    content = pdf()
    digest = hashlib.sha256(content).hexdigest()
    received = put(store, content, "../答复函.pdf")
    assert received == Received("答复函.pdf", Content(digest, MediaType.PDF, len(content)))
    assert files(store) == [f"{digest[:2]}/{digest[2:4]}/{digest}"]
    path = place_of(store, digest)
    assert read(store, received.content) == content
    assert stat.S_IMODE(path.stat().st_mode) == 0o400
    assert stat.S_IMODE(store.place.joinpath(digest[:2]).stat().st_mode) == 0o700


@pytest.mark.parametrize("name", GOOD)
def test_every_kind_of_file_is_kept(store: FileStore, name: str) -> None:
    assert read(store, put(store, GOOD[name], name).content) == GOOD[name]


def test_the_same_content_is_kept_once(store: FileStore) -> None:
    first, second = put(store, pdf()), put(store, pdf(), "另一名称.pdf", "u-18")
    assert (first.content, second.name) == (second.content, "另一名称.pdf")
    assert len(files(store)) == 1


def test_the_same_content_handed_in_at_once_is_kept_once(store: FileStore) -> None:
    content = filled(500_000)
    door = Barrier(8)

    def hand_in(number: int) -> Received:
        with closing(store.begin(f"{number}.pdf", CITY, f"u-{number}")) as upload:
            upload.write(content)
            door.wait(10)
            return upload.finish()

    with ThreadPoolExecutor(8) as pool:
        received = list(pool.map(hand_in, range(8)))
    assert {one.content.sha256 for one in received} == {hashlib.sha256(content).hexdigest()}
    assert len(files(store)) == 1
    assert store.check({received[0].content.sha256: len(content)}).clean


def test_a_content_that_was_damaged_is_whole_again_when_it_is_handed_in_again(store: FileStore) -> None:
    content = put(store, pdf()).content
    place = place_of(store, content.sha256)
    place.chmod(0o600)
    place.write_bytes(b"%PDF-")
    with pytest.raises(Refused, match="attachment-lost"):
        read(store, content)
    put(store, pdf())
    assert read(store, content) == pdf()


def test_nothing_of_a_content_lies_in_clear_on_the_disk(store: FileStore) -> None:
    content = put(store, b"%PDF-1.7 marker-4711 " + b"x" * 200_000 + b"%%EOF").content
    assert not any(b"marker-4711" in file.read_bytes() for file in store.place.rglob("*") if file.is_file())
    assert read(store, content).startswith(b"%PDF-1.7 marker-4711")


@pytest.mark.parametrize("size", [1, ciphered.CHUNK - 1, ciphered.CHUNK, ciphered.CHUNK + 1, 3 * ciphered.CHUNK])
def test_any_part_of_a_content_is_read_without_the_rest(tmp_path: Path, size: int) -> None:
    clear, key, chance = tmp_path / "clear", bytes(range(32)), Random(size)
    clear.write_bytes(chance.randbytes(size))
    with (tmp_path / "sealed").open("wb") as target:
        ciphered.write(clear, target, key)
    length = (tmp_path / "sealed").stat().st_size
    assert (length, ciphered.size_of(length)) == (ciphered.length_of(size), size)
    for _ in range(20):
        first = chance.randrange(size)
        last = chance.randrange(first, size)
        got = b"".join(ciphered.read(tmp_path / "sealed", key, size, first, last))
        assert got == clear.read_bytes()[first : last + 1]


def test_a_content_of_the_time_before_there_were_keys_is_read_as_it_is(store: FileStore) -> None:
    content = put(store, pdf()).content
    place_of(store, content.sha256).unlink()
    place_of(store, content.sha256).write_bytes(pdf())
    assert read(store, content) == pdf()
    assert b"".join(store.read(content.sha256, content.size, 2, 9)) == pdf()[2:10]
    assert store.check({content.sha256: content.size}).clean


def test_a_hash_is_never_a_path(store: FileStore) -> None:
    put(store, pdf())
    for stranger in ("../../etc/passwd", "a" * 63, "A" * 64, "", f"{'a' * 64}/..", "0" * 64 + "\n"):
        with pytest.raises(ValueError, match=r".*"):
            store.read(stranger, 1)


def test_an_upload_that_is_given_up_leaves_nothing(store: FileStore) -> None:
    with closing(store.begin("答复函.pdf", CITY, CLERK)) as upload:
        upload.write(pdf()[:20])
        assert len(files(store)) == 1
    assert files(store) == []


def test_a_refused_file_leaves_nothing(store: FileStore) -> None:
    for name, content, why in (
        ("答复函.pdf", document(), "file-content-differs"),
        ("答复函.docx", document({"word/vbaProject.bin": b"x"}), "file-has-macros"),
        ("答复函.pdf", b"", "file-empty"),
        ("答复函.pdf", filled(MOST + 1), "file-too-large"),
        ("答复函.exe", b"MZ", "file-type-not-allowed"),
    ):
        with pytest.raises(Refused, match=why):
            put(store, content, name)
        assert files(store) == []
    assert store.received(hashlib.sha256(document()).hexdigest(), CITY, CLERK) is None


def test_the_largest_file_is_kept_and_one_byte_more_is_not(store: FileStore) -> None:
    assert put(store, filled(MOST), piece=100_000).content.size == MOST
    with pytest.raises(Refused, match="file-too-large"):
        store.begin("a.pdf", CITY, CLERK, MOST + 1)


def test_an_account_hands_in_so_much_within_a_day(store: FileStore, clock: Clock) -> None:
    for number in range(2):
        put(store, filled(MOST - number), piece=100_000)
    clock.now += timedelta(hours=20)
    put(store, filled(MOST - LEAST_COUNTED), piece=100_000)
    put(store, pdf())
    with pytest.raises(Refused, match="file-quota-used"):
        put(store, pdf())
    with pytest.raises(Refused, match="file-quota-used"):
        store.begin("a.pdf", CITY, CLERK, 1_000)
    put(store, pdf(), actor="u-18")
    clock.now += timedelta(hours=4, seconds=1)
    put(store, filled(MOST), piece=100_000)


def test_files_handed_in_at_once_do_not_pass_the_limit_together(store: FileStore) -> None:
    door = Barrier(4)

    def hand_in(number: int) -> bool:
        with closing(store.begin("a.pdf", CITY, CLERK)) as upload:
            upload.write(filled(MOST - number))
            door.wait(10)
            try:
                upload.finish()
            except Refused as refusal:
                return refusal.message_id != "file-quota-used"
        return True

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(hand_in, range(4))) == [False, True, True, True]
    assert len(files(store)) == 3


def test_only_who_handed_a_content_in_is_known_to_have_it(store: FileStore) -> None:
    content = put(store, pdf()).content
    assert store.received(content.sha256, CITY, CLERK) == content
    assert store.received(content.sha256, CITY, "u-18") is None
    assert store.received(content.sha256, "jp-sangiin", CLERK) is None
    assert store.received("0" * 64, CITY, CLERK) is None


def test_a_content_that_is_two_kinds_of_file_is_what_it_was_handed_in_as_last(store: FileStore) -> None:
    for name, kind in (("a.doc", MediaType.DOC), ("a.wps", MediaType.WPS), ("a.doc", MediaType.DOC)):
        content = put(store, GOOD["答复函.doc"], name).content
        assert store.received(content.sha256, CITY, CLERK) == content
        assert content.media_type is kind


def test_it_is_known_for_a_week_and_then_forgotten(store: FileStore, clock: Clock) -> None:
    content = put(store, pdf()).content
    clock.now += timedelta(REMEMBERED_DAYS)
    assert store.sweep() == 0
    assert store.received(content.sha256, CITY, CLERK) == content
    clock.now += timedelta(2)
    assert store.received(content.sha256, CITY, CLERK) is None
    assert store.sweep() == 1
    assert len(files(store)) == 1
    put(store, pdf())
    assert store.received(content.sha256, CITY, CLERK) == content


def test_a_note_that_a_crash_cut_off_harms_no_other(store: FileStore) -> None:
    first = put(store, pdf()).content
    (log,) = store.place.glob("received/*/*")
    log.write_bytes(log.read_bytes() + b"2026-03-05T15:00:00+00:00 abc")
    second = put(store, filled(5_000)).content
    assert store.received(first.sha256, CITY, CLERK) == first
    assert store.received(second.sha256, CITY, CLERK) == second


def test_a_check_tells_what_is_missing_altered_and_named_by_nobody(store: FileStore, clock: Clock) -> None:
    kept, lost, altered, idle = (put(store, filled(2_000 + number)).content for number in range(4))
    place_of(store, lost.sha256).unlink()
    place = place_of(store, altered.sha256)
    place.chmod(0o600)
    place.write_bytes(place.read_bytes()[:-1] + b" ")
    long_ago = (clock.now - timedelta(REMEMBERED_DAYS, seconds=1)).timestamp()
    os.utime(place_of(store, idle.sha256), (long_ago, long_ago))
    fresh = put(store, filled(3_000)).content
    os.utime(place_of(store, fresh.sha256), (clock.now.timestamp(), clock.now.timestamp()))
    stranger = place.with_name("notes.txt")
    stranger.write_text("x")
    seen: list[tuple[int, int]] = []
    checked = store.check(
        {one.sha256: one.size for one in (kept, lost, altered)}, lambda done, total: seen.append((done, total))
    )
    assert not checked.clean
    assert (checked.missing, checked.altered) == ([lost.sha256], [altered.sha256])
    assert sorted(checked.unreferenced) == sorted([idle.sha256, str(stranger.relative_to(store.place))])
    assert checked.waiting == [fresh.sha256]
    assert (checked.contents, len(seen)) == (5, 5)


def test_a_check_of_an_installation_without_files_is_clean(store: FileStore) -> None:
    assert store.check({}).clean
    assert store.sweep() == 0
    assert not store.place.exists()


# Broken on purpose


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 1 MB."""
    if os.getuid() != 0:
        pytest.skip("only root may mount a small disk")
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(place)]
    if subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        pytest.skip("this machine lets nobody mount a small disk")
    yield place
    subprocess.run(["umount", str(place)], check=True)


@pytest.mark.faults
def test_a_full_disk_is_told_and_nothing_is_left(small_disk: Path, tmp_path: Path) -> None:
    store = FileStore(small_disk / "files", keys_in(tmp_path), most=MOST, most_of_case=MOST, most_of_day=10 * MOST)
    kept = put(store, filled(100_000)).content
    before = os.statvfs(small_disk).f_bfree
    with pytest.raises(Refused, match="storage-full"):
        put(store, filled(MOST - 1), piece=100_000)
    assert files(store) == [f"{kept.sha256[:2]}/{kept.sha256[2:4]}/{kept.sha256}"]
    assert os.statvfs(small_disk).f_bfree == before
    assert put(store, filled(200_000)).content.size == 200_000


@pytest.mark.faults
def test_what_a_killed_process_left_is_swept_and_what_goes_on_is_not(store: FileStore) -> None:
    program = (
        "import sys; from pathlib import Path\n"
        "from adapters.files import FileStore; from adapters.keys import KeyStore\n"
        "keys = KeyStore(Path(sys.argv[1]) / 'keys', bytes(32), 'main')\n"
        "store = FileStore(Path(sys.argv[1]), keys, most=10**6, most_of_case=10**6, most_of_day=10**7)\n"
        "upload = store.begin('a.pdf', 'cn-999900', 'u-1'); upload.write(b'%PDF-' + b'x' * 100_000)\n"
        "print('half', flush=True); sys.stdin.read()\n"
    )
    root = Path(__file__).parents[2]
    process = subprocess.Popen(
        [sys.executable, "-c", program, str(store.place)], cwd=root, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"half\n"
    assert store.sweep(AT_ONCE) == 0
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert len(files(store)) == 1
    assert store.sweep() == 0
    with closing(store.begin("b.pdf", CITY, CLERK)) as upload:
        assert store.sweep(AT_ONCE) == 1
        upload.write(pdf())
        content = upload.finish().content
    assert files(store) == [f"{content.sha256[:2]}/{content.sha256[2:4]}/{content.sha256}"]
