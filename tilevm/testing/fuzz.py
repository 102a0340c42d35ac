"""Programs by the thousand: random kernels, computed in every way, and what differs made small.

A seed names a batch of a few programs, so that a batch is found again by its seed alone.
"""

from __future__ import annotations

import signal
import warnings
from collections.abc import Generator, Iterable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import dataclass
from functools import cache
from itertools import count
from multiprocessing import get_context
from multiprocessing.synchronize import Event
from random import Random
from time import monotonic
from typing import Any

from hypothesis import Phase, Verbosity, find, settings
from hypothesis import strategies as st
from hypothesis.errors import Flaky, NoSuchExample

from tilevm.diagnostics import TileError
from tilevm.ir import REGISTRY, Kernel
from tilevm.testing.arguments import inputs
from tilevm.testing.edits import statements
from tilevm.testing.kernels import CONTROL, Generated, kernels
from tilevm.testing.oracles import Form, ways
from tilevm.testing.shrink import shrunk
from tilevm.vm import run

BATCH = 10  # programs of one seed
DRAWS = 30  # at most, for Hypothesis to make one failing program small
TRIES = 600  # at most, to make it smaller still, statement by statement
SHRINK_SECONDS = 60  # for the second: hardware takes long
FORMS = (
    Form(),
    Form(dot="mac", lanes=3),
    Form(lanes=7, group=3, table="weights"),
    Form(dot="mac", lanes=1, stall=0.6, seed=2),
    Form(dot="bitserial", lanes=8, stall=0.0),
    Form(dot="ternary", lanes=5, group=1, stall=0.6, seed=3),
    Form(lanes=4, group=2, engines=2),
    Form(dot="mac", lanes=16, engines=2, stall=0.0),
    Form(lanes=2, engines=3, stall=0.6, seed=4),
    Form(lanes=8, group=1, table="weights", simulator="icarus"),
    Form(dot="mac", lanes=64, engines=2, simulator="icarus", seed=5),
    Form(lanes=6, stall=0.6, simulator="verilator", seed=6),
)
_ENOUGH: list[Event] = []  # what ends all searches of this process
NAMES = frozenset({*REGISTRY, *CONTROL})  # the ops that a program may hold


@dataclass(frozen=True)
class Difference:
    """A kernel and arguments for which one way to compute gives something else, or fails.

    `kind` tells failures apart: the code of an error, or the name of an exception.
    """

    way: str
    kind: str
    reason: str
    kernel: Kernel
    arguments: Mapping[str, Any]

    @property
    def size(self) -> tuple[int, int]:
        """What is to be small: statements, then characters."""
        return len(statements(self.kernel)), len(str(self.kernel))


@dataclass(frozen=True)
class Batch:
    """The programs of one seed: how many, of which ops, and a difference, made small."""

    seed: int
    programs: int
    ops: frozenset[str]
    difference: Difference | None


class _TimeIsUp(BaseException):
    """Ends a search; not an Exception, which Hypothesis would take for a failure."""


def differences(
    kernel: Kernel, arguments: Mapping[str, Any], forms: Iterable[Form] = (), only: str = ""
) -> Iterator[Difference | None]:
    """Each way to compute the kernel (or the one called `only`): None where it is equal."""

    def told(way: str, problem: Exception) -> Difference:
        kind, reason = type(problem).__name__, (str(problem) or "no message").splitlines()[0]
        if isinstance(problem, TileError):
            kind = problem.diagnostics[0].code
        elif not isinstance(problem, AssertionError):
            reason = f"{way}: {kind}: {reason}"
        return Difference(way, kind, reason, kernel, arguments)

    with warnings.catch_warnings():
        warnings.simplefilter("error")  # nobody is to see one
        try:
            want = run(kernel, arguments, output=lambda line: None)
        except Exception as problem:
            yield told("in the machine", problem)
            return
        for way in ways(kernel, arguments, want, forms=forms):
            if only in ("", way.name):
                try:
                    way.check()
                except Exception as problem:
                    yield told(way.name, problem)
                else:
                    yield None


@cache
def usable_forms() -> tuple[Form, ...]:
    """Those of `FORMS` whose simulator is installed."""
    from hdl.sim.external import missing

    return tuple(f for f in FORMS if f.simulator == "amaranth" or missing(f.simulator) is None)


