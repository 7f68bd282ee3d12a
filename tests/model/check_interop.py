#!/usr/bin/env python3
"""The Python half of interop_test.cpp: check_interop.py CHECK BASE FOLDER.

FOLDER holds texts.json (token ids), embeddings.safetensors (ours) and, but for the check `embeddings`, the export in
model/. Exit code 0 when the libraries agree with us. The checks `peft_reads` and `peft_writes` work on all forms of
tests/golden/peft_forms.py at once, each in FOLDER/NAME/ with an embeddings.safetensors of its own.
"""

import json
import os
import sys
from pathlib import Path

os.environ["HF_HUB_OFFLINE"] = "1"  # before the libraries are imported: everything needed lies in the folders

import torch
from safetensors.torch import load_file, save_file
from transformers import AutoModel

sys.path.insert(0, str(Path(__file__).parent.parent / "golden"))

EXPORT_TOLERANCE = 1e-4
EMBEDDING_TOLERANCE = 2e-5


def pooled(model, texts):
    """Mean pooling without prompts and normalisation, one text at a time: no padding can interfere."""
    with torch.no_grad():
        rows = [model(input_ids=torch.tensor([text])).last_hidden_state[0, -len(text):].mean(0) for text in texts]
    return torch.nn.functional.normalize(torch.stack(rows), dim=1)


def base_model(base, dtype=torch.float32):
    return AutoModel.from_pretrained(base, dtype=torch.float32, add_pooling_layer=False).to(dtype).eval()


def check_embeddings(base, folder, texts, ours):
    exact = pooled(base_model(base, torch.float64), texts)
    theirs = pooled(base_model(base), texts)
    errors = {name: (found.double() - exact) for name, found in (("coldframe", ours), ("transformers", theirs))}
    rms = {name: error.pow(2).mean().sqrt().item() for name, error in errors.items()}
    worst = {name: error.abs().max().item() for name, error in errors.items()}
    print(f"rms error {rms}, largest error {worst}, {len(texts)} texts")
    return rms["coldframe"] <= 2 * rms["transformers"] and worst["coldframe"] <= EMBEDDING_TOLERANCE


def agree(ours, theirs, base_embeddings, tolerance=EXPORT_TOLERANCE):
    difference = (ours - theirs).abs().max().item()
    change = (theirs - base_embeddings).abs().max().item()
    print(f"largest difference {difference:.3g}; the export changes embeddings by up to {change:.3g}")
    return difference <= tolerance and change > 100 * tolerance


def check_peft(base, folder, texts, ours):
    from peft import PeftModel

    before = pooled(base_model(base), texts)
    model = PeftModel.from_pretrained(base_model(base), folder / "model")
    return agree(ours, pooled(model.eval(), texts), before)


def check_sentence_transformers(base, folder, texts, ours):
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(str(folder / "model"), device="cpu")
    longest, first = {"bert": (256, 101), "mpnet": (384, 0)}[model[0].auto_model.config.model_type]
    assert model.max_seq_length == longest, model.max_seq_length
    assert model.tokenizer("a film about love")["input_ids"][0] == first
    rows = []
    with torch.no_grad():
        for text in texts:
            ids = torch.tensor([text])
            features = {"input_ids": ids, "attention_mask": torch.ones_like(ids)}
            rows.append(model(features)["sentence_embedding"][0])
    return agree(ours, torch.stack(rows), pooled(base_model(base), texts))


def check_changed_weights(base, folder, texts, ours):
    model = base_model(base)
    before = pooled(model, texts)
    missing, unexpected = model.load_state_dict(load_file(folder / "model" / "changed_weights.safetensors"), strict=False)
    assert missing and not unexpected, unexpected
    return agree(ours, pooled(model, texts), before)


def check_pfeiffer(base, folder, texts, ours):
    config = json.loads((folder / "model" / "adapter_config.json").read_text())["config"]
    assert config["reduction_factor"] == 16 and config["residual_before_ln"] and config["original_ln_before"]
    weights = load_file(folder / "model" / "adapter.safetensors")
    model = base_model(base)
    before = pooled(model, texts)
    for i, layer in enumerate(model.encoder.layer):
        part = {key: weights.pop(f"encoder.layer.{i}.output.adapters.coldframe.{key}")
                for key in ("adapter_down.0.weight", "adapter_down.0.bias", "adapter_up.weight", "adapter_up.bias")}

        def forward(hidden_states, input_tensor, output=layer.output, part=part):
            total = output.dense(hidden_states) + input_tensor
            low = torch.relu(torch.nn.functional.linear(output.LayerNorm(total), part["adapter_down.0.weight"],
                                                        part["adapter_down.0.bias"]))
            return output.LayerNorm(total + torch.nn.functional.linear(low, part["adapter_up.weight"],
                                                                       part["adapter_up.bias"]))

        layer.output.forward = forward
    assert not weights, list(weights)
    return agree(ours, pooled(model, texts), before)


