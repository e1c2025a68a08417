import json
import os
import platform
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks import machine as looked_at
from benchmarks.machine import caches, cpu_model, huge_pages, machine, scrubbed, slug, software, virtualised

CPUINFO = """processor\t: 0
vendor_id\t: GenuineIntel
model name\t: Intel(R) Xeon(R) <a> | & CPU @ 2.20GHz
flags\t\t: fpu vme hypervisor avx2

processor\t: 1
model name\t: another one
"""


def test_the_cpu_is_the_first_that_is_named() -> None:
    """The model name is the first one of /proc/cpuinfo, without blanks around it."""
    assert cpu_model(CPUINFO) == "Intel(R) Xeon(R) <a> | & CPU @ 2.20GHz"


def test_a_system_that_names_no_cpu_says_nothing() -> None:
    """Where no model is named (ARM), there is none."""
    assert cpu_model("processor\t: 0\nBogoMIPS\t: 50.00\n") is None


@pytest.mark.parametrize(
    ("text", "known"),
    [(CPUINFO, True), ("flags\t: fpu avx2 hypervisors", False), ("processor : 0", None)],
)
def test_a_hypervisor_is_a_flag(text: str, known: object) -> None:
    """A machine is virtual when the flag is there, real when other flags are, unknown when there are none."""
    assert virtualised(text) is known


@pytest.mark.parametrize(
    ("text", "mode"),
    [("always [madvise] never", "madvise"), ("[always] madvise never", "always"), ("always madvise never", None)],
)
def test_the_mode_of_huge_pages_is_the_one_in_brackets(text: str, mode: object) -> None:
    """Of the modes that the kernel lists, the one in brackets is set; without brackets none is known."""
    assert huge_pages(text) == mode


def a_cache(folder: Path, index: int, level: str, kind: str, size: str) -> None:
    """Write one cache as /sys has it."""
    cache = folder / f"index{index}"
    cache.mkdir()
    for name, content in {"level": level, "type": kind, "size": size}.items():
        (cache / name).write_text(f"{content}\n")


def test_caches_are_those_of_data(tmp_path: Path) -> None:
    """Data and unified caches are listed in bytes; instruction caches are left out."""
    for index, known in enumerate([("1", "Data", "32K"), ("1", "Instruction", "64K"), ("3", "Unified", "33M")]):
        a_cache(tmp_path, index, *known)
    assert caches(tmp_path) == {"L1d": 32 * 1024, "L3": 33 * 1024**2}


def test_a_cache_without_a_size_is_left_out(tmp_path: Path) -> None:
    """A virtual machine may name a cache and hide its size; then there is none, and no folder means no caches."""
    (tmp_path / "index0").mkdir()
    (tmp_path / "index0" / "level").write_text("1")
    assert caches(tmp_path) == {}
    assert caches(tmp_path / "none") == {}


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Intel(R) Xeon(R) Platinum 8488C CPU @ 2.40GHz", "intel-xeon-platinum-8488c"),
        ("AMD EPYC <Zen> | & 5", "amd-epyc-zen-5"),
        ("../../etc/<a>", "etc-a"),
        ("  ", "machine"),
        ("Ärger", "rger"),
    ],
)
def test_a_slug_is_a_name_for_folders(text: str, name: str) -> None:
    """A machine's name becomes lower case, digits and dashes; frequency and trade marks go."""
    assert slug(text) == name


@given(st.text())
def test_any_name_becomes_one_for_folders(text: str) -> None:
    """Whatever a user names a machine, its slug is a plain name that stays the same when slugged again."""
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", slug(text))
    assert slug(slug(text)) == slug(text)


NAMES = st.from_regex(r"[A-Za-z0-9_.<>+-]{1,8}", fullmatch=True)


