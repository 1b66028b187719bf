"""What goes wrong in the sandbox.

SandboxError                  the root; its message is for a person, no traceback needed
├── StateError                the state folder cannot be used
├── arm.errors.ArmError       an answer of ARM's, with its code
└── files.errors.FilesError   an answer of Azure Files', with its code
"""


class SandboxError(Exception):
    """The sandbox cannot do what was asked; the message says why and what to do."""


class StateError(SandboxError):
    """The state folder is broken, or was made by a newer version."""
