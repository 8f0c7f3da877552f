import numpy as np

from bayeskisl.decision import predict, verify
from bayeskisl.reporting import describe_prediction, describe_verification
from bayeskisl.reporting.numbers import three_digits
from tests.decision.hand_made import HandMadeFit, amount_curves, law_line


def test_prediction_says_what_was_promised(prediction):
    said = describe_prediction(prediction)
    for word in ("98,304 non-embedding", "exponent of params: 0.", "collapse of one fresh run", "90 % interval",
                 "law 'power' (weight 0.25)", "sufficient ratio", "do not depend on the ratio", "held fixed: ratio 0.5",
                 three_digits(prediction.choice.item(), down=True)):  # fmt: skip
        assert word in said


def test_no_bound_is_said_where_there_is_none(fit):
    said = describe_prediction(predict(HandMadeFit(steepness=0.7, steepness_log_sd=0.01), 98_304))
    assert "no infusion keeps most on average" in said
    assert "beware: in 100 % of the draws" in said


def test_hit_and_miss_are_said_alike(prediction, verification):
    assert "HIT: the measurement lies inside" in describe_verification(verification)
    far = amount_curves((98_304,), (1000, 2000, 4000, 8000), log_threshold=lambda n: law_line(n) - 1)
    assert "MISS: the measurement lies outside" in describe_verification(verify(prediction, far))


def test_a_bound_decides_nothing(prediction):
    low = amount_curves((98_304,), (100, 200, 400), rng=np.random.default_rng(0))
    said = describe_verification(verify(prediction, low))
    assert "no run lost half" in said
    assert "UNDECIDED" in said
