"""Documents for tests of recursions, and what n-grams they have, counted in Python."""

from collections import Counter

import numpy as np


def zipf_documents(documents=60, length=50, vocabulary=300, seed=1):
    """Documents of a Markov chain with a heavy tail, so that n-grams repeat and rare ones exist."""
    rng = np.random.default_rng(seed)
    weights = 1 / np.arange(1, vocabulary + 1)
    steps = rng.choice(vocabulary, size=(documents, length), p=weights / weights.sum())
    steps[:, 1::2] = (steps[:, 0::2] * 7 + steps[:, 1::2] % 3) % vocabulary
    return [row.astype(np.uint16) for row in steps]


def ngrams(documents, order):
    return Counter(
        tuple(document[i : i + order].tolist())
        for document in documents
        for i in range(len(document) - order + 1)
    )
