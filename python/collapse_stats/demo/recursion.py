"""A collapse to look at, offline: a human corpus and the generations a model makes of it.

The human text is the documentation that comes with every Python. The model is an n-gram model, the
smallest thing that learns from text and writes text. The recursion is real: each generation is
estimated on the output of the one before and on nothing else, and sampled at temperature 1.

What this shows and what it does not: a finite sample misses rare tokens and n-grams, and a token
missed once is never written again. That is the one cause of collapse at work here. A neural model
generalises, which slows the loss, and is often sampled with its tail cut off, which hastens it: the
speed of this collapse says nothing about any other model.
"""

import ast
import sysconfig
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ..errors import InputError

Tokens = npt.NDArray[np.integer]
Int32Array = npt.NDArray[np.int32]

DOCUMENT_CHARACTERS = 3000
"""A human document is closed once it is this long. Documents are sampled side by side, position by
position, so that the longest decides the time."""

_NOT_DOCUMENTATION = frozenset(
    ("site-packages", "dist-packages", "test", "tests", "idlelib", "lib2to3", "pydoc_data")
)


def human_documents() -> list[str]:
    """Human text that every machine with Python has: its documentation, as some 1,000 documents.

    Docstrings and comments of the standard library, read from its source without importing it,
    and the language reference behind ``help()``. A document holds neighbouring pieces of one
    module or topic; no piece is given twice. The text is the same on every call, but differs
    between versions of Python.

    Raises
    ------
    InputError
        This Python has no readable documentation at all.
    """
    library = Path(sysconfig.get_path("stdlib"))
    seen: set[str] = set()
    documents: list[str] = []
    for pieces in (*_modules(library), *_topics()):
        new = [piece for piece in dict.fromkeys(pieces) if piece not in seen]
        seen.update(new)
        documents += _joined(new)
    if not documents:
        raise InputError(
            f"the demo needs the documentation of the standard library, found none in {library}: "
            "use a Python that has its .py files, or profile a corpus of your own"
        )
    return documents


def generations(
    documents: Sequence[Tokens],
    count: int = 5,
    *,
    fresh: float = 0.0,
    seed: int = 0,
    order: int = 4,
    backoff: float = 0.1,
) -> Iterator[list[Tokens]]:
    """Corpora of a model trained on its own output, generation 1 to `count`.

    A corpus is what the next generation is trained on: with `fresh` > 0 it holds human documents,
    a new random choice each time, beside the generated ones. Document i has the length of human
    document i in every generation, and where it is human it is that very document; so all corpora
    are equal in size, and documents that repeat do so at the same place.

    Compare them with human text that is not among `documents` (say ``human[0::2]`` with the
    generations of ``human[1::2]``): an n-gram model repeats passages of what it has read.

    Parameters
    ----------
    documents
        The human corpus, one token array per document.
    fresh
        Share of each corpus' tokens that is human, 0 to 1, reached to within one document.
    seed
        Decides everything, together with NumPy's version.
    order, backoff
        See `NgramModel` and `generate`.
    """
    if not 0 <= fresh <= 1:
        raise ValueError(f"fresh must be a share between 0 and 1, got {fresh}")
    rng = np.random.default_rng(seed)
    lengths = np.array([len(document) for document in documents], dtype=np.int64)
    corpus = list(documents)
    for _ in range(count):
        model = NgramModel.estimate(corpus, order)
        human = _choose(lengths, fresh, rng)
        written = iter(generate(model, lengths[~human], rng, backoff=backoff))
        corpus = [
            document if keep else next(written).astype(document.dtype)
            for document, keep in zip(documents, human, strict=True)
        ]
        yield corpus


@dataclass(frozen=True, slots=True, eq=False)
class NgramModel:
    """An n-gram model, held as the text it was estimated on.

    To draw a token after a context is to go to a random place where that context stood and read
    on: that is the maximum-likelihood estimate, and needs no probabilities. Places sorted by the
    tokens before them lie together for every context length at once.

    Attributes
    ----------
    text
        ``(S,)``: tokens + 1, a 0 after each document. A *place* is an index into it.
    places
        ``(T,)``: places of tokens, sorted by the tokens before them, nearest first.
    first, stop
        ``(order, S)``: ``places[first[k, s]:stop[k, s]]`` continue the k tokens before place s, or
        fewer where those stood only at the end of documents.
    """

    text: Tokens
    places: Int32Array
    first: Int32Array
    stop: Int32Array

    @classmethod
    def estimate(cls, documents: Sequence[Tokens], order: int) -> "NgramModel":
        """Model of the documents with contexts of at most order - 1 tokens."""
        if not 1 <= order <= 16:
            raise ValueError(f"order must be between 1 and 16, got {order}")
        text = _with_ends(documents)
        before = [np.roll(text, 1)]  # before[j]: the token j + 1 back, 0 from the document's start
        for _ in range(order - 2):
            before.append(np.where(before[-1] > 0, np.roll(before[-1], 1), 0))
        before = before[: order - 1]
        by_context = np.lexsort(before[::-1]) if before else np.arange(len(text))
        tokens = text[by_context] > 0
        tokens_until = np.concatenate([[0], np.cumsum(tokens)])

        shape = (order, len(text))
        first, stop = np.empty(shape, np.int32), np.empty(shape, np.int32)
        new = np.zeros(len(text), dtype=bool)
        new[:1] = True
        for k in range(order):
            if k:
                column = before[k - 1][by_context]
                new[1:] |= column[1:] != column[:-1]
            edges = np.append(np.flatnonzero(new), len(text))
            group = np.cumsum(new) - 1
            first[k, by_context] = tokens_until[edges[:-1]][group]
            stop[k, by_context] = tokens_until[edges[1:]][group]
            if k:
                ended = first[k] == stop[k]
                first[k, ended] = first[k - 1, ended]
                stop[k, ended] = stop[k - 1, ended]
        return cls(text, by_context[tokens].astype(np.int32), first, stop)


