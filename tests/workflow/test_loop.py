"""The loop stops when the interval is narrow, the money is spent or nothing would help; it goes on where it was."""

import json
import sys
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from bayeskisl.curves import save_curves
from bayeskisl.decision import predict
from bayeskisl.design import Budget, Costs, Run
from bayeskisl.errors import InputError, at_the_command_line
from bayeskisl.inference import load_fit, simulate
from bayeskisl.inference.simulate import design_curves
from bayeskisl.intervals import interval
from bayeskisl.sweeping import load_sweep
from bayeskisl.sweeping.plan import Stack
from bayeskisl.sweeping.records import RunProbe
from bayeskisl.sweeping.store import open_folder
from bayeskisl.workflow import LoopEvents, loop
from bayeskisl.workflow.loop import _ordered, _Turn, _width_of
from bayeskisl.workflow.trainers import Elsewhere, Here, _would_diverge
from studies.simulated.text_sweep import write_sweep
from tests.design.hand_made import PASSED

SPEC = """
name = "tiny"
axis = "amount"
ladder = "tiny.ladder.toml"
widths = [8, 12]
tokens = 30_720
levels = [2, 8, 32]
seeds = [0]
compile = false
"""
LADDER = """
name = "tiny"
context = 24
[model]
layers = 1
heads = 2
[training]
batch = 8
warmup_steps = 20
[facts]
symbols = 16
[corpus]
symbols = 16
order = 1
successors = 8
"""
TARGET = 12 * 24**2
COARSE = {"particles": 1_000}  # which run is bought does not matter here


class Asking(LoopEvents):
    """Answers that a test prepared."""

    def __init__(self, answer):
        self.approves = answer


@pytest.fixture(scope="module")
def spec(tmp_path_factory):
    folder = tmp_path_factory.mktemp("loop")
    ladder = folder / "tiny.ladder.toml"
    ladder.write_text(LADDER + "".join(f"[[sizes]]\nwidth = {w}\nlearning_rate = 2e-2\n" for w in (8, 12, 16, 24)))
    path = folder / "tiny.toml"
    path.write_text(SPEC.replace("tiny.ladder.toml", str(ladder)))
    return path


@pytest.fixture(scope="module")
def fits():
    """Runs of every fit; posteriors are real, of few draws, and count as passed: what is tested here is the loop."""
    module = sys.modules["bayeskisl.workflow.loop"]
    real, made = module.fit, []

    def quick(curves, law, seed, **_):
        made.append(curves.sizes["run"])
        few = {"draws": 200, "tune": 300, "chains": 2, "retry": False}
        result = real(curves, law, rivals=(), seed=seed, throw=False, **few)
        result.tree.attrs["gates"] = json.dumps({result.law.name: PASSED.to_dict()})
        return result

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "fit", quick)
        yield made


@pytest.fixture(scope="module")
def run(spec, fits):
    def looped(**options):
        settings = {"until": 1e3, "budget": "1e18flop", "batch": 2, "workers": 1, "largest": 12 * 16**2}
        return loop(spec, TARGET, out=spec.parent / "out", **settings | COARSE | options)

    return looped


@pytest.fixture(scope="module")
def first(run):
    """The first sweep and its fit; any width is narrow enough."""
    (step,) = run()
    return step


def test_it_stops_where_the_interval_is_narrow_enough(first, spec):
    assert first.runs == 6
    assert first.width > first.floor > 0
    assert first.ending.startswith("The interval is")
    assert {path.name for path in (spec.parent / "out" / "step-0").iterdir()} == {"curves.nc", "fit.nc"}


def test_a_width_below_the_floor_is_refused_with_the_floor(first, run):
    with pytest.raises(InputError, match=f"above the floor of {first.floor:.2f}"):
        run(until=first.floor / 2)


