"""Saved profiles changed by hand, and digests that fit again, by docs/profile-format.md."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any


def manifest_of(folder: Path) -> dict[str, Any]:
    """The manifest of a profile."""
    content: dict[str, Any] = json.loads((folder / "manifest.json").read_text())
    return content


def sealed(content: Any) -> Any:
    """The manifest with its digest computed again."""
    if isinstance(content, dict):
        others = {key: value for key, value in content.items() if key != "sha256"}
        canonical = json.dumps(others, sort_keys=True, separators=(",", ":"))
        content = others | {"sha256": hashlib.sha256(canonical.encode()).hexdigest()}
    return content


def edit(folder: Path, change: Callable[[dict[str, Any]], Any]) -> None:
    """Change the manifest of a profile, and make its digest fit."""
    content = manifest_of(folder)
    change(content)
    (folder / "manifest.json").write_text(json.dumps(sealed(content)))


def reseal(folder: Path) -> None:
    """Make all sizes and digests of a profile fit its files."""

    def of_files(content: dict[str, Any]) -> None:
        for entry in (content["spectra"], content["sample"], *(content["parts"] or ())):
            data = (folder / entry["file"]).read_bytes()
            entry.update(bytes=len(data), sha256=hashlib.sha256(data).hexdigest())

    edit(folder, of_files)
