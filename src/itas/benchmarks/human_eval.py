"""HumanEval: Python functions from their signature and docstring, tested by running them.

Data: https://github.com/openai/human-eval, ``data/HumanEval.jsonl.gz`` (Chen et al. 2021, arXiv:2107.03374);
MIT licence; 164 problems. Each line has ``task_id``, ``prompt`` (imports, helpers, signature, docstring),
``entry_point``, ``canonical_solution`` and ``test`` (a function ``check(candidate)``). Of the form: ``def
double(x): "Twice x."`` with ``assert candidate(2) == 4``.

Prompt: the code, and the request for the whole function in one block. Score: pass@1, as the official
``execution.py`` at 463c980b has it: prompt or preamble, program, test, ``check(entry_point)``; a program that
continues the prompt is taken too. Several samples per problem: `pass_at_k.py`.
"""

from pathlib import Path

from itas.benchmarks.benchmark import Benchmark
from itas.benchmarks.files import read_jsonl
from itas.benchmarks.programs import program_benchmark
from itas.benchmarks.scorers.code import INSTRUCTION, CodeTask
from itas.core.execution import CallTest, CodeLimits
from itas.core.messages import user
from itas.core.problem import Problem
from itas.errors import DataError

LICENCE = "MIT"
LINK = "https://github.com/openai/human-eval"
SIZE = 164
FIELDS = ("task_id", "prompt", "entry_point", "test")
_LIMITS = CodeLimits(cpu_s=10)


def load_human_eval(path: Path, *, name: str = "human_eval") -> Benchmark:
    """Read the public file, packed or not.

    Raises:
        DataError: A line lacks a field.
    """
    problems: list[Problem] = []
    tasks: dict[str, CodeTask] = {}
    for row in read_jsonl(path):
        values = [row.values.get(field) for field in FIELDS]
        if not all(isinstance(value, str) for value in values):
            raise DataError(
                f"{row.where}: must have {', '.join(FIELDS)}, found {', '.join(row.values) or 'nothing'}. "
                f"The file is at {LINK}."
            )
        task_id, prompt, entry_point, test = map(str, values)
        if task_id in tasks:
            raise DataError(f"{row.where}: ids must differ, found '{task_id}' twice")
        problems.append(Problem(id=task_id, conversation=user(_question(prompt))))
        tasks[task_id] = CodeTask(
            tests=(CallTest(code=f"{test}\ncheck({entry_point})"),),
            setup=prompt.partition(f"def {entry_point}(")[0],
            entry_point=entry_point,
            prompt=prompt,
            official_id=task_id,
            limits=_LIMITS,
        )
    return program_benchmark(name, problems, tasks, licence=LICENCE, link=LINK)


def _question(prompt: str) -> str:
    return f"Complete this Python function.\n\n```python\n{prompt.rstrip()}\n```\n\n{INSTRUCTION}"
