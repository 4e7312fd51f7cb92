"""Which backends are usable and which one `auto` selects, without initializing a GPU."""

import sys
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

import collapse_stats as cs
from collapse_stats.backends.cuda.architectures import has_code
from collapse_stats.backends.options import CountOptions
from collapse_stats.backends.selection import BackendInfo, backends, select
from collapse_stats.errors import BackendError

H200 = ("NVIDIA H200", (9, 0), 150_754_820_096, 132)
T4 = ("Tesla T4", (7, 5), 15_828_320_256, 40)


class Machine:
    """The compiled module on a machine with GPUs; `uses` counts calls that initialize one."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        from collapse_stats import _cuda

        self.gpus: Callable[[], list[Any]] = lambda: [H200]
        self.current, self.compiled, self.cupy = 0, "80-real 90", True
        self.trouble: str | None = None
        self.uses = 0
        found = lambda name: (self.cupy if name == "cupy" else True) or None  # noqa: E731
        monkeypatch.setattr(sys.modules["collapse_stats.backends.selection"], "find_spec", found)
        monkeypatch.setitem(sys.modules, "cupy", SimpleNamespace(cuda=self._cuda()))
        for name in ("gpus", "check_device"):
            monkeypatch.setattr(_cuda, name, lambda name=name: getattr(self, name)())
        monkeypatch.setattr(_cuda, "current_gpu", lambda: self.current)
        monkeypatch.setattr(_cuda, "architectures", lambda: self.compiled)
        monkeypatch.setattr(_cuda, "runtime_version", lambda: 13000)

    def _cuda(self) -> Any:
        machine = self

        class Cuda:
            def __getattr__(self, name: str) -> Any:
                machine.uses += 1
                raise RuntimeError(f"CUDA: {name} failed")

        return Cuda()

    def check_device(self) -> None:
        self.uses += 1
        raise RuntimeError(self.trouble or "CUDA: nothing to count on")


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    return Machine(monkeypatch)


def test_the_cuda_backend_says_what_it_is_or_why_not(machine: Machine) -> None:
    assert backends()[0] == BackendInfo("cuda", True, "NVIDIA H200 (140 GiB), CUDA 13.0")
    machine.cupy = False
    assert backends()[0].detail == "CuPy is missing: pip install 'collapse-stats[cuda13]'"

    def none() -> list[Any]:
        raise RuntimeError("there is no NVIDIA GPU")

    machine.gpus = none
    assert backends()[0] == BackendInfo("cuda", False, "there is no NVIDIA GPU")
    with pytest.raises(BackendError, match="cuda is not usable here: there is no NVIDIA GPU"):
        select("cuda")
    assert select().name == "native"


def test_nothing_is_set_up_before_there_are_tokens(machine: Machine) -> None:
    assert select().name == select("cuda").name == "cuda"
    cs.NgramCounter(10, 2)
    cs.CollapseMonitor(10, 2)
    cs.CollapseMonitor(10, 2, window=None)
    backends()
    assert machine.uses == 0


def test_a_forked_process_is_told_why(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("collapse_stats.system.gpu._process", 1)
    with pytest.raises(BackendError, match="cuda is not usable here: this process was forked from"):
        select("cuda")
    assert select().name == "native"
    assert machine.uses == 0


def test_auto_takes_no_gpu_without_code_for_it(machine: Machine) -> None:
    machine.gpus = lambda: [H200, T4]
    assert select().name == "cuda"
    machine.current = 1
    assert select().name == "native"
    with pytest.raises(BackendError, match=r"capability 80-real 90, and GPU 1, Tesla T4, has 7\.5"):
        select("cuda")
    assert "or with CUDAARCHS=75" in backends()[0].detail
    assert machine.uses == 0


@pytest.mark.parametrize("name", ["auto", "cuda"])
def test_a_gpu_that_fails_when_it_is_first_used_is_an_error(machine: Machine, name: str) -> None:
    machine.trouble = "CUDA: looking for the code of this GPU failed: all devices are busy"
    words = r"backend cuda cannot be used on the current GPU: .* all devices are busy; or count"
    with pytest.raises(BackendError, match=words):
        cs.spectra([1, 2, 3], vocab_size=5, backend=name)
    counter = cs.NgramCounter(10, 2, backend=name)
    with pytest.raises(BackendError, match="all devices are busy"):
        counter.update([1, 2])


def test_tried_backends_are_what_the_command_lists(machine: Machine) -> None:
    from click.testing import CliRunner

    from collapse_stats.cli.group import program

    machine.trouble = "compiled for other GPUs than this one: reinstall"
    assert backends()[0].usable
    assert not backends(tried=True)[0].usable
    shown = CliRunner().invoke(program, ["backends", "--format", "json"])
    assert "cannot be used on the current GPU: compiled for other GPUs" in shown.output


@pytest.mark.parametrize(
    ("compiled", "capability", "expected"),
    [
        ("90", (9, 0), True),
        ("90", (10, 0), True),  # its PTX
        ("90", (8, 9), False),
        ("80-real 90", (8, 0), True),
        ("80-real 90", (8, 9), True),
        ("80-real 90", (7, 5), False),
        ("80-real", (9, 0), False),
        ("86-real", (8, 0), False),
        ("80-virtual", (12, 1), True),
        ("90a", (9, 0), True),
        ("90a", (10, 0), False),
        ("100f-real", (10, 3), True),
        ("100f", (12, 0), False),
        ("120;75-real", (7, 5), True),
        ("", (7, 0), True),
        ("native", (7, 0), True),
    ],
)
def test_which_gpus_there_is_code_for(
    compiled: str, capability: tuple[int, int], expected: bool
) -> None:
    assert has_code(compiled, capability) is expected


@pytest.mark.parametrize(("given", "expected"), [(None, None), (10**9, 10**9), ("2GiB", 2**31)])
def test_the_memory_of_a_gpu_can_be_chosen(
    machine: Machine, given: int | str | None, expected: int | None
) -> None:
    """By whatever counts: none has to be made with `CudaBackend`."""
    made = [
        select("auto", device_memory=given),
        CountOptions(device_memory=given).selected_backend,
        cs.NgramCounter(10, 2, device_memory=given)._backend,
        cs.CollapseMonitor(10, 2, device_memory=given).backend,
    ]
    assert [getattr(backend, "device_memory", 0) for backend in made] == [expected] * 4
