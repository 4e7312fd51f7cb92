"""The check of arguments against their annotations, one for all public functions.

What is annotated ``int`` must be a whole number: an int, or what NumPy and torch use for one.
Nothing is rounded, and True is no number. Annotations that say less, such as ``object`` or those
of arrays, are left to the function.
"""

import inspect
import os
from collections.abc import Callable, Iterable, Mapping
from functools import cache, wraps
from operator import index
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

import numpy as np
import numpy.typing as npt

F = TypeVar("F", bound=Callable[..., Any])
C = TypeVar("C", bound=type)

_CHECKED = "_collapse_stats_checked"
_NAMES: dict[Any, str] = {
    int: "a whole number",
    float: "a number",
    bool: "True or False",
    str: "a string",
    os.PathLike: "a path",
    NoneType: "None",
}


def checked(function: F) -> F:
    """Return the function with a check of its arguments before it is called.

    Raises
    ------
    TypeError
        An argument is not what its annotation says, is missing, or is none of the function's.
    """
    if hasattr(function, _CHECKED):
        return function

    @wraps(function)
    def call(*args: Any, **keywords: Any) -> Any:
        signature, hints = _described(function)
        try:
            bound = signature.bind(*args, **keywords)
        except TypeError as error:
            raise TypeError(f"{function.__qualname__}: {error}") from None
        for name, value in bound.arguments.items():
            if name in hints:
                bound.arguments[name] = conforming(name, value, hints[name])
        return function(*bound.args, **bound.kwargs)

    setattr(call, _CHECKED, True)
    return call  # type: ignore[return-value]


def checked_methods(cls: C) -> C:
    """Check the arguments of a class's public methods, and those that make its objects."""
    for name, member in [*vars(cls).items()]:
        if name == "__init__" or not name.startswith("_"):
            if inspect.isfunction(member):
                setattr(cls, name, checked(member))
            elif isinstance(member, classmethod):
                setattr(cls, name, classmethod(checked(member.__func__)))
    return cls


def check_fields(options: Any) -> None:
    """Check the fields of a frozen dataclass as `checked` checks arguments."""
    kind: Any = type(options)
    for name, hint in _hints_of(kind).items():
        value = getattr(options, name)
        conform = conforming(name, value, hint)
        if conform is not value:
            object.__setattr__(options, name, conform)


def conforming(name: str, value: Any, hint: Any) -> Any:
    """Return a value as the type that a hint names; TypeError if it is of another."""
    kinds = _kinds(hint)
    if kinds is None:
        return value
    for kind in kinds:
        found = _as(kind, value)
        if found is not _OTHER:
            return found
    expected = " or ".join(_name_of(kind) for kind in kinds)
    raise TypeError(f"{name} must be {expected}, got {_shown(value)}")


def as_array(name: str, value: Any) -> npt.NDArray[Any]:
    """Return what NumPy makes an array of, or the array itself; TypeError for anything else."""
    try:
        array = np.asarray(value)
    except MemoryError:
        raise
    except Exception as error:  # objects may raise what they like
        raise TypeError(f"{name} must be an array, got {_shown(value)} ({error})") from error
    return array


def whole_numbers(name: str, values: Iterable[int]) -> list[int]:
    """Return several whole numbers as a list; TypeError for anything else."""
    try:
        several = list(values)
    except Exception as error:  # objects may raise what they like
        raise TypeError(f"{name} must be whole numbers, got {_shown(values)}") from error
    return [conforming(f"each of {name}", value, int) for value in several]


def as_path(path: str | os.PathLike[str]) -> Path:
    """Return a path; ValueError for a name that no file can have."""
    if "\0" in os.fspath(path):
        raise ValueError(f"a path must have no NUL character, got {path!r}")
    return Path(path)


_OTHER = object()


def _as(kind: Any, value: Any) -> Any:
    """The value as an object of this kind, `_OTHER` if it is none."""
    is_flag = isinstance(value, bool) or type(value).__name__ in ("bool_", "bool")
    if kind is bool:
        return bool(value) if is_flag else _OTHER
    if kind is int:
        return _OTHER if is_flag else _whole(value)
    if kind is float:
        return _OTHER if is_flag else _number(value)
    return value if isinstance(value, kind) else _OTHER


def _whole(value: Any) -> Any:
    if isinstance(value, int):
        return value
    try:
        return index(value)
    except Exception:  # objects may raise what they like
        return _OTHER


def _number(value: Any) -> Any:
    if isinstance(value, str | bytes) or (hasattr(value, "ndim") and value.ndim):
        return _OTHER
    try:
        number = float(value)
    except Exception:  # as above; whole numbers may be too large
        return _OTHER
    return value if isinstance(value, int | float) else number


@cache
def _kinds(hint: Any) -> tuple[Any, ...] | None:
    """The classes that a hint names, in the order in which they are tried; None: anything goes."""
    if get_origin(hint) in (Union, UnionType):
        parts = [_kinds(part) for part in get_args(hint)]
        return None if None in parts else tuple(kind for part in parts for kind in part or ())
    if get_origin(hint) is os.PathLike:
        return (os.PathLike,)
    if get_origin(hint) is Literal:  # which of them is the function's to say
        return tuple(dict.fromkeys(type(choice) for choice in get_args(hint)))
    is_own = isinstance(hint, type) and hint.__module__.startswith(__name__.partition(".")[0])
    is_checkable = is_own and not getattr(hint, "_is_protocol", False)
    return (hint,) if hint in _NAMES or is_checkable else None


@cache
def _described(function: Callable[..., Any]) -> tuple[inspect.Signature, Mapping[str, Any]]:
    signature = inspect.signature(function)
    several = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    named = {name for name, p in signature.parameters.items() if p.kind not in several}
    hints = {name: hint for name, hint in get_type_hints(function).items() if name in named}
    return signature, hints


@cache
def _hints_of(options: type) -> Mapping[str, Any]:
    return get_type_hints(options)


def _name_of(kind: Any) -> str:
    return _NAMES.get(kind) or f"a {kind.__name__}"


def _shown(value: Any) -> str:
    """The value for a message, shortened, with its type where the text does not tell it."""
    try:
        text = repr(value)
    except Exception:  # objects may raise what they like
        text = "an object"
    text = text if len(text) <= 60 else f"{text[:57]}..."
    known = value is None or isinstance(value, int | float | str)
    return text if known else f"{text} ({type(value).__name__})"
