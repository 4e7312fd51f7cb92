"""One figure after the other over the steps of a run: trends, onsets, limits."""
