"""Reward models that run where the program runs, through `transformers` (extra ``local``)."""

from itas.models.local.raters import LocalRaters

__all__ = ["LocalRaters"]
