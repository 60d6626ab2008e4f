"""The year's plans and the programme of the term: through the Party's gates, one of them adopted too early."""

from __future__ import annotations

from collections.abc import Iterator

from adapters.exchange.sample.happening import JURISDICTION, Happening
from adapters.exchange.sample.year.telling import (
    YEAR,
    chairmen,
    committee,
    deputies_office,
    general_office,
    in_order,
    named,
    party_committee,
    party_group,
)
from domain.case import Step
from domain.cases.plan import (
    ItemCarriedOut,
    ItemTakenUp,
    ItemToPlan,
    PlanAdjusted,
    PlanAdopted,
    PlanDrafted,
    PlanExecutionReported,
    PlanKind,
)
from domain.comments import CommentFate, CommentReceived, CommentsAsked, CommentsClosed, CommentSettled
from domain.matter import (
    ActivityHeld,
    ActivityKind,
    ApprovedByPartyCommittee,
    Audience,
    PartyGroupDeliberated,
    Published,
    ReportedToPartyCommittee,
    ReturnedByPartyCommittee,
    SubmittedToPartyCommittee,
)


def plans() -> Iterator[tuple[str, list[Happening]]]:
    """The plans by their names, each with its steps."""
    yield "plan-programme", list(_programme())
    yield "plan-points", list(_work_points())
    yield "plan-study", list(_study())
    yield "plan-legislative", in_order(_legislative(), _taken_up(*_LEGISLATIVE))
    yield "plan-major", in_order(_major_matters(), _taken_up(*_MAJOR))
    yield "plan-supervision", in_order(_supervision(), _taken_up(*_SUPERVISION))
    yield "plan-appraisal", in_order(_appraisal(), _taken_up(*_APPRAISAL))
    yield "plan-deputies", list(_deputies_work())
    yield "plan-training", list(_training())


def _drafted(kind: PlanKind, title: str, *items: ItemToPlan, **more: object) -> Step:
    said = {"jurisdiction": JURISDICTION, "kind": kind, "title": title, "year": YEAR, "items": items}
    return PlanDrafted.model_validate(said | more)


def _item(key: str, title: str, unit: str | None = None, committee: str | None = None) -> ItemToPlan:
    return ItemToPlan(item=key, title=title, unit=unit, committee=committee)


def _taken_up(*items: tuple[str, str, int, int, tuple[int, int] | None]) -> Iterator[Happening]:
    """Items with the cases that took them up, when that was, and when they were done."""
    for key, case, month, day, done in items:
        yield chairmen(month, day, ItemTakenUp(item=key, case_id=named(case)))
        if done is not None:
            yield chairmen(*done, ItemCarriedOut(item=key))


def _done(*items: tuple[str, int, int]) -> Iterator[Happening]:
    for key, month, day in items:
        yield deputies_office(month, day, ItemCarriedOut(item=key))


_PUBLISHED = Published(audiences=(Audience.DEPUTIES, Audience.PUBLIC), place="市人大网站")


def _programme() -> Iterator[Happening]:
    """Of the first year of the term."""
    items = (
        _item("g-1", "制定城市绿化条例", "lcj"),
        _item("g-2", "制定电动自行车停放充电管理规定", "xfd"),
        _item("g-3", "修改饮用水水源保护条例", "slj"),
        _item("g-4", "制定养老服务条例", "mzj"),
        _item("g-5", "制定古树名木保护条例", "lcj"),
    )
    title = "市九届人大常委会五年立法规划（2022—2026年）"
    drafted = _drafted(PlanKind.LEGISLATIVE_PROGRAMME, title, *items, year=2022, until_year=2026)
    yield committee(2, 15, drafted, year=2022)
    yield party_group(3, 8, PartyGroupDeliberated(opinion="同意，报市委。"), year=2022)
    yield party_group(3, 10, SubmittedToPartyCommittee(opinion="请市委常委会审议。"), year=2022)
    yield party_committee(3, 29, ApprovedByPartyCommittee(opinion="市委常委会会议原则同意。"), year=2022)
    yield chairmen(4, 7, PlanAdopted(), year=2022)
    yield general_office(4, 12, _PUBLISHED, year=2022)
    moved = PlanAdjusted(
        added=(_item("g-6", "制定数据条例", "sjgl"),),
        removed=("g-5",),
        reason="古树名木保护拟先作出决议，立法项目顺延至下届；增加数据条例。",
    )
    yield chairmen(1, 22, moved)
    yield chairmen(1, 26, ItemTakenUp(item="g-1", case_id=named("law-greening")))
    yield chairmen(4, 8, ItemTakenUp(item="g-2", case_id=named("law-e-bikes")))
    yield chairmen(9, 8, ItemTakenUp(item="g-3", case_id=named("law-water")))
    yield chairmen(10, 13, ItemCarriedOut(item="g-1", note="条例已公布。"))
    yield chairmen(12, 11, ItemCarriedOut(item="g-2", note="规定已公布。"))


