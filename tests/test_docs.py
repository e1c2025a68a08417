"""The documents say what is there: words, commands, options, exit codes, links, example lines, code."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
import typer

from benchmarks import __main__ as cli
from benchmarks import outcome
from benchmarks.commands import terminal
from benchmarks.records import Failed, Header, Measured, Semantics, Skipped, record_from_json
from benchmarks.store import unsealed
from benchmarks.suite.cases import FAMILIES, LAYOUTS, THREADS
from benchmarks.suite.presets import PRESETS

ROOT = Path(__file__).parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
README = (ROOT / "README.md").read_text(encoding="utf-8")
GLOSSARY = (ROOT / "docs/glossary.md").read_text(encoding="utf-8")
FORMAT = (ROOT / "docs/session-format.md").read_text(encoding="utf-8")

WORDS = re.findall(
    r"\w+",
    """
    path family group layout case limit aliasing axis payload preset spelling trait observation probe semantics
    check stage round loops sample pass seed session worker clock record seal format
    range interval coverage noisy ratio rate regime fit flat finding figure section
    history line level step
    duet verdict plan reason engine target promise pair choice way floor
    """,
)

#: Options of other programs and of studies that the documents name.
FOREIGN = {"--yes", "--quick", "--set-commit-hash", "--benchmark-compare-fail", "--benchmark-enable", "--only-changed"}
#: Options of the scripts of studies.
STUDIES = {
    option
    for script in (ROOT / "benchmarks" / "studies").glob("*.py")
    for option in re.findall(r'add_argument\("(--[a-z-]+)"', script.read_text(encoding="utf-8"))
}


def text_of(page: Path) -> str:
    """Return a page's text."""
    return page.read_text(encoding="utf-8")


def commands() -> dict[str, set[str]]:
    """Return every command of the command line with its options."""
    group = typer.main.get_command(cli.app)
    known = vars(group)["commands"]
    return {name: {text for option in one.params for text in option.opts} for name, one in known.items()}


def anchors(page: Path) -> set[str]:
    """Return what a link may point to in a page: its headings as GitHub names them, and anchors of its own."""
    headings = re.findall(r"^#+ (.+)$", text_of(page), re.MULTILINE)
    return set(re.findall(r'<a id="([^"]+)"></a>', text_of(page))) | {
        re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings
    }


def code_blocks(page: Path, language: str) -> list[str]:
    """Return the code of a page in one language."""
    return re.findall(rf"^```{language}\n(.*?)^```", text_of(page), re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("word", WORDS)
def test_the_glossary_explains_every_word(word: str) -> None:
    """A word that files and tables use heads a line of the glossary."""
    assert re.search(rf"^\|[^|]*\*\*{word}\*\*", GLOSSARY, re.MULTILINE)


@pytest.mark.parametrize("name", [*FAMILIES, *LAYOUTS, *THREADS, *PRESETS])
def test_the_glossary_names_every_value(name: str) -> None:
    """A family, layout, thread count or preset is named in the glossary."""
    assert f"`{name}`" in GLOSSARY


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    """A link inside the repository leads to a file, and to a heading where it names one."""
    for target in re.findall(r"\]\(([^)\s]+)\)", text_of(page)):
        if "://" in target:
            continue
        name, _, anchor = target.partition("#")
        led = (page.parent / name).resolve() if name else page
        assert led.exists(), target
        assert not anchor or anchor in anchors(led), target


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_only_options_that_exist_are_named(page: Path) -> None:
    """An option that a page names is one of the command line's, or of a program that is known here."""
    ours = set().union(*commands().values())
    named = set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", text_of(page)))
    assert named <= ours | FOREIGN | STUDIES


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_take_the_options_they_are_shown_with(page: Path) -> None:
    """Where a page shows a command line, the command exists and has each of the options."""
    known = commands()
    for command, rest in re.findall(r"python -m benchmarks ([a-z]+)([^`\n]*)", text_of(page)):
        assert command in known
        assert set(re.findall(r"(?<![\w-])--[a-z-]+", rest)) <= known[command], command


def test_the_readme_lists_every_command() -> None:
    """The table of commands has each command once, with options that it has."""
    rows = dict(re.findall(r"^\| `([a-z]+)[^`]*` \| (.+) \|$", README, re.MULTILINE))
    known = commands()
    assert set(rows) == set(known)
    for name, said in rows.items():
        options = set(re.findall(r"--[a-z-]+", said))
        assert options <= known[name], name


def test_the_readme_lists_every_exit_code() -> None:
    """The exit codes of the table are those of the command line."""
    shown = {int(code) for code in re.findall(r"^\| (\d+) \|", README, re.MULTILINE)}
    judged = {terminal.OK, terminal.WORSE, terminal.FAILED, terminal.NOT_COMPARABLE, terminal.UNSURE}
    known = judged | {terminal.BUSY, terminal.INTERRUPTED}
    assert shown == known
    assert {outcome.OK, outcome.WORSE, outcome.FAILED, outcome.UNSURE} <= known


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_make_knows_its_targets(page: Path) -> None:
    """A target that a page tells to make is in the Makefile."""
    targets = re.findall(r"^([a-z]+):", text_of(ROOT / "Makefile"), re.MULTILINE)
    assert set(re.findall(r"[`$] ?make ([a-z]+)", text_of(page))) <= set(targets)


def test_the_readme_names_the_two_commands() -> None:
    """A stranger finds both ways in."""
    assert {"make bench", "make test"} <= set(re.findall(r"make [a-z]+", README))


def test_the_code_of_the_readme_runs(tmp_path: Path) -> None:
    """The lines about bridge run as they are shown."""
    code = next(block for block in code_blocks(ROOT / "README.md", "python") if "import" in block)
    command = [sys.executable, "-W", "error", "-c", code]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert "negative-stride" in done.stdout


def test_example_lines_are_sealed_and_read() -> None:
    """Each example of the session format is a line as it was written, and one of every kind is there."""
    header, semantics, *cases, end = [
        unsealed(line, "docs") for line in code_blocks(ROOT / "docs/session-format.md", "json")
    ]
    assert Header.from_json(header).to_json() == {key: header[key] for key in header if key != "crc32"}
    assert Semantics.from_json(semantics).observed
    assert [type(record_from_json(case)) for case in cases] == [Measured, Skipped, Failed]
    assert end["end"] is True


def test_the_format_page_names_every_field() -> None:
    """A field of an example line, however deep, is explained by its name."""
    for line in code_blocks(ROOT / "docs/session-format.md", "json"):
        data = unsealed(line, "docs")
        settings = {name for part in ("machine", "software", "settings", "failed") for name in data.get(part, ())}
        seen = {name for one in data.get("observed", {}).values() for name in one}
        for name in {*data, *settings, *seen} - {"crc32", "end"}:
            assert f"`{name}`" in FORMAT, name


def test_the_study_page_has_its_table_and_its_command() -> None:
    """What the study says can be made again, and where its numbers stand is marked."""
    page = text_of(ROOT / "docs/passes-study.md")
    script = re.search(r"python (benchmarks/studies/\w+\.py)", page)
    assert script
    assert (ROOT / script[1]).exists()
    assert page.index("<!-- table -->") < page.index("| plan |") < page.index("<!-- end of the table -->")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_nothing_is_left_to_fill_in(page: Path) -> None:
    """No page has a place that waits for a number."""
    assert not re.findall(r"\b(?:BUSY|TOTAL|RATE|LOOKS|SETTING|TODO)[A-Z]*\b", text_of(page))
