"""Handwritten digits that come with scikit-learn: 8 x 8 pixels, no download."""

from brian2zoo.datasets.images import ImageSet, Split

TEST_SAMPLES = 360
SEED = 0  # of the split: part of the data set's definition, so that every run sees the same test samples
SHAPE, CLASSES = (8, 8), 10
WHITE = 16  # the largest pixel value in the source


def read() -> ImageSet:
    """1437 training and 360 test images (8 x 8) of ten classes, every class in the same share in both.

    Source: E. Alpaydin and C. Kaynak, Optical Recognition of Handwritten Digits, doi:10.24432/C50P49.
    """
    # scikit-learn takes seconds to import, and only this source needs it
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    digits = load_digits()
    levels = digits.images / WHITE * 255  # the scale of the other sources
    train_levels, test_levels, train_labels, test_labels = train_test_split(
        levels, digits.target, test_size=TEST_SAMPLES, stratify=digits.target, random_state=SEED
    )
    return ImageSet(
        title="Optical Recognition of Handwritten Digits",
        source="scikit-learn, load_digits; doi:10.24432/C50P49",
        train=Split(train_levels, train_labels),
        test=Split(test_levels, test_labels),
        sha256={},
    )
