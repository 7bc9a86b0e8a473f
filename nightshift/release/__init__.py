"""From a candidate to what serves: bundle it, say where it came from, register, promote, roll back, package it."""
