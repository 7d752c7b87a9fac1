"""Settings: *how* to run, never *what*; none of them changes an answer.

From strong to weak: arguments, environment (``ITAS_CONCURRENCY``, ``ITAS_PROVIDERS__MINE__BASE_URL``), the file
``itas.yaml`` in the working folder (or the one named), defaults. Keys are never settings: they stand in the
environment, or in a ``.env`` file in this folder or one above, which never overrides the environment.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from pydantic import Field, PositiveInt, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, SettingsError

from itas.core.component import ModelId
from itas.core.spec import parse_as, suggest
from itas.errors import SpecError
from itas.models.prices import PriceEntry
from itas.models.providers.known import ProviderSettings
from itas.models.store import place
from itas.specs import load_data

FILE = "itas.yaml"
IN_MEMORY = place.IN_MEMORY
PREFIX = "ITAS_"
OTHER_VARIABLES = frozenset({
    "ITAS_SHARED_DATA", "ITAS_CHROMIUM", "ITAS_SERVE_KEY", *(f"ITAS_SERVE_KEY_{number}" for number in range(1, 100)),
})  # fmt: skip
"""No settings: read by the tests, and the key of `itas serve` with its numbered ones."""


class Settings(BaseSettings):
    """How to run.

    Attributes:
        providers: Changes to known providers, and providers of the user's own, by name.
        prices: Dollars per million tokens by model id; wins over the table.
        context_tokens: Most tokens, prompt and reply together, by model id; wins over the table.
        store: File of the call store, ``memory`` to forget everything at the end, or ``postgresql://...``.
        runs: Folder of the run folders.
        concurrency: Problems worked on at the same time.
        plugins: Python files with components, models, benchmarks or searchers; relative to the settings file.
    """

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_nested_delimiter="__",
        extra="forbid",
        frozen=True,
        nested_model_default_partial_update=True,
    )

    providers: dict[str, ProviderSettings] = Field(default_factory=dict[str, ProviderSettings])
    prices: dict[ModelId, PriceEntry] = Field(default_factory=dict[ModelId, PriceEntry])
    context_tokens: dict[ModelId, PositiveInt] = Field(default_factory=dict[ModelId, PositiveInt])
    store: str = Field(".itas/calls.sqlite3", min_length=1)
    runs: Path = Path("runs")
    concurrency: PositiveInt = 16
    plugins: tuple[Path, ...] = ()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The environment before the file: the file comes in as the initial values."""
        return env_settings, init_settings


def load_settings(path: Path | None = None) -> Settings:
    """Read the settings file and the environment.

    Args:
        path: The file; ``itas.yaml`` in the working folder if it is there.

    Raises:
        SpecError: The file is missing, unreadable, or says something unknown.
    """
    if path is None and Path(FILE).is_file():
        path = Path(FILE)
    data: object = load_data(path) if path is not None else {}
    if not isinstance(data, dict):
        raise SpecError(f"settings are a mapping, found {type(data).__name__}", path=str(path))
    fields = cast("dict[str, Any]", data)
    if path is not None and isinstance(fields.get("plugins"), list):
        files = cast("list[object]", fields["plugins"])
        fields["plugins"] = [path.parent / each if isinstance(each, str) else each for each in files]
    _check_variables()
    try:
        return Settings(**fields)
    except SettingsError as error:
        raise SpecError(f"{error}; a variable that holds several values is written as JSON") from None
    except ValidationError as error:
        parse_as(_Strict, fields, where=str(path or ""))  # says it in our words if the file is to blame
        first = error.errors(include_url=False, include_input=False)[0]  # what was found may be a key
        variable = PREFIX + "__".join(str(part) for part in first["loc"]).upper()
        raise SpecError(f"{first['msg']}", path=variable) from None


def find_plugins(path: Path | None = None) -> tuple[Path, ...]:
    """The plugin files of the settings; reads them only if there can be some.

    Raises:
        SpecError: As `load_settings`.
    """
    if path is None and not Path(FILE).is_file() and f"{PREFIX}PLUGINS" not in os.environ:
        return ()
    return load_settings(path).plugins


def _check_variables() -> None:
    """Refuse a misspelt variable: it would mean the default in silence."""
    known = [PREFIX + name.upper() for name in Settings.model_fields]
    for variable in os.environ:
        if variable.startswith(PREFIX) and variable not in OTHER_VARIABLES:
            name = variable.partition("__")[0]
            if name not in known:
                raise SpecError(f"no setting has this variable. {suggest(name, known)}", path=variable)


class _Strict(Settings):
    """The same laws without the environment, for error messages about the file."""

    @classmethod
    def settings_customise_sources(cls, *args: Any, **kwargs: Any) -> tuple[PydanticBaseSettingsSource, ...]:
        return (kwargs["init_settings"],) if "init_settings" in kwargs else (args[1],)


def read_environment() -> Mapping[str, str]:
    """The environment, with what a ``.env`` file in this folder or one above adds to it."""
    from dotenv import dotenv_values, find_dotenv

    found = find_dotenv(usecwd=True)
    if not found:
        return dict(os.environ)
    extra = {name: value for name, value in dotenv_values(found, interpolate=False).items() if value}
    return {**extra, **os.environ}
