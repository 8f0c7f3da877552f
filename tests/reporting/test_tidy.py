"""Tables out: everything that was in, once, and curves come back as they were."""

import json

import numpy as np
import polars as pl
import pytest
import xarray as xr

import bayeskisl as bk
from bayeskisl.curves import curves_from_table, load_curves
from bayeskisl.decision import decision_summary, prediction_summary, verification_summary
from bayeskisl.errors import InputError
from bayeskisl.reporting import export, report, tidy


@pytest.fixture(scope="module")
def curves():
    return load_curves("desk-amount")


@pytest.mark.parametrize("ending", ["parquet", "csv", "tsv", "jsonl"])
def test_curves_go_out_and_come_back(curves, tmp_path, ending):
    back = curves_from_table(export(curves, tmp_path / f"t.{ending}"))
    assert back.attrs["import_assumed"] == "[]"
    for name in ("recalled", "probed", "guessing", "params", "facts", "tokens", "exposures", "seed", "general_loss"):
        np.testing.assert_allclose(back[name].values, curves[name].values, rtol=1e-12, err_msg=name)
    assert back.run.values.tolist() == curves.run.values.tolist()


def test_arrays_go_out_and_come_back(curves, tmp_path):
    xr.testing.assert_equal(xr.load_dataset(export(curves, tmp_path / "c.nc"), engine="h5netcdf"), curves)
    pytest.importorskip("zarr")
    xr.testing.assert_equal(xr.load_dataset(export(curves, tmp_path / "c.zarr"), engine="zarr"), curves)


def test_answers_go_out_as_the_command_line_prints_them(curves, tmp_path):
    fit = bk.load_fit("desk-four")
    decision, ahead = bk.decide(fit, 98_304, sensitivity=False), bk.predict(fit, 98_304)
    verification = bk.verify(decision, curves)
    answers = [(decision, decision_summary(decision)), (ahead, prediction_summary(ahead))]
    answers += [(verification, verification_summary(verification))]
    plan = bk.plan(fit, 98_304, budget="1e12flop", runs=1, particles=300)
    answers += [(plan, plan.to_dict())]
    for thing, expected in answers:
        assert json.loads(export(thing, tmp_path / "answer.json").read_text()) == json.loads(json.dumps(expected))
    assert (decision.to_dict(), verification.to_dict()) == (answers[0][1], answers[2][1])
    for no_answer in (fit, curves):
        with pytest.raises(InputError, match=r"export: expected a decision, .*, got "):
            export(no_answer, tmp_path / "answer.json")


def test_draws_and_decisions_are_long(fit, decision):
    draws = tidy(fit)
    assert draws.columns[0] == "variable"
    exponents = draws.filter(pl.col("variable") == "exponent")
    np.testing.assert_array_equal(exponents["value"], fit.tree["posterior"]["exponent"].values.ravel())
    assert set(exponents["covariate"]) == {"params"}
    assert exponents["cell"].null_count() == len(exponents)
    ahead = tidy(decision)
    np.testing.assert_array_equal(ahead.filter(pl.col("variable") == "choice")["value"], [decision.choice.value])
    assert (ahead["variable"] == "collapse").sum() == decision.data.collapse.size


def test_other_things_and_endings_are_refused(curves, tmp_path):
    with pytest.raises(InputError, match="a decision, got a Dataset"):
        tidy(xr.Dataset())
    with pytest.raises(InputError, match=r"a name that ends in .*, got 'c.xlsx'"):
        export(curves, tmp_path / "c.xlsx")


def test_markup_from_a_table_is_inert_in_the_report(fit, plain_figures, tmp_path):
    markup = "<img src=x onerror=alert(1)>"
    (tmp_path / "t.csv").write_text(
        f"# {markup}\nrun,params,K,recalled,probed,{markup}\n{markup},1k,10,5,10,0\nb,1k,20,1,9,0\n"
    )
    imported = curves_from_table(tmp_path / "t.csv")
    fit.curves.attrs.update(imported.attrs)
    page = report(fit, out=tmp_path / "report.html").read_text(encoding="utf-8")
    assert "onerror" not in page.replace("&lt;img src=x onerror", "")


def test_checkpoints_are_rows_and_the_last_one_comes_back(curves):
    early = curves.assign(recalled=curves.recalled // 2)
    both = xr.concat([early[["recalled"]], curves[["recalled"]]], dim="checkpoint")
    measured = curves.assign(recalled=both.recalled).assign_coords(
        tokens_seen=(("run", "checkpoint"), np.stack([curves.tokens.values // 2, curves.tokens.values], axis=1))
    )
    measured["probed"] = measured.probed.expand_dims(checkpoint=2)
    table = tidy(measured)
    assert len(table) == 2 * curves.sizes["run"]
    np.testing.assert_array_equal(curves_from_table(table).recalled, curves.recalled)
