"""Reports: figures as one JSON object, and that object as a table, CSV or Markdown.

Everything printed is read from the object. JSON and CSV have every figure, tables some of them.
"""

from .contents.rare_tokens import add_rare_perplexity
from .figures import corpus_figures, make_report, schema
from .formats import FORMATS, render

__all__ = [
    "FORMATS",
    "add_rare_perplexity",
    "corpus_figures",
    "make_report",
    "render",
    "schema",
]
