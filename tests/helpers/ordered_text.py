"""Made text whose order says something: a Markov chain in which few tokens follow each one."""

import numpy as np

VOCAB = 400


def chain(seed: int, number: int, length: int = 60) -> list[np.ndarray]:
    """Return documents of one chain; the seed is that of what is drawn from it."""
    table = np.random.default_rng(0).integers(0, VOCAB, (VOCAB, 4))
    rng = np.random.default_rng(seed)
    documents = []
    for _ in range(number):
        tokens = [int(rng.integers(VOCAB))]
        for step in rng.integers(0, 4, length - 1):
            tokens.append(int(table[tokens[-1], step]))
        documents.append(np.array(tokens))
    return documents
