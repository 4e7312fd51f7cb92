"""Which file and which row each document of a corpus is."""

import numpy as np

from ..corpus.corpus import Corpus
from ..errors import InputError
from .judged import Judged
from .selection import SelectedDocuments
from .weights import per_token


def selected_documents(corpus: Corpus, judged: Judged) -> SelectedDocuments:
    """Return what was decided on the documents of a corpus, with their places in its files.

    Raises
    ------
    InputError
        Two files differ in their endings only, so that their rows cannot be told apart.
    """
    alike = next((paths for paths in corpus.paths.values() if len(paths) > 1), None)
    if alike is not None:
        raise InputError(
            f"{alike[0]} and {alike[1]} differ in their endings only, so that their documents "
            "cannot be told apart: rename one of them"
        )
    places = [segment.keys.rows() for segment in corpus.segments]
    seed = np.concatenate([np.empty(0, np.uint64), *(each for each, _ in places)])
    row = np.concatenate([np.empty(0, np.int64), *(each for _, each in places)])
    seeds = np.array([*corpus.paths], dtype=np.uint64)
    by_seed = np.argsort(seeds, kind="stable")
    file = by_seed[np.searchsorted(seeds[by_seed], seed)].astype(np.int32)
    length = judged.pool.length
    return SelectedDocuments(
        paths=tuple(paths[0] for paths in corpus.paths.values()),
        file=file,
        ordinal=row,
        tokens=length,
        novelty=per_token(judged.worth, length),
        order_gain=judged.order_gain,
        copy=judged.copy,
        kept=judged.chosen,
        why=judged.why,
    )
