"""The PTX emulator of tests/ptx: rules for kernels, divergent lanes, counts of accesses."""

import re
from collections.abc import Iterator

import numpy as np
import pytest
from ptx_kernels import HEAD, machine, run, settings

SEEDS = [0, 1, 2, 3, 4]


@pytest.fixture(autouse=True)
def a_machine_of_ones_own() -> Iterator[None]:
    with settings(seed=0, unwritten_shared=True, most_instructions=1 << 20):
        machine.reset_counts()
        yield
        run("ret;")  # the emulator continues after an error


def words(number: int) -> np.ndarray:
    return np.zeros(number, np.uint64)


PLACE = "mov.u32 %r3, dynamic; shl.b32 %r2, %r1, 2; add.s32 %r2, %r2, %r3;"  # of a thread's word
RACES = {
    "two threads write": ("st.shared.u32 [%r3], %r1;", "writes what another thread wrote"),
    "two bytes of a word are no race, one is": (
        "shr.u32 %r4, %r1, 1; add.s32 %r4, %r4, %r3; st.shared.u8 [%r4], %r1;",
        "writes what another thread wrote",
    ),
    "a neighbour reads": (
        "st.shared.u32 [%r2], %r1; xor.b32 %r4, %r2, 4; ld.shared.u32 %r5, [%r4];",
        "(reads what another thread wrote|nobody wrote)",
    ),
    "another warp reads": (
        "st.shared.u32 [%r2], %r1; bar.warp.sync -1; xor.b32 %r4, %r2, 128;"
        "ld.shared.u32 %r5, [%r4];",
        "(reads what another thread wrote|nobody wrote)",
    ),
    "a word is written after a neighbour read it": (
        "st.shared.u32 [%r2], %r1; bar.sync 0; xor.b32 %r4, %r2, 4; ld.shared.u32 %r5, [%r4];"
        "st.shared.u32 [%r2], %r5;",
        "writes what another thread read",
    ),
    "an atomic operation meets a write": (
        "st.shared.u32 [%r2], 0; atom.shared.add.u32 %r5, [%r3], 1;",
        "(changes atomically what another thread wrote|what another thread changed|nobody wrote)",
    ),
    "a load meets atomic operations": (
        "st.shared.u32 [%r2], 0; bar.sync 0; atom.shared.add.u32 %r5, [%r3], 1;"
        "ld.shared.u32 %r5, [%r3];",
        "(reads what another thread changed|changes atomically what another thread read)",
    ),
    "a peek meets a write": (
        "st.shared.u32 [%r2], 0; bar.sync 0; setp.eq.s32 %p1, %r1, 40; @%p1 st.shared.u32 [%r3], 1;"
        "ld.volatile.shared.u32 %r5, [%r3];",
        "(peeks at what another thread wrote|writes what another thread peeked at)",
    ),
    "a vector overlaps a word": (
        "st.shared.u32 [%r2], 0; bar.sync 0; and.b32 %r4, %r1, 60; shl.b32 %r4, %r4, 2;"
        "add.s32 %r4, %r4, %r3; st.shared.u32 [%r2], 0; ld.shared.v4.u32 {%r5,%r6,%r7,%r8}, [%r4];",
        "(reads what another thread wrote|writes what another thread read)",
    ),
}


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("name", RACES)
def test_races(name: str, seed: int) -> None:
    body, words_ = RACES[name]
    machine.emulate(seed)
    with pytest.raises(machine.Complaint, match=words_) as complaint:
        run(PLACE + body, threads=64, dynamic=256)
    assert re.match(r"kernel kernel, kernel.ptx:\d+, block 0, thread \d+: ", str(complaint.value))


