"""Every public function with values that it does not expect: no crash, hang or foreign error."""

import inspect
import os
import random
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hostile_values import arrays, everything, numbers, others
from watched import Watched

import collapse_stats as cs

SOAK = os.environ.get("COLLAPSE_STATS_EXAMPLES") == "soak"
CALLS = 5000 if SOAK else 25  # of each function
GOOD = [1, 2, 1, 2, 3, 3, 0, 1] * 4


def functions() -> dict[str, Callable[..., Any]]:
    """Public functions, classes and class methods, by name; the monitor has tests of its own."""
    found = {f"metrics.{name}": getattr(cs.metrics, name) for name in cs.metrics.__all__}
    found |= {name: getattr(cs, name) for name in cs.__all__}
    found |= {
        f"{kind.__name__}.{name}": getattr(kind, name)
        for kind in (cs.Spectrum, cs.JointSpectrum)
        for name in ("from_counts", "from_rows", "from_pairs")
        if hasattr(kind, name)
    }
    own = (inspect.isfunction, inspect.isclass, inspect.ismethod)
    is_error = lambda thing: inspect.isclass(thing) and issubclass(thing, Exception)  # noqa: E731
    left_out = {"CollapseMonitor", "Profile", "Comparison", "Spectrum", "JointSpectrum"}
    return {
        name: thing
        for name, thing in found.items()
        if any(is_own(thing) for is_own in own) and not is_error(thing)
        if name.rpartition(".")[2] not in left_out or ("." in name and "metrics" not in name)
    }


def methods() -> dict[str, Callable[..., Any]]:
    """Methods of objects that are made anew for each call."""
    tables = [
        (make_profile, cs.Profile, ("spectrum", "halves", "contexts", "windows", "distinct")),
        (make_profile, cs.Profile, ("entropy", "interval", "top", "save")),
        (make_comparison, cs.Comparison, ("kl", "js", "total_variation", "figure", "floor")),
        (make_comparison, cs.Comparison, ("interval", "excess", "retention", "lost", "inflated")),
        (make_comparison, cs.Comparison, ("size_matched_distinct_ratio", "joint_spectrum")),
        (make_comparison, cs.Comparison, ("rare_perplexity", "shrinkage")),
        (make_trajectory, cs.Trajectory, ("figure", "moved", "shrinkage", "onsets")),
        (make_series, cs.Series, ("trend", "onset", "onset_test", "half_life")),
        (make_model, cs.NgramModel, ("log2_probabilities", "perplexity")),
        (make_counter, cs.NgramCounter, ("update", "merge", "profile")),
        (make_totals, cs.metrics.SequenceTotals, ("update", "merge", "repetition")),
        (make_spectrum, cs.Spectrum, ("types_seen",)),
    ]
    return {
        f"{kind.__name__}.{name}": (make, kind, name)  # type: ignore[misc]
        for make, kind, names in tables
        for name in names
    }


def make_profile() -> cs.Profile:
    return cs.profile([GOOD] * 3, max_order=2, backend="native")


def make_comparison() -> cs.Comparison:
    return cs.compare([GOOD] * 3, [GOOD[::-1]] * 3, max_order=2, backend="native")


def make_trajectory() -> cs.Trajectory:
    return cs.trajectory([GOOD] * 3, [[GOOD[::-1]] * 3] * 2, max_order=2, backend="native")


def make_series() -> cs.Series:
    values = (1.0, 2.0, 3.0, 5.0, 4.0, 7.0)
    return cs.Series("js", 2, tuple(range(6)), values, (1.0,) * 6, "up")


def make_model() -> cs.NgramModel:
    return cs.NgramModel.from_profile(make_profile(), 2)


def make_counter() -> cs.NgramCounter:
    return cs.NgramCounter(10, 2)


def make_totals() -> cs.metrics.SequenceTotals:
    return cs.metrics.SequenceTotals(window=3, draws=2)


def make_spectrum() -> cs.Spectrum:
    return cs.Spectrum.from_counts([2, 1])


ALL: dict[str, Any] = functions() | methods()


def drawn(function: Callable[..., Any], draw: random.Random) -> dict[str, Any]:
    """Some arguments, most of a kind that the parameter's name or annotation suggests."""
    arguments = {}
    for name, parameter in inspect.signature(function).parameters.items():
        several = parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
        if several or name in ("self", "progress", "tmp"):
            continue
        if parameter.default is not parameter.empty and draw.random() < 0.6:
            continue
        hint = str(parameter.annotation)
        likely = everything
        if draw.random() < 0.8:
            is_number = "int" in hint or "float" in hint
            is_array = "Array" in hint or "object" in hint
            likely = arrays if is_array else numbers if is_number else others
        arguments[name] = draw.choice(likely())
    return arguments


def call(name: str, seed: int) -> None:
    """Call a function with the arguments that belong to a seed."""
    draw, thing = random.Random(f"{name} {seed}"), ALL[name]
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)  # numbers that wrapped or overflowed
        if isinstance(thing, tuple):
            make, kind, method = thing
            function = getattr(make(), method)
            function(**drawn(getattr(kind, method), draw))
        else:
            thing(**drawn(thing, draw))


def seeds() -> Iterator[int]:
    yield from range(CALLS)


@pytest.mark.parametrize("name", ALL)
def test_a_call_returns_or_says_what_is_wrong(
    name: str, tmp_path_factory: pytest.TempPathFactory, server: Watched
) -> None:
    faults = {}
    for seed in seeds():
        fault = server.call(call, name, seed).fault
        if fault:
            faults.setdefault(fault.splitlines()[0], (seed, fault))
    assert not faults, "\n".join(f"seed {seed}: {fault}" for seed, fault in faults.values())


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    with pytest.MonkeyPatch.context() as patch, Watched() as watched:
        patch.chdir(tmp_path_factory.mktemp("cwd"))  # a profile may be saved under any name
        yield watched
