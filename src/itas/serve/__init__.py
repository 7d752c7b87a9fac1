"""Serves architectures under the HTTP API that other tools already speak."""
