"""Whatever a person writes wrongly is told with file, line, key and what is allowed; nothing ends in a traceback."""

from pathlib import Path

import pytest

from stack.settings import SettingsError
from stack.settings.parameters import PARAMETERS_FILE
from tests.stack.settings.conftest import Load, write_parameters, write_stack_file

STACK = "Pulumi.dev.yaml"
FILE = str(PARAMETERS_FILE)
ENOUGH = "resourceGroup: group\nimage: registry.example/app:1\n"
FIRST = 4
"""Line of the first setting after those that are enough."""
GUID = "11111111-2222-3333-4444-555555555555"
SUBNET = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/virtualNetworks/v/subnets/s"
IDENTITY = "/subscriptions/s/resourceGroups/g/providers/Microsoft.ManagedIdentity/userAssignedIdentities/i"

SETTINGS: list[tuple[str, str, list[str]]] = [
    # numbers: type and range
    ("maximumInstanceCount: many", "maximumInstanceCount", ["whole number from 1 to 1000", '"many"']),
    ("maximumInstanceCount: 0", "maximumInstanceCount", ["whole number from 1 to 1000", "0"]),
    ("maximumInstanceCount: 1001", "maximumInstanceCount", ["whole number from 1 to 1000", "1001"]),
    ("maximumInstanceCount: 1.5", "maximumInstanceCount", ["whole number", "1.5"]),
    ("maximumInstanceCount: true", "maximumInstanceCount", ["whole number", "true"]),
    ("maximumInstanceCount: [1]", "maximumInstanceCount", ["whole number", "[1]"]),
    ("minimumReplicas: -1", "minimumReplicas", ["whole number from 0 to 1000", "-1"]),
    ("concurrentRequestsPerReplica: 0", "concurrentRequestsPerReplica", ["from 1 to 1000"]),
    ("scaleDownSeconds: 86401", "scaleDownSeconds", ["from 0 to 86400"]),
    ("terminationGraceSeconds: 601", "terminationGraceSeconds", ["from 1 to 600"]),
    ("shareQuotaGib: 99999999999999999999", "shareQuotaGib", ["from 1 to 102400"]),
    ("shareSoftDeleteDays: 0", "shareSoftDeleteDays", ["from 1 to 365"]),
    ("logRetentionDays: 8", "logRetentionDays", ["7, or a whole number from 30 to 730", "8"]),
    # names, by Azure's rules
    (
        "storageAccountName: My_Account",
        "storageAccountName",
        ["3 to 24 lowercase letters and digits", "aistorage4f2kq"],
    ),
    ("storageAccountName: ab", "storageAccountName", ["3 to 24"]),
    ("fileShareName: a--b", "fileShareName", ["single hyphens", "models-1", '"a--b"']),
    ("fileShareName: -share", "fileShareName", ["a letter or digit at both ends"]),
    ("acaEnvironmentName: 1env", "acaEnvironmentName", ["a letter first"]),
    ("acaEnvironmentName: <your-aca-env-name>", "acaEnvironmentName", ["2 to 60", "ai-environment"]),
    ("acaEnvironmentStorageName: Link", "acaEnvironmentStorageName", ["lowercase"]),
    ("acaAppName: An-App", "acaAppName", ["2 to 32 lowercase letters", "tone-inference"]),
    (f"acaAppName: {'a' * 33}", "acaAppName", ["2 to 32"]),
    ("acaLogAnalyticsName: log", "acaLogAnalyticsName", ["4 to 63"]),
    ("location: Sweden-Central", "location", ["Azure region", "swedencentral"]),
    # choices and switches
    ("gpuProfile: H100", "gpuProfile", ["Consumption-GPU-NC8as-T4", "NC96-A100", '"H100"']),
    ("authentication: key", "authentication", ["apiKey, entra or none", '"key"']),
    ("internal: yes please", "internal", ["true or false", '"yes please"']),
    ("readOnlyMount: 1", "readOnlyMount", ["true or false", "1"]),
    # lists
    ("defaultCommands: cd /app", "defaultCommands", ["list of texts", '"cd /app"']),
    ("defaultCommands: []", "defaultCommands", ["must not be empty"]),
    ("defaultCommands: [cd /app, 5]", "defaultCommands[1]", ["must be a text", "quotes", "5"]),
    ("defaultCommands: ['  ']", "defaultCommands[0]", ["not blank"]),
    ("allowedIpRanges: [10.0.0.5/24]", "allowedIpRanges[0]", ["CIDR", "203.0.113.0/24", "10.0.0.0/24"]),
    ("allowedIpRanges: ['::1/128']", "allowedIpRanges[0]", ["IPv4"]),
    ("allowedIpRanges: everybody", "allowedIpRanges", ["list of texts"]),
    (f"userAssignedIdentities: ['{SUBNET}']", "userAssignedIdentities[0]", ["user-assigned identity"]),
    # objects and what is in them
    ("adopt: always", "adopt", ["object with the keys resourceGroup, storageAccount", '"always"']),
    ("adopt: {app: sometimes}", "adopt.app", ["auto, always or never", '"sometimes"']),
    ("adopt: {storage: auto}", "adopt.storage", ["no such setting", "did you mean storageAccount?"]),
    (f"entra: {{clientId: me, tenantId: {GUID}}}", "entra.clientId", ["GUID", '"me"']),
    (f"entra: {{clientId: {GUID}}}\nauthentication: entra", "entra.tenantId", ["missing"]),
    ("registry: {username: me}", "registry.server", ["missing"]),
    ("registry: {server: 'https://registry.example', username: me}", "registry.server", ["host name", "azurecr.io"]),
    ("registry: {server: registry.example, identity: me}", "registry.identity", ["`system` or the resource id"]),
    ("storageNetworkRules: {allowedIpRanges: [10.0.0.0/8]}", "storageNetworkRules.allowedIpRanges[0]", ["public"]),
    ("storageNetworkRules: {allowedIpRanges: [8.8.8.8/31]}", "storageNetworkRules.allowedIpRanges[0]", ["up to /30"]),
    ("storageNetworkRules: {allowedSubnetIds: [x]}", "storageNetworkRules.allowedSubnetIds[0]", ["id of a subnet"]),
    ("environmentVariables: {PORT: 8080}", "environmentVariables.PORT", ["must be a text", "quotes", "8080"]),
    ("environmentVariables: {1ST: x}", "environmentVariables.1ST", ["name of an environment variable"]),
    ("environmentVariables: [A=b]", "environmentVariables", ["object of texts by name"]),
    ("tags: {azure-team: x}", "tags.azure-team", ["not beginning with microsoft, azure"]),
    ("tags: {a<b: x}", "tags.a<b", ["without < >"]),
    (f"tags: {{long: {'x' * 257}}}", "tags.long", ["at most 256"]),
    (f"tags: {{{', '.join(f't{n}: x' for n in range(50))}}}", "tags", ["at most 49"]),
    ("infrastructureSubnetId: subnet", "infrastructureSubnetId", ["resource id of a subnet", "virtualNetworks"]),
    # keys
    ("storageAcountName: x", "storageAcountName", ["no such setting", "did you mean storageAccountName?"]),
    ("Location: x", "Location", ["did you mean location?"]),
    ("zzz: 1", "zzz", ["no such setting", "there are: defaultCommands"]),
    # secrets
    ("apiKey: in-plain", "apiKey", ["in plain", "pulumi config set --secret apiKey"]),
    (
        "registryPassword: in-plain\nregistry: {server: registry.example, username: me}",
        "registryPassword",
        ["in plain", "pulumi config set --secret registryPassword"],
    ),
    (
        f"entraClientSecret: in-plain\nauthentication: entra\nentra: {{clientId: {GUID}, tenantId: {GUID}}}",
        "entraClientSecret",
        ["in plain", "pulumi config set --secret entraClientSecret"],
    ),
    (
        "secretEnvironmentVariables: {A: {secure: hidden}, HF_TOKEN: in-plain}",
        "secretEnvironmentVariables.HF_TOKEN",
        ["in plain", "pulumi config set --secret --path secretEnvironmentVariables.HF_TOKEN"],
    ),
    (
        "registry: {server: registry.example, username: me, password: in-plain}\nregistryPassword: {secure: hidden}",
        "registry.password",
        ["is a secret", "pulumi config set --secret registryPassword"],
    ),
    (
        f"entra: {{clientId: {GUID}, tenantId: {GUID}, clientSecret: in-plain}}\nauthentication: entra",
        "entra.clientSecret",
        ["is a secret", "pulumi config set --secret entraClientSecret"],
    ),
    ("secretEnvironmentVariables: {secure: hidden}", "secretEnvironmentVariables", ["secrets by name"]),
    ("secretEnvironmentVariables: {1A: {secure: hidden}}", "secretEnvironmentVariables.1A", ["environment variable"]),
    ("fileShareName: {secure: hidden}", "fileShareName", ["stored as a secret", "without --secret"]),
    ("environmentVariables: {A: {secure: hidden}}", "environmentVariables", ["belongs into secretEnvironmentVar"]),
    # contradictions
    ("minimumReplicas: 3\nmaximumInstanceCount: 2", "minimumReplicas", ["3 replicas", "allows 2"]),
    ("authentication: entra", "authentication", ["set entra.clientId and entra.tenantId"]),
    (f"entra: {{clientId: {GUID}, tenantId: {GUID}}}", "entra", ["without `authentication: entra`"]),
    ("entraClientSecret: {secure: hidden}", "entraClientSecret", ["without `authentication: entra`"]),
    ("apiKey: {secure: hidden}\nauthentication: none", "apiKey", ["does not ask for one", "pulumi config rm apiKey"]),
    ("registry: {server: registry.example}", "registry", ["needs a username or an identity"]),
    ("registry: {server: registry.example, username: me}", "registry", ["pulumi config set --secret registryPassword"]),
    ("registry: {server: registry.example, identity: system}", "registry", ["systemAssignedIdentity: true"]),
    (f"registry: {{server: registry.example, identity: '{IDENTITY}'}}", "registry", ["userAssignedIdentities"]),
    (
        "registry: {server: registry.example, identity: system, username: me}\nregistryPassword: {secure: hidden}\n"
        "systemAssignedIdentity: true",
        "registry",
        ["both identity and username"],
    ),
    (
        "registry: {server: other.example, identity: system}\nsystemAssignedIdentity: true",
        "registry",
        ["other.example", "registry.example/app:1"],
    ),
    ("registryPassword: {secure: hidden}", "registryPassword", ["without registry.username"]),
    ("internal: true", "internal", ["infrastructureSubnetId"]),
    (
        "environmentVariables: {A: x}\nsecretEnvironmentVariables: {A: {secure: hidden}}",
        "environmentVariables",
        ["A: given in secretEnvironmentVariables as well"],
    ),
    ("environmentVariables: {INFERENCE_PORT: '1'}", "environmentVariables", ["INFERENCE_PORT: the stack itself sets"]),
    (
        "secretEnvironmentVariables: {INFERENCE_API_KEYS: {secure: hidden}}",
        "secretEnvironmentVariables",
        ["INFERENCE_API_KEYS: the stack itself sets this"],
    ),
]


