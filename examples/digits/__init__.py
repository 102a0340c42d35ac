"""A classifier of handwritten digits, run, built and compared: `python -m examples.digits`."""
