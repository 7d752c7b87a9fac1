"""How fast evaluations are, as seen in one sitting: what finalists and verdict will take of a cap on time."""

from dataclasses import dataclass, field

from itas.core.architecture import Architecture


@dataclass(slots=True)
class Pace:
    """Seconds of a problem. Evaluations side by side slow each other down, so for one alone this is rather too much."""

    _seen: dict[str, list[float]] = field(default_factory=dict[str, list[float]])

    def note(self, architecture: Architecture, problems: int, seconds: float) -> None:
        """Count an evaluation of so many problems that took so long."""
        if problems:
            self._seen.setdefault(architecture.fingerprint, []).append(seconds / problems)

    def of(self, architecture: Architecture) -> float:
        """Seconds of one problem: of this architecture if it was seen, else of all that were; 0 if there are none."""
        seen = self._seen.get(architecture.fingerprint) or [
            seconds for found in self._seen.values() for seconds in found
        ]
        return sum(seen) / len(seen) if seen else 0.0
