"""Checks signatures (AWS Signature Version 4), in the header or in the query of a presigned URL. The emulator checks
those of users and roles only: with the key `test` it accepts any signature for the owner of the account."""

import hashlib
import re
from dataclasses import dataclass, field

SEAMS = {
    "ministack.app:_extract_s3_vhost_bucket": "host",
    "ministack.app:_request_account_scope": "access_key_id",
    "ministack.core.iam_evaluator:AuthError": "code message details",
    "ministack.core.iam_evaluator:SignedRequest":
        "access_key_id method raw_path query_params headers body presigned handshake unverifiable sigv2 auth_path "
        "s3_scoped",
    "ministack.core.iam_evaluator:_sigv2_check": "request account_id",
    "ministack.core.iam_evaluator:resolve_credential": "access_key_id account_id session_token",
    "ministack.core.responses:get_account_id": "",
    "ministack.core.responses:set_request_account_id": "access_key_id",
    "ministack.core.router:extract_access_key_id": "headers query_params",
    "ministack.core.sigv4:header_signature_failure":
        "signature secret method raw_path query_params headers body presigned explain",
    "ministack.core.sigv4:parse_header_signature": "headers",
    "ministack.core.sigv4:parse_query_signature": "query_params",
    "ministack.core.sigv4:presigned_request_is_expired": "amz_date expires now",
    "ministack.core.sigv4:request_time_failure": "signature now",
}

ALGORITHM = "AWS4-HMAC-SHA256"
# What AWS allows at most: a week, and a quarter of an hour for a clock that is fast.
LONGEST = 7 * 24 * 3600
FAST = 15 * 60
# As in requests, in lower case. `Signature` by itself may be an API's own.
QUERY_CREDENTIALS = {"x-amz-algorithm", "x-amz-credential", "x-amz-signature", "awsaccesskeyid"}
HASH = re.compile("[0-9a-f]{64}")


@dataclass
class Request:
    """A request as it came, with header names in lower case."""

    method: str
    raw_path: str
    query: dict
    headers: dict
    body: bytes | None = field(default=None, repr=False)

    @property
    def presigned(self):
        return not self.headers.get("authorization", "").startswith(ALGORITHM)

    @property
    def is_version_2(self):
        """Whether it is a presigned URL of the old kind, which boto3 makes for buckets in us-east-1."""
        return self.presigned and bool(self.value("AWSAccessKeyId") and self.value("Signature"))

    @property
    def for_objects(self):
        """Whether it is a presigned URL for a bucket, which is good for nothing else."""
        scope = self.value("X-Amz-Credential").split("/")
        return self.presigned and (self.is_version_2 or len(scope) == 5 and scope[3] == "s3")

    @property
    def anonymous(self):
        """Whether it carries no credentials of AWS at all."""
        authorization = self.headers.get("authorization", "")
        return not authorization.startswith("AWS") and not QUERY_CREDENTIALS & {name.lower() for name in self.query}

    def value(self, name):
        found = self.query.get(name, self.query.get(name.lower(), [""]))
        return found[0] if found else ""

    def needs_body(self):
        """Objects can be large, and their hash is in a header that is signed; all others are hashed here."""
        if self.presigned:
            return not (self.anonymous or self.for_objects)
        scope = self.headers["authorization"]
        return "/s3/aws4_request" not in scope or "x-amz-content-sha256" not in self.headers


def failure(request):
    """Why a request is not signed as it must be, as the emulator's `AuthError`; nothing if it is."""
    from ministack.core.iam_evaluator import AuthError
    from ministack.core.sigv4 import parse_header_signature, parse_query_signature

    if request.anonymous:
        return AuthError("MissingAuthenticationToken", "Missing Authentication Token")
    if request.is_version_2:
        return version_2_failure(request)
    if request.presigned and request.value("X-Amz-Algorithm") != ALGORITHM:
        return AuthError("IncompleteSignature", f"The local cloud takes signatures of the algorithm {ALGORITHM} only")
    parsed = (parse_query_signature(request.query) if request.presigned
              else parse_header_signature(request.headers))
    if isinstance(parsed, tuple):
        return AuthError(*parsed)
    if "host" not in parsed.signed_headers.lower().split(";"):
        return AuthError("IncompleteSignature", "'Host' must be a 'SignedHeader' in the AWS Authorization.")
    return time_failure(request, parsed) or key_failure(request, parsed)


def version_2_failure(request):
    """As `failure`, for a presigned URL of the old kind."""
    from ministack import app
    from ministack.core.iam_evaluator import AuthError, SignedRequest, _sigv2_check
    from ministack.core.responses import get_account_id, set_request_account_id

    key = request.value("AWSAccessKeyId")
    try:
        set_request_account_id(app._request_account_scope(key))
    except ValueError:
        return unknown_key()
    bucket = app._extract_s3_vhost_bucket(request.headers.get("host", ""))
    path = f"/{bucket}{request.raw_path}" if bucket else request.raw_path
    checked = _sigv2_check(SignedRequest(key, request.method, request.raw_path, request.query, request.headers,
                                         sigv2=True, auth_path=path), get_account_id())
    return checked if isinstance(checked, AuthError) else None


def unknown_key():
    from ministack.core.iam_evaluator import AuthError

    return AuthError("UnrecognizedClientException", "The security token included in the request is invalid.")


def time_failure(request, parsed):
    """Why it is too early or too late for a request."""
    from ministack.core.iam_evaluator import AuthError
    from ministack.core.sigv4 import presigned_request_is_expired, request_time_failure

    try:
        # Raises for what is no date.
        future = not presigned_request_is_expired(parsed.amz_date, -FAST)
        if not request.presigned:
            skewed = request_time_failure(parsed)
            return AuthError(*skewed) if skewed else None
        seconds = int(request.value("X-Amz-Expires") or FAST)
        if future or not 0 < seconds <= LONGEST or presigned_request_is_expired(parsed.amz_date, seconds):
            return AuthError("RequestExpired", "Request has expired, or is not valid yet")
    except ValueError:
        return AuthError("IncompleteSignature", "The date of the request, or its expiry, cannot be read")
    return None


def key_failure(request, parsed):
    """Why the signature does not prove that the sender has the secret of a valid key."""
    from ministack.app import _request_account_scope
    from ministack.core.iam_evaluator import AuthError, ResolvedCredential, resolve_credential
    from ministack.core.responses import set_request_account_id
    from ministack.core.router import extract_access_key_id
    from ministack.core.sigv4 import header_signature_failure

    if extract_access_key_id(request.headers, request.query) != parsed.access_key_id:
        return unknown_key()
    try:
        # As the emulator chooses the account: of twelve digits, of a session, of a user's key, or the default.
        set_request_account_id(_request_account_scope(parsed.access_key_id))
    except ValueError:
        return unknown_key()
    token = (request.value("X-Amz-Security-Token") if request.presigned
             else request.headers.get("x-amz-security-token", ""))
    credential = resolve_credential(parsed.access_key_id, None, token)
    if not isinstance(credential, ResolvedCredential):
        return AuthError(credential.code, credential.message)
    wrong = header_signature_failure(parsed, credential.secret_access_key, request.method, request.raw_path,
                                     request.query, request.headers, request.body or b"", presigned=request.presigned)
    if wrong:
        return AuthError(*wrong)
    declared = request.headers.get("x-amz-content-sha256", "")
    if request.body is not None and HASH.fullmatch(declared) and declared != hashlib.sha256(request.body).hexdigest():
        return AuthError("SignatureDoesNotMatch", "The body of the request is not the one that was signed.")
    return None
