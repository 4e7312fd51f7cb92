"""Draw the pictures of the documentation, of the real output for its example files.

    make browser && python tools/docs_site/pictures.py docs/pictures

``page.png`` is the beginning of the page that ``--format html`` writes, ``terminal.svg`` what
``compare`` prints.
"""

import io
import subprocess
import sys
import tempfile
from pathlib import Path

from example_files import write_files
from rich.console import Console
from rich.text import Text

ROOT = Path(__file__).parents[2]
COMPARE = ["compare", "corpus/human", *(f"corpus/gen{number}" for number in range(1, 6))]
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
    command = ["collapse-stats", "compare", *COMPARE[1:3], "corpus/gen3", "corpus/gen5"]
    result = subprocess.run(
        [sys.executable, "-m", "collapse_stats", *command[1:]],
        cwd=folder,
        env={"COLUMNS": str(WIDTH), "PATH": "", "PYTHONPATH": ":".join(sys.path)},
        capture_output=True,
        text=True,
        check=True,
    )
    console = Console(record=True, width=WIDTH + 2, file=io.StringIO())
    console.print(Text(f"$ {' '.join(command)}\n\n{result.stdout}"))
    return console.export_svg(title="", code_format=SVG, unique_id="terminal")


def page(folder: Path, picture: Path) -> None:
    """Take a picture of the page with charts."""
    command = [*COMPARE, "--format", "html", "-o", "page.html"]
    subprocess.run([sys.executable, "-m", "collapse_stats", *command], cwd=folder, check=True)
    script = Path(__file__).with_name("picture.mjs")
    browser = ROOT / "build" / "browser"
    command = ["node", str(script), str(browser), str(folder / "page.html"), str(picture)]
    subprocess.run(command, check=True)


def main() -> None:
    pictures = Path(sys.argv[1]).resolve()
    pictures.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        write_files(Path(name))
        (pictures / "terminal.svg").write_text(terminal(Path(name)), "utf-8")
        page(Path(name), pictures / "page.png")


if __name__ == "__main__":
    main()
