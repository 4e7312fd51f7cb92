"""The checks of source distribution and wheels notice what is missing and what is too much."""

import io
import tarfile
import zipfile
from pathlib import Path

import check_sdist
import check_wheel
import pytest

pytestmark = pytest.mark.skipif(
    not (check_sdist.ROOT / ".git").exists(), reason="git says which files there should be"
)
SDIST = "collapse_stats-0.1.0"
MODULES = ["collapse_stats/_native.cpython-311.so", "collapse_stats/_cuda.cpython-311.so"]


def sdist(folder: Path, names: set[str]) -> str:
    """Write a source distribution of empty files."""
    path = folder / f"{SDIST}.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        for name in sorted(names):
            archive.addfile(tarfile.TarInfo(f"{SDIST}/{name}"), io.BytesIO())
    return str(path)


def wheel(folder: Path, without: str = "", more: str = "") -> Path:
    """Write a wheel of empty files: those of the package, the modules and the license."""
    files = {str(p.relative_to(check_wheel.ROOT / "python")) for p in package_files()}
    license_ = f"{SDIST}.dist-info/licenses/LICENSE"
    path = folder / f"{SDIST}-cp311-cp311-linux_x86_64.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for name in {*files, *MODULES, license_, more} - {without, ""}:
            archive.writestr(name, b"")
    return path


def package_files() -> list[Path]:
    """The files of the package as they lie in the repository, without what was built."""
    found = (check_wheel.ROOT / "python" / "collapse_stats").rglob("*")
    return [p for p in found if p.is_file() and p.suffix not in (".so", ".pyc")]


def test_a_whole_source_distribution_passes(tmp_path, capsys):
    check_sdist.main(sdist(tmp_path, {*check_sdist.tracked(), "PKG-INFO"}))
    assert "all that git tracks and no other" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["LICENSE", "csrc/counter.cpp", "docs/metrics.md"])
def test_a_file_that_is_missing_is_named(name, tmp_path):
    with pytest.raises(SystemExit, match=f"missing: {name}"):
        check_sdist.main(sdist(tmp_path, check_sdist.tracked() - {name}))


@pytest.mark.parametrize("name", ["python/collapse_stats/_native.so", ".venv/pyvenv.cfg"])
def test_a_file_too_much_is_named(name, tmp_path):
    with pytest.raises(SystemExit, match=f"not tracked by git: {name}"):
        check_sdist.main(sdist(tmp_path, {*check_sdist.tracked(), name}))


def test_a_whole_wheel_passes(tmp_path):
    check_wheel.check_contents(wheel(tmp_path))


@pytest.mark.parametrize(
    ("without", "said"),
    [
        ("collapse_stats/py.typed", "missing: collapse_stats/py.typed"),
        ("collapse_stats/data/metrics.md", "missing: collapse_stats/data/metrics.md"),
        (MODULES[1], r"compiled modules are \['_native'\]"),
        (f"{SDIST}.dist-info/licenses/LICENSE", "missing: the license"),
    ],
)
def test_a_wheel_without_something_is_refused(without, said, tmp_path):
    with pytest.raises(SystemExit, match=said):
        check_wheel.check_contents(wheel(tmp_path, without=without))


@pytest.mark.parametrize("name", ["collapse_stats/notes.txt", "collapse_stats/_cuda_emulated.so"])
def test_a_wheel_with_something_else_is_refused(name, tmp_path):
    with pytest.raises(SystemExit, match=r"not tracked by git|compiled modules are"):
        check_wheel.check_contents(wheel(tmp_path, more=name))
