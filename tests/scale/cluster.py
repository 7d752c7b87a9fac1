"""A Ray cluster of two nodes on this machine, for tests; node processes can be killed."""

import contextlib
import os
from collections.abc import Iterator
from typing import Any

import pytest

_ATTEMPTS = 4


@contextlib.contextmanager
def two_nodes() -> Iterator[Any]:
    """A `ray.cluster_utils.Cluster` of a head and a node while the block runs; this process is connected to it."""
    if os.environ.get("SCALE_REQUIRED"):
        import ray  # pyright: ignore[reportMissingImports]
    else:
        ray = pytest.importorskip("ray")
    from ray.cluster_utils import Cluster  # pyright: ignore[reportMissingImports]

    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    cluster = Cluster()
    try:
        _add(cluster, num_cpus=1, include_dashboard=False)
        _add(cluster, num_cpus=1)
        ray.init(address=cluster.address, namespace="itas", log_to_driver=False, configure_logging=False)
        yield cluster
    finally:
        ray.shutdown()
        cluster.shutdown()


def _add(cluster: Any, **arguments: Any) -> Any:
    """A node. On a busy machine its helper processes may not come up within the time that Ray gives them."""
    for _ in range(_ATTEMPTS - 1):
        try:
            return cluster.add_node(**arguments)
        except Exception as error:  # Ray raises no other kind
            if "timed out during startup" not in str(error):
                raise
    return cluster.add_node(**arguments)
