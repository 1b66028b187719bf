"""The original chat app's way to answer, behind this project's route: transformers and PEFT, one request at a time.

`python original_chat.py BASE ADAPTER PORT`. The base is loaded as it lies there; the original took 4 bits, on a GPU.
"""

import importlib
import json
import sys
import threading
from collections.abc import Iterator
from typing import Any

import uvicorn
from fastapi import FastAPI
from fastapi.responses import StreamingResponse

transformers: Any = importlib.import_module("transformers")
peft: Any = importlib.import_module("peft")

base, adapter, port = sys.argv[1], sys.argv[2], int(sys.argv[3])
tokenizer: Any = transformers.AutoTokenizer.from_pretrained(base)
model: Any = peft.PeftModel.from_pretrained(transformers.AutoModelForCausalLM.from_pretrained(base), adapter)
one_at_a_time = threading.Lock()
app = FastAPI()


@app.get("/health")
def health() -> dict[str, str]:
    """Loaded, since it listens."""
    return {"status": "ready"}


@app.post("/v1/completions")
def complete(body: dict[str, Any]) -> StreamingResponse:
    """A streamed answer."""
    return StreamingResponse(answer(body), media_type="text/event-stream")


def answer(body: dict[str, Any]) -> Iterator[str]:
    """Pieces as the streamer gives them, then the usage."""
    with one_at_a_time:
        inputs = tokenizer(body["prompt"], return_tensors="pt")
        streamer = transformers.TextIteratorStreamer(tokenizer, skip_prompt=True)
        drawing = {"do_sample": True, "top_k": body["top_k"], "max_new_tokens": body["max_tokens"]}
        thread = threading.Thread(target=model.generate, kwargs={**inputs, **drawing, "streamer": streamer})
        thread.start()
        text = ""
        for piece in streamer:
            text += piece
            yield event({"choices": [{"text": piece}]})
        thread.join()
    tokens = len(tokenizer(text, add_special_tokens=False)["input_ids"])
    yield event({"choices": [], "usage": {"completion_tokens": tokens}})


def event(document: dict[str, Any]) -> str:
    """A server-sent event."""
    return f"data: {json.dumps(document)}\n\n"


uvicorn.run(app, host="127.0.0.1", port=port, log_level="error")
