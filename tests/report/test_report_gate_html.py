"""A gate as one HTML page: every row, no network, no markup from outside, the same bytes for equal reports."""

from html.parser import HTMLParser

import gates
import pytest

from benchbox.gate.verdict import STATES, GateReport
from benchbox.report.gate_html import MEANINGS, MOST_DRAWN, html
from benchbox.report.gate_order import in_order
from benchbox.report.gate_words import tell

VOID = {"meta", "br", "img", "link"}


class _Page(HTMLParser):
    """The tags of a page with their attributes, its text, and whether all that is opened is closed."""

    def __init__(self, said: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.open: list[str] = []
        self.feed(said)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)

    @property
    def said(self) -> str:
        return " ".join(" ".join(self.text).split())


def _page(report: GateReport) -> _Page:
    return _Page(html(report))


@pytest.mark.parametrize("name", gates.ALL)
def test_every_verdict_is_on_the_page_and_every_tag_is_closed(name: str) -> None:
    report = gates.ALL[name]()
    page = _page(report)
    assert page.open == []
    for verdict in in_order(report):
        told = tell(verdict)
        for part in (told.row, told.base, told.new, told.change, told.state, told.why):
            assert " ".join(part.split()) in page.said


@pytest.mark.parametrize("name", gates.ALL)
def test_nothing_is_loaded_from_elsewhere(name: str) -> None:
    page = _page(gates.ALL[name]())
    tags = {tag for tag, _ in page.tags}
    assert not tags & {"script", "link", "iframe", "object", "embed", "base", "form"}
    addresses = [
        value
        for _, attributes in page.tags
        for key, value in attributes.items()
        if key in ("src", "href", "xlink:href", "action", "data")
    ]
    assert all(value and value.startswith(("#", "data:image/")) for value in addresses)
    policies = [
        attributes["content"] for tag, attributes in page.tags if "http-equiv" in attributes and tag == "meta"
    ]
    assert policies == ["default-src 'none'; style-src 'unsafe-inline'; img-src data:"]
    styles = [value or "" for _, attributes in page.tags for key, value in attributes.items() if key == "style"]
    assert not any("http" in style for style in styles)


def test_no_address_is_left_in_a_page_whose_texts_have_none() -> None:
    assert "http:" not in html(gates.failing())
    assert "https:" not in html(gates.failing())


def test_what_comes_from_outside_is_text() -> None:
    said = html(gates.hostile())
    assert "<script" not in said
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in said


def test_every_timed_row_is_drawn_and_its_name_leads_there() -> None:
    page = _page(gates.failing())
    anchors = {attributes["id"] for tag, attributes in page.tags if tag == "h3"}
    links = {(attributes["href"] or "")[1:] for tag, attributes in page.tags if tag == "a"}
    assert anchors == links == {"row-1", "row-2", "row-3"}
    assert sum(tag == "svg" for tag, _ in page.tags) == 3 + 1


def test_names_inside_one_figure_are_not_those_of_another() -> None:
    page = _page(gates.passing())
    clips = [attributes["id"] for tag, attributes in page.tags if tag == "clippath"]
    assert len(clips) == len(set(clips))


def test_failures_come_before_what_passed_which_is_folded() -> None:
    said = html(gates.failing())
    assert said.index("<h2>Failed: 2</h2>") < said.index("<h2>Undecided: 1</h2>")
    assert said.index("<h2>Undecided: 1</h2>") < said.index("<details><summary>Passed: 10</summary>")


def test_arms_and_keys_that_differ_are_told() -> None:
    page = _page(gates.incomparable())
    assert "cpu Test CPU 9000 Other CPU all" in page.said
    assert "20 days old" in page.said
    assert "models/resnet.py" in _page(gates.passing()).said


def test_each_state_on_the_page_is_explained() -> None:
    assert set(MEANINGS) == set(STATES)
    page = _page(gates.every_state())
    assert all(f"{state} : {meaning}" in page.said for state, meaning in MEANINGS.items())
    assert MEANINGS["CONTAMINATED"] not in _page(gates.passing()).said


def test_of_very_many_rows_the_first_are_drawn() -> None:
    report = gates.stored()
    verdicts = [gates.time_verdict(f"row {number}", series=report.verdicts[0].series) for number in range(12)]
    page = _page(gates.make_gate(verdicts, mode="stored", schedule="", control=None))
    assert sum(tag == "svg" for tag, _ in page.tags) == MOST_DRAWN["stored"]
    assert f"{12 - MOST_DRAWN['stored']} more timed rows are not drawn" in page.said


def test_equal_reports_are_equal_bytes() -> None:
    assert html(gates.failing()) == html(gates.failing())
