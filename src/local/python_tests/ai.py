"""Tests of the AI services of a local cloud: AWS's shapes and errors, and who may call them.

Usage: ai.py URL, that of a local cloud, with its credentials in `AWS_SHARED_CREDENTIALS_FILE`.
"""

import json
import struct
import sys
import unittest
import zlib

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.model import ListShape, StructureShape

CLOUD = sys.argv.pop(1)
TEXT = "I love the video that Ada Lovelace made in London. 😀 Mail ada@example.com"
# Without what botocore checks by itself, so that the service must.
UNCHECKED = Config(retries={"max_attempts": 0}, parameter_validation=False)
# AWS sends these in some responses only.
SOMETIMES = {
    "BlockReferences", "Blocks", "ColumnIndex", "ColumnSpan", "Confidence", "DocumentMetadata", "DocumentType",
    "DominantColors", "EntityTypes", "Errors", "Geometry", "HumanLoopActivationOutput", "ImageProperties",
    "OrientationCorrection", "Page", "Pages", "ParentId", "Query", "Relationships", "RotationAngle", "RowIndex",
    "RowSpan", "SelectionStatus", "Text", "TextType",
}


def client(service, **others):
    return boto3.client(service, endpoint_url=CLOUD, region_name="us-east-1", config=UNCHECKED, **others)


