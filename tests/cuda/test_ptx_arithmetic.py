"""Opcodes of the PTX emulator of tests/ptx, against Python's integers."""

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from ptx_kernels import compute

Function = Callable[..., int]
EDGES = [0, 1, 2, 7, 8, 15, 16, 31, 32, 33, 63, 64, 65, 255, 256, 2**15 - 1, 2**15, 2**16 - 1]
EDGES += [2**31 - 1, 2**31, 2**32 - 1, 2**32, 2**63 - 1, 2**63, 2**64 - 2, 2**64 - 1]
numbers = st.one_of(st.sampled_from(EDGES), st.integers(0, 2**64 - 1))
triples = st.lists(st.tuples(numbers, numbers, numbers), min_size=1, max_size=64)


def low(value: int, bits: int) -> int:
    return value & ((1 << bits) - 1)


def signed(value: int, bits: int) -> int:
    value = low(value, bits)
    return value - (1 << bits) if value >> (bits - 1) else value


def truncated(a: int, b: int) -> int:
    """Return the quotient a / b, rounded towards zero."""
    quotient = abs(a) // abs(b)
    return quotient if (a < 0) == (b < 0) else -quotient


def check(operation: str, expected: Function, rows: list[tuple[int, int, int]]) -> None:
    columns = [np.array(column, np.uint64) for column in zip(*rows, strict=True)]
    found = compute(operation, *columns).tolist()
    assert found == [expected(*row) for row in rows]


def register(bits: int, number: int) -> str:
    return f"%{ {16: 'h', 32: 'r', 64: 'd'}[bits] }{number}"


def widen(bits: int) -> str:
    """Store the result where `compute` reads it."""
    return "" if bits == 64 else f"cvt.u64.u{bits} %d20, {register(bits, 20)};"


SHAPES = [("u", 16), ("s", 16), ("u", 32), ("s", 32), ("u", 64), ("s", 64)]
ARITHMETIC: dict[str, Function] = {
    "add": lambda a, b, c: a + b,
    "sub": lambda a, b, c: a - b,
    "mul.lo": lambda a, b, c: a * b,
    "min": lambda a, b, c: min(a, b),
    "max": lambda a, b, c: max(a, b),
    "mad.lo": lambda a, b, c: a * b + c,
    "sad": lambda a, b, c: c + abs(a - b),
    "neg": lambda a, b, c: -a,
    "abs": lambda a, b, c: abs(a),
}
OPERANDS = {"mad.lo": 3, "sad": 3, "neg": 1, "abs": 1}


@pytest.mark.parametrize("name", ARITHMETIC)
@pytest.mark.parametrize(("sign", "bits"), SHAPES)
@hypothesis_settings(max_examples=10)
@given(rows=triples)
def test_arithmetic(name: str, sign: str, bits: int, rows: list[tuple[int, int, int]]) -> None:
    view = signed if sign == "s" else low
    operands = ", ".join(register(bits, 10 + i) for i in range(OPERANDS.get(name, 2)))
    check(
        f"{name}.{sign}{bits} {register(bits, 20)}, {operands}; {widen(bits)}",
        lambda *row: low(ARITHMETIC[name](*(view(value, bits) for value in row)), bits),
        rows,
    )


@pytest.mark.parametrize("name", ["div", "rem"])
@pytest.mark.parametrize(("sign", "bits"), SHAPES)
@given(rows=triples)
@hypothesis_settings(max_examples=10)
def test_division(name: str, sign: str, bits: int, rows: list[tuple[int, int, int]]) -> None:
    view = signed if sign == "s" else low
    rows = [(a, b if low(b, bits) else 3, c) for a, b, c in rows]

    def expected(a: int, b: int, c: int) -> int:
        a, b = view(a, bits), view(b, bits)
        quotient = truncated(a, b)
        return low(quotient if name == "div" else a - quotient * b, bits)

    registers = ", ".join(register(bits, number) for number in (20, 10, 11))
    check(f"{name}.{sign}{bits} {registers}; {widen(bits)}", expected, rows)


