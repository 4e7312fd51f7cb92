"""Directories that a JSON file describes: what they are of, and which files they hold."""

import json
from collections.abc import Callable
from typing import Any, TypeVar

from ...counting.saved_file import Folder, damaged
from ...errors import InputError
from ..folders import is_there
from ..json_field import Field
from ..manifest import digest_of

T = TypeVar("T")


def signed(content: dict[str, Any]) -> bytes:
    """Return a description as it is written, with the SHA-256 of it all."""
    text = json.dumps(content | {"sha256": digest_of(content)}, indent=1)
    return f"{text}\n".encode()


def read_described(
    path: Folder, name: str, what: dict[str, Any], parsed: Callable[[Field], T]
) -> T | None:
    """Return what a directory holds, None if there is none.

    Parameters
    ----------
    name
        The file that describes it.
    what
        Fields that must be as given here.
    parsed
        Makes what is returned of the description.

    Raises
    ------
    InputError
        It is damaged, or is not of what is expected.
    """
    if not is_there(path, name):
        return None
    remedy = f"remove {path}, and run this again"
    try:
        content = json.loads((path / name).read_bytes())
        if content["sha256"] != digest_of(content):
            raise ValueError("it is not what was written")
        found = parsed(Field(content))
    except (InputError, OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{damaged(path, name, str(error))}: {remedy}") from error
    for field, expected in what.items():
        if content.get(field) != expected:
            raise InputError(
                f"{path} is of another {field} ({content.get(field)}, expected {expected}): "
                f"{remedy}"
            )
    return found
