"""A Ray cluster of two nodes on this machine, for tests; node processes can be killed."""

import contextlib
import os
import signal
from collections.abc import Iterator
from pathlib import Path
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
        add_node(cluster, num_cpus=1, include_dashboard=False)
        add_node(cluster, num_cpus=1)
        ray.init(address=cluster.address, namespace="itas", log_to_driver=False, configure_logging=False)
        yield cluster
    finally:
        ray.shutdown()
        cluster.shutdown()


def kill_node(node: Any) -> None:
    """End every process of a node at once, as when its machine goes; done when the system has been told."""
    raylets = [each.process.pid for each in node.all_processes["raylet"]]
    for pid in (*raylets, *(child for parent in raylets for child in _children(parent))):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def is_at_work(node: Any) -> bool:
    """Whether a worker of ours runs on a node."""
    for raylet in node.all_processes["raylet"]:
        for pid in _children(raylet.process.pid):
            with contextlib.suppress(OSError):
                if b"ray::Worker" in Path(f"/proc/{pid}/cmdline").read_bytes():
                    return True
    return False


def _children(parent: int) -> list[int]:
    """Of Linux; a worker of Ray is a child of its node's raylet."""
    found: list[int] = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            pid, _, rest = status.read_text().rpartition(")")
            if int(rest.split()[1]) == parent:
                found.append(int(pid.split()[0]))
    return found


def add_node(cluster: Any, **arguments: Any) -> Any:
    """A node. On a busy machine its helper processes may not come up within the time that Ray gives them."""
    for _ in range(_ATTEMPTS - 1):
        try:
            return cluster.add_node(**arguments)
        except Exception as error:  # Ray raises no other kind
            if "timed out during startup" not in str(error):
                raise
    return cluster.add_node(**arguments)