def generate(
    model: NgramModel,
    lengths: npt.NDArray[np.int64],
    rng: np.random.Generator,
    *,
    backoff: float = 0.1,
) -> list[Tokens]:
    """Documents of the given lengths in tokens, sampled from the model.

    Each token is read at a random place among those with the same order - 1 tokens before them
    as the place reached, or, with probability `backoff`, the same single token: so the model writes
    sentences it has not read. (Averaged over the place, a context cut to one token grows again by
    one a step.) All documents start as documents do, and are sampled side by side: time grows with
    the longest.

    Raises
    ------
    ValueError
        The model has seen no token, or `backoff` is no probability.
    """
    if not 0 <= backoff <= 1:
        raise ValueError(f"backoff must be a probability between 0 and 1, got {backoff}")
    if not len(model.places):
        if np.any(lengths):
            raise ValueError("documents must hold at least one token to learn from, got none")
        return [model.text[:0] for _ in lengths]
    longest = len(model.first) - 1  # context
    rows = np.argsort(-lengths, kind="stable")
    active = np.searchsorted(-lengths[rows], -np.arange(1, lengths.max(initial=0) + 1), "right")
    starts = (np.cumsum(lengths) - lengths)[rows]
    written = np.empty(lengths.sum(), dtype=model.text.dtype)
    place = np.zeros(len(lengths), dtype=np.int64)  # place 0 is the start of a document
    for position, n in enumerate(active):
        context = np.where(rng.random(n) < backoff, min(1, longest), longest)
        first, stop = model.first[context, place[:n]], model.stop[context, place[:n]]
        drawn = first + (rng.random(n) * (stop - first)).astype(np.int64)
        place = model.places[drawn].astype(np.int64)
        written[starts[:n] + position] = model.text[place] - 1
        place += 1
    stops = np.cumsum(lengths)
    return [written[stop - length : stop] for stop, length in zip(stops, lengths, strict=True)]


def _choose(
    lengths: npt.NDArray[np.int64], share: float, rng: np.random.Generator
) -> npt.NDArray[np.bool_]:
    """Random documents that together hold the share of the tokens, to within one document."""
    shuffled = rng.permutation(len(lengths))
    before = np.cumsum(lengths[shuffled]) - lengths[shuffled]
    chosen = np.zeros(len(lengths), dtype=bool)
    chosen[shuffled[before < share * lengths.sum()]] = True
    return chosen


def _with_ends(documents: Sequence[Tokens]) -> Tokens:
    """Tokens + 1 of all documents in the smallest type, a 0 after each document."""
    largest = max((int(document.max(initial=0)) for document in documents), default=0)
    text = np.zeros(sum(len(d) + 1 for d in documents), dtype=np.min_scalar_type(largest + 1))
    at = 0
    for document in documents:
        text[at : at + len(document)] = document
        text[at : at + len(document)] += 1
        at += len(document) + 1
    return text


def _modules(library: Path) -> Iterator[list[str]]:
    """Docstrings and comments of each module, in the order of the source."""
    for path in sorted(library.rglob("*.py")):
        if _NOT_DOCUMENTATION.isdisjoint(path.relative_to(library).parts):
            try:
                source = path.read_text(encoding="utf-8")
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")  # invalid escapes in old modules
                    tree = ast.parse(source)
            except (OSError, ValueError, SyntaxError, RecursionError):
                continue
            yield _pieces(source, tree)


def _pieces(source: str, tree: ast.Module) -> list[str]:
    pieces: list[tuple[int, str]] = []
    inside: set[int] = set()  # lines of docstrings, where a # begins no comment
    nodes: list[ast.AST] = [tree]
    while nodes:
        node = nodes.pop()
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            text = ast.get_docstring(node)
            if text:
                string = node.body[0]
                pieces.append((string.lineno, text))
                inside.update(range(string.lineno, (string.end_lineno or string.lineno) + 1))
        nodes += (child for child in ast.iter_child_nodes(node) if isinstance(child, ast.stmt))

    comment: list[str] = []
    for number, line in enumerate((*source.splitlines(), ""), start=1):
        stripped = line.strip()
        if stripped.startswith("#") and number not in inside:
            comment.append(stripped.lstrip("#").removeprefix(" "))
        elif comment:
            pieces.append((number, "\n".join(comment).strip()))
            comment = []
    return [text for _, text in sorted(pieces) if text]


def _topics() -> Iterator[list[str]]:
    """Paragraphs of each page of the language reference."""
    try:
        from pydoc_data.topics import topics
    except ImportError:
        return
    for name in sorted(topics):
        yield topics[name].strip().split("\n\n")


def _joined(pieces: list[str]) -> Iterator[str]:
    """Documents of neighbouring pieces, each closed once it is long enough."""
    document: list[str] = []
    for piece in pieces:
        document.append(piece)
        if sum(map(len, document)) >= DOCUMENT_CHARACTERS:
            yield "\n\n".join(document)
            document = []
    if document:
        yield "\n\n".join(document)
