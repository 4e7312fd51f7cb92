"""``cs.plot``: the charts of a comparison, a profile or a report as a figure of matplotlib."""
