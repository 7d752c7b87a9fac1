"""How a battery says what is wrong."""


def require(holds: bool, message: str) -> None:
    """Raise AssertionError with a sentence unless something holds; also where assertions are switched off."""
    if not holds:
        raise AssertionError(message)
