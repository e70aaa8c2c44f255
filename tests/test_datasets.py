"""The digits in the package, splitting and shifting them; MNIST, from a server of the test's own."""

import gzip
import hashlib
import re
import sys
import tracemalloc
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import numpy as np
import pooch
import pytest
from helpers import random_array, refused
from sklearn import datasets as sklearn_datasets

from backprop_lib import datasets, load_digits

pytestmark = pytest.mark.filterwarnings("error")


def test_digits_equal_scikit_learn_s_copy():
    images, labels = load_digits()
    theirs = sklearn_datasets.load_digits()
    assert (images.shape, labels.shape) == ((1, 8, 8, 1797), (1797,))
    np.testing.assert_array_equal(np.moveaxis(images[0], -1, 0) * 16, theirs.images)
    np.testing.assert_array_equal(labels, theirs.target)


def test_digits_are_scaled_exactly():
    images, labels = load_digits()
    assert (images.dtype, labels.dtype) == (np.float64, np.int64)
    assert (images.min(), images.max()) == (0, 1)
    assert set((images * 16).ravel()) == set(range(17))
    assert set(labels) == set(range(10))


def test_every_call_returns_arrays_of_its_own():
    first, _ = load_digits()
    first += 1
    assert load_digits()[0].max() == 1


@pytest.mark.parametrize("held_out, in_test", [(0.3, 3), (0.9, 9), (0.5, 5), (0.24, 2), (0.26, 3)])
def test_split_keeps_pairs_together_and_loses_nothing(held_out, in_test):
    labels = np.arange(10)
    images = np.stack([labels, labels * 10]).reshape(2, 1, 1, 10)
    train, train_labels, test, test_labels = datasets.split(
        images, labels, np.random.default_rng(0), held_out
    )
    assert (train.shape, test.shape) == ((2, 1, 1, 10 - in_test), (2, 1, 1, in_test))
    np.testing.assert_array_equal(train[1, 0, 0], train_labels * 10)
    np.testing.assert_array_equal(test[1, 0, 0], test_labels * 10)
    assert sorted([*train_labels, *test_labels]) == list(range(10))


def test_split_is_shuffled_and_reproducible():
    images, labels = load_digits()
    first = datasets.split(images, labels, np.random.default_rng(0))
    again = datasets.split(images, labels, np.random.default_rng(0))
    other = datasets.split(images, labels, np.random.default_rng(1))
    assert len(first[3]) == 449  # a quarter of 1,797
    np.testing.assert_array_equal(first[3], again[3])
    assert (first[3] != other[3]).any()
    assert (first[3] != labels[:449]).any()


@pytest.mark.parametrize("held_out, found", [(0, "4 to train and 0"), (0.9, "0 to train and 4")])
def test_a_split_with_an_empty_part_is_refused_before_anything_is_drawn(held_out, found):
    generator = np.random.default_rng(0)
    before = generator.bit_generator.state
    pattern = f"split: held_out: expected samples in both parts, got {found} to test"
    with pytest.raises(ValueError, match=pattern):
        datasets.split(np.ones((2, 4)), np.arange(4), generator, held_out)
    assert generator.bit_generator.state == before


@pytest.mark.parametrize(
    "images, labels, error, pattern",
    [
        ([[1.0], [1.0, 2.0]], [0], ValueError, "split: images: expected a rectangular array"),
        ([[1.0, np.nan]], [0, 1], ValueError, "split: images: expected finite numbers, got nan"),
        ([["a", "b"]], [0, 1], TypeError, "split: images: expected real numbers, got dtype <U1"),
        ([[1.0, 2.0]], [[0], [0, 1]], ValueError, "split: labels: expected a rectangular array"),
        ([[1.0, 2.0]], ["a", "b"], TypeError, "split: labels: expected real numbers, got dtype"),
        (np.ones((2, 0)), [], ValueError, "split: images: expected at least one entry"),
    ],
)
def test_a_split_of_no_images_and_labels_is_refused(images, labels, error, pattern):
    with pytest.raises(error, match=pattern):
        datasets.split(images, labels, np.random.default_rng(0))


def test_labels_stay_integers_in_a_split():
    parts = datasets.split(np.ones((1, 4)), np.arange(4, dtype=np.int32), np.random.default_rng(0))
    assert [part.dtype for part in parts] == [np.float64, np.int32] * 2


