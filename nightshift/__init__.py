"""Nightshift: a support assistant that goes back to school every night.

    pyflyte run workflows/nightly.py nightly     # one night, ending in a release
    nightshift ask "Where is my parcel?"         # ask the release that is serving

The rooms follow what flows through them: sources -> lake -> warehouse -> train -> export -> index ->
evaluate -> release, with `runtime` shared by evaluation and serving. Nothing here imports flytekit.
"""

__version__ = "0.1.0"
