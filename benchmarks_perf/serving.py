"""What serving adds to a call: requests a second and CPU per request, all in one run, against one fake provider.

    .venv/bin/python benchmarks_perf/serving.py [--requests 2000] [--at-once 16] [--rounds 3] [--peers FOLDER] [--write]

Measured is the same question, whole and streamed, through `itas serve` with a one-call architecture, through a relay of
aiohttp that only passes bytes on, and with ``--peers`` through the servers that are installed in environments below
that folder, each with the same provider behind; one that is missing there is made with uv (see `PEERS`). ``--write``
writes docs/results/serving.md. About six minutes in all.

CPU is user and system time of the serving process and its children. The bare call is what a client takes that asks the
provider without anybody between: one request of aiohttp sent and its reply read, in a process that does nothing else.
It is measured directly before each round of each server, and a ratio is the median over the rounds.
"""

import argparse
import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import aiohttp


@dataclass(frozen=True)
class Peer:
    """Another server.

    Attributes:
        folder: Of its environment.
        package: What is installed there.
        command: How it is started.
        model: How the model is called there.
        algorithm: What it has to be told before it answers, with one sample; nothing if empty.
        environ: Beside the usual environment.
    """

    folder: str
    package: str
    command: str
    model: str
    algorithm: str = ""
    environ: Mapping[str, str] = field(default_factory=dict)


PEERS = {
    "LiteLLM proxy": Peer(
        "litellm",
        "litellm[proxy]",
        "litellm --model openai/m --api_base {provider}/v1 --port {port} --telemetry False",
        "openai/m",
        environ={
            "LITELLM_LOCAL_MODEL_COST_MAP": "True",  # or it waits for a download before it starts
            "LITELLM_DANGEROUSLY_PERMIT_WEAK_OR_UNSET_MASTER_KEY": "true",  # as open as the others here
        },
    ),
    "optillm": Peer(
        "optillm", "optillm", "optillm --base-url {provider}/v1 --port {port} --approach none", "m"
    ),
    "its-hub": Peer("its_hub", "its_hub[iaas]", "its-iaas --port {port}", "m", algorithm="self-consistency"),
}
SDK = Peer("openai", "openai", "python", "m")
"""No server: what a program takes that asks the provider itself through the SDK that most use."""
HERE = Path(__file__).parent
REPOSITORY = Path(__file__).parents[1]
PAGE = REPOSITORY / "docs" / "results" / "serving.md"
QUESTION = [{"role": "user", "content": "What is the answer?"}]


@dataclass(frozen=True)
class Run:
    """The same question many times in a row."""

    per_second: float
    cpu_ms: float
    median_ms: float


@dataclass
class Rounds:
    """One server, whole or streamed: each run with the bare call made just before it."""

    name: str
    bare: list[Run] = field(default_factory=list)
    runs: list[Run] = field(default_factory=list)

    @property
    def ratios(self) -> list[float]:
        return [run.cpu_ms / bare.cpu_ms for run, bare in zip(self.runs, self.bare, strict=True)]


