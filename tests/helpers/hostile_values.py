"""Values that callers may pass by mistake or malice, and objects that lie about themselves."""

import math
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

import collapse_stats as cs


class Lies:
    """Says that it has a length and items, and has none."""

    def __len__(self) -> int:
        return 5

    def __getitem__(self, item: object) -> Any:
        raise RuntimeError("there is nothing here")


class Fails:
    """Every question to it fails."""

    def __index__(self) -> int:
        raise RuntimeError("no")

    def __float__(self) -> float:
        raise RuntimeError("no")

    def __array__(self, *_: object, **__: object) -> Any:
        raise RuntimeError("no")

    def __repr__(self) -> str:
        raise RuntimeError("no")


class Whole:
    """A whole number of another library."""

    def __init__(self, value: int) -> None:
        self.value = value

    def __index__(self) -> int:
        return self.value


def numbers() -> list[Any]:
    """Numbers in range, out of range, and of all types."""
    whole = [0, 1, 2, 3, 5, -1, 2**31, 2**32, 2**63, 2**64 - 1, 10**30, True, False]
    others = [0.5, 2.0, 2.5, -0.1, math.nan, math.inf, -math.inf, 1e308, 1j]
    foreign = [np.int64(3), np.uint8(2), np.float32(0.5), np.bool_(True), Fraction(1, 2)]
    return [*whole, *others, *foreign, Decimal("0.5"), Whole(2), Fails(), "2", None]


def arrays() -> list[Any]:
    """Arrays of ids, good and bad, and what is none."""
    ids = np.array([1, 2, 1, 2, 3, 3, 0, 1], dtype=np.int64)
    read_only = ids.copy()
    read_only.flags.writeable = False
    good = [ids, ids.astype("u1"), ids.astype(">i4"), ids[::-2], read_only, ids.reshape(2, 4)]
    bad = [
        ids.astype(float),
        ids.astype(object),
        ids.astype(complex),
        ids.astype("U1"),
        ids > 1,
        ids.reshape(2, 2, 2),
        np.array(3),
        np.empty((0, 5), int),
        np.empty((3, 0), int),
        np.array([2**64 - 1], dtype=np.uint64),
        np.array([-1, -(2**63)]),
        np.frombuffer(b"\0" * 17, dtype=np.uint8)[1:].view(np.int64),  # not aligned
        np.ma.masked_array(ids, ids > 2),
        np.array(["2020-01-01"], dtype="M8[D]"),
        np.rec.array([(1, 2.0)]),
    ]
    lists = [[], [[]], [1, 2], [[1, 2], [3]], [None], ["a", "b"], [2**70], (1, 2), {1, 2}, {"a": 1}]
    return [*good, *bad, *lists, range(4), b"abc", "abc", Lies(), Fails(), object(), None]


def others() -> list[Any]:
    """Spectra and other objects of the package, and names."""
    spectrum, joint = cs.Spectrum.from_counts, cs.JointSpectrum.from_counts
    huge = np.array([2**63, 2**64 - 1], dtype=np.uint64)
    return [
        spectrum([]),
        spectrum([1]),
        spectrum([3, 2, 2, 1, 1, 1]),
        cs.Spectrum(huge, huge),
        joint([], []),
        joint([2, 1, 0, 4], [1, 1, 3, 0]),
        joint(huge, huge[::-1]),
        "",
        "auto",
        "numpy",
        "no such thing",
        "\0",
        Path("no such file"),
        b"",
        print,
        int,
    ]


def everything() -> list[Any]:
    """All of them."""
    return [*numbers(), *arrays(), *others()]
