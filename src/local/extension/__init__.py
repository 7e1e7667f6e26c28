"""The local extension: what the local cloud does otherwise than MiniStack, the emulator under it.

Each module replaces functions of the emulator before it starts. What a module replaces or calls it declares in `SEAMS`,
which `seams` compares with the emulator that is installed: a new version whose functions changed stops here, with a
line that names them, and not in some request later.
"""

from . import credentials, door, roles, runtime_api, seams, signature

MODULES = [signature, door, roles, runtime_api]


def install(state):
    """Prepares the emulator, which has not started yet, for the state folder `state`."""
    seams.check(MODULES)
    keys = credentials.obtain(state / "credentials")
    keys.hand_over()
    door.install(hint=f"the credentials of the local cloud are in {state / 'credentials'}")
    roles.install(keys.secret)
    runtime_api.install()
