"""Adapters of PEFT that are twins of tests/support/strategy_forms.h, by name, and the names their parameters have here."""

from peft import LoraConfig, get_peft_model

QUERY_VALUE = ["query", "value"]


def lora(**changes):
    return lambda: LoraConfig(**{"r": 8, "lora_alpha": 16, "lora_dropout": 0.0, "target_modules": QUERY_VALUE, **changes})


def all_linears():
    return [f"encoder.layer.{layer}.{path}" for layer in range(2)
            for path in ("attention.self.query", "attention.self.key", "attention.self.value", "attention.output.dense",
                         "intermediate.dense", "output.dense")]


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
}

# Ending of a parameter in PEFT: ending here, and how goldens set it: keep * first value + scale * named uniform values.
PARTS = {
    ".lora_A.default.weight": (".A", 0, 0.05),
    ".lora_B.default.weight": (".B", 0, 0.05),
    ".lora_magnitude_vector.default.weight": (".magnitude", 1, 0.05),
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
