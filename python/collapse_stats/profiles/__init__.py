"""A profile: everything that is kept of one corpus, in memory or on disk."""
