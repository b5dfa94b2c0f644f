"""The regression gate: two sets of records → verdicts and an exit code. Pure: nothing is measured or printed here."""
