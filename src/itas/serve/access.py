"""Who may ask: keys, compared as hashes in constant time.

A key is read from the environment (``ITAS_SERVE_KEY``, numbered ones beside it) or from a file with one key a
line. A line may also hold ``sha256:`` and the hash of a key, so that no key lies on the disk. Only hashes are kept.
"""

import hashlib
import hmac
import ipaddress
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from itas.errors import SpecError
from itas.models.keys import read_keys

VARIABLE = "ITAS_SERVE_KEY"
LOOPBACK_NAMES = frozenset({"localhost"})
_HASHED = re.compile(r"sha256:([0-9a-f]{64})")
_SHORTEST = 16
_LONGEST = 4096


class Access:
    """The keys that open this server.

    Args:
        hashes: SHA-256 of each key; without any, everybody may ask.
    """

    def __init__(self, hashes: Iterable[bytes] = ()) -> None:
        self._hashes = tuple(hashes)

    def __repr__(self) -> str:
        return f"Access({len(self._hashes)} keys)"

    @property
    def is_open(self) -> bool:
        """No key is needed."""
        return not self._hashes

    def find_caller(self, headers: Sequence[tuple[bytes, bytes]]) -> str | None:
        """A name for whoever holds the key in these headers (a part of its hash, not of the key); None if it opens
        nothing.

        Args:
            headers: Of the request, names in lower case.
        """
        if self.is_open:
            return ""
        presented = _presented(headers)
        if presented is None:
            return None
        found = hashlib.sha256(presented).digest()
        matches = [hmac.compare_digest(found, known) for known in self._hashes]  # all of them, every time
        return found.hex()[:16] if any(matches) else None


def read_access(environ: Mapping[str, str], file: Path | None = None) -> Access:
    """The keys of the environment and of a file.

    Raises:
        SpecError: The file is missing or holds something that is no key; names the line, never the key.
        MissingKey: The variable holds something that cannot be a key.
    """
    keys = read_keys("serve", (VARIABLE,), environ, needed=False)
    hashes = [
        _hash(key, where=VARIABLE) for key in dict.fromkeys(keys.take() or "" for _ in range(len(keys)))
    ]
    if file is not None:
        hashes += _read_file(file)
    return Access(dict.fromkeys(hashes))


def is_loopback(host: str) -> bool:
    """Whether an address can be reached from this machine only."""
    if host.casefold() in LOOPBACK_NAMES:
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def check_exposure(host: str, access: Access) -> None:
    """Refuse to be reachable from other machines without a key.

    Raises:
        SpecError: With the cure.
    """
    if access.is_open and not is_loopback(host):
        raise SpecError(
            f"anybody who reaches '{host}' could spend your money: without a key only 127.0.0.1 is served. "
            f"Set {VARIABLE}, or give --keys FILE"
        )


def _presented(headers: Sequence[tuple[bytes, bytes]]) -> bytes | None:
    """The one key of a request: as a bearer token, or in the header that Azure's and Anthropic's clients use."""
    found: list[bytes] = []
    for name, value in headers:
        if name == b"authorization":
            scheme, _, token = value.partition(b" ")
            found.append(token.strip() if scheme.lower() == b"bearer" else b"")
        elif name in (b"api-key", b"x-api-key"):
            found.append(value.strip())
    if not found or len(set(found)) != 1 or not 0 < len(found[0]) <= _LONGEST:
        return None
    return found[0]


def _read_file(path: Path) -> list[bytes]:
    try:
        lines = path.read_text("utf-8").splitlines()
    except (OSError, ValueError):
        raise SpecError("a file of keys, one a line; it cannot be read", path=str(path)) from None
    hashes: list[bytes] = []
    for number, line in enumerate(lines, 1):
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        where = f"{path}:{number}"
        hashed = _HASHED.fullmatch(text)
        hashes.append(bytes.fromhex(hashed[1]) if hashed else _hash(text, where=where))
    if not hashes:
        raise SpecError("there is no key in this file", path=str(path))
    return hashes


def _hash(key: str, *, where: str) -> bytes:
    if len(key) < _SHORTEST or len(key) > _LONGEST or not all("!" <= char <= "~" for char in key):
        raise SpecError(
            f"a key of this server has at least {_SHORTEST} printable characters and no space; for instance "
            "the output of: openssl rand -hex 24",
            path=where,
        )
    return hashlib.sha256(key.encode("ascii")).digest()
