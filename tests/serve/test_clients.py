"""Unchanged clients against a running server, each in an environment of its own: ``make test-clients``.

The environments are made once, in ``ITAS_CLIENTS`` or a folder for temporary files, with whatever the newest versions
are that the package index gives.
"""

import asyncio
import os
import sys
import tempfile
from pathlib import Path

import pytest

from tests.models.fake_server import serving
from tests.serve.clients.provider import answer
from tests.serve.processes import serving_process

PROGRAMS = Path(__file__).parent / "clients"
KEY = "key-of-the-clients-1234"
CLIENTS = {
    "openai_sdk": ["openai"],
    "litellm_sdk": ["litellm"],
    "langchain_chat": ["langchain-openai"],
    "llm_tool": ["llm"],
    "inspect_task": ["inspect_ai", "openai"],
    "lm_eval_task": ["lm_eval[api]"],
}


async def run(*command: str) -> str:
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    output, _ = await process.communicate()
    text = output.decode(errors="replace")
    assert process.returncode == 0, text[-4000:]
    return text


async def environment(name: str, packages: list[str]) -> str:
    """The interpreter of an environment with these packages; made if it is missing."""
    folder = Path(os.environ.get("ITAS_CLIENTS", Path(tempfile.gettempdir()) / "itas-clients")) / name
    python = str(folder / "bin" / "python")
    if not (folder / "done").is_file():
        await run(sys.executable, "-m", "venv", "--clear", str(folder))
        await run(python, "-m", "pip", "install", "-q", "--disable-pip-version-check", *packages)
        (folder / "done").touch()
    return python


@pytest.mark.clients
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("client", CLIENTS)
async def test_an_unchanged_client_works(client: str, tmp_path: Path):
    python = await environment(client, CLIENTS[client])
    async with serving(answer) as provider, serving_process(
        tmp_path, "one.yaml", "fused.yaml", provider=f"{provider.url}/v1", environ={"ITAS_SERVE_KEY": KEY}
    ) as server:  # fmt: skip
        assert (await run(python, str(PROGRAMS / f"{client}.py"), server.url, KEY)).strip().endswith("fine")
