"""``python -m tilevm``: the command, where its script is not installed."""

import sys

from tilevm.cli import main

if __name__ == "__main__":
    sys.exit(main())
