"""The only place that talks to a provider. Wrappers compose around one protocol; see `chain.py`."""
