"""Who proposes what to try next, one searcher per file."""

from typing import Annotated, Any, cast

from pydantic import BeforeValidator, SerializeAsAny

from itas.core.spec import suggest
from itas.search.searchers.base import Searcher
from itas.search.searchers.bayesian import Bayesian
from itas.search.searchers.exhaustive import Exhaustive
from itas.search.searchers.greedy import Greedy
from itas.search.searchers.paper import Paper
from itas.search.searchers.racing import Racing
from itas.search.searchers.random import RandomSearch

SEARCHERS: dict[str, type[Searcher]] = {
    cls.type: cls for cls in (Racing, Bayesian, Paper, Greedy, RandomSearch, Exhaustive)
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
    if name not in SEARCHERS:
        raise ValueError(f"unknown searcher '{name}'. {suggest(name, list(SEARCHERS))}")
    cls = SEARCHERS[name]
    for option in fields:
        if option not in cls.model_fields:
            raise ValueError(f"'{name}' has no '{option}'. {suggest(option, list(cls.model_fields))}")
    return cls.model_validate(fields)


AnySearcher = Annotated[SerializeAsAny[Searcher], BeforeValidator(parse_searcher)]

__all__ = [
    "SEARCHERS",
    "AnySearcher",
    "Bayesian",
    "Exhaustive",
    "Greedy",
    "Paper",
    "Racing",
    "RandomSearch",
    "Searcher",
    "parse_searcher",
]
