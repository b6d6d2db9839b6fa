"use strict";
(function () {
  var box = document.getElementById("browser");
  if (!box) { return; }
  var table = box.querySelector("table");
  var body = table.tBodies[0];
  var rows = Array.prototype.slice.call(body.rows);
  var chosen = { marker: "", estimand: "", endpoint: "", source: "" };
  var method = "";

  function values(name) {
    var seen = [];
    rows.forEach(function (row) {
      var value = row.dataset[name];
      if (value && seen.indexOf(value) < 0) { seen.push(value); }
    });
    return seen;
  }

  function show() {
    var shown = 0;
    rows.forEach(function (row) {
      var fits = Object.keys(chosen).every(function (name) {
        return !chosen[name] || row.dataset[name] === chosen[name];
      });
      if (row.dataset.method && row.dataset.method !== method) { fits = false; }
      row.hidden = !fits;
      shown += fits ? 1 : 0;
    });
    told.textContent = shown + " of " + total() + " rows";
  }

  function total() {
    return rows.filter(function (row) { return !row.dataset.method || row.dataset.method === method; }).length;
  }

  function choice(name, label, all, options, chose) {
    var wrap = document.createElement("label");
    var select = document.createElement("select");
    wrap.textContent = label + " ";
    if (all) { select.add(new Option(all, "")); }
    options.forEach(function (value) { select.add(new Option(value, value)); });
    select.addEventListener("change", function () { chose(select.value); show(); });
    wrap.appendChild(select);
    bar.appendChild(wrap);
  }

  function sortBy(column, kind, head) {
    var up = head.getAttribute("aria-sort") !== "ascending";
    Array.prototype.forEach.call(table.tHead.rows[0].cells, function (cell) { cell.removeAttribute("aria-sort"); });
    head.setAttribute("aria-sort", up ? "ascending" : "descending");
    rows.sort(function (a, b) {
      var x = key(a.cells[column], kind);
      var y = key(b.cells[column], kind);
      if (x === y) { return 0; }
      if (x === null) { return 1; }
      if (y === null) { return -1; }
      return (x < y ? -1 : 1) * (up ? 1 : -1);
    });
    rows.forEach(function (row) { body.appendChild(row); });
  }

  function key(cell, kind) {
    if (kind === "text") { return cell.textContent.trim().toLowerCase() || null; }
    return cell.dataset.value === "" ? null : Number(cell.dataset.value);
  }

  Array.prototype.forEach.call(table.tHead.rows[0].cells, function (head, column) {
    if (!head.dataset.sort) { return; }
    var button = document.createElement("button");
    button.type = "button";
    button.textContent = "\u2195";
    button.setAttribute("aria-label", "Sort by " + head.textContent.trim());
    head.appendChild(document.createTextNode(" "));
    head.appendChild(button);
    button.addEventListener("click", function () { sortBy(column, head.dataset.sort, head); });
  });

  var bar = document.createElement("div");
  bar.className = "controls";
  var told = document.createElement("output");
  told.setAttribute("aria-live", "polite");
  ["marker", "estimand", "endpoint", "source"].forEach(function (name) {
    choice(name, name.charAt(0).toUpperCase() + name.slice(1), "all", values(name), function (value) {
      chosen[name] = value;
    });
  });
  var methods = values("method");
  if (methods.length) {
    method = methods[0];
    choice("method", "Pooled by", "", methods, function (value) { method = value; });
  }
  bar.appendChild(told);
  box.insertBefore(bar, box.querySelector(".scroll"));
  show();
}());