ORDERED = {
    "a barrier": "st.shared.u32 [%r2], %r1; bar.sync 0; xor.b32 %r4, %r2, 128;"
    "ld.shared.u32 %r5, [%r4];",
    "a warp that meets": "st.shared.u32 [%r2], %r1; bar.warp.sync -1; xor.b32 %r4, %r2, 4;"
    "ld.shared.u32 %r5, [%r4]; bar.warp.sync -1; st.shared.u32 [%r2], %r5;",
    "halves of a word": "shl.b32 %r4, %r1, 1; add.s32 %r4, %r4, %r3; st.shared.u16 [%r4], %h1;",
    "atomic operations": "st.shared.u32 [%r2], 0; bar.sync 0; atom.shared.add.u32 %r5, [%r3], 1;"
    "ld.volatile.shared.u32 %r6, [%r3]; red.shared.max.u32 [%r3], 3;",
    "many readers": "st.shared.u32 [%r2], %r1; bar.sync 0; ld.shared.u32 %r5, [%r3];"
    "ld.shared.v2.u32 {%r6, %r7}, [%r3+8]; bar.sync 0; st.shared.u32 [%r2], %r5;",
    "an initial write of the same warp": "and.b32 %r4, %r2, -128; setp.eq.s32 %p1, %r4, %r2;"
    "@%p1 st.shared.u32 [%r4], 0; bar.warp.sync -1; atom.shared.add.u32 %r5, [%r4], 1;",
}


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("name", ORDERED)
def test_no_races(name: str, seed: int) -> None:
    machine.emulate(seed)
    start = "mov.u16 %h1, 7; setp.ge.u32 %p8, %r1, 64;"
    run(PLACE + start + ORDERED[name], threads=64, dynamic=256, blocks=3)


BROKEN = {
    "misaligned, shared": ("ld.shared.u32 %r5, [%r2+2];", "misaligned: an access of 4 bytes"),
    "misaligned vector": ("ld.shared.v2.u32 {%r5, %r6}, [%r2+4];", "misaligned: .* of 8 bytes"),
    "misaligned, global": ("ld.global.u64 %d5, [%d1+4];", "misaligned"),
    "misaligned, parameter": ("ld.param.u64 %d5, [p+4];", "misaligned"),
    "misaligned, atomic": ("atom.shared.add.u64 %d5, [%r3+4], 1;", "misaligned"),
    "behind shared memory": (
        "st.shared.u32 [%r2+132], %r1;",
        "shared memory out of bounds: 4 bytes",
    ),
    "before shared memory": ("st.shared.u32 [%r3+-4], %r1;", "shared memory out of bounds"),
    "behind the parameter": (
        "ld.param.u64 %d5, [p+32];",
        "parameter out of bounds: 8 .* at 32 of 32",
    ),
    "no memory": ("mov.u64 %d5, 8; ld.global.u64 %d6, [%d5];", "global memory out of bounds"),
    "a parameter is written": (
        "mov.u64 %d5, p; cvta.param.u64 %d5, %d5; st.u32 [%d5], 1;",
        "only to be read",
    ),
    "shared memory that nobody wrote": (
        "ld.shared.u32 %r5, [%r2];",
        "shared memory that nobody wrote",
    ),
    "a byte that nobody wrote": (
        "st.shared.u16 [%r2], %h1; ld.shared.u32 %r5, [%r2];",
        "shared memory that nobody wrote",
    ),
    "division by zero": ("div.u32 %r5, %r1, %r1;", "division by zero"),
    "a register that was never written": (
        "setp.eq.s32 %p1, %r1, 0; @%p1 mov.u32 %r5, 1; add.s32 %r6, %r5, 1;"
        "st.global.u32 [%d1], %r6;",
        "thread \\d+: reads a register that was never written",
    ),
    "a guard that was never written": ("@%p7 ret;", "a register that was never written"),
    "not in its own mask": ("vote.sync.ballot.b32 %r5, %p1, 254;", "not in its own mask"),
    "a lane that is not there": (
        "setp.eq.s32 %p1, %r1, 9; @%p1 exit; bar.warp.sync -1;",
        "(have left the kernel|has left the kernel)",
    ),
    "a shuffle from outside the mask": (
        "setp.lt.u32 %p1, %r1, 8; @!%p1 exit; shfl.sync.idx.b32 %r5, %r1, 9, 31, 255;",
        "shuffle from lane 9",
    ),
    "different masks": (
        "setp.lt.u32 %p1, %r1, 8; selp.b32 %r5, 511, -1, %p1; bar.warp.sync %r5;",
        "(different masks|deadlock)",
    ),
    "different operations": (
        "setp.lt.u32 %p1, %r1, 8; @%p1 bra A; bar.warp.sync -1; bra B; A: bar.warp.sync -1; B:",
        "different operations",
    ),
    "different barriers": (
        "setp.lt.u32 %p1, %r1, 8; @%p1 bra A; bar.sync 0; bra B; A: bar.sync 0; B:",
        "different barriers",
    ),
    "a barrier after some have left": (
        "setp.lt.u32 %p1, %r1, 8; @%p1 exit; bar.sync 0;",
        "after other threads have left",
    ),
    "deadlock": (
        "setp.lt.u32 %p1, %r1, 8; @%p1 bra A; bar.warp.sync -1; bra B; A: bar.sync 0; B:",
        "deadlock: it waits for lanes of its mask",
    ),
    "no end": ("A: bra A;", "does not end"),
    "trap": ("trap;", "it gave up"),
}


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("name", BROKEN)
def test_broken_rules(name: str, seed: int) -> None:
    body, message = BROKEN[name]
    machine.emulate(seed)
    start = "mov.u16 %h1, 7; setp.lt.u32 %p1, %r1, 4;"
    with pytest.raises(machine.Complaint, match=message):
        run(PLACE + start + body, words(32), dynamic=256 if name.startswith("mis") else 128)


