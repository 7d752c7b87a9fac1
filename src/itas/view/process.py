"""The process of the view: it listens at loopback and nowhere else."""

import asyncio
import ipaddress
import socket

from itas.errors import SpecError
from itas.view.app import View
from itas.view.guard import Guard

_GOODBYE_S = 2


def bind(host: str, port: int) -> socket.socket:
    """Listen.

    Raises:
        SpecError: The address is not one of loopback, or cannot be used.
    """
    try:
        address = ipaddress.ip_address("127.0.0.1" if host == "localhost" else host)
    except ValueError:
        address = None
    if address is None or str(address) not in ("127.0.0.1", "::1"):
        raise SpecError(
            f"the view is for this machine only: 127.0.0.1 or ::1, found '{host[:60]}'. From another machine: "
            "ssh -L PORT:127.0.0.1:PORT",
            path="--host",
        )
    try:
        listener = socket.socket(
            socket.AF_INET6 if address.version == 6 else socket.AF_INET, socket.SOCK_STREAM
        )
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((str(address), port))
        listener.listen(128)
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or "no such port"
        raise SpecError(f"cannot listen at {host}:{port}: {reason}. Choose another with --port") from None
    listener.setblocking(False)
    return listener


async def run_server(app: Guard, listener: socket.socket, view: View) -> None:
    """Serve until SIGTERM or SIGINT; pages that are open are told by the end of their events."""
    import uvicorn

    class Leaving(uvicorn.Server):
        async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
            view.is_ending = True
            await asyncio.sleep(0)
            await super().shutdown(sockets)
            await asyncio.to_thread(
                view.runs.close
            )  # here, where a second Ctrl-C still ends the process at once

    settings = uvicorn.Config(
        app,
        http="h11",
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        limit_concurrency=200,
        timeout_graceful_shutdown=_GOODBYE_S,
    )
    await Leaving(settings).serve(sockets=[listener])
