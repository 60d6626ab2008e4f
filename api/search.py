"""Search (检索) and suggestions that are alike (相似建议) at a moment, for the API, the pages and the command line."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

from api.looking import require_reached
from api.services import Lists
from domain.casefile import CaseFile
from domain.cases.suggestion import MotionConverted, Relation, Reply, Resubmitted, Suggestion, SuggestionSubmitted
from domain.moment import Moment
from domain.rulebook import Outcome
from projections.reading import Filter, FoundRow, SearchKey, SimilarRow
from projections.wording import Piece, Term, excerpt, in_common, marked, subject_of

MOST_SIMILAR = 10
LEAST = 0.25
"""The score below which nobody is told that a suggestion is similar."""
REQUESTS = [step.declared.wire for step in (SuggestionSubmitted, MotionConverted, Resubmitted)]
"""The steps that say what a deputy asks for."""


@dataclass(frozen=True)
class Hit:
    """A case that was found: its title with what was sought marked, and which step says it in which words."""

    row: FoundRow
    title: Sequence[Piece]
    excerpt: Sequence[Piece]
    step: int | None
    """Number of the step whose words the excerpt is; None where title and number say everything."""
    wire: str | None


@dataclass(frozen=True)
class Hits:
    """A page of the cases that were found, and how many there are."""

    page: list[Hit]
    total: int
    exact: bool
    """Whether there are just so many; else there are so many at least."""


@dataclass(frozen=True)
class Similar:
    """A suggestion that is like a text, and what had become of it at the moment."""

    case_id: str
    score: float
    """Of what the text says, weighted by rarity, how much the suggestion says too: a share of 1."""
    words: Sequence[str]
    """What both say."""
    number: str | None
    title: str
    session: str | None
    stage: str
    submitted_on: date | None
    unit: str | None
    """Who replied last, or leads it."""
    replied_on: date | None
    outcome: str | None
    """Letter of the last reply, as it holds."""
    normalised: Outcome | None
    grade: str | None
    linked: Relation | None
    """As what it is linked already to the suggestion that it is compared with."""

    @property
    def resolved(self) -> bool | None:
        """Whether it had been resolved; None where nobody had said."""
        return None if self.normalised is None else self.normalised is Outcome.RESOLVED


class Search:
    """Search in what somebody may read, at one moment."""

    def __init__(self, lists: Lists, moment: Moment) -> None:
        self._search = lists.search
        self.moment = moment
        require_reached(self._search.reached, moment.known)

    def hits(self, terms: Sequence[Term], wanted: Filter, *, after: SearchKey | None = None, limit: int = 20) -> Hits:
        """A page of the cases that say every term, and how many there are."""
        found = self._search.found(terms, wanted, self.moment, after=after, limit=limit)
        said = self._search.said(terms, [row.case_id for row in found.rows], self.moment) if found.rows else []
        hits = []
        for row in found.rows:
            hit = Hit(row, marked(row.title, terms), (), None, None)
            for one in said:
                if one.case_id == row.case_id and (
                    words := excerpt(one.text, terms, but={row.title, row.number or row.title})
                ):
                    hit = Hit(row, hit.title, words, one.step, one.wire)
                    break
            hits.append(hit)
        return Hits(hits, found.total, found.exact)

    def similar_to(
        self,
        title: str,
        text: str,
        jurisdiction: str,
        read: Callable[[str], CaseFile],
        *,
        case: Suggestion | None = None,
    ) -> list[Similar]:
        """The suggestions of a jurisdiction that are like a title and a text; `case` is the one that says them."""
        wanted = Filter(kind=Suggestion.kind, jurisdiction=jurisdiction)
        if not (subject := subject_of(title, text)):
            return []
        rows = self._search.similar(
            subject,
            wanted,
            self.moment,
            steps=REQUESTS,
            but=None if case is None else case.id,
            least=LEAST,
            limit=MOST_SIMILAR,
        )
        linked = {} if case is None else {link.case_id: link.relation for link in case.links}
        told = []
        for row in rows:
            found = read(row.case_id).at(self.moment.known, self.moment.as_of)
            if isinstance(found, Suggestion):
                told.append(_similar(row, found, in_common(title, text, _weighty(row)), linked.get(row.case_id)))
        return told

    def like(self, case: Suggestion, read: Callable[[str], CaseFile]) -> list[Similar]:
        """The suggestions that are like one."""
        return self.similar_to(case.title, case.body or "", case.jurisdiction, read, case=case)


_WEIGHTY = 0.3


def _weighty(row: SimilarRow) -> dict[str, float]:
    """The lexemes in common that are rare enough to tell something, against the rarest of them."""
    least = _WEIGHTY * max(row.shared.values())
    return {lexeme: weight for lexeme, weight in row.shared.items() if weight >= least}


def _similar(row: SimilarRow, case: Suggestion, words: Sequence[str], linked: Relation | None) -> Similar:
    reply = _last_reply(case)
    outcome = normalised = None
    if reply is not None:
        outcome = reply.outcome_now
        again = reply.reclassifications
        normalised = again[-1].normalised if again else reply.normalised
    return Similar(
        case_id=row.case_id,
        score=row.score,
        words=words,
        number=case.number,
        title=case.title,
        session=case.session,
        stage=str(case.stage),
        submitted_on=case.submitted_on,
        unit=reply.unit if reply else case.lead_unit,
        replied_on=reply.replied_on if reply else None,
        outcome=outcome,
        normalised=normalised,
        grade=None if case.grade is None else str(case.grade),
        linked=linked,
    )


def _last_reply(case: Suggestion) -> Reply | None:
    """The reply of the last round that has one, of the unit that replied last; not one that was rejected."""
    replies = [
        (number, reply.replied_on, place, reply)
        for number, handled in case.rounds.items()
        for place, reply in enumerate(handled.replies)
        if reply.rejected_on is None
    ]
    return max(replies, key=lambda one: one[:3])[3] if replies else None
