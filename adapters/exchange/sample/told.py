"""The suggestions of the sample that were written by hand: one in every state that teaches something."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from functools import partial

from adapters.exchange.sample.happening import JURISDICTION, ZONE, Happening, Story, sample_case_id
from domain.case import Corrected, Role, Step, Voided
from domain.cases.suggestion import (
    Channel,
    Charge,
    CommitmentFulfilled,
    CommitmentRevised,
    ContactConfirmed,
    ContactMade,
    ContactMode,
    CoOpinionSubmitted,
    CoSignConfirmed,
    EscalatedToMeeting,
    EvaluationInvited,
    EvaluationRecordedByProxy,
    EvaluationSubmitted,
    ExtensionGranted,
    ExtensionRequested,
    Grade,
    HandedOver,
    KeySupervisionDesignated,
    LeaderAssigned,
    LeaderLevel,
    LookBackChecked,
    NotAccepted,
    NotAcceptedReason,
    PersonLevel,
    Phase,
    ProgressReported,
    Promise,
    Reassigned,
    ReHandlingOrdered,
    ReplyIssued,
    ReplyPublished,
    Resubmitted,
    ReturnApproved,
    ReturnRequested,
    SentBack,
    SignedFor,
    SuggestionClosed,
    SuggestionReviewed,
    SuggestionsMerged,
    SuggestionSubmitted,
    SuggestionWithdrawn,
)
from domain.moment import start_of_day

SESSION = "2026年市人民代表大会"

_CLERK = "clerk-1"


def _deputy(deputy: str, month: int, day: int, step: Step) -> Happening:
    return Happening(date(2026, month, day), step, deputy, Role.DEPUTY, JURISDICTION)


def _unit(unit: str, month: int, day: int, step: Step) -> Happening:
    return Happening(date(2026, month, day), step, f"{unit}-1", Role.HANDLING_UNIT, unit)


def _office(month: int, day: int, step: Step) -> Happening:
    return Happening(date(2026, month, day), step, _CLERK, Role.DEPUTY_AFFAIRS, JURISDICTION)


def _late(happening: Happening) -> Happening:
    return replace(happening, late=True)


def _submitted(number: str, title: str, deputy: str, body: str, *co_signers: str, in_session: bool = False) -> Step:
    return SuggestionSubmitted(
        jurisdiction=JURISDICTION,
        number=number,
        session=SESSION,
        title=title,
        body=body,
        lead_deputy=deputy,
        co_signers=co_signers,
        in_session=in_session,
        channel=Channel.MEETING if in_session else Channel.ON_LINE,
        wants_public=True,
    )


_at_session: Callable[..., Step] = partial(_submitted, in_session=True)


def _accepted() -> Step:
    return SuggestionReviewed(one_matter=True)


def _signed_for(unit: str) -> Step:
    return SignedFor(unit=unit, signed_by="办公室")


def _contact(key: str, unit: str, mode: ContactMode, level: PersonLevel, summary: str) -> Step:
    return ContactMade(contact=key, phase=Phase.BEFORE_REPLY, mode=mode, unit=unit, person_level=level, summary=summary)


def told() -> list[Story]:
    """The suggestions by number, each with its steps in the order in which they were recorded."""
    happened = {
        "2026-001": _night_buses(),
        "2026-002": _school_canteens(),
        "2026-003": _wet_market(),
        "2026-004": _river(),
        "2026-005": _rural_road(),
        "2026-006": _chargers(),
        "2026-007": _old_lifts(),
        "2026-008": _clinic(),
        "2026-101": _noise(),
        "2026-102": _street_lamps(),
        "2026-103": _more_lamps(),
        "2026-104": _library(),
        "2026-105": _irrigation(),
        "2026-106": _own_dispute(),
        "2026-107": _crossing(),
        "2026-108": _day_care(),
        "2026-109": _parks(),
        "2026-110": _landslide(),
    }
    return [Story(JURISDICTION, number, tuple(happenings)) for number, happenings in happened.items()]


def _night_buses() -> Iterator[Happening]:
    """Answered well: co-handlers, key supervision, satisfied, published, looked at again."""
    title, body = (
        "关于增开城区夜间公交线路的建议",
        "晚九点后云东片区没有公交，建议增开两条夜间线路。",
    )
    yield _deputy("d-001", 1, 14, _at_session("2026-001", title, "d-001", body, "d-002"))
    yield _deputy("d-002", 1, 15, CoSignConfirmed(deputy="d-002"))
    yield _office(1, 22, _accepted())
    yield _office(2, 4, HandedOver(lead_unit="jtj", co_units=("gaj", "czj"), meeting="2026年代表建议交办会"))
    yield _unit("jtj", 2, 6, _signed_for("jtj"))
    yield _unit("gaj", 2, 9, _signed_for("gaj"))
    yield _unit("czj", 2, 10, _signed_for("czj"))
    yield _office(2, 26, KeySupervisionDesignated(basis="主任会议纪要〔2026〕2号", leader="副主任"))
    yield _office(2, 26, LeaderAssigned(person="副市长", level=LeaderLevel.GOVERNMENT, charge=Charge.HANDLING))
    talk = _contact("c-1", "jtj", ContactMode.FACE_TO_FACE, PersonLevel.UNIT_HEAD, "当面听取代表对线路走向的意见。")
    yield _unit("jtj", 2, 27, talk)
    yield _deputy("d-001", 2, 28, ContactConfirmed(contact="c-1"))
    yield _unit("gaj", 3, 2, CoOpinionSubmitted(unit="gaj", opinion="同意在两处路口增设夜间候车照明。"))
    yield _unit("czj", 3, 3, CoOpinionSubmitted(unit="czj", opinion="所需补贴可在年度公交补贴中安排。"))
    reply = ReplyIssued(
        unit="jtj",
        outcome="A",
        document_number="云交函〔2026〕18号",
        signer="局长",
        letter="夜1路、夜2路已于4月15日开行，末班车延至23时30分。",
        face_to_face=True,
        public=True,
    )
    yield _unit("jtj", 4, 20, reply)
    yield _office(4, 22, EvaluationInvited(channel=Channel.ON_LINE))
    yield _deputy("d-001", 4, 28, _grade(Grade.SATISFIED, solved=True))
    yield _office(5, 11, SuggestionClosed())
    yield _unit("jtj", 5, 15, ReplyPublished(unit="jtj", place="市人民政府网站"))
    yield _office(9, 15, LookBackChecked(checked_by="代表工委", fulfilled=True, summary="两条夜间线路运行正常。"))


def _school_canteens() -> Iterator[Happening]:
    """Dissatisfied twice: three rounds, each of which stays readable."""
    title, body = "关于公开中小学食堂采购价格的建议", "家长希望逐月看到食堂大宗食材的采购价格和供应商。"
    yield _deputy("d-003", 1, 14, _at_session("2026-002", title, "d-003", body))
    yield _office(1, 22, _accepted())
    yield _office(2, 4, HandedOver(lead_unit="jyj", meeting="2026年代表建议交办会"))
    yield _unit("jyj", 2, 9, _signed_for("jyj"))
    yield _unit("jyj", 4, 10, ReplyIssued(unit="jyj", outcome="C", letter="各校情况不一，列入明年工作计划。"))
    yield _office(4, 13, EvaluationInvited(channel=Channel.ON_LINE))
    yield _deputy("d-003", 4, 24, _grade(Grade.DISSATISFIED, "没有说明为什么今年不能公开。"))
    yield _office(4, 28, ReHandlingOrdered(units=("jyj",), reason="代表不满意，重新办理。"))
    yield _unit("jyj", 5, 26, ReplyIssued(unit="jyj", outcome="B", letter="先在五所学校试行按学期公开。"))
    yield _office(5, 27, EvaluationInvited(channel=Channel.TELEPHONE))
    yield _deputy("d-003", 6, 8, _grade(Grade.DISSATISFIED, "按学期公开太迟，五所学校太少。"))
    meeting = EscalatedToMeeting(units=("jyj",), summary="代表、教育局和代表工委座谈，商定按月公开。")
    yield _office(6, 17, meeting)
    yield _office(6, 18, ReHandlingOrdered(units=("jyj",), reason="代表再次不满意。"))
    yield _unit("jyj", 7, 14, ReplyIssued(unit="jyj", outcome="A", letter="九月起全市公办学校按月公开。", public=True))
    yield _office(7, 15, EvaluationInvited(channel=Channel.ON_LINE))
    yield _deputy("d-003", 7, 27, _grade(Grade.BASICALLY_SATISFIED, solved=True))
    yield _office(8, 3, SuggestionClosed())


def _wet_market() -> Iterator[Happening]:
    """The date of the hand-over was recorded wrongly, and corrected: the due date follows."""
    title, body = "关于改造西门菜市场的建议", "西门菜市场排水不畅、消防通道被占，建议列入今年改造。"
    yield _deputy("d-004", 1, 15, _at_session("2026-003", title, "d-004", body))
    yield _office(1, 22, _accepted())
    yield _office(2, 14, HandedOver(lead_unit="cgj", meeting="2026年代表建议交办会"))
    yield _unit("cgj", 2, 24, _signed_for("cgj"))
    right = start_of_day(date(2026, 2, 4), ZONE)
    correction = Corrected(
        corrects=3,
        occurred_at=right,
        precision="day",
        reason="交办会于2月4日召开，登记日期有误。",
        approved_by="代表工委主任",
    )
    yield _office(2, 26, correction)
    yield _unit("cgj", 5, 8, ReplyIssued(unit="cgj", outcome="B", letter="改造方案已批复，年内完工。"))
    yield _office(5, 11, EvaluationInvited(channel=Channel.ON_LINE))
    yield _deputy("d-004", 5, 20, _grade(Grade.BASICALLY_SATISFIED))


def _river() -> Iterator[Happening]:
    """Given to a unit whose matter it was not: returned and reassigned."""
    title, body = "关于治理青石河支流异味的建议", "支流沿岸夏季异味明显，建议查明排口并限期整治。"
    yield _deputy("d-005", 1, 15, _at_session("2026-004", title, "d-005", body, "d-007"))
    yield _office(1, 22, _accepted())
    yield _office(2, 4, HandedOver(lead_unit="slj", meeting="2026年代表建议交办会"))
    asked = ReturnRequested(unit="slj", reason="排污口监管属生态环境部门职责。", proposed_unit="hbj")
    yield _unit("slj", 2, 9, asked)
    yield _office(2, 11, ReturnApproved(unit="slj", note="同意退办。"))
    yield _office(2, 12, Reassigned(unit="slj", to_unit="hbj"))
    yield _unit("hbj", 2, 13, _signed_for("hbj"))
    yield _unit("hbj", 4, 29, ReplyIssued(unit="hbj", outcome="A", letter="已封堵三处排口，水质监测达标。"))
    yield _office(4, 30, EvaluationInvited(channel=Channel.ON_LINE))
    yield _deputy("d-005", 5, 12, _grade(Grade.SATISFIED, solved=True))
    yield _office(5, 18, SuggestionClosed())


def _rural_road() -> Iterator[Happening]:
    """Answered with commitments: one kept late, one past its date, one ahead."""
    title, body = "关于修复江口县农村道路的建议", "多处村道破损，雨季积水，建议分批修复并明确时限。"
    yield _deputy("d-006", 1, 15, _at_session("2026-005", title, "d-006", body))
    yield _office(1, 22, _accepted())
    yield _office(2, 4, HandedOver(lead_unit="jtj", co_units=("nyj",), meeting="2026年代表建议交办会"))
    yield _unit("jtj", 2, 6, _signed_for("jtj"))
    yield _unit("nyj", 2, 27, CoOpinionSubmitted(unit="nyj", opinion="可与高标准农田道路一并实施。"))
    reply = ReplyIssued(
        unit="jtj",
        outcome="B",
        letter="分三批修复，时限如下。",
        commitments=(
            Promise(commitment="k-1", text="修复第一批四条村道", due_on=date(2026, 9, 30)),
            Promise(commitment="k-2", text="修复第二批三条村道", due_on=date(2026, 9, 30)),
            Promise(commitment="k-3", text="修复第三批五条村道", due_on=date(2027, 6, 30)),
        ),
    )
    yield _unit("jtj", 4, 28, reply)
    yield _office(4, 29, EvaluationInvited(channel=Channel.ON_LINE))
    yield _deputy("d-006", 5, 9, _grade(Grade.BASICALLY_SATISFIED, "看落实。"))
    yield _office(5, 18, SuggestionClosed(note="转入承诺事项跟踪。"))
    revision = CommitmentRevised(commitment="k-2", due_on=date(2026, 10, 31), reason="汛期停工一个月。")
    yield _unit("jtj", 9, 21, revision)
    yield _unit("jtj", 10, 12, CommitmentFulfilled(commitment="k-1", evidence="竣工验收单", verified_by="代表工委"))


def _chargers() -> Iterator[Happening]:
    """A reply was recorded to the wrong suggestion, and voided."""
    title, body = "关于在老旧小区建设电动自行车充电棚的建议", "飞线充电隐患突出，建议每个小区至少建一处充电棚。"
    yield _deputy("d-002", 1, 15, _at_session("2026-006", title, "d-002", body))
    yield _office(1, 22, _accepted())
    yield _office(2, 4, HandedOver(lead_unit="zjj", meeting="2026年代表建议交办会"))
    yield _unit("zjj", 2, 10, _signed_for("zjj"))
    yield _office(3, 18, ReplyIssued(unit="zjj", outcome="A", document_number="云建函〔2026〕7号"))
    yield _office(3, 19, Voided(voids=5, reason="该答复属于另一件建议，误录。", approved_by="代表工委主任"))
    yield _unit("zjj", 4, 24, ReplyIssued(unit="zjj", outcome="B", document_number="云建函〔2026〕21号"))
    yield _office(4, 27, EvaluationInvited(channel=Channel.ON_LINE))
    yield _deputy("d-002", 5, 6, _grade(Grade.SATISFIED))


def _old_lifts() -> Iterator[Happening]:
    """The unit spoke with the deputy in March; the office learnt of it after the reply (补录)."""
    title, body = "关于简化既有住宅加装电梯手续的建议", "居民反映手续多、周期长，建议一窗受理、并联审批。"
    yield _deputy("d-007", 1, 15, _at_session("2026-007", title, "d-007", body))
    yield _office(1, 22, _accepted())
    yield _office(2, 4, HandedOver(lead_unit="zjj", co_units=("zgj",), meeting="2026年代表建议交办会"))
    yield _unit("zjj", 2, 10, _signed_for("zjj"))
    yield _unit("zgj", 3, 2, CoOpinionSubmitted(unit="zgj", opinion="规划意见可并联出具。"))
    yield _unit("zjj", 4, 27, ReplyIssued(unit="zjj", outcome="A", letter="已实行一窗受理，办理时限压缩一半。"))
    talk = _contact("c-1", "zjj", ContactMode.VISIT, PersonLevel.SECTION_HEAD, "到小区走访，听取代表意见。")
    yield _late(_office(3, 3, talk))
    yield _office(4, 28, EvaluationInvited(channel=Channel.ON_LINE))
    yield _deputy("d-007", 5, 7, _grade(Grade.SATISFIED, solved=True))
    yield _office(5, 18, SuggestionClosed())


def _clinic() -> Iterator[Happening]:
    """Handled by two units separately; the deputy's word was written down for him."""
    title, body = "关于完善村卫生室和养老服务点的建议", "建议村卫生室与养老服务点就近设置、资源共享。"
    yield _deputy("d-005", 1, 15, _at_session("2026-008", title, "d-005", body))
    yield _office(1, 22, _accepted())
    yield _office(2, 4, HandedOver(separate_units=("wjw", "mzj"), meeting="2026年代表建议交办会"))
    yield _unit("wjw", 2, 9, _signed_for("wjw"))
    yield _unit("mzj", 2, 10, _signed_for("mzj"))
    yield _unit("wjw", 4, 15, ReplyIssued(unit="wjw", outcome="A", letter="二十个村卫生室已完成改造。"))
    yield _unit("mzj", 4, 30, ReplyIssued(unit="mzj", outcome="C", letter="养老服务点列入明年计划。"))
    yield _office(5, 6, EvaluationInvited(channel=Channel.TELEPHONE))
    said = EvaluationRecordedByProxy(
        result=Grade.BASICALLY_SATISFIED,
        attitude=Grade.SATISFIED,
        evidence="电话记录〔2026〕31号",
        consent="代表在电话中同意代录，并核对了文字。",
        proxy_reason="代表在外出差，无法上网。",
    )
    yield _office(5, 15, said)


