"""Each check of doctor over made-up systems: every severity, and what is not told is no pass."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from benchmarks.doctor import checks as loaded
from benchmarks.doctor.checks import clock, cuda, disk, load, numa, pages, quota, settings
from benchmarks.doctor.host import Host, numbers
from benchmarks.doctor.registry import CHECKS, check
from tests.doctor_builders import a_host

CPU = "sys/devices/system/cpu"
THP = "sys/kernel/mm/transparent_hugepage"
GROUP = "sys/fs/cgroup"
FREQUENCY = f"{CPU}/cpu1/cpufreq/scaling_governor"
SIBLINGS = f"{CPU}/cpu0/topology/thread_siblings_list"
NODE = "sys/devices/system/node/node"
NODES = {f"{NODE}{node}/cpulist": str(node) for node in (0, 1)}
V1 = {"proc/self/cgroup": "4:cpu,cpuacct:/a/b\n9:name=systemd:/\n0::/"}
V2 = {"proc/self/cgroup": "0::/a/b"}
QUOTA, PERIOD = f"{GROUP}/cpu,cpuacct/a/cpu.cfs_quota_us", f"{GROUP}/cpu,cpuacct/a/cpu.cfs_period_us"


@pytest.mark.parametrize(
    ("name", "files", "severity", "says"),
    [
        ("governor", {}, "note", "not told here"),
        ("governor", {FREQUENCY: "performance"}, "ok", "performance"),
        ("governor", {FREQUENCY: "<a> | &"}, "warning", "<a> | &: the clock follows the load"),
        (
            "governor",
            {FREQUENCY: "performance", FREQUENCY.replace("1", "0"): "powersave"},
            "warning",
            "performance, pow",
        ),
        ("turbo", {}, "note", "not told here"),
        ("turbo", {f"{CPU}/intel_pstate/no_turbo": "0"}, "note", "on: "),
        ("turbo", {f"{CPU}/intel_pstate/no_turbo": "1"}, "ok", "off"),
        ("turbo", {f"{CPU}/cpufreq/boost": "1"}, "note", "on: "),
        ("turbo", {f"{CPU}/cpufreq/boost": "0"}, "ok", "off"),
        ("turbo", {f"{CPU}/intel_pstate/no_turbo": "1", f"{CPU}/cpufreq/boost": "1"}, "note", "on: "),
        ("smt", {}, "note", "not told here"),
        ("smt", {SIBLINGS: "0-1"}, "note", "of our cores 1 have two usable CPUs or more"),
        ("smt", {SIBLINGS: "0,8"}, "note", "and 1 have CPUs of others"),
        ("smt", {SIBLINGS: "0,8"}, "note", "of our cores 0 have two usable CPUs or more"),
        ("smt", {SIBLINGS: "0"}, "ok", "no two CPUs share a core"),
        ("smt", {SIBLINGS: "0", SIBLINGS.replace("0", "8"): "8-9"}, "ok", "no two CPUs share a core"),
        ("affinity", {}, "note", "not told here"),
        ("affinity", {f"{CPU}/online": "0-1"}, "ok", "2 of 2 CPUs"),
        ("affinity", {f"{CPU}/online": "0-7"}, "note", "2 of 8 CPUs"),
        ("load", {}, "note", "not told here"),
        ("load", {"proc/loadavg": "0.50 0.4 0.3 1/2 3"}, "ok", "load average 0.50"),
        ("load", {"proc/loadavg": "1.00 0.4 0.3 1/2 3"}, "warning", "for 2 usable CPUs"),
        ("load", {"proc/loadavg": "2.00 0.4 0.3 1/2 3"}, "bad", "load average 2.00"),
        ("quota", {}, "note", "not told here"),
        ("quota", V2 | {f"{GROUP}/a/b/cpu.max": "max 100000"}, "ok", "no quota"),
        ("quota", V2 | {f"{GROUP}/a/b/cpu.max": "max 100000", f"{GROUP}/a/cpu.max": "150000 100000"}, "warning", "1.5"),
        ("quota", V2 | {f"{GROUP}/cpu.max": "50000 100000"}, "bad", "the time of 0.5 CPUs"),
        ("quota", V2 | {f"{GROUP}/cpu.max": "400000 100000"}, "note", "the time of 4 CPUs"),
        ("quota", V2 | {f"{GROUP}/cpu.max": "<a>"}, "note", "not told here"),
        ("quota", V1 | {QUOTA: "-1", PERIOD: "100000"}, "ok", "no quota"),
        ("quota", V1 | {QUOTA: "50000", PERIOD: "100000"}, "bad", "the time of 0.5 CPUs"),
        ("quota", V1 | {QUOTA: "150000", PERIOD: "100000"}, "warning", "the time of 1.5 CPUs"),
        ("huge-pages", {}, "note", "not told here"),
        ("huge-pages", {f"{THP}/enabled": "always [madvise] never"}, "ok", "mode madvise"),
        ("huge-pages", {f"{THP}/enabled": "[always] madvise never", f"{THP}/defrag": "[defer]"}, "ok", "defrag defer"),
        ("huge-pages", {f"{THP}/enabled": "always madvise [never]"}, "note", "nobody gets them"),
        ("numa", {}, "note", "not told here"),
        ("numa", {"sys/devices/system/node/node0/cpulist": "0-1"}, "ok", "on 1 node, memory of an untold number"),
        ("numa", {f"{NODE}0/cpulist": "0-1", f"{NODE}1/cpulist": "8-9"}, "ok", "on 1 node"),
        ("numa", NODES | {"proc/self/status": "Mems_allowed_list:\t0-1"}, "warning", "on 2 nodes, memory of 2 may"),
        ("numa", NODES | {"proc/self/numa_maps": "7f00 bind:0 anon=1"}, "warning", "policy bind:0"),
        ("allocator", {}, "note", "not told here"),
        ("allocator", {"proc/self/maps": "1-2 r-xp 0 0 0 /usr/lib/libc.so.6"}, "ok", "the C library's"),
        (
            "allocator",
            {"proc/self/maps": "1-2 r-xp 0 0 0 /home/alice/libjemalloc.so.2"},
            "note",
            "set otherwise: jemalloc",
        ),
    ],
)
def test_a_check_reads_the_system(tmp_path: Path, name: str, files: dict[str, str], severity: str, says: str) -> None:
    """What the files say decides the severity; what they do not tell is said, and is no pass."""
    found = CHECKS[name](a_host(tmp_path, files))
    assert (found.name, found.severity) == (name, severity)
    assert says in found.says


@pytest.mark.parametrize("name", ["governor", "load", "quota", "numa"])
def test_what_is_a_warning_says_what_to_do(tmp_path: Path, name: str) -> None:
    """A finding that makes a machine unfit comes with its cure."""
    files = NODES | {FREQUENCY: "powersave", "proc/loadavg": "9.0", f"{GROUP}/cpu.max": "50000 100000"}
    found = CHECKS[name](a_host(tmp_path, files))
    assert found.unfit
    assert found.do


def test_interleaved_memory_is_a_warning_on_one_node(tmp_path: Path) -> None:
    """A policy that spreads pages over nodes is told even where all CPUs lie on one."""
    files = {"sys/devices/system/node/node0/cpulist": "0-1", "proc/self/numa_maps": "7f00 interleave:0-1"}
    assert numa.numa(a_host(tmp_path, files)).severity == "warning"


def test_a_lone_cpu_is_a_warning(tmp_path: Path) -> None:
    """Where one CPU may be used, everything else runs where it is measured."""
    found = CHECKS["affinity"](a_host(tmp_path, {f"{CPU}/online": "0-1"}, cpus=(1,)))
    assert (found.severity, found.says) == ("warning", "1 of 2 CPUs may be used")


@pytest.mark.parametrize(
    ("step_ns", "call_ns", "severity"),
    [(40, 60.0, "ok"), (1_000, 60.0, "warning"), (40, 1_500.0, "warning"), (10_000, 60.0, "bad"), (0, 60.0, "bad")],
)
def test_a_timer_is_as_good_as_the_worse_of_step_and_look(step_ns: int, call_ns: float, severity: str) -> None:
    """A coarse step, a slow look or a timer that stands still is told."""
    assert clock.judged(step_ns, call_ns, None).severity == severity


def test_the_step_of_a_timer_is_its_smallest_that_moves() -> None:
    """Looks that see the same time count for the cost of a look, and not for the step."""
    times = iter(100 * (number // 4) for number in range(clock._LOOKS))
    step_ns, call_ns = clock.measured(lambda: next(times))
    assert step_ns == 100
    assert call_ns == pytest.approx(25, rel=0.01)


def test_a_timer_that_stands_still_says_so() -> None:
    """Where no look differs from another, that is said instead of a step of zero."""
    assert "did not move" in clock.judged(*clock.measured(lambda: 7), "<tsc>").says


@pytest.mark.parametrize(("share", "severity"), [(0.0, "ok"), (0.01, "warning"), (0.05, "bad")])
def test_waiting_for_a_cpu_is_judged_by_its_share(share: float, severity: str) -> None:
    """A hundredth of the time is a warning, a twentieth is bad."""
    assert load.judged_wait(share, "<a>").severity == severity


def test_the_queue_is_read_where_the_scheduler_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A scheduler that counts tells how long we waited; one that counts nothing, or no file, tells nothing."""
    monkeypatch.setattr(load.os, "getpid", lambda: 7)
    assert load.waited_ns(a_host(tmp_path)) is None
    assert load.waited_ns(a_host(tmp_path, {"proc/7/schedstat": "0 0 1"})) is None
    assert load.waited_ns(a_host(tmp_path, {"proc/7/schedstat": "500 250 1"})) == 250