def test_it_stops_where_the_money_is_spent(first, run, fits):
    (step,) = run(until=(first.width + first.floor) / 2, budget="1flop")
    assert step.ending == "The budget of 1 FLOP is spent."
    assert step.spent == pytest.approx(3 * 6 * 30_720 * 12 * (8**2 + 12**2))
    assert fits == [6]  # the posterior was read from disk


def test_it_ends_where_every_run_on_offer_would_diverge(first, run, monkeypatch):
    monkeypatch.setattr(Here, "candidates", lambda *_: ())
    (step,) = run(until=0.7 * first.floor + 0.3 * first.width)
    assert step.ending.startswith("Every run that could be trained next diverged")


def test_a_person_may_say_no_and_go_on_later(first, run, spec, fits):
    until, asked = (0.7 * first.floor + 0.3 * first.width), []
    (stopped,) = run(until=until, events=Asking(lambda plan: asked.append(plan)))
    assert not stopped.ending
    assert not (spec.parent / "out" / "step-0" / "next.toml").exists()
    reasons = json.loads((spec.parent / "out" / "step-0" / "plan.json").read_text())
    assert [each["params"] for each in reasons["runs"]] == [run.params for run in asked[0].runs]
    assert all(each["why"] for each in reasons["runs"])

    later = run(until=until, events=Asking(lambda plan: len(plan.trained) == 6))
    assert later[0] == stopped
    assert later[1].runs == 6 + sum(run.replicates for run in asked[0].runs)
    assert fits == [6, later[1].runs]
    assert json.loads((spec.parent / "out" / "loop.json").read_text()) == [vars(step) for step in later]


def test_the_target_is_never_trained(run, first, spec):
    sizes = {json.loads(path.read_text().splitlines()[0])["params"] for path in spec.parent.glob("out/**/*.jsonl")
             if path.parent.name == "records"}  # fmt: skip
    assert max(sizes) < TARGET


def test_another_loop_does_not_mix_with_this_one(first, run):
    with pytest.raises(InputError, match="choose another folder"):
        run(seed=5)


ELSEWHERE = {"until": 1.0, "budget": "1e21flop", "batch": 3, **COARSE}
BUDGET = 30e9


def trained(params, facts, seed=1):
    """What a trainer that knows the truth returns."""
    truth = {"tau": 0.05, "sigma_run": 0.05, "exponent": 0.6}
    design = {"params": list(params), "facts": list(facts), "tokens": BUDGET, "seeds": 1, "tokens_per_fact": 100}
    return simulate("power", design, truth, seed=seed)


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory, fits):
    """A loop whose runs are trained elsewhere, as it waits for its first results."""
    folder = tmp_path_factory.mktemp("elsewhere")
    save_curves(trained([70e6, 160e6, 410e6], [100_000, 300_000, 900_000, 2_700_000]), folder / "runs.nc")
    return folder, loop(folder / "runs.nc", 7e9, out=folder / "out", **ELSEWHERE)


def test_a_loop_of_any_trainer_writes_what_to_train_and_waits(elsewhere):
    folder, (step,) = elsewhere
    orders = pd.read_csv(folder / "out" / "step-0" / "next.csv")
    assert orders.columns[:4].tolist() == ["params", "tokens", "facts", "replicates"]
    assert len(orders)
    assert step.spent == 0
    assert not step.ending
    assert step.waiting.startswith("Waiting for results")
    assert "step-0/results.nc" in step.waiting
    (again,) = loop(folder / "runs.nc", 7e9, out=folder / "out", **ELSEWHERE)
    assert again == step
    assert pd.read_csv(folder / "out" / "step-0" / "next.csv").equals(orders)


def test_a_loop_needs_tokens_that_the_table_told(tmp_path):
    curves = trained([70e6, 160e6], [100_000, 900_000]).assign_attrs(import_invented='["tokens"]')
    save_curves(curves, tmp_path / "runs.nc")
    with pytest.raises(InputError, match="curves whose tokens are known, so that results can be added"):
        loop(tmp_path / "runs.nc", 7e9, out=tmp_path / "out", **ELSEWHERE)


