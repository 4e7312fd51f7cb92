"""Charts of a report, drawn by matplotlib from its JSON object alone."""
