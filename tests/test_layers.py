"""The table of imports: which package may know which. A new module fails here until it fits."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
OURS = ("bridge", "benchmarks", "reports")
#: What reports may know of benchmarks: nothing that loads torch.
PROFILED = ("breakdown", "breakdown.outcome", "breakdown.parts", "breakdown.text")
STORED = ("records", "store", "statistics", "verdicts", "model", "curves", "crossings", "suite.cases", "suite.feeds")
COMPARED = ("attribution", "errors", "kept", "outcome", "stored", "verdict_text")
HISTORY = ("asv_results", "commits", "suite.asv_names")
SHARED = {f"benchmarks.{name}" for name in (*STORED, *PROFILED, *COMPARED, *HISTORY)}
SUITE_FOREIGN = {"numpy", "torch", "bridge", "ml_dtypes"}


def modules(package: str) -> list[Path]:
    """Return the modules of a package that are part of the program: no scripts of studies, no tests."""
    found = (ROOT / package).rglob("*.py")
    return sorted(path for path in found if "studies" not in path.parts and not path.name.startswith("test_"))


def imported(path: Path) -> set[str]:
    """Return the absolute names of every module that a file imports, anywhere in it."""
    package = path.relative_to(ROOT).with_suffix("").parts[:-1]
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            names |= _named(node.module or "", node)
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(package[: len(package) - node.level + 1])
            names |= _named(".".join(filter(None, [base, node.module])), node)
    return names


def _named(base: str, node: ast.ImportFrom) -> set[str]:
    """Return the module itself, or the submodules that are taken from a package."""
    submodules = {f"{base}.{alias.name}" for alias in node.names if _is_module(f"{base}.{alias.name}")}
    return submodules or {base}


def _is_module(name: str) -> bool:
    path = ROOT.joinpath(*name.split("."))
    return path.with_suffix(".py").is_file() or (path / "__init__.py").is_file()


def of(names: set[str], package: str) -> set[str]:
    """Return the names that belong to a package."""
    return {name for name in names if name.split(".")[0] == package}


@pytest.mark.parametrize("path", modules("bridge"), ids=str)
def test_bridge_knows_numpy_and_torch_alone(path: Path) -> None:
    """Bridge imports the standard library, numpy, torch and itself; ml_dtypes where it is present."""
    foreign = {name.split(".")[0] for name in imported(path)} - sys.stdlib_module_names

    assert foreign <= {"numpy", "torch", "bridge", "ml_dtypes"}


@pytest.mark.parametrize("path", modules("benchmarks"), ids=str)
def test_benchmarks_do_not_know_reports(path: Path) -> None:
    """Only the commands know all three packages."""
    assert "commands" in path.parts or not of(imported(path), "reports")


@pytest.mark.parametrize("path", [path for package in OURS for path in modules(package)], ids=str)
def test_nobody_knows_the_commands(path: Path) -> None:
    """What the commands know, no other module comes to know through them: `__main__` alone imports them."""
    if path.name == "__main__.py" or "commands" in path.parts:
        return
    assert not {name for name in imported(path) if name.startswith("benchmarks.commands")}


@pytest.mark.parametrize("path", modules("reports"), ids=str)
def test_reports_know_records_and_mathematics_alone(path: Path) -> None:
    """Reports take from benchmarks only what loads no array library, and nothing from bridge."""
    names = imported(path)

    assert of(names, "benchmarks") <= SHARED
    assert not of(names, "bridge") | of(names, "torch") | of(names, "numpy")


@pytest.mark.parametrize("path", modules("benchmarks/suite"), ids=str)
def test_the_suite_stands_alone(path: Path) -> None:
    """Asv imports the suite as a package of its own: relative imports, numpy, torch and bridge, nothing else."""
    names = imported(path)
    outside = {name for name in names if not name.startswith("benchmarks.suite")}

    assert {name.split(".")[0] for name in outside} - sys.stdlib_module_names <= SUITE_FOREIGN


@pytest.mark.parametrize("name", [*STORED, *COMPARED, "sides", "checkout", "suite.presets"])
def test_records_and_cases_are_standard_library_only(name: str) -> None:
    """What reports read, and what names a case, loads where neither array library is installed."""
    path = ROOT / "benchmarks" / Path(*name.split(".")).with_suffix(".py")
    foreign = {one.split(".")[0] for one in imported(path)} - sys.stdlib_module_names

    assert foreign <= {"benchmarks"} | ({"bridge"} if name == "checkout" else set())  # imported where it is proved


def test_reports_load_without_torch() -> None:
    """A fresh process that makes pages, and all that reports may know, has loaded no array library and no bridge."""
    names = ", ".join(sorted({*SHARED, "reports.pages", "reports.site", "reports.comparison"}))
    code = f"import sys, {names}; print({{'torch', 'bridge', 'numpy', 'pandas'}} & {{*sys.modules}})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)

    assert done.stdout.strip() == "set()"


@pytest.mark.parametrize("path", [path for package in OURS for path in modules(package)], ids=str)
def test_only_the_command_line_prints_exits_or_catches_all(path: Path) -> None:
    """No print, no sys.exit, no bare except Exception outside `__main__`; commands have no other spelling of them."""
    if path.name == "__main__.py":
        return
    tree = ast.parse(path.read_text(encoding="utf-8"))
    if "commands" in path.parts:
        named = {ast.unparse(node) for node in ast.walk(tree) if isinstance(node, (ast.Name, ast.Attribute))}
        assert not named & {"SystemExit", "typer.Exit", "typer.echo", "typer.secho", "sys.stdout", "sys.stderr"}
    calls = {ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    caught = {
        ast.unparse(node.type) if node.type else "" for node in ast.walk(tree) if isinstance(node, ast.ExceptHandler)
    }

    assert not calls & {"print", "sys.exit", "exit", "os._exit"}
    assert not caught & {"", "Exception", "BaseException"}
