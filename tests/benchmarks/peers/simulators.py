#!/usr/bin/env python3
"""Our lives (lives_job) beside the environments of sardine-rec and recogym, under the same laws on the same core.

    python3 -m venv VENV-S && VENV-S/bin/pip install sardine-rec==1.0.8
    python3 -m venv VENV-R && VENV-R/bin/pip install numpy==1.23.5 scipy==1.10.1 pandas==1.5.3 numba==0.57.1 \\
        gym==0.26.2 tqdm && VENV-R/bin/pip install --no-deps recogym==0.1.3.0
    tests/benchmarks/peers/simulators.py --build build/release --sardine VENV-S/bin/python --recogym VENV-R/bin/python \\
        [--rounds 3] [--seconds 3] [--core N] [--json FILE]

Each peer first writes a setting: its law's numbers, and probabilities it computed itself for states and pages of its own
(binomial and choice of its generator are overheard). lives_job computes the same and ends when one is off by more than
1e-6. Then both sides are timed by turns, pinned to one core (ours also on all cores): slate steps of SARDINE, events of
RecoGym. The packages get pages and actions that were drawn before, as ours do. recogym imports learning libraries for
agents that no environment uses; where they are missing, empty modules stand in.
"""

import argparse
import importlib.abc
import importlib.machinery
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SARDINE_ENVIRONMENTS = ["SlateTopK-BoredInf-v0", "SlateRerank-Bored-v0"]
RECOGYM_PRODUCTS = [10, 1000]


class Overhearing:
    """A random generator that notes the probabilities it is given."""

    def __init__(self, generator, heard):
        self._generator, self._heard = generator, heard

    def __getattr__(self, name):
        return getattr(self._generator, name)

    def binomial(self, n, p):
        self._heard.append(p.tolist())
        return self._generator.binomial(n=n, p=p)

    def choice(self, a, p=None):
        self._heard.append(list(p))
        return self._generator.choice(a, p=p)


def sardine_environment(name):
    import gymnasium
    import sardine  # noqa: F401  registers its environments

    return gymnasium.make(f"sardine/{name}").unwrapped


def sardine_setting(name, users=20):
    import gymnasium

    env = sardine_environment(name)
    numbers = dict(gymnasium.spec(f"sardine/{name}").kwargs)
    if numbers["click_model"] != "tdPBM" or numbers["boredom_type"] != "user_car" or numbers["rel_penalty"]:
        sys.exit(f"{name}: another law than the one compared")
    heard, tastes = [], []
    draw_taste = env._reset_user_embedds

    def note_taste():
        draw_taste()
        tastes.append(env.user_embedd.tolist())

    env._reset_user_embedds = note_taste
    env.reset(seed=1)
    env.np_random = Overhearing(env.np_random, heard)
    lives = []
    for _ in range(users):
        observation, _ = env.reset()
        steps = [(observation["slate"], observation["clicks"])]
        terminated = False
        while not terminated:
            # Every second page holds the best items, so that users click often enough to get bored.
            slate = env.np_random.integers(env.num_items, size=env.slate_size)
            if len(steps) % 2:
                slate = (env.item_embedd @ env.user_embedd).argsort()[-env.slate_size :]
            observation, _, terminated, _, _ = env.step(slate)
            steps.append((slate, observation["clicks"]))
        probabilities, heard[:] = heard[-len(steps) :], []
        lives.append(
            {
                "taste": tastes[-1],
                "steps": [
                    {"slate": slate.tolist(), "clicks": clicks.tolist(), "probabilities": p}
                    for (slate, clicks), p in zip(steps, probabilities)
                ],
            }
        )
    return {"options": numbers, "embeddings": env.item_embedd.ravel().tolist(), "lives": lives}


def sardine_rate(name, seconds):
    import numpy

    env = sardine_environment(name)
    env.reset(seed=1)
    slates = numpy.random.default_rng(3).integers(env.num_items, size=(1024, env.slate_size))
    steps, users, clicks = 0, 0, 0
    started = time.perf_counter()
    while time.perf_counter() - started < seconds:
        env.reset()
        users += 1
        terminated = False
        while not terminated:
            _, reward, terminated, _, _ = env.step(slates[steps % 1024])
            clicks += reward
            steps += 1
    return steps / (time.perf_counter() - started), clicks / steps


