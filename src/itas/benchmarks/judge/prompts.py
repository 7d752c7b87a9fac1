"""Judge prompts out of the official files. None of them is written down here.

Read are FastChat's ``judge_prompts.jsonl``, AlpacaEval's chat templates (``*.txt``), and Arena-Hard's settings
(``*.yaml`` with ``system_prompt`` and ``prompt_template``). Only names in braces that stand in the file are
replaced; what is put in is never read as a template.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import yaml

from itas.benchmarks.files import read_jsonl, read_text
from itas.core.messages import Conversation, Message
from itas.core.spec import Spec
from itas.errors import DataError

_NAME = re.compile(r"\{([A-Za-z_0-9]+)\}")
_CHAT = re.compile(r"<\|im_start\|>(system|user)\n(.*?)\n?<\|im_end\|>", re.DOTALL)


class JudgePrompt(Spec):
    """A prompt with places to fill.

    Attributes:
        name: As its file calls it.
        source: Name of the file.
        system: System message; empty for none.
        template: The message of the user, with ``{names}``.
    """

    name: str
    source: str
    system: str
    template: str

    @property
    def names(self) -> frozenset[str]:
        """What must be filled in."""
        return frozenset(_NAME.findall(self.template))

    def render(self, values: Mapping[str, str]) -> Conversation:
        """The messages with everything filled in.

        Raises:
            DataError: The file wants something that is not known here.
        """
        unknown = sorted(self.names - set(values))
        if unknown:
            raise DataError(
                f"{self.source}: prompt '{self.name}' wants {{{unknown[0]}}}; known here: {', '.join(sorted(values))}"
            )
        filled = Message(role="user", content=_NAME.sub(lambda found: values[found[1]], self.template))
        return (Message(role="system", content=self.system), filled) if self.system else (filled,)


def load_jsonl_prompts(path: Path) -> dict[str, JudgePrompt]:
    """The prompts of a ``judge_prompts.jsonl``, by name.

    Raises:
        DataError: A line is not of the form.
    """
    found: dict[str, JudgePrompt] = {}
    for row in read_jsonl(path):
        name, template = row.values.get("name"), row.values.get("prompt_template")
        system = row.values.get("system_prompt", "")
        if not isinstance(name, str) or not isinstance(template, str) or not isinstance(system, str):
            raise DataError(f"{row.where}: a judge prompt has 'name', 'system_prompt' and 'prompt_template'")
        found[name] = JudgePrompt(name=name, source=path.name, system=system, template=template)
    return found


def load_chat_prompt(path: Path) -> JudgePrompt:
    """A template of AlpacaEval: ``<|im_start|>system ... <|im_end|>`` and the same of the user.

    Raises:
        DataError: There is no message of the user.
    """
    parts = dict(_CHAT.findall(read_text(path)))
    if "user" not in parts:
        raise DataError(f"{path}: must hold '<|im_start|>user', a text and '<|im_end|>'")
    return JudgePrompt(
        name=path.stem, source=path.name, system=parts.get("system", ""), template=parts["user"]
    )


def load_yaml_prompt(path: Path) -> JudgePrompt:
    """The prompt of an Arena-Hard settings file.

    Raises:
        DataError: Not YAML, or without ``prompt_template`` and ``system_prompt``.
    """
    try:
        data: object = yaml.safe_load(read_text(path))
    except yaml.YAMLError as error:
        raise DataError(f"{path}: not YAML: {error}") from None
    values = cast("dict[str, Any]", data) if isinstance(data, dict) else {}
    template: object = values.get("prompt_template")
    if isinstance(template, list):
        template = "\n".join(str(part) for part in cast("list[object]", template))
    system = values.get("system_prompt")
    if not isinstance(template, str) or not isinstance(system, str):
        raise DataError(
            f"{path}: needs 'prompt_template' and 'system_prompt'. The files of version 2 leave the latter out, "
            "since it stands in the official code: add it to your copy"
        )
    return JudgePrompt(name=path.stem, source=path.name, system=system, template=template)
