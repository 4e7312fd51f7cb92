"""A report as one page of HTML that needs nothing else: no script, no font, no request."""

from .document import write

__all__ = ["write"]
