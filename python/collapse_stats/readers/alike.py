"""What several files have in common: warnings that are alike, and keys they are read under."""

import re
from collections.abc import Iterable
from pathlib import PurePath

from .directory.reasons import some


def joined(warnings: Iterable[tuple[str, str]]) -> list[str]:
    """Return warnings, each given with the path of its file; those alike are joined.

    What is joined says how many files there are, and names some of them.
    """
    return [_joined(group) for group in grouped_alike(warnings)]


def grouped_alike(warnings: Iterable[tuple[str, str]]) -> list[list[tuple[str, str]]]:
    """Return warnings, each given with a name, in groups alike but for that name and numbers."""
    alike: dict[str, list[tuple[str, str]]] = {}
    for name, warning in warnings:
        kind = re.sub(r"\d[\d.,]*", "#", warning.replace(name, "@"))
        alike.setdefault(kind, []).append((name, warning))
    return list(alike.values())


def _joined(group: list[tuple[str, str]]) -> str:
    first, more = group[0][1], [PurePath(path).name for path, _ in group[1:]]
    return f"{first} (likewise {len(more):,} more: {some(more)})" if more else first


def keys_apart(files: Iterable[tuple[str, tuple[str, ...]]]) -> list[str]:
    """Return a warning if not all files are read under the same keys; each is given with its."""
    groups: dict[tuple[str, ...], list[str]] = {}
    for path, keys in files:
        if keys:
            groups.setdefault(keys, []).append(path)
    if len(groups) < 2:
        return []
    found = ", ".join(
        f"{' and '.join(map(repr, keys))} in {len(paths):,} (such as {paths[0]})"
        for keys, paths in groups.items()
    )
    return [f"not all files are read under the same key: {found}"]
