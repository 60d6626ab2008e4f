// Draws what the page's data say. The table beneath says the same, and is all there is without this script.
(function () {
  "use strict";
  const COLOURS = ["#1b7f4d", "#8bbf5a", "#b3261e", "#9aa3ad", "#1f5fa8"];

  function bars(data) {
    return {
      legend: { bottom: 0, data: data.series.map((one) => one.name) },
      grid: { left: 8, right: 24, top: 8, bottom: 40, containLabel: true },
      xAxis: { type: "value", minInterval: 1 },
      yAxis: { type: "category", inverse: true, data: data.labels },
      series: data.series.map((one) => ({ name: one.name, type: "bar", stack: "all", data: one.values })),
    };
  }

  function line(data) {
    return {
      grid: { left: 8, right: 24, top: 16, bottom: 8, containLabel: true },
      xAxis: { type: "category", data: data.labels },
      yAxis: { type: "value", axisLabel: { formatter: "{value}" + data.unit }, max: data.unit ? 100 : null },
      series: data.series.map((one) => ({ name: one.name, type: "line", data: one.values, connectNulls: false })),
    };
  }

  for (const place of document.querySelectorAll("[data-chart]")) {
    const data = JSON.parse(document.getElementById(place.dataset.chart).textContent);
    place.hidden = false;
    place.style.height = (data.kind === "bars" ? 80 + 28 * data.labels.length : 280) + "px";
    const chart = window.echarts.init(place, null, { renderer: "svg" });
    chart.setOption({
      animation: false,
      color: COLOURS,
      aria: { enabled: true, decal: { show: data.kind === "bars" } },
      tooltip: { trigger: "axis", renderMode: "richText" },
      ...(data.kind === "bars" ? bars(data) : line(data)),
    });
    window.addEventListener("resize", () => chart.resize());
  }
})();
