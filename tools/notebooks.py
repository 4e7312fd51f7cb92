"""Run the notebooks of examples/notebooks and store what they show.

python tools/notebooks.py [examples/notebooks/1-two-corpora.ipynb ...]

Without arguments, all of them are run. Edit a notebook in Jupyter or in an editor, run this, and
look at the result: what is stored has the outputs and nothing that differs from one run to the
next, such as the numbers and times of executions. It needs `pip install '.[notebooks]'`.
"""

import argparse
import tempfile
import time
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient

NOTEBOOKS = Path(__file__).parents[1] / "examples" / "notebooks"
SECONDS = 300  # for a cell
_KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}


def stored() -> list[Path]:
    """The notebooks, in the order in which they are read."""
    return sorted(NOTEBOOKS.glob("*.ipynb"))


def executed(path: Path) -> Any:
    """Run a notebook with this Python, in an empty folder, and return it with what it showed.

    Raises
    ------
    nbclient.exceptions.CellExecutionError
        A cell raised an error, which is in the message.
    """
    notebook = tidied(nbformat.read(path, as_version=4))
    with tempfile.TemporaryDirectory() as folder:
        NotebookClient(
            notebook,
            kernel_name="python3",
            extra_arguments=["--log-level=ERROR"],  # that it listens on a port of this machine
            timeout=SECONDS,
            resources={"metadata": {"path": folder}},
        ).execute()
    return tidied(notebook)


def tidied(notebook: Any) -> Any:
    """Remove from a notebook what depends on the run, or on who edited it; return the notebook."""
    notebook.metadata = nbformat.from_dict({"kernelspec": _KERNEL})
    for number, cell in enumerate(notebook.cells, 1):
        cell.id, cell.metadata = f"cell-{number}", nbformat.from_dict({})
        if cell.cell_type == "code":
            cell.execution_count = None
            for output in cell.outputs:
                if "execution_count" in output:
                    output.execution_count = None
                if "metadata" in output:
                    output.metadata = nbformat.from_dict({})
    return notebook


def main() -> None:
    """Run the notebooks that are named, and write each back."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("paths", type=Path, nargs="*", metavar="NOTEBOOK")
    for path in parser.parse_args().paths or stored():
        begun = time.perf_counter()
        notebook = executed(path)
        nbformat.write(notebook, path)
        size = path.stat().st_size / 1000
        print(f"{path.name}: {time.perf_counter() - begun:.0f} s, {size:.0f} kB")


if __name__ == "__main__":
    main()
