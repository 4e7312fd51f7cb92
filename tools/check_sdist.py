"""Check that a source distribution has every file that git tracks, and no other.

    python tools/check_sdist.py dist/collapse_stats-0.1.0.tar.gz

What `sdist.exclude` of pyproject.toml names is left out on purpose. The wheels are built from the
source distribution, which shows that it has all that a build needs.
"""

import subprocess
import sys
import tarfile
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]
ADDED = {"PKG-INFO"}  # by the build
NEEDED = {"LICENSE", "README.md", "CMakeLists.txt", "pyproject.toml"}


def tracked() -> set[str]:
    """Names of the files that git tracks, without those that are left out on purpose."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True
    )
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["scikit-build"]
    left_out = tuple(f"{name}/" for name in settings["sdist"]["exclude"])
    return {name for name in listed.stdout.split("\0") if name and not name.startswith(left_out)}


def contained(sdist: Path) -> set[str]:
    """Names of the files and links in an archive, below its one folder."""
    with tarfile.open(sdist) as archive:
        names = [member.name for member in archive if not member.isdir()]
    folder = sdist.name.removesuffix(".tar.gz")
    outside = [name for name in names if not name.startswith(f"{folder}/")]
    if outside:
        raise SystemExit(f"{sdist}: everything should lie in {folder}/, but not {outside[:5]}")
    return {name.removeprefix(f"{folder}/") for name in names}


def main(path: str) -> None:
    """Exit with 1 and the names if anything is missing or too much."""
    expected, there = tracked(), contained(Path(path))
    problems = [f"missing: {name}" for name in sorted((expected | NEEDED) - there)]
    problems += [f"not tracked by git: {name}" for name in sorted(there - expected - ADDED)]
    if problems:
        raise SystemExit("\n".join([f"{path} is not what git tracks:", *problems]))
    print(f"{path}: {len(there)} files, all that git tracks and no other")


if __name__ == "__main__":
    main(*sys.argv[1:])
