"""The command ``tilevm``: one file per subcommand, which imports what it needs as it runs."""

from tilevm.cli.entry import main

__all__ = ["main"]
