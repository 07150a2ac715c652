// The first click on a blurred picture reveals it, the second shows it at full size, the third or Escape closes that.
(() => {
  const PICTURE = 'img[src^="data:image/"]:not([src^="data:image/svg"])';

  const close = () => document.querySelector(".full-size")?.remove();

  const showFullSize = (source) => {
    const cover = document.createElement("div");
    const picture = document.createElement("img");
    cover.className = "full-size";
    picture.className = "revealed";
    picture.src = source;
    cover.append(picture);
    document.body.append(cover);
  };

  document.addEventListener("click", (event) => {
    const picture = event.target;
    if (picture.closest(".full-size")) return close();
    if (!picture.matches(PICTURE)) return;
    event.preventDefault();
    event.stopPropagation();
    if (picture.classList.contains("revealed")) showFullSize(picture.src);
    else picture.classList.add("revealed");
  }, true);

  document.addEventListener("keydown", (event) => event.key === "Escape" && close());

  // the page reuses one element for the next record, whose picture must be blurred again
  new MutationObserver((changes) => changes.forEach(({ target }) => {
    if (!target.closest(".full-size")) target.classList.remove("revealed");
  })).observe(document.documentElement, { subtree: true, attributes: true, attributeFilter: ["src"] });
})();
