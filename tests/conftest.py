"""What every test may use."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as the command line does; before numpy is imported

_ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of recorded real data. Without it a test is skipped, except in CI, where it must be there."""
    folder = Path(os.environ.get("ITAS_SHARED_DATA", _ROOT.parent / "shared" / "data"))
    if folder.is_dir():
        return folder
    reason = f"recorded data is not at {folder}; set ITAS_SHARED_DATA"
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="session", autouse=True)
def stop_what_was_started() -> Iterator[None]:
    """Servers that tests share."""
    yield
    from tests.scale.stores import stop_shared_server

    stop_shared_server()
