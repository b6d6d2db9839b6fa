/* The effect explorer: rows shown and hidden by what they are; nothing is pooled anew. */
(function () {
  var box = document.getElementById("browser");
  if (!box) { return; }
  var rows = Array.prototype.slice.call(box.querySelector("tbody").rows);
  var chosen = { marker: "", estimand: "", endpoint: "", source: "" };
  var named = { marker: "Marker", estimand: "Effect of", endpoint: "Endpoint", source: "Source" };
  var selects = {};
  var method = "";

  function pooledAs(row) {
    return !row.dataset.method || (method ? row.dataset.method === method : "first" in row.dataset);
  }

  function show() {
    var shown = 0;
    var all = 0;
    rows.forEach(function (row) {
      var there = pooledAs(row);
      var fits = there && Object.keys(chosen).every(function (name) {
        return !chosen[name] || row.dataset[name] === chosen[name];
      });
      row.hidden = !fits;
      all += there ? 1 : 0;
      shown += fits ? 1 : 0;
    });
    told.textContent = shown + " of " + all + " rows";
  }

  function choice(label, all, options, chose) {
    var wrap = document.createElement("label");
    var select = document.createElement("select");
    wrap.textContent = label + " ";
    select.add(new Option(all, ""));
    options.forEach(function (value) { select.add(new Option(value, value)); });
    select.addEventListener("change", function () { chose(select.value); show(); });
    wrap.appendChild(select);
    bar.appendChild(wrap);
    return select;
  }

  function values(name) {
    var seen = [];
    rows.forEach(function (row) {
      if (row.dataset[name] && seen.indexOf(row.dataset[name]) < 0) { seen.push(row.dataset[name]); }
    });
    return seen;
  }

  function filter(wanted) {
    Object.keys(chosen).forEach(function (name) {
      chosen[name] = wanted[name] || "";
      selects[name].value = chosen[name];
    });
    show();
  }

  var bar = document.createElement("div");
  bar.className = "controls";
  var told = document.createElement("output");
  Object.keys(chosen).forEach(function (name) {
    selects[name] = choice(named[name], "all", values(name), function (value) { chosen[name] = value; });
  });
  var methods = box.dataset.methods ? box.dataset.methods.split("|") : [];
  if (methods.length) {
    choice("Pooled by", "each pool's own first method", methods, function (value) { method = value; });
  }
  var clear = document.createElement("button");
  clear.type = "button";
  clear.textContent = "Show all";
  clear.addEventListener("click", function () { filter({}); });
  bar.appendChild(clear);
  bar.appendChild(told);
  box.insertBefore(bar, box.querySelector(".scroll"));
  show();

  var map = document.querySelector("#table-evidence-map tbody");
  var marker = "";
  Array.prototype.forEach.call(map ? map.rows : [], function (row) {
    if (row.classList.contains("heading")) { marker = row.cells[0].textContent.trim(); }
    var of = marker;
    if (values("marker").indexOf(of) < 0) { return; }
    Array.prototype.forEach.call(row.cells, function (cell) {
      if (cell.tagName !== "TD" || !cell.textContent.trim()) { return; }
      var button = document.createElement("button");
      button.type = "button";
      button.className = "to";
      button.textContent = cell.textContent.trim();
      button.setAttribute("aria-label", button.textContent + ": show the effects of " + of);
      button.addEventListener("click", function () {
        filter({ marker: of, source: "published" });
        location.hash = "#effects";
        box.querySelector("select").focus({ preventScroll: true });
      });
      cell.textContent = "";
      cell.appendChild(button);
    });
  });
}());
