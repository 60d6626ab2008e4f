"""An office's own list of suggestions (建议清单), one row each, under the headers that offices use."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import ClassVar

from adapters.exchange.office_list import OfficeList, one_of, several
from adapters.exchange.source import Row, SourceCase, SourceStep
from domain.case import Role
from domain.casefile import CaseFile
from domain.cases.suggestion import EvaluationRecordedByProxy, Grade, HandedOver, ReplyIssued, SuggestionSubmitted
from domain.refusal import Refused

NAMES: Mapping[str, tuple[str, ...]] = {
    "number": ("编号", "建议编号", "建议号", "代表建议编号", "件号"),
    "title": ("案由", "标题", "案由/标题", "建议标题", "建议名称", "题目", "建议案由"),
    "body": ("内容", "建议内容", "正文", "建议正文"),
    "lead_deputy": ("领衔代表", "领衔人", "领衔代表姓名", "第一提出人", "提出代表", "提出人", "代表姓名"),
    "co_signers": ("联名代表", "附议代表", "联名人", "附议人"),
    "session": ("届次会议", "届次", "会次", "届次/会议", "会议名称", "会议"),
    "in_session": ("提出时段", "会议期间", "会期", "大会/闭会"),
    "submitted_on": ("提出日期", "提出时间", "提交日期", "提交时间"),
    "lead_unit": ("主办单位", "主办", "主办部门", "牵头单位", "牵头办理单位", "承办单位"),
    "co_units": ("会办单位", "会办", "会办部门", "协办单位", "协办", "协办部门"),
    "handed_over_on": ("交办日期", "交办时间", "转办日期", "转办时间"),
    "replied_on": ("答复日期", "答复时间", "复文日期", "办复日期", "办复时间"),
    "outcome": ("办理结果", "答复类别", "答复分类", "结果分类", "办理结果分类", "结果类别", "办理类别"),
    "document_number": ("答复文号", "复文号", "答复函号", "文号"),
    "signer": ("签发人",),
    "evaluated_on": ("评价日期", "评价时间", "反馈日期", "反馈时间"),
    "result": ("评价", "代表评价", "满意度", "满意程度", "评价结果", "测评结果", "结果评价", "对办理结果评价"),
    "attitude": ("态度评价", "办理态度", "对办理态度评价", "工作评价"),
    "reason": ("评价意见", "不满意原因", "评价理由"),
    "evidence": ("评价依据", "评价凭据"),
    "consent": ("代表同意情况", "代录同意"),
}
GRADES: Mapping[str, Grade] = {
    "满意": Grade.SATISFIED,
    "基本满意": Grade.BASICALLY_SATISFIED,
    "不满意": Grade.DISSATISFIED,
    "未表态": Grade.NOT_STATED,
    **{grade.value: grade for grade in Grade},
}
IN_SESSION: Mapping[str, bool] = {
    "会议期间": True, "大会期间": True, "会中": True, "大会": True, "是": True,
    "闭会期间": False, "闭会": False, "会后": False, "否": False, "": False,
}  # fmt: skip

_SAID_WITH: tuple[tuple[str, str], ...] = (
    ("lead_unit", "handed_over_on"),
    ("handed_over_on", "lead_unit"),
    ("co_units", "handed_over_on"),
    ("replied_on", "lead_unit"),
    ("outcome", "replied_on"),
    ("document_number", "replied_on"),
    ("signer", "replied_on"),
    ("result", "evaluated_on"),
    ("evaluated_on", "result"),
    ("result", "replied_on"),
    ("attitude", "result"),
    ("reason", "result"),
    ("evidence", "result"),
    ("consent", "result"),
)
"""Of two columns the first means nothing without the second."""

_ROUND = 1
"""A list has one reply of a suggestion: the first round's."""
_NOT_STATED = "清单未载明"
_WHY_PROXY = "由清单导入"
_GRADES = ("满意", "基本满意", "不满意", "未表态")
_IN_SESSION = ("会议期间", "闭会期间")

_OUTCOME = re.compile(r"([A-Z]\d{0,2})类?(?:[（(\-:：、.].*)?\Z", re.DOTALL)
_LINE_BREAKS = re.compile(r"\s*[\r\n]+\s*")


