"""GET /predict/{uuid}: a page with what Amazon Comprehend finds in one item."""

import os

import boto3
import pages

table = boto3.resource("dynamodb").Table(os.environ["TABLE_NAME"])
comprehend = boto3.client("comprehend")

# Sentiment has the lowest limit of the five operations, in bytes.
MOST = 5000
LANGUAGES = ("en", "es", "fr", "de", "it", "pt", "ar", "hi", "ja", "ko", "zh", "zh-TW")
# In which Comprehend finds personal data.
OF_PERSONAL_DATA = ("en", "es")


def lambda_handler(event, context):
    item = table.get_item(Key={"uuid": event["pathParameters"]["uuid"]}, ConsistentRead=True).get("Item")
    if item is None:
        return pages.missing()
    text = item["content"].encode()[:MOST].decode(errors="ignore")
    found = predictions(text) if text.strip() else [pages.note("The item has no content.")]
    view = pages.at("../view", item)
    return pages.page(f"Predictions: {item['title']}", pages.nav(("All items", "../"), ("Item", view)),
                      pages.content(text), *found)


def predictions(text):
    """A table for each of the five operations."""
    languages = comprehend.detect_dominant_language(Text=text)["Languages"]
    yield pages.table("Language", ("Language", "Score"), [(one["LanguageCode"], share(one)) for one in languages])
    language = max(languages, key=lambda one: one["Score"])["LanguageCode"]
    if language not in LANGUAGES:
        yield pages.note(f"Comprehend finds nothing else in texts of the language {language}.")
        return
    entities = comprehend.detect_entities(Text=text, LanguageCode=language)["Entities"]
    rows = [(one["Text"], one["Type"], share(one)) for one in entities]
    yield pages.table("Entities", ("Text", "Type", "Score"), rows)
    phrases = comprehend.detect_key_phrases(Text=text, LanguageCode=language)["KeyPhrases"]
    yield pages.table("Key phrases", ("Text", "Score"), [(one["Text"], share(one)) for one in phrases])
    yield personal_data(text, language)
    yield sentiment(comprehend.detect_sentiment(Text=text, LanguageCode=language))


def personal_data(text, language):
    """The response has offsets only: what is there is cut out of the text."""
    if language not in OF_PERSONAL_DATA:
        return pages.note(f"Comprehend finds no personal data in texts of the language {language}.")
    found = comprehend.detect_pii_entities(Text=text, LanguageCode=language)["Entities"]
    rows = [(text[one["BeginOffset"]:one["EndOffset"]], one["Type"], share(one)) for one in found]
    return pages.table("Personal data", ("Text", "Type", "Score"), rows)


def sentiment(found):
    rows = [(name, f"{score:.2%}") for name, score in found["SentimentScore"].items()]
    return pages.table(f"Sentiment: {found['Sentiment']}", ("Sentiment", "Score"), rows)


def share(one):
    return f"{one['Score']:.2%}"
