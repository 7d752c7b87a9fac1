"""Blocks: how text nobody trusts stands in a prompt.

A block is fenced by an id that is drawn per call and occurs in none of the texts, so a candidate that
contains instructions, other blocks' fences or "[2]" can neither close its block nor pass for another.
Simulated models read prompts by the same rule, backwards.
"""

import re
from collections.abc import Sequence
from random import Random
from typing import NamedTuple

_ALPHABET = "BCDFGHJKLMNPQRSTVWXZ"
_DIGITS = "23456789"
_OPENING = re.compile(r"<<(?P<label>[a-z ]+) (?P<id>(?:[A-Z][2-9]){2,9})>>\n")


class Block(NamedTuple):
    """A labelled piece of foreign text with the id it has in one prompt."""

    label: str
    id: str
    text: str

    def render(self) -> str:
        """The block as it stands in a prompt."""
        return f"<<{self.label} {self.id}>>\n{self.text}\n<<end {self.id}>>"


def draw_ids(count: int, texts: Sequence[str], rng: Random) -> tuple[str, ...]:
    """Draw distinct ids like ``K7Q2`` that occur in none of the texts (in any case).

    Args:
        count: How many.
        texts: Everything that will stand in the prompt and is not ours.
        rng: Seeded by the caller from the run's seed and these texts.
    """
    everything = "\n".join(texts).upper()
    ids: list[str] = []
    length, misses = 2, 0
    while len(ids) < count:
        drawn = "".join(rng.choice(_ALPHABET) + rng.choice(_DIGITS) for _ in range(length))
        if drawn in ids or drawn in everything:
            misses += 1
            length = min(2 + misses // 100, 9)  # a text that holds every short id only makes ids longer
        else:
            ids.append(drawn)
    return tuple(ids)


def read_blocks(prompt: str) -> tuple[Block, ...]:
    """Every block of a prompt, in order, in time linear in its length.

    Text outside blocks, and fences inside a block, are not read.
    """
    found: list[Block] = []
    at = prompt.find("<<")
    while at >= 0:
        opening = _OPENING.match(prompt, at) if at == 0 or prompt[at - 1] == "\n" else None
        if opening is not None:
            label, id = opening.groups()
            start = opening.end()
            end = _find_end(prompt, start, f"\n<<end {id}>>")
            if end >= 0:
                found.append(Block(label, id, prompt[start:end]))
                at = prompt.find("<<", end + len(id) + 9)
                continue
        at = prompt.find("<<", at + 2)
    return tuple(found)


def _find_end(prompt: str, start: int, closing: str) -> int:
    end = prompt.find(closing, start)
    while end >= 0 and prompt[end + len(closing) : end + len(closing) + 1] not in ("", "\n"):
        end = prompt.find(closing, end + 1)
    return end