def _work_points() -> Iterator[Happening]:
    """What the year is to be about; the Party group reports on it to the Party committee at its end."""
    items = (
        _item("w-1", "开展“四项职权”对照检查"),
        _item("w-2", "落实市委人大工作会议精神"),
    )
    yield general_office(12, 8, _drafted(PlanKind.WORK_POINTS, "市人大常委会2026年工作要点", *items), year=2025)
    yield party_group(12, 16, PartyGroupDeliberated(opinion="同意，报市委。"), year=2025)
    yield party_group(12, 18, SubmittedToPartyCommittee(opinion="请市委审定。"), year=2025)
    yield party_committee(1, 15, ApprovedByPartyCommittee(opinion="市委常委会会议审定。"))
    yield chairmen(1, 22, PlanAdopted())
    yield general_office(1, 26, _PUBLISHED)
    yield general_office(3, 27, ItemCarriedOut(item="w-2", note="任务分解已印发。"))
    yield party_group(12, 17, ReportedToPartyCommittee(opinion="常委会党组向市委常委会汇报全年工作。"))
    yield general_office(12, 30, ItemCarriedOut(item="w-1"))


def _study() -> Iterator[Happening]:
    """Followed all the year, and reported on at its end (eighteen articles, 1)."""
    items = (
        _item("x-1", "学习监督法"),
        _item("x-2", "学习立法法和备案审查制度"),
        _item("x-3", "学习代表法"),
    )
    yield general_office(1, 6, _drafted(PlanKind.STUDY, "2026年度常委会及专工委学习计划", *items))
    yield party_group(1, 15, PartyGroupDeliberated(opinion="同意。"))
    yield chairmen(1, 22, PlanAdopted())
    for month, day, title in ((3, 27, "监督法专题学习"), (7, 24, "立法法专题学习"), (11, 20, "代表法专题学习")):
        yield general_office(month, day, ActivityHeld(kind=ActivityKind.TRAINING, title=title))
    yield from in_order(_done(("x-1", 11, 23), ("x-2", 11, 23), ("x-3", 11, 23)))
    report = PlanExecutionReported(reported_to="常委会党组", summary="全年组织专题学习三次，各专工委均完成学习计划。")
    yield general_office(12, 28, report)


_LEGISLATIVE = (
    ("l-1", "law-greening", 1, 26, (10, 13)),
    ("l-2", "law-e-bikes", 4, 8, (12, 11)),
    ("l-3", "law-water", 9, 8, None),
)


def _legislative() -> Iterator[Happening]:
    """Through the gates in their order (eighteen articles, 2)."""
    items = (
        _item("l-1", "制定城市绿化条例", "lcj", "城乡建设环境资源保护委员会"),
        _item("l-2", "制定电动自行车停放充电管理规定（小快灵）", "xfd", "监察和司法委员会"),
        _item("l-3", "修改饮用水水源保护条例", "slj", "农业农村委员会"),
        _item("l-4", "数据条例立法调研", "sjgl", "财政经济委员会"),
    )
    yield committee(12, 2, _drafted(PlanKind.LEGISLATIVE, "市人大常委会2026年度立法计划", *items), year=2025)
    yield party_group(12, 16, PartyGroupDeliberated(opinion="同意，报市委。"), year=2025)
    yield party_group(12, 18, SubmittedToPartyCommittee(opinion="请市委常委会审议。"), year=2025)
    yield party_committee(1, 8, ApprovedByPartyCommittee(opinion="市委常委会会议同意。"))
    yield chairmen(1, 22, PlanAdopted())
    yield general_office(1, 26, _PUBLISHED)


_MAJOR = (
    ("m-1", "decision-industry", 2, 3, (4, 30)),
    ("m-2", "decision-trees", 5, 12, (8, 28)),
    ("m-3", "decision-renewal", 4, 21, (7, 21)),
)


