"""Tile programs to read and to run, and the digits classifier (`python -m examples.digits`)."""
