"""What serving adds to a call: requests a second and CPU per request, all in one run, against one fake provider.

    .venv/bin/python benchmarks_perf/serving.py [--requests 2000] [--at-once 16] [--peers FOLDER] [--write]

Measured are: the provider called directly (aiohttp, as `itas` does it), whole and streamed, and the same question
through `itas serve` with a one-call architecture. With ``--peers`` also the servers that are installed in environments
below that folder, each with the same provider behind; one that is missing there is made with uv (see `PEERS`).
``--write`` writes docs/results/serving.md. About five minutes in all.

CPU is user and system time: of the serving process and its children, and for the direct call of this one, which is
the client. The direct call is measured before and after everything else; ratios are to the mean of the two.
"""

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
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
    """

    folder: str
    package: str
    command: str
    model: str
    algorithm: str = ""


PROVIDER = """
import asyncio, json, sys
from aiohttp import web
TEXT = "The answer is forty-two, as it has always been. " * 4
BODY = json.dumps({"id": "x", "object": "chat.completion", "created": 1, "model": "m", "choices": [{"index": 0,
    "message": {"role": "assistant", "content": TEXT}, "finish_reason": "stop"}], "usage": {"prompt_tokens": 20,
    "completion_tokens": 40, "total_tokens": 60}}).encode()
PIECES = [b"data: " + json.dumps({"id": "x", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices":
    [{"index": 0, "delta": {"content": word + " "}, "finish_reason": None}]}).encode() + b"\\n\\n"
    for word in TEXT.split()]
END = b'data: {"id":"x","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{},' \\
    b'"finish_reason":"stop"}]}\\n\\ndata: {"choices":[],"usage":{"prompt_tokens":20,"completion_tokens":40}}\\n\\n' \\
    b'data: [DONE]\\n\\n'
async def answer(request):
    body = json.loads(await request.read())
    await asyncio.sleep(0.02)
    if not body.get("stream"):
        return web.Response(body=BODY, content_type="application/json")
    reply = web.StreamResponse(headers={"content-type": "text/event-stream"})
    await reply.prepare(request)
    for piece in [*PIECES, END]:
        await reply.write(piece)
    return reply