def _major_matters() -> Iterator[Happening]:
    """Adopted two weeks before the Party committee had approved it: that is found (eighteen articles, 7)."""
    items = (
        _item("m-1", "促进先进制造业高质量发展", "gxj"),
        _item("m-2", "加强古树名木保护", "lcj"),
        _item("m-3", "城市更新三年行动方案出台前报告", "zjj"),
    )
    title = "市人大常委会2026年度讨论决定重大事项计划"
    yield general_office(12, 8, _drafted(PlanKind.MAJOR_MATTERS, title, *items), year=2025)
    yield party_group(12, 16, PartyGroupDeliberated(opinion="同意，报市委。"), year=2025)
    yield party_group(12, 18, SubmittedToPartyCommittee(opinion="请市委研究审定。"), year=2025)
    yield chairmen(1, 22, PlanAdopted())
    yield party_committee(2, 5, ApprovedByPartyCommittee(opinion="市委常委会会议审定。"))
    yield general_office(2, 9, _PUBLISHED)


_SUPERVISION = (
    ("s-01", "report-preschool", 1, 23, (4, 29)),
    ("s-02", "report-court", 1, 23, (4, 29)),
    ("s-03", "report-environment", 1, 27, (6, 25)),
    ("s-04", "report-property", 1, 27, (8, 27)),
    ("s-05", "report-livelihood", 1, 27, (10, 29)),
    ("s-06", "report-filing", 1, 23, (2, 26)),
    ("s-07", "money-accounts", 1, 28, (6, 25)),
    ("s-08", "money-audit", 1, 28, (12, 23)),
    ("s-09", "money-budget", 1, 28, (8, 27)),
    ("s-10", "money-plan", 1, 28, (8, 27)),
    ("s-11", "money-assets", 1, 28, (10, 29)),
    ("s-12", "inspection", 1, 23, (8, 27)),
    ("s-13", "inquiry", 2, 4, (6, 25)),
    ("s-15", "money-adjustment", 9, 15, (10, 29)),
)


def _supervision() -> Iterator[Happening]:
    """Asked about, sent back once by the Party committee, adopted, and adjusted in July (eighteen articles, 15)."""
    items = (
        _item("s-01", "听取和审议学前教育普惠发展情况的报告", "jyj"),
        _item("s-02", "听取和审议民事执行工作情况的报告", "fy"),
        _item("s-03", "听取和审议环境状况和环境保护目标完成情况的报告", "hbj"),
        _item("s-04", "听取和审议物业管理工作情况的报告", "zjj"),
        _item("s-05", "听取和审议民生实事项目办理情况的报告", "fgw"),
        _item("s-06", "听取备案审查工作情况的报告"),
        _item("s-07", "审查和批准2025年市级决算", "czj"),
        _item("s-08", "听取和审议审计工作报告及查出问题整改情况的报告", "sjj"),
        _item("s-09", "听取和审议上半年预算执行情况的报告", "czj"),
        _item("s-10", "听取和审议上半年计划执行情况的报告", "fgw"),
        _item("s-11", "听取和审议国有资产管理情况的报告", "gzw"),
        _item("s-12", "检查市容和环境卫生管理条例实施情况", "cgj"),
        _item("s-13", "养老服务体系建设专题询问", "mzj"),
        _item("s-14", "听取旅游业发展情况的报告", "wgj"),
    )
    yield general_office(12, 3, _drafted(PlanKind.SUPERVISION, "市人大常委会2026年度监督工作计划", *items), year=2025)
    yield from _comments()
    yield party_group(12, 16, PartyGroupDeliberated(opinion="同意，报市委。"), year=2025)
    yield party_group(12, 18, SubmittedToPartyCommittee(opinion="请市委研究审定。"), year=2025)
    sent_back = ReturnedByPartyCommittee(opinion="请与审计工作安排衔接后再报。")
    yield party_committee(12, 26, sent_back, year=2025)
    yield party_group(1, 5, PartyGroupDeliberated(opinion="已与审计工作安排衔接，同意再报。"))
    yield party_group(1, 6, SubmittedToPartyCommittee(opinion="请市委研究审定。"))
    yield party_committee(1, 15, ApprovedByPartyCommittee(opinion="市委常委会会议审定。"))
    yield chairmen(1, 22, PlanAdopted())
    yield general_office(1, 26, _PUBLISHED)
    adjusted = PlanAdjusted(
        added=(_item("s-15", "审查和批准2026年市级预算调整方案", "czj"),),
        removed=("s-14",),
        reason="旅游业发展情况改由专门委员会调研；因新增地方政府债券需调整预算。",
    )
    yield chairmen(7, 3, adjusted)


