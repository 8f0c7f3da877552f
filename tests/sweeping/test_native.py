"""The compiled kernel computes what the decoder defines."""

import json
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
import torch

from bayeskisl.sweeping import load_sweep, run_sweep
from bayeskisl.sweeping.decoder import Decoder
from bayeskisl.sweeping.forward import logits_of, token_loss
from bayeskisl.sweeping.ladder import ModelSize
from bayeskisl.sweeping.native import compiler, compiler_name, native_step
from bayeskisl.sweeping.training import train_stack
from tests.sweeping.conftest import SMOKE, records_of

pytestmark = pytest.mark.skipif(compiler() is None, reason="no C++ compiler on this machine")

# Widths, heads, vocabularies, contexts and batches that fill the kernel's blocks, and that leave a remainder of each.
SHAPES = [
    (ModelSize(width=16, layers=2, heads=2), 66, 24, 32),
    (ModelSize(width=14, layers=1, heads=7), 19, 5, 3),
    (ModelSize(width=72, layers=1, heads=1), 33, 13, 17),
    (ModelSize(width=16, layers=2, heads=2, architecture="standard"), 66, 24, 32),
    (ModelSize(width=14, layers=1, heads=7, architecture="standard"), 19, 5, 3),
]


def shape_name(shape):
    size, vocabulary, context, batch = shape
    return f"{size.form.name} {size.width}, vocabulary {vocabulary}, context {context}, batch {batch}"


@pytest.mark.parametrize("shape", SHAPES, ids=shape_name)
def test_loss_and_gradient_equal_autograd(shape):
    size, vocabulary, context, batch = shape
    kernel, decoder = native_step(*shape), Decoder(size, vocabulary, context)
    rng = np.random.default_rng(1)
    weights = (decoder.initial(rng) + 0.1 * rng.standard_normal(decoder.weights_per_run)).astype(np.float32)
    tokens = rng.integers(vocabulary, size=(batch, context + 1))
    loss, gradient = kernel.loss_and_gradient(weights, tokens)

    row = torch.from_numpy(weights)[None].requires_grad_()
    read = torch.from_numpy(tokens)[None]
    expected = token_loss(decoder, row, read[..., :-1], read[..., 1:]).mean()
    (expected_gradient,) = torch.autograd.grad(expected, row)
    assert kernel.weights_per_run == decoder.weights_per_run
    assert loss == pytest.approx(expected.item(), rel=1e-6)
    error = np.abs(gradient - expected_gradient[0].numpy()).max() / expected_gradient.abs().max().item()
    assert error < 2e-6


@pytest.mark.parametrize("lanes", [4, 8, 16])
@pytest.mark.parametrize("shape", [SHAPES[0], SHAPES[1], SHAPES[4]], ids=shape_name)
def test_vectors_of_every_processor_say_the_same(shape, lanes):
    _, vocabulary, context, batch = shape
    ours, theirs = native_step(*shape), native_step(*shape, lanes=lanes)
    rng = np.random.default_rng(3)
    weights = rng.normal(scale=0.3, size=ours.weights_per_run).astype(np.float32)
    tokens = rng.integers(vocabulary, size=(batch, context + 1))
    (loss, gradient), (other_loss, other_gradient) = (
        kernel.loss_and_gradient(weights, tokens) for kernel in (ours, theirs)
    )
    assert other_loss == pytest.approx(loss, rel=1e-6)
    np.testing.assert_allclose(other_gradient, gradient, rtol=0, atol=2e-6 * np.abs(gradient).max())
    np.testing.assert_allclose(theirs.evaluate(weights, tokens)[0], ours.evaluate(weights, tokens)[0], rtol=1e-4)


@pytest.mark.parametrize("shape", SHAPES, ids=shape_name)
def test_evaluation_equals_torch(shape):
    size, vocabulary, context, _ = shape
    kernel, decoder = native_step(*shape), Decoder(size, vocabulary, context)
    rng = np.random.default_rng(2)
    weights = (decoder.initial(rng) + 0.1 * rng.standard_normal(decoder.weights_per_run)).astype(np.float32)
    tokens = rng.integers(vocabulary, size=(21, context + 1))
    nats, right = kernel.evaluate(weights, tokens)

    read = torch.from_numpy(tokens)
    logits = logits_of(decoder, torch.from_numpy(weights)[None], read[None, :, :-1])[0].view(21, context, vocabulary)
    expected = torch.nn.functional.cross_entropy(logits.transpose(1, 2), read[:, 1:], reduction="none")
    np.testing.assert_allclose(nats, expected.numpy(), rtol=1e-4, atol=1e-5)
    assert (right == (logits.argmax(dim=2) == read[:, 1:]).numpy()).all()


