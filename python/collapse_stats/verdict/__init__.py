"""When is it collapse: a label for a comparison, with the evidence and the reasons."""
