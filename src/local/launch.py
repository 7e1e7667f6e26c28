"""Runs the local cloud in a session of its own: neither Ctrl-C nor a closed terminal reaches it.

Standard input is the file that records the running cloud. Its lock came with it, and goes when this process ends.
"""

import os
import sys

os.setsid()
os.write(0, f"{os.getpid()} {os.environ['GATEWAY_PORT']}\n".encode())

from ministack.app import main

sys.argv = ["ministack"]
main()
