"""The special investigation (特定问题调查): proposed, constituted, evidence taken, reported, decided upon."""

from __future__ import annotations

from dataclasses import fields
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from adapters.keys import KeyStore
from domain.ballot import BallotMode
from domain.case import Role, Step
from domain.cases.supervision.investigation import (
    EVIDENCE,
    REPORT,
    ConfidentialEvidenceReceived,
    ConflictRecorded,
    Evidence,
    EvidenceProvided,
    EvidenceReceived,
    EvidenceRequested,
    EvidenceWithheld,
    ExpertEngaged,
    Investigation,
    InvestigationCommitteeReported,
    InvestigationDecisionVoted,
    InvestigationEstablishmentVoted,
    InvestigationProposed,
    InvestigationProposer,
    InvestigationReferred,
    InvestigationReportSubmitted,
    InvestigationSubmitted,
    Investigator,
    InvestigatorPost,
    InvestigatorsNominated,
    InvestigatorsVoted,
)
from domain.docket import Docket
from domain.matter import Audience, Closed, Published, SubmittedToPartyCommittee
from domain.person import PersonAdded
from domain.personal import Capacity
from domain.refusal import Refused
from tests.domain.support import Desk
from tests.registry import shipped_registry

Stage = Investigation.Stage
UNIT = "hbj"
PROPOSED, SUBMITTED, CONSTITUTED = date(2026, 3, 2), date(2026, 3, 16), date(2026, 3, 30)
TAKEN, DUE, REPORTED, DECIDED = date(2026, 4, 15), date(2026, 6, 30), date(2026, 6, 22), date(2026, 7, 30)
CHAIR = Investigator(investigator="甲三", deputy="d-009", investigator_post=InvestigatorPost.CHAIR)
DEPUTY = Investigator(investigator="甲一", deputy="d-001")
MEMBERS = tuple(f"委员{i}" for i in range(1, 8))


def proposed(**more: Any) -> InvestigationProposed:
    given = {
        "jurisdiction": "cn-999900",
        "title": "水源地污染特定问题调查",
        "unit": UNIT,
        "reason": "污染责任不清，影响作出决定",
        "proposer": InvestigationProposer.CHAIRMEN_MEETING,
    }
    return InvestigationProposed(**{**given, **more})


def tally(votes_for: int = 25, *, mode: BallotMode = BallotMode.ELECTRONIC) -> dict[str, Any]:
    return {
        "mode": mode,
        "members": 31,
        "present": 28,
        "votes_for": votes_for,
        "votes_against": 28 - votes_for,
        "abstentions": 0,
    }


def established(votes_for: int = 25, **more: Any) -> InvestigationEstablishmentVoted:
    return InvestigationEstablishmentVoted(**tally(votes_for), **more)


def nominated(*investigators: Investigator) -> InvestigatorsNominated:
    return InvestigatorsNominated(investigators=investigators or (CHAIR, DEPUTY))


def constituted(votes_for: int = 25) -> InvestigatorsVoted:
    return InvestigatorsVoted(**tally(votes_for))


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.fixture
def submitted(desk: Desk) -> Desk:
    desk.open(proposed(), PROPOSED)
    desk.take(InvestigationSubmitted(), SUBMITTED)
    return desk


@pytest.fixture
def investigating(submitted: Desk) -> Desk:
    submitted.take(nominated(), SUBMITTED)
    submitted.take(established(due_on=DUE), CONSTITUTED)
    submitted.take(constituted(), CONSTITUTED)
    return submitted


def case_of(desk: Desk) -> Investigation:
    case = desk.live
    assert isinstance(case, Investigation)
    return case


def refusal_of(desk: Desk, step: Step, on: date, role: Role | None = None, **more: Any) -> tuple[str, str | None]:
    with pytest.raises(Refused) as refused:
        desk.take(step, on, role, **more)
    return refused.value.message_id, refused.value.field


def awaited(desk: Desk) -> list[tuple[str, date | None]]:
    return [(one.step, one.due_on) for one in case_of(desk).awaited()]


