"""Where secrets may stand, and that what refers to them finds them."""

from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import Final

from policy.property import Property
from policy.redaction import SECRET_VALUE
from policy.resource import CONTAINER_APP, ENVIRONMENT, ENVIRONMENT_STORAGE, JOB, WORKLOADS, Resource
from policy.rule import Kind, Option, Options, Rule, Severity
from policy.workload import containers

MCSB_SECRETS: Final = "Microsoft cloud security benchmark v1, IM-8: restrict the exposure of credentials and secrets"
_SCALE_RULES: Final = {
    CONTAINER_APP: ("template.scale.rules", ("http.auth", "custom.auth", "azureQueue.auth", "tcp.auth")),
    JOB: ("configuration.eventTriggerConfig.scale.rules", ("auth",)),
}


def _variables(app: Resource, _: Options) -> Iterable[Property]:
    for container in containers(app):
        yield from (variable for variable in container.each("env") if variable.at("value").raw not in (None, ""))


def _is_no_secret(variable: Property, options: Options) -> bool:
    value = variable.at("value")
    if value.secret or any(fnmatchcase(variable.at("name").text.upper(), name) for name in options["names"]):
        return False
    return not SECRET_VALUE.search(value.text)


def _command_words(app: Resource, _: Options) -> Iterable[Property]:
    for container in containers(app):
        for key in ("command", "args"):
            yield from container.each(key)


def _references(app: Resource, _: Options) -> Iterable[Property]:
    for container in containers(app):
        yield from (variable.at("secretRef") for variable in container.each("env"))
    yield from (registry.at("passwordSecretRef") for registry in app.each("configuration.registries"))
    rules, kinds = _SCALE_RULES[app.type]
    for rule in app.each(rules):
        for kind in kinds:
            yield from (entry.at("secretRef") for entry in rule.each(kind))


def _resolves(reference: Property, _: Options) -> bool:
    if not reference.text:
        return True
    names = [secret.at("name").text for secret in reference.resource.items("configuration.secrets")]
    return reference.text in names


def _keys(resource: Resource, _: Options) -> Iterable[Property]:
    """The places that hold a key in plain text once they are in Azure."""
    if resource.type in WORKLOADS:
        found = [secret.at("value") for secret in resource.each("configuration.secrets")]
    elif resource.type == ENVIRONMENT:
        found = [resource.at("appLogsConfiguration.logAnalyticsConfiguration.sharedKey")]
    else:
        found = [resource.at("properties.azureFile.accountKey")]
    yield from (key for key in found if key.raw is not None)


def _is_marked(key: Property, _: Options) -> bool:
    """False for a plain value; whether one that is not known yet will be marked shows during the update."""
    return key.secret or key.hidden or key.value is None


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
