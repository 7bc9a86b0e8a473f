"""The table of contents: one launchable story a file, no logic."""
