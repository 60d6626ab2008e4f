"""Attachments: who adds which file to which case, what it is called, and what a void leaves of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from domain import policy, procedure
from domain.attachment import LONGEST_NAME, AttachmentKind, Content, FileName, MediaType, file_name
from domain.case import AttachmentAdded, Case, Role
from domain.cases.suggestion import HandedOver, Reassigned, ReplyIssued, ReturnApproved, ReturnRequested, Suggestion
from domain.docket import Docket
from domain.refusal import Refused
from tests.domain.support import CO_SIGNER, DEPUTY, LEAD, SECOND, THIRD, TODAY, Desk, submitted
from tests.registry import shipped_registry

MAY = date(2026, 5, 20)
LETTER = Content("a1" * 32, MediaType.PDF, 1_000)
PHOTO = Content("b2" * 32, MediaType.JPEG, 2_000)
MOST = 4_000
NAMES: TypeAdapter[str] = TypeAdapter(FileName)


class Shelf:
    """A store in which everybody handed in the letter and the photo."""

    most_of_case = MOST

    def received(self, sha256: str, jurisdiction: str, actor: str) -> Content | None:
        assert jurisdiction == "cn-999900"
        known = {content.sha256: content for content in (LETTER, PHOTO)}
        return None if actor == "idle" else known.get(sha256)


def added(content: Content = LETTER, name: str = "答复函.pdf", **more: Any) -> AttachmentAdded:
    """The step that attaches a content."""
    fields = {"sha256": content.sha256, "media_type": content.media_type, "size": content.size}
    return AttachmentAdded(name=name, **{"kind": AttachmentKind.REPLY_LETTER, **fields, **more})


def refused(desk: Desk, step: AttachmentAdded, **act: Any) -> Refused:
    """Why a step is refused; nothing is recorded."""
    head = desk.ledger.head()
    with pytest.raises(Refused) as why:
        desk.take(step, MAY, **act)
    assert desk.ledger.head() == head
    return why.value


@pytest.fixture
def desk() -> Desk:
    desk = Desk()
    desk.docket = Docket(desk.ledger, shipped_registry(), lambda: desk.now, Shelf())
    desk.open(submitted(co_signers=(CO_SIGNER,)))
    desk.take(HandedOver(lead_unit=LEAD, co_units=(SECOND,)), date(2026, 3, 9))
    return desk


def test_an_attachment_belongs_to_the_case_with_who_added_it_and_when(desk: Desk) -> None:
    desk.take(added(about=2), MAY, Role.HANDLING_UNIT, office=LEAD, actor="clerk")
    (attached,) = desk.case.attachments
    assert (attached.sha256, attached.name, attached.about) == (LETTER.sha256, "答复函.pdf", 2)
    assert (attached.added_on, attached.added_by, attached.role, attached.office) == (
        MAY,
        "clerk",
        Role.HANDLING_UNIT,
        LEAD,
    )


def test_a_case_knows_its_attachments_at_every_moment(desk: Desk) -> None:
    desk.take(added(), MAY)
    position = desk.ledger.head()
    desk.void(3)
    assert desk.case.attachments == []
    before, then = desk.at(date(2026, 5, 19)), desk.at(MAY, known=position)
    assert before is not None
    assert then is not None
    assert before.attachments == []
    assert [attached.sha256 for attached in then.attachments] == [LETTER.sha256]
    assert [record.step.declared.name for record in desk.history][-2:] == ["attachment_added", "voided"]


def test_a_void_of_the_void_attaches_it_again(desk: Desk) -> None:
    desk.take(added(), MAY)
    desk.void(3)
    desk.void(4)
    assert desk.case.attachment(LETTER.sha256) is not None


def test_the_same_attachment_asked_twice_is_recorded_once(desk: Desk) -> None:
    desk.take(added(), MAY)
    assert not desk.take(added(), TODAY).changed
    assert desk.take(added(about=1), MAY).changed
    assert len(desk.case.attachments) == 2


def test_only_its_name_its_kind_and_what_it_is_about_can_be_corrected(desk: Desk) -> None:
    desk.take(added(), MAY)
    desk.correct(3, name="第一次答复.pdf", kind="scan", about=2)
    (attached,) = desk.case.attachments
    assert (attached.name, attached.kind, attached.about) == ("第一次答复.pdf", AttachmentKind.SCAN, 2)
    wrong: dict[str, tuple[Any, str]] = {
        "sha256": (PHOTO.sha256, "cannot-correct-field"),
        "size": (5, "cannot-correct-field"),
        "media_type": (MediaType.PNG, "cannot-correct-field"),
        "about": (9, "no-such-step"),
        "name": ("答复.docx", "file-name-of-another-type"),
    }
    for field, (value, why) in wrong.items():
        with pytest.raises(Refused, match=why):
            desk.correct(3, None, **{field: value})


def test_an_attachment_belongs_to_a_step_that_there_is(desk: Desk) -> None:
    why = refused(desk, added(about=3))
    assert (why.message_id, why.field) == ("no-such-step", "about")


def test_only_what_the_actor_handed_in_can_be_attached(desk: Desk) -> None:
    other = Content("c3" * 32, MediaType.PDF, 1_000)
    assert refused(desk, added(other)).message_id == "content-not-received"
    assert refused(desk, added(), actor="idle").message_id == "content-not-received"
    wrong = refused(desk, added(size=999))
    assert (wrong.message_id, wrong.field) == ("content-is-another", "size")
    assert refused(desk, added(PHOTO, "a.png", media_type=MediaType.PNG)).field == "media_type"


def test_a_docket_without_a_store_attaches_nothing() -> None:
    assert refused(Desk().handed_over(), added()).message_id == "content-not-received"


def test_the_attachments_of_a_case_have_a_limit_together(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Shelf, "most_of_case", LETTER.size + PHOTO.size - 1)
    desk.take(added(), MAY)
    desk.take(added(about=2), MAY)
    why = refused(desk, added(PHOTO, "现场.jpg"))
    assert (why.message_id, why.params["most"]) == ("case-attachments-too-large", LETTER.size + PHOTO.size - 1)
    desk.void(3)
    desk.void(4)
    desk.take(added(PHOTO, "现场.jpg"), MAY)


def test_a_unit_attaches_to_the_cases_that_it_handles(desk: Desk) -> None:
    unit = Role.HANDLING_UNIT
    for number, office in enumerate((LEAD, SECOND), start=1):
        desk.take(added(about=number), MAY, unit, office=office)
    assert refused(desk, added(), role=unit, office=THIRD).message_id == "no-part-in-case"


def test_a_unit_that_gave_its_share_away_attaches_nothing_more(desk: Desk) -> None:
    desk.take(ReturnRequested(unit=LEAD, reason="非本单位职责"), date(2026, 3, 10))
    desk.take(ReturnApproved(unit=LEAD), date(2026, 3, 11))
    desk.take(Reassigned(unit=LEAD, to_unit=THIRD), date(2026, 3, 12))
    assert refused(desk, added(), role=Role.HANDLING_UNIT, office=LEAD).message_id == "no-part-in-case"
    desk.take(added(), MAY, Role.HANDLING_UNIT, office=THIRD)


def test_a_deputy_attaches_to_what_he_submitted_or_signed(desk: Desk) -> None:
    desk.take(added(), MAY, Role.DEPUTY, actor=DEPUTY)
    desk.take(added(about=1), MAY, Role.DEPUTY, actor=CO_SIGNER)
    assert refused(desk, added(about=2), role=Role.DEPUTY, actor="d-009").message_id == "no-part-in-case"


@dataclass
class Reading(Case):
    """A case of a type that says nothing of who has a part in it."""


def test_a_case_type_that_says_nothing_lets_no_unit_and_no_deputy_act(desk: Desk) -> None:
    desk.take(added(), MAY, Role.DEPUTY)
    told = desk.history[-1]
    assert not policy.may_act(Reading("c-1"), told.act)
    assert policy.may_act(Reading("c-1"), told.act.model_copy(update={"role": Role.DEPUTY_AFFAIRS}))


def test_who_takes_no_step_of_the_case_type_attaches_nothing(desk: Desk) -> None:
    takers = AttachmentAdded.roles(Suggestion)
    assert takers == {
        role
        for step in procedure.steps_of(Suggestion)
        if step.declared.case_type is Suggestion
        for role in step.declared.by
    }
    for role in set(Role) - takers:
        why = refused(desk, added(), role=role)
        assert (why.message_id, why.params["by"]) == ("role-may-not", sorted(takers))
        assert "attachment_added" not in {found.step.declared.name for found in procedure.open_steps(desk.case, role)}
    assert {Role.AUDITOR, Role.PARTY_GROUP} <= set(Role) - takers
    assert takers <= procedure.takers_of(AttachmentAdded)
    assert procedure.takers_of(HandedOver) == HandedOver.declared.by


def test_a_paper_older_than_the_case_is_no_disorder(desk: Desk) -> None:
    desk.take(added(), date(2026, 1, 5))
    desk.take(added(about=1), MAY)
    desk.take(ReplyIssued(unit=LEAD, outcome="B"), date(2026, 5, 6))
    assert desk.found == []


def test_a_name_that_another_kind_of_file_has_is_refused(desk: Desk) -> None:
    assert refused(desk, added(name="答复函.docx")).message_id == "file-name-of-another-type"
    assert refused(desk, added(name="答复函.exe")).message_id == "file-type-not-allowed"
    assert refused(desk, added(PHOTO, "现场.pdf")).message_id == "file-name-of-another-type"


@pytest.mark.parametrize(
    ("given_name", "kept"),
    [
        ("答复函.pdf", "答复函.pdf"),
        ("../../etc/答复函.pdf", "答复函.pdf"),
        ("/var/lib/答复函.pdf", "答复函.pdf"),
        ("C:\\Users\\x\\答复函.PDF", "答复函.PDF"),
        ("答复\0函.pdf", "答复函.pdf"),
        ("答复\n函\t.pdf", "答复函.pdf"),
        ("fdp.\u202e函复答.txt", "fdp.函复答.txt"),
        ("答复函\u200b\ufeff.pdf", "答复函.pdf"),
        ("CON.pdf", "_CON.pdf"),
        ("nul.tar.pdf", "_nul.tar.pdf"),
        ("console.pdf", "console.pdf"),
        ("答复函.pdf. . ", "答复函.pdf"),
        ("e\u0301.jpg", "\u00e9.jpg"),
        ("\ud800a.pdf", "a.pdf"),
        ("长" * 400 + ".docx", "长" * 195 + ".docx"),
        ('"; rm -rf ~; ".pdf', '"; rm -rf ~; ".pdf'),
    ],
)
def test_a_name_is_kept_without_what_no_name_may_have(given_name: str, kept: str) -> None:
    assert file_name(given_name) == kept
    assert NAMES.validate_python(kept) == kept


@pytest.mark.parametrize("given_name", ["", ".pdf", "..pdf", "\u202e.pdf", " .pdf", "../.pdf"])
def test_a_name_with_nothing_in_it_is_refused(given_name: str) -> None:
    with pytest.raises(Refused, match=r"file-name-unusable|file-type-not-allowed"):
        file_name(given_name)


@pytest.mark.parametrize(
    "ending", ["docm", "xlsm", "html", "svg", "exe", "zip", "pdf.exe", "js", "rtf", "", "pdf\u202e.exe"]
)
def test_what_is_not_on_the_list_is_refused_by_its_name(ending: str) -> None:
    with pytest.raises(Refused, match="file-type-not-allowed") as why:
        file_name(f"答复函.{ending}")
    assert "pdf" in str(why.value.params["known"])


@given(st.text(), st.sampled_from(["pdf", "docx", "JPG"]))
def test_whatever_a_file_is_called_its_name_can_be_kept(stem: str, ending: str) -> None:
    try:
        kept = file_name(f"{stem}.{ending}")
    except Refused as refusal:
        kept = refusal.message_id
    if kept == "file-name-unusable":
        return
    assert NAMES.validate_python(kept) == kept == file_name(kept)
    assert len(kept) <= LONGEST_NAME
    assert not {"/", "\\", "\0"} & set(kept)


@pytest.mark.parametrize(
    "name", ["a/b.pdf", "a\\b.pdf", "a\u202eb.pdf", "a\0.pdf", ".pdf", "a", "a.", "x" * 197 + ".pdf"]
)
def test_a_step_takes_no_other_name(name: str) -> None:
    with pytest.raises(ValidationError):
        added(name=name)
