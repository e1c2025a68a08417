"""Advice in words, from a made-up one: the first path's numbers first, and what it rests on."""

from benchmarks.advice import Advice
from benchmarks.advice.candidates import Excluded
from benchmarks.advice.expected import Expected
from benchmarks.advice.ranking import Ranked
from benchmarks.advice.text import to_text
from tests.benchmarks.test_advice import asked

HOSTILE = "<a> | &"


def a_rank(path: str, us: float, **more: object) -> Ranked:
    """Return a path that takes so many microseconds, a tenth less or a fifth more."""
    time = Expected(value_ns=us * 1e3, low_ns=us * 900, high_ns=us * 1200, origin="recorded")
    known = {"code": f"t = {path}(a)", "aliasing": "copies", "expected": time, "times_best": us / 10, "tied": False}
    return Ranked(**({"path": path, **known, "new_bytes": 1 << 20, "once_bytes": 0} | more))  # type: ignore[arg-type]


def said() -> list[str]:
    """Return the lines of an advice with everything in it."""
    kept = {"new_bytes": 0, "once_bytes": 1 << 20, "code": "out = make(a)  # once\nfill(out, a)"}
    found = Advice(
        wanted=asked(reuse=3),
        ranked=(a_rank("fast", 10), a_rank("tied", 11, tied=True), a_rank("kept", 30, **kept)),
        unknown=(f"unknown {HOSTILE}",),
        excluded=(Excluded(path="wrong", reason=f"wrong {HOSTILE}"),),
        flips=(f"flips {HOSTILE}",),
        assumes=(f"assumes {HOSTILE}",),
        notes=(f"notes {HOSTILE}",),
    )
    return to_text(found).splitlines()


def test_the_sentence_is_about_the_first() -> None:
    """What to write, its time with both ends, that it copies, and who ties with it."""
    assert said()[0] == ("Write t = fast(a) : 10 µs [9, 12] a call, copies; not distinguishable from it: tied.")


def test_the_question_is_said_again() -> None:
    """What was asked stands behind the recommendation, with all that was asked of the result."""
    assert said()[2].endswith("1 MiB, device cpu, 1 thread, 3 arrays of this shape, written to afterwards")


def test_memory_that_is_made_once_is_told_apart() -> None:
    """A path that fills memory again has no new bytes a call, and says what it makes once."""
    (line,) = [one for one in said() if one.startswith("3 ")]
    assert " ".join(line.split()) == (
        "3 kept 30 µs [27, 36] 3.00 0 B (1 MiB once) copies recorded out = make(a); fill(out, a)"
    )


def test_what_it_rests_on_has_its_headings() -> None:
    """What is not predicted, assumed, about to change, not correct, and where it is from: each under its heading."""
    lines = said()
    headings = {
        "not predicted (measuring would tell):": f"  unknown {HOSTILE}",
        "assumes:": f"  assumes {HOSTILE}",
        "the answer changes:": f"  flips {HOSTILE}",
        "not correct here:": f"  wrong: wrong {HOSTILE}",
        "from:": f"  notes {HOSTILE}",
    }
    assert {name: lines[lines.index(name) + 1] for name in headings} == headings
