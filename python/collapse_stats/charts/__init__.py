"""Charts of a report, drawn by matplotlib from its JSON object alone."""

from .catalogue import CHARTS, drawable

__all__ = ["CHARTS", "drawable"]
