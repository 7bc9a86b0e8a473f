"""What a bench takes as --source: a URL as it is, or a folder with the name or file of its mapping.

source_url("exports", "desk.yaml")   # 'file:///.../exports?mapping=desk.yaml'
"""

from pathlib import Path


def source_url(given: str, mapping: str | None) -> str:
    """The URL of a source that was named on the command line."""
    if "://" in given:
        return given
    return f"file://{Path(given).absolute()}" + (f"?mapping={mapping}" if mapping else "")
