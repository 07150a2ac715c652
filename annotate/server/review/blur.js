// Guards every picture of a record; the interface's own pictures come from the server's files, not from data URLs.
(() => {
  const isRecord = (picture) => picture.src.startsWith("data:image/") && !picture.src.startsWith("data:image/svg");

  const showFullSize = (source) => {
    const cover = document.createElement("div");
    const picture = document.createElement("img");
    cover.className = "full-size";
    picture.src = source;
    cover.append(picture);
    const close = () => {
      cover.remove();
      document.removeEventListener("keydown", onKey);
    };
    const onKey = (event) => event.key === "Escape" && close();
    cover.addEventListener("click", close);
    document.addEventListener("keydown", onKey);
    document.body.append(cover);
  };

  const onClick = (event) => {
    event.preventDefault();
    event.stopPropagation();
    const picture = event.currentTarget;
    if (picture.classList.contains("revealed")) showFullSize(picture.src);
    else picture.classList.add("revealed");
  };

  const guard = (picture) => {
    if (!isRecord(picture) || picture.closest(".full-size") || picture.classList.contains("guarded")) return;
    picture.classList.add("guarded");
    picture.addEventListener("click", onClick, true);
  };

  new MutationObserver((changes) => {
    // the page reuses one element for the next record: what is revealed stays so only for its own picture
    for (const { type, target } of changes) if (type === "attributes") target.classList.remove("revealed");
    document.querySelectorAll("img").forEach(guard);
  }).observe(document.documentElement, { childList: true, subtree: true, attributes: true, attributeFilter: ["src"] });
})();
