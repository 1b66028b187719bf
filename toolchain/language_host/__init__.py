"""Pulumi's Python language host, for a CLI that was built from source and so came without one.

The engine starts it as `pulumi-language-python`, reads the port from its first line of output and calls it over gRPC
(https://github.com/pulumi/pulumi/blob/master/proto/pulumi/language.proto). An official CLI brings a host of its own.
"""
