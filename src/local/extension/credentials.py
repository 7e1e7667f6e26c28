"""The credentials of the local cloud's owner: random, kept in the state folder for the user alone.

They are created at the first start and kept, as the port is, so that programs and presigned URLs still work after a
restart.
The file has the form that every AWS tool reads (`AWS_SHARED_CREDENTIALS_FILE`).
"""

import configparser
import os
import secrets
import string
from dataclasses import dataclass, field

ID = "aws_access_key_id"
SECRET = "aws_secret_access_key"
TEXT = """\
# These allow everything in this local cloud. To get new ones: stop it, delete this file, start it.
[default]
{ID} = {id}
{SECRET} = {secret}
"""


@dataclass(frozen=True)
class Keys:
    id: str
    secret: str = field(repr=False)

    def hand_over(self):
        """The emulator takes the credentials of the account's owner from its environment. Functions, which inherit the
        environment, get those of their role in place of these."""
        os.environ["AWS_ACCESS_KEY_ID"] = self.id
        os.environ["AWS_SECRET_ACCESS_KEY"] = self.secret


def obtain(file):
    """The credentials in a file, which is written if it has none."""
    keys = read(file)
    if keys is None:
        # Upper-case letters and digits, as in the ids of AWS.
        letters = string.ascii_uppercase + "234567"
        keys = Keys("AKIA" + "".join(secrets.choice(letters) for _ in range(16)), secrets.token_urlsafe(30))
        write(file, TEXT.format(ID=ID, SECRET=SECRET, id=keys.id, secret=keys.secret))
    file.chmod(0o600)
    return keys


def read(file):
    parser = configparser.RawConfigParser()
    try:
        parser.read_string(file.read_text())
        found = Keys(parser["default"][ID], parser["default"][SECRET])
    except (FileNotFoundError, KeyError, UnicodeDecodeError, configparser.Error):
        return None
    return found if found.id and len(found.secret) >= 40 else None


def write(file, text):
    """Writes a file that no other user can ever read, and that exists completely or not at all."""
    new = file.with_suffix(".new")
    new.unlink(missing_ok=True)
    with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
        out.write(text)
    new.replace(file)
