"""The 8×8 handwritten digits, in the package, and the 28×28 ones of MNIST, from the network."""

import math
from pathlib import Path

import numpy as np

from backprop_lib._validate import (
    file_path,
    fraction,
    label_array,
    random_generator,
    real_array,
    whole_number,
)

MNIST_ADDRESS = "https://ossci-datasets.s3.amazonaws.com/mnist/"  # torchvision's mirror
MNIST_SHA256 = {  # of the files gzipped, as torchvision's prototype data sets list them
    "train-images-idx3-ubyte": "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
    "train-labels-idx1-ubyte": "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
    "t10k-images-idx3-ubyte": "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
    "t10k-labels-idx1-ubyte": "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
}


def load_digits():
    """Return the 1,797 handwritten digits.

    Returns
    -------
    images : float64 array of shape (1, 8, 8, 1797)
        One channel; grey levels from 0 (paper) to 1 (ink) in steps of 1/16.
    labels : int64 array of shape (1797,)
        The digits 0 to 9.

    Notes
    -----
    Source: Alpaydin and Kaynak (1998), *Optical Recognition of Handwritten Digits*, UCI Machine
    Learning Repository, CC BY 4.0; the test part.
    """
    with np.load(Path(__file__).parent / "data" / "digits.npz", allow_pickle=False) as data:
        images, labels = data["images"], data["labels"]
    return images[np.newaxis] / 16.0, labels.astype(np.int64)


def load_mnist(part, folder=None):
    """Return the handwritten digits of MNIST, fetched once and then kept.

    Needs the extra ``backprop-lib[mnist]``.

    Parameters
    ----------
    part : str
        ``"train"`` for the 60,000 training digits, ``"test"`` for the 10,000 test digits.
    folder : path, optional
        Where the files are kept; the user's cache if omitted. Files that are there already are
        not fetched: a classroom without a network can hand them out.

    Returns
    -------
    images : float64 array of shape (1, 28, 28, m)
        One channel; grey levels from 0 (paper) to 1 (ink) in steps of 1/255.
    labels : int64 array of shape (m,)
        The digits 0 to 9.

    Raises
    ------
    ImportError
        pooch, which fetches the files, is not installed.
    OSError
        A file is neither there nor to be had.
    ValueError
        A file is not the published one: its checksum differs. What was fetched is not kept;
        what was in the folder is not touched.

    Notes
    -----
    Source: LeCun, Cortes and Burges, *The MNIST database of handwritten digits*.
    """
    if not isinstance(part, str) or part not in ("train", "test"):
        raise ValueError(f"load_mnist: part: expected 'train' or 'test', got {part!r}")
    if folder is not None:
        folder = file_path(folder, "load_mnist: folder")
    try:
        import pooch
    except ImportError:
        raise ImportError(
            'load_mnist needs pooch to fetch MNIST: pip install "backprop-lib[mnist]"'
        ) from None
    folder = Path(pooch.os_cache("backprop_lib") if folder is None else folder).expanduser()
    prefix = "train" if part == "train" else "t10k"
    images_path = _mnist_file(f"{prefix}-images-idx3-ubyte", folder, pooch)
    labels_path = _mnist_file(f"{prefix}-labels-idx1-ubyte", folder, pooch)
    pixels, labels = read_idx(images_path, 3), read_idx(labels_path, 1)  # (m, 28, 28), (m,)
    if pixels.shape[1:] != (28, 28):
        raise ValueError(f"load_mnist: {images_path}: expected (m, 28, 28), got {pixels.shape}")
    label_array(labels, f"load_mnist: {labels_path}", 10, len(pixels))
    images = np.ascontiguousarray(np.moveaxis(pixels, 0, -1)) / 255.0
    return images[np.newaxis], labels.astype(np.int64)


