#!/usr/bin/env python3
"""One job of the peer, sentence-transformers with its own trainer, on the files and settings of our jobs.

    run_peer.py train --encoder FOLDER --pairs FILE.tsv --strategy lora --batch 32 --threads 2 --json OUT.json
    torchrun --nproc-per-node 2 run_peer.py train ... --batch 32 --threads 1         32 pairs per process
    run_peer.py encode --encoder FOLDER --texts FILE --json OUT.json
    run_peer.py base --tokenizer FOLDER --output FOLDER        BERT-base in shape, random weights

What it is: SentenceTransformerTrainer with MultipleNegativesRankingLoss, AdamW as the trainer chooses it, clipping at 1, its
`bf16=True` for bf16, padding per batch, scaled-dot-product attention; under torchrun DDP over gloo, with negatives gathered
across processes. The pairs come in the order of the file. Nothing is saved, logged or evaluated.
"""

import argparse
import json
import os
import tempfile
import time

os.environ["HF_HUB_OFFLINE"] = "1"  # before the libraries are imported: everything needed lies in the folders
os.environ["TOKENIZERS_PARALLELISM"] = "false"

import torch
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer import modules


def peak_memory_bytes() -> int:
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM:"))


def load_model(arguments, dropout: float) -> SentenceTransformer:
    config = {"hidden_dropout_prob": dropout, "attention_probs_dropout_prob": dropout}
    transformer = modules.Transformer(arguments.encoder, max_seq_length=arguments.max_tokens, config_kwargs=config)
    pooling = modules.Pooling(transformer.get_embedding_dimension(), "mean")
    return SentenceTransformer(modules=[transformer, pooling], device="cpu")


def read_pairs(path: str):
    from datasets import Dataset

    with open(path, encoding="utf-8") as file:
        rows = [line.rstrip("\n").split("\t") for line in file]
    return Dataset.from_dict({"anchor": [row[0] for row in rows], "positive": [row[1] for row in rows]})


def training_arguments(arguments, folder: str):
    from sentence_transformers import SentenceTransformerTrainingArguments
    from sentence_transformers.base.sampler import DefaultBatchSampler

    def in_order(dataset, **settings):
        return DefaultBatchSampler(torch.utils.data.SequentialSampler(dataset), **settings)

    return SentenceTransformerTrainingArguments(
        output_dir=folder,
        max_steps=arguments.warmup + arguments.steps,
        per_device_train_batch_size=arguments.batch,
        learning_rate=arguments.learning_rate,
        lr_scheduler_type="constant",
        weight_decay=0.01,
        max_grad_norm=1.0,
        bf16=arguments.precision == "bf16",
        use_cpu=True,
        ddp_backend="gloo" if "RANK" in os.environ else None,
        batch_sampler=in_order,
        dataloader_drop_last=True,
        dataloader_pin_memory=False,
        save_strategy="no",
        logging_strategy="no",
        report_to="none",
        disable_tqdm=True,
        seed=arguments.seed,
    )


def make_clock(look):
    """A trainer callback that times each step; what the trainer does between two steps counts to the later one, `look(step)`
    after a step does not count."""
    from transformers import TrainerCallback

    class Clock(TrainerCallback):
        started = None
        first = None
        seconds = []

        def on_step_begin(self, args, state, control, **kwargs):
            if self.first is None:
                self.first = self.started = time.monotonic()

        def on_step_end(self, args, state, control, **kwargs):
            self.seconds.append(time.monotonic() - self.started)
            look(state.global_step)
            self.started = time.monotonic()

    return Clock()


def make_look(arguments, model, found: list):
    """Every `--look-every` steps: the mean NDCG@10 of the newcomers in `--validation` over the catalogue in `--texts`."""
    import quality

    if not arguments.look_every:
        return lambda step: None
    newcomers = quality.read_newcomers(arguments.validation)
    with open(arguments.texts, encoding="utf-8") as file:
        catalogue = file.read().splitlines()

    def look(step: int) -> None:
        if step % arguments.look_every:
            return
        was_training = model.training
        vectors = [model.encode(texts, batch_size=128, convert_to_numpy=True, normalize_embeddings=True, show_progress_bar=False)
                   for texts in ([newcomer.profile for newcomer in newcomers], catalogue)]
        model.train(was_training)
        found.append({"step": step, "ndcg@10": quality.mean_ndcg(vectors[0] @ vectors[1].T, newcomers)})

    return look


def gathered(value) -> list:
    """The value of every process, by rank."""
    distributed = torch.distributed
    if not distributed.is_initialized():
        return [value]
    values = [None] * distributed.get_world_size()
    distributed.all_gather_object(values, value)
    return values


