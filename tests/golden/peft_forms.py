"""Adapters of PEFT that are twins of tests/support/strategy_forms.h, by name, and the names their parameters have here."""

from peft import IA3Config, LoHaConfig, LoKrConfig, LoraConfig, VeraConfig, get_peft_model

QUERY_VALUE = ["query", "value"]


def lora(**changes):
    return lambda: LoraConfig(**{"r": 8, "lora_alpha": 16, "lora_dropout": 0.0, "target_modules": QUERY_VALUE, **changes})


def all_linears():
    return [f"encoder.layer.{layer}.{path}" for layer in range(2)
            for path in ("attention.self.query", "attention.self.key", "attention.self.value", "attention.output.dense",
                         "intermediate.dense", "output.dense")]


def inner_outputs():
    return [name for name in all_linears() if name.endswith("output.dense") and "attention" not in name]


FORMS = {
    "lora": lora(),
    "lora_patterned": lora(use_rslora=True, init_lora_weights="gaussian", layers_to_transform=[1],
                           target_modules=["query", "key", "value", "attention.output.dense", "intermediate.dense"],
                           rank_pattern={"value": 4, "intermediate.dense": 2}, alpha_pattern={"self.query": 24}),
    "lora_own_biases": lora(bias="lora_only"),
    "lora_all_biases": lora(bias="all"),
    "lora_pissa": lora(init_lora_weights="pissa"),
    "lora_olora": lora(init_lora_weights="olora"),
    "dora": lora(use_dora=True, target_modules=all_linears()),
    "dora_pissa": lora(use_dora=True, init_lora_weights="pissa"),
    "vera": lambda: VeraConfig(r=256, target_modules=QUERY_VALUE),
    "vera_all": lambda: VeraConfig(r=32, d_initial=0.5, target_modules=all_linears()),
    "ia3": lambda: IA3Config(target_modules=["key", "value", *inner_outputs()], feedforward_modules=inner_outputs()),
    "ia3_peft": IA3Config,
    "loha": lambda: LoHaConfig(r=8, alpha=8, target_modules=QUERY_VALUE),
    "lokr": lambda: LoKrConfig(r=8, alpha=8, target_modules=QUERY_VALUE),
    "lokr_products": lambda: LoKrConfig(r=3, alpha=12, decompose_factor=8, decompose_both=True, target_modules=all_linears()),
}

# Ending of a parameter in PEFT: ending here, and how goldens set it: keep * first value + scale * named uniform values.
PARTS = {
    ".lora_A.default.weight": (".A", 0, 0.05),
    ".lora_B.default.weight": (".B", 0, 0.05),
    ".lora_magnitude_vector.default.weight": (".magnitude", 1, 0.05),
    ".vera_lambda_d.default": (".d", 0, 0.3),
    ".vera_lambda_b.default": (".b", 0, 0.3),
    ".ia3_l.default": (".scale", 1, 0.3),
    **{f".hada_{part}.default": (f".{part}", 0, 0.4) for part in ("w1_a", "w1_b", "w2_a", "w2_b")},
    **{f".lokr_{part}.default": (f".{part}", 0, 0.3) for part in ("w1", "w1_a", "w1_b", "w2", "w2_a", "w2_b")},
}
BIAS = (1, 0.05)


def attached(form, model):
    return get_peft_model(model, FORMS[form]())


def trained(form, model):
    """(name here, parameter, keep, scale) of everything the adapter trains."""
    result = []
    for name, parameter in model.named_parameters():
        if not parameter.requires_grad:
            continue
        path = name.removeprefix("base_model.model.")
        if path.endswith(".bias"):
            result.append((path.replace(".base_layer.bias", ".bias"), parameter, *BIAS))
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