def _noise() -> Iterator[Happening]:
    """Never answered: overdue since September."""
    title, body = "关于整治夜间施工噪声的建议", "多个工地夜间超时施工，投诉后反弹，建议建立联合巡查。"
    yield _deputy("d-004", 5, 25, _submitted("2026-101", title, "d-004", body))
    yield _office(5, 28, _accepted())
    yield _office(6, 2, HandedOver(lead_unit="hbj", co_units=("gaj",)))
    yield _unit("hbj", 6, 5, _signed_for("hbj"))
    yield _unit("hbj", 8, 20, ProgressReported(unit="hbj", summary="正在会商联合巡查办法。"))


def _street_lamps() -> Iterator[Happening]:
    """More time was asked for and granted: due in December."""
    title, body = "关于增设城郊道路路灯的建议", "城郊三条道路无路灯，夜间事故多发。"
    yield _deputy("d-001", 6, 18, _submitted("2026-102", title, "d-001", body))
    yield _office(6, 22, _accepted())
    yield _office(6, 26, HandedOver(lead_unit="zjj", co_units=("czj",)))
    yield _unit("zjj", 6, 29, _signed_for("zjj"))
    talk = _contact("c-1", "zjj", ContactMode.MEETING, PersonLevel.SECTION_HEAD, "与代表座谈，确定三条道路的先后。")
    yield _unit("zjj", 7, 14, talk)
    yield _unit("czj", 7, 20, CoOpinionSubmitted(unit="czj", opinion="资金已列入下半年调整预算。"))
    asked = ExtensionRequested(unit="zjj", until=date(2026, 12, 15), reason="预算调整方案九月底才能批准。")
    yield _unit("zjj", 9, 10, asked)
    yield _office(9, 14, ExtensionGranted(unit="zjj", due_on=date(2026, 12, 15), reason="同意。"))


