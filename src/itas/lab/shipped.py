"""The landscapes that are shipped: eight of one kind each, and rough ones.

Skills are made up. Sizes of effects are set so that the table of builds (ensemble, critic, ranker, fuser, verifier,
tests), the plateau at 30 to 50 calls and the span between one call and the best architecture have the signs and
the order of size published in arXiv:2409.15254, tables 5, 37 and 38; docs/results/lab.md puts them side by side.
"""

from itas.core.spec import suggest
from itas.errors import SpecError
from itas.lab.landscape import Landscape

_LARGE_FUSING = (0.75, 0.95, 0.70, 0.62, 0.40, 0.58, 0.52, 0.50, 0.42, 0.36)
_LARGE_JUDGING = (0.80, 0.85, 0.75, 0.70, 0.60, 0.66, 0.62, 0.60, 0.55, 0.50)


def _steps(top: float, gap: float) -> tuple[float, ...]:
    """Ten skills falling from `top` by `gap` each."""
    return tuple(round(top - gap * place, 3) for place in range(10))


def _large(name: str, description: str, **numbers: object) -> Landscape:
    return Landscape.parse({
        "name": name,
        "description": description,
        "fusing": _LARGE_FUSING,
        "judging": _LARGE_JUDGING,
        **numbers,
    })  # fmt: skip


_SHIPPED = (
    _large("instruction", "Two judgements of preference; fusing gains much, also in several layers.",
           scoring="preferred", luck=1.0, generating=_steps(-0.15, 0.10), synthesis=0.6, staleness=0.9,
           own_weight=0.08, drift=0.05),
    _large("chat", "Preference again, with one model far ahead of the others.",
           scoring="preferred", luck=1.0, generating=(0.2, *_steps(-0.4, 0.08)[:9]), synthesis=0.55, staleness=0.85,
           own_weight=0.08, drift=0.05),
    _large("arena", "Preference on hard problems: judges are less sure, late layers gain less.",
           scoring="preferred", luck=1.0, generating=_steps(-0.35, 0.14), synthesis=0.75, staleness=0.8,
           own_weight=0.12, drift=0.05, blindness=0.9),
    _large("knowledge", "Easy questions of fact: most models are right, little is to be gained.",
           generating=_steps(1.9, 0.12), synthesis=0.25, staleness=0.3, taste=0.5, kinship=0.3),
    _large("reasoning", "Hard questions: models fail on different ones, a second look helps.",
           generating=_steps(0.45, 0.13), synthesis=0.4, staleness=0.5, taste=0.9),
    _large("mathematics", "Right or wrong; many samples and checks help, stacked fusers lose.",
           generating=_steps(1.7, 0.16), synthesis=0.25, staleness=0.2, drift=0.2, wavering=0.8, checking=1.2,
           testing=1.2),
    _large("code", "Few answers are right; tests find them, fusers spoil them.",
           generating=_steps(-1.7, 0.15), synthesis=0.05, drift=0.3, wavering=1.0, testing=0.4, checking=0.8,
           own_weight=0.1, allure=0.9),
    _large("flat", "Nothing that can be built is much better than one call of the best model.",
           generating=_steps(0.9, 0.01), synthesis=0.02, drift=0.0, taste=0.03, kinship=0.0, wavering=0.05,
           fuse_noise=0.05, own_weight=0.0,
           luck=0.08),
    _large("deceptive", "Bad answers look good: judges mislead, so choosing does harm.",
           generating=_steps(0.3, 0.10), synthesis=0.4, deceit=1.3, blindness=0.5, staleness=0.4),
    Landscape(
        name="small-models",
        description="Models of 8 billion weights and less: ranking helps, fusing harms.",
        scoring="preferred", luck=1.0,
        generating=_steps(-2.0, 0.06),
        fusing=(0.15, 0.2, 0.1, 0.12, 0.1, 0.08, 0.08, 0.06, 0.05, 0.05),
        judging=(0.6, 0.62, 0.55, 0.55, 0.5, 0.5, 0.45, 0.45, 0.4, 0.4),
        synthesis=0.4, drift=0.35, taste=0.7, critique_help=1.15,
    ),
    _large("rough-reasoning", "The reasoning landscape with quirks that no feature explains.",
           generating=_steps(0.45, 0.13), synthesis=0.4, staleness=0.5, taste=0.9, quirks=0.15),
    _large("rough-instruction", "The instruction landscape with quirks that no feature explains.",
           scoring="preferred", luck=1.0, generating=_steps(-0.15, 0.10), synthesis=0.6, staleness=0.9,
           own_weight=0.08, drift=0.05,
           quirks=0.15),
)  # fmt: skip

LANDSCAPES: dict[str, Landscape] = {each.name: each for each in _SHIPPED}


def find_landscape(name: str) -> Landscape:
    """The shipped landscape with that name.

    Raises:
        SpecError: There is none.
    """
    if name not in LANDSCAPES:
        raise SpecError(f"no landscape is named '{name}'. {suggest(name, list(LANDSCAPES))}")
    return LANDSCAPES[name]
