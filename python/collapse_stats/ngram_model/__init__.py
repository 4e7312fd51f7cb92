"""Language models of n-grams, and the perplexity of rare tokens under them.

`trie` arranges the n-grams of a table so that each knows those it consists of, `weights` has the
formulas of modified Kneser-Ney smoothing, and `model` is what users call. `rare_tokens` compares
what two corpora teach a model about rare tokens; docs/metrics.md defines it.
"""
