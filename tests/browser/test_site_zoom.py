"""Every page of the site at 200 % zoom: a window of 1280 pixels is 640 wide for its page."""

NOT_IN_VIEW = """() => [...document.querySelectorAll('[role=main] *')].filter(found => {
  if (!found.checkVisibility()) return false;
  for (let at = found; at !== document.body; at = at.parentElement)
    if (['auto', 'scroll'].includes(getComputedStyle(at).overflowX)) return false;
  const box = found.getBoundingClientRect();
  return box.width && (box.right > innerWidth + 1 || box.left < -1);
}).map(found => `${found.tagName}.${found.className}: ${found.textContent.slice(0, 60)}`)"""
WIDER = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


def test_no_page_scrolls_sideways_or_loses_anything_at_its_edge(site, new_page):
    page = new_page(offline=True, viewport={"width": 640, "height": 450}, device_scale_factor=2)
    paths, wrong = sorted(site.rglob("*.html")), {}
    assert len(paths) > 20
    for path in paths:
        page.goto(path.as_uri())
        if lost := page.evaluate(NOT_IN_VIEW) or page.evaluate(WIDER) > 0:
            wrong[path.relative_to(site).as_posix()] = lost
    assert wrong == {}