def test_a_committee_is_constituted_takes_evidence_reports_and_the_body_decides(investigating: Desk) -> None:
    desk = investigating
    desk.take(ExpertEngaged(expert="乙教授", expertise="水文"), TAKEN)
    desk.take(EvidenceRequested(evidence="e1", title="排污记录", unit=UNIT, due_on=date(2026, 4, 30)), TAKEN)
    desk.take(EvidenceProvided(evidence="e1", summary="三年记录"), date(2026, 4, 29))
    desk.take(InvestigationReportSubmitted(summary="责任已查明"), REPORTED)
    desk.take(InvestigationDecisionVoted(text="责令限期治理", **tally()), DECIDED)
    desk.take(Closed(), DECIDED)
    case = case_of(desk)
    assert (case.stage, case.decision, case.decided_on) == (Stage.CLOSED, "责令限期治理", DECIDED)
    assert (case.evidence["e1"].stage, len(case.votes)) == (Evidence.Stage.PROVIDED, 3)
    assert (case.clocks[EVIDENCE, "e1"].late, case.clocks[REPORT, None].late) == (False, False)
    assert desk.found == []


def test_members_may_propose_it_and_a_special_committee_deliberates_first(desk: Desk) -> None:
    desk.open(proposed(proposer=InvestigationProposer.MEMBERS, proposers=MEMBERS), PROPOSED)
    desk.take(InvestigationReferred(committee="城环资委"), PROPOSED)
    assert awaited(desk) == [("investigation.committee_reported.v1", None)]
    desk.take(InvestigationCommitteeReported(opinion="有必要"), SUBMITTED)
    desk.take(InvestigationSubmitted(), SUBMITTED)
    assert (case_of(desk).committee, case_of(desk).committee_opinion) == ("城环资委", "有必要")
    assert desk.found == []


def test_at_an_earlier_moment_there_is_no_committee(investigating: Desk) -> None:
    then = investigating.at(SUBMITTED)
    assert isinstance(then, Investigation)
    assert (then.stage, then.investigators) == (Stage.SUBMITTED, ())


def test_the_body_decides_on_a_committee_and_apart_from_that_on_who_is_on_it(submitted: Desk) -> None:
    submitted.take(established(due_on=DUE), CONSTITUTED)
    case = case_of(submitted)
    assert (case.stage, case.established_on, case.investigators) == (Stage.ESTABLISHED, CONSTITUTED, ())
    assert refusal_of(submitted, constituted(), CONSTITUTED) == ("nobody-nominated", None)
    submitted.take(nominated(), CONSTITUTED)
    submitted.take(constituted(), TAKEN)
    case = case_of(submitted)
    assert (case.stage, case.investigators, case.constituted_on) == (Stage.INVESTIGATING, (CHAIR, DEPUTY), TAKEN)
    assert case.due_by(REPORT) == DUE
    assert submitted.found == []


def test_a_vote_that_fails_sets_up_nothing_constitutes_nothing_and_decides_nothing(submitted: Desk) -> None:
    desk = submitted
    desk.take(established(votes_for=15, due_on=DUE), CONSTITUTED)
    assert (case_of(desk).stage, case_of(desk).established_on, case_of(desk).open_clocks) == (Stage.SUBMITTED, None, [])
    desk.take(established(votes_for=16), CONSTITUTED)
    desk.take(nominated(), CONSTITUTED)
    desk.take(constituted(votes_for=15), CONSTITUTED)
    assert (case_of(desk).stage, case_of(desk).investigators) == (Stage.ESTABLISHED, ())
    desk.take(constituted(votes_for=16), CONSTITUTED)
    assert case_of(desk).stage is Stage.INVESTIGATING
    desk.take(InvestigationReportSubmitted(summary="报告"), REPORTED)
    desk.take(InvestigationDecisionVoted(text="决定", **tally(15)), DECIDED)
    assert (case_of(desk).stage, case_of(desk).decision, len(case_of(desk).votes)) == (Stage.REPORTED, None, 5)


def test_another_nomination_and_vote_change_who_is_on_the_committee(investigating: Desk) -> None:
    other = Investigator(investigator="丙三", deputy="d-065")
    investigating.take(nominated(CHAIR, other), TAKEN)
    assert case_of(investigating).investigators == (CHAIR, DEPUTY)
    investigating.take(constituted(), TAKEN)
    case = case_of(investigating)
    assert (case.investigators, case.constituted_on, case.due_by(REPORT)) == ((CHAIR, other), CONSTITUTED, DUE)


def test_members_of_the_committee_and_deputies_without_a_seat_are_nominated_and_nobody_else(submitted: Desk) -> None:
    member = Investigator(investigator="甲三", investigator_post=InvestigatorPost.CHAIR)
    submitted.take(nominated(member, DEPUTY), SUBMITTED)
    assert case_of(submitted).nominated == (CHAIR, DEPUTY)
    stranger = nominated(member, Investigator(investigator="某专家"))
    assert refusal_of(submitted, stranger, SUBMITTED) == ("investigator-not-a-deputy", "investigators.1")
    assert not submitted.take(nominated(), SUBMITTED).changed


