"""What ships is listed by kind, each name with what reads it."""

import pytest

import bayeskisl as bk
from bayeskisl.catalogue import shipped_of
from bayeskisl.errors import InputError
from bayeskisl.shipped import shipped_file, shipped_names
from bayeskisl.specifications import read_toml
from bayeskisl.sweeping.ladder import load_ladder

READ = {
    "laws": bk.load_law, "ladders": load_ladder, "sweeps": lambda name: read_toml(shipped_file("sweeps", name)),
    "curves": bk.load_curves, "tables": lambda name: bk.curves_from_table(name, probed=100), "fits": bk.load_fit,
}  # fmt: skip


def test_every_kind_is_listed_with_its_titles():
    listed = bk.list_shipped()
    assert listed["kind"].unique().tolist() == list(READ)
    assert (listed["title"].str.len() > 5).all()
    assert listed["file"].map(lambda path: path.is_file()).all()
    assert listed["name"][listed["kind"] == "laws"].tolist() == shipped_names("laws")
    known = listed[listed["runs"].notna()]
    assert set(known["kind"]) == {"curves", "fits"}
    assert known.set_index("name")["runs"]["desk-amount"] == 231


@pytest.mark.parametrize("kind", [kind for kind in READ if kind not in ("tables", "curves")])
def test_every_name_is_read(kind):
    for name in bk.list_shipped(kind)["name"]:
        assert READ[kind](name)


def test_the_largest_and_the_smallest_curves_are_read_with_their_runs():
    curves = bk.list_shipped("curves").sort_values("runs").iloc[[0, -1]]
    assert [READ["curves"](name).sizes["run"] for name in curves["name"]] == curves["runs"].tolist()


def test_a_table_is_named_with_or_without_its_ending():
    assert "three-sizes.csv" in [each.name for each in shipped_of("tables")]
    assert READ["tables"]("three-sizes").equals(READ["tables"]("three-sizes.csv"))


def test_another_kind_is_refused():
    with pytest.raises(InputError, match=r"kind: expected a kind among laws, .* got 'law'; .*laws"):
        bk.list_shipped("law")
    with pytest.raises(InputError, match="kind: expected a kind among"):
        bk.list_shipped(3)
