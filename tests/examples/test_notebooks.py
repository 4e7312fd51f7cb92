"""Every notebook runs without an error, and shows about the figures that are stored in it.

The documentation of Python is the text of the notebooks, and it differs from one version to the
next, so the figures of the last cell may differ as well, within limits.
"""

import ast
import base64
import re
from pathlib import Path
from typing import Any

import nbformat
import notebooks
import pytest

RELATIVE, ABSOLUTE = 0.15, 0.03  # how far a figure may be from the stored one
DOCUMENTS = 3  # how far a number of documents may be
NOTHING_FOUND = ("within floor", "cannot tell")  # which of them, a little other text decides
LARGEST = 100_000  # bytes of an image
LARGEST_OF_ALL = 1_500_000  # bytes of all notebooks
PATHS = notebooks.stored()
each_notebook = pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)


def read(path: Path) -> Any:
    return nbformat.read(path, as_version=4)


def outputs(notebook: Any) -> list[Any]:
    return [out for cell in notebook.cells if cell.cell_type == "code" for out in cell.outputs]


def figures(notebook: Any) -> dict[str, Any]:
    """The dict that the last cell shows."""
    (shown,) = notebook.cells[-1].outputs
    found = ast.literal_eval(shown.data["text/plain"])
    assert isinstance(found, dict)
    return found


@pytest.mark.slow
@each_notebook
def test_a_notebook_runs_and_shows_what_is_stored(path: Path) -> None:
    stored, now = figures(read(path)), notebooks.executed(path)
    assert [out for out in outputs(now) if out.get("name") == "stderr"] == []
    found = figures(now)
    assert found.keys() == stored.keys()
    for name, value in found.items():
        assert alike(stored[name], value), f"{name}: {stored[name]} is stored, got {value}"


def alike(stored: Any, found: Any) -> bool:
    if isinstance(stored, float):
        return bool(found == pytest.approx(stored, rel=RELATIVE, abs=ABSOLUTE))
    if isinstance(stored, int):
        return abs(found - stored) <= DOCUMENTS
    return stored == found or {stored, found} == {*NOTHING_FOUND}


def test_figures_are_compared() -> None:
    assert alike(0.5, 0.55)
    assert not alike(0.5, 0.6)
    assert not alike(40, 30)
    assert alike("within floor", "cannot tell")
    assert not alike("loss of tail", "collapse")


@each_notebook
def test_what_is_stored_is_tidy(path: Path) -> None:
    assert nbformat.writes(notebooks.tidied(read(path))) + "\n" == path.read_text(), (
        f"run python tools/notebooks.py {path.name}"
    )


@each_notebook
def test_every_cell_was_run_and_images_are_small(path: Path) -> None:
    notebook = read(path)
    nbformat.validate(notebook)
    assert {out.output_type for out in outputs(notebook)} <= {
        "stream",
        "execute_result",
        "display_data",
    }
    shown = [out.get("data", {}) for out in outputs(notebook)]
    images = [data["image/png"] for data in shown if "image/png" in data]
    assert images
    assert all(len(base64.b64decode(image)) < LARGEST for image in images)
    assert all(cell.outputs for cell in notebook.cells if "show()" in cell.source)


@each_notebook
def test_links_lead_somewhere(path: Path) -> None:
    texts = [cell.source for cell in read(path).cells if cell.cell_type == "markdown"]
    for link in re.findall(r"\]\((?!https?:)([^)#]+)", "\n".join(texts)):
        assert (path.parent / link).exists(), link


def test_all_are_small() -> None:
    assert len(PATHS) == 5
    assert sum(path.stat().st_size for path in PATHS) < LARGEST_OF_ALL