@given(
    folders=st.lists(NAMES, min_size=1, max_size=4),
    before=st.sampled_from(["", " ", "'", '"', ":", "=", "(", "cannot open '", "<a>: "]),
    after=st.sampled_from(["", " is missing", "'", '"', ":12", ", line 3", ")", ";"]),
)
def test_a_path_loses_its_folders(folders: list[str], before: str, after: str) -> None:
    """Of an absolute path, wherever it stands in a text, the last name is left and no folder."""
    text = f"{before}/secret/{'/'.join(folders)}{after}"
    assert "secret" not in scrubbed(text)
    assert "/" not in scrubbed(text)


@pytest.mark.parametrize(
    "text", ["3 GB/s", "torch.tensor/float32/C/64MiB/1t", "and/or", "float64>float32/C", "<a> | &"]
)
def test_what_is_no_path_stays(text: str) -> None:
    """Case ids and units hold slashes and are no paths."""
    assert scrubbed(text) == text


def test_every_entry_of_a_path_list_is_scrubbed() -> None:
    """A variable that lists libraries keeps their names alone."""
    assert scrubbed("/opt/<a>/libjemalloc.so:/home/alice/libtcmalloc.so") == "libjemalloc.so:libtcmalloc.so"


def test_the_users_home_is_no_name_either(monkeypatch: pytest.MonkeyPatch) -> None:
    """The home folder ends in the user's name, so nothing of it is left; a folder that only begins alike is a path."""
    monkeypatch.setenv("HOME", "/home/alice")
    assert scrubbed("in /home/alice: <a>") == "in : <a>"
    assert scrubbed("/home/alice/x.py and /home/alice2") == "x.py and alice2"


def test_the_host_has_no_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """The host's name is replaced where it stands as a word, whatever signs are in it, and only there."""
    monkeypatch.setattr(platform, "node", lambda: "box.7")
    assert scrubbed("cannot reach box.7: <a>") == "cannot reach <host>: <a>"
    assert scrubbed("mybox.7x and box97") == "mybox.7x and box97"


def test_a_host_without_a_name_hides_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the host has no name, texts stay as they are."""
    monkeypatch.setattr(platform, "node", lambda: "")
    assert scrubbed("a b <c>") == "a b <c>"


def test_a_machine_is_named_after_its_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a name of its own, a machine is called by its CPU and its number of logical CPUs."""
    monkeypatch.setattr(looked_at, "cpu_model", lambda: "Made-up <Zen> CPU @ 3GHz")
    assert machine()["name"] == f"made-up-zen-{os.cpu_count()}c"


def test_a_machine_can_be_given_a_name() -> None:
    """The name that a user gives wins and is made fit for folders; the CPU is told all the same."""
    found = machine("Rack 7/<a>")
    assert (found["name"], found["cpu"]) == ("rack-7-a", cpu_model() or platform.machine())


def test_a_machine_is_json_without_its_host() -> None:
    """The facts of this machine are plain JSON and hold neither its host's name nor a user's folder."""
    text = json.dumps([machine(), software()])
    assert not re.search(rf"\b{re.escape(platform.node())}\b", text)
    assert str(Path.home()) not in text


def test_software_has_versions_and_thread_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Versions are those that are installed; a variable that changes allocation or threads is kept, without paths."""
    monkeypatch.setenv("MALLOC_ARENA_MAX", "1")
    monkeypatch.setenv("LD_PRELOAD", "/home/alice/lib<a>.so")
    monkeypatch.setenv("SECRET_TOKEN", "hidden")
    found = software()
    assert found["python"] == platform.python_version()
    assert found["torch"].startswith("2.")
    assert found["environment"]["MALLOC_ARENA_MAX"] == "1"
    assert found["environment"]["LD_PRELOAD"] == "lib<a>.so"
    assert "hidden" not in json.dumps(found)


def test_a_package_that_is_missing_has_no_version() -> None:
    """A package that is not installed is None, no error."""
    assert looked_at._version("no-such-package-as-this") is None


def test_a_fact_that_cannot_be_read_is_none(tmp_path: Path) -> None:
    """A file that does not exist, or is a folder, tells nothing."""
    assert looked_at._text(tmp_path / "none") is None
    assert looked_at._text(tmp_path) is None
