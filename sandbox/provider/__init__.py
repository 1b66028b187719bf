"""The azure-native stand-in: a thin resource provider over the sandbox's ARM, with the real provider's semantics.

It knows ARM only as any client does, over TLS. It is for the sandbox alone and refuses to run without one.
"""

from sandbox.provider.server import serve

__all__ = ["serve"]
