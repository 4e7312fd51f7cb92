"""What a user may have meant by a name that there is not."""

from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return `` (did you mean 'content'?)`` for a name like a known one, "" if none is like it.

    >>> did_you_mean("contnet", ["id", "content"])
    " (did you mean 'content'?)"
    """
    by_lower = {each.lower(): each for each in known}
    if len(name) > 255:  # no name, and comparing it would take long
        return ""
    found = get_close_matches(name.lower(), by_lower, n=1)
    return f" (did you mean {by_lower[found[0]]!r}?)" if found else ""


def similar_path(name: str) -> str:
    """Return the same for a path that does not exist, by what lies in its last folder there is."""
    path = Path(name)
    try:
        for folder in path.parents:
            if folder.is_dir():
                first, *rest = path.relative_to(folder).parts
                siblings = [each.name for each in folder.iterdir()]
                found = get_close_matches(first.lower(), map(str.lower, siblings), n=1)
                if not found:
                    return ""
                alike = folder / next(each for each in siblings if each.lower() == found[0])
                whole = alike.joinpath(*rest)
                return f" (did you mean '{whole if whole.exists() else alike}'?)"
    except (OSError, ValueError):
        pass
    return ""
