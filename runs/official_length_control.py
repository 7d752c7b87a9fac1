"""Ask the official package what the length-controlled win rates of the recorded preferences are.

The official file of difficulties (``df_gamed.csv``) is fetched by the package from a hub; where that cannot be
reached, a file made up from the seed below stands in for it, for the package and for us alike. So what is compared
is the arithmetic: features, weights, penalty, cross-validation, prediction. Run it in an environment that has
``alpaca_eval`` 0.6.6 (not one of ours)::

    python runs/official_length_control.py SHARED_DATA tests/benchmarks/alpaca_eval/official_length_control.json

Its output is what ``tests/benchmarks/alpaca_eval/test_length_control.py`` compares with.
"""

import csv
import gzip
import json
import random
import sys
import tempfile
from pathlib import Path

SEED = 20240404
FORMS = ("length_controlled_v1", "length_controlled_noreg", "length_controlled_minimal")


def made_up_variants(path: Path, count: int) -> None:
    """A ``df_gamed.csv`` with two variants of the baseline for `count` instructions."""
    rng = random.Random(SEED)
    difficulty = [rng.gauss(0.0, 1.0) for _ in range(count)]
    with path.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(
            ["model", "index", "preference", "std_delta_len", "instruction_difficulty", "not_gamed_baseline"]
        )
        for model, shift in (("verbose", -1.0), ("concise", 1.0)):
            for index in range(count):
                length = rng.gauss(shift, 0.6)
                value = min(1.0, max(0.0, 0.5 - 0.25 * length + rng.gauss(0.0, 0.3)))
                rows.writerow(
                    [model, index, f"{value:.6f}", f"{length:.6f}", f"{difficulty[index]:.6f}", False]
                )


def recorded(shared: Path) -> dict[str, list[dict[str, object]]]:
    """Annotations by model: those that are recorded whole, and those of the preference matrix."""
    found: dict[str, list[dict[str, object]]] = {}
    for path in sorted((shared / "alpaca_eval/annotations").glob("*.json.gz")):
        found[f"annotations/{path.name.removesuffix('.json.gz')}"] = json.loads(
            gzip.decompress(path.read_bytes())
        )
    text = gzip.decompress((shared / "alpaca_eval/preference_matrix.jsonl.gz").read_bytes()).decode()
    for row in [json.loads(line) for line in text.splitlines()][1:]:
        found[f"matrix/{row['model']}"] = [
            {
                "preference": preference,
                "output_1": "x" * of_baseline,
                "output_2": "x" * of_model,
                "generator_1": row["baseline"],
                "generator_2": row["model"],
                "annotator": row["annotator"],
            }
            for preference, of_baseline, of_model in zip(
                row["preference"], row["len_baseline"], row["len_model"], strict=True
            )
            if of_baseline is not None and of_model is not None
        ]
    return found


def main() -> None:
    """Write the official figures, in percent."""
    import pandas as pd
    from alpaca_eval.metrics import glm_winrate

    shared, target = Path(sys.argv[1]), Path(sys.argv[2])
    result: dict[str, dict[str, float | int]] = {}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "df_gamed.csv"
        made_up_variants(path, 805)
        glm_winrate.hf_hub_download = lambda **_: str(path)
        for name, annotations in recorded(shared).items():
            frame = pd.DataFrame(annotations)
            numbers: dict[str, float | int] = {}
            for form in FORMS:
                found = glm_winrate.get_length_controlled_winrate(
                    frame.copy(), glm_name=form, save_weights_dir=None
                )
                numbers[form] = round(float(found["length_controlled_winrate"]), 6)
                numbers[f"{form}_se"] = round(float(found["lc_standard_error"]), 6)
                numbers["win_rate"] = round(float(found["win_rate"]), 6)
                numbers["discrete_win_rate"] = round(float(found["discrete_win_rate"]), 6)
                numbers["standard_error"] = round(float(found["standard_error"]), 6)
                numbers["n_total"] = int(found["n_total"])
            result[name] = numbers
    target.write_text(json.dumps(result, indent=1, sort_keys=True) + "\n")


if __name__ == "__main__":
    main()
