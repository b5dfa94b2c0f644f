"""Two sets of records in, verdicts and an exit code out. Pure: it measures nothing."""
