"""Through a page by its keys alone, and always in sight of where one is."""

from playwright.sync_api import Locator, Page

# Where the focus is, and how it shows there: the browser's own ring in a frame is not asked for.
_FOCUS = """() => {
  const element = document.activeElement;
  const { outlineStyle, outlineWidth } = getComputedStyle(element);
  const ringed = outlineStyle !== "none" && parseFloat(outlineWidth) >= 1;
  const alone = element === document.body || element.localName === "iframe";
  return [element.id || element.textContent.trim(), alone || ringed || Boolean(element.shadowRoot)];
}"""


def tab_until(page: Page, target: Locator, key: str = "Tab", most: int = 60) -> list[str]:
    """Press Tab until something has the focus; returns what had it on the way, each seen."""
    way: list[str] = []
    for _ in range(most):
        page.keyboard.press(key)
        name, shows = page.evaluate(_FOCUS)
        assert shows, f"Nobody sees that {name!r} has the focus."
        way.append(name)
        if target.evaluate("(element) => element === document.activeElement"):
            return way
    raise AssertionError(f"{target} is not among {way}")


def enter(page: Page, target: Locator, key: str = "Tab") -> None:
    """Go on by Tab to a button or a link, and press it."""
    tab_until(page, target, key)
    page.keyboard.press("Enter")
