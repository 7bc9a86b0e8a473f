"""What is measured of a candidate, a check a file. evaluation.py runs them in order; check.py says what a check is."""
