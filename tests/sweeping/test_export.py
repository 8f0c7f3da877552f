"""A sweep for another trainer: one stream in every format, probes, configurations, launch scripts and the manifest."""

import csv
import dataclasses
import fnmatch
import functools
import importlib.util
import itertools
import json
import os
import re
import stat
import struct
import subprocess
import sys
import types
from pathlib import Path

import numpy as np
import pytest

import bayeskisl.sweeping.export
from bayeskisl.cli.exporting import DeviceOptions
from bayeskisl.curves import curves_from_table, read_exported
from bayeskisl.errors import InputError
from bayeskisl.sweeping import load_sweep
from bayeskisl.sweeping.decoder import Decoder
from bayeskisl.sweeping.device_peaks import UTILISATION
from bayeskisl.sweeping.export import FORMATS, TRAINERS, export_sweep, repeat_matched_runs
from bayeskisl.sweeping.export.export import PEAK
from bayeskisl.sweeping.export.trainers import Job
from bayeskisl.sweeping.steps import learning_rate_at
from studies.simulated.text_sweep import write_sweep

pytest.importorskip("tokenizers")
parquet = pytest.importorskip("pyarrow.parquet")

GROUPS = ("infused", "infused_heldout", "background")
SHARD = 32 * 20  # tokens: 20 windows of 64


@pytest.fixture(scope="module", autouse=True)
def text_cache(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BAYESKISL_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="module")
def spec(tmp_path_factory):
    background = "\n[background]\nfacts = 5\nshare = 0.2\n"
    return write_sweep(tmp_path_factory.mktemp("in"), heldout=1, background=background)


@pytest.fixture(scope="module")
def exported(spec, tmp_path_factory):
    return export_sweep(spec, tmp_path_factory.mktemp("out"), formats=tuple(FORMATS), shard_tokens=SHARD)


@pytest.fixture(scope="module")
def data(exported):
    return exported.folder / "runs" / exported.runs[0].name / "data"


