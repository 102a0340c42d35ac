"""What is said where a type does not hold a written number."""

import pytest

import tilevm

PROGRAM = """
kernel f(y: global {kind}[1])
{{
  t = full {kind}[1] {{value = {value}}}
  store t, y[0]
}}
"""


@pytest.mark.parametrize(
    ("kind", "value", "help"),
    [
        ("f32", "1e-5", "write one that it holds, or `cast` the tile from a wider type"),
        ("f16", "-0.1", "write one that it holds, or `cast` the tile from a wider type"),
        ("f16", "1e6", "it goes from -65504.0 to 65504.0"),
        ("i8", "128", "it goes from -128 to 127"),
    ],
)
def test_number_that_a_type_does_not_hold(kind, value, help):
    with pytest.raises(tilevm.TileError) as found:
        tilevm.parse(PROGRAM.format(kind=kind, value=value))
    (diagnostic,) = found.value.diagnostics
    assert diagnostic.code == "TV0207"
    assert diagnostic.help.startswith(help)


def test_wider_type_rounds_the_number_as_the_help_says():
    program = tilevm.parse("""
kernel f(y: global f32[1])
{
  wide = full f64[1] {value = 1e-5}
  t = cast wide {to = f32}
  store t, y[0]
}
""")
    assert tilevm.run(program["f"])["y"].tolist() == [9.999999747378752e-06]
