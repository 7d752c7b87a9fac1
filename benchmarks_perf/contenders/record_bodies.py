"""Writes down what itas sends for one query, layer by layer, so that the bare loop can send the same."""

import asyncio
import json
import sys
from pathlib import Path

from itas_queries import LAYERS
from workload import question

import itas.components  # noqa: F401 - registers the component types
from itas.core.architecture import Architecture
from itas.core.messages import user
from itas.core.model import Listen
from itas.core.request import Completion, Request
from itas.engine import answer
from itas.models.providers.openai import Dialect, render_body
from itas.testing.replies import readable_reply

PLAIN = "The answer follows from the two facts in the question, taken one after the other. Answer: 42"


class Recorder:
    """Answers as the endpoint does, and keeps what it was asked."""

    def __init__(self) -> None:
        self.bodies: list[dict[str, object]] = []

    async def sample(
        self, request: Request, *, n: int = 1, first: int = 0, listen: Listen | None = None
    ) -> tuple[Completion, ...]:
        self.bodies.append(render_body(request, n, Dialect(max_n=128)))
        prompt = request.messages[-1].content
        text = readable_reply(prompt) if prompt.startswith("Task: ") else PLAIN
        return (Completion(text=text),) * n


async def main(folder: str) -> None:
    recorder = Recorder()
    await answer(Architecture.parse({"layers": LAYERS}), user(question(0)), models=lambda _name: recorder)
    *generated, ranked, fused = recorder.bodies
    (Path(folder) / "bodies.json").write_text(json.dumps([generated, [ranked], [fused]]), "utf-8")
    print("{}")


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