@pytest.mark.parametrize("with_sum", [False, True])
@pytest.mark.parametrize("part", ["hi", "wide"])
@pytest.mark.parametrize(("sign", "bits"), SHAPES)
@given(rows=triples)
@hypothesis_settings(max_examples=10)
def test_products(
    with_sum: bool, part: str, sign: str, bits: int, rows: list[tuple[int, int, int]]
) -> None:
    if part == "wide" and bits == 64:
        return
    view = signed if sign == "s" else low
    width = 2 * bits if part == "wide" else bits

    def expected(a: int, b: int, c: int) -> int:
        product = view(a, bits) * view(b, bits)
        return low((product >> (0 if part == "wide" else bits)) + c * with_sum, width)

    name, last = ("mad", f", {register(width, 12)}") if with_sum else ("mul", "")
    check(
        f"{name}.{part}.{sign}{bits} {register(width, 20)}, {register(bits, 10)}, "
        f"{register(bits, 11)}{last}; {widen(width)}",
        expected,
        rows,
    )


@given(rows=triples)
def test_carries_are_handed_on(rows: list[tuple[int, int, int]]) -> None:
    sums = (
        "{a}.cc.u{n} {x}{t}, {x}10, {x}11; {a}c.cc.u{n} {x}{t}, {x}{t}, {x}12;"
        "{a}c.u{n} {x}20, {x}10, 0;"
    )
    for bits, x in ((32, "%r"), (64, "%d")):
        for name, sign in (("add", 1), ("sub", -1)):

            def expected(a: int, b: int, c: int, bits: int = bits, sign: int = sign) -> int:
                a, b, c = (low(value, bits) for value in (a, b, c))
                first = a + sign * b
                carry = first >> bits & 1
                second = low(first, bits) + sign * (c + carry)
                return low(a + sign * (second >> bits & 1), bits)

            check(sums.format(a=name, n=bits, x=x, t=21) + widen(bits), expected, rows)
    both = "mad.lo.cc.u32 %r21, %r10, %r11, %r12; madc.hi.u32 %r20, %r10, %r11, %r12;" + widen(32)

    def multiplied(a: int, b: int, c: int) -> int:
        a, b, c = (low(value, 32) for value in (a, b, c))
        carry = (low(a * b, 32) + c) >> 32
        return low((a * b >> 32) + c + carry, 32)

    check(both, multiplied, rows)


@pytest.mark.parametrize("bits", [16, 32, 64])
@given(rows=triples)
@hypothesis_settings(max_examples=20)
def test_shifts_are_clamped(bits: int, rows: list[tuple[int, int, int]]) -> None:
    to, a = register(bits, 20), register(bits, 10)
    cases: dict[str, Function] = {
        f"shl.b{bits}": lambda a, b, c: low(low(a, bits) << min(low(b, 32), bits), bits),
        f"shr.u{bits}": lambda a, b, c: low(a, bits) >> min(low(b, 32), bits),
        f"shr.s{bits}": lambda a, b, c: low(signed(a, bits) >> min(low(b, 32), bits), bits),
    }
    for name, expected in cases.items():
        check(f"{name} {to}, {a}, %r11; {widen(bits)}", expected, rows)


@given(rows=triples)
def test_funnel_shifts(rows: list[tuple[int, int, int]]) -> None:
    def both(a: int, b: int) -> int:
        return low(b, 32) << 32 | low(a, 32)

    cases: dict[str, Function] = {
        "l.wrap": lambda a, b, c: low(both(a, b) << c % 32 >> 32, 32),
        "r.wrap": lambda a, b, c: low(both(a, b) >> c % 32, 32),
        "l.clamp": lambda a, b, c: low(both(a, b) << min(low(c, 32), 32) >> 32, 32),
        "r.clamp": lambda a, b, c: low(both(a, b) >> min(low(c, 32), 32), 32),
    }
    for name, expected in cases.items():
        check(f"shf.{name}.b32 %r20, %r10, %r11, %r12; {widen(32)}", expected, rows)


