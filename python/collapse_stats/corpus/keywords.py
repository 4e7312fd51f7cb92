"""Keywords of the public functions that read and count, made from the options' dataclasses."""

import inspect
import textwrap
from collections.abc import Callable, Mapping
from inspect import Parameter
from typing import Any, TypeVar

from ..backends.options import CountKeywords, CountOptions
from ..readers.options import ReadKeywords, ReadOptions
from ..system.option import options_in

_OPTIONS = options_in(ReadOptions) | options_in(CountOptions)
F = TypeVar("F", bound=Callable[..., Any])
T = TypeVar("T")


class Keywords(ReadKeywords, CountKeywords, total=False):
    """Every option of reading and counting, as a keyword."""


def options_of(keywords: Keywords) -> tuple[ReadOptions, CountOptions]:
    """The options that keywords give.

    Raises
    ------
    TypeError
        A keyword is not an option.
    """
    unknown = next((name for name in keywords if name not in _OPTIONS), None)
    if unknown is not None:
        raise TypeError(f"got an unexpected keyword argument {unknown!r}")
    return _made(ReadOptions, keywords), _made(CountOptions, keywords)


def with_options(function: F) -> F:
    """Show the options in the signature and the docstring of a function with ``**keywords``."""
    signature = inspect.signature(function)
    own = [p for p in signature.parameters.values() if p.kind is not p.VAR_KEYWORD]
    options = [
        Parameter(name, Parameter.KEYWORD_ONLY, default=f.default, annotation=f.type)
        for name, (f, _) in _OPTIONS.items()
    ]
    documented: Any = function
    documented.__signature__ = signature.replace(parameters=own + options)
    if function.__doc__:  # there is none under python -OO
        lines = inspect.cleandoc(function.__doc__).split("\n")
        at = lines.index("**keywords")
        lines[at : at + 2] = [line for name in _OPTIONS for line in _description(name)]
        documented.__doc__ = "\n".join(lines)
    return function


def _description(name: str) -> list[str]:
    text = _OPTIONS[name][1].help
    return [name, *textwrap.wrap(text, 96, initial_indent="    ", subsequent_indent="    ")]


def _made(kind: type[T], keywords: Mapping[str, Any]) -> T:
    own = options_in(kind)
    return kind(**{name: value for name, value in keywords.items() if name in own})
