"""Records of any content that the format allows: names of every script, times of every size."""

from typing import Any

from hypothesis import strategies as st

from benchmarks.records import Failed, Header, Measured, Observation, Semantics, Skipped
from tests.builders import HOSTILE, a_header

TEXT = st.one_of(
    st.just(HOSTILE), st.just('", "crc32": "'), st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
)
TIME_NS = st.floats(min_value=1e-6, max_value=1e15, allow_nan=False)
PASSES = st.lists(st.lists(TIME_NS, min_size=1, max_size=3).map(tuple), min_size=1, max_size=3).map(tuple)
COUNT = st.integers(min_value=0, max_value=2**40)
JSON = st.recursive(
    st.none() | st.booleans() | COUNT | TIME_NS | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=5,
)
FACTS = st.dictionaries(TEXT, JSON, max_size=3)

_PARTS: dict[str, Any] = {
    **dict.fromkeys(("case", "path", "family", "dtype", "layout", "threads", "device"), TEXT),
    "nbytes": COUNT,
}

MEASURED = st.builds(
    Measured,
    **_PARTS,
    spelling=TEXT,
    source=st.sampled_from(("array", "tensor")),
    shape=st.lists(COUNT, max_size=4).map(tuple),
    aliasing=st.sampled_from(("shares", "copies")),
    loops=COUNT,
    minflt_per_call=TIME_NS,
    alloc_bytes=COUNT,
    samples_ns=st.dictionaries(TEXT, PASSES, min_size=1, max_size=2),
)
SKIPPED = st.builds(Skipped, **_PARTS, skipped=TEXT)
FAILED = st.builds(Failed, **_PARTS, failed=st.fixed_dictionaries({"error": TEXT, "stage": TEXT}))
RECORDS = st.one_of(MEASURED, SKIPPED, FAILED)

OBSERVATIONS = st.builds(
    Observation,
    outcome=st.sampled_from(("shares", "copies", "raises", "dies")),
    warns=st.booleans(),
    wrong_values=st.booleans(),
    drops_mask=st.booleans(),
    leaks=st.booleans(),
    keeps_order=st.none() | st.booleans(),
    writable=st.none() | st.booleans(),
    keeps_source=st.none() | st.booleans(),
    error=st.none() | TEXT,
)
SEMANTICS = st.builds(
    Semantics,
    path=TEXT,
    family=TEXT,
    source=TEXT,
    spelling=TEXT,
    observed=st.dictionaries(TEXT, OBSERVATIONS, max_size=3),
)
HEADERS: st.SearchStrategy[Header] = st.builds(
    lambda texts, dirty, facts: a_header(**texts, dirty=dirty, software=facts),
    st.fixed_dictionaries(dict.fromkeys(("id", "commit", "bridge_hash", "command"), TEXT)),
    st.booleans(),
    FACTS,
)
