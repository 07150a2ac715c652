"""The command line. Only typer and the standard library are imported until a command runs."""

from safeladder.cli.app import main

__all__ = ["main"]
