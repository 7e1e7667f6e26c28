"""The door: who may ask what of the local cloud.

The control plane accepts requests that are signed with credentials of this cloud and do not come from a web page. All
other requests reach only what is open at AWS too: an API's data plane, function URLs, objects by presigned URLs or by
the bucket's own grants, and the public operations and pages of a user pool. For them the emulator's other routes do not
exist, so no path or host can make the control plane look like an open route: the emulator decides what a request is,
and the door decides which of its routes there are for the request.
"""

from contextvars import ContextVar
from dataclasses import dataclass, replace
from urllib.parse import parse_qs, quote

from . import hosts, signature

SEAMS = {
    "ministack.app:app": "scope receive send #ab1297bd6cd59811",
    "ministack.app:_credential_failure": "service iam_action request_id denied headers",
    "ministack.app:_dispatch_service_request": "method path headers body query_params request_id #17e5ef6dcfa0d4e6",
    "ministack.app:_get_module": "name",
    "ministack.app:_handle_cognito_body_request": "method path headers body query_params",
    "ministack.app:_handle_cognito_get_request": "method path headers query_params",
    "ministack.app:_handle_execute_api_request":
        "host path method headers body query_params raw_path raw_query_string",
    "ministack.app:_handle_health_request": "path request_id",
    "ministack.app:_handle_lambda_url_request": "host path method headers body query_params source_ip",
    "ministack.app:_handle_options_request": "method path headers query_params request_id",
    "ministack.app:_handle_post_body_shortcuts": "method path headers body query_params request_id #950ae5cb53a4d007",
    "ministack.app:_handle_pre_body_request": "method path headers query_params request_id #827a7ae1d52694b6",
    "ministack.app:_handle_s3_vhost_request": "host path method headers body query_params",
    "ministack.app:_handle_special_data_plane_request":
        "method path headers body query_params request_id raw_path raw_query_string client_ip #011e0dfba6d86597",
    "ministack.app:_parse_execute_api_url": "host path",
    "ministack.app:_parse_lambda_url": "host path",
    "ministack.app:_resolve_custom_domain_request": "host path",
    "ministack.app:_routing_params": "method path headers body query_params",
    "ministack.app:_s3_cors_target": "host path path_style",
    "ministack.app:_with_data_plane_headers": "response request_id include_s3_id wildcard_cors",
    "ministack.core.iam_actions:unsigned_operations": "service",
    "ministack.core.iam_evaluator:AuthError": "code message details",
    "ministack.core.iam_evaluator:is_root_access_key": "access_key_id",
    "ministack.core.router:detect_service": "method path headers query_params",
    "ministack.core.router:extract_access_key_id": "headers query_params",
    "ministack.core.sigv4:decode_header_value": "value",
    "ministack.services.s3:cors_response_headers": "bucket_name method headers",
}

USER_POOLS = "AWSCognitoIdentityProviderService."
OPEN_CORS = ("/oauth2/token", "/oauth2/userInfo", "/oauth2/userinfo")
# To which other identity providers redirect people; the emulator handles them as calls of the service.
RETURNS = ("/oauth2/idpresponse", "/saml2/idpresponse")


@dataclass
class Visit:
    """What is known about the current request."""

    # Why the control plane refuses it; nothing if it does not.
    refusal: object
    # Whether its signature is right, and whether it has none at all. The emulator would accept a wrong one.
    signed: bool
    anonymous: bool
    # Whether a web page sends it, or may do so.
    from_page: bool
    # Whether an open route has responded, which decides itself which pages may read the response.
    is_open: bool = False

    @property
    def credible(self):
        return self.signed or self.anonymous


# None for calls that the emulator makes to itself.
visit: ContextVar[Visit | None] = ContextVar("visit", default=None)


def admitted():
    """Whether the request may use every route."""
    current = visit.get()
    return current is None or current.refusal is None


def opened(response):
    """Notes that an open route has responded."""
    if response is not None and (current := visit.get()):
        current.is_open = True
    return response


