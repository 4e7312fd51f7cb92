"""Options that say how a corpus is read and counted, and corpora opened by them."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import wraps
from pathlib import Path
from typing import Any, get_args

import click

from ..backends.base import Backend
from ..backends.selection import select
from ..corpus.corpus import Corpus
from ..corpus.load import read_corpus
from ..corpus.sample import DEFAULT_TOKENS
from ..profiles.build import load, profile_corpus
from ..profiles.profile import Profile
from ..profiles.storage import is_profile
from ..readers.options import ChatTurns, Dtype, ReadOptions
from ..readers.registry import registry
from ..readers.remote.location import Location
from ..readers.stream import COMPRESSIONS
from ..system.memory import budget
from .progress import Reporter

DEFAULT_ORDER = 5
USAGE = 2  # exit code of what cannot be read

_READING = (
    click.option("--tokenizer", metavar="SPEC", help="bytes, builtin, tiktoken:NAME, file:PATH."),
    click.option("--text-key", metavar="KEY", help="Column or JSON key of the text."),
    click.option("--ids-key", metavar="KEY", help="Column or JSON key of the token ids."),
    click.option("--part", type=click.Choice(get_args(ChatTurns)), help="Turns of chats to read."),
    click.option("--dtype", type=click.Choice(get_args(Dtype)), help="Item of a .bin file."),
    click.option("--eot", type=int, metavar="ID", help="Id that ends a document."),
    click.option("--doc-per-line", is_flag=True, help="Each line of a text file is a document."),
    click.option("--vocab-size", type=click.IntRange(1), metavar="V", help="Ids are below this."),
    click.option(
        "--strict/--skip-bad",
        default=None,
        help="Exit with 2 (the default) or 0 when one of many files is bad; the rest is counted.",
    ),
)
_COUNTING = (
    click.option(
        "--max-order",
        type=click.IntRange(1),
        metavar="N",
        help=f"Longest n-gram counted (default: {DEFAULT_ORDER}).",
    ),
    click.option(
        "--backend",
        type=click.Choice(["auto", "cuda", "native", "numpy"]),
        default="auto",
        show_default=True,
    ),
    click.option("--threads", type=click.IntRange(1), metavar="N", help="Default: every core."),
    click.option("--memory", metavar="SIZE", help="Such as 8GB; default: half of what is free."),
    click.option(
        "--tmp",
        type=click.Path(exists=True, file_okay=False, path_type=Path),
        metavar="DIR",
        help="Where tokens go that do not fit into memory.",
    ),
)


@dataclass(frozen=True, slots=True)
class Counting:
    """How corpora are read and counted, as the user said it."""

    tokenizer: str | None
    max_order: int | None
    options: ReadOptions
    backend: Backend
    threads: int | None
    memory: int
    tmp: Path | None
    strict: bool  # --strict was given: what cannot be checked is a failure
    bad: list[str]  # files that could not be read, as corpora are read


def counting_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options of `Counting`; the command is called with ``counting=``."""

    @wraps(command)
    def collected(strict: bool | None, **given: Any) -> Any:
        options = read_options(given)
        counting = Counting(
            tokenizer=given.pop("tokenizer"),
            max_order=given.pop("max_order"),
            options=options,
            threads=given["threads"],
            backend=select(given.pop("backend"), given.pop("threads")),
            memory=budget(given.pop("memory")),
            tmp=given.pop("tmp"),
            strict=strict is True,
            bad=[],
        )
        with exit_2_if(counting.bad, strict is not False):
            return command(**given, counting=counting)

    return _with(collected, _READING + _COUNTING)


@contextmanager
def exit_2_if(bad: Sequence[str], strict: bool) -> Iterator[None]:
    """End a command with 2 when something was bad by then, whatever else it found."""
    try:
        yield
    except click.exceptions.Exit:
        if not (bad and strict):
            raise
    if bad and strict:
        click.echo(
            f"collapse-stats: {len(bad):,} of the files could not be read; --skip-bad accepts that",
            err=True,
        )
        raise click.exceptions.Exit(USAGE)


