"use strict";
(() => {
  // Paper cannot be opened by a click: every chart is printed, and closed again afterwards.
  let closed = [];
  addEventListener("beforeprint", () => {
    closed = [...document.querySelectorAll("details:not([open])")];
    for (const one of closed) one.open = true;
  });
  addEventListener("afterprint", () => { for (const one of closed) one.open = false; });
})();

// The interactive panels, drawn from the data that stands in the page. Without this script the still overview stays.
(() => {
  const data = JSON.parse(document.getElementById("data").textContent || "null");
  const live = document.getElementById("live");
  if (!data || !data.panels.length || !live) return;
  const NS = "http://www.w3.org/2000/svg", HEIGHT = 150, LEFT = 74, RIGHT = 8, TOP = 8, BOTTOM = 22;
  const view = { from: data.span[0], to: data.span[1] };
  // What happened within the first hundredth happened at the start.
  const start = data.span[0] + (data.span[1] - data.span[0]) / 100;
  const least = (data.span[1] - data.span[0]) / 2000;
  let cursor = null, drag = null, width = 0;

  const node = (name, attributes, parent, text) => {
    const made = document.createElementNS(NS, name);
    for (const key in attributes) made.setAttribute(key, attributes[key]);
    if (text !== undefined) made.textContent = text;
    if (parent) parent.append(made);
    return made;
  };
  const element = (name, className, parent, text) => {
    const made = document.createElement(name);
    if (className) made.className = className;
    if (text !== undefined) made.textContent = text;
    if (parent) parent.append(made);
    return made;
  };

  // Words for numbers, as the report has them.
  const digits = v => { const a = Math.abs(v); return a === 0 || a >= 99.95 ? v.toFixed(0) : a >= 9.995 ? v.toFixed(1) : v.toFixed(2); };
  const IEC = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
  const amount = (v, unit) => {
    if (unit === "bytes") {
      let k = 0, a = Math.abs(v);
      while (a >= 999.5 && k < 6) { a /= 1024; k++; }
      const s = v < 0 ? -a : a;
      return (k === 0 ? Math.round(s) : digits(s)) + " " + IEC[k];
    }
    if (unit === "ms") return Math.abs(v) >= 1000 ? digits(v / 1000) + " s" : digits(v) + " ms";
    return Number.isInteger(v) ? v.toLocaleString("en") : digits(v);
  };
  // A tick in the unit of the axis' upper end, with as many places as the step needs.
  const tickWord = (v, one) => {
    const unit = one.panel.unit, places = q => q >= 1 || q <= 0 ? 0 : Math.min(6, Math.ceil(-Math.log10(q) - 1e-9));
    if (v === 0) return "0";
    if (unit === "bytes") {
      const size = sizeOf(one.top);
      return (v / size).toFixed(places(one.tick / size)) + " " + IEC[Math.round(Math.log2(size) / 10)];
    }
    if (unit === "ms") return one.high >= 2000 ? (v / 1000).toFixed(places(one.tick / 1000)) + " s" : v.toFixed(places(one.tick)) + " ms";
    return Math.abs(v) >= 1e9 ? v.toExponential(2) : v.toLocaleString("en", { minimumFractionDigits: places(one.tick), maximumFractionDigits: places(one.tick) });
  };
  const clock = (s, fine) => {
    const sign = s < 0 ? "-" : "";
    s = Math.abs(s);
    const d = Math.floor(s / 86400), h = Math.floor(s / 3600) % 24, m = Math.floor(s / 60) % 60, r = s % 60;
    if (d) return sign + d + " d" + (h || m ? " " + h + " h" : "") + (m ? " " + m + " min" : "");
    if (h) return sign + h + " h" + (m ? " " + m + " min" : "");
    if (m) return sign + m + " min" + (r >= 0.5 ? " " + r.toFixed(0) + " s" : "");
    return sign + (fine < 1 ? r.toFixed(fine < 0.1 ? 2 : 1) : r.toFixed(0)) + " s";
  };

  // Round ticks: 1, 2 or 5 of a power of ten; clock steps for time.
  const sizeOf = high => { let size = 1; while (high / size >= 1024 && size < 2 ** 60) size *= 1024; return size; };
  const step = (span, most, unit, high) => {
    // Bytes are counted in the unit of the axis' upper end, so that its ticks are round in that unit.
    const base = unit === "bytes" ? sizeOf(Math.abs(high)) : 1;
    const x = span / most / base, p = Math.pow(10, Math.floor(Math.log10(x)));
    const round = [1, 2, 5, 10].find(k => k * p >= x * 0.9999) * p * base;
    return unit === "count" || unit === "bytes" ? Math.max(1, round) : round;
  };
  const CLOCK = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400, 172800, 604800];
  const clockStep = (span, most) => CLOCK.find(k => k >= span / most) || step(span, most, "number");

  const expand = line => {
    const t = [], v = [];
    let time = 0, value = 0;
    line.t.forEach((dt, i) => {
      if (line.v[i] === null) { t.push(NaN); v.push(NaN); return; }
      time += dt; value += line.v[i];
      t.push(line.t0 + time * line.tq); v.push(line.v0 + value * line.vq);
    });
    return { name: line.name, t, v };
  };

  // The controls, the panels and the spoken read-out.
  element("p", "hint", live, "Point at a chart to read it. Drag to zoom in, double-click to see the whole run. By keyboard: left and right move the cursor, plus and minus zoom, 0 shows the whole run.");
  const bar = element("div", "bar", live);
  const button = (text, act) => { const b = element("button", "", bar, text); b.type = "button"; b.addEventListener("click", act); };
  button("Zoom in", () => zoom(0.5));
  button("Zoom out", () => zoom(2));
  button("Whole run", () => show(data.span[0], data.span[1]));
  const told = element("output", "", bar, "");
  const spoken = element("p", "", live);
  spoken.setAttribute("role", "status");
  spoken.style.cssText = "position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)";
  const box = element("div", "panels", live);
  box.tabIndex = 0;
  box.setAttribute("role", "group");
  box.setAttribute("aria-label", "Charts on one time axis. Left and right move the cursor, plus and minus zoom, 0 shows the whole run.");

  // Phases and marks are named once, above the panels, and drawn through all of them.
  const named = data.phases.length > 0 || data.marks.length > 0;
  const times = named ? node("svg", { class: "times", role: "img" }) : null;
  if (times) {
    const most = (all, what) => all.length ? all.length + " " + what + ": " + all.slice(0, 12).map(one => one[one.length - 1]).join(", ") + (all.length > 12 ? " and more" : "") : "";
    times.setAttribute("aria-label", [most(data.phases, "phases"), most(data.marks, "marks")].filter(Boolean).join("; "));
    box.append(times);
  }

  const panels = data.panels.map(panel => {
    const holder = element("div", "panel", box);
    const head = element("h3", "", holder, panel.title);
    const lines = panel.lines.map(expand);
    const ink = i => lines[i].name === "errors" ? "alarm" : "l" + (i % 6);
    const keys = lines.map((line, i) => {
      const key = element("span", "key", head);
      element("i", ink(i), key);
      key.append(lines.length > 1 ? line.name + " " : "");
      return element("b", "", key);
    });
    const extra = (className, text) => { const key = element("span", "key", head); element("i", className, key); key.append(text); };
    if (panel.fit.length) extra("fit", "fit");
    data.left_out.forEach(([from, to]) => {
      const left = Math.max(LEFT, x(from)), wide = Math.min(right, x(to)) - left;
      for (let k = 4; k < wide; k += 8) {
        node("line", { x1: left + k, x2: left + k, y1: TOP, y2: bottom, style: "stroke:var(--grid)" }, plot);
      }
    });
    if (panel.settled > start) extra("warm", "warm-up");
    if (panel.onset > start) extra("onset", "growth began");
    const svg = node("svg", { height: HEIGHT, role: "img", "aria-label": panel.title + " over time" });
    holder.append(svg);
    const one = { panel, lines, ink, keys, svg, low: 0, high: 1 };
    listen(one);
    return one;
  });

  const x = t => LEFT + (t - view.from) / (view.to - view.from) * (width - LEFT - RIGHT);
  const timeAt = px => view.from + (px - LEFT) / (width - LEFT - RIGHT) * (view.to - view.from);

  function range(one) {
    let low = Infinity, high = -Infinity;
    for (const line of one.lines) for (let i = 0; i < line.t.length; i++) {
      if (line.t[i] >= view.from && line.t[i] <= view.to) { if (line.v[i] < low) low = line.v[i]; if (line.v[i] > high) high = line.v[i]; }
    }
    if (!(low <= high)) { low = 0; high = 1; }
    // A limit is in the data only where it is near enough to matter.
    if (one.panel.limit) high = Math.max(high, one.panel.limit[0]);
    const few = one.panel.unit === "count" && high <= 12, above = low >= 0;
    if (above && (one.panel.zero || few || low <= 0.4 * high)) low = 0;
    // What hardly moves looks as if it hardly moved, as in the still charts, until somebody zooms in to see how.
    const floor = { bytes: 1048576, count: 4 }[one.panel.unit] || 1, whole = view.to - view.from > 0.99 * (data.span[1] - data.span[0]);
    const wanted = whole ? Math.max(floor, 0.1 * Math.max(Math.abs(low), Math.abs(high))) : one.panel.unit === "count" ? 1 : Math.max(Math.abs(high) * 1e-6, 1e-6);
    const missing = Math.max(0, wanted - (high - low));
    high += missing / 2;
    if (low !== 0) low -= missing / 2;
    if (above && low < 0) { high -= low; low = 0; }
    const tick = step(high - low, 4, one.panel.unit, high);
    one.tick = tick; one.top = Math.abs(high); one.low = Math.floor(low / tick) * tick; one.high = Math.ceil(high / tick) * tick;
    if (one.high <= one.low) one.high = one.low + tick;
  }

  function draw(one) {
    const { svg, panel, lines } = one;
    svg.replaceChildren();
    svg.setAttribute("viewBox", "0 0 " + width + " " + HEIGHT);
    range(one);
    const bottom = HEIGHT - BOTTOM, right = width - RIGHT;
    const y = v => bottom - (v - one.low) / (one.high - one.low) * (bottom - TOP);
    const clip = "clip" + panels.indexOf(one);
    const defs = node("clipPath", { id: clip }, node("defs", {}, svg));
    node("rect", { x: LEFT, y: TOP - 3, width: Math.max(1, right - LEFT), height: bottom - TOP + 6 }, defs);
    const plot = node("g", { "clip-path": "url(#" + clip + ")" }, svg);
    data.phases.forEach(([from, to], i) => {
      const left = Math.max(LEFT, x(from)), wide = Math.min(right, x(to)) - left;
      // Narrower stripes would only be noise behind the lines.
      if (i % 2 && wide > 4) node("rect", { x: left, y: TOP, width: wide, height: bottom - TOP, style: "fill:var(--phase)" }, plot);
    });
    if (panel.settled > start && panel.settled > view.from) {
      node("rect", { x: LEFT, y: TOP, width: Math.max(0, Math.min(right, x(panel.settled)) - LEFT), height: bottom - TOP, style: "fill:var(--shade)" }, plot);
    }
    for (let k = 0, v = one.low; k < 12 && v <= one.high + one.tick / 2; k++, v = one.low + k * one.tick) {
      node("line", { x1: LEFT, x2: right, y1: y(v), y2: y(v), style: "stroke:var(--grid)" }, svg);
      node("text", { x: LEFT - 6, y: y(v) + 4, "text-anchor": "end" }, svg, tickWord(v, one));
    }
    svg.append(plot);
    const every = clockStep(view.to - view.from, Math.max(2, Math.floor((width - LEFT) / 80)));
    for (let k = Math.ceil(view.from / every), n = 0; k * every <= view.to && n < 60; k++, n++) {
      const px = x(k * every);
      node("line", { x1: px, x2: px, y1: bottom, y2: bottom + 4, style: "stroke:var(--muted)" }, svg);
      const end = px > right - 30 ? "end" : px < LEFT + 12 ? "start" : "middle";
      node("text", { x: px, y: HEIGHT - 5, "text-anchor": end }, svg, clock(k * every, every));
    }
    if (panel.fit.length > 1) {
      const up = panel.fit.map(p => x(p[0]).toFixed(1) + "," + y(p[3]).toFixed(1));
      const down = panel.fit.map(p => x(p[0]).toFixed(1) + "," + y(p[2]).toFixed(1)).reverse();
      node("polygon", { points: up.concat(down).join(" "), style: "fill:var(--band)" }, plot);
    }
    for (let i = lines.length - 1; i >= 0; i--) path(one, i, plot, y);
    if (panel.fit.length > 1) {
      node("polyline", { points: panel.fit.map(p => x(p[0]).toFixed(1) + "," + y(p[1]).toFixed(1)).join(" "), style: "fill:none;stroke:var(--fit);stroke-width:2;stroke-dasharray:7 4" }, plot);
    }
    if (panel.onset > start) {
      node("line", { x1: x(panel.onset), x2: x(panel.onset), y1: TOP, y2: bottom, style: "stroke:var(--ink);stroke-dasharray:3 3" }, plot);
    }
    for (const [at] of data.marks) {
      if (at >= view.from && at <= view.to) node("line", { x1: x(at), x2: x(at), y1: TOP, y2: bottom, style: "stroke:var(--ink);stroke-width:1.2" }, plot);
    }
    if (panel.limit) {
      const [value, words] = panel.limit, py = y(value);
      node("line", { x1: LEFT, x2: right, y1: py, y2: py, style: "stroke:var(--ink);stroke-width:1.5;stroke-dasharray:8 4" }, plot);
      // Above the line where there is room, and rimmed, so that a line behind the words does not cross them out.
      node("text", { x: LEFT + 8, y: py - TOP > 14 ? py - 5 : py + 14, class: "limit", style: "paint-order:stroke;stroke:var(--paper);stroke-width:4px" }, svg, words);
    }
    one.mark = node("line", { y1: TOP, y2: bottom, style: "stroke:var(--ink);stroke-width:1", visibility: "hidden" }, plot);
    one.chosen = node("rect", { y: TOP, height: bottom - TOP, style: "fill:var(--line-0);opacity:.2", visibility: "hidden" }, plot);
  }

  // Sets as much of the words as there is room for; answers with their width.
  function fitted(text, words, room) {
    text.textContent = words;
    let long = text.getComputedTextLength();
    for (let letters = Array.from(words); long > room && letters.length; ) {
      letters = letters.slice(0, Math.min(letters.length - 1, Math.floor(letters.length * room / long)));
      text.textContent = letters.length > 2 ? letters.join("").trimEnd() + "…" : "";
      long = text.getComputedTextLength();
      if (!text.textContent) break;
    }
    return long;
  }

  // The marks' words in up to three rows, and below them the strip of phases.
  function drawTimes() {
    if (!times) return;
    times.replaceChildren();
    const right = width - RIGHT, rows = [], lines = [];
    for (const [at, words] of data.marks) {
      if (at < view.from || at > view.to) continue;
      const text = node("text", {}, times), long = fitted(text, words, (right - LEFT) * 0.4);
      const left = x(at) + 4 + long <= right ? x(at) + 4 : x(at) - 4 - long;
      let row = rows.findIndex(taken => taken.every(([a, b]) => left + long + 8 < a || left - 8 > b));
      if (row < 0) row = rows.length;
      if (row > 2) { text.remove(); continue; }
      (rows[row] ||= []).push([left, left + long]);
      text.setAttribute("x", left);
      text.setAttribute("y", 12 + row * 16);
      lines.push([x(at), 3 + row * 16]);
    }
    const top = rows.length * 16 + 2, height = top + (data.phases.length ? 19 : 0);
    data.phases.forEach(([from, to, name], i) => {
      if (to <= view.from || from >= view.to) return;
      const left = Math.max(LEFT, x(from)), wide = Math.min(right, x(to)) - left;
      const band = node("rect", { x: left, y: top, width: Math.max(0.5, wide), height: 17, style: "fill:var(--strip" + (i % 2 ? "-second)" : ")") }, times);
      node("title", {}, band, name);
      if (wide > 20) fitted(node("text", { x: left + 4, y: top + 13, "pointer-events": "none" }, times), name, wide - 8);
    });
    for (const [px, from] of lines) node("line", { x1: px, x2: px, y1: from, y2: height, style: "stroke:var(--ink);stroke-width:1.2" }, times);
    times.setAttribute("height", height);
    times.setAttribute("viewBox", "0 0 " + width + " " + height);
  }

  function path(one, i, plot, y) {
    const line = one.lines[i];
    let d = "", pen = false, shown = 0;
    for (let k = 0; k < line.t.length; k++) {
      const t = line.t[k];
      if (Number.isNaN(t)) { pen = false; continue; }
      if (line.t[k + 1] < view.from || line.t[k - 1] > view.to) { pen = false; continue; }
      d += (pen ? "L" : "M") + x(t).toFixed(1) + " " + y(line.v[k]).toFixed(1);
      pen = true;
      shown++;
    }
    node("path", { d, class: one.ink(i), style: "fill:none;stroke-width:1.6;stroke-linejoin:bevel" }, plot);
    if (shown > 60) return;
    for (let k = 0; k < line.t.length; k++) {
      if (line.t[k] >= view.from && line.t[k] <= view.to) node("circle", { cx: x(line.t[k]), cy: y(line.v[k]), r: 2, class: one.ink(i), style: "fill:currentColor;stroke-width:2" }, plot);
    }
  }

  const nearest = (line, t) => {
    let best = -1, gap = Infinity;
    for (let k = 0; k < line.t.length; k++) { const g = Math.abs(line.t[k] - t); if (g < gap) { gap = g; best = k; } }
    return best;
  };

  // One cursor through all panels; without one, each key shows the latest value.
  function read(aloud) {
    const at = cursor === null ? view.to : cursor;
    const words = [];
    for (const one of panels) {
      one.lines.forEach((line, i) => {
        const k = nearest(line, at);
        const shown = k < 0 ? "–" : amount(line.v[k], one.panel.unit);
        one.keys[i].textContent = shown;
        words.push((one.lines.length > 1 ? line.name : one.panel.title) + " " + shown);
      });
      const inside = cursor !== null && cursor >= view.from && cursor <= view.to;
      one.mark.setAttribute("visibility", inside ? "visible" : "hidden");
      if (inside) { one.mark.setAttribute("x1", x(cursor)); one.mark.setAttribute("x2", x(cursor)); }
    }
    const fine = (view.to - view.from) / 100;
    const phase = cursor === null ? null : data.phases.find(([from, to]) => cursor >= from && cursor < to);
    const near = cursor === null ? [] : data.marks.filter(([t]) => Math.abs(x(t) - x(cursor)) < 5).map(mark => mark[1]);
    told.textContent = cursor === null ? "showing " + clock(view.from, fine) + " to " + clock(view.to, fine)
      : ["after " + clock(cursor, fine)].concat(phase ? "phase " + phase[2] : [], near).join("; ");
    if (aloud) spoken.textContent = told.textContent + ": " + words.join(", ");
  }

  function show(from, to) {
    if (to - from < least) { const m = (from + to) / 2; from = m - least / 2; to = m + least / 2; }
    view.from = Math.max(data.span[0], from);
    view.to = Math.min(data.span[1], to);
    drawTimes();
    panels.forEach(draw);
    read(false);
  }
  function zoom(factor) {
    const middle = cursor === null ? (view.from + view.to) / 2 : cursor, half = (view.to - view.from) * factor / 2;
    show(middle - half, middle + half);
  }

  function listen(one) {
    const at = event => {
      const rect = one.svg.getBoundingClientRect();
      return Math.min(view.to, Math.max(view.from, timeAt(event.clientX - rect.left)));
    };
    one.svg.addEventListener("pointermove", event => {
      cursor = at(event);
      if (drag !== null) for (const other of panels) {
        const [a, b] = [Math.min(drag, cursor), Math.max(drag, cursor)];
        other.chosen.setAttribute("x", x(a));
        other.chosen.setAttribute("width", Math.max(0, x(b) - x(a)));
        other.chosen.setAttribute("visibility", "visible");
      }
      read(false);
    });
    one.svg.addEventListener("pointerdown", event => {
      if (event.button !== 0) return;
      drag = cursor = at(event);
      one.svg.setPointerCapture(event.pointerId);
    });
    const end = event => {
      if (drag === null) return;
      const [a, b] = [Math.min(drag, at(event)), Math.max(drag, at(event))];
      drag = null;
      const far = x(b) - x(a) > 8 && event.type === "pointerup";
      show(far ? a : view.from, far ? b : view.to);
    };
    one.svg.addEventListener("pointerup", end);
    one.svg.addEventListener("pointercancel", end);
    one.svg.addEventListener("pointerleave", () => { if (drag === null) { cursor = null; read(false); } });
    one.svg.addEventListener("dblclick", () => show(data.span[0], data.span[1]));
  }

  box.addEventListener("keydown", event => {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    const span = view.to - view.from, move = span / (event.shiftKey ? 10 : 50);
    const here = cursor === null ? view.from : cursor;
    const to = t => {
      cursor = Math.min(data.span[1], Math.max(data.span[0], t));
      if (cursor < view.from) show(cursor, cursor + span);
      else if (cursor > view.to) show(cursor - span, cursor);
      read(true);
    };
    switch (event.key) {
      case "ArrowLeft": to(here - move); break;
      case "ArrowRight": to(here + move); break;
      case "Home": to(view.from); break;
      case "End": to(view.to); break;
      case "+": case "=": zoom(0.5); read(true); break;
      case "-": zoom(2); read(true); break;
      case "0": case "Escape": cursor = null; show(data.span[0], data.span[1]); read(true); break;
      default: return;
    }
    event.preventDefault();
  });

  const fit = () => {
    const now = Math.round(box.clientWidth);
    if (now < 50 || now === width) return;
    width = now;
    drawTimes();
    panels.forEach(draw);
    read(false);
  };
  live.hidden = false;
  const still = document.getElementById("still");
  if (still) still.hidden = true;
  new ResizeObserver(fit).observe(box);
  fit();
})();
