"""Runs the demo: `python -m examples.digits`."""

import sys

from examples.digits.demo import main

sys.exit(main())