# Conflicts of interest


def test_whoever_has_an_interest_leaves_the_committee(investigating: Desk) -> None:
    investigating.take(ExpertEngaged(expert="乙教授"), TAKEN)
    investigating.take(ConflictRecorded(interested="甲一", reason="亲属任职"), TAKEN)
    investigating.take(ConflictRecorded(interested="乙教授", reason="受聘企业"), TAKEN)
    assert (case_of(investigating).investigators, case_of(investigating).experts) == ((CHAIR,), [])
    assert investigating.found == []


def test_an_interested_person_who_is_nominated_or_engaged_as_an_expert_is_a_finding(submitted: Desk) -> None:
    submitted.take(ConflictRecorded(interested="甲一", reason="亲属任职"), SUBMITTED)
    submitted.take(nominated(), SUBMITTED)
    submitted.take(established(), CONSTITUTED)
    submitted.take(constituted(), CONSTITUTED)
    submitted.take(ExpertEngaged(expert="甲一"), TAKEN)
    assert submitted.found == [("interested-person-takes-part", 4), ("interested-person-takes-part", 7)]


def test_whoever_has_an_interest_is_nominated_no_more(submitted: Desk) -> None:
    submitted.take(nominated(), SUBMITTED)
    submitted.take(ConflictRecorded(interested="甲一", reason="亲属任职"), SUBMITTED)
    assert case_of(submitted).nominated == (CHAIR,)


@pytest.mark.parametrize("investigators", [(DEPUTY,), (CHAIR, CHAIR.model_copy(update={"investigator": "丁"}))])
def test_a_committee_without_one_chair_is_a_finding(submitted: Desk, investigators: tuple[Investigator, ...]) -> None:
    submitted.take(established(), CONSTITUTED)
    submitted.take(nominated(*investigators), CONSTITUTED)
    submitted.take(constituted(), CONSTITUTED)
    assert submitted.found == [("committee-without-one-chair", 5)]


def test_fewer_members_than_a_fifth_are_a_finding_of_who_puts_it_before_the_body(desk: Desk) -> None:
    desk.open(proposed(proposer=InvestigationProposer.MEMBERS, proposers=MEMBERS[:6]), PROPOSED)
    desk.take(InvestigationSubmitted(), SUBMITTED)
    assert [(one.message_id, one.params) for one in desk.findings] == [
        ("fewer-than-a-fifth", {"signed": 6, "members": 31})
    ]


# Evidence


def test_a_source_that_is_kept_secret_is_in_no_field(investigating: Desk) -> None:
    told = {"jurisdiction", "unit", "organisation", "person", "respondent", "name"}
    assert set(ConfidentialEvidenceReceived.model_fields) == {"evidence", "title"}
    step = ConfidentialEvidenceReceived(evidence="e1", title="排污照片")
    named = refusal_of(investigating, step, TAKEN, on_behalf_of="张某")
    assert named == ("confidential-source-named", "on_behalf_of")
    investigating.take(step, TAKEN)
    evidence = case_of(investigating).evidence["e1"]
    assert evidence.confidential
    assert {one.name: getattr(evidence, one.name) for one in fields(evidence) if one.name in told} == {
        "unit": None,
        "organisation": None,
        "person": None,
    }


def test_a_citizen_whose_name_is_no_secret_is_named_by_key(investigating: Desk, tmp_path: Path) -> None:
    keys = KeyStore(tmp_path / "keys", bytes(range(32)), "main", lambda: investigating.now)
    investigating.docket = Docket(investigating.ledger, shipped_registry(), lambda: investigating.now, keys=keys)
    received = EvidenceReceived(evidence="e2", title="取水记录", person="p1")
    assert refusal_of(investigating, received, TAKEN) == ("person-not-added", "person")
    person = {"person": "p1", "capacity": Capacity.OTHER, "name": "张某"}
    investigating.take(PersonAdded.model_validate(person), TAKEN, Role.GENERAL_OFFICE)
    investigating.take(received, TAKEN)
    assert case_of(investigating).evidence["e2"].person == "p1"


def test_what_is_withheld_is_a_finding_and_may_be_given_later(investigating: Desk) -> None:
    investigating.take(EvidenceRequested(evidence="e1", title="台账", organisation="某公司"), TAKEN)
    investigating.take(EvidenceWithheld(evidence="e1", reason="称已遗失"), TAKEN)
    assert investigating.found == [("evidence-withheld", 7)]
    investigating.take(EvidenceProvided(evidence="e1"), TAKEN)
    assert case_of(investigating).evidence["e1"].stage is Evidence.Stage.PROVIDED


