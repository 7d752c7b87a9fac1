"""Runs the command line as ``python -m itas``."""

from itas.cli.main import main

if __name__ == "__main__":
    main()
