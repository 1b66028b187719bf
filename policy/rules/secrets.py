"""Secrets: where they may stand, and that what refers to them finds them."""

from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import Final

from policy.resource import ENVIRONMENT, ENVIRONMENT_STORAGE, WORKLOADS, Property, Resource, UnreadableError
from policy.rule import Kind, Option, Options, Rule, Severity, Subject, containers, entries, within
from policy.values import SECRET_VALUE

_SCALERS: Final = ("http", "custom", "azureQueue", "tcp")
MCSB_SECRETS: Final = "Microsoft cloud security benchmark v1, IM-8: restrict the exposure of credentials and secrets"


def _variables(app: Resource, _: Options) -> Iterable[Subject]:
    def given(variable: Property) -> Iterable[Property]:
        if variable.at("value").raw not in (None, ""):
            yield variable

    return within(within(containers(app), lambda container: container.items("env")), given)


def _is_no_secret(variable: Property, options: Options) -> bool:
    value = variable.at("value")
    if value.secret or any(fnmatchcase(variable.at("name").text.upper(), name) for name in options["names"]):
        return False
    return not SECRET_VALUE.search(value.text)


def _command_words(app: Resource, _: Options) -> Iterable[Subject]:
    return within(within(containers(app), lambda container: (container.at("command"), container.at("args"))), _words)


def _words(line: Property) -> Iterable[Property]:
    return line.items()


def _references(app: Resource, _: Options) -> Iterable[Subject]:
    variables = within(containers(app), lambda container: container.items("env"))
    yield from within(variables, lambda variable: (variable.at("secretRef"),))
    registries = entries(app, "configuration.registries")
    yield from within(registries, lambda registry: (registry.at("passwordSecretRef"),))
    for kind in _SCALERS:
        authentication = within(
            entries(app, "template.scale.rules"), lambda rule, kind=kind: rule.items(f"{kind}.auth")
        )
        yield from within(authentication, lambda entry: (entry.at("secretRef"),))


def _resolves(reference: Property, _: Options) -> bool:
    names = [secret.at("name").text for secret in reference.resource.items("configuration.secrets")]
    return not reference.text or reference.text in names


def _keys(resource: Resource, _: Options) -> Iterable[Subject]:
    """The places that hold a key in plain text once they are in Azure."""
    match resource.type:
        case "app:ContainerApp" | "app:Job":
            found = within(entries(resource, "configuration.secrets"), lambda secret: (secret.at("value"),))
        case "app:ManagedEnvironment":
            found = (resource.at("appLogsConfiguration.logAnalyticsConfiguration.sharedKey"),)
        case _:
            found = (resource.at("properties.azureFile.accountKey"),)
    yield from (key for key in found if isinstance(key, UnreadableError) or key.raw is not None)


def _is_marked(key: Property, _: Options) -> bool:
    """False for a plain value; whether one that is not known yet will be marked shows during the update."""
    return key.secret or key.value is None


RULES: Final = (
    Rule(
        id="secrets-plain-variable",
        title="No secret stands in a plain environment variable",
        reason="Everybody who may read the app in the portal, or a template of it, reads the value.",
        fix="Put the value into configuration.secrets and refer to it by secretRef.",
        wanted="secretRef in the place of value",
        severity=Severity.CRITICAL,
        types=WORKLOADS,
        subjects=_variables,
        allowed=_is_no_secret,
        options=(
            Option(
                "names",
                Kind.STRINGS,
                ("*_KEY", "*_KEYS", "*_TOKEN", "*SECRET*", "*PASSWORD*", "*CONNECTION_STRING*"),
                "names of variables that hold secrets, in capitals, with * as a wildcard",
            ),
        ),
        references=(MCSB_SECRETS,),
        hides_found=True,
    ),
    Rule(
        id="secrets-command",
        title="No secret stands in a command",
        reason="Command lines show in the portal, in process lists and in logs.",
        fix="Hand the value over as an environment variable that refers to a secret.",
        wanted="a command without keys, tokens and values that the program marks as secret",
        severity=Severity.CRITICAL,
        types=WORKLOADS,
        subjects=_command_words,
        allowed=lambda word, _: not word.secret and not SECRET_VALUE.search(word.text),
        references=(MCSB_SECRETS,),
        hides_found=True,
    ),
    Rule(
        id="secrets-reference",
        title="Every reference to a secret finds one",
        reason="The service refuses the app, or the variable is empty and authentication is off without a word.",
        fix="Add the secret to configuration.secrets, or correct the name.",
        wanted="the name of an entry of configuration.secrets",
        severity=Severity.HIGH,
        types=WORKLOADS,
        subjects=_references,
        allowed=_resolves,
    ),
    Rule(
        id="secrets-state",
        title="Keys are secrets in the program",
        reason="What the program does not mark as secret stands in plain text in the state file and in logs.",
        fix="Wrap the value: pulumi.Output.secret(value), or take it from `pulumi config set --secret`.",
        wanted="a value that is marked as secret",
        severity=Severity.CRITICAL,
        types=(*WORKLOADS, ENVIRONMENT, ENVIRONMENT_STORAGE),
        subjects=_keys,
        allowed=_is_marked,
        references=(MCSB_SECRETS,),
        hides_found=True,
    ),
)
