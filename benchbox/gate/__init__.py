"""The regression gate: two sets of records → verdicts and an exit code. Nothing is measured or printed here."""
