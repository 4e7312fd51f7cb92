"""Makes a collapse: a human corpus, and the generations of a model trained on its own output.

The human text is the documentation that comes with Python, so no network is needed. The model is an
n-gram model, the simplest model that learns from text and writes text. The recursion is real: each
generation is estimated from the output of the one before and nothing else, and is sampled at
temperature 1.

The collapse has a single cause here: a finite sample misses rare tokens and n-grams, and a token
that was missed once is never written again. A neural model generalises, which slows the loss, and
is often sampled with its tail cut off, which speeds it up. The speed of this collapse therefore
says nothing about other models.
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
"""A human document ends once it has this many characters. Documents are sampled in parallel, one
position after the other, so that the longest one determines the time."""

_NOT_DOCUMENTATION = frozenset(
    ("site-packages", "dist-packages", "test", "tests", "idlelib", "lib2to3", "pydoc_data")
)


def human_documents() -> list[str]:
    """The documentation that comes with Python, as about 1,000 documents.

    It consists of the docstrings and comments of the standard library, read from its source without
    importing it, and of the language reference behind ``help()``. A document holds consecutive
    pieces of one module or topic, and no piece occurs twice. Every call gives the same text, but
    versions of Python differ.

    Raises
    ------
    InputError
        This Python has no readable documentation.
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
    """Yield the corpora of a model trained on its own output, generation 1 to `count`.

    The next generation is trained on the corpus that is yielded. With `fresh` > 0, some of its
    documents are human, a new random choice each time. Document i of every generation has the
    length of human document i, and if it is human, it is that document. All corpora therefore have
    the same size, and human documents keep their places.

    Compare the generations with human text that is not in `documents` (such as ``human[0::2]`` with
    generations of ``human[1::2]``), because an n-gram model repeats passages that it has read.

    Parameters
    ----------
    documents
        The human corpus, one token array per document.
    fresh
        Share of the tokens of each corpus that is human, from 0 to 1, to within one document.
    seed
        Seed of the random numbers, which also depend on NumPy's version.
    order, backoff
        See `NgramSampler` and `generate`.
    """
    if not 0 <= fresh <= 1:
        raise ValueError(f"fresh must be a share between 0 and 1, got {fresh}")
    rng = np.random.default_rng(seed)
    lengths = np.array([len(document) for document in documents], dtype=np.int64)
    corpus = list(documents)
    for _ in range(count):
        model = NgramSampler.estimate(corpus, order)
        human = _choose(lengths, fresh, rng)
        written = iter(generate(model, lengths[~human], rng, backoff=backoff))
        corpus = [
            document if keep else next(written).astype(document.dtype)
            for document, keep in zip(documents, human, strict=True)
        ]
        yield corpus


@dataclass(frozen=True, slots=True, eq=False)
class NgramSampler:
    """An n-gram model, stored as the text that it was estimated from.

    To draw the token after a context, the model goes to a random place where that context occurs
    and reads the next token. This samples the maximum-likelihood estimate without any table of
    probabilities. When places are sorted by the tokens before them, the places of each context are
    adjacent, for every context length.

    Attributes
    ----------
    text
        ``(S,)``: tokens + 1, with a 0 after each document. A *place* is an index into it.
    places
        ``(T,)``: places of tokens, sorted by the tokens before them, the nearest first.
    first, stop
        ``(order, S)``: ``places[first[k, s]:stop[k, s]]`` are places of tokens that follow the k
        tokens before place s, or fewer of them if these k occur only at the end of documents.
    """

    text: Tokens
    places: Int32Array
    first: Int32Array
    stop: Int32Array

    @classmethod
    def estimate(cls, documents: Sequence[Tokens], order: int) -> "NgramSampler":
        """Estimate a model with contexts of at most order - 1 tokens from documents."""
        if not 1 <= order <= 16:
            raise ValueError(f"order must be between 1 and 16, got {order}")
        text = _with_ends(documents)
        before = [np.roll(text, 1)]  # before[j]: token j + 1 places back, or 0 before a document
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
    model: NgramSampler,
    lengths: npt.NDArray[np.int64],
    rng: np.random.Generator,
    *,
    backoff: float = 0.1,
) -> list[Tokens]:
    """Sample documents of the given lengths (in tokens) from the model.

    Each token is read at a random place that has the same order - 1 tokens before it as the current
    place, or, with probability `backoff`, only the same last token. Backing off lets the model
    write sentences that it has not read; the context then grows again by one token a step.
    Documents begin like the documents that the model has read. They are sampled in parallel, and
    the time grows with the longest.

    Raises
    ------
    ValueError
        The model has read no token, or `backoff` is not a probability.
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
    """Choose random documents that hold this share of the tokens, to within one document."""
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
    """Yield the docstrings and comments of each module, in the order of the source."""
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
    inside: set[int] = set()  # lines of docstrings, where a # does not begin a comment
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
    """Yield the paragraphs of each page of the language reference."""
    try:
        from pydoc_data.topics import topics
    except ImportError:
        return
    for name in sorted(topics):
        yield topics[name].strip().split("\n\n")


def _joined(pieces: list[str]) -> Iterator[str]:
    """Yield documents of consecutive pieces; each ends once it is long enough."""
    document: list[str] = []
    for piece in pieces:
        document.append(piece)
        if sum(map(len, document)) >= DOCUMENT_CHARACTERS:
            yield "\n\n".join(document)
            document = []
    if document:
        yield "\n\n".join(document)