def test_waiting_says_what_it_went_by(tmp_path: Path) -> None:
    """Where the queue is not told, the clock of CPU time stands in for it, and that is said."""
    assert "the queue is not told here" in load.waiting(a_host(tmp_path)).says
    assert "queue" in load.waiting(Host()).says


@pytest.mark.parametrize(
    ("queue_ns", "worked_s", "share"),
    [((5_000_000, 6_500_000), 0.0, 0.015), ((None, None), 0.095, 0.05), ((0, 0), 0.095, 0.05), ((9, 9), 0.0, 0.0)],
)
def test_a_wait_is_a_share_of_the_time(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    queue_ns: tuple[int | None, ...],
    worked_s: float,
    share: float,
) -> None:
    """Of a tenth of a second what the queue added meanwhile counts, or what the clock of CPU time lacks."""
    queue, wall, work = iter(queue_ns), iter((0.0, 0.02, 0.1, 0.1)), iter((0.0, worked_s))
    monkeypatch.setattr(load, "waited_ns", lambda _host: next(queue))
    monkeypatch.setattr(load, "perf_counter", lambda: next(wall))
    monkeypatch.setattr(load, "process_time", lambda: next(work))
    assert load.waiting(a_host(tmp_path)).values["share"] == pytest.approx(share)