@pytest.mark.parametrize(("sign", "bits"), SHAPES[2:])
@given(rows=triples)
@hypothesis_settings(max_examples=30)
def test_fields_of_bits(sign: str, bits: int, rows: list[tuple[int, int, int]]) -> None:
    def extracted(a: int, b: int, c: int) -> int:
        position, length = b & 255, c & 255
        a = low(a, bits)
        fill = 0
        if sign == "s" and length:
            fill = a >> min(position + length - 1, bits - 1) & 1
        each = [
            a >> (position + i) & 1 if i < length and position + i < bits else fill
            for i in range(bits)
        ]
        return sum(bit << i for i, bit in enumerate(each))

    def inserted(a: int, b: int, c: int) -> int:
        position, length = c & 255, b & 255
        result = low(b, bits)
        for i in range(min(length, max(bits - position, 0))):
            result = result & ~(1 << position + i) | (a >> i & 1) << position + i
        return result

    to, a, b = (register(bits, number) for number in (20, 10, 11))
    check(f"bfe.{sign}{bits} {to}, {a}, %r11, %r12; {widen(bits)}", extracted, rows)
    check(f"bfi.b{bits} {to}, {a}, {b}, %r12, %r11; {widen(bits)}", inserted, rows)


@pytest.mark.parametrize("bits", [32, 64])
@given(rows=triples)
@hypothesis_settings(max_examples=20)
def test_counted_and_found_bits(bits: int, rows: list[tuple[int, int, int]]) -> None:
    def highest(value: int) -> int:
        return low(value.bit_length() - 1, 32)

    def opposed(a: int) -> int:  # the bits that differ from the sign
        return low(~a if signed(a, bits) < 0 else a, bits)

    cases: dict[str, Function] = {
        f"popc.b{bits}": lambda a, b, c: low(a, bits).bit_count(),
        f"clz.b{bits}": lambda a, b, c: bits - low(a, bits).bit_length(),
        f"bfind.u{bits}": lambda a, b, c: highest(low(a, bits)),
        f"bfind.s{bits}": lambda a, b, c: highest(opposed(a)),
        f"bfind.shiftamt.u{bits}": lambda a, b, c: (
            bits - low(a, bits).bit_length() if low(a, bits) else 2**32 - 1
        ),
    }
    for name, expected in cases.items():
        check(f"{name} %r20, {register(bits, 10)}; {widen(32)}", expected, rows)
    check(
        f"brev.b{bits} {register(bits, 20)}, {register(bits, 10)}; {widen(bits)}",
        lambda a, b, c: int(f"{low(a, bits):0{bits}b}"[::-1], 2),
        rows,
    )


@pytest.mark.parametrize("bits", [16, 32, 64])
@given(rows=triples)
@hypothesis_settings(max_examples=10)
def test_logic(bits: int, rows: list[tuple[int, int, int]]) -> None:
    to, a, b = (register(bits, number) for number in (20, 10, 11))
    for name, function in (
        ("and", lambda a, b: a & b),
        ("or", lambda a, b: a | b),
        ("xor", lambda a, b: a ^ b),
    ):
        check(
            f"{name}.b{bits} {to}, {a}, {b}; {widen(bits)}",
            lambda x, y, _, f=function: low(f(x, y), bits),
            rows,
        )
        check(
            f"{name}.pred %p4, %p1, %p2; selp.b64 %d20, 1, 0, %p4;",
            lambda x, y, _, f=function: f(x & 1, y & 1),
            rows,
        )
    check(f"not.b{bits} {to}, {a}; {widen(bits)}", lambda x, y, z: low(~x, bits), rows)
    check("not.pred %p4, %p1; selp.b64 %d20, 1, 0, %p4;", lambda x, y, z: 1 - x % 2, rows)


