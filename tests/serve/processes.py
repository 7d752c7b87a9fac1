"""A server as a user starts it: a process of its own."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp

SPECS = {
    "votes.yaml": """\
name: votes
layers:
  - {type: generator, model: simulated/euler-large, samples: 3}
  - {type: vote}
""",
    "one.yaml": """\
name: one
layers:
  - {type: generator, model: mine/model}
""",
    "fused.yaml": """\
name: fused
layers:
  - {type: generator, models: [mine/a, mine/b]}
  - {type: fuser, model: mine/c}
""",
}


@dataclass
class Process:
    """A running `itas serve`."""

    url: str
    process: asyncio.subprocess.Process
    log: Path

    def terminate(self) -> None:
        self.process.send_signal(signal.SIGTERM)

    async def ended(self) -> int:
        return await asyncio.wait_for(self.process.wait(), 30)


@asynccontextmanager
async def serving_process(
    folder: Path,
    *arguments: str,
    provider: str = "http://127.0.0.1:9/v1",
    environ: Mapping[str, str] | None = None,
) -> AsyncIterator[Process]:
    """Start ``itas serve`` with these arguments in a folder, wait until it answers, and end it."""
    for name, text in SPECS.items():
        (folder / name).write_text(text)
    (folder / "itas.yaml").write_text(f"providers:\n  mine: {{base_url: {provider}, is_free: true}}\n")
    log = folder / "serve.log"
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("ITAS_")}
    with log.open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "itas", "serve", *arguments, "--port", "0"),
            cwd=folder,
            env={**inherited, **(environ or {})},
            stdout=output,
            stderr=output,
        )
    try:
        yield Process(await _find_address(process, log), process, log)
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
            try:
                await asyncio.wait_for(process.wait(), 20)
            except TimeoutError:
                process.kill()
                await process.wait()


async def _find_address(process: asyncio.subprocess.Process, log: Path) -> str:
    async with aiohttp.ClientSession() as session:
        for _ in range(600):
            await asyncio.sleep(0.1)
            assert process.returncode is None, log.read_text()
            found = [word for word in log.read_text().split() if word.startswith("http://")]
            if not found:
                continue
            address = found[0].removesuffix(",").removesuffix("/v1")
            try:
                async with session.get(address + "/health") as reply:
                    if reply.status == 200:
                        return address
            except aiohttp.ClientError:
                continue
    raise AssertionError(log.read_text())
