"""Corpora and profiles, opened as the user asked."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from ..comparisons.calibrate import human_text
from ..corpus.corpus import Corpus
from ..corpus.load import read_corpus
from ..corpus.provenance.declaration import Declaration
from ..corpus.sample import DEFAULT_TOKENS
from ..errors import InputError
from ..profiles.build import load, profile_corpus
from ..profiles.profile import Profile
from ..profiles.storage import is_profile
from ..readers.registry import registry
from ..readers.remote.location import Location
from ..readers.stream import COMPRESSIONS
from ..readers.streams.pipe import pipe_of
from ..verdict.human_pairs import HumanText
from .options import Request
from .progress import Reporter


def read(
    paths: Sequence[Location],
    request: Request,
    reporter: Reporter,
    name: str,
    share: int = 2,
    declared: Declaration | None = None,
) -> Corpus:
    """Read paths as one corpus, whose tokens may take one `share`-th of the memory."""
    with reporter.task(f"reading {name}", unit="MB") as task:
        corpus = read_corpus(
            list(paths),
            # Bad files are only noted; whether to fail is decided when all is done.
            reading=replace(request.reading, skip_bad=True),
            counting=request.counting,
            name=name,
            share=share,
            beside=request.beside,
            declared=declared,
            progress=task,
        )
    request.bad.extend(source.path for source in corpus.sources if source.error is not None)
    return corpus


def human_texts(paths: Sequence[Location], request: Request, reporter: Reporter) -> list[HumanText]:
    """Samples of human corpora, each of one path; they are read like a saved one among them."""
    saved = {path: load_any_order(path, request) for path in paths if is_profile(path)}
    if saved:
        request = request.like(next(iter(saved.values())))
    return [
        replace(human_text(saved.get(path) or read([path], request, reporter, name, 4)), name=name)
        for path, name in zip(paths, names_of(paths), strict=True)
    ]


def count(
    corpus: Corpus,
    request: Request,
    reporter: Reporter,
    table: bool,
    sample_tokens: int = DEFAULT_TOKENS,
    save_to: Path | None = None,
    sample_ngrams: int | None = None,
) -> Profile:
    """Profile of a corpus that has been read; with `save_to`, it is saved there."""
    with reporter.task(f"counting {corpus.name}", corpus.tokens, "M tokens") as task:
        return profile_corpus(
            corpus,
            counting=request.counting,
            table=table,
            sample_tokens=sample_tokens,
            sample_ngrams=sample_ngrams,
            save_to=save_to,
            progress=task,
        )


def load_saved(path: Location, request: Request) -> Profile:
    """A saved profile; ValueError when a typed option contradicts how it was made."""
    profile = replace(load(str(path)), backend=request.backend)
    for name, made in (
        ("max_order", profile.max_order),
        ("tokenizer", profile.tokenizer.spec),
        ("vocab_size", profile.vocab_size),
    ):
        typed = request.typed.get(name, made)
        if typed != made:
            option = f"--{name.replace('_', '-')}"
            raise ValueError(
                f"{path} is a saved profile made with {option} {made}, got {typed}: leave the "
                "option out, or give the corpus itself"
            )
    return profile


def load_any_order(path: Location, request: Request) -> Profile:
    """A saved profile of which only the sample is used, so that its --max-order does not matter."""
    typed = {key: value for key, value in request.typed.items() if key != "max_order"}
    return load_saved(path, replace(request, typed=typed))


def refuse_options_of_reading(path: Location, request: Request) -> None:
    """Raise InputError if an option was typed that a saved profile, read by itself, cannot obey."""
    for name in ("include", "exclude", "limit_documents", "group_key", "root"):
        if name in request.typed:
            raise InputError(
                f"{path} is a saved profile, which is not read again: --{name.replace('_', '-')} "
                "is for a corpus"
            )


def any_saved(paths: Iterable[Location]) -> bool:
    """Whether one of the paths is a saved profile."""
    return any(map(is_profile, paths))


def name_of(paths: Sequence[Location]) -> str:
    """Short name of a corpus that consists of several paths."""
    return names_of(paths[:1])[0] + (f" +{len(paths) - 1}" if len(paths) > 1 else "")


def names_of(paths: Sequence[Location]) -> list[str]:
    """Short names that differ: the last parts of paths, without known extensions if possible."""
    all_parts = [(pipe_of(path) or path.resolve()).parts for path in paths]
    for depth in range(1, max(map(len, all_parts), default=1) + 1):
        full_names = ["/".join(parts[-depth:]) for parts in all_parts]
        for names in ([_without_extension(name) for name in full_names], full_names):
            if len(set(names)) == len(set(all_parts)):
                return [_numbered(name, names[:i]) for i, name in enumerate(names)]
    raise AssertionError("different paths have different parts")


def _numbered(name: str, previous: Sequence[str]) -> str:
    """The name, with a number when the same path was given before."""
    return f"{name} ({previous.count(name) + 1})" if name in previous else name


def _without_extension(name: str) -> str:
    for endings in (COMPRESSIONS, (*registry().extensions, ".profile")):
        for ending in endings:
            if name.lower().endswith(ending) and len(name) > len(ending):
                name = name[: -len(ending)]
                break
    return name
