"""The report object ``collapse-stats.report/1``: every figure of profiles and comparisons.

A figure that cannot be given is None, and a warning of the same corpus or comparison says why.
"""

import json
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict
from functools import partial

from .. import metrics
from ..backends.selection import select
from ..comparisons.cautions import cautions, orders_named
from ..comparisons.comparison import Comparison
from ..comparisons.trajectory.trajectory import Trajectory
from ..corpus.load import Progress
from ..metrics.figures import (
    COMPARISON_FIGURES,
    CORPUS_FIGURES,
    CORPUS_FIGURES_WITH_ERRORS,
    FLOORED_FIGURES,
)
from ..metrics.kinds import CorpusFigure
from ..ngrams.sampled_spectrum import FEWEST_KEPT
from ..profiles.profile import Profile
from ..uncertainty.estimate import Estimate
from ..version import __version__
from .contents.curves import curves
from .contents.sample_figures import sample_figures
from .contents.trajectory import trajectory_figures
from .contents.verdict_figures import series_figures, sides, verdict_figures
from .json_object import Json
from .json_schema import SCHEMA, SCHEMA_FILE

SMOOTHING = "absolute-discount"
_AHEAD = 2  # comparisons whose samples are recounted before their turn
NOT_GIVEN = "null at order"
"""Words of every warning that explains a null. Tables of comparisons leave these warnings out."""

EstimateOf = Callable[[str, int], Estimate | None]


def schema() -> Json:
    """Return the JSON Schema of a report, as it is in the package."""
    return json.loads(SCHEMA_FILE.read_text("utf-8"))  # type: ignore[no-any-return]


def make_report(
    profiles: Iterable[Profile],
    comparisons: Sequence[Comparison] = (),
    *,
    backend: str,
    progress: Progress | None = None,
    from_first: bool = False,
    trajectory: Trajectory | None = None,
) -> Json:
    """Return the report of some corpora and of comparisons between them.

    With two candidates or more of one baseline, it has a verdict on the series; `from_first` says
    that the baseline is itself the first step of it. A trajectory of the same comparisons is added.
    The samples are recounted, which `progress` reports. Without comparisons, the report also has
    the figures that read the tokens of the samples in order.
    """
    profiles = list(profiles)
    comparison_of = {
        id(profile): comparison
        for comparison in reversed(comparisons)  # the first one that has a profile counts
        for profile in (comparison.baseline, comparison.candidate)
    }

    def is_resampled(profile: Profile) -> bool:
        comparison = comparison_of.get(id(profile))
        return comparison is not None and comparison.has_errors

    def estimate_of(profile: Profile) -> EstimateOf:
        comparison = comparison_of.get(id(profile))
        return partial(comparison.side_interval, profile) if comparison else profile.interval

    of_profile: dict[int, Json] = {}
    compared: list[Json] = []
    for comparison in _resampled_ahead(_every(comparisons, trajectory), progress):
        if trajectory is not None:
            trajectory.remember(comparison)
        if len(compared) == len(comparisons):
            continue  # of a step with the one before, for the trajectory alone
        compared.append(comparison_figures(comparison))
        for profile in (comparison.baseline, comparison.candidate):
            if comparison_of[id(profile)] is comparison and is_resampled(profile):
                figures = corpus_figures(profile, estimate_of(profile), in_order=False)
                of_profile[id(profile)] = figures
    others = [profile for profile in profiles if id(profile) not in of_profile]
    _resample(others, progress)
    for profile in others:
        figures = corpus_figures(profile, estimate_of(profile), in_order=not comparisons)
        of_profile[id(profile)] = figures
    return {
        "schema": SCHEMA,
        "tool": {"name": "collapse-stats", "version": __version__},
        "backend": backend,
        "corpora": [of_profile[id(profile)] for profile in profiles],
        "comparisons": compared,
        "series": series_figures(comparisons, from_first=from_first),
        **({} if trajectory is None else {"trajectory": trajectory_figures(trajectory)}),
    }


def _every(
    comparisons: Sequence[Comparison], trajectory: Trajectory | None
) -> Sequence[Comparison]:
    """Return the comparisons, and behind them those that only the trajectory has."""
    known = {id(each) for each in comparisons}
    successive = () if trajectory is None else trajectory.successive
    return [*comparisons, *(each for each in successive if id(each) not in known)]


