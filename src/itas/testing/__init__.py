"""Batteries that any component, model, benchmark or searcher must pass. For tests only."""
