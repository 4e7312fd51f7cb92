"""The pages about Python have every public name."""

import re
from importlib import import_module
from inspect import isfunction
from pathlib import Path

import pytest

import collapse_stats as cs

API = Path(__file__).parents[2] / "docs" / "api"
PACKAGE = Path(cs.__file__).parent


def documented() -> set[str]:
    """What the pages ask autodoc for, by its dotted name."""
    pages = "".join(page.read_text("utf-8") for page in API.glob("*.rst"))
    return {*re.findall(r"^\.\. auto\w+:: ([\w.]+)$", pages, re.MULTILINE)}


@pytest.mark.parametrize("name", sorted({*cs.__all__} - {"__version__", "metrics"}))
def test_every_public_name_is_documented(name: str) -> None:
    assert f"collapse_stats.{name}" in documented()


@pytest.mark.parametrize("name", cs.metrics.__all__)
def test_every_figure_is_documented(name: str) -> None:
    modules = [path for path in documented() if path.startswith("collapse_stats.metrics.")]
    assert any(name in import_module(module).__all__ for module in modules)


def test_every_adapter_is_documented() -> None:
    shared = {"__init__", "callbacks", "learned"}
    adapters = {path.stem for path in (PACKAGE / "integrations").glob("*.py")} - shared
    assert {f"collapse_stats.integrations.{name}" for name in adapters} <= documented()


@pytest.mark.parametrize(
    "name", [n for n in cs.metrics.__all__ if isfunction(getattr(cs.metrics, n))]
)
def test_every_figure_has_its_formula_on_the_page_of_figures(name: str) -> None:
    assert re.search(rf"`{name}\b", (API.parent / "metrics.md").read_text("utf-8"))
