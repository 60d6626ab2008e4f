"""What a file is by its content, and what no file may hold."""

from __future__ import annotations

import resource
import struct
import zlib
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZIP_LZMA, ZipFile, ZipInfo

import pytest

from adapters import inspection
from adapters.inspection import inspect
from api.words import LANGUAGES, words
from domain.attachment import media_type_of
from domain.refusal import Refused
from tests.adapters import papers
from tests.adapters.papers import GOOD, compound, content_types, document, package, packed_objects, pdf


def looked_at(place: Path, name: str, content: bytes) -> tuple[str, object] | None:
    """Why a file is refused: message id and reason; None if it is not."""
    (place / "part").write_bytes(content)
    try:
        inspect(place / "part", name, media_type_of(name))
    except Refused as refusal:
        why = refusal.message_id, refusal.params.get("reason")
    else:
        return None
    for tongue in LANGUAGES:
        assert why[0] in words(tongue)
        assert f"field.{why[1] or 'other'}" in words(tongue)
    return why


@pytest.mark.parametrize("name", GOOD)
def test_what_an_office_hands_in_is_accepted(tmp_path: Path, name: str) -> None:
    assert looked_at(tmp_path, name, GOOD[name]) is None


@pytest.mark.parametrize("name", [name for name in GOOD if not name.endswith(".txt")])
@pytest.mark.parametrize(
    "content", [b"MZ\x90\0" + b"\0" * 64, b"<html><script>alert(1)</script>", b"x"], ids=["program", "page", "x"]
)
def test_a_program_or_a_page_under_another_name_is_refused(tmp_path: Path, name: str, content: bytes) -> None:
    assert looked_at(tmp_path, name, content) == ("file-content-differs", None)


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("台账.xlsx", document(), "archive_not_xlsx"),
        ("答复函.docx", papers.workbook(), "archive_not_docx"),
        ("答复函.docx", papers.ofd(), "archive_not_docx"),
        ("答复函.ofd", document(), "archive_not_ofd"),
        ("答复函.docx", package({"a.txt": b"a"}), "archive_not_docx"),
        ("答复函.docx", package({"[Content_Types].xml": content_types(papers.WORD, papers.EXCEL)}), "archive_not_docx"),
    ],
)
def test_a_package_of_another_kind_is_refused(tmp_path: Path, name: str, content: bytes, why: str) -> None:
    assert looked_at(tmp_path, name, content) == ("file-archive-unsafe", why)


def test_an_old_office_file_of_another_kind_is_refused(tmp_path: Path) -> None:
    assert looked_at(tmp_path, "答复函.doc", compound("Workbook")) == ("file-content-differs", None)
    assert looked_at(tmp_path, "台账.xls", compound("WordDocument")) == ("file-content-differs", None)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("答复函.docx", document({"word/vbaProject.bin": b"\0"})),
        ("答复函.docx", document({"WORD/VBAPROJECT.BIN": b"\0"})),
        ("答复函.docx", document(None, "application/vnd.ms-office.vbaProject")),
        (
            "答复函.docx",
            package({"[Content_Types].xml": content_types("application/vnd.ms-word.document.macroEnabled.main+xml")}),
        ),
        (
            "台账.xlsx",
            package(
                {
                    "[Content_Types].xml": content_types(
                        papers.EXCEL, "application/vnd.ms-excel.sheet.macroEnabled.main+xml", encoding="utf-16"
                    )
                }
            ),
        ),
        (
            "台账.xlsx",
            package({"[Content_Types].xml": content_types("application/vnd.ms-excel.sheet.macro&#69;nabled.main+xml")}),
        ),
        ("答复函.doc", compound("WordDocument", "Macros", "VBA", "_VBA_PROJECT")),
        ("台账.xls", compound("Workbook", "_VBA_PROJECT_CUR", "VBA", "_VBA_PROJECT")),
    ],
)
def test_a_macro_file_is_refused_whatever_it_is_called(tmp_path: Path, name: str, content: bytes) -> None:
    assert looked_at(tmp_path, name, content) == ("file-has-macros", None)


