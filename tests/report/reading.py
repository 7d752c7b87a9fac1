"""Read a page as a browser does: which elements with which attributes, which scripts, which text."""

from html.parser import HTMLParser

VOID = frozenset({"meta", "link", "base", "br", "hr", "img", "input", "source", "embed", "wbr", "col"})
ALLOWED = {
    "html", "head", "meta", "title", "style", "body", "a", "main", "header", "h1", "h2", "h3", "p", "strong",
    "span", "br", "div", "dl", "dt", "dd", "ol", "ul", "li", "pre", "code", "button", "section", "table",
    "thead", "tbody", "tr", "th", "td", "figure", "figcaption", "script", "noscript", "details", "summary",
    "fieldset", "legend", "label", "input", "svg", "g", "rect", "path", "text", "article", "mark", "ins", "select",
    "option",
}  # fmt: skip

ATTRIBUTES = {
    "aria-label", "aria-labelledby", "charset", "checked", "class", "content", "data-copies", "d", "font-size",
    "font-weight", "height", "hidden", "href", "http-equiv", "id", "lang", "letter-spacing", "name",
    "preserveaspectratio", "role", "rx", "scope", "tabindex", "text-anchor", "type", "viewbox", "width", "x",
    "xmlns", "y", "autocomplete", "open", "placeholder", "spellcheck", "value",
}  # fmt: skip
SHAPES = frozenset({"rect", "path", "circle", "line"})


class Reader(HTMLParser):
    """What stands in a page.

    Attributes:
        elements: Name and sorted names of attributes of every element, in order.
        values: Every value of an attribute, with element and attribute.
        scripts: Text of every script that a browser would run.
        data: Text of every script that is data.
        text: Everything else that people read.
        policy: Of the content security.
        unclosed: Elements that were open at the end, or closed without having been open.
    """

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, tuple[str, ...]]] = []
        self.values: list[tuple[str, str, str]] = []
        self.scripts: list[str] = []
        self.data: list[str] = []
        self.styles: list[str] = []
        self.text = ""
        self.policy = ""
        self.unclosed: list[str] = []
        self._open: list[str] = []
        self._is_data = False
        self.feed(html)
        self.close()
        self.unclosed += self._open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, tuple(sorted(name for name, _ in attrs))))
        self.values += [(tag, name, value or "") for name, value in attrs]
        values = dict(attrs)
        if values.get("http-equiv") == "Content-Security-Policy":
            self.policy = values["content"] or ""
        if tag not in VOID:
            self._open.append(tag)
            self._is_data = values.get("type") == "application/json"

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, tuple(sorted(name for name, _ in attrs))))
        self.values += [(tag, name, value or "") for name, value in attrs]

    def handle_endtag(self, tag: str) -> None:
        if self._open and self._open[-1] == tag:
            self._open.pop()
        else:
            self.unclosed.append(f"/{tag}")

    def handle_data(self, data: str) -> None:
        place = self._open[-1] if self._open else ""
        if place == "script":
            (self.data if self._is_data else self.scripts).append(data)
        elif place == "style":
            self.styles.append(data)
        else:
            self.text += data