def json_lines(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def manifest(folder):
    with (folder / "runs.csv").open() as file:
        return list(csv.DictReader(file))


def tokens_of(data):
    return np.concatenate([np.load(path) for path in sorted((data / "npy").glob("*.npy"))])


# data


def test_every_token_format_holds_the_same_windows(data):
    windows = tokens_of(data)
    assert windows.shape == (64, 32)
    assert len(list((data / "npy").glob("*"))) == 4
    flat = np.concatenate([np.fromfile(p, np.uint16) for p in sorted((data / "memmap").glob("*.npy"))])
    assert (flat == windows.ravel()).all()
    shards = [np.fromfile(path, np.uint8) for path in sorted((data / "bin").glob("*.bin"))]
    heads = [shard[:1024].view("<i4")[:3].tolist() for shard in shards]
    assert heads == [[20240520, 1, SHARD]] * 3 + [[20240520, 1, 4 * 32]]
    assert (np.concatenate([shard[1024:].view(np.uint16) for shard in shards]) == windows.ravel()).all()


def test_megatron_maps_one_document_a_window(data):
    index = (data / "megatron" / "train.idx").read_bytes()
    assert index[:9] == b"MMIDIDX\x00\x00"
    assert struct.unpack("<QBQQ", index[9:34]) == (1, 8, 64, 65)
    body = index[34:]
    lengths, pointers = np.frombuffer(body, "<i4", 64), np.frombuffer(body, "<i8", 64, 64 * 4)
    documents = np.frombuffer(body, "<i8", 65, 64 * 12)
    assert (lengths == 32).all()
    assert (pointers == np.arange(64) * 64).all()
    assert (documents == np.arange(65)).all()
    assert len(body) == 64 * 12 + 65 * 8
    assert (np.fromfile(data / "megatron" / "train.bin", np.uint16) == tokens_of(data).ravel()).all()
    assert sorted(path.name for path in (data / "megatron").iterdir()) == ["train.bin", "train.idx"]


def test_datasets_loads_the_folder(data):
    datasets = pytest.importorskip("datasets")
    rows = datasets.load_from_disk(str(data / "datasets"))
    assert (np.array(rows["input_ids"][:]) == tokens_of(data)).all()


def test_documents_are_those_of_the_corpus_and_facts_between_them(exported, data, spec):
    lines = [row for path in sorted((data / "jsonl").glob("*")) for row in json_lines(path)]
    corpus = {row["text"] for row in json_lines(spec.parent / "corpus.jsonl")}
    groups = [line["group"] for line in lines]
    run = exported.runs[0]
    assert groups.count("infused") == run.mixture.encounters
    assert groups.count("background") == run.mixture.background_encounters
    assert {line["text"] for line in lines if line["group"] == "general"} <= corpus
    facts = {line["text"] for line in lines if line["group"] == "infused"}
    assert all(len(text.removesuffix(".").replace(" is ", "=").replace(":", "=").split("=")) == 2 for text in facts)
    rows = [row for path in sorted((data / "parquet").glob("*")) for row in parquet.read_table(path).to_pylist()]
    assert rows == lines
    held_out = {row["text"] for row in json_lines(exported.folder / "heldout" / "train-00000.jsonl")}
    assert held_out <= corpus
    assert not held_out & {line["text"] for line in lines}


def test_tokens_are_the_documents_in_the_tokeniser_that_is_written(exported, data):
    tokenizers = pytest.importorskip("tokenizers")
    encoder = tokenizers.Tokenizer.from_file(str(exported.folder / "tokenizer" / "tokenizer.json"))
    settings = json.loads((exported.folder / "tokenizer" / "tokenizer_config.json").read_text())
    end = encoder.token_to_id(settings["eos_token"])
    assert encoder.encode("a page").ids[0] == end  # as every document that is trained on stands behind an end
    flat = tokens_of(data).ravel()
    counted = json.loads((data / "realised.json").read_text())
    ends = counted["documents"] + exported.runs[0].mixture.encounters + exported.runs[0].mixture.background_encounters
    assert np.count_nonzero(flat == end) in (ends - 1, ends)  # the last document may be cut
    assert "<" not in encoder.decode(flat[:400].tolist())


def test_an_interrupted_export_goes_on_and_writes_the_same_bytes(exported, spec, tmp_path):
    whole = {path.relative_to(exported.folder): path.read_bytes()
             for path in exported.folder.rglob("*") if path.is_file()}  # fmt: skip
    export_sweep(spec, tmp_path, formats=tuple(FORMATS), shard_tokens=SHARD)
    first = tmp_path / "runs" / exported.runs[0].name / "data"
    (first / "realised.json").unlink()
    (first / "npy" / "train_000002.npy").unlink()
    (first / "megatron" / "train.bin").unlink()
    kept = (first / "npy" / "train_000001.npy").stat().st_mtime_ns
    export_sweep(spec, tmp_path, formats=tuple(FORMATS), shard_tokens=SHARD)
    assert (first / "npy" / "train_000001.npy").stat().st_mtime_ns == kept
    assert {path.relative_to(tmp_path): path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == whole


def test_a_folder_of_another_export_is_refused(exported, spec):
    with pytest.raises(InputError, match=r"another one .*data differ"):
        export_sweep(spec, exported.folder, formats=tuple(FORMATS), shard_tokens=SHARD, spacing=64)


def test_a_vocabulary_beyond_16_bits_takes_32(tmp_path):
    from bayeskisl.sweeping.export.formats import Layout

    for name in ("bin", "megatron", "npy"):
        writer = FORMATS[name](Layout(tmp_path / name, 4, 1, 1, np.uint32))
        writer.add(np.array([1, 2, 3, 100_000]))
        writer.close()
    assert np.load(tmp_path / "npy" / "train_000000.npy").tolist() == [[1, 2, 3, 100_000]]
    content = (tmp_path / "bin" / "train_000000.bin").read_bytes()
    assert np.frombuffer(content, "<i4")[:3].tolist() == [20240801, 7, 4]
    assert np.frombuffer(content[1024:], "<u4").tolist() == [1, 2, 3, 100_000]
    assert (tmp_path / "megatron" / "train.idx").read_bytes()[17] == 4
    assert np.fromfile(tmp_path / "megatron" / "train.bin", "<i4").tolist() == [1, 2, 3, 100_000]


# probes


def test_probes_ask_the_facts_of_the_run_and_end_where_the_answer_begins(exported, spec):
    run = exported.runs[0]
    tasks = exported.folder / "runs" / run.name / "tasks"
    asked = {path.stem: json_lines(path) for path in tasks.glob("*.jsonl")}
    assert set(asked) == {f"{group}_{probe}" for group in GROUPS for probe in ("recall", "choice")}
    assert len(asked["infused_recall"]) == 4
    assert len(asked["background_recall"]) == 5
    triples = [line.split(",") for line in (spec.parent / "facts.csv").read_text().splitlines()[1:]]
    for row in asked["infused_recall"]:
        subject, _, answer = triples[row["fact"]]
        ends = ("<|endoftext|>", ".")
        assert row["question"] in (f"{subject}=", f"{subject}:", f"{subject} is")
        assert row["answer"].strip() in [answer + end for end in ends]
        assert not row["question"].endswith(" ")
    for row in asked["infused_choice"]:
        assert len(set(row["choices"])) == 4
        assert triples[row["fact"]][2] == row["choices"][row["right"]].strip().removesuffix(".")
    trained, held_out = ({row["fact"]: row["question"] for row in asked[name]}
                         for name in ("infused_recall", "infused_heldout_recall"))  # fmt: skip
    assert set(trained) == set(held_out)
    assert all(trained[fact] != held_out[fact] for fact in trained)


def test_the_manifest_names_every_probe_with_its_chance(exported):
    rows = manifest(exported.folder)
    assert len(rows) == len(exported.runs) * 6
    assert {row["guessing"] for row in rows if row["probe"] == "choice"} == {"0.25"}
    assert {row["task"] for row in rows} == {f"{row['group']}_{row['probe']}" for row in rows}
    for row in rows:
        told = {name: float(row[name]) for name in ("tokens", "ratio", "facts", "exposures", "tokens_per_fact")}
        infused = told["facts"] * told["exposures"] * told["tokens_per_fact"]
        assert told["ratio"] * told["tokens"] == pytest.approx(infused, rel=1e-9)
        counted = told["facts"] * told["exposures"] * float(row["realised_tokens_per_fact"])
        assert float(row["realised_ratio"]) * told["tokens"] == pytest.approx(counted, rel=1e-9)


def write_results(folder, run, recalled, stamp="2026-11-28T08-00-00.000000"):
    path = folder / run / "models__x" / f"results_{stamp}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    results = {task: {"alias": task, "acc,none": value, "acc_stderr,none": "N/A"} for task, value in recalled.items()}
    path.write_text(json.dumps({"results": results, "n-samples": {task: {"effective": 4} for task in recalled}}))


def test_results_come_home(exported, tmp_path):
    names = [run.name for run in exported.runs]
    groups = ("infused", "infused_heldout", "background")
    for name in names[:-1]:
        write_results(tmp_path, name, {f"{group}_recall": 0.25 for group in groups} | {"infused_choice": 0.75})
    write_results(tmp_path, names[0], {"infused_recall": 0.5}, "2026-11-28T09-00-00.000000")
    table = read_exported(exported.folder, tmp_path)
    assert [name for name, _ in table.left_out] == names[-1:]
    curves = curves_from_table(table, axis="amount")
    assert curves.attrs["axis"] == "amount"
    assert sorted(curves["run"].values) == sorted(names[:-1])
    first = curves.sel(run=names[0], group="infused")
    assert (int(first["recalled"]), int(first["probed"])) == (2, 4)
    assert set(curves["params"].values) == {6144, 24576}
    assert float(first["guessing"]) == exported.runs[0].facts.guessing
    choice = curves_from_table(read_exported(exported.folder, tmp_path, "choice"), axis="amount")
    assert set(choice["guessing"].values.ravel()) == {0.25}
    assert int(choice.sel(run=names[0], group="infused")["recalled"]) == 3


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ({"results": "nowhere"}, "a folder of results, got no such file or folder"),
        ({"probe": "loss"}, "a probe among recall, choice"),
        ({"folder": "nowhere"}, "an export with its manifest"),
    ],
)
def test_what_cannot_come_home_is_one_sentence(exported, tmp_path, how, said):
    folder = tmp_path / how["folder"] if "folder" in how else exported.folder
    with pytest.raises(InputError, match=said):
        read_exported(folder, tmp_path / how.get("results", ""), how.get("probe"))


