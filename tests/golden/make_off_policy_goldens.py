"""Writes off_policy.json beside this file: estimates by the Open Bandit Pipeline on a small log of slates.

    python3 -m venv .deps/venv-obp
    .deps/venv-obp/bin/pip install --no-deps --ignore-requires-python obp==0.5.7
    .deps/venv-obp/bin/pip install numpy scipy scikit-learn pandas pyyaml tqdm
    .deps/venv-obp/bin/python tests/golden/make_off_policy_goldens.py

The packages that obp pins cannot be installed on current Pythons; those its estimators do not need (torch, matplotlib,
seaborn, pyieoe) are replaced by empty modules. Last made with obp 0.5.7 and numpy 2.4.
"""

import json
import pathlib
import sys
from unittest.mock import MagicMock

for name in ("torch", "torch.nn", "torch.nn.functional", "torch.optim", "torch.utils", "torch.utils.data", "matplotlib",
             "matplotlib.pyplot", "seaborn", "pyieoe", "pyieoe.evaluator", "obp.policy", "obp.policy.policy_type", "obp.simulator", "obp.dataset"):
    sys.modules[name] = MagicMock()
sys.modules["torch"].Tensor = type("Tensor", (), {})

import numpy as np  # noqa: E402
from obp.ope.estimators import (DirectMethod, DoublyRobust, InverseProbabilityWeighting,  # noqa: E402
                                SelfNormalizedInverseProbabilityWeighting)
from obp.ope.estimators_slate import (SlateIndependentIPS, SlateRewardInteractionIPS, SlateStandardIPS)  # noqa: E402

HERE = pathlib.Path(__file__).resolve().parent
PAGES, LENGTH, CAP = 40, 3, 2.0


def main():
    rng = np.random.default_rng(5)
    draw = lambda low, high: rng.uniform(low, high, (PAGES, LENGTH))
    logging, evaluation = draw(0.15, 0.6), draw(0.1, 0.7)
    logging_marginal, evaluation_marginal = draw(0.15, 0.6), draw(0.1, 0.7)
    reward = (draw(0, 1) < 0.4).astype(float)
    model_shown, model_other = rng.uniform(0, 2, PAGES), rng.uniform(0, 2, PAGES)
    whole = evaluation.prod(1)
    model_policy = whole * model_shown + (1 - whole) * model_other

    # A page as one action among two: the one that was shown, and everything else.
    rounds = dict(reward=reward.sum(1), action=np.zeros(PAGES, dtype=int), pscore=logging.prod(1),
                  action_dist=np.stack([whole, 1 - whole], 1)[:, :, None], position=np.zeros(PAGES, dtype=int))
    model = np.stack([model_shown, model_other], 1)[:, :, None]
    without = {key: rounds[key] for key in ("action_dist", "position")}
    slate = dict(slate_id=np.repeat(np.arange(PAGES), LENGTH), reward=reward.ravel(),
                 position=np.tile(np.arange(LENGTH), PAGES))
    prefix = lambda p: np.cumprod(p, 1).ravel()
    expected = {
        "IPS": InverseProbabilityWeighting().estimate_policy_value(**rounds),
        "capped IPS": InverseProbabilityWeighting(lambda_=CAP).estimate_policy_value(**rounds),
        "SNIPS": SelfNormalizedInverseProbabilityWeighting().estimate_policy_value(**rounds),
        "direct method": DirectMethod().estimate_policy_value(estimated_rewards_by_reg_model=model, **without),
        "doubly robust": DoublyRobust().estimate_policy_value(estimated_rewards_by_reg_model=model, **rounds),
        "IIPS": SlateIndependentIPS(len_list=LENGTH).estimate_policy_value(
            **slate, pscore_item_position=logging_marginal.ravel(),
            evaluation_policy_pscore_item_position=evaluation_marginal.ravel()),
        "RIPS": SlateRewardInteractionIPS(len_list=LENGTH).estimate_policy_value(
            **slate, pscore_cascade=prefix(logging), evaluation_policy_pscore_cascade=prefix(evaluation)),
    }
    sips = SlateStandardIPS(len_list=LENGTH).estimate_policy_value(
        **slate, pscore=np.repeat(logging.prod(1), LENGTH),
        evaluation_policy_pscore=np.repeat(evaluation.prod(1), LENGTH))
    assert abs(sips - expected["IPS"]) < 1e-12, "a page as one action is a slate under SIPS"
    value = {
        "pages": PAGES, "length": LENGTH, "cap": CAP,
        "reward": reward.ravel().tolist(),
        "logging": logging.ravel().tolist(), "evaluation": evaluation.ravel().tolist(),
        "logging_marginal": logging_marginal.ravel().tolist(),
        "evaluation_marginal": evaluation_marginal.ravel().tolist(),
        "model_shown": model_shown.tolist(), "model_policy": model_policy.tolist(),
        "expected": {key: float(number) for key, number in expected.items()},
    }
    (HERE / "off_policy.json").write_text(json.dumps(value, indent=1, sort_keys=True) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
