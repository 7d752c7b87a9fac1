"""How a finished run looks in the terminal."""

from pathlib import Path

from pydantic import TypeAdapter

from itas.cli.tables import print_json


def show_run(path: Path, *, as_json: bool) -> int:
    """Print what came of a run, whatever kind it is."""
    from itas.api.runs import find_run

    folder, manifest = find_run(path)
    if manifest.get("kind") == "search":
        return _show_search(folder, as_json=as_json)
    return _show_evaluation(folder, as_json=as_json)


def _show_search(folder: Path, *, as_json: bool) -> int:
    from itas.api.searching import load_outcome
    from itas.cli.searches import print_outcome

    outcome = load_outcome(folder)
    if as_json:
        print_json(outcome.result.model_dump(mode="json"))
    else:
        print_outcome(outcome)
    return 0


def _show_evaluation(folder: Path, *, as_json: bool) -> int:
    from itas.cli.evaluations import print_comparisons, print_summaries
    from itas.errors import SpecError
    from itas.evaluation.comparison import Comparison
    from itas.evaluation.files import load_summary

    summaries = [load_summary(path) for path in sorted(folder.glob("*/summary.json"))]
    if not summaries:
        raise SpecError(
            "the evaluation has not finished. Run the same command again; what was paid for is in the call store",
            path=str(folder),
        )
    saved = folder / "comparisons.json"
    text = saved.read_bytes() if saved.is_file() else b"[]"
    found = TypeAdapter(list[Comparison]).validate_json(text)
    if as_json:
        print_json(
            {
                "summaries": [each.model_dump(mode="json") for each in summaries],
                "comparisons": [each.model_dump(mode="json") for each in found],
            }
        )
        return 0
    print_summaries(summaries)
    print_comparisons(found)
    return 0
