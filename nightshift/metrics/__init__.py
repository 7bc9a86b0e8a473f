"""Measures of ranking, calibration, classification and selective answering: arrays in, numbers out."""