def reading_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that say what a file does not say of itself."""
    return _with(command, _READING)


def read_options(given: dict[str, Any]) -> ReadOptions:
    """`ReadOptions` from what was typed, taken out of `given`."""
    names = ("text_key", "ids_key", "part", "dtype", "eot", "vocab_size", "doc_per_line")
    return ReadOptions(**{name: given.pop(name) for name in names})


def read(
    paths: Sequence[Location], counting: Counting, reporter: Reporter, name: str, share: int = 2
) -> Corpus:
    """The corpus of some paths, kept in a `share`-th of the memory."""
    with reporter.task(f"reading {name}", unit="MB") as task:
        found = read_corpus(
            list(paths),
            tokenizer=counting.tokenizer,
            options=counting.options,
            name=name,
            threads=counting.threads,
            memory=counting.memory // share,
            tmp=counting.tmp,
            skip_bad=True,  # whether to fail for them is decided when all is done
            progress=task,
        )
    counting.bad.extend(source.path for source in found.sources if source.error is not None)
    return found


def count(
    corpus: Corpus,
    counting: Counting,
    reporter: Reporter,
    table: bool,
    sample_tokens: int = DEFAULT_TOKENS,
    save_to: Path | None = None,
) -> Profile:
    """Profile of a corpus that has been read; with `save_to`, written as it is counted."""
    with reporter.task(f"counting {corpus.name}", corpus.tokens, "M tokens") as task:
        return profile_corpus(
            corpus,
            max_order=counting.max_order or DEFAULT_ORDER,
            backend=counting.backend,
            memory=counting.memory,
            table=table,
            sample_tokens=sample_tokens,
            save_to=save_to,
            progress=task,
        )


def load_saved(path: Location, counting: Counting) -> Profile:
    """A saved profile; ValueError when what was typed contradicts how it was made."""
    saved = replace(load(str(path)), backend=counting.backend)
    for option, asked, made in (
        ("--max-order", counting.max_order, saved.max_order),
        ("--tokenizer", counting.tokenizer, saved.tokenizer.spec),
        ("--vocab-size", counting.options.vocab_size, saved.vocab_size),
    ):
        if asked not in (None, made):
            raise ValueError(
                f"{path} is a saved profile made with {option} {made}, got {asked}: leave the "
                "option out, or give the corpus itself"
            )
    return saved


def name_of(paths: Sequence[Location]) -> str:
    """Short name of a corpus of several paths."""
    return names_of(paths[:1])[0] + (f" +{len(paths) - 1}" if len(paths) > 1 else "")


def names_of(paths: Sequence[Location]) -> list[str]:
    """Short names of paths that tell them apart: last parts without known extensions."""
    whole = [path.resolve().parts for path in paths]
    for parts in range(1, max(map(len, whole), default=1) + 1):
        names = ["/".join(one[-parts:]) for one in whole]
        for found in ([_plain(name) for name in names], names):
            if len(set(found)) == len(set(whole)):
                return [_numbered(name, found[:i]) for i, name in enumerate(found)]
    raise AssertionError("different paths have different parts")


def _numbered(name: str, before: Sequence[str]) -> str:
    """The name, told apart from the same path given before."""
    return f"{name} ({before.count(name) + 1})" if name in before else name


def _plain(name: str) -> str:
    for endings in (COMPRESSIONS, (*registry().extensions, ".profile")):
        for ending in endings:
            if name.lower().endswith(ending) and len(name) > len(ending):
                name = name[: -len(ending)]
                break
    return name


def any_saved(paths: Iterable[Location]) -> bool:
    """Whether one of the paths is a saved profile."""
    return any(map(is_profile, paths))


def _with(command: Callable[..., Any], options: Sequence[Callable[..., Any]]) -> Callable[..., Any]:
    for option in reversed(options):
        command = option(command)
    return command
