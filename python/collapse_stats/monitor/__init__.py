"""Live monitoring of a training or generation run: the newest tokens, compared with a baseline."""

from .monitor import CollapseMonitor

__all__ = ["CollapseMonitor"]
