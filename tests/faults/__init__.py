"""Faults: a provider that misbehaves on purpose, processes that buy from it, and what must hold all the same."""
