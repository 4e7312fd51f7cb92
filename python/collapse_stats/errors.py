"""Errors that callers may catch. Bad arguments raise plain `ValueError` or `TypeError`."""


class CollapseStatsError(Exception):
    """Base class of all errors defined by collapse-stats."""


class InputError(CollapseStatsError):
    """A corpus, a data file or a profile cannot be read, or cannot be written."""


class LayoutMismatchError(CollapseStatsError):
    """Two n-gram tables or profiles were counted with different layouts or tokenizers."""


class BackendError(CollapseStatsError):
    """The requested backend cannot be used on this machine, or failed while counting."""


class GpuError(BackendError, RuntimeError):
    """A GPU failed. Tokens that were passed to be counted are kept."""


class GpuMemoryError(BackendError, MemoryError):
    """A GPU has too little free memory. Tokens that were passed to be counted are kept."""
