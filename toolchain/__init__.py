"""Set-up: the virtual environment, the Pulumi CLI and, where tests need it, a browser.

Runs before anything is installed, so it uses the standard library only, but for `language_host`, which the engine runs
later in the environment made here. `__init__` and `__main__` keep to syntax that an old Python can read, so that it
can say what is wrong.
"""
