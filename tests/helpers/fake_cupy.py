"""CuPy emulated by NumPy on a machine with several GPUs, as strict and as lazy as CUDA may be.

Work in a stream is done only when something waits for it. Memory belongs to one GPU, and using it
on another is an error; so is using streams and events of a GPU other than the current one. Each
thread has its own current GPU.
"""

import ctypes
import threading
import weakref
from collections.abc import Callable
from functools import partial
from types import SimpleNamespace
from typing import Any

import numpy as np

LEGACY, PER_THREAD = 1, 2  # handles that CUDA knows


class CUDARuntimeError(RuntimeError):
    __module__ = "cupy_backends.cuda.api.runtime"


class OutOfMemoryError(MemoryError):
    __module__ = "cupy.cuda.memory"


class Machine:
    """The GPUs: their memory and their streams."""

    def __init__(self, gpus: int) -> None:
        self.gpus = gpus
        self.lock = threading.RLock()
        self.here = threading.local()
        self.allocations: dict[int, tuple[int, int]] = {}  # (end, GPU) by begin
        self.streams: dict[int, Stream] = {}
        self.events: dict[int, Event] = {}
        self.defaults = [Stream(self, gpu, gpu) for gpu in range(gpus)]
        self.used: set[int] = set()  # GPUs on which steps ran
        self.waits = 0  # how often the host waited
        self.pinned = 0
        self.free_bytes = 1 << 28
        self.limit = 0
        self.fail: Callable[[str], None] = lambda what: None

    @property
    def current(self) -> int:
        return getattr(self.here, "gpu", 0)

    def set_device(self, gpu: int) -> None:
        if not 0 <= gpu < self.gpus:
            raise CUDARuntimeError("cudaErrorInvalidDevice: invalid device ordinal")
        self.here.gpu = gpu

    def current_stream(self) -> "Stream":
        stack = getattr(self.here, "stack", {}).get(self.current)
        return stack[-1] if stack else self.defaults[self.current]

    def stream(self, handle: int) -> "Stream":
        if handle in (0, LEGACY, PER_THREAD):
            return self.defaults[self.current]
        return self.streams[handle]

    def own(self, base: np.ndarray, gpu: int) -> None:
        begin = base.ctypes.data
        self.allocations[begin] = (begin + max(base.nbytes, 1), gpu)
        weakref.finalize(base, self.allocations.pop, begin, None)

    def gpu_at(self, address: int) -> int | None:
        for begin, (end, gpu) in list(self.allocations.items()):
            if begin <= address < end:
                return gpu
        return None

    def array(self, base: np.ndarray, gpu: int | None = None) -> "FakeArray":
        gpu = self.current if gpu is None else gpu
        self.own(base, gpu)
        view = base.view(FakeArray)
        view.machine, view.gpu = self, gpu
        return view

    def check(self, *arrays: Any) -> None:
        """Check that arrays are on the current GPU, and run the current stream."""
        for array in arrays:
            if isinstance(array, FakeArray) and array.size and array.gpu != self.current:
                raise CUDARuntimeError(
                    f"cudaErrorIllegalAddress: memory of GPU {array.gpu} used on {self.current}"
                )
        self.current_stream().run()


class Stream:
    def __init__(self, machine: Machine, gpu: int, number: int) -> None:
        self.machine, self.device_id = machine, gpu
        self.ptr = 0 if number < machine.gpus else 0x1000 + 16 * number
        self.work: list[Callable[[], None]] = []
        self.done_to = 0
        machine.streams[self.ptr] = self

    def put(self, work: Callable[[], None]) -> None:
        with self.machine.lock:
            self.work.append(work)

    def run(self, until: int | None = None) -> None:
        with self.machine.lock:
            until = len(self.work) if until is None else until
            while self.done_to < until:
                work = self.work[self.done_to]
                self.done_to += 1
                work()

    @property
    def idle(self) -> bool:
        return self.done_to == len(self.work)

    def record(self, event: "Event | None" = None) -> "Event":
        event = Event(self.machine) if event is None else event
        if event.gpu != self.device_id:
            raise CUDARuntimeError("cudaErrorInvalidResourceHandle: event of another GPU")
        event.stream, event.place = self, len(self.work)
        return event

    def wait_event(self, event: "Event") -> None:
        assert event.stream is not None
        self.put(partial(event.stream.run, event.place))

    def synchronize(self) -> None:
        self.machine.fail("synchronize")
        self.machine.waits += 1
        self.run()

    def __enter__(self) -> "Stream":
        if self.device_id != self.machine.current:
            raise RuntimeError("The device that the stream is created on does not match")
        stack = self.machine.here.__dict__.setdefault("stack", {})
        stack.setdefault(self.device_id, []).append(self)
        return self

    def __exit__(self, *_: object) -> None:
        self.machine.here.stack[self.device_id].pop()