def a_stat(*, idle: int, steal: int) -> str:
    """Return a text of /proc/stat."""
    return f"cpu  100 0 0 {idle} 0 0 0 {steal} {idle // 2} 0\ncpu0 1 1 1"


@pytest.mark.parametrize(("steal", "severity"), [(0, "ok"), (20, "warning"), (99, "bad")])
def test_steal_is_what_was_taken_meanwhile(steal: int, severity: str) -> None:
    """Not what was taken since the system started, but between the two looks, decides."""
    found = load.stolen(a_stat(idle=0, steal=5000), a_stat(idle=1000 - steal, steal=5000 + steal))
    assert (found.severity, found.values) == (severity, {"taken": steal, "ticks": 1000})


def test_steal_over_a_moment_is_not_judged() -> None:
    """One tick of twenty may be chance: it is told, and neither warns nor passes."""
    found = load.stolen(a_stat(idle=0, steal=0), a_stat(idle=19, steal=1))
    assert (found.severity, found.do) == ("note", "")
    assert "too short" in found.says


@pytest.mark.parametrize("text", [None, "", "intr 1 2 3", "cpu  1 2 3"])
def test_steal_that_is_not_told_is_no_pass(text: str | None) -> None:
    """Without a count there is a note."""
    assert load.stolen(text, text).says.startswith("not told here")
    assert load.stolen(a_stat(idle=1, steal=1), a_stat(idle=1, steal=1)).severity == "note"


SMAPS = """{low:x}-{middle:x} rw-p 00000000 00:00 0
Size:  4 kB
AnonHugePages:         0 kB
VmFlags: rd
{middle:x}-{high:x} rw-p 00000000 00:00 0 /<a> | &
AnonHugePages:      {huge} kB
"""
MIB = 1 << 20