# trainers


@pytest.mark.parametrize("name", TRAINERS)
def test_every_trainer_gets_its_data_a_configuration_and_commands(name, tmp_path):
    path = write_sweep(tmp_path, levels=(4,), widths=(32,))
    done = export_sweep(path, tmp_path / "out", trainer=name)
    (run,) = done.runs
    folder, trainer = done.folder / "runs" / run.name, TRAINERS[name]
    assert (folder / "data" / trainer.format).is_dir()
    (config,) = [each for each in folder.iterdir() if each.is_file()]
    text = config.read_text()
    assert "32" in text
    script = (done.folder / "launch" / "run.sh").read_text()
    assert config.name in script
    assert "$MODEL" in script
    for each in ("run.sh", "node.sh", "slurm.sh"):
        subprocess.run(["bash", "-n", done.folder / "launch" / each], check=True)
    for each in (done.folder / "launch").glob("*.py"):
        compile(each.read_text(), each.name, "exec")
    if name == "hf":
        config = json.loads(text)
        assert config["matrix_learning_rate"] == config["training"]["learning_rate"] / 2
        assert config["training"]["max_steps"] == run.steps
        assert config["training"]["max_grad_norm"] == 0
        schedule = [learning_rate_at(run.training, step, run.steps) for step in range(run.steps)]
        assert config["schedule"]["warmup_steps"] == schedule.index(1.0) + 1


def test_the_llama_of_a_configuration_has_the_parameters_of_the_manifest(exported):
    transformers = pytest.importorskip("transformers", reason="the extra hf is not installed")
    for run, params in {run.name: run.params for run in exported.runs}.items():
        config = json.loads((exported.folder / "runs" / run / "hf.json").read_text())
        model = transformers.LlamaForCausalLM(transformers.LlamaConfig(**config["model"]))
        rows = [row for row in manifest(exported.folder) if row["run"] == run]
        assert {int(row["model_params"]) for row in rows} == {model.num_parameters()}
        own = model.num_parameters() - 2 * config["model"]["vocab_size"] * config["model"]["hidden_size"]
        assert own == pytest.approx(params, rel=0.03)  # gains of norms, and 8/3 widths in whole numbers


