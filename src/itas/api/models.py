"""Which models can be used, with what they cost."""

from dataclasses import dataclass

from itas.api.settings import Settings, read_environment
from itas.core.architecture import Architecture
from itas.core.extension import place_of
from itas.core.spec import suggest
from itas.errors import SpecError
from itas.models.plugged import model_registry
from itas.models.providers.known import KNOWN, find_provider


@dataclass(frozen=True, slots=True)
class ProviderLine:
    """One provider.

    Attributes:
        name: First part of its model ids.
        address: Where calls go.
        key: The variable that holds its key and whether it is set, or that none is needed.
        is_ready: Nothing is missing.
    """

    name: str
    address: str
    key: str
    is_ready: bool


@dataclass(frozen=True, slots=True)
class ModelLine:
    """One model whose price is known.

    Attributes:
        id: ``provider/model``.
        usd_in: Dollars per million tokens of the prompt.
        usd_out: Dollars per million tokens of the answer.
    """

    id: str
    usd_in: float
    usd_out: float


def list_providers(settings: Settings) -> tuple[ProviderLine, ...]:
    """Every known provider and those of the settings, the simulated and replayed ones first."""
    environ = read_environment()
    lines = [
        ProviderLine("simulated", "in this process", "no key needed", is_ready=True),
        ProviderLine("replay", "a recording (--recording FILE)", "no key needed", is_ready=True),
    ]
    model_registry.load_all()
    lines += [
        ProviderLine(name, f"plugged in: {place_of(make)}", "its own", is_ready=True)
        for name, make in model_registry.known().items()
    ]
    for name in sorted({*KNOWN, *settings.providers}):
        try:
            provider = find_provider(name, settings.providers, environ)
        except SpecError as error:
            lines.append(ProviderLine(name, str(error), "", is_ready=False))
            continue
        if provider is None:
            continue
        found = next((each for each in provider.key_variables if environ.get(each, "").strip()), None)
        if found:
            key = f"{found} is set"
        elif provider.needs_key:
            key = f"set {' or '.join(provider.key_variables)}"
        else:
            key = "no key needed"
        lines.append(
            ProviderLine(name, provider.base_url, key, is_ready=bool(found) or not provider.needs_key)
        )
    return tuple(lines)


def list_simulated() -> tuple[ModelLine, ...]:
    """The simulated models. Their prices are made up, like everything else about them."""
    from itas.models.simulated import PROFILES

    return tuple(
        ModelLine(f"simulated/{each.name}", each.micro_usd_in / 1e6, each.micro_usd_out / 1e6)
        for each in PROFILES
    )


def list_priced(provider: str) -> tuple[ModelLine, ...]:
    """Models of a provider in the installed price table.

    Raises:
        SpecError: The table does not know the provider.
    """
    from itas.models.prices import list_models

    found = list_models(provider)
    if not found:
        raise SpecError(f"the installed price table has no models of '{provider}'")
    return tuple(
        ModelLine(id, price.base.tokens_in / 1e6, price.base.tokens_out / 1e6) for id, price in found
    )


def check_providers(architecture: Architecture, settings: Settings) -> None:
    """Refuse an architecture with a model of a provider that nobody knows.

    Raises:
        SpecError: Naming the model and the nearest provider.
    """
    known = sorted({*KNOWN, *settings.providers, *model_registry.announced(), "simulated", "replay"})
    for model in architecture.models:
        provider = model.partition("/")[0]
        if provider not in known:
            raise SpecError(
                f"'{model}' is no file, no run folder, and '{provider}' no provider. {suggest(provider, known)}"
            )
