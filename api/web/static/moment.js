// The slider of the days, and buttons that copy a link. Without this script the date fields and the links do the same.
(function () {
  "use strict";
  const DAY = 24 * 60 * 60 * 1000;

  function slides(slide) {
    const asOf = document.getElementById("as_of");
    const knownAt = document.getElementById("known_at");
    const first = Date.parse(slide.dataset.first);
    const words = new Intl.DateTimeFormat(document.documentElement.lang, { dateStyle: "long", timeZone: "UTC" });

    function tell() {
      const day = new Date(first + slide.valueAsNumber * DAY);
      const text = words.format(day);
      slide.setAttribute("aria-valuetext", text);
      document.getElementById("slide-day").textContent = text;
      return day.toISOString().slice(0, 10);
    }

    slide.addEventListener("input", () => {
      const asKnownThen = asOf.value !== "" && knownAt.value === asOf.value;
      asOf.type = "date";
      asOf.value = tell();
      if (asKnownThen) {
        knownAt.type = "date";
        knownAt.value = asOf.value;
      }
    });
    asOf.addEventListener("input", () => {
      const day = Date.parse(asOf.value);
      if (!Number.isNaN(day)) {
        slide.value = Math.round((day - first) / DAY);
        tell();
      }
    });
    tell();
    slide.closest(".slide").hidden = false;
  }

  async function copy(text) {
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      // Where the service is not reached by TLS, there is no clipboard to be asked.
      const area = document.createElement("textarea");
      area.value = text;
      area.className = "hidden";
      document.body.append(area);
      area.select();
      document.execCommand("copy");
      area.remove();
    }
  }

  for (const slide of document.querySelectorAll("#slide")) {
    slides(slide);
  }
  for (const button of document.querySelectorAll("[data-copy]")) {
    button.hidden = false;
    button.addEventListener("click", async () => {
      const source = document.getElementById(button.dataset.copy);
      await copy(source.href || source.value);
      document.getElementById("copied").textContent = button.dataset.copied;
      button.focus();
    });
  }
})();
