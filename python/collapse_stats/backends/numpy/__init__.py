"""The numpy backend: counting by sorting packed keys, in pure NumPy."""