@pytest.mark.parametrize(
    "down, right, expected",
    [
        (0, 0, [[1, 2, 3], [4, 5, 6]]),
        (1, 0, [[0, 0, 0], [1, 2, 3]]),
        (-1, 0, [[4, 5, 6], [0, 0, 0]]),
        (0, 2, [[0, 0, 1], [0, 0, 4]]),
        (0, -2, [[3, 0, 0], [6, 0, 0]]),
        (1, -1, [[0, 0, 0], [2, 3, 0]]),
        (-1, 1, [[0, 4, 5], [0, 0, 0]]),
    ],
)
def test_shifted_images(down, right, expected):
    image = np.arange(1.0, 7).reshape(1, 2, 3, 1)
    moved = datasets.shifted(image, down, right)
    np.testing.assert_array_equal(moved[0, :, :, 0], expected)
    np.testing.assert_array_equal(image.ravel(), np.arange(1, 7))  # a copy, even for (0, 0)
    moved += 1
    assert image[0, 0, 0, 0] == 1


def test_shifting_moves_every_channel_and_sample_alike():
    images, _ = load_digits()
    images = np.concatenate([images[..., :5], images[..., 5:10]])
    moved = datasets.shifted(images, 2, -1)
    np.testing.assert_array_equal(moved[:, 2:, :-1], images[:, :-2, 1:])
    assert not moved[:, :2].any()
    assert not moved[:, :, -1].any()
    back = datasets.shifted(images, -2, 1)
    np.testing.assert_array_equal(back[:, :-2, 1:], images[:, 2:, :-1])
    assert not back[:, -2:].any()
    assert not back[:, :, 0].any()


@pytest.mark.parametrize("down, right", [(2, 0), (-2, 0), (0, 3), (0, -3)])
def test_shifting_out_of_sight_is_refused(down, right):
    with pytest.raises(ValueError, match="^shifted: (down: exp|right: exp|.* out of sight$)"):
        datasets.shifted(np.ones((1, 2, 3, 1)), down, right)


def test_shifting_asks_for_images():
    message = r"shifted: images: expected shape \(channels, height, width, m\), got \(2, 3\)"
    with pytest.raises(ValueError, match=message):
        datasets.shifted(np.ones((2, 3)), 0, 0)


def test_the_address_is_a_folder_and_the_checksums_are_sha_256():
    assert datasets.MNIST_ADDRESS.endswith("/mnist/")
    for name, checksum in datasets.MNIST_SHA256.items():
        assert re.fullmatch("(train|t10k)-(images-idx3|labels-idx1)-ubyte", name)
        assert re.fullmatch("[0-9a-f]{64}", checksum)


PIXELS = (np.arange(3 * 28 * 28) * 7 % 256).astype(np.uint8).reshape(3, 28, 28)
PARTS = {"train": (PIXELS, [7, 0, 9]), "t10k": (PIXELS[:2, ::-1], [4, 4])}


def idx(array, magic=None, cut=None):
    """Return the array of bytes as an IDX file, with another magic number or cut if wanted."""
    array = np.asarray(array, np.uint8)
    magic = bytes([0, 0, 8, array.ndim]) if magic is None else magic
    return (magic + np.array(array.shape, ">u4").tobytes() + array.tobytes())[:cut]


@pytest.fixture
def mirror(tmp_path, monkeypatch):
    """A server of small files in place of MNIST's. ``mirror.publish(name, content)`` replaces one
    together with its checksum; ``mirror.requests`` lists what was asked for.
    """
    folder = tmp_path / "mirror"
    folder.mkdir()

    class Handler(SimpleHTTPRequestHandler):
        def log_message(self, *_):
            self.server.requests.append(self.path.strip("/"))

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=folder))
    server.requests, server.folder = [], folder

    def publish(name, content):
        (folder / f"{name}.gz").write_bytes(content)
        monkeypatch.setitem(datasets.MNIST_SHA256, name, hashlib.sha256(content).hexdigest())

    server.publish = publish
    for part, (pixels, labels) in PARTS.items():
        publish(f"{part}-images-idx3-ubyte", gzip.compress(idx(pixels)))
        publish(f"{part}-labels-idx1-ubyte", gzip.compress(idx(labels)))
    monkeypatch.setattr(datasets, "MNIST_ADDRESS", f"http://127.0.0.1:{server.server_port}/")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    Thread(target=server.serve_forever, args=(0.01,)).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize("part, prefix", [("train", "train"), ("test", "t10k")])
