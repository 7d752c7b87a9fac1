"""How a finished run looks in the terminal."""

from collections.abc import Sequence
from pathlib import Path

from pydantic import TypeAdapter

from itas.cli.tables import print_json


def show_run(
    path: Path, *, as_json: bool, front: bool = False, point: int | None = None, against: Sequence[Path] = ()
) -> int:
    """Print what came of a run, whatever kind it is.

    Args:
        path: Its folder.
        as_json: As one value.
        front: Of a search only the front.
        point: Of a search only the architecture of this point of the front, as a file.
        against: Of a search on several benchmarks only the gap to searches on single ones.
    """
    from itas.api.runs import find_run
    from itas.errors import SpecError

    folder, manifest = find_run(path)
    kind = manifest.get("kind")
    if (front or point is not None or against) and kind != "search":
        raise SpecError(f"--front, --point and --against are for a search, found '{kind}'", path=str(folder))
    if against:
        return _show_gaps(folder, against, as_json=as_json)
    if kind == "search":
        return _show_search(folder, as_json=as_json, front=front, point=point)
    if kind == "ablation":
        return _show_ablation(folder, as_json=as_json)
    return _show_evaluation(folder, as_json=as_json)


def _show_search(folder: Path, *, as_json: bool, front: bool, point: int | None) -> int:
    from itas.api.ablating import ABLATION, load_ablation
    from itas.api.search_outcome import find_front_point, load_outcome
    from itas.cli.ablations import print_ablation
    from itas.cli.fronts import print_front
    from itas.cli.searches import print_outcome
    from itas.cli.terminal import out
    from itas.specs import dump_architecture

    outcome = load_outcome(folder)
    if point is not None:
        architecture = find_front_point(outcome, point)
        if as_json:
            print_json(architecture.model_dump(mode="json"))
        else:
            out().file.write(dump_architecture(architecture))
    elif front and as_json:
        print_json([each.model_dump(mode="json") for each in outcome.result.front])
    elif front:
        print_front(outcome.result)
    elif as_json:
        print_json(outcome.result.model_dump(mode="json"))
    else:
        print_outcome(outcome)
        if (folder / ABLATION).is_file():
            out().print()
            print_ablation(load_ablation(folder))
    return 0


def _show_gaps(folder: Path, against: Sequence[Path], *, as_json: bool) -> int:
    from itas.api.gaps import find_gaps
    from itas.cli.fronts import print_gaps

    gaps = find_gaps(folder, against)
    if as_json:
        print_json([{**gap.model_dump(mode="json"), "difference": gap.difference} for gap in gaps])
    else:
        print_gaps(gaps)
    return 0


def _show_ablation(folder: Path, *, as_json: bool) -> int:
    from itas.api.ablating import load_ablation
    from itas.cli.ablations import print_ablation

    found = load_ablation(folder)
    if as_json:
        print_json(found.model_dump(mode="json"))
    else:
        print_ablation(found)
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
