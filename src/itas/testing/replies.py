"""Replies in the forms that the prompts of the components ask for, without any thought behind them."""

import re

from itas.core.blocks import read_blocks

_EXACTLY = re.compile(r"Write exactly (\d+) tests")


def readable_reply(prompt: str) -> str:
    """A reply that the component which wrote `prompt` can read: the answers in the order shown, everything
    correct, every test passed. Any other prompt gets a short answer."""
    task = prompt.partition("\n")[0]
    blocks = read_blocks(prompt)
    answers = [block.id for block in blocks if block.label == "answer"]
    tests = [block.id for block in blocks if block.label == "test"]
    if task == "Task: rank the answers.":
        return f"All of them have merits.\nRANKING: {' > '.join(answers)}"
    if task == "Task: choose the most consistent answer.":
        return f"Most of them agree.\nCHOICE: {answers[0]}"
    if task == "Task: criticise the answers.":
        return "\n\n".join(f"CRITIQUE {id}:\nStrengths: clear.\nWeaknesses: none." for id in answers)
    if task == "Task: give reasons.":
        return "FOR: it is to the point.\nAGAINST: nothing."
    if task == "Task: give a verdict.":
        return f"It holds.\nVERDICT {answers[0]}: correct"
    if task == "Task: write tests.":
        wanted = _EXACTLY.search(prompt)
        count = int(wanted[1]) if wanted else 5
        return "\n".join(f"TEST {number}: The answer has part {number}." for number in range(1, count + 1))
    if task == "Task: write tests that can be run.":
        return "```python\nassert answer(1) == 42\nassert answer(2) == 43\n```"
    if task == "Task: judge tests.":
        return "\n".join(f"TEST {number}: pass" for number in range(1, len(tests) + 1))
    return "Some text.\nAnswer: 42"