def test_a_complaint_says_where() -> None:
    with pytest.raises(machine.Complaint) as complaint:
        run("setp.eq.s32 %p1, %r1, 5;\n\n  @%p1 st.shared.u32 [4], %r1;", blocks=1, dynamic=4)
    assert str(complaint.value) == (
        "kernel kernel, kernel.ptx:22, block 0, thread 5: shared memory out of bounds: 4 bytes at "
        "4 of 4: @%p1 st.shared.u32 [4], %r1;"
    )


@pytest.mark.parametrize(
    ("body", "what"),
    [
        ("tanh.approx.f32 %r5, %r1;", "the opcode tanh.approx.f32"),
        ("add.u32 %r5, %r1, tick;", "the operand tick"),
        ("ld.global.strange.u32 %r5, [%d1];", "the opcode ld.global.strange.u32"),
        ("bar.sync 0, 64;", "the opcode bar.sync"),
        ("mov.u32 %r5, 0f3F800000;", "floating-point numbers"),
        ("bra nowhere;", "the label nowhere"),
        (".maybe 3;", "the directive .maybe"),
    ],
)
def test_what_the_machine_does_not_know(body: str, what: str) -> None:
    with pytest.raises(RuntimeError, match=rf"kernel.ptx:2\d: the machine does not know {what}"):
        run(f"\n\n{body}", words(1))


def test_a_kernel_that_is_not_there() -> None:
    with pytest.raises(RuntimeError, match="expected PTX of the kernel nothing, found none among"):
        machine.run("nothing", 1, 32, b"")


STATIC = ".shared .align 16 .b8 fixed[2048]; "
USED = "st.shared.u8 [fixed], 1;"


@pytest.mark.parametrize(
    ("dynamic", "asked", "most", "refused"),
    [
        (46 << 10, 0, 227 << 10, None),
        ((46 << 10) + 1, 0, 227 << 10, "it was not asked for more than 47104 bytes"),
        (48 << 10, 48 << 10, 227 << 10, None),
        (48 << 10, 40 << 10, 227 << 10, "it was not asked for more than 47104"),
        (225 << 10, 225 << 10, 227 << 10, None),
        (
            226 << 10,
            226 << 10,
            227 << 10,
            "asking for shared memory failed: a block can have 232448",
        ),
        (97 << 10, 97 << 10, 99 << 10, None),
        (98 << 10, 98 << 10, 99 << 10, "asking for shared memory failed"),
    ],
)
def test_shared_memory_that_is_asked_for(
    dynamic: int, asked: int, most: int, refused: str | None
) -> None:
    body = STATIC + "setp.eq.s32 %p1, %r1, 0; @%p1 " + USED
    with settings(shared_bytes=most):
        if refused is None:
            run(body, dynamic=dynamic, asked=asked)
        else:
            with pytest.raises(RuntimeError, match=refused):
                run(body, dynamic=dynamic, asked=asked)


@pytest.mark.parametrize(
    ("blocks", "threads", "message"),
    [
        (1, 1025, "expected 1 to 1024 threads, got 1025"),
        (1, 0, "expected 1 to 1024 threads, got 0"),
        (2**31, 32, r"expected 1 to 2\*\*31 - 1 blocks, got 2147483648"),
    ],
)
def test_launches_that_are_refused(blocks: int, threads: int, message: str) -> None:
    with pytest.raises(RuntimeError, match=message):
        run("ret;", blocks=blocks, threads=threads)


def test_global_memory_that_nobody_allocated() -> None:
    array = words(8)
    address = array.ctypes.data
    machine.allocated(address, 64)
    with settings(global_bounds=True):
        run("ld.global.v2.u64 {%d5, %d6}, [%d1+48];", array)
        for offset in (-8, 60, 64):
            with pytest.raises(machine.Complaint, match=r"(out of bounds|misaligned)"):
                run(f"ld.global.u64 %d5, [%d1+{offset}];", array)
        machine.freed(address)
        with pytest.raises(machine.Complaint, match="which nobody allocated"):
            run("ld.global.u64 %d5, [%d1];", array)


