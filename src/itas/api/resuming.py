"""Go on with an evaluation that was stopped: by a cap, by Ctrl-C, by a kill.

Results that are final are kept; what failed is asked again. Calls that were answered before the stop are in
the call store, so nothing is paid for twice. What was spent before counts against the caps.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from itas.api.evaluating import EvaluationReport, EvaluationWatch, evaluate_architectures
from itas.api.evaluation_folder import ARCHITECTURE, KIND
from itas.api.opening import Caps, SandboxChoice
from itas.api.runs import find_run
from itas.api.settings import Settings
from itas.benchmarks import open_benchmark
from itas.core.architecture import Architecture
from itas.errors import DataError, SpecError
from itas.models.store.place import resumed_place
from itas.plugins import check_plugins
from itas.specs import load_architecture


async def resume_evaluation(
    run: Path,
    *,
    settings: Settings,
    caps: Caps | None = None,
    sandbox: SandboxChoice = "auto",
    watch: EvaluationWatch,
    where: str | None = None,
) -> EvaluationReport:
    """Evaluate what a run has not finished, in the same folder.

    Args:
        run: Its folder.
        settings: How to run; the call store is the one of the run.
        caps: New caps; where they say nothing, the old ones.
        sandbox: Where code is run; not taken from the run, so that no file can switch the walls off.
        watch: Told about every new result.
        where: Cluster whose nodes answer and score; this process if None.

    Raises:
        SpecError: Not the folder of an evaluation, or begun before evaluations could be resumed.
        DataError: The data has changed since, or the folder is damaged.
    """
    folder, manifest = find_run(run, kind=KIND)
    if "ledger" not in manifest or not isinstance(manifest.get("arguments"), dict):
        raise SpecError(
            f"{folder}: this run says too little to be resumed; evaluate anew, stored calls cost nothing"
        )
    check_plugins(manifest.get("plugins", []), where=str(folder))
    arguments = cast("Mapping[str, Any]", manifest["arguments"])
    on = _found_from(str(manifest["on"]), Path(str(manifest.get("folder", "."))))
    scorer, limit = arguments.get("scorer"), arguments.get("limit")
    seed = int(arguments.get("seed", 0))
    if open_benchmark(on, scorer=scorer, seed=seed, limit=limit).fingerprint != manifest.get(
        "benchmark_fingerprint"
    ):
        raise DataError(
            f"{on}: the problems or the scorer have changed since the evaluation began. "
            "Bring back the old data, or evaluate anew"
        )
    recording = manifest.get("recording")
    return await evaluate_architectures(
        _architectures(folder, manifest),
        on=on,
        scorer=scorer,
        limit=limit,
        seed=seed,
        first_draw=int(arguments.get("first_draw", 0)),
        samples=int(arguments.get("samples", 1)),
        settings=settings.model_copy(update={"store": resumed_place(manifest.get("store"), settings.store)}),
        recording=Path(str(recording)) if recording else None,
        caps=_merged(caps or Caps(), manifest.get("caps")),
        sandbox=sandbox,
        watch=watch,
        resumed=folder,
        where=where,
    )


def _architectures(folder: Path, manifest: Mapping[str, Any]) -> list[Architecture]:
    found: list[Architecture] = []
    for number, about in cast("Mapping[str, Mapping[str, Any]]", manifest["architectures"]).items():
        architecture = load_architecture(folder / number / ARCHITECTURE)
        if architecture.fingerprint != about.get("fingerprint"):
            raise DataError(
                f"{folder / number / ARCHITECTURE}: not the architecture that this run began with"
            )
        found.append(architecture)
    return found


def _merged(new: Caps, old: object) -> Caps:
    before: Mapping[str, Any] = cast("Mapping[str, Any]", old) if isinstance(old, dict) else {}
    return Caps(
        max_usd=before.get("max_usd") if new.max_usd is None else new.max_usd,
        max_samples=before.get("max_samples") if new.max_samples is None else new.max_samples,
    )


def _found_from(on: str, folder: Path) -> str:
    """The same benchmark with its data found from the folder in which the run was begun."""
    start, colon, path = on.partition(":")
    path, start = (path, f"{start}:") if colon else (on, "")
    there = folder / path
    return f"{start}{there}" if path and not Path(path).exists() and there.exists() else on
