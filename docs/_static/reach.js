// What the theme leaves out for readers without eyes or mouse: the level of its headings, and keys
// for what scrolls.

function reach() {
  for (const heading of document.querySelectorAll("[role=heading]:not([aria-level])")) {
    heading.setAttribute("aria-level", "2");
  }
  for (const box of document.querySelectorAll("pre, .output, .table-wrapper")) {
    if (box.scrollWidth > box.clientWidth) box.tabIndex = 0;
    else box.removeAttribute("tabindex");
  }
}
addEventListener("load", reach);
addEventListener("resize", reach);