@pytest.mark.parametrize("table", [0x00, 0x96, 0xE8, 0x1B, 0xCA, 0xFF])
@given(rows=triples)
@hypothesis_settings(max_examples=10)
def test_functions_of_three_bits(table: int, rows: list[tuple[int, int, int]]) -> None:
    def expected(a: int, b: int, c: int) -> int:
        place = [(a >> i & 1) << 2 | (b >> i & 1) << 1 | c >> i & 1 for i in range(32)]
        return sum((table >> entry & 1) << i for i, entry in enumerate(place))

    check(f"lop3.b32 %r20, %r10, %r11, %r12, {table}; {widen(32)}", expected, rows)


@given(rows=triples)
def test_chosen_bytes(rows: list[tuple[int, int, int]]) -> None:
    def expected(a: int, b: int, c: int) -> int:
        every = [*low(a, 32).to_bytes(4, "little"), *low(b, 32).to_bytes(4, "little")]
        result = 0
        for i in range(4):
            chosen = c >> 4 * i & 15
            value = every[chosen & 7]
            result |= ((255 if value & 128 else 0) if chosen & 8 else value) << 8 * i
        return result

    check(f"prmt.b32 %r20, %r10, %r11, %r12; {widen(32)}", expected, rows)


COMPARISONS: dict[str, Function] = {
    "eq": lambda a, b: a == b,
    "ne": lambda a, b: a != b,
    "lt": lambda a, b: a < b,
    "le": lambda a, b: a <= b,
    "gt": lambda a, b: a > b,
    "ge": lambda a, b: a >= b,
}


@pytest.mark.parametrize(("sign", "bits"), SHAPES)
@given(rows=triples)
@hypothesis_settings(max_examples=10)
def test_comparisons(sign: str, bits: int, rows: list[tuple[int, int, int]]) -> None:
    view = signed if sign == "s" else low
    rows = [(a, a if c % 3 == 0 else b, c) for a, b, c in rows]
    join = {
        "": lambda answer, c: answer,
        ".and": lambda answer, c: answer and c,
        ".or": lambda answer, c: answer or c,
        ".xor": lambda answer, c: answer != c,
    }
    for name, compare in COMPARISONS.items():
        for how, joined in join.items():

            def expected(a: int, b: int, c: int) -> int:
                answer = bool(compare(view(a, bits), view(b, bits)))  # noqa: B023
                third = not c & 1
                return int(joined(answer, third)) | int(joined(not answer, third)) << 1  # noqa: B023

            check(
                f"setp.{name}{how}.{sign}{bits} %p4|%p5, {register(bits, 10)}, {register(bits, 11)}"
                f"{', !%p3' if how else ''}; selp.b64 %d20, 1, 0, %p4; selp.b64 %d21, 2, 0, %p5;"
                "or.b64 %d20, %d20, %d21;",
                expected,
                rows,
            )


@pytest.mark.parametrize("saturate", [False, True])
@pytest.mark.parametrize("to", ["u8", "s8", "u16", "s16", "u32", "s32", "u64", "s64"])
@given(rows=triples)
@hypothesis_settings(max_examples=5)
def test_conversions(saturate: bool, to: str, rows: list[tuple[int, int, int]]) -> None:
    width = int(to[1:])
    least = -(1 << (width - 1)) if to[0] == "s" else 0
    most = (1 << (width - (to[0] == "s"))) - 1
    for sign, bits in [("u", 8), ("s", 8), *SHAPES]:
        held = 16 if bits == 8 else bits
        target = max(width, 16)

        def expected(a: int, b: int, c: int) -> int:
            value = (signed if sign == "s" else low)(a, bits)  # noqa: B023
            if saturate:
                value = min(max(value, least), most)
            value = (signed if to[0] == "s" else low)(value, width)
            return low(value, target)  # noqa: B023

        check(
            f"cvt{'.sat' if saturate else ''}.{to}.{sign}{bits} {register(target, 20)}, "
            f"{register(held, 10)}; {widen(target)}",
            expected,
            rows,
        )


