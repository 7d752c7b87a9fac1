"""Architectures as files: safe YAML and JSON, a schema for editors, the old JSON of the paper's authors."""

from itas.specs.architecture import (
    dump_architecture,
    load_architecture,
    load_conversion,
    parse_architecture,
)
from itas.specs.files import load_data, load_text, parse_data
from itas.specs.json import parse_json
from itas.specs.legacy import Conversion, convert_legacy, is_legacy
from itas.specs.presets import (
    Preset,
    fill_preset,
    find_preset,
    is_preset_reference,
    list_presets,
    load_preset,
    load_preset_reference,
    read_preset,
)
from itas.specs.schema import architecture_schema
from itas.specs.yaml import dump_yaml, parse_yaml

__all__ = [
    "Conversion",
    "Preset",
    "architecture_schema",
    "convert_legacy",
    "dump_architecture",
    "dump_yaml",
    "fill_preset",
    "find_preset",
    "is_legacy",
    "is_preset_reference",
    "list_presets",
    "load_architecture",
    "load_conversion",
    "load_data",
    "load_preset",
    "load_preset_reference",
    "load_text",
    "parse_architecture",
    "parse_data",
    "parse_json",
    "parse_yaml",
    "read_preset",
]
