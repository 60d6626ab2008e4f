"""What a row of the appointment matters says, and what the real file makes."""

from __future__ import annotations

from collections import Counter
from datetime import date
from pathlib import Path

import pytest

from adapters.exchange.importer import run_import
from adapters.exchange.profiles import profile_named
from adapters.exchange.sangiin_appointments import (
    COMMITTEE,
    COMMITTEE_DECIDED,
    COMMITTEE_VERDICT,
    DECIDED,
    MARGIN,
    METHOD,
    OTHER_DECIDED,
    OTHER_VERDICT,
    SUBMITTED,
    VERDICT,
    SangiinAppointments,
    persons_of,
)
from adapters.exchange.source import Row, SourceCase
from adapters.memory import MemoryLedger
from domain.ballot import BallotMode
from domain.cases.appointment import Appointment, AppointmentApproved, AppointmentProposed, CommitteeOpined, Margin
from domain.docket import Docket
from domain.refusal import Refused
from tests.registry import shipped_registry

PROFILE = SangiinAppointments()


def row(**changes: str) -> Row:
    values = dict.fromkeys(PROFILE.columns, "") | {
        "種類": "人事案件",
        "提出回次": "901",
        "提出番号": "7",
        "件名": "架空審議会委員に架空花子君を任命することについて同意を求めるの件",
        SUBMITTED: "2020-11-10",
        COMMITTEE_DECIDED: "2020-11-19",
        COMMITTEE_VERDICT: "同意",
        DECIDED: "2020-11-20",
        VERDICT: "同意",
        MARGIN: "全会一致",
        METHOD: "押しボタン",
        OTHER_DECIDED: "2020-11-17",
        OTHER_VERDICT: "同意",
    }
    values |= changes
    return Row(1, list(values.values()), values)


def case(**changes: str) -> SourceCase:
    one = row(**changes)
    return PROFILE.case(one, PROFILE.key(one))


def test_a_matter_is_proposed_said_something_of_by_both_houses_and_decided_on_the_days_of_its_source() -> None:
    found = case()
    proposed, other, committee, decided = found.steps
    assert isinstance(proposed.step, AppointmentProposed)
    assert (proposed.step.candidate, proposed.step.post) == ("架空花子", "架空審議会委員")
    assert isinstance(other.step, CommitteeOpined)
    assert isinstance(committee.step, CommitteeOpined)
    assert (other.step.body, committee.step.body) == ("衆議院", COMMITTEE)
    assert isinstance(decided.step, AppointmentApproved)
    assert (decided.step.margin, decided.step.mode) == (Margin.UNANIMOUS, BallotMode.ELECTRONIC)
    assert [step.occurred_at.date().day for step in found.steps] == [10, 17, 19, 20]
    assert not found.remarks


def test_a_matter_that_was_not_agreed_to_is_not_passed() -> None:
    assert [step.step.declared.name for step in case(**{VERDICT: "不同意", MARGIN: "少数"}).steps][-1] == "not_passed"


def test_several_persons_of_one_matter_stay_one_case_and_that_is_told() -> None:
    title = "甲委員会委員長に乙一君を、同委員に丙二君及び丁三君を任命することについて同意を求めるの件"
    assert [tuple(one) for one in persons_of(title)] == [
        ("甲委員会委員長", "乙一"),
        ("甲委員会委員", "丙二"),
        ("甲委員会委員", "丁三"),
    ]
    found = case(件名=title)
    assert [remark.message_id for remark in found.remarks] == ["import-several-persons"]
    assert isinstance(found.steps[0].step, AppointmentProposed)
    assert found.steps[0].step.candidate == "乙一、丙二、丁三"


def test_a_name_may_have_the_particle_that_ends_a_list() -> None:
    assert [one.name for one in persons_of("甲会委員に乙かをり君及び丙子君を任命したことについて承認を求めるの件")] == [
        "乙かをり",
        "丙子",
    ]


@pytest.mark.parametrize(
    ("changes", "message_id"),
    [
        ({"種類": "条約"}, "import-of-another-kind"),
        ({"提出番号": "七"}, "import-unreadable-number"),
        ({SUBMITTED: ""}, "import-missing"),
        ({DECIDED: "令和二年"}, "import-unreadable-date"),
        ({"件名": "架空の件"}, "import-unreadable-title"),
        ({"件名": "甲会委員に乙を任命することについて"}, "import-unreadable-title"),
    ],
)
def test_a_row_that_does_not_fit_is_refused_with_its_reason(changes: dict[str, str], message_id: str) -> None:
    with pytest.raises(Refused) as refused:
        case(**changes)
    assert refused.value.message_id == message_id


@pytest.mark.parametrize(
    ("changes", "message_id", "steps"),
    [
        ({VERDICT: "未了"}, "import-verdict-not-understood", 3),
        ({COMMITTEE_VERDICT: ""}, "import-verdict-not-understood", 3),
        ({DECIDED: ""}, "import-verdict-without-a-day", 3),
    ],
)
def test_a_verdict_that_decides_nothing_is_told_and_no_step_is_made_up(
    changes: dict[str, str], message_id: str, steps: int
) -> None:
    found = case(**changes)
    assert [remark.message_id for remark in found.remarks] == [message_id]
    assert len(found.steps) == steps


@pytest.mark.shared_data
def test_all_646_matters_of_the_real_file_become_cases_and_every_other_row_is_told_of(shared_data: Path) -> None:
    ledger = MemoryLedger()
    docket = Docket(ledger, shipped_registry())
    file = shared_data / "japan_sangiin" / "gian.csv"
    report = run_import(docket, ledger, profile_named("sangiin-appointments"), file, actor="clerk-1")
    assert (report.rows, report.cases) == (8603, 646)
    assert Counter(refusal.message_id for refusal in report.refusals) == {"import-of-another-kind": 8603 - 646}
    assert report.figures == {
        "approved": 611,
        "not_approved": 16,
        "unanimous": 298,
        "without_a_verdict_of_the_plenary": 19,
    }
    found = Counter(finding.message_id for finding in report.findings)
    assert found == {"import-several-persons": 367, "before-opening": 10, "import-verdict-not-understood": 3}
    cases = [docket.case_file(case_id).case for case_id in ledger._cases]
    approved = [one for one in cases if isinstance(one, Appointment) and one.approved_on is not None]
    assert len(approved) == 611
    assert min(one.approved_on for one in approved if one.approved_on) == date(2001, 10, 31)
    again = run_import(docket, ledger, profile_named("sangiin-appointments"), file, actor="clerk-1")
    assert (again.cases, again.steps, again.already) == (0, 0, 646)
