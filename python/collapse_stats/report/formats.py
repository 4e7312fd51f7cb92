"""A report as text, in each of the formats."""

import json
import re
from collections.abc import Callable
from typing import Any

from . import delimited, latex, markdown, table
from .grid import Page
from .json_object import Json
from .views.comparison import comparison_page, generations_of
from .views.corpus import corpus_page

FORMATS = ("table", "json", "csv", "markdown", "latex")
_UNSEEN = re.compile(  # what JSON leaves as it is, and terminals obey
    "[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]"
)


def render(
    report: Json, form: str, width: int = 100, *, color: bool = False, verbose: bool = False
) -> str:
    """Return a report as text in one of `FORMATS`; it ends with a newline.

    Parameters
    ----------
    width
        Columns of the format ``table``; the others do not depend on it.
    color
        Whether the format ``table`` has the control codes of terminals.
    verbose
        Whether ``table`` and ``markdown`` show everything that tables can show.

    Raises
    ------
    ValueError
        when there is no such format.
    """
    if form not in FORMATS:
        raise ValueError(f"the format must be one of {', '.join(FORMATS)}, got {form!r}")
    if form == "table":
        return table.draw(page_of(report, verbose=verbose), width=width, color=color)
    as_text: dict[str, Callable[[Json], str]] = {
        "json": json_text,
        "csv": delimited.write,
        "markdown": lambda report: markdown.write(page_of(report, verbose=verbose)),
        "latex": lambda report: latex.write(generations_of(report)),
    }
    return as_text[form](report)


def page_of(report: Json, *, verbose: bool = False) -> Page:
    """Return the page of a report: of its comparisons, or of its corpora if it has none."""
    if report["comparisons"]:
        return comparison_page(report, verbose=verbose)
    return corpus_page(report)


def json_text(content: Any) -> str:
    """Return an object as JSON, without characters that cannot be seen."""
    text = json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    return _UNSEEN.sub(lambda match: json.dumps(match[0])[1:-1], text)
