"""What a pass is: a function from kernel to kernel, its options, and an example that is tested.

A pass is declared once, where it is written::

    @declare
    def unroll(kernel: Kernel, factor: int = 0) -> Kernel:

Its name is that of the function; the first line of its module's docstring says what it does, and
the docstring shows programs before and after it.  Parameters with a default are options: the type
says what may be given, ``Annotated[int, range(1, 9)]`` in which range.
"""

from __future__ import annotations

import inspect
import re
import sys
import textwrap
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Concatenate, Generic, ParamSpec, TypeVar, get_args, get_type_hints

from tilevm.diagnostics import error, nearest
from tilevm.ir import Kernel, Program
from tilevm.ir.attribute import coerce
from tilevm.passes.calls import without_calls

P = ParamSpec("P")
K = TypeVar("K", Kernel, Program)  # a kernel gives a kernel, a program a program


@dataclass(frozen=True, kw_only=True)
class Option:
    """One option of a pass: its type, the numbers that it may be, and what it is if not given."""

    name: str
    hint: Any
    default: Any
    within: range | None = None

    def read(self, value: Any) -> Any:
        """A value as the option's type; ValueError says what is expected."""
        read = coerce(self.hint, value)
        if self.within is not None and read not in self.within:
            low, high = self.within[0], self.within[-1]
            raise ValueError(f"must be a number from {low} to {high}, not {read}")
        return read


@dataclass(frozen=True)
class Example:
    """A program before and after a pass with some options, written as in a pipeline."""

    options: str
    before: str
    after: str


@dataclass(frozen=True, eq=False)
class Pass(Generic[P]):
    """A declared pass; call it with a kernel or a program, and options."""

    function: Callable[..., Kernel]
    options: Mapping[str, Option]

    def __call__(self, kernel: K, /, *args: P.args, **options: P.kwargs) -> K:
        """The rewritten kernel, or program, calls written out first.

        TileError TV0501 for options that do not exist.
        """
        placed = inspect.signature(self.function).bind_partial(kernel, *args).arguments
        given: dict[str, Any] = {**dict(list(placed.items())[1:]), **options}
        checked = self.checked(given)
        if isinstance(kernel, Kernel):
            return self.function(without_calls(kernel), **checked)
        made = {
            name: self.function(without_calls(each), **checked)
            for name, each in kernel.kernels.items()
        }
        return replace(kernel, kernels=made, functions={})

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        return self.function.__name__

    @property
    def page(self) -> str:
        """The documentation: the docstring of the file that holds it."""
        return inspect.cleandoc(sys.modules[self.function.__module__].__doc__ or "")

    @property
    def summary(self) -> str:
        """What it does, in one line."""
        return self.page.splitlines()[0].removeprefix(f"{self.name}: ")

    @property
    def form(self) -> str:
        """How it is written, with every option as it is by default."""
        given = ", ".join(f"{one.name} = {shown(one.default)}" for one in self.options.values())
        return f"{self.name}({given})" if given else self.name

    def examples(self) -> Iterator[Example]:
        """The programs of its documentation, before and after."""
        blocks = re.findall(
            r"^(Before|After)(?: \((.*)\))?::\n((?:\n| {4}.*\n?)+)", self.page, re.M
        )
        texts = [(word, options, textwrap.dedent(text).strip("\n") + "\n")
                 for word, options, text in blocks]  # fmt: skip
        for (_, options, before), (_, _, after) in zip(texts[::2], texts[1::2], strict=True):
            yield Example(options, before, after)

    def option(self, name: str) -> Option:
        """One option; TileError TV0501 where there is none of that name."""
        if name in self.options:
            return self.options[name]
        near = nearest(name, self.options)
        listed = ", ".join(self.options)
        all_of = f"its options: {listed}" if listed else "it has none"
        hint = f"did you mean `{near}`?" if near else all_of
        raise error("TV0501", f"`{self.name}` has no option `{name}`", help=hint)

    def checked(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """The options with their values read; TileError TV0501 for what is not one."""
        read: dict[str, Any] = {}
        parameters = inspect.signature(self.function).parameters
        for name, value in given.items():
            if name in parameters and name not in self.options:
                read[name] = value  # from Python only
                continue
            try:
                read[name] = self.option(name).read(value)
            except ValueError as reason:
                message = f"option `{name}` of `{self.name}` {reason}"
                raise error("TV0501", message) from None
        return read


def shown(value: Any) -> str:
    """An option's value as it is written."""
    return str(value).lower() if isinstance(value, bool) else str(value)


PASSES: dict[str, Pass[Any]] = {}


def declare(function: Callable[Concatenate[Kernel, P], Kernel]) -> Pass[P]:
    """Makes a pass of a function, and enters it into `PASSES`."""
    hints = get_type_hints(function, include_extras=True)
    options = {
        name: _option(name, hints[name], parameter.default)
        for name, parameter in inspect.signature(function).parameters.items()
        if parameter.default not in (inspect.Parameter.empty, None)
    }
    made: Pass[P] = Pass(function, options)
    PASSES[made.name] = made
    return made


def _option(name: str, hint: Any, default: Any) -> Option:
    if hasattr(hint, "__metadata__"):  # Annotated
        kind, within = get_args(hint)
        return Option(name=name, hint=kind, default=default, within=within)
    return Option(name=name, hint=hint, default=default)
