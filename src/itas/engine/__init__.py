"""Runs one architecture on one conversation."""

from itas.engine.answer import Answer, CallRecord, ComponentRecord
from itas.engine.run import answer

__all__ = ["Answer", "CallRecord", "ComponentRecord", "answer"]
