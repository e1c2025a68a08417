"""Which bytes lie on huge pages, by made-up texts of the kernel's."""

from benchmarks.smaps import huge_bytes

MIB = 1 << 20
SMAPS = f"""{64 * MIB:x}-{66 * MIB:x} rw-p 00000000 00:00 0
Size:               2048 kB
AnonHugePages:         2048 kB
VmFlags: rd wr
{66 * MIB:x}-{80 * MIB:x} rw-p 00000000 00:00 0 [<a> | &]
Size:              14336 kB
AnonHugePages:     12288 kB
{80 * MIB:x}-{81 * MIB:x} rw-p 00000000 00:00 0
AnonHugePages:         0 kB
"""


def test_mappings_are_summed_over_the_bytes() -> None:
    """Bytes in two mappings have the huge pages of both, and of each no more than they have in common."""
    assert huge_bytes(SMAPS, 64 * MIB, 16 * MIB) == 14 * MIB
    assert huge_bytes(SMAPS, 66 * MIB, 4 * MIB) == 4 * MIB
    assert huge_bytes(SMAPS, 64 * MIB, MIB) == MIB
    assert huge_bytes(SMAPS, 80 * MIB, MIB) == 0


def test_what_is_not_told_is_none() -> None:
    """Bytes in no mapping, and a system without the file, have no number."""
    assert huge_bytes(SMAPS, 90 * MIB, MIB) is huge_bytes(SMAPS, 81 * MIB, MIB) is None
    assert huge_bytes(None, 64 * MIB, MIB) is huge_bytes("", 64 * MIB, MIB) is None
