"""The cache of the Hugging Face hub: files in ``blobs``, and links to them for each revision."""

from collections.abc import Collection
from pathlib import Path

from ...errors import InputError


def other_than_data(folder: Path, names: Collection[str]) -> tuple[list[str], list[str]]:
    """Return what is not read of a folder: its own files, and revisions other than the current one.

    Input: the names in the folder, which may be a repository in the cache, or its ``snapshots``.

    Raises
    ------
    InputError
        There are several revisions, and none is the current one.
    """
    if "blobs" in names and "snapshots" in names:
        return sorted({*names} - {"snapshots"}), []
    if folder.name != "snapshots" or not (folder.parent / "blobs").is_dir() or len(names) < 2:
        return [], []
    try:
        current = (folder.parent / "refs" / "main").read_text("utf-8").strip()
    except (OSError, ValueError):
        current = ""
    if current not in names:
        raise InputError(
            f"{folder}: holds {len(names):,} revisions of one repository, "
            f"{', '.join(sorted(names)[:3])}, and refs/main names none of them: give one of these "
            "directories"
        )
    return [], sorted({*names} - {current})
