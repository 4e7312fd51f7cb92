"""Options that are written once: fields of a dataclass, each with the text that describes it.

The keywords of `cs.profile` and `cs.compare`, their ``help()`` and the command's options are all
made from such fields.
"""

from dataclasses import Field, dataclass, fields
from typing import Any

_KEY = "option"


@dataclass(frozen=True, slots=True)
class OptionText:
    """What a user reads about an option.

    Attributes
    ----------
    help
        Full sentences, for the command line and for ``help()``.
    metavar
        What stands for the value on the command line; None for choices and flags.
    choices
        The values that are allowed, if there are few.
    minimum
        The smallest number that is allowed on the command line.
    folder
        Whether the value is a directory, which must exist.
    """

    help: str
    metavar: str | None = None
    choices: tuple[str, ...] = ()
    minimum: int | None = None
    folder: bool = False


def described(
    text: str,
    metavar: str | None = None,
    *,
    choices: tuple[str, ...] = (),
    minimum: int | None = None,
    folder: bool = False,
) -> dict[str, OptionText]:
    """Metadata that make a dataclass field an option; a field without them is internal."""
    return {_KEY: OptionText(text, metavar, choices, minimum, folder)}


def options_in(kind: type) -> dict[str, tuple[Field[Any], OptionText]]:
    """Name -> the field and the text of each option of a dataclass, in their order."""
    return {f.name: (f, f.metadata[_KEY]) for f in fields(kind) if _KEY in f.metadata}