def cpu_s(pid: int) -> float:
    """User and system time so far, of a process and of its children that run."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    children = Path(f"/proc/{pid}/task/{pid}/children")
    below = children.read_text().split() if pid != os.getpid() and children.is_file() else []
    own = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return own + sum(cpu_s(int(child)) for child in below)


def start(command: Sequence[str], folder: Path, **environ: str) -> subprocess.Popen[bytes]:
    log = (folder / f"{Path(command[0]).name}-{time.monotonic_ns()}.log").open("wb")
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("ITAS_")}
    return subprocess.Popen(command, cwd=folder, env={**inherited, **environ}, stdout=log, stderr=log)


async def wait_until_up(url: str, process: subprocess.Popen[bytes], *, within_s: float = 90) -> bool:
    async with aiohttp.ClientSession() as session:
        ends = time.monotonic() + within_s
        while time.monotonic() < ends and process.poll() is None:
            try:
                async with session.get(url) as reply:
                    await reply.read()
                    return True
            except aiohttp.ClientError:
                await asyncio.sleep(0.2)
    return False


async def ask_many(
    url: str, model: str, *, requests: int, at_once: int, pid: int | None, stream: bool = False
) -> Run:
    """Ask the same question many times; CPU of `pid`, or of this process."""
    body = json.dumps({"model": model, "messages": QUESTION, **({"stream": True} if stream else {})}).encode()
    headers = {"content-type": "application/json", "authorization": "Bearer none-none-none-none"}
    left = requests
    times: list[float] = []
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:

        async def one() -> None:
            started = time.monotonic()
            async with session.post(f"{url}/v1/chat/completions", data=body, headers=headers) as reply:
                text = await reply.read()
                if reply.status != 200 or b"forty-two" not in text:
                    raise Refused(f"{reply.status} {text[:300]!r}")
            times.append(time.monotonic() - started)

        async def worker() -> None:
            nonlocal left
            while left > 0:
                left -= 1
                await one()

        for _ in range(min(50, requests)):
            await one()
        times.clear()
        cpu, started = cpu_s(pid or os.getpid()), time.monotonic()
        await asyncio.gather(*(worker() for _ in range(at_once)))
        took = time.monotonic() - started
        used = cpu_s(pid or os.getpid()) - cpu
    return Run(len(times) / took, 1000 * used / len(times), 1000 * statistics.median(times))


class Refused(Exception):
    """A server did not answer the question."""


Ask = Callable[[int, bool], Awaitable[Run]]
"""Asks so many times, whole or streamed."""


@dataclass(frozen=True)
class Plan:
    """How often, and where the provider is."""

    requests: int
    at_once: int
    rounds: int
    provider: str
    folder: Path

    async def in_rounds(self, name: str, ask: Ask, *, share: float) -> list[Rounds]:
        """Whole and streamed, in turn with the bare call; `share` of the requests, for the slow ones."""
        few = max(100, round(self.requests * share))
        many = max(few, self.requests // 2)
        found: list[Rounds] = []
        for stream in (False, True):
            rounds = Rounds(f"{name}, streamed" if stream else name)
            try:
                for _ in range(self.rounds):
                    bare = await ask_many(
                        self.provider, "m", requests=many, pid=None, at_once=self.at_once, stream=stream
                    )
                    rounds.runs.append(await ask(few, stream))
                    rounds.bare.append(bare)
            except (Refused, aiohttp.ClientError) as error:
                print(f"{rounds.name}: does not answer: {str(error)[:300]}", file=sys.stderr)
                continue
            found.append(rounds)
            print(f"{rounds.name}: {[round(each, 2) for each in rounds.ratios]}", file=sys.stderr)
        return found

    async def ask_server(self, url: str, model: str, pid: int, requests: int, stream: bool) -> Run:
        """One run through a server."""
        how = {"requests": requests, "at_once": self.at_once, "stream": stream}
        return await ask_many(url, model, pid=pid, **how)

    async def ask_by_sdk(self, python: Path, requests: int, stream: bool) -> Run:
        """One run of a process that asks the provider itself; see `contenders/openai_direct.py`."""
        kind = "streamed" if stream else "whole"
        command = [str(python), str(HERE / "contenders" / "openai_direct.py"), self.provider]
        command += [str(requests), str(self.at_once), kind]
        done = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise Refused(done.stderr[-300:])
        took = json.loads(done.stdout)
        per_call_ms = 1000 * took["cpu_s"] / took["calls"]
        return Run(took["calls"] / took["wall_s"], per_call_ms, 1000 * took["median_s"])


async def measure(plan: Plan, peers: Path | None) -> list[Rounds]:
    python, provider = sys.executable, plan.provider
    port = provider.rpartition(":")[2]
    settings = f"providers:\n  mine: {{base_url: {provider}/v1, is_free: true, concurrency: 256}}\n"
    (plan.folder / "itas.yaml").write_text(settings)
    itas = [python, "-m", "itas", "serve", "one=mine/m", "--port"]
    running = start([python, str(HERE / "fake_provider.py"), port], plan.folder)
    found: list[Rounds] = []
    try:
        assert await wait_until_up(f"{provider}/v1/models", running)
        found += await measure_server("itas serve", [*itas, "18101"], "one", plan)
        found += await measure_server(
            "itas serve, in memory", [*itas, "18102"], "one", plan, environ={"ITAS_STORE": "memory"}
        )
        relay = [python, str(HERE / "bare_relay.py"), provider, "18103"]
        found += await measure_server("relay of aiohttp", relay, "m", plan)
        if peers is not None:
            sdk = make_environment(SDK, peers) / "bin" / "python"
            found += await plan.in_rounds("openai SDK, no server", partial(plan.ask_by_sdk, sdk), share=0.3)
        for number, (name, peer) in enumerate(PEERS.items() if peers else ()):
            assert peers is not None
            command = peer.command.format(provider=provider, port=18110 + number).split()
            command[0] = str(make_environment(peer, peers) / "bin" / command[0])
            environ = {"OPENAI_API_KEY": "none-none-none-none", **peer.environ}
            found += await measure_server(
                name, command, peer.model, plan, environ=environ, share=0.1, algorithm=peer.algorithm
            )
    finally:
        end(running)
    return found


async def measure_server(
    name: str,
    command: Sequence[str],
    model: str,
    plan: Plan,
    *,
    environ: Mapping[str, str] | None = None,
    share: float = 1.0,
    algorithm: str = "",
) -> list[Rounds]:
    """Start a server, measure it, and end it."""
    process = start(command, plan.folder, **(environ or {}))
    port = next(word for word in reversed(command) if word.isdigit())
    url = f"http://127.0.0.1:{port}"
    try:
        if not await wait_until_up(f"{url}/v1/models", process, within_s=300):
            print(f"{name} did not start", file=sys.stderr)
            return []
        if algorithm:
            told = {"endpoint": f"{plan.provider}/v1", "api_key": "none", "model": model, "alg": algorithm}
            async with aiohttp.ClientSession() as session:
                await session.post(f"{url}/configure", json={**told, "budget": 1, "regex_patterns": [".*"]})
        return await plan.in_rounds(name, partial(plan.ask_server, url, model, process.pid), share=share)
    finally:
        end(process)


def make_environment(peer: Peer, peers: Path) -> Path:
    """The environment of a peer; made if it is missing."""
    home = peers / peer.folder
    if not (home / "bin" / peer.command.split()[0]).exists():
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(home)], check=True)
        pip = [sys.executable, "-m", "uv", "pip", "install", "-q", "--python", str(home / "bin" / "python")]
        subprocess.run([*pip, peer.package], check=True)
    return home


def end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    process.wait()


def render(found: Sequence[Rounds]) -> str:
    """Two tables, whole and streamed; medians over the rounds."""
    return "\n".join(
        [
            "## Whole answers\n",
            *_table([each for each in found if "streamed" not in each.name]),
            "",
            "## Streamed answers\n",
            *_table([each for each in found if "streamed" in each.name]),
        ]
    )


def _table(found: Sequence[Rounds]) -> list[str]:
    bare = [run for each in found for run in each.bare]
    lines = [
        "| | CPU, ms | over the bare call | lowest and highest | requests/s | median, ms |",
        "|---|---|---|---|---|---|",
        _line("bare call", bare, "1.0", ""),
    ]
    for each in found:
        ratios = each.ratios
        spread = f"{min(ratios):.1f} to {max(ratios):.1f}"
        lines.append(
            _line(each.name.removesuffix(", streamed"), each.runs, f"{statistics.median(ratios):.1f}", spread)
        )
    return lines


def _line(name: str, runs: Sequence[Run], ratio: str, spread: str) -> str:
    def middle(what: str) -> float:
        return statistics.median(getattr(run, what) for run in runs)

    return (
        f"| {name} | {middle('cpu_ms'):.2f} | {ratio} | {spread} | {middle('per_second'):.0f} "
        f"| {middle('median_ms'):.1f} |"
    )


def page(tables: str, given: argparse.Namespace) -> str:
    cores = os.cpu_count()
    note = "\n**Measured on a busy machine: not final.**\n" if given.busy else ""
    return f"""# What serving adds to a call