def test_mnist_is_fetched_once(mirror, tmp_path, part, prefix):
    pixels, labels = PARTS[prefix]
    for _ in range(2):
        images, found = datasets.load_mnist(part, tmp_path / "kept")
        assert (images.shape, images.dtype) == ((1, 28, 28, len(pixels)), np.float64)
        assert images.flags.c_contiguous  # the batch is last in memory, too
        np.testing.assert_array_equal(np.moveaxis(images[0], -1, 0), pixels / 255)
        np.testing.assert_array_equal(found, labels)
        assert found.dtype == np.int64
        images += 1  # arrays of one's own
        found += 1
    names = [f"{prefix}-images-idx3-ubyte.gz", f"{prefix}-labels-idx1-ubyte.gz"]
    assert mirror.requests == names
    assert sorted(path.name for path in (tmp_path / "kept").iterdir()) == names


def test_mnist_is_kept_in_the_user_s_cache(mirror, tmp_path, monkeypatch):
    monkeypatch.setattr(pooch, "os_cache", lambda name: tmp_path / "cache" / name)
    assert datasets.load_mnist("test")[0].shape == (1, 28, 28, 2)
    assert len(list((tmp_path / "cache" / "backprop_lib").iterdir())) == 2


def test_files_handed_out_need_no_network(mirror):
    """The folder as a string; the server is never asked."""
    images, labels = datasets.load_mnist("train", str(mirror.folder))
    assert (images.max(), labels.tolist()) == (1, [7, 0, 9])
    assert mirror.requests == []


def test_the_tilde_in_a_folder_is_the_home_folder(mirror, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    datasets.load_mnist("test", "~/digits")
    assert len(list((tmp_path / "digits").iterdir())) == 2


def test_without_network_and_files_mnist_says_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setattr(datasets, "MNIST_ADDRESS", "http://127.0.0.1:1/")  # nobody listens
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with pytest.raises(OSError) as report:
        datasets.load_mnist("test", tmp_path)
    begin = "load_mnist: http://127.0.0.1:1/t10k-images-idx3-ubyte.gz could not be fetched ("
    assert str(report.value).startswith(begin)
    assert str(report.value).endswith(f"; without a network, put the file into {tmp_path}")
    assert list(tmp_path.iterdir()) == []


def test_a_fetched_file_with_another_checksum_is_refused_and_not_kept(mirror, tmp_path):
    path = mirror.folder / "t10k-images-idx3-ubyte.gz"
    content = path.read_bytes() + b"!"
    path.write_bytes(content)
    got, expected = hashlib.sha256(content), datasets.MNIST_SHA256["t10k-images-idx3-ubyte"]
    with pytest.raises(ValueError, match=r"load_mnist: .*t10k-images-idx3-ubyte\.gz") as report:
        datasets.load_mnist("test", tmp_path / "kept")
    assert expected in str(report.value) and got.hexdigest() in str(report.value)
    assert list((tmp_path / "kept").iterdir()) == []


def test_a_file_in_the_folder_with_another_checksum_is_refused_and_not_touched(mirror, tmp_path):
    path = tmp_path / "t10k-images-idx3-ubyte.gz"
    path.write_bytes(b"mine")
    got, expected = hashlib.sha256(b"mine"), datasets.MNIST_SHA256["t10k-images-idx3-ubyte"]
    with pytest.raises(ValueError) as report:
        datasets.load_mnist("test", tmp_path)
    assert str(report.value) == (
        f"load_mnist: {path}: expected SHA-256 {expected}, got {got.hexdigest()}; "
        "remove the file to have it fetched again"
    )
    assert path.read_bytes() == b"mine"
    assert mirror.requests == []


@pytest.mark.parametrize(
    "name, array, pattern",
    [
        ("images-idx3", PIXELS[:1], r"labels-idx1-ubyte\.gz: expected shape \(1,\), got \(2,\)"),
        ("labels-idx1", [1], r"labels-idx1-ubyte\.gz: expected shape \(2,\), got \(1,\)"),
        ("labels-idx1", [9, 10], r"labels-idx1-ubyte\.gz: expected labels 0 to 9, got 10"),
        (
            "images-idx3",
            PIXELS[:2, 1:],
            r"images-idx3-ubyte\.gz: expected \(m, 28, 28\), got \(2, 27, 28\)",
        ),
    ],
)
def test_mnist_files_that_do_not_go_together(mirror, tmp_path, name, array, pattern):
    mirror.publish(f"t10k-{name}-ubyte", gzip.compress(idx(array)))
    begin = re.escape(f"load_mnist: {tmp_path}/")
    with pytest.raises(ValueError, match=f"^{begin}t10k-{pattern}$"):
        datasets.load_mnist("test", tmp_path)


@pytest.mark.parametrize("bad", ["Train", "t10k", "", None, 0, ["train"]], ids=repr)
def test_another_part_of_mnist_is_refused(mirror, tmp_path, bad):
    pattern = re.escape(f"load_mnist: part: expected 'train' or 'test', got {bad!r}")
    with pytest.raises(ValueError, match=f"^{pattern}$"):
        datasets.load_mnist(bad, tmp_path)
    assert mirror.requests == []


def test_a_folder_that_is_no_path_is_refused(mirror):
    with pytest.raises(TypeError, match="^load_mnist: folder: expected a path, got int$"):
        datasets.load_mnist("test", 0)
    assert mirror.requests == []


def test_without_pooch_mnist_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "pooch", None)  # as if it were not there
    with pytest.raises(ImportError, match=r'pip install "backprop-lib\[mnist\]"$'):
        datasets.load_mnist("test")


