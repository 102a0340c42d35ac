"""Settings of the whole suite.

Hypothesis searches anew in each run and prints, for a failure, the decorator that replays it.
``--long`` (``make fuzz``) searches fifty times as long.
"""

import pytest
from hypothesis import HealthCheck, settings

# No deadline, no complaint about speed: machines are shared, and time is limited only as a whole.
settings.register_profile(
    "default",
    max_examples=60,  # the whole suite stays under ten minutes on two cores
    deadline=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile("long", settings.get_profile("default"), max_examples=3000)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--long", action="store_true", help="search fifty times as long for failures")
    parser.addoption("--golden", action="store_true", help="rewrite the expected outputs")


def pytest_configure(config: pytest.Config) -> None:
    settings.load_profile("long" if config.getoption("long") else "default")
