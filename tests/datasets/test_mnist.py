"""MNIST: the real files where they are at hand, and downloads from a server on this machine."""

import gzip
import hashlib
import threading
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from ruamel.yaml import YAML

from brian2zoo.datasets import CHECKSUMS, DatasetSettings, load
from brian2zoo.errors import ZooError

NAMES = [
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
]
REAL = Path(__file__).resolve().parents[3] / "shared" / "datasets" / "mnist"


class Mirrors:
    """A local web server whose folders are the mirrors; `requested` lists the paths asked of it."""

    def __init__(self, root: Path) -> None:
        self.root, self.requested = root, []
        requested = self.requested

        class Handler(SimpleHTTPRequestHandler):
            def do_GET(self) -> None:
                requested.append(self.path)
                if self.path.startswith("/broken/"):  # promises more than it sends, as a lost connection does
                    self.send_response(200)
                    self.send_header("Content-Length", "1000")
                    self.end_headers()
                    self.wfile.write(b"\x1f\x8b")
                else:
                    super().do_GET()

            def log_message(self, *args: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(root)))
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    def address(self, mirror: str) -> str:
        return f"http://127.0.0.1:{self.server.server_port}/{mirror}"


@pytest.fixture
def mirrors(tmp_path, write, monkeypatch) -> Iterator[Mirrors]:
    """`good` serves the small data set of conftest, `corrupt` altered files, `broken` cuts the line."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    folder = write(compress=True)
    folder.rename(tmp_path / "good")
    (tmp_path / "corrupt").mkdir()
    for name in NAMES:
        (tmp_path / "corrupt" / f"{name}.gz").write_bytes(gzip.compress(b"something else"))
    mirrors = Mirrors(tmp_path)
    yield mirrors
    mirrors.server.shutdown()
    mirrors.server.server_close()


@pytest.fixture
def checksums(mirrors, tmp_path) -> Callable[..., Path]:
    """Writes a checksum file for the small data set that names the given mirrors."""

    def to_file(*names: str) -> Path:
        files = {}
        for name in NAMES:
            compressed = (tmp_path / "good" / f"{name}.gz").read_bytes()
            files[name] = {
                "sha256": hashlib.sha256(gzip.decompress(compressed)).hexdigest(),
                "gz_md5": hashlib.md5(compressed).hexdigest(),
            }
        path = tmp_path / "checksums.yaml"
        registry = {"mirrors": [*map(mirrors.address, names)], "files": files}
        YAML().dump({"mnist": registry}, path)
        return path

    return to_file


def load_mnist(tmp_path, checksums, **settings) -> dict[str, xr.Dataset]:
    return load(DatasetSettings(source="mnist", **settings), tmp_path, checksums)


def test_downloads_once(mirrors, checksums, tmp_path, arrays, capfd) -> None:
    first = load_mnist(tmp_path, checksums("good"))
    np.testing.assert_array_equal(first["train"].label, arrays["train_labels"])
    assert sorted(mirrors.requested) == sorted(f"/good/{name}.gz" for name in NAMES)
    assert {file.stat().st_mode & 0o777 for file in (tmp_path / "data" / "mnist").iterdir()} == {0o644}
    assert "100%" in capfd.readouterr().err  # the progress bar

    second = load_mnist(tmp_path, checksums("good"))
    assert len(mirrors.requested) == 4
    assert second["test"].equals(first["test"])


@pytest.mark.parametrize("bad", ["corrupt", "broken", "absent"])
def test_next_mirror_serves_what_the_first_does_not(mirrors, checksums, tmp_path, bad, arrays) -> None:
    train = load_mnist(tmp_path, checksums(bad, "good"))["train"]
    np.testing.assert_array_equal(train.label, arrays["train_labels"])
    assert sum(path.startswith(f"/{bad}/") for path in mirrors.requested) == 4


def test_goes_on_where_it_was_interrupted(mirrors, checksums, tmp_path) -> None:
    path = checksums("good")
    served = tmp_path / "good" / f"{NAMES[2]}.gz"
    withheld = served.rename(tmp_path / "withheld")
    with pytest.raises(ZooError):
        load_mnist(tmp_path, path)
    downloaded = {file.name for file in (tmp_path / "data" / "mnist").iterdir()}
    assert downloaded == {f"{name}.gz" for name in NAMES[:2]}

    withheld.rename(served)
    mirrors.requested.clear()
    load_mnist(tmp_path, path)
    assert mirrors.requested == [f"/good/{name}.gz" for name in NAMES[2:]]


@pytest.mark.parametrize("bad", ["corrupt", "broken"])
def test_failure_says_where_to_put_which_files_and_leaves_none(mirrors, checksums, tmp_path, bad) -> None:
    folder = tmp_path / "data" / "mnist"
    with pytest.raises(ZooError) as caught:
        load_mnist(tmp_path, checksums(bad))
    assert caught.value.where == str(folder)
    assert mirrors.address(bad) in caught.value.problem
    assert all(name in caught.value.remedy for name in NAMES)
    assert list(folder.iterdir()) == []


def test_no_server_at_all(mirrors, checksums, tmp_path) -> None:
    path = checksums("good")
    mirrors.server.server_close()
    with pytest.raises(ZooError, match="ConnectionError"):
        load_mnist(tmp_path, path)


def test_files_put_there_by_hand_are_not_fetched(mirrors, checksums, tmp_path) -> None:
    folder = tmp_path / "data" / "mnist"
    folder.mkdir(parents=True)
    for name in NAMES:
        content = gzip.decompress((tmp_path / "good" / f"{name}.gz").read_bytes())
        (folder / name.replace("-idx", ".idx")).write_bytes(content)
    load_mnist(tmp_path, checksums("good"))
    assert mirrors.requested == []


@pytest.mark.parametrize("where", ["folder", "data/mnist"])
def test_altered_content_is_named_with_both_checksums(mirrors, checksums, tmp_path, write, arrays, where) -> None:
    folder = write(test_labels=[0, 0, 1])  # a valid data set, but not the published one
    if where == "data/mnist":
        (tmp_path / "data").mkdir()
        folder = folder.rename(tmp_path / "data" / "mnist")
    path = checksums("good")
    with pytest.raises(ZooError) as caught:
        load_mnist(tmp_path, path, **({"folder": str(folder)} if where == "folder" else {}))
    assert caught.value.where == str(folder / NAMES[3])
    assert hashlib.sha256((folder / NAMES[3]).read_bytes()).hexdigest() in caught.value.problem
    assert YAML(typ="safe").load(path)["mnist"]["files"][NAMES[3]]["sha256"] in caught.value.remedy
    assert mirrors.requested == []


def test_data_directory_that_cannot_be_made(checksums, tmp_path) -> None:
    (tmp_path / "data").write_text("a file in its place")
    with pytest.raises(ZooError, match="cannot be made"):
        load_mnist(tmp_path, checksums("good"))


@pytest.mark.parametrize(
    ("content", "field"),
    [
        (None, "mnist"),
        ("", "mnist"),
        ("emnist: {}", "mnist"),
        ("mnist: [", "mnist"),
        ("mnist: {mirrors: [], files: {}}", "mnist.files"),
        ("mnist: {files: {}}", "mnist.mirrors"),
    ],
)
def test_bad_checksum_file(tmp_path, content, field) -> None:
    path = tmp_path / "checksums.yaml"
    if content is not None:
        path.write_text(content)
    with pytest.raises(ZooError) as caught:
        load_mnist(tmp_path, path)
    assert (caught.value.where, caught.value.field) == (str(path), field)
    assert "\n" not in str(caught.value)


def test_shipped_checksums_are_those_of_the_published_files() -> None:
    files = YAML(typ="safe").load(CHECKSUMS)["mnist"]["files"]
    assert list(files) == NAMES
    assert files[NAMES[0]]["sha256"].startswith("ba891046e650")
    assert files[NAMES[0]]["gz_md5"] == "f68b3c2dcbeaaa9fbdd348bbdeb94873"


def test_real_files() -> None:
    if not REAL.is_dir():
        pytest.skip("no shared/datasets/mnist next to this checkout")
    settings = DatasetSettings(source="mnist", folder=str(REAL), limit_train=1000)
    splits = load(settings, Path("unused"))
    assert splits["train"].label.values[:10].tolist() == [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]
    assert splits["test"].sizes == {"sample": 10000, "pixel": 784}
    assert np.bincount(splits["test"].label).tolist() == [
        980,
        1135,
        1032,
        1010,
        982,
        892,
        958,
        1028,
        974,
        1009,
    ]
    # the published mean of the training pixels is 0.1307 of 255
    assert float(splits["train"].x.mean()) == pytest.approx(0.1307 * 255 / 256, rel=0.02)
