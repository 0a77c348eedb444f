"""What can be told of a page without eyes: names, order, contrast, and what sticks out."""

from itertools import pairwise
from typing import Any, Literal

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page, ViewportSize

DESKTOP: ViewportSize = {"width": 1280, "height": 800}
PHONE: ViewportSize = {"width": 390, "height": 800}
BETWEEN = (480, 600, 768, 930)  # px; held either way, or half a screen
Scheme = Literal["light", "dark"]

LANDMARKS = {"navigation", "region", "search", "complementary", "banner", "contentinfo", "form"}
NEED_NAMES = {
    *("button", "link", "textbox", "checkbox", "combobox", "Iframe", "dialog", "img"),
    *("progressbar", "DisclosureTriangle", "navigation"),
}


def accessible(page: Page) -> list[tuple[str, str, Any]]:
    """Role, name and node of all that a screen reader is told of, by the browser's reckoning."""
    session = page.context.new_cdp_session(page)
    nodes: list[dict[str, Any]] = session.send("Accessibility.getFullAXTree")["nodes"]
    session.detach()

    def text(node: dict[str, Any], what: str) -> str:
        return str(node.get(what, {}).get("value", "")).strip()

    return [
        (text(node, "role"), text(node, "name"), node.get("backendDOMNodeId"))
        for node in nodes
        if not node["ignored"]
    ]


# What sticks out at the right of the window, but in what scrolls by itself; and text that is hard
# to read on what is behind it.
OVERFLOW = """() => {
  const wide = document.documentElement.scrollWidth - document.documentElement.clientWidth;
  const out = [...document.querySelectorAll("button, a, input, h1, h2, p, td, th, summary, li")]
    .filter((element) => element.checkVisibility())
    .filter((element) => !element.closest(".unseen, .skip, .scroll, .matrix"))
    .filter((element) => {
      const { left, right, width } = element.getBoundingClientRect();
      return width && (right > innerWidth + 1 || left < -1);
    })
    .map((element) => `${element.tagName} ${element.id || element.textContent.slice(0, 30)}`);
  return wide > 0 ? [`the page by ${wide} px`, ...out] : out;
}"""
FAINT = """() => {
  const colour = (text) => {
    const parts = text.match(/[\\d.]+/g).map(Number);
    return { rgb: parts.slice(0, 3), alpha: parts[3] ?? 1 };
  };
  const light = ({ rgb }) => {
    const [r, g, b] = rgb.map((part) => part / 255)
      .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const found = colour(getComputedStyle(at).backgroundColor);
      if (found.alpha === 1) return found;
    }
    return { rgb: [255, 255, 255] };
  };
  const faint = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node; (node = walker.nextNode()); ) {
    const element = node.parentElement;
    if (!node.data.trim() || !element.checkVisibility({ opacityProperty: true })) continue;
    if (element.closest(":disabled, script, noscript, .skip, .unseen")) continue;
    const pair = [light(colour(getComputedStyle(element).color)), light(behind(element))];
    const ratio = (Math.max(...pair) + 0.05) / (Math.min(...pair) + 0.05);
    if (ratio < 4.5) faint.push(`${node.data.trim().slice(0, 30)}: ${ratio.toFixed(1)}`);
  }
  return faint;
}"""


# What scrolls by itself, and can be reached by no key.
UNREACHED = """() => [...document.querySelectorAll("body *")]
  .filter((element) => element.checkVisibility() && !element.closest(".unseen"))
  .filter((element) => {
    const { overflowX, overflowY } = getComputedStyle(element);
    const scrolls = (way) => way === "auto" || way === "scroll";
    return (scrolls(overflowX) && element.scrollWidth > element.clientWidth + 1)
      || (scrolls(overflowY) && element.scrollHeight > element.clientHeight + 1);
  })
  .filter((element) => element.tabIndex < 0
    && !element.querySelector("a, button, input, select, textarea, [tabindex]"))
  .map(({ localName, className }) => `${localName}.${className}`)"""
HEADINGS = """() => [...document.querySelectorAll("h1, h2, h3, h4")]
  .filter((heading) => heading.checkVisibility()).map(({ localName }) => Number(localName[1]))"""


# Every rule that axe-core has, but for those of WCAG's AAA; those too that it takes for unripe,
# for one of them asks that a link's name holds its text. CoCalc's pages, in frames, are not ours.
AXE = """() => {
  const values = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
  const tags = ["experimental", ...values];
  const rules = axe.getRules(tags)
    .filter(({ tags }) => !tags.includes("deprecated") && !tags.includes("wcag2aaa"))
    .map(({ ruleId }) => ruleId);
  const options = { iframes: false, preload: false, resultTypes: ["violations"], runOnly: rules };
  return axe.run(document, options)
    .then(({ violations }) => violations.flatMap(({ id, nodes }) =>
      nodes.map(({ target, failureSummary }) =>
        `${id}: ${target}: ${failureSummary.split("\\n").slice(1).join(";")}`)));
}"""


def axe_finds(page: Page) -> list[str]:
    """What axe-core finds on the page as it is: all its rules, with no exception."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE_SCRIPT)
    found: list[str] = page.evaluate(AXE)
    return found


def flaws(page: Page) -> list[str]:
    """What is wrong with the page on the screen, on a desktop and a phone, by day and by night.

    Between the two, it is what sticks out.
    """
    tree = accessible(page)
    found = [f"{role} without a name" for role, name, _ in tree if role in NEED_NAMES and not name]
    if page.locator("main").count() != 1:
        found.append("not one main")
    if not page.locator("html").get_attribute("lang"):
        found.append("no language")
    ids = page.evaluate("[...document.querySelectorAll('[id]')].map(({id}) => id)")
    found += [f"the id {each} twice" for each in sorted({x for x in ids if ids.count(x) > 1})]
    places = [(role, name) for role, name, _ in tree if role in LANDMARKS]
    places = [place for place in places if place != ("form", "")]  # which is none
    found += [f"two {place}" for place in sorted({x for x in places if places.count(x) > 1})]
    levels: list[int] = page.evaluate(HEADINGS)
    if levels.count(1) != 1 or levels[0] != 1:
        found.append(f"headings {levels}")
    found += [f"h{lower} below h{upper}" for upper, lower in pairwise(levels) if lower > upper + 1]
    for size in (PHONE, DESKTOP):
        page.set_viewport_size(size)
        where = f"{size['width']} px"
        found += [f"{where}: {each} sticks out" for each in page.evaluate(OVERFLOW)]
        found += [f"{where}: no key reaches {each}" for each in page.evaluate(UNREACHED)]
        scheme: Scheme = "light" if size == PHONE else "dark"
        page.emulate_media(color_scheme=scheme)
        found += [f"{scheme}, {where}: too faint: {each}" for each in page.evaluate(FAINT)]
        found += [f"{scheme}, {where}: {each}" for each in axe_finds(page)]
    page.emulate_media(color_scheme="light")
    for width in BETWEEN:
        page.set_viewport_size({"width": width, "height": 800})
        found += [f"{width} px: {each} sticks out" for each in page.evaluate(OVERFLOW)]
    page.set_viewport_size(DESKTOP)
    return found
