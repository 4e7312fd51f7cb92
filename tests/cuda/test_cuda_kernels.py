"""The checks of kernels by `make cuda`, on recorded output of cuobjdump: without nvcc."""

from collections import Counter
from pathlib import Path

import cuda_code
import cuda_comments
import cuda_kernels
import pytest
from cuda_code import Code, Ptx

COUNT, MERGE = "_ZN14collapse_stats5CountE", "_ZN14collapse_stats5MergeE"
NAMES = {
    COUNT: "void collapse_stats::cuda::run_block<collapse_stats::cuda::(anonymous namespace)"
    "::Count<unsigned char>, 32768ul>(collapse_stats::cuda::(anonymous namespace)::Count<...>)",
    MERGE: "void collapse_stats::cuda::run_block<collapse_stats::cuda::Merge<Rows<unsigned long, "
    "4u> > >(collapse_stats::cuda::Merge<Rows<unsigned long, 4u> >)",
}
USAGE = f"""
Fatbin elf code:
================
arch = sm_80
 Function {COUNT}:
  REG:30 STACK:0 SHARED:1184 LOCAL:0 CONSTANT[0]:704 TEXTURE:0 SURFACE:0 SAMPLER:0
Fatbin elf code:
================
arch = sm_90
Resource usage:
 Common:
  GLOBAL:29 CONSTANT[4]:232
 Function {COUNT}:
  REG:32 STACK:0 SHARED:1024 LOCAL:0 CONSTANT[0]:704 TEXTURE:0 SURFACE:0 SAMPLER:0
 Function {MERGE}:
  REG:40 STACK:16 SHARED:3232 LOCAL:0 CONSTANT[0]:704 TEXTURE:0 SURFACE:0 SAMPLER:0
"""
SASS = f"""
	code for sm_80
		Function : {COUNT}
        /*0000*/                   POPC R3, R3 ;             /* 0x00000a00ff017b82 */
		..........
	code for sm_90
	.target	sm_90
		Function : {COUNT}
	.headerflags	@"EF_CUDA_SM90 EF_CUDA_VIRTUAL_SM(EF_CUDA_SM90)"
        /*0000*/                   LDC R1, c[0x0][0x28] ;    /* 0x00000a00ff017b82 */
                                                             /* 0x000fe20000000800 */
        /*0010*/              @!P0 BREV R4, R4 ;             /* 0x000000000000794d */
        /*0020*/                   UPOPC UR4, UR4 ;          /* 0x000000000000794d */
		..........
		Function : {MERGE}
        /*0000*/                   STL [R1], R2 ;            /* 0x00000a00ff017b82 */
        /*0010*/              @P1  STL.64 [R1+0x8], R2 ;     /* 0x00000a00ff017b82 */
        /*0020*/                   LDL.LU R2, [R1] ;         /* 0x00000a00ff017b82 */
        /*c0d0*/                   EXIT ;                    /* 0x00000a00ff017b82 */
"""
PTX = f"""
.weak .entry {COUNT}(
.param .align 8 .b8 {COUNT}_param_0[112]
)
.maxntid 512, 1, 1
.minnctapersm 2
{{
	popc.b64 %r1, %rd2;
	@%p1 bra $L__BB0_1;
}}
.entry {MERGE}(
)
.maxntid 256
{{
	ret;
}}
"""


@pytest.fixture
def dumped(monkeypatch):
    """Return `read_module` of the texts above."""
    texts = {"--dump-resource-usage": USAGE, "--dump-sass": SASS, "--dump-ptx": PTX}
    monkeypatch.setattr(cuda_code, "_lines", lambda _, option: texts[option].splitlines(True))
    monkeypatch.setattr(cuda_code, "_demangle", lambda symbols: [NAMES[s] for s in symbols])


