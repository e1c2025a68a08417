"""Findings on conversions that stay on the CPU: faults, sharing, costs, overtaking, limits, threads, semantics."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from benchmarks.model import Flat, flat
from benchmarks.suite.cases import OURS
from reports import units
from reports.figures import faults, fits, overtakes, ratios, semantics, versus
from reports.view import USUAL, Group, View, ratio_of

from .registry import Finding, finding, worth

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from benchmarks.records import Observation
    from benchmarks.statistics import Estimate
    from reports.view import Row


def _plain(view: View) -> Iterator[Row]:
    """Yield the cases that everybody can compare: of a group's first choice, the largest payload first."""
    rows = (
        row
        for group in view.groups
        for path in view.paths(group)
        for row in view.line(group, path, view.choices(group)[0])
    )
    yield from sorted(rows, key=lambda row: -row.record.nbytes)


@finding(10)
def page_faults(view: View) -> Iterator[Finding]:
    """Say what fresh pages cost: faults on more than half the pages, and the same copy into existing memory apart."""
    rows = (row for row in _plain(view) if row.record.minflt_per_call > row.record.nbytes / 8192)
    for row in sorted(rows, key=lambda row: (-row.record.nbytes, row.record.path != USUAL.get(row.group))):
        into = faults.into_existing(view, row)
        if into and into.time.high < row.time.low:
            took, count = units.with_interval(row.time, units.time), units.count(row.record.minflt_per_call)
            other, times = units.with_interval(into.time, units.time), units.times(row.time.value / into.time.value)
            yield Finding(
                sentence=f"At {units.size(row.record.nbytes)} `{row.record.path}` takes {took} with {count} page "
                f"faults a call; into existing memory `{into.record.path}` takes {other}, {times} faster.",
                anchor=faults.fault_anchor(row),
                numbers=(took, count, other, times),
            )


@finding(25)
def bridge_gains_most(view: View) -> Iterator[Finding]:
    """Say where bridge is furthest ahead of the usual spelling."""
    yield from _against_usual(view, lambda row, ratio: ratio.high < 1 and row.record.family != "preprocess")


@finding(30)
def preprocessing(view: View) -> Iterator[Finding]:
    """Say how the preprocessing of the seeds compares with bridge's, whoever is ahead."""
    yield from _against_usual(view, lambda row, _: row.record.family == "preprocess")


@finding(60)
def bridge_loses_most(view: View) -> Iterator[Finding]:
    """Say where bridge is furthest behind the usual spelling: a report that hides it is an advertisement."""
    yield from _against_usual(view, lambda row, ratio: ratio.low > 1 and row.record.family != "preprocess")


def _against_usual(view: View, wanted: Callable[[Row, Estimate], bool]) -> Iterator[Finding]:
    ours = (row for row in _plain(view) if row.record.path.startswith(OURS))
    pairs = ((row, ratio) for row in ours if (ratio := versus.ratio_to_usual(view, row)) and worth(ratio))
    known = [(row, ratio) for row, ratio in pairs if wanted(row, ratio)]
    for row, ratio in sorted(known, key=lambda one: -abs(math.log(one[1].value))):
        said = units.with_interval(ratio, units.times)
        yield Finding(
            sentence=f"At {units.size(row.record.nbytes)} `{row.record.path}` takes {said} as long as "
            f"`{USUAL[row.group]}`.",
            anchor=versus.usual_anchor(row.group, row.record.path, row.choice),
            numbers=(said,),
        )


@finding(20)
def sharing_is_flat(view: View) -> Iterator[Finding]:
    """Say what sharing costs, where it costs the same at every size."""
    for group in (one for one in view.groups if one.family == "share"):
        usual = USUAL.get(group, "")
        line = view.line(group, usual, view.choices(group)[0])
        known = flat({row.record.nbytes: row.record.passes() for row in line})
        if isinstance(known, Flat) and all(row.record.aliasing == "shares" for row in line):
            said = units.with_interval(known.time_ns, units.time)
            sizes = f"{units.size(known.smallest_bytes)} to {units.size(known.largest_bytes)}"
            yield Finding(
                sentence=f"`{usual}` copies nothing and costs {said} at every size from {sizes}.",
                anchor=fits.fixed_anchor(group, usual),
                numbers=(said, sizes),
            )


