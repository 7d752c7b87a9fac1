"""What a caller wants, whichever route it came by."""

from typing import Annotated, Any, NamedTuple

from pydantic import Field, NonNegativeFloat, PositiveFloat, PositiveInt

from itas.core.messages import Conversation
from itas.core.spec import Spec
from itas.serve.form import Form


class Options(Spec):
    """The extra field ``itas`` of a request.

    Attributes:
        progress: Tell of every component that is done, while streaming.
        max_cost_usd: Cap on this request in dollars.
        max_samples: Cap on this request in samples.
        deadline_s: Seconds after which the best answer so far is given.
        reuse: Stored answers may be given again, as `itas answer` does; by default every request draws afresh.
    """

    progress: bool = False
    max_cost_usd: Annotated[NonNegativeFloat, Field(le=1e9)] | None = None
    max_samples: PositiveInt | None = None
    deadline_s: Annotated[PositiveFloat, Field(le=86_400)] | None = None
    reuse: bool = False


NO_OPTIONS = Options()


class Ask(NamedTuple):
    """One request, read and checked.

    Attributes:
        model: Id of what is served.
        conversation: The messages; the last one from the user.
        n: Answers.
        stream: Whether they go out as they are written.
        include_usage: Whether a stream ends with a chunk that holds the usage.
        temperature: For the last writer; None leaves it to the architecture.
        max_tokens: Likewise.
        stop: Texts before which an answer ends.
        seed: Decides draws; None draws afresh.
        options: What ours ask for.
        tools: What the caller offers, as the provider gets it (``tools``, ``tool_choice``); or {} where only the
            conversation is about calls; None where nothing is.
        form: What form the text is to have.
    """

    model: str
    conversation: Conversation
    n: int = 1
    stream: bool = False
    include_usage: bool = False
    temperature: float | None = None
    max_tokens: int | None = None
    stop: tuple[str, ...] = ()
    seed: int | None = None
    options: Options = NO_OPTIONS
    tools: dict[str, Any] | None = None
    form: Form | None = None

    @property
    def is_held_back(self) -> bool:
        """The text is only known to be right when all of it is there, so it cannot be streamed as it comes."""
        return self.form is not None or self.tools is not None