@given(rows=triples)
def test_moves(rows: list[tuple[int, int, int]]) -> None:
    check("mov.b64 %d20, {%r10, %r11};", lambda a, b, c: low(b, 32) << 32 | low(a, 32), rows)
    check("mov.b64 {_, %r20}, %d10; cvt.u64.u32 %d20, %r20;", lambda a, b, c: a >> 32, rows)
    check(
        "mov.b32 {%h20, %h21}, %r10; cvt.u64.u16 %d20, %h21;",
        lambda a, b, c: low(a, 32) >> 16,
        rows,
    )
    check("selp.u64 %d20, %d10, %d11, %p3;", lambda a, b, c: a if c & 1 else b, rows)
    check(
        "slct.b32.s32 %r20, %r10, %r11, %r12; cvt.u64.u32 %d20, %r20;",
        lambda a, b, c: low(a if signed(c, 32) >= 0 else b, 32),
        rows,
    )
    check("add.sat.s32 %r20, %r10, %r11; cvt.u64.u32 %d20, %r20;", saturated, rows)


def saturated(a: int, b: int, c: int) -> int:
    return low(min(max(signed(a, 32) + signed(b, 32), -(2**31)), 2**31 - 1), 32)


ATOMICS: dict[str, Function] = {
    "add.u": lambda old, b: old + b,
    "min.u": min,
    "max.u": max,
    "and.b": lambda old, b: old & b,
    "or.b": lambda old, b: old | b,
    "xor.b": lambda old, b: old ^ b,
    "exch.b": lambda old, b: b,
    "inc.u": lambda old, b: 0 if old >= b else old + 1,
    "dec.u": lambda old, b: b if old == 0 or old > b else old - 1,
}


@pytest.mark.parametrize("space", ["global", "shared"])
@pytest.mark.parametrize("bits", [32, 64])
@pytest.mark.parametrize("name", ATOMICS)
@given(rows=triples)
@hypothesis_settings(max_examples=5)
def test_atomic_operations(
    space: str, bits: int, name: str, rows: list[tuple[int, int, int]]
) -> None:
    memory, b = register(bits, 10), register(bits, 11)
    place = "[%d6]" if space == "global" else "[%d9]"
    shared = (
        ".shared .align 8 .b8 places[512]; mov.u64 %d9, places; add.s64 %d9, %d9, %d5;"
        f"st.shared.u{bits} [%d9], {memory};"
    )
    start = f"st.global.u{bits} [%d6], {memory};" if space == "global" else shared
    change = f"{start} atom.{space}.{name}{bits} {register(bits, 20)}, {place}, {b};"
    check(change + widen(bits), lambda a, b, c: low(a, bits), rows)
    check(
        f"{change} ld.{space}.u{bits} {register(bits, 20)}, {place}; {widen(bits)}",
        lambda a, b, c: low(ATOMICS[name](low(a, bits), low(b, bits)), bits),
        rows,
    )


def test_the_edges_are_reached() -> None:
    """Test shifts by at least the width, and the smallest numbers, explicitly."""
    rows = [(a, b, 0) for a in EDGES for b in EDGES]
    for some in (rows[i : i + 256] for i in range(0, len(rows), 256)):
        check(
            "shl.b64 %d20, %d10, %r11;",
            lambda a, b, c: low(a << min(low(b, 32), 64), 64),
            some,
        )
        check(
            "mul.hi.s64 %d20, %d10, %d11;",
            lambda a, b, c: low(signed(a, 64) * signed(b, 64) >> 64, 64),
            some,
        )
    assert math.isqrt(len(rows)) == len(EDGES)
