"""Presets: the named architectures of the literature, with roles in the place of models.

A preset is a file beside this one. Wherever an architecture names a model, it may name a role:
``model: {role: strong}``, ``models: {role: panel}``, ``models: {role: panel, count: 8}`` (eight, going round
the panel). Models come by role (``preset:moa?strong=openai/gpt-4o&panel=a/1,b/2``) or as a list, best first.
"""

import re
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any, Literal, cast

from pydantic import Field

from itas.core.architecture import Architecture
from itas.core.spec import MODEL_PATTERN, Spec, parse_as, suggest
from itas.errors import SpecError
from itas.specs.yaml import parse_yaml

PREFIX = "preset:"

RoleName = Literal["strong", "cheap", "panel"]
Models = Mapping[str, str | Sequence[str]] | Sequence[str]
"""Models by role, or a list of them, best first; see `assign_roles`."""

_MODEL = re.compile(MODEL_PATTERN)
_ROLE = re.compile(r"(?P<key>models?): \{role: (?P<role>\w+)(?:, count: (?P<count>\d+))?\}")


class Preset(Spec):
    """A named architecture whose models are still open.

    Attributes:
        name: Also the name of its file.
        description: What it does, in a sentence.
        roles: What each role does in it. ``strong`` is one model; ``cheap`` and ``panel`` are one or more.
        max_candidates: As in an architecture.
        layers: As in an architecture, with roles in the place of models.
    """

    name: str
    description: str
    roles: dict[RoleName, str] = Field(min_length=1)
    max_candidates: int = 24
    layers: tuple[Any, ...] = Field(min_length=1)


def load_preset(name: str, models: Models) -> Architecture:
    """A preset as an architecture of these models.

    Args:
        name: One of `list_presets`.
        models: By role, each role of the preset and no other; or a list, which is assigned by `assign_roles`.

    Raises:
        SpecError: There is no such preset, a role is missing or unknown, or what is given is no model.
    """
    preset = find_preset(name)
    where = f"{PREFIX}{name}"
    chosen = models if isinstance(models, Mapping) else assign_roles(preset, models)
    filled = _check_roles(preset, chosen, where=where)
    data = preset.model_dump(mode="json", exclude={"roles"})
    return Architecture.parse({**data, "layers": _fill(data["layers"], filled, where=where)}, where=where)


def load_preset_reference(reference: str, models: Sequence[str] = ()) -> Architecture:
    """A preset named in one word: ``preset:NAME`` or ``preset:NAME?role=model,model&role=model``.

    Args:
        reference: The word.
        models: Assigned by `assign_roles` to the roles that the word leaves open.

    Raises:
        SpecError: As `load_preset`, or the word cannot be read.
    """
    name, _, query = reference.removeprefix(PREFIX).partition("?")
    preset = find_preset(name)
    named = _parse_query(query, where=f"{PREFIX}{name}")
    given = assign_roles(preset, models) if models else {}
    return load_preset(name, {**given, **named})


def is_preset_reference(text: str) -> bool:
    """Whether a word names a preset."""
    return text.startswith(PREFIX)


def list_presets() -> tuple[Preset, ...]:
    """Every preset that comes with the package, by name."""
    return tuple(find_preset(name) for name in _names())


def find_preset(name: str) -> Preset:
    """A preset by its name.

    Raises:
        SpecError: There is none of that name.
    """
    if name not in _names():
        raise SpecError(f"no preset is named '{name}'. {suggest(name, list(_names()))}")
    where = f"{PREFIX}{name}"
    return parse_as(Preset, parse_yaml(read_preset(name), where=where), where=where)


def read_preset(name: str) -> str:
    """The file of a preset, with the source of each value; to be read, or copied and changed."""
    return (files("itas.specs") / "presets" / f"{name}.yaml").read_text(encoding="utf-8")


