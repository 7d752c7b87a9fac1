"""What choosing by executed tests is worth, on recorded samples of a real model with its own recorded tests.

    python runs/executed_tests.py [--data FOLDER] [--problems 12] [--samples 6] [--seed 0] [--no-rerun]

FOLDER is the recorded real data (``human_eval``, ``mbpp``); ITAS_SHARED_DATA or ``../shared/data`` by default. No model
is called. The figures are written to ``docs/results/executed-tests.md``. Part of the recorded verdicts is made again
in the sandbox: all grades, and all tests of some samples of some problems.
"""

# ruff: noqa: E501 - lines of the page it writes

import argparse
import asyncio
import gzip
import json
import os
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from itas.components.executed_tests import Scoring, score_candidates
from itas.core.execution import CallTest, CodeLimits, CodeOutcome
from itas.evaluation.statistics import Difference, estimate_mean, paired_difference
from itas.sandbox import Sandbox

ROOT = Path(__file__).resolve().parent.parent
OUT = ROOT / "docs" / "results" / "executed-tests.md"
LIMITS = CodeLimits(cpu_s=3.0)
SCORINGS: dict[Scoring, str] = {
    "count": "tests passed",
    "agreement": "agreement: candidates x tests",
    "agreement_sqrt": "agreement: root of candidates x tests",
}


@dataclass(frozen=True)
class Recorded:
    """One problem with its recorded samples and tests.

    Attributes:
        task: Its id.
        problem: The row of the benchmark.
        codes: Whole programs, one per sample.
        correct: Whether each passed the official tests, as recorded.
        tests: The model's own tests.
        passed: The tests that each sample passed, as recorded.
    """

    task: str
    problem: dict[str, Any]
    codes: tuple[str, ...]
    correct: tuple[bool, ...]
    tests: tuple[str, ...]
    passed: tuple[frozenset[int], ...]

    @property
    def entry_point(self) -> str:
        return self.problem["entry_point"]

    @property
    def setup(self) -> str:
        """What the prompt has above the function: imports, other functions."""
        return self.problem["prompt"].partition(f"def {self.entry_point}(")[0]

    @property
    def official(self) -> CallTest:
        return CallTest(code=f"{self.problem['test']}\ncheck({self.entry_point})")


def load(data: Path) -> tuple[Recorded, ...]:
    """All problems, in the order of the benchmark."""
    folder = data / "human_eval"
    graded = {row["task_id"]: row for row in _rows(folder / "codegen16B_T0.8_100samples_graded.jsonl.gz")}
    tested = {row["task_id"]: row for row in _rows(folder / "codegen16B_generated_tests.jsonl.gz")}
    return tuple(
        Recorded(
            task=problem["task_id"],
            problem=problem,
            codes=tuple(problem["prompt"] + rest for rest in graded[problem["task_id"]]["completion_cut"]),
            correct=tuple(bit == "1" for bit in graded[problem["task_id"]]["correct"]),
            tests=tuple(tested[problem["task_id"]]["asserts"]),
            passed=tuple(_bits(row) for row in tested[problem["task_id"]]["sample_passes"]),
        )
        for problem in _rows(folder / "HumanEval.jsonl")
    )


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt", encoding="utf-8") as lines:
        yield from map(json.loads, lines)


def _bits(row: str) -> frozenset[int]:
    return frozenset(number for number, bit in enumerate(row) if bit == "1")


def choose(problem: Recorded, scoring: Scoring) -> float:
    """Chance that the chosen sample is right; of equally good ones any may be chosen."""
    scores = score_candidates(problem.passed, scoring)
    best = [right for right, score in zip(problem.correct, scores, strict=True) if score == max(scores)]
    return sum(best) / len(best)


def selection(problems: Sequence[Recorded]) -> tuple[list[str], list[str]]:
    """Rows of the table of pass@1, and of the paired differences."""
    results = {
        "random pick": [sum(each.correct) / len(each.correct) for each in problems],
        **{name: [choose(each, scoring) for each in problems] for scoring, name in SCORINGS.items()},
        "oracle: any sample": [float(any(each.correct)) for each in problems],
    }
    rows: list[str] = []
    for name, scores in results.items():
        found = estimate_mean(scores)
        rows.append(f"| {name} | {100 * found.mean:.1f} | {100 * found.low:.1f} to {100 * found.high:.1f} |")
    pairs = [
        (SCORINGS["agreement"], "random pick"),
        (SCORINGS["agreement"], SCORINGS["count"]),
        (SCORINGS["count"], "random pick"),
        (SCORINGS["agreement_sqrt"], SCORINGS["agreement"]),
        ("oracle: any sample", SCORINGS["agreement"]),
    ]
    differences = [_describe(a, b, paired_difference(results[a], results[b])) for a, b in pairs]
    return rows, differences


