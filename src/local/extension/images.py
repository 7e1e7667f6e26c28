"""Images and documents of a request: its bytes, or an object in a bucket, which the caller must be allowed to read.

Nothing looks at the pixels. What an image shows is given by the texts that are stored in the file (the text chunks of a
PNG, the comments of a JPEG), and without these by the name of the object: `items/cat.png` shows a cat.
"""

import base64
import re
import struct
import zlib
from dataclasses import dataclass

from . import ai

SEAMS = {
    "ministack.core.iam_evaluator:enforce": "access_key_id iam_action service region resource_arn service_context",
    "ministack.services.s3:_get_object_data": "bucket_name key version_id",
}

BEGINNINGS = {b"\x89PNG\r\n\x1a\n": "png", b"\xff\xd8\xff": "jpeg", b"%PDF-": "pdf", b"II*\x00": "tiff",
              b"MM\x00*": "tiff"}
UUID = re.compile("[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
# A text that is longer is cut.
MOST_TEXT = 100_000
UNREADABLE = "Unable to get object metadata from S3. Check object key, region and/or access permissions."


@dataclass(frozen=True)
class Rules:
    """What a service takes, and by which errors it refuses the rest: code and message."""

    # The member of the request, and the formats.
    member: str
    formats: tuple
    # The most bytes in a request, and of an object.
    most_sent: int
    most_stored: int
    too_large: tuple
    other_format: tuple


@dataclass(frozen=True)
class Image:
    # What the file itself says, a line each.
    own: tuple
    # The words of the object's name.
    name: tuple

    @property
    def lines(self):
        """What is read in it."""
        return self.own or ((" ".join(self.name),) if self.name else ())


def read(request, caller, rules):
    """The image of a request."""
    source = request[rules.member]
    if not isinstance(source.get("S3Object", {}), dict):
        raise ai.Refused("SerializationException", "The member S3Object has the wrong type")
    sent, stored = source.get("Bytes"), source.get("S3Object")
    if (sent is None) == (stored is None):
        raise ai.Refused("InvalidParameterException", "Request has invalid parameters")
    content = decoded(sent, rules) if stored is None else fetched(stored, caller)
    if stored is not None and len(content) > rules.most_stored:
        raise ai.Refused(*rules.too_large)
    form = next((form for beginning, form in BEGINNINGS.items() if content.startswith(beginning)), None)
    if form not in rules.formats:
        raise ai.Refused(*rules.other_format)
    name = words_of(stored["Name"]) if stored else ()
    own = tuple(line.strip() for text in TEXTS.get(form, none)(content) for line in text.splitlines() if line.strip())
    return Image(own, name)


def decoded(sent, rules):
    """The bytes that are in a request."""
    try:
        content = base64.b64decode(sent, validate=True)
    except (TypeError, ValueError):
        raise ai.Refused("SerializationException", "Bytes are not base64") from None
    for problem, applies in ((f"less than or equal to {rules.most_sent}", len(content) > rules.most_sent),
                             ("greater than or equal to 1", not content)):
        if applies:
            raise ai.Refused("ValidationException",
                             f"1 validation error detected: Value at '{rules.member.lower()}.bytes' failed to satisfy "
                             f"constraint: Member must have length {problem}")
    return content


def fetched(stored, caller):
    """An object, read as the caller. Whether it is missing or forbidden is not told, as at AWS."""
    from ministack.core.iam_evaluator import enforce
    from ministack.services import s3

    bucket, key, version = (stored.get(name) for name in ("Bucket", "Name", "Version"))
    if not (isinstance(bucket, str) and isinstance(key, str) and bucket and key):
        raise ai.Refused("InvalidParameterException", "Request has invalid parameters")
    action = "s3:GetObjectVersion" if version else "s3:GetObject"
    denied = enforce(caller.access_key, action, "s3", caller.region, resource_arn=f"arn:aws:s3:::{bucket}/{key}")
    content = None if denied else s3._get_object_data(bucket, key, version)
    if content is None:
        raise ai.Refused("InvalidS3ObjectException", UNREADABLE)
    return content


def words_of(key):
    """The words of an object's name, without its folders, its ending, numbers and random parts."""
    stem = key.rsplit("/", 1)[-1].rsplit(".", 1)[0]
    parts = re.split(r"[\W_]+", UUID.sub("", stem))
    return tuple(part for part in parts if len(part) > 2 and part.isalpha())


def none(_):
    return []


def png_texts(content):
    """The values of the text chunks of a PNG [PNG 11.3.3]."""
    texts, place = [], 8
    while place + 8 <= len(content):
        length, kind = struct.unpack(">I4s", content[place:place + 8])
        data = content[place + 8:place + 8 + length]
        place += 12 + length
        keyword, _, rest = data.partition(b"\0")
        if kind == b"tEXt":
            texts.append(rest.decode("latin-1"))
        elif kind == b"zTXt":
            texts.append(inflated(rest[1:]).decode("latin-1"))
        elif kind == b"iTXt" and len(parts := rest[2:].split(b"\0", 2)) == 3:
            texts.append((inflated(parts[2]) if rest[0] else parts[2]).decode("utf-8", "replace"))
    return texts


def inflated(data):
    try:
        return zlib.decompressobj().decompress(data, MOST_TEXT)
    except zlib.error:
        return b""


def jpeg_texts(content):
    """The comments of a JPEG, which stand before the scan."""
    texts, place = [], 2
    while place + 4 <= len(content) and content[place] == 0xFF and content[place + 1] != 0xDA:
        length = int.from_bytes(content[place + 2:place + 4], "big")
        if content[place + 1] == 0xFE:
            texts.append(content[place + 4:place + 2 + length].decode("utf-8", "replace"))
        place += 2 + max(length, 2)
    return texts


TEXTS = {"png": png_texts, "jpeg": jpeg_texts}


def geometry(left, top, width, height):
    """A place in an image, as the services tell it: in shares of its width and height."""
    right, bottom = left + width, top + height
    corners = [(left, top), (right, top), (right, bottom), (left, bottom)]
    box = {"Width": round(width, 6), "Height": round(height, 6), "Left": round(left, 6), "Top": round(top, 6)}
    return {"BoundingBox": box, "Polygon": [{"X": round(x, 6), "Y": round(y, 6)} for x, y in corners]}


def layout(lines):
    """Each line with its place, and its words with theirs: the lines fill the image, the letters a line."""
    height = 0.9 / max(len(lines), 1)
    longest = max((len(line) for line in lines), default=1)
    for number, line in enumerate(lines):
        top, letter = 0.05 + number * height, 0.9 / longest
        words = [(word.group(), geometry(0.05 + word.start() * letter, top, len(word.group()) * letter, 0.8 * height))
                 for word in re.finditer(r"\S+", line)]
        yield line, geometry(0.05, top, len(line) * letter, 0.8 * height), words
