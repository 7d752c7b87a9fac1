"""`itas serve`: architectures as models, under the HTTP API that other tools speak."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from itas.cli.options import MaxCost, MaxSamples, PresetModels, Recording, SandboxTier, Seed, SettingsFile
from itas.cli.running import run_async


def serve(
    what: Annotated[
        list[str],
        typer.Argument(
            help="Architecture files, preset:NAME, model ids or the folder of a search; ID=... gives an id."
        ),
    ],
    *,
    models: PresetModels = None,
    host: Annotated[
        str, typer.Option("--host", help="Address; others than loopback need a key.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="0 for any that is free.")] = 8000,
    keys: Annotated[
        Path | None,
        typer.Option("--keys", help="File of keys, one a line (or sha256:HASH); also ITAS_SERVE_KEY."),
    ] = None,
    workers: Annotated[int, typer.Option("--workers", min=1, max=64, help="Processes.")] = 1,
    concurrency: Annotated[
        int, typer.Option("--concurrency", min=1, help="Answers at the same time, in each process.")
    ] = 64,
    queue: Annotated[int, typer.Option("--queue", min=1, help="Requests that may wait; then 429.")] = 256,
    max_body_mb: Annotated[int, typer.Option("--max-body-mb", min=1, help="Longest body of a request.")] = 10,
    drain: Annotated[float, typer.Option("--drain", min=1, help="Seconds to finish after SIGTERM.")] = 600,
    traces: Annotated[
        Path | None,
        typer.Option("--traces", help="Write every trace into this folder (they hold the texts)."),
    ] = None,
    settings: SettingsFile = None,
    recording: Recording = None,
    seed: Seed = 0,
    max_cost: MaxCost = None,
    max_samples: MaxSamples = None,
    sandbox: SandboxTier = "auto",
    log_level: Annotated[str, typer.Option("--log-level", help="debug, info, warning or error.")] = "warning",
    fd: Annotated[
        int | None, typer.Option("--fd", hidden=True, help="A socket that listens already.")
    ] = None,
) -> int:
    """Serve architectures as models, under OpenAI's API."""
    from itas.api import serving as api
    from itas.api.opening import Caps
    from itas.api.settings import load_settings
    from itas.cli.terminal import clean, progress
    from itas.serve.limits import Limits
    from itas.serve.process import log_to_stderr

    api.check_installed()
    log_to_stderr(_level(log_level))
    found = api.find_served(what, models or ())
    chosen = api.Serving(
        host=host,
        port=port,
        keys=keys,
        limits=Limits(
            body_bytes=max_body_mb * 1024 * 1024, concurrency=concurrency, queue=queue, drain_s=drain
        ),
        caps=Caps(max_usd=max_cost, max_samples=max_samples),
        traces=traces,
        recording=recording,
        seed=seed,
        sandbox=sandbox,
    )
    service = api.make_service(found, chosen)
    read = load_settings(settings)

    def ready(address: str) -> None:
        if fd is not None:
            return
        for each in found.values():
            note = " (simulated)" if each.is_simulated else ""
            planned = each.architecture.planned_samples()
            samples = "1 sample" if planned == 1 else f"{planned:,} samples"
            progress().print(clean(f"{each.id}: {samples} a question{note}"))
        guard = "without a key" if service.access.is_open else "with a key"
        progress().print(f"serving at {address}/v1, {guard}; end with Ctrl-C")

    if fd is None:
        run_async(api.check_models(found, chosen, read))
    if workers > 1 and fd is None:
        return api.serve_with_workers(chosen, workers, sys.argv[1:], ready=ready)
    run_async(api.serve(service, chosen, read, fd=fd, ready=ready), make_loop=api.make_loop)
    return 0


def _level(text: str) -> str:
    from itas.errors import SpecError

    level = text.upper()
    if level not in ("DEBUG", "INFO", "WARNING", "ERROR"):
        raise SpecError(f"debug, info, warning or error, found '{text[:40]}'", path="--log-level")
    return level