def test_an_archive_with_entities_in_its_list_of_types_is_refused(tmp_path: Path) -> None:
    listed = b'<!DOCTYPE t [<!ENTITY a "b">]><Types/>'
    content = package({"[Content_Types].xml": listed})
    assert looked_at(tmp_path, "a.docx", content) == ("file-archive-unsafe", "archive_damaged")


@pytest.mark.parametrize("path", ["../../etc/passwd", "/etc/passwd", "a/../../b", "C:/a", "a\\b", "..", "a/.."])
def test_a_path_that_leads_out_of_the_package_is_refused(tmp_path: Path, path: str) -> None:
    assert looked_at(tmp_path, "a.docx", document({path: b"x"})) == ("file-archive-unsafe", "archive_path")


def test_a_link_in_a_package_is_refused(tmp_path: Path) -> None:
    link = ZipInfo("word/link")
    link.create_system, link.external_attr = 3, 0o120777 << 16
    assert looked_at(tmp_path, "a.docx", document({link: b"/etc/passwd"})) == ("file-archive-unsafe", "archive_link")


def test_an_encrypted_member_is_refused(tmp_path: Path) -> None:
    content = bytearray(document())
    content[content.find(b"PK\x01\x02") + 8] |= 1
    assert looked_at(tmp_path, "a.docx", bytes(content)) == ("file-archive-unsafe", "archive_encrypted")


def test_an_unusual_packing_is_refused(tmp_path: Path) -> None:
    place = tmp_path / "made"
    with ZipFile(place, "w", ZIP_LZMA) as archive:
        archive.writestr("[Content_Types].xml", content_types(papers.WORD))
    assert looked_at(tmp_path, "a.docx", place.read_bytes()) == ("file-archive-unsafe", "archive_packing")


def test_too_many_members_are_refused(tmp_path: Path) -> None:
    content = document({f"word/{i}.xml": b"" for i in range(inspection.MOST_MEMBERS)})
    assert looked_at(tmp_path, "a.docx", content) == ("file-archive-unsafe", "archive_members")


def test_a_name_that_occurs_twice_is_refused(tmp_path: Path) -> None:
    content = document({"WORD/document.xml": b"another"})
    assert looked_at(tmp_path, "a.docx", content) == ("file-archive-unsafe", "archive_name_twice")


def test_a_bomb_is_refused_by_what_it_packs(tmp_path: Path) -> None:
    content = document({"word/media/a.bin": b"\0" * 20_000_000})
    assert looked_at(tmp_path, "a.docx", content) == ("file-archive-unsafe", "archive_ratio")


def test_a_bomb_that_says_it_is_small_is_refused_while_it_is_unpacked(tmp_path: Path) -> None:
    content = bytearray(document({"word/media/a.bin": b"\0" * 40_000_000}))
    said = struct.pack("<L", 40_000_000)
    while (place := content.find(said)) >= 0:
        content[place : place + 4] = struct.pack("<L", 1_000)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert looked_at(tmp_path, "a.docx", bytes(content)) == ("file-archive-unsafe", "archive_lies")
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - peak < 20_000


def test_a_bomb_of_more_than_half_a_gigabyte_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inspection, "MOST_UNPACKED", 2_000_000)
    content = document({"word/media/a.bin": b"\0" * 3_000_000})
    assert looked_at(tmp_path, "a.docx", content) == ("file-archive-unsafe", "archive_unpacked")


def test_a_bomb_within_an_embedded_workbook_is_refused(tmp_path: Path) -> None:
    inner = package({"[Content_Types].xml": content_types(papers.EXCEL), "xl/a.bin": b"\0" * 20_000_000})
    content = document({"word/embeddings/a.xlsx": inner})
    assert looked_at(tmp_path, "a.docx", content) == ("file-archive-unsafe", "archive_ratio")