class Absent(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Stands in for libraries that nothing here uses."""

    NAMES = {"torch", "pystan", "sklearn", "matplotlib", "tensorflow"}

    class Nothing(type):
        def __getattr__(cls, name):
            if name.startswith("__"):
                raise AttributeError(name)
            return Absent.Nothing(name, (), {})

    def find_spec(self, name, path, target=None):
        return importlib.machinery.ModuleSpec(name, self, is_package=True) if name.split(".")[0] in self.NAMES else None

    def create_module(self, spec):
        return None

    def exec_module(self, module):
        module.__getattr__ = lambda name: Absent.Nothing(name, (), {})


def recogym_environment(products):
    sys.meta_path.append(Absent())
    import gym
    import recogym

    env = gym.make("reco-gym-v1", disable_env_checker=True).unwrapped
    env.init_gym({**recogym.env_1_args, "random_seed": 42, "num_products": products})
    return env


def recogym_setting(products, moments=50):
    env = recogym_environment(products)
    from recogym.envs.reco_env_v1 import ff

    heard = []
    generator = env.rng
    found = []
    for user in range(moments if products <= 10 else 10):
        env.reset(user)
        env.rng = Overhearing(generator, heard)
        env.update_product_view()
        env.rng = generator
        found.append(
            {
                "state": env.omega.ravel().tolist(),
                "views": [float(p) for p in heard.pop()],
                "clicks": ff((env.beta @ env.omega + env.mu_bandit).ravel()).tolist(),
            }
        )
    return {"factors": env.Gamma.ravel().tolist(), "popularity": env.mu_organic.ravel().tolist(), "moments": found}


def recogym_rate(products, seconds):
    env = recogym_environment(products)
    import numpy

    actions = numpy.random.default_rng(3).integers(products, size=1024)
    env.reset(0)
    env.step(None)
    env.step(0)  # compiles
    events, recommended, clicks, user = 0, 0, 0, 0
    started = time.perf_counter()
    while time.perf_counter() - started < seconds:
        user += 1
        env.reset(user)
        observation, _, done, _ = env.step(None)
        events += len(observation.sessions())
        while not done:
            observation, reward, done, _ = env.step(int(actions[recommended % 1024]))
            recommended += 1
            clicks += reward
            events += 1 + len(observation.sessions())
    return events / (time.perf_counter() - started), clicks / events


def peer(arguments):
    """What the interpreters of the peers run: `peer PACKAGE CASE setting FILE`, or `peer PACKAGE CASE rate SECONDS`."""
    package, case, what, argument = arguments
    if package == "recogym":
        case = int(case)
    if what == "setting":
        setting = sardine_setting(case) if package == "sardine" else recogym_setting(case)
        Path(argument).write_text(json.dumps(setting))
    else:
        rate, clicks = (sardine_rate if package == "sardine" else recogym_rate)(case, float(argument))
        print(json.dumps({"rate": rate, "clicks": clicks}))


class Row:
    """One law on both sides."""

    def __init__(self, package, case, python, options, folder):
        self.package, self.case, self.python, self.options = package, str(case), python, options
        self.setting, self.result = Path(folder) / f"{package}-{case}.json", Path(folder) / "result.json"
        self.alone, self.all, self.peer, self.clicks = [], [], [], []
        self.run_peer("setting", str(self.setting))

    def run_peer(self, *arguments):
        environment = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
        command = ["taskset", "-c", str(self.options.core), self.python, __file__, "peer", self.package, self.case, *arguments]
        return subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=environment).stdout

    def run_ours(self, threads):
        pin = ["taskset", "-c", str(self.options.core)] if threads == 1 else []
        command = [*pin, str(self.options.build / "benchmarks" / "lives_job"), "--law", self.package, "--setting", str(self.setting),
                   "--threads", str(threads), "--seconds", str(self.options.seconds), "--json", str(self.result)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        return json.loads(self.result.read_text())

    def round(self):
        ours = self.run_ours(1)
        theirs = json.loads(self.run_peer("rate", str(self.options.seconds)))
        self.alone.append(ours["best_steps_per_second"])
        self.peer.append(theirs["rate"])
        self.clicks.append((ours["clicks_per_step"], theirs["clicks"]))
        self.difference, self.compared = ours["largest_difference"], ours["compared"]
        if len(os.sched_getaffinity(0)) > 1:
            self.all.append(self.run_ours(len(os.sched_getaffinity(0)))["best_steps_per_second"])

    def report(self):
        peer = max(self.peer)
        ratios = [a / b for a, b in zip(self.alone, self.peer)]
        text = f"{self.package} {self.case}: {max(self.alone):,.0f} /s on one core, the package {peer:,.0f}: {max(self.alone) / peer:.0f} x"
        text += f" ({min(ratios):.0f}-{max(ratios):.0f})"
        if self.all:
            text += f"; on all cores {max(self.all):,.0f}: {max(self.all) / peer:.0f} x"
        ours, theirs = self.clicks[-1]
        print(f"{text}; {self.compared} probabilities, largest difference {self.difference:.1e}; clicks a step {ours:.4f} and {theirs:.4f}", flush=True)
        return {"one_core": self.alone, "all_cores": self.all, "peer": self.peer, "difference": self.difference, "clicks": self.clicks}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", required=True, type=Path)
    parser.add_argument("--sardine", help="a Python that has sardine-rec")
    parser.add_argument("--recogym", help="a Python that has recogym")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--core", type=int, default=max(os.sched_getaffinity(0)))
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    results = {}
    with tempfile.TemporaryDirectory() as folder:
        rows = [Row("sardine", name, options.sardine, options, folder) for name in SARDINE_ENVIRONMENTS if options.sardine]
        rows += [Row("recogym", count, options.recogym, options, folder) for count in RECOGYM_PRODUCTS if options.recogym]
        for row in rows:
            for _ in range(options.rounds):
                row.round()
            results[f"{row.package} {row.case}"] = row.report()
    if options.json:
        options.json.write_text(json.dumps(results, indent=2) + "\n")


if __name__ == "__main__":
    if sys.argv[1:2] == ["peer"]:
        peer(sys.argv[2:])
    else:
        main()
