"""One possible answer, with everything known about it, and the state that holds them."""

from dataclasses import dataclass, replace
from typing import Literal

from itas.core.execution import CodeTest
from itas.core.messages import Conversation

MarkKind = Literal["verified", "test", "rank", "vote", "hostile"]


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a candidate came from: layer and component (both from 0), the model, its sample number,
    and the candidates (numbers in the layer's input) it was written from."""

    layer: int
    component: int
    model: str
    sample: int
    parents: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Mark:
    """What a selector found out about a candidate.

    Attributes:
        kind: Which kind of finding.
        value: verified and test: share passed, in [0, 1]; rank: place, 1 is best; vote: share of the
            weight that its answer got, in [0, 1]; hostile: 1, it looks as if it were to talk to a judge.
        note: Reasons, the extracted answer, or the names of failed tests. Model text: data.
        by: The model that judged, or the name of the method.
    """

    kind: MarkKind
    value: float
    note: str = ""
    by: str = ""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A text with its critique and its marks. A new text starts without either."""

    text: str
    origin: Origin
    critique: str | None = None
    marks: tuple[Mark, ...] = ()

    def marked(self, *marks: Mark) -> "Candidate":
        """The same candidate with more marks."""
        return replace(self, marks=self.marks + marks)


@dataclass(frozen=True, slots=True)
class Draft:
    """A text that a producer wrote, before the engine makes it a candidate.

    Attributes:
        text: The answer; never empty.
        model: ``provider/model`` that wrote it.
        parents: Numbers of the candidates it was written from; empty for a fresh answer.
    """

    text: str
    model: str
    parents: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Notes:
    """What is known about the question itself.

    Attributes:
        tests: Statements that a good answer satisfies, each one line.
        code_tests: Tests that can be run against the code of an answer. Written by a model: data.
        shown: Whether the components that write answers may see both.
    """

    tests: tuple[str, ...] = ()
    code_tests: tuple[CodeTest, ...] = ()
    shown: bool = False

    @property
    def shown_texts(self) -> tuple[str, ...]:
        """The tests as the components that write answers see them; none if they may not."""
        return (*self.tests, *(test.text for test in self.code_tests)) if self.shown else ()


@dataclass(frozen=True, slots=True)
class State:
    """What flows from layer to layer. Never changed, only replaced.

    Attributes:
        conversation: The caller's messages, unedited; the last one is the question.
        candidates: Best first where an order is known.
        notes: About the question.
    """

    conversation: Conversation
    candidates: tuple[Candidate, ...] = ()
    notes: Notes = Notes()

    @property
    def question(self) -> str:
        """The caller's last message."""
        return self.conversation[-1].content
