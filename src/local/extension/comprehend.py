"""Comprehend: the five operations that look at one text. What they find is in `language`; here are AWS's shapes and
limits [API reference of Amazon Comprehend; its service model of 2017-11-27]."""

from . import ai, language

SEAMS = {}

LANGUAGES = ("en", "es", "fr", "de", "it", "pt", "ar", "hi", "ja", "ko", "zh", "zh-TW")
# In which personal data are found.
OF_PERSONAL_DATA = ("en", "es")
MOST = 100_000
MOST_OF_SENTIMENT = 5_000


def install():
    """Adds the service."""
    text = {"Text": ai.Member(least=1)}
    in_language = {**text, "LanguageCode": ai.Member(values=LANGUAGES)}
    ai.register("comprehend", "Comprehend_20171127", {
        "DetectDominantLanguage": ai.Operation(dominant_language, text),
        "DetectEntities": ai.Operation(entities, {"Text": ai.Member(least=1),
                                                  "LanguageCode": ai.Member(required=False, values=LANGUAGES)}),
        "DetectKeyPhrases": ai.Operation(key_phrases, in_language),
        "DetectPiiEntities": ai.Operation(personal_data, in_language),
        "DetectSentiment": ai.Operation(sentiment, in_language),
    })


def text_of(request, most=MOST):
    """The text of a request, which must not be too long. Its size counts in bytes, offsets in characters."""
    size = len(request["Text"].encode("utf-8", "surrogatepass"))
    if size > most:
        raise ai.Refused(
            "TextSizeLimitExceededException",
            f"Input text size exceeds limit. Max length of request text allowed is {most} bytes while in this request "
            f"the text size is {size} bytes")
    return request["Text"]


def dominant_language(request, _):
    found = language.languages(text_of(request))
    return {"Languages": [{"LanguageCode": code, "Score": score} for code, score in found]}


def entities(request, _):
    if others := {"Bytes", "EndpointArn", "DocumentReaderConfig"} & request.keys():
        raise ai.Refused("InvalidRequestException", f"The local cloud has no {', '.join(sorted(others))} here")
    if request.get("LanguageCode") is None:
        raise ai.Refused("InvalidRequestException", "A text needs a LanguageCode.")
    text = text_of(request)
    return {"Entities": [{"Score": found.score, "Type": found.type, "Text": text[found.begin:found.end],
                          "BeginOffset": found.begin, "EndOffset": found.end} for found in language.entities(text)]}


def key_phrases(request, _):
    text = text_of(request)
    return {"KeyPhrases": [{"Score": found.score, "Text": text[found.begin:found.end], "BeginOffset": found.begin,
                            "EndOffset": found.end} for found in language.key_phrases(text)]}


def personal_data(request, _):
    text = text_of(request)
    if (code := request["LanguageCode"]) not in OF_PERSONAL_DATA:
        raise ai.Refused("UnsupportedLanguageException", f"Amazon Comprehend cannot find personal data in {code}; use "
                                                         f"{' or '.join(OF_PERSONAL_DATA)}.")
    return {"Entities": [{"Score": found.score, "Type": found.type, "BeginOffset": found.begin, "EndOffset": found.end}
                         for found in language.personal_data(text)]}


def sentiment(request, _):
    scores = language.sentiment(text_of(request, MOST_OF_SENTIMENT))
    return {"Sentiment": max(scores, key=scores.get).upper(), "SentimentScore": scores}
