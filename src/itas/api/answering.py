"""Answer one conversation with an architecture."""

from collections.abc import Callable, Sequence
from pathlib import Path

from itas.api.opening import Caps, SandboxChoice, open_models, open_raters, open_sandbox
from itas.api.settings import Settings
from itas.core.architecture import Architecture
from itas.core.messages import Message
from itas.core.model import Listen
from itas.core.problem import Problem
from itas.engine import Answer, ComponentRecord
from itas.engine import answer as run_architecture
from itas.engine.telemetry import opened_traces
from itas.errors import SpecError
from itas.specs import (  # brings the component types
    is_preset_reference,
    load_architecture,
    load_preset_reference,
)

SIMULATED = "simulated/"


def find_architecture(text: str, models: Sequence[str] = ()) -> Architecture:
    """An architecture by file, a preset by its name, or a single model by its id.

    Args:
        text: Path of a YAML or JSON file, ``preset:NAME`` (see `itas.specs.presets`), or ``provider/model`` for
            one call of that model.
        models: For a preset that does not name its models: best first.

    Raises:
        SpecError: Neither a file nor a model id, or the file is wrong.
    """
    if is_preset_reference(text):
        return load_preset_reference(text, models=models)
    if models:
        raise SpecError("models are chosen for presets only; a file names its own", path=text[:200])
    path = Path(text)
    if path.suffix.lower() in (".yaml", ".yml", ".json") or is_file(path):
        if not is_file(path):
            raise SpecError("there is no such file", path=text[:200])
        return load_architecture(path)
    if "/" in text and not any(character.isspace() for character in text):
        return single_model(text)
    raise SpecError(
        f"'{text[:200]}' is neither an architecture file (.yaml, .json) nor a model id (provider/model)"
    )


def is_file(path: Path) -> bool:
    """Whether there is such a file; a text that cannot be a path is none."""
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def single_model(model: str) -> Architecture:
    """The architecture of one call."""
    return Architecture.parse({"name": model, "layers": [{"type": "generator", "model": model}]}, where=model)


def known_problems(architectures: Sequence[Architecture]) -> tuple[Problem, ...]:
    """What simulated models know where no benchmark is at hand: the embedded one."""
    if not any(model.startswith(SIMULATED) for each in architectures for model in each.models):
        return ()
    from itas.benchmarks.registry import WORD_PROBLEMS, open_benchmark

    return open_benchmark(WORD_PROBLEMS).problems


async def answer_conversation(
    architecture: Architecture,
    conversation: Sequence[Message],
    *,
    settings: Settings,
    recording: Path | None = None,
    seed: int = 0,
    first_draw: int = 0,
    caps: Caps | None = None,
    sandbox: SandboxChoice = "auto",
    watch: Callable[[ComponentRecord], None] | None = None,
    listen: Listen | None = None,
    trace: Path | None = None,
) -> Answer:
    """Answer one conversation.

    Args:
        architecture: What to do.
        conversation: The messages; the last one from the user.
        settings: How to run.
        recording: For ``replay`` models.
        seed: Of the run.
        first_draw: Number of the first draw; another one asks anew instead of taking stored answers.
        caps: What may be spent.
        sandbox: Where code of candidates is run, if a component runs any.
        watch: Called with the record of each component when it is done.
        listen: Hears the text of the answer while it is written; see `itas.engine.answer`.
        trace: File that every call and event is written to while it happens.

    Raises:
        Error: See `itas.engine.answer` and `open_models`.
    """
    problems = known_problems([architecture])
    async with (
        open_sandbox(sandbox, needed=architecture.runs_code) as runner,
        open_models(
            settings, problems=problems, recording=recording, seed=seed, caps=caps, can_forget=True
        ) as models,
        opened_traces(trace) as traces,
    ):
        for model in architecture.models:
            models(model)  # an unknown provider or a missing key is found before anything is paid for
        raters = open_raters([architecture])
        return await run_architecture(
            architecture,
            conversation,
            models=models,
            raters=raters,
            runner=runner,
            seed=seed,
            first_draw=first_draw,
            watch=watch,
            listen=listen,
            trace=traces,
        )
