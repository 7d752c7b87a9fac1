"""Serve architectures over HTTP: files, presets, models, and what a search has found."""

import asyncio
import sys
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from itas.api.answering import find_architecture, is_file, known_problems
from itas.api.opening import Caps, SandboxChoice, open_models, open_raters, open_sandbox
from itas.api.runs import find_run
from itas.api.search_outcome import KIND, Outcome, load_outcome
from itas.api.settings import Settings, read_environment
from itas.core.architecture import Architecture
from itas.core.model import is_simulated
from itas.engine.telemetry import find_telemetry
from itas.errors import SpecError
from itas.search.records import Contestant
from itas.serve.access import Access, check_exposure, read_access
from itas.serve.app import make_app
from itas.serve.gate import Gate
from itas.serve.limits import Limits
from itas.serve.served import Served, index
from itas.serve.service import Opened, Service
from itas.serve.traces import Traces
from itas.specs import is_preset_reference

EXTRA = "serve"
NEEDED = ("fastapi", "httptools", "prometheus_client", "uvicorn", "uvloop")


@dataclass(frozen=True, slots=True)
class Serving:
    """How to serve.

    Attributes:
        host: Address to listen at.
        port: 0 for any.
        keys: File of keys, beside those in the environment.
        limits: What a request may take.
        caps: What all requests of one process together may spend.
        traces: Folder for traces; in memory only if None.
        recording: For ``replay`` models.
        seed: Of simulated models.
        sandbox: Where code of candidates is run, if a component runs any.
    """

    host: str = "127.0.0.1"
    port: int = 8000
    keys: Path | None = None
    limits: Limits = field(default_factory=Limits)
    caps: Caps = field(default_factory=Caps)
    traces: Path | None = None
    recording: Path | None = None
    seed: int = 0
    sandbox: SandboxChoice = "auto"


def find_served(texts: Sequence[str], models: Sequence[str] = ()) -> dict[str, Served]:
    """What the command line names, by model id.

    Args:
        texts: ``FILE``, ``preset:NAME``, ``provider/model`` or the folder of a search, each also as ``ID=...``.
        models: For presets that do not name theirs.

    Raises:
        SpecError: Something is wrong with one of them, or two have the same id.
    """
    found: list[Served] = []
    for text in texts:
        id, what = _split(text)
        if _is_folder(what):
            found += _of_search(id, Path(what))
            continue
        given = models if is_preset_reference(what) else ()
        architecture = find_architecture(what, given)
        found.append(Served(id or _id_of(what, architecture), architecture, _age(what)))
    if not found:
        raise SpecError(
            "nothing to serve. Name an architecture file, preset:NAME, a model, or a search's folder"
        )
    return index(found)


def make_service(served: dict[str, Served], serving: Serving) -> Service:
    """The service with its keys.

    Raises:
        SpecError: The keys are wrong, or it would be open to other machines without one.
    """
    access = read_serving_access(serving)
    check_exposure(serving.host, access)
    if serving.traces is not None:
        try:
            serving.traces.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            reason = f"no folder of traces can be made there ({error.strerror})"
            raise SpecError(reason, path=str(serving.traces)) from None
    return Service(served, limits=serving.limits, access=access, traces=Traces(serving.traces))


def read_serving_access(serving: Serving) -> Access:
    """The keys of a server, from the environment and the file."""
    return read_access(read_environment(), serving.keys)


def make_serving_app(service: Service, serving: Serving, settings: Settings) -> Gate:
    """The application, which opens models and store when it starts.

    Raises:
        SpecError: The packages for it are missing.
    """
    check_installed()
    architectures = [each.architecture for each in service.served.values()]

    @asynccontextmanager
    async def open() -> AsyncGenerator[Opened]:
        runs_code = any(architecture.runs_code for architecture in architectures)
        async with (
            open_sandbox(serving.sandbox, needed=runs_code) as runner,
            open_models(
                settings,
                problems=known_problems(architectures),
                recording=serving.recording,
                seed=serving.seed,
                caps=serving.caps,
                can_forget=True,
            ) as models,
        ):
            for architecture in architectures:
                for model in architecture.models:
                    models(model)
            yield Opened(
                models,
                models.find_price,
                open_raters(architectures),
                runner,
                _find_renderer(),
                find_telemetry(),
            )

    return make_app(service, open)


async def check_models(served: dict[str, Served], serving: Serving, settings: Settings) -> None:
    """Find an unknown provider or a missing key before anybody is told that the server is up.

    Raises:
        Error: What is missing.
    """
    architectures = [each.architecture for each in served.values()]
    in_memory = settings.model_copy(update={"store": "memory"})
    async with open_models(in_memory, recording=serving.recording, caps=serving.caps) as models:
        for architecture in architectures:
            for model in architecture.models:
                if not is_simulated(model) or model.startswith("replay/"):
                    models(model)