def png(*texts):
    def chunk(kind, data):
        return struct.pack(">I4s", len(data), kind) + data + struct.pack(">I", zlib.crc32(kind + data))

    parts = [chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0)),
             *(chunk(b"tEXt", b"Comment\0" + text.encode("latin-1")) for text in texts),
             chunk(b"IDAT", zlib.compress(bytes(4))), chunk(b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def session_of(role, *allowed):
    """The credentials of a new role that may do so much."""
    iam = client("iam")
    trust = {"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": "arn:aws:iam::000000000000:root"}}]}
    arn = iam.create_role(RoleName=role, AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
    statements = [{"Effect": "Allow", "Action": action, "Resource": resource} for action, resource in allowed]
    if statements:
        iam.put_role_policy(RoleName=role, PolicyName="own", PolicyDocument=json.dumps(
            {"Version": "2012-10-17", "Statement": statements}))
    found = client("sts").assume_role(RoleArn=arn, RoleSessionName="test")["Credentials"]
    return {"aws_access_key_id": found["AccessKeyId"], "aws_secret_access_key": found["SecretAccessKey"],
            "aws_session_token": found["SessionToken"]}


def lacking(value, shape, place=""):
    """The members that a response lacks."""
    if isinstance(shape, ListShape):
        return [name for one in value for name in lacking(one, shape.member, f"{place}[]")]
    if not isinstance(shape, StructureShape):
        return []
    wrong = [f"{place}.{name}" for name in shape.members if name not in value and name not in SOMETIMES]
    for name, member in shape.members.items():
        if name in value:
            wrong += lacking(value[name], member, f"{place}.{name}")
    return wrong


class Test(unittest.TestCase):
    def refused(self, code, call, text="", **request):
        with self.assertRaises(ClientError) as error:
            call(**request)
        self.assertEqual(error.exception.response["Error"]["Code"], code)
        self.assertIn(text, error.exception.response["Error"]["Message"])
        self.assertIn(error.exception.response["ResponseMetadata"]["HTTPStatusCode"], (400, 403))

    def whole(self, of, operation, **request):
        """A response, which has all that AWS sends, and is the same again."""
        name = of.meta.method_to_api_mapping[operation]
        response = getattr(of, operation)(**request)
        self.assertEqual(response.pop("ResponseMetadata")["HTTPHeaders"]["content-type"], "application/x-amz-json-1.1")
        self.assertEqual(lacking(response, of.meta.service_model.operation_model(name).output_shape), [])
        again = getattr(of, operation)(**request)
        again.pop("ResponseMetadata")
        self.assertEqual(again, response)
        return response


class Comprehend(Test):
    comprehend = client("comprehend")
    ONE = {"Text": TEXT, "LanguageCode": "en"}

    def test_the_five_operations_answer_from_the_text(self):
        found = self.whole(self.comprehend, "detect_dominant_language", Text=TEXT)
        self.assertEqual(found["Languages"][0]["LanguageCode"], "en")
        found = self.whole(self.comprehend, "detect_sentiment", **self.ONE)
        self.assertEqual(found["Sentiment"], "POSITIVE")
        self.assertAlmostEqual(sum(found["SentimentScore"].values()), 1)
        found = self.whole(self.comprehend, "detect_entities", **self.ONE)["Entities"]
        self.assertEqual([(one["Text"], one["Type"]) for one in found if one["Type"] != "OTHER"],
                         [("Ada Lovelace", "PERSON"), ("London", "LOCATION")])
        for one in found:
            self.assertEqual(TEXT[one["BeginOffset"]:one["EndOffset"]], one["Text"])
        found = self.whole(self.comprehend, "detect_key_phrases", **self.ONE)["KeyPhrases"]
        self.assertEqual([one["Text"] for one in found][:3], ["the video", "Ada Lovelace", "London"])
        found = self.whole(self.comprehend, "detect_pii_entities", **self.ONE)["Entities"]
        self.assertEqual([(TEXT[one["BeginOffset"]:one["EndOffset"]], one["Type"]) for one in found],
                         [("Ada Lovelace", "NAME"), ("ada@example.com", "EMAIL")])

    def test_limits_and_errors_are_those_of_aws(self):
        operations = {name: getattr(self.comprehend, f"detect_{name}")
                      for name in ("entities", "key_phrases", "pii_entities", "sentiment")}
        for name, call in operations.items():
            most = 5_000 if name == "sentiment" else 100_000
            call(Text="é" * (most // 2), LanguageCode="en")
            self.refused("TextSizeLimitExceededException", call,
                         f"allowed is {most} bytes while in this request the text size is {most + 2} bytes",
                         Text="é" * (most // 2 + 1), LanguageCode="en")
            self.refused("ValidationException", call,
                         "'languageCode' failed to satisfy constraint: Member must satisfy enum value set: [en, es,",
                         Text="a", LanguageCode="xx")
            self.refused("ValidationException", call, "Member must have length greater than or equal to 1", Text="",
                         LanguageCode="en")
            code = "InvalidRequestException" if name == "entities" else "ValidationException"
            self.refused(code, call, Text="a")
        self.refused("TextSizeLimitExceededException", self.comprehend.detect_dominant_language, Text="a" * 100_001)
        self.refused("UnsupportedLanguageException", operations["pii_entities"], "de", Text="a", LanguageCode="de")
        self.refused("UnknownOperationException", self.comprehend.list_entity_recognizers, "DetectSentiment")

    def test_the_policies_of_the_caller_decide(self):
        role = client("comprehend", **session_of("reader", ("comprehend:DetectSentiment", "*")))
        self.assertEqual(role.detect_sentiment(**self.ONE)["Sentiment"], "POSITIVE")
        self.refused("AccessDeniedException", role.detect_entities,
                     "not authorized to perform: comprehend:DetectEntities", **self.ONE)
        nobody = session_of("nobody")
        for service, call, request in (
            ("comprehend", "detect_sentiment", self.ONE),
            ("comprehend", "detect_dominant_language", {"Text": "a"}),
            ("rekognition", "detect_labels", {"Image": {"Bytes": png()}}),
            ("textract", "detect_document_text", {"Document": {"Bytes": png()}}),
        ):
            call = getattr(client(service, **nobody), call)
            self.refused("AccessDeniedException", call, f"{service}:Detect", **request)
        wrong = client("comprehend", aws_access_key_id="test", aws_secret_access_key="test")
        self.refused("InvalidSignatureException", wrong.detect_sentiment, **self.ONE)


class Images(Test):
    rekognition, textract, objects = client("rekognition"), client("textract"), client("s3")

    @classmethod
    def setUpClass(cls):
        cls.objects.create_bucket(Bucket="pictures")
        for key in ("items/1/cat.png", "scans/page.png"):
            cls.objects.put_object(Bucket="pictures", Key=key, Body=png())
        cls.objects.put_object(Bucket="pictures", Key="note.txt", Body=b"a text")

    def stored(self, key, member="Image"):
        return {member: {"S3Object": {"Bucket": "pictures", "Name": key}}}

    def test_an_image_has_the_labels_of_its_name_and_of_its_texts(self):
        found = self.whole(self.rekognition, "detect_labels", **self.stored("items/1/cat.png"))
        self.assertEqual(found["LabelModelVersion"], "3.0")
        self.assertEqual([(one["Name"], one["Confidence"]) for one in found["Labels"]],
                         [("Cat", 98), ("Animal", 98), ("Mammal", 98), ("Pet", 98)])
        cat = found["Labels"][0]
        self.assertEqual([one["Name"] for one in cat["Parents"]], ["Animal", "Mammal", "Pet"])
        self.assertEqual(cat["Categories"], [{"Name": "Animals and Pets"}])
        own = {"Image": {"Bytes": png("Logo of Zebra")}}
        found = self.whole(self.rekognition, "detect_labels", **own)["Labels"]
        self.assertEqual([one["Name"] for one in found], ["Logo", "Zebra"])
        few = self.whole(self.rekognition, "detect_labels", **own, MinConfidence=90,
                         Features=["GENERAL_LABELS"])["Labels"]
        self.assertEqual([one["Name"] for one in few], ["Logo"])
        few = self.whole(self.rekognition, "detect_labels", **self.stored("items/1/cat.png"), MaxLabels=1)["Labels"]
        self.assertEqual([one["Name"] for one in few], ["Cat"])
        settings = {"GeneralLabels": {"LabelExclusionFilters": ["Cat", "Pet"], "LabelCategoryInclusionFilters": [
            "Animals and Pets"]}}
        few = self.whole(self.rekognition, "detect_labels", **self.stored("items/1/cat.png"),
                         Settings=settings)["Labels"]
        self.assertEqual([one["Name"] for one in few], ["Animal", "Mammal"])

    def test_the_text_of_an_image_is_that_in_its_chunks(self):
        found = self.whole(self.rekognition, "detect_text", Image={"Bytes": png("Hello there\nAda")})
        self.assertEqual([(one["DetectedText"], one["Type"], one["Id"], one.get("ParentId"))
                          for one in found["TextDetections"]],
                         [("Hello there", "LINE", 0, None), ("Ada", "LINE", 1, None), ("Hello", "WORD", 2, 0),
                          ("there", "WORD", 3, 0), ("Ada", "WORD", 4, 1)])
        found = self.whole(self.textract, "detect_document_text", **self.stored("scans/page.png", "Document"))
        self.assertEqual([(one["BlockType"], one.get("Text")) for one in found["Blocks"]],
                         [("PAGE", None), ("LINE", "page"), ("WORD", "page")])
        empty = self.whole(self.textract, "detect_document_text", Document={"Bytes": b"%PDF-1.7"})
        self.assertEqual([one["BlockType"] for one in empty["Blocks"]], ["PAGE"])

    def test_a_document_has_lines_words_fields_and_queries(self):
        request = {"Document": {"Bytes": png("An invoice\nFirst name: Ada")}, "FeatureTypes": ["FORMS", "QUERIES"],
                   "QueriesConfig": {"Queries": [{"Text": "Who?", "Alias": "WHO"}]}}
        found = self.whole(self.textract, "analyze_document", **request)
        self.assertEqual((found["DocumentMetadata"], found["AnalyzeDocumentModelVersion"]), ({"Pages": 1}, "1.0"))
        by_id = {one["Id"]: one for one in found["Blocks"]}
        self.assertEqual(len(by_id), len(found["Blocks"]))

        def text(block):
            return " ".join(by_id[name]["Text"] for relation in block["Relationships"] if relation["Type"] == "CHILD"
                            for name in relation["Ids"])

        page, *_ = found["Blocks"]
        kinds = [by_id[name]["BlockType"] for name in page["Relationships"][0]["Ids"]]
        self.assertEqual(kinds, ["LINE", "LINE", "KEY_VALUE_SET", "KEY_VALUE_SET", "QUERY"])
        key = next(one for one in found["Blocks"] if one.get("EntityTypes") == ["KEY"])
        value = by_id[next(one["Ids"][0] for one in key["Relationships"] if one["Type"] == "VALUE")]
        self.assertEqual((text(key), text(value), value["EntityTypes"]), ("First name:", "Ada", ["VALUE"]))

    def test_errors_are_those_of_aws(self):
        labels, text, analyze = (self.rekognition.detect_labels, self.textract.detect_document_text,
                                 self.textract.analyze_document)
        for call, member in ((labels, "Image"), (text, "Document")):
            self.refused("InvalidS3ObjectException", call, "Check object key", **self.stored("none.png", member))
            self.refused("InvalidS3ObjectException", call, **{member: {"S3Object": {"Bucket": "none", "Name": "a"}}})
            self.refused("InvalidParameterException", call, **{member: {}})
            self.refused("ValidationException", call, f"Value null at '{member.lower()}'")
            self.refused("ValidationException", call, "bytes", **{member: {"Bytes": b""}})
        self.refused("InvalidImageFormatException", labels, "invalid image format", **self.stored("note.txt"))
        self.refused("UnsupportedDocumentException", text, **self.stored("note.txt", "Document"))
        self.refused("ValidationException", labels, "5242880", Image={"Bytes": png() + bytes(5 << 20)})
        self.refused("InvalidParameterException", labels, Image={"Bytes": png()}, MaxLabels=0)
        self.refused("InvalidParameterException", labels, Image={"Bytes": png()}, MinConfidence=101)
        self.refused("ValidationException", analyze, "[TABLES, FORMS,", Document={"Bytes": png()}, FeatureTypes=["NO"])
        self.refused("InvalidParameterException", analyze, Document={"Bytes": png()}, FeatureTypes=["QUERIES"])
        self.objects.put_object(Bucket="pictures", Key="large.png", Body=png() + bytes(15 << 20))
        self.refused("ImageTooLargeException", labels, **self.stored("large.png"))
        self.refused("DocumentTooLargeException", text, **self.stored("large.png", "Document"))

    def test_objects_are_read_as_the_caller(self):
        both = ("rekognition:DetectLabels", "*"), ("textract:DetectDocumentText", "*")
        blind = session_of("blind", *both)
        seeing = session_of("seeing", *both, ("s3:GetObject", "arn:aws:s3:::pictures/items/*"))
        for service, call, member in (("rekognition", "detect_labels", "Image"),
                                      ("textract", "detect_document_text", "Document")):
            self.refused("InvalidS3ObjectException", getattr(client(service, **blind), call), "access permissions",
                         **self.stored("items/1/cat.png", member))
            call = getattr(client(service, **seeing), call)
            call(**self.stored("items/1/cat.png", member))
            self.refused("InvalidS3ObjectException", call, **self.stored("scans/page.png", member))


if __name__ == "__main__":
    unittest.main()
