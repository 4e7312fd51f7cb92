"""Figures of matplotlib, which is loaded here alone: their style, their size, their text."""

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from unicodedata import east_asian_width

from ..errors import CollapseStatsError
from ..report.wrapping import shortened
from .palette import GRID, INK, MUTED

if TYPE_CHECKING:
    from matplotlib.figure import Figure

INSTALL = "pip install 'collapse-stats[plot]'"
FONT = "DejaVu Sans"  # which comes with matplotlib, so that charts look alike everywhere
_OTHER_SCRIPTS = (
    "Noto Sans CJK SC",
    "Source Han Sans SC",
    "WenQuanYi Micro Hei",
    "PingFang SC",
    "Hiragino Sans GB",
    "Microsoft YaHei",
    "Noto Sans Devanagari",
    "Noto Sans Arabic",
    "Noto Sans Thai",
    "Arial Unicode MS",
)
WIDTH, HEIGHT = 4.8, 3.7  # inches of one chart
TITLE_HEIGHT = 0.3  # inches of its title, where it has one
POINTS = 72  # of an inch
_STYLE: dict[str, Any] = {
    "font.size": 9,
    "text.color": INK,
    "text.parse_math": False,  # names and n-grams are not formulas
    "axes.edgecolor": MUTED,
    "axes.labelcolor": MUTED,
    "axes.titlecolor": MUTED,
    "axes.titlesize": 9,
    "axes.titlelocation": "left",
    "axes.linewidth": 0.7,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.spines.left": False,
    "axes.grid": True,
    "axes.grid.axis": "y",
    "axes.axisbelow": True,
    "grid.color": GRID,
    "grid.linewidth": 0.7,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "xtick.major.size": 3,
    "ytick.major.size": 0,
    "xtick.minor.size": 0,
    "ytick.minor.size": 0,
    "legend.frameon": False,
    "legend.borderaxespad": 0,
    "legend.handlelength": 1.6,
    "svg.fonttype": "none",
    "svg.hashsalt": "collapse-stats",
}


def is_there() -> bool:
    """Whether matplotlib can be loaded."""
    try:
        import matplotlib.figure  # noqa: F401
    except ImportError:
        return False
    return True


def check_is_there() -> None:
    """Raise CollapseStatsError if matplotlib is missing."""
    if not is_there():
        raise CollapseStatsError(f"charts need matplotlib: {INSTALL}")


@contextmanager
def style(fonts: Sequence[str] = (FONT,)) -> Iterator[None]:
    """Draw in the style of the charts, whatever the user's own; glyphs that are missing are quiet.

    Raises
    ------
    CollapseStatsError
        matplotlib is missing.
    """
    check_is_there()
    from matplotlib.style import context

    with warnings.catch_warnings(), context(["default", _STYLE, {"font.family": [*fonts]}]):
        warnings.filterwarnings("ignore", "Glyph .* missing from", UserWarning)
        yield


def fonts_for(ending: str) -> list[str]:
    """Return the fonts of a picture: for all but SVG also those of other scripts that are there."""
    if ending == "svg":
        return [FONT]
    from matplotlib.font_manager import fontManager

    there = {font.name for font in fontManager.ttflist}
    return [FONT, *(name for name in _OTHER_SCRIPTS if name in there)]


def new_figure(charts: int = 1, columns: int = 1, *, titles: bool = False) -> "Figure":
    """Return an empty figure that has room for some charts, and perhaps for their titles."""
    from matplotlib.figure import Figure

    rows = -(-charts // columns)
    height = HEIGHT + TITLE_HEIGHT * titles
    return Figure(figsize=(WIDTH * min(charts, columns), height * rows))


def text_width(text: str, size: float = 9) -> float:
    """Return about how many points wide a text is, in any font."""
    return size * sum(map(_em, text))


def fitted(text: str, room: float, size: float = 9) -> str:
    """Return a text with its middle left out, if it is wider than some points."""
    letters = len(text)
    while text_width(shortened(text, letters), size) > room and letters > 1:
        letters -= 1
    return shortened(text, letters)


def _em(sign: str) -> float:
    if east_asian_width(sign) in "WF":
        return 1.0
    return 0.9 if sign.isupper() or sign in "mw@%" else 0.6
