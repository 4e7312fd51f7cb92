"""Whether the files of a profile agree: the numbers of its manifest with what they describe.

A digest shows that a file is as it was written. These checks hold as well if somebody has changed
a manifest and its digest.
"""

from itertools import pairwise

from ..corpus.sample import Sample
from ..counting.ngram_sample import NgramSample
from ..ngrams.spectrum import JointSpectra
from .manifest import Manifest


def check_totals(
    manifest: Manifest, spectra: JointSpectra, ngram_sample: NgramSample | None
) -> None:
    """Raise ValueError unless the totals of a manifest are those of its other files.

    These are spectra and parts, or a sample of n-grams.
    """
    for order in manifest.windows:
        if ngram_sample is not None:
            windows, distinct = ngram_sample.windows(order), ngram_sample.distinct(order)
        else:
            (joint,) = spectra.ngrams[order].values()
            windows, distinct = joint.total.occurrences, joint.total.distinct
        _check(f"totals.windows.{order}", manifest.windows[order], windows)
        _check(f"totals.distinct.{order}", manifest.distinct[order], distinct)
    parts = manifest.parts
    if parts is not None:
        windows = sum(part.windows for part in parts)
        _check("the sum of parts[...].windows", windows, manifest.windows[1])
        rows = sum(part.rows for part in parts)
        distinct = manifest.distinct[manifest.layout.max_order]
        if rows < distinct:
            raise ValueError(
                f"expected at least {distinct:,} rows in all parts, for so many n-grams of the "
                f"longest order are distinct, got {rows:,}"
            )
    _check_documents(manifest)
    _check_sources(manifest)


def check_contexts(manifest: Manifest, spectra: JointSpectra) -> None:
    """Raise ValueError unless n-grams and their contexts are equally often in each half."""
    for order in manifest.windows:
        (ngrams,), (contexts,) = spectra.ngrams[order].values(), spectra.contexts[order].values()
        for half in ("first", "second"):
            counted = getattr(ngrams, half).occurrences
            followed = getattr(contexts, half).occurrences
            if counted != followed:
                raise ValueError(
                    f"it has {counted:,} n-grams of order {order} with {followed:,} contexts"
                )
        most = manifest.distinct[order - 1] if order > 1 else 1
        if contexts.total.distinct > most:
            raise ValueError(f"it has more contexts of order {order} than there can be")


def check_sample(manifest: Manifest, sample: Sample) -> None:
    """Raise ValueError unless a sample is as long as its manifest says, and fits the totals."""
    _check("sample.documents", manifest.sample_documents, len(sample))
    _check("sample.tokens", manifest.sample_tokens, len(sample.tokens))
    filled, tokens = sample.filled, manifest.windows[1]
    empty, most = len(sample) - filled, manifest.empty_documents
    most = manifest.documents if most is None else most
    if len(sample.tokens) > tokens or empty > most:
        raise ValueError(
            f"expected a sample of a corpus of {tokens:,} tokens and {most:,} empty documents, got "
            f"{len(sample.tokens):,} tokens and {empty:,} empty documents"
        )


def _check_documents(manifest: Manifest) -> None:
    """Check the number of documents by the windows: each order has one fewer of a document.

    ``N_n - N_(n+1)`` is the number of documents of at least n tokens.
    """
    windows = [*manifest.windows.values()]
    documents, empty = manifest.documents, manifest.empty_documents
    longer = [more - fewer for more, fewer in pairwise(windows)]
    if any(more < fewer for more, fewer in zip([windows[0], *longer], [*longer, 0], strict=True)):
        raise ValueError("no documents can have so many windows of each order as totals.windows")
    least, most = (longer[0], longer[0]) if longer else (min(1, windows[0]), windows[0])
    filled = documents - (empty or 0)
    if filled < least or (empty is not None and filled > most):
        raise ValueError(
            f"expected {least:,} to {most:,} documents with a token, got totals.documents "
            f"{documents:,} and totals.empty_documents {empty}"
        )


def _check_sources(manifest: Manifest) -> None:
    """Check that the sources have no more tokens and documents together than were counted."""
    for name, most in ("tokens", manifest.windows[1]), ("documents", manifest.documents):
        together = sum(getattr(source, name) or 0 for source in manifest.sources)
        if together > most:
            raise ValueError(
                f"expected sources of at most {most:,} {name} together, got {together:,}"
            )


def _check(place: str, said: int, found: int) -> None:
    if said != found:
        raise ValueError(f"expected {place} to be {found:,}, as in the other files, got {said:,}")
