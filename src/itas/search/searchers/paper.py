"""Paper: the published setting as a baseline: 80 random points first, then expected improvement.

Source: Saad-Falcon et al. 2024, arXiv:2409.15254, section 4 and tables 22 and 26: about 2.5 % of the space as
first points, whole development set for every point, no regard to calls that were bought before.
Deviations, because the published ones are faults: points are never repeated, the process lives on valid
points instead of a relaxed box, and the recommendation goes by the posterior.
"""

from typing import ClassVar

from pydantic import PositiveInt

from itas.search.searchers.bayesian import Bayesian


class Paper(Bayesian):
    """Expected improvement after 80 random points, per evaluation and not per call."""

    type: ClassVar = "paper"

    first_points: PositiveInt = 80
    per_call: bool = False
