"""Words as they are searched: texts folded and cut into lexemes, what a reader seeks, and where a text says it.

Chinese is not cut into words, which would need a dictionary and miss what it does not know: every two characters side
by side are a lexeme, and the last character of a run is one too, so that one character is found anywhere by what
begins with it. Words and numbers of other scripts are lexemes as a whole. Whatever is neither letter nor digit
separates.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from typing import NamedTuple

from domain.refusal import Refused

MOST_CHARACTERS = 200
"""Of what a reader seeks."""
MOST_TERMS = 10
LONGEST_WORD = 100
"""Letters by which a longer word is told from others."""

_HAN = (
    r"\u3005-\u3007\u3041-\u3096\u309d-\u309f\u30a1-\u30fa\u30fc-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
    r"\U00020000-\U0003ffff"
)
"""Characters of writing without blanks between words: Chinese, and Japanese kana; inside of a character class."""
_LETTER = rf"[^\W_{_HAN}]"
_RUN = re.compile(rf"(?P<han>[{_HAN}]+)|{_LETTER}+")
_BETWEEN = r"[\W_]*"
_TERM = re.compile(r'"([^"]*)"|“([^”]*)”|([^\s"“”]+)')


class Run(NamedTuple):
    """Characters that belong together: a stretch of Chinese, or a word of another script."""

    text: str
    han: bool

    @property
    def lexemes(self) -> list[str]:
        """What it is cut into, in its order."""
        if not self.han:
            return [self.text[:LONGEST_WORD]]
        return [*self.pairs, self.text[-1]]

    @property
    def pairs(self) -> list[str]:
        """Every two characters side by side."""
        return list(map("".join, zip(self.text, self.text[1:], strict=False)))


def folded(text: str) -> str:
    """The text without differences of case and of width: Ａ is a, ㎡ is m2."""
    if text.isascii():
        return text.lower()
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())


def runs_of(text: str) -> Iterator[Run]:
    """The runs of a text, folded, in its order."""
    for match in _RUN.finditer(folded(text)):
        yield Run(match[0], match.lastgroup == "han")


def lexemes_of(text: str) -> list[str]:
    """The lexemes of a text, in its order; what a text says in a row stands in a row among them."""
    return [lexeme for run in runs_of(text) for lexeme in run.lexemes]


@dataclass(frozen=True)
class Term:
    """Something that is sought: characters and words that follow each other."""

    text: str
    """Folded, without what cannot be seen."""
    runs: tuple[Run, ...]

    @property
    def begins(self) -> bool:
        """Whether it ends with a single character, so that its last lexeme is the beginning of others."""
        last = self.runs[-1]
        return last.han and len(last.text) == 1

    @cached_property
    def lexemes(self) -> list[str]:
        """Those that stand in a row wherever it is said."""
        last = self.runs[-1]
        ends = last.pairs if last.han and not self.begins else last.lexemes
        return [*(lexeme for run in self.runs[:-1] for lexeme in run.lexemes), *ends]

    @cached_property
    def said(self) -> re.Pattern[str]:
        """What a folded text has where it says it."""
        first, last = self.runs[0], self.runs[-1]
        before = "" if first.han else f"(?<!{_LETTER})"
        after = "" if last.han else f"(?!{_LETTER})"
        return re.compile(before + _BETWEEN.join(re.escape(run.text) for run in self.runs) + after)


def terms_of(query: str) -> list[Term]:
    """What a reader seeks: terms with blanks between them, of which a case has to say every one.

    What stands in quotation marks is one term. Refused where there is nothing to seek, or too much.
    """
    if len(query) > MOST_CHARACTERS:
        raise Refused("search-too-long", field="q", most=MOST_CHARACTERS)
    said = (next(filter(None, match.groups()), "") for match in _TERM.finditer(query))
    found = list(
        dict.fromkeys(
            Term("".join(filter(str.isprintable, folded(one))), runs) for one in said if (runs := tuple(runs_of(one)))
        )
    )
    if not found:
        raise Refused("nothing-to-search", field="q")
    if len(found) > MOST_TERMS:
        raise Refused("search-too-many-terms", field="q", most=MOST_TERMS)
    return found


# Where a text says it


class Piece(NamedTuple):
    """A piece of a text, and whether it is what was sought."""

    text: str
    sought: bool


class _Placed(NamedTuple):
    """A folded text, and for each of its characters where it comes from in the text."""

    text: str
    starts: Sequence[int]
    ends: Sequence[int]


def _placed(text: str) -> _Placed:
    cuts = [i for i, char in enumerate(text) if not i or not unicodedata.combining(char)]
    ends = [*cuts[1:], len(text)] if cuts else []
    parts = [folded(text[start:end]) for start, end in zip(cuts, ends, strict=True)]
    upto = list(accumulate(map(len, parts)))
    places = [bisect_right(upto, i) for i in range(upto[-1] if upto else 0)]
    return _Placed("".join(parts), [cuts[place] for place in places], [ends[place] for place in places])


def _spans(text: str, terms: Sequence[Term]) -> list[tuple[int, int]]:
    """Where a text says the terms, in its order, none over another."""
    placed = _placed(text)
    found = sorted(
        (placed.starts[match.start()], placed.ends[match.end() - 1])
        for term in terms
        for match in term.said.finditer(placed.text)
    )
    spans: list[tuple[int, int]] = []
    for start, end in found:
        if spans and start <= spans[-1][1]:
            spans[-1] = (spans[-1][0], max(end, spans[-1][1]))
        else:
            spans.append((start, end))
    return spans


def marked(text: str, terms: Sequence[Term]) -> list[Piece]:
    """A text in pieces, those marked that say a term."""
    return list(_pieces(text, _spans(text, terms), 0, len(text)))


def _pieces(text: str, spans: Sequence[tuple[int, int]], start: int, end: int) -> Iterator[Piece]:
    for first, after in spans:
        if first >= end or after <= start:
            continue
        if first > start:
            yield Piece(text[start:first], sought=False)
        yield Piece(text[max(first, start) : min(after, end)], sought=True)
        start = min(after, end)
    if start < end:
        yield Piece(text[start:end], sought=False)


_BEFORE = 30
_LONGEST_EXCERPT = 140


def excerpt(text: str, terms: Sequence[Term], but: Collection[str] = ()) -> list[Piece]:
    """The line of a text that says most of the terms, cut to what stands around them; nothing where none says one.

    `but` are lines that are told elsewhere already.
    """
    lines = [line for line in text.split("\n") if line not in but]
    best = max(lines, key=lambda line: _number_said(line, terms), default="")
    spans = _spans(best, terms)
    if not spans:
        return []
    start = max(0, spans[0][0] - _BEFORE)
    end = min(len(best), start + _LONGEST_EXCERPT)
    cut = list(_pieces(best, spans, start, end))
    before = [Piece("…", sought=False)] if start else []
    return [*before, *cut, *([Piece("…", sought=False)] if end < len(best) else [])]


def _number_said(line: str, terms: Sequence[Term]) -> int:
    plain = folded(line)
    return sum(term.said.search(plain) is not None for term in terms)


# What a text is about, for what is like it


MOST_LEXEMES = 50
_OF_TITLE = 30
TITLE_COUNTS = 2
"""How often a word counts that stands in the title: it says what a text is about."""


def subject_of(title: str, text: str) -> dict[str, int]:
    """The lexemes by which a text is compared, with how often each counts.

    All of the title, and of the text those that it says most often; single characters say too little.
    """
    of_title = dict.fromkeys(_telling(title))
    chosen = dict.fromkeys(list(of_title)[:_OF_TITLE], TITLE_COUNTS)
    often = Counter(lexeme for lexeme in _telling(text) if lexeme not in chosen)
    return chosen | dict.fromkeys((lexeme for lexeme, _ in often.most_common(MOST_LEXEMES - len(chosen))), 1)


def _telling(text: str) -> Iterator[str]:
    for run in runs_of(text):
        yield from run.pairs if run.han else run.lexemes


_MOST_IN_COMMON = 6
_PARTICLES = "的于和与及在为对是了"
"""What is left of a neighbour at the ends of what is shared, and says nothing."""


def in_common(title: str, text: str, shared: Mapping[str, float]) -> list[str]:
    """What two texts have in common, in the words of one: the shared lexemes, joined where they overlap.

    The weightiest come first.
    """
    found: dict[str, float] = {}
    for run in (*runs_of(title), *runs_of(text)):
        for words, weight in _shared_of(run, shared):
            if len(told := words.strip(_PARTICLES)) > 1:
                found.setdefault(told, weight)
    return sorted(found, key=lambda words: (-found[words], words))[:_MOST_IN_COMMON]


def _shared_of(run: Run, shared: Mapping[str, float]) -> Iterator[tuple[str, float]]:
    if not run.han:
        if weight := shared.get(run.text[:LONGEST_WORD]):
            yield run.text, weight
        return
    words, total = "", 0.0
    for pair in (*run.pairs, ""):
        if weight := shared.get(pair):
            words, total = words + (pair if not words else pair[1]), total + weight
        elif words:
            yield words, total
            words, total = "", 0.0
