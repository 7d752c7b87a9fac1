"""Consensus: keep the candidate that has most in common with the others. Asks no model.

Source: minimum Bayes risk decoding with the overlap of words as utility; that self-consistency and other
voting methods are cases of it: Bertsch et al. 2023, arXiv:2310.01387. For free text, where a vote has nothing
to count and a model is too dear to ask.
"""

import re
from collections import Counter
from collections.abc import Sequence
from math import fsum
from typing import TYPE_CHECKING, ClassVar

from pydantic import PositiveInt

from itas.core.candidate import Mark, State
from itas.core.component import Context, Selector

if TYPE_CHECKING:  # 20 MB that hardly any architecture needs
    import numpy as np
    from numpy.typing import NDArray

    Ints = NDArray[np.int64]

_WORD = re.compile(r"\w+")
_MOST_WORDS = 5000


class Consensus(Selector):
    """Keeps the `top_k` candidates with the highest mean overlap of words with the others.

    The overlap of two texts is the F1 of their words, each counted as often as it stands there, in [0, 1];
    of each text, the first 5000 words. Ties keep the order of the input.

    Attributes:
        top_k: How many go on.
    """

    type: ClassVar = "consensus"

    top_k: PositiveInt = 1

    def max_samples(self, n: int) -> int:
        return 0

    def max_out(self, n: int) -> int:
        return min(self.top_k, n)

    def texts_read(self, n: int) -> int:
        return 0

    async def select(self, state: State, ctx: Context) -> tuple[int, ...]:
        means = mean_overlaps([candidate.text for candidate in state.candidates])
        order = tuple(sorted(range(len(means)), key=lambda number: -means[number]))
        for place, number in enumerate(order, start=1):
            ctx.mark(number, Mark("rank", place, note=f"mean overlap {means[number]:.3f}", by=self.type))
        return order[: self.top_k]


def mean_overlaps(texts: Sequence[str]) -> list[float]:
    """Mean overlap of each text with the others, in [0, 1]; 1 for a text without others."""
    import numpy as np

    if len(texts) < 2:
        return [1.0] * len(texts)
    bags = [Counter(_WORD.findall(text.casefold())[:_MOST_WORDS]) for text in texts]
    sizes = np.array([bag.total() for bag in bags])
    holders = _index_words(bags)
    means: list[float] = []
    for number, bag in enumerate(bags):
        shared = np.zeros(len(bags))
        for word, count in bag.items():
            numbers, counts = holders[word]
            shared[numbers] += np.minimum(counts, count)
        shared[number] = 0.0
        overlaps = 2 * shared / np.maximum(sizes + sizes[number], 1)
        means.append(fsum(overlaps.tolist()) / (len(bags) - 1))  # exact, so that ties are ties
    return means


def _index_words(bags: Sequence[Counter[str]]) -> "dict[str, tuple[Ints, Ints]]":
    """For each word, the numbers of the texts that have it and how often each has it."""
    import numpy as np

    found: dict[str, tuple[list[int], list[int]]] = {}
    for number, bag in enumerate(bags):
        for word, count in bag.items():
            numbers, counts = found.setdefault(word, ([], []))
            numbers.append(number)
            counts.append(count)
    return {word: (np.array(numbers), np.array(counts)) for word, (numbers, counts) in found.items()}