def _describe(a: str, b: str, found: Difference) -> str:
    return (
        f"| {a} - {b} | {100 * found.difference:+.1f} | {100 * found.low:+.1f} to {100 * found.high:+.1f} | "
        f"{found.p_value:.2g} |"
    )


@dataclass(frozen=True)
class Rerun:
    """Recorded verdicts against ours.

    Attributes:
        same: How many agree.
        only_recorded: Passed as recorded, not here; with what the sandbox said.
        only_here: Passed here, not as recorded.
        seconds: How long it took.
    """

    same: int
    only_recorded: Counter[str]
    only_here: Counter[str]
    seconds: float

    @property
    def total(self) -> int:
        return self.same + self.only_recorded.total() + self.only_here.total()


async def rerun(
    sandbox: Sandbox, jobs: Sequence[tuple[Recorded, int]], tests: Callable[[Recorded], Sequence[CallTest]],
    recorded: Callable[[Recorded, int], Sequence[bool]],
) -> Rerun:  # fmt: skip
    """Run tests against samples and compare with what is recorded."""
    started = time.monotonic()

    async def one(problem: Recorded, sample: int) -> tuple[CodeOutcome, ...]:
        return await sandbox.check(
            problem.codes[sample],
            tests(problem),
            setup=problem.setup,
            limits=LIMITS,
            entry_points=[problem.entry_point],
        )

    found = await asyncio.gather(*[one(problem, sample) for problem, sample in jobs])
    same, only_recorded, only_here = 0, Counter[str](), Counter[str]()
    for (problem, sample), outcomes in zip(jobs, found, strict=True):
        for was, outcome, test in zip(recorded(problem, sample), outcomes, tests(problem), strict=True):
            if was == outcome.passed:
                same += 1
            elif was:
                only_recorded[f"{problem.task}: {outcome.verdict}: {outcome.detail[:90]}"] += 1
            else:
                only_here[f"{problem.task}: {test.code.strip().splitlines()[0][:90]}"] += 1
    return Rerun(same, only_recorded, only_here, time.monotonic() - started)


def describe_rerun(what: str, found: Rerun) -> list[str]:
    """A paragraph, and a line for each kind of disagreement."""
    lines = [
        f"**{what}**: {found.total:,} verdicts made again, {found.same:,} agree "
        f"({100 * found.same / found.total:.3f} %); {found.only_recorded.total()} passed only as recorded, "
        f"{found.only_here.total()} only here.",
        "",
    ]
    for name, counts in (("recorded only", found.only_recorded), ("here only", found.only_here)):
        by_task = Counter[str]()
        example: dict[str, str] = {}
        for key, count in counts.items():
            task, _, rest = key.partition(": ")
            by_task[task] += count
            example.setdefault(task, rest)
        for task, count in by_task.most_common(12):
            shown = example[task].replace("`", "'")
            lines.append(f"* {name}, {task}: {count}; for instance `{shown}`")
    return [*lines, ""]


async def references(sandbox: Sandbox, data: Path, problems: Sequence[Recorded]) -> list[str]:
    """Reference solutions pass, a function that returns nothing passes none: HumanEval and MBPP."""

    async def human_eval(rest: str | None) -> int:
        found = await asyncio.gather(*[
            sandbox.check(
                each.problem["prompt"] + (each.problem["canonical_solution"] if rest is None else rest),
                [each.official],
                setup=each.setup,
                limits=CodeLimits(cpu_s=10),
                entry_points=[each.entry_point],
            )
            for each in problems
        ])  # fmt: skip
        return sum(outcome.passed for (outcome,) in found)

    mbpp = list(_rows(data / "mbpp" / "mbpp.jsonl"))

    async def of_mbpp(code: Callable[[dict[str, Any]], str]) -> int:
        found = await asyncio.gather(*[
            sandbox.check(
                code(each), [CallTest(code="\n".join(each["test_list"]))], setup=each["test_setup_code"]
            )
            for each in mbpp
        ])  # fmt: skip
        return sum(outcome.passed for (outcome,) in found)

    names = {each["task_id"]: _defined(each["code"]) for each in mbpp}
    nothing = await of_mbpp(
        lambda each: "\n".join(f"def {name}(*_, **__):\n    return None" for name in names[each["task_id"]])
    )
    return [
        "| benchmark | problems | references that pass | `return None` that pass |",
        "|---|---|---|---|",
        f"| HumanEval | {len(problems)} | {await human_eval(None)} | {await human_eval('    return None')} |",
        f"| MBPP | {len(mbpp)} | {await of_mbpp(lambda each: each['code'])} | {nothing} |",
        "",
    ]