def problems(load_settings: Load) -> str:
    with pytest.raises(SettingsError) as caught:
        load_settings()
    return str(caught.value)


@pytest.mark.parametrize(("settings", "key", "says"), SETTINGS, ids=[row[0][:50] for row in SETTINGS])
def test_a_setting_of_the_stack(project: Path, load_settings: Load, settings: str, key: str, says: list[str]) -> None:
    write_stack_file(project, ENOUGH + settings)
    message = problems(load_settings)
    assert message.count("\n  - ") == 1, message
    assert f"\n  - {STACK}:{FIRST}: aca-inference:{key}: " in message
    assert [text for text in says if text not in message] == []
    assert "hidden" not in message
    assert "in-plain" not in message


def parameters(*lines: str) -> str:
    """A parameter file with these lines for its parameters, the first of them in line 5."""
    head = '{\n  "$schema": "https://schema.example/deploymentParameters.json#",\n  "contentVersion": "1.0.0.0",\n'
    return head + '  "parameters": {\n' + "\n".join(lines) + "\n  }\n}\n"


PARAMETERS: list[tuple[str, str | bytes, str, list[str]]] = [
    (
        "type",
        parameters('"maximumInstanceCount": {"value": "2"}'),
        ":5: maximumInstanceCount: ",
        ["whole number", '"2"'],
    ),
    ("name", parameters('"fileShareName": {', '"value": "A"', "}"), ":6: fileShareName: ", ["3 to 63", '"A"']),
    ("number", parameters('"acaAppName": {"value": 7}'), ":5: acaAppName: ", ["must be a text", "7"]),
    ("item", parameters('"defaultCommands": {"value": [', '"a",', "null", "]}"), ":7: defaultCommands[1]: ", ["text"]),
    ("empty", parameters('"storageAccountName": {"value": ""}'), ":5: storageAccountName: ", ["3 to 24"]),
    ("unknown", parameters('"acaAppNam": {"value": null}'), ":5: acaAppNam: ", ["did you mean acaAppName?"]),
    ("ours", parameters('"gpuProfile": {"value": "x"}'), ":5: gpuProfile: ", ["pulumi config set gpuProfile VALUE"]),
    ("secret", parameters('"apiKey": {"value": "x"}'), ":5: apiKey: ", ["pulumi config set --secret apiKey"]),
    ("bare", parameters('"location": "westus3"'), ":5: location: ", ['{"value": …}', '"westus3"']),
    ("no value", parameters('"location": {}'), ":5: location: ", ["has no value"]),
    ("typo", parameters('"location": {"vale": "x"}'), ":5: location: ", ["did you mean value?"]),
    ("reference", parameters('"location": {"reference": {"secretName": "x"}}'), ":5: location: ", ["key vault"]),
    ("twice", parameters('"location": {"value": "a"},', '"location": {"value": "b"}'), ":6: location ", ["line 5"]),
    ("placeholder", parameters("...", '"acaAppName": {"value": "a"}'), ":5: ", ["is not JSON", "`...`"]),
    ("comma", parameters('"acaAppName": {"value": "app"},'), ":5: ", ["comma", "remove it"]),
    ("no comma", parameters('"acaAppName": {"value": "a"}', '"location": {}'), ":6: ", ["',' delimiter"]),
    ("comment", parameters("// mine", '"acaAppName": {"value": "a"}'), ":5: ", ["no comments"]),
    ("quotes", parameters("'acaAppName': {}"), ":5: ", ["double quotes"]),
    ("python", parameters('"location": {"value": None}'), ":5: ", ["true, false and null"]),
    ("not a number", parameters('"maximumInstanceCount": {"value": NaN}'), ": ", ["NaN is no value in JSON"]),
    ("unfinished", '{"parameters": {', ":1: ", ["is not JSON"]),
    ("no content", "", ": ", ["is empty"]),
    ("a list", "[]", ": ", ["ARM parameter file"]),
    ("no parameters", '{"contentVersion": "1.0.0.0"}', ":1: parameters: ", ["must be an object"]),
    ("a template", '{"parameters": {},\n"resources": []}', ":2: resources: ", ["no such key of a parameter file"]),
    ("UTF-16", parameters().encode("utf-16"), ": ", ["UTF-16", "save it as UTF-8"]),
    ("Latin-1", parameters('"acaAppName": {"value": "ä"}').encode("latin-1"), ":5: ", ["not UTF-8", "0xe4"]),
    ("half a pair", parameters('"location": {"value": "\\ud800"}'), ":5: ", ["surrogate"]),
    ("deep", "[" * 100_000, ": ", ["nested too deeply"]),
]


