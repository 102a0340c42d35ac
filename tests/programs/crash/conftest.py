"""Kept cases are replayed by tests/testing and tests/hdl, not collected as programs of a kind."""

collect_ignore_glob = ["*.tile"]
