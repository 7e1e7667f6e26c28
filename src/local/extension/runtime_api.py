"""The emulator opens a port of its own for each function with a custom runtime: the runtime API, by which the function
fetches events and returns results. Here it accepts no requests from web pages."""

import http.server

from . import hosts

SEAMS = {"http.server:BaseHTTPRequestHandler.parse_request": "self"}


def install():
    """Guards every server of this kind in the process."""
    handler = http.server.BaseHTTPRequestHandler
    original = handler.parse_request

    def parse_request(self):
        if not original(self):
            return False
        if hosts.are_own(self.headers.get_all("host", [])) and "origin" not in self.headers:
            return True
        self.send_error(403)
        return False

    handler.parse_request = parse_request
