"""What is counted: tokens in documents, the keys of their windows, tables and spectra."""
