"""Pack a release folder with the code that serves it into a Bento: one folder that runs anywhere by itself.

python -m serving.bento .nightshift/store/checkouts/03fa... dist 03fa77de91ab

Run it as a process of its own: bentoml.build changes the working directory. The Bento holds the release, the modules
that `serving.service` imports, and a requirements.txt with the locked versions of what these import.
"""

import os
import shutil
import sys
import tempfile
from pathlib import Path

from nightshift.release.layout import ReleaseFolder
from serving.requirements import ROOTS, locked

NAME = "support-assistant"
ENTRY = "serving.service"
ROOT = Path(__file__).resolve().parents[1]


def build(release: Path, out: Path, version: str) -> Path:
    """Build the Bento `out/support-assistant-VERSION` and return its path. Raises StoreError."""
    ReleaseFolder.open(release)
    target = out.absolute() / f"{NAME}-{version}"
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out, prefix=".packing-") as name:
        work = Path(name).absolute()
        context = work / "context"
        _copy_code(context)
        bento = _build_bento(context, work, version)
        # The release comes last: BentoML copies its build context three times, and the models are half a gigabyte.
        shutil.copytree(release.absolute(), bento / "src" / "release", copy_function=shutil.copyfile)
        shutil.rmtree(target, ignore_errors=True)
        bento.rename(target)
    return target


def packed_modules() -> set[str]:
    """The modules that `serving.service` imports, inside functions too, and the packages they lie in."""
    import grimp

    graph = grimp.build_graph("serving", "nightshift", cache_dir=None)
    modules: set[str] = set()
    imported = {ENTRY}
    while imported - modules:
        modules |= {".".join(name.split(".")[:depth]) for name in imported for depth in range(1, name.count(".") + 2)}
        imported = modules.union(*(graph.find_upstream_modules(name) for name in modules))
    return modules


def _copy_code(context: Path) -> None:
    """Copy the packed modules, and the data files beside them, to `context`. The release will stand beside them."""
    for name in sorted(packed_modules()):
        path = ROOT / name.replace(".", "/")
        sources = [path.with_suffix(".py")]
        if path.is_dir():
            sources = [
                path / "__init__.py",
                *(file for file in path.iterdir() if file.is_file() and file.suffix != ".py"),
            ]
        for source in sources:
            target = context / source.relative_to(ROOT)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)


def _build_bento(context: Path, work: Path, version: str) -> Path:
    """Build in a temporary Bento store, not the user's, and export the Bento as a folder."""
    os.environ.update(BENTOML_HOME=str(work / "bentoml"), BENTOML_DO_NOT_TRACK="True", DO_NOT_TRACK="true")
    # BentoML imports the service to inspect it; it must find the packed modules, not those imported here.
    for name in [name for name in sys.modules if name.partition(".")[0] in {"nightshift", "serving"}]:
        del sys.modules[name]
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
    """Print the path of the Bento built from the arguments RELEASE OUT VERSION."""
    release, out, version = arguments
    print(build(Path(release), Path(out), version))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
