"""`python -m sandbox.provider --port N`: the stand-in alone, for a sandbox that runs elsewhere."""

import argparse

from sandbox.provider.server import serve

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--port", type=int, required=True)
serve(parser.parse_args().port).wait_for_termination()
