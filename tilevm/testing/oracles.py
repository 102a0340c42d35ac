"""One kernel, computed in every way there is, gives one result: the ways, and the comparison."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from tilevm import reference
from tilevm.diagnostics import TileError
from tilevm.ir import Kernel, verify
from tilevm.passes import SAMPLES, canonicalise, transform
from tilevm.text import parse
from tilevm.vm import Event, bind, run

Arrays = Mapping[str, npt.NDArray[Any]]
CHUNKS = (1, 500, 1 << 23)  # bytes: block by block, a few blocks, all at once
# random programs wrap around, and lay their outputs out by elements, not by bytes
MEANT = frozenset({"TV0441", "TV0442", "TV0443"})


@dataclass(frozen=True, kw_only=True)
class Form:
    """A way to build hardware: the arguments of `hdl.build`, and those of the simulation."""

    dot: str = "lut"
    lanes: int = 16
    group: int = 4
    table: str = "activations"
    engines: int = 1
    stall: float = 0.3
    seed: int = 1
    simulator: str = "amaranth"


@dataclass(frozen=True)
class Way:
    """One way to compute a kernel; `check` compares it, and raises where it differs."""

    name: str
    check: Callable[[], object]


def ways(
    kernel: Kernel,
    arguments: Mapping[str, Any],
    want: Arrays,
    *,
    forms: Iterable[Form] = (),
    note: str = "",
) -> Iterator[Way]:
    """Every way to compute the kernel; `want` is what `run` gives.

    The VM at several chunk sizes and checked, the reference, the kernel printed and parsed, after
    passes, and as hardware in each of `forms`; that a form is refused (TV05..) is no difference.
    """

    def same(what: str, compute: Callable[[], Arrays]) -> Way:
        return Way(what, lambda: assert_same(kernel, want, compute(), what, note))

    for chunk in CHUNKS[:-1]:
        at = partial(run, kernel, arguments, chunk_bytes=chunk, output=_quiet)
        yield same(f"in chunks of {chunk} bytes", at)
    yield same("in a run like one before", partial(run, kernel, arguments, output=_quiet))
    yield Way("in a checked run", partial(assert_checked, kernel, arguments, note))
    yield same("in the reference", partial(_reference, kernel, arguments))
    yield Way("printed and parsed", partial(assert_round_trip, kernel, note))
    yield from _passes(kernel, arguments, want, note, SAMPLES)
    for form in forms:
        built = partial(simulated, kernel, arguments, want, form, note)
        yield Way(f"as hardware, {form}", built)


def assert_equal_everywhere(
    kernel: Kernel,
    arguments: Mapping[str, Any],
    *,
    forms: Iterable[Form] = (),
    note: str = "",
) -> None:
    """Compares all `ways` to compute a kernel.

    AssertionError with the program, `note` (how to replay) and the first wrong element.
    """
    want = run(kernel, arguments, output=_quiet)
    for way in ways(kernel, arguments, want, forms=forms, note=note):
        way.check()


def assert_round_trip(kernel: Kernel, note: str = "") -> None:
    """The printed kernel parses back to an equal one, and printing that changes nothing."""
    text = str(kernel)
    again = parse(text, filename="generated.tile")[kernel.name]
    assert again == kernel, f"the parsed kernel differs\n{note}\n{text}\n{again}"
    assert str(again) == text, f"printing is no fixed point\n{note}\n{text}\n{again}"


def assert_passes_keep(
    kernel: Kernel,
    arguments: Mapping[str, Any],
    want: Arrays,
    note: str = "",
    passes: Iterable[str] = SAMPLES,
) -> None:
    """Each of the passes (or lists of passes) gives a program with the same results.

    What it gives is well-formed, can be printed and parsed, and made plain for these shapes keeps
    its results too.
    """
    for way in _passes(kernel, arguments, want, note, passes):
        way.check()


def _passes(
    kernel: Kernel, arguments: Mapping[str, Any], want: Arrays, note: str, passes: Iterable[str]
) -> Iterator[Way]:
    seen = {kernel}

    def check(what: str, make: Callable[[], Kernel]) -> None:
        made = make()
        if made not in seen:
            seen.add(made)
            assert_kept(kernel, made, arguments, want, what, note)

    for text in passes:
        what = f"after {text}"
        yield Way(what, partial(check, what, partial(transform, kernel, text)))

    def plain() -> Kernel:
        return canonicalise(transform(kernel, text), bind(kernel, arguments).symbols)

    what = f"after {text}, with bound symbols"
    yield Way(what, partial(check, what, plain))


def assert_kept(
    kernel: Kernel, made: Kernel, arguments: Mapping[str, Any], want: Arrays, what: str, note: str
) -> None:
    """A rewritten kernel is well-formed, prints and parses, and gives the same results."""
    verify(made)
    assert_round_trip(made, f"{what}\n{note}\nof\n{kernel}")
    assert_same(made, want, _run(made, arguments, want), what, f"{note}\nof\n{kernel}")


def assert_checked(kernel: Kernel, arguments: Mapping[str, Any], note: str = "") -> None:
    """A checked run computes the values of one that is not, and finds nothing but what is MEANT."""
    plain, nothing = _observed(kernel, arguments, check=False)
    checked, found = _observed(kernel, arguments, check=True)
    assert not nothing | found - MEANT, f"a run finds {nothing | found}\n{note}\n{kernel}"
    assert len(plain) == len(checked), f"a checked run goes another way\n{note}\n{kernel}"
    for one, other in zip(plain, checked, strict=True):
        name, kind = one.value.name, one.value.dtype
        assert one.value is other.value, f"`{name}` is `{other.value.name}`\n{note}\n{kernel}"
        equal = np.array_equal(kind.encode(one.data), kind.encode(other.data))
        assert equal, f"`{name}` differs in a checked run\n{note}\n{kernel}"


def _observed(
    kernel: Kernel, arguments: Mapping[str, Any], *, check: bool
) -> tuple[list[Event], set[str]]:
    """Every value that a run computes, and the codes of what it reports."""
    events: list[Event] = []
    try:
        run(kernel, arguments, check=check, observe=events.append, output=_quiet)
    except TileError as problem:
        return events, {each.code for each in problem.diagnostics}
    return events, set()


def reports(kernel: Kernel, arguments: Mapping[str, Any]) -> set[str]:
    """The codes of what a checked run reports or stops with, or the name of an exception."""
    try:
        run(kernel, arguments, check=True, output=_quiet)
    except TileError as problem:
        return {each.code for each in problem.diagnostics}
    except Exception as problem:
        return {type(problem).__name__}
    return set()


def _reference(kernel: Kernel, arguments: Mapping[str, Any]) -> Arrays:
    found = reference.run(kernel, arguments, output=_quiet)
    return {
        name: np.asarray(values, kernel.param(name).dtype.carrier) for name, values in found.items()
    }


def simulated(
    kernel: Kernel, arguments: Mapping[str, Any], want: Arrays, form: Form, note: str = ""
) -> bool:
    """Builds one form and compares it with the VM, stream by stream; False if it is refused."""
    import hdl

    try:
        design = hdl.build(
            kernel,
            dot=form.dot,
            lanes=form.lanes,
            group=form.group,
            table=form.table,
            engines=form.engines,
            sizes=bind(kernel, arguments).symbols,
        )
    except TileError as problem:
        if all(d.code.startswith("TV05") for d in problem.diagnostics):
            return False
        raise
    result = design.simulate(arguments, stall=form.stall, seed=form.seed, simulator=form.simulator)
    assert_same(kernel, want, result.outputs, f"as hardware, {form}", note)
    assert result.cycles == result.predicted, f"{form}: {result.cycles} cycles\n{note}\n{kernel}"
    return True


def assert_same(kernel: Kernel, want: Arrays, got: Arrays, what: str, note: str = "") -> None:
    """Equal buffers, bit for bit; AssertionError names the first element that differs."""
    assert set(want) == set(got), f"{what}: {sorted(want)} and {sorted(got)}\n{note}\n{kernel}"
    for name, expected in want.items():
        kind = kernel.param(name).dtype
        wrong = np.argwhere(kind.encode(expected) != kind.encode(got[name]))
        if len(wrong):
            at = tuple(int(i) for i in wrong[0])
            raise AssertionError(
                f"{what}: `{name}{list(at)}` is {got[name][at]}, not {expected[at]} "
                f"({len(wrong)} of {expected.size} elements differ)\n{note}\n{kernel}"
            )


def _run(kernel: Kernel, arguments: Mapping[str, Any], want: Arrays) -> Arrays:
    """The results of what a pass made; a buffer is unchanged where no store to it was left."""
    unchanged = {name: np.asarray(arguments[name]) for name in want if name in arguments}
    return {**unchanged, **run(kernel, arguments, output=_quiet)}


def _quiet(_line: str) -> None:
    """Takes a line of `print`: every way would print it again."""
