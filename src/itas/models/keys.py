"""Keys: where providers' keys come from, and how none of them gets out.

Keys are read from the environment under the names that the vendors use; numbered ones (``OPENAI_API_KEY_2``)
are used in turn. Whatever text leaves the program goes through `redact`.
"""

import itertools
import logging
import re
from collections.abc import Iterable, Mapping
from typing import Any, cast

from itas.errors import MissingKey

_log = logging.getLogger(__name__)

_MASK = "[key]"
_MOST_NUMBERED = 99
_SHORTEST_SECRET = 6
"""A shorter value (somebody's ``x`` for a local server) would mask ordinary text."""

_VALUE = r"(?=[^\s\"']*\d)[A-Za-z0-9._~+/=\-]{8,}"  # ordinary words hold no digit
_LOOKS_LIKE_KEY = re.compile(
    r"\b(?:sk|pk|rk|gsk|xai|hf|key|ya29|ghp|glpat|tgp)[-_][A-Za-z0-9_\-]{12,}"
    r"|\bAIza[A-Za-z0-9_\-]{20,}"
    rf"|(?i:\b(?:bearer|basic)\s+){_VALUE}"
    rf"|(?i:\b(?:api[-_ ]?key|x-api-key|authorization|access[-_]?token)[\"']?\s*[:=]\s*[\"']?){_VALUE}"
)
_QUERY = re.compile(r"(\bhttps?://[^\s?#\"'<>]+)\?[^\s\"'<>]*")
_USERINFO = re.compile(r"(\bhttps?://)[^\s/@\"'<>]+@")

# Every key that was ever read in this process, so that `redact` knows them wherever it is called.
_known: set[str] = set()


class Keys:
    """The keys of one provider; gives them in turn and never shows them.

    Args:
        values: The keys.
        names: The variables they stand in, for messages.
    """

    def __init__(self, values: Iterable[str], names: Iterable[str] = ()) -> None:
        self._values = tuple(values)
        self._names = dict(zip(self._values, names, strict=False))
        self._turn = itertools.cycle(self._values)
        self._aside: set[str] = set()
        _known.update(value for value in self._values if len(value) >= _SHORTEST_SECRET)

    def __bool__(self) -> bool:
        return bool(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        return f"Keys({len(self)} hidden)"

    def take(self) -> str | None:
        """The next key in turn that is not set aside; None if there are none."""
        for _ in self._values:
            key = next(self._turn)
            if key not in self._aside:
                return key
        return None

    def set_aside(self, key: str, status: int | None = None) -> bool:
        """Use a refused key no more. Where it was the last, all are tried again from the next request on.

        Args:
            key: The refused one.
            status: With which it was refused, for the log.

        Returns:
            Whether there is another.
        """
        if key not in self._aside:
            self._aside.add(key)
            if len(self) > 1:
                name = self._names.get(key, f"key {self._values.index(key) + 1} of {len(self)}")
                _log.warning("%s was refused (HTTP %s) and is set aside", name, status)
        if len(self._aside) == len(self):
            self._aside.clear()
            return False
        return True


def read_keys(provider: str, variables: Iterable[str], environ: Mapping[str, str], *, needed: bool) -> Keys:
    """Read a provider's keys: of the first variable that is set, then its numbered ones.

    Args:
        provider: For messages.
        variables: Names to try, the preferred one first.
        environ: The environment.
        needed: Whether the provider refuses calls without a key.

    Raises:
        MissingKey: None is set and one is needed, or a value cannot be a key. Names the variable, never the
            value.
    """
    names = tuple(variables)
    for name in names:
        numbered = (name, *(f"{name}_{number}" for number in range(1, _MOST_NUMBERED + 1)))
        found = {each: environ.get(each, "").strip() for each in numbered}
        values = [_check(provider, each, value) for each, value in found.items() if value]
        if values:
            named = {value: each for each, value in reversed(found.items()) if value}
            return Keys(dict.fromkeys(values), (named[value] for value in dict.fromkeys(values)))
    if needed:
        listed = " or ".join(names) or "key_variable in the settings of this provider"
        raise MissingKey(f"needs a key and none is set. Set {listed}", provider=provider)
    return Keys(())


def redact(text: str) -> str:
    """The same text without keys, passwords in addresses, and the query parts of addresses."""
    for secret in sorted(_known, key=len, reverse=True):
        text = text.replace(secret, _MASK)
    if "://" in text:
        text = _USERINFO.sub(r"\1", text)
        text = _QUERY.sub(r"\1", text)
    return _LOOKS_LIKE_KEY.sub(_MASK, text)


def mask_known(data: Any) -> Any:
    """JSON data without any key that was read in this process; everything else stays to the letter.

    For records of what was said, where `redact` would alter ordinary text that looks like a key.
    """
    if isinstance(data, str):
        for secret in _known:
            data = data.replace(secret, _MASK)
        return data
    if isinstance(data, dict):
        return {key: mask_known(value) for key, value in cast("dict[str, Any]", data).items()}
    if isinstance(data, list):
        return [mask_known(value) for value in cast("list[Any]", data)]
    return data


def mask_line(line: bytes) -> bytes:
    """Like `mask_known`, for text that is JSON already."""
    for secret in _known:
        plain = secret.encode()
        line = line.replace(plain, _MASK.encode())
        quoted = secret.replace("\\", "\\\\").replace('"', '\\"').encode()
        if quoted != plain:
            line = line.replace(quoted, _MASK.encode())
    return line


def _check(provider: str, variable: str, value: str) -> str:
    """Typographic quotes and line breaks come along when a key is copied; headers cannot hold them."""
    for place, char in enumerate(value, 1):
        if not "!" <= char <= "~":
            raise MissingKey(
                f"{variable} is not a key: character {place} is U+{ord(char):04X}. Copy the key again, "
                "without quotes or spaces",
                provider=provider,
            )
    return value
