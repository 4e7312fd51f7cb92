"""Two corpora side by side: figures, floors, standard errors and the verdict."""
