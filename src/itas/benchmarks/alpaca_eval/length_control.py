"""The length-controlled win rate of AlpacaEval 2.0: what the win rate would be at equal lengths.

Source: Dubois et al. 2024, arXiv:2404.04475; official code `alpaca_eval` 0.6.6, ``metrics/glm_winrate.py``. The
preferences are explained by ``tanh(length difference / its standard deviation)``, the difficulty of the
instruction, and a constant of the model; then the length term is set to 0 and the predictions are averaged.
The official file ``df_gamed.csv`` (it is fetched by the official package, not part of it) brings the
difficulties, and judgments of two variants of the baseline that were told to be long or short; they enter with
the weight 0.2 / 2 and keep the length term from explaining everything. Without that file difficulties or
variants are left out, as in the official ``length_controlled_noreg`` and ``length_controlled_minimal``, and the
result says so.

The penalty's weight is chosen by five-fold cross-validation among ten values, as scikit-learn does it. One detail
differs: which rows fall into which fold is decided by a stable sort, there by an unstable one.
"""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from itas.benchmarks.alpaca_eval.logistic import Floats, Sample, fit_logistic, log_loss, probability
from itas.errors import DataError

Form = Literal["length_controlled_v1", "length_controlled_noreg", "length_controlled_minimal"]
FOLDS = 5
STRENGTHS = tuple(float(c) for c in np.logspace(-4, 4, 10))
VARIANT_WEIGHT = 0.2 / 2
"""Official: regularisation to the baseline 0.2, divided by the number of variants."""


@dataclass(frozen=True, slots=True)
class Preference:
    """One judged instruction.

    Attributes:
        index: Number of the instruction in the official list, from 0.
        value: Preference for the model over the baseline, in [0, 1]; None where the judge gave none.
        length: Characters of the model's answer.
        baseline_length: Characters of the baseline's.
    """

    index: int
    value: float | None
    length: int
    baseline_length: int


@dataclass(frozen=True, slots=True)
class Variants:
    """What ``df_gamed.csv`` holds.

    Attributes:
        difficulty: Of each instruction, by its number.
        index: Instruction of each judgment, shape (n,).
        value: Preference for the variant, in [0, 1], shape (n,).
        length: Standardised length difference, shape (n,).
    """

    difficulty: Mapping[int, float]
    index: tuple[int, ...]
    value: Floats
    length: Floats


@dataclass(frozen=True, slots=True)
class LengthControl:
    """What the fit gives.

    Attributes:
        win_rate: In [0, 1].
        standard_error: Of the mean of the predictions, in [0, 1].
        weights: Of the features, by their official names.
        form: Which of the official formulas was used.
        strength: Weight of the loss against the penalty that cross-validation chose.
    """

    win_rate: float
    standard_error: float
    weights: Mapping[str, float]
    form: Form
    strength: float


def length_controlled(
    preferences: Sequence[Preference],
    *,
    difficulty: Mapping[int, float] | None = None,
    variants: Variants | None = None,
) -> LengthControl | None:
    """Fit and predict; None where there is too little to fit (fewer than ten judged instructions).

    Args:
        preferences: Of one model against one baseline.
        difficulty: Of each instruction, where there is no file of variants.
        variants: Content of ``df_gamed.csv``; brings the difficulties too.

    Raises:
        DataError: An instruction has no known difficulty.
    """
    judged = [each for each in preferences if each.value is not None]
    if len(judged) < 2 * FOLDS:
        return None
    hardness = variants.difficulty if variants is not None else difficulty
    spread = float(np.std([each.baseline_length - each.length for each in preferences], ddof=1)) or 1.0
    own = _features(judged, hardness, spread)
    sample = Sample(own, np.array([each.value for each in judged]), np.ones(len(judged)))
    if variants is not None:
        sample = _join(_variants(variants), sample)
    strength = _choose(sample)
    weights = fit_logistic(sample, strength)
    test = _features(preferences, hardness, spread)
    test[:, 0] = 0.0
    predicted = probability(test, weights)
    names = ["np.tanh(std_delta_len)", "instruction_difficulty", "not_gamed_baseline.astype(float)"]
    if hardness is None:
        del names[1]
    return LengthControl(
        win_rate=float(predicted.mean()),
        standard_error=float(predicted.std(ddof=1) / np.sqrt(len(predicted))),
        weights=dict(zip(names, map(float, weights), strict=True)),
        form="length_controlled_v1"
        if variants is not None
        else "length_controlled_minimal"
        if hardness is None
        else "length_controlled_noreg",
        strength=strength,
    )


def load_variants(path: Path) -> Variants:
    """Read ``df_gamed.csv``.

    Raises:
        DataError: It is missing or not of the form.
    """
    index: list[int] = []
    value: list[float] = []
    length: list[float] = []
    difficulty: dict[int, float] = {}
    try:
        with path.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                number = int(float(row["index"]))
                difficulty.setdefault(number, float(row["instruction_difficulty"]))
                if row["preference"]:
                    index.append(number)
                    value.append(float(row["preference"]))
                    length.append(float(row["std_delta_len"]))
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror}") from None
    except (KeyError, ValueError, TypeError) as error:
        raise DataError(
            f"{path}: needs the columns index, instruction_difficulty, std_delta_len, preference: {error}"
        ) from None
    return Variants(difficulty, tuple(index), np.array(value), np.array(length))


def load_difficulty(path: Path) -> dict[int, float]:
    """Read ``instruction_difficulty.csv``: the number of an instruction and its difficulty, under a header.

    Raises:
        DataError: It is missing or not of the form.
    """
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.reader(file))[1:]
        return {int(float(row[0])): float(row[-1]) for row in rows if row}
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror}") from None
    except (IndexError, ValueError) as error:
        raise DataError(f"{path}: needs two columns, number and difficulty: {error}") from None


def _features(
    preferences: Sequence[Preference], hardness: Mapping[int, float] | None, spread: float
) -> Floats:
    """Columns: tanh of the standardised length difference, difficulty (if known), 1 for the model itself."""
    missing = [] if hardness is None else [each.index for each in preferences if each.index not in hardness]
    if missing:
        raise DataError(f"the difficulty of instruction {missing[0]} is not in the file")
    rows = [
        [np.tanh((each.baseline_length - each.length) / spread)]
        + ([] if hardness is None else [hardness[each.index]])
        + [1.0]
        for each in preferences
    ]
    return np.array(rows)


def _variants(variants: Variants) -> Sample:
    hardness = np.array([variants.difficulty[number] for number in variants.index])
    x = np.column_stack([np.tanh(variants.length), hardness, np.zeros(len(hardness))])
    return Sample(x, variants.value, np.full(len(hardness), VARIANT_WEIGHT))


def _join(first: Sample, second: Sample) -> Sample:
    return Sample(
        np.vstack([first.x, second.x]),
        np.concatenate([first.p, second.p]),
        np.concatenate([first.weight, second.weight]),
    )


def _choose(sample: Sample) -> float:
    """The strength with the smallest mean loss over the folds; the first of equal ones."""
    n = len(sample.p)
    fold = np.empty(n, dtype=np.int64)
    fold[np.arange(n)[::-1]] = np.arange(n) % FOLDS
    losses = [
        np.mean(
            [
                log_loss(sample.rows(fold == k), fit_logistic(sample.rows(fold != k), strength))
                for k in range(FOLDS)
            ]
        )
        for strength in STRENGTHS
    ]
    return STRENGTHS[int(np.argmin(losses))]
