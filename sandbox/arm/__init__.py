"""Azure Resource Manager: one small core (ids, store, operations, dispatch) and one module per resource type."""
