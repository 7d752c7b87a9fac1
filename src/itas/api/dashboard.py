"""Export a search to a storage of Optuna, so that its dashboard shows it. Needs the extra ``optuna``.

Everything comes from the journal, so a search that is still running can be exported too. A trial has the mean of its
scores as its value; scores of different trials are on different problems, and the verdict is not among them.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from itas.api.runs import find_run
from itas.api.search_outcome import JOURNAL, KIND
from itas.errors import SpecError
from itas.search import read_journal
from itas.search.journal import Event
from itas.search.ledger import observations_of
from itas.search.records import mean_score

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution
    from optuna.storages import BaseStorage
    from optuna.trial import FrozenTrial

_LOGS = (".log", ".jsonl")


def export_optuna(run: Path, target: Path) -> int:
    """Write the trials of a search as a study of Optuna, and give their number.

    Args:
        run: Folder of a search, finished or not.
        target: A new SQLite file; or a file of Optuna's journal where it ends in ``.log`` or ``.jsonl``. The study in
            it has the name of the run folder.

    Raises:
        SpecError: Optuna is missing, the target is there already, or no trial has begun in the folder.
        DataError: The journal is damaged.
    """
    try:
        import optuna
    except ImportError:
        raise SpecError("an export for Optuna needs optuna: pip install 'itas[optuna]'") from None
    folder, manifest = find_run(run, kind=KIND)
    if target.exists():
        raise SpecError("is there already; nothing is overwritten. Choose another file", path=str(target))
    if not target.parent.is_dir():
        raise SpecError("there is no such folder", path=str(target.parent))
    events = read_journal(folder / JOURNAL) if (folder / JOURNAL).is_file() else ()
    space = next((event for event in events if event["event"] == "space"), None)
    if space is None:
        raise SpecError("the search has made no trial yet", path=str(folder))
    distributions = _distributions(cast("Mapping[str, Sequence[str]]", space["holes"]))
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study(storage=_storage(target), study_name=folder.name, direction="maximize")
    study.set_user_attr("space", str(space["name"]))
    study.set_user_attr("is_simulated", bool(manifest.get("is_simulated")))
    # A trial that was cut short and made again counts as it ended.
    ended = {int(event["trial"]): event for event in events if event["event"] == "trial"}
    trials = [
        _trial(proposal, ended.get(int(proposal["trial"])), distributions) for proposal in _proposals(events)
    ]
    study.add_trials(trials)
    return len(trials)


def _trial(
    proposal: Mapping[str, Any], result: Event | None, distributions: Mapping[str, "BaseDistribution"]
) -> "FrozenTrial":
    from optuna.trial import TrialState, create_trial

    params = {name: _category(value) for name, value in proposal["choices"].items()}
    observations = () if result is None else observations_of(result)
    mean = mean_score(observations)
    is_done = result is not None and result["state"] == "done" and mean is not None
    attributes: dict[str, Any] = {
        "trial": int(proposal["trial"]),
        "point": int(proposal["point"]),
        "problems": len(proposal["problems"]),
        "samples": sum(entry.samples_used for entry in observations),
        "paid_samples": sum(entry.samples_paid for entry in observations),
        "state": "not ended" if result is None else str(result["state"]),
    }
    if result is not None and "reason" in result:
        attributes["reason"] = str(result["reason"])
    trial = create_trial(
        state=TrialState.COMPLETE if is_done else TrialState.FAIL,
        value=mean if is_done else None,
        params=params,
        distributions={name: distributions[name] for name in params},
        user_attrs=attributes,
    )
    trial.datetime_start = _time(proposal["at"])
    trial.datetime_complete = _time(proposal["at"] if result is None else result["at"])
    return trial


def _distributions(holes: Mapping[str, Sequence[str]]) -> dict[str, "BaseDistribution"]:
    from optuna.distributions import CategoricalDistribution

    return {
        name: CategoricalDistribution(tuple(dict.fromkeys(_category(label) for label in labels)))
        for name, labels in holes.items()
    }


def _category(value: str | float) -> str | int | float:
    """A number where it is one: labels of numbers are words in the description of a space."""
    try:
        number = float(value)
    except ValueError:
        return str(value)
    return int(number) if number.is_integer() else number


def _time(text: str) -> datetime:
    """Without a zone, as Optuna has it."""
    return datetime.fromisoformat(text).replace(tzinfo=None)


def _storage(target: Path) -> "BaseStorage":
    if target.suffix in _LOGS:
        from optuna.storages import JournalStorage
        from optuna.storages.journal import JournalFileBackend

        return JournalStorage(JournalFileBackend(str(target)))
    from optuna.storages import RDBStorage

    return RDBStorage(f"sqlite:///{target}")


def _proposals(events: Sequence[Event]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for event in events:
        if event["event"] == "proposed":
            found += [{**entry, "at": event["at"]} for entry in cast("list[dict[str, Any]]", event["trials"])]
    return found
