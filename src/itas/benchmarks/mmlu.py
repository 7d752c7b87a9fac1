"""MMLU: multiple choice in 57 subjects, with the official groups of subjects.

Data: https://github.com/hendrycks/test (Hendrycks et al. 2021, arXiv:2009.03300); MIT licence; 14,042 test
problems in 57 files ``SUBJECT_test.csv``; see `multiple_choice.py` for their form and one problem.

``mmlu`` is all of it, ``mmlu/mathematics`` the five subjects that the official ``categories.py`` calls math,
``mmlu/stem`` and so on its four large groups, and ``mmlu/anatomy`` one subject. Problems are tagged with
subject and group.
"""

from dataclasses import replace
from pathlib import Path

from itas.benchmarks.benchmark import Benchmark
from itas.benchmarks.multiple_choice import load_multiple_choice
from itas.core.problem import Problem
from itas.core.spec import suggest
from itas.errors import DataError, SpecError

SIZE = 14042

MATHEMATICS = frozenset({
    "abstract_algebra", "college_mathematics", "elementary_mathematics", "high_school_mathematics",
    "high_school_statistics",
})  # fmt: skip
_STEM = MATHEMATICS | {
    "astronomy", "college_biology", "college_chemistry", "college_computer_science", "college_physics",
    "computer_security", "conceptual_physics", "electrical_engineering", "high_school_biology", "high_school_chemistry",
    "high_school_computer_science", "high_school_physics", "machine_learning",
}  # fmt: skip
_HUMANITIES = frozenset({
    "formal_logic", "high_school_european_history", "high_school_us_history", "high_school_world_history",
    "international_law", "jurisprudence", "logical_fallacies", "moral_disputes", "moral_scenarios", "philosophy",
    "prehistory", "professional_law", "world_religions",
})  # fmt: skip
_SOCIAL_SCIENCES = frozenset({
    "econometrics", "high_school_geography", "high_school_government_and_politics", "high_school_macroeconomics",
    "high_school_microeconomics", "high_school_psychology", "human_sexuality", "professional_psychology",
    "public_relations", "security_studies", "sociology", "us_foreign_policy",
})  # fmt: skip
_OTHER = frozenset({
    "anatomy", "business_ethics", "clinical_knowledge", "college_medicine", "global_facts", "human_aging", "management",
    "marketing", "medical_genetics", "miscellaneous", "nutrition", "professional_accounting", "professional_medicine",
    "virology",
})  # fmt: skip
GROUPS: dict[str, frozenset[str]] = {
    "stem": frozenset(_STEM), "humanities": _HUMANITIES, "social_sciences": _SOCIAL_SCIENCES, "other": _OTHER,
}  # fmt: skip
SUBJECTS = frozenset(subject for subjects in GROUPS.values() for subject in subjects)


def load_mmlu(path: Path, *, name: str = "mmlu", part: str = "") -> Benchmark:
    """Read the folder, or one file of it.

    Args:
        path: Folder ``test`` or a file.
        name: Of the benchmark.
        part: ``mathematics``, a group, or a subject; empty for all.

    Raises:
        SpecError: No such part.
        DataError: See `load_multiple_choice`; or there is nothing of the part.
    """
    wanted = _subjects(part) if part else None
    opened = load_multiple_choice(path, name=name)
    problems = tuple(
        _grouped(problem)
        for problem in opened.problems
        if wanted is None or problem.tags.get("subject") in wanted
    )
    if not problems:
        raise DataError(f"{path}: nothing of '{part}' in it; looked for {', '.join(sorted(wanted or ()))}")
    return replace(opened, problems=problems, total=len(problems))


def _subjects(part: str) -> frozenset[str]:
    if part == "mathematics":
        return MATHEMATICS
    if part in GROUPS:
        return GROUPS[part]
    if part in SUBJECTS:
        return frozenset({part})
    raise SpecError(
        f"mmlu has no part '{part}'. {suggest(part, ['mathematics', *GROUPS, *sorted(SUBJECTS)])}"
    )


def _grouped(problem: Problem) -> Problem:
    subject = problem.tags.get("subject")
    group = next((group for group, subjects in GROUPS.items() if subject in subjects), None)
    return problem if group is None else problem.model_copy(update={"tags": {**problem.tags, "group": group}})
