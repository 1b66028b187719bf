"""The Pulumi program: settings, what they ask for, and what it exports."""

from stack import exports, program, settings

exports.export(program.deploy(settings.load()))
