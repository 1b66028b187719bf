"""Azure Files' errors: an XML body and the header x-ms-error-code.

Codes and texts: https://learn.microsoft.com/rest/api/storageservices/file-service-error-codes
"""

from typing import Final
from xml.sax.saxutils import escape

from sandbox.errors import SandboxError

_MESSAGES: Final = {
    "AuthenticationFailed": (
        403,
        "Server failed to authenticate the request. Make sure the value of Authorization header is formed correctly"
        " including the signature.",
    ),
    "DirectoryNotEmpty": (409, "The specified directory is not empty."),
    "FileTooLarge": (413, "The file is larger than the service or the disk allows."),
    "InternalError": (500, "The server encountered an internal error; the sandbox's log says more."),
    "InvalidAuthenticationInfo": (
        400,
        "The authentication information was not provided in the correct format. Verify the value of Authorization"
        " header.",
    ),
    "InvalidHeaderValue": (400, "The value for one of the HTTP headers is not in the correct format."),
    "InvalidInput": (400, "One of the request inputs is not valid."),
    "InvalidMarker": (400, "The specified marker is invalid."),
    "InvalidQueryParameterValue": (400, "Value for one of the query parameters is invalid."),
    "InvalidRange": (416, "The range specified is invalid for the current size of the resource."),
    "InvalidResourceName": (400, "The specified resource name contains invalid characters."),
    "Md5Mismatch": (400, "The MD5 value specified in the request did not match with the MD5 value calculated."),
    "MissingRequiredHeader": (400, "An HTTP header that's mandatory for this request is not specified."),
    "NoAuthenticationInformation": (
        401,
        "Server failed to authenticate the request. Please refer to the information in the www-authenticate header.",
    ),
    "ParentNotFound": (404, "The specified parent path does not exist."),
    "RequestBodyTooLarge": (413, "The request body is too large and exceeds the maximum permissible limit."),
    "ResourceAlreadyExists": (409, "The specified resource already exists."),
    "ResourceNotFound": (404, "The specified resource does not exist."),
    "ResourceTypeMismatch": (409, "The specified resource does not match the type of the existing resource."),
    "ShareAlreadyExists": (409, "The specified share already exists."),
    "ShareNotFound": (404, "The specified share does not exist."),
    "UnsupportedHttpVerb": (405, "The resource doesn't support the specified HTTP verb."),
}


class FilesError(SandboxError):
    """An answer that is an error; status and text follow from the code."""

    def __init__(self, code: str, detail: str = "") -> None:
        self.status, message = _MESSAGES[code]
        self.code = code
        self.message = f"{message} {detail}".rstrip()
        super().__init__(f"{code}: {self.message}")

    @property
    def body(self) -> bytes:
        """The error as XML."""
        return (
            '<?xml version="1.0" encoding="utf-8"?>'
            f"<Error><Code>{self.code}</Code><Message>{escape(self.message)}</Message></Error>"
        ).encode()
