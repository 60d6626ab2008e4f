"""Who may do what, asked of the policy for every step, role and relation; `python -m tests.permissions` writes it down.

The tables in docs/permissions are reviewed by people: a change of them is read like a change of the law.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from io import StringIO
from pathlib import Path
from typing import Any, Protocol

import domain.cases  # noqa: F401 - every case type declares itself
from adapters.memory import MemoryLedger
from domain import policy, procedure
from domain.case import CASE_TYPES, Act, Opening, Role, Step, VoidRequested
from domain.cases import suggestion as s
from domain.cases.published_figures import FiguresPublished, PublishedFigures
from domain.cases.registry.jurisdiction import Region
from domain.docket import Docket
from domain.figure import StatedFigure
from domain.matter import Matter
from domain.moment import start_of_day
from domain.principal import Principal
from domain.refusal import Refused
from domain.registry import RegistryOpening
from tests.golden.examples import example_of
from tests.golden.samples import SAMPLES
from tests.reckoning import TwoOfThree
from tests.registry import shipped_registry

TABLES = Path(__file__).parents[1] / "docs" / "permissions"
PLACE, ELSEWHERE = "cn-999900", "jp-sangiin"
LEAD, CO, SEPARATE, FORMER, STRANGER = "jtj", "czj", "zjj", "jyj", "slj"
REQUEST = 9
"""Number of the step of the suggestion that was handled which asks for a void."""
READ = "read"
TABLED = ("suggestion", "registry", "matters", "published_figures")
YES, NO, HIDDEN = "yes", "no", "hidden"
"""He may; he may not (403); for him there is no such case (404)."""


@dataclass(frozen=True)
class Reader:
    """Somebody with a relation to a case: who he is, and which of the cases it is."""

    principal: Principal
    case: str


def _reader(role: Role, case: str = "handled", *, who: str = PLACE, place: str = PLACE) -> Reader:
    deputy = role is Role.DEPUTY
    return Reader(Principal(who if deputy else "u-1", role, PLACE if deputy else who, place), case)


READERS: dict[str, Reader] = {
    "party_group": _reader(Role.PARTY_GROUP),
    "party_committee": _reader(Role.PARTY_COMMITTEE, "submitted"),
    "party_committee, its leader in charge": _reader(Role.PARTY_COMMITTEE),
    "chairmen_meeting": _reader(Role.CHAIRMEN_MEETING),
    "standing_committee": _reader(Role.STANDING_COMMITTEE),
    "special_committee": _reader(Role.SPECIAL_COMMITTEE),
    "deputy_affairs": _reader(Role.DEPUTY_AFFAIRS),
    "general_office": _reader(Role.GENERAL_OFFICE),
    "government_office, before acceptance": _reader(Role.GOVERNMENT_OFFICE, "submitted"),
    "government_office": _reader(Role.GOVERNMENT_OFFICE),
    "handling_unit, leading": _reader(Role.HANDLING_UNIT, who=LEAD),
    "handling_unit, helping": _reader(Role.HANDLING_UNIT, who=CO),
    "handling_unit, for itself": _reader(Role.HANDLING_UNIT, who=SEPARATE),
    "handling_unit, share given away": _reader(Role.HANDLING_UNIT, who=FORMER),
    "handling_unit, without a share": _reader(Role.HANDLING_UNIT, who=STRANGER),
    "deputy, lead": _reader(Role.DEPUTY, who="d-001"),
    "deputy, co-signer": _reader(Role.DEPUTY, who="d-002"),
    "deputy, another": _reader(Role.DEPUTY, who="d-005"),
    "third_party, before a reply": _reader(Role.THIRD_PARTY, "submitted"),
    "third_party": _reader(Role.THIRD_PARTY),
    "auditor": _reader(Role.AUDITOR),
    "administrator": _reader(Role.ADMINISTRATOR),
} | {
    f"{role}, elsewhere": _reader(
        role, who={Role.HANDLING_UNIT: LEAD, Role.DEPUTY: "d-001"}.get(role, PLACE), place=ELSEWHERE
    )
    for role in Role
}
"""Every role in every relation that it may have to a suggestion."""

REGISTRARS = {
    name: reader
    for name, reader in READERS.items()
    if ", " not in name or name.endswith(("leading", "lead", "elsewhere"))
}
"""Every role once: to the registry nobody has another relation than that it is of his jurisdiction, or is not."""


OF_MATTERS = {
    name: reader for name, reader in REGISTRARS.items() if "elsewhere" not in name or name.startswith("deputy_affairs")
} | {"handling_unit, not concerned": _reader(Role.HANDLING_UNIT, who=STRANGER)}
"""Every role once for the matters of the standing committee, a unit that none is about, and one of elsewhere."""


class Door(Protocol):
    """Where steps are taken: a docket, whatever its ledger is."""

    def open(self, step: Opening, act: Act) -> Any:
        """Open a case."""

    def record(self, case_id: str, step: Step, act: Act) -> Any:
        """Record a step."""


def arrange(docket: Door) -> dict[str, str]:
    """The ids of a suggestion just submitted, of one that was handled, and of an entry of the registry of each kind."""
    clerk = Principal("u-1", Role.DEPUTY_AFFAIRS, PLACE, PLACE)

    def act(day: int) -> Act:
        return act_of(clerk, date(2026, 3, day))

    def submitted(title: str) -> str:
        opening = s.SuggestionSubmitted(jurisdiction=PLACE, title=title, lead_deputy="d-001", co_signers=("d-002",))
        return str(docket.open(opening, act(2)).case_id)

    handled = submitted("关于增开夜间公交的建议")
    for day, step in (
        (3, s.HandedOver(lead_unit=LEAD, co_units=(CO, FORMER), separate_units=(SEPARATE,))),
        (4, s.ReturnRequested(unit=FORMER, reason="非本单位职责")),
        (5, s.ReturnApproved(unit=FORMER)),
        (6, s.Reassigned(unit=FORMER, to_unit="cgj")),
        (7, s.LeaderAssigned(person="甲副书记", level=s.LeaderLevel.PARTY_COMMITTEE, charge=s.Charge.SUPERVISION)),
        (8, s.ReplyIssued(unit=LEAD, outcome="B")),
        (9, s.ReplyIssued(unit=SEPARATE, outcome="B")),
        (10, VoidRequested(voids=REQUEST - 1, reason="误录")),
    ):
        docket.record(handled, step, act(day))
    entries = {}
    for opening in SAMPLES.values():
        case_type = opening.declared.case_type
        if isinstance(opening, RegistryOpening) and case_type is not None and case_type is not Region:
            named: dict[str, str] = {name: "of-a-test" for name in ("code", "id") if name in type(opening).model_fields}
            entered = docket.open(opening.model_copy(update=named), act_of(clerk, date(2026, 3, 2)))
            entries[case_type.kind] = str(entered.case_id)
    matters = {}
    for case_type in CASE_TYPES.values():
        if issubclass(case_type, Matter) and case_type.__module__.startswith("domain."):
            opening = opened_alone(next(step for step in procedure.steps_of(case_type) if step.declared.opens))
            role = min(opening.declared.by)
            opener = Principal("u-1", role, PLACE, PLACE)
            matters[case_type.kind] = str(docket.open(opening, act_of(opener, date(2026, 3, 2))).case_id)
    stated = FiguresPublished(
        jurisdiction=PLACE, title="报告", as_of=date(2026, 3, 1), figures=(StatedFigure(metric="reply_rate"),)
    )
    matters[PublishedFigures.kind] = str(docket.open(stated, act(2)).case_id)
    return {"submitted": submitted("关于改造老旧电梯的建议"), "handled": handled} | entries | matters


def opened_alone(step: type[Step]) -> Opening:
    """An example of an opening step that names no other case."""
    opening = example_of(step)
    named = {reference.field.partition(".")[0] for reference in opening.refers_to()}
    alone = opening.model_copy(update={name: type(opening).model_fields[name].default for name in named})
    assert isinstance(alone, Opening)
    return alone


def act_of(principal: Principal, day: date) -> Act:
    """An act of somebody."""
    at = start_of_day(day, "Asia/Shanghai")
    return Act(actor=principal.actor, role=principal.role, office=principal.office, occurred_at=at)


def said_by(step: Step, principal: Principal) -> Step:
    """The example of a step as somebody would say it of his own: of his unit, of himself, below the sample city."""
    if isinstance(step, Opening) and step.under != "jurisdiction":
        return step.model_copy(update={step.under: PLACE})
    if principal.role is Role.HANDLING_UNIT and "unit" in type(step).model_fields:
        return step.model_copy(update={"unit": principal.office})
    if principal.role is Role.DEPUTY and "deputy" in type(step).model_fields:
        return step.model_copy(update={"deputy": principal.actor})
    return step


def steps_of(kind: str) -> Iterator[Step]:
    """An example of every step of the suggestion, or of what is of the registry; those that all share come first."""
    shared = [step for step in SAMPLES.values() if step.declared.case_type is None]
    own = [step for step in SAMPLES.values() if step.declared.case_type and table_of(step) == kind]
    return iter(shared + own)


def table_of(step: Step) -> str:
    """In which table a step of a case type stands."""
    case_type = step.declared.case_type
    assert case_type is not None
    if issubclass(case_type, Matter):
        return "matters"
    return "registry" if case_type.of_registry else case_type.kind


def answers(docket: Docket, cases: dict[str, str], kind: str, step: Step | None, reader: Reader) -> str:
    """What the policy and the declarations say; without a step, of reading."""
    principal = reader.principal
    case_id = case_of(cases, kind, step, reader)
    if step is not None and step.declared.opens:
        return YES if principal.jurisdiction == PLACE and _allowed(None, step, principal) else NO
    if step is not None and principal.role in policy.ONLY_READING:
        return NO
    case_file = docket.case_file(case_id)
    if not policy.scope(principal).covers(case_file):
        return HIDDEN
    if step is None:
        return YES
    own = step.declared.case_type
    case = case_file.case if own is None or isinstance(case_file.case, own) else own("another")
    return YES if _allowed(case, step, principal) else NO


def case_of(cases: dict[str, str], kind: str, step: Step | None, reader: Reader) -> str:
    """The case of which the table speaks."""
    if kind == "suggestion":
        return cases[reader.case]
    own = None if step is None else step.declared.case_type
    usual = {"matters": "opinion", "registry": "unit"}.get(kind, kind)
    if own is not None and not own.kind:
        usual = next(name for name in (usual, *cases) if name in CASE_TYPES and issubclass(CASE_TYPES[name], own))
    return cases.get(own.kind if own else usual, cases[usual])


def _allowed(case: Any, step: Step, principal: Principal) -> bool:
    try:
        procedure.authorise(case, said_by(step, principal), act_of(principal, date(2026, 5, 6)))
    except Refused:
        return False
    return True


def readers_of(kind: str) -> dict[str, Reader]:
    """The columns of a table."""
    return {"registry": REGISTRARS, "matters": OF_MATTERS, "published_figures": OF_MATTERS}.get(kind, READERS)


def table(docket: Docket, cases: dict[str, str], kind: str) -> str:
    """A table as CSV: a line for each step, a column for each reader."""
    readers = readers_of(kind)
    text = StringIO()
    lines = csv.writer(text, lineterminator="\n")
    lines.writerow(["step", *readers])
    for step in (None, *steps_of(kind)):
        name = READ if step is None else step.declared.wire.rpartition(".")[0]
        lines.writerow([name, *(answers(docket, cases, kind, step, reader) for reader in readers.values())])
    return text.getvalue()


def tables() -> dict[str, str]:
    """The tables, of what the code says today."""
    docket = Docket(MemoryLedger(), shipped_registry(), reckoner=TwoOfThree())
    cases = arrange(docket)
    return {f"{kind}.csv": table(docket, cases, kind) for kind in TABLED}


if __name__ == "__main__":
    TABLES.mkdir(exist_ok=True)
    for name, text in tables().items():
        (TABLES / name).write_text(text, "utf-8")