class _Anything(type):
    def __getattr__(cls, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return Stated


class Stated(metaclass=_Anything):
    """Stands for any class of a trainer's library, and keeps what it is called with."""

    def __init__(self, *_, **stated):
        vars(self).update(stated)


def shipped_script(name, monkeypatch):
    """The module of a launch script, without the trainer's library."""
    path = Path(bayeskisl.sweeping.export.__file__).parent / "scripts" / f"{name}.py"
    for library in re.findall(r"^from ((?:transformers|datasets|olmo_core|torchtitan)[\w.]*)", path.read_text(), re.M):
        parents = itertools.accumulate(library.split("."), lambda *parts: ".".join(parts))
        for each in parents:
            stand_in = types.ModuleType(each)
            stand_in.__getattr__ = functools.partial(getattr, Stated)
            monkeypatch.setitem(sys.modules, each, stand_in)
    monkeypatch.setenv("WORLD_SIZE", "1")
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def wide_job():
    """A run wider than the recipe's base width."""
    run = load_sweep("desk-amount").runs()[-1]
    assert run.model.width > run.training.base_width
    return Job(run, 1000, 0)


def engine_rates(job):
    recipe = job.training
    rules = Decoder(job.size, 1000, job.context).rules(recipe)
    return {name: recipe.learning_rate * rule.rate for name, rule in rules.items()}


def test_the_script_of_hf_trains_every_matrix_at_the_rate_of_the_engine(monkeypatch):
    torch = pytest.importorskip("torch")
    job = wide_job()
    llama = torch.nn.Module()
    llama.model, llama.lm_head = torch.nn.Module(), torch.nn.Linear(4, 9, bias=False)
    llama.model.embed_tokens, llama.model.norm = torch.nn.Embedding(9, 4), torch.nn.RMSNorm(4)
    llama.model.layers = torch.nn.ModuleList([torch.nn.Sequential(torch.nn.RMSNorm(4), torch.nn.Linear(4, 4, False))])
    config = json.loads(TRAINERS["hf"].files(job)["hf.json"])
    monkeypatch.setattr(torch.optim, "AdamW", lambda groups, **_: groups)
    groups = shipped_script("train_hf", monkeypatch).optimizer(llama, config)
    rate = {id(parameter): group["lr"] for group in groups for parameter in group["params"]}
    rates, rules = {name: rate[id(parameter)] for name, parameter in llama.named_parameters()}, engine_rates(job)
    assert rates == {"model.embed_tokens.weight": rules["token"], "model.norm.weight": rules["token"],
                     "model.layers.0.0.weight": rules["token"], "model.layers.0.1.weight": rules["attend0"],
                     "lm_head.weight": rules["head"]}  # fmt: skip


def test_the_scripts_of_olmo_and_torchtitan_train_every_matrix_at_the_rate_of_the_engine(monkeypatch):
    job = wide_job()
    rules = engine_rates(job)

    config = json.loads(TRAINERS["olmo"].files(job)["olmo.json"])
    optim = shipped_script("train_olmo", monkeypatch).train_module(config).optim
    (own,) = optim.group_overrides

    def rate_in_olmo(name):
        return own.opts["lr"] if any(fnmatch.fnmatch(name, pattern) for pattern in own.params) else optim.lr

    assert rate_in_olmo("embeddings.weight") == rate_in_olmo("lm_head.norm.weight") == rules["token"]
    assert rate_in_olmo("blocks.0.attention.w_q.weight") == rules["attend0"]
    assert rate_in_olmo("lm_head.w_out.weight") == rules["head"]

    config = json.loads(TRAINERS["torchtitan"].files(job)["torchtitan.json"])
    groups = shipped_script("train_titan", monkeypatch).optimizer(config["optimizer"]).param_groups

    def rate_in_torchtitan(name):
        return next(group.optimizer_kwargs["lr"] for group in groups if re.fullmatch(group.pattern, name))

    assert rate_in_torchtitan("tok_embeddings.weight") == rate_in_torchtitan("norm.weight") == rules["token"]
    assert rate_in_torchtitan("layers.0.attention.wq.weight") == rules["attend0"]
    assert rate_in_torchtitan("lm_head.weight") == rules["head"]


@pytest.mark.parametrize(("flat_until", "warmup"), [(0.7, 100), (0.1, 10_000), (0.0, 0)])
def test_the_script_of_hf_has_the_learning_rates_of_the_engine(monkeypatch, flat_until, warmup):
    torch = pytest.importorskip("torch")
    run = wide_job().run
    recipe = dataclasses.replace(run.training, flat_until=flat_until, warmup_steps=warmup)
    job = Job(dataclasses.replace(run, training=recipe), 1000, 0)
    config = json.loads(TRAINERS["hf"].files(job)["hf.json"])
    monkeypatch.setattr(torch.optim.lr_scheduler, "LambdaLR", lambda _, rate: rate)
    rate = shipped_script("train_hf", monkeypatch).schedule(None, config)
    rates = [rate(step) for step in range(run.steps)]
    assert rates == pytest.approx([learning_rate_at(recipe, step, run.steps) for step in range(run.steps)], abs=1e-3)


def test_more_devices_than_sequences_of_a_step_are_told(tmp_path, monkeypatch):
    script = shipped_script("train_hf", monkeypatch)
    (tmp_path / "hf.json").write_text('{"sequences_per_step": 4}')
    monkeypatch.setenv("WORLD_SIZE", "8")
    with pytest.raises(SystemExit, match="4 sequences a step do not divide by 8 devices"):
        script.main(tmp_path / "hf.json")


class Killed(Exception):
    pass


def test_a_model_of_hf_is_there_only_when_it_is_whole(tmp_path, monkeypatch):
    script = shipped_script("train_hf", monkeypatch)

    def saved(folder):
        folder.mkdir(parents=True)
        (folder / "config.json").write_text("{}")

    def killed(folder):
        saved(folder)
        raise Killed

    config = {"model_folder": str(tmp_path / "models" / "run"), "tokenizer": "tokenizer"}
    script.AutoTokenizer = types.SimpleNamespace(from_pretrained=lambda _: Stated(save_pretrained=lambda folder: None))
    with pytest.raises(Killed):
        script.save(Stated(save_pretrained=killed), config)
    assert not (tmp_path / "models" / "run").exists()
    script.save(Stated(save_pretrained=saved), config)
    assert [path.name for path in (tmp_path / "models").iterdir()] == ["run"]


def write_standard_sweep(folder):
    """One size of a standard ladder, at twice its base width and base depth."""
    path = write_sweep(folder, widths=(32,), levels=(4,))
    ladder = folder / "ladder.toml"
    text = ladder.read_text().replace("[model]", '[model]\narchitecture = "standard"')
    ladder.write_text(text.replace("[training]", "[training]\nbase_layers = 1"))
    return path


@pytest.fixture(scope="module")
def standard(tmp_path_factory):
    folder = tmp_path_factory.mktemp("standard")
    return export_sweep(write_standard_sweep(folder), folder / "out")


def test_a_standard_decoder_is_exported_with_the_recipe_of_every_module(standard):
    (run,) = standard.runs
    config = json.loads((standard.folder / "runs" / run.name / "hf.json").read_text())
    modules, peak = config["modules"], run.training.learning_rate
    assert "matrix_learning_rate" not in config
    assert config["model"]["intermediate_size"] == 88  # eleven eights, nearest to 8/3 of 32
    assert {name: modules[name]["lr"] / peak for name in ("embed_tokens", "norm", "q_proj", "o_proj")} == {
        "embed_tokens": 1, "norm": 1, "q_proj": 1 / 2, "o_proj": 1 / 4
    }  # fmt: skip
    assert modules["norm"]["weight_decay"] == 0
    assert {int(row["model_params"]) for row in manifest(standard.folder)} == {
        run.params + 2 * config["model"]["vocab_size"] * 32
    }


@pytest.mark.parametrize("trainer", sorted(set(TRAINERS) - {"hf"}))
def test_other_trainers_cannot_state_that_recipe(trainer, tmp_path):
    with pytest.raises(InputError, match="a ladder of the architecture plain, got the architecture 'standard' for"):
        export_sweep(write_standard_sweep(tmp_path), tmp_path / "out", trainer=trainer)


@pytest.mark.slow
def test_a_standard_decoder_is_the_llama_of_transformers(standard):
    """Array for array: the same logits from the same weights, and the same rate, decay and epsilon of every weight."""
    transformers = pytest.importorskip("transformers", reason="the extra hf is not installed")
    import torch

    from bayeskisl.sweeping.decoder import Decoder
    from bayeskisl.sweeping.forward import logits_of

    path = standard.folder / "launch" / "train_hf.py"
    train_hf = importlib.util.module_from_spec(spec := importlib.util.spec_from_file_location("train_hf", path))
    spec.loader.exec_module(train_hf)
    (run,) = standard.runs
    config = json.loads((standard.folder / "runs" / run.name / "hf.json").read_text())
    vocabulary, layers, rng = config["model"]["vocab_size"], run.model.layers, np.random.default_rng(1)
    decoder = Decoder(run.model, vocabulary, run.mixture.context)
    sizes = [rows * columns for rows, columns in decoder.shapes.values()]

    def arrays_of(row):
        parts = zip(decoder.shapes.items(), torch.from_numpy(row).split(sizes), strict=True)
        part = {name: value.view(shape) for (name, shape), value in parts}
        own = {"model.embed_tokens": part["token"], "model.norm": part["gain"][0], "lm_head": part["head"].T}
        for layer in range(layers):
            q, k, v = part[f"attend{layer}"].T.chunk(3)
            gate, up = part[f"expand{layer}"].T.chunk(2)
            of_layer = {"self_attn.q_proj": q, "self_attn.k_proj": k, "self_attn.v_proj": v,
                        "self_attn.o_proj": part[f"merge{layer}"].T, "mlp.gate_proj": gate, "mlp.up_proj": up,
                        "mlp.down_proj": part[f"contract{layer}"].T,
                        "input_layernorm": part[f"attend_gain{layer}"][0],
                        "post_attention_layernorm": part[f"expand_gain{layer}"][0]}  # fmt: skip
            own |= {f"model.layers.{layer}.{name}": value for name, value in of_layer.items()}
        return {f"{name}.weight": value for name, value in own.items()}

    row = decoder.initial(rng, run.training)
    row += 0.1 * rng.standard_normal(len(row)).astype(np.float32)
    model = transformers.LlamaForCausalLM(transformers.LlamaConfig(**config["model"])).eval()
    model.load_state_dict(arrays_of(row))
    read = torch.from_numpy(rng.integers(vocabulary, size=(2, run.mixture.context)))
    ours = logits_of(decoder, torch.from_numpy(row)[None], read[None])[0].view(2, -1, vocabulary)
    torch.testing.assert_close(model(read).logits.detach(), ours.detach(), rtol=1e-4, atol=1e-4)

    recipe = run.training
    expected = {
        "lr": arrays_of((recipe.learning_rate * decoder.rate_factors(recipe)).astype(np.float32)),
        "weight_decay": arrays_of(decoder.decays(recipe)),
        "eps": arrays_of(decoder.epsilons(recipe)),
    }
    groups = {id(group["params"][0]): group for group in train_hf.optimizer(model, config).param_groups}
    for name, parameter in model.named_parameters():
        for key, of_name in expected.items():
            given = torch.full_like(of_name[name], groups[id(parameter)][key])
            torch.testing.assert_close(of_name[name], given, rtol=1e-6, atol=0)
    train_hf.begin(model, config)
    assert not model.lm_head.weight.any()
    assert model.model.layers[1].self_attn.o_proj.weight.std().item() == pytest.approx(1 / (2 * 32**0.5), rel=0.1)


def test_nanochat_has_a_validation_shard_behind_its_training_shards(tmp_path):
    path = write_sweep(tmp_path, levels=(4,), widths=(16,))
    done = export_sweep(path, tmp_path / "out", trainer="nanochat", shard_tokens=SHARD)
    shards = sorted((done.folder / "runs" / done.runs[0].name / "data" / "parquet").iterdir())
    assert [shard.name for shard in shards] == [f"shard_{number:05d}.parquet" for number in range(5)]
    groups = [set(parquet.read_table(shard)["group"].to_pylist()) for shard in shards]
    assert groups == [{"general", "infused"}] * 4 + [{"general"}]


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ({"trainer": "pytorch"}, "a trainer among hf, nanochat, megatron, olmo, torchtitan"),
        ({"formats": ("csv",)}, "a format among"),
        ({"trainer": "megatron", "spacing": 64}, "keeps the order of its data"),
        ({"spacing": -5}, "a spacing of at least 0 tokens, got -5"),
        ({"spacing": 10**6}, "from one exposure of a fact to its next"),
        ({"utilisation": 0.0}, "a utilisation in"),
        ({"repeat_matched": 100}, "at most the target's 100 tokens"),
    ],
)
def test_what_cannot_be_exported_is_one_sentence(spec, tmp_path, how, said):
    with pytest.raises(InputError, match=said):
        export_sweep(spec, tmp_path, **how)


