"""Documents of token ids, the keys of their windows, n-gram tables and spectra."""
