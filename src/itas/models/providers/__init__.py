"""Providers over the network: one wire format per file, and the table of the known ones."""
