"""Who proposes what to try next, one searcher per file."""

from typing import Annotated, Any, cast

from pydantic import BeforeValidator, SerializeAsAny

from itas.core.spec import suggest
from itas.search.searchers.base import Searcher, searcher_registry
from itas.search.searchers.bayesian import Bayesian
from itas.search.searchers.evolution import Evolution
from itas.search.searchers.exhaustive import Exhaustive
from itas.search.searchers.front import Front
from itas.search.searchers.greedy import Greedy
from itas.search.searchers.optuna import Nsga2, Tpe
from itas.search.searchers.paper import Paper
from itas.search.searchers.racing import Racing
from itas.search.searchers.random import RandomSearch

# Those that come with the program; what is plugged in is in the registry.
SEARCHERS: dict[str, type[Searcher]] = {
    cls.type: cls
    for cls in (Racing, Front, Bayesian, Paper, Evolution, Greedy, RandomSearch, Exhaustive, Tpe, Nsga2)
}


def parse_searcher(data: object) -> Searcher:
    """Read a searcher: its name, or a mapping with ``type`` and its options.

    Raises:
        ValueError: An unknown name, or an option that it does not have.
    """
    if isinstance(data, Searcher):
        return data
    if isinstance(data, str):
        data = {"type": data}
    if not isinstance(data, dict):
        raise ValueError(f"a searcher is a name or a mapping with a 'type', found {data!r}")
    fields = {str(key): value for key, value in cast("dict[object, Any]", data).items()}
    name = str(fields.pop("type", ""))
    cls = searcher_registry.find(name)
    if cls is None:
        raise ValueError(f"unknown searcher '{name}'. {suggest(name, list(searcher_registry.announced()))}")
    for option in fields:
        if option not in cls.model_fields:
            raise ValueError(f"'{name}' has no '{option}'. {suggest(option, list(cls.model_fields))}")
    return cls.model_validate(fields)


AnySearcher = Annotated[SerializeAsAny[Searcher], BeforeValidator(parse_searcher)]

__all__ = [
    "SEARCHERS",
    "AnySearcher",
    "Bayesian",
    "Evolution",
    "Exhaustive",
    "Front",
    "Greedy",
    "Nsga2",
    "Paper",
    "Racing",
    "RandomSearch",
    "Searcher",
    "Tpe",
    "parse_searcher",
]
