"""The rules: mathematics, one declaration an operation, grouped as a textbook would."""
