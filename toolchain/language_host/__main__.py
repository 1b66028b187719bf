"""`python FOLDER EXECUTOR [ENGINE FLAGS] ENGINE_ADDRESS`: FOLDER is this one, so no installation is needed."""

import sys
from pathlib import Path

sys.path[0] = str(Path(__file__).parents[2])

from toolchain.language_host.server import serve  # noqa: E402 - found only on the path set above

serve(executor=Path(sys.argv[1]), engine=sys.argv[-1])
