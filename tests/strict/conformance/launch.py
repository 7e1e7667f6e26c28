"""Runs moto's server at a free port of this machine alone, and says on standard output which one it is, once it listens.

It ends when its standard input does: whoever started it has ended, by whatever way.
"""

import os
import sys
import threading

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server


def end_with_the_parent():
    sys.stdin.buffer.read()
    os._exit(0)


def create(service):
    """moto's own answer to an operation that it lacks is a page that says that it has failed."""
    app = create_backend_app(service)
    app.register_error_handler(NotImplementedError, lambda _: ('{"__type": "UnknownOperationException"}', 400))
    return app


threading.Thread(target=end_with_the_parent, daemon=True).start()
server = make_server("127.0.0.1", 0, DomainDispatcherApplication(create), threaded=True)
print(server.server_port, flush=True)
server.serve_forever()
