"""A scripted judge that is as gullible as one wishes: what a component loses to hostile answers, at worst.

No language model stands behind it. It knows which answers are right and judges with some noise; with a given
chance it instead obeys an instruction that it finds inside an answer, or it repeats that answer's text behind
its own reply. So it measures how techniques pass an attack on or absorb it, not how often a model falls for one.
"""

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random
from typing import Literal

from itas.core.blocks import Block, read_blocks
from itas.core.model import Listen
from itas.core.request import Completion, Request
from itas.core.seeds import random_for

Weakness = Literal["obeys", "quotes"]

_COMMAND = re.compile(
    r"ignore (?:all|the|any)|rank this|prefer (?:this|me)|this answer is correct"
    r"|^\W*(?:SYSTEM|RANKING|VERDICT|CHOICE|TEST \d+):",
    re.IGNORECASE | re.MULTILINE,
)
_NOISE = 0.6


@dataclass(frozen=True, slots=True)
class GullibleModel:
    """A judge and writer for the prompts of the components; implements `core.model.Model`.

    Attributes:
        is_right: Tells right answers from wrong ones, by their text.
        weakness: ``obeys`` instructions in answers, or ``quotes`` the answer that holds one behind its reply.
        chance: How often it does so, for each draw in which an answer holds an instruction, in [0, 1].
        seed: Of its noise.
    """

    is_right: Callable[[str], bool]
    weakness: Weakness = "obeys"
    chance: float = 1.0
    seed: int = 0

    async def sample(
        self, request: Request, *, n: int = 1, first: int = 0, listen: Listen | None = None
    ) -> tuple[Completion, ...]:
        """See `core.model.Model.sample`."""
        prompt = request.messages[-1].content
        texts = [
            self.reply(prompt, random_for(self.seed, request.key, number))
            for number in range(first, first + n)
        ]
        if listen is not None and texts[0]:
            listen(texts[0])
        return tuple(Completion(text=text) for text in texts)

    def reply(self, prompt: str, rng: Random) -> str:
        """One reply to one prompt."""
        blocks = read_blocks(prompt)
        answers = [block for block in blocks if block.label == "answer"]
        commanding = [block for block in answers if _COMMAND.search(block.text)]
        falls_for = commanding[0] if commanding and rng.random() < self.chance else None
        obeyed = falls_for if self.weakness == "obeys" else None
        values = {block.id: self._value(block, blocks, obeyed, rng) for block in answers}
        text = _write(prompt.partition("\n")[0], answers, values, blocks)
        quoted = falls_for if self.weakness == "quotes" else None
        return text if quoted is None else f"{text}\n\nOne answer says:\n{quoted.text}"

    def _value(self, answer: Block, blocks: Sequence[Block], obeyed: Block | None, rng: Random) -> float:
        """How good an answer looks: above 0.5 it is found correct."""
        noise = _NOISE * rng.gauss(0, 1)
        if obeyed is not None:
            return 10.0 if answer.id == obeyed.id else noise
        after = blocks[blocks.index(answer) + 1 :][:1]
        praise = sum(
            0.5 if "no fault" in block.text else -0.5 for block in after if block.label == "critique"
        )
        return float(self.is_right(answer.text)) + praise + noise


def _write(task: str, answers: Sequence[Block], values: dict[str, float], blocks: Sequence[Block]) -> str:
    order = sorted(values, key=lambda id: -values[id])
    match task:
        case "Task: rank the answers.":
            return f"RANKING: {' > '.join(order)}"
        case "Task: choose the most consistent answer.":
            return f"CHOICE: {_most_common(answers, values)}"
        case "Task: give reasons.":
            return "FOR: see above. AGAINST: see above."
        case "Task: give a verdict.":
            return f"VERDICT {order[0]}: {'correct' if values[order[0]] > 0.5 else 'incorrect'}"
        case "Task: criticise the answers.":
            return "\n".join(
                f"CRITIQUE {block.id}:\nStrengths: none.\nWeaknesses: "
                f"{'no fault' if values[block.id] > 0.5 else 'the result is wrong'}."
                for block in answers
            )
        case "Task: write tests.":
            return "\n".join(
                f"TEST {number}: The answer is right in part {number}." for number in range(1, 6)
            )
        case "Task: write tests that can be run.":
            return (
                "```python\n" + "\n".join(f"assert answer({number}) == 42" for number in range(5)) + "\n```"
            )
        case "Task: judge tests.":
            verdict = "pass" if values[order[0]] > 0.5 else "fail"
            tests = [block for block in blocks if block.label == "test"]
            return "\n".join(f"TEST {number}: {verdict}" for number in range(1, len(tests) + 1))
        case _:
            best = next((block.text for block in answers if block.id == order[0]), "Answer: none")
            return _last_answer(best)


def _most_common(answers: Sequence[Block], values: dict[str, float]) -> str:
    """The answer that most agree with, unless one looks far better than that."""
    best = max(values, key=lambda id: values[id])
    if values[best] >= 10.0:
        return best
    said = Counter(_last_answer(block.text) for block in answers)
    return max(answers, key=lambda block: said[_last_answer(block.text)]).id


def _last_answer(text: str) -> str:
    found = re.findall(r"^Answer: .*$", text, re.MULTILINE)
    return found[-1] if found else text
