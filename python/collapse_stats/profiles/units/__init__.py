"""A corpus that is counted in units, by any number of processes and machines."""
