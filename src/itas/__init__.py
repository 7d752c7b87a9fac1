"""Inference-time architecture search: build, search and serve systems of many language-model calls."""


def __getattr__(name: str) -> str:
    """Look up ``__version__`` only when asked for: that costs more than importing this package."""
    if name == "__version__":
        from importlib.metadata import version

        return version("itas")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
