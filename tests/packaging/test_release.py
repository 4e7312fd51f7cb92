"""What a release says about itself is the same everywhere, and its workflows call what exists."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))


def found(pattern: str, name: str) -> str:
    """The first group of a pattern in a file of the repository."""
    match = re.search(pattern, (ROOT / name).read_text(), re.MULTILINE)
    assert match, f"{name} has nothing like {pattern}"
    return match[1]


def test_the_version_is_the_same_everywhere():
    version = found(r'^__version__ = "(.+)"$', "python/collapse_stats/version.py")
    assert found(r"^version: (\S+)$", "CITATION.cff") == version
    assert found(r"^## (\d+\.\d+\.\d+)", "CHANGELOG.md") == version


def test_the_license_is_the_same_everywhere():
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert found(r"^license: (\S+)$", "CITATION.cff") == settings["license"]
    assert "Apache License" in (ROOT / "LICENSE").read_text()


def made(job: dict[str, Any]) -> set[str]:
    """The targets that the steps of a job make, with those of its matrix."""
    matrix = job.get("strategy", {}).get("matrix", {})
    variants = {*matrix.get("target", ()), *(more["target"] for more in matrix.get("include", ()))}
    commands = [step["run"] for step in job["steps"] if step.get("run", "").startswith("make ")]
    targets = {word for line in commands for word in re.sub(r"#.*|\${{.*?}}", "", line).split()[1:]}
    return targets | variants


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_workflows_call_targets_of_the_makefile(path):
    rules = set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    jobs = yaml.safe_load(path.read_text())["jobs"].values()
    called = set().union(*map(made, jobs))
    assert called, f"{path.name} calls no target of the Makefile"
    assert called <= rules, f"the Makefile lacks {sorted(called - rules)}"


def test_wheels_are_built_for_the_pythons_that_are_promised():
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())
    minors = re.findall(r"cp3(\d+)-\*", settings["tool"]["cibuildwheel"]["build"])
    prefix = "Programming Language :: Python :: 3."
    promised = [
        c.removeprefix(prefix) for c in settings["project"]["classifiers"] if c.startswith(prefix)
    ]
    assert minors == promised
    assert settings["project"]["requires-python"] == f">=3.{minors[0]}"