@pytest.mark.parametrize(
    ("step", "refusal"),
    [
        (EvidenceRequested(evidence="e1", title="台账"), ("evidence-exists", "evidence")),
        (ConfidentialEvidenceReceived(evidence="e1", title="照片"), ("evidence-exists", "evidence")),
        (EvidenceReceived(evidence="e2", title="台账", unit="nowhere"), ("unknown-unit", "unit")),
        (EvidenceRequested(evidence="e2", title="台账", due_on=PROPOSED), ("due-before-start", "due_on")),
        (EvidenceProvided(evidence="e9"), ("unknown-part", "evidence")),
        (nominated(CHAIR, CHAIR), ("named-twice", "investigators.1")),
        (
            nominated(CHAIR, Investigator(investigator="某", deputy="nowhere")),
            ("unknown-deputy", "investigators.1.deputy"),
        ),
    ],
)
def test_what_cannot_be_is_refused(investigating: Desk, step: Step, refusal: tuple[str, str | None]) -> None:
    investigating.take(EvidenceReceived(evidence="e1", title="举报材料", unit=UNIT), TAKEN)
    assert refusal_of(investigating, step, TAKEN) == refusal


def test_a_term_that_is_over_and_a_vote_on_what_is_set_up_are_refused(submitted: Desk) -> None:
    assert refusal_of(submitted, established(due_on=PROPOSED), CONSTITUTED) == ("due-before-start", "due_on")
    submitted.take(established(), CONSTITUTED)
    assert refusal_of(submitted, established(), TAKEN)[0] == "step-not-open"


def test_a_name_that_signs_twice_is_refused(desk: Desk) -> None:
    with pytest.raises(Refused) as refused:
        desk.open(proposed(proposers=("甲", "甲")), PROPOSED)
    assert refused.value.message_id == "named-twice"


# Who reads it


def test_in_its_course_only_its_deputies_and_the_party_committee_read_it(investigating: Desk) -> None:
    investigating.take(SubmittedToPartyCommittee(), TAKEN)
    investigating.take(Published(audiences=(Audience.DEPUTIES,)), TAKEN)
    deputies = {"deputy:d-001", "deputy:d-009"}
    assert set(case_of(investigating).audience()) == {"party_committee", *deputies}
    investigating.take(InvestigationReportSubmitted(summary="报告"), REPORTED)
    investigating.take(InvestigationDecisionVoted(text="决定", **tally()), DECIDED)
    told = {"party_committee", *deputies, "deputy", f"handling_unit:{UNIT}"}
    assert set(case_of(investigating).audience()) == told


def test_with_a_secret_source_it_is_told_to_nobody_else_ever(investigating: Desk) -> None:
    investigating.take(ConfidentialEvidenceReceived(evidence="e1", title="照片"), TAKEN)
    investigating.take(InvestigationReportSubmitted(summary="报告"), REPORTED)
    investigating.take(InvestigationDecisionVoted(text="决定", **tally()), DECIDED)
    investigating.take(Published(audiences=(Audience.PUBLIC,)), DECIDED)
    assert set(case_of(investigating).audience()) == {"deputy:d-001", "deputy:d-009"}


def test_at_each_stage_somebody_is_awaited(desk: Desk) -> None:
    desk.open(proposed(), PROPOSED)
    assert awaited(desk) == [("investigation.submitted.v1", None)]
    desk.take(InvestigationSubmitted(), SUBMITTED)
    assert awaited(desk) == [("investigation.establishment_voted.v1", None)]
    desk.take(established(due_on=DUE), CONSTITUTED)
    assert awaited(desk)[0] == ("investigation.investigators_nominated.v1", None)
    desk.take(nominated(), CONSTITUTED)
    assert awaited(desk)[0] == ("investigation.investigators_voted.v1", None)
    desk.take(constituted(), CONSTITUTED)
    desk.take(EvidenceRequested(evidence="e1", title="台账", unit=UNIT, due_on=date(2026, 4, 30)), TAKEN)
    assert awaited(desk) == [
        ("investigation.report_submitted.v1", DUE),
        ("investigation.evidence_provided.v1", date(2026, 4, 30)),
    ]
    desk.take(InvestigationReportSubmitted(summary="报告"), REPORTED)
    assert awaited(desk) == [("investigation.decision_voted.v1", None)]
    assert case_of(desk).open_clocks == []
    desk.take(InvestigationDecisionVoted(text="决定", **tally()), DECIDED)
    assert awaited(desk) == [("matter.closed.v1", None)]