@pytest.mark.parametrize("seed", SEEDS)
def test_local_memory_is_every_threads_own(seed: int) -> None:
    machine.emulate(seed)
    found = words(64)
    depot = ".local .align 8 .b8 depot[16];"
    body = """
      mov.u64 %d5, depot; cvta.local.u64 %d6, %d5;
      st.local.u32 [%d5+8], %r1; ld.u32 %r2, [%d6+8];
      mul.wide.u32 %d7, %r1, 8; add.s64 %d7, %d1, %d7; cvt.u64.u32 %d8, %r2;
      st.global.u64 [%d7], %d8;
    """
    run(body, found, threads=64, declarations=depot)
    assert found.tolist() == list(range(64))
    with pytest.raises(machine.Complaint, match="local memory out of bounds: 8 bytes at 16 of 16"):
        run("mov.u64 %d5, depot; st.local.u64 [%d5+16], %d1;", declarations=depot)


@pytest.mark.parametrize("seed", SEEDS)
def test_generic_addresses_reach_every_space(seed: int) -> None:
    machine.emulate(seed)
    found = words(32)
    body = """
      mov.u32 %r3, dynamic; cvt.u64.u32 %d5, %r3; cvta.shared.u64 %d5, %d5;
      mul.wide.u32 %d6, %r1, 8; add.s64 %d5, %d5, %d6; add.s64 %d6, %d1, %d6;
      st.u64 [%d5], %d6; atom.add.u64 %d7, [%d5], 1; cvta.to.shared.u64 %d8, %d5;
      ld.shared.u64 %d9, [%d8]; sub.s64 %d9, %d9, %d1; st.u64 [%d6], %d9;
    """
    run(body, found, dynamic=256)
    assert found.tolist() == [8 * i + 1 for i in range(32)]


def results(body: str, threads: int = 32) -> list[int]:
    """Return `%r20` of every thread."""
    found = words(threads)
    end = (
        "mul.wide.u32 %d7, %r1, 8; add.s64 %d7, %d1, %d7; cvt.u64.u32 %d8, %r20;"
        "st.global.u64 [%d7], %d8;"
    )
    run(body + end, found, threads=threads)
    return found.tolist()


