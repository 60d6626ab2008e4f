"""The year's filing reviews: five documents, one filed late, one put right, one whose filing was dated wrongly."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from adapters.exchange.sample.happening import JURISDICTION, ZONE, Happening
from adapters.exchange.sample.year.telling import YEAR, chairmen, committee, general_office, government, unit
from domain.case import Corrected
from domain.cases.filing_review import (
    Applicant,
    ApplicantInformed,
    CorrectionReported,
    CorrectionWay,
    DocumentAmendedOrRepealed,
    DocumentFiled,
    DocumentKind,
    DocumentPublished,
    FilingDispatched,
    FilingRegistered,
    FilingSupplemented,
    FilingSupplementRequested,
    FilingUrged,
    MakerReplied,
    NonFilingCirculated,
    NotOpenedReason,
    ReviewApplicationAccepted,
    ReviewConcluded,
    ReviewEnded,
    ReviewNotOpened,
    ReviewOpinionGiven,
    ReviewOpinionIssued,
    ReviewProblemIdentified,
    ReviewStandard,
    ReviewSuggested,
)
from domain.matter import Closed
from domain.moment import start_of_day


def filings() -> Iterator[tuple[str, list[Happening]]]:
    """Those cases by their names, each with its steps."""
    yield "filing-rule", list(_rule())
    yield "filing-wrong", list(_wrong())
    yield "filing-late", list(_late())
    yield "filing-court", list(_court())
    yield "filing-new", list(_new())


def _published(title: str, maker: str, kind: DocumentKind, of: str | None = None) -> DocumentPublished:
    return DocumentPublished(
        jurisdiction=JURISDICTION, title=title, year=YEAR, unit=of, maker=maker, document_kind=kind
    )


def _share(committee: str) -> FilingDispatched:
    return FilingDispatched(assignment="a-1", committee=committee)


def _opinion(text: str, *, problem: bool) -> ReviewOpinionGiven:
    return ReviewOpinionGiven(assignment="a-1", opinion=text, problem_seen=problem)


def _rule() -> Iterator[Happening]:
    """Recorded under the day on which it was registered, and so as filed late: corrected, it was in time."""
    title = "云江市城市地下管线管理办法"
    yield committee(1, 20, _published(title, "市人民政府", DocumentKind.GOVERNMENT_RULE))
    yield government(3, 4, DocumentFiled(document_number="云政备〔2026〕1号", materials=("备案报告", "文本", "说明")))
    yield committee(3, 4, FilingRegistered(number="备〔2026〕1号"))
    right = Corrected(
        corrects=2,
        occurred_at=start_of_day(date(YEAR, 2, 24), ZONE),
        precision="day",
        reason="备案报告于2月24日送达，误按登记日录入。",
        approved_by="法制工作委员会主任",
    )
    yield general_office(3, 6, right)
    yield committee(3, 9, _share("城乡建设环境资源保护委员会"))
    yield committee(4, 3, _opinion("未发现问题。", problem=False))
    yield committee(4, 14, ReviewConcluded(summary="未发现与上位法抵触。"))
    yield chairmen(5, 11, Closed())


def _wrong() -> Iterator[Happening]:
    """It asked for what the law does not: its maker agreed and amended it."""
    title = "关于规范餐饮服务单位管理的通知"
    maker = unit("scj")
    yield committee(3, 3, _published(title, "市市场监督管理局", DocumentKind.GOVERNMENT_DOCUMENT, "scj"))
    yield maker(3, 25, DocumentFiled(document_number="云市监备〔2026〕2号", materials=("备案报告", "文本")))
    yield committee(3, 31, FilingRegistered(number="备〔2026〕2号"))
    yield committee(4, 3, _share("法制工作委员会"))
    yield committee(4, 28, _opinion("第六条增设开办条件，缺乏上位法依据。", problem=True))
    found = ReviewProblemIdentified(
        problem="p-1",
        standard=ReviewStandard.BEYOND_POWERS,
        text="要求餐饮单位另行办理登记，超越法定权限。",
        provision="第六条",
    )
    yield committee(5, 12, found)
    yield committee(5, 22, ReviewConcluded(summary="存在问题，建议修改。"))
    yield chairmen(6, 11, ReviewOpinionIssued(text="请修改或者废止第六条。", document_number="云人法审〔2026〕1号"))
    replied = MakerReplied(text="接受审查意见，八月底前修改。", maker_agrees=True, due_on=date(YEAR, 8, 31))
    yield maker(7, 6, replied)
    amended = DocumentAmendedOrRepealed(correction_way=CorrectionWay.AMENDED, document_number="云市监规〔2026〕4号")
    yield maker(8, 18, amended)
    yield committee(8, 25, ReviewEnded(summary="已按审查意见删去第六条。"))
    yield maker(9, 9, CorrectionReported(summary="已删去第六条并重新公布。"))
    yield chairmen(9, 29, Closed())


def _late() -> Iterator[Happening]:
    """Not filed within thirty days: its maker was told to, and the chairmen's meeting circulated it."""
    title = "云江市市级储备粮管理实施细则"
    maker = unit("fgw")
    yield committee(3, 20, _published(title, "市发展和改革委员会", DocumentKind.GOVERNMENT_DOCUMENT, "fgw"))
    yield committee(4, 28, FilingUrged(summary="核查发现未报送备案，限十日内报送。"))
    yield maker(5, 8, DocumentFiled(document_number="云发改备〔2026〕1号"))
    yield committee(5, 13, FilingRegistered(number="备〔2026〕3号"))
    yield committee(5, 18, _share("财政经济委员会"))
    yield committee(6, 9, _opinion("未发现问题。", problem=False))
    yield chairmen(6, 11, NonFilingCirculated(summary="通报迟报一件。"))
    yield committee(6, 24, ReviewConcluded())
    yield chairmen(7, 3, Closed())


