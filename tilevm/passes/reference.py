"""The page of all passes, from their declarations: ``python -m tilevm.passes.reference``."""

from __future__ import annotations

import re
import sys
from typing import Any, Literal, get_args, get_origin

from tilevm.passes import PASSES
from tilevm.passes.registry import Option, Pass, shown

_HEAD = """\
# Passes

A pass rewrites a program into another one that gives the same results, bit for bit: every program
on the way can be run, printed and compared.

    tilevm opt gemv.tile -p canonicalise -p "rewrite_dot(form = bitserial)" -o serial.tile
    tilevm run gemv.tile gemv -a w=w.npy -a x=x.npy -p "unroll(factor = 2), share_subexpressions"
    tilevm verify gemv.tile gemv --set N=64 --set K=32

`--dump-ir DIR` of `opt`, `run`, `build`, `sim` and `verify` keeps the program before and after each
pass, as files in their order; without DIR they are shown. From Python:

```python
>>> import tilevm
>>> program = tilevm.parse('''
... kernel f(x: global i8[4], y: global i8[4]) {
...   a: i8[4] = load x[0]
...   unused = neg a
...   store a, y[0]
... }
... ''')
>>> plain = tilevm.passes.canonicalise(program)
>>> plain == tilevm.passes.transform(program, "canonicalise, rewrite_dot(form = lut, group = 4)")
True
>>> tilevm.passes.transform(program, "canonicalize")
Traceback (most recent call last):
    ...
tilevm.diagnostics.diagnostic.TileError: error[TV0510]: there is no pass `canonicalize`
...

```

A program that a pass gives need not report the same in a checked run (`--check`): what overflows,
and is folded or counted in another type, is no longer there to be reported.

This page is written by `python -m tilevm.passes.reference`, from the file of each pass.
"""


def reference() -> str:
    """The page, in Markdown."""
    return "\n".join([_HEAD, *(_entry(one) for one in PASSES.values())])


def _entry(one: Pass[Any]) -> str:
    body = one.page.partition("\n")[2].strip()
    body = re.sub(r"^(Before|After)(?: \((.*)\))?::$", _heading, body, flags=re.M).replace(
        "``", "`"
    )
    summary = one.summary[0].upper() + one.summary[1:]
    options = "".join(f"- `{option.name}`: {_kind(option)}\n" for option in one.options.values())
    return "\n".join(
        [f"## `{one.name}`\n", f"{summary}\n", *([options] if options else []), f"{body}\n"]
    )


def _heading(found: re.Match[str]) -> str:
    return f"{found[1]} `{found[2]}`:" if found[2] else f"{found[1]}:"


def _kind(option: Option) -> str:
    default = f"by default `{shown(option.default)}`"
    if get_origin(option.hint) is Literal:
        return f"{' or '.join(f'`{choice}`' for choice in get_args(option.hint))}; {default}"
    if option.hint is bool:
        return f"`true` or `false`; {default}"
    assert option.within is not None
    return f"a number from {option.within[0]} to {option.within[-1]}; {default}"


if __name__ == "__main__":
    sys.stdout.write(reference())