@pytest.mark.parametrize("seed", SEEDS)
def test_votes(seed: int) -> None:
    machine.emulate(seed)
    third = "rem.u32 %r2, %r1, 3; setp.eq.s32 %p1, %r2, 0;"
    mask = sum(1 << i for i in range(0, 32, 3))
    assert results(third + "vote.sync.ballot.b32 %r20, %p1, -1;") == [mask] * 32
    assert results(third + "vote.sync.ballot.b32 %r20, !%p1, -1;") == [~mask & 0xFFFFFFFF] * 32
    for how, answer in (("any", 1), ("all", 0), ("uni", 0)):
        vote = f"vote.sync.{how}.pred %p2, %p1, -1; selp.u32 %r20, 1, 0, %p2;"
        assert results(third + vote) == [answer] * 32
    part = third + "mov.u32 %r20, 9; @!%p1 bra END;"
    assert results(
        f"{part} vote.sync.all.pred %p2, %p1, {mask}; selp.u32 %r20, 1, 0, %p2; END:"
    ) == [9 if i % 3 else 1 for i in range(32)]


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("width", [4, 8, 32])
@pytest.mark.parametrize("by", [1, 3, 5])
def test_shuffles_within_segments(width: int, by: int, seed: int) -> None:
    machine.emulate(seed)
    segment = 32 - width << 8
    expected = {
        "up": [i - by if i % width >= by else i for i in range(32)],
        "down": [i + by if i % width + by < width else i for i in range(32)],
        "bfly": [i ^ by if (i ^ by) // width <= i // width else i for i in range(32)],
        "idx": [i - i % width + by % width for i in range(32)],
    }
    for how, lanes in expected.items():
        clamp = segment if how == "up" else segment | 31
        assert results(f"shfl.sync.{how}.b32 %r20, %r1, {by}, {clamp}, -1;") == lanes
        inside = results(
            f"shfl.sync.{how}.b32 %r5|%p1, %r1, {by}, {clamp}, -1; selp.u32 %r20, 1, 0, %p1;"
        )
        moved = [int(lane != i or how == "idx") for i, lane in enumerate(lanes)]
        assert inside == moved


@pytest.mark.parametrize("seed", SEEDS)
def test_matches_and_reductions(seed: int) -> None:
    machine.emulate(seed)
    start = "and.b32 %r2, %r1, 3; cvt.u64.u32 %d5, %r2;"
    same = [sum(1 << j for j in range(32) if j % 4 == i % 4) for i in range(32)]
    assert results(start + "match.any.sync.b32 %r20, %r2, -1;") == same
    assert results(start + "match.any.sync.b64 %r20, %d5, -1;") == same
    assert results(start + "match.all.sync.b32 %r20|%p1, %r2, -1;") == [0] * 32
    # Lanes with different masks in one instruction: each mask is a group of its own.
    peers = start + "match.any.sync.b32 %r3, %r2, -1; redux.sync.add.u32 %r20, %r1, %r3;"
    assert results(peers) == [sum(j for j in range(32) if j % 4 == i % 4) for i in range(32)]
    assert results("neg.s32 %r2, %r1; redux.sync.min.s32 %r20, %r2, -1;") == [2**32 - 31] * 32
    assert results("setp.lt.u32 %p1, %r1, 4; activemask.b32 %r20;")[0] in range(1, 2**32)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("least", [0, 1, 40, 63, 64])
def test_barriers_that_tell(least: int, seed: int) -> None:
    machine.emulate(seed)
    start = f"setp.ge.u32 %p1, %r1, {least}; "
    answer = "; selp.u32 %r20, 1, 0, %p2;"
    assert results(start + "bar.red.or.pred %p2, 0, %p1" + answer, 64) == [least < 64] * 64
    assert results(start + "bar.red.and.pred %p2, 0, %p1" + answer, 64) == [least == 0] * 64
    assert results(start + "bar.red.or.pred %p2, 0, !%p1" + answer, 64) == [least > 0] * 64
    assert results(start + "bar.red.popc.u32 %r20, 0, %p1;", 64) == [64 - least] * 64


@pytest.mark.parametrize(
    ("in_vain", "used"),
    [
        ("add.s32 %r5, %r6, 1; mov.u32 %r20, 0;", "add.s32 %r20, %r6, 1;"),
        (
            "setp.lt.u32 %p1, %r1, 0; selp.u32 %r20, %r6, 0, %p1;",
            "setp.ge.u32 %p1, %r1, 0; selp.u32 %r20, %r6, 0, %p1;",
        ),
        (
            "setp.lt.u32 %p1, %r1, 0; and.pred %p2, %p1, %p3; selp.u32 %r20, 1, 0, %p2;",
            "setp.ge.u32 %p1, %r1, 0; and.pred %p2, %p1, %p3; selp.u32 %r20, 1, 0, %p2;",
        ),
        (
            "setp.ge.u32 %p1, %r1, 0; or.pred %p2, %p1, %p3; selp.u32 %r20, 0, 1, %p2;",
            "setp.lt.u32 %p1, %r1, 0; or.pred %p2, %p1, %p3; selp.u32 %r20, 0, 1, %p2;",
        ),
    ],
)
def test_what_is_computed_of_nothing_matters_where_it_is_used(in_vain: str, used: str) -> None:
    assert results(in_vain) == [0] * 32
    with pytest.raises(machine.Complaint, match="a register that was never written"):
        results(used)


def test_special_registers() -> None:
    assert results("mov.u32 %r20, %laneid;", 64) == [i % 32 for i in range(64)]
    for name, mask in (
        ("lt", lambda i: (1 << i) - 1),
        ("le", lambda i: (2 << i) - 1),
        ("eq", lambda i: 1 << i),
        ("ge", lambda i: 2**32 - (1 << i)),
        ("gt", lambda i: 2**32 - (2 << i)),
    ):
        assert results(f"mov.u32 %r20, %lanemask_{name};") == [mask(i) for i in range(32)]
    found = words(6)
    body = """
      mov.u32 %r2, %ctaid.x; mov.u32 %r3, %nctaid.x; mov.u32 %r4, %ntid.x;
      mad.lo.s32 %r5, %r3, 100, %r4; mul.wide.u32 %d5, %r2, 8; add.s64 %d5, %d1, %d5;
      cvt.u64.u32 %d6, %r5; st.global.u64 [%d5], %d6;
    """
    run(body, found, blocks=6, threads=1)
    assert found.tolist() == [601] * 6


LOOP = """
  mov.u32 %r3, dynamic; shl.b32 %r2, %r1, 2; add.s32 %r2, %r2, %r3; mov.u32 %r5, 0;
  and.b32 %r6, %r1, 31; {bound}
LOOP:
  st.shared.u32 [%r2], %r5; add.s32 %r5, %r5, 1; setp.lt.u32 %p1, %r5, %r7; @%p1 bra LOOP;
  ld.shared.u32 %r20, [%r2];
"""


def test_operations_are_counted_once_a_warp() -> None:
    run(LOOP.format(bound="mov.u32 %r7, 7;"), threads=96, dynamic=384)
    counted = machine.counts()["kernel"]
    assert counted["shared"] == {"loads": 3, "stores": 21, "atomics": 0}
    assert counted["wavefronts"] == counted["wavefronts_with_conflicts"] == 24
    assert counted["shared_by_lanes"] == 32 * 24


def test_lanes_that_part_meet_again() -> None:
    run(LOOP.format(bound="add.s32 %r7, %r6, 1;"), threads=32, dynamic=128)
    counted = machine.counts()["kernel"]
    assert counted["shared"] == {
        "loads": 1,
        "stores": 32,
        "atomics": 0,
    }  # the last takes 32 turns
    assert counted["shared_by_lanes"] == 32 + sum(range(1, 33))


@pytest.mark.parametrize(
    ("body", "free", "with_conflicts"),
    [
        ("st.shared.u32 [%r2], 0;", 1, 1),
        ("shl.b32 %r4, %r1, 3; st.shared.u64 [%r4], %d1;", 2, 2),
        ("shl.b32 %r4, %r1, 4; st.shared.v4.u32 [%r4], {%r1, %r1, %r1, %r1};", 4, 4),
        ("shl.b32 %r4, %r1, 7; st.shared.u32 [%r4], 0;", 1, 32),
        ("shl.b32 %r4, %r1, 3; st.shared.u32 [%r4], 0;", 1, 2),
        ("atom.shared.add.u32 %r5, [%r3], 0;", 1, 1),
    ],
)
def test_wavefronts(body: str, free: int, with_conflicts: int) -> None:
    with settings(unwritten_shared=False):
        run(PLACE + body, dynamic=4096)
    counted = machine.counts()["kernel"]
    assert (counted["wavefronts"], counted["wavefronts_with_conflicts"]) == (free, with_conflicts)


def test_seeds_change_the_order() -> None:
    """Return the thread that comes first at an atomic operation."""
    orders = set()
    for seed in range(12):
        machine.emulate(seed)
        found = words(64)
        body = """
          atom.global.add.u64 %d5, [%d2], 1; mul.wide.u32 %d6, %r1, 8; add.s64 %d6, %d1, %d6;
          st.global.u64 [%d6], %d5;
        """
        run(body, found, words(1), threads=64)
        assert sorted(found.tolist()) == list(range(64))
        orders.add(tuple(found.tolist()))
    assert tuple(range(64)) in orders
    assert len(orders) == 12


def test_an_indirect_branch_and_scopes() -> None:
    body = """
      and.b32 %r2, %r1, 1;
      { .reg .b32 %r2; mov.u32 %r2, 77; }
      brx.idx %r2, TABLE;
      TABLE: .branchtargets EVEN, ODD;
      EVEN: mov.u32 %r20, 100; bra.uni DONE;
      ODD: mov.u32 %r20, 200;
      DONE:
    """
    assert results(body) == [100, 200] * 16


def test_copies_of_bytes_to_shared_memory() -> None:
    source = np.arange(64, dtype=np.uint64)
    body = """
      shl.b32 %r2, %r1, 4; mov.u32 %r3, dynamic; add.s32 %r2, %r2, %r3;
      mul.wide.u32 %d5, %r1, 16; add.s64 %d6, %d2, %d5;
      cp.async.cg.shared.global [%r2], [%d6], 16; cp.async.commit_group; cp.async.wait_group 0;
      bar.sync 0;
      ld.shared.v2.u64 {%d8, %d9}, [%r2]; add.s64 %d6, %d1, %d5; st.global.v2.u64 [%d6], {%d8, %d9};
    """
    found = words(64)
    run(body, found, source, dynamic=512)
    assert found.tolist() == source.tolist()


def test_several_parameters_are_not_understood() -> None:
    text = f"{HEAD}.entry two(.param .u64 a, .param .u64 b)\n{{ ret; }}\n"
    machine.load_text("two.ptx", text)
    with pytest.raises(RuntimeError, match="expected one parameter, an array of bytes"):
        machine.run("two", 1, 32, b"")
