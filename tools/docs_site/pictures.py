"""Draw the pictures of the documentation, of the real output for its example files.

    make browser && python tools/docs_site/pictures.py docs/pictures

``page.png`` is the beginning of the page that ``--format html`` writes, ``terminal.svg`` what
``compare`` prints.
"""

import io
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from example_files import write_files
from rich.console import Console
from rich.text import Text

ROOT = Path(__file__).parents[2]
COMPARE = [sys.executable, "-m", "collapse_stats", "compare", "corpus/human"]
WIDTH = 80
SVG = """\
<svg viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg">
<style>
text {{ font-family: ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace;
  font-size: {char_height}px; line-height: {line_height}px; }}
{styles}
</style>
<defs><clipPath id="{unique_id}-clip-terminal">
<rect x="0" y="0" width="{terminal_width}" height="{terminal_height}"/></clipPath>
{lines}</defs>
{chrome}<g transform="translate({terminal_x}, {terminal_y})"
  clip-path="url(#{unique_id}-clip-terminal)">{backgrounds}
<g class="{unique_id}-matrix">{matrix}</g></g>
</svg>
"""
"""What rich writes, without fonts of other hosts."""


def terminal(folder: Path) -> str:
    """What the command prints, as a picture of a terminal."""
    candidates = ["corpus/gen1", "corpus/gen3", "corpus/gen5"]
    environment = os.environ | {"COLUMNS": str(WIDTH), "PYTHONPATH": os.pathsep.join(sys.path)}
    printed = subprocess.check_output(
        [*COMPARE, *candidates], cwd=folder, env=environment, text=True
    )
    console = Console(record=True, width=WIDTH + 2, file=io.StringIO())
    typed = f"$ collapse-stats compare corpus/human {' '.join(candidates)}"
    console.print(Text(f"{typed}\n\n{printed}"))
    return console.export_svg(title="", code_format=SVG, unique_id="terminal")


def page(folder: Path, picture: Path) -> None:
    """Take a picture of the page with charts."""
    candidates = [f"corpus/gen{number}" for number in range(1, 6)]
    html = folder / "page.html"
    subprocess.check_call([*COMPARE, *candidates, "--format", "html", "-o", str(html)], cwd=folder)
    script = str(Path(__file__).with_name("picture.mjs"))
    subprocess.check_call(
        ["node", script, str(ROOT / "build" / "browser"), str(html), str(picture)]
    )


def main() -> None:
    pictures = Path(sys.argv[1]).resolve()
    pictures.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        write_files(Path(name))
        (pictures / "terminal.svg").write_text(terminal(Path(name)), "utf-8")
        page(Path(name), pictures / "page.png")


if __name__ == "__main__":
    main()
