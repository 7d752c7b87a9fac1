"""Where a call store is: in memory, in a file, or in a PostgreSQL database that many machines share."""

from pathlib import Path
from urllib.parse import SplitResult, parse_qsl, urlencode, urlsplit, urlunsplit

from itas.errors import SpecError
from itas.models.store.contract import CallStore
from itas.models.store.memory import MemoryStore

IN_MEMORY = "memory"
_SCHEMES = ("postgresql", "postgres")
_HIDDEN = "***"
_EXAMPLE = "postgresql://user@host:5432/database"


async def open_place(place: str) -> CallStore:
    """Open the store of that place: ``memory``, a file, or ``postgresql://...``.

    Raises:
        SpecError: The place cannot be one of a store, or the extra ``postgres`` is missing.
        StoreError: It cannot be used.
    """
    if place == IN_MEMORY:
        return MemoryStore()
    if is_shared(place):
        from itas.models.store.postgres import open_postgres

        return await open_postgres(place)
    from itas.models.store.sqlite import open_store

    return open_store(Path(place))


def is_shared(place: str) -> bool:
    """Whether processes on other machines can have the same store open.

    Raises:
        SpecError: An address that is not one of a PostgreSQL server.
    """
    scheme, separator, _ = place.partition("://")
    if not separator:
        return False
    if scheme.lower() not in _SCHEMES:
        raise SpecError(
            f"a call store is a file, 'memory' or {_EXAMPLE}, found an address that begins with '{scheme}://'",
            path="store",
        )
    return True


def shown(place: str) -> str:
    """The place for people: an address without its password."""
    if not is_shared(place):
        return place
    parts = _split(place)
    if parts is None:
        return f"{place.partition('://')[0]}://{_HIDDEN}"
    name, _, host = parts.netloc.rpartition("@")
    user, colon, _ = name.partition(":")
    netloc = f"{user}{':' + _HIDDEN if colon else ''}@{host}" if name else host
    query = [
        (key, _HIDDEN if "pass" in key.lower() or "key" in key.lower() else value)
        for key, value in parse_qsl(parts.query, keep_blank_values=True)
    ]
    return urlunsplit(parts._replace(netloc=netloc, query=urlencode(query, safe="*/")))


def recorded_place(place: str) -> str:
    """The place as a run's manifest keeps it: absolute, and without a password."""
    if place == IN_MEMORY:
        return place
    return shown(place) if is_shared(place) else str(Path(place).resolve())


def resumed_place(recorded: object, place: str) -> str:
    """The store of a run that is resumed.

    Args:
        recorded: What its manifest says.
        place: Of the settings; taken if it is the same one, because only it has the password.
    """
    if not isinstance(recorded, str) or recorded == recorded_place(place):
        return place
    if is_shared(recorded) and _HIDDEN in recorded:
        raise SpecError(
            f"this run used the call store {recorded}, whose password is kept nowhere. "
            "Give its whole address in ITAS_STORE, or its password in PGPASSWORD and no password in the address",
            path="store",
        )
    return recorded


def check_address(place: str) -> None:
    """Refuse an address that cannot be read, without repeating it.

    Raises:
        SpecError: It names no host or database, or a character of the password stands for itself.
    """
    parts = _split(place)
    if parts is None or not parts.path.strip("/"):
        raise unreadable()


def unreadable() -> SpecError:
    """The error about an address that cannot be read; without the address, in which a password may stand."""
    return SpecError(
        f"the address of the call store cannot be read; it is to be like {_EXAMPLE}. In a password, "
        "characters such as @ / : # ? % are written as %40 %2F %3A %23 %3F %25",
        path="store",
    )


def _split(place: str) -> SplitResult | None:
    try:
        parts = urlsplit(place)
        _ = parts.port
    except ValueError:
        return None
    return None if parts.fragment or parts.netloc.count("@") > 1 else parts
