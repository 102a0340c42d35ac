"""Every op is documented with its law, has a program, a meaning, and a code for each error."""

import re
import sys
from pathlib import Path

import pytest

import tilevm
from tilevm.diagnostics import CODES
from tilevm.ir import REGISTRY, Op
from tilevm.ir.ops import AllocShared
from tilevm.ir.ops.reduce import Reduction

ROOT = Path(__file__).parents[2]
USED = {
    op.name
    for path in (ROOT / "tests/programs/run").glob("*.tile")
    for kernel in tilevm.load(path).kernels.values()
    for op in kernel.body.walk()
}


@pytest.mark.parametrize("name", sorted(REGISTRY))
def test_every_op_is_complete(name: str) -> None:
    op = REGISTRY[name]
    first = op.law().partition("\n")[0]
    assert len(first) > 20 and first.endswith("."), f"the first line of `{name}` states its law"
    assert len(first) < 100
    assert name in USED, f"no program in tests/programs/run uses `{name}`"
    meaning = op.run is not Op.run
    assert meaning or op is AllocShared, f"`{name}` has no NumPy meaning"
    family = f"{sys.modules[op.__module__].__doc__} {Reduction.__doc__}"
    for item in op.fields():
        told = item.role != "attribute" or item.name in f"{op.__doc__} {family}"
        assert told, f"the documentation of `{name}` says nothing of `{item.name}`"


def test_loops_and_branches_have_programs() -> None:
    assert {"for", "if"} <= USED


def test_every_code_that_is_raised_is_explained() -> None:
    raised: dict[str, str] = {}
    for package in ("tilevm", "hdl"):
        for path in (ROOT / package).rglob("*.py"):
            for code in re.findall(r"TV\d{4}", path.read_text("utf-8")):
                raised.setdefault(code, path.name)
    missing = {code: path for code, path in raised.items() if code not in CODES}
    assert not missing


def test_every_code_of_the_language_has_a_test() -> None:
    tests = "".join(
        path.read_text("utf-8")
        for path in (ROOT / "tests").rglob("*")
        if path.suffix in (".py", ".tile") and path != Path(__file__)
    )
    own = [code for code in CODES if re.match(r"TV0(0|1|2[01]|30|4|5)", code)]
    assert [code for code in own if code not in tests] == []