def _comments() -> Iterator[Happening]:
    """What others said of the draft, and what became of it."""
    asked = CommentsAsked(asked=("各专工委", "市人民政府办公室", "市中级人民法院", "市人民检察院", "部分市人大代表"))
    yield general_office(12, 4, asked, year=2025)
    received = (
        ("c-1", "城乡建设环境资源保护委员会", "物业管理群众反映集中，建议列为全年重点。"),
        ("c-2", "市人民政府办公室", "建议国有资产报告安排在下半年。"),
        ("c-3", "财政经济委员会", "建议增加政府投资项目审计情况。"),
        ("c-4", "部分市人大代表", "建议对养老服务开展专题询问。"),
        ("c-5", "市中级人民法院", "建议民事执行报告推迟至明年。"),
    )
    for key, who, text in received:
        yield general_office(12, 10, CommentReceived(comment=key, commented_by=who, text=text), year=2025)
    settled = (
        ("c-1", CommentFate.TAKEN_UP, None),
        ("c-2", CommentFate.TAKEN_UP, None),
        ("c-3", CommentFate.TAKEN_UP_IN_PART, "并入审计工作报告一并听取。"),
        ("c-4", CommentFate.TAKEN_UP, None),
        ("c-5", CommentFate.NOT_TAKEN_UP, "代表建议较多，仍按原安排。"),
    )
    for key, fate, answer in settled:
        yield general_office(12, 12, CommentSettled(comment=key, fate=fate, answer=answer), year=2025)
    yield general_office(12, 12, CommentsClosed(), year=2025)


_APPRAISAL = (
    ("a-1", "appraisal", 1, 27, (6, 25)),
    ("a-2", "duty-farming", 3, 6, (8, 27)),
    ("a-3", "duty-education", 6, 12, (10, 29)),
)


def _appraisal() -> Iterator[Happening]:
    """Of the duty reports and of the department that is appraised (eighteen articles, 14)."""
    items = (
        _item("a-1", "评议市人力资源和社会保障局工作", "rsj"),
        _item("a-2", "市农业农村局局长述职评议", "nyj"),
        _item("a-3", "市教育局局长述职评议", "jyj"),
    )
    title = "2026年度干部述职和部门评议方案"
    yield deputies_office(12, 9, _drafted(PlanKind.APPRAISAL, title, *items), year=2025)
    yield party_group(12, 16, PartyGroupDeliberated(opinion="同意，报市委。"), year=2025)
    yield party_group(12, 18, SubmittedToPartyCommittee(opinion="请市委研究审定。"), year=2025)
    yield party_committee(1, 15, ApprovedByPartyCommittee(opinion="市委常委会会议审定。"))
    yield chairmen(1, 22, PlanAdopted())


def _deputies_work() -> Iterator[Happening]:
    """Sitting in, contacts, reports to voters: items that no case took up, done one by one."""
    items = (
        _item("d-1", "组织基层代表列席常委会会议，全年四十八人次"),
        _item("d-2", "办好代表建议，督办重点建议"),
        _item("d-3", "组织代表向选民述职"),
        _item("d-4", "修订代表履职档案办法"),
    )
    yield deputies_office(1, 7, _drafted(PlanKind.DEPUTY_WORK, "2026年度代表工作计划", *items))
    yield party_group(1, 15, PartyGroupDeliberated(opinion="同意。"))
    yield chairmen(1, 22, PlanAdopted())
    yield deputies_office(1, 27, _PUBLISHED)
    yield from in_order(_done(("d-4", 6, 15), ("d-3", 11, 18), ("d-1", 12, 24), ("d-2", 12, 29)))


def _training() -> Iterator[Happening]:
    """Of the deputies: two courses."""
    items = (_item("t-1", "代表履职能力培训班"), _item("t-2", "预算联网监督培训班"))
    yield deputies_office(1, 8, _drafted(PlanKind.TRAINING, "2026年度代表培训计划", *items))
    yield party_group(1, 15, PartyGroupDeliberated(opinion="同意。"))
    yield chairmen(1, 22, PlanAdopted())
    came = ("d-001", "d-003", "d-005", "d-007", "d-018", "d-047", "d-071", "d-094", "d-109")
    course = ActivityHeld(kind=ActivityKind.TRAINING, title="代表履职能力培训班", invited=came, attended=came)
    yield deputies_office(5, 12, course)
    yield from _done(("t-1", 5, 13), ("t-2", 10, 21))