def test_the_width_of_a_step_is_that_of_the_answer(elsewhere):
    folder, (step,) = elsewhere
    ahead = predict(load_fit(folder / "out" / "step-0" / "fit.nc"), 7e9)
    _, low, high = interval(ahead["collapse"].values, 0.9)
    assert step.width == pytest.approx(np.log(high / low))


@pytest.mark.parametrize(("never", "width"), [(0, np.log(95 / 6)), (10, np.inf)])
def test_the_width_is_infinite_where_a_tenth_of_the_draws_never_collapse(never, width, monkeypatch):
    about = SimpleNamespace(half_point="collapse", axis=SimpleNamespace(harms_infused=True))
    monkeypatch.setattr(sys.modules["bayeskisl.workflow.loop"], "about_of", lambda ahead: about)
    draws = np.where(np.arange(101) > 100 - never, np.inf, np.arange(1.0, 102))
    assert _width_of({"collapse": xr.DataArray(draws, dims="draw")}) == pytest.approx(width, rel=0.01)


def test_it_goes_on_with_the_results_and_counts_what_is_pending(elsewhere):
    folder, _ = elsewhere
    orders = pd.read_csv(folder / "out" / "step-0" / "next.csv")
    first = orders.iloc[0]
    save_curves(trained([1.01 * first["params"]], [first["facts"]], seed=2), folder / "out" / "step-0" / "results.nc")
    steps = loop(folder / "runs.nc", 7e9, out=folder / "out", **ELSEWHERE)
    assert len(steps) == 2
    assert steps[1].runs == steps[0].runs + 1
    price = Costs.of_flops()
    single = 6 * orders["params"] * orders["tokens"] * orders["replicates"]
    assert steps[1].spent == pytest.approx(single.sum())
    trainer = Elsewhere(folder / "runs.nc", folder / "out", price)
    pending = trainer.pending(trainer.curves(1), 1)
    assert len(pending) == orders["replicates"].sum() - 1
    assert json.loads((folder / "out" / "step-1" / "plan.json").read_text())["pending"] or not pending
    assert sum(map(price.of, pending)) == pytest.approx(steps[1].spent - 6 * first["params"] * first["tokens"])


def test_a_step_whose_runs_are_ordered_is_not_planned_again(elsewhere, fits):
    folder, _ = elsewhere
    written = sorted(folder.glob("out/step-*/*"))
    before, fitted = [path.stat().st_mtime_ns for path in written], len(fits)
    told = json.loads((folder / "out" / "loop.json").read_text())
    steps = loop(folder / "runs.nc", 7e9, out=folder / "out", **{**ELSEWHERE, "budget": "3e21flop"})
    assert [path.stat().st_mtime_ns for path in written] == before
    assert [step.plan for step in steps] == [step["plan"] for step in told]
    assert steps[1].waiting
    assert len(fits) == fitted


def test_an_order_without_its_step_is_one_sentence(tmp_path):
    (tmp_path / "loop.json").write_text("[]")
    with pytest.raises(InputError, match="step 0, whose runs were ordered"):
        _ordered(tmp_path, 0)


def test_a_step_takes_in_what_was_finished_since_and_forgets_its_fit(tmp_path):
    design = {"axis": "amount", "params": [70e6], "tokens": 30e9, "seeds": 1}
    finished = [design_curves(**design, facts=[100_000])]
    trainer = SimpleNamespace(curves=lambda step: finished[-1])

    def runs_of_step():
        return _Turn(0, tmp_path, trainer, None, "power", 0, None).curves.sizes["run"]

    assert runs_of_step() == 1
    (tmp_path / "fit.nc").touch()
    assert runs_of_step() == 1
    assert (tmp_path / "fit.nc").exists()
    finished.append(design_curves(**design, facts=[100_000, 300_000]))
    assert runs_of_step() == 2
    assert not (tmp_path / "fit.nc").exists()