@pytest.mark.parametrize("shape", [(5,), (2, 3), (3, 2, 2), (0,), (0, 3)])
def test_idx_files_are_read_as_they_were_written(tmp_path, shape):
    array = np.arange(np.prod(shape)).reshape(shape)
    path = tmp_path / "array.gz"
    path.write_bytes(gzip.compress(idx(array)))
    found = datasets.read_idx(path, len(shape))
    assert found.dtype == np.uint8
    np.testing.assert_array_equal(found, array)


NOTES = np.arange(6).reshape(2, 3)  # 4 + 8 bytes of head, 6 of entries
WHOLE = gzip.compress(idx(NOTES))


@pytest.mark.parametrize(
    "content, pattern",
    [
        (gzip.compress(idx(NOTES, cut=-1)), r"expected 6 entries for shape \(2, 3\), got 5"),
        (gzip.compress(idx(NOTES) + b"!"), r"expected 6 entries for shape \(2, 3\), got more"),
        (gzip.compress(idx(NOTES, cut=11)), "expected 12 bytes of head, got 11"),
        (gzip.compress(idx(NOTES, cut=4)), "expected 12 bytes of head, got 4"),
        (gzip.compress(idx(NOTES, cut=3)), r"expected first bytes 00 00 08 02 .*, got 00 00 08"),
        (gzip.compress(b""), "expected first bytes 00 00 08 02 .*, got "),
        (gzip.compress(idx(NOTES, b"\1\0\10\2")), "expected first .*, got 01 00 08 02"),
        (gzip.compress(idx(NOTES, b"\0\1\10\2")), "expected first .*, got 00 01 08 02"),
        (gzip.compress(idx(NOTES, b"\0\0\15\2")), "expected first .*, got 00 00 0d 02"),
        (gzip.compress(idx(NOTES, b"\0\0\10\3")), "expected first .*, got 00 00 08 03"),
        (idx(NOTES), "expected a whole gzip file, got: Not a gzipped file .*"),
        (WHOLE[:-1], "expected a whole gzip file, got: .* ended before .*"),
        (WHOLE + b"!", "expected a whole gzip file, got: Not a gzipped file .*"),
        (WHOLE[:10] + b"\xff" + WHOLE[11:], "expected a whole gzip file, got: .* decompress.*"),
        (WHOLE[:-8] + bytes(4) + WHOLE[-4:], "expected a whole gzip file, got: CRC check .*"),
    ],
    ids=[
        "an entry less",
        "an entry more",
        "size cut",
        "no sizes",
        "magic cut",
        "nothing",
        "first byte",
        "second byte",
        "floats",
        "three axes",
        "not gzip",
        "gzip cut",
        "gzip and more",
        "gzip damaged",
        "gzip checksum",
    ],
)
def test_a_file_that_is_not_idx_is_refused(tmp_path, content, pattern):
    path = tmp_path / "array.gz"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=f"^read_idx: {re.escape(str(path))}: {pattern}$"):
        datasets.read_idx(path, 2)