@st.composite
def _cases(draw: st.DrawFn, hardware: bool) -> tuple[Generated, int, tuple[Form, ...]]:
    """A kernel, the seed of its arguments, and how to build it."""
    made = draw(st.one_of(kernels(), kernels(buildable=False)))
    forms = (draw(st.sampled_from(usable_forms())),) if hardware else ()
    return made, draw(st.integers(0, 99)), forms


def search(seed: int, seconds: float, *, hardware: bool = False, programs: int = BATCH) -> Batch:
    """Computes the programs of a seed in every way, until one differs or the time is up.

    At least one is computed.  What differs is made small, which may take half a minute longer.
    """
    until, number, tries, ops = monotonic() + seconds, 0, 0, set[str]()
    best: Difference | None = None
    best_forms: tuple[Form, ...] = ()

    def differs(case: tuple[Generated, int, tuple[Form, ...]]) -> bool:
        nonlocal number, tries, best, best_forms
        late = number > 0 and monotonic() > until if best is None else tries >= DRAWS
        if late or any(enough.is_set() for enough in _ENOUGH):
            raise _TimeIsUp
        made, arguments_seed, forms = case
        if best is None:
            number += 1
            ops.update(op.name for op in made.kernel.body.walk())
        else:
            tries += 1
        arguments = inputs(made.kernel, made.sizes, seed=arguments_seed)
        only = "" if best is None or best.way == "in the machine" else best.way
        for found in differences(made.kernel, arguments, forms, only):
            if found and (best is None or (found.way, found.kind) == (best.way, best.kind)):
                if best is None or found.size < best.size:
                    best, best_forms = found, forms
                return True
        return False

    plan = settings(
        max_examples=programs,
        phases=[Phase.generate, Phase.shrink],
        database=None,
        deadline=None,
        verbosity=Verbosity.quiet,
    )
    try:
        find(_cases(hardware), differs, settings=plan, random=Random(seed))
    except (NoSuchExample, Flaky, _TimeIsUp):
        pass  # what was found so far is in `best`
    except Exception:
        if best is None:
            raise  # else making it smaller failed, in Hypothesis: what was found counts
    return Batch(seed, number, frozenset(ops), best and smaller(best, best_forms))


def smaller(found: Difference, forms: Iterable[Form] = ()) -> Difference:
    """A difference of the same way and kind, in a kernel of fewer statements if there is one."""
    until, forms = monotonic() + SHRINK_SECONDS, tuple(forms)
    in_machine = found.way == "in the machine"

    def again(kernel: Kernel, arguments: Mapping[str, Any]) -> Difference | None:
        for each in differences(kernel, arguments, forms, "" if in_machine else found.way):
            if each and (each.way, each.kind) == (found.way, found.kind):
                return each
        return None

    shown = [found]  # as it was seen: the machine may take another way when a kernel runs again

    def fails(kernel: Kernel, arguments: Mapping[str, Any]) -> bool:
        late = monotonic() > until or any(enough.is_set() for enough in _ENOUGH)
        here = None if late else again(kernel, arguments)
        shown.extend(filter(None, [here]))
        return here is not None

    case = shrunk(found.kernel, found.arguments, fails, tries=TRIES, stops=in_machine)
    return next(
        each
        for each in reversed(shown)
        if each.kernel is case.kernel and each.arguments is case.arguments
    )


def fuzz(
    seed: int, seconds: float, *, jobs: int = 1, hardware: bool = False
) -> Generator[Batch, None, None]:
    """The batches of `seed`, `seed` + 1, ... for so long, in so many processes.

    Closing it ends the searches under way.
    """
    until, seeds = monotonic() + seconds, count(seed)
    if jobs == 1:
        while monotonic() < until:
            yield search(next(seeds), until - monotonic(), hardware=hardware)
        return
    spawn = get_context("spawn")
    enough = spawn.Event()
    pool = ProcessPoolExecutor(jobs, spawn, initializer=_worker, initargs=(enough,))
    running: set[Future[Batch]] = set()
    try:
        while running or monotonic() < until:
            while len(running) < jobs and monotonic() < until:
                left = until - monotonic()
                running.add(pool.submit(search, next(seeds), left, hardware=hardware))
            done, running = wait(running, return_when=FIRST_COMPLETED)
            yield from (each.result() for each in done)
    finally:
        enough.set()
        pool.shutdown(cancel_futures=True)


def _worker(enough: Event) -> None:
    """Begins a process of searches: they end when there are enough, not at an interrupt."""
    _ENOUGH.append(enough)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
