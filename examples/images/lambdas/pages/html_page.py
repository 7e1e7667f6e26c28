"""Pages in HTML. Whatever an item says is text on them; they run one script, and load images from the bucket alone."""

import base64
import hashlib
import html
from pathlib import Path

SCRIPT = Path(__file__).with_name("page.js").read_text(encoding="utf-8")
HASH = base64.b64encode(hashlib.sha256(SCRIPT.encode()).digest()).decode()

STYLE = """
body { max-width: 44rem; margin: 2rem auto; padding: 0 1rem; font: 1rem/1.5 system-ui, sans-serif; color: #222; }
img { display: block; max-width: 100%; }
form { margin: 1.5rem 0; }
"""

# The forms do nothing by themselves: the script sends what is in them.
ADD = """<form id="add">
<input name="title" placeholder="Title" required>
<input name="content" placeholder="Content" required>
<button>Add</button>
<output></output>
</form>"""


def page(title, *parts, storage="", status=200):
    """The response with a page. The parts are HTML; `storage` is the origin of images."""
    body = f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{text(title)}</title>
<style>{STYLE}</style>
</head>
<body>
<h1>{text(title)}</h1>
{"".join(f"{part}{chr(10)}" for part in parts)}<script>{SCRIPT}</script>
</body>
</html>
"""
    images = storage or "'none'"
    policy = (
        f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{HASH}'; connect-src 'self' {storage}; "
        f"img-src {images}; base-uri 'none'; frame-ancestors 'none'"
    )
    headers = {
        "Content-Type": "text/html; charset=utf-8",
        "Content-Security-Policy": policy,
        "X-Content-Type-Options": "nosniff",
    }
    return {"statusCode": status, "headers": headers, "body": body}


def missing():
    """The response where there is no such item. Every page that can say so is one level below the list."""
    return page("There is no such item", link("All items", "../"), status=404)


def text(value):
    return html.escape(str(value))


def link(label, target):
    return f'<a href="{text(target)}">{text(label)}</a>'


def note(value):
    return f"<p>{text(value)}</p>"


def items(entries):
    """A list of HTML."""
    return "<ul>\n" + "".join(f"<li>{entry}</li>\n" for entry in entries) + "</ul>"


def image(url, title):
    return f'<img src="{text(url)}" alt="{text(title)}">'


def found(heading, names):
    """What Rekognition found, under a heading."""
    return f"<h2>{text(heading)}</h2>\n" + (items([text(name) for name in names]) if names else note("None."))


def attach(uuid):
    return f"""<form id="attach" data-uuid="{text(uuid)}">
<input type="file" name="image" accept="image/png,image/jpeg" required>
<button>Attach this image</button>
<output></output>
</form>"""
