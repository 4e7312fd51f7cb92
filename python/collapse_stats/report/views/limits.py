"""The page of ``calibrate``: which limits changed, by which pair, and what the rule says of all."""

import math
from dataclasses import asdict

from ...verdict.constants import Constants
from ...verdict.judged_pairs import Verdicts
from ...verdict.limits import Limits
from ...verdict.rule import CANNOT_TELL, LABELS
from ..grid import DASH, Cell, Column, Grid, Page
from ..numbers import count, percent

_SHOWN = {  # the limits of a loss, what they are of, and the limits of a collapse that may follow
    "near": ("loss of tail (log odds)", ("far", "far_with_repetition")),
    "repetition": ("repeated text (share)", ("heavy_repetition",)),
    "copies": ("copied documents (share)", ("heavy_copies",)),
}
_KINDS = {
    "builtin": "corpora, builtin limits",
    "calibrated": "corpora, these limits",
    "left_out": "corpora, others' limits",
    "halves_builtin": "halves, builtin limits",
    "halves_calibrated": "halves, these limits",
}


def limits_page(limits: Limits) -> Page:
    """Return the page of limits that follow from human corpora."""
    tokenizer = limits.tokenizer
    names = ", ".join(corpus.name for corpus in limits.corpora)
    return Page(
        [_corpora(limits), _constants(limits), _verdicts(limits)],
        head=f"Limits of the verdict from {len(limits.corpora)} human corpora: {names}",
        warnings=limits.warnings,
        tail=(
            f"Tokenizer: {tokenizer}.",
            "Others' limits: those of the corpora without the candidate, which took no part in "
            "them. Halves: of one corpus, so that they differ by chance alone.",
        ),
    )


def _corpora(limits: Limits) -> Grid:
    columns = [Column(("corpus",), number=False), Column(("tokens",)), Column(("documents",))]
    rows = [
        [Cell(corpus.name), Cell(count(corpus.tokens)), Cell(count(corpus.documents))]
        for corpus in limits.corpora
    ]
    return Grid(columns, rows)


def _constants(limits: Limits) -> Grid:
    columns = [
        Column(("limit of a loss",), number=False),
        Column(("builtin",)),
        Column(("now",)),
        Column(("set by",), number=False),
    ]
    own, builtin = asdict(limits.constants), asdict(Constants())
    rows, notes = [], []
    for name, (of, heavy) in _SHOWN.items():
        pair = limits.set_by(name)
        by = str(pair) if pair else "the builtin limit"
        rows.append([Cell(of), Cell(f"{builtin[name]:.2f}"), Cell(f"{own[name]:.2f}"), Cell(by)])
        notes += [
            f"The limit of a collapse, {each}, is now {own[each]:.2f} (builtin: "
            f"{builtin[each]:.2f})."
            for each in heavy
            if own[each] != builtin[each]
        ]
    if limits.constants == Constants():
        notes.append("No pair reaches a builtin limit, so the builtin limits hold for this text.")
    if limits.set_by("near"):
        notes.append(
            "The odds that an n-gram of fresh text is new must now fall below "
            f"x{math.exp(-own['near']):.2f} the baseline's to be a loss of tail (builtin: "
            f"x{math.exp(-builtin['near']):.2f}): less than that says nothing of this kind of text."
        )
    return Grid(columns, rows, "limits", notes)


def _verdicts(limits: Limits) -> Grid:
    columns = [
        Column(("pairs of",), number=False),
        *(Column((label,)) for label in (*LABELS, CANNOT_TELL)),
        Column(("false alarms", "% (95 %)")),
    ]
    rows = [
        [
            Cell(kind),
            *(
                Cell(count(verdicts.counts.get(label, 0)) if verdicts else DASH)
                for label in (*LABELS, CANNOT_TELL)
            ),
            Cell(_false_alarms(verdicts)),
        ]
        for name, kind in _KINDS.items()
        for verdicts in (limits.verdicts[name],)
    ]
    return Grid(columns, rows, "verdicts")


def _false_alarms(verdicts: Verdicts | None) -> str:
    if verdicts is None:
        return DASH
    share = percent(verdicts.false_alarms / verdicts.pairs)
    return f"{share} ({percent(verdicts.low)} to {percent(verdicts.high)})"