def test_a_step_whose_runs_all_failed_waits_for_nothing(tmp_path):
    (tmp_path / "next.csv").write_text("params,tokens,facts,replicates\n7e7,3e10,1e5,1\n")
    trainer = Elsewhere("runs.nc", tmp_path)
    assert trainer.train(tmp_path).startswith("Waiting for results")
    (tmp_path / "next.csv").write_text("params,tokens,facts,replicates\n")
    assert trainer.train(tmp_path) == ""


def test_near_a_share_of_one_the_run_that_came_back_is_told_apart(tmp_path):
    shares = {"facts": 250, "background_facts": 250, "background_share": 0.8, "groups": ("infused", "background")}
    back = simulate("power", {"axis": "ratio", "params": [1e6], "ratio": [0.96], "tokens": 1e9, "seeds": 1,
                              "tokens_per_fact": 6, **shares}, {}, seed=0)  # fmt: skip
    folder = tmp_path / "step-0"
    folder.mkdir()
    save_curves(back, folder / "results.nc")
    rows = "".join(f"1e6,1e9,{ratio},1\n" for ratio in (0.99, 0.97, 0.96))
    (folder / "next.csv").write_text(f"params,tokens,ratio,replicates\n{rows}")
    back = back.assign_coords(run=[f"step-0 {name}" for name in back["run"].values])
    pending = Elsewhere("runs.nc", tmp_path).pending(back, 1)
    assert [run.level for run in pending] == [0.99, 0.97]


def test_a_budget_without_costs_is_refused_before_anything_is_fitted(elsewhere, tmp_path):
    folder, _ = elsewhere
    for budget, costs in (("5000h", None), ("1e21flop", Costs.on_device("h100"))):
        options = {**ELSEWHERE, "budget": budget, "costs": costs}
        with at_the_command_line(), pytest.raises(InputError, match="costs beside a budget in") as refused:
            loop(folder / "runs.nc", 7e9, out=tmp_path / "out", **options)
        assert "--device" not in str(refused.value)
    assert not (tmp_path / "out").exists()


@pytest.fixture
def diverged(spec, tmp_path):
    """A machine whose only sweep diverged at every level, in one stack of four seconds."""
    sweep = load_sweep(spec)
    with open_folder(sweep, tmp_path) as folder:
        for each in sweep.runs():
            folder.write(each, Stack(sweep.runs()), RunProbe((), diverged_at=3))
        folder.note({"runs": [each.name for each in sweep.runs()], "seconds": 4.0})
    return Here(spec, tmp_path, None), sweep.runs()


def test_runs_that_diverged_cost_what_they_cost(diverged):
    here, runs = diverged
    curves = design_curves(axis="amount", params=[768.0], tokens=30_720, facts=[2.0], seeds=1)
    flop = sum(6 * run.params * run.mixture.tokens for run in runs)
    assert here.costs(curves, Budget(1e12, "FLOP"), 1)[2] == pytest.approx(flop)
    assert here.costs(curves, Budget(600.0), 1)[2] == 4.0


def test_places_where_runs_diverged_are_not_offered_again(diverged, monkeypatch):
    here, runs = diverged
    lost, other = float(runs[0].params), 12.0 * 16**2
    offered = (Run(lost, 30_720.0, 5.0), Run(other, 30_720.0, 5.0))
    monkeypatch.setattr("bayeskisl.workflow.trainers.candidate_runs", lambda *_, **__: offered)
    curves = design_curves(axis="amount", params=[other], tokens=30_720, facts=[2.0], seeds=1)
    fit = SimpleNamespace(curves=curves)
    assert here.candidates(fit, None, None, None, None, 0) == offered[1:]
    here_and_there = [(Run(other, 30_720.0, 5.0), True), (Run(other, 30_720.0, 9.0), False)]
    assert _would_diverge(Run(other, 30_720.0, 5.001, 2), here_and_there)
    assert not _would_diverge(Run(other, 30_720.0, 7.0), here_and_there)