class Event:
    def __init__(self, machine: Machine) -> None:
        self.machine, self.gpu = machine, machine.current
        self.stream: Stream | None = None
        self.place = 0
        self.ptr = id(self)
        machine.events[self.ptr] = self

    @property
    def done(self) -> bool:
        return self.stream is None or self.stream.done_to >= self.place

    def synchronize(self) -> None:
        self.machine.waits += 1
        if self.stream is not None:
            self.stream.run(self.place)


class Device:
    def __init__(self, machine: Machine, gpu: int) -> None:
        self.machine, self.id, self.before = machine, gpu, 0

    def __enter__(self) -> "Device":
        self.machine.fail("device")
        self.before = self.machine.current
        self.machine.set_device(self.id)
        return self

    def __exit__(self, *_: object) -> None:
        self.machine.set_device(self.before)


class Capsule:
    def __init__(self, array: np.ndarray, gpu: int) -> None:
        self.array, self.gpu = array, gpu


class FakeArray(np.ndarray):
    """An array on a GPU; NumPy functions that would copy it to the host fail."""

    machine: Machine
    gpu: int

    def __array_finalize__(self, of: Any) -> None:
        self.machine = getattr(of, "machine", None)  # type: ignore[assignment]
        self.gpu = getattr(of, "gpu", 0)

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        self.machine.check(*inputs, *options.get("out", ()))
        plain = [x.view(np.ndarray) if isinstance(x, FakeArray) else x for x in inputs]
        if "out" in options:
            options["out"] = tuple(x.view(np.ndarray) for x in options["out"])
        found = np.asarray(getattr(ufunc, method)(*plain, **options))
        return inputs[0] if "out" in options else self.machine.array(found)

    def __array__(self, *_: Any, **__: Any) -> np.ndarray:
        raise TypeError("implicit conversion to a NumPy array is not allowed")

    def __dlpack_device__(self) -> tuple[int, int]:
        return 2, self.gpu

    def __dlpack__(self, **_: Any) -> Capsule:
        return Capsule(self.view(np.ndarray), self.gpu)

    @property
    def data(self) -> Any:
        return SimpleNamespace(ptr=self.ctypes.data, device_id=self.gpu)

    @property
    def __cuda_array_interface__(self) -> dict[str, Any]:
        return {**self.__array_interface__, "version": 3, "stream": LEGACY}

    def _method(self, name: str, *arguments: Any) -> Any:
        self.machine.check(self)
        found = getattr(self.view(np.ndarray), name)(*arguments)
        if isinstance(found, tuple):
            return tuple(self.machine.array(np.array(x)) for x in found)
        return self.machine.array(np.array(found))

    def astype(self, dtype: Any) -> Any:  # type: ignore[override]
        return self._method("astype", dtype)

    def copy(self) -> Any:  # type: ignore[override]
        return self._method("copy")

    def argmax(self) -> Any:  # type: ignore[override]
        return self._method("argmax")

    def any(self) -> Any:  # type: ignore[override]
        return self._method("any")

    def nonzero(self) -> Any:
        return self._method("nonzero")

    def take(self, at: Any) -> Any:  # type: ignore[override]
        return self._method("take", int(at))


class Tensor:
    """A tensor of another library with DLPack, which that library's stream is still writing."""

    def __init__(self, cupy: Any, values: Any, gpu: int, kind: int = 2) -> None:
        self.machine, self.gpu, self.kind = cupy.machine, gpu, kind
        values = np.asarray(values)
        self.memory = np.full_like(values, 99)
        self.machine.own(self.memory, gpu)
        self.stream = cupy.stream_of(gpu)
        self.stream.put(lambda: np.copyto(self.memory, values))

    def ready(self) -> Event:
        with Device(self.machine, self.gpu):
            return self.stream.record()

    def __dlpack_device__(self) -> tuple[int, int]:
        return self.kind, self.gpu

    def __dlpack__(self, *, stream: int, **_: Any) -> Capsule:
        assert stream not in (None, 0), "0 is ambiguous"
        assert self.machine.current == self.gpu
        consumer = self.machine.stream(stream)
        assert consumer is self.machine.current_stream(), "a stream that the consumer does not use"
        consumer.wait_event(self.ready())
        return Capsule(self.memory, self.gpu)


class Described:
    """An array of a library without DLPack, which that library's stream is still writing."""

    def __init__(self, cupy: Any, values: Any, gpu: int, stream: str = "own") -> None:
        self.tensor = Tensor(cupy, values, gpu)
        memory, handle = self.tensor.memory, self.tensor.stream.ptr
        if stream != "own":
            self.tensor.stream.run()
            handle = {"legacy": LEGACY, "per thread": PER_THREAD, "none": None, "zero": 0}[stream]
            if handle in (LEGACY, PER_THREAD):  # written by the default stream of its GPU
                values, memory[...] = memory.copy(), 99
                cupy.machine.defaults[gpu].put(lambda: np.copyto(memory, values))
        self.__cuda_array_interface__ = {
            **memory.__array_interface__,
            "version": 3,
            "stream": handle,
        }


