"""Pages of the blog. Whatever an item says is text on them, never HTML; nothing is loaded from elsewhere."""

import html
from urllib.parse import quote

STYLE = """
body { max-width: 44rem; margin: 2rem auto; padding: 0 1rem; font: 1rem/1.5 system-ui, sans-serif; color: #222; }
nav { margin-bottom: 2rem; }
table { border-collapse: collapse; width: 100%; }
th, td { padding: .3rem .6rem; border-bottom: 1px solid #ddd; text-align: left; vertical-align: top; }
p.content { white-space: pre-wrap; overflow-wrap: anywhere; }
"""

HEADERS = {
    "Content-Type": "text/html; charset=utf-8",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
}


def page(title, *parts, status=200):
    """The response with a page; the parts are HTML, made by the functions below."""
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
{"".join(f"{part}{chr(10)}" for part in parts)}</body>
</html>
"""
    return {"statusCode": status, "headers": HEADERS, "body": body}


def missing():
    """The response where there is no such item. Every page that can say so is one level below the list."""
    return page("There is no such item", nav(("All items", "../")), status=404)


def text(value):
    return html.escape(str(value))


def link(label, target):
    return f'<a href="{text(target)}">{text(label)}</a>'


def nav(*links):
    return f"<nav>{' · '.join(link(*one) for one in links)}</nav>"


def content(value):
    return f'<p class="content">{text(value)}</p>'


def note(value):
    return f"<p>{text(value)}</p>"


def items(entries):
    """A list of HTML."""
    return "<ul>\n" + "".join(f"<li>{entry}</li>\n" for entry in entries) + "</ul>"


def table(caption, columns, rows):
    """A table of values under a heading."""
    if not rows:
        return f"<h2>{text(caption)}</h2>\n<p>None.</p>"
    head = "".join(f"<th>{text(column)}</th>" for column in columns)
    body = "".join("<tr>" + "".join(f"<td>{text(value)}</td>" for value in row) + "</tr>\n" for row in rows)
    return f"<h2>{text(caption)}</h2>\n<table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{body}</tbody>\n</table>"


def at(folder, item):
    """The address of an item's page, from the list."""
    return f"{folder}/{quote(str(item['uuid']), safe='')}"
