"""Writing to a disk so that a reader sees the old file or the new one, never half of it.

with written_whole(Path("state.json")) as temporary:
    temporary.write_text("{}")
"""

import errno
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from nightshift.errors import StoreFull


@contextmanager
def raise_store_full(where: Path) -> Iterator[None]:
    """Turn 'no space left' and 'quota exceeded' into StoreFull."""
    try:
        yield
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}:
            raise StoreFull(
                f"no space left while writing under {where}",
                "free some space and run the night again; it goes on where it stopped, nothing is half written",
            ) from error
        raise


@contextmanager
def atomic_write(target: Path) -> Iterator[Path]:
    """Give a temporary path beside `target`; when the block ends well it becomes `target`, else it is removed."""
    with raise_store_full(target.parent):
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=".writing-")
        os.close(handle)
        temporary = Path(name)
        try:
            yield temporary
            with temporary.open("rb") as file:
                os.fsync(file.fileno())
            temporary.replace(target)
        finally:
            temporary.unlink(missing_ok=True)
