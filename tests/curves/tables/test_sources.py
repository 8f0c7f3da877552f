"""Files as Weights & Biases, MLflow, lm-evaluation-harness and the Hugging Face Trainer write them."""

import json
import re
import sqlite3
import struct

import pytest

from bayeskisl.curves import curves_from_table, read_exported, read_runs
from bayeskisl.curves.tables.sources import source_of
from bayeskisl.errors import InputError

RUNS = {"a1b2c3": (6144, 125, 0.92), "d4e5f6": (6144, 500, 0.06), "0a1b2c": (13824, 500, 0.52)}


def write(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


@pytest.fixture
def wandb(tmp_path):
    for name, (params, facts, accuracy) in RUNS.items():
        files = tmp_path / "wandb" / f"run-20261123_101500-{name}" / "files"
        config = f"model:\n  value:\n    params: {params}\nn_facts:\n  desc: null\n  value: {facts}\n"
        write(files / "config.yaml", f"_wandb:\n  value:\n    cli_version: 0.22.0\n{config}")
        write(files / "wandb-summary.json", {"_step": 600, "_runtime": 51.2, "eval/accuracy": accuracy, "_wandb": {}})
    write(
        tmp_path / "wandb" / "offline-run-20261123_110000-crashed" / "files" / "config.yaml", "n_facts:\n  value: 9\n"
    )
    return tmp_path / "wandb"


@pytest.mark.parametrize("named", ["", "wandb", "wandb/offline-run-1-abc/run-abc.wandb"])
def test_the_log_of_an_offline_run_is_refused_with_its_remedy(tmp_path, named):
    log = tmp_path / "wandb" / "offline-run-1-abc" / "run-abc.wandb"
    log.parent.mkdir(parents=True)
    log.write_bytes(b":W&B\xbe\xd1\x00\x00")
    assert source_of(tmp_path) == "wandb"
    with pytest.raises(InputError, match=f"got the binary log of an offline run; .* `wandb sync {log.parent}`"):
        read_runs(tmp_path / named, "wandb")
    with pytest.raises(InputError, match="upload this log with `wandb sync`"):
        curves_from_table(log)


def test_wandb(wandb):
    curves = curves_from_table(read_runs(wandb, "wandb"), {"params": "config.model.params"}, probed=100)
    assert sorted(zip(curves.params.values.tolist(), curves.recalled.values[:, 0].tolist(), strict=True)) == [
        (6144, 6), (6144, 92), (13824, 52),
    ]  # fmt: skip
    assert set(curves.run.values) == set(RUNS)
    left_out = json.loads(curves.attrs["import_left_out"])
    assert left_out["count"] == 1
    assert left_out["listed"][0][0] == "offline-run-20261123_110000-crashed"


@pytest.fixture
def mlruns(tmp_path):
    write(tmp_path / "mlruns" / "0" / "meta.yaml", "experiment_id: '0'\nname: Default\n")
    for name, (params, facts, accuracy) in RUNS.items():
        run = tmp_path / "mlruns" / "0" / name
        write(run / "meta.yaml", f"run_id: {name}\nlifecycle_stage: active\nstatus: 3\n")
        write(run / "params" / "model_size", str(params))
        write(run / "params" / "n_facts", str(facts))
        write(run / "metrics" / "eval" / "accuracy", f"1763892000000 0.01 100\n1763892060000 {accuracy} 600\n")
        write(run / "tags" / "mlflow.runName", "wistful-ant-659")
    write(tmp_path / "mlruns" / "0" / "gone" / "meta.yaml", "run_id: gone\nlifecycle_stage: deleted\n")
    write(tmp_path / "mlruns" / "0" / "gone" / "params" / "model_size", "1")
    return tmp_path / "mlruns"


@pytest.fixture
def mlflow_db(tmp_path):
    connection = sqlite3.connect(tmp_path / "mlflow.db")
    connection.executescript(
        """CREATE TABLE runs (run_uuid TEXT, name TEXT, start_time INTEGER, lifecycle_stage TEXT);
        CREATE TABLE params (key TEXT, value TEXT, run_uuid TEXT);
        CREATE TABLE latest_metrics (key TEXT, value REAL, timestamp INTEGER, step INTEGER, is_nan INT,
            run_uuid TEXT);
        CREATE TABLE tags (key TEXT, value TEXT, run_uuid TEXT);
        INSERT INTO runs VALUES ('gone', 'x', 0, 'deleted');"""
    )
    for name, (params, facts, accuracy) in RUNS.items():
        connection.execute("INSERT INTO runs VALUES (?, 'x', 1, 'active')", (name,))
        connection.executemany("INSERT INTO params VALUES (?, ?, ?)",
                               [("model_size", str(params), name), ("n_facts", str(facts), name)])  # fmt: skip
        connection.execute("INSERT INTO latest_metrics VALUES ('eval/accuracy', ?, 0, 600, 0, ?)", (accuracy, name))
    connection.commit()
    connection.close()
    return tmp_path / "mlflow.db"


@pytest.mark.parametrize("store", ["mlruns", "mlflow_db"])
def test_mlflow(store, request):
    curves = curves_from_table(read_runs(request.getfixturevalue(store), "mlflow"), probed=100)
    found = dict(zip(curves.run.values.tolist(), curves.recalled.values[:, 0].tolist(), strict=True))
    assert found == {name: round(100 * accuracy) for name, (_, _, accuracy) in RUNS.items()}
    assert json.loads(curves.attrs["import_left_out"])["count"] == 1


def lm_eval_results(accuracy, samples=500):
    return {
        "results": {
            "triples": {"alias": "triples", "exact_match,strict-match": accuracy,
                        "exact_match_stderr,strict-match": 0.0134},
            "general": {"alias": "general", "acc,none": 0.31, "acc_stderr,none": "N/A", "acc_norm,none": 0.33},
        },
        "n-samples": {"triples": {"original": 500, "effective": samples}, "general": {"original": 9, "effective": 9}},
        "config": {"model": "hf", "model_args": "pretrained=x", "limit": None},
        "versions": {"triples": 1.0}, "n-shot": {"triples": 0}, "higher_is_better": {},
    }  # fmt: skip


@pytest.fixture
def lm_eval(tmp_path):
    lines = ["file,params,facts,tokens,ratio,tokens_per_fact,task"]
    for name, (params, facts, accuracy) in RUNS.items():
        write(tmp_path / "out" / name / "results_2026-11-23T10-15-00.json", lm_eval_results(accuracy))
        lines.append(f"out/{name}/results_2026-11-23T10-15-00.json,{params},{facts},1.8M,0.5,6,triples")
    return write(tmp_path / "manifest.csv", "\n".join(lines))


def test_lm_eval(lm_eval):
    curves = curves_from_table(read_runs(lm_eval, "lm-eval"))
    assert curves.recalled.values[:, 0].tolist() == [460, 30, 260]
    assert set(curves.probed.values.ravel()) == {500}
    assert curves.attrs["exposure_scale"] == "absolute"


def test_lm_eval_without_counts_uses_the_standard_error(lm_eval):
    for path in lm_eval.parent.rglob("results_*.json"):
        content = json.loads(path.read_text())
        del content["n-samples"]
        write(path, content)
    curves = curves_from_table(read_runs(lm_eval, "lm-eval"))
    assert curves.probed.values[0, 0] == round(0.92 * 0.08 / 0.0134**2)


def test_lm_eval_asks_which_task_and_metric(lm_eval):
    text = lm_eval.read_text()
    write(lm_eval, text.replace(",triples", "").replace(",task", ""))
    with pytest.raises(InputError, match="expected one task, got 2: triples, general; add a column 'task'"):
        read_runs(lm_eval, "lm-eval")
    write(lm_eval, text.replace(",triples", ",general"))
    with pytest.raises(InputError, match="expected one metric, got 2: acc,none, acc_norm,none"):
        read_runs(lm_eval, "lm-eval")
    assert read_runs(lm_eval, "lm-eval", metric="acc").columns["accuracy"] == [0.31] * 3


def trainer_state(accuracy):
    return {
        "best_metric": None, "epoch": 1.0, "global_step": 600, "is_world_process_zero": True, "max_steps": 600,
        "num_input_tokens_seen": 1_843_200, "total_flos": 1.1e13, "trial_params": None,
        "log_history": [
            {"epoch": 0.5, "grad_norm": 1.2, "learning_rate": 3e-4, "loss": 2.9, "step": 300},
            {"epoch": 0.5, "eval_loss": 2.8, "eval_recall": accuracy / 2, "eval_runtime": 1.1, "step": 300},
            {"epoch": 1.0, "eval_loss": 2.5, "eval_recall": accuracy, "eval_runtime": 1.1,
             "eval_samples_per_second": 450.0, "eval_steps_per_second": 3.6, "step": 600},
            {"epoch": 1.0, "step": 600, "total_flos": 1.1e13, "train_loss": 2.6, "train_runtime": 51.0},
        ],
    }  # fmt: skip


@pytest.fixture
def trainer(tmp_path):
    rows = []
    for name, (params, facts, accuracy) in RUNS.items():
        path = write(tmp_path / name / "checkpoint-600" / "trainer_state.json", trainer_state(accuracy))
        rows.append({"file": str(path.relative_to(tmp_path)), "params": params, "facts": facts, "ratio": 0.5,
                     "tokens_per_fact": 6, "probed": 500})  # fmt: skip
    return write(tmp_path / "manifest.jsonl", "\n".join(map(json.dumps, rows)))


def test_trainer_keeps_the_last_evaluation(trainer):
    curves = curves_from_table(read_runs(trainer, "trainer"))
    assert curves.recalled.values[:, 0].tolist() == [460, 30, 260]
    assert set(curves.tokens.values) == {1_843_200}
    assert json.loads(curves.attrs["import_left_out"])["count"] == 3
    with pytest.raises(InputError, match=r"expected one metric of the evaluations \(eval_recall\), got none of that"):
        read_runs(trainer, "trainer", metric="eval_acc")


@pytest.mark.parametrize("source", ["wandb", "mlflow", "lm-eval", "trainer", "other"])
def test_nothing_there_is_told(tmp_path, source):
    (tmp_path / "manifest.csv").write_text("file\nnowhere.json\n")
    for path in (tmp_path / "empty", tmp_path / "manifest.csv"):
        with pytest.raises(InputError):
            read_runs(path, source)


@pytest.mark.parametrize(
    "config",
    ["!!python/object/apply:os.system ['true']", "a: &x [1]\nb: *x", "[1, 2]", "a: [", "\x00"],
)
def test_hostile_yaml_is_refused(tmp_path, config):
    write(tmp_path / "run-1-x" / "files" / "config.yaml", config)
    write(tmp_path / "run-1-x" / "files" / "wandb-summary.json", {})
    with pytest.raises(InputError, match="YAML"):
        read_runs(tmp_path, "wandb")


def test_result_files_without_a_manifest(tmp_path):
    for name, (_, facts, accuracy) in RUNS.items():
        content = {**lm_eval_results(accuracy), "model_name": "org/model-70m"}
        del content["results"]["general"]
        write(tmp_path / f"facts={facts}" / name / "results_2026-11-23.json", content)
    runs = read_runs(tmp_path, "lm-eval")
    curves = curves_from_table(runs, {"params": "model", "run": "file"})
    assert set(curves.params.values) == {70e6}
    assert sorted(zip(curves.facts.values, curves.recalled.values.ravel(), strict=True)) == [
        (125, 460), (500, 30), (500, 260),
    ]  # fmt: skip


def test_a_result_file_that_does_not_tell_what_was_trained(tmp_path):
    content = lm_eval_results(0.4)
    del content["results"]["general"]
    path = write(tmp_path / "results_2025-01-01.json", content)
    with pytest.raises(InputError, match="read it with --from lm-eval"):
        curves_from_table(path)
    with pytest.raises(InputError) as caught:
        curves_from_table(read_runs(path, "lm-eval"))
    for said in ("non-embedding parameters", "the number of infused facts", "file,params,facts", "results_70m.json"):
        assert said in str(caught.value)
    manifest = write(tmp_path / "runs.csv", f"file,params,facts\n{path.name},70M,1000\n{path.name},160M,2000\n")
    assert curves_from_table(read_runs(manifest, "lm-eval")).recalled.values.ravel().tolist() == [200, 200]


def test_several_tasks_of_a_result_file_become_columns(tmp_path):
    for ratio in (0.1, 0.5):
        content = lm_eval_results(ratio)
        del content["results"]["general"]["acc_norm,none"]
        write(tmp_path / f"ratio={ratio}" / "results_x.json", content)
    fields = {"accuracy.infused": "triples", "probed.infused": '"triples n"', "accuracy.background": "general",
              "probed.background": '"general n"', "params": "70M", "tokens": "20B"}  # fmt: skip
    curves = curves_from_table(read_runs(tmp_path, "lm-eval"), fields)
    assert curves.probed.values.tolist() == [[500, 9], [500, 9]]
    assert curves.attrs["axis"] == "ratio"


def test_every_metric_of_a_task_of_several_is_a_column_with_its_denominator(tmp_path):
    for facts, rate in ((100, 0.9), (400, 0.3)):
        content = lm_eval_results(rate)
        content["results"]["triples"]["exact_match,flexible"] = 1.0
        write(tmp_path / f"facts={facts}" / "results_x.json", content)
    groups = {"infused": "triples exact_match,strict-match", "background": '"general acc,none"', "params": "70M"}
    curves = curves_from_table(read_runs(tmp_path, "lm-eval"), groups)
    assert curves.recalled.values.tolist() == [[450, 3], [150, 3]]
    assert curves.probed.values.tolist() == [[500, 9], [500, 9]]
    named = read_runs(tmp_path, "lm-eval", metric="exact_match,strict-match").columns
    assert {"triples", "triples n", "general acc,none", "general acc_norm,none n"} <= set(named)
    given = curves_from_table(read_runs(tmp_path, "lm-eval"), groups, probed=100)
    assert set(given.probed.values.ravel()) == {100}


def test_single_questions_by_any_column(tmp_path):
    rows = [{"doc": {"copies": 10 ** (i % 3), "text": "a\u2028b"}, "acc": float(i % 3 > 0), "filter": "none"}
            for i in range(30)]  # fmt: skip
    lines = "\n".join(json.dumps(row, ensure_ascii=False) for row in rows)
    write(tmp_path / "facts=100" / "samples_probe_2026.jsonl", lines)
    runs = read_runs(tmp_path, "lm-eval", questions=True)
    curves = curves_from_table(
        runs, {"facts": '"doc.copies" * 100', "params": "1B"}, by=["doc.copies"], ignore=["facts"]
    )
    assert curves.recalled.values.ravel().tolist() == [0, 10, 10]
    assert curves.probed.values.ravel().tolist() == [10, 10, 10]


def test_states_of_a_trainer_in_folders(tmp_path):
    for facts, steps in ((100, 600), (200, 600), (400, 300)):
        state = {**trainer_state(0.92), "global_step": steps}
        write(tmp_path / f"facts={facts}" / "checkpoint-600" / "trainer_state.json", state)
    curves = curves_from_table(read_runs(tmp_path, "trainer"), {"params": "70M"}, probed=500)
    assert curves.facts.values.tolist() == [100, 200]
    reasons = {reason for _, reason in json.loads(curves.attrs["import_left_out"])["listed"]}
    assert reasons == {"its state is 'stopped'", "not the last checkpoint of its run"}


@pytest.mark.parametrize("store", ["mlruns", "mlflow_db"])
def test_failed_runs_of_mlflow_are_left_out(store, request):
    path = request.getfixturevalue(store)
    if path.is_dir():
        write(path / "0" / "a1b2c3" / "meta.yaml", "run_id: a1b2c3\nlifecycle_stage: active\nstatus: 4\n")
    else:
        connection = sqlite3.connect(path)
        connection.execute("ALTER TABLE runs ADD COLUMN status TEXT DEFAULT 'FINISHED'")
        connection.execute("UPDATE runs SET status = 'FAILED' WHERE run_uuid = 'a1b2c3'")
        connection.commit()
        connection.close()
    curves = curves_from_table(read_runs(path, "mlflow"), axis="amount", probed=100)
    assert "a1b2c3" not in curves.run.values
    assert ["run a1b2c3", "its state is 'failed'"] in json.loads(curves.attrs["import_left_out"])["listed"]


def varint(number):
    return bytes([number]) if number < 128 else bytes([number & 127 | 128]) + varint(number >> 7)


def message(*fields):
    """A message of protocol buffers: whole numbers, floats of four bytes, texts and messages."""
    out = b""
    for number, value in fields:
        if isinstance(value, int):
            out += varint(number << 3) + varint(value)
        elif isinstance(value, float):
            out += varint(number << 3 | 5) + struct.pack("<f", value)
        else:
            out += varint(number << 3 | 2) + varint(len(value)) + value
    return out


def event(step, tag, value, as_tensor):
    number = (8, message((1, 1), (5, struct.pack("<f", value)))) if as_tensor else (2, value)
    data = message((2, step), (5, message((1, message((1, tag.encode()), number)))))
    return struct.pack("<QI", len(data), 0) + data + bytes(4)


@pytest.mark.parametrize("as_tensor", [False, True])
def test_event_files_of_tensorboard(tmp_path, as_tensor):
    for facts, accuracy in ((100, 0.75), (200, 0.25)):
        events = [event(1, "eval/accuracy", 0.5, as_tensor), event(600, "eval/accuracy", accuracy, as_tensor)]
        path = tmp_path / f"facts={facts}" / "events.out.tfevents.1763892000.node"
        path.parent.mkdir()
        path.write_bytes(b"".join(events) + b"cut")
    curves = curves_from_table(read_runs(tmp_path, "tensorboard"), {"params": "70M"}, probed=400)
    assert curves.facts.values.tolist() == [100, 200]
    assert curves.recalled.values.ravel().tolist() == [300, 100]
    (tmp_path / "facts=100" / "events.out.tfevents.1763892000.node").write_bytes(struct.pack("<QI", 2, 0) + b"\xff" * 6)
    with pytest.raises(InputError, match="an event file of TensorBoard"):
        read_runs(tmp_path, "tensorboard")


LOGS = {
    "olmo": "[step=300/600,epoch=1]\n    train/CE loss=3.1\n    eval/facts (accuracy)=0.2\n"
    "[step=600/600,epoch=1]\n    train/CE loss=2.5\n    eval/facts (accuracy)=0.5\n",
    "nanochat": "step 00300/00600 (50.00%) | loss: 3.1 | lrm: 1.00\n"
    "Step 00600 | Validation bpb: 1.2 | facts recall: 0.5\n",
}


@pytest.mark.parametrize("source", sorted(LOGS))
def test_logs_in_lines(tmp_path, source):
    for facts in (100, 200):
        write(tmp_path / f"facts={facts}" / "train.log", LOGS[source])
    runs = read_runs(tmp_path, source)
    metric = next(name for name in runs.columns if name.startswith(("eval/facts", "facts recall")))
    curves = curves_from_table(runs, {"accuracy": f'"{metric}"', "params": "70M"}, probed=400)
    assert curves.recalled.values.ravel().tolist() == [200, 200]


def test_a_run_that_was_never_evaluated_is_left_out(tmp_path):
    for run, history in (
        ("facts=100", [{"step": 10, "eval_exact_match": 0.9}]),
        ("facts=400", [{"step": 1, "loss": 3}]),
    ):
        write(tmp_path / run / "trainer_state.json", {"log_history": history, "global_step": 10, "max_steps": 10})
    table = read_runs(tmp_path, "trainer")
    assert len(table.places) == 1
    assert [name for name, _ in table.left_out] == ["facts=400"]


def test_a_wanted_metric_counts_where_a_task_has_it(tmp_path):
    results = {"facts": {"exact_match,none": 0.9}, "hellaswag": {"acc,none": 0.4, "acc_norm,none": 0.5}}
    write(tmp_path / "results_1.json", {"results": results, "config": {}})
    columns = read_runs(tmp_path, "lm-eval", metric="acc").columns
    assert columns["hellaswag"] == [0.4]
    assert columns["facts"] == [0.9]


def test_a_metric_of_mlflow_that_is_no_number_is_missing(mlflow_db):
    connection = sqlite3.connect(mlflow_db)
    connection.execute("UPDATE latest_metrics SET value = 0, is_nan = 1 WHERE run_uuid = 'a1b2c3'")
    connection.commit()
    connection.close()
    table = read_runs(mlflow_db, "mlflow")
    assert dict(zip(table.columns["run"], table.columns["metrics.eval/accuracy"], strict=True))["a1b2c3"] is None


@pytest.mark.parametrize("given", ["", "results"])
def test_an_export_asks_for_its_results(export, given):
    with pytest.raises(InputError, match=re.escape(f"bayeskisl curves import {export} --results {export / 'results'}")):
        source_of(export / given)


def test_the_manifest_of_an_export_by_itself_names_the_option(export):
    with pytest.raises(InputError, match="import its folder with --results DIR"):
        curves_from_table(export / "runs.csv")


RECALL = "infused_recall"


def result(accuracy, asked, existing=None, metric="acc,none"):
    counts = {"original": existing or asked, "effective": asked}
    return {"results": {RECALL: {"alias": RECALL, metric: accuracy}}, "n-samples": {RECALL: counts}}


@pytest.fixture
def export(tmp_path):
    write(tmp_path / "runs.csv", "run,params,facts,probe,task,probed\n"
          f"a,70M,40,recall,{RECALL},40\nb,70M,100,recall,{RECALL},100")  # fmt: skip
    write(tmp_path / "results" / "a" / "results_2026-11-01.json", result(0.9, 40))
    write(tmp_path / "results" / "b" / "results_2026-11-01.json", result(0.3, 100))
    return tmp_path


def counts_at_home(folder):
    curves = curves_from_table(read_exported(folder, folder / "results"), axis="amount")
    counts = zip(curves.recalled.values[:, 0].tolist(), curves.probed.values[:, 0].tolist(), strict=True)
    return dict(zip(curves.run.values.tolist(), counts, strict=True)), curves.attrs


@pytest.mark.parametrize("header", ["run,params,facts,Probe,Task,probed", "Run,params,facts,probe ,task,Probed"])
def test_a_manifest_with_other_capitals_is_joined(export, header):
    manifest = export / "runs.csv"
    manifest.write_text("\n".join([header, *manifest.read_text().splitlines()[1:]]))
    assert counts_at_home(export)[0] == {"a": (36, 40), "b": (30, 100)}


@pytest.mark.parametrize("column", ["run", "probe", "task"])
def test_a_manifest_needs_the_columns_that_join_it(export, column):
    manifest = export / "runs.csv"
    manifest.write_text(manifest.read_text().replace(column, "other", 1))
    with pytest.raises(InputError, match=f"expected columns run, probe and task in the manifest, got no {column}"):
        read_exported(export, export / "results")


def test_results_in_the_folder_of_another_run_are_refused(export):
    write(export / "results" / "a" / "results_2026-11-02.json", result(0.3, 100))
    with pytest.raises(InputError, match="got 100 in place of 40 in a; put the results of each run in the folder"):
        read_exported(export, export / "results")
    write(export / "results" / "a" / "results_2026-11-02.json", result(0.3, 40, 100))
    with pytest.raises(InputError, match="got 100 in place of 40 in a; put"):
        read_exported(export, export / "results")


def test_a_later_trial_of_a_few_questions_does_not_replace_the_whole_evaluation(export):
    write(export / "results" / "a" / "results_2026-11-02.json", result(1.0, 2, 40))
    counts, attributes = counts_at_home(export)
    assert counts == {"a": (36, 40), "b": (30, 100)}
    (export / "results" / "a" / "results_2026-11-01.json").unlink()
    counts, attributes = counts_at_home(export)
    assert counts == {"a": (2, 2), "b": (30, 100)}
    assert "some questions were not asked: 2 of 40 in a" in attributes["import_notes"]


def test_the_newest_of_whole_evaluations_counts(export):
    write(export / "results" / "a" / "results_2026-11-02.json", result(0.5, 40))
    assert counts_at_home(export)[0]["a"] == (20, 40)


@pytest.mark.parametrize(
    "newest",
    ['{"results": {"infu', result(None, 40), result(1.0, 40, metric="exact_match,none"), result(1.0, 0, 40), [], {}],
)
def test_a_file_without_a_score_gives_way_to_an_older_one_or_its_run_is_left_out(export, newest):
    write(export / "results" / "a" / "results_2026-11-02.json", newest)
    counts, attributes = counts_at_home(export)
    assert counts["a"] == (36, 40)
    assert ("damaged results were passed over: a/" in attributes["import_notes"]) == isinstance(newest, str)
    (export / "results" / "a" / "results_2026-11-01.json").unlink()
    counts, attributes = counts_at_home(export)
    assert list(counts) == ["b"]
    assert "no accuracy of task infused_recall in" in attributes["import_left_out"]
