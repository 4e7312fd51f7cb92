"""Perplexity of rare tokens: how much of them a candidate would teach a model.

`rare_perplexity` is what users call. It divides the baseline into three parts (`parts`), which take
turns (`rotation`) to say how frequent tokens are (`bands`), to make a model, and to be the text.
`band_perplexity` and `excess` have the figures and their errors. docs/metrics.md defines them.
"""
