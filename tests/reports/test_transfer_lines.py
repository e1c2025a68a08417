from collections.abc import Sequence

import pytest

from benchmarks.model import Fit, NoFit
from benchmarks.statistics import of_values
from reports import units
from reports.figures.transfers import fits
from tests.gpu_builders import a_transfer
from tests.reports.tables import by_name, curve, of, texts


def a_fit(fixed: Sequence[float] | None, speed: Sequence[float]) -> Fit:
    """Return a line with these numbers of each pass."""
    cost = of_values(fixed) if fixed else None
    return Fit(fixed_ns=cost, rate=of_values(speed), sizes=5, worst_miss=0.01)


USUAL = a_fit([9_000, 10_000, 11_000], [7.9, 8.0, 8.1])


@pytest.mark.parametrize(
    ("other", "said"),
    [
        (a_fit([90_000, 90_000], [40, 40]), "cheaper from 781 KiB on"),
        (a_fit([2_000, 2_000], [4, 4]), "cheaper up to 62.5 KiB"),
        (a_fit([1_000, 1_100], [40, 40]), "cheaper at every fitted size"),
        (a_fit([89_000, 90_000], [4, 4]), "dearer at every fitted size"),
        (a_fit([9e9, 9e9], [40, 40]), "dearer at every fitted size"),
        (a_fit([89_000, 90_000], [8.05, 8.2]), "not said: the rates cannot be told apart"),
        (a_fit([8_000, 9_500], [40, 40]), "not said: the fixed costs cannot be told apart"),
        (a_fit(None, [40, 40]), "not said: a fixed cost cannot be told from zero"),
        (NoFit(reason="bent"), "not said: no line"),
    ],
)
def test_a_crossover_is_said_only_where_it_is_certain(other: Fit | NoFit, said: str) -> None:
    """A size is named where both lines are known and apart; everywhere else the reason stands in its place."""
    assert fits.crossover(USUAL, other, 2**10, 2**30) == said


def test_lines_give_back_the_costs_they_were_made_of() -> None:
    """10 µs and 8 GB/s come back as such; a bent path says that it is bent; sizes below 64 KiB are left to others."""
    bent = curve("h2d.stage", 9_000, 8)[:3] + curve("h2d.stage", 9_000, 80)[3:]
    small = a_transfer(done=1e9, size="4KiB")
    known = by_name(
        of([small, *curve("h2d.pageable", 10_000, 8), *curve("h2d.ring", 90_000, 40), *bent])["transfer-fits-h2d"]
    )
    assert known["h2d.pageable"]["fixed cost"].startswith(("9.9", "10.0", "10.1"))
    assert known["h2d.pageable"]["rate"].startswith(("7.9", "8.0"))
    assert known["h2d.ring"]["against h2d.pageable"].startswith("cheaper from 7")
    assert known["h2d.stage"]["rate"] == units.NONE
    assert "a straight line misses a size" in known["h2d.stage"]["against h2d.pageable"]


def test_every_size_where_bridge_loses_is_shown() -> None:
    """A ring that is dearer at 64 KiB and cheaper at 64 MiB is listed once, with its ratio; the unsure are counted."""
    common = {"spread": 0.001}
    records = [a_transfer(done=ns, size=size, **common) for size, ns in (("64KiB", 1e4), ("64MiB", 8e6))]
    records += [a_transfer("h2d.ring", done=ns, size=size, **common) for size, ns in (("64KiB", 3e4), ("64MiB", 2e6))]
    records += [a_transfer("bridge.as_tensor.cuda", size="64KiB", clocks={"done": [[9e3], *[[1.02e4]] * 5]})]
    known = of(records)["transfer-losses"]
    (row,) = texts(known)
    assert row[:3] == ["h2d.ring", "64 KiB", "float32, C"]
    assert row[-1].startswith(("3.00x", "2.99x", "3.01x"))
    assert "In 1 cases it is faster, in 1 neither can be said" in known.caption
    assert "1 of 3 measured cases" in known.title


def test_where_nothing_loses_one_line_says_so() -> None:
    """A bridge that is ahead everywhere has one line that counts the cases."""
    known = of([a_transfer(), a_transfer("bridge.as_tensor.cuda", done=1e5)])["transfer-losses"]
    assert texts(known) == [["every measured case", "none of 1 loses"]]


def test_losses_are_capped_and_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond the cap the title still counts every loss."""
    monkeypatch.setattr("reports.figures.transfers.losses.CAP", 2)
    known = of(curve("h2d.pageable", 1e4, 8) + curve("h2d.ring", 9e4, 4))["transfer-losses"]
    assert len(known.table.lines) == 2
    assert known.title.endswith("6 of 6 measured cases")
    assert "The 2 that lose most are listed" in known.caption
