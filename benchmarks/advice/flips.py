"""When another path comes first, as this machine's records say: over sizes, over threads, with memory used again."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from benchmarks.suite.cases import SIZES

from .ranking import is_slower
from .sources import grown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from .candidates import Candidate
    from .expected import Expected
    from .wanted import Wanted

    #: What candidates are expected to take for something that is wanted.
    Expect = Callable[[Wanted, Sequence[Candidate]], Mapping[str, Expected]]

#: So many arrays of one shape are asked about.
_REUSES: Final = (2, 5, 10, 100, 1000)


def flips(
    wanted: Wanted, every: Sequence[Candidate], first: str, expect: Expect, *, all_threads: int
) -> tuple[str, ...]:
    """Return when the answer is another one, a sentence each; `all_threads` is how many the records call all."""
    plain = [one for one in every if wanted.reuse > 1 or not one.reuses]
    other = 1 if wanted.threads > 1 else all_threads
    found = [*_over_sizes(wanted, plain, first, expect), *_over_threads(wanted, plain, first, expect, other)]
    return (*found, *_over_reuse(wanted, every, first, expect))


def _over_sizes(wanted: Wanted, every: Sequence[Candidate], first: str, expect: Expect) -> Iterator[str]:
    """Look up and down from the wanted size for the nearest one at which another path is certainly first."""
    up = [(name, nbytes) for name, nbytes in SIZES.items() if nbytes > wanted.payload_bytes]
    down = [(name, nbytes) for name, nbytes in reversed(SIZES.items()) if nbytes < wanted.payload_bytes]
    asked = False
    for word, sizes in (("larger", up), ("smaller", down)):
        here = "this size"
        for name, nbytes in sizes:
            known = expect(grown(wanted, nbytes), every)
            if first not in known or len(known) == 1:
                continue
            asked = True
            if other := _beats(first, known):
                yield f"{word}: from somewhere between {here} and {name}, {other} is first{_days(known, first, other)}"
                break
            here = name
    if not asked:
        yield "over sizes: not known, for the records have no other size of this"


def _over_threads(
    wanted: Wanted, every: Sequence[Candidate], first: str, expect: Expect, threads: int
) -> Iterator[str]:
    if threads == wanted.threads:
        yield "over threads: not known, for the records have one thread alone"
        return
    known = expect(replace(wanted, threads=threads), every)
    words = "one thread" if threads == 1 else f"{threads} threads"
    if first not in known or len(known) == 1:
        yield f"over threads: not known, for the records have nothing of this with {words}"
    elif other := _beats(first, known):
        yield f"threads: with {words}, {other} is first{_days(known, first, other)}"
    else:
        yield f"threads: with {words}, {first} stays first or ties{_days(known, *known)}"


def _over_reuse(wanted: Wanted, every: Sequence[Candidate], first: str, expect: Expect) -> Iterator[str]:
    """Say from how many arrays on warm memory is worth its first call, which is taken for one into fresh memory."""
    into = [one.path.name for one in every if one.reuses]
    if wanted.reuse > 1 or not into:
        return
    here = 1
    for calls in _REUSES:
        known = expect(replace(wanted, reuse=calls), every)
        warm = {name: known[name] for name in (first, *into) if name in known}
        if first not in warm or len(warm) == 1:
            yield "over reuse: not known, for the records have no copy of this into warm memory; ask with --reuse 2"
            return
        if best := _beats(first, warm):
            share = warm[best].value_ns / warm[first].value_ns
            many = calls if here == 1 else f"somewhere between {here} and {calls}"
            kept = f"{best} into memory that is kept ({share:.2f} of the time)"
            yield f"reuse: from {many} arrays of this shape on, {kept}{_days(warm, first, best)}"
            return
        here = calls
    yield f"reuse: no memory that is kept is certainly faster, up to {here} arrays of this shape{_days(warm, *warm)}"


def _days(known: Mapping[str, Expected], *names: str) -> str:
    """Return words for times of several sessions, which the speed of the machine may tell apart and not the paths."""
    sessions = {session for name in names for session in known[name].sessions}
    return " (by times of several sessions)" if len(sessions) > 1 else ""


def _beats(first: str, known: Mapping[str, Expected]) -> str | None:
    """Return the path that is certainly faster than the first, the fastest if there are several."""
    faster = _faster(first, known)
    return min(faster, key=lambda name: known[name].value_ns, default=None)


def _faster(first: str, known: Mapping[str, Expected]) -> Iterable[str]:
    return [name for name in known if name != first and is_slower(known[first], known[name])]
