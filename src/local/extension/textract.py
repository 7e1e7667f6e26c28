"""Textract: the lines, words and fields of a document of one page, told by its texts and its name (`images`); here are
AWS's shapes [API reference of Amazon Textract; its service model of 2018-06-27]."""

import uuid

from . import ai, images

SEAMS = {}

RULES = images.Rules(
    member="Document", formats=("png", "jpeg", "pdf", "tiff"), most_sent=10 << 20, most_stored=10 << 20,
    too_large=("DocumentTooLargeException", "Document is too large"),
    other_format=("UnsupportedDocumentException", "Request has unsupported document format"),
)
FEATURES = ("TABLES", "FORMS", "QUERIES", "SIGNATURES", "LAYOUT")
WHOLE = images.geometry(0, 0, 1, 1)


def install():
    """Adds the service."""
    document = {"Document": ai.Member(dict)}
    ai.register("textract", "Textract", {
        "DetectDocumentText": ai.Operation(text, document),
        "AnalyzeDocument": ai.Operation(analysis, {
            **document,
            "FeatureTypes": ai.Member(list, values=FEATURES),
            "QueriesConfig": ai.Member(dict, required=False),
        }),
    })


def text(request, caller):
    lines = images.read(request, caller, RULES).lines
    return {"DocumentMetadata": {"Pages": 1}, "Blocks": blocks(lines), "DetectDocumentTextModelVersion": "1.0"}


def analysis(request, caller):
    """The text, with the fields of a form (`Name: Ada`) and the queries. There are no tables and signatures here."""
    features, queries = request["FeatureTypes"], (request.get("QueriesConfig") or {}).get("Queries") or []
    if not features or bool(queries) != ("QUERIES" in features):
        raise ai.Refused("InvalidParameterException", "Request has invalid parameters")
    if "LAYOUT" in features:
        raise ai.Refused("InvalidParameterException", "The local cloud has no LAYOUT")
    found = blocks(images.read(request, caller, RULES).lines)
    if "FORMS" in features:
        found += fields(found)
    for number, query in enumerate(queries):
        found.append({"BlockType": "QUERY", "Id": id_of("QUERY", number, query.get("Text")), "Query": query})
    link(found[0], [one for one in found if one["BlockType"] in ("LINE", "KEY_VALUE_SET", "QUERY")])
    return {"DocumentMetadata": {"Pages": 1}, "Blocks": found, "AnalyzeDocumentModelVersion": "1.0"}


def id_of(*parts):
    """The same for the same input."""
    return str(uuid.uuid5(uuid.NAMESPACE_OID, repr(parts)))


def link(block, others, kind="CHILD"):
    """Relates a block to others, in place of those before."""
    kept = [one for one in block.get("Relationships", []) if one["Type"] != kind]
    block["Relationships"] = kept + [{"Type": kind, "Ids": [one["Id"] for one in others]}] * bool(others)
    if not block["Relationships"]:
        del block["Relationships"]


def blocks(lines):
    """The page, its lines, and their words."""
    page = {"BlockType": "PAGE", "Geometry": WHOLE, "Id": id_of("PAGE", *lines)}
    of_lines, of_words = [], []
    for number, (line, place, words) in enumerate(images.layout(lines)):
        block = {"BlockType": "LINE", "Confidence": 99.0, "Text": line, "Geometry": place,
                 "Id": id_of("LINE", number, line)}
        own = [{"BlockType": "WORD", "Confidence": 99.0, "Text": word, "TextType": "PRINTED", "Geometry": its,
                "Id": id_of("WORD", number, at, word)} for at, (word, its) in enumerate(words)]
        link(block, own)
        of_lines.append(block)
        of_words += own
    link(page, of_lines)
    return [page, *of_lines, *of_words]


def fields(found):
    """A key and a value for each line that has both."""
    words = {one["Id"]: one for one in found if one["BlockType"] == "WORD"}
    made = []
    for line in (one for one in found if one["BlockType"] == "LINE"):
        own = [words[name] for relation in line["Relationships"] for name in relation["Ids"]]
        end = next((at + 1 for at, word in enumerate(own) if word["Text"].endswith(":")), len(own))
        if end == len(own):
            continue
        value, key = (field(line, own[end:], "VALUE"), field(line, own[:end], "KEY"))
        key["Relationships"].insert(0, {"Type": "VALUE", "Ids": [value["Id"]]})
        made += [key, value]
    return made


def field(line, words, kind):
    boxes = [word["Geometry"]["BoundingBox"] for word in words]
    left, right = boxes[0]["Left"], boxes[-1]["Left"] + boxes[-1]["Width"]
    block = {"BlockType": "KEY_VALUE_SET", "Confidence": 95.0, "EntityTypes": [kind], "Id": id_of(kind, line["Id"]),
             "Geometry": images.geometry(left, boxes[0]["Top"], right - left, boxes[0]["Height"])}
    link(block, words)
    return block
