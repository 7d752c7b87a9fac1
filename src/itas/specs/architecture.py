"""Read and write architectures as files: YAML or JSON, and the old JSON of the Archon paper's authors."""

import logging
from pathlib import Path
from typing import Any, cast

from itas.core.architecture import Architecture, Layer
from itas.core.component import Component
from itas.errors import SpecError
from itas.specs.files import load_data
from itas.specs.legacy import Conversion, convert_legacy, is_legacy
from itas.specs.yaml import dump_yaml

_log = logging.getLogger(__name__)


def load_architecture(path: Path | str) -> Architecture:
    """Read an architecture from a file; ``-`` is standard input.

    What `load_conversion` warns about is logged.

    Raises:
        SpecError: The file cannot be read, or what it describes cannot run.
    """
    conversion = load_conversion(path)
    for warning in conversion.warnings:
        _log.warning("%s: %s", path, warning)
    return conversion.architecture


def load_conversion(path: Path | str) -> Conversion:
    """Read an architecture, and what was left out or changed if its file is in the old form.

    Raises:
        SpecError: As `load_architecture`.
    """
    where = "standard input" if str(path) == "-" else str(path)
    return parse_architecture(load_data(path), where=where)


def parse_architecture(data: object, *, where: str = "") -> Conversion:
    """Make an architecture of what a file holds, in our form or in the old one.

    A ``$schema`` that an editor put there is read over.

    Raises:
        SpecError: Naming each place that is wrong.
    """
    if not isinstance(data, dict):
        raise SpecError("an architecture is a mapping with 'layers', found something else.", path=where)
    fields = cast("dict[str, Any]", data)
    if isinstance(fields.get("$schema"), str):
        fields = {key: value for key, value in fields.items() if key != "$schema"}
    if is_legacy(fields):
        return convert_legacy(fields, where=where)
    return Conversion(Architecture.parse(fields, where=where))


def dump_architecture(architecture: Architecture, *, schema: str | None = None) -> str:
    """Write an architecture as YAML: no defaults, layers in their short form.

    Components side by side that differ only in their model are written once, with ``models:``. Reading the
    text gives an architecture with the same fingerprint.

    Args:
        architecture: What to write.
        schema: Address or path of the JSON Schema, for editors; written as the first line.
    """
    fields = architecture.model_dump(mode="json", exclude_defaults=True, exclude={"layers"})
    layers = [_short_layer(layer) for layer in architecture.layers]
    text = dump_yaml({**fields, "layers": layers})
    return f"# yaml-language-server: $schema={schema}\n{text}" if schema else text


def _short_layer(layer: Layer) -> object:
    groups: list[list[dict[str, Any]]] = []
    for component in layer.components:
        fields = _fields(component)
        if groups and "model" in fields and _but_model(groups[-1][0]) == _but_model(fields):
            groups[-1].append(fields)
        else:
            groups.append([fields])
    written = [_merge(group) for group in groups]
    more = layer.model_dump(mode="json", exclude={"components"})
    if more:
        return {"components": written, **more}
    return written[0] if len(written) == 1 else written


def _fields(component: Component) -> dict[str, Any]:
    return component.model_dump(mode="json", exclude_defaults=True)


def _but_model(fields: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in fields.items() if key != "model"}


def _merge(group: list[dict[str, Any]]) -> dict[str, Any]:
    first = group[0]
    if len(group) == 1:
        return first
    models = [fields["model"] for fields in group]
    return {"type": first["type"], "models": models, **_but_model(first)}