@pytest.mark.parametrize("axes, error", [(0, ValueError), (2.0, TypeError), (65, ValueError)])
def test_idx_needs_a_whole_number_of_axes(tmp_path, axes, error):
    with pytest.raises(error, match="^read_idx: axes: expected (a whole number|at most 64)"):
        datasets.read_idx(tmp_path / "array.gz", axes)


def test_an_idx_file_that_unpacks_to_more_than_it_says_is_not_unpacked(tmp_path):
    """10 MB of zeros in 10 kB; and 2**64 entries that no such file can hold."""
    path = tmp_path / "array.gz"
    path.write_bytes(gzip.compress(idx(NOTES) + bytes(10**7)))
    tracemalloc.start()
    with pytest.raises(ValueError, match=r"expected 6 entries for shape \(2, 3\), got more$"):
        datasets.read_idx(path, 2)
    path.write_bytes(gzip.compress(b"\0\0\10\2" + b"\xff" * 8 + bytes(100)))
    with pytest.raises(ValueError, match=r"expected \d{20} entries .*, got 100$"):
        datasets.read_idx(path, 2)
    assert tracemalloc.get_traced_memory()[1] < 3 * 10**6
    tracemalloc.stop()


@pytest.mark.parametrize("path", [None, b"array.gz", 3])
def test_what_is_no_path_is_named(path):
    with pytest.raises(TypeError, match="read_idx: path: expected a path, got "):
        datasets.read_idx(path, 1)
    if path is not None:  # the cache
        with pytest.raises(TypeError, match="load_mnist: folder: expected a path, got "):
            datasets.load_mnist("train", path)


@pytest.mark.parametrize("part", [None, ["train"], np.array(["train", "test"])], ids=repr)
def test_a_part_of_mnist_that_is_no_text_is_named(part):
    with pytest.raises(ValueError, match="load_mnist: part: expected 'train' or 'test', got "):
        datasets.load_mnist(part)


def test_masked_images_and_labels_are_refused():
    """Their mask would be lost, also within a list."""
    masked = np.ma.masked_less([1, 2, 3, 4], 2)
    rng = np.random.default_rng(0)
    for images, labels, name in [
        (masked[np.newaxis], [0, 1, 2, 3], "images"),
        ([masked, masked], [0, 1, 2, 3], "images"),
        (np.ones((1, 4)), masked, "labels"),
    ]:
        with pytest.raises(TypeError, match=f"split: {name}: expected an array, got a masked one"):
            datasets.split(images, labels, rng)


def test_a_missing_idx_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="array.gz"):
        datasets.read_idx(tmp_path / "array.gz", 1)


# --- Bad input -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "call, error, pattern",
    [
        (
            lambda: datasets.split(random_array(3, 4), [0, 1, 2], np.random.default_rng(0)),
            ValueError,
            r"split: images \(3, 4\) do not go with labels \(3,\)",
        ),
        (
            lambda: datasets.split(random_array(3, 4), [[0, 1, 2, 3]], np.random.default_rng(0)),
            ValueError,
            r"split: images \(3, 4\) do not go with labels \(1, 4\)",
        ),
        (
            lambda: datasets.split(
                random_array(3, 4), [[0], [1], [2], [3]], np.random.default_rng(0)
            ),
            ValueError,
            r"split: images \(3, 4\) do not go with labels \(4, 1\)",
        ),
        (
            lambda: datasets.split(3.0, [0], np.random.default_rng(0)),
            ValueError,
            r"split: images \(\) do not go with labels \(1,\)",
        ),
    ],
)
def test_images_and_labels_that_do_not_go_together(call, error, pattern):
    refused(call, [], error, pattern)
