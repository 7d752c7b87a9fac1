"""One PostgreSQL server for all tests of a process that want one, started when the first of them does."""

import contextlib
import os

import pytest

from tests.scale.server import Server, running_server

_stack = contextlib.ExitStack()
_found: list[Server] = []


def shared_server() -> Server:
    """The server. Without one to start the test is skipped, except where it was asked for."""
    if not _found:
        try:
            _found.append(_stack.enter_context(running_server()))
        except FileNotFoundError as error:
            if os.environ.get("SCALE_REQUIRED"):
                pytest.fail(str(error))
            pytest.skip(str(error))
    return _found[0]


def stop_shared_server() -> None:
    """At the end of the session."""
    _found.clear()
    _stack.close()