async def serve(
    service: Service, serving: Serving, settings: Settings, *, fd: int | None, ready: Callable[[str], None]
) -> None:
    """Serve in this process until SIGTERM or SIGINT.

    Args:
        service: What to serve.
        serving: How.
        settings: How to run.
        fd: Number of a listening socket that somebody else opened.
        ready: Told the address.
    """
    from itas.serve.process import address_of, adopt, bind, run_server

    app = make_serving_app(service, serving, settings)
    listener = bind(serving.host, serving.port) if fd is None else adopt(fd)
    ready(address_of(listener))
    await run_server(app, listener, serving.limits)


def serve_with_workers(
    serving: Serving, workers: int, arguments: Sequence[str], *, ready: Callable[[str], None]
) -> int:
    """Serve in several processes that share one socket and one call store.

    Args:
        serving: How.
        workers: Processes.
        arguments: Of the command, as each worker is to get them.
        ready: Told the address.

    Returns:
        Exit code.
    """
    from itas.serve.process import Supervisor, address_of, bind

    listener = bind(serving.host, serving.port)
    ready(address_of(listener))
    return Supervisor([sys.executable, "-m", "itas", *arguments], workers, listener).run()


def _find_renderer() -> Callable[[str, list[dict[str, Any]]], str] | None:
    """Makes pages of traces, where the packages for it are there."""
    from importlib.util import find_spec

    if any(find_spec(name) is None for name in ("altair", "jinja2")):
        return None

    def render(id: str, lines: list[dict[str, Any]]) -> str:
        from itas.report.trace_page import TraceAbout, render_trace_page

        return render_trace_page(lines, about=TraceAbout(title=id))

    return render


def check_installed() -> None:
    """Raise unless the packages of the extra are there.

    Raises:
        SpecError: With the cure.
    """
    from importlib.util import find_spec

    lacking = [name for name in NEEDED if find_spec(name) is None]
    if lacking:
        raise SpecError(
            f"serving needs {', '.join(lacking)}: {sys.executable} -m pip install 'itas[{EXTRA}]'"
        )


def make_loop() -> asyncio.AbstractEventLoop:
    """The event loop of a server: half the work for each byte of the one in the standard library."""
    import uvloop

    return uvloop.new_event_loop()


def _split(text: str) -> tuple[str | None, str]:
    """``ID=WHAT``; a preset's own ``?role=model`` is none, and neither is a file with such a name."""
    id, equals, what = text.partition("=")
    if not equals or not what or "?" in id or ":" in id or is_file(Path(text)):
        return None, text
    return id, what


def _is_folder(what: str) -> bool:
    try:
        return Path(what).is_dir()
    except (OSError, ValueError):
        return False


def _id_of(what: str, architecture: Architecture) -> str:
    if is_file(Path(what)):
        return architecture.name if architecture.name != "unnamed" else Path(what).stem
    return architecture.name


def _age(what: str) -> int:
    path = Path(what)
    return int(path.stat().st_mtime) if is_file(path) else 0


def _of_search(id: str | None, folder: Path) -> list[Served]:
    """What the verdict recommends under the name of the study, every contestant and point beside it."""
    place, manifest = find_run(folder, kind=KIND)
    outcome = load_outcome(place)
    name = id or str(manifest.get("name") or "study")
    created = int((place / "outcome.json").stat().st_mtime)
    verdict = outcome.result.verdict
    found = [Served(name, outcome.result.recommended, created, f"recommended, because {verdict.because}")]
    for contestant in outcome.result.contestants:
        label = _label(contestant, {each.id for each in found}, name)
        found.append(Served(label, contestant.architecture, created, _about(contestant, outcome)))
    for point, mean, architecture in _front(outcome):
        about = f"on the front of the search, {100 * mean:.1f} on its problems (not held out)"
        found.append(Served(f"{name}:point-{point}", architecture, created, about))
    return found


def _front(outcome: Outcome) -> list[tuple[int, float, Architecture]]:
    """Points that no other one beat in the search with the same or fewer samples, cheapest first, with their means.

    None where prices took part in making the space, since those of that day are not known here.
    """
    result = outcome.result
    if result.spec.space.needs_measures:
        return []
    space = result.spec.space.bind(result.rankings)
    if space.describe() != result.space:
        return []
    means = {trial.point: trial.mean for trial in result.trials if trial.mean is not None}
    tried = [(space.architecture_of(point), mean, point) for point, mean in means.items()]
    tried.sort(key=lambda each: (each[0].planned_samples(), -each[1], each[2]))
    front: list[tuple[int, float, Architecture]] = []
    for architecture, mean, point in tried:
        if not front or mean > front[-1][1]:
            front.append((point, mean, architecture))
    return front


def _label(contestant: Contestant, taken: set[str], name: str) -> str:
    role = contestant.roles[0].replace(" ", "-")
    label = f"{name}:{role}"
    number = 2
    while label in taken:
        label = f"{name}:{role}-{number}"
        number += 1
    return label


def _about(contestant: Contestant, outcome: Outcome) -> str:
    quality = outcome.quality.get(contestant.architecture.fingerprint)
    held = (
        "" if quality is None else f", {100 * quality.mean:.1f} on held-out problems of {outcome.benchmark}"
    )
    return f"{', '.join(contestant.roles)}{held}"
