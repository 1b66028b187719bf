"""Azure on this machine: ARM, Azure Files, the replica runner and the azure-native stand-in.

Imports nothing else of the project: Azure does not know who calls it.
"""
