"""What a bench takes as --source: a URL as it is, or a folder with the name or file of its mapping.

source_url("exports", "desk.yaml")   # 'file:///.../exports?mapping=desk.yaml'
source_url("exports", None)          # its own mapping.yaml, else the shipped mapping that knows most of its files
"""

from pathlib import Path

from nightshift.errors import MappingError
from nightshift.sources.mapping_file import SHIPPED, load_mapping


def source_url(given: str, mapping: str | None) -> str:
    """The URL of a source that was named on the command line. Raises MappingError where no mapping fits a folder."""
    if "://" in given:
        return given
    folder = Path(given).absolute()
    return f"file://{folder}?mapping={mapping or _fitting(folder)}"


def _fitting(folder: Path) -> str:
    """A mapping for the files of `folder`."""
    own = folder / "mapping.yaml"
    if own.exists():
        return str(own)
    names = [path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()]
    shipped = [load_mapping(path.stem) for path in sorted(SHIPPED.glob("*.yaml"))]
    known, best = max((sum(bool(one.tables_of(name)) for name in names), one.name) for one in shipped)
    if not known:
        raise MappingError(
            f"no shipped mapping knows a file of {folder}",
            "give --mapping a name or a .yaml file, or put a mapping.yaml there; see docs/bring-your-own-data.md",
        )
    return best
