"""The page that shows all flags to a person with a browser."""

from collections.abc import Iterable
from html import escape

from flagkit.flags.codes import Country

__all__ = ["flags_page"]

# The line around a flag shows where a white one ends on a white page, and a black one on a dark page.
STYLE = """
:root { color-scheme: light dark; }
body { font: 15px/1.4 system-ui, sans-serif; margin: 2rem; color: #222; background: #fff; }
main { display: grid; grid-template-columns: repeat(auto-fill, minmax(150px, 1fr)); gap: 1.25rem; }
figure { margin: 0; display: grid; grid-template-rows: 100px auto; justify-items: start; row-gap: 0.35rem; }
img { align-self: end; max-width: 100%; max-height: 100%; outline: 1px solid #8886; }
figcaption a { color: inherit; }
@media (prefers-color-scheme: dark) { body { color: #ddd; background: #1a1a1a; } }
"""


def flags_page(countries: Iterable[Country]) -> str:
    """Return an HTML page with a figure for each of `countries`; it names no other host and runs no script."""
    figures = "\n".join(_figure(country) for country in countries)
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Flags</title>
<link rel="icon" href="data:,">
<style>{STYLE}</style>
</head>
<body>
<h1>Flags</h1>
<main>
{figures}
</main>
</body>
</html>
"""


def _figure(country: Country) -> str:
    code, name = country.code, escape(country.name)
    folder = f"/flags/{code.lower()}"
    return (
        f'<figure><img src="{folder}/{code.lower()}.gif" alt="Flag of {name}" loading="lazy">'
        f'<figcaption><a href="{folder}/metadata.json">{code}</a> {name}</figcaption></figure>'
    )
