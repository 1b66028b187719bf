"""The policy pack: what a platform team wants checked before a GPU endpoint exists.

`pulumi preview --policy-pack policy` runs it on any program with Azure resources, ours or not. It imports nothing of
this project but the GPU catalogue.
"""
