"use strict";
// Draws what the pages' JSON blocks hold: see dashboard/charts.py. Colours come from the style sheet, so that charts
// follow the theme; text goes in as text, never as markup.
(() => {
  const { library } = document.currentScript.dataset;
  const calm = matchMedia("(prefers-reduced-motion: reduce)");
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const SYMBOLS = ["circle", "rect", "triangle", "diamond", "roundRect", "pin", "arrow", "circle"];
  const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
  const FONT = 'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans Ethiopic", sans-serif';
  const IS_MOMENT = /^\d{4}-\d\d-\d\d/;
  const IS_TIME = /^\d{4}-\d\d-\d\dT/;
  const drawn = [];
  // The server tells times of the reports' zone without naming it; they are shown as they come.
  const parse = (x) => Date.parse(IS_TIME.test(x) ? `${x}Z` : x);

  const token = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const number = (value) =>
    value === null ? "–" : new Intl.NumberFormat("en", { maximumFractionDigits: value >= 100 ? 0 : 2 }).format(value);
  const short = (value) =>
    new Intl.NumberFormat("en", Math.abs(value) < 1e6 ? {} : { notation: "compact", maximumFractionDigits: 2 }).format(value);
  const day = (milliseconds) => {
    const date = new Date(milliseconds);
    return `${date.getUTCDate()} ${MONTHS[date.getUTCMonth()]} ${date.getUTCFullYear()}`;
  };

  function tooltip(items, heading, unit) {
    const box = document.createElement("div");
    const head = document.createElement("strong");
    head.textContent = heading;
    box.append(head);
    for (const { name, value, color, hint } of items) {
      const line = document.createElement("div");
      const dot = document.createElement("span");
      dot.textContent = "● ";
      dot.style.color = color;
      line.append(dot, `${name}: ${number(value)}${unit && ` ${unit}`}${hint ?? ""}`);
      box.append(line);
    }
    return box;
  }

  function optionsOf(data, hidden) {
    const text = token("--text");
    const muted = token("--muted");
    const line = token("--line");
    const colours = data.series.map((_, index) => token(`--c${(index % 8) + 1}`));
    const xs = [...new Set(data.series.flatMap((each) => each.points.map(([x]) => x)))];
    const isTime = xs.every((x) => IS_MOMENT.test(x));
    const hasClock = xs.some((x) => IS_TIME.test(x));
    if (isTime) xs.sort();
    const onTimeAxis = data.kind === "line" && isTime;
    const axis = { axisLine: { lineStyle: { color: line } }, axisLabel: { color: muted, hideOverlap: true, lineHeight: 15 }, axisTick: { show: false } };
    const label = (x) => (isTime ? day(parse(x)) : x);
    const series = data.series.map((each, index) => {
      const points = new Map(each.points.map(([x, y, href]) => [x, { y, href }]));
      const values = onTimeAxis
        ? each.points.map(([x, y, href]) => ({ value: [parse(x), y], href }))
        : xs.map((x) => ({ value: points.get(x)?.y ?? null, href: points.get(x)?.href }));
      const many = each.points.length > 120;
      return {
        name: each.name,
        type: data.kind === "line" ? "line" : "bar",
        stack: data.kind === "stacked" ? "all" : undefined,
        data: hidden.has(index) ? [] : values,
        symbol: SYMBOLS[index % SYMBOLS.length],
        symbolSize: many ? 5 : 8,
        showAllSymbol: true,
        lineStyle: { width: 1.75 },
        itemStyle: { color: colours[index], borderColor: token("--surface"), borderWidth: data.kind === "stacked" ? 0.5 : 0 },
        barMaxWidth: 36,
        cursor: each.points.some((point) => point[2]) ? "pointer" : "default",
        emphasis: { focus: data.series.length > 1 ? "series" : "none" },
      };
    });
    const timeLabel = hasClock ? undefined : { year: "{yyyy}", month: "{d} {MMM}", day: "{d} {MMM}" };
    const nameLabel = data.horizontal
      ? { width: Math.min(180, innerWidth / 3), overflow: "truncate", hideOverlap: false }
      : { lineHeight: 15, formatter: (x) => label(x).replace(/ \d{4}$/, "") };
    const names = onTimeAxis
      ? { ...axis, type: "time", minInterval: hasClock ? 60_000 : 86_400_000, axisLabel: { ...axis.axisLabel, formatter: timeLabel } }
      : { ...axis, type: "category", data: xs, inverse: data.horizontal, axisLabel: { ...axis.axisLabel, ...nameLabel } };
    const values = {
      type: "value",
      scale: data.kind === "line",
      axisLabel: { color: muted, formatter: short, hideOverlap: true },
      splitLine: { lineStyle: { color: line } },
      splitNumber: 4,
    };
    const byPoint = onTimeAxis && data.series.length > 3;
    return {
      animation: !calm.matches,
      animationDuration: 250,
      useUTC: true,
      textStyle: { fontFamily: FONT, color: text },
      grid: { left: 8, right: 16, top: 16, bottom: 8, containLabel: true },
      tooltip: {
        trigger: byPoint ? "item" : "axis",
        confine: true,
        backgroundColor: token("--surface"),
        borderColor: line,
        textStyle: { color: text, fontFamily: FONT, fontSize: 13 },
        axisPointer: { type: data.kind === "line" ? "line" : "shadow", lineStyle: { color: muted } },
        formatter: (found) => {
          const all = (Array.isArray(found) ? found : [found]).filter((each) => each.value !== null && each.value !== undefined);
          const items = all.map((each) => ({
            name: each.seriesName,
            value: Array.isArray(each.value) ? each.value[1] : each.value,
            color: each.color,
            hint: byPoint && each.data.href ? " (click for the message)" : "",
          }));
          const first = all[0];
          if (!first) return "";
          const heading = Array.isArray(first.value)
            ? day(first.value[0]) + (hasClock ? `, ${new Date(first.value[0]).toISOString().slice(11, 16)}` : "")
            : label(first.name);
          return tooltip(items, heading, data.unit);
        },
      },
      ...(data.horizontal ? { xAxis: values, yAxis: names } : { xAxis: names, yAxis: values }),
      series,
    };
  }

  function draw(figure) {
    const canvas = figure.querySelector(".canvas");
    const data = JSON.parse(figure.querySelector("script.data").textContent);
    canvas.replaceChildren();
    const chart = echarts.init(canvas, null, { renderer: "canvas" });
    const hidden = new Set();
    const update = () => chart.setOption(optionsOf(data, hidden), { notMerge: true });
    chart.on("click", (found) => {
      if (found.data?.href) location.href = found.data.href;
    });
    const legend = figure.querySelector("[data-legend]");
    if (data.series.length > 1) {
      for (const [index, each] of data.series.entries()) {
        const key = document.createElement("button");
        key.type = "button";
        key.setAttribute("aria-pressed", "true");
        const dot = document.createElement("span");
        dot.className = `dot c${(index % 8) + 1}`;
        key.append(dot, each.name);
        key.addEventListener("click", () => {
          if (!hidden.delete(index)) hidden.add(index);
          key.setAttribute("aria-pressed", String(!hidden.has(index)));
          update();
        });
        legend.append(key);
      }
      legend.hidden = false;
    }
    update();
    new ResizeObserver(() => chart.resize()).observe(canvas);
    drawn.push(update);
  }

  function drawAll() {
    for (const figure of document.querySelectorAll("figure.chart:has(script.data)")) {
      try {
        draw(figure);
      } catch (error) {
        figure.querySelector(".canvas").textContent = "The chart could not be drawn; the table has the same numbers.";
        console.error(error);
      }
    }
  }

  // The library is most of what a page weighs. It is asked for once the page is seen: a frame is painted before the
  // first task after it, and a page in the background gets no frames.
  function load() {
    const script = document.createElement("script");
    script.src = library;
    script.addEventListener("load", drawAll);
    script.addEventListener("error", () => {
      for (const wait of document.querySelectorAll(".canvas .wait")) {
        wait.textContent = "The chart's library could not be loaded; the table has the same numbers.";
      }
    });
    document.head.append(script);
  }
  if (document.hidden) load();
  else requestAnimationFrame(() => setTimeout(load));

  const again = () => drawn.forEach((update) => update());
  document.documentElement.addEventListener("themechange", again);
  dark.addEventListener("change", again);
  // Names in Ethiopic letters are measured with the font that draws them.
  document.fonts?.addEventListener("loadingdone", again);
})();