class Steps:
    """The steps of the GPU, in the order of their stream; checks that memory is on one GPU."""

    def __init__(self, core: Any, machine: Machine) -> None:
        self._core, self._machine = core, machine

    def __getattr__(self, name: str) -> Any:
        step = getattr(self._core, name)
        if not callable(step):
            return step
        if name == "Cells":
            return step

        def checked(*arguments: Any) -> Any:
            machine = self._machine
            machine.fail(name)
            for value in arguments:
                if isinstance(value, int) and (gpu := machine.gpu_at(value)) is not None:
                    assert gpu == machine.current, f"{name}: memory of GPU {gpu}"
                    machine.used.add(gpu)
            machine.current_stream().run()
            return step(*arguments)

        return checked


def fake_cupy(gpus: int = 2) -> Any:
    """Return the parts of CuPy that the product uses; `machine` records what happened."""
    machine = Machine(gpus)

    def asarray(array: Any) -> FakeArray:
        if isinstance(array, FakeArray):
            return array
        description = getattr(array, "__cuda_array_interface__", None)
        if description is None:
            return machine.array(np.array(array))
        assert "stream" not in description, "CuPy has the host wait for the stream"
        address = description["data"][0]
        gpu = machine.gpu_at(address)
        assert gpu in (None, machine.current), "CuPy copies what is on another GPU"
        described = SimpleNamespace(__array_interface__={**description, "version": 3})
        view = np.asarray(described).view(FakeArray)
        view.machine, view.gpu = machine, machine.current
        view._owner = array  # type: ignore[attr-defined]
        return view

    def from_dlpack(array: Any) -> FakeArray:
        kind, gpu = array.__dlpack_device__()
        assert kind in (2, 13)
        with Device(machine, gpu):
            capsule = array.__dlpack__(stream=machine.current_stream().ptr or LEGACY)
        view = capsule.array.view(FakeArray)
        view.machine, view.gpu = machine, capsule.gpu
        return view

    def asnumpy(array: FakeArray) -> np.ndarray:
        assert isinstance(array, FakeArray)
        machine.waits += 1
        machine.check(array)
        return array.view(np.ndarray).copy()

    def allocated(make: Any, *arguments: Any, **options: Any) -> FakeArray:
        machine.fail("allocate")
        found = machine.array(make(*arguments, **options))
        if make is np.empty:
            found.view(np.ndarray).reshape(-1).view(np.uint8).fill(0xA5)
        return found

    def memcpy(target: int, source: int, size: int, kind: int, stream: int) -> None:
        machine.fail("memcpy")
        own = machine.stream(stream)
        assert own.device_id == machine.current == machine.gpu_at(target)
        own.put(lambda: ctypes.memmove(target, source, size) and None)

    def pinned(size: int, flags: int) -> np.ndarray:
        assert flags == 1, "not for every GPU"
        machine.pinned += 1
        return np.zeros(size, np.uint8)

    def attributes(address: int) -> Any:
        return SimpleNamespace(device=machine.gpu_at(address))

    def stream_of(gpu: int, non_blocking: bool = True) -> Stream:
        return Stream(machine, gpu, len(machine.streams) + machine.gpus)

    def record(event: int, stream: int) -> None:
        machine.stream(stream).record(machine.events[event])

    def combined(arrays: Any) -> FakeArray:
        machine.check(*arrays)
        return machine.array(np.concatenate([x.view(np.ndarray) for x in arrays]))

    def contiguous(array: FakeArray) -> FakeArray:
        return array if array.flags.c_contiguous else array.copy()

    pool = SimpleNamespace(
        free_bytes=lambda: 0, get_limit=lambda: machine.limit, used_bytes=lambda: 0
    )
    runtime = SimpleNamespace(
        getDevice=lambda: machine.current,
        memGetInfo=lambda: (machine.free_bytes, 1 << 30),
        memcpyAsync=memcpy,
        memcpyHostToDevice=1,
        hostAllocPortable=1,
        pointerGetAttributes=attributes,
        eventRecord=record,
    )
    return SimpleNamespace(
        machine=machine,
        stream_of=stream_of,
        ndarray=FakeArray,
        asarray=asarray,
        asnumpy=asnumpy,
        from_dlpack=from_dlpack,
        empty=partial(allocated, np.empty),
        zeros=partial(allocated, np.zeros),
        concatenate=combined,
        ascontiguousarray=contiguous,
        get_default_memory_pool=lambda: pool,
        cuda=SimpleNamespace(
            runtime=runtime,
            Device=partial(Device, machine),
            Event=lambda disable_timing=False: Event(machine),
            Stream=lambda non_blocking=False: stream_of(machine.current),
            get_current_stream=machine.current_stream,
            PinnedMemory=pinned,
            PinnedMemoryPointer=lambda memory, offset: memory,
        ),
    )
