"""Reports: figures as one JSON object, and that object as a table, CSV or Markdown.

Everything printed is read from the object. JSON and CSV have every figure, tables some of them.
"""

from .figures import corpus_figures, make_report, schema
from .formats import FORMATS, render

__all__ = ["FORMATS", "corpus_figures", "make_report", "render", "schema"]
