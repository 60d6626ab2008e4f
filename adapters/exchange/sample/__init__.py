"""The sample: two years of suggestions of 云江市, a city that does not exist, and of its counties; one of the rest."""

from __future__ import annotations

import hashlib
from datetime import date

from adapters.batch import batch_work
from adapters.exchange.jurisdictions import enter
from adapters.exchange.sample.happening import JURISDICTION, sample_case_id
from adapters.exchange.sample.played import played
from adapters.exchange.sample.told import told
from adapters.exchange.sample.year import YEAR, year
from domain.account import Asked
from domain.case import Role
from domain.docket import Docket, Receipt, Request

__all__ = ["ACCOUNTS", "JURISDICTION", "YEAR", "enter_places", "load_sample", "sample_case_id", "year"]

COUNTIES = ("cn-999911", "cn-999912", "cn-999921", "cn-999922")
ZONES = ("cn-999971",)


def _city(role: Role, office: str | None = None, deputy: str | None = None) -> Asked:
    return Asked(role=role, jurisdiction=JURISDICTION, office=office, deputy=deputy)


ACCOUNTS = {
    "dbgw": ("代表工作机构", _city(Role.DEPUTY_AFFAIRS)),
    "bgs": ("常委会办公室", _city(Role.GENERAL_OFFICE)),
    "cwh": ("常务委员会", _city(Role.STANDING_COMMITTEE)),
    "zrhy": ("主任会议", _city(Role.CHAIRMEN_MEETING)),
    "dzu": ("常委会党组", _city(Role.PARTY_GROUP)),
    "swb": ("市委办公室", _city(Role.PARTY_COMMITTEE)),
    "zmwyh": ("专门委员会", _city(Role.SPECIAL_COMMITTEE)),
    "zfbgs": ("市政府办公室", _city(Role.GOVERNMENT_OFFICE)),
    "jtj-1": ("市交通运输局", _city(Role.HANDLING_UNIT, office="jtj")),
    "jyj-1": ("市教育局", _city(Role.HANDLING_UNIT, office="jyj")),
    "fy-1": ("市中级人民法院", _city(Role.HANDLING_UNIT, office="fy")),
    "jia1": ("甲一", _city(Role.DEPUTY, deputy="d-001")),
    "yi1": ("乙一", _city(Role.DEPUTY, deputy="d-003")),
    "dsf": ("第三方评估机构", _city(Role.THIRD_PARTY)),
    "shenji": ("审计员", _city(Role.AUDITOR)),
    "jk-dbgw": ("江口县代表工作机构", Asked(role=Role.DEPUTY_AFFAIRS, jurisdiction="cn-999921")),
    "jk-jtj-1": ("江口县交通运输局", Asked(role=Role.HANDLING_UNIT, jurisdiction="cn-999921", office="jtj")),
}
"""Login → name and binding of the people of the sample who can sign in: each role, but the administrator's."""


def enter_places(docket: Docket) -> None:
    """Enter the sample's city into the registry, with its counties and its zone."""
    for code in (JURISDICTION, *COUNTIES, *ZONES):
        enter(docket, code, actor="sample")


def load_sample(docket: Docket, *, today: date, seed: int, cases: int) -> int:
    """Store the cases of the sample's places as far as they have happened by today; how many were new.

    In the city so many suggestions are played beside those that were written by hand, in each county a tenth; the same
    seed and number tell the same. What the city did by its other powers was written by hand too. All of them are
    stored in one transaction.
    """
    stories = told() + year()
    for code in (JURISDICTION, *COUNTIES):
        count = cases if code == JURISDICTION else cases // 10
        stories += played(docket.registry.jurisdiction(code), seed=seed, count=count)
    past = [(story, happenings) for story in stories if (happenings := list(story.until(today)))]
    beside = {story.case_id for story, _ in past}
    drafts = []
    with batch_work():
        for story, happenings in past:
            key = f"sample:{story.jurisdiction}:{story.number}"
            request = Request(key, hashlib.sha256(key.encode()).digest())
            draft = docket.draft(request, story.case_id, beside)
            for happening in happenings:
                docket.take(draft, happening.step, happening.act)
            drafts.append(draft)
        outcomes = docket.append(drafts) if drafts else ()
    new = 0
    for outcome in outcomes:
        if not isinstance(outcome, Receipt):
            raise outcome
        new += not outcome.repeated
    return new
