"""Package data: the vocabulary of the `builtin` tokenizer. README.md names its sources."""
