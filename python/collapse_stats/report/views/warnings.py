"""The warnings of a report, those that are alike joined."""

from collections.abc import Sequence

from ...comparisons.cautions import COPIES, holds_of_most
from ...readers.alike import grouped_alike
from ..figures import NOT_GIVEN
from ..grid import printable
from ..json_object import Json


def warnings_of(report: Json, *, news: bool = False) -> list[str]:
    """Return warnings with the names that they hold for; alike but for numbers, they are joined.

    With `news`, those are left out that hold of most corpora, and those about copies that the
    verdict speaks of.
    """
    warnings: list[tuple[str, str]] = []
    for corpus in report["corpora"]:
        warnings += [(corpus["name"], w) for w in corpus["warnings"] if NOT_GIVEN not in w]
    first = report["corpora"][0]["name"]
    known = {f"{name}: {warning}" for name, warning in warnings}
    for comparison in report["comparisons"]:
        if comparison["baseline"] == first:
            name = comparison["candidate"]
            new = (w for w in comparison["warnings"] if NOT_GIVEN not in w and w not in known)
            warnings += [(name, w) for w in new]
    if news:
        warnings = [(name, warning) for name, warning in warnings if not holds_of_most(warning)]
        judged = {each["candidate"] for each in report["comparisons"] if _judges_copies(each)}
        warnings = [pair for pair in warnings if not (pair[0] in judged and COPIES in pair[1])]
    return [joined(group) for group in grouped_alike(warnings)]


def _judges_copies(comparison: Json) -> bool:
    """Whether the reasons of the verdict name the share of copies."""
    baseline, candidate = comparison["duplicate_documents"].values()
    limit = comparison["constants"]["reported_copies"]
    return baseline is not None and candidate - baseline >= limit


def joined(group: list[tuple[str, str]]) -> str:
    """Return a text once for the names that it holds for, with the numbers of the first."""
    names = list(dict.fromkeys(name for name, _ in group))
    first, warning = group[0]
    if len({warning for _, warning in group}) == 1:
        return printable(f"{named(names)}: {warning}")
    others = [name for name in names if name != first]
    alike = f" (likewise {named(others)})" if others else ""
    return printable(f"{first}: {warning}{alike}")


def named(names: Sequence[str]) -> str:
    """Return names as part of a sentence, of many the first and the last."""
    if len(names) <= 4:
        return ", ".join(names)
    return f"{names[0]} … {names[-1]} ({len(names)} of them)"