app = web.Application(client_max_size=2**26)
app.router.add_post("/{path:.*}", answer)
app.router.add_get("/{path:.*}", lambda request: web.json_response({"object": "list", "data": [{"id": "m"}]}))
web.run_app(app, host="127.0.0.1", port=int(sys.argv[1]), print=None, access_log=None)
"""
PEERS = {
    "LiteLLM proxy": Peer(
        "litellm",
        "litellm[proxy]",
        "litellm --model openai/m --api_base {provider}/v1 --port {port}",
        "openai/m",
    ),
    "optillm": Peer(
        "optillm", "optillm", "optillm --base-url {provider}/v1 --port {port} --approach none", "m"
    ),
    "its-hub": Peer("its_hub", "its_hub", "its-iaas --port {port}", "m", algorithm="self-consistency"),
}
REPOSITORY = Path(__file__).parents[1]
PAGE = REPOSITORY / "docs" / "results" / "serving.md"
QUESTION = [{"role": "user", "content": "What is the answer?"}]


@dataclass(frozen=True)
class Figures:
    """One variant."""

    name: str
    per_second: float
    cpu_ms: float
    median_ms: float


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
    name: str, url: str, model: str, *, requests: int, at_once: int, pid: int | None, stream: bool = False
) -> Figures:
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
                    raise SystemExit(f"{name}: {reply.status} {text[:300]!r}")
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
    return Figures(name, len(times) / took, 1000 * used / len(times), 1000 * sorted(times)[len(times) // 2])


async def measure(requests: int, at_once: int, peers: Path | None) -> list[Figures]:
    found: list[Figures] = []
    running: list[subprocess.Popen[bytes]] = []
    often = {"requests": requests, "at_once": at_once}
    provider = "http://127.0.0.1:18100"

    async def ask_directly(when: str) -> None:
        found.append(await ask_many(f"direct, {when}", provider, "m", pid=None, **often))
        found.append(
            await ask_many(f"direct, streamed, {when}", provider, "m", pid=None, stream=True, **often)
        )

    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        try:
            (folder / "provider.py").write_text(PROVIDER)
            running.append(start([sys.executable, "provider.py", "18100"], folder))
            assert await wait_until_up(f"{provider}/v1/models", running[-1])
            settings = f"providers:\n  mine: {{base_url: {provider}/v1, is_free: true, concurrency: 256}}\n"
            (folder / "itas.yaml").write_text(settings)
            await ask_directly("before")
            for number, (what, store) in enumerate([("", ""), (", in memory", "memory")]):
                url = f"http://127.0.0.1:{18101 + number}"
                command = [sys.executable, "-m", "itas", "serve", "one=mine/m", "--port", str(18101 + number)]
                running.append(start(command, folder, **({"ITAS_STORE": store} if store else {})))
                assert await wait_until_up(f"{url}/health", running[-1])
                pid = running[-1].pid
                found.append(await ask_many(f"itas serve{what}", url, "one", pid=pid, **often))
                found.append(
                    await ask_many(f"itas serve{what}, streamed", url, "one", pid=pid, stream=True, **often)
                )
                end(running.pop())
            for number, (name, peer) in enumerate(PEERS.items() if peers else ()):
                assert peers is not None
                found += await measure_peer(
                    name, peer, make_environment(peer, peers), folder, provider, 18110 + number, **often
                )
            await ask_directly("after")
        finally:
            for process in running:
                end(process)
    return found


async def measure_peer(
    name: str, peer: Peer, home: Path, folder: Path, provider: str, port: int, *, requests: int, at_once: int
) -> list[Figures]:
    """Fewer requests than of ours: they take longer."""
    command = peer.command.format(provider=provider, port=port).split()
    process = start(
        [str(home / "bin" / command[0]), *command[1:]], folder, OPENAI_API_KEY="none-none-none-none"
    )
    url = f"http://127.0.0.1:{port}"
    few = {"requests": max(100, requests // 5), "at_once": at_once, "pid": process.pid}
    try:
        if not await wait_until_up(f"{url}/v1/models", process, within_s=300):
            print(f"{name} did not start", file=sys.stderr)
            return []
        if peer.algorithm:
            told = {
                "endpoint": f"{provider}/v1",
                "api_key": "none",
                "model": peer.model,
                "alg": peer.algorithm,
            }
            async with aiohttp.ClientSession() as session:
                await session.post(f"{url}/configure", json={**told, "budget": 1})
        found = [await ask_many(name, url, peer.model, **few)]
        try:
            found.append(await ask_many(f"{name}, streamed", url, peer.model, stream=True, **few))
        except (SystemExit, aiohttp.ClientError) as error:
            print(f"{name} does not stream: {str(error)[:200]}", file=sys.stderr)
        return found
    except (SystemExit, aiohttp.ClientError) as error:
        print(f"{name} does not answer: {str(error)[:300]}", file=sys.stderr)
        return []
    finally:
        end(process)


def make_environment(peer: Peer, peers: Path) -> Path:
    """The environment of a peer; made if it is missing."""
    home = peers / peer.folder
    if not (home / "bin" / peer.command.split()[0]).is_file():
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(home)], check=True)
        pip = [sys.executable, "-m", "uv", "pip", "install", "-q", "--python", str(home / "bin" / "python")]
        subprocess.run([*pip, peer.package], check=True)
    return home


def end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    process.wait()


def render(found: Sequence[Figures]) -> str:
    """A table; each ratio is to the direct call of the same kind."""
    lines = [
        "| | requests/s | CPU, ms | ratio | median, ms |",
        "|---|---|---|---|---|",
    ]
    for each in found:
        direct = [
            other.cpu_ms
            for other in found
            if other.name.startswith("direct") and ("streamed" in other.name) == ("streamed" in each.name)
        ]
        ratio = each.cpu_ms * len(direct) / sum(direct)
        lines.append(
            f"| {each.name} | {each.per_second:.0f} | {each.cpu_ms:.2f} | {ratio:.1f} | {each.median_ms:.1f} |"
        )
    return "\n".join(lines) + "\n"


def page(table: str, given: argparse.Namespace) -> str:
    cores = os.cpu_count()
    return f"""# What serving adds to a call

One question of one call, {given.requests} times, {given.at_once} at once, against a provider on the same machine that
answers after 20 ms; streams have 40 pieces. CPU is user and system time of the serving process for each request; for
the direct call, of the client. The ratio is to the direct call of the same kind, whole or streamed, in the same run.
Measured on {cores} cores with Python {sys.version.split()[0]}.

{table}
The direct call is the least: one client that sends bytes and reads bytes. A server does that too, on its second side
reads and writes the same again, checks the request, numbers the draw, writes the intent into the ledger before and
the answer into the call store after the call, and keeps the trace. Peers were started as their documentation says.

Made by `benchmarks_perf/serving.py --requests {given.requests} --at-once {given.at_once} --peers FOLDER --write`.
"""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--requests", type=int, default=2000)
    parser.add_argument("--at-once", type=int, default=16)
    parser.add_argument("--peers", type=Path, default=None)
    parser.add_argument("--write", action="store_true", help="write docs/results/serving.md")
    given = parser.parse_args()
    table = render(asyncio.run(measure(given.requests, given.at_once, given.peers)))
    print(table)
    if given.write:
        PAGE.write_text(page(table, given), "utf-8")


if __name__ == "__main__":
    main()