@pytest.mark.parametrize(("huge_mib", "share"), [(0, 0.0), (2, 0.25), (4, 0.5), (8, 1.0), (64, 1.0)])
def test_huge_pages_are_counted_over_all_mappings_of_an_array(huge_mib: int, share: float) -> None:
    """The allocator's header may lie in a mapping of its own; of the huge pages that fit, those there are counted."""
    low = 512 * MIB - 4096
    text = SMAPS.format(low=low, middle=low + 4096, high=low + 4096 + 8 * MIB, huge=huge_mib * 1024)
    assert pages.huge_share(text, low + 16, 8 * MIB + 4096) == share
    assert pages.huge_share(text, low + 4096 + MIB, 4 * MIB) == min(1.0, huge_mib / 2)
    assert pages.huge_share(text, 16, 100) is None
    assert pages.huge_share(None, 16, 100) is None


@pytest.mark.parametrize(
    ("numpy", "torch_", "mode", "severity"),
    [
        (1.0, 0.0, "madvise", "ok"),
        (0.4, 0.0, "madvise", "warning"),
        (1.0, 0.4, "always", "warning"),
        (0.0, 0.0, "never", "ok"),
        (1.0, 1.0, None, "note"),
        (None, 1.0, "always", "note"),
    ],
)
def test_only_who_should_get_huge_pages_is_judged(
    numpy: float | None, torch_: float, mode: str | None, severity: str
) -> None:
    """By madvise NumPy should get them, by always both, by never nobody; without a mode nothing is a pass."""
    assert pages.judged_share(numpy, torch_, mode).severity == severity


def test_huge_pages_are_looked_for_here() -> None:
    """On this machine the check finds its own array, or says that nothing is told."""
    found = pages.obtained(Host())
    assert found.values or found.says.startswith("not told here")


@pytest.mark.parametrize(("small_ns", "severity"), [(300.0, "ok"), (4_000.0, "warning"), (20_000.0, "bad")])
def test_the_cost_of_a_page_is_judged(small_ns: float, severity: str) -> None:
    """A page that takes ten times its copy is a warning; the cost of a huge page may be unknown."""
    found = pages.judged_cost(small_ns, None)
    assert found.severity == severity
    assert "a huge one not told here" in found.says
    assert f"costs {small_ns:,.0f} ns, a huge one 150 µs" in pages.judged_cost(small_ns, 150_000.0).says


def test_first_touches_cost_more_than_second_ones() -> None:
    """A page that is touched for the first time costs something here, unless the system takes no advice."""
    found = pages.touched_ns(getattr(pages.mmap, "MADV_NOHUGEPAGE", None), 4096)
    assert found is None or 0 < found < 1e6


