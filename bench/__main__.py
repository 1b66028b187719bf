"""`python -m bench [NAME…]`: the measurements of this folder, all or those named, one after the other.

Exit status 1 where one of them is above what it allows.
"""

import importlib
import pkgutil
import sys

import bench

there = sorted(
    found.name for found in pkgutil.iter_modules(bench.__path__) if found.name not in ("__main__", "programs")
)
wanted = sys.argv[1:] or there
if unknown := [name for name in wanted if name not in there]:
    sys.exit(f"there is no measurement {', '.join(unknown)}; there are: {', '.join(there)}")
failed: list[str] = []
for name in wanted:
    print(f"== {name}", flush=True)
    if importlib.import_module(f"bench.{name}").main():
        failed.append(name)
if failed:
    sys.exit(f"above what is allowed: {', '.join(failed)}")