@pytest.mark.parametrize(
    ("content", "place", "says"), [row[1:] for row in PARAMETERS], ids=[row[0] for row in PARAMETERS]
)
def test_a_parameter_file(
    project: Path, load_settings: Load, content: str | bytes, place: str, says: list[str]
) -> None:
    write_stack_file(project, ENOUGH)
    write_parameters(project, content)
    message = problems(load_settings)
    assert message.count("\n  - ") == 1, message
    assert f"\n  - {FILE}{place}" in message
    assert [text for text in says if text not in message] == []


def test_a_parameter_file_that_may_not_be_read(project: Path, load_settings: Load) -> None:
    write_stack_file(project, ENOUGH)
    (project / PARAMETERS_FILE).mkdir(parents=True)
    assert f"{FILE}: Is a directory" in problems(load_settings)


def test_what_is_missing_is_named_with_the_command_that_sets_it(project: Path, load_settings: Load) -> None:
    write_stack_file(project, "image:\n")
    message = problems(load_settings)
    assert "\n  - resourceGroup: missing; set it with `pulumi config set resourceGroup VALUE`" in message
    assert "\n  - image: missing; set it with `pulumi config set image VALUE`" in message


def test_all_problems_of_both_files_are_told_at_once(project: Path, load_settings: Load) -> None:
    write_stack_file(
        project, "minimumReplicas: 3\nadopt:\n  app: maybe\n  environment: perhaps\nzzz: 1\napiKey: in-plain"
    )
    write_parameters(project, parameters('"maximumInstanceCount": {"value": 2},', '"fileShareName": {"value": "A"}'))
    message = problems(load_settings)
    assert message.count("\n  - ") == 8
    for place in (
        "resourceGroup: missing",
        "image: missing",
        f"{STACK}:2: aca-inference:minimumReplicas: 3 replicas",
        f"{STACK}:4: aca-inference:adopt.app: ",
        f"{STACK}:5: aca-inference:adopt.environment: ",
        f"{STACK}:6: aca-inference:zzz: ",
        f"{STACK}:7: aca-inference:apiKey: ",
        f"{FILE}:6: fileShareName: ",
    ):
        assert f"\n  - {place}" in message
