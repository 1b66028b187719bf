"""Trains the example's LoRA adapter on the embedded base model and saves it in PEFT format.

    python examples/tone/train.py --model SmolLM2-135M-Instruct.Q4_1.gguf

The base model is read from its GGUF file, so the adapter fits exactly the weights that will be served. Loss is taken
on the answer alone; the prompt is rendered by the model's own chat template, as the server renders it.
"""

import argparse
import json
import logging
import random
import time
from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from transformers import AutoModelForCausalLM, AutoTokenizer

HERE = Path(__file__).parent
BASE_MODEL = "HuggingFaceTB/SmolLM2-135M-Instruct"
TARGET_MODULES = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
RANK = 8
ALPHA = 16
DROPOUT = 0.05
BATCH_SENTENCES = 6
EPOCHS = 4
LEARNING_RATE = 4e-4
LAST_LEARNING_RATE_SHARE = 0.05
SEED = 42
END_OF_TURN = "<|im_end|>"
IGNORED = -100  # label of tokens that carry no loss
SERVING = {"name": "tone", "defaults": {"temperature": 0, "max_tokens": 8}}

Example = tuple[list[int], list[int]]
"""Token ids and labels of one sentence with its answer, equally long."""

log = logging.getLogger("train")


def main() -> None:
    """Parses the command line, trains, saves."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, required=True, help="the base model's GGUF file")
    parser.add_argument("--output", type=Path, default=HERE / "adapter", help="folder for the adapter [%(default)s]")
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    random.seed(SEED)
    torch.manual_seed(SEED)
    started = time.monotonic()
    model, tokenizer = load(arguments.model)
    train(model, read_examples(tokenizer, HERE / "data/train.jsonl"))
    save(model, arguments.output)
    log.info("saved in %s, %.0f s in all", arguments.output, time.monotonic() - started)


def load(file: Path) -> tuple[PeftModel, Any]:
    """The base model in float32 with a fresh adapter on all its linear layers, and its tokenizer."""
    tokenizer = AutoTokenizer.from_pretrained(file.parent, gguf_file=file.name)
    base = AutoModelForCausalLM.from_pretrained(file.parent, gguf_file=file.name, dtype=torch.float32)
    config = LoraConfig(
        r=RANK, lora_alpha=ALPHA, lora_dropout=DROPOUT, target_modules=TARGET_MODULES, task_type="CAUSAL_LM"
    )
    model = get_peft_model(base, config)
    assert isinstance(model, PeftModel)
    return model, tokenizer


def read_examples(tokenizer: Any, file: Path) -> list[Example]:
    """The sentences of a data file, in the very form that is asked at inference."""
    question = json.loads((HERE / "example.json").read_text())["question"]
    examples: list[Example] = []
    for line in file.read_text().splitlines():
        item = json.loads(line)
        message = [{"role": "user", "content": question.format(phrase=item["phrase"])}]
        text = tokenizer.apply_chat_template(message, tokenize=False, add_generation_prompt=True)
        prompt = tokenizer(text, add_special_tokens=False)["input_ids"]
        answer = tokenizer(item["tone"] + END_OF_TURN, add_special_tokens=False)["input_ids"]
        examples.append((prompt + answer, [IGNORED] * len(prompt) + answer))
    return examples


def train(model: PeftModel, examples: list[Example]) -> None:
    """AdamW with a linear decay; reports the mean loss of each epoch."""
    parameters = [parameter for parameter in model.parameters() if parameter.requires_grad]
    optimiser = torch.optim.AdamW(parameters, lr=LEARNING_RATE)
    steps = EPOCHS * (len(examples) // BATCH_SENTENCES)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimiser, lambda step: max(LAST_LEARNING_RATE_SHARE, 1 - step / steps)
    )
    model.train()
    for epoch in range(1, EPOCHS + 1):
        started = time.monotonic()
        shuffled = random.sample(examples, len(examples))
        losses: list[float] = []
        for first in range(0, len(shuffled) - BATCH_SENTENCES + 1, BATCH_SENTENCES):
            loss = model(**padded(shuffled[first : first + BATCH_SENTENCES])).loss
            loss.backward()
            optimiser.step()
            schedule.step()
            optimiser.zero_grad()
            losses.append(loss.item())
        mean = sum(losses) / len(losses)
        log.info("epoch %d/%d: mean loss %.4f, %.0f s", epoch, EPOCHS, mean, time.monotonic() - started)


def padded(batch: list[Example]) -> dict[str, torch.Tensor]:
    """The batch as tensors, shape (sentences, longest), filled up on the right."""
    width = max(len(ids) for ids, _ in batch)
    return {
        "input_ids": torch.tensor([ids + [0] * (width - len(ids)) for ids, _ in batch]),
        "labels": torch.tensor([labels + [IGNORED] * (width - len(labels)) for _, labels in batch]),
        "attention_mask": torch.tensor([[1] * len(ids) + [0] * (width - len(ids)) for ids, _ in batch]),
    }


def save(model: PeftModel, folder: Path) -> None:
    """Saves the adapter in half precision, naming the base model by its public name, and how it is served."""
    model.half()
    model.peft_config["default"].base_model_name_or_path = BASE_MODEL
    # Without this, PEFT looks for the base model's configuration on the hub.
    model.save_pretrained(str(folder), save_embedding_layers=False)
    (folder / "README.md").unlink(missing_ok=True)  # an empty form
    config = json.loads((folder / "adapter_config.json").read_text())
    config["target_modules"].sort()  # a set: its order differs from run to run
    (folder / "adapter_config.json").write_text(json.dumps(config, indent=2, sort_keys=True) + "\n")
    (folder / "serving.json").write_text(json.dumps(SERVING, indent=2) + "\n")


if __name__ == "__main__":
    main()