def fill_preset(name: str, models: Models) -> str:
    """The file of a preset with models in the place of its roles: an architecture file, comments and all.

    Raises:
        SpecError: As `load_preset`.
    """
    load_preset(name, models)  # refuses what is wrong
    preset = find_preset(name)
    where = f"{PREFIX}{name}"
    chosen = models if isinstance(models, Mapping) else assign_roles(preset, models)
    filled = _check_roles(preset, chosen, where=where)
    before, _, after = read_preset(name).partition("roles:\n")
    while after.startswith("  "):
        after = after.partition("\n")[2]
    used = [f"# Made from the preset '{name}'. {role}: {preset.roles[role]}" for role in preset.roles]
    head, newline, rest = before.partition("\n")

    def put(found: re.Match[str]) -> str:
        ids = filled[found["role"]]
        count = int(found["count"] or len(ids))
        chosen = [ids[number % len(ids)] for number in range(count)]
        return chosen[0] if found["key"] == "model" else f"[{', '.join(chosen)}]"

    layers = _ROLE.sub(lambda found: f"{found['key']}: {put(found)}", after)
    return head + newline + "\n".join(used) + "\n" + rest + layers


def assign_roles(preset: Preset, models: Sequence[str]) -> dict[str, Sequence[str]]:
    """Roles for a list of models, best first: the first is ``strong``, the others (or the only one) are
    ``cheap``, all are the ``panel``. Only the roles that the preset has."""
    assigned = {"strong": models[:1], "cheap": models[1:] or models, "panel": models}
    return {role: ids for role, ids in assigned.items() if role in preset.roles and ids}


@cache
def _names() -> tuple[str, ...]:
    folder = files("itas.specs") / "presets"
    found = (entry.name for entry in folder.iterdir())
    return tuple(sorted(name.removesuffix(".yaml") for name in found if name.endswith(".yaml")))


def _parse_query(query: str, *, where: str) -> dict[str, list[str]]:
    roles: dict[str, list[str]] = {}
    for part in query.split("&") if query else []:
        role, equals, ids = part.partition("=")
        if not equals or role in roles:
            law = "is given twice" if equals else "is no role=model"
            raise SpecError(f"'{part}' {law}. Write {where}?role=model,model&role=model.", path=where)
        roles[role] = [id.strip() for id in ids.split(",") if id.strip()]
    return roles


def _check_roles(
    preset: Preset, models: Mapping[str, str | Sequence[str]], *, where: str
) -> dict[str, list[str]]:
    filled = {role: [ids] if isinstance(ids, str) else list(ids) for role, ids in models.items()}
    known = cast("list[str]", list(preset.roles))
    for role in filled:
        if role not in known:
            raise SpecError(f"it has no role '{role}'. {suggest(role, known)}", path=where)
    for role, meaning in preset.roles.items():
        ids = filled.get(role, [])
        if not ids:
            example = "provider/model" if role == "strong" else "provider/model,provider/model"
            raise SpecError(
                f"no model for the role '{role}': {meaning} Add {role}={example}, or name models with -m.",
                path=where,
            )
        if role == "strong" and len(ids) > 1:
            raise SpecError(
                f"the role 'strong' is one model, found {len(ids)}: {', '.join(ids)}.", path=where
            )
        for id in ids:
            _check_model(id, where=f"{where}: {role}")
    return filled


def _check_model(id: str, *, where: str) -> None:
    if not _MODEL.match(id):
        raise SpecError(
            f"'{id}' is not a model. Write provider/model, for instance openai/gpt-4o.", path=where
        )


def _fill(value: object, models: Mapping[str, list[str]], *, where: str, is_single: bool = False) -> object:
    """The value with models in the place of roles."""
    if isinstance(value, list):
        return [_fill(item, models, where=where) for item in cast("list[object]", value)]
    if not isinstance(value, dict):
        return value
    fields = cast("dict[str, object]", value)
    if "role" not in fields:
        return {
            key: _fill(item, models, where=where, is_single=key == "model") for key, item in fields.items()
        }
    ids = models[str(fields["role"])]
    count = fields.get("count", len(ids))
    assert isinstance(count, int)
    chosen = [ids[number % len(ids)] for number in range(count)]
    return chosen[0] if is_single else chosen
