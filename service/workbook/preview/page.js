"use strict";
(() => {
  const $ = (id) => document.getElementById(id);
  const root = document.documentElement;
  const data = JSON.parse($("data").textContent);
  const HEAD = 22;
  const TAGS = new Set(["svg", "g", "path", "rect", "circle", "line", "polyline", "polygon",
    "text", "title"]);
  const LINKS = /^(https?:|mailto:)/i;
  const SVG = "http://www.w3.org/2000/svg";
  const rules = $("looks").sheet;
  const language = root.lang || "en";
  const plural = new Intl.PluralRules(language);
  const known = new Set();
  let sheet = null;
  let at = { row: 1, column: 1 };
  let asking = false;
  let drawnFrom = 0;
  let drawnTo = -1;

  // What the reader is told, in their language; what counts has forms.
  function say(text, names = {}) {
    let found = data.texts[text] || text;
    if (typeof found === "object") found = found[plural.select(names.count)] || found.other;
    const put = (value) => (typeof value === "number" ? value.toLocaleString(language) : value);
    return found.replace(/\{(\w+)\}/g, (all, name) => (name in names ? put(names[name]) : all));
  }

  // Building nodes: texts of the workbook become texts, never markup.
  function make(tag, name, text) {
    const node = document.createElement(tag);
    if (name) node.className = name;
    if (text !== undefined) node.textContent = text;
    return node;
  }
  function picture(item) {
    if (typeof item === "string") return document.createTextNode(item);
    if (!TAGS.has(item[0])) return document.createTextNode("");
    const node = document.createElementNS(SVG, item[0]);
    for (const [name, value] of Object.entries(item[1])) {
      if (!/^on|href|style/i.test(name)) node.setAttribute(name, value);
    }
    for (const child of item.slice(2)) node.append(picture(child));
    return node;
  }
  function learn(css) {
    for (const [name, [day, night]] of Object.entries(css)) {
      if (known.has(name) || !/^[kf][0-9a-f]{10}$/.test(name)) continue;
      known.add(name);
      rules.insertRule(`.${name}{${day}}`, rules.cssRules.length);
      if (night) {
        rules.insertRule(`:root[data-theme="dark"] .${name}{${night}}`, rules.cssRules.length);
      }
    }
  }
  function letters(number) {
    let text = "";
    for (let left = number; left > 0; left = Math.floor((left - 1) / 26)) {
      text = String.fromCharCode(65 + ((left - 1) % 26)) + text;
    }
    return text;
  }

  // One sheet, prepared for drawing.
  function prepared(raw) {
    const one = { raw, cells: new Map(), loaded: [], merged: new Map() };
    take(one, raw);
    one.columns = [];
    raw.widths.forEach((width, index) => { if (width > 0) one.columns.push(index + 1); });
    raw.merges.forEach((m) => {
      let row = m[0];
      while (row < m[2] && raw.heights[row] === 0) row += 1;
      let column = m[1];
      while (column < m[3] && raw.widths[column - 1] === 0) column += 1;
      for (let r = m[0]; r <= Math.min(m[2], raw.rows, m[0] + 2000); r += 1) {
        for (let c = m[1]; c <= Math.min(m[3], raw.columns); c += 1) {
          one.merged.set(`${r}:${c}`, { m, first: r === row && c === column });
        }
      }
    });
    one.head = Math.max(36, String(raw.rows).length * 8 + 12);
    return one;
  }
  function take(one, raw) {
    const win = raw.window;
    if (win) {
      for (const [row, cells] of Object.entries(win.rows)) {
        const found = new Map();
        cells.forEach((cell) => found.set(cell[0], cell));
        one.cells.set(Number(row), found);
      }
      one.loaded.push([win.from, win.to]);
    }
    Object.assign(one.raw.heights, raw.heights);
    one.icons = Object.assign(one.icons || {}, raw.icons || {});
    measure(one);
  }
  function measure(one) {
    const raw = one.raw;
    const tops = new Float64Array(raw.rows + 2);
    let top = 0;
    for (let row = 1; row <= raw.rows; row += 1) {
      tops[row] = top;
      const height = raw.heights[row];
      top += height === undefined ? raw.height : height;
    }
    tops[raw.rows + 1] = top;
    one.tops = tops;
  }
  const height = (row) => sheet.tops[row + 1] - sheet.tops[row];
  const width = (column) => sheet.raw.widths[column - 1] || 0;
  function rowAt(y) {
    let low = 1;
    let high = sheet.raw.rows;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (sheet.tops[middle] <= y) low = middle; else high = middle - 1;
    }
    return low;
  }
  const isLoaded = (row) => sheet.loaded.some(([from, to]) => row >= from && row <= to);

  // Drawing.
  const scroll = $("scroll");
  const zoom = () => Math.min(Math.max((sheet.raw.zoom || 100) / 100, 0.6), 1.5);
  function frozen() {
    let [rows, columns] = sheet.raw.frozen;
    let wide = 0;
    for (let c = 1; c <= columns; c += 1) wide += width(c);
    if (wide * zoom() > scroll.clientWidth * 0.6) columns = 0;
    const high = sheet.tops[Math.min(rows, sheet.raw.rows) + 1];
    if (high * zoom() > scroll.clientHeight * 0.6) rows = 0;
    return [Math.min(rows, 60, sheet.raw.rows), columns];
  }
  function openSheet(number, focus) {
    const raw = data.sheets[number];
    sheet = raw.ready || (raw.ready = prepared(raw));
    document.querySelectorAll('[role="tab"]').forEach((tab, index) => {
      tab.setAttribute("aria-selected", String(index === number));
      tab.tabIndex = index === number ? 0 : -1;
      if (index === number) tab.scrollIntoView({ block: "nearest", inline: "nearest" });
      if (index === number && focus) tab.focus();
    });
    $("panel").setAttribute("aria-labelledby", `tab${number}`);
    at = sheet.at || { row: 1, column: sheet.columns[0] || 1 };
    frame();
    scroll.scrollTop = sheet.scrolled || 0;
    draw(true);
    detail();
    notes();
    if (!sheet.loaded.length) more(1);
  }
  function frame() {
    const table = make("table", sheet.raw.grid ? "sheet" : "sheet bare");
    table.id = "grid";
    table.setAttribute("role", "grid");
    table.setAttribute("aria-label", say("Sheet {name}", { name: sheet.raw.name }));
    table.setAttribute("aria-rowcount", String(sheet.raw.rows + 1));
    table.setAttribute("aria-colcount", String(sheet.columns.length + 1));
    table.setAttribute("aria-readonly", "true");
    if (sheet.raw.rtl) table.dir = "rtl";
    let wide = sheet.head;
    const group = make("colgroup");
    const first = make("col");
    first.style.width = `${sheet.head}px`;
    group.append(first);
    sheet.columns.forEach((column) => {
      const col = make("col");
      col.style.width = `${width(column)}px`;
      wide += width(column);
      group.append(col);
    });
    table.style.width = `${wide}px`;
    const line = make("tr");
    line.setAttribute("aria-rowindex", "1");
    const corner = make("th");
    corner.append(make("span", "away", say("Row")));
    corner.scope = "col";
    line.append(corner);
    const [, frozenColumns] = frozen();
    let left = sheet.head;
    sheet.columns.forEach((column, index) => {
      const th = make("th", "", letters(column));
      th.scope = "col";
      th.dataset.column = column;
      th.setAttribute("aria-colindex", String(index + 2));
      if (column <= frozenColumns) { th.style.left = `${left}px`; th.style.zIndex = "7"; }
      left += width(column);
      line.append(th);
    });
    const head = make("thead");
    head.append(line);
    const body = make("tbody");
    table.append(group, head, body);
    const canvas = $("canvas");
    canvas.style.zoom = zoom();
    canvas.replaceChildren(table);
    drawings(canvas);
  }
  function drawings(canvas) {
    (sheet.raw.drawings || []).forEach((one) => {
      const box = make("div", "drawing");
      box.style.left = `${one.left + sheet.head}px`;
      box.style.top = `${one.top + HEAD}px`;
      box.style.width = `${one.width}px`;
      box.style.height = `${one.height}px`;
      if (one.svg) box.append(picture(one.svg));
      else if (one.shape) shape(box, one);
      else if (one.source && one.source.startsWith("data:image/")) {
        const image = make("img");
        image.src = one.source;
        image.alt = one.words;
        box.append(image);
      } else {
        box.classList.add("none");
        box.textContent = say("{name}: shows in Excel", { name: one.words });
      }
      canvas.append(box);
    });
  }
  // A shape with its text over it; the reader hears its name and what it says.
  function shape(box, one) {
    box.classList.add("shape");
    box.setAttribute("role", "img");
    box.setAttribute("aria-label", one.words);
    box.append(picture(one.shape));
    if (!one.text) return;
    box.setAttribute("role", "group");
    const words = make("div", "words");
    words.style.justifyContent = one.down;
    words.style.padding = one.insets.map((inset) => `${inset}px`).join(" ");
    one.text.forEach(([side, runs]) => {
      const line = make("p");
      line.style.textAlign = side;
      runs.forEach(([text, name]) => line.append(make("span", name, text)));
      words.append(line);
    });
    box.append(words);
  }
  function draw(anew) {
    const [frozenRows, frozenColumns] = frozen();
    const top = scroll.scrollTop / zoom();
    let from = Math.max(rowAt(top) - 15, frozenRows + 1);
    let to = Math.min(rowAt(top + scroll.clientHeight / zoom()) + 15, sheet.raw.rows);
    if (!anew && from >= drawnFrom && to <= drawnTo) return;
    from = Math.max(from - 15, frozenRows + 1);
    to = Math.min(to + 15, sheet.raw.rows);
    sheet.raw.merges.forEach((m) => {
      if (m[0] < from && m[2] >= from && from - m[0] < 200) from = Math.max(m[0], frozenRows + 1);
    });
    drawnFrom = from;
    drawnTo = to;
    const focused = document.activeElement && document.activeElement.tagName === "TD";
    const body = make("tbody");
    for (let row = 1; row <= frozenRows; row += 1) body.append(rowOf(row, true, frozenColumns,
      frozenRows, to));
    body.append(spacer(sheet.tops[from] - sheet.tops[frozenRows + 1]));
    for (let row = from; row <= to; row += 1) {
      if (height(row) > 0) body.append(rowOf(row, false, frozenColumns, frozenRows, to));
    }
    body.append(spacer(sheet.tops[sheet.raw.rows + 1] - sheet.tops[to + 1]));
    $("grid").querySelector("tbody").replaceWith(body);
    fitNumbers(body);
    mark(focused);
    for (let row = from; row <= to; row += 1) {
      if (!isLoaded(row)) { more(row); break; }
    }
  }
  function spacer(high) {
    const line = make("tr", "spacer");
    line.setAttribute("aria-hidden", "true");
    const cell = make("td");
    cell.colSpan = sheet.columns.length + 1;
    cell.style.height = `${high}px`;
    line.append(cell);
    line.hidden = high <= 0;
    return line;
  }
  function rowOf(row, sticky, frozenColumns, frozenRows, last) {
    const line = make("tr");
    line.setAttribute("aria-rowindex", String(row + 1));
    line.style.height = `${height(row)}px`;
    line.hidden = height(row) <= 0;
    const th = make("th", "", String(row));
    th.scope = "row";
    th.dataset.row = row;
    const top = HEAD + sheet.tops[row];
    if (sticky) { th.style.top = `${top}px`; th.style.zIndex = "7"; }
    line.append(th);
    const cells = sheet.cells.get(row) || new Map();
    let left = sheet.head;
    sheet.columns.forEach((column, index) => {
      const held = sheet.merged.get(`${row}:${column}`);
      if (!held || held.first) {
        const cell = held ? valueOf(held.m) : cells.get(column);
        const td = cellOf(row, column, index, cell, held && held.m, cells, last);
        if (column <= frozenColumns || sticky) {
          td.classList.add("f");
          if (sticky) td.style.top = `${top}px`;
          if (column <= frozenColumns) td.style.left = `${left}px`;
          if (column <= frozenColumns && sticky) td.style.zIndex = "5";
        }
        if (column === frozenColumns) td.classList.add("e");
        if (row === frozenRows) td.classList.add("l");
        line.append(td);
      }
      left += width(column);
    });
    return line;
  }
  function valueOf(m) {
    const cells = sheet.cells.get(m[0]);
    return cells && cells.get(m[1]);
  }
  function cellOf(row, column, index, cell, merge, cells, last) {
    const td = make("td");
    td.dataset.at = `${row}:${column}`;
    td.tabIndex = -1;
    td.setAttribute("role", "gridcell");
    td.setAttribute("aria-colindex", String(index + 2));
    let high = height(row);
    let wide = width(column);
    if (merge) {
      const rows = Math.min(merge[2], last);
      let span = 0;
      for (let r = row; r <= rows; r += 1) if (height(r) > 0) span += 1;
      td.rowSpan = Math.max(span, 1);
      high = sheet.tops[rows + 1] - sheet.tops[row];
      const within = sheet.columns.filter((c) => c >= merge[1] && c <= merge[3]);
      td.colSpan = Math.max(within.length, 1);
      wide = within.reduce((sum, c) => sum + width(c), 0);
    }
    if (!cell) return td;
    const [, text, looks, kind, about = {}] = cell;
    td.className = `${looks} ${["", "n", "m"][kind] || ""}`.trim();
    const box = make("div", "c");
    box.style.maxHeight = `${high - 1}px`;
    fill(box, text, about);
    if (about.i) { td.append(icon(about.i)); box.classList.add("fit"); }
    if (about.b) td.append(bar(about.b));
    if (about.k) {
      const line = picture(about.k);
      line.setAttribute("class", "spark");
      td.append(line);
      box.append(make("span", "away", `, ${about.w}`));
    }
    if (about.r) turn(box, about.r, high);
    if (about.v) td.append(button(about.v, box, text, wide));
    if (about.s) box.dataset.shrink = "1";
    if (text && !merge && !about.r && [0, 4, 5].includes(kind)) {
      spread(td, box, column, cells, wide, kind);
    }
    if (about.d) { td.classList.add("d"); box.append(make("span", "away", `, ${about.d}`)); }
    if (about.n) { td.classList.add("x"); box.append(make("span", "away", `, ${say("note: {note}", { note: about.n })}`)); }
    const told = [about.d, about.n].filter(Boolean).join("\n");
    if (told) td.title = told;
    td.append(box);
    return td;
  }
  // The button of a filter; it shows whether the filter hides rows, and does nothing here.
  function button(kind, box, text, wide) {
    const mark = make("span", kind === 2 ? "sieve on" : "sieve", kind === 2 ? "▼" : "▾");
    mark.setAttribute("aria-hidden", "true");
    if (text.length * 7.5 + 20 < wide) box.style.paddingRight = "17px";
    box.append(make("span", "away", `, ${kind === 2 ? say("filtered") : say("filter")}`));
    return mark;
  }
  function fill(box, text, about) {
    let into = box;
    if (about.a) {
      into = make("a", about.a.startsWith("#") || LINKS.test(about.a) ? "plain" : "");
      if (LINKS.test(about.a)) {
        into.href = about.a;
        into.target = "_blank";
        into.rel = "noopener noreferrer";
      } else {
        into.href = "#";
        into.addEventListener("click", (event) => { event.preventDefault(); goto(about.a); });
      }
      into.tabIndex = -1;
      box.append(into);
    }
    if (about.t) about.t.forEach(([part, name]) => into.append(make("span", name, part)));
    else into.append(text);
  }
  // A text runs over into the blank cells beside it.
  function spread(td, box, column, cells, wide, kind) {
    const row = td.dataset.at.split(":")[0];
    const free = (toward) => {
      let room = 0;
      let next = sheet.columns.indexOf(column) + toward;
      while (sheet.columns[next] && room < 1500) {
        const beside = cells.get(sheet.columns[next]);
        if ((beside && beside[1] !== "") || sheet.merged.has(`${row}:${sheet.columns[next]}`)) break;
        room += width(sheet.columns[next]);
        next += toward;
      }
      return room;
    };
    const left = kind === 0 ? 0 : free(-1);
    const right = kind === 4 ? 0 : free(1);
    const both = kind === 5 ? Math.min(left, right) : 0;
    if (!left && !right) return;
    td.classList.add("o");
    if (!/\bf[0-9a-f]{10}\b/.test(td.className)) td.classList.add("p");
    const words = make("span", "t");
    words.append(...box.childNodes);
    box.append(words);
    if (kind === 0) {
      box.style.width = `${wide + right - 6}px`;
    } else {
      const before = kind === 5 ? both : left;
      box.style.width = `${wide + before + both - 6}px`;
      box.style.marginLeft = `${-before}px`;
    }
  }
  function bar([left, wide, color, solid]) {
    const node = make("span", "bar");
    node.style.left = `${left}%`;
    node.style.width = `${wide}%`;
    node.style.background = solid ? color : `linear-gradient(90deg, ${color}, ${color}55)`;
    return node;
  }
  function icon(name) {
    const node = document.createElementNS(SVG, "svg");
    node.setAttribute("viewBox", "0 0 16 16");
    node.setAttribute("class", "icon");
    node.setAttribute("aria-hidden", "true");
    (sheet.icons[name] || []).forEach((part) => node.append(picture(part)));
    return node;
  }
  function turn(box, angle, high) {
    if (angle === 255) {
      box.style.writingMode = "vertical-rl";
      box.style.textOrientation = "upright";
    } else if (angle === 90 || angle === 180) {
      box.style.writingMode = "vertical-rl";
      if (angle === 90) box.style.transform = "rotate(180deg)";
    } else {
      const degrees = angle > 90 ? angle - 90 : -angle;
      box.style.overflow = "visible";
      box.style.width = "max-content";
      box.style.transformOrigin = degrees < 0 ? "left bottom" : "left top";
      const across = `translate(${Math.min(high / 3, 12)}px,0)`;
      box.style.transform = `${across} rotate(${degrees}deg)`;
    }
    box.style.maxHeight = `${high}px`;
  }
  // A number that has no room is never cut: it becomes smaller, then hashes, as in Excel.
  function fitNumbers(body) {
    const found = [...body.querySelectorAll("td.n > .c, td > .c[data-shrink]")];
    const tight = found.filter((box) => box.scrollWidth > box.clientWidth + 1
      && getComputedStyle(box).whiteSpace === "pre");
    tight.forEach((box) => {
      const share = box.clientWidth / box.scrollWidth;
      if (share > 0.78 || box.dataset.shrink) {
        box.style.fontSize = `${Math.floor(share * 98)}%`;
      } else {
        box.parentElement.title = box.textContent;
        const hashes = Math.max(Math.floor(box.clientWidth / 11), 1);
        const words = make("span", "away", box.textContent);
        const shown = make("span", "", "#".repeat(hashes));
        shown.setAttribute("aria-hidden", "true");
        box.replaceChildren(words, shown);
      }
    });
  }

  // Further rows, where the page came from the service.
  async function more(row) {
    if (asking || !data.more) return;
    asking = true;
    const one = sheet;
    const from = Math.max(Math.floor((row - 1) / data.step) * data.step + 1, 1);
    try {
      const query = `?sheet=${encodeURIComponent(one.raw.name)}&row=${from}`
        + `&language=${encodeURIComponent(language)}`;
      const answer = await fetch(location.pathname + query, { headers: { Accept:
        "application/json" } });
      if (!answer.ok) throw new Error(String(answer.status));
      const part = await answer.json();
      learn(part.css);
      if (part.sheet.drawings && part.sheet.drawings.length && !one.raw.drawings) {
        one.raw.drawings = part.sheet.drawings;
        take(one, part.sheet);
        if (one === sheet) frame();
      } else take(one, part.sheet);
      asking = false;
      if (one === sheet) { draw(true); detail(); }
    } catch (error) {
      $("live").textContent = say("These rows can't be had: the link may have expired.");
      setTimeout(() => { asking = false; }, 3000);
    }
  }

  // Where the reader is.
  function cellNode() {
    const held = sheet.merged.get(`${at.row}:${at.column}`);
    let key = `${at.row}:${at.column}`;
    if (held && !held.first) {
      for (const [place, one] of sheet.merged) if (one.first && one.m === held.m) key = place;
    }
    return document.querySelector(`td[data-at="${key}"]`);
  }
  function mark(focus) {
    document.querySelectorAll("th.on").forEach((th) => th.classList.remove("on"));
    document.querySelectorAll('td[tabindex="0"]').forEach((td) => { td.tabIndex = -1; });
    const column = document.querySelector(`th[data-column="${at.column}"]`);
    const row = document.querySelector(`th[data-row="${at.row}"]`);
    if (column) column.classList.add("on");
    if (row) row.classList.add("on");
    const cell = cellNode();
    if (cell) {
      cell.tabIndex = 0;
      if (focus) cell.focus({ preventScroll: true });
    } else {
      const any = document.querySelector("#grid td[data-at]");
      if (any) any.tabIndex = 0;
    }
  }
  function detail() {
    const row = sheet.cells.get(at.row);
    const held = sheet.merged.get(`${at.row}:${at.column}`);
    const cell = held ? valueOf(held.m) : row && row.get(at.column);
    const about = (cell && cell[4]) || {};
    $("address").textContent = letters(at.column) + at.row;
    $("content").textContent = cell ? about.f || cell[1].trim() : "";
    const told = [about.d, about.w, about.n ? say("Note: {note}", { note: about.n }) : "", about.a || ""].filter(Boolean);
    $("about").textContent = told.join(" · ");
  }
  function step(rows, columns) {
    const held = sheet.merged.get(`${at.row}:${at.column}`);
    let { row, column } = at;
    if (held) {
      if (rows > 0) row = held.m[2];
      if (rows < 0) row = held.m[0];
      if (columns > 0) column = held.m[3];
      if (columns < 0) column = held.m[1];
    }
    const clamp = (value, most) => Math.min(Math.max(value, 1), most);
    row = clamp(row + rows, sheet.raw.rows);
    while (rows && height(row) <= 0 && row > 1 && row < sheet.raw.rows) row += Math.sign(rows);
    column = clamp(column + columns, sheet.raw.columns);
    while (columns && !width(column) && column > 1 && column < sheet.raw.columns) {
      column += Math.sign(columns);
    }
    if (height(row) > 0 && width(column)) move(row, column);
  }
  function move(row, column) {
    at = { row, column };
    sheet.at = at;
    const [frozenRows, frozenColumns] = frozen();
    const top = sheet.tops[row];
    const above = sheet.tops[frozenRows + 1];
    if (row > frozenRows) {
      if ((top - above) * zoom() < scroll.scrollTop) scroll.scrollTop = (top - above) * zoom();
      const bottom = (top + height(row) + HEAD) * zoom() - scroll.clientHeight;
      if (bottom > scroll.scrollTop) scroll.scrollTop = bottom;
    }
    let left = 0;
    let held = 0;
    for (let c = 1; c < column; c += 1) left += width(c);
    for (let c = 1; c <= frozenColumns; c += 1) held += width(c);
    if (column > frozenColumns) {
      const near = (left - held) * zoom();
      if (near < scroll.scrollLeft) scroll.scrollLeft = near;
      const right = (left + width(column) + sheet.head) * zoom() - scroll.clientWidth;
      if (right > scroll.scrollLeft) scroll.scrollLeft = Math.min(right, near);
    }
    draw(false);
    mark(true);
    detail();
  }
  // The last row with something in it that shows.
  function lastRow() {
    let row = Math.max(Math.min(sheet.raw.used, sheet.raw.rows), 1);
    while (row > 1 && height(row) <= 0) row -= 1;
    return row;
  }
  function goto(place) {
    const found = /^#?(?:'((?:[^']|'')+)'|([^'!]+))!\$?([A-Z]{1,3})\$?(\d+)/i.exec(place);
    const name = found && (found[1] || found[2]).replace(/''/g, "'").toLowerCase();
    const number = data.sheets.findIndex((one) => one.name.toLowerCase() === name);
    if (!found || number < 0) return;
    openSheet(number, false);
    const column = [...found[3].toUpperCase()].reduce((sum, c) => sum * 26 + c.charCodeAt(0) - 64,
      0);
    if (Number(found[4]) <= sheet.raw.rows && column <= sheet.raw.columns) {
      move(Number(found[4]), column);
    }
  }
  function nextChange() {
    const places = sheet.raw.changes;
    if (!places.length) {
      const other = data.sheets.findIndex((one) => one.changes.length);
      if (other < 0) return;
      openSheet(other, false);
      move(...sheet.raw.changes[0]);
      return;
    }
    const after = places.find(([r, c]) => r > at.row || (r === at.row && c > at.column));
    move(...(after || places[0]));
  }

  function notes() {
    const raw = sheet.raw;
    const said = [];
    if (!data.more && !raw.window) said.push(say("This sheet is not part of this view."));
    else if (!data.more && raw.window.to < raw.rows) {
      said.push(say("Rows 1 to {last} of {rows} are shown here.",
        { last: raw.window.to, rows: raw.rows }));
    }
    if (raw.more_columns) said.push(say("The first {columns} columns are shown.",
      { columns: raw.columns }));
    if (raw.rules_left_out) said.push(say("Some conditional formats show in Excel only."));
    if (data.hidden) said.push(say("{count} hidden sheets.", { count: data.hidden }));
    const foot = $("foot");
    foot.replaceChildren(said.join(" "));
    foot.hidden = !said.length;
    sizeChanged();
  }
  function sizeChanged() {
    if (window.parent === window) return;
    const rows = sheet.tops[Math.min(sheet.raw.used, sheet.raw.rows) + 1] * zoom() + HEAD;
    const around = document.querySelector("header").offsetHeight + 110;
    const wanted = Math.round(Math.min(Math.max(rows + around, 260), 560));
    window.parent.postMessage({ type: "iframe:height", height: wanted }, "*");
  }

  // The page around the sheet.
  function theme(name) {
    root.dataset.theme = name;
    const dark = name === "dark";
    $("theme").textContent = dark ? say("Light") : say("Dark");
    $("theme").setAttribute("aria-label", dark ? say("Switch to light colours")
      : say("Switch to dark colours"));
  }
  const night = window.matchMedia("(prefers-color-scheme: dark)");
  const fit = () => theme(data.theme || (night.matches ? "dark" : "light"));
  fit();
  if (!data.theme) night.addEventListener("change", fit);
  $("theme").addEventListener("click", () => theme(root.dataset.theme === "dark" ? "light" :
    "dark"));

  learn(data.css);
  if (data.changed === null || !data.changed) $("changes").hidden = true;
  else {
    $("changes").textContent = say("{cells} changed", { cells: data.changed });
    $("changes").setAttribute("aria-label",
      say("{count} cells changed since the last save; go to the next one",
        { count: data.changed }));
    $("changes").addEventListener("click", nextChange);
  }
  if (data.whole && LINKS.test(data.whole)) {
    $("open").href = data.whole;
    $("open").hidden = false;
  }
  const list = $("tabs");
  data.sheets.forEach((one, index) => {
    const tab = make("button");
    tab.type = "button";
    tab.id = `tab${index}`;
    tab.setAttribute("role", "tab");
    tab.setAttribute("aria-controls", "panel");
    if (one.tab) {
      const tint = make("span", "tint");
      tint.style.background = one.tab;
      tab.append(tint);
    }
    tab.append(one.name);
    if (one.fresh) tab.append(" ", make("span", "fresh", say("new")));
    tab.addEventListener("click", () => { keep(); openSheet(index, false); });
    list.append(tab);
  });
  function keep() { sheet.scrolled = scroll.scrollTop; }
  list.addEventListener("keydown", (event) => {
    const now = data.sheets.findIndex((one) => one.ready === sheet);
    const last = data.sheets.length - 1;
    const to = { ArrowRight: now === last ? 0 : now + 1, ArrowLeft: now === 0 ? last : now - 1,
      Home: 0, End: last }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    keep();
    openSheet(to, true);
  });
  $("canvas").addEventListener("keydown", (event) => {
    if (event.altKey || event.target.tagName !== "TD") return;
    const page = Math.max(Math.floor(scroll.clientHeight / sheet.raw.height) - 3, 1);
    const moves = { ArrowDown: [1, 0], ArrowUp: [-1, 0], ArrowRight: [0, 1], ArrowLeft: [0, -1],
      PageDown: [page, 0], PageUp: [-page, 0] };
    if (event.key in moves && !event.ctrlKey && !event.metaKey) step(...moves[event.key]);
    else if (event.key === "Home") {
      const corner = event.ctrlKey || event.metaKey;
      if (corner) scroll.scrollTo(0, 0); // frozen rows are in view wherever the others are
      move(corner ? 1 : at.row, sheet.columns[0]);
    }
    else if (event.key === "End") {
      const last = sheet.columns.filter((column) => column <= sheet.raw.used_columns).pop();
      move(event.ctrlKey || event.metaKey ? lastRow() : at.row, last || sheet.columns[0]);
    } else if (event.key === "Enter") {
      const link = event.target.querySelector("a");
      if (link) link.click();
    } else return;
    event.preventDefault();
  });
  $("canvas").addEventListener("click", (event) => {
    const td = event.target.closest("td[data-at]");
    if (!td) return;
    const [row, column] = td.dataset.at.split(":").map(Number);
    at = { row, column };
    sheet.at = at;
    mark(event.target.tagName !== "A");
    detail();
  });
  scroll.addEventListener("scroll", () => draw(false), { passive: true });
  window.addEventListener("resize", () => { frame(); draw(true); sizeChanged(); });
  openSheet(data.first, false);
})();
