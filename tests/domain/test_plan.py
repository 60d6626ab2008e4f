from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from domain.cases import plan as p
from domain.cases.plan import ItemToPlan, Plan, PlanKind, PlannedItem
from domain.comments import Comment, CommentFate, CommentReceived, CommentsAsked, CommentsClosed, CommentSettled
from domain.matter import ApprovedByPartyCommittee, PartyGroupDeliberated, SubmittedToPartyCommittee
from domain.refusal import Refused
from tests.domain.support import Desk

BUSES = ItemToPlan(item="1", title="听取公共交通专项工作报告", unit="jtj", due_on=date(2026, 6, 30))
SCHOOLS = ItemToPlan(item="2", title="义务教育法执法检查", unit="jyj")


def drafted(**more: Any) -> Desk:
    desk = Desk()
    given: dict[str, Any] = {
        "jurisdiction": "cn-999900",
        "title": "市人大常委会2026年监督工作计划",
        "kind": PlanKind.SUPERVISION,
        "items": (BUSES, SCHOOLS),
    }
    desk.open(p.PlanDrafted(**(given | more)), date(2026, 1, 5))
    return desk


def through_the_gates(desk: Desk) -> Desk:
    desk.take(PartyGroupDeliberated(), date(2026, 1, 12))
    desk.take(SubmittedToPartyCommittee(), date(2026, 1, 14))
    desk.take(ApprovedByPartyCommittee(), date(2026, 1, 26))
    return desk


def of(desk: Desk) -> Plan:
    case = desk.live
    assert isinstance(case, Plan)
    return case


def test_a_plan_that_was_through_both_gates_is_adopted_and_nothing_is_found() -> None:
    desk = through_the_gates(drafted())
    desk.take(p.PlanAdopted(), date(2026, 2, 9))
    assert of(desk).stage is Plan.Stage.ADOPTED
    assert desk.found == []


def test_a_supervision_plan_that_skipped_the_gates_is_adopted_and_that_is_found() -> None:
    desk = drafted()
    desk.take(p.PlanAdopted(), date(2026, 2, 9))
    assert [(finding.message_id, finding.params["step"]) for finding in desk.findings] == [
        ("gate-not-passed", ["matter.party_group_deliberated.v1"]),
        ("gate-not-passed", ["matter.approved_by_party_committee.v1"]),
    ]


def test_an_approval_that_came_after_the_adoption_does_not_help() -> None:
    desk = drafted()
    desk.take(p.PlanAdopted(), date(2026, 2, 9))
    through_the_gates_later = (PartyGroupDeliberated(), ApprovedByPartyCommittee())
    for step in through_the_gates_later:
        desk.take(step, date(2026, 2, 20))
    assert len(desk.findings) == 2


def test_a_plan_of_deputies_work_needs_no_gate() -> None:
    desk = drafted(kind=PlanKind.DEPUTY_WORK)
    desk.take(p.PlanAdopted(), date(2026, 2, 9))
    assert desk.found == []


def test_items_are_taken_up_carried_out_and_taken_out_with_a_reason() -> None:
    desk = through_the_gates(drafted())
    desk.take(p.PlanAdopted(), date(2026, 2, 9))
    desk.take(p.ItemTakenUp(item="1"), date(2026, 3, 2))
    desk.take(p.ItemCarriedOut(item="1"), date(2026, 6, 29))
    desk.take(p.PlanAdjusted(removed=("2",), reason="与省里统一安排"), date(2026, 7, 6))
    assert [item.stage for item in of(desk).items.values()] == [
        PlannedItem.Stage.CARRIED_OUT,
        PlannedItem.Stage.TAKEN_OUT,
    ]
    earlier = desk.at(date(2026, 7, 5))
    assert isinstance(earlier, Plan)
    assert earlier.items["2"].stage is PlannedItem.Stage.PLANNED


def test_what_became_of_each_comment_is_kept() -> None:
    desk = drafted()
    desk.take(CommentsAsked(asked=("各专工委",), due_on=date(2026, 1, 9)), date(2026, 1, 5))
    desk.take(CommentReceived(comment="1", commented_by="财经委", text="增加国有资产报告"), date(2026, 1, 7))
    assert [one.part for one in of(desk).awaited()] == ["1"]
    desk.take(CommentSettled(comment="1", fate=CommentFate.TAKEN_UP), date(2026, 1, 8))
    desk.take(CommentsClosed(), date(2026, 1, 9))
    assert of(desk).comments["1"].stage is Comment.Stage.TAKEN_UP
    assert of(desk).clocks["comments", None].late is False


@pytest.mark.parametrize(
    ("fields", "message_id"),
    [
        ({"items": (BUSES, BUSES)}, "item-exists"),
        ({"items": (ItemToPlan(item="1", title="-", unit="nowhere"),)}, "unknown-unit"),
        ({"year": 2026, "until_year": 2025}, "plan-ends-before-it-begins"),
    ],
)
def test_a_plan_that_makes_no_sense_is_refused(fields: dict[str, Any], message_id: str) -> None:
    with pytest.raises(Refused) as refused:
        drafted(**fields)
    assert refused.value.message_id == message_id


def test_units_read_a_plan_once_it_is_adopted() -> None:
    desk = drafted()
    assert "handling_unit:jtj" not in set(of(desk).audience())
    desk.take(p.PlanAdopted(), date(2026, 2, 9))
    assert "handling_unit:jtj" in set(of(desk).audience())
