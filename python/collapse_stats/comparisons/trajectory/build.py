"""Makes a `Trajectory`: compares the steps of a run with a baseline, and with one another."""

import os
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Unpack

from ...backends.selection import select
from ...corpus.keywords import Keywords, options_of, with_options
from ...corpus.load import Progress
from ...metrics.series.checked_series import places
from ...profiles.profile import Profile
from ...system.arguments import as_array, checked
from ...verdict.limits import Limits
from ..build import compare_each, compare_profiles
from ..comparison import Comparison
from .trajectory import Trajectory


@checked
@with_options
def trajectory(
    baseline: object,
    generations: Iterable[object],
    *,
    steps: Sequence[float] | None = None,
    from_first: bool = False,
    every_step: bool = False,
    limits: Limits | str | os.PathLike[str] | None = None,
    progress: Progress | None = None,
    **keywords: Unpack[Keywords],
) -> Trajectory:
    """Compare the generations or steps of a run with a baseline, and each with the one before.

    Each corpus is read, sampled and recounted once for all of its comparisons.

    Parameters
    ----------
    baseline
        A `Profile`, the path of a saved one, or whatever `profile` takes as its source: human text,
        or the first step of the run. The options below hold for all sides.
    generations
        Two or more of the same, in the order of the run. A single path is not split. Where names
        are alike, as those of texts in memory are, they are named by the numbers of the steps.
    steps
        The number of each, ascending; 0, 1, 2 ... by default.
    from_first
        Whether the baseline is itself the first step of the run.
    every_step
        Whether the run is looked at after each of its steps, for an alarm: the chance of a false
        onset then holds for all of these times together.
    limits
        Limits of the verdict that `calibrate` returned, or the path of a file with them. Default:
        the builtin limits.
    progress
        Called with what is being done, how much of it is done, and how much there is in all.
    **keywords
        The options of reading and counting, which `with_options` describes here.

    Raises
    ------
    ValueError
        There are fewer than two generations, or `steps` does not ascend, or has another length.
    LayoutMismatchError
        Token ids do not have the same meaning on both sides, or in the corpora of the limits.
    InputError
        A side, or the file of limits, cannot be read as the options say.
    """
    several = _several(generations)
    numbers = checked_steps(steps, len(several))  # before anything is read
    _, counting = options_of(keywords)
    compared = compare_each(baseline, several, limits=limits, progress=progress, **keywords)
    return trajectory_of(
        _named_apart(compared, numbers),
        numbers,
        counting.memory_bytes,
        from_first=from_first,
        every_step=every_step,
    )


def trajectory_of(
    comparisons: Sequence[Comparison],
    steps: Sequence[float] | None,
    memory: int,
    *,
    also: Iterable[Comparison] = (),
    from_first: bool = False,
    every_step: bool = False,
) -> Trajectory:
    """Return the trajectory of steps that were compared with one baseline.

    Parameters
    ----------
    memory
        Bytes within which tables are joined, where a step has no sample.
    also
        Comparisons that there are already, which are not made again.
    """
    known = {(id(each.baseline), id(each.candidate)): each for each in also}
    successive = [comparisons[0]] if from_first else []
    for before, after in pairwise(comparisons):
        one, other = before.candidate, after.candidate
        found = known.get((id(one), id(other)))
        if found is None:
            backend = after.backend or select()  # the same, so that recounts are shared
            joined = compare_profiles(_by_sample(one), _by_sample(other), backend, memory)
            found = replace(joined, limits=after.limits)
        successive.append(found)
    return Trajectory(
        tuple(comparisons),
        tuple(successive),
        checked_steps(steps, len(comparisons)),
        from_first,
        every_step,
    )


def checked_steps(steps: Sequence[float] | None, number: int) -> tuple[float, ...]:
    """Return the numbers of so many steps, of None 0, 1, 2 ...

    Raises
    ------
    ValueError
        There are fewer than two, or they are not ascending numbers, one for each.
    """
    if number < 2:
        raise ValueError(f"a trajectory needs two generations or more, got {number}")
    if steps is None:
        return tuple(range(number))
    places(steps, number)
    return tuple(as_array("steps", steps).tolist())


def _named_apart(comparisons: Sequence[Comparison], steps: Sequence[float]) -> Sequence[Comparison]:
    """Name the steps by their numbers, if names are alike, as those of texts in memory are."""
    baseline = comparisons[0].baseline
    names = [baseline.name, *(each.candidate.name for each in comparisons)]
    if len({*names}) == len(names):
        return comparisons
    if baseline.name in names[1:]:
        baseline = replace(baseline, name="baseline")
    return [
        replace(each, baseline=baseline, candidate=replace(each.candidate, name=f"step {step:g}"))
        for each, step in zip(comparisons, steps, strict=True)
    ]


def _several(generations: Iterable[object]) -> list[object]:
    """Return the generations as a list; TypeError if they are none."""
    if isinstance(generations, str | os.PathLike):
        raise TypeError(
            f"generations must be a list of corpora, got the single path "
            f"{os.fspath(generations)!r}: give it in a list, or take compare"
        )
    try:
        return list(generations)
    except Exception as error:  # objects may raise what they like
        raise TypeError(
            f"generations must be a list of corpora, got {type(generations).__name__}"
        ) from error


def _by_sample(profile: Profile) -> Profile:
    """Return the profile without its table, if it has a sample: tables need not be joined then."""
    return replace(profile, table=None) if len(profile.sample.tokens) else profile
