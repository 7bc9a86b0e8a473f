"""From a candidate to what serves: assemble it, register it, promote it, roll back, package it."""
