"""Tests of the rules by which the AI services answer, without a cloud.

Usage: rules.py FOLDER, where the folder has the package `extension`.
"""

import struct
import sys
import unittest
import zlib
from itertools import pairwise
from unittest import mock

sys.path.insert(0, sys.argv.pop(1))
from extension import ai, comprehend, images, language, rekognition, textract

SERVICES = {"comprehend": "Comprehend_20171127.DetectSentiment", "rekognition": "RekognitionService.DetectLabels",
            "textract": "Textract.AnalyzeDocument"}


def chunk(kind, data):
    return struct.pack(">I4s", len(data), kind) + data + struct.pack(">I", zlib.crc32(kind + data))


def found(spans, text):
    return {text[span.begin:span.end]: span.type for span in spans}


class Language(unittest.TestCase):
    def test_the_language_is_that_of_the_common_words_or_of_the_script(self):
        cases = {
            "I love the video that Ada Lovelace made in London": "en", "Me encanta este video y es muy bueno": "es",
            "J'adore cette vidéo, elle est très belle": "fr", "Ich liebe das Video, es ist sehr schön": "de",
            "Il film è molto bello e non è più nuovo": "it", "O filme é muito bom e não é mais novo": "pt",
            "これは本です": "ja", "这是一本书": "zh",
            "이것은 책입니다": "ko", "هذا كتاب": "ar", "यह किताब": "hi", "12 34": "en",
        }
        for text, expected in cases.items():
            (code, score), *_ = language.languages(text)
            self.assertEqual(code, expected, text)
            self.assertTrue(0 < score <= 1, text)

    def test_sentiment_is_that_of_its_words_and_the_scores_are_one_together(self):
        cases = {"I love it": "Positive", "I don’t love it": "Negative", "It was awful": "Negative",
                 "It's not bad": "Positive", "Great start, terrible end": "Mixed", "A chair": "Neutral",
                 "Ein wunderbar schönes Bild": "Positive", "C'est mauvais": "Negative"}
        for text, expected in cases.items():
            scores = language.sentiment(text)
            self.assertEqual(max(scores, key=scores.get), expected, text)
            self.assertAlmostEqual(sum(scores.values()), 1, places=3)

    def test_entities_are_names_dates_and_quantities(self):
        text = ("The engine that Ada Lovelace described on 12 March 1843 in London cost $17,000.50. Yesterday Acme "
                "Ltd. sold 3 days of it, 20 % less. Mail ada@example.com. Summary follows; Dr. Strange came from "
                "Gallifrey.")
        self.assertEqual(found(language.entities(text), text), {
            "Ada Lovelace": "PERSON", "12 March 1843": "DATE", "London": "LOCATION", "$17,000.50": "QUANTITY",
            "Yesterday": "DATE", "Acme Ltd.": "ORGANIZATION", "3 days": "QUANTITY", "20 %": "QUANTITY",
            "ada@example.com": "OTHER", "Strange": "PERSON", "Gallifrey": "LOCATION"})

    def test_key_phrases_are_runs_of_other_words(self):
        text = "I love the new video that Ada Lovelace made in London, and its great music."
        self.assertEqual(list(found(language.key_phrases(text), text)),
                         ["the new video", "Ada Lovelace", "London", "its great music"])

    def test_personal_data_are_found_by_their_form(self):
        text = ("Ada Lovelace, 12 Main Street, born 1815-12-10, ada@example.com, +44 20 7946 0958, card 4111 1111 "
                "1111 1111, not 4111 1111 1111 1112, SSN 123-45-6789, from 10.0.0.1 and not 999.0.0.1, https://example.com/a.")
        self.assertEqual(found(language.personal_data(text), text), {
            "Ada Lovelace": "NAME", "12 Main Street": "ADDRESS", "1815-12-10": "DATE_TIME", "ada@example.com": "EMAIL",
            "+44 20 7946 0958": "PHONE", "4111 1111 1111 1111": "CREDIT_DEBIT_NUMBER", "123-45-6789": "SSN",
            "10.0.0.1": "IP_ADDRESS", "https://example.com/a": "URL"})

    def test_offsets_count_characters_and_nothing_overlaps(self):
        text = "😀 Ada Lovelace 😀 ada@example.com in London on 1843-01-01 " * 20
        for spans in (language.entities(text), language.key_phrases(text), language.personal_data(text)):
            self.assertTrue(all(one.end <= other.begin for one, other in pairwise(spans)))
            self.assertTrue(all(0 <= one.begin < one.end <= len(text) and 0 < one.score <= 1 for one in spans))
        self.assertIn("Ada Lovelace", found(language.entities(text), text))

    def test_the_longest_text_takes_no_time(self):
        for part in ("1", "1 ", "A", "A ", "a@", "-", "1.", "A.", "https://", "(12) ", "word "):
            text = part * (comprehend.MOST // len(part))
            for find in (language.entities, language.key_phrases, language.personal_data, language.languages):
                find(text)


class Images(unittest.TestCase):
    def test_the_texts_of_a_png_are_read(self):
        png = b"\x89PNG\r\n\x1a\n" + b"".join([
            chunk(b"IHDR", bytes(13)), chunk(b"tEXt", b"Title\0Invoice 7"),
            chunk(b"zTXt", b"a\0\0" + zlib.compress(b"Name: Ada")),
            chunk(b"iTXt", "a\0\0\0de\0\0Grüße".encode()), chunk(b"iTXt", b"a\0\1\0\0\0" + zlib.compress(b"packed")),
            chunk(b"zTXt", b"a\0\0broken"), chunk(b"IEND", b"")])
        self.assertEqual(images.png_texts(png), ["Invoice 7", "Name: Ada", "Grüße", "packed", ""])
        for length in range(len(png)):
            images.png_texts(png[:length])

    def test_the_comments_of_a_jpeg_are_read(self):
        jpeg = b"\xff\xd8\xff\xe0\0\4ab\xff\xfe\0\7hello\xff\xfe\0\3!\xff\xda\0\2\xff\xfe\0\4no"
        self.assertEqual(images.jpeg_texts(jpeg), ["hello", "!"])
        for length in range(len(jpeg)):
            images.jpeg_texts(jpeg[:length])

    def test_a_name_has_words(self):
        cases = {"cat.png": ("cat",), "a/b/My_Cat-2.jpg": ("Cat",), "no": (), "x/.png": (),
                 "0b0b2f8e-5a7e-4c55-9d0e-3f1f3c1a2b3c.png": (),
                 "big-red_car.final.png": ("big", "red", "car", "final")}
        for key, expected in cases.items():
            self.assertEqual(images.words_of(key), expected, key)

    def test_every_parent_is_a_label(self):
        for parents, _ in rekognition.KNOWN.values():
            self.assertLessEqual(set(parents), rekognition.KNOWN.keys())

    def test_places_are_in_the_image(self):
        lines = ["a line", "another line with more words", "b"]
        for _, place, words in images.layout(lines):
            for one in (place, *(its for _, its in words)):
                box = one["BoundingBox"]
                self.assertLessEqual(box["Left"] + box["Width"], 1)
                self.assertLessEqual(box["Top"] + box["Height"], 1)


class Routing(unittest.TestCase):
    def test_requests_reach_their_service_without_the_catalogue_of_all_services(self):
        from ministack import app
        from ministack.core import iam_actions, router

        for place in (app.SERVICE_HANDLERS, iam_actions.SERVICE_TO_IAM_NAMESPACE, iam_actions._TAG_OPERATIONS,
                      router.SERVICE_PATTERNS):
            saved = mock.patch.dict(place)
            saved.start()
            self.addCleanup(saved.stop)
        for module in (comprehend, rekognition, textract):
            module.install()
        with mock.patch.object(router, "_is_aws_service_name", side_effect=AssertionError), \
                mock.patch.object(iam_actions, "_load_botocore_model", side_effect=AssertionError):
            for service, target in SERVICES.items():
                headers = {"x-amz-target": target,
                           "authorization": f"AWS4-HMAC-SHA256 Credential=a/1/us-east-1/{service}/b"}
                self.assertEqual(router.detect_service("POST", "/", headers, {}), service)
                action = iam_actions.extract_iam_action(service, "POST", "/", headers, b"{}", {})
                self.assertEqual(action, f"{service}:{target.partition('.')[2]}")
                self.assertEqual(iam_actions.request_tag_context(service, action, b"{}", {}), {})
                del headers["x-amz-target"]
                self.assertEqual(router.detect_service("POST", "/", headers, {}), service)

    def test_members_are_checked_in_the_words_of_aws(self):
        members = {"Text": ai.Member(least=1), "Kinds": ai.Member(list, required=False, values=("a", "b")),
                   "Least": ai.Member(float, required=False)}
        self.assertEqual(ai.checked(b'{"Text": "x", "Least": 1, "Kinds": ["a"]}', members)["Text"], "x")
        for body, code in {b"{": "SerializationException", b"[]": "SerializationException",
                           b'{"Text": 1}': "SerializationException",
                           b'{"Text": "x", "Least": true}': "SerializationException",
                           b"{}": "ValidationException",
                           b'{"Text": ""}': "ValidationException",
                           b'{"Text": "x", "Kinds": ["c"]}': "ValidationException"}.items():
            with self.assertRaises(ai.Refused) as refused:
                ai.checked(body, members)
            self.assertEqual(refused.exception.code, code, body)
        with self.assertRaises(ai.Refused) as refused:
            ai.checked(b'{"Kinds": ["c"]}', members)
        self.assertEqual(str(refused.exception), (
            "2 validation errors detected: Value null at 'text' failed to satisfy constraint: Member must not be null; "
            "Value 'c' at 'kinds' failed to satisfy constraint: Member must satisfy enum value set: [a, b]"))


if __name__ == "__main__":
    unittest.main()