def test_a_corpus_of_which_nothing_is_held_out_is_told(tmp_path):
    path = write_sweep(tmp_path, levels=(4,), widths=(16,), documents=19)
    with pytest.warns(UserWarning, match="fewer than twenty documents"):
        export_sweep(path, tmp_path / "out")
    with pytest.raises(InputError, match="nanochat needs a validation loss"):
        export_sweep(path, tmp_path / "other", trainer="nanochat")


def test_checkpoints_that_are_left_out_are_told(tmp_path):
    path = write_sweep(tmp_path, levels=(4,), widths=(16,))
    path.write_text("checkpoints = [0.5]\n" + path.read_text())
    with pytest.warns(UserWarning, match="Checkpoints are not exported"):
        export_sweep(path, tmp_path / "out")


def test_the_command_takes_the_usual_speed_of_a_device():
    options = DeviceOptions()
    assert (options.utilisation, options.peak) == (UTILISATION, PEAK)


def test_a_sweep_in_symbols_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"\[corpus\]"):
        export_sweep("desk-amount", tmp_path)


# launching


def stub(folder, name, text):
    path = folder / name
    path.write_text(text)
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


# stands for sbatch: checks the directives as SLURM reads them, then runs two tasks of the array
SBATCH = """#!{python}
import os, re, subprocess, sys
(script,) = sys.argv[1:]
options = {{}}
for line in open(script).read().splitlines()[1:]:
    if line.startswith("#SBATCH"):
        name, _, value = line.removeprefix("#SBATCH --").partition("=")
        options[name] = value
    elif line and not line.startswith("#"):
        break  # SLURM reads no directive behind the first command
assert set(options) == {{"job-name", "array", "nodes", "ntasks", "gpus-per-node", "time", "requeue", "output"}}, options
first, last, side_by_side = map(int, re.fullmatch(r"(\\d+)-(\\d+)%(\\d+)", options["array"]).groups())
runs = open("launch/runs.txt").read().split()
assert (first, last) == (0, len(runs) - 1) and 1 <= side_by_side <= len(runs)
assert re.fullmatch(r"\\d\\d+:[0-5]\\d:00", options["time"])
assert os.path.isdir(os.path.dirname(options["output"]))
for task in (first, last):
    environment = {{**os.environ, "SLURM_ARRAY_TASK_ID": str(task), "SLURM_SUBMIT_DIR": os.getcwd()}}
    subprocess.run(["bash"], stdin=open(script), check=True, env=environment, cwd="/")
"""

