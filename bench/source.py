"""The --source of a benchmark: a URL, or a folder with the name or file of its mapping.

source_url("exports", "helpdesk.yaml")   # 'file:///.../exports?mapping=helpdesk.yaml'
source_url("exports", None)          # its own mapping.yaml, else the shipped mapping with most of its files
"""

from pathlib import Path

from nightshift.errors import MappingError
from nightshift.sources.mapping_file import SHIPPED, load_mapping


def source_url(source: str, mapping: str | None) -> str:
    """The URL of a source named on the command line. Raises MappingError where no mapping fits a folder."""
    if "://" in source:
        return source
    folder = Path(source).absolute()
    return f"file://{folder}?mapping={mapping or _best_mapping(folder)}"


def _best_mapping(folder: Path) -> str:
    """A mapping for the files of `folder`."""
    own = folder / "mapping.yaml"
    if own.exists():
        return str(own)
    names = [path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()]
    shipped = [load_mapping(path.stem) for path in sorted(SHIPPED.glob("*.yaml"))]
    known, best = max((sum(bool(mapping.tables_of(name)) for name in names), mapping.name) for mapping in shipped)
    if not known:
        raise MappingError(
            f"no shipped mapping knows a file of {folder}",
            "give --mapping a name or a .yaml file, or put a mapping.yaml there; see docs/bring-your-own-data.md",
        )
    return best
