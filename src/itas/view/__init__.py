"""Serves the run folders of this machine as pages: to list, open, compare, watch, stop and resume them."""