def _court() -> Iterator[Happening]:
    """Something was missing; an enterprise suggested a review, which was not opened since it had been reviewed."""
    title = "关于执行案款管理的规定"
    court = unit("fy")
    yield committee(4, 22, _published(title, "市中级人民法院", DocumentKind.COURT_DOCUMENT, "fy"))
    yield court(5, 13, DocumentFiled(materials=("文本",)))
    yield committee(5, 18, FilingSupplementRequested(reason="缺少备案报告和说明。"))
    yield court(5, 25, FilingSupplemented(materials=("备案报告", "说明")))
    yield committee(5, 28, FilingRegistered(number="备〔2026〕4号"))
    yield committee(6, 2, _share("监察和司法委员会"))
    yield committee(6, 25, _opinion("未发现问题。", problem=False))
    yield committee(7, 8, ReviewConcluded())
    suggested = ReviewSuggested(
        application="s-1", applicant=Applicant.ENTERPRISE, summary="认为第五条延长了案款发放期限。"
    )
    yield committee(9, 15, suggested)
    yield committee(9, 18, ReviewApplicationAccepted(application="s-1"))
    refused = ReviewNotOpened(
        application="s-1", reason_code=NotOpenedReason.REVIEWED_BEFORE, explanation="该条已经审查，未延长期限。"
    )
    yield committee(9, 22, refused)
    yield committee(9, 29, ApplicantInformed(application="s-1", result="书面反馈。"))
    yield chairmen(10, 16, Closed())


def _new() -> Iterator[Happening]:
    """Under review at the end of the year."""
    title = "云江市住房公积金提取管理办法"
    yield committee(10, 20, _published(title, "市住房公积金管理中心", DocumentKind.GOVERNMENT_DOCUMENT, "gjj"))
    yield unit("gjj")(11, 12, DocumentFiled(document_number="云公积金备〔2026〕1号", materials=("备案报告", "文本")))
    yield committee(11, 17, FilingRegistered(number="备〔2026〕5号"))
    yield committee(11, 20, _share("城乡建设环境资源保护委员会"))
    yield committee(12, 15, _opinion("第九条提取条件与上位规定不一致，建议研究。", problem=True))
