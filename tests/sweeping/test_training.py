"""Stacking changes nothing but speed."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from bayeskisl.sweeping import Stack, probing
from bayeskisl.sweeping.probing import probe_stack
from bayeskisl.sweeping.records import GroupProbe, Measured, record_bytes
from bayeskisl.sweeping.steps import learning_rate_at
from bayeskisl.sweeping.training import behind_start, draw_run, train_stack

NAN = float("nan")
STEPS = 20


@pytest.fixture(scope="module")
def runs(smoke):
    return tuple(run for run in smoke.runs() if run.model.width == 16)


def losses_of(runs):
    losses = []
    train_stack(runs, steps=STEPS, losses=losses)
    return np.stack(losses)


def test_stacked_runs_train_as_each_alone(runs):
    stacked = losses_of(runs)
    alone = np.concatenate([losses_of((run,)) for run in runs], axis=1)
    assert stacked.shape == (STEPS, len(runs))
    np.testing.assert_allclose(stacked, alone, rtol=0, atol=1e-4)


def test_flat_optimiser_equals_torch_adamw(runs):
    """The reference trains one run with torch.optim.AdamW, one parameter group per weight matrix."""
    from bayeskisl.sweeping.decoder import Decoder
    from bayeskisl.sweeping.forward import token_loss

    run = runs[0]
    decoder = Decoder(run.model, run.facts.vocabulary, run.mixture.context)
    material, rng = draw_run(run)
    flat = torch.from_numpy(decoder.initial(rng))[None]
    factors = torch.from_numpy(decoder.rate_factors(run.training))
    sizes = [rows * columns for rows, columns in decoder.shapes.values()]
    parts = [part.clone().requires_grad_() for part in flat.split(sizes, dim=1)]
    scale = [float(factor[0]) for factor in factors.split(sizes)]
    t = run.training
    optimiser = torch.optim.AdamW(
        [{"params": [part]} for part in parts], betas=(t.beta1, t.beta2), weight_decay=t.weight_decay, eps=1e-8
    )
    reference = []
    for step in range(STEPS):
        for group, factor in zip(optimiser.param_groups, scale, strict=True):
            group["lr"] = t.learning_rate * factor * learning_rate_at(t, step, run.steps)
        read = torch.from_numpy(behind_start(material.stream, run.facts.start)[step * t.batch : (step + 1) * t.batch])
        read = read.long()[None]
        loss = token_loss(decoder, torch.cat(parts, dim=1), read[..., :-1], read[..., 1:]).mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        reference.append(loss.item())
    np.testing.assert_allclose(losses_of((run,))[:, 0], reference, rtol=0, atol=1e-4)


def test_schedule_warms_up_stays_and_falls(runs):
    rates = [learning_rate_at(runs[0].training, step, 1000) for step in range(1000)]
    assert rates[0] == pytest.approx(1 / 20)
    assert set(rates[20:700]) == {1.0}
    assert rates[-1] == pytest.approx(0.05)
    assert rates == sorted(rates[:20]) + rates[20:700] + sorted(rates[700:], reverse=True)


def test_the_rate_falls_from_the_peak_where_the_warm_up_ends_behind_the_flat_part(runs):
    training = replace(runs[0].training, warmup_steps=200, flat_until=0.1, final_share=0.0)
    rates = [learning_rate_at(training, step, 1000) for step in range(1000)]
    assert rates[199] == 1
    assert np.diff(rates[199:]) == pytest.approx(-1 / 800)
    assert rates[-1] == pytest.approx(0)


def test_untrained_models_recall_nothing_and_predict_uniformly(runs):
    import math

    trained = train_stack(runs[:1], steps=0)
    (measured,) = probe_stack(runs[:1], trained)
    infused = measured.groups["infused"]
    assert measured.general_loss == pytest.approx(math.log(runs[0].facts.vocabulary), rel=1e-5)
    assert infused.answer_nats == pytest.approx(infused.probed * 2 * math.log(runs[0].facts.vocabulary), rel=1e-5)


def test_a_run_that_its_last_update_breaks_has_diverged(runs, monkeypatch):
    steps = runs[0].steps
    monkeypatch.setattr(probing, "train_stack", lambda runs, *_, **__: train_stack(runs, steps=0))
    measured = [Measured(1, {"infused": GroupProbe(0, 1, nats)}, loss) for nats, loss in ((NAN, 1.0), (1.0, NAN))]
    monkeypatch.setattr(probing, "probe_stack", lambda *_: measured)
    _, probes = probing.train_and_probe(runs[:2])
    assert [probe.diverged_at for probe in probes] == [steps, steps]
    for run, probe in zip(runs, probes, strict=False):
        assert b'"kind":"failed"' in record_bytes(run, Stack(runs), probe)


def test_a_diverged_run_is_told_by_its_step_and_spares_the_others(runs):
    wild = replace(runs[0], training=replace(runs[0].training, learning_rate=1e30))
    trained = train_stack((wild, runs[1]), steps=STEPS)
    assert 0 <= trained.diverged_at[0] < STEPS
    assert trained.diverged_at[1] == -1
    alone = train_stack((runs[1],), steps=STEPS).steps.state().weights[0]
    np.testing.assert_allclose(trained.steps.state().weights[1], alone, atol=1e-4, rtol=0)