def _more_lamps() -> Iterator[Happening]:
    """About the same as another: handled together with it."""
    title, body = "关于解决城郊夜间照明问题的建议", "群众反映城郊道路夜间照明不足。"
    yield _deputy("d-006", 6, 19, _submitted("2026-103", title, "d-006", body))
    yield _office(6, 22, _accepted())
    yield _office(6, 26, HandedOver(lead_unit="zjj"))
    yield _unit("zjj", 6, 29, _signed_for("zjj"))
    merged = SuggestionsMerged(into=sample_case_id("2026-102"), reason="与2026-102号内容相同，合并办理。")
    yield _office(7, 2, merged)
    talk = _contact("c-1", "zjj", ContactMode.MEETING, PersonLevel.SECTION_HEAD, "与2026-102号的代表一并座谈。")
    yield _unit("zjj", 7, 14, talk)
    yield _office(9, 14, ExtensionGranted(unit="zjj", due_on=date(2026, 12, 15), reason="与2026-102号同步。"))


def _library() -> Iterator[Happening]:
    """Being handled, due in December."""
    title, body = "关于延长市图书馆开放时间的建议", "建议周末和寒暑假开放至晚九点。"
    yield _deputy("d-003", 9, 8, _submitted("2026-104", title, "d-003", body))
    yield _office(9, 11, _accepted())
    yield _office(9, 17, HandedOver(lead_unit="wgj", co_units=("czj",)))
    yield _unit("wgj", 9, 21, _signed_for("wgj"))
    yield _unit("czj", 9, 22, _signed_for("czj"))
    talk = _contact("c-1", "wgj", ContactMode.TELEPHONE, PersonLevel.STAFF, "电话沟通开放时段和人员安排。")
    yield _unit("wgj", 9, 29, talk)
    yield _unit("czj", 10, 14, CoOpinionSubmitted(unit="czj", opinion="增加的人员经费可以解决。"))