def install(hint):
    """Puts the door before the emulator."""
    from ministack import app

    for name in ("_handle_execute_api_request", "_handle_lambda_url_request", "_handle_s3_vhost_request",
                 "_handle_cognito_get_request", "_handle_cognito_body_request"):
        setattr(app, name, opening(getattr(app, name)))
    for name, guard in [("_handle_pre_body_request", before_body), ("_handle_post_body_shortcuts", after_body),
                        ("_handle_special_data_plane_request", data_plane), ("_dispatch_service_request", services)]:
        setattr(app, name, guarded(getattr(app, name), guard))
    app.app = entrance(app.app, hint)


def opening(handler):
    """The handler of an open route."""
    async def handle(*args, **others):
        return opened(await handler(*args, **others))
    return handle


def guarded(handler, guard):
    """A handler of the emulator for admitted requests, and a guard in its place for all others."""
    async def handle(*args, **others):
        return await (handler(*args, **others) if admitted() else guard(handler, *args, **others))
    return handle


async def before_body(_, method, path, headers, query, request_id):
    """Health, preflights, and the pages of a user pool."""
    from ministack import app

    host = headers.get("host", "")
    owns_cors = (app._parse_execute_api_url(host, path) or app._parse_lambda_url(host, path)
                 or app._resolve_custom_domain_request(host, path))
    if method == "OPTIONS" and not owns_cors:
        return preflight(method, path, headers, query, request_id)
    if path == "/_ministack/health" and not owns_cors:
        return app._handle_health_request(path, request_id)
    response = await app._handle_cognito_get_request(method, path, headers, query)
    return response and app._with_data_plane_headers(response, request_id)


def preflight(method, path, headers, query, request_id):
    """A browser asks for a page whether the page may send a request: to an open route it may."""
    from ministack import app

    wanted = headers.get("access-control-request-headers", "").lower().replace(" ", "").split(",")
    of_user_pool = path in OPEN_CORS or path == "/" and "x-amz-target" in wanted and "authorization" not in wanted
    if of_user_pool or app._s3_cors_target(headers.get("host", ""), path):
        return opened(app._handle_options_request(method, path, headers, query, request_id))
    return 403, {"Content-Length": "0"}, b""


async def after_body(_, method, path, headers, body, query, request_id):
    """The pages of a user pool that take a body."""
    from ministack import app

    response = await app._handle_cognito_body_request(method, path, headers, body, query)
    return response and app._with_data_plane_headers(response, request_id)


async def data_plane(_, method, path, headers, body, query, request_id, raw_path=None, raw_query_string="",
                     client_ip="127.0.0.1"):
    """APIs, function URLs, and buckets that are named by the host."""
    from ministack import app

    host = headers.get("host", "")
    if not visit.get().credible:
        return None
    if response := await app._handle_execute_api_request(host, path, method, headers, body, query, raw_path=raw_path,
                                                         raw_query_string=raw_query_string):
        return app._with_data_plane_headers(response, request_id, wildcard_cors=False)
    if response := await app._handle_lambda_url_request(host, path, method, headers, body, query):
        response[1].setdefault("x-amzn-RequestId", request_id)
        return response
    target = app._s3_cors_target(host, path, path_style=False)
    if target and (
            response := await app._handle_s3_vhost_request(host, path, method, headers, body, query)):
        response[1].update(app._get_module("s3").cors_response_headers(target[0], method, headers))
        return app._with_data_plane_headers(response, request_id, include_s3_id=True, wildcard_cors=False)
    return None


async def services(dispatch, method, path, headers, body, query, request_id):
    """Public operations of user pools, and objects; all other services refuse."""
    from ministack import app
    from ministack.core.iam_actions import unsigned_operations

    current = visit.get()
    service = app.detect_service(method, path, headers, app._routing_params(method, path, headers, body, query))
    is_open = False
    if service == "cognito-idp":
        operation = headers.get("x-amz-target", "").removeprefix(USER_POOLS)
        is_open = path in RETURNS or path == "/" and operation in unsigned_operations(service)
    elif service == "s3" and current.credible and not path.startswith("/_"):
        # A bucket that exists asks its policy and access lists, and checks the signature in the fields of a form.
        is_open = (app._s3_cors_target(headers.get("host", ""), path) is not None
                   or current.signed and not current.from_page)
    if is_open:
        return opened(await dispatch(method, path, headers, body, query, request_id))
    return app._credential_failure(service, "", request_id, current.refusal, headers)


