"""A trajectory as JSON: its figures by step, and what the order of the steps says."""

from collections.abc import Sequence

from ...comparisons.trajectory.series import Series
from ...comparisons.trajectory.shrinkage import Shrinkage
from ...comparisons.trajectory.trajectory import ALPHA, MOVED, MOVED_ORDER, Trajectory
from ...metrics.figures import SERIES_FIGURES
from ...metrics.series.half_life import HalfLife
from ...metrics.series.trend import FEWEST_STEPS
from ..json_object import Json


def trajectory_figures(trajectory: Trajectory) -> Json:
    """Return the object of a trajectory; what cannot be given is None."""
    onsets = trajectory.onsets()
    reading = trajectory.reading
    series = {
        (name, order): trajectory.figure(name, order)
        for name in SERIES_FIGURES
        for order in trajectory.orders
    }
    return {
        "baseline": trajectory.comparisons[0].baseline.name,
        "names": trajectory.names,
        "steps": list(trajectory.steps),
        "from_first": trajectory.from_first,
        "alpha": ALPHA,
        "looks": len(trajectory.steps) if trajectory.every_step else 1,
        "reading": reading.label,
        "sentence": reading.sentence,
        "figures": {
            figure_key(*key): _figure(each, onsets.get(key)) for key, each in series.items()
        },
        "moved": {
            figure_key(name, order): _moved(trajectory, trajectory.moved(name, order))
            for name in MOVED
            for order in trajectory.moved_orders
        },
        "shrinkage": _shrinkage(trajectory.shrinkage(1)),
        "warnings": _warnings(trajectory),
    }


def figure_key(name: str, order: int) -> str:
    """Return the key of a figure at an order: ``js_bits/2``."""
    return f"{SERIES_FIGURES[name].key}/{order}"


def keys_of(orders: Sequence[int]) -> dict[str, list[str]]:
    """Return the keys that figures have at these orders, and distances at the first of them."""
    return {
        "figures": [figure_key(name, order) for name in SERIES_FIGURES for order in orders],
        "moved": [figure_key(name, order) for name in MOVED for order in orders[:MOVED_ORDER]],
    }


def _figure(series: Series, onset: float | None) -> Json:
    trend = series.trend()
    return {
        **_points(series),
        "excess": series.is_excess,
        "worse": series.worse,
        "trend": trend
        and {
            "s": trend.s,
            "p": trend.p,
            "slope": trend.slope,
            "low": trend.low,
            "high": trend.high,
        },
        "onset": onset,
        **_fit(series.half_life()),
        "state": series.state,
    }


def _moved(trajectory: Trajectory, series: Series) -> Json:
    """Return how far each step moved; the first one of a run has not."""
    without = [None] * (len(trajectory.steps) - len(series.steps))
    return {key: [*without, *values] for key, values in _points(series).items()}


def _points(series: Series) -> Json:
    return {"values": list(series.values), "errors": list(series.errors)}


def _fit(fit: HalfLife | None) -> Json:
    return {"half_life": fit and fit.half_life, "limit": fit and fit.limit}


def _shrinkage(shrinkage: Shrinkage) -> Json:
    return {
        "order": shrinkage.order,
        "bands": [
            {
                "band": band.band,
                "bits": list(band.bits),
                "retained": list(band.retained),
                **_fit(band.fit),
            }
            for band in shrinkage.bands
        ],
        "fallback_steps": list(shrinkage.fallback),
    }


def _warnings(trajectory: Trajectory) -> list[str]:
    """Return why there is no trend, or no onset."""
    warnings = []
    number = len(trajectory.steps)
    if number < FEWEST_STEPS:
        warnings.append(f"a trend needs {FEWEST_STEPS} steps or more, got {number}")
    errors = trajectory.figure("js", 1).errors
    bare = [name for name, error in zip(trajectory.names, errors, strict=True) if error is None]
    if bare:
        warnings.append(
            f"no onsets of divergences, since there is no standard error at {', '.join(bare)}: "
            "add documents"
        )
    return warnings
