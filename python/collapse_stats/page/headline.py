"""What a report says, in words that stand above everything else."""

from ..report.grid import printable
from ..report.json_object import Json
from ..verdict.rule import CANNOT_TELL, LABELS


def headline(report: Json) -> str:
    """Return the finding in a few words: "Loss of tail from gen2 on, collapse from gen5 on"."""
    comparisons, series = report["comparisons"], report["series"]
    if not comparisons:
        corpus = report["corpora"][0]
        return printable(f"{corpus['name']}: {corpus['tokens']:,} tokens, {_varied(corpus)}")
    if series is None:
        only = comparisons[0]
        return printable(f"{only['candidate']} against {only['baseline']}: {only['verdict']}")
    reasons = series["reasons"]
    if all(reason.startswith((*LABELS, CANNOT_TELL)) for reason in reasons):
        found = ", ".join(reasons)
    elif series["since"] is None:
        found = f"{series['verdict']}: {', '.join(reasons)}"
    else:
        found = f"{series['verdict']} at {series['since']}, by the trend of the run"
    return printable(found[:1].upper() + found[1:])


def lead(report: Json) -> str:
    """Return what is compared with what, in a sentence."""
    comparisons = report["comparisons"]
    if not comparisons:
        return ""
    against = [each for each in comparisons if each["baseline"] == comparisons[0]["baseline"]]
    if len(against) == 1:
        return printable(f"{against[0]['candidate']} is compared with {against[0]['baseline']}.")
    first, last = against[0]["candidate"], against[-1]["candidate"]
    return printable(
        f"{len(against)} candidates, {first} to {last}, are compared with {against[0]['baseline']}."
    )


def _varied(corpus: Json) -> str:
    distinct = corpus["orders"]["1"]["distinct"]
    return f"{distinct:,} of them distinct"
