"""`cs.profile`: the function that makes a profile, at once or in units."""

import os
from collections.abc import Callable, Mapping
from functools import partial
from typing import Unpack

from ..corpus.keywords import Keywords, options_of, with_options
from ..corpus.load import Progress
from ..corpus.provenance.declaration import Declaration, Digest, Origin
from ..corpus.sample import DEFAULT_TOKENS
from ..system.arguments import checked
from .build import profile_source
from .profile import Profile
from .sample_ngrams import share_of_ngrams
from .units.in_units import Engine, profile_in_units


@checked
@with_options
def profile(
    source: object,
    *,
    name: str | None = None,
    halves: bool = True,
    table: bool = True,
    sample_tokens: int = DEFAULT_TOKENS,
    sample_ngrams: int | str | None = None,
    origin: Origin = "unknown",
    origin_of: Mapping[str, Origin] | None = None,
    generator: str | None = None,
    generation: int | None = None,
    license: str | None = None,
    digest: Digest | None = None,
    work_dir: str | os.PathLike[str] | None = None,
    unit_tokens: int | None = None,
    engine: Engine = "local",
    progress: Progress | None = None,
    **keywords: Unpack[Keywords],
) -> Profile:
    """Profile of a corpus.

    Parameters
    ----------
    source
        A path, several paths, an array of token ids, or an iterable of arrays, strings or dicts
        with ``input_ids`` or ``text``.
    name
        Name of the corpus in reports, by default that of its first path.
    halves
        Count two halves of the documents apart, which floors and standard errors need.
    table
        Keep the n-gram table, which comparisons and `Profile.top` need.
    sample_tokens
        How many tokens of whole documents to keep.
    sample_ngrams
        K or ``"1/K"``, a power of two: keep one in K n-grams and no table; figures are estimates.
    origin
        Who or what wrote the text, as you declare it; nothing of it is inferred.
    origin_of
        Origins of files by pattern, ``{"gen*.jsonl": "synthetic"}``; the last that matches counts.
    generator, generation
        The model that wrote the synthetic and mixed sources, and its number in a chain of models.
    license
        License of the text, such as ``CC-BY-4.0``.
    digest
        Whether files are identified by the SHA-256 of all their bytes, or of their ends.
    work_dir
        Directory (or ``s3://``, ``gs://``) in which to count files in units, so that what is done
        is kept when the process ends (docs/scale.md). The profile is saved there as well.
    unit_tokens
        About how many tokens a unit has. Default: as the directory's plan says, or a billion.
    engine
        What counts the units: this process, or tasks of Ray.
    progress
        Called with what is being done, how much of it is done, and how much there is in all.
    **keywords
        The options of reading and counting, which `with_options` describes here.

    Raises
    ------
    InputError
        The source cannot be read as the options say.
    """
    reading, counting = options_of(keywords)
    declared = Declaration.of(origin, origin_of, generator, generation, license, digest)
    return _maker(work_dir, unit_tokens, engine)(
        source,
        reading=reading,
        counting=counting,
        name=name,
        halves=halves,
        table=table,
        sample_tokens=sample_tokens,
        sample_ngrams=share_of_ngrams(sample_ngrams),
        declared=declared,
        progress=progress,
    )


def _maker(
    work_dir: str | os.PathLike[str] | None, unit_tokens: int | None, engine: Engine
) -> Callable[..., Profile]:
    """The function that profiles a source, at once or in units."""
    if work_dir is not None:
        return partial(profile_in_units, work_dir=work_dir, unit_tokens=unit_tokens, engine=engine)
    if unit_tokens is not None or engine != "local":
        raise ValueError("unit_tokens and engine are for units: give a work_dir")
    return profile_source