One question of one call, {given.requests} times (the peers a tenth of that), {given.at_once} at once, against a
provider on the same machine that answers after 20 ms; streams have 40 pieces. CPU is user and system time of the
serving process for each request. The bare call is what a client takes that asks the provider itself: aiohttp sends one
request and reads the reply, in a process that does nothing else. It is measured just before each of {given.rounds}
rounds of each server, and the ratio is the median over these rounds. Measured on {cores} cores with Python
{sys.version.split()[0]}. The aim for `itas serve` is 2.0 times the bare call at most; where it stands higher, it
is missed. Who asks the provider through the openai SDK takes what stands in that row, without any server.
{note}
{tables}

A server does what the bare call does on its way to the provider, and takes a request in and gives an answer out
besides. The relay shows what that alone costs in aiohttp: it passes bytes on and looks at nothing. `itas serve` checks
the request, runs the architecture, numbers the draw, writes the intent into the ledger before and the answer into the
call store after the call (in memory: not on the disk), and keeps the trace. The peers were started as their
documentation says, without access to a network, LiteLLM without a master key; its-hub asks the provider for a whole
answer and streams it in one piece.

Made by `benchmarks_perf/serving.py --requests {given.requests} --at-once {given.at_once} --rounds {given.rounds}
--peers FOLDER --write`.
"""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--requests", type=int, default=2000)
    parser.add_argument("--at-once", type=int, default=16)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--peers", type=Path, default=None)
    parser.add_argument("--write", action="store_true", help="write docs/results/serving.md")
    parser.add_argument("--busy", action="store_true", help="say on the page that other work went on")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        plan = Plan(given.requests, given.at_once, given.rounds, "http://127.0.0.1:18100", Path(folder))
        tables = render(asyncio.run(measure(plan, given.peers)))
    print(tables)
    if given.write:
        PAGE.write_text(page(tables, given), "utf-8")


if __name__ == "__main__":
    main()
