"""The options of counting; each is written here and nowhere else."""

import os
from dataclasses import dataclass, field
from functools import cached_property
from typing import TypedDict

from ..system.budget import Budget
from ..system.memory import budget
from ..system.option import described
from .base import Backend
from .bounded import BoundedBackend, used
from .selection import select

BACKENDS = ("auto", "cuda", "native", "numpy")


class CountKeywords(TypedDict, total=False):
    """The fields of `CountOptions`, as keywords of a function."""

    max_order: int
    backend: str
    threads: int | None
    memory: int | str | None
    device_memory: int | str | None
    tmp: str | os.PathLike[str] | None


@dataclass(frozen=True, kw_only=True)
class CountOptions:
    """How tokens are counted. The help text of each field describes it.

    `memory` becomes a number of bytes when the object is made, because half of what is free must
    be determined before counting has taken some of it.
    """

    max_order: int = field(
        default=5,
        metadata=described("Length of the longest n-grams to count.", "N", minimum=1),
    )
    backend: str = field(
        default="auto",
        metadata=described(
            "The backend; auto takes the first of cuda, native and numpy that works here.",
            choices=BACKENDS,
        ),
    )
    threads: int | None = field(
        default=None,
        metadata=described("Number of threads. Default: one for each core.", "N", minimum=1),
    )
    memory: int | str | None = field(
        default=None,
        metadata=described(
            "Memory to use, in bytes or as a size such as 8GB. Default: half of what is free.",
            "SIZE",
        ),
    )
    device_memory: int | str | None = field(
        default=None,
        metadata=described(
            "Memory of a GPU to use, in bytes or as a size. Default: 80 % of what is free on it.",
            "SIZE",
        ),
    )
    tmp: str | os.PathLike[str] | None = field(
        default=None,
        metadata=described(
            "Directory for tokens that do not fit into memory. Default: the system's directory "
            "for temporary files.",
            "DIR",
        ),
    )

    def __post_init__(self) -> None:
        object.__setattr__(self, "memory", budget(self.memory))
        if self.device_memory is not None:
            object.__setattr__(self, "device_memory", int(budget(self.device_memory)))

    @property
    def memory_bytes(self) -> Budget:
        """Bytes that reading, counting and reporting may use together."""
        return budget(self.memory)

    @cached_property
    def selected_backend(self) -> Backend:
        """The backend that `backend` names; BackendError when it is not usable here.

        What it counts at once, without a plan of passes, it counts within the memory.
        """
        backend = select(self.backend, self.threads, self.device_memory)
        return backend if backend.on_gpu else BoundedBackend(backend, self.memory_bytes)

    def used(self, otherwise: int = 0) -> int:
        """Bytes of the memory that are in use now; `otherwise` where the system does not say it.

        Every stage asks before it plans. What is only kept for later goes back to the system first
        if it may be much of the memory.
        """
        return used(self.selected_backend, self.memory_bytes, otherwise)