def test_a_module_is_read(dumped):
    old, count, merge = cuda_code.read_module(Path("_cuda.so"))
    assert (old.architecture, old.static, old.registers) == (80, 1184, 30)
    assert old.instructions == {"POPC": 1}
    assert (count.kernel, count.signature) == ("Count", "Count<unsigned char>")
    assert (count.architecture, count.static, count.dynamic, count.spilled) == (90, 0, 32768, 0)
    assert count.instructions == {"LDC": 1, "BREV": 1, "UPOPC": 1}
    assert count.ptx == Ptx(threads=512, resident=2, instructions={"popc", "bra"})
    assert (merge.kernel, merge.signature) == ("Merge", "Merge<Rows<unsigned long, 4u> >")
    assert (merge.registers, merge.stack, merge.static) == (40, 16, 3232 - 1024)
    assert (merge.spilled, merge.dynamic) == (4 + 8, None)
    assert merge.ptx == Ptx(threads=256, resident=1, instructions={"ret"})


def code(kernel: str = "Count", **other) -> Code:
    made = Code(kernel, f"{kernel}<int>", other.pop("architecture", 90), registers=32)
    made.ptx = Ptx(512, 2, {"popc", "brev", "clz"})
    made.instructions = Counter(["POPC", "BREV", "FLO"])
    for name, value in other.items():
        setattr(made, name, value)
    return made


@pytest.fixture
def counted(monkeypatch):
    table = {"Count": (cuda_kernels.ONES, cuda_kernels.BELOW), "Merge": ()}
    monkeypatch.setattr(cuda_kernels, "COUNTED", table)


def lacking(*codes: Code) -> str:
    return "\n".join(cuda_kernels.bits_not_counted(cuda_kernels.by_kernel([*codes])))


def test_kernels_that_count_bits_have_the_instructions(counted):
    assert lacking(code(), code("Merge", instructions=Counter(), ptx=None)) == ""
    uniform = Counter(["UPOPC", "BREV", "FLO.U32"])
    assert lacking(code(instructions=uniform), code("Merge")) == ""
    constant = lacking(code(instructions=Counter(["MOV"])), code("Merge"))
    assert "Count<int> on sm_90: counts set bits, but has no POPC: use the functions of" in constant
    atomics = code(instructions=Counter(["POPC", "FLO"]))
    assert "has no BREV" in lacking(atomics, code("Merge"))
    atomics = code(ptx=Ptx(512, 2, {"brev"}))
    assert "counts set bits, but has no popc in its PTX" in lacking(atomics, code("Merge"))


def test_from_sm_100_on_zeros_are_counted_as_ones(counted):
    ones = Counter(["POPC"])
    assert lacking(code(architecture=100, instructions=ones), code("Merge")) == ""
    assert "has no BREV and no FLO" in lacking(code(instructions=ones), code("Merge"))


def test_kernels_and_the_table_are_the_same(counted):
    assert "New: is not in COUNTED of" in lacking(code(), code("Merge"), code("New"))
    assert "Merge: is in COUNTED of tools/cuda_kernels.py, but not in" in lacking(code())


def exceeded(*codes: Code) -> str:
    return "\n".join(cuda_kernels.resources_exceeded(cuda_kernels.by_kernel([*codes])))


def test_registers_suffice_for_the_blocks_that_are_wanted():
    assert exceeded(code(registers=64)) == ""
    assert "65 registers, but 2 blocks of 512 threads leave 64" in exceeded(code(registers=65))
    assert exceeded(code(registers=85, ptx=Ptx(256, 3))) != ""  # 88 are allocated
    assert "build the module with PTX" in exceeded(code(ptx=None))
    assert exceeded(code(ptx=Ptx())) == ""  # declares nothing


def test_static_shared_memory_is_refused():
    assert "2,208 B of static shared memory, which is not allowed" in exceeded(code(static=2208))


