"""Trains the example's LoRA adapter on the embedded base model and saves it in PEFT format.

    python train.py --model SmolLM2-135M-Instruct.Q4_1.gguf --output adapter

The base model is read from its GGUF file, so the adapter fits exactly the weights that will be served. Loss is taken
on the answer alone; the prompt is rendered by the model's own chat template, as the server renders it.
"""

import argparse
import json
import random
import time
from pathlib import Path

import torch
from peft import LoraConfig, get_peft_model
from transformers import AutoModelForCausalLM, AutoTokenizer, PreTrainedTokenizerBase

HERE = Path(__file__).parent
BASE_MODEL = "HuggingFaceTB/SmolLM2-135M-Instruct"
TARGET_MODULES = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
RANK = 8
ALPHA = 16
BATCH = 6
EPOCHS = 5
LEARNING_RATE = 4e-4
SEED = 42
IGNORED = -100  # label of tokens that carry no loss


def main() -> None:
    """Parses the command line, trains, saves."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, required=True, help="the base model's GGUF file")
    parser.add_argument("--output", type=Path, default=HERE / "adapter", help="folder for the adapter")
    parser.add_argument("--epochs", type=int, default=EPOCHS)
    arguments = parser.parse_args()
    random.seed(SEED)
    torch.manual_seed(SEED)
    tokenizer = AutoTokenizer.from_pretrained(arguments.model.parent, gguf_file=arguments.model.name)
    model = AutoModelForCausalLM.from_pretrained(
        arguments.model.parent, gguf_file=arguments.model.name, dtype=torch.float32
    )
    adapted = get_peft_model(
        model,
        LoraConfig(
            r=RANK, lora_alpha=ALPHA, lora_dropout=0.05, target_modules=TARGET_MODULES, task_type="CAUSAL_LM"
        ),
    )
    train(adapted, examples(tokenizer), arguments.epochs)
    save(adapted, arguments.output)


def examples(tokenizer: PreTrainedTokenizerBase) -> list[tuple[list[int], list[int]]]:
    """Token ids and labels of every training sentence, in the very form that is asked at inference."""
    question = json.loads((HERE / "example.json").read_text())["question"]
    found: list[tuple[list[int], list[int]]] = []
    for line in (HERE / "data/train.jsonl").read_text().splitlines():
        item = json.loads(line)
        message = [{"role": "user", "content": question.format(phrase=item["phrase"])}]
        text = tokenizer.apply_chat_template(message, tokenize=False, add_generation_prompt=True)
        prompt = tokenizer(text, add_special_tokens=False)["input_ids"]
        answer = tokenizer(f"{item['tone']}<|im_end|>", add_special_tokens=False)["input_ids"]
        found.append((prompt + answer, [IGNORED] * len(prompt) + answer))
    return found


def train(model: torch.nn.Module, data: list[tuple[list[int], list[int]]], epochs: int) -> None:
    """Adam with a linear decay; prints the mean loss of each epoch."""
    parameters = [parameter for parameter in model.parameters() if parameter.requires_grad]
    optimiser = torch.optim.AdamW(parameters, lr=LEARNING_RATE)
    steps = epochs * (len(data) // BATCH)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: max(0.05, 1 - step / steps))
    model.train()
    for epoch in range(epochs):
        random.shuffle(data)
        started, losses = time.monotonic(), list[float]()
        for first in range(0, len(data) - BATCH + 1, BATCH):
            batch = data[first : first + BATCH]
            width = max(len(ids) for ids, _ in batch)
            ids = torch.tensor([ids + [0] * (width - len(ids)) for ids, _ in batch])
            labels = torch.tensor([labels + [IGNORED] * (width - len(labels)) for _, labels in batch])
            mask = torch.tensor([[1] * len(ids) + [0] * (width - len(ids)) for ids, _ in batch])
            loss = model(input_ids=ids, attention_mask=mask, labels=labels).loss
            loss.backward()
            optimiser.step()
            schedule.step()
            optimiser.zero_grad()
            losses.append(loss.item())
        mean = sum(losses) / len(losses)
        print(f"epoch {epoch + 1}/{epochs}: loss {mean:.4f}, {time.monotonic() - started:.0f} s", flush=True)


def save(model: torch.nn.Module, output: Path) -> None:
    """Saves adapter and configuration in half precision, naming the base model by its public name."""
    model.half()
    model.peft_config["default"].base_model_name_or_path = BASE_MODEL
    model.save_pretrained(output)
    (output / "README.md").unlink(missing_ok=True)
    serving = {"name": "tone", "defaults": {"temperature": 0, "max_tokens": 8}}
    (output / "serving.json").write_text(json.dumps(serving, indent=2) + "\n")


if __name__ == "__main__":
    main()
