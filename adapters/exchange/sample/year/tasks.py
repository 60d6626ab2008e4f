"""Twelve tasks of a document that the Party committee adopted: what was asked of its draft, who does what by when."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from adapters.exchange.sample.happening import JURISDICTION, Happening
from adapters.exchange.sample.year.telling import (
    YEAR,
    chairmen,
    deputies_office,
    general_office,
    in_order,
    party_group,
    unit,
)
from domain.cases.task_ledger import (
    EvidenceSubmitted,
    TaskAccepted,
    TaskChanged,
    TaskReturned,
    TasksAdded,
    TasksGiven,
    TaskTakenBack,
    TaskToGive,
)
from domain.comments import CommentFate, CommentReceived, CommentsAsked, CommentsClosed, CommentSettled

_TASKS: tuple[tuple[str, str, str, tuple[str, ...], tuple[int, int]], ...] = (
    ("t-01", "建立重大决策出台前报告清单", "fgw", ("sfj",), (4, 30)),
    ("t-02", "制定决议决定执行情况报告办法", "sfj", (), (5, 29)),
    ("t-03", "代表建议办理纳入高质量发展考核", "fgw", ("tjj",), (6, 30)),
    ("t-04", "预算联网监督覆盖全部预算单位", "czj", ("sjgl",), (6, 30)),
    ("t-05", "审计查出问题整改结果公开", "sjj", (), (7, 31)),
    ("t-06", "规范性文件统一报备平台", "sfj", ("sjgl",), (9, 30)),
    ("t-07", "代表联络站无障碍改造", "cl", ("zjj",), (9, 30)),
    ("t-08", "法院执行联动机制", "fy", ("gaj",), (10, 30)),
    ("t-09", "检察建议落实情况通报", "jcy", (), (10, 30)),
    ("t-10", "民生实事项目票决准备", "fgw", ("czj",), (11, 20)),
    ("t-11", "国有资产报告指标体系", "gzw", ("czj",), (12, 31)),
)


def tasks() -> Iterator[tuple[str, list[Happening]]]:
    """The ledger by its name, with its steps."""
    yield "tasks", in_order(_given(), _done())


def _given() -> Iterator[Happening]:
    tasks = tuple(
        TaskToGive(task=key, text=text, unit=of, co_units=co_units, due_on=date(YEAR, *due))
        for key, text, of, co_units, due in _TASKS
    )
    opened = TasksGiven(
        jurisdiction=JURISDICTION,
        title="市委关于新时代坚持和完善人民代表大会制度实施意见任务分解",
        year=YEAR,
        document_number="云委发〔2026〕3号",
        tasks=tasks,
    )
    yield party_group(3, 9, opened)
    yield party_group(3, 9, CommentsAsked(asked=("各专工委", "市人民政府办公室", "各承担单位")))
    received = (
        ("c-1", "市司法局", "报备平台建设需数据局协助。"),
        ("c-2", "市残疾人联合会", "改造任务建议由住建部门协助。"),
        ("c-3", "市财政局", "联网监督时限建议延至年底。"),
    )
    for key, who, text in received:
        yield general_office(3, 17, CommentReceived(comment=key, commented_by=who, text=text))
    yield party_group(3, 20, CommentSettled(comment="c-1", fate=CommentFate.TAKEN_UP))
    yield party_group(3, 20, CommentSettled(comment="c-2", fate=CommentFate.TAKEN_UP))
    kept = CommentSettled(comment="c-3", fate=CommentFate.NOT_TAKEN_UP, answer="按市委文件明确的时限执行。")
    yield party_group(3, 20, kept)
    yield party_group(3, 20, CommentsClosed())
    another = TaskToGive(task="t-12", text="人大代表进社区网格试点", unit="mzj", due_on=date(YEAR, 12, 18))
    yield party_group(4, 15, TasksAdded(tasks=(another,)))


def _done() -> Iterator[Happening]:
    """Nine accepted, one of them after it was returned; one past its date, one taken back, one still to come."""
    evidence = (
        ("t-01", "fgw", 4, 28, "清单经市政府常务会议通过。"),
        ("t-02", "sfj", 5, 27, "办法已印发。"),
        ("t-03", "fgw", 6, 26, "考核方案已明确。"),
        ("t-04", "czj", 6, 29, "接入单位一百六十家。"),
        ("t-05", "sjj", 7, 28, "公开办法已施行。"),
    )
    for key, of, month, day, text in evidence:
        yield unit(of)(month, day, EvidenceSubmitted(task=key, evidence=text))
    for key, month, day in (("t-01", 5, 6), ("t-02", 6, 2), ("t-03", 7, 6), ("t-05", 8, 4)):
        yield deputies_office(month, day, TaskAccepted(task=key))
    returned = TaskReturned(task="t-04", reason="尚有二十二家预算单位未接入。", due_on=date(YEAR, 9, 30))
    yield deputies_office(7, 7, returned)
    yield unit("czj")(9, 23, EvidenceSubmitted(task="t-04", evidence="一百八十二家全部接入。"))
    yield deputies_office(9, 29, TaskAccepted(task="t-04"))
    changed = TaskChanged(task="t-06", due_on=date(YEAR, 11, 30), reason="平台采购程序延后。")
    yield party_group(9, 8, changed)
    yield party_group(9, 8, TaskTakenBack(task="t-09", reason="与省检察院部署合并实施。"))
    yield unit("cl")(9, 28, EvidenceSubmitted(task="t-07", evidence="三十二个联络站完成改造。"))
    yield deputies_office(10, 12, TaskAccepted(task="t-07"))
    yield unit("fy")(10, 26, EvidenceSubmitted(task="t-08", evidence="联动机制已会签。"))
    yield deputies_office(11, 2, TaskAccepted(task="t-08"))
    yield unit("sfj")(11, 26, EvidenceSubmitted(task="t-06", evidence="平台上线试运行。"))
    yield deputies_office(12, 4, TaskAccepted(task="t-06"))
    yield unit("mzj")(12, 16, EvidenceSubmitted(task="t-12", evidence="八个街道开展试点。"))
    yield chairmen(12, 22, TaskAccepted(task="t-12"))
