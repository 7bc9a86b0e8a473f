"""The store on a disk: objects/ab/abcdef..., refs/name, checkouts/digest/."""

import errno
import json
import os
import shutil
import tempfile
import uuid
from pathlib import Path

from nightshift.digests import canonical_json, digest_of, digest_of_file
from nightshift.errors import CorruptObject, MissingObject, StoreError
from nightshift.store.atomic import atomic_write, raise_store_full

# Objects that this process has verified: path -> size and modification time at that moment. The stages of a night read
# the same half gigabyte of models, and hash it once.
_verified: dict[Path, tuple[int, int]] = {}


class FileStore:
    """A Store in a folder. Objects are read-only files; writes are renames: a killed process leaves no part of one."""

    def __init__(self, root: Path) -> None:
        self.root = root

    @property
    def identity(self) -> str:
        marker = self.root / "identity"
        if not marker.exists():
            with atomic_write(marker) as temporary:
                temporary.write_text(uuid.uuid4().hex)
        return marker.read_text()

    def _object(self, digest: str) -> Path:
        if len(digest) != 64:
            raise StoreError(f"{digest!r} is not a digest", "pass the 64 hex digits that the store returned")
        return self.root / "objects" / digest[:2] / digest

    def put(self, data: bytes) -> str:
        digest = digest_of(data)
        target = self._object(digest)
        if not self._exists(target, len(data)):
            with atomic_write(target) as temporary:
                temporary.write_bytes(data)
                temporary.chmod(0o444)
        return digest

    def put_file(self, path: Path) -> str:
        digest = digest_of_file(path)
        target = self._object(digest)
        if not self._exists(target, path.stat().st_size):
            with atomic_write(target) as temporary:
                shutil.copyfile(path, temporary)
                temporary.chmod(0o444)
        return digest

    @staticmethod
    def _exists(target: Path, size: int) -> bool:
        """Whether the object exists with this size; one of another size is damaged and is written again."""
        return target.exists() and target.stat().st_size == size

    def get(self, digest: str) -> bytes:
        return self.path(digest).read_bytes()

    def path(self, digest: str) -> Path:
        target = self._object(digest)
        if not target.exists():
            raise MissingObject(
                f"the store has no object {digest[:12]} ({self.root})",
                "run the night again with FLYTE_LOCAL_CACHE_OVERWRITE=true to create it again, or restore the store",
            )
        status = target.stat()
        state = (status.st_size, status.st_mtime_ns)
        if _verified.get(target) != state:
            if digest_of_file(target) != digest:
                # Moved, not deleted: the next night writes the object again, and a person can inspect the damage.
                quarantined = self.root / "corrupt" / digest
                quarantined.parent.mkdir(parents=True, exist_ok=True)
                target.replace(quarantined)
                raise CorruptObject(
                    f"object {digest[:12]} does not hold the bytes of its digest; it was moved to {quarantined}",
                    "run the night again with FLYTE_LOCAL_CACHE_OVERWRITE=true to create it again, and check the disk",
                )
            _verified[target] = state
        return target

    def has(self, digest: str) -> bool:
        return self._object(digest).exists()

    def put_json(self, value: object) -> str:
        return self.put(canonical_json(value))

    def get_json(self, digest: str) -> object:
        return json.loads(self.get(digest))

    def put_tree(self, folder: Path) -> str:
        files = sorted(path for path in folder.rglob("*") if path.is_file())
        return self.put_json({path.relative_to(folder).as_posix(): self.put_file(path) for path in files})

    def tree(self, digest: str) -> dict[str, str]:
        manifest = self.get_json(digest)
        if not isinstance(manifest, dict):
            raise StoreError(f"object {digest[:12]} is not a folder", "pass the digest that put_tree returned")
        return manifest

    def checkout(self, digest: str) -> Path:
        folder = self.root / "checkouts" / digest
        manifest = {name: self.path(file) for name, file in self.tree(digest).items()}
        if folder.exists():
            return folder
        with raise_store_full(self.root):
            folder.parent.mkdir(parents=True, exist_ok=True)
            temporary = Path(tempfile.mkdtemp(dir=folder.parent, prefix=".making-"))
            try:
                for name, path in manifest.items():
                    target = temporary / name
                    target.parent.mkdir(parents=True, exist_ok=True)
                    os.link(path, target)
                try:
                    temporary.rename(folder)
                except OSError as error:  # another process created the folder first, with the same bytes
                    if error.errno not in {errno.EEXIST, errno.ENOTEMPTY}:
                        raise
            finally:
                shutil.rmtree(temporary, ignore_errors=True)
        return folder

    def read_ref(self, name: str) -> str | None:
        path = self.root / "refs" / name
        return path.read_text() if path.exists() else None

    def write_ref(self, name: str, value: str) -> None:
        with atomic_write(self.root / "refs" / name) as temporary:
            temporary.write_text(value)
