"""Which cluster, and whether every node can reach the call store."""

import os
import uuid
from pathlib import Path
from typing import Any

from itas.errors import SpecError
from itas.models.store.place import IN_MEMORY, is_shared, shown

NAMESPACE = "itas"
_SCHEME = "ray"
_BOOT = Path("/proc/sys/kernel/random/boot_id")


def check_where(where: str, store: str) -> None:
    """Refuse what cannot work, before anything is started.

    Raises:
        SpecError: Not a cluster, the extra is missing, or the store forgets.
    """
    scheme, _, _ = where.partition("://")
    if scheme != _SCHEME:
        raise SpecError(f"is 'ray' or 'ray://ADDRESS', found '{where}'", path="--where")
    if store == IN_MEMORY:
        raise SpecError(
            "workers share what was paid for and what may be spent through the call store, and one in memory is "
            "not shared. Name a file, or for several machines postgresql://..., with ITAS_STORE",
            path="--where",
        )
    load_ray()


def load_ray() -> Any:
    """The package ray.

    Raises:
        SpecError: It is not installed.
    """
    # Nothing is sent anywhere that the user did not ask for; read by Ray when it is imported and started.
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    try:
        import ray  # pyright: ignore[reportMissingImports]
    except ImportError:
        raise SpecError(
            "working on a cluster needs the extra 'ray'. Install it: pip install 'itas[ray]'", path="--where"
        ) from None
    return ray


def connect(where: str) -> bool:
    """Join the cluster, or start one on this machine; whether it is ours to end.

    Raises:
        SpecError: There is none at that address.
    """
    ray = load_ray()
    if ray.is_initialized():
        return False
    address = where.partition("://")[2]
    try:
        ray.init(
            address=address or os.environ.get("RAY_ADDRESS") or "local",
            namespace=NAMESPACE,
            log_to_driver=False,
            configure_logging=False,
            include_dashboard=None if address or os.environ.get("RAY_ADDRESS") else False,
        )
    except (ConnectionError, ValueError, RuntimeError) as error:
        raise SpecError(
            f"no cluster answers at '{address}' ({' '.join(str(error).split())[:200]}). On a machine of the cluster, "
            "'ray start --head' or 'ray start --address=HOST:6379' first; then --where ray://auto",
            path="--where",
        ) from None
    return True


def on_node(node: str) -> Any:
    """What puts an actor on a node, and nowhere else if that is gone meanwhile."""
    from importlib import import_module

    strategies: Any = import_module("ray.util.scheduling_strategies")
    return strategies.NodeAffinitySchedulingStrategy(node, soft=False)


def this_node() -> str:
    """Id of the node on which this process runs."""
    return load_ray().get_runtime_context().get_node_id()


def machine_mark(store: str) -> str:
    """Says whether two processes mean the same file by the path of a store; empty where that does not matter."""
    if is_shared(store):
        return ""
    boot = _BOOT.read_text().strip() if _BOOT.exists() else f"{uuid.getnode():x}"
    try:
        found = Path(store).stat()
    except OSError:
        return f"{boot} without the file"
    return f"{boot} {found.st_dev} {found.st_ino}"


def check_marks(store: str, mine: str, theirs: str, *, node: str) -> None:
    """Refuse a file as the store of several machines.

    Raises:
        SpecError: With the cure.
    """
    if mine != theirs:
        raise SpecError(
            f"the call store {shown(store)} is a file, and node {node} is another machine: caps and answers would "
            "not be shared. Use a PostgreSQL server: ITAS_STORE=postgresql://user@host/database",
            path="--where",
        )
