"""Components: inference-time techniques in four families, and the world they may touch.

The return type of a family is its guarantee: a selector returns indices and cannot reword an answer,
an annotator returns exactly one critique per candidate and cannot lose one. The engine does the rest.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from random import Random
from typing import Annotated, Any, ClassVar, Literal, Protocol, TypeVar

from pydantic import (
    BeforeValidator,
    Field,
    SerializeAsAny,
    SerializerFunctionWrapHandler,
    model_serializer,
)

from itas.core.candidate import Draft, Mark, Notes, State
from itas.core.execution import CodeLimits, CodeOutcome, CodeTest
from itas.core.extension import Registry
from itas.core.messages import Conversation, Message
from itas.core.request import Completion
from itas.core.spec import MODEL_PATTERN, Spec, suggest

T = TypeVar("T")

EventKind = Literal["unreadable", "fallback", "degraded", "dropped", "empty", "no_walls"]
"""no_walls: generated code was run without a sandbox, because the user said so."""
ModelId = Annotated[str, Field(pattern=MODEL_PATTERN, description="provider/model")]
RaterId = Annotated[str, Field(pattern=r"^local/.+$", description="local/model")]


class Context(Protocol):
    """The world, as far as a component sees it: no keys, clocks, files or memory of its own."""

    async def ask(
        self,
        model: str,
        prompt: str | Sequence[Message],
        *,
        n: int = 1,
        temperature: float | None = None,
        max_tokens: int | None = None,
    ) -> tuple[Completion, ...]:
        """Draw exactly `n` fresh samples (>= 1) of one request.

        Raises:
            ModelError: No answer came.
            BudgetExceeded: A cap was reached before the call.
        """
        ...

    async def ask_readable(
        self,
        model: str,
        prompt: str | Sequence[Message],
        read: Callable[[str], T],
        *,
        attempts: int,
        temperature: float | None = None,
        max_tokens: int | None = None,
    ) -> T:
        """Ask until `read` accepts the reply, at most `attempts` times (>= 1), each one sample.

        Every unreadable reply is counted and stands in the trace.

        Raises:
            ParseError: The last reply was unreadable too.
        """
        ...

    async def rate(self, rater: str, conversation: Conversation, texts: Sequence[str]) -> tuple[float, ...]:
        """Rate texts by a ``local/...`` reward model; see `core.rating.Rater`. No samples are drawn.

        Raises:
            ModelError: The model failed, or gave something that is not a number.
        """
        ...

    async def check_code(
        self,
        code: str,
        tests: Sequence[CodeTest],
        *,
        setup: str = "",
        limits: CodeLimits | None = None,
    ) -> tuple[CodeOutcome, ...]:
        """Run code against tests in the run's sandbox, one outcome per test; see `core.execution.CodeRunner`.
        Only for components that say `runs_code`. No samples are drawn.

        Raises:
            SandboxError: It could not be run safely, so it was not run; never a verdict on the code.
        """
        ...

    def random(self, *material: str) -> Random:
        """A generator that depends on the run's seed and on `material` only, not on the place: the
        same prompt in two architectures is the same request, so the call store can serve both."""
        ...

    def mark(self, candidate: int, mark: Mark) -> None:
        """Attach a finding to the candidate with that number in the input."""
        ...

    def report(self, kind: EventKind, detail: str) -> None:
        """Count something that did not go as described: a declared fallback, a dropped candidate."""
        ...


class Component(Spec, ABC):
    """A technique with its parameters; the class is the spec.

    Class attributes tell the construction rules what a component needs and gives; see `core/rules.py`.
    """

    type: ClassVar[str]
    needs_candidates: ClassVar[bool] = True
    reads_all: ClassVar[bool] = False
    """All candidates stand in one request, so their number is limited by the model's context."""
    uses_critiques: ClassVar[bool] = False
    needs_tests: ClassVar[bool] = False

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        name = cls.__dict__.get("type")
        if isinstance(name, str):
            _register(name, cls)

    @model_serializer(mode="wrap")
    def _with_type(self, serialize: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return {"type": self.type, **serialize(self)}

    @abstractmethod
    def max_samples(self, n: int) -> int:
        """Upper bound on model samples for `n` candidates, asking again included."""

    def planned_samples(self, n: int) -> int:
        """Samples for `n` candidates when every reply is readable; what a call budget counts."""
        return self.max_samples(n)

    @abstractmethod
    def max_out(self, n: int) -> int:
        """Upper bound on candidates after this component alone had `n`."""

    def texts_read(self, n: int) -> int:
        """Candidates whose text stands in one request; for estimating prompt lengths."""
        return n if self.reads_all else min(n, 1)

    def models(self) -> tuple[str, ...]:
        """Every ``provider/model`` this component may ask."""
        model = getattr(self, "model", None)
        return (model,) if isinstance(model, str) else ()

    def raters(self) -> tuple[str, ...]:
        """Every ``local/...`` reward model this component may use."""
        return ()

    def writes_once(self, n: int) -> bool:
        """Whether for `n` candidates exactly one sample is asked for, once, and its text comes out unchanged: as
        the last component it can be heard while the model writes."""
        return False

    @property
    def runs_code(self) -> bool:
        """Whether it runs code of candidates, so that a sandbox is needed."""
        return False


class Preparer(Component):
    """Finds out something about the question."""

    @abstractmethod
    async def prepare(self, state: State, ctx: Context) -> Notes: ...

    def max_out(self, n: int) -> int:
        return n


class Producer(Component):
    """Writes new candidates."""

    keeps_candidates: ClassVar[bool] = False
    """New candidates join the old ones instead of replacing them."""
    only_writes: ClassVar[bool] = False
    """Every request of it asks for an answer itself, so a caller's wishes for its form may be added there."""

    @abstractmethod
    async def produce(self, state: State, ctx: Context) -> tuple[Draft, ...]: ...


class Selector(Component):
    """Chooses: indices of candidates, each at most once, best first."""

    @abstractmethod
    async def select(self, state: State, ctx: Context) -> tuple[int, ...]: ...


class Annotator(Component):
    """Writes exactly one critique per candidate, in their order."""

    @abstractmethod
    async def annotate(self, state: State, ctx: Context) -> tuple[str, ...]: ...

    def max_out(self, n: int) -> int:
        return n


component_registry: Registry[type[Component]] = Registry("component", "itas.components")


def _register(name: str, cls: type[Component]) -> None:
    component_registry.add(name, cls)


def component_types() -> dict[str, type[Component]]:
    """Every component type that has been imported, by name."""
    return component_registry.known()


def parse_component(data: object) -> Component:
    """Make a component from foreign data, by its ``type``.

    Raises:
        ValueError: Not a mapping, no type or an unknown one (pydantic turns it into a located error).
        ValidationError: A field is wrong.
    """
    if isinstance(data, Component):
        return data
    if not isinstance(data, dict):
        raise ValueError(f"a component is a mapping with a 'type', found {data!r}")
    fields: dict[str, Any] = {str(key): value for key, value in data.items()}  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
    name = fields.pop("type", None)
    if name is None:
        raise ValueError(f"a component needs a 'type'. Known: {', '.join(component_types())}")
    cls = component_registry.find(str(name))
    if cls is None:
        known = list(component_registry.announced())
        raise ValueError(f"unknown component '{name}'. {suggest(str(name), known)}".rstrip("."))
    if "models" in fields and "models" not in cls.model_fields:
        raise ValueError(
            "give either 'model' or 'models', not both" if "model" in fields else "'models' is a list"
        )
    unknown = [key for key in fields if key not in cls.model_fields]
    if unknown:
        known = list(cls.model_fields)
        raise ValueError(f"'{cls.type}' has no '{unknown[0]}'. {suggest(unknown[0], known)}".rstrip("."))
    return cls.model_validate(fields)


AnyComponent = Annotated[SerializeAsAny[Component], BeforeValidator(parse_component)]
