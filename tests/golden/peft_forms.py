"""Adapters of PEFT that are twins of tests/support/strategy_forms.h, by name, and the names their parameters have here."""

from dataclasses import dataclass

from peft import (AdaLoraConfig, IA3Config, LNTuningConfig, LoHaConfig, LoKrConfig, LoraConfig, PrefixTuningConfig,
                  PromptTuningConfig, VeraConfig, get_peft_model)


@dataclass(frozen=True)
class Family:
    """What a family of encoders calls its modules."""

    query: str
    key: str
    value: str
    attention_output: str
    inner: str = "intermediate.dense"
    output: str = "output.dense"
    attention_block: str = "attention.output"
    layers: int = 2

    @property
    def query_value(self):
        return [self.query.split(".")[-1], self.value.split(".")[-1]]

    @property
    def maps(self):
        return [self.query, self.key, self.value, self.attention_output, self.inner, self.output]

    def paths(self, *maps):
        return [f"encoder.layer.{layer}.{path}" for layer in range(self.layers) for path in maps]


FAMILIES = {
    "bert": Family("attention.self.query", "attention.self.key", "attention.self.value", "attention.output.dense"),
    "mpnet": Family("attention.attn.q", "attention.attn.k", "attention.attn.v", "attention.attn.o",
                    attention_block="attention"),
}


def lora(**changes):
    return lambda family: LoraConfig(**{"r": 8, "lora_alpha": 16, "lora_dropout": 0.0,
                                        "target_modules": family.query_value, **changes})


def patterned(family):
    return LoraConfig(r=8, lora_alpha=16, lora_dropout=0.0, use_rslora=True, init_lora_weights="gaussian",
                      layers_to_transform=[1], target_modules=family.maps[:5],
                      rank_pattern={family.value.split(".")[-1]: 4, family.inner: 2}, alpha_pattern={family.query: 24})


def everywhere(kind, **options):
    return lambda family: kind(target_modules=family.paths(*family.maps), **options)


def ia3_of_the_paper(family):
    outputs = family.paths(family.output)
    return IA3Config(target_modules=family.paths(family.key, family.value) + outputs, feedforward_modules=outputs)


def ia3_of_peft(family):
    if family == FAMILIES["bert"]:
        return IA3Config()
    outputs = family.paths(family.attention_output, family.output)
    return IA3Config(target_modules=family.paths(family.key, family.value) + outputs, feedforward_modules=outputs)


FORMS = {
    "lora": lora(),
    "lora_patterned": patterned,
    "lora_own_biases": lora(bias="lora_only"),
    "lora_all_biases": lora(bias="all"),
    "lora_pissa": lora(init_lora_weights="pissa"),
    "lora_olora": lora(init_lora_weights="olora"),
    "dora": everywhere(LoraConfig, r=8, lora_alpha=16, lora_dropout=0.0, use_dora=True),
    "dora_pissa": lora(use_dora=True, init_lora_weights="pissa"),
    "vera": lambda family: VeraConfig(r=256, target_modules=family.query_value),
    "vera_all": everywhere(VeraConfig, r=32, d_initial=0.5),
    "ia3": ia3_of_the_paper,
    "ia3_peft": ia3_of_peft,
    "loha": lambda family: LoHaConfig(r=8, alpha=8, target_modules=family.query_value),
    "lokr": lambda family: LoKrConfig(r=8, alpha=8, target_modules=family.query_value),
    "lokr_products": everywhere(LoKrConfig, r=3, alpha=12, decompose_factor=8, decompose_both=True),
    "adalora": lambda family: AdaLoraConfig(init_r=8, target_r=3, lora_alpha=160, total_step=200, tinit=10, tfinal=120,
                                            target_modules=family.query_value),
    "layer_norm": lambda family: LNTuningConfig(target_modules=["LayerNorm"]),
    "layer_norm_attention": lambda family: LNTuningConfig(target_modules=[f"{family.attention_block}.LayerNorm"]),
}

VIRTUAL_TOKENS = {"task_type": "FEATURE_EXTRACTION", "num_virtual_tokens": 5}
PREFIXES = {
    "prefix_shift": lambda family: PrefixTuningConfig(**VIRTUAL_TOKENS, prefix_projection=True, encoder_hidden_size=16),
    "p_tuning_v2_shift": lambda family: PrefixTuningConfig(**VIRTUAL_TOKENS),
}
PROMPTS = {"prompt": lambda family: PromptTuningConfig(**VIRTUAL_TOKENS)}


def forms_of(model_type):
    """What PEFT computes on a family: MPNet in transformers takes no cached keys and drops a prefix without a word."""
    return {**FORMS, **PROMPTS, **(PREFIXES if model_type == "bert" else {})}


# Ending of a parameter in PEFT: ending here, and how goldens set it: keep * first value + scale * named uniform values.
PARTS = {
    ".lora_A.default.weight": (".A", 0, 0.05),
    ".lora_B.default.weight": (".B", 0, 0.05),
    ".lora_magnitude_vector.default.weight": (".magnitude", 1, 0.05),
    ".vera_lambda_d.default": (".d", 0, 0.3),
    ".vera_lambda_b.default": (".b", 0, 0.3),
    ".ia3_l.default": (".scale", 1, 0.3),
    ".lora_A.default": (".Q", 0, 0.1),
    ".lora_E.default": (".E", 0, 0.3),
    ".lora_B.default": (".P", 0, 0.1),
    **{f".hada_{part}.default": (f".{part}", 0, 0.4) for part in ("w1_a", "w1_b", "w2_a", "w2_b")},
    **{f".lokr_{part}.default": (f".{part}", 0, 0.3) for part in ("w1", "w1_a", "w1_b", "w2", "w2_a", "w2_b")},
}
OWN = (1, 0.05)  # biases and LayerNorms
WRAPPED = (".base_layer", ".ln_tuning_layers.default")  # what PEFT puts before their names


def attached(form, model):
    family = model.config.model_type
    return get_peft_model(model, forms_of(family)[form](FAMILIES[family]))


def trained(form, model):
    """(name here, parameter, keep, scale) of everything the adapter trains."""
    result = []
    for name, parameter in model.named_parameters():
        if not parameter.requires_grad:
            continue
        path = name.removeprefix("base_model.model.")
        if path.startswith("prompt_encoder."):
            result.append((path, parameter, 0, 0.3))
            continue
        if path.endswith(".bias") or ".ln_tuning_layers." in path:
            for wrapper in WRAPPED:
                path = path.replace(wrapper, "")
            result.append((path, parameter, *OWN))
            continue
        ending = next(ending for ending in PARTS if path.endswith(ending))
        part, keep, scale = PARTS[ending]
        result.append((f"{form.split('_')[0]}.{path.removesuffix(ending)}{part}", parameter, keep, scale))
    return result


def shared(form, model):
    """(name here, tensor, scale) of what is frozen and random, so that goldens set it too."""
    if not form.startswith("vera"):
        return []
    return [("vera.A", model.base_model.vera_A["default"], 0.2), ("vera.B", model.base_model.vera_B["default"], 0.2)]