def check_peft_reads(base, folder, texts):
    from peft import PeftModel
    from peft_forms import forms_of

    before = pooled(base_model(base), texts)
    good = True
    for form in forms_of(base_model(base).config.model_type):
        ours = load_file(folder / form / "embeddings.safetensors")["embeddings"]
        model = PeftModel.from_pretrained(base_model(base), folder / form / "model").eval()
        print(form, end=": ")
        good = agree(ours, pooled(model, texts), before, tolerance=1e-5) and good
    return good


def save_adapter(model, folder):
    """PiSSA and OLoRA change their encoder: PEFT converts them when it has the adapter as it was at the start."""
    config = model.peft_config["default"]
    if config.peft_type != "LORA" or config.init_lora_weights not in ("pissa", "olora"):
        return lambda: model.save_pretrained(folder / "model")
    first = config.init_lora_weights
    config.init_lora_weights = True
    model.save_pretrained(folder / "start")
    config.init_lora_weights = first
    return lambda: model.save_pretrained(folder / "model", path_initial_model_for_weight_conversion=folder / "start")


def give_up_triplets(model):
    """What PEFT's AdaLoRA ends with: some triplets masked and left out of the folder."""
    config = model.peft_config["default"]
    names = [name for name, _ in model.base_model.model.named_parameters() if name.endswith("lora_E.default")]
    config.rank_pattern = {name: [(i + k) % 3 != 0 for i in range(config.init_r)] for k, name in enumerate(names)}
    model.base_model.rankallocator.mask_using_rank_pattern(model.base_model.model, config.rank_pattern)


def check_peft_writes(base, folder, texts):
    from peft_forms import attached, forms_of, trained

    before = pooled(base_model(base), texts)
    for form in forms_of(base_model(base).config.model_type):
        torch.manual_seed(1)
        model = attached(form, base_model(base)).eval()
        save = save_adapter(model, folder / form)
        for _, parameter, _, _ in trained(form, model):
            parameter.data += 0.05 * torch.randn_like(parameter)
        if form == "adalora":
            give_up_triplets(model)
        rows = pooled(model, texts)
        print(f"{form}: changes embeddings by up to {(rows - before).abs().max().item():.3g}")
        save()
        save_file({"embeddings": rows.contiguous()}, folder / form / "embeddings.safetensors")
    return True


def check_peft_weighted(base, folder, texts):
    from peft import PeftModel

    before = pooled(base_model(base), texts)
    model = PeftModel.from_pretrained(base_model(base), folder / "run0", adapter_name="run0")
    model.load_adapter(folder / "run1", adapter_name="run1")
    good = True
    for name, combination in (("linear", {"combination_type": "cat"}),
                              ("ties", {"combination_type": "ties_svd", "density": 0.3, "svd_rank": 64})):
        model.add_weighted_adapter(["run0", "run1"], [0.7, -0.4], name, **combination)
        model.set_adapter(name)
        print(name, end=": ")
        ours = load_file(folder / f"{name}.safetensors")["embeddings"]
        good = agree(ours, pooled(model.eval(), texts), before, tolerance=1e-5) and good
    return good


def main():
    torch.set_num_threads(1)
    check, base, folder = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
    texts = json.loads((folder / "texts.json").read_text())
    whole = {"peft_reads": check_peft_reads, "peft_writes": check_peft_writes,
             "peft_weighted": check_peft_weighted}
    if check in whole:
        return 0 if whole[check](base, folder, texts) else 1
    ours = load_file(folder / "embeddings.safetensors")["embeddings"]
    checks = {"embeddings": check_embeddings, "peft": check_peft, "sentence_transformers": check_sentence_transformers,
              "pfeiffer": check_pfeiffer, "changed_weights": check_changed_weights}
    return 0 if checks[check](base, folder, texts, ours) else 1


if __name__ == "__main__":
    sys.exit(main())