class SuggestionsSheet(OfficeList):
    """One row is one suggestion: submitted, perhaps handed over, answered, evaluated, as far as the row says so."""

    name = "suggestions-xlsx"
    title = "template.sheet.fill"
    words = "field"
    about = ("fill", "names", "dates", "steps", "again")
    by = frozenset({Role.DEPUTY_AFFAIRS})
    names = NAMES
    required = ("number", "title", "lead_deputy", "submitted_on")
    dates = ("submitted_on", "handed_over_on", "replied_on", "evaluated_on")
    said_with = _SAID_WITH
    key_column = "number"
    looked_up: ClassVar[Mapping[str, str]] = {"lead_unit": "unit"}
    fields: ClassVar[Mapping[str, str]] = {"unit": "lead_unit", "lead_units": "lead_unit", "round": "replied_on"}

    def choices(self) -> Mapping[str, Sequence[str]]:
        """The grades, the times of submission, and the outcomes of the office's scheme."""
        scheme = self.place.book.outcome_scheme
        outcomes = {"outcome": sorted(scheme.letters)} if scheme else {}
        return {"result": _GRADES, "attitude": _GRADES, "in_session": _IN_SESSION, **outcomes}

    def case(self, row: Row, key: str) -> SourceCase:
        """The steps that the row tells of, in the order of the procedure, on its dates; nothing is added."""
        values, days = self.read(row)
        steps = [self._submitted(values, key, days["submitted_on"])]
        if "handed_over_on" in days:
            steps.append(self._handed_over(values, days["handed_over_on"]))
        if "replied_on" in days:
            steps.append(self._replied(values, days["replied_on"], days["handed_over_on"]))
        if "evaluated_on" in days:
            steps.append(self._evaluated(values, days["evaluated_on"], days["submitted_on"]))
        joined = [Refused("import-lines-joined", field="title")] if _LINE_BREAKS.search(values["title"]) else []
        return SourceCase(steps, joined)

    def examples(self, today: date) -> Sequence[Mapping[str, str | date]]:
        """Two suggestions: one that went all the way, and one that was only just made."""
        submitted = today - timedelta(days=90)
        deputies = [deputy.name for deputy in self.place.deputies if deputy.on(submitted)] or ["示例代表"]
        units = [unit.zh for unit in self.place.units if unit.on(submitted)]
        scheme = self.place.book.outcome_scheme
        whole: dict[str, str | date] = {
            "number": "示例-001",
            "title": "关于增开夜间公交线路的建议（示例）",
            "body": "夜间下班的群众出行不便，建议增开两条夜间公交线路。",
            "lead_deputy": deputies[0],
            "co_signers": "、".join(deputies[1:3]),
            "session": "示例次会议",
            "in_session": _IN_SESSION[1],
            "submitted_on": submitted,
        }
        short: dict[str, str | date] = {field: whole[field] for field in ("title", "lead_deputy", "submitted_on")} | {
            "number": "示例-002"
        }
        if units:
            whole |= {
                "lead_unit": units[0],
                "co_units": "、".join(units[1:3]),
                "handed_over_on": submitted + timedelta(days=7),
                "replied_on": submitted + timedelta(days=60),
                "document_number": "示例函〔1〕号",
                "evaluated_on": submitted + timedelta(days=70),
                "result": _GRADES[0],
                "attitude": _GRADES[0],
            }
            if scheme is not None:
                whole["outcome"] = min(scheme.letters)
        return [whole, short]

    def figures(self, case_file: CaseFile) -> Iterator[str]:
        """What a report on a list tells beside the number of steps."""
        if (case := case_file.case) is None:
            return
        facts = case.facts()
        if facts.handed_over_on is None:
            yield "not_handed_over"
        elif facts.answered_on is None:
            yield "not_answered"
        if facts.grade is not None:
            yield f"grade_{facts.grade}"

    def _submitted(self, values: Mapping[str, str], key: str, day: date) -> SourceStep:
        deputy = self.deputy(values["lead_deputy"], day, "lead_deputy")
        step = SuggestionSubmitted(
            jurisdiction=self.jurisdiction,
            title=_LINE_BREAKS.sub("", values["title"]),
            lead_deputy=deputy,
            co_signers=tuple(self.deputy(name, day, "co_signers") for name in several(values["co_signers"])),
            number=key,
            session=values["session"] or None,
            in_session=one_of(IN_SESSION, values["in_session"], "in_session"),
            body=values["body"] or None,
        )
        return self.step(step, day, "submitted_on", deputy)

    def _handed_over(self, values: Mapping[str, str], day: date) -> SourceStep:
        step = HandedOver(
            lead_unit=self.unit(values["lead_unit"], day, "lead_unit"),
            co_units=tuple(self.unit(name, day, "co_units") for name in several(values["co_units"])),
        )
        return self.step(step, day, "handed_over_on")

    def _replied(self, values: Mapping[str, str], day: date, handed_over_on: date) -> SourceStep:
        unit = self.unit(values["lead_unit"], handed_over_on, "lead_unit")
        step = ReplyIssued(
            unit=unit,
            round=_ROUND,
            outcome=_outcome(values["outcome"]),
            document_number=values["document_number"] or None,
            signer=values["signer"] or None,
        )
        return self.step(step, day, "replied_on", unit)

    def _evaluated(self, values: Mapping[str, str], day: date, submitted_on: date) -> SourceStep:
        attitude = one_of(GRADES, values["attitude"], "attitude") if values["attitude"] else None
        step = EvaluationRecordedByProxy(
            round=_ROUND,
            result=one_of(GRADES, values["result"], "result"),
            attitude=attitude,
            reason=values["reason"] or None,
            evidence=values["evidence"] or _NOT_STATED,
            consent=values["consent"] or _NOT_STATED,
            proxy_reason=_WHY_PROXY,
        )
        return self.step(step, day, "evaluated_on", self.deputy(values["lead_deputy"], submitted_on, "lead_deputy"))


def _outcome(text: str) -> str | None:
    """The letter of A, Ａ, A类 or A（已解决）; anything else as it stands, to be refused by the office's scheme."""
    if not text:
        return None
    told = unicodedata.normalize("NFKC", text).strip().upper()
    found = _OUTCOME.match(told)
    return found[1] if found else text
