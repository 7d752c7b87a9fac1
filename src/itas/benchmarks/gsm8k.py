"""GSM8K: word problems of primary school whose answer is an integer.

Data: https://github.com/openai/grade-school-math, file ``grade_school_math/data/test.jsonl``; MIT licence;
1,319 test problems. Each line has ``question`` and ``answer``, the worked solution with ``#### 18`` at its
end. Of the form: "A baker sells 12 rolls in the morning and twice as many in the afternoon. How many rolls
is that?" with ``#### 36``.

Prompt: the question and `instructions.NUMBER`, no examples. Score: `scorers/number.py`, which agrees within
half a point with the recorded grades of nine models' replies.
"""

from pathlib import Path

from itas.benchmarks.benchmark import Benchmark
from itas.benchmarks.files import read_jsonl
from itas.benchmarks.instructions import NUMBER, with_instruction
from itas.benchmarks.scorers.number import Number
from itas.core.messages import user
from itas.core.problem import Problem
from itas.errors import DataError

LICENCE = "MIT"
LINK = "https://github.com/openai/grade-school-math"
SIZE = 1319


def load_gsm8k(path: Path, *, name: str = "gsm8k") -> Benchmark:
    """Read the public file.

    Raises:
        DataError: A line does not have the two texts, or no ``####`` with a number.
    """
    rule = Number()
    problems: list[Problem] = []
    for row in read_jsonl(path):
        question, solution = row.values.get("question"), row.values.get("answer")
        if not isinstance(question, str) or not isinstance(solution, str) or "####" not in solution:
            raise DataError(
                f"{row.where}: must have 'question' and 'answer', the latter with '#### number' at its end; "
                f"found {', '.join(row.values) or 'nothing'}. The file is at {LINK}."
            )
        line = row.where.rpartition(":")[2]
        problem = Problem(
            id=f"gsm8k-{int(line):05}",
            conversation=with_instruction(user(question.strip()), NUMBER),
            target=solution.rpartition("####")[2].strip().replace(",", ""),
        )
        if objection := rule.objection(problem):
            raise DataError(f"{row.where}: {objection}")
        problems.append(problem)
    return Benchmark(name, tuple(problems), rule, licence=LICENCE, link=LINK, total=len(problems))
