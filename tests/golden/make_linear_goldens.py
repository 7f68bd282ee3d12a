#!/usr/bin/env python3
"""Writes what PEFT computes with adapters of linear maps on the tiny encoder, in double precision.

    .deps/venv-interop/bin/python tests/golden/make_linear_goldens.py

makes tests/golden/model_linear.json: for every form of peft_forms.py how its parameters were set, projections of the
embeddings, and per trained tensor the norm and four projections of the gradient of sum(c * embedding). Run
make_model_goldens.py first when the tiny encoder changes.
"""

import torch
from golden_numbers import project, uniform
from make_model_goldens import TINY, embed, gradients, load, texts_of, vocabulary, write
from peft_forms import FORMS, attached, shared, trained


def values(name, shape):
    count = 1
    for size in shape:
        count *= size
    return torch.from_numpy(uniform(name, count)).reshape(shape)


def golden(form, texts):
    torch.manual_seed(0)
    model = attached(form, load(TINY, torch.float32)).double().eval()
    settings, named = {}, []
    for name, parameter, keep, scale in trained(form, model):
        changed = keep * parameter.data.reshape(-1) + scale * values(name, [parameter.numel()])
        parameter.data = changed.float().double().reshape(parameter.shape)
        settings[name] = [keep, scale]
        named.append((name, parameter))
    for name, tensor, scale in shared(form, model):
        tensor.copy_((scale * values(name, tensor.shape)).float())
        settings[name] = [0, scale]
    with torch.no_grad():
        projections = [project(f"embedding.{i}", row) for i, row in enumerate(embed(model, texts))]
    return {"values": settings, "projections": projections, "gradients": gradients(named, model, texts)}


def main():
    torch.set_num_threads(1)
    texts = texts_of([1, 2, 3, 5, 8, 13, 21], len(vocabulary()))
    write("model_linear.json", {"texts": texts, "forms": {form: golden(form, texts) for form in FORMS}})


if __name__ == "__main__":
    main()
