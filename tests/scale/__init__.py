"""Real servers and clusters, started by the tests; see `make test-scale`."""
