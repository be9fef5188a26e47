"""The site as it is built: every link and image leads somewhere, nothing comes from a network, nothing is too wide."""

import re
import resource
import shutil
import subprocess
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import pytest

from brian2zoo import pages
from brian2zoo.formats.zoo import ROOT, Zoo

pytestmark = pytest.mark.slow
MOST_SECONDS = 180  # of a core
WIDTHS = {"phone": 390, "desktop": 1280}
LOADED = {"script": "src", "img": "src", "iframe": "src"}
SHOWN = ("index.html", "tutorial.html", "reference/experiments.html", "zoo/rule/erbp.html", "zoo/matrix.html")


class Links(HTMLParser):
    """Where a page leads, what it loads, and where others may lead within it."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.leads: list[str] = []
        self.loads: list[str] = []
        self.anchors: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {key: value or "" for key, value in attrs}
        self.anchors |= {given["id"]} if "id" in given else set()
        if tag == "a" and "href" in given:
            self.leads.append(given["href"])
        if tag in LOADED and LOADED[tag] in given:
            self.loads.append(given[LOADED[tag]])
        if tag == "link" and given.get("rel") == "stylesheet":
            self.loads.append(given["href"])


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Path:
    pytest.importorskip("material", reason="it needs pip install -e '.[docs]'")
    folder = tmp_path_factory.mktemp("site")
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "-f", ROOT / "mkdocs.yml", "-d", folder]
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before < MOST_SECONDS
    return folder


@pytest.fixture(scope="module")
def links(site) -> dict[Path, Links]:
    return {path: Links(path.read_text(encoding="utf-8")) for path in site.rglob("*.html")}


def test_every_file_of_the_zoo_has_its_page(site) -> None:
    assert all((site / place).with_suffix(".html").is_file() for place in pages.places(Zoo()))


def test_every_link_and_image_leads_somewhere(site, links) -> None:
    lost = []
    for page, found in links.items():
        if page.name == "404.html":
            continue
        for target in (*found.leads, *found.loads):
            place, _, anchor = unquote(target).partition("#")
            if re.match(r"[a-z]+:", place):
                continue
            led = (page.parent / place).resolve() if place else page
            led = led / "index.html" if led.is_dir() else led
            if not led.is_file() or (anchor and led in links and anchor not in links[led].anchors):
                lost.append(f"{page.relative_to(site)}: {target}")
    assert not lost


def test_nothing_is_loaded_from_a_network(links) -> None:
    assert not {target for found in links.values() for target in found.loads if re.match(r"(https?:)?//", target)}


@pytest.fixture(scope="module")
def browser() -> Iterator[object]:
    api = pytest.importorskip("playwright.sync_api", reason="it needs playwright")
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        pytest.skip("it needs Chromium")
    with api.sync_playwright() as play:
        started = play.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield started
        started.close()


@pytest.mark.parametrize("width", WIDTHS.values(), ids=WIDTHS)
@pytest.mark.parametrize("shown", SHOWN)
def test_page_fits_its_window_and_shows_its_images_and_mathematics(browser, site, shown, width) -> None:
    page = browser.new_page(viewport={"width": width, "height": 900})
    failed = []
    page.on("requestfailed", lambda request: failed.append(request.url))
    page.on("pageerror", lambda error: failed.append(str(error)))
    page.goto((site / shown).as_uri())
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate("[...document.images].every(image => image.complete && image.naturalWidth > 0)")
    heights = page.evaluate("[...document.querySelectorAll('math')].map(each => each.getBoundingClientRect().height)")
    assert all(height > 10 for height in heights)
    assert not failed
    page.close()
