"""Human text without a network: the documentation that comes with Python."""

import ast
import sysconfig
import warnings
from collections.abc import Iterator
from pathlib import Path

from ..errors import InputError

DOCUMENT_CHARACTERS = 3000
"""A human document ends once it has this many characters."""

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
