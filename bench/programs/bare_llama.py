"""llama.cpp's own HTTP server on a port, with nothing around it: `python bare_llama.py MODEL PORT PARALLEL THREADS`."""

import signal
import sys
from typing import Any

import xllamacpp as untyped_xllamacpp

# A compiled module without type information.
xllamacpp: Any = untyped_xllamacpp
CONTEXT_TOKENS = 1024

model, port, parallel, threads = sys.argv[1], *map(int, sys.argv[2:])
parameters = xllamacpp.CommonParams()
parameters.model.path = model
parameters.hostnames = ["127.0.0.1"]
parameters.port = port
parameters.n_parallel = parallel
parameters.n_ctx = CONTEXT_TOKENS * parallel
parameters.cpuparams.n_threads = parameters.cpuparams_batch.n_threads = threads
parameters.ui = False
parameters.verbosity = -1
server = xllamacpp.Server(parameters)
signal.pause()
