"""Settings that cannot mean anything are refused before a file is opened."""

import pytest
from pydantic import ValidationError

from brian2zoo.datasets import DatasetSettings, IdxFiles, Manifolds, Trials


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"source": "cifar"}, "'digits', 'mnist_5k', 'mnist', 'fashion_mnist', 'idx', .* or 'tonic'"),
        ({"source": "idx"}, "needs folder"),
        ({"source": "shd"}, "shd needs folder, where shd_train.h5"),
        ({"source": "tonic"}, "tonic needs recording"),
        ({"source": "shd", "folder": "f", "crop": 1}, "shd does not read crop"),
        ({"source": "randman", "trials": {"cues": 3}}, "randman does not read trials"),
        ({"source": "digits", "folder": "somewhere"}, "digits does not read folder"),
        ({"source": "mnist", "transpose": True}, "mnist does not read transpose"),
        ({"source": "mnist", "files": {"test_labels": "other"}}, "mnist does not read files"),
        ({"source": "digits", "first_label": 1}, "digits does not read first_label"),
        ({"source": "digits", "limit_train": 0}, "greater than 0"),
        ({"source": "digits", "limit": 10}, "Extra inputs"),
        ({"source": "idx", "folder": "f", "files": {"train": "x"}}, "Extra inputs"),
    ],
)
def test_refused(settings, message) -> None:
    with pytest.raises(ValidationError, match=message):
        DatasetSettings(**settings)


def test_what_is_written_out_reads_back() -> None:
    for settings in (
        DatasetSettings(source="digits"),
        DatasetSettings(source="trials", trials={"cues": 3, "delay": "1*second"}),
        DatasetSettings(source="idx", folder="f", first_label=1, files=IdxFiles(train_images="x")),
    ):
        assert DatasetSettings(**settings.model_dump()) == settings


@pytest.mark.parametrize("model", [DatasetSettings, IdxFiles, Manifolds, Trials])
def test_every_setting_is_described(model) -> None:
    assert all(field.description for field in model.model_fields.values())
