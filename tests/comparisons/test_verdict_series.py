"""The verdict on a run: the worst of its steps, and a loss that only their order shows."""

from collections.abc import Sequence

import pytest

from collapse_stats.uncertainty.estimate import Estimate
from collapse_stats.verdict.constants import Constants
from collapse_stats.verdict.evidence import Evidence
from collapse_stats.verdict.novelty import Novelty
from collapse_stats.verdict.rule import (
    CANNOT_TELL,
    COLLAPSE,
    DRIFT,
    LOSS_OF_TAIL,
    WITHIN_FLOOR,
    Verdict,
)
from collapse_stats.verdict.series import judge_series

NAMES = ("g0", "g1", "g2", "g3")


def verdicts(labels: Sequence[str]) -> list[Verdict]:
    return [Verdict(label, ("because",)) for label in labels]


def against_first(tail: float, gain: float, error: float = 0.03) -> Verdict:
    """A step that is another text than the first one, with these figures at order 1."""
    novelty = Novelty(
        1, 0.04, 0.04, 0.04, 0.04,
        Estimate(tail, error), Estimate(0.3, error), Estimate(gain, error), Estimate(0.4, error),
    )  # fmt: skip
    evidence = Evidence({1: novelty}, (1000, 1000), (99, 99), (99, 99), 0.1, (0.0, 0.0))
    return Verdict(DRIFT, ("because",), evidence, Constants())


@pytest.mark.parametrize(
    ("labels", "label", "since", "reasons"),
    [
        (
            [DRIFT, LOSS_OF_TAIL, LOSS_OF_TAIL, COLLAPSE],
            COLLAPSE,
            "g3",
            ("loss of tail from g1 on", "collapse at g3"),
        ),
        (
            [DRIFT, LOSS_OF_TAIL, DRIFT, LOSS_OF_TAIL],
            LOSS_OF_TAIL,
            "g1",
            ("loss of tail at 2 of 4 steps, first at g1",),
        ),
        ([WITHIN_FLOOR] * 2 + [DRIFT] * 2, DRIFT, "g2", ("drift from g2 on, and no loss",)),
        ([CANNOT_TELL] * 4, CANNOT_TELL, None, ("no step could be judged",)),
    ],
)
def test_the_worst_step_counts(
    labels: list[str], label: str, since: str | None, reasons: tuple[str, ...]
) -> None:
    found = judge_series(NAMES, verdicts(labels), [None] * 4)
    assert (found.label, found.since, found.reasons) == (label, since, reasons)


def test_a_loss_against_the_first_step_counts() -> None:
    firsts = [None, *verdicts([DRIFT, LOSS_OF_TAIL, LOSS_OF_TAIL])]
    found = judge_series(NAMES, verdicts([DRIFT] * 4), firsts)
    assert (found.label, found.since) == (LOSS_OF_TAIL, "g2")
    assert found.reasons == ("loss of tail from g2 on against g0",)


def test_two_poorer_steps_in_a_row_are_a_loss() -> None:
    def judged(*steps: Verdict) -> str:
        return judge_series(NAMES, verdicts([DRIFT] * 4), [None, *steps]).label

    poorer, same, richer = against_first(-0.2, -0.2), against_first(0, 0), against_first(-0.2, 0.2)
    assert judged(same, poorer, poorer) == LOSS_OF_TAIL
    assert judged(poorer, same, poorer) == DRIFT
    assert judged(same, richer, richer) == DRIFT  # another text
    noisy = against_first(-0.2, -0.2, error=0.08)
    assert judged(noisy, noisy, noisy) == DRIFT
    found = judge_series(NAMES, verdicts([DRIFT] * 4), [None, same, poorer, poorer])
    assert found.since == "g3"
    assert (
        "at order 1, g2 and g3 have a thinner tail than the first step (odds 0.82 and 0.82"
        in (found.reasons[0])
    )