SOURCE = """\
#include "device.cuh"

/// Counts. Bound by memory. sm_90: 29 registers, 32 KB of shared
/// memory, no spills; so two blocks.
template <class Id>
struct Count {
};

  /// Merges.
  /// sm_90: 1 registers, nothing spilled.
  struct Merge {
  };

struct Bare {
};

struct Count;
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "emulated").mkdir()
    (tmp_path / "emulated" / "a.hpp").write_text("struct Count {\n")
    (tmp_path / "count.cu").write_text(SOURCE)
    (tmp_path / "device.cuh").write_text("__global__ void do_nothing() {}\n")
    return tmp_path


def test_comments_are_written_and_compared(folder):
    kernels = cuda_kernels.by_kernel(
        [
            code(registers=26, dynamic=2048),
            code(registers=32, dynamic=2048, spilled=8),
            code(registers=99, architecture=80),
            code("Merge", registers=40, dynamic=1, static=0),
            code("Bare", spilled=12),
            code("do_nothing"),
        ]
    )
    differences = list(cuda_comments.differences(kernels, folder))
    assert [line.split(":")[1] for line in differences] == [" Count", " Merge", " Bare"]
    assert (
        "ends with `/// memory, no spills; so two blocks.`: run `make cuda-comments`"
        in differences[0]
    )
    assert cuda_comments.write(kernels, folder) == [folder / "count.cu"]
    text = (folder / "count.cu").read_text()
    assert text == (
        SOURCE.replace(
            "/// Counts. Bound by memory. sm_90: 29 registers, 32 KB of shared\n"
            "/// memory, no spills; so two blocks.\n",
            "/// Counts. Bound by memory.\n"
            "/// sm_90: 26 to 32 registers, up to 8 B spilled, 2,048 B of shared memory.\n",
        )
        .replace("sm_90: 1 registers, nothing", "sm_90: 40 registers, nothing")
        .replace("nothing spilled.\n", "nothing spilled, no shared memory.\n")
        .replace("struct Bare", "/// sm_90: 32 registers, 12 B spilled.\nstruct Bare")
    )
    assert not list(cuda_comments.differences(kernels, folder))
    assert cuda_comments.write(kernels, folder) == []


def test_a_kernel_without_a_struct_is_told(folder):
    kernels = cuda_kernels.by_kernel([code("Gone")])
    assert "Gone: no `struct Gone` was found" in next(cuda_comments.differences(kernels, folder))


def test_the_check_and_the_table(dumped, monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["cuda_kernels.py", "--check", "_cuda.so"])
    monkeypatch.setattr(cuda_kernels, "compiler", lambda: "12.4")
    assert cuda_kernels.main() == 1
    output = capsys.readouterr().out
    assert "comments are for nvcc 13.0 and were not compared" in output
    assert "Count: is not in COUNTED" in output
    assert "static shared memory" in output
    monkeypatch.setattr("sys.argv", ["cuda_kernels.py", "_cuda.so"])
    assert cuda_kernels.main() == 0
    row = (
        "Merge             90         1       256         1        40        12        16      2208"
    )
    assert row in capsys.readouterr().out
    monkeypatch.setattr("sys.argv", ["cuda_kernels.py", "--write", "_cuda.so"])
    with pytest.raises(SystemExit, match=r"comments are written with nvcc 13.0, and this is 12.4"):
        cuda_kernels.main()


@pytest.mark.parametrize(("where", "failed"), [("", 0), ("false", 0), ("true", 1)])
def test_where_machine_code_cannot_be_read(monkeypatch, capsys, where, failed):
    monkeypatch.setattr("sys.argv", ["cuda_kernels.py", "--check", "_cuda.so"])
    monkeypatch.setenv("CI", where)
    monkeypatch.setattr(cuda_code, "find_tool", lambda name: None)
    assert cuda_kernels.main() == failed
    (line,) = capsys.readouterr().out.splitlines()
    assert line.startswith("kernels: not read: cuobjdump, nvdisasm and c++filt are needed")
