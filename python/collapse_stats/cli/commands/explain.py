"""``explain``: what a figure means."""

import click

from ...report import explanation
from ...report.wrapping import wrapped
from ..output import text_width, write


@click.command()
@click.argument("figure", metavar="FIGURE", nargs=-1)
def explain(figure: tuple[str, ...]) -> None:
    """Say what a figure means, and when not to use it.

    Without a FIGURE, all that can be explained is listed. FIGURE is its name in
    Python, its key in JSON or CSV, or its heading in a table: chao1, js_bits, 'rare tokens', odds.
    Topics such as floors, errors or retention are explained as well.
    """
    paragraphs = explanation.explain(" ".join(figure)) if figure else explanation.topics()
    lines = [line for each in paragraphs for line in _indented(each, text_width())]
    write("".join(f"{line}\n" for line in lines))


def _indented(paragraph: str, width: int) -> list[str]:
    """A paragraph in lines, all as far from the left as the first."""
    text = paragraph.lstrip(" ")
    space = " " * (len(paragraph) - len(text))
    return [space + line for line in wrapped(text, width - len(space))]
