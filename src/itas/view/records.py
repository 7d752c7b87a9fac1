"""What the view shows of a run, and what it asks of whoever knows the folders."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

RunState = Literal["running", "stopping", "finished", "stopped", "broken"]


@dataclass(frozen=True, slots=True)
class Run:
    """One run as a line of the list.

    Attributes:
        id: Name of its folder.
        kind: ``search``, ``evaluation``, or whatever its manifest says.
        name: What ran.
        state: Whether somebody works on it, whether it has come to its end, whether it can be read.
        created: ISO 8601; empty where nobody knows.
        outcome: Verdict, means or how far it is, in a sentence.
        spent: Samples and dollars, in words.
        problem: What is wrong with the folder.
        is_simulated: A simulated model took part.
        can_stop: Its process is proven, so it can be asked to stop.
        can_resume: It may be resumed from here.
        resuming: What resuming it may spend, or why it is not resumed from here.
    """

    id: str
    kind: str
    name: str
    state: RunState
    created: str = ""
    outcome: str = ""
    spent: str = ""
    problem: str = ""
    is_simulated: bool = False
    can_stop: bool = False
    can_resume: bool = False
    resuming: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """A page of a run that can be opened."""

    name: str
    title: str


@dataclass(frozen=True, slots=True)
class Detail:
    """One run on a page of its own.

    Attributes:
        run: The line of the list.
        figures: How far it is, by what a figure is called.
        heads: Of the table of what happened last.
        rows: Of that table, newest first.
        reports: Pages that can be opened.
        command: Goes on with it in a terminal.
    """

    run: Run
    figures: Mapping[str, str]
    heads: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]
    reports: Sequence[Report]
    command: str


@dataclass(frozen=True, slots=True)
class Compared:
    """Two or more evaluations side by side.

    Attributes:
        sentences: What each comparison says.
        heads: Of the table.
        rows: One per comparison.
        is_simulated: A simulated model took part.
    """

    sentences: tuple[str, ...]
    heads: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]
    is_simulated: bool


class Runs(Protocol):
    """The run folders. Every method may take a while and is called in a thread; ids are checked against the list."""

    @property
    def folder(self) -> str:
        """Where they are, for people."""
        ...

    def list_runs(self) -> Sequence[Run]:
        """Every run, newest first."""
        ...

    def find_run(self, id: str) -> Detail | None:
        """One run; None if there is none of that name."""
        ...

    def render_report(self, id: str, name: str) -> str | None:
        """A page of a run, made from its records; None if there is none.

        Raises:
            Error: It cannot be made.
        """
        ...

    def compare(self, ids: Sequence[str]) -> Compared:
        """Evaluations against the first of them.

        Raises:
            Error: They cannot be compared.
        """
        ...

    def render_comparison(self, ids: Sequence[str]) -> str | None:
        """The page that compares them problem by problem; None where there is no such page.

        Raises:
            Error: It cannot be made.
        """
        ...

    def stop(self, id: str) -> None:
        """Ask who works on a run to stop.

        Raises:
            Error: Nobody does, or it cannot be proven who does.
        """
        ...

    def resume(self, id: str) -> None:
        """Go on with a run in a process of its own.

        Raises:
            Error: It may not be resumed from here.
        """
        ...

    def close(self) -> None:
        """Ask the processes that were started from here to stop, and wait for them."""
        ...
