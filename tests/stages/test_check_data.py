"""What the data set cannot give is refused before any training, in one message with the place of each key."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from plasticity.config.data_requests import CheckDataSettings, Counted, DataRequest, PreparedBy
from plasticity.config.findings import ConfigError
from plasticity.errors import PlasticityError
from plasticity.jobs.adapter import Files, Job
from plasticity.stages.check_data import check_requests, run
from plasticity.stages.checked_data import refuse_unanswerable
from plasticity.studies.configuration import typed_config

ROOT = Path(__file__).resolve().parents[2]
DESCRIPTION = {
    "name": "animals",
    "class_names": ["ant", "bee", "cow", "dog"],
    "counts": {"train": [100, 100, 100, 50], "test": [20, 20, 20, 20]},
}
COUNTED = Counted.of(DESCRIPTION)
PREPARED = PreparedBy(settings='{"name": "animals", "reader": "parquet"}', code="0123")
GROUPS = [[0, 1], [2, 3]]
NEXT = {"train_size": 40, "validation_size": 20, "test_size": 10}


def sections(**changes: dict[str, Any]) -> dict[str, Any]:
    config = yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8"))
    config["train_test_collapse"] |= {"train_size": 80, "test_size": 20}
    config["train_test_collapse"]["next_task"] |= NEXT
    config["warm_start"]["train_size"] = None
    del config["random_labels"]  # asks for more images than there are animals
    for name, section in changes.items():
        config[name] |= section
    return dict(typed_config(config, root=ROOT).sections)


def requests_of(found: dict[str, Any]) -> tuple[DataRequest, ...]:
    """What sections ask."""
    return tuple(each for name, section in found.items() for each in section.data_requests(name))


def job_of(folder: Path, requests: tuple[DataRequest, ...]) -> Job:
    return Job(
        input=Files(named={"description": (folder / "dataset.json",)}),
        output=Files(named={"checked": (folder / "checked.json",)}),
        params={"settings": CheckDataSettings(requests=requests, prepared=PREPARED).canonical()},
    )


def violations(**changes: dict[str, Any]) -> tuple[str, ...]:
    with pytest.raises(ConfigError) as caught:
        check_requests(requests_of(sections(**changes)), COUNTED)
    return caught.value.violations


def test_what_fits_passes() -> None:
    arms = {"pairs": {"super_classes": GROUPS}, "size": {"train_size": [10, 200]}, "all": {"test_size": None}}
    found = sections(train_test_collapse={"arms": arms}, warm_start={"train_size": 350})
    check_requests(requests_of(found), COUNTED)


def test_every_study_asks() -> None:
    assert {each.draw for each in requests_of(sections())} == {"halves", "sequence", "super_classes"}


def test_a_job_leaves_what_it_has_checked(tmp_path: Path) -> None:
    (tmp_path / "dataset.json").write_text(json.dumps(DESCRIPTION), encoding="utf-8")
    requests = requests_of(sections())
    run(job_of(tmp_path, requests))
    found = json.loads((tmp_path / "checked.json").read_text(encoding="utf-8"))
    asked = [each.plain() for each in requests]
    assert found == {"requests": asked, "prepared": PREPARED.plain(), "description": DESCRIPTION}


def test_a_new_question_is_checked_against_what_was_prepared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "dataset.json").write_text(json.dumps(DESCRIPTION), encoding="utf-8")
    checked, known = tmp_path / "checked.json", requests_of(sections())
    new = requests_of(sections(warm_start={"train_size": 351}))
    refuse_unanswerable(new, checked=checked, prepared=PREPARED)  # which has still to be prepared
    run(job_of(tmp_path, known))
    refuse_unanswerable(new, checked=checked, prepared=PREPARED.overridden({"code": "other"}))  # and will be again
    with pytest.raises(ConfigError, match=r"^warm_start.train_size: expected null or 1 to 350 images, got 351$"):
        refuse_unanswerable(new, checked=checked, prepared=PREPARED)
    monkeypatch.setattr("plasticity.stages.checked_data._CHECK", "no such module")
    refuse_unanswerable(known, checked=checked, prepared=PREPARED)
    checked.write_text("{", encoding="utf-8")
    with pytest.raises(PlasticityError, match=r"checked.json: expected JSON"):
        refuse_unanswerable(known, checked=checked, prepared=PREPARED)


def test_the_largest_matrix_is_that_of_the_task_of_most_classes() -> None:
    config = yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8"))["permuted"]
    growing = {
        "tasks": {"name": "class_incremental", "first_classes": 2, "added_classes": 1},
        "following": {**config["following"], "tasks": 2},
        "arms": {"continual": {}},
        "measure": {"probe_images": 9, "curvature": {"images": 3000}},
    }
    large = COUNTED.overridden({"counts": {"train": [4000] * 4, "test": [20] * 4}})
    with pytest.raises(ConfigError) as caught:
        check_requests(requests_of(sections(permuted=growing)), large)
    assert caught.value.violations == (
        "permuted.measure.curvature.images: expected at most 2500 images with 4 classes, a row of the Gauss-Newton "
        "matrix for each, got 3000",
    )


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        (
            {"warm_start": {"train_size": 351}},
            "warm_start.train_size: expected null or 1 to 350 images, got 351",
        ),
        ({"warm_start": {"test_size": 81}}, "warm_start.test_size: expected null or 1 to 80 images, got 81"),
        (
            {"warm_start": {"train_size": 2, "warm_up_fraction": 0.1}},
            "warm_start.warm_up_fraction: expected at least one image of 2, got none at 0.1",
        ),
        ({"permuted": {"train_size": 400}}, "permuted.train_size: expected at most 350 images, got 400"),
        (
            {"warm_start": {"measure": {"train_mode_nc1": True, "probe_images": 9, "gradients": {"images": 176}}}},
            "warm_start.measure.gradients.images: expected at most 175 images, as many as the first task has, got 176",
        ),
        (
            {"permuted": {"measure": {"probe_images": 9, "probe": {"images": 351}}}},
            "permuted.measure.probe.images: expected at most 350 images, as many as the first task has, got 351",
        ),
        (
            {
                "train_test_collapse": {
                    "measure": {"k_means_restarts": 1, "curvature": {"images": 5, "hessian": {"images": 81}}}
                }
            },
            "train_test_collapse.measure.curvature.hessian.images: expected at most 80 images, as many as the first "
            "task has, got 81",
        ),
        (
            {"train_test_collapse": {"train_size": 300}},
            "train_test_collapse.train_size: expected at most 275 training images that are left with the classes "
            "balanced, got 300",
        ),
        (
            {"train_test_collapse": {"arms": {"a": {}, "large": {"train_size": [10, 400], "balanced": False}}}},
            "train_test_collapse.arms.large.train_size: expected at most 350 training images that are left, got 400",
        ),
        (
            {"train_test_collapse": {"arms": {"odd": {"super_classes": [[0, 1], [2, 4]]}}}},
            "train_test_collapse.arms.odd.super_classes: expected classes 0 to 3, got 4",
        ),
        (
            {"train_test_collapse": {"train_size": None, "arms": {"pairs": {"super_classes": GROUPS}}}},
            "train_test_collapse.next_task.train_size: expected at most 0 training images that are left with the "
            "classes balanced, got 40",
        ),
        (
            {"train_test_collapse": {"arms": {"pairs": {"super_classes": GROUPS, "train_size": 200}}}},
            "train_test_collapse.next_task.train_size: expected at most 30 training images that are left with the "
            "classes balanced, got 40",
        ),
        (
            {"train_test_collapse": {"arms": {"few": {"train_size": 3}}}},
            "train_test_collapse.arms.few.train_size 3: expected images of every class, got none of class 'dog'",
        ),
    ],
)
def test_what_does_not_fit_is_named(changes: dict[str, Any], line: str) -> None:
    assert violations(**changes) == (line,)


def test_a_matrix_of_too_many_images_and_classes_is_refused() -> None:
    measure = {"probe_images": 9, "curvature": {"images": 600}}
    names = [str(name) for name in range(20)]
    many = COUNTED.overridden({"class_names": names, "counts": {"train": [50] * 20, "test": []}})
    asked = {"permuted": sections(permuted={"measure": measure})["permuted"]}
    line = (
        "permuted.measure.curvature.images: expected at most 500 images with 20 classes, a row of the Gauss-Newton "
        "matrix for each, got 600"
    )
    with pytest.raises(ConfigError) as caught:
        check_requests(requests_of(asked), many)
    assert caught.value.violations == (line,)


def test_everything_comes_in_one_message() -> None:
    found = violations(
        warm_start={"train_size": 999}, permuted={"train_size": 999}, train_test_collapse={"test_size": 99}
    )
    assert [line.split(":")[0] for line in found] == [
        "warm_start.train_size",
        "permuted.train_size",
        "train_test_collapse.test_size",
    ]
