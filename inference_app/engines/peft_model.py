"""The base model in transformers, with the adapters that PEFT puts into it and takes out of it."""

import importlib
import threading
from typing import Any

from inference_app.adapters import ADAPTER_CONFIG, ADAPTER_WEIGHTS, AdapterError, read_json
from inference_app.engines.adapter_files import refuse_if_changed
from inference_app.engines.chat_tokens import ChatTokens
from inference_app.engines.contract import AdapterFiles, BaseFiles
from inference_app.engines.safetensors_base import own_context_tokens, read_base, read_header
from inference_app.errors import EngineError


class PeftModel:
    """The base model with its adapters; every method but `load` changes it, so only the one thread may call them."""

    def __init__(self, base: BaseFiles, model: Any, tokens: ChatTokens, context_tokens: int) -> None:
        self._base = base
        self.model = model
        self.tokens = tokens
        self.context_tokens = context_tokens
        self._gone: threading.Event | None = None
        self._watch_layers()

    @classmethod
    def load(cls, base: BaseFiles, wanted_context: int, threads: int) -> "PeftModel":
        """The base alone; `EngineError` when it cannot be loaded."""
        read_base(base.folder)
        context_tokens = min(wanted_context, own_context_tokens(base.folder) or wanted_context)
        try:
            torch = importlib.import_module("torch")
            importlib.import_module("peft")
        except ImportError as error:
            raise EngineError(
                f"transformers is not installed here: install the extra transformers ({error})"
            ) from error
        if not torch.cuda.is_available():
            torch.set_num_threads(threads)
        return cls(base, _load_base(base, torch), ChatTokens.load(base.folder), context_tokens)

    def add(self, files: AdapterFiles, name: str) -> None:
        """Takes an adapter in; `AdapterError` says why it cannot be, `EngineError` that it is just changing."""
        peft = importlib.import_module("peft")
        try:
            method = read_json(files.folder / ADAPTER_CONFIG)["peft_type"]
            held = set(read_header(files.folder / ADAPTER_WEIGHTS))
            if self._has_adapters and method != self.model.peft_type:
                raise AdapterError(
                    f"it was made by {method}, other adapters here by {self.model.peft_type.value}:"
                    " PEFT applies one method at a time"
                )
            if self._has_adapters:
                self.model.load_adapter(files.folder, name)
            else:
                self.model = peft.PeftModel.from_pretrained(self.model, files.folder, adapter_name=name)
            state = peft.get_peft_model_state_dict(self.model, adapter_name=name, save_embedding_layers=False)
            left = sorted(held ^ set(state))
            if left:
                raise AdapterError(f"it does not fit the base model: {left[0]} is in only one of them")
            refuse_if_changed(files)
        except Exception as error:
            self._take_back(name)
            if isinstance(error, (AdapterError, EngineError)):
                raise
            refuse_if_changed(files)
            reason = next(iter(str(error).splitlines()), "") or type(error).__name__
            raise AdapterError(f"PEFT cannot load it: {reason}") from error
        self.model.eval()

    def remove(self, name: str) -> None:
        """Forgets an adapter; without any, the base is as it was loaded."""
        if len(self.model.peft_config) > 1:
            self.model.delete_adapter(name)
        elif self.model.active_peft_config.is_prompt_learning:
            self.model = self.model.base_model
        else:
            self.model = self.model.unload()

    def answering(self, name: str | None, gone: threading.Event) -> "_Answering":
        """The model as this adapter, or the base alone, for as long as the context lasts."""
        return _Answering(self, name, gone)

    @property
    def _has_adapters(self) -> bool:
        return hasattr(self.model, "peft_config") and hasattr(self.model, "peft_type")

    def _take_back(self, name: str) -> None:
        """Undoes what an adapter that failed has left in the model."""
        if self._has_adapters:
            if name in self.model.peft_config:
                self.remove(name)
            return
        # The first one failed somewhere between its first and its last layer.
        self.model = _load_base(self._base, importlib.import_module("torch"))
        self._watch_layers()

    def _watch_layers(self) -> None:
        """Lets an answer end before each layer: a long prompt is read in one go, and takes seconds on a CPU."""
        lists = importlib.import_module("torch").nn.ModuleList
        for module in self.model.modules():
            if isinstance(module, lists):
                for layer in module:
                    layer.register_forward_pre_hook(self._stop_if_gone)

    def _stop_if_gone(self, layer: Any, inputs: Any) -> None:
        if self._gone is not None and self._gone.is_set():
            raise EngineError("the client has left")

    def watch(self, gone: threading.Event | None) -> None:
        """Whose leaving ends the work from now on."""
        self._gone = gone


class _Answering:
    def __init__(self, model: PeftModel, name: str | None, gone: threading.Event) -> None:
        self._owner, self._name, self._gone = model, name, gone
        self._disabled: Any = None

    def __enter__(self) -> None:
        model = self._owner.model
        self._owner.watch(self._gone)
        if self._name is not None:
            model.set_adapter(self._name, inference_mode=True)
        elif hasattr(model, "disable_adapter") and hasattr(model, "peft_type"):
            self._disabled = model.disable_adapter()
            self._disabled.__enter__()

    def __exit__(self, *error: object) -> None:
        self._owner.watch(None)
        if self._disabled is not None:
            self._disabled.__exit__(None, None, None)


def _load_base(base: BaseFiles, torch: Any) -> Any:
    transformers = importlib.import_module("transformers")
    placed: dict[str, Any] = {"dtype": "auto"}
    if torch.cuda.is_available():
        placed = {
            "device_map": {"": 0},
            "quantization_config": transformers.BitsAndBytesConfig(
                load_in_4bit=True,
                bnb_4bit_quant_type="nf4",
                bnb_4bit_use_double_quant=True,
                bnb_4bit_compute_dtype=torch.bfloat16,
            ),
        }
        if "quantization_config" in read_json(base.folder / "config.json"):
            del placed["quantization_config"]  # it is quantised as it lies there
    try:
        model = transformers.AutoModelForCausalLM.from_pretrained(base.folder, local_files_only=True, **placed)
    except Exception as error:  # the library raises whatever its parsers raise
        raise EngineError(f"transformers cannot load {base.folder}: {error}") from error
    # Which token ends an answer is the model's to say; how answers are drawn is not.
    own = model.generation_config
    ends = own.eos_token_id
    model.generation_config = transformers.GenerationConfig(
        bos_token_id=own.bos_token_id,
        eos_token_id=ends,
        pad_token_id=own.pad_token_id if own.pad_token_id is not None else ends[0] if isinstance(ends, list) else ends,
    )
    return model.eval()