def _defined(code: str) -> list[str]:
    import ast

    return [node.name for node in ast.parse(code).body if isinstance(node, ast.FunctionDef | ast.ClassDef)]


PAGE = """\
# Choosing by executed tests (recorded samples of a real model)

Made by `runs/executed_tests.py`. No model was called. Recorded: {count} problems of HumanEval, 100 samples each of
CodeGen-16B-mono at temperature 0.8, and the tests that the same model wrote for the same problems (on average
{tests:.0f} different assertions a problem, most of them wrong: {valid:.0f} % hold for the reference solution), as published
with CodeT (Chen et al. 2022, arXiv:2207.10397). Grades and which sample passes which test are recorded too, and are
made again below in part.

## pass@1 of the chosen sample

| choice | pass@1, % | 95 % interval over problems |
|---|---|---|
{selection}

| difference, paired by problem | points | 95 % interval | p |
|---|---|---|---|
{differences}

Of samples with equal scores any may be chosen; the figure is the mean over them. The scores are those of
`unit_test_evaluator` with `execute: true` (`scoring: agreement`, `agreement_sqrt`, `count`), in
`components/executed_tests.py`.

* **Counting the tests passed is worth nothing with tests this poor.** A likely reason, not examined here: a model that
  writes a wrong test may write a sample with the same mistake, which passes it. Agreement weighs such tests down where few
  samples agree on them.
* The square root (the authors' code) against the product (their paper): not told apart here, so the product of the paper
  stays the default.

## Recorded verdicts, made again in the sandbox

Tier `{tier}`, {cpu_s:g} s of CPU time for each test.

{reruns}
How the recordings were made is not known, so what follows are hypotheses that fit the verdicts and were not tested. Samples
of HumanEval/76 loop for ever on some of their tests; if the recorded run was stopped there, it counted what came later as
failed, where here every test has processes of its own. A sample of HumanEval/49 recurses 1,101 deep, which passes only if the
recorded run had a recursion limit above Python's 1,000.

## References

{references}"""


async def main() -> None:
    """Compute, run again, and write the page."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    shared = os.environ.get("ITAS_SHARED_DATA", str(ROOT.parent / "shared" / "data"))
    parser.add_argument("--data", type=Path, default=Path(shared))
    parser.add_argument("--problems", type=int, default=12, help="problems whose own tests are run again")
    parser.add_argument("--samples", type=int, default=6, help="samples of each that are run again")
    parser.add_argument("--seed", type=int, default=0, help="decides which")
    parser.add_argument("--no-rerun", action="store_true", help="run nothing, and print instead of writing")
    given = parser.parse_args()
    problems = load(given.data)
    rows, differences = selection(problems)
    print("\n".join([*rows, *differences]))
    if given.no_rerun:
        return
    chance = random.Random(given.seed)
    some = chance.sample(problems, given.problems)
    async with Sandbox() as sandbox:
        tier = await sandbox.choose_tier()
        solved = await references(sandbox, given.data, problems)
        print("\n".join(solved), flush=True)
        grades = await rerun(
            sandbox,
            [(problem, sample) for problem in problems for sample in range(len(problem.codes))],
            lambda problem: [problem.official],
            lambda problem, sample: [problem.correct[sample]],
        )
        reruns = describe_rerun("Grades by the official tests, every sample of every problem", grades)
        print("\n".join(reruns), f"{grades.total / grades.seconds:.0f} runs/s", flush=True)
        own = await rerun(
            sandbox,
            [
                (problem, sample)
                for problem in some
                for sample in chance.sample(range(len(problem.codes)), given.samples)
            ],
            lambda problem: [CallTest(code=test) for test in problem.tests],
            lambda problem, sample: [n in problem.passed[sample] for n in range(len(problem.tests))],
        )
        what = f"Own tests, {given.samples} samples of each of {given.problems} problems (drawn by seed {given.seed})"
        reruns += describe_rerun(what, own)
        print("\n".join(reruns), f"{own.total / own.seconds:.0f} runs/s", flush=True)
    rates = [
        sum(bit == "1" for bit in row["valid_on_reference"]) / max(len(row["asserts"]), 1)
        for row in _rows(given.data / "human_eval" / "codegen16B_generated_tests.jsonl.gz")
    ]
    OUT.write_text(
        PAGE.format(
            count=len(problems),
            tests=sum(len(each.tests) for each in problems) / len(problems),
            valid=100 * sum(rates) / len(rates),
            selection="\n".join(rows),
            differences="\n".join(differences),
            tier=tier,
            cpu_s=LIMITS.cpu_s,
            reruns="\n".join(reruns),
            references="\n".join(solved),
        ),
        encoding="utf-8",
    )


if __name__ == "__main__":
    asyncio.run(main())
