"""Runs the command line as ``python -m itas``."""

import sys

from itas.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