def _irrigation() -> Iterator[Happening]:
    """Withdrawn in writing."""
    title, body = "关于疏浚江口县灌溉渠的建议", "渠道淤积，影响秋灌。"
    yield _deputy("d-006", 7, 14, _submitted("2026-105", title, "d-006", body))
    yield _office(7, 16, _accepted())
    yield _office(7, 20, HandedOver(lead_unit="nyj", co_units=("slj",)))
    yield _unit("nyj", 7, 22, _signed_for("nyj"))
    withdrawal = SuggestionWithdrawn(written_request="代表丙二书面申请，2026年8月5日", reason="县里已先行疏浚完成。")
    yield _deputy("d-006", 8, 5, withdrawal)


def _own_dispute() -> Iterator[Happening]:
    """Not accepted: a matter of his own."""
    title, body = "关于解决一处宅基地边界争议的建议", "请协调本户与邻户的宅基地边界。"
    yield _deputy("d-007", 8, 17, _submitted("2026-106", title, "d-007", body))
    refusal = NotAccepted(reason_code=NotAcceptedReason.PERSONAL_MATTER, explanation="涉及本人，不作为代表建议提出。")
    yield _office(8, 20, refusal)


def _crossing() -> Iterator[Happening]:
    """Sent back, revised and handed in again."""
    title, body = "关于交通和教育等若干问题的建议", "一、学校门口需设过街设施；二、……"
    yield _deputy("d-002", 10, 26, _submitted("2026-107", title, "d-002", body))
    yield _office(10, 29, SentBack(reason="一事一议：请就过街设施单独提出。"))
    revised = Resubmitted(title="关于在云东小学门口设置过街设施的建议", body="上下学时段车流大，建议设信号灯或天桥。")
    yield _deputy("d-002", 11, 6, revised)
    yield _office(11, 12, _accepted())


