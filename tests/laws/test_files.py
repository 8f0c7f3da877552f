import subprocess
import sys
import tomllib

import pytest

from bayeskisl.errors import InputError
from bayeskisl.laws import law_names, load_law
from bayeskisl.laws.falls import FALLS
from bayeskisl.laws.files import parse_law

SHIPPED = pytest.mark.parametrize("name", law_names())


@SHIPPED
def test_a_law_is_called_like_its_file(name):
    assert load_law(name).name == name


@SHIPPED
def test_toml_round_trips(name):
    law = load_law(name)
    assert parse_law(tomllib.loads(law.to_toml())) == law


@SHIPPED
def test_rivals_exist(name):
    assert all(load_law(rival) for rival in load_law(name).rivals)


def test_power_is_collapse_without_its_bend():
    collapse, power = load_law("collapse").to_dict(), load_law("power").to_dict()
    assert power["priors"].pop("curvature") == {}
    assert collapse["priors"].pop("curvature")
    assert power["priors"] == collapse["priors"]


@SHIPPED
def test_another_fall_brings_its_own_parameters(name):
    for fall in FALLS.values():
        law = load_law(name).with_fall(fall)
        assert parse_law(law.to_dict()) == law
        assert law.positive[6 : 6 + len(fall.parameters)] == fall.parameter_names


def test_a_path_and_a_law_are_laws_too(tmp_path):
    law = load_law("power")
    path = tmp_path / "mine.toml"
    path.write_text("# a comment\n" + law.to_toml())
    assert load_law(path) == law == load_law(law)
    assert load_law(path).sha256 == law.sha256


def test_any_title_survives_toml():
    law = load_law("power").model_copy(update={"title": 'a "fall" \\ \N{CHART WITH DOWNWARDS TREND} \x7f \n é'})
    assert parse_law(tomllib.loads(law.to_toml())) == law


def test_covariates_have_one_order_whatever_that_of_the_file():
    content = load_law("collapse").to_dict()
    content["priors"]["exponent"] |= {name: {"mean": 0, "sd": 1} for name in ("depth", "width")}
    names = ["params", "tokens", "depth", "width"]
    law, *others = (parse_law(content | {"covariates": some}) for some in (names, names[::-1], sorted(names)))
    assert law.covariates == tuple(names)
    assert all(other == law and other.sha256 == law.sha256 for other in others)


def test_hash_follows_content():
    law = load_law("collapse")
    assert law.sha256 != law.model_copy(update={"title": "another"}).sha256


@pytest.mark.parametrize(
    ("mistake", "words"),
    [
        (lambda law: law.update(shap="logistic"), ("'shap'", "the keys of the law", "shape", "covariates")),
        (lambda law: law["priors"].update(tauu={}), ("'tauu'", "table 'priors'", "sigma_run")),
        (lambda law: law["priors"]["tau"].update(mean=1), ("'mean'", "table 'priors.tau'", "median, log_sd")),
        (lambda law: law["priors"]["exponent"]["params"].update(x=1), ("'x'", "'priors.exponent.params'", "mean, sd")),
        (lambda law: law["priors"].pop("tau"), ("'priors.tau'", "none")),
        (lambda law: law["priors"]["tau"].update(median=-1), ("'priors.tau.median'", "greater than 0", "-1")),
        (lambda law: law.update(shape="cubic"), ("'shape'", "'logistic'", "'cubic'")),
        (lambda law: law["priors"].pop("asymmetry"), ("a prior of asymmetry", "'break'", "median = 1.0")),
        (lambda law: law.update(shape="gompertz"), ("no prior of asymmetry", "'gompertz'")),
        (lambda law: law["priors"]["tau"].update(log_sd=0), ("a standard deviation of tau above 0", "sampled")),
        (lambda law: law["priors"]["asymmetry"].update(log_sd=0), ("a standard deviation of asymmetry",)),
        (lambda law: law["priors"]["lapse"].update(log_sd=0), ("a standard deviation of lapse",)),
        (lambda law: law["priors"].update(sigma_run_exponent={"mean": 0, "sd": 0}), ("of sigma_run_exponent",)),
        (lambda law: law.update(covariates=["tokens"]), ("'covariates' to be a list that names 'params'",)),
        (lambda law: law.update(covariates=["params", "tokens", "params"]), ("'covariates'", "each covariate once")),
    ],
)
def test_a_mistake_is_named_with_what_is_allowed(mistake, words):
    content = load_law("collapse").to_dict()
    mistake(content)
    with pytest.raises(InputError) as error:
        parse_law(content, "mine.toml")
    assert all(word in str(error.value) for word in ("mine.toml", *words))


def test_an_unknown_law_lists_the_shipped_ones():
    with pytest.raises(InputError, match=r"collapse, .*power.*'colapse'"):
        load_law("colapse")


def test_a_broken_file_is_no_law(tmp_path):
    path = tmp_path / "broken.toml"
    path.write_text("name = ")
    with pytest.raises(InputError, match="valid TOML"):
        load_law(path)


def test_laws_do_not_import_pymc():
    code = "import sys, bayeskisl.laws; print([m for m in ('pymc', 'pytensor', 'jax', 'arviz') if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip() == "[]"


@pytest.mark.parametrize("name", ["power", "limits"])
def test_one_prior_is_changed_and_the_rest_stays(name):
    law = load_law(name)
    changed = law.with_priors(tau={"median": 0.2})
    expected = law.to_dict()
    expected["priors"]["tau"]["median"] = 0.2
    assert changed.to_dict() == expected
    assert law.with_priors() == law
    assert law.with_priors(tau=changed.priors.tau) == changed
    of_curves = load_law("power").with_priors(exponent={"params": {"sd": 0.2}}).priors.exponent
    assert of_curves == {**load_law("power").priors.exponent, "params": of_curves["params"]}
    assert of_curves["params"].sd == 0.2


@pytest.mark.parametrize(
    ("priors", "message"),
    [
        ({"tua": {"median": 1}}, "'tua'; the nearest is 'tau'"),
        ({"tau": {"medain": 1}}, "'medain'; the nearest is 'median'"),
        ({"tau": {"median": -1}}, "'priors.tau.median' to be greater than 0, got -1"),
        ({"tau": 3}, "'priors.tau' to be a table, got 3"),
    ],
)
def test_a_prior_that_cannot_be_is_one_sentence(priors, message):
    with pytest.raises(InputError, match=message):
        load_law("power").with_priors(**priors)
