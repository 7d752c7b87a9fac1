"""What a search sees of one architecture on one problem: an outcome and what it took."""

from pydantic import NonNegativeFloat, NonNegativeInt

from itas.core.problem import Outcome
from itas.core.spec import Spec


class Observation(Spec):
    """One problem answered once.

    Attributes:
        problem_id: Which problem.
        outcome: Score or the reason why there is none.
        samples_used: Model samples the answer consumed, stored ones included.
        samples_paid: Of these, samples that were bought now.
        cost_micro_usd: What the answer costs without a store, in millionths of a dollar; None if a
            model in it has no price.
        paid_micro_usd: What was spent now.
        latency_s: Seconds of the answer's critical path, as recorded when its samples were drawn.
    """

    problem_id: str
    outcome: Outcome
    samples_used: NonNegativeInt = 0
    samples_paid: NonNegativeInt = 0
    cost_micro_usd: NonNegativeInt | None = None
    paid_micro_usd: NonNegativeInt = 0
    latency_s: NonNegativeFloat = 0.0
