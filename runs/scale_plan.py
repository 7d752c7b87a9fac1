"""A plan on paper: what many nodes would need, and what would hold them up first.

    python runs/scale_plan.py [--nodes 1000] [--calls 100000000] [--json]

Goes through the run second by second. Nodes offer calls as fast as their calls in flight come back; the provider's
limit, the actor that hands out permits, the database and the processors for tests each let so many through; nodes
fail, and their calls in flight are paid again. Every figure is an argument, and is printed with where its default
comes from: chosen (the question that is asked), measured (by which program), or a guess. It is a model with averages,
no measurement.
"""

import argparse
import json
import math
from dataclasses import asdict, dataclass
from random import Random

_MOST_DAYS = 60


@dataclass(frozen=True, slots=True)
class Plan:
    """What is planned.

    Attributes:
        nodes: Machines.
        calls: Of the whole run.
        in_flight: Calls a node has open at most.
        latency_s: Of one call.
        provider_per_s: Calls a second that all providers together let through.
        usd_per_call: Price.
        database_cores: Of the PostgreSQL server.
        database_ms: CPU of the server for one stored call.
        commit_ms: Of one commit on its disk; commits of different processes go together.
        permit_ms: CPU of the actor that hands out permits, for one message; it has one core.
        permit_calls: Calls for which a worker asks in one message, where each has to be asked for.
        coordinator_ms: CPU of the coordinator for one problem; it has one core.
        calls_per_problem: Of the architecture.
        kb_per_call: In the database.
        tests_cpu_s: Of one problem, for tests in the sandbox.
        node_cores: Of one node.
        hours_between_failures: Of one node, on average.
        restart_s: Until a lost node's work goes on elsewhere: noticed, taken over, begun.
        seed: Of the failures.
    """

    nodes: int = 1000
    calls: int = 100_000_000
    in_flight: int = 64
    latency_s: float = 4.0
    provider_per_s: float = 5000.0
    usd_per_call: float = 0.001
    database_cores: int = 16
    database_ms: float = 0.33
    commit_ms: float = 2.0
    permit_ms: float = 1.24
    permit_calls: float = 16.0
    coordinator_ms: float = 0.76
    calls_per_problem: int = 20
    kb_per_call: float = 3.0
    tests_cpu_s: float = 2.0
    node_cores: int = 8
    hours_between_failures: float = 200.0
    restart_s: float = 60.0
    seed: int = 0


SOURCES = {
    **dict.fromkeys(
        ("nodes", "calls", "in_flight", "provider_per_s", "database_cores", "node_cores", "seed"), "chosen"
    ),
    "latency_s": "guess",
    "usd_per_call": "guess",
    "database_ms": "measured, at most: runs/store_rate.py, 4 processes: two busy cores less the callers' own time",
    "commit_ms": "guess: a disk that keeps what it was told",
    "permit_ms": "measured: processor time of the actor for 4,000 messages, on a busy machine",
    "permit_calls": "guess: what 64 calls in flight of 4 s bring in the least time between two messages",
    "coordinator_ms": "measured: runs/scale_overhead.py",
    "calls_per_problem": "guess",
    "kb_per_call": "guess: two texts of 800 characters, and the books",
    "tests_cpu_s": "guess",
    "hours_between_failures": "guess",
    "restart_s": "guess: seconds where the connection breaks, up to a minute where a machine falls silent",
}
"""Where the default of each figure comes from."""


@dataclass(frozen=True, slots=True)
class Forecast:
    """What would come of it.

    Attributes:
        hours: Until all calls are back.
        calls_per_s: On average.
        held_up_by: What let the fewest through, by share of the time.
        most_per_s: How many calls a second each part lets through, with all nodes up.
        lost_nodes: Failures.
        repaid_calls: Calls paid twice, because they were in flight on a node that failed.
        repaid_usd: What they cost.
        usd: All together.
        connections: To the database.
        database_gb: Texts and books of all calls.
    """

    hours: float
    calls_per_s: float
    held_up_by: dict[str, float]
    most_per_s: dict[str, int]
    lost_nodes: int
    repaid_calls: int
    repaid_usd: float
    usd: float
    connections: int
    database_gb: float


def forecast(plan: Plan) -> Forecast:
    """Go through the run second by second."""
    rng = Random(plan.seed)
    full = capacity(plan, plan.nodes)
    down: list[float] = []
    done = repaid = 0.0
    failures = second = 0
    held: dict[str, int] = {}
    while done < plan.calls and second < _MOST_DAYS * 86_400:
        down = [left - 1 for left in down if left > 1]
        up = plan.nodes - len(down)
        failed = _poisson(up / (plan.hours_between_failures * 3600), rng)
        down += [plan.restart_s] * failed
        parts = capacity(plan, up - failed)
        tightest = min(parts, key=lambda name: parts[name])
        rate = parts[tightest]
        in_flight = min(plan.in_flight, rate * plan.latency_s / max(1, up))
        failures += failed
        repaid += failed * in_flight
        done += max(0.0, rate - failed * in_flight)
        held[tightest] = held.get(tightest, 0) + 1
        second += 1
    return Forecast(
        hours=round(second / 3600, 2),
        calls_per_s=round(done / max(1, second), 1),
        held_up_by={name: round(count / second, 3) for name, count in held.items()},
        most_per_s={name: math.floor(rate) for name, rate in full.items()},
        lost_nodes=failures,
        repaid_calls=round(repaid),
        repaid_usd=round(repaid * plan.usd_per_call, 2),
        usd=round((plan.calls + repaid) * plan.usd_per_call, 2),
        connections=2 * plan.nodes * max(1, min(8, plan.node_cores // 8)),
        database_gb=round(plan.calls * plan.kb_per_call / 1e6, 1),
    )


def capacity(plan: Plan, nodes: int) -> dict[str, float]:
    """Calls a second that each part lets through."""
    return {
        "calls in flight": nodes * plan.in_flight / plan.latency_s,
        "providers": plan.provider_per_s,
        # Two messages for each handful of calls: they are asked for, and their places go back.
        "permits": 1000 / plan.permit_ms * plan.permit_calls / 2,
        "database": plan.database_cores * 1000 / plan.database_ms,
        # Under a cap, purchases of one run are decided one batch after the other, at most 60 in each.
        "cap of the run": 60 * 1000 / plan.commit_ms,
        "coordinator": 1000 / plan.coordinator_ms * plan.calls_per_problem,
        "tests": nodes * plan.node_cores / max(1e-9, plan.tests_cpu_s) * plan.calls_per_problem,
    }


def _poisson(mean: float, rng: Random) -> int:
    """How many of many rare things happen."""
    limit, count, product = math.exp(-mean), 0, rng.random()
    while product > limit:
        count += 1
        product *= rng.random()
    return count


def main() -> None:
    """Read the plan from the arguments, print the forecast."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    defaults = asdict(Plan())
    for name, value in defaults.items():
        parser.add_argument(f"--{name.replace('_', '-')}", type=type(value), default=value)
    parser.add_argument("--json", action="store_true")
    given = vars(parser.parse_args())
    as_json = given.pop("json")
    plan = Plan(**given)
    found = asdict(forecast(plan))
    if as_json:
        print(json.dumps({"plan": asdict(plan), "forecast": found}, indent=1))
        return
    for name, value in asdict(plan).items():
        source = SOURCES[name] if value == defaults[name] else "given"
        print(f"{name:24} {value:<12} {source}")
    print()
    for name, value in found.items():
        print(f"{name:24} {value}")


if __name__ == "__main__":
    main()
