"""The public benchmarks that are scored by rules or by running code: what they are, how they are read, where
their files are.

A hash stands here only where it was verified; the others are recorded when a user first fetches the file (see
`fetch.py`).
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from itas.benchmarks import apps, code_contests, competition_math, gsm8k, human_eval, mbpp, mmlu
from itas.benchmarks.benchmark import Benchmark
from itas.benchmarks.fetch import RemoteFile, find_fetched
from itas.benchmarks.multiple_choice import LICENCE as MMLU_LICENCE
from itas.benchmarks.multiple_choice import LINK as MMLU_LINK
from itas.benchmarks.published import PublishedBenchmark
from itas.errors import SpecError

Load = Callable[[Path, str, str], Benchmark]
"""Reads data: path, name to give the benchmark, part of it (empty for all)."""


@dataclass(frozen=True, slots=True)
class KnownBenchmark(PublishedBenchmark):
    """One that is scored by rules or by running code.

    Attributes:
        load: Reads it.
        file: What can be fetched; None where everybody brings an own copy.
        parts: What may stand behind a slash, for people.
    """

    load: Load
    file: RemoteFile | None = None
    parts: str = ""

    def find_data(self, folder: Path | None = None) -> Path | None:
        """See `PublishedBenchmark`."""
        return None if self.file is None else find_fetched(self.name, self.file, folder=folder)


def _whole(name: str, part: str) -> None:
    if part:
        raise SpecError(f"'{name}' has no parts, found '{part}'")


def _gsm8k(path: Path, name: str, part: str) -> Benchmark:
    _whole("gsm8k", part)
    return gsm8k.load_gsm8k(path, name=name)


def _mmlu(path: Path, name: str, part: str) -> Benchmark:
    return mmlu.load_mmlu(path, name=name, part=part)


def _math(path: Path, name: str, part: str) -> Benchmark:
    _whole("math", part)
    return competition_math.load_math(path, name=name)


def _human_eval(path: Path, name: str, part: str) -> Benchmark:
    _whole("human_eval", part)
    return human_eval.load_human_eval(path, name=name)


def _mbpp(path: Path, name: str, part: str) -> Benchmark:
    return mbpp.load_mbpp(path, name=name, part=part)


def _code_contests(path: Path, name: str, part: str) -> Benchmark:
    _whole("code_contests", part)
    return code_contests.load_code_contests(path, name=name)


def _apps(path: Path, name: str, part: str) -> Benchmark:
    _whole("apps", part)
    return apps.load_apps(path, name=name)


_RAW = "https://raw.githubusercontent.com"
_GROUPS = "/mathematics, /stem, /humanities, /social_sciences, /other or one subject"

KNOWN: dict[str, KnownBenchmark] = {
    each.name: each
    for each in (
        KnownBenchmark(
            "gsm8k", "Word problems of primary school with a number as answer.",
            gsm8k.SIZE, "accuracy", gsm8k.LICENCE, gsm8k.LINK, _gsm8k,
            RemoteFile("test.jsonl", f"{_RAW}/openai/grade-school-math/master/grade_school_math/data/test.jsonl"),
        ),
        KnownBenchmark(
            "mmlu", f"Multiple choice in 57 subjects; {_GROUPS} for a part.",
            mmlu.SIZE, "accuracy", MMLU_LICENCE, MMLU_LINK, _mmlu,
            RemoteFile("data.tar", "https://people.eecs.berkeley.edu/~hendrycks/data.tar", unpack="data/test"),
            parts=_GROUPS,
        ),
        KnownBenchmark(
            "math", "Problems of mathematics competitions with a formula as answer.",
            competition_math.SIZE, "accuracy", "MIT, as stated", competition_math.LINK, _math,
            RemoteFile("MATH.tar", "https://people.eecs.berkeley.edu/~hendrycks/MATH.tar", unpack="MATH/test"),
        ),
        KnownBenchmark(
            "human_eval", "Python functions from signature and docstring; run in the sandbox.",
            human_eval.SIZE, "pass@1", human_eval.LICENCE, human_eval.LINK, _human_eval,
            RemoteFile("HumanEval.jsonl.gz", f"{_RAW}/openai/human-eval/master/data/HumanEval.jsonl.gz"),
        ),
        KnownBenchmark(
            "mbpp", "Short Python functions from a sentence and three assertions; run in the sandbox.",
            mbpp.SIZE, "pass@1", mbpp.LICENCE, mbpp.LINK, _mbpp,
            RemoteFile("mbpp.jsonl", f"{_RAW}/google-research/google-research/master/mbpp/mbpp.jsonl"),
            parts="/all for every problem, not only the test part",
        ),
        KnownBenchmark(
            "code_contests", "Contest programs with hidden tests, run in the sandbox; bring your own copy.",
            code_contests.SIZE, "pass@1", code_contests.LICENCE, code_contests.LINK, _code_contests,
        ),
        KnownBenchmark(
            "apps", "Interview and contest programs with tests; run in the sandbox; a large file.",
            apps.SIZE, "pass@1", apps.LICENCE, apps.LINK, _apps,
            RemoteFile("test.jsonl", "https://huggingface.co/datasets/codeparrot/apps/resolve/main/test.jsonl"),
        ),
    )
}  # fmt: skip


def open_known(name_or_path: str) -> Benchmark:
    """Open ``name``, ``name/part``, ``name:PATH`` or ``name/part:PATH`` of a known benchmark.

    Raises:
        SpecError: Its data is not here, or it has no such part.
        DataError: The data is wrong.
    """
    full_name, _, path = name_or_path.partition(":")
    name, _, part = full_name.partition("/")
    known = KNOWN[name]
    found = Path(path) if path else known.find_data()
    if found is None:
        fetching = f" Fetch it with: itas benchmarks --fetch {name}" if known.file else ""
        raise SpecError(
            f"'{full_name}' needs the path of its data: {full_name}:PATH. The data is at {known.link}.{fetching}"
        )
    return known.load(found, full_name, part)


def is_known(name_or_path: str) -> bool:
    """Whether this names one of them."""
    return name_or_path.partition(":")[0].partition("/")[0] in KNOWN
