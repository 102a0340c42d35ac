"""docs/ops.md is current."""

from pathlib import Path

from tilevm.ir.reference import reference

PAGE = Path(__file__).parents[2] / "docs" / "ops.md"


def test_the_reference_of_ops_is_current() -> None:
    assert PAGE.read_text("utf-8") == reference(), (
        "write it anew: python -m tilevm.ir.reference > docs/ops.md"
    )
