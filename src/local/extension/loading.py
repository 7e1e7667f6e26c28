"""Code that cannot be loaded: why stands in the function's log, as at AWS. The emulator puts only the message into the
response, and of an error in a module that tells neither the place nor the file. Lines of Python's `logging` have the
level, the time and the request before them, as at AWS."""

import inspect
import threading

SEAMS = {
    "ministack.core.lambda_runtime:_PYTHON_WORKER_SCRIPT": "text #368800addf4dc998",
    "ministack.core.lambda_runtime:_NODEJS_WORKER_SCRIPT": "text #4c6fe8a41c8fb28a",
    "ministack.core.lambda_runtime:Worker": "func_name config code_zip",
    "ministack.core.lambda_runtime:Worker._drain_stderr_bounded": "self first_line_wait idle_confirm hard_cap",
    "ministack.core.lambda_runtime:Worker._spawn": "self #c55febf956565c5e",
    "ministack.core.lambda_runtime:ProvidedWorker": "func_name config code_zip",
    "ministack.core.lambda_runtime:ProvidedWorker._spawn": "self init_timeout #f34380f97fd03e7d",
    "ministack.services.lambda_svc:_execute_function_warm": "func event request_id #62b9218bef5b948a",
    "ministack.services.lambda_svc:_execute_function_provided_warm": "func event request_id #7cddef20157fd1f5",
}

# What the programs that run functions say of an error while code is loaded, and what they say here.
PYTHON = ('"error": str(e)}', '"error": report(e, module_name, code_dir)}')
NODE = (
    'error: e.message\n',
    'error: (console.error(String(e.stack || e).split(code_dir).join("/var/task")), e.message)\n',
)

# Where the program of a Python function learns how to log, and of which request.
LOGGING = ('    _ms_install_invoke_depth()\n', '    _ms_install_invoke_depth()\n    log_as_lambda()\n')
REQUEST = (
    'event = _ms_msg["event"]\n',
    'event = _ms_msg["event"]\n        log_as_lambda.request = (_ms_msg.get("ctx") or {}).get("request_id", "")\n',
)

# What the current thread's function wrote before it failed to start.
failed = threading.local()


def report(error, module, folder):
    """Writes to the function's log why its module cannot be loaded, in the words of Lambda. Returns the message."""
    import sys
    import traceback

    if isinstance(error, ImportError):
        why = f"Runtime.ImportModuleError: Unable to import module '{module}': {error}"
    elif isinstance(error, SyntaxError):
        why = f"Runtime.UserCodeSyntaxError: Syntax error in module '{module}': {error}"
    else:
        why = f"{type(error).__name__}: {error}"
    # The first frames are those of the emulator and of the import.
    trace = error.__traceback__
    while trace and not trace.tb_frame.f_code.co_filename.startswith(folder):
        trace = trace.tb_next
    lines = [f"[ERROR] {why}\n", *traceback.format_exception(type(error), error, trace)]
    sys.stderr.write("".join(lines).replace(folder, "/var/task"))
    sys.stderr.flush()
    return str(error)


def log_as_lambda():
    """Gives the lines of `logging` the form that they have in Lambda."""
    import logging
    import time

    class Form(logging.Formatter):
        converter = time.gmtime

        def format(self, record):
            record.aws_request_id = getattr(log_as_lambda, "request", "")
            return super().format(record)

    handler = logging.StreamHandler()
    handler.setFormatter(Form("[%(levelname)s]\t%(asctime)s.%(msecs)03dZ\t%(aws_request_id)s\t%(message)s",
                              "%Y-%m-%dT%H:%M:%S"))
    logging.getLogger().addHandler(handler)


def install():
    """Replaces the programs that run functions, and what writes the logs of those that did not start."""
    from ministack.core import lambda_runtime
    from ministack.services import lambda_svc

    python = lambda_runtime._PYTHON_WORKER_SCRIPT
    for change in (PYTHON, LOGGING, REQUEST):
        python = changed(python, change)
    lambda_runtime._PYTHON_WORKER_SCRIPT = "\n".join([*map(inspect.getsource, (report, log_as_lambda)), python])
    lambda_runtime._NODEJS_WORKER_SCRIPT = changed(lambda_runtime._NODEJS_WORKER_SCRIPT, NODE)
    for worker in (lambda_runtime.Worker, lambda_runtime.ProvidedWorker):
        worker._spawn = keeping_output(worker._spawn)
    for name in ("_execute_function_warm", "_execute_function_provided_warm"):
        setattr(lambda_svc, name, logged(getattr(lambda_svc, name)))


def changed(script, change):
    """A script with one place changed."""
    old, new = change
    if script.count(old) != 1:
        raise SystemExit(f"The local extension does not fit MiniStack: its program of functions has not {old!r} once")
    return script.replace(old, new)


def keeping_output(spawn):
    """The start of a function. The emulator drops what it wrote if it fails."""
    def start(self, *args, **others):
        try:
            return spawn(self, *args, **others)
        except Exception:
            failed.output = self._drain_stderr_bounded()
            raise
    return start


def logged(execute):
    """A call of a function. One that fails without a word in the log gets its output and the message there."""
    def call(func, event, request_id):
        failed.output = ""
        result = execute(func, event, request_id)
        if result.get("error") and not result.get("log"):
            body = result.get("body")
            message = body.get("errorMessage", "") if isinstance(body, dict) else ""
            result["log"] = failed.output or f"[ERROR] {message}"
        return result
    return call
