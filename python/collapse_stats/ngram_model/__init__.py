"""A language model of n-grams, and what two such models say of rare tokens.

`trie` arranges the n-grams of a table so that each knows the shorter ones in it, `weights` has the
formulas of modified Kneser-Ney smoothing, `located` finds a text's n-grams, and `model` is what
users call. `rare_tokens/` compares models of two corpora.
"""