def _resampled_ahead(
    comparisons: Sequence[Comparison], progress: Progress | None
) -> Iterator[Comparison]:
    """Yield comparisons with their samples recounted; a thread recounts those that follow.

    Recounting leaves Python's lock to the figures, which cannot be computed in threads. On a GPU
    there is no such thread, because the current GPU belongs to the caller's. Of many comparisons,
    those that were yielded are forgotten, since each takes memory for its recounts.
    """
    if any((each.backend or select()).on_gpu for each in comparisons):
        _resample(comparisons, progress)
        yield from comparisons
        return

    def started(number: int) -> Future[None]:
        part = progress and _part(progress, number, len(comparisons))
        return ahead.submit(comparisons[number].resample, part)

    with ThreadPoolExecutor(1) as ahead:
        waiting = deque(map(started, range(min(_AHEAD, len(comparisons)))))
        try:
            for number, comparison in enumerate(comparisons):
                waiting.popleft().result()
                if len(comparisons) > _AHEAD and number:  # the next has taken what both share
                    comparisons[number - 1].forget_samples()
                if number + _AHEAD < len(comparisons):
                    waiting.append(started(number + _AHEAD))
                yield comparison
        finally:
            ahead.shutdown(wait=False, cancel_futures=True)


def _resample(items: Sequence[Profile | Comparison], progress: Progress | None) -> None:
    """Recount the samples of profiles or comparisons, each an equal part of the progress."""
    for number, item in enumerate(items):
        item.resample(progress and _part(progress, number, len(items)))


def _part(progress: Progress, number: int, parts: int) -> Progress:
    """Return the progress of one of several equal parts."""
    return lambda what, done, total: progress(what, number * total + done, parts * total)


def corpus_figures(profile: Profile, estimate: EstimateOf, *, in_order: bool = True) -> Json:
    """Return every figure of one corpus; those of the order of tokens only if `in_order`."""
    orders = {n: _order_figures(profile, n, estimate) for n in range(1, profile.max_order + 1)}
    return {
        "name": profile.name,
        "tokens": profile.tokens,
        "documents": profile.documents,
        "empty_documents": profile.empty_documents,
        "group_key": profile.group_key,
        "vocab_size": profile.vocab_size,
        "tokenizer": asdict(profile.tokenizer),
        "orders": {str(n): figures for n, figures in orders.items()},
        "sample": sample_figures(profile, in_order=in_order),
        "curves": curves(profile),
        "unreadable": [
            {"path": source.path, "error": source.error}
            for source in profile.sources
            if source.error is not None
        ],
        "warnings": [*profile.warnings, *cautions(profile), *_why_not_given(orders)],
    }


def comparison_figures(comparison: Comparison) -> Json:
    """Return every figure of a candidate against a baseline, with its floor."""
    orders = range(1, comparison.baseline.max_order + 1)
    figures = {n: _compared_order(comparison, n) for n in orders}
    warnings = list(comparison.warnings)
    if comparison.measured_tokens and comparison.baseline.tokens and comparison.candidate.tokens:
        missing = [n for n in orders if figures[n]["kl_bits"] is None]
        if missing:
            warnings.append(
                f"no divergences at {orders_named(missing)}: a side, or one of its halves, has no "
                "n-grams that long"
            )
    retention = [row for n in orders for row in _retention(comparison, n)]
    bare = sorted({row["order"] for row in retention if None in (row["retained"], row["floor"])})
    if bare and figures[1]["floor"]["kl_bits"] is not None:
        warnings.append(
            "a half of the baseline has no n-gram in a band, so retained or its floor is null at "
            f"{orders_named(bare)}"
        )
    return {
        "baseline": comparison.baseline.name,
        "candidate": comparison.candidate.name,
        "orders": {str(n): figures[n] for n in orders},
        "retention": retention,
        "measured": _measured(comparison),
        **verdict_figures(comparison.judgement, comparison.limits),
        "warnings": warnings,
    }