def test_a_workbook_that_is_embedded_in_a_document_is_accepted_and_looked_at(tmp_path: Path) -> None:
    assert looked_at(tmp_path, "a.docx", document({"word/embeddings/a.xlsx": papers.workbook()})) is None
    hidden = document({"word/embeddings/a.xlsx": document({"xl/vbaProject.bin": b"x"})})
    assert looked_at(tmp_path, "a.docx", hidden) == ("file-has-macros", None)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("word/embeddings/a.zip", package({"a": b"a"})),
        ("word/embeddings/a.xlsm", papers.workbook()),
        ("word/media/a.png", package({"a": b"a"})),
        ("word/media/a.exe", b"MZ\x90\0"),
        ("word/a.gz", b"\x1f\x8b\x08\0"),
        ("word/embeddings/a.docx", document({"word/embeddings/b.docx": document()})),
    ],
)
def test_an_archive_or_a_program_within_a_document_is_refused(tmp_path: Path, name: str, content: bytes) -> None:
    assert looked_at(tmp_path, "a.docx", document({name: content})) == ("file-archive-unsafe", "archive_nested")


def test_members_that_share_their_bytes_are_refused(tmp_path: Path) -> None:
    content = bytearray(document({"word/a.xml": b"a" * 100, "word/b.xml": b"b" * 100}))
    entry = content.rfind(b"PK\x01\x02")
    before = content.rfind(b"PK\x01\x02", 0, entry)
    content[entry + 42 : entry + 46] = content[before + 42 : before + 46]
    assert looked_at(tmp_path, "a.docx", bytes(content)) == ("file-archive-unsafe", "archive_overlap")


def test_a_directory_that_names_a_member_otherwise_than_the_member_itself_is_refused(tmp_path: Path) -> None:
    content = bytearray(document({"word/a.xml": b"a"}))
    place = content.rfind(b"word/a.xml")
    content[place : place + 10] = b"word/z.xml"
    assert looked_at(tmp_path, "a.docx", bytes(content)) == ("file-archive-unsafe", "archive_lies")


@pytest.mark.parametrize("cut", [10, 100, 200, -1])
def test_a_package_that_was_cut_off_is_refused(tmp_path: Path, cut: int) -> None:
    assert looked_at(tmp_path, "a.docx", document()[:cut]) == ("file-archive-unsafe", "archive_damaged")


def test_a_directory_of_a_million_entries_is_not_even_read(tmp_path: Path) -> None:
    content = bytearray(document())
    content[-10:-6] = struct.pack("<L", 100_000_000)
    assert looked_at(tmp_path, "a.docx", bytes(content)) == ("file-archive-unsafe", "archive_members")


def test_a_package_with_something_behind_it_is_refused(tmp_path: Path) -> None:
    assert looked_at(tmp_path, "a.docx", document() + pdf()) == ("file-archive-unsafe", "archive_damaged")


@pytest.mark.parametrize(
    "said",
    [
        b"<< /S /JavaScript /JS (app.alert(1)) >>",
        b"<< /S/#4aavaScript/JS(x) >>",
        b"<< /S /J#61#76aScript /JS (x) >>",
        b"<< /S /#4C#61#75#6e#63#68 >>",
        b"<< /#45#6d#62#65#64#64#65#64#46#69#6c#65#73 4 0 R >>",
        b"<< /OpenAction << /S /JavaScript /JS (x) >> >>",
        b"<< /S /Launch /F (cmd.exe) >>",
        b"<< /Names << /EmbeddedFiles 4 0 R >> >>",
        b"<< /Type /EmbeddedFile >>",
        b"<< /Subtype /RichMedia >>",
        packed_objects(b"1 0 << /S /JavaScript /JS (x) >>"),
        packed_objects(b"1 0 /Launch", b"/Filter [ /FlateDecode ]"),
        packed_objects(b"1 0 " + b" " * 300_000 + b"/EmbeddedFiles "),
    ],
)
def test_a_pdf_that_does_something_or_carries_something_is_refused(tmp_path: Path, said: bytes) -> None:
    assert looked_at(tmp_path, "a.pdf", pdf(said)) == ("file-pdf-unsafe", "pdf_active")
    assert looked_at(tmp_path, "a.pdf", pdf(b"(" + b"x" * 600_000 + b")", said)) == ("file-pdf-unsafe", "pdf_active")