def _day_care() -> Iterator[Happening]:
    """Just submitted."""
    title, body = "关于增加普惠托育名额的建议", "双职工家庭托育需求大，建议利用闲置用房增设托育点。"
    yield _deputy("d-003", 11, 18, _submitted("2026-108", title, "d-003", body, "d-004", "d-007"))
    yield _deputy("d-004", 11, 19, CoSignConfirmed(deputy="d-004"))


def _parks() -> Iterator[Happening]:
    """Sent back and waiting for the deputy."""
    title, body = "关于城市公园建设的建议", "建议多建公园。"
    yield _deputy("d-001", 11, 9, _submitted("2026-109", title, "d-001", body))
    yield _office(11, 12, SentBack(reason="请写明地点、现状和具体要求。"))


def _landslide() -> Iterator[Happening]:
    """Answered; the deputy has been asked for his word."""
    title, body = "关于加强青石县地质灾害点监测的建议", "三处滑坡隐患点监测设备老化，建议更新。"
    yield _deputy("d-007", 7, 27, _submitted("2026-110", title, "d-007", body))
    yield _office(7, 30, _accepted())
    yield _office(8, 5, HandedOver(lead_unit="zgj"))
    yield _unit("zgj", 8, 7, _signed_for("zgj"))
    yield _unit("zgj", 8, 19, _contact("c-1", "zgj", ContactMode.VISIT, PersonLevel.DEPUTY_HEAD, "实地查看隐患点。"))
    yield _unit("zgj", 11, 3, ReplyIssued(unit="zgj", outcome="B", letter="设备已招标，年底前更换完毕。", public=True))
    yield _office(11, 5, EvaluationInvited(channel=Channel.ON_LINE))


def _grade(result: Grade, reason: str | None = None, *, solved: bool | None = None) -> Step:
    return EvaluationSubmitted(result=result, attitude=result, reason=reason, solved=solved)
