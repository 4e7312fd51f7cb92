"""Writing figures to loggers like those of TensorBoard, MLflow and W&B; none is imported."""

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
        ``log_metrics(mapping, step=)`` (MLflow, Lightning's loggers) or ``log(mapping, step=)`` (a
        run of W&B).

    Raises
    ------
    TypeError
        for any other object.
    """
    named_figures = named(figures)
    if hasattr(sink, "add_scalar"):
        for name, value in named_figures.items():
            sink.add_scalar(name, value, step)
    elif hasattr(sink, "log_metrics"):
        sink.log_metrics(named_figures, step=step)
    elif hasattr(sink, "log"):
        sink.log(named_figures, step=step)
    else:
        raise TypeError(
            "sink must have add_scalar, log_metrics or log, got "
            f"{type(sink).__name__}: give a SummaryWriter, mlflow, or a W&B run"
        )
