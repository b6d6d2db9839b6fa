"use strict";
/* The page: folds that open for links and for paper, the place in the contents, tables that sort. */
(function () {
  var root = document.documentElement;
  root.classList.add("scripted");
  function all(what, within) { return Array.prototype.slice.call((within || document).querySelectorAll(what)); }

  function unfold(target) {
    for (var at = target; at; at = at.parentElement) {
      if (at.tagName === "DETAILS") { at.open = true; }
    }
  }

  function follow() {
    var target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (target) { unfold(target); target.scrollIntoView(); }
  }
  window.addEventListener("hashchange", follow);
  follow();
  document.addEventListener("click", function (event) {
    var link = event.target.closest && event.target.closest("a[href^='#']");
    if (link && link.getAttribute("href") === location.hash) { follow(); }
  });

  var closed = [];
  window.addEventListener("beforeprint", function () {
    closed = all("details:not([open])");
    closed.forEach(function (one) { one.open = true; });
  });
  window.addEventListener("afterprint", function () {
    closed.forEach(function (one) { one.open = false; });
  });

  function reach() {
    all(".scroll, .picture").forEach(function (one) {
      if (one.scrollWidth > one.clientWidth + 1 || one.scrollHeight > one.clientHeight + 1) {
        one.tabIndex = 0;
      } else {
        one.removeAttribute("tabindex");
      }
    });
  }
  window.addEventListener("resize", reach);
  document.addEventListener("toggle", reach, true);
  reach();

  var links = {};
  all("nav a").forEach(function (link) { links[link.getAttribute("href").slice(1)] = link; });
  var places = Object.keys(links).map(function (id) { return document.getElementById(id); }).filter(Boolean);
  var now = null;
  function place() {
    var found = places[0];
    places.forEach(function (one) {
      var box = one.getBoundingClientRect();
      if (box.height && box.top < 120) { found = one; }
    });
    if (!found || found === now) { return; }
    now = found;
    all("nav [aria-current]").forEach(function (one) { one.removeAttribute("aria-current"); });
    all("nav .here").forEach(function (one) { one.classList.remove("here"); });
    var link = links[found.id];
    link.setAttribute("aria-current", "true");
    for (var at = link.parentElement; at && at.tagName !== "NAV"; at = at.parentElement) {
      if (at.tagName === "LI") { at.classList.add("here"); }
    }
  }
  var waiting = false;
  window.addEventListener("scroll", function () {
    if (waiting) { return; }
    waiting = true;
    window.requestAnimationFrame(function () { waiting = false; place(); });
  }, { passive: true });
  place();

  function key(cell, kind) {
    var held = cell.dataset.value;
    var text = held === undefined ? cell.textContent.trim() : held;
    if (text === "") { return null; }
    if (kind === "text") { return text.toLowerCase(); }
    var number = parseFloat(text.replace(/,/g, "").replace("\u2212", "-").replace(/^[<>]\s*/, ""));
    return isNaN(number) ? null : number;
  }

  function sortBy(table, column, kind, head) {
    var up = head.getAttribute("aria-sort") !== "ascending";
    all("th[aria-sort]", table).forEach(function (one) { one.removeAttribute("aria-sort"); });
    head.setAttribute("aria-sort", up ? "ascending" : "descending");
    var body = table.tBodies[0];
    var rows = Array.prototype.slice.call(body.rows);
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

  all("table.sorts, table.effects").forEach(function (table) {
    Array.prototype.forEach.call(table.tHead.rows[0].cells, function (head, column) {
      var kind = head.dataset.sort || (head.classList.contains("text") ? "text" : "number");
      if (head.tagName !== "TH" || (table.classList.contains("effects") && !head.dataset.sort)) { return; }
      var button = document.createElement("button");
      button.type = "button";
      button.className = "sort";
      button.textContent = "\u2195";
      button.setAttribute("aria-label", "Sort by " + head.textContent.trim());
      head.appendChild(document.createTextNode(" "));
      head.appendChild(button);
      button.addEventListener("click", function () { sortBy(table, column, kind, head); });
    });
  });
}());