def test_a_system_without_advice_for_pages_tells_no_cost(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there is no such advice, or the kernel refuses it, the cost of a page is not told."""
    assert pages.touched_ns(None, 4096) is None
    assert pages.touched_ns(9999, 4096) is None
    monkeypatch.delattr(pages.mmap, "MADV_NOHUGEPAGE", raising=False)
    assert pages.fault_cost(Host()).says.startswith("not told here")


def test_settings_of_allocation_are_told_without_paths(tmp_path: Path) -> None:
    """Variables that change allocation are listed with their values; folders are nobody's business."""
    environment = {"LD_PRELOAD": "/home/alice/lib<a>.so", "MALLOC_ARENA_MAX": "1", "SECRET": "x"}
    found = settings.allocator(a_host(tmp_path, environment=environment))
    assert (found.severity, found.says) == ("note", "set otherwise: LD_PRELOAD=lib<a>.so, MALLOC_ARENA_MAX=1")


@pytest.mark.parametrize(
    ("number", "environment", "severity"),
    [(2, {}, "ok"), (2, {"OMP_WAIT_POLICY": "active"}, "note"), (3, {}, "warning"), (3, {"KMP_X": "<a>"}, "warning")],
)
def test_threads_need_cpus(tmp_path: Path, number: int, environment: dict[str, str], severity: str) -> None:
    """More threads than usable CPUs are a warning, settings of OpenMP a note."""
    found = settings.judged_threads(number, a_host(tmp_path, environment=environment))
    assert found.severity == severity
    assert all(name in found.says for name in environment)


def test_threads_need_a_quota_too(tmp_path: Path) -> None:
    """Two threads on two CPUs are too many where the group may take the time of one and a half."""
    found = settings.judged_threads(2, a_host(tmp_path, {f"{GROUP}/cpu.max": "150000 100000"}))
    assert (found.severity, found.do) == ("warning", "OMP_NUM_THREADS=1")


CARD = {"name": "GPU <a> | &", "driver": "600.1", "link_gen_max": 5, "link_width_max": 16}


@pytest.mark.parametrize(
    ("state", "severity"),
    [
        ({"link_gen": 5, "link_width": 16}, "ok"),
        ({"link_gen": 1, "link_width": 16}, "note"),
        ({"link_gen": 5, "link_width": 8}, "warning"),
        ({"link_gen": None, "link_width": 16}, "note"),
        (None, "note"),
    ],
)
def test_a_link_is_judged_by_its_lanes(state: dict | None, severity: str) -> None:
    """Lanes that are missing are a warning; a link that idles, or tells nothing, is a note."""
    assert cuda.judged(CARD, state).severity == severity


@pytest.mark.parametrize(
    ("version", "available", "card", "severity", "says"),
    [
        (None, False, None, "note", "built without CUDA"),
        ("13.0", False, None, "note", "finds no device"),
        ("13.0", False, CARD, "warning", "driver 600.1"),
        ("13.0", True, CARD, "ok", "generation 5 of 5, 16 of 16 lanes"),
    ],
)
def test_cuda_says_what_is_missing(
    monkeypatch: pytest.MonkeyPatch, *, version: str | None, available: bool, card: dict, severity: str, says: str
) -> None:
    """A torch without CUDA, no device, a driver that does not fit, or a device with its link."""
    monkeypatch.setattr(torch.version, "cuda", version)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: available)
    monkeypatch.setattr(cuda.gpu, "facts", lambda: card)
    monkeypatch.setattr(cuda.gpu, "state", lambda: {"link_gen": 5, "link_width": 16})
    found = cuda.cuda(Host())
    assert found.severity == severity
    assert says in found.says


@pytest.mark.parametrize(
    ("sessions", "temporary", "kind", "severity"),
    [
        (5000, 5000, "ext4", "ok"),
        (5000, 5000, "tmpfs", "note"),
        (5000, 900, "ext4", "warning"),
        (63, 5000, None, "bad"),
    ],
)
def test_room_is_judged_by_the_fuller_folder(sessions: int, temporary: int, kind: str | None, severity: str) -> None:
    """The folder with less room decides; temporary files in memory are a note."""
    found = disk.judged(sessions, temporary, kind)
    assert found.severity == severity
    assert bool(found.do) == (severity != "ok")


def test_room_is_looked_for_where_a_folder_will_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder of sessions that is not made yet has the room of the one around it; no path is said."""
    monkeypatch.setattr(disk.shutil, "disk_usage", lambda path: SimpleNamespace(free=len(str(path)) << 30))
    host = a_host(tmp_path, {"proc/mounts": "none / tmpfs rw 0 0"}, sessions=tmp_path / "a" / "b")
    found = disk.disk(host)
    assert found.values["sessions_mib"] == len(str(tmp_path)) * 1024
    assert found.values["temporary_kind"] == "tmpfs"
    assert str(tmp_path) not in found.says


def test_the_deepest_mount_holds_a_folder() -> None:
    """Of mounts around a folder the deepest counts, and of two at one place the later one."""
    mounts = "a / ext4 rw\nb /tmp ext4 rw\nc /tmp tmpfs rw\nd /tmpx xfs rw\nbroken"
    assert disk.filesystem(mounts, Path("/tmp/x")) == "tmpfs"  # noqa: S108  a name, nothing is written
    assert disk.filesystem(mounts, Path("/home")) == "ext4"
    assert disk.filesystem("", Path("/home")) is None


def test_lists_of_the_kernel_are_numbers() -> None:
    """Spans and single numbers are both read; no text is no number."""
    assert numbers("0-2,8\n") == (0, 1, 2, 8)
    assert numbers("") == ()


def test_quotas_of_nobody_are_unknown(tmp_path: Path) -> None:
    """Where neither version has a file, nothing is known; that is not the same as no quota."""
    assert quota.quota_cpus(a_host(tmp_path)) is None


def test_a_name_is_given_once() -> None:
    """A second check of one name is refused."""
    with pytest.raises(ValueError, match="there is a check 'timer' already"):
        check("timer")
    assert loaded.CHECKS is CHECKS
