"""A training or generation run watched live: the newest tokens, against a baseline."""

from .monitor import CollapseMonitor

__all__ = ["CollapseMonitor"]
