"""SHA-256 digests, and the canonical JSON to digest.

digest_of(canonical_json({"b": 1, "a": [2]}))     # of the bytes {"a":[2],"b":1}
"""

import hashlib
import json
from pathlib import Path


def digest_of(data: bytes) -> str:
    """SHA-256 of `data` as 64 hex digits."""
    return hashlib.sha256(data).hexdigest()


def digest_of_file(path: Path) -> str:
    """SHA-256 of a file, read in pieces."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def canonical_json(value: object) -> bytes:
    """A JSON value as canonical bytes: sorted keys, no spaces, no NaN."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()
