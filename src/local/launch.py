"""Runs the local cloud in a session of its own: neither Ctrl-C nor a closed terminal reaches it.

Standard input is the file that records the running cloud. Its lock came with it, and goes when this process ends.
"""

import os
import sys
from pathlib import Path

os.setsid()
os.write(0, f"{os.getpid()} {os.environ['GATEWAY_PORT']}\n".encode())

state = Path(__file__).resolve().parent
sys.path.insert(0, str(state / "python"))
import extension

extension.install(state)

from ministack import app

sys.argv = ["ministack"]
app.main()
