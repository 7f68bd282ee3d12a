#!/usr/bin/env python3
"""Writes which triplets PEFT's AdaLoRA gives up, and its penalty, on the tiny encoder.

    .deps/venv-interop/bin/python tests/golden/make_adalora_goldens.py

makes tests/golden/adalora.json. Weights and gradients of every step are named uniform numbers, so that both sides see the
same ones without training anything; PEFT's own rank allocator and forward pass do the rest.
"""

from types import SimpleNamespace

import torch
from golden_numbers import project, uniform
from make_model_goldens import TINY, load, write
from peft import AdaLoraConfig, get_peft_model

SETTING = {"init_r": 6, "target_r": 2, "tinit": 2, "tfinal": 3, "deltaT": 2, "total_step": 14, "beta1": 0.85, "beta2": 0.8,
           "orth_reg_weight": 0.4}
PARTS = {".lora_A.default": ".Q", ".lora_E.default": ".E", ".lora_B.default": ".P"}


def named(model):
    """(name here, parameter) of the adapter."""
    for name, parameter in model.named_parameters():
        for ending, part in PARTS.items():
            if name.endswith(ending):
                yield "adalora." + name.removeprefix("base_model.model.").removesuffix(ending) + part, parameter


def values(name, parameter, scale):
    return (scale * torch.from_numpy(uniform(name, parameter.numel()))).reshape(parameter.shape).to(parameter.dtype)


def choices(model):
    steps = []
    for step in range(1, SETTING["total_step"] + 1):
        for name, parameter in named(model):
            parameter.data = values(f"{name}.value.{step}", parameter, 1.0)
            parameter.grad = values(f"{name}.gradient.{step}", parameter, 1.0)
        model.base_model.update_and_allocate(step)
        budget, _ = model.base_model.rankallocator.budget_schedule(step)
        steps.append({"budget": budget, "kept": {name: (parameter.data.view(-1) != 0).tolist()
                                                 for name, parameter in named(model) if name.endswith(".E")}})
        if step == 9:
            allocator = model.base_model.rankallocator
            ours = {id(parameter): name for name, parameter in named(model)}
            paths = {path: ours[id(parameter)] for path, parameter in model.base_model.model.named_parameters()
                     if id(parameter) in ours}
            sensitivity = {paths[path]: project(paths[path], value) for path, value in allocator.exp_avg_ipt.items()}
            uncertainty = {paths[path]: project(paths[path], value) for path, value in allocator.exp_avg_unc.items()}
    return {"steps": steps, "sensitivity": sensitivity, "uncertainty": uncertainty}


def penalty(model):
    model = model.double()
    for name, parameter in named(model):
        parameter.data = values(name, parameter, 0.3).float().double()
        parameter.grad = None
    model.base_model.model.forward = lambda: SimpleNamespace(loss=torch.zeros((), dtype=torch.float64, requires_grad=True) * 1)
    loss = model.base_model.forward().loss
    loss.backward()
    return {"value": loss.item(), "gradients": {name: project(name, parameter.grad) for name, parameter in named(model)
                                                if parameter.grad is not None}}


def main():
    torch.set_num_threads(1)
    config = AdaLoraConfig(lora_alpha=16, target_modules=["query", "value"], **SETTING)
    model = get_peft_model(load(TINY, torch.float32), config)
    write("adalora.json", {"setting": SETTING, **choices(model), "penalty": penalty(model)})


if __name__ == "__main__":
    main()