# stands for python: training leaves a model, evaluation a result
PYTHON = """#!{python}
import pathlib, sys
arguments = sys.argv[1:]
with open("calls", "a") as file:
    print(*arguments, file=file)
if arguments[0] == "launch/train_hf.py":
    run = pathlib.Path(arguments[1]).parent.name
    (pathlib.Path("models") / run).mkdir(parents=True)
    (pathlib.Path("models") / run / "config.json").write_text("{{}}")
else:
    out = pathlib.Path(arguments[arguments.index("--output_path") + 1]) / "m"
    out.mkdir(parents=True)
    (out / "results_2026-11-28T08-00-00.json").write_text("{{}}")
"""


@pytest.fixture
def launched(tmp_path):
    done = export_sweep(write_sweep(tmp_path), tmp_path / "out")
    stub(tmp_path, "python-stub", PYTHON.format(python=sys.executable))
    stub(tmp_path, "sbatch", SBATCH.format(python=sys.executable))
    environment = {**os.environ, "PYTHON": str(tmp_path / "python-stub")}
    return done, tmp_path, environment


def calls(done):
    return [line.split() for line in (done.folder / "calls").read_text().splitlines()]


def test_slurm_takes_the_array_job_and_its_tasks_train_and_evaluate(launched):
    done, folder, environment = launched
    subprocess.run([folder / "sbatch", "launch/slurm.sh"], cwd=done.folder, env=environment, check=True)
    runs = (done.folder / "launch" / "runs.txt").read_text().split()
    assert [each[1] for each in calls(done) if each[0].startswith("launch")] == [
        f"runs/{run}/hf.json" for run in (runs[0], runs[-1])
    ]
    evaluation = calls(done)[1]
    assert evaluation[evaluation.index("--include_path") + 1] == f"runs/{runs[0]}/tasks"
    assert evaluation[evaluation.index("--tasks") + 1] == "infused_choice,infused_recall"


