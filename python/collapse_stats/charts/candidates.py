"""The candidates of a report as the charts show them: which of them, and in which order."""

from dataclasses import dataclass
from itertools import pairwise

from ..report.json_object import Json
from ..verdict.rule import LABELS, LOSS_OF_TAIL
from .names import line_names, numbered
from .palette import MARKERS, STEPS, of_step


@dataclass(frozen=True, slots=True)
class Line:
    """A candidate that is drawn as a line."""

    comparison: Json
    label: str
    color: str
    marker: str


def against_baseline(report: Json) -> list[Json]:
    """Return the comparisons with the first baseline of the report, in order."""
    comparisons = report["comparisons"]
    return [each for each in comparisons if each["baseline"] == comparisons[0]["baseline"]]


def names_of(report: Json) -> list[str]:
    """Return the names of the candidates, in order."""
    return [each["candidate"] for each in against_baseline(report)]


def corpus_of(report: Json, name: str) -> Json:
    """Return the corpus of that name."""
    corpora: list[Json] = report["corpora"]
    return next(corpus for corpus in corpora if corpus["name"] == name)


def is_series(report: Json) -> bool:
    """Whether the candidates are steps of one run: their names are numbered upwards."""
    parts = numbered(names_of(report))
    return parts is not None and parts.is_rising


def lines(report: Json) -> list[Line]:
    """Return the candidates that a chart draws as lines, at most `STEPS` of them.

    These are the first, the last, and those at which the verdict changes; where there is room,
    others between them.
    """
    comparisons = against_baseline(report)
    labels = line_names([each["candidate"] for each in comparisons])
    chosen = _chosen([each["verdict"] for each in comparisons])
    return [
        Line(comparisons[at], labels[at], of_step(i, len(chosen)), MARKERS[i])
        for i, at in enumerate(chosen)
    ]


def how_many(report: Json) -> str:
    """Return the end of a sentence that says how many candidates are drawn, if not all are."""
    every, drawn = len(against_baseline(report)), len(lines(report))
    return "" if drawn == every else f" ({drawn} of {every} candidates are drawn)"


def onsets(report: Json) -> dict[str, int]:
    """Return from loss of tail on by verdict the place of the first candidate that is as severe.

    Candidates are judged against the baseline and against the first of them, as the verdict on the
    run is. A verdict that begins where a more severe one begins is left out.
    """
    names = names_of(report)
    severity = dict.fromkeys(names, -1)
    for each in report["comparisons"]:
        name, label = each["candidate"], each["verdict"]
        if label in LABELS and name in severity:
            severity[name] = max(severity[name], LABELS.index(label))
    begins = {}
    for rank in range(LABELS.index(LOSS_OF_TAIL), len(LABELS)):
        at = next((i for i, name in enumerate(names) if severity[name] >= rank), None)
        if at is not None:
            begins[at] = LABELS[rank]
    return {label: at for at, label in begins.items()}


def _chosen(verdicts: list[str]) -> list[int]:
    """Return the places of the candidates that are drawn as lines."""
    changes = [i for i in range(1, len(verdicts) - 1) if verdicts[i] != verdicts[i - 1]]
    if len(changes) > STEPS - 2:
        changes = [i for i in changes if verdicts[i] not in verdicts[:i]][: STEPS - 2]
    chosen = sorted({0, *changes, len(verdicts) - 1})
    while len(chosen) < min(STEPS, len(verdicts)):
        gaps = [(after - before, -before) for before, after in pairwise(chosen)]
        widest, before = max(gaps)
        chosen = sorted([*chosen, widest // 2 - before])
    return chosen
