"""This one deployment: its settings, the program that composes the components, and what it exports."""
