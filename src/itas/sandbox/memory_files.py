"""Files that exist only in memory: how code and tests reach the process that needs them, and results come back."""

import fcntl
import json
import os
from collections.abc import Generator
from contextlib import contextmanager

_SEALS = 0x0001 | 0x0002 | 0x0004 | 0x0008  # no more seals, shrinking, growing, writing
_F_ADD_SEALS = 1033


@contextmanager
def memory_file(name: str, content: object = None) -> Generator[int]:
    """A memory file as a descriptor.

    Args:
        name: For people who look at open files.
        content: Bytes as they are, else written as JSON, and sealed; None for an empty file to be written by others.
    """
    fd = os.memfd_create(name, os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    try:
        if content is not None:
            data = content if isinstance(content, bytes) else json.dumps(content).encode()
            while data:
                data = data[os.write(fd, data) :]
            os.lseek(fd, 0, os.SEEK_SET)
            fcntl.fcntl(fd, _F_ADD_SEALS, _SEALS)
        yield fd
    finally:
        os.close(fd)


def read_memory_file(fd: int, max_bytes: int) -> bytes:
    """The first bytes of what was written to it."""
    return os.pread(fd, max_bytes, 0)
