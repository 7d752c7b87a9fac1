"""Write examples/architectures/presets/ from the presets that come with the program, with models in the place of roles.

    .venv/bin/python docs/generate_examples.py          # writes the files
    .venv/bin/python docs/generate_examples.py --check  # says whether they are up to date

A test does the same as ``--check``.
"""

import sys
from pathlib import Path

from itas.specs import fill_preset, find_preset, list_presets

TARGET = Path(__file__).parents[1] / "examples" / "architectures" / "presets"
MODELS = {
    "strong": "openai/gpt-4o",
    "cheap": ["openai/gpt-4o-mini", "ollama/llama3.2"],
    "panel": ["openai/gpt-4o", "openai/gpt-4o-mini", "ollama/llama3.2"],
}


def expected() -> dict[str, str]:
    """The text of every file, by its name."""
    return {
        f"{preset.name}.yaml": fill_preset(
            preset.name, {role: MODELS[role] for role in find_preset(preset.name).roles}
        )
        for preset in list_presets()
    }


def main(arguments: list[str]) -> int:
    """Write the files or compare them."""
    found = {path.name: path.read_text(encoding="utf-8") for path in TARGET.glob("*.yaml")}
    if "--check" in arguments:
        return int(found != expected())
    TARGET.mkdir(parents=True, exist_ok=True)
    for name in found.keys() - expected().keys():
        (TARGET / name).unlink()
    for name, text in expected().items():
        (TARGET / name).write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