def read_idx(path, axes):
    """Return the content of a gzipped IDX file of bytes, the format of MNIST.

    Parameters
    ----------
    path : path
        The file: two zero bytes, the type (8 for unsigned bytes), the number of axes, each
        axis's size as a big-endian 32-bit number, then the entries in C order.
    axes : int
        How many axes there must be.

    Returns
    -------
    uint8 array, read-only

    Raises
    ------
    ValueError
        It is not such a file, or shorter or longer than it says.
    """
    import gzip  # slow to import, and only MNIST is compressed like this
    import zlib

    path, axes = Path(file_path(path, "read_idx: path")), whole_number(axes, "read_idx: axes")
    if axes > 64:
        raise ValueError(f"read_idx: axes: expected at most 64, NumPy's limit, got {axes}")
    magic, start = bytes([0, 0, 8, axes]), 4 + 4 * axes
    try:
        with gzip.open(path, "rb") as file:
            head = file.read(start)
            shape = tuple(int(n) for n in np.frombuffer(head[4:].ljust(4 * axes, b"\0"), ">u4"))
            most = 1032 * path.stat().st_size  # gzip packs no tighter: more would be a lie
            entries = file.read(min(math.prod(shape), most) + 1)
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise ValueError(f"read_idx: {path}: expected a whole gzip file, got: {error}") from None
    if head[:4] != magic:
        raise ValueError(
            f"read_idx: {path}: expected first bytes {magic.hex(' ')} (unsigned bytes, "
            f"axes: {axes}), got {head[:4].hex(' ')}"
        )
    if len(head) < start:
        raise ValueError(f"read_idx: {path}: expected {start} bytes of head, got {len(head)}")
    if len(entries) != math.prod(shape):
        raise ValueError(
            f"read_idx: {path}: expected {math.prod(shape)} entries for shape {shape}, "
            f"got {'more' if len(entries) > math.prod(shape) else len(entries)}"
        )
    return np.frombuffer(entries, np.uint8).reshape(shape)


def split(images, labels, rng, held_out=0.25):
    """Return (train_images, train_labels, test_images, test_labels), drawn without overlap.

    ``held_out`` is the share of samples in the test part; the batch is the last axis. Neither
    part may be empty.
    """
    images = real_array(images, "split: images")
    real_array(labels, "split: labels")
    labels = np.asarray(labels)  # labels stay integers
    if images.ndim == 0 or labels.ndim != 1 or images.shape[-1] != len(labels):
        raise ValueError(f"split: images {images.shape} do not go with labels {labels.shape}")
    held_out = round(fraction(held_out, "split: held_out") * len(labels))
    if not 0 < held_out < len(labels):
        raise ValueError(
            f"split: held_out: expected samples in both parts, got {len(labels) - held_out} "
            f"to train and {held_out} to test"
        )
    order = random_generator(rng, "split: rng").permutation(len(labels))
    test, train = np.split(order, [held_out])
    return images[..., train], labels[train], images[..., test], labels[test]


def shifted(images, down, right):
    """Return images of shape (channels, height, width, m) moved by whole pixels.

    Negative numbers move up and left. What leaves the picture is lost; zeros, the paper, come in.
    """
    images = real_array(images, "shifted: images", ("channels", "height", "width", "m"))
    _, height, width, _ = images.shape
    down = whole_number(down, "shifted: down", least=1 - height)
    right = whole_number(right, "shifted: right", least=1 - width)
    if down >= height or right >= width:
        raise ValueError(
            f"shifted: ({down}, {right}) moves images of {height} by {width} out of sight"
        )
    top, left = max(down, 0), max(right, 0)
    moved = np.zeros_like(images)
    part = images[:, top - down : height - top, left - right : width - left]
    moved[:, top : top + part.shape[1], left : left + part.shape[2]] = part
    return moved


def _mnist_file(name, folder, pooch):
    """Return the path of the file in the folder, fetched if need be, its checksum compared."""
    path, address, expected = folder / f"{name}.gz", f"{MNIST_ADDRESS}{name}.gz", MNIST_SHA256[name]
    if not path.exists():
        try:
            pooch.retrieve(address, expected, path.name, folder)
        except ValueError as error:
            raise ValueError(f"load_mnist: {error}") from None
        except OSError as error:
            raise OSError(
                f"load_mnist: {address} could not be fetched ({error}); "
                f"without a network, put the file into {folder}"
            ) from error
    got = pooch.file_hash(path)
    if got != expected:
        raise ValueError(
            f"load_mnist: {path}: expected SHA-256 {expected}, got {got}; "
            "remove the file to have it fetched again"
        )
    return path
