"""A language model of n-grams, and what two such models say of rare tokens.

`trie` has the n-grams of a table, which a backend has linked to the shorter ones, `weights` has the
formulas of modified Kneser-Ney smoothing, `ngram_index` and `located` find the n-grams of a text,
and `model` is what users call. `rare_tokens/` compares models of two corpora.
"""
