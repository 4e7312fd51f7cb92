"""Writing figures to loggers like those of TensorBoard, MLflow and W&B; none is imported."""

import json
from collections.abc import Mapping
from typing import Any

PREFIX = "collapse/"


def named(figures: Mapping[str, float]) -> dict[str, float]:
    """Return the figures under names that begin with ``collapse/``."""
    return {PREFIX + name: value for name, value in figures.items()}


def log_figures(sink: Any, figures: Mapping[str, float], step: int) -> None:
    """Write figures to a logger, under names that begin with ``collapse/``.

    Parameters
    ----------
    sink
        An object with ``add_scalar(name, value, step)`` (TensorBoard's ``SummaryWriter``),
        ``log_metrics(mapping, step=)`` (MLflow, the loggers of Lightning and Fabric),
        ``log_dict(mapping, step=)`` (Fabric itself) or ``log(mapping, step=)`` (a run of W&B); or a
        file opened to write text, which gets a line of JSON.

    Raises
    ------
    TypeError
        for any other object.
    """
    named_figures = named(figures)
    if hasattr(sink, "add_scalar"):
        for name, value in named_figures.items():
            sink.add_scalar(name, value, step)
        return
    for method in ("log_metrics", "log_dict", "log"):
        if hasattr(sink, method):
            getattr(sink, method)(named_figures, step=step)
            return
    if not hasattr(sink, "write"):
        raise TypeError(
            "sink must have add_scalar, log_metrics, log_dict, log or write, got "
            f"{type(sink).__name__}: give a SummaryWriter, mlflow, a Fabric, a W&B run or a file"
        )
    sink.write(json.dumps({"step": step, **named_figures}, allow_nan=False) + "\n")