def test_a_node_runs_everything_once(launched):
    done, _, environment = launched
    for _ in range(2):  # what has results is left alone
        subprocess.run(["bash", "launch/node.sh"], cwd=done.folder, env={**environment, "JOBS": "2"}, check=True)
    assert len(calls(done)) == 2 * len(done.runs)
    assert {path.parent.parent.name for path in (done.folder / "results").rglob("results*.json")} == {
        run.name for run in done.runs
    }


@pytest.mark.parametrize(
    ("trainer", "checkout", "called"),
    [("nanochat", "NANOCHAT", "scripts.base_train"), ("megatron", "MEGATRON", "pretrain_gpt.py")],
)
def test_other_trainers_are_called_in_their_checkout_and_their_models_converted(tmp_path, trainer, checkout, called):
    done = export_sweep(write_sweep(tmp_path, levels=(4,), widths=(32,)), tmp_path / "out", trainer=trainer)
    (run,) = done.runs
    stub(tmp_path, "python-stub", f'#!/bin/sh\necho "$@" >> {tmp_path}/calls\n')
    killed = tmp_path / "killed"  # the first conversion is
    stub(tmp_path, "convert", f'#!/bin/sh\nmkdir -p "$2" && echo {{}} > "$2/config.json"; [ -e {killed} ]\n')
    (tmp_path / "checkout").mkdir()
    environment = {**os.environ, "PYTHON": str(tmp_path / "python-stub"), "CONVERT": str(tmp_path / "convert"),
                   checkout: str(tmp_path / "checkout"), "NANOCHAT_TOKENIZER": str(tmp_path)}  # fmt: skip
    command = ["bash", "launch/run.sh", run.name]
    assert subprocess.run(command, cwd=done.folder, env=environment).returncode == 1
    assert not (done.folder / "models" / run.name).exists()
    killed.touch()
    subprocess.run(command, cwd=done.folder, env=environment, check=True)
    assert [path.name for path in (done.folder / "models").iterdir()] == [run.name]
    _, training, evaluation = (tmp_path / "calls").read_text().splitlines()
    assert called in training
    assert f"models/{run.name}" in evaluation
    words = training.replace("=", " ").split()
    steps, length = ("num-iterations", "max-seq-len") if trainer == "nanochat" else ("train-iters", "seq-length")
    assert words[words.index(f"--{steps}") + 1] == str(run.steps)
    assert words[words.index(f"--{length}") + 1] == "32"


