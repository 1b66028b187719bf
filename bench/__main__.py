"""Every measurement of this folder, one after the other."""

import importlib
import pkgutil

import bench

for module in sorted(found.name for found in pkgutil.iter_modules(bench.__path__) if found.name != "__main__"):
    importlib.import_module(f"bench.{module}").main()
