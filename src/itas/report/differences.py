"""Which words of one text another text has too: what a candidate gave to the final answer, and what it did not."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import groupby
from typing import Literal

PieceKind = Literal["both", "here", "there"]

MOST_WORDS = 1500
"""Longer texts are compared as far as this; comparing takes the product of both lengths."""
_FEW = 400
_WORD = re.compile(r"\s*\S+\s*")


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of text that stands in both, only here, or only in the other."""

    kind: PieceKind
    text: str


@dataclass(frozen=True, slots=True)
class Difference:
    """A text against another.

    Attributes:
        pieces: In order; those of kind ``both`` and ``here`` joined are the text as far as it was compared.
        shared: Share of the words of the text that the other has at the same place, in [0, 1].
        is_cut: Only the beginnings were compared.
    """

    pieces: tuple[Piece, ...]
    shared: float
    is_cut: bool

    @property
    def is_same(self) -> bool:
        """No word differs."""
        return all(piece.kind == "both" for piece in self.pieces) and not self.is_cut


def compare_words(text: str, other: str) -> Difference:
    """Compare word by word; spaces between words count for nothing."""
    here, there = _WORD.findall(text), _WORD.findall(other)
    is_cut = max(len(here), len(there)) > MOST_WORDS
    here, there = here[:MOST_WORDS], there[:MOST_WORDS]
    matcher = SequenceMatcher(
        None,
        [word.strip() for word in here],
        [word.strip() for word in there],
        autojunk=max(len(here), len(there)) > _FEW,
    )
    pieces: list[Piece] = []
    shared = 0
    for kind, start, end, other_start, other_end in matcher.get_opcodes():
        if kind == "equal":
            shared += end - start
            pieces.append(Piece("both", "".join(here[start:end])))
            continue
        pieces += _piece("here", here[start:end])
        pieces += _piece("there", there[other_start:other_end])
    return Difference(tuple(pieces), shared / len(here) if here else 0.0, is_cut)


def mark_new_words(text: str, sources: Sequence[str]) -> Difference:
    """Against several texts that it was written from: ``here`` is what stands in none of them at its place."""
    words = _WORD.findall(text)
    is_cut = len(words) > MOST_WORDS
    words = words[:MOST_WORDS]
    known = [False] * len(words)
    for source in sources:
        other = [word.strip() for word in _WORD.findall(source)[:MOST_WORDS]]
        is_cut = is_cut or len(other) == MOST_WORDS
        matcher = SequenceMatcher(
            None, [word.strip() for word in words], other, autojunk=max(len(words), len(other)) > _FEW
        )
        for start, _, many in matcher.get_matching_blocks():
            known[start : start + many] = [True] * many
    pieces = tuple(
        Piece("both" if is_known else "here", "".join(word for word, _ in group))
        for is_known, group in groupby(zip(words, known, strict=True), key=lambda pair: pair[1])
    )
    return Difference(pieces, sum(known) / len(words) if words else 0.0, is_cut)


def _piece(kind: PieceKind, words: Sequence[str]) -> list[Piece]:
    return [Piece(kind, "".join(words))] if words else []
