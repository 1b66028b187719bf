"""One module per resource type, all in the form of `sandbox.arm.resource_type`."""
