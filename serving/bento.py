"""Pack a release folder with the code that serves it into a Bento: one folder that runs anywhere by itself.

python -m serving.bento .nightshift/store/checkouts/03fa... dist 03fa77de91ab

Run it as a process of its own: bentoml.build changes the working directory. The Bento holds the release, the part of
nightshift that answers, and a requirements.txt with exactly the locked versions of what these import.
"""

import os
import shutil
import sys
import tempfile
from pathlib import Path

from nightshift.release.layout import ReleaseFolder
from serving.requirements import ROOTS, locked

NAME = "support-assistant"
ROOT = Path(__file__).resolve().parents[1]
CODE = (
    "nightshift/__init__.py",
    "nightshift/artifacts.py",
    "nightshift/digests.py",
    "nightshift/errors.py",
    "nightshift/progress.py",
    "nightshift/settings.py",
    "nightshift/index",
    "nightshift/privacy",
    "nightshift/release/__init__.py",
    "nightshift/release/layout.py",
    "nightshift/answering",
    "nightshift/metrics",
    "nightshift/models",
    "nightshift/retrieval",
    "nightshift/text",
    "nightshift/store",
    "serving",
)


NOT_SERVED = shutil.ignore_patterns("__pycache__", "__main__.py", "bento.py", "requirements.py")


def build(release: Path, out: Path, version: str) -> Path:
    """Build the Bento and return its folder, `out/support-assistant-VERSION`. Raises StoreError where `release` is none."""
    ReleaseFolder.open(release)
    target = out.absolute() / f"{NAME}-{version}"
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out, prefix=".packing-") as name:
        work = Path(name).absolute()
        context = work / "context"
        _lay_out(context)
        made = _bento(context, work, version)
        # The models come last: BentoML copies what it builds from three times, and half a gigabyte is mostly models.
        shutil.copytree(release.absolute(), made / "src" / "release", copy_function=shutil.copyfile)
        shutil.rmtree(target, ignore_errors=True)
        made.rename(target)
    return target


def _lay_out(context: Path) -> None:
    """The code that goes into the Bento: nightshift/ and serving/. The release will stand beside them."""
    for part in CODE:
        source, target = ROOT / part, context / part
        if source.is_dir():
            shutil.copytree(source, target, ignore=NOT_SERVED)
        else:
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)


def _bento(context: Path, work: Path, version: str) -> Path:
    """Build in a Bento store of our own, away from the user's, and export as a folder."""
    os.environ.update(BENTOML_HOME=str(work / "bentoml"), BENTOML_DO_NOT_TRACK="True", DO_NOT_TRACK="true")
    # BentoML imports the service to look at it: from the context, as it will be imported when it serves.
    for loaded in [name for name in sys.modules if name.partition(".")[0] in {"nightshift", "serving"}]:
        del sys.modules[loaded]
    sys.path.insert(0, str(context))
    import bentoml

    bento = bentoml.build(
        "serving.service:SupportAssistant",
        version=version,
        build_ctx=str(context),
        include=["*"],
        labels={"release": version},
        python={"packages": locked(ROOTS, ROOT / "requirements.lock"), "lock_packages": False},
    )
    folder = work / "exported"
    bentoml.export_bento(bento.tag, str(folder), "folder")
    return folder


def main(arguments: list[str]) -> int:
    """RELEASE OUT VERSION -> the Bento's path on stdout."""
    release, out, version = arguments
    print(build(Path(release), Path(out), version))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
