"""The errors users may catch. Bad arguments are plain `ValueError` / `TypeError`."""


class CollapseStatsError(Exception):
    """Base of everything collapse-stats raises on purpose."""


class InputError(CollapseStatsError):
    """A corpus, a shard or a profile cannot be read as what it should be."""


class LayoutMismatchError(CollapseStatsError):
    """Two runs or profiles were counted with different layouts or tokenizers."""


class BackendError(CollapseStatsError):
    """The backend asked for is not usable on this machine, or failed while it counted."""


class GpuError(BackendError, RuntimeError):
    """A GPU failed while it was used. What was given to be counted is still there."""


class GpuMemoryError(BackendError, MemoryError):
    """A GPU has too little memory left. What was given to be counted is still there."""
