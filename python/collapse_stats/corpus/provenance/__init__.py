"""Where a corpus comes from: what its maker declares, and what is measured of its files."""
