"""The object of ``simulate``: figures of every generation, with their spread over runs."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import NamedTuple

import numpy as np

from ...comparisons.comparison import Comparison
from ...metrics.one_corpus.recursion import FloatArray
from ...simulation.measured import figure_of
from ...simulation.need import Needed
from ...simulation.result import Simulation
from ...verdict.rule import CANNOT_TELL
from ...version import __version__
from ..json_object import Json

SCHEMA = "collapse-stats.simulation/1"


class Shown(NamedTuple):
    """A figure that is shown of each generation: its key, its name, and its order."""

    key: str
    name: str
    order: int


FIGURES = (
    Shown("distinct_1", "distinct", 1),
    Shown("entropy_2_bits", "entropy", 2),
    Shown("size_matched_distinct_ratio_3", "size_matched_distinct_ratio", 3),
    Shown("kl_1_bits", "kl", 1),
    Shown("retained_1", "retained", 1),
)


def simulation_report(
    simulations: Sequence[Simulation], *, backend: str, needed: Needed | None = None
) -> Json:
    """Return the object of simulations that differ in their shares of human text alone."""
    first = simulations[0]
    material, rules = first.material, asdict(first.rules)
    del rules["fresh"]
    figures = _figures_of(first.human)
    return {
        "schema": SCHEMA,
        "tool": {"name": "collapse-stats", "version": __version__},
        "backend": backend,
        "corpus": {
            "name": material.name,
            "vocab_size": material.vocab_size,
            "tokenizer": asdict(material.tokenizer),
            "baseline_tokens": len(material.baseline.tokens),
            "baseline_documents": len(material.baseline.lengths),
            "reserve_tokens": len(material.reserve.tokens),
        },
        "tokens": first.tokens,
        "documents": len(material.learned.lengths),
        "runs": first.runs,
        "seed": first.seed,
        "rules": rules,
        "human": {
            "figures": {
                shown.key: figure_of(first.human, shown.name, shown.order) for shown in figures
            },
            "verdict": first.human.verdict,
        },
        "simulations": [_simulation(each, figures) for each in simulations],
        "cannot_tell": _why_not(simulations),
        "needed": None if needed is None else asdict(needed),
    }


def _figures_of(comparison: Comparison) -> list[Shown]:
    """The figures whose order is counted; those of longer n-grams at the longest."""
    longest = comparison.baseline.max_order
    return [shown for shown in FIGURES if shown.order <= longest]


def _why_not(simulations: Sequence[Simulation]) -> str | None:
    """The first reason why there is no verdict on a generation; None if there is on each."""
    compared = (each for one in simulations for run in one.comparisons for each in run)
    reasons = (each.reasons for each in compared if each.verdict == CANNOT_TELL)
    return next((why[0] for why in reasons if why), None)


def _simulation(simulation: Simulation, figures: Sequence[Shown]) -> Json:
    values = {shown.key: simulation.figure(shown.name, shown.order) for shown in figures}
    expected = simulation.expected_types
    return {
        "fresh": simulation.rules.fresh,
        "generations": [
            {
                "generation": number + 1,
                "expected_distinct_1": None if expected is None else float(expected[number]),
                "figures": {key: _spread(value[:, number]) for key, value in values.items()},
                "verdicts": [run[number].verdict for run in simulation.comparisons],
            }
            for number in range(simulation.generations)
        ],
    }


def _spread(values: FloatArray) -> Json:
    """The mean over runs, their standard deviation (None for one run), and the values."""
    given = not np.isnan(values).any()
    return {
        "mean": float(values.mean()) if given else None,
        "sd": float(values.std(ddof=1)) if given and len(values) > 1 else None,
        "runs": [None if np.isnan(value) else float(value) for value in values],
    }


def rows_of(report: Json) -> list[Json]:
    """Return one row for each generation of each share and run, for CSV."""
    return [
        {
            "fresh": each["fresh"],
            "generation": generation["generation"],
            "run": run + 1,
            **{key: figure["runs"][run] for key, figure in generation["figures"].items()},
            "expected_distinct_1": generation["expected_distinct_1"],
            "verdict": generation["verdicts"][run],
        }
        for each in report["simulations"]
        for generation in each["generations"]
        for run in range(report["runs"])
    ]
