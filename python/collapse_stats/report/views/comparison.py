"""The page about candidates and their baseline, from a report."""

from collections.abc import Sequence

from ...system.wording import counted
from ..grid import Grid, Page, printable
from ..json_object import Json
from ..numbers import count
from ..shown import is_of_sample
from .corpus import corpus_page, described
from .detail import example_grids, orders_grid
from .generations import TOLERANCE, generations_grid
from .novelty import novelty_grid
from .rare_tokens import bands_grid, by_band_grid, is_there
from .trajectory import sentence_of, shrinkage_grids, trajectory_grids, with_moved
from .verdict import reasons_of, verdict_grid
from .warnings import named, warnings_of

FEW = 3  # candidates whose reasons are shown in full


def comparison_page(report: Json, *, verbose: bool = False) -> Page:
    """Return the page of a report that has comparisons: the verdicts, the figures, warnings.

    Candidates are shown against the baseline. With `verbose` also against the first of them, with
    all reasons and warnings, and with what the verdicts were measured by.
    """
    by_baseline = _by_baseline(report["comparisons"])
    (name, against), *others = by_baseline.items()
    first = verdict_grid(name, against)
    reasons = reasons_of(against, all_=verbose or len(against) <= FEW)
    grids = [
        Grid(first.columns, first.rows, first.title, reasons),
        with_moved(generations_grid(report["corpora"], against), report),
        *trajectory_grids(report),
    ]
    if len(against) == 1:
        grids.append(orders_grid(against[0]))
        if is_there(against):
            grids.append(bands_grid(against[0]))
    if verbose:
        grids += shrinkage_grids(report)
        if is_there(against) and len(against) > 1:
            grids.append(by_band_grid(against))
        grids.append(novelty_grid(name, against))
        for other, group in others:
            title = f"against {printable(other)}, the first candidate"
            grids.append(generations_grid(report["corpora"], group, title))
            notes = reasons_of(group, all_=True)
            grid = novelty_grid(other, group, explain=False)
            grids.append(Grid(grid.columns, grid.rows, grid.title, notes))
    return Page(
        [*grids, *(grid for comparison in against for grid in example_grids(comparison))],
        head=described(report["corpora"][0]),
        summary=[*_of_the_run(report["series"]), *sentence_of(report)],
        warnings=warnings_of(report, news=not verbose),
        tail=(
            *_of_larger_corpora(against),
            *_of_the_limits(against[0]["limits"]),
            *(_all_notes(report, against) if verbose else (f"{LEGEND} {MORE}",)),
        ),
    )


def generations_of(report: Json) -> list[Grid]:
    """Return the table of generations alone, or those of the corpora without comparisons."""
    comparisons = report["comparisons"]
    if not comparisons:
        return list(corpus_page(report).grids)
    name, against = next(iter(_by_baseline(comparisons).items()))
    grid = generations_grid(report["corpora"], against, f"against {printable(name)}")
    return [with_moved(grid, report)]


LEGEND = (
    "±: two standard errors. In brackets: the floor, the same between the baseline's halves; ↑ ↓: "
    "off the floor. odds: the odds that fresh text is new to the rest of its corpus, over the "
    "baseline's."
)


OF_VERDICTS = "Taken as a run"
"""Begins the sentence on the verdicts of a run."""
MORE = "More: --verbose, `collapse-stats explain`."


def _all_notes(report: Json, against: Sequence[Json]) -> tuple[str, ...]:
    sizes = {comparison["measured"]["tokens"]["baseline"] for comparison in against}
    each = " (each candidate has its own; shown is that of the first)" * (len(sizes) > 1)
    smoothing = against[0]["orders"]["1"]["smoothing"]
    return (
        "±: two standard errors, from 16 groups of documents. In brackets: the floor, the same "
        f"figure between the baseline's own halves{each}.",
        f"↑ ↓: above or below the floor by more than {100 * TOLERANCE:.0f} % of it and two "
        "standard errors; ↑ is worse for KL, ↓ for rare tokens kept and novel.",
        "odds: the odds that an n-gram of fresh text is new to as much other text of its own "
        "corpus, over the same odds of the baseline. distance: the odds that an n-gram is new to "
        "the other side, over those that it is new to its own. repeats: share of a document that "
        "repeats earlier parts of it, mean over documents. copies: share of documents that are "
        "exact copies of another one.",
        "entropy: Chao-Wang-Jost. distinct: different n-grams over the baseline's, at equal size. "
        f"KL: KL(baseline || candidate), {smoothing} smoothing. rare tokens kept: share of the "
        "tokens seen once in half of the baseline that are still present. novel: share of n-grams "
        "that the baseline lacks.",
        f"{counted(len(against), 'candidate')} against {printable(against[0]['baseline'])}. "
        f"Backend: {report['backend']}.",
        *_sizes_of_samples(against),
    )


def _by_baseline(comparisons: Sequence[Json]) -> dict[str, list[Json]]:
    groups: dict[str, list[Json]] = {}
    for comparison in comparisons:
        groups.setdefault(comparison["baseline"], []).append(comparison)
    return groups


def _of_the_run(series: Json | None) -> list[str]:
    if series is None:
        return []
    reasons = "; ".join(series["reasons"])
    is_said = any(reason.startswith(series["verdict"]) for reason in series["reasons"])
    verdict = "" if is_said else f", {series['verdict']}"
    return [printable(f"{OF_VERDICTS}{verdict}: {reasons}.")]


def _of_larger_corpora(against: Sequence[Json]) -> list[str]:
    """Return a note on figures of samples where the corpora were compared as a whole as well."""
    sizes = {
        comparison["orders"]["1"]["intervals"]["js_bits"]["tokens"]
        for comparison in against
        if is_of_sample(comparison)
    }
    if not sizes:
        return []
    return [
        f"Figures with ± are those of samples of {count(min(sizes))} tokens a side; JSON also has "
        "those of the whole corpora."
    ]


def _of_the_limits(limits: Json) -> list[str]:
    """Name the human corpora that the limits of the verdicts are from; nothing of builtin ones."""
    names = ", ".join(corpus["name"] for corpus in limits["human_corpora"])
    if not names:
        return []
    return [printable(f"Limits of the verdicts: {limits['name']}, from human corpora ({names}).")]


def _sizes_of_samples(against: Sequence[Json]) -> tuple[str, ...]:
    """Return a note on the comparisons that were taken from samples, if there are any."""
    by_size: dict[str, list[str]] = {}
    for comparison in against:
        measured = comparison["measured"]
        if measured["text"] == "samples":
            size = count(min(measured["tokens"].values()))
            by_size.setdefault(size, []).append(printable(comparison["candidate"]))
    if not by_size:
        return ()
    sizes = "; ".join(f"{named(names)} {size}" for size, names in by_size.items())
    return (
        "Figures other than tokens and entropy are taken from samples matched in size by whole "
        f"documents; tokens per side: {sizes}.",
    )