def test_a_pdf_that_opens_at_a_page_has_links_and_packs_its_objects_is_accepted(tmp_path: Path) -> None:
    usual = packed_objects(b"1 0 << /Type /Page >>")
    opening = b"<< /OpenAction [3 0 R /Fit] /S /URI /URI (https://www.example.org) /Launched 1 >>"
    font = b"<< /BaseFont /#CB#CE#CC#E5 /E#41 0 >>"
    picture = b"<< /Length 9 /Filter /DCTDecode >>\nstream\n/JS /AA /F\nendstream"
    assert looked_at(tmp_path, "a.pdf", pdf(usual, opening, font, picture)) is None


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (pdf(b"<< /Encrypt 5 0 R >>"), "pdf_encrypted"),
        (pdf(packed_objects(b"1 0 x", b"/Filter [/FlateDecode /ASCII85Decode]")), "pdf_packing"),
        (pdf(packed_objects(b"1 0 x", b"/Filter /LZWDecode")), "pdf_packing"),
        (pdf(packed_objects(b"1 0 x", b"/Filter /FlateDecode /DecodeParms << /Predictor 12 >>")), "pdf_packing"),
        (pdf(b"<< /Type /ObjStm /Filter /FlateDecode >>\nstream\nnonsense\nendstream"), "pdf_damaged"),
        (pdf(packed_objects(zlib.compress(b"")), tail=b"")[:-6], "pdf_cut_off"),
        (pdf(packed_objects(b"\0" * 110_000_000)), "pdf_unpacked"),
        (pdf(b"stream\n" * 200_001), "pdf_streams"),
        (pdf(b"/#4a#61 " * 501), "pdf_names"),
    ],
    ids=[
        "encrypted",
        "two filters",
        "another filter",
        "a predictor",
        "nonsense",
        "cut off",
        "bomb",
        "streams",
        "names",
    ],
)
def test_a_pdf_that_cannot_be_looked_into_is_refused(tmp_path: Path, content: bytes, why: str) -> None:
    assert looked_at(tmp_path, "a.pdf", content) == ("file-pdf-unsafe", why)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.pdf", pdf(tail=b"<html><script>alert(1)</script></html>")),
        ("a.pdf", pdf(b"(<html><script>alert(1)</script></html>)")),
        ("a.pdf", pdf(tail=document())),
        ("a.pdf", pdf(b"(x)")[:-6] + package({"a": b"a"})[:-2] + b"\x06\0%%EOF\n"),
        ("a.jpg", papers.JPEG + package({"a.html": b"<html>"})),
        ("a.png", papers.PNG + document()),
        ("a.doc", compound("WordDocument") + package({"a": b"a"})),
    ],
)
def test_what_is_two_things_at_once_is_refused(tmp_path: Path, name: str, content: bytes) -> None:
    assert looked_at(tmp_path, name, content) == ("file-is-two", None)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("说明".encode("gb18030"), "file_not_utf8"),
        ("说明".encode("utf-16"), "file_not_utf8"),
        ("说明".encode()[:-1], "file_not_utf8"),
        (b"a\0b", "file_controls"),
        ("a\x85b".encode(), "file_controls"),
        (b"a" * 300_000 + b"\x1b[2J", "file_controls"),
    ],
)
def test_a_text_that_is_none_is_refused(tmp_path: Path, content: bytes, why: str) -> None:
    assert looked_at(tmp_path, "a.txt", content) == ("file-text-unreadable", why)


def test_a_large_file_is_accepted_without_being_read_at_once(tmp_path: Path) -> None:
    place = tmp_path / "large.docx"
    with ZipFile(place, "w", ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", content_types(papers.WORD))
        with archive.open(ZipInfo("word/media/scan.bin"), "w") as member:
            for i in range(40):
                member.write(bytes(zlib.crc32(b"%d-%d" % (i, j)) & 0xFF for j in range(1_000)) * 1_000)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    inspect(place, "large.docx", media_type_of("large.docx"))
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - peak < 20_000
