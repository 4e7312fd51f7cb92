"""The documentation as a site, made by Sphinx: `make site` builds it into build/site.

Its source is the repository, of which these pages are taken. So links from file to file are right
in the repository and on the site.
"""

from typing import Any

import collapse_stats

project = "collapse-stats"
release = version = collapse_stats.__version__
root_doc = "docs/index"
include_patterns = [
    "docs/**",
    "benchmarks/README.md",
    "examples/notebooks/*.ipynb",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "python/collapse_stats/data/README.md",
    "tests/ptx/README.md",
]
exclude_patterns = [".*", "build", "csrc", "dist", "src", "tools"]

extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx_copybutton"]
default_role = "py:obj"  # what stands in single backticks in docstrings
nb_execution_mode = "off"  # notebooks show what they have stored
myst_heading_anchors = 4  # the anchors that GitHub gives to headings
myst_enable_extensions = ["attrs_inline"]
add_module_names = False
autodoc_member_order = "bysource"
autodoc_typehints = "none"  # the signature has them
autodoc_mock_imports = ["lightning", "torch", "torchmetrics", "transformers", "trl"]
napoleon_use_ivar = True
napoleon_use_rtype = False
python_use_unqualified_type_names = True
toc_object_entries_show_parents = "hide"
copybutton_prompt_text = "$ "
copybutton_line_continuation_character = "\\"

html_theme = "furo"
pygments_style = "a11y-light"
pygments_dark_style = "a11y-dark"
html_title = "collapse-stats"
html_static_path = ["static"]
html_css_files = ["site.css"]
html_extra_path = ["top"]  # index.html, which leads to the first page
html_copy_source = False
html_show_copyright = False
html_show_sphinx = False
html_theme_options = {"navigation_with_keys": True}


def setup(app: Any) -> None:
    """Called by Sphinx."""
    app.connect("autodoc-process-docstring", name_examples, priority=400)  # before napoleon's


def name_examples(*arguments: Any) -> None:
    """Give the examples that end a docstring a heading, or they would belong to what is above."""
    lines: list[str] = arguments[-1]
    first = next((i for i, line in enumerate(lines) if line.startswith(">>> ")), None)
    if first is not None:
        lines[first:first] = ["Examples", "--------"]