def test_a_run_that_fails_fails_the_node_and_the_others_go_on(launched):
    done, _, environment = launched
    lost = (done.folder / "launch" / "runs.txt").read_text().split()[0]
    (done.folder / "models" / lost).mkdir(parents=True)  # the stub cannot make it again
    out = subprocess.run(["bash", "launch/node.sh"], cwd=done.folder, env=environment, capture_output=True, text=True)
    assert out.returncode == 1
    assert f"{lost} failed" in out.stderr
    assert len(list((done.folder / "results").rglob("results*.json"))) == len(done.runs) - 1


@pytest.mark.slow
@pytest.mark.alone
def test_ray_runs_everything(launched):
    pytest.importorskip("ray", reason="the extra cluster is not installed")
    done, _, environment = launched
    environment |= {"GPUS_PER_RUN": "0", "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0"}
    subprocess.run([sys.executable, "launch/ray_runs.py"], cwd=done.folder, env=environment, check=True)
    assert len(list((done.folder / "results").rglob("results*.json"))) == len(done.runs)


# repeats and costs


@pytest.mark.parametrize(
    ("axis", "levels", "held"),
    [
        ("amount", (8, 40), "ratio = 0.5"),
        ("ratio", (0.2, 0.5), "facts = 40"),
        ("frequency", (5e3, 1e4), "facts = 40"),
        ("dose", (0.2, 0.5), "exposures = 20.0"),
    ],
)
def test_repeat_matched_budgets_see_facts_as_often_as_the_target(tmp_path, axis, levels, held):
    spec = load_sweep(write_sweep(tmp_path, axis=axis, levels=levels, held=held, widths=(16,), steps=10))
    at_target = [run.mixture.exposures for run in spec.runs()]
    small = load_sweep(write_sweep(tmp_path, axis=axis, levels=levels, held=held, widths=(16,), steps=5))
    matched = repeat_matched_runs(small, 2 * small.tokens[0])
    assert [run.mixture.exposures for run in matched] == pytest.approx(at_target, rel=0.07)
    assert [run.mixture.ratio for run in matched] == pytest.approx([r.mixture.ratio for r in spec.runs()], rel=0.02)
    assert repeat_matched_runs(small, small.tokens[0]) == small.runs()


def test_repeat_matched_background_facts_shrink_wherever_they_are_stated(tmp_path):
    background = "\n[background]\nshare = 0.2\n[cross]\nbackground_facts = [10, 20]\n"
    spec = load_sweep(write_sweep(tmp_path, levels=(8,), widths=(16,), steps=10, background=background))
    matched = repeat_matched_runs(spec, 2 * spec.tokens[0])
    assert [run.mixture.background_facts for run in matched] == [5, 10]


def test_a_plan_is_exported_as_any_sweep_and_has_no_levels_to_match(spec, tmp_path):
    plan = tmp_path / "next.toml"
    planned = spec.read_text().replace("levels = [4, 9]", "levels = []")
    plan.write_text(planned + "\n[[replicates]]\nwidths = [32]\ntokens = [2048]\nlevels = [6]\nseeds = [3]\n")
    (run,) = export_sweep(plan, tmp_path / "out").runs
    assert (run.model.width, run.mixture.facts, run.seed) == (32, 6, 3)
    with pytest.raises(InputError, match="a sweep with levels"):
        export_sweep(plan, tmp_path / "matched", repeat_matched=4096)


def test_gpu_hours_follow_from_flops_and_utilisation(spec, tmp_path):
    done = export_sweep(spec, tmp_path / "out", utilisation=0.5, peak=1e12)
    for run in done.runs:
        assert done.gpu_hours[run.name] * 3600 * 0.5e12 == pytest.approx(run.flops)
    rows = manifest(Path(done.folder))
    assert {row["run"]: float(row["gpu_hours"]) for row in rows} == pytest.approx(done.gpu_hours, rel=1e-3)


def test_the_command_writes_and_says_how_to_go_on(spec, tmp_path):
    from typer.testing import CliRunner

    from bayeskisl.cli.app import app

    out = CliRunner().invoke(app, ["sweep", "export", str(spec), "--for", "hf", "--out", str(tmp_path / "out")])
    assert out.exit_code == 0, out.output
    assert "4 runs" in out.output
    assert "curves import" in out.output.replace("\n", " ")


def test_runs_of_one_seed_start_from_weights_of_their_own(tmp_path):
    done = export_sweep(write_sweep(tmp_path, levels=(4, 8), widths=(32,)), tmp_path / "out", trainer="hf")
    configs = [json.loads((done.folder / "runs" / run.name / "hf.json").read_text()) for run in done.runs]
    assert len({run.seed for run in done.runs}) == 1
    assert len({config["training"]["seed"] for config in configs}) == 2
