import json
import os
import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks import store
from benchmarks.errors import DamagedSessionError, NewerFormatError, SessionFileError
from benchmarks.records import FORMAT, Header, Session
from tests.benchmarks.strategies import HEADERS, RECORDS, SEMANTICS
from tests.builders import HOSTILE, a_failure, a_header, a_record, a_session, a_skip, some_semantics

GOLDEN = Path(__file__).parents[1] / "golden"
SESSIONS = st.builds(
    Session,
    header=HEADERS,
    records=st.lists(RECORDS, max_size=4).map(tuple),
    semantics=st.lists(SEMANTICS, max_size=2).map(tuple),
)
#: One of every kind of line, with letters of one, two, three and four bytes and a line separator that is no line's end.
WHOLE = a_session(
    [a_record(passes=2, rounds=2, spelling="a\u2028b µ € 😀"), a_skip(reason=HOSTILE), a_failure()],
    semantics=[some_semantics()],
    machine={"name": "<m>", "cpu": "Intel® Core™ | &"},
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return the name of a session file that does not exist yet."""
    return tmp_path / "new folder" / "one <a>.jsonl"


@pytest.fixture(scope="module")
def text() -> str:
    """Return the text of a whole session file."""
    return store.dump(WHOLE)


def read_text(folder: Path, content: str | bytes) -> Session:
    """Read a session file of this content."""
    path = folder / "edited.jsonl"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return store.read(path)


@given(SESSIONS)
def test_a_session_reads_back(tmp_path_factory: pytest.TempPathFactory, session: Session) -> None:
    """Whatever a session holds, its file gives the same session back."""
    path = tmp_path_factory.mktemp("session") / "one.jsonl"
    store.write(path, session)
    assert store.read(path) == session


def test_a_file_is_the_same_bytes_each_time(path: Path) -> None:
    """What was read can be written again and gives the same bytes."""
    store.write(path, WHOLE)
    assert store.dump(store.read(path)).encode() == path.read_bytes()


def test_every_line_is_json(text: str) -> None:
    """Each line of a file is a JSON object by itself: the header, the semantics, the cases, the end."""
    lines = [json.loads(line) for line in text.split("\n")[:-1]]
    assert lines[0]["kind"] == "session"
    assert lines[1]["semantics"] == "torch.from_numpy"
    assert [line["case"] for line in lines[2:5]] == [record.case for record in WHOLE.records]
    assert (lines[5]["end"], lines[5]["cases"]) == (True, 3)


def test_a_session_is_never_overwritten(path: Path) -> None:
    """Writing over a session is refused, the old one stays as it was, and nothing lies beside it."""
    store.write(path, WHOLE)
    before = path.read_bytes()
    with pytest.raises(FileExistsError):
        store.write(path, a_session([a_skip()]))
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]


def test_a_session_is_written_whole_or_not_at_all(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A crash while the bytes go to the disk leaves no session file behind."""

    def crash(descriptor: int) -> None:
        raise OSError("no space left on device <a>")

    monkeypatch.setattr(os, "fsync", crash)
    with pytest.raises(OSError, match="no space left"):
        store.write(path, WHOLE)
    assert not path.exists()
    assert store.sessions_in(path.parent) == []


def test_a_write_that_crashed_does_not_stop_the_next(path: Path) -> None:
    """The rest of a crashed write is replaced by the next one."""
    path.parent.mkdir()
    path.with_name(path.name + ".part").write_text("half a li")
    store.write(path, WHOLE)
    assert store.read(path) == WHOLE


def test_a_number_that_is_none_is_not_written(path: Path) -> None:
    """A header with NaN is refused instead of written as what JSON does not know."""
    with pytest.raises(ValueError, match="not JSON compliant"):
        store.write(path, a_session(settings={"preset": float("nan")}))
    assert not path.exists()


def test_a_file_cut_off_at_any_byte_is_refused(tmp_path: Path, text: str) -> None:
    """Whatever byte a copy stops at, even inside a letter, it is refused with the line where it stops."""
    content = text.encode()
    for size in range(len(content)):
        number = content[:size].count(b"\n") + 1
        lines = number if size and content[size - 1 : size] != b"\n" else number - 1
        with pytest.raises(DamagedSessionError, match=rf"edited.jsonl.*(line {lines}\b|is empty)"):
            read_text(tmp_path, content[:size])


def test_any_edited_byte_is_found(tmp_path: Path, text: str) -> None:
    """Whatever byte of a file is changed to whatever other, the file is refused with the line it is in."""
    content, dice = text.encode(), random.Random(1)
    for place in range(len(content)):
        edited = bytearray(content)
        edited[place] = dice.choice(
            [byte for byte in (*b'\n\r {}",0x\x00', 0xFF, dice.randrange(256)) if byte != content[place]]
        )
        number = content[:place].count(b"\n") + 1
        with pytest.raises(SessionFileError, match=rf"line {number}\b"):
            read_text(tmp_path, bytes(edited))


def test_any_removed_line_is_missed(tmp_path: Path, text: str) -> None:
    """A file without any one of its lines is refused."""
    lines = text.split("\n")[:-1]
    for number in range(len(lines)):
        rest = [line for place, line in enumerate(lines) if place != number]
        with pytest.raises(DamagedSessionError, match=r"line \d"):
            read_text(tmp_path, "".join(f"{line}\n" for line in rest))


def test_a_repeated_case_is_refused(tmp_path: Path, text: str) -> None:
    """A case that stands in a file twice is one more than the end counts."""
    lines = text.split("\n")[:-1]
    with pytest.raises(DamagedSessionError, match="line 7 counts 3 cases, but the file holds 4"):
        read_text(tmp_path, "".join(f"{line}\n" for line in [*lines[:3], *lines[2:]]))


def test_what_is_no_session_is_refused(tmp_path: Path) -> None:
    """A sealed line of something else is no session header."""
    with pytest.raises(DamagedSessionError, match="line 1 is no session header"):
        read_text(tmp_path, store.sealed({"kind": "<other>", "format": 1}))


def test_a_line_of_no_sense_is_named(tmp_path: Path) -> None:
    """A sealed case line that says too little is refused with its number and what it lacks."""
    lines = [WHOLE.header.to_json(), {"case": HOSTILE, "skipped": "x"}, {"end": True, "cases": 1}]
    with pytest.raises(DamagedSessionError, match=r"line 2: a skipped line needs path, family"):
        read_text(tmp_path, "".join(map(store.sealed, lines)))


def test_a_newer_file_is_refused_with_the_way_out(tmp_path: Path) -> None:
    """A file of a later format says which one it has, which one is read here, and what to do."""
    header = a_header().to_json() | {"format": FORMAT + 1}
    with pytest.raises(NewerFormatError, match=rf"format {FORMAT + 1}; this checkout reads up to {FORMAT}.*git pull"):
        read_text(tmp_path, store.sealed(header))


def test_an_older_file_is_upgraded_step_by_step(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, text: str) -> None:
    """Each line goes through every step from its format to today's, in this order; the file stays as it is."""
    steps = []
    monkeypatch.setattr(store, "FORMAT", FORMAT + 2)
    for older in (FORMAT, FORMAT + 1):
        monkeypatch.setitem(store.UPGRADES, older, lambda data, older=older: steps.append(older) or data)
    assert read_text(tmp_path, text) == WHOLE
    assert steps == [FORMAT, FORMAT + 1] * (text.count("\n") - 1)


@pytest.mark.parametrize("written", [0, -1, True, "1", None])
def test_a_format_that_never_was_is_refused(tmp_path: Path, written: object) -> None:
    """Formats are counted from 1; anything else stands in no header of ours."""
    with pytest.raises(DamagedSessionError, match="line 1 is no session header"):
        read_text(tmp_path, store.sealed(a_header().to_json() | {"format": written}))


def test_a_file_of_format_1_loads_for_ever() -> None:
    """The golden file of format 1 still gives the session it was made from."""
    session = store.read(GOLDEN / "session-format-1.jsonl")
    assert session.header == a_header()
    assert session.records == (a_record(), a_skip(), a_failure(error=f"killed by SIGSEGV {HOSTILE}"))
    assert session.semantics == (some_semantics(),)


def test_sessions_are_found_the_newest_last(tmp_path: Path) -> None:
    """Sessions of all folders come in the order of their start; unfinished and foreign files are left out."""
    names = ["b/20250101T000000Z-a.jsonl", "a/20260101T000000Z-a.jsonl", "20240101T000000Z-a.jsonl"]
    for name in [*names, "x.jsonl.part", "y.partial", "z.json"]:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    found = [path.relative_to(tmp_path).as_posix() for path in store.sessions_in(tmp_path)]
    assert found == [names[2], names[0], names[1]]


def test_no_folder_no_sessions(tmp_path: Path) -> None:
    """A folder that does not exist holds no sessions."""
    assert store.sessions_in(tmp_path / "none") == []


@pytest.mark.parametrize("started", ["2026-11-23T12:00:00+00:00", "2026-11-23T12:00:00Z"])
def test_a_file_is_named_by_its_start_and_commit(started: str) -> None:
    """A session's file has the UTC time of its start and the first digits of its commit in its name."""
    header: Header = a_header(started=started, commit="0123456789abcdef")
    assert store.file_name(header) == "20261123T120000Z-01234567.jsonl"


def test_what_was_appended_reads_back(tmp_path: Path) -> None:
    """Lines appended to an unfinished session come back in their order, line separators inside texts and all."""
    path = tmp_path / "one.partial"
    lines = [{"a": "1\u2028\x85\x1c2\r\n3 <a>"}, {"b": [None, 0.5]}, {"c": "😀"}]
    store.append(path, lines[:1])
    store.append(path, lines[1:])
    assert store.partial_lines(path) == lines


def test_a_line_torn_at_the_end_is_left_out(tmp_path: Path) -> None:
    """A crash inside the last line costs that line alone, whatever byte it came at; the next line starts anew."""
    path = tmp_path / "one.partial"
    store.append(path, [{"a": "€"}, {"b": "€"}])
    content = path.read_bytes()
    for size in range(content.index(b"\n") + 1, len(content)):
        path.write_bytes(content[:size])
        assert store.partial_lines(path) == [{"a": "€"}], size
        store.append(path, [{"c": 3}])
        assert store.partial_lines(path) == [{"a": "€"}, {"c": 3}], size


def test_a_line_damaged_before_the_end_is_refused(tmp_path: Path) -> None:
    """A changed line that was whole once is no crash: the file is refused with the line's number."""
    path = tmp_path / "one.partial"
    store.append(path, [{"a": 1}, {"b": 2}])
    path.write_text(path.read_text().replace('"a": 1', '"a": 7'))
    with pytest.raises(DamagedSessionError, match=r"one.partial: line 1 was changed"):
        store.partial_lines(path)


def test_a_header_is_read_without_its_records(tmp_path: Path) -> None:
    """A header read alone is the session's; of a file without lines, or of a later format, there is none."""
    path = tmp_path / "one.jsonl"
    store.write(path, a_session())
    assert store.read_header(path) == store.read(path).header
    path.write_text("", encoding="utf-8")
    with pytest.raises(DamagedSessionError, match="is empty"):
        store.read_header(path)
    path.write_text(store.sealed({"format": 99, "kind": "session"}), encoding="utf-8")
    with pytest.raises(NewerFormatError, match="session format 99"):
        store.read_header(path)
