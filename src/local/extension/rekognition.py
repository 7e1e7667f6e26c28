"""Rekognition: labels and text of an image, told by its texts and its name (`images`); here are AWS's shapes
[API reference of Amazon Rekognition; its service model of 2016-06-27]."""

import re

from . import ai, images

SEAMS = {}

RULES = images.Rules(
    member="Image", formats=("png", "jpeg"), most_sent=5 << 20, most_stored=15 << 20,
    too_large=("ImageTooLargeException", "Image size is too large"),
    other_format=("InvalidImageFormatException", "Request has invalid image format"),
)
FEATURES = ("GENERAL_LABELS", "IMAGE_PROPERTIES")
INVALID = ("InvalidParameterException", "Request has invalid parameters")
# Of AWS's labels those that tests like to use: the parents and the category.
ANIMALS, VEHICLES = "Animals and Pets", "Vehicles and Automotive"
PLANTS, NATURE = "Plants and Flowers", "Nature and Outdoors"
PEOPLE, TEXTS = "Person Description", "Text and Documents"
KNOWN = {
    "Cat": (("Animal", "Mammal", "Pet"), ANIMALS),
    "Dog": (("Animal", "Mammal", "Pet"), ANIMALS),
    "Horse": (("Animal", "Mammal"), ANIMALS),
    "Bird": (("Animal",), ANIMALS),
    "Mammal": (("Animal",), ANIMALS),
    "Pet": (("Animal",), ANIMALS),
    "Animal": ((), ANIMALS),
    "Bicycle": (("Transportation", "Vehicle"), VEHICLES),
    "Bus": (("Transportation", "Vehicle"), VEHICLES),
    "Car": (("Transportation", "Vehicle"), VEHICLES),
    "Truck": (("Transportation", "Vehicle"), VEHICLES),
    "Vehicle": (("Transportation",), VEHICLES),
    "Transportation": ((), VEHICLES),
    "Flower": (("Plant",), PLANTS),
    "Tree": (("Plant",), PLANTS),
    "Plant": ((), PLANTS),
    "Beach": (("Nature", "Outdoors"), NATURE),
    "Mountain": (("Nature", "Outdoors"), NATURE),
    "Nature": ((), NATURE),
    "Outdoors": ((), NATURE),
    "Face": (("Head", "Person"), PEOPLE),
    "Head": (("Person",), PEOPLE),
    "Person": ((), PEOPLE),
    "Logo": ((), "Symbols and Flags"),
    "Document": (("Text",), TEXTS),
    "Page": (("Text",), TEXTS),
    "Text": ((), TEXTS),
}
# What every image is.
NO_LABELS = {"Image", "Img", "Photo", "Picture", "Png", "Jpg", "Jpeg", "The", "And", "With"}


def install():
    """Adds the service."""
    image = {"Image": ai.Member(dict)}
    ai.register("rekognition", "RekognitionService", {
        "DetectLabels": ai.Operation(labels, {
            **image,
            "MaxLabels": ai.Member(int, required=False),
            "MinConfidence": ai.Member(float, required=False),
            "Features": ai.Member(list, required=False, values=FEATURES),
            "Settings": ai.Member(dict, required=False),
        }),
        "DetectText": ai.Operation(text, {**image, "Filters": ai.Member(dict, required=False)}),
    })


def labels(request, caller):
    """The labels of an image, the most probable first, each after what it is found by."""
    most, least = request.get("MaxLabels"), request.get("MinConfidence", 55)
    if most is not None and most < 1 or not 0 <= least <= 100:
        raise ai.Refused(*INVALID)
    if "IMAGE_PROPERTIES" in request.get("Features", ()):
        raise ai.Refused("InvalidParameterException", "The local cloud has no IMAGE_PROPERTIES, only GENERAL_LABELS")
    confidences = found_in(images.read(request, caller, RULES))
    chosen = filtered([label(*item) for item in confidences.items() if item[1] >= least], request.get("Settings") or {})
    chosen.sort(key=lambda one: -one["Confidence"])
    return {"Labels": chosen[:most], "LabelModelVersion": "3.0"}


def found_in(image):
    """The names of the labels with their confidence. What stands in the image itself is surer than a name."""
    confidences = {}
    for parts, known, other in ((image.name, 98.0, 80.0), (letters(image.own), 99.0, 85.0)):
        for part in parts:
            name = part.capitalize()
            if name not in NO_LABELS:
                confidences[name] = known if name in KNOWN else other
    for name, confidence in list(confidences.items()):
        for parent in KNOWN.get(name, ((), ""))[0]:
            confidences[parent] = max(confidence, confidences.get(parent, 0))
    return confidences


def letters(lines):
    return [part for line in lines for part in re.findall(r"[^\W\d_]{3,}", line)]


def label(name, confidence):
    parents, category = KNOWN.get(name, ((), "Everyday Objects"))
    return {"Name": name, "Confidence": confidence, "Instances": [],
            "Parents": [{"Name": parent} for parent in parents], "Aliases": [], "Categories": [{"Name": category}]}


def filtered(found, settings):
    """The labels that the filters of a request leave."""
    filters = settings.get("GeneralLabels") or {}

    def stays(one):
        names, categories = {one["Name"]}, {category["Name"] for category in one["Categories"]}
        for kind, own in (("Label", names), ("LabelCategory", categories)):
            included, excluded = (filters.get(f"{kind}{way}Filters") or [] for way in ("Inclusion", "Exclusion"))
            if included and not own & set(included) or own & set(excluded):
                return False
        return True
    return [one for one in found if stays(one)]


def text(request, caller):
    """The lines of an image, and then their words."""
    if request.get("Filters"):
        raise ai.Refused("InvalidParameterException", "The local cloud has no Filters of DetectText")
    laid_out = list(images.layout(images.read(request, caller, RULES).lines))
    found = [{"DetectedText": line, "Type": "LINE", "Id": number, "Confidence": 99.0, "Geometry": place}
             for number, (line, place, _) in enumerate(laid_out)]
    for parent, (_, _, words) in enumerate(laid_out):
        for word, place in words:
            found.append({"DetectedText": word, "Type": "WORD", "Id": len(found), "ParentId": parent,
                          "Confidence": 99.0, "Geometry": place})
    return {"TextDetections": found, "TextModelVersion": "3.0"}
