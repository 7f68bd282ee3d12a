#!/usr/bin/env python3
"""Writes the reference values of bottleneck adapters, computed in double precision by AdapterHub's library.

    pip install adapters safetensors torch        (made with adapters 1.3.0)
    python tests/golden/make_adapterhub_goldens.py

makes tests/golden/adapterhub.json (per trained tensor the norm and four projections of the gradient of sum(c * embedding),
on tests/golden/tiny_encoder with the texts of model_tiny.json) and tests/golden/adapterhub/{houlsby,compacter}/, folders as
AdapterHub saves them, with projections of the embeddings it computes with them.
"""

import json
import shutil
from pathlib import Path

import adapters
import torch
from adapters import AdapterConfig, BertAdapterModel
from golden_numbers import project, uniform
from transformers import BertConfig, BertModel

HERE = Path(__file__).parent
TINY = HERE / "tiny_encoder"
FOLDERS = HERE / "adapterhub"

CASES = {
    "houlsby": dict(config="double_seq_bn", non_linearity="gelu"),
    "houlsby_norms": dict(config="double_seq_bn", non_linearity="gelu", norms=True),
    "houlsby_upper_layer": dict(config="double_seq_bn", non_linearity="tanh", leave_out=[0]),
    "pfeiffer_swish": dict(config="seq_bn", non_linearity="swish", reduction_factor=9.5),
    "parallel": dict(config="par_bn", reduction_factor=16),
    "parallel_learned": dict(config="par_bn", reduction_factor=16, scaling="learned", non_linearity="gelu_new"),
    "compacter": dict(config="compacter", reduction_factor=8),
    "compacter_plus_plus": dict(config="compacter++", reduction_factor=8, phm_rank=2),
}
PARTS = {"adapter_down.0.weight": "down.weight", "adapter_down.0.bias": "down.bias", "adapter_up.weight": "up.weight",
         "adapter_up.bias": "up.bias", "adapter_down.0.W_left": "down.left", "adapter_down.0.W_right": "down.right",
         "adapter_down.0.b": "down.bias", "adapter_up.W_left": "up.left", "adapter_up.W_right": "up.right",
         "adapter_up.b": "up.bias", "scaling": "scale"}


def model_config():
    config = BertConfig.from_pretrained(TINY)
    config.hidden_dropout_prob = config.attention_probs_dropout_prob = 0.0
    return config


def adapter_config(case):
    changes = {key: value for key, value in case.items() if key not in ("config", "norms")}
    return AdapterConfig.load(case["config"], **changes)


def our_name(kind, name):
    if name == "shared_parameters.golden.phm_rule":
        return f"{kind}.rule"
    module, part = name.split(".adapters.golden.")
    return f"{kind}.{module}.{PARTS[part]}"


def embed(model, texts):
    rows = [model(input_ids=torch.tensor([text])).last_hidden_state[0].mean(0) for text in texts]
    return torch.nn.functional.normalize(torch.stack(rows), dim=1)


def gradients(name, case, texts):
    kind = name.split("_")[0]
    model = BertModel.from_pretrained(TINY, config=model_config(), attn_implementation="eager", add_pooling_layer=False)
    adapters.init(model)
    model.add_adapter("golden", config=adapter_config(case))
    model.train_adapter("golden")
    model.double().eval()
    named = []
    for parameter_name, parameter in model.named_parameters():
        if "LayerNorm" in parameter_name and parameter_name.startswith("encoder.") and case.get("norms"):
            parameter.requires_grad_(True)
            named.append((parameter_name, parameter))
        elif parameter.requires_grad:
            ours = our_name(kind, parameter_name)
            values = torch.from_numpy(uniform(ours, parameter.numel())).reshape(parameter.shape)
            parameter.data = ((values * (0.5 if kind == "compacter" else 0.05)).float()).double()
            named.append((ours, parameter))
    out = embed(model, texts)
    weights = torch.from_numpy(uniform("loss", out.numel())).reshape(out.shape)
    (out * weights).sum().backward()
    return {ours: [float(p.grad.norm()), *project(ours, p.grad)] for ours, p in named}


def folder(kind, texts):
    """Of a task model: only there does AdapterHub save the parameters that all adapters share."""
    model = BertAdapterModel.from_pretrained(TINY, config=model_config(), attn_implementation="eager")
    model.add_adapter("films", config=adapter_config(CASES[kind]))
    model.set_active_adapters("films")
    for name, parameter in model.named_parameters():
        if ".films." in name:
            values = torch.from_numpy(uniform(name, parameter.numel())).reshape(parameter.shape)
            parameter.data = (0.3 * values).float()
    model.save_adapter(FOLDERS / kind, "films", use_safetensors=True)
    with torch.no_grad():
        rows = embed(model.bert.double().eval(), texts)
    return [project(f"embedding.{i}", row) for i, row in enumerate(rows)]


def main():
    torch.set_num_threads(1)
    shutil.rmtree(FOLDERS, ignore_errors=True)
    FOLDERS.mkdir()
    texts = json.loads((HERE / "model_tiny.json").read_text())["gradient_texts"]
    content = {"gradient_texts": texts, "gradients": {name: gradients(name, case, texts) for name, case in CASES.items()},
               "folders": {kind: folder(kind, texts) for kind in ("houlsby", "compacter")}}
    for config in FOLDERS.glob("*/adapter_config.json"):
        saved = json.loads(config.read_text())
        saved["model_name"] = "tiny_encoder"
        config.write_text(json.dumps(saved, indent=2, sort_keys=True) + "\n")
    (HERE / "adapterhub.json").write_text(json.dumps(content, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
