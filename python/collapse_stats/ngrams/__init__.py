"""What is counted: tokens in documents, the keys of their windows, runs and spectra."""
