"""Suggestions of the sample city that the tests of the pages read: one with everything, one in each state, hostile."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from domain.case import Act, Corrected, Role, SourceDocument, Step, Voided
from domain.cases.suggestion import (
    ContactMade,
    ContactMode,
    CoOpinionSubmitted,
    EvaluationSubmitted,
    ExtensionGranted,
    Grade,
    HandedOver,
    Phase,
    Promise,
    ReHandlingOrdered,
    ReplyIssued,
    SignedFor,
    SuggestionSubmitted,
)
from domain.docket import Docket
from domain.moment import parse_occurred

HOSTILE = '<script>alert("1")</script>关于\u202e夜间\u2066公交 & "引号"的建议'
ENDLESS = "W" * 500
CITY = "cn-999900"


@dataclass
class Story:
    """Writes cases into a docket, as an office does."""

    docket: Docket

    def open(self, day: str, title: str, **fields: object) -> str:
        """A suggestion that a deputy submits."""
        told = {"jurisdiction": CITY, "title": title, "lead_deputy": "d-001"}
        step = SuggestionSubmitted.model_validate(told | fields)
        return self.docket.open(step, self.act(day, Role.DEPUTY, actor=step.lead_deputy)).case_id

    def record(self, case_id: str, day: str, step: Step, role: Role = Role.DEPUTY_AFFAIRS, **act: object) -> None:
        """A step of a case."""
        self.docket.record(case_id, step, self.act(day, role, **act))

    def act(self, day: str, role: Role, **fields: object) -> Act:
        """Who did it, and when."""
        occurred_at, precision = parse_occurred(day, "Asia/Shanghai")
        told = {"actor": "clerk-1", "office": "rd", "role": role, "occurred_at": occurred_at, "precision": precision}
        return Act.model_validate(told | fields)

    def everything(self) -> str:
        """Two rounds, with a co-handler, an extension, a promise, a correction, a void and a late entry."""
        case_id = self.open(
            "2026-02-26",
            "关于增开夜间公交线路、方便产业园区职工出行的建议",
            number="2026-001",
            session="市十届人大五次会议",
            co_signers=("d-002", "d-003"),
            body="产业园区夜班职工下班后没有公交可乘。\n建议：\n一、增开两条夜间线路；\n二、延长末班车时间至 23:30。",
        )
        office, unit = Role.DEPUTY_AFFAIRS, Role.HANDLING_UNIT
        paper = SourceDocument(number="云人办〔2026〕3号", title="交办通知", sha256="a5" * 32)
        self.record(case_id, "2026-03-05", HandedOver(lead_unit="jtj", co_units=("czj",)), office, source=paper)
        self.record(case_id, "2026-03-09", SignedFor(unit="jtj", signed_by="办公室"), unit, office="jtj")
        self.record(case_id, "2026-03-10", SignedFor(unit="czj"), unit, office="czj")
        self.record(
            case_id,
            "2026-03-30",
            CoOpinionSubmitted(unit="czj", opinion="运营补贴可列入年中调整。"),
            unit,
            office="czj",
        )
        reason = "需等待线路审批"
        self.record(case_id, "2026-05-28", ExtensionGranted(unit="jtj", due_on=date(2026, 6, 30), reason=reason))
        promise = Promise(commitment="夜间线路", text="年底前开通第二条夜间线路", due_on=date(2026, 12, 31))
        letter = ReplyIssued(
            unit="jtj",
            outcome="B",
            document_number="云交函〔2026〕18号",
            letter="第一条线路已开通。",
            commitments=(promise,),
        )
        self.record(case_id, "2026-06-24", letter, unit, office="jtj", on_behalf_of="市交通运输局")
        view = EvaluationSubmitted(result=Grade.DISSATISFIED, attitude=Grade.SATISFIED, reason="末班车时间没有答复")
        self.record(case_id, "2026-07-03", view, Role.DEPUTY, actor="d-001")
        self.record(case_id, "2026-07-10", ReHandlingOrdered(reason="代表不满意"))
        again = ReplyIssued(
            unit="jtj", outcome="A", document_number="云交函〔2026〕31号", letter="末班车已延至 23:30。"
        )
        self.record(case_id, "2026-08-04", again, unit, office="jtj")
        self.record(case_id, "2026-08-12", EvaluationSubmitted(result=Grade.SATISFIED), Role.DEPUTY, actor="d-001")
        contact = ContactMade(
            contact="c-1", phase=Phase.BEFORE_REPLY, mode=ContactMode.FACE_TO_FACE, unit="jtj", place="园区管委会"
        )
        self.record(case_id, "2026-04-15", contact, unit, late=True, office="jtj")
        wrong = parse_occurred("2026-03-06", "Asia/Shanghai")[0]
        right = Corrected(corrects=2, occurred_at=wrong, precision="day", reason="交办日期录错", approved_by="主任")
        self.record(case_id, "2026-09-01", right)
        self.record(case_id, "2026-09-02", ReHandlingOrdered(reason="录到了另一件上"))
        self.record(case_id, "2026-09-02", Voided(voids=14, reason="应录在另一件", approved_by="主任"))
        return case_id

    def each_state(self) -> None:
        """Suggestions not handed over, awaited, overdue, and due beyond the published calendar."""
        self.open("2026-11-18", "关于在老旧小区加装电梯的建议", number="2026-041", lead_deputy="d-003")
        late = self.open("2026-05-06", "关于整治青石河沿岸排污口的建议", number="2026-017", lead_deputy="d-007")
        self.record(late, "2026-05-12", HandedOver(lead_unit="hbj", co_units=("slj", "cgj")))
        near = self.open("2026-08-20", "关于扩大公办幼儿园学位供给的建议", number="2026-029", lead_deputy="d-005")
        self.record(near, "2026-08-27", HandedOver(lead_unit="jyj"))
        far = self.open("2026-10-28", "关于规范电动自行车充电设施建设的建议", number="2026-038", lead_deputy="d-004")
        self.record(far, "2026-11-06", HandedOver(separate_units=("zjj", "gaj")))
        early = self.open("2026-02-27", "关于推进社区养老服务设施全覆盖的建议", number="2026-006", lead_deputy="d-006")
        self.record(early, "2026-03-06", HandedOver(lead_unit="mzj"))
        reply = ReplyIssued(unit="mzj", outcome="A", letter="已办理。")
        self.record(early, "2026-05-20", reply, Role.HANDLING_UNIT, office="mzj")
        contact = ContactMade(contact="c-1", phase=Phase.BEFORE_REPLY, mode=ContactMode.VISIT, unit="mzj")
        self.record(early, "2026-04-02", contact, Role.HANDLING_UNIT, office="mzj")

    def hostile(self) -> list[str]:
        """Titles that try to run, to turn round, and never to break."""
        return [
            self.open("2026-03-01", HOSTILE, number="2026-<b>1</b>", body="</dd><img src=x onerror=alert(1)>"),
            self.open("2026-03-02", ENDLESS, number="N" * 300, session="S" * 300),
            self.open("2026-03-02", "长" * 500),
        ]
