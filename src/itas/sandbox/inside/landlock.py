"""Landlock: which files code may read. Everything else of the file system, and TCP, is denied.

Landlock does not decide about names and metadata (stat), nor about reading directories' existence; those
stay visible in the tier that has nothing else.
"""

import errno
import os
import struct
from collections.abc import Iterable

from . import kernel

_READ_FILE = 1 << 2
_WRITE_FILE = 1 << 1
_READ_DIR = 1 << 3
_FIRST_RIGHTS = (1 << 13) - 1
_RIGHTS_SINCE = {2: 1 << 13, 3: 1 << 14, 5: 1 << 15}  # refer, truncate, ioctl on devices
_RULE_BENEATH = 1
_ASK_VERSION = 1


def find_version() -> int:
    """The Landlock version of this kernel; 0 where there is none."""
    try:
        return kernel.call("landlock_create_ruleset", None, 0, _ASK_VERSION)
    except OSError as error:
        if error.errno in (errno.ENOSYS, errno.EOPNOTSUPP, errno.EPERM):
            return 0
        raise


def open_rules(readable: Iterable[str], writable: Iterable[str]) -> int:
    """Make a set of rules once; `enforce` puts it in force in any number of processes.

    Args:
        readable: Files, and folders with all in them, that may be read. Missing ones are left out.
        writable: Files that may be read and written.

    Returns:
        A descriptor.
    """
    version = find_version()
    if not version:
        raise OSError(errno.ENOSYS, "Landlock is not in this kernel, or switched off")
    rights = _FIRST_RIGHTS
    for since, right in _RIGHTS_SINCE.items():
        rights |= right if version >= since else 0
    network = 3 if version >= 4 else 0
    scopes = 3 if version >= 6 else 0
    size = 24 if version >= 6 else 16 if version >= 4 else 8
    rules = kernel.call("landlock_create_ruleset", struct.pack("QQQ", rights, network, scopes), size, 0)
    for path in readable:
        _allow(rules, path, _READ_FILE | _READ_DIR)
    for path in writable:
        _allow(rules, path, _READ_FILE | _WRITE_FILE)
    return rules


def _allow(rules: int, path: str, rights: int) -> None:
    try:
        place = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    try:
        if not os.path.isdir(path):  # noqa: PTH112
            rights &= ~_READ_DIR
        kernel.call("landlock_add_rule", rules, _RULE_BENEATH, struct.pack("=Qi", rights, place), 0)
    finally:
        os.close(place)


def enforce(rules: int) -> None:
    """Put the rules in force for this process and its children, for good. Needs no-new-privileges."""
    kernel.call("landlock_restrict_self", rules, 0)
