// What is wider than its place can be scrolled by keyboard as well, once it has the focus.
const reach = () => {
  // A button is no place to go to, and a hundred places of one name lead nowhere.
  for (const bar of document.querySelectorAll("nav.md-code__nav")) bar.setAttribute("role", "none");
  for (const box of document.querySelectorAll("pre > code, .md-typeset__scrollwrap")) {
    if (box.scrollWidth > box.clientWidth) box.tabIndex = 0;
    else box.removeAttribute("tabindex");
  }
};
addEventListener("load", () => {
  reach();
  new ResizeObserver(reach).observe(document.body);
});
