"""A figure with its standard error."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Estimate:
    """A value and its standard error.

    Attributes
    ----------
    value, error
        In the figure's own unit.
    tokens
        Size of the text (of a side, in a comparison) that value and error hold for, where that
        matters.
    """

    value: float
    error: float
    tokens: int | None = None

    @property
    def low(self) -> float:
        """Two standard errors below the value."""
        return self.value - 2 * self.error

    @property
    def high(self) -> float:
        """Two standard errors above the value."""
        return self.value + 2 * self.error
