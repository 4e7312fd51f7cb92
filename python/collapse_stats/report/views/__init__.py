"""What each kind of report shows, as pages of tables."""