@pytest.mark.parametrize("shape", [SHAPES[1], SHAPES[4]], ids=shape_name)
def test_activations_beyond_all_numbers_are_told(shape):
    _, vocabulary, context, batch = shape
    kernel, rng = native_step(*shape), np.random.default_rng(4)
    weights = (1e25 * rng.standard_normal(kernel.weights_per_run)).astype(np.float32)
    tokens = rng.integers(vocabulary, size=(batch, context + 1))
    assert np.isnan(kernel.loss_and_gradient(weights, tokens)[0])
    assert np.isnan(kernel.evaluate(weights, tokens)[0]).all()


@pytest.fixture(scope="module")
def runs(smoke):
    return tuple(run for run in smoke.runs() if run.model.width == 16)


def test_compiled_training_equals_plain_training(runs):
    """Over the first steps: later ones amplify the last bit of each."""
    compiled, plain = [], []
    train_stack(runs, compiled=True, steps=40, losses=compiled)
    train_stack(runs, compiled=False, steps=40, losses=plain)
    np.testing.assert_allclose(compiled, plain, rtol=0, atol=1e-4)


def test_compiled_training_is_the_same_in_every_stack(runs):
    together = train_stack(runs, compiled=True, steps=30).steps.state()
    for row, run in enumerate(runs):
        alone = train_stack((run,), compiled=True, steps=30).steps.state()
        assert (together.weights[row] == alone.weights[0]).all()


def test_a_diverged_run_is_told_by_its_step_and_spares_the_others(runs):
    wild = replace(runs[0], training=replace(runs[0].training, learning_rate=1e30))
    trained = train_stack((wild, runs[1]), compiled=True, steps=30)
    assert 0 < trained.diverged_at[0] < 30
    assert trained.diverged_at[1] == -1


def test_a_compiled_sweep_repeats_itself_and_says_what_it_did(smoke, tmp_path):
    spec = replace(smoke, compile=True)
    for name, workers in (("one", 1), ("two", 2)):
        run_sweep(spec, tmp_path / name, workers=workers)
    assert records_of(tmp_path / "one") == records_of(tmp_path / "two")
    notes = [json.loads(line) for line in next((tmp_path / "one").glob("*/sidecar.jsonl")).read_text().splitlines()]
    assert {note["steps"] for note in notes} == {"native"}
    assert {note["compiler"] for note in notes} == {compiler_name()}
    assert all(note["processor"] for note in notes)


def test_a_compiled_sweep_does_without_torch(tmp_path):
    spec = tmp_path / "smoke.toml"
    spec.write_text(SMOKE.replace("compile = false", "compile = true"))
    code = f"""
import sys
sys.modules["torch"] = None  # as if it were not installed
from bayeskisl.sweeping import run_sweep
assert run_sweep({str(spec)!r}, {str(tmp_path / "out")!r}, workers=2).trained == 16
"""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_without_a_compiler_training_goes_on_in_torch_and_says_so(runs, monkeypatch):
    monkeypatch.setenv("CXX", "no-such-compiler")
    native_step.cache_clear()
    with pytest.warns(UserWarning, match="could not be compiled .there is no C\\+\\+ compiler.*several times slower"):
        trained = train_stack(runs[:1], compiled=True, steps=2)
    assert trained.steps.name == "torch"
    native_step.cache_clear()


@pytest.mark.parametrize("damage", [lambda content: content[:9000], lambda content: b""])
def test_a_damaged_kernel_is_built_again(tmp_path, monkeypatch, damage):
    """Loaded as it is, one that was cut off would end the process by a signal."""
    monkeypatch.setenv("BAYESKISL_CACHE", str(tmp_path))
    size = ModelSize(width=4, layers=1, heads=1)
    build = native_step.__wrapped__
    weights = build(size, 5, 3, 2).weights_per_run
    (library,) = tmp_path.glob("code/step-*.so")
    library.write_bytes(damage(library.read_bytes()))
    code = f"""
from bayeskisl.sweeping.ladder import ModelSize
from bayeskisl.sweeping.native import native_step
assert native_step(ModelSize(width=4, layers=1, heads=1), 5, 3, 2).weights_per_run == {weights}
"""
    subprocess.run([sys.executable, "-c", code], check=True)
    assert len(library.read_bytes()) > 9000


def test_a_recipe_in_bfloat16_is_left_to_torch(runs):
    run = replace(runs[0], training=replace(runs[0].training, precision="bfloat16"))
    assert train_stack((run,), compiled=True, steps=2).steps.name == "torch"


def test_shipped_sweeps_are_compiled():
    assert load_sweep("desk-amount").compile
