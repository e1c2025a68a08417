import subprocess
from types import SimpleNamespace

import pytest

from benchmarks import gpu

Asked = list[list[str]]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Asked:
    """Answer as nvidia-smi does, and keep the commands."""
    commands: Asked = []
    answers = {
        "name": "NVIDIA <H200> | &",
        "driver_version": "580.1",
        "memory.total": "143771",
        "temperature.gpu": "31",
    }

    def run(command: list[str], **_options: object) -> SimpleNamespace:
        commands.append(command)
        names = next(one for one in command if one.startswith("--query-gpu=")).partition("=")[2].split(",")
        said = (answers.get(name, "5" if "gen" in name else "[N/A]") for name in names)
        return SimpleNamespace(returncode=0, stdout=", ".join(said) + "\n")

    monkeypatch.setattr(subprocess, "run", run)
    return commands


def test_facts_are_what_stays(asked: Asked) -> None:
    """Name, driver, memory in bytes and the link's limits are told of the GPU that is asked about."""
    assert gpu.facts(3) == {
        "name": "NVIDIA <H200> | &",
        "driver": "580.1",
        "memory_bytes": 143771 << 20,
        "link_gen_max": 5,
        "link_width_max": None,
    }
    assert "--id=3" in asked[0]


def test_the_state_is_what_moves(asked: Asked) -> None:
    """The link's generation and width and the clocks are told as they are now; nothing is set."""
    assert gpu.state() == {
        "link_gen": 5,
        "link_width": None,
        "sm_mhz": None,
        "memory_mhz": None,
        "temperature_c": 31,
    }
    assert all(word.startswith(("nvidia-smi", "--id", "--query-gpu", "--format")) for word in asked[0])


@pytest.mark.parametrize(
    "answer",
    [
        FileNotFoundError("nvidia-smi"),
        subprocess.TimeoutExpired("nvidia-smi", 1),
        SimpleNamespace(returncode=9, stdout="NVIDIA-SMI has failed"),
        SimpleNamespace(returncode=0, stdout="\n"),
    ],
)
def test_no_gpu_is_none(monkeypatch: pytest.MonkeyPatch, answer: object) -> None:
    """Where nvidia-smi is missing, hangs or fails, nothing is known and nothing is raised."""

    def run(*_arguments: object, **_options: object) -> object:
        if isinstance(answer, Exception):
            raise answer
        return answer

    monkeypatch.setattr(subprocess, "run", run)
    assert gpu.facts() is None
    assert gpu.state() is None


@pytest.mark.parametrize(("device", "index"), [("cuda", 0), ("cuda:0", 0), ("cuda:11", 11), ("cpu", 0)])
def test_a_device_has_an_index(device: str, index: int) -> None:
    """A device without an index is the first one."""
    assert gpu.index_of(device) == index
