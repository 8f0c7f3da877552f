"""A page that was interrupted goes on from the stages that were finished, unless what they rest on has changed."""

import pytest

pytest.importorskip("pymc")

from studies.results.stages import Stages

SOURCE = {"records_sha256": "a", "source_sha256": "b"}


def made(folder, source=SOURCE):
    """Two stages, and what was told and computed on the way."""
    told, computed = [], []

    def value(name):
        computed.append(name)
        return {"name": name, "numbers": [0.1, 2]}

    stages = Stages(folder, source, told.append)
    return (
        [stages.plain(f"making {name}", name, lambda name=name: value(name)) for name in ("one", "two")],
        told,
        computed,
    )


def test_what_is_there_is_not_made_again(tmp_path):
    values, told, computed = made(tmp_path / "mine")
    assert told == ["making one", "making two"]
    assert computed == ["one", "two"]
    (tmp_path / "mine" / "two.json").unlink()
    again, told, computed = made(tmp_path / "mine")
    assert again == values
    assert told == ["making two"]
    assert computed == ["two"]


def test_other_source_begins_anew(tmp_path):
    made(tmp_path / "mine")
    assert made(tmp_path / "mine", SOURCE | {"source_sha256": "c"})[2] == ["one", "two"]
    assert made(tmp_path / "mine", SOURCE)[2] == ["one", "two"]


def test_a_stage_that_fails_leaves_nothing_that_looks_finished(tmp_path):
    stages = Stages(tmp_path / "mine", SOURCE, lambda said: None)
    with pytest.raises(ZeroDivisionError):
        stages.plain("dividing", "one", lambda: 1 / 0)
    assert stages.plain("dividing", "one", lambda: 1) == 1