@finding(50)
def copies_cost_a_call(view: View) -> Iterator[Finding]:
    """Say what a copy costs before it moves a byte, against a call that shares."""
    for group in (one for one in view.groups if one.family == "copy"):
        usual = USUAL.get(group, "")
        known = fits.cache_fit(view, group, usual, view.choices(group)[0])
        more = fits.of_sharing(view, group, known)
        if known and known.fixed_ns and more:
            said, ratio = units.with_interval(known.fixed_ns, units.time), units.times(more)
            yield Finding(
                sentence=f"`{usual}` costs {said} before it moves a byte, {ratio} a call of "
                f"`{USUAL[Group('share', group.source)]}`, which moves none.",
                anchor=fits.fixed_anchor(group, usual),
                numbers=(said, ratio),
            )


@finding(70)
def one_overtakes_another(view: View) -> Iterator[Finding]:
    """Say which path is cheaper for small payloads and dearer for large ones, where that is certain on both sides."""
    pairs = (pair for group in view.groups for pair in overtakes.all_pairs(view, group) if pair.overtakes)
    for pair in sorted(pairs, key=lambda one: USUAL.get(one.group) not in {one.first, one.second}):
        cheaper, dearer = pair.ranges("cheaper"), pair.ranges("dearer")
        yield Finding(
            sentence=f"`{pair.first}` is cheaper than `{pair.second}` for {cheaper} and dearer for {dearer}.",
            anchor=pair.anchor,
            numbers=(cheaper, dearer),
        )


@finding(80)
def nearest_to_the_limit(view: View) -> Iterator[Finding]:
    """Say how near a copy comes to the limit at the largest size where that is not lost in noise."""
    copies = (row for row in _plain(view) if row.record.family in {"copy", "copy_into"})
    known = [(row, row.of_limit) for row in copies if row.of_limit and not row.of_limit.noisy]
    for row, ratio in sorted(known, key=lambda one: (-one[0].record.nbytes, one[1].value)):
        said = units.with_interval(ratio, units.times)
        yield Finding(
            sentence=f"At {units.size(row.record.nbytes)} `{row.record.path}` takes {said} as long as one thread takes "
            "to move the same bytes into warm memory, the limit.",
            anchor=ratios.limit_anchor(row),
            numbers=(said,),
        )


@finding(90)
def threads(view: View) -> Iterator[Finding]:
    """Say where all threads help or harm most, where that is certain."""
    rows = [(row, one) for row in view.rows if row.record.threads == "allt" and (one := view.twin(row, threads="1t"))]
    known = [(row, ratio) for row, one in rows if (ratio := ratio_of(row, one)) and worth(ratio)]
    for row, ratio in sorted(known, key=lambda one: -abs(math.log(one[1].value))):
        said = units.with_interval(ratio, units.times)
        yield Finding(
            sentence=f"With all threads `{row.record.path}` takes {said} as long as with one at "
            f"{units.size(row.record.nbytes)}.",
            anchor=versus.threads_anchor(row),
            numbers=(said,),
        )


@finding(64)
def some_lie(view: View) -> Iterator[Finding]:
    """Name a path that returns other values than the source's without a word."""
    sentence = "`{path}` returns {words}, without a word, for `{trait}`."
    yield from _observed(view, lambda seen: seen.wrong_values, semantics.WRONG, sentence)


@finding(65)
def some_kill(view: View) -> Iterator[Finding]:
    """Name a path that ends the process instead of raising."""
    sentence = "`{path}` {words} when the source's {kind} is {value}."
    yield from _observed(view, lambda seen: seen.outcome == "dies", semantics.WORDS["dies"], sentence)


@finding(66)
def some_drop_masks(view: View) -> Iterator[Finding]:
    """Name a path that hands on the elements that a mask hides."""
    sentence = "`{path}` {words}, without a word, for `{trait}`."
    yield from _observed(view, lambda seen: seen.drops_mask, semantics.DROPS, sentence)


@finding(67)
def some_dangle(view: View) -> Iterator[Finding]:
    """Name a path whose result goes on using memory that was given back."""
    sentence = "The result of `{path}` {words} after `{trait}`: it uses memory that was given back."
    yield from _observed(view, lambda seen: seen.dangles, semantics.DANGLES, sentence)


def _observed(view: View, wanted: Callable[[Observation], bool], words: str, sentence: str) -> Iterator[Finding]:
    for one in view.session.semantics:
        for trait, seen in one.observed.items():
            if wanted(seen):
                kind, _, value = trait.partition("=")
                said = sentence.format(path=one.path, words=words, trait=trait, kind=kind, value=value)
                yield Finding(sentence=said, anchor=semantics.card_anchor(one, kind), numbers=(words,))