def entrance(application, hint):
    """The emulator's application behind the door."""
    async def enter(scope, receive, send):
        if scope["type"] == "lifespan":
            return await application(scope, receive, send)
        names = [value.decode("latin-1") for name, value in scope["headers"] if name.lower() == b"host"]
        is_own = hosts.are_own(names)
        if not scope["path"].startswith("/") or not (is_own or is_custom_domain(names, scope["path"])):
            return await turn_away(scope, receive, send)
        request = read(scope)
        if scope["type"] == "http" and request.needs_body():
            request.body = await collect(receive)
            if request.body is None:
                return None
            receive = replay(request.body, receive)
        failure = signature.failure(request)
        from_page = "origin" in request.headers or not is_own
        current = Visit(refusal(failure, request, scope["path"], from_page, hint), failure is None, request.anonymous,
                        from_page)
        visit.set(current)
        if scope["type"] == "websocket" and not is_open_socket(request, scope):
            return await turn_away(scope, receive, send)
        if scope["path"] == "/_ministack/rds/iam-auth" and current.refusal:
            return await turn_away(scope, receive, send)
        return await application(scope, receive, reticent(send, current))
    return enter


def is_custom_domain(names, path):
    """Whether the host is a domain that the user gave to an API, which opens the way to that API alone."""
    from ministack import app

    return len(names) == 1 and app._resolve_custom_domain_request(names[0], path) is not None


def read(scope):
    """The request, with the values of a repeated header joined as a signature joins them."""
    from ministack.core.sigv4 import decode_header_value

    headers = {}
    for name, value in scope["headers"]:
        key, text = name.decode("latin-1").lower(), decode_header_value(value)
        headers[key] = f"{headers[key]},{text}" if key in headers else text
    query = parse_qs(scope.get("query_string", b"").decode("utf-8", "replace"), keep_blank_values=True)
    raw_path = scope.get("raw_path") or quote(scope["path"]).encode()
    return signature.Request(scope.get("method", "GET"), raw_path.decode("latin-1"), query, headers)


def refusal(failure, request, path, from_page, hint):
    """Why the control plane refuses a request, with a hint for the owner of the cloud."""
    from ministack.core.iam_evaluator import AuthError, is_root_access_key
    from ministack.core.router import extract_access_key_id

    if failure:
        return replace(failure, message=f"{failure.message} ({hint})")
    if from_page:
        return AuthError("AccessDenied", "The control plane of the local cloud accepts no requests from web pages.")
    if request.for_objects:
        return AuthError("SignatureDoesNotMatch", "Credential should be scoped to correct service.")
    key = extract_access_key_id(request.headers, request.query)
    if path.startswith("/_ministack/") and not is_root_access_key(key):
        return AuthError("AccessDenied", "Only the owner of the local cloud may use the emulator's own endpoints.")
    return None


def is_open_socket(request, scope):
    """WebSockets lead to an API, whose own authorizer decides, or need a signature."""
    from ministack import app

    current = visit.get()
    is_api = app._parse_execute_api_url(request.headers.get("host", ""), scope["path"]) is not None
    return current.refusal is None or (is_api and current.credible)


async def collect(receive):
    """The whole body; nothing if the client is gone."""
    parts = []
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return None
        parts.append(message.get("body", b""))
        if not message.get("more_body", False):
            return b"".join(parts)


def replay(body, receive):
    """Gives the body once more, and then what comes after it."""
    messages = [{"type": "http.request", "body": body, "more_body": False}]

    async def again():
        return messages.pop() if messages else await receive()
    return again


def reticent(send, current):
    """Removes the headers by which the emulator lets every page read the responses of the control plane."""
    async def send_on(message):
        if message["type"] == "http.response.start" and not current.is_open:
            kept = [(name, value) for name, value in message.get("headers", [])
                    if not name.lower().startswith(b"access-control-")]
            message = {**message, "headers": kept}
        await send(message)
    return send_on


async def turn_away(scope, receive, send):
    """Refuses a request for another host, before the emulator sees it."""
    if scope["type"] == "websocket":
        await receive()
        return await send({"type": "websocket.close", "code": 1008})
    text = b"The local cloud accepts requests to 127.0.0.1 and localhost only."
    headers = [(b"content-type", b"text/plain"), (b"content-length", str(len(text)).encode())]
    await send({"type": "http.response.start", "status": 403, "headers": headers})
    await send({"type": "http.response.body", "body": text})
