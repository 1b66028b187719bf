"""Azure's own command line against the sandbox: nothing of this project is imported, the sandbox is a program."""
