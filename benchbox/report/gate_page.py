"""HTML pages that need no network, from the templates beside this file. What they are given is text and escaped."""

import jinja2
from markupsafe import Markup, escape


def page(template: str, **content: object) -> str:
    """A page, ending in one newline. Only what is a `Markup`, such as a figure, is taken as it is."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("benchbox.report", "."),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.filters["code"] = _code
    return environment.get_template(template).render(content)


def _code(said: str) -> Markup:
    """A sentence whose commands stand in backticks."""
    parts = said.split("`")
    return Markup("").join(
        Markup("<code>{}</code>").format(part) if place % 2 else escape(part) for place, part in enumerate(parts)
    )
