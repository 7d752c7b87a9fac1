"""Open ``local/...`` reward models: which kind a folder or hub name holds, loaded once, run on a thread.

Only weights in the safetensors format are read, because the older format runs code when it is opened; code that
comes with a model is never run. Nothing is fetched unless that was allowed.
"""

import asyncio
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from itas.core.messages import Conversation
from itas.core.rating import Rater
from itas.errors import ModelError, SpecError
from itas.models.local.contract import Libraries, Rate
from itas.models.local.pairwise import is_pairwise, load_pairwise
from itas.models.local.reward import load_reward

PREFIX = "local/"


class LocalRaters:
    """A `core.rating.RaterSource`.

    Args:
        may_download: Whether a model that is not on this machine may be fetched from the Hugging Face hub.
        device: ``cpu``, ``cuda``, ``mps``; the best that is there if None.
    """

    def __init__(self, *, may_download: bool = False, device: str | None = None) -> None:
        self._may_download = may_download
        self._device = device
        self._raters: dict[str, Rater] = {}

    def __call__(self, id: str) -> Rater:
        """The rater behind ``local/NAME``; NAME is a folder or a name on the hub.

        Raises:
            SpecError: The extra is missing, there is no such model, or it is none that rates.
        """
        if id not in self._raters:
            self._raters[id] = _ThreadedRater(id, self._load(id))
        return self._raters[id]

    def _load(self, id: str) -> Rate:
        libraries = _import_libraries(id)
        name = id.removeprefix(PREFIX)
        source: dict[str, Any] = {"local_files_only": not self._may_download, "trust_remote_code": False}
        try:
            about = libraries.transformers.AutoConfig.from_pretrained(name, **source)
            device = self._device or _best_device(libraries.torch)
            load = load_pairwise if is_pairwise(about) else load_reward
            return load(name, about, libraries, source=source, device=device)
        except (OSError, ValueError) as error:
            raise SpecError(_why_not(id, name, error, may_download=self._may_download)) from error


class _ThreadedRater:
    """Runs one question at a time on a thread, so that the event loop goes on."""

    def __init__(self, id: str, rate: Rate) -> None:
        self._id = id
        self._rate = rate
        self._turn = asyncio.Lock()

    async def rate(self, conversation: Conversation, texts: Sequence[str]) -> tuple[float, ...]:
        """See `core.rating.Rater.rate`."""
        question = conversation_text(conversation)
        async with self._turn:
            try:
                return tuple(await asyncio.to_thread(self._rate, question, list(texts)))
            except RuntimeError as error:  # what torch raises for everything, memory included
                raise ModelError(f"'{self._id}' failed: {error}", provider="local") from error


def conversation_text(conversation: Conversation) -> str:
    """The question; earlier messages, where there are any, stand before it with their roles."""
    if len(conversation) == 1:
        return conversation[0].content
    return "\n\n".join(f"{message.role}: {message.content}" for message in conversation)


def _import_libraries(id: str) -> Libraries:
    # By name, so that neither the type checker nor a plain installation needs them.
    try:
        return Libraries(import_module("torch"), import_module("transformers"))
    except ImportError:
        message = f"'{id}' needs the extra 'local'. Install it: pip install 'itas[local]'"
        raise SpecError(message) from None


def _best_device(torch: Any) -> str:
    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


def _why_not(id: str, name: str, error: Exception, *, may_download: bool) -> str:
    first_line = str(error).strip().partition("\n")[0]
    if may_download or Path(name).exists():
        return f"'{id}' cannot be loaded: {first_line}"
    return f"'{id}' is not on this machine. Fetch it (hf download {name}) or name its folder: {first_line}"
