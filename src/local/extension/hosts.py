"""The names of the local cloud. A page whose name was made to point to this machine (DNS rebinding) sends its own name
as the `Host`. No attacker can own `localhost` or a name below it [RFC 6761, 6.3]."""

import re

# The port may be that of a proxy in front.
OWN = re.compile(r"(127\.0\.0\.1|([a-z0-9_-]+\.)*localhost)(:[0-9]+)?", re.ASCII | re.IGNORECASE)


def are_own(hosts):
    """Whether there is one `Host`, and it is a name of this machine."""
    return len(hosts) == 1 and OWN.fullmatch(hosts[0]) is not None
