"""Small PTX kernels, run on the emulator of tests/ptx with arrays as operands."""

import importlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest

pytest.importorskip("collapse_stats._cuda_ptx", reason="built without COLLAPSE_STATS_EMULATED_CUDA")
machine: Any = importlib.import_module("collapse_stats._cuda_ptx")

HEAD = """
.version 8.0
.target sm_90
.address_size 64
.extern .shared .align 16 .b8 dynamic[];
"""
REGISTERS = """
  .reg .pred %p<9>;
  .reg .b16 %h<29>;
  .reg .b32 %r<39>;
  .reg .b64 %d<39>;
"""


def text_of(body: str, declarations: str = "", name: str = "kernel") -> str:
    """Return a kernel whose parameter `p` consists of four addresses."""
    head = f"{HEAD}.entry {name}(\n  .param .align 8 .b8 p[32]\n)\n"
    return f"{head}{{{REGISTERS}{declarations}\n{body}\n}}\n"


def run(
    body: str,
    *arrays: np.ndarray,
    blocks: int = 1,
    threads: int = 32,
    dynamic: int = 0,
    asked: int = 0,
    declarations: str = "",
    name: str = "kernel",
) -> None:
    """Run a kernel on arrays; `%d1` to `%d4` hold their addresses, `%r1` the thread."""
    start = "\n".join(f"ld.param.u64 %d{i + 1}, [p+{8 * i}];" for i in range(4))
    text = text_of(f"{start}\nmov.u32 %r1, %tid.x;\n{body}", declarations, name)
    machine.load_text(f"{name}.ptx", text)
    addresses = [array.ctypes.data for array in arrays] + [0] * (4 - len(arrays))
    machine.run(name, blocks, threads, np.array(addresses, np.uint64).tobytes(), dynamic, asked)


def compute(operation: str, *operands: np.ndarray) -> np.ndarray:
    """Return `%d20` of each lane of a warp, given operands in `%d10`, `%r10`, `%h10` and on."""
    size = len(operands[0])
    result = np.zeros(size, np.uint64)
    loads = []
    for i, _ in enumerate(operands):
        loads.append(f"add.s64 %d7, %d{i + 2}, %d5; ld.global.u64 %d{10 + i}, [%d7];")
        loads.append(f"cvt.u32.u64 %r{10 + i}, %d{10 + i}; cvt.u16.u64 %h{10 + i}, %d{10 + i};")
        loads.append(f"and.b64 %d8, %d{10 + i}, 1; setp.ne.s64 %p{1 + i}, %d8, 0;")
    body = f"""
      mul.wide.u32 %d5, %r1, 8;
      add.s64 %d6, %d1, %d5;
      {" ".join(loads)}
      {operation}
      st.global.u64 [%d6], %d20;
    """
    run(body, result, *operands, threads=size)
    return result


@contextmanager
def settings(**changed: Any) -> Iterator[None]:
    """Change settings of the emulator within a block."""
    now = machine.settings()
    before = {name: getattr(now, name) for name in changed}
    try:
        for name, value in changed.items():
            setattr(now, name, value)
        yield
    finally:
        for name, value in before.items():
            setattr(now, name, value)
