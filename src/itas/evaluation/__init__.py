"""Evaluation: one architecture on one benchmark, and what can be said about the result."""
