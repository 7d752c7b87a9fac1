"""Bradley-Terry: strengths that explain who won which game, and win rates with intervals.

Source: Bradley and Terry 1952; as Arena-Hard-Auto fits it (logistic regression without intercept or penalty,
a tie as half a win for each, a strong verdict as three games). One of the players is the anchor with
strength 0; the strength of another is the logarithm of its odds against the anchor.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from itas.errors import DataError

Floats = npt.NDArray[np.float64]

_ROUNDS = 100
_LARGEST = 30.0
"""A player who wins every game has no finite strength; it gets this one, which is a win rate of 1 in every digit
that is shown."""


@dataclass(frozen=True, slots=True)
class Battle:
    """One game.

    Attributes:
        first: A player.
        second: The other one.
        share: What the first one won, in [0, 1]; 0.5 for a tie.
        weight: As how many games it counts, > 0.
        group: Games of one group belong together, for instance to one question.
    """

    first: str
    second: str
    share: float
    weight: float = 1.0
    group: str = ""


def fit_strengths(battles: Sequence[Battle], *, anchor: str) -> dict[str, float]:
    """The strength of every player; that of the anchor is 0.

    Raises:
        DataError: Nobody played the anchor, or nobody played.
    """
    players = sorted({battle.first for battle in battles} | {battle.second for battle in battles})
    if anchor not in players:
        raise DataError(f"nobody played against '{anchor}'")
    place = {player: number for number, player in enumerate(p for p in players if p != anchor)}
    x = np.zeros((len(battles), len(place)))
    for row, battle in enumerate(battles):
        if battle.first in place:
            x[row, place[battle.first]] += 1
        if battle.second in place:
            x[row, place[battle.second]] -= 1
    share = np.array([battle.share for battle in battles])
    weight = np.array([battle.weight for battle in battles])
    strengths = _fit(x, share, weight)
    return {anchor: 0.0, **{player: float(strengths[number]) for player, number in place.items()}}


def win_rate(strengths: Mapping[str, float], player: str, against: str) -> float:
    """Chance that one player beats another, in [0, 1]."""
    return float(1 / (1 + np.exp(strengths[against] - strengths[player])))


def bootstrap_win_rate(
    battles: Sequence[Battle],
    player: str,
    *,
    anchor: str,
    seed: int,
    rounds: int = 100,
    level: float = 0.95,
    by_group: bool = True,
) -> tuple[float, float]:
    """An interval for the win rate of a player against the anchor.

    Args:
        battles: All games of the two.
        player: Whose.
        anchor: Against whom.
        seed: Decides what is drawn.
        rounds: How many times; officially 100.
        level: Officially 0.95 for version 0.1 and 0.90 for version 2.
        by_group: Draw questions with all their games. The official code draws single games, which makes the
            interval narrower than the data allow, because games of one question are alike.
    """
    groups = sorted({battle.group for battle in battles})
    members = (
        [[b for b in battles if b.group == group] for group in groups] if by_group else [[b] for b in battles]
    )
    units = members if by_group else [[b] for b in battles for _ in range(round(b.weight))]
    if not by_group:
        units = [[Battle(b.first, b.second, b.share)] for (b,) in units]
    rng = np.random.default_rng(seed)
    won = np.array([sum(b.weight * _share_of(b, player) for b in unit) for unit in units])
    played = np.array([sum(b.weight for b in unit) for unit in units])
    drawn = rng.integers(0, len(units), size=(rounds, len(units)))
    rates = won[drawn].sum(axis=1) / played[drawn].sum(axis=1)
    low, high = np.quantile(rates, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def _share_of(battle: Battle, player: str) -> float:
    return battle.share if battle.first == player else 1 - battle.share


def _fit(x: Floats, share: Floats, weight: Floats) -> Floats:
    """Newton's method with bounded steps; the likelihood is concave."""
    strengths = np.zeros(x.shape[1])
    for _ in range(_ROUNDS):
        expected = 1 / (1 + np.exp(-(x @ strengths)))
        gradient = x.T @ (weight * (share - expected))
        hessian = x.T @ (x * (weight * expected * (1 - expected))[:, None])
        step = np.linalg.solve(hessian + 1e-12 * np.eye(len(strengths)), gradient)
        strengths = np.clip(strengths + np.clip(step, -2.0, 2.0), -_LARGEST, _LARGEST)
        if float(np.abs(step).max(initial=0.0)) < 1e-12:
            break
    return strengths