def _order_figures(profile: Profile, order: int, estimate: EstimateOf) -> Json:
    ngrams, contexts = profile.spectrum(order), profile.contexts(order)
    figures: Json = {
        figure.key: _by_estimator(figure, partial(figure.value, ngrams, contexts))
        for figure in CORPUS_FIGURES.values()
    }
    if ngrams.is_estimate:
        figures["sampled"] = _sampled(profile, order)
    figures["intervals"] = {
        figure.key: _interval(estimate(name, order))
        for name, figure in CORPUS_FIGURES_WITH_ERRORS.items()
    }
    return figures


def _by_estimator(
    figure: CorpusFigure, value: Callable[[str | None], float | None]
) -> float | Json | None:
    """Return what is asked of a figure, or an object of that by estimator."""
    return {name: value(name) for name in figure.estimators} if figure.estimators else value(None)


def _sampled(profile: Profile, order: int) -> Json:
    """Say of an order which share of its n-grams is kept, and what errors that gives figures."""
    assert profile.ngram_sample is not None  # its spectra are estimates
    return {
        "one_of": profile.ngram_sample.rate(order),
        "errors": {
            figure.key: _by_estimator(figure, partial(profile.sampling_error, name, order))
            for name, figure in CORPUS_FIGURES.items()
        },
    }


def _compared_order(comparison: Comparison, order: int) -> Json:
    values: Json = {
        figure.key: comparison.figure(name, order) for name, figure in FLOORED_FIGURES.items()
    }
    values["size_matched_distinct_ratio"] = comparison.size_matched_distinct_ratio(order)
    values["floor"] = {
        figure.key: comparison.floor(name, order) for name, figure in FLOORED_FIGURES.items()
    }
    values["smoothing"] = SMOOTHING
    values["intervals"] = {
        figure.key: _compared_interval(comparison, name, order)
        for name, figure in COMPARISON_FIGURES.items()
    }
    return values


def _interval(estimate: Estimate | None) -> Json | None:
    return None if estimate is None else asdict(estimate)


def _compared_interval(comparison: Comparison, name: str, order: int) -> Json | None:
    estimate, excess = comparison.interval(name, order), comparison.excess(name, order)
    if estimate is None:
        return None
    value, error = (None, None) if excess is None else (excess.value, excess.error)
    return {**asdict(estimate), "excess": value, "excess_error": error}


def _measured(comparison: Comparison) -> Json:
    """Say what divergences and retention are taken from."""
    text = None if comparison.measured_tokens is None else "corpora"
    documents = (comparison.baseline.documents, comparison.candidate.documents)
    if comparison.by_samples is not None:
        text, documents = "samples", comparison.by_samples.documents
    return {
        "text": text,
        "tokens": sides(comparison.measured_tokens),
        "documents": sides(documents if text else None),
    }


def _retention(comparison: Comparison, order: int) -> list[Json]:
    return [
        {
            "order": order,
            "band": row.band,
            "types": row.types,
            "retained": row.retained,
            "floor": row.floor,
        }
        for row in comparison.retention(order)
        if row.types
    ]


def _why_not_given(orders: dict[int, Json]) -> list[str]:
    """Return a warning for each reason why figures are null, with the orders."""
    empty = [n for n, figures in orders.items() if not figures["windows"]]
    few = [n for n, figures in orders.items() if n not in empty and _keeps_few(figures)]
    filled = {n: figures for n, figures in orders.items() if n not in (*empty, *few)}
    reasons = {
        "no document is that long, so every figure is null": empty,
        f"fewer than {FEWEST_KEPT} of the n-grams were kept, so figures that are no counts are "
        "null": few,
        "nearly every n-gram is new (saturation above "
        f"{metrics.SATURATION_LIMIT}), so conditional_entropy_bits is null": [
            n for n, figures in filled.items() if figures["conditional_entropy_bits"] is None
        ],
        "no n-gram was seen twice, so hill_2, collision_entropy_bits and honore_r are null": [
            n for n, figures in filled.items() if figures["hill_2"] is None
        ],
        "all rare n-grams were seen just once, so ace is null": [
            n for n, figures in filled.items() if figures["ace"] is None
        ],
    }
    return [f"{reason} at {orders_named(where)}" for reason, where in reasons.items() if where]


def _keeps_few(figures: Json) -> bool:
    """Whether an order is estimated from too few n-grams."""
    sampled = figures.get("sampled")
    return sampled is not None and figures["distinct"] < FEWEST_KEPT * sampled["one_of"]