def train(arguments) -> dict:
    from peft import LoraConfig
    from sentence_transformers import SentenceTransformerTrainer
    from sentence_transformers.sentence_transformer.losses import MultipleNegativesRankingLoss

    model = load_model(arguments, arguments.dropout)
    if arguments.strategy == "lora":
        model.add_adapter(LoraConfig(r=8, lora_alpha=16, lora_dropout=0.0, target_modules=["query", "value"], bias="none"))
    loss = MultipleNegativesRankingLoss(model, gather_across_devices="RANK" in os.environ)
    losses = []
    loss.register_forward_hook(lambda module, inputs, output: losses.append(output.detach()))
    looks = []
    clock = make_clock(make_look(arguments, model, looks))
    with tempfile.TemporaryDirectory() as folder:
        trainer = SentenceTransformerTrainer(
            model=model, args=training_arguments(arguments, folder), train_dataset=read_pairs(arguments.pairs), loss=loss,
            callbacks=[clock],
        )
        trainer.train()
    of_ranks = gathered([value.item() for value in losses])
    steps = [
        {"seconds": seconds, "loss": sum(values) / len(values)} for seconds, values in zip(clock.seconds, zip(*of_ranks))
    ]
    return {
        "steps": steps,
        "looks": looks,
        "warmup": arguments.warmup,
        "ranks": len(of_ranks),
        "batch": arguments.batch * len(of_ranks),
        "trainable": sum(p.numel() for p in model.parameters() if p.requires_grad),
        "first_step_at": clock.first,
        "peak_memory_bytes": gathered(peak_memory_bytes()),
    }


def encode(arguments) -> dict:
    """All forms in which the peer may be run; the fastest one counts."""
    model = load_model(arguments, 0.0)
    with open(arguments.texts, encoding="utf-8") as file:
        texts = file.read().splitlines()
    forms = {}
    first_step_at = time.monotonic()
    for weights in ["float32"] if arguments.precision == "fp32" else ["autocast", "bfloat16"]:
        if weights == "bfloat16":
            model.to(torch.bfloat16)
        for batch in [32, 128]:
            for _ in range(arguments.repeats):
                start = time.monotonic()
                with torch.autocast("cpu", torch.bfloat16, enabled=weights == "autocast"):
                    found = model.encode(texts, batch_size=batch, convert_to_tensor=True, show_progress_bar=False)
                forms.setdefault(f"{weights}, batch {batch}", []).append(time.monotonic() - start)
    vectors = torch.nn.functional.normalize(found[:32].double(), dim=1).tolist()
    best = min(forms, key=lambda form: min(forms[form]))
    return {
        "seconds": forms[best],
        "form": best,
        "forms": forms,
        "texts": len(texts),
        "vectors": vectors,
        "first_step_at": first_step_at,
        "peak_memory_bytes": [peak_memory_bytes()],
    }


def base(arguments) -> None:
    from transformers import AutoTokenizer, BertConfig, BertModel

    torch.manual_seed(1)
    with tempfile.TemporaryDirectory() as folder:
        BertModel(BertConfig()).save_pretrained(folder)
        AutoTokenizer.from_pretrained(arguments.tokenizer).save_pretrained(folder)
        arguments.encoder = folder
        load_model(arguments, 0.1).save_pretrained(arguments.output)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("job", choices=["train", "encode", "base"])
    for name in ["encoder", "pairs", "texts", "validation", "json", "tokenizer", "output"]:
        parser.add_argument(f"--{name}")
    parser.add_argument("--strategy", choices=["full", "lora"], default="lora")
    parser.add_argument("--precision", choices=["fp32", "bf16"], default="fp32")
    parser.add_argument("--dropout", type=float, default=0.1)
    parser.add_argument("--learning-rate", type=float, default=5e-5)
    for name, value in [("batch", 32), ("threads", 1), ("steps", 10), ("warmup", 2), ("repeats", 3), ("max-tokens", 256),
                        ("seed", 1), ("look-every", 0)]:
        parser.add_argument(f"--{name}", type=int, default=value)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    if arguments.job == "base":
        base(arguments)
        return
    result = train(arguments) if arguments.job == "train" else encode(arguments)
    if int(os.environ.get("RANK", 0)) == 0:
        with open(arguments.json, "w", encoding="utf-8") as file:
            json.dump(result, file)
    if torch.distributed.is_initialized():
        torch.distributed.destroy_process_group()  # left to the interpreter's exit, gloo's threads abort the process at times


if __name__ == "__main__":
    main()
