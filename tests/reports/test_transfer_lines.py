import pytest

from benchmarks.curves import curve as model_of
from reports import units
from reports.figures.transfers import fits
from reports.transfers import Transfers
from tests.gpu_builders import a_gpu_session, a_transfer
from tests.reports.tables import by_name, curve, of, texts


def said_of(*other: tuple[str, float, float]) -> str:
    """Return what is said of a path of these costs by size against 10 µs and 8 bytes a ns."""
    usual = curve("h2d.pageable", 10_000, 8)
    records = [*usual, *(one for cost in other for one in curve(*cost))]
    lines = Transfers(a_gpu_session(records)).curves("h2d")
    known = {name: model_of(row.record for row in rows) for name, rows in lines.items()}
    return fits.against(known["h2d.pageable"], known[other[0][0]])


@pytest.mark.parametrize(
    ("fixed", "speed", "said"),
    [
        (90_000, 40, "cheaper from 7"),
        (2_000, 7, "cheaper up to 4"),
        (1_000, 40, "cheaper wherever they can be told apart"),
        (89_000, 4, "dearer wherever they can be told apart"),
        (10_000, 8, "cannot be told apart at any size"),
    ],
)
def test_a_crossover_is_said_only_where_it_is_certain(fixed: float, speed: float, said: str) -> None:
    """A size is named where both lines are known and apart; everywhere else the reason stands in its place."""
    assert said_of(("h2d.ring", fixed, speed)).startswith(said)


def test_lines_give_back_the_costs_they_were_made_of() -> None:
    """10 µs and 8 GB/s come back as such; a path whose rate changes has one line for each; an odd size has none."""
    bent = curve("h2d.stage", 9_000, 8)[:4] + curve("h2d.stage", 9_000, 2)[4:]
    small = a_transfer(done=1e9, size="4KiB")
    figure = of([small, *curve("h2d.pageable", 10_000, 8), *curve("h2d.ring", 90_000, 40), *bent])["transfer-fits-h2d"]
    known = by_name(figure)
    assert known["h2d.pageable"]["fixed cost"].startswith(("9.9", "10.0", "10.1"))
    assert known["h2d.pageable"]["rate"].startswith(("7.9", "8.0"))
    assert known["h2d.ring"]["against h2d.pageable"].startswith("cheaper from 7")
    stage = [row for row in texts(figure) if row[0] == "h2d.stage"]
    assert [row[3] for row in stage] == ["64 KiB to 4 MiB", "16 MiB to 64 MiB"]
    assert known["h2d.pageable"]["sizes"] == "64 KiB to 64 MiB"


def test_a_path_without_a_line_says_so() -> None:
    """Two sizes far apart make no line, and the order of the times is said all the same."""
    far = [one for one in curve("h2d.ring", 9_000, 80) if one.nbytes in {2**16, 2**26}]
    known = by_name(of([*curve("h2d.pageable", 10_000, 8), *far])["transfer-fits-h2d"])
    assert known["h2d.ring"]["rate"] == units.NONE
    assert known["h2d.ring"]["against h2d.pageable"] == (
        "2 of the 3 sizes that a line needs; cheaper wherever they can be told apart"
    )


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
