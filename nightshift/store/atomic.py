"""Writing to a disk so that a reader sees the old file or the new one, never a part of it.

with atomic_write(Path("state.json")) as temporary:
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
def raise_store_full(folder: Path) -> Iterator[None]:
    """Turn 'no space left', 'quota exceeded' and 'file too large' inside the block into StoreFull."""
    try:
        yield
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}:
            raise StoreFull(
                f"no space left while writing under {folder}",
                "free some space and run the night again; it continues where it stopped, and no file is incomplete",
            ) from error
        raise


@contextmanager
def atomic_write(target: Path) -> Iterator[Path]:
    """Yield a temporary path beside `target`: renamed to `target` when the block succeeds, removed when it raises.

    Raises StoreFull.
    """
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
