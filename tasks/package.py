"""Package the serving release as a self-contained Bento.

Launched by workflows/nightly.py; alone: pyflyte run tasks/package.py package --help
"""

from pathlib import Path

from flytekit import task
from flytekit.types.directory import FlyteDirectory

from nightshift.artifacts import Promotion
from nightshift.night import Night
from nightshift.reports.page import Page
from tasks.resources import BROAD, IMAGE
from tasks.stage import DECK, stage


@task(container_image=IMAGE, requests=BROAD, **DECK)
def package(promotion: Promotion) -> FlyteDirectory | None:
    """The Bento of the release that serves, built once per release. Never cached: its path is not content."""
    from nightshift.registry.bento import build_bento

    night = Night.open()
    store = night.store
    with stage("package", night) as finish:
        version = promotion.serving[:12]
        folder = night.settings.home / "bentos" / f"support-assistant-{version}"
        built = bool(promotion.serving) and not folder.exists()
        if built:
            build_bento(store.checkout(promotion.serving), folder.parent, version)
        page = (
            _page(folder, built=built)
            if promotion.serving
            else Page("Package", "quiet", "No release serves: nothing to package")
        )
        finish(page, changed=int(built), total=1, unit="Bentos")
    return FlyteDirectory(str(folder)) if promotion.serving else None


def _page(folder: Path, *, built: bool) -> Page:
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6
    verdict = f"The Bento of {size:.0f} MB {'was built' if built else 'is there already'}"
    return Page("Package", "good" if built else "quiet", verdict).note(f"It serves by itself: bentoml serve {folder}")