def test_a_failed_run_is_deleted_and_no_longer_pending(elsewhere):
    folder, _ = elsewhere
    path = folder / "out" / "step-0" / "next.csv"
    whole = path.read_text()
    pd.read_csv(path).iloc[:1].to_csv(path, index=False)
    trainer = Elsewhere(folder / "runs.nc", folder / "out")
    assert len(trainer.pending(trainer.curves(1), 1)) == pd.read_csv(path)["replicates"].sum() - 1
    path.write_text("params\n1\n")
    with pytest.raises(InputError, match="delete no more than rows"):
        trainer.pending(trainer.curves(1), 1)
    path.write_text(whole)


def test_curves_that_are_not_there_are_one_sentence(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        loop(tmp_path / "no.nc", 7e9, out=tmp_path / "out", **ELSEWHERE)


@pytest.fixture
def text_sweep(tmp_path, monkeypatch):
    pytest.importorskip("tokenizers")
    monkeypatch.setenv("BAYESKISL_CACHE", str(tmp_path / "cache"))
    return write_sweep(tmp_path)


def ordered(spec, folder, **options):
    """What a trainer writes for one planned run of the sweep's largest size."""
    sweep = load_sweep(spec)
    cell = sweep.runs()[-1]
    design = {"params": [float(cell.params)], "tokens": cell.mixture.tokens, "facts": [3.0, 12.0], "seeds": 1}
    curves = design_curves(axis="amount", **design)
    runs = (Run(float(cell.params), float(cell.mixture.tokens), 6.0),)
    folder.mkdir(parents=True)
    result = SimpleNamespace(runs=runs, verdict="One run.", orders=pd.DataFrame([run.summary() for run in runs]))
    trainer = Elsewhere(folder / "runs.nc", folder.parent, None, spec, **options)
    trainer.order(result, SimpleNamespace(curves=curves), folder)
    return trainer


def test_the_next_runs_of_a_sweep_in_text_are_exported_beside_the_table(text_sweep, tmp_path):
    folder = tmp_path / "out" / "step-0"
    trainer = ordered(text_sweep, folder)
    assert {path.name for path in folder.iterdir()} == {"next.csv", "next.toml", "export"}
    planned = load_sweep(folder / "next.toml").runs()
    assert [run.mixture.facts for run in planned] == [6]
    exported = pd.read_csv(folder / "export" / "runs.csv")
    assert set(exported["run"]) == {planned[0].name}
    assert (folder / "export" / "launch" / "node.sh").is_file()
    with at_the_command_line():
        waiting = trainer.train(folder)
    assert f"cd {folder / 'export'} && bash launch/node.sh" in waiting
    assert f"import {folder / 'export'} --results {folder / 'export' / 'results'}" in waiting
    assert f"bk.read_exported('{folder / 'export'}', '{folder / 'export' / 'results'}')" in trainer.train(folder)


def test_symbols_have_no_export(spec, tmp_path):
    trainer = ordered(spec, tmp_path / "out" / "step-0")
    assert {path.name for path in (tmp_path / "out" / "step-0").iterdir()} == {"next.csv", "next.toml"}
    assert "RESULTS.csv" in trainer.train(tmp_path / "out" / "step-0")


def test_a_sweep_beside_a_sweep_and_an_unknown_trainer_are_refused(spec, tmp_path):
    with pytest.raises(InputError, match="trained elsewhere beside their sweep"):
        loop(spec, TARGET, out=tmp_path / "out", until=1.0, budget=10, sweep=spec)
    with pytest.raises(InputError, match="a trainer among"):
        loop("runs.nc", TARGET, out=tmp_path / "out", until=1.0, budget=10, sweep=spec, export_for="llama")
