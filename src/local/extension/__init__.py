"""The local extension: where the local cloud differs from MiniStack, the emulator under it.

Each module replaces functions of the emulator before it starts. What a module replaces or calls it declares in `SEAMS`,
which `seams` compares with the emulator that is installed: if they changed in a new version, the start fails with a
line that names them.
"""

from . import (
    admission,
    ai,
    aliases,
    asynchronous,
    batches,
    buses,
    comprehend,
    credentials,
    deliveries,
    destinations,
    door,
    images,
    links,
    loading,
    log_filters,
    mappings,
    notifications,
    publishing,
    qualifiers,
    rekognition,
    request_log,
    roles,
    routing,
    runtime_api,
    schedules,
    seams,
    signature,
    state_machines,
    streams,
    tags,
    textract,
)

MODULES = [
    signature, door, links, loading, request_log, roles, runtime_api, destinations, asynchronous, aliases, publishing,
    qualifiers, routing, streams, state_machines, admission, log_filters, deliveries, buses, schedules,
    notifications, mappings, batches, tags, ai, images, comprehend, rekognition, textract,
]


def install(state):
    """Prepares the emulator, which has not started yet, for the state folder `state`."""
    seams.check(MODULES)
    keys = credentials.obtain(state / "credentials")
    keys.hand_over()
    door.install(hint=f"the credentials of the local cloud are in {state / 'credentials'}")
    links.install()
    loading.install()
    request_log.install(state / "requests.log")
    roles.install(keys.secret)
    runtime_api.install()
    asynchronous.install()
    aliases.install()
    deliveries.install()
    buses.install()
    schedules.install()
    publishing.install()
    qualifiers.install()
    routing.install()
    state_machines.install()
    streams.install()
    admission.install()
    log_filters.install()
    notifications.install()
    mappings.install()
    batches.install()
    tags.install()
    comprehend.install()
    rekognition.install()
    textract.install()
